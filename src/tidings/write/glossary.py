"""The rules of glossaries, held against what a request would leave: names, homes, and no category above itself.

They look at the changes of a request as a whole, whichever command they come from: create, rename, move, restore and
purge are one to them. What is stored is read for all that is concerned at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

import msgspec

from tidings.model.asset import ACTIVE, Asset, AssetName, Link, name_of
from tidings.model.changes import AssetChange, Changes, Kind
from tidings.model.errors import CategoryExists, Conflict, GlossaryExists, InvalidReference, Problem, TermExists
from tidings.store.base import Reader
from tidings.write.made_names import ANCHORS, CATEGORY_ANCHOR, TERM_ANCHOR
from tidings.write.moving import HIERARCHY

GLOSSARY, TERM, CATEGORY = "AtlasGlossary", "AtlasGlossaryTerm", "AtlasGlossaryCategory"
KINDS = frozenset({GLOSSARY, TERM, CATEGORY})
FILED = "AtlasGlossaryTermCategorization"
"""The relationship from a category to its terms."""
_PLACING = frozenset({TERM_ANCHOR, CATEGORY_ANCHOR, HIERARCHY})
_RULED = _PLACING | {FILED}
_EXISTS: Mapping[str, type[Conflict]] = {GLOSSARY: GlossaryExists, TERM: TermExists, CATEGORY: CategoryExists}
_WITHIN = {GLOSSARY: "", TERM: " in this glossary", CATEGORY: " under this parent"}
T = TypeVar("T", bound=int)


class Named(msgspec.Struct, frozen=True):
    """An active glossary, category or term, and the name by which no other in its ``scope`` may go.

    ``stored``: it was there before the request.
    """

    asset: AssetName
    name: str
    scope: tuple[str, int]
    stored: bool = True


def check_glossaries(changes: Changes, tx: Reader) -> None:
    """Raises GlossaryExists, TermExists or CategoryExists where a name would be there twice, InvalidReference where a
    term or category would be in a category of another glossary, or a category above itself."""
    names = {link.relationship for links in (changes.added, changes.removed) for link in links}
    if not _RULED.isdisjoint(names) or any(map(_matters, changes.assets)):
        _Referee(changes, tx).run()


def _matters(change: AssetChange) -> bool:
    if change.after.type_name not in KINDS:
        return False
    return change.kind in (Kind.CREATE, Kind.PURGE) or change.restored or "name" in change.now


class _Referee:
    """The state after the request: what is stored, and the changes over it."""

    def __init__(self, changes: Changes, tx: Reader) -> None:
        self.changes = changes
        self.tx = tx
        self.after = {one.after.id: one.after for one in changes.assets if one.after.type_name in KINDS}
        self.created = {one.after.id for one in changes.assets if one.kind is Kind.CREATE}
        self.purged = {one.after.id for one in changes.assets if one.kind is Kind.PURGE}
        self.removed = {link.key for link in changes.removed}
        self.added: dict[tuple[str, int, int], list[Link]] = defaultdict(list)
        for link in changes.added:
            self.added[link.relationship, 1, link.end1].append(link)
            self.added[link.relationship, 2, link.end2].append(link)

    def run(self) -> None:
        self._check_homes()
        self._check_ancestors()
        self._check_names()

    def links(self, relationship: str, side: int, ids: Collection[int]) -> list[Link]:
        """As the request leaves them. New assets have none that are stored."""
        found = [
            one for one in self.tx.links(relationship, side, set(ids) - self.created) if one.key not in self.removed
        ]
        found += [link for own in ids for link in self.added.get((relationship, side, own), ())]
        gone = self.purged
        return [one for one in found if one.end1 not in gone and one.end2 not in gone] if gone else found

    def above(self, relationship: str, ids: Collection[int]) -> dict[int, int]:
        """End 2 -> end 1, of a relationship that gives each end 2 one end 1."""
        return {link.end2: link.end1 for link in self.links(relationship, 2, ids)}

    # --- homes ---

    def _check_homes(self) -> None:
        pairs = [link for link in self.changes.added if link.relationship in (HIERARCHY, FILED)]
        moved: dict[str, set[int]] = {name: set() for name in ANCHORS}
        for link in self.changes.added:
            if link.relationship in moved and link.end2 not in self.created:
                moved[link.relationship].add(link.end2)
        if categories := moved[CATEGORY_ANCHOR]:
            for relationship, side in ((HIERARCHY, 1), (HIERARCHY, 2), (FILED, 1)):
                pairs += self.links(relationship, side, categories)
        if terms := moved[TERM_ANCHOR]:
            pairs += self.links(FILED, 2, terms)
        if pairs:
            ends = {end for link in pairs for end in (link.end1, link.end2)}
            homes = self.above(TERM_ANCHOR, ends) | self.above(CATEGORY_ANCHOR, ends)
            for link in pairs:
                if homes.get(link.end1) != homes.get(link.end2):
                    self._refuse_strangers(link, homes)

    def _refuse_strangers(self, link: Link, homes: Mapping[int, int]) -> None:
        wanted = {link.end1, link.end2, *(homes[end] for end in (link.end1, link.end2) if end in homes)}
        found = self._rows(wanted)
        category, other = found[link.end1], found[link.end2]
        here, there = found[homes[link.end2]], found[homes[link.end1]]
        attribute = "parentCategory" if link.relationship == HIERARCHY else "categories"
        message = (
            f"{_called(other)} is in the glossary {_called(here)}, but {attribute} has {_called(category)} of the glossary "
            f"{_called(there)}; give both one anchor in the same request, or take the one out of the other's {attribute}"
        )
        raise InvalidReference(message, [Problem(attribute, message)])

    # --- ancestors ---

    def _check_ancestors(self) -> None:
        above = {link.end2: link.end1 for link in self.changes.added if link.relationship == HIERARCHY}
        if above.keys() - self.created:  # among new categories alone there is nothing stored to come back to
            level = set(above.values()) - above.keys()
            while level:
                found = self.above(HIERARCHY, level)
                above |= found
                level = set(found.values()) - above.keys()
        if (circle := cycle(above)) is not None:
            rows = self._rows(circle)
            ring = ", under ".join(_called(rows[own]) for own in (*circle, circle[0]))
            message = (
                f"a category cannot be its own ancestor: {ring}; let one of them have another parentCategory, or none"
            )
            raise InvalidReference(message, [Problem("parentCategory", message)])

    # --- names ---

    def _check_names(self) -> None:
        candidates = self._candidates()
        if not candidates:
            return
        called = {own: str(asset.attributes.get("name", "")) for own, asset in candidates.items()}
        others = {
            asset.id: (name, asset)
            for name, asset in self.tx.glossary_assets(set(called.values()))
            if asset.id not in candidates and asset.id not in self.purged
        }
        everybody = {own: name_of(asset) for own, asset in candidates.items()}
        everybody |= {own: asset for own, (_, asset) in others.items()}
        scopes = self._scopes(everybody)
        stored = [Named(asset, name, scopes[own]) for own, (name, asset) in others.items()]
        wanted = [Named(everybody[own], called[own], scopes[own], own not in self.created) for own in candidates]
        refuse_taken(stored, wanted)

    def _candidates(self) -> dict[int, Asset]:
        """Active assets that come to a name or to a place, by id."""
        changed = {
            one.after.id
            for one in self.changes.assets
            if one.kind is Kind.CREATE or (one.kind is Kind.UPDATE and (one.restored or "name" in one.now))
        }
        wanted = {own for own in changed if own in self.after}
        for link in (*self.changes.added, *self.changes.removed):
            if link.relationship in _PLACING:
                wanted.add(link.end2)
        categories = {own for own in self.purged if own in self.after and self.after[own].type_name == CATEGORY}
        if categories:  # what was under them comes to be a root
            wanted |= {link.end2 for link in self.tx.links(HIERARCHY, 1, categories)}
        rows = self._rows(wanted - self.purged)
        return {own: asset for own, asset in rows.items() if asset.status == ACTIVE}

    def _scopes(self, assets: Mapping[int, AssetName]) -> dict[int, tuple[str, int]]:
        by_kind: dict[str, list[int]] = defaultdict(list)
        for own, asset in assets.items():
            by_kind[asset.type_name].append(own)
        terms = self.above(TERM_ANCHOR, by_kind[TERM])
        parents = self.above(HIERARCHY, by_kind[CATEGORY])
        roots = self.above(CATEGORY_ANCHOR, [own for own in by_kind[CATEGORY] if own not in parents])
        return {
            **dict.fromkeys(by_kind[GLOSSARY], (GLOSSARY, 0)),
            **{own: (TERM, terms.get(own, 0)) for own in by_kind[TERM]},
            **{own: (HIERARCHY, parents[own]) if own in parents else (CATEGORY, roots.get(own, 0))
               for own in by_kind[CATEGORY]},
        }  # fmt: skip

    def _rows(self, ids: Collection[int]) -> dict[int, Asset]:
        """Assets as the request leaves them."""
        found = {own: self.after[own] for own in ids if own in self.after}
        return found | {asset.id: asset for asset in self.tx.assets_by_id(set(ids) - found.keys())}


def _called(asset: Asset) -> str:
    return f'"{asset.attributes.get("name", asset.qualified_name)}" ({asset.guid})'


def refuse_taken(stored: Iterable[Named], wanted: Iterable[Named]) -> None:
    """Raise the first clash of a wanted name with a stored one, or with another wanted one."""
    taken = {(one.scope, one.name): one for one in stored}
    for one in wanted:
        other = taken.setdefault((one.scope, one.name), one)
        if other is not one:
            raise _taken(one, other)


def _taken(one: Named, other: Named) -> Conflict:
    if not other.stored and one.stored:
        one, other = other, one
    kind = one.asset.type_name
    if other.stored:
        found = other.asset
        message = (
            f'{kind} "{one.name}": there is one of this name{_WITHIN[kind]}, with guid {found.guid} and qualifiedName '
            f"{found.qualified_name}; to change that one, save it by its guid or qualifiedName, else choose another name"
        )
        if one.stored:
            message += f" for {one.asset.guid}, or purge it first"
    else:
        message = f'{kind} "{one.name}": the request has two of this name{_WITHIN[kind]}; give each a name of its own'
    return _EXISTS[kind](message, [Problem("attributes.name", message)])


def cycle(above: Mapping[T, T]) -> list[T] | None:
    """Those that stand above themselves, each followed by what is above it; None where there are none."""
    done: set[T] = set()
    for start in above:
        path: dict[T, None] = {}
        one: T | None = start
        while one is not None and one not in done:
            if one in path:
                ring = list(path)
                return ring[ring.index(one) :]
            path[one] = None
            one = above.get(one)
        done |= path.keys()
    return None
