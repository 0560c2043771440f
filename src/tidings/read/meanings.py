"""The terms that say what assets mean, in the protocol's short form («meanings»)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from tidings.model.asset import ACTIVE, Asset, Link
from tidings.model.events import encode
from tidings.model.ids import link_guid
from tidings.store.base import Reader

ASSIGNMENT = "AtlasGlossarySemanticAssignment"
"""The relationship from a term (end 1) to what it is assigned to (end 2)."""
Meaning = dict[str, Any]


def terms_of(assets: Sequence[Asset], reader: Reader) -> dict[int, list[tuple[Link, Asset]]]:
    """The terms of assets, by internal id, each with the link: active ones of an active asset, all of an archived one."""
    links = reader.links(ASSIGNMENT, 2, [asset.id for asset in assets])
    if not links:
        return {}
    terms = {one.id: one for one in reader.assets_by_id({link.end1 for link in links})}
    status = {asset.id: asset.status for asset in assets}
    found: dict[int, list[tuple[Link, Asset]]] = defaultdict(list)
    for link in sorted(links, key=lambda one: one.end1):
        if terms[link.end1].status == ACTIVE or status[link.end2] != ACTIVE:
            found[link.end2].append((link, terms[link.end1]))
    return dict(found)


def meanings_of(assets: Sequence[Asset], reader: Reader) -> dict[int, list[Meaning]]:
    """The same in the protocol's form."""
    found = terms_of(assets, reader)
    number = reader.relationship_number(ASSIGNMENT) if found else 0
    return {own: [_meaning(number, *one) for one in terms] for own, terms in found.items()}


def _meaning(number: int, link: Link, term: Asset) -> Meaning:
    own = msgspec.json.decode(link.encoded) if link.encoded else {}
    return {
        "termGuid": term.guid,
        "relationGuid": link_guid(number, link.end1, link.end2),
        "displayText": term.attributes.get("name") or term.qualified_name,
        "confidence": own.get("confidence"),
    }


def meanings_form(meanings: Sequence[Meaning]) -> bytes:
    """Members that show the terms of an asset; empty lists where it has none."""
    names = [one["displayText"] for one in meanings]
    return b',"meanings":%b,"meaningNames":%b' % (encode(meanings), encode(names))
