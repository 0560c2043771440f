"""Assets as a search shows them: what was asked for of each, and little else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from tidings.model.asset import Asset, Attributes
from tidings.model.entity_form import header
from tidings.model.events import encode
from tidings.model.registry import HAS_LINEAGE, AssetType, TypeRegistry
from tidings.model.tag import Attachment
from tidings.read.assets import links_of, tags_form
from tidings.read.effort import Effort
from tidings.read.lineage import showing_lineage
from tidings.read.meanings import meanings_form, meanings_of
from tidings.read.search_request import IndexSearch
from tidings.store.base import Reader
from tidings.store.tags import tags_of

ALWAYS = ("name", "qualifiedName")
Linked = dict[int, dict[str, Any]]


def hit_forms(
    assets: Sequence[Asset], wanted: IndexSearch, types: TypeRegistry, reader: Reader, effort: Effort
) -> list[bytes]:
    """Each asset as JSON, in the same order."""
    asked = list(dict.fromkeys((*ALWAYS, *(wanted.attributes or ()))))
    if HAS_LINEAGE in asked:
        assets = showing_lineage(assets, types, reader)
    linked = _linked(assets, asked, wanted, types, reader, effort)
    labels = _labels(assets, wanted, reader)
    forms = []
    for asset, more in zip(assets, labels, strict=True):
        effort.check()
        shown = _shown(asset, asked, types.type(asset.type_name)) | linked.get(asset.id, {})
        forms.append(header(asset, shown, encode(shown), more))
    return forms


def _shown(asset: Asset, asked: Collection[str], asset_type: AssetType) -> Attributes:
    """The attributes that were asked for and are set; a boolean is never unset, custom metadata are under flat keys."""
    attributes = asset.attributes
    custom: dict[str, dict[str, Any]] = msgspec.json.decode(asset.custom) if asset.custom else {}
    shown: Attributes = {}
    for name in asked:
        value = attributes.get(name)
        if value is None and name in asset_type.attributes:
            unset = asset_type.attributes[name].unset
            value = unset if isinstance(unset, bool) else None
        elif value is None and "." in name:
            own, _, attribute = name.partition(".")
            value = custom.get(own, {}).get(attribute)
        if value is not None:
            shown[name] = value
    return shown


def _labels(assets: Sequence[Asset], wanted: IndexSearch, reader: Reader) -> list[bytes]:
    """Tags and terms as ready members, unless they were excluded."""
    ids = [asset.id for asset in assets]
    whole, names = not wanted.exclude_classifications, bool(wanted.include_classification_names)
    tags = tags_of(ids, reader) if whole or names else {}
    terms = {} if wanted.exclude_meanings else meanings_of(assets, reader)
    found = []
    for own in ids:
        more = tags_form(tags.get(own, ())) if whole else _names_form(tags.get(own, ())) if names else b""
        found.append(more if wanted.exclude_meanings else more + meanings_form(terms.get(own, ())))
    return found


def _names_form(tags: Collection[Attachment]) -> bytes:
    return b',"classificationNames":' + encode(list(dict.fromkeys(one.tag for one in tags)))


def _linked(
    assets: Sequence[Asset],
    asked: Collection[str],
    wanted: IndexSearch,
    types: TypeRegistry,
    reader: Reader,
    effort: Effort,
) -> Linked:
    """The links that were asked for: references, each with the attributes asked for of the other end."""
    shown = {asset.id: [name for name in asked if name in types.type(asset.type_name).links] for asset in assets}
    having = [asset for asset in assets if shown[asset.id]]
    links = links_of(having, types, reader) if having else {}
    guids = {one["guid"] for own, by_name in links.items() for name in shown[own] for one in by_name.get(name, ())}
    far = {asset.guid: asset for asset in reader.assets_by_guid(guids)}
    related = list(dict.fromkeys((*ALWAYS, *(wanted.relation_attributes or ()))))
    edges = bool(wanted.include_relationship_attributes)
    found: Linked = {}
    for asset in having:
        effort.check()
        own = found[asset.id] = {}
        for name in shown[asset.id]:
            ends = [_end(one, far[one["guid"]], related, types, edges) for one in links.get(asset.id, {}).get(name, ())]
            single = types.type(asset.type_name).links[name].single
            own[name] = (ends[0] if ends else None) if single else ends
    return found


def _end(
    reference: Mapping[str, Any], other: Asset, related: Collection[str], types: TypeRegistry, edges: bool
) -> dict[str, Any]:
    attributes = _shown(other, related, types.type(other.type_name))
    if edges:
        attributes["relationshipAttributes"] = reference["relationshipAttributes"]
    return {**reference, "attributes": attributes}
