"""What archive, purge and restore touch. Pure: the caller reads the owned assets and the links among them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tidings.model.asset import ACTIVE, ARCHIVED, STATUS_NAMES, Asset, Link, name_of
from tidings.model.changes import AssetChange, Changes, Kind, Neighbour, Origin
from tidings.model.registry import TypeRegistry
from tidings.write.diff import Stamp, next_version, touch
from tidings.write.links import Told, sees
from tidings.write.order import in_order, parents_first
from tidings.write.record import STATE


def remove(
    named: list[Asset], owned: list[Asset], links: Iterable[Link], types: TypeRegistry, stamp: Stamp, purge: bool
) -> Changes:
    """Archive or purge ``named`` and what they own, children before parents; what is archived stays untouched by archive.

    ``links`` are those among the assets. Relationships of the archived stay, archived by their ends; those of the
    purged go with them. Nobody else is told.
    """
    kind = Kind.PURGE if purge else Kind.ARCHIVE
    directly = {asset.id for asset in named}
    unique = {asset.id: asset for asset in (*named, *owned)}
    gone = [
        _remove(asset, kind, "direct" if asset.id in directly else "cascade", stamp)
        for asset in unique.values()
        if purge or asset.status == ACTIVE
    ]
    return Changes(children_first(gone, links, types))


def children_first(changes: list[AssetChange], links: Iterable[Link], types: TypeRegistry) -> list[AssetChange]:
    """The same changes, moved only where a parent stood before its child."""
    changes.reverse()
    ordered = parents_first(changes, links, types)
    ordered.reverse()
    return ordered


def _remove(asset: Asset, kind: Kind, origin: Origin, stamp: Stamp) -> AssetChange:
    after = next_version(asset, stamp, asset.qualified_name, asset.encoded, ARCHIVED)
    before = {STATE: STATUS_NAMES[asset.status]}
    return AssetChange(kind, origin, after, None, before=before)


def bereaved(
    changes: Changes, links: Iterable[Link], others: Iterable[Asset], types: TypeRegistry, stamp: Stamp
) -> None:
    """Add an update for every live neighbour of what goes, before it goes; only the profile «server» tells them.

    ``links`` are all links of the deleted assets, ``others`` the assets at their far ends.
    """
    gone = {change.after.id for change in changes.assets}
    live = {asset.id: asset for asset in others if asset.status == ACTIVE and asset.id not in gone}
    seen = {change.after.id: change.after for change in changes.assets if change.before[STATE] == STATUS_NAMES[ACTIVE]}
    lost = _neighbourhood(links, live, seen, types)
    changes.assets[:0] = [touch(live[own], Told({}, unlinked), stamp) for own, unlinked in lost.items()]


def reunited(
    changes: Changes, links: Iterable[Link], others: Iterable[Asset], types: TypeRegistry, stamp: Stamp
) -> None:
    """Add an update for every live neighbour of what is restored; only the profile «server» tells them.

    ``links`` are all stored links of the restored assets that stay, ``others`` the assets at their far ends. Who is
    created or updated by the request hears nothing more.
    """
    heard = {change.after.id for change in changes.assets if change.kind in (Kind.CREATE, Kind.UPDATE)}
    live = {asset.id: asset for asset in others if asset.status == ACTIVE and asset.id not in heard}
    # Of those whose labels change too, the row as it will be.
    live |= {change.after.id: change.after for change in changes.assets if change.after.id in live}
    back = {change.after.id: change.after for change in changes.assets if change.restored}
    found = _neighbourhood(links, live, back, types)
    more = [touch(live[own], Told(linked, {}), stamp) for own, linked in found.items()]
    changes.assets = in_order([*changes.assets, *more])


def _neighbourhood(
    links: Iterable[Link], own: Mapping[int, Asset], others: Mapping[int, Asset], types: TypeRegistry
) -> dict[int, dict[str, list[Neighbour]]]:
    """Of each of ``own`` those of ``others`` that it can see over ``links``, by its link attribute."""
    found: dict[int, dict[str, list[Neighbour]]] = {}
    for link in sorted(links, key=lambda link: link.key):  # a store gives them in any order; the log has one
        relationship = types.relationship(link.relationship)
        for one, other, end in ((link.end1, link.end2, relationship.end1), (link.end2, link.end1, relationship.end2)):
            if one in own and other in others and sees(types, own[one].type_name, end, relationship):
                neighbour = Neighbour(name_of(others[other]), link.encoded)
                found.setdefault(one, {}).setdefault(end.name, []).append(neighbour)
    return found


def restore(
    named: list[Asset], owned: list[Asset], links: Iterable[Link], types: TypeRegistry, stamp: Stamp
) -> Changes:
    """Make the archived among ``named`` and what they own active again, parents before children."""
    unique = {asset.id: asset for asset in (*named, *owned)}
    back = [_restore(asset, stamp) for asset in unique.values() if asset.status != ACTIVE]
    return Changes(parents_first(back, links, types))


def _restore(asset: Asset, stamp: Stamp) -> AssetChange:
    after = next_version(asset, stamp, asset.qualified_name, asset.encoded, ACTIVE)
    return AssetChange(Kind.UPDATE, "restore", after, None, restored=True)
