"""What a request's changes mean for rows; the same for every body of the store."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from tidings.model.asset import Asset
from tidings.model.changes import Changes, Kind
from tidings.model.events import OPERATIONS
from tidings.model.tag import Attachment

OPERATION_NUMBERS = {name: number for number, name in enumerate(OPERATIONS)}
"""How the log keeps an event's operation."""


class AssetRows:
    """Assets to write, by id: each stands in one place, and as the last thing said of it has it.

    ``rewritten`` are those of which more changes than version, status and stamps, ``stamped`` all other updates.
    """

    def __init__(self, changes: Changes) -> None:
        self.created: dict[int, Asset] = {}
        self.rewritten: dict[int, Asset] = {}
        self.stamped: dict[int, Asset] = {}
        self.purged: dict[int, Asset] = {}
        created, create, purge = self.created, Kind.CREATE, Kind.PURGE
        for change in changes.assets:
            asset = change.after
            own = asset.id
            if change.kind is create or own in created:
                created[own] = asset
            elif change.kind is purge:
                self.purged[own] = asset
            elif change.rewrites or own in self.rewritten:
                self.rewritten[own] = asset
            else:
                self.stamped[own] = asset
        for own in self.rewritten.keys() & self.purged.keys():
            del self.rewritten[own]
        for own in self.stamped.keys() & (self.rewritten.keys() | self.purged.keys()):
            del self.stamped[own]

    def written(self) -> Iterator[Asset]:
        """All whose rows are there afterwards."""
        return chain(self.created.values(), self.rewritten.values(), self.stamped.values())


def attachment_content(one: Attachment) -> tuple[object, ...]:
    """The columns of an attachment that may change."""
    return (
        one.propagate, one.remove_on_delete, one.restrict_lineage, one.restrict_hierarchy, one.gone, one.encoded,
    )  # fmt: skip


def stamped_row(a: Asset) -> tuple[object, ...]:
    """What changes of an asset of which there is nothing new but that it changed."""
    return a.status, a.version, a.updated_at, a.updated_by, a.id
