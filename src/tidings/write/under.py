"""What is under a connection: found in sets of internal ids, by names and by links to parents; children before parents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

import msgspec

from tidings.model.asset import AssetName
from tidings.model.registry import TypeRegistry
from tidings.store.base import Reader

CONNECTION = "Connection"

Pair = tuple[int, int]
"""(parent, child)"""


class Under(msgspec.Struct, gc=False):
    """Assets under a connection, without itself. ``ids``: children before parents. ``elsewhere``: those among them whose
    qualifiedName does not begin with the connection's."""

    ids: list[int]
    elsewhere: set[int]


def is_connection(name: AssetName, types: TypeRegistry) -> bool:
    """Whether an asset is a connection, or of a type made from it."""
    return name.type_name == CONNECTION or types.type(name.type_name).is_a(CONNECTION)


def find_under(connection: str, own: int | None, types: TypeRegistry, reader: Reader) -> Under:
    """Everything under the connection with this qualifiedName and id (None where it is gone itself), of any status.

    An asset is under it that is named so, that names it as its connection, or that stands inside one that is under it,
    unless it belongs to another connection.
    """
    named = reader.ids_below(connection)
    found = dict.fromkeys(named)
    found.update(dict.fromkeys(reader.ids_naming(connection)))
    ahead, behind = containing(types)
    pairs: list[Pair] = []
    level: Collection[int] = [*found, *([] if own is None else [own])]
    while level:
        below = reader.children(level, ahead, behind)
        pairs += below
        inside = {child for _, child in below} - found.keys()
        level = sorted(inside - _of_others(inside, connection, types, reader))
        found.update(dict.fromkeys(level))
    if own is not None:
        found.pop(own, None)
    return Under(children_first(list(reversed(found)), pairs), found.keys() - set(named))


def containing(types: TypeRegistry) -> tuple[list[str], list[str]]:
    """Relationships that put one asset into one other: with the parent at end 1, and with the parent at end 2.

    Only where the child can have one parent: a process contains its inputs in the words of the type system, and they
    are not its own.
    """
    ahead, behind = [], []
    for one in types.system.relationships.values():
        if one.end1.container and one.end2.single:
            ahead.append(one.name)
        elif one.end2.container and one.end1.single:
            behind.append(one.name)
    return ahead, behind


def _of_others(ids: set[int], connection: str, types: TypeRegistry, reader: Reader) -> set[int]:
    """Those that belong to another connection: they name it, are named after it, or are one."""
    others = {own for own, named in reader.connections_named(ids) if named not in (None, connection)}
    names = reader.names_by_id(ids - others)
    above = reader.names_by_name({part for name in names for part in _upwards(name.qualified_name)})
    connections = {one.qualified_name for one in above if is_connection(one, types)}
    return others | {one.id for one in names if connections.intersection(_upwards(one.qualified_name))}


def _upwards(qualified_name: str) -> Iterator[str]:
    """The name itself, and every part of it that ends before a slash."""
    while qualified_name:
        yield qualified_name
        qualified_name = qualified_name.rpartition("/")[0]


def children_first(ids: list[int], pairs: Iterable[Pair]) -> list[int]:
    """The same ids, moved only where a parent stood before its child."""
    place = {own: index for index, own in enumerate(ids)}
    held = [pair for pair in pairs if pair[0] in place and pair[1] in place]
    if all(place[parent] > place[child] for parent, child in held):
        return ids
    children: dict[int, list[int]] = defaultdict(list)
    for parent, child in held:
        children[parent].append(child)
    ordered: dict[int, None] = {}
    seen: set[int] = set()
    for own in ids:
        _place(own, children, ordered, seen)
    return list(ordered)


def _place(start: int, children: dict[int, list[int]], ordered: dict[int, None], seen: set[int]) -> None:
    """Put ``start`` behind all below it; a loop instead of recursion, since chains may be long, and cycles harmless."""
    waiting = [start]
    while waiting:
        one = waiting[-1]
        seen.add(one)
        below = [child for child in children.get(one, ()) if child not in seen]
        if below:
            waiting.extend(below)
        else:
            ordered.setdefault(waiting.pop())
