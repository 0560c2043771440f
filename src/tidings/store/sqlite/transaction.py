"""The writer's transaction: reads as everybody's, and the few set-based writes."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from tidings.model.asset import Link
from tidings.model.changes import AssetChange, Changes, Kind
from tidings.model.errors import Conflict
from tidings.model.events import Event
from tidings.store.base import Token
from tidings.store.sqlite.reader import OPERATION_NUMBERS, SQL, SqliteReader, as_set


class SqliteTransaction(SqliteReader):
    """Implements ``Transaction``. Lives on the writer thread, which owns ``head`` and ``next_id`` between requests."""

    def __init__(
        self, connection: apsw.Connection, relationships: dict[str, int], now: int, head: int, next_id: int
    ) -> None:
        super().__init__(connection, relationships)
        self.now = now
        self.head = head
        self.next_id = next_id

    def new_ids(self, count: int) -> range:
        ids = range(self.next_id, self.next_id + count)
        self.next_id += count
        return ids

    def relationship_number(self, name: str) -> int:
        number = self._known_number(name)
        if number is None:
            [(number,)] = self.connection.execute(SQL.add_relationship, (name,))
            self.relationships[name] = number  # the writer forgets it again if the request is undone
        return int(number)

    def save(self, changes: Changes) -> None:
        run = self.connection.executemany
        by_kind: dict[Kind, list[AssetChange]] = {kind: [] for kind in Kind}
        for change in changes.assets:
            by_kind[change.kind].append(change)
        if created := by_kind[Kind.CREATE]:
            run(SQL.insert_asset, [_row(change) for change in created])
        self._update([change for kind in (Kind.UPDATE, Kind.ARCHIVE) for change in by_kind[kind]])
        self._save_links(changes)
        if purged := by_kind[Kind.PURGE]:
            self._purge([change.after.id for change in purged])

    def _update(self, updated: list[AssetChange]) -> None:
        rewritten = [change.after for change in updated if change.now]
        stamped = [change.after for change in updated if not change.now]
        run = self.connection.executemany
        if rewritten:
            run(
                SQL.update_asset,
                [
                    (a.qualified_name, a.status, a.version, a.updated_at, a.updated_by, a.encoded, a.id)
                    for a in rewritten
                ],
            )
        if stamped:
            run(SQL.stamp_asset, [(a.status, a.version, a.updated_at, a.updated_by, a.id) for a in stamped])

    def _save_links(self, changes: Changes) -> None:
        run = self.connection.executemany
        numbers = {
            name: self.relationship_number(name)
            for name in {link.relationship for links in (changes.added, changes.removed, changes.changed) for link in links}
        }

        def rows(links: Sequence[Link]) -> list[tuple[int, int, int]]:
            return [(link.end1, numbers[link.relationship], link.end2) for link in links]

        if changes.removed:
            run(SQL.delete_link, rows(changes.removed))
        if changes.added:
            run(SQL.insert_link, [(*row, link.encoded) for row, link in zip(rows(changes.added), changes.added, strict=True)])
        if changes.changed:
            run(SQL.update_link, [(*row, link.encoded) for row, link in zip(rows(changes.changed), changes.changed, strict=True)])

    def _purge(self, ids: list[int]) -> None:
        wanted = (as_set(ids),)
        self.connection.execute(SQL.purge_links_by_end1, wanted)
        self.connection.execute(SQL.purge_links_by_end2, wanted)
        self.connection.execute(SQL.purge_assets, wanted)
        self.connection.execute(SQL.set_highest_purged_id, (str(max(ids)),))

    def append(self, events: Sequence[Event]) -> int:
        first = self.head + 1
        self.connection.executemany(
            SQL.insert_event,
            [
                (
                    position, event.time, OPERATION_NUMBERS[event.operation], event.guid, event.type_name,
                    event.qualified_name, event.message, event.detail,
                )
                for position, event in enumerate(events, first)
            ],
        )  # fmt: skip
        self.head += len(events)
        return first

    def add_token(self, token: Token) -> None:
        row = (token.name, token.role, token.hash, token.created_at)
        if not self.connection.execute(SQL.insert_token, row).fetchall():
            raise Conflict(f"there is already a token named {token.name}; revoke it first or choose another name")

    def remove_token(self, name: str) -> bool:
        return bool(self.connection.execute(SQL.delete_token, (name,)).fetchall())


def _row(change: AssetChange) -> tuple[object, ...]:
    a = change.after
    return (
        a.id, a.guid, a.type_name, a.qualified_name, a.status, a.version, a.created_at, a.created_by, a.updated_at,
        a.updated_by, a.encoded,
    )  # fmt: skip
