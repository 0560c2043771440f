"""Which assets can meet a query at all, as far as the store's indexes know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

from tidings.model.asset import STATUS_NAMES, Asset
from tidings.model.registry import TypeRegistry
from tidings.read.query import All, Clause, Leaf, Some
from tidings.store.base import AssetQuery, Snapshot

PAGE = 2_000
Names = frozenset[str]
T = TypeVar("T")


class Narrowed(msgspec.Struct, frozen=True):
    """None means any. Whoever meets the query is among these, and others may be."""

    guids: Names | None = None
    names: Names | None = None
    types: Names | None = None
    states: Names | None = None
    prefix: str = ""

    def and_(self, other: Narrowed) -> Narrowed | None:
        """What is in both; None where nothing can be."""
        if not (self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix)):
            return None
        return Narrowed(
            _both(self.guids, other.guids),
            _both(self.names, other.names),
            _both(self.types, other.types),
            _both(self.states, other.states),
            max(self.prefix, other.prefix, key=len),
        )


def any_of(every: Sequence[Narrowed]) -> Narrowed:
    """What is in any of them; there is at least one."""
    return Narrowed(
        _either([one.guids for one in every]),
        _either([one.names for one in every]),
        _either([one.types for one in every]),
        _either([one.states for one in every]),
        _common([one.prefix for one in every]),
    )


ANY = Narrowed()
NOBODY = Narrowed(guids=frozenset())


def _both(one: Names | None, other: Names | None) -> Names | None:
    return other if one is None else one if other is None else one & other


def _either(every: Sequence[Names | None]) -> Names | None:
    known = [one for one in every if one is not None]
    return frozenset().union(*known) if len(known) == len(every) else None


def _common(texts: Sequence[str]) -> str:
    """What all begin with: it is what the first and the last of them in order begin with."""
    one, other = min(texts), max(texts)
    length = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:length]


def narrowed(clause: Clause, types: TypeRegistry) -> Narrowed:
    """What must hold of an asset for a clause to be met."""
    if isinstance(clause, All):
        found: Narrowed | None = ANY
        for part in clause.parts:
            found = found.and_(narrowed(part, types)) if found is not None else None
        return NOBODY if found is None else found
    if isinstance(clause, Some) and clause.least > 0:
        if len(clause.parts) < clause.least:
            return NOBODY
        return any_of([narrowed(part, types) for part in clause.parts])
    return _of_leaf(clause, types) if isinstance(clause, Leaf) else ANY


def _of_leaf(leaf: Leaf, types: TypeRegistry) -> Narrowed:
    if leaf.kind == "prefix":
        plain = leaf.field.source == "qualifiedName" and leaf.field.reading == "exact" and not leaf.folded
        return Narrowed(prefix=leaf.wanted[0]) if plain else ANY
    if leaf.kind not in ("term", "terms") or leaf.field.reading not in ("exact", "folded"):
        return ANY
    wanted = frozenset(leaf.wanted)
    if leaf.field.source == "__typeName":
        return Narrowed(types=_named(wanted, types))
    if leaf.field.source == "__superTypeNames":
        return Narrowed(types=_below(wanted, types))
    if leaf.folded:
        return ANY
    if leaf.field.source == "qualifiedName":
        return Narrowed(names=wanted)
    if leaf.field.source == "__guid":
        return Narrowed(guids=wanted)
    return Narrowed(states=wanted) if leaf.field.source == "__state" else ANY


def _named(wanted: Names, types: TypeRegistry) -> Names:
    lower = {name.lower() for name in wanted}
    return frozenset(name for name in types if name.lower() in lower)


def _below(wanted: Names, types: TypeRegistry) -> Names | None:
    """Types below; None where that is most of them, for then asking for each costs more than it saves."""
    found: set[str] = set()
    for name in _named(wanted, types):
        found |= types.subtypes(name)
    return None if 2 * len(found) > len(types.system.entities) else frozenset(found)


def candidates(wanted: Narrowed, snapshot: Snapshot, page: int = PAGE) -> Iterator[list[Asset]]:
    """Everybody among whom the answer is, in pages, each asset once."""
    if any(one is not None and not one for one in (wanted.guids, wanted.names, wanted.types, wanted.states)):
        return
    if wanted.guids is not None:
        yield from _in_parts(wanted.guids, snapshot.assets_by_guid, page)
    elif wanted.names is not None:
        yield from _in_parts(wanted.names, snapshot.assets_by_name, page)
    else:
        yield from _listed(wanted, snapshot, page)


def _in_parts(values: Names, read: Callable[[list[str]], list[T]], page: int) -> Iterator[list[T]]:
    left = iter(sorted(values))
    while part := list(islice(left, page)):
        yield read(part)


def _listed(wanted: Narrowed, snapshot: Snapshot, page: int) -> Iterator[list[Asset]]:
    status: int | None = None
    if wanted.states is not None:
        known = [number for number, name in enumerate(STATUS_NAMES) if name in wanted.states]
        if not known:
            return
        status = known[0] if len(known) == 1 else None
    query = AssetQuery(wanted.types or frozenset(), wanted.prefix, status, limit=page)
    while found := snapshot.list_assets(query):
        yield found
        if len(found) < page:
            return
        query = msgspec.structs.replace(query, after=(found[-1].qualified_name, found[-1].type_name))
