"""What archive, purge and restore touch. Pure: the caller reads the owned assets and the links among them."""

from __future__ import annotations

from collections.abc import Iterable

from tidings.model.asset import ACTIVE, ARCHIVED, STATUS_NAMES, Asset, Link, name_of
from tidings.model.changes import AssetChange, Changes, Kind, Neighbour, Origin
from tidings.model.registry import TypeRegistry
from tidings.write.diff import Stamp, next_version, touch
from tidings.write.links import Told, sees
from tidings.write.order import parents_first
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
    """Add an update for every live neighbour of what goes; only the profile «server» tells them.

    ``links`` are all links of the deleted assets, ``others`` the assets at their far ends.
    """
    gone = {change.after.id: change for change in changes.assets}
    was_active = {own: change.before[STATE] == STATUS_NAMES[ACTIVE] for own, change in gone.items()}
    live = {asset.id: asset for asset in others if asset.status == ACTIVE and asset.id not in gone}
    lost: dict[int, dict[str, list[Neighbour]]] = {}
    for link in links:
        relationship = types.relationship(link.relationship)
        for own, other, end in ((link.end1, link.end2, relationship.end1), (link.end2, link.end1, relationship.end2)):
            if own in live and was_active.get(other) and sees(types, live[own].type_name, end, relationship):
                neighbour = Neighbour(name_of(gone[other].after), link.encoded)
                lost.setdefault(own, {}).setdefault(end.name, []).append(neighbour)
    changes.assets.extend(touch(live[own], Told({}, unlinked), stamp) for own, unlinked in lost.items())


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
