"""Values for the deciding steps: stored assets, wishes and links, made by hand."""

from __future__ import annotations

from typing import Any

from tests.catalog import TYPES
from tidings.model.asset import ACTIVE, Asset, AssetName, Link, name_of
from tidings.model.events import encode
from tidings.write.check import Draft
from tidings.write.diff import Stamp
from tidings.write.links import LinkDelta, LinkState, link_delta
from tidings.write.wishes import End, WantedLinks, Wish

STAMP = Stamp("jo", 2_000)


def asset(number: int, type_name: str = "Table", status: int = ACTIVE, **attributes: Any) -> Asset:
    """A stored asset, version 1; its guid and qualifiedName follow from its number."""
    name = f"q{number}"
    body = encode({"name": name, "qualifiedName": name} | attributes)
    return Asset(number, f"guid-{number}", type_name, name, status, 1, 1_000, "ann", 1_000, "ann", body)


def wish(stored: Asset, *links: WantedLinks, restore: bool = False, new: bool = False, **attributes: Any) -> Wish:
    """What a save wants of an asset; ``new``: of one that is not there yet."""
    asset_type = TYPES.type(stored.type_name)
    if new:
        attributes = stored.attributes | attributes
    draft = Draft(0, asset_type, stored.guid, stored.qualified_name, attributes, {}, restore)
    found = Wish(draft, asset_type, name_of(stored), None if new else stored, list(links))
    if found.restores:
        found.name.status = ACTIVE
    return found


def wanted(
    type_name: str,
    link: str,
    replace: list[Asset] | None = None,
    append: list[Asset] | None = None,
    remove: list[Asset] | None = None,
    own: bytes | None = None,
) -> WantedLinks:
    def ends(assets: list[Asset]) -> list[End]:
        return [End(name_of(one), own) for one in assets]

    found = TYPES.type(type_name).links[link]
    return WantedLinks(found, None if replace is None else ends(replace), ends(append or []), ends(remove or []))


def state(links: list[Link], *assets: Asset) -> LinkState:
    """All of ``links`` as stored, readable from both of their ends."""
    at: dict[tuple[str, int, int], list[Link]] = {}
    for link in links:
        at.setdefault((link.relationship, 1, link.end1), []).append(link)
        at.setdefault((link.relationship, 2, link.end2), []).append(link)
    return LinkState(at, {one.id: name_of(one) for one in assets})


def weave(wishes: list[Wish], links: list[Link], *assets: Asset) -> LinkDelta:
    return link_delta(wishes, state(links, *assets), TYPES)


def heard(delta: LinkDelta) -> dict[tuple[int, str], list[tuple[str, int]]]:
    """(asset, link attribute) -> what it hears: «+» or «-» and who is at the other end."""
    found: dict[tuple[int, str], list[tuple[str, int]]] = {}
    for own, told in delta.told.items():
        for sign, links in (("-", told.unlinked), ("+", told.linked)):
            for name, ends in links.items():
                found.setdefault((own, name), []).extend((sign, end.name.id) for end in ends)
    return found


def named(number: int, type_name: str = "Table", status: int = ACTIVE) -> AssetName:
    return name_of(asset(number, type_name, status))
