"""Terms and categories that come to another glossary: their names follow it, and categories take theirs along."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from tidings.model.asset import AssetName, Link, name_of
from tidings.model.registry import TypeRegistry
from tidings.store.base import Reader
from tidings.write.check import Draft
from tidings.write.links import LinkDelta, LinkState, link_delta, spots
from tidings.write.made_names import ANCHORS, CATEGORY_ANCHOR, NAME, moved_name, rename, wanted_places
from tidings.write.wishes import End, WantedLinks, Wish

HIERARCHY = "AtlasGlossaryCategoryHierarchyLink"


def move(wishes: list[Wish], types: TypeRegistry, tx: Reader) -> None:
    """Complete what a request says of other glossaries.

    Whatever gets another anchor gets the name that goes with it. The sub-categories of a category that moves move with
    it, unless the request says where they are to be; they join ``wishes``. Reads nothing where no anchor is spoken of,
    one level at a time below categories that move, and by one statement for each relationship otherwise.
    """
    wanted = wanted_places(wishes, ANCHORS)
    fresh = {wish.name.id for wish in wishes if wish.stored is None}
    known = wanted.keys() - fresh
    if not known:
        return
    moved: dict[int, AssetName] = {}
    categories: dict[int, AssetName] = {}
    for relationship in ANCHORS:
        for link in tx.links(relationship, 2, known):
            glossary = wanted[link.end2]
            if link.end1 != glossary.id:
                moved[link.end2] = glossary
                if relationship == CATEGORY_ANCHOR:
                    categories[link.end2] = glossary
    if categories:
        moved |= _below(categories, wanted.keys(), fresh, wishes, types, tx)
    if moved:
        _follow(moved, wishes, types, tx)


def _below(
    start: dict[int, AssetName],
    placed: Iterable[int],
    fresh: set[int],
    wishes: list[Wish],
    types: TypeRegistry,
    tx: Reader,
) -> dict[int, AssetName]:
    """Stored sub-categories of categories that move, as the request leaves them, each with the glossary it comes to.

    ``placed`` are those of which the request says itself where they are; ``fresh`` are new.
    """
    delta = _hierarchy(wishes, types, tx)
    added: dict[int, list[Link]] = defaultdict(list)
    for link in delta.added.values():
        added[link.end1].append(link)
    said = set(placed) - fresh
    found: dict[int, AssetName] = {}
    level, seen = dict(start), set(start)
    while level:
        stored = [link for link in tx.links(HIERARCHY, 1, level.keys()) if link.key not in delta.removed]
        links = [*stored, *(link for own in level for link in added.get(own, ()))]
        below = {link.end2: level[link.end1] for link in links if link.end2 not in seen and link.end2 not in said}
        seen |= below.keys()
        found |= {own: glossary for own, glossary in below.items() if own not in fresh}
        level = below
    return found


def _hierarchy(wishes: Iterable[Wish], types: TypeRegistry, tx: Reader) -> LinkDelta:
    """What becomes of the links between categories."""
    only = []
    for wish in wishes:
        links = [one for one in wish.links if one.link.relationship.name == HIERARCHY]
        if links:
            only.append(msgspec.structs.replace(wish, links=links))
    at: dict[tuple[str, int, int], list[Link]] = defaultdict(list)
    ends: set[int] = set()
    for (relationship, side), ids in spots(only).items():
        for link in tx.links(relationship, side, ids):
            at[relationship, side, link.end1 if side == 1 else link.end2].append(link)
            ends |= {link.end1, link.end2}
    return link_delta(only, LinkState(dict(at), {name.id: name for name in tx.names_by_id(ends)}), types)


def _follow(moved: dict[int, AssetName], wishes: list[Wish], types: TypeRegistry, tx: Reader) -> None:
    by_id = {wish.name.id: wish for wish in wishes}
    for asset in tx.assets_by_id(moved.keys() - by_id.keys()):
        asset_type = types.type(asset.type_name)
        draft = Draft(0, asset_type, asset.guid, asset.qualified_name, {NAME: asset.qualified_name}, {}, False)
        wish = by_id[asset.id] = Wish(draft, asset_type, name_of(asset), asset, follows=True)
        wishes.append(wish)
    for own, glossary in moved.items():
        wish = by_id[own]
        anchor = wish.type.links["anchor"]
        if not any(links.link.name == anchor.name for links in wish.links):
            wish.links = [*wish.links, WantedLinks(anchor, [End(glossary, None)], [], [])]
        rename(wish, moved_name(wish.name.qualified_name, glossary.qualified_name))
