"""What events show of an asset that is not in its own row: all its tags, and the owner of one that is owned."""

from __future__ import annotations

from tidings.model.asset import Asset
from tidings.model.changes import Changes, Kind
from tidings.model.registry import TypeRegistry
from tidings.store.base import Reader
from tidings.store.tags import tags_of


def complete(changes: Changes, types: TypeRegistry, reader: Reader) -> None:
    """Fill in ``owners`` and ``tags`` of changes that are written. Those that are there already stay (of purged assets)."""
    changes.owners = _owners(changes, types, reader) | changes.owners
    if reader.has_tags():
        ids = {change.after.id for change in changes.assets} - changes.tags.keys()
        changes.tags = changes.tags | tags_of(ids, reader)


def purged_owners(changes: Changes, types: TypeRegistry, reader: Reader) -> dict[int, Asset]:
    """The owners of what is purged; to be asked while the links that say so are there."""
    return _owners(changes, types, reader, purged=True)


def _owners(changes: Changes, types: TypeRegistry, reader: Reader, *, purged: bool = False) -> dict[int, Asset]:
    """The owner of each changed asset that has one, of those that are purged or of all others: events show it."""
    concerned = [change.after for change in changes.assets if (change.kind is Kind.PURGE) is purged]
    owners = {name: types.type(name).mandatory_links for name in {asset.type_name for asset in concerned}}
    if not any(owners.values()):
        return {}
    owned: dict[str, set[int]] = {}
    for asset in concerned:
        for link in owners[asset.type_name]:
            owned.setdefault(link.relationship.name, set()).add(asset.id)
    pairs = {link.end2: link.end1 for name, ids in owned.items() for link in reader.links(name, 2, ids)}
    pairs |= {link.end2: link.end1 for link in changes.added if link.relationship in owned}
    fresh = {change.after.id: change.after for change in changes.assets}
    stored = {asset.id: asset for asset in reader.assets_by_id({end for end in pairs.values() if end not in fresh})}
    known = {**stored, **fresh}
    return {own: known[owner] for own, owner in pairs.items() if owner in known}
