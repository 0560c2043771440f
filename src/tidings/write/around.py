"""What is stored around a request: links at the places that it can change, rows of those who hear of it, what is owned."""

from __future__ import annotations

from collections.abc import Collection

from tidings.model.asset import Asset, Link
from tidings.model.registry import TypeRegistry
from tidings.store.base import Reader
from tidings.write.links import LinkDelta, LinkState, spots
from tidings.write.wishes import Resolution, Wish


def related(delta: LinkDelta, found: Resolution, tx: Reader) -> list[Asset]:
    """Stored rows of all who are told of links without having been sent; most were named by the request, and read."""
    others = delta.told.keys() - {wish.name.id for wish in found.wishes}
    known = [found.stored[own] for own in others if own in found.stored]
    return known + tx.assets_by_id(others - found.stored.keys())


def link_state(wishes: list[Wish], tx: Reader) -> LinkState:
    at: dict[tuple[str, int, int], list[Link]] = {}
    ends: set[int] = set()
    for (relationship, side), ids in spots(wishes).items():
        for link in tx.links(relationship, side, ids):
            at.setdefault((relationship, side, link.end1 if side == 1 else link.end2), []).append(link)
            ends |= {link.end1, link.end2}
    return LinkState(at, {name.id: name for name in tx.names_by_id(ends)})


def owned_by(owners: Collection[Asset], types: TypeRegistry, tx: Reader) -> tuple[list[Asset], list[Link]]:
    """Everything that ``owners`` own, level by level, and the links that say so."""
    seen = {asset.id for asset in owners}
    level: list[Asset] = list(owners)
    found: list[Asset] = []
    links: list[Link] = []
    while level:
        below: list[Link] = []
        present = {one.type_name for one in level}
        for relationship in types.owning:
            kinds = {name for name in present if types.type(name).is_a(relationship.end1.type_name)}
            if kinds:
                below += tx.links(relationship.name, 1, {one.id for one in level if one.type_name in kinds})
        links += below
        level = tx.assets_by_id({link.end2 for link in below} - seen)
        level.sort(key=lambda asset: asset.id)
        seen |= {asset.id for asset in level}
        found += level
    return found, links
