"""Assets as the protocol shows them to readers («Entity JSON» of its HTTP reference)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec

from tidings.model.asset import ACTIVE, STATUS_NAMES, Asset, AssetName, Link
from tidings.model.entity_form import attributes_form, header
from tidings.model.errors import Conflict, UnknownGuid, UnknownName
from tidings.model.events import encode
from tidings.model.ids import link_guid
from tidings.model.registry import AssetType, TypeRegistry
from tidings.model.tag import Attachment
from tidings.read.lineage import showing_lineage
from tidings.read.meanings import meanings_form, meanings_of
from tidings.store.base import Reader
from tidings.store.tags import tags_of


def by_guids(guids: Iterable[str], reader: Reader) -> list[Asset]:
    """Assets in the order asked for; raises UnknownGuid for the first that is not there."""
    wanted = list(dict.fromkeys(guids))
    found = {asset.guid: asset for asset in reader.assets_by_guid(wanted)}
    for guid in wanted:
        if guid not in found:
            raise UnknownGuid(guid)
    return [found[guid] for guid in wanted]


def by_name(type_name: str, qualified_name: str, types: TypeRegistry, reader: Reader) -> Asset:
    """The asset of a type, or of one below it, with this qualifiedName; raises UnknownType, UnknownName, Conflict."""
    below = types.subtypes(type_name)
    found = [asset for asset in reader.assets_by_name([qualified_name]) if asset.type_name in below]
    exact = [asset for asset in found if asset.type_name == type_name]
    if len(exact or found) > 1:
        kinds = ", ".join(sorted(asset.type_name for asset in found))
        raise Conflict(f"{type_name} {qualified_name} could be any of {kinds}; ask with the exact typeName")
    if not found:
        raise UnknownName(type_name, qualified_name)
    return (exact or found)[0]


def entity_forms(assets: list[Asset], types: TypeRegistry, reader: Reader, *, with_links: bool) -> list[bytes]:
    """Whole entities as JSON; ``with_links`` adds every relationship attribute of the type, empty ones too."""
    links = links_of(assets, types, reader) if with_links else {}
    tags = tags_of([asset.id for asset in assets], reader)
    meanings = meanings_of(assets, reader)
    return [
        _entity(
            asset,
            types,
            links.get(asset.id, {}) if with_links else None,
            tags_form(tags.get(asset.id, [])) + meanings_form(meanings.get(asset.id, [])),
        )
        for asset in showing_lineage(assets, types, reader)
    ]


def _entity(asset: Asset, types: TypeRegistry, links: Mapping[str, list[Any]] | None, labels: bytes) -> bytes:
    asset_type = types.type(asset.type_name)
    attributes = asset.attributes
    body = attributes_form(asset_type, attributes, asset.encoded, flagged_only=False)
    more = b',"version":%d%b,"labels":[]' % (asset.version, labels)
    if asset.custom:
        more += b',"businessAttributes":' + asset.custom
    if links is not None:
        more += b',"relationshipAttributes":' + encode(_link_attributes(asset_type, links))
    return header(asset, attributes, body, more)


def tags_form(tags: Collection[Attachment]) -> bytes:
    """Members that show all tags of an asset; empty lists where it has none, which clients rely on."""
    names = list(dict.fromkeys(one.tag for one in tags))
    forms = b",".join(one.form for one in tags)
    return b',"classifications":[%b],"classificationNames":%b' % (forms, encode(names))


def _link_attributes(asset_type: AssetType, links: Mapping[str, list[Any]]) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    for name, link in asset_type.links.items():
        found = links.get(name, [])
        shown[name] = (found[0] if found else None) if link.single else found
    return shown


def links_of(assets: list[Asset], types: TypeRegistry, reader: Reader) -> dict[int, dict[str, list[Any]]]:
    """References by asset and link attribute: an active asset shows active links, an archived one all of its own."""
    shown = {asset.id: asset for asset in assets}
    links = reader.all_links(shown.keys())
    ends = {end for link in links for end in (link.end1, link.end2)}
    others = {asset.id: asset for asset in reader.assets_by_id(ends)}
    found: dict[int, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for link in sorted(links, key=lambda one: (one.end1, one.end2)):
        relationship = types.relationship(link.relationship)
        number = reader.relationship_number(link.relationship)
        for own, other, end in ((link.end1, link.end2, relationship.end1), (link.end2, link.end1, relationship.end2)):
            # A type may give the end's name to another relationship, and then only the other end shows this one.
            attribute = types.type(shown[own].type_name).links.get(end.name) if own in shown else None
            if attribute is None or attribute.relationship.name != link.relationship:
                continue
            if shown[own].status != ACTIVE or others[other].status == ACTIVE:
                active = shown[own].status == ACTIVE and others[other].status == ACTIVE
                found[own][end.name].append(_reference(others[other], link, number, active))
            if link.end1 == link.end2 and relationship.symmetric:
                break
    return found


def _reference(other: Asset, link: Link, number: int, active: bool) -> dict[str, Any]:
    own: dict[str, Any] = {"typeName": link.relationship}
    if link.encoded:
        own["attributes"] = msgspec.Raw(link.encoded)
    return {
        "guid": other.guid,
        "typeName": other.type_name,
        "entityStatus": STATUS_NAMES[other.status],
        "displayText": other.attributes.get("name") or other.qualified_name,
        "relationshipType": link.relationship,
        "relationshipGuid": link_guid(number, link.end1, link.end2),
        "relationshipStatus": "ACTIVE" if active else "DELETED",
        "relationshipAttributes": own,
        "uniqueAttributes": {"qualifiedName": other.qualified_name},
    }


def header_form(asset: Asset, attributes: Mapping[str, Any], more_attributes: bytes = b"", more: bytes = b"") -> bytes:
    """A header with the attributes that are set, and ready JSON members to add to them (``,"inputs":[]``)."""
    body = asset.encoded[:-1] + (more_attributes if asset.encoded != b"{}" else more_attributes[1:]) + b"}"
    return header(asset, attributes, body, more)


def reference_form(name: AssetName) -> dict[str, Any]:
    """The short reference to another asset in the answer to a save."""
    return {
        "guid": name.guid,
        "typeName": name.type_name,
        "uniqueAttributes": {"qualifiedName": name.qualified_name},
    }
