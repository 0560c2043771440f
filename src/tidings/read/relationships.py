"""Links as the protocol shows them when they are asked for as such («AtlasRelationship»)."""

from __future__ import annotations

from typing import Any

import msgspec

from tidings.model.asset import ACTIVE, STATUS_NAMES, Asset, Link, name_of
from tidings.model.errors import UnknownRelationship
from tidings.model.ids import link_guid, link_key
from tidings.model.registry import TypeRegistry
from tidings.read.assets import header_form, reference_form
from tidings.read.lineage import showing_lineage
from tidings.store.base import Reader

Key = tuple[int, int, int]
"""The number of the relationship, and internal ids of both ends."""


def key_of(guid: str) -> Key:
    """The key of a link by its guid; raises UnknownRelationship."""
    try:
        return link_key(guid)
    except ValueError:
        raise UnknownRelationship(guid) from None


def link_form(key: Key, types: TypeRegistry, reader: Reader) -> dict[str, Any]:
    """A link; raises UnknownRelationship."""
    link, ends = _found(key, reader)
    definition = types.relationship(link.relationship)
    both_active = all(end.status == ACTIVE for end in ends)
    return {
        "typeName": link.relationship,
        "guid": link_guid(*key),
        "attributes": {**dict.fromkeys(definition.attributes), **(msgspec.json.decode(link.encoded or b"{}"))},
        "end1": reference_form(name_of(ends[0])),
        "end2": reference_form(name_of(ends[1])),
        "propagateTags": definition.tag_flow,
        "status": STATUS_NAMES[not both_active],
        "provenanceType": 0,
        "version": 0,
        "propagatedClassifications": [],
        "blockedPropagatedClassifications": [],
    }


def extended_form(key: Key, types: TypeRegistry, reader: Reader, *, with_ends: bool) -> dict[str, Any]:
    """A link, and headers of its ends by guid where they are wanted."""
    form: dict[str, Any] = {"relationship": link_form(key, types, reader), "referredEntities": {}}
    if with_ends:
        _, ends = _found(key, reader)
        shown = showing_lineage(ends, types, reader)
        form["referredEntities"] = {one.guid: msgspec.Raw(header_form(one, one.attributes)) for one in shown}
    return form


def _found(key: Key, reader: Reader) -> tuple[Link, list[Asset]]:
    link = reader.link_at(*key)
    if link is None:
        raise UnknownRelationship(link_guid(*key))
    known = {one.id: one for one in reader.assets_by_id({link.end1, link.end2})}
    return link, [known[link.end1], known[link.end2]]
