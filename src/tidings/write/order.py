"""The order of events within a kind: as the request had it, but parents before children. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from tidings.model.asset import Link
from tidings.model.changes import AssetChange, Kind
from tidings.model.registry import TypeRegistry


def in_order(changes: list[AssetChange]) -> list[AssetChange]:
    """The order of a request's events: created; custom metadata; tags, those that came from elsewhere last; updated; deleted.

    Within a kind they stay as they are. An asset of which there is more than one thing to say gets one version for each.
    """
    if not any(change.kind.is_label for change in changes):
        return changes  # as the deciding steps made them
    ordered = sorted(changes, key=_rank)
    version: dict[int, int] = {}
    for change in ordered:
        asset = change.after
        version[asset.id] = min(version.get(asset.id, asset.version), asset.version)
    for change in ordered:
        asset = change.after
        asset.version = version[asset.id]
        version[asset.id] += 1
    return ordered


def _rank(change: AssetChange) -> tuple[int, bool, int]:
    kind = change.kind
    if kind.is_tagging:
        return Kind.TAG.place, change.origin == "propagated", kind.place
    return min(kind.place, Kind.ARCHIVE.place), False, 0


def parent_of(link: Link, types: TypeRegistry) -> tuple[int, int] | None:
    """(child, parent) of a link that puts one asset into another, such as a column into its table; else None."""
    relationship = types.relationship(link.relationship)
    if relationship.end1.container and relationship.end2.single:
        return link.end2, link.end1
    if relationship.end2.container and relationship.end1.single:
        return link.end1, link.end2
    return None


def parents_first(changes: list[AssetChange], links: Iterable[Link], types: TypeRegistry) -> list[AssetChange]:
    """The same changes, moved only where a child stood before its parent."""
    place = {change.after.id: index for index, change in enumerate(changes)}
    held = [link for link in links if link.end1 in place and link.end2 in place]
    pairs = [pair for link in held if (pair := parent_of(link, types)) is not None]
    if all(place[parent] <= place[child] for child, parent in pairs):
        return changes
    parents: dict[int, list[int]] = defaultdict(list)
    for child, parent in pairs:
        parents[child].append(parent)
    ordered: dict[int, None] = {}
    for change in changes:
        _place(change.after.id, parents, ordered)
    return [changes[place[own]] for own in ordered]


def _place(start: int, parents: dict[int, list[int]], ordered: dict[int, None]) -> None:
    """Put ``start`` behind all above it; a loop instead of recursion, since chains may be long, and cycles harmless."""
    waiting, seen = [start], {start}
    while waiting:
        one = waiting[-1]
        above = [parent for parent in parents.get(one, ()) if parent not in ordered and parent not in seen]
        if above:
            seen.update(above)
            waiting.extend(above)
        else:
            ordered.setdefault(waiting.pop())
