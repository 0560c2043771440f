"""The writer's transaction: reads as everybody's, and the few set-based writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import apsw

from tidings.model.asset import Asset, Link
from tidings.model.changes import Changes, Kind, TagRows
from tidings.model.errors import Conflict
from tidings.model.events import Event
from tidings.model.ids import new_guid
from tidings.model.tag import Attachment, Task
from tidings.model.typedefs import Definition
from tidings.store.base import Token
from tidings.store.sqlite.reader import OPERATION_NUMBERS, SQL, Names, SqliteReader, as_set


class SqliteTransaction(SqliteReader):
    """Implements ``Transaction``. Lives on the writer thread, which owns ``head`` and ``next_id`` between requests."""

    def __init__(self, connection: apsw.Connection, names: Names, now: int, head: int, next_id: int) -> None:
        super().__init__(connection, names)
        self.now = now
        self.head = head
        self.next_id = next_id
        self.wrote = False
        """Whether undoing this request takes more than forgetting it."""

    def new_ids(self, count: int) -> range:
        ids = range(self.next_id, self.next_id + count)
        self.next_id += count
        return ids

    def relationship_number(self, name: str) -> int:
        number = self._known_number(name)
        if number is None:
            [(number,)] = self.connection.execute(SQL.add_relationship, (name,))
            self.names.relationships[name] = number  # the writer forgets it again if the request is undone
        return int(number)

    def save(self, changes: Changes) -> None:
        self.wrote = True
        run = self.connection.executemany
        # An asset of which there is more to say than one event has one row; the last event's is how it will be.
        last = {change.after.id: change.after for change in changes.assets}
        created = {change.after.id for change in changes.assets if change.kind is Kind.CREATE}
        if created:
            run(SQL.insert_asset, [_row(asset) for asset in last.values() if asset.id in created])
        purged = {change.after.id for change in changes.assets if change.kind is Kind.PURGE}
        rewritten = {change.after.id for change in changes.assets if change.rewrites}
        rest = [asset for asset in last.values() if asset.id not in created and asset.id not in purged]
        self._update([one for one in rest if one.id in rewritten], [one for one in rest if one.id not in rewritten])
        self._save_links(changes)
        if purged:
            self._purge(list(purged))

    def _update(self, rewritten: list[Asset], stamped: list[Asset]) -> None:
        run = self.connection.executemany
        if rewritten:
            run(
                SQL.update_asset,
                [
                    (
                        a.qualified_name,
                        a.status,
                        a.version,
                        a.updated_at,
                        a.updated_by,
                        a.encoded,
                        a.custom,
                        a.connection,
                        a.id,
                    )
                    for a in rewritten
                ],
            )
        if stamped:
            run(SQL.stamp_asset, [(a.status, a.version, a.updated_at, a.updated_by, a.id) for a in stamped])

    def _save_links(self, changes: Changes) -> None:
        if not (changes.added or changes.removed or changes.changed):
            return
        run = self.connection.executemany
        names = {link.relationship for link in (*changes.added, *changes.removed, *changes.changed)}
        numbers = {name: self.relationship_number(name) for name in names}

        def rows(links: Sequence[Link]) -> list[tuple[int, int, int, bytes | None]]:
            return [(link.end1, numbers[link.relationship], link.end2, link.encoded) for link in links]

        if changes.removed:
            run(SQL.delete_link, [row[:3] for row in rows(changes.removed)])
        if changes.added:
            run(SQL.insert_link, rows(changes.added))
        if changes.changed:
            run(SQL.update_link, rows(changes.changed))

    def _purge(self, ids: list[int]) -> None:
        wanted = (as_set(ids),)
        self.connection.execute(SQL.purge_links_by_end1, wanted)
        self.connection.execute(SQL.purge_links_by_end2, wanted)
        self.connection.execute(SQL.purge_tagged, wanted)
        self.connection.execute(SQL.purge_assets, wanted)
        self.connection.execute(SQL.set_highest_purged_id, (str(max(ids)),))

    def new_attachment_ids(self, count: int) -> range:
        [(highest,)] = self.connection.execute(SQL.highest_attachment)
        return range(highest + 1, highest + 1 + count)

    def save_tags(self, rows: TagRows) -> None:
        self.wrote = True
        run = self.connection.executemany
        if rows.attached:
            run(
                SQL.insert_attachment,
                [(one.id, one.source, one.guid, one.tag, *_content(one)) for one in rows.attached],
            )
        if rows.changed:
            run(SQL.update_attachment, [(one.id, *_content(one)) for one in rows.changed])
        if rows.untagged:
            run(SQL.untag_asset, rows.untagged)
        if rows.tagged:
            run(SQL.tag_asset, rows.tagged)
        if rows.forgotten:
            self.connection.execute(SQL.forget_attachments, (as_set(rows.forgotten),))

    def save_definitions(self, definitions: Collection[Definition]) -> None:
        self.wrote = True
        run = self.connection.executemany
        run(SQL.save_definition, [(one.name, one.category, one.guid, one.body) for one in definitions])
        self.connection.execute(SQL.set_types_stamp, (new_guid(),))

    def remove_definitions(self, names: Collection[str]) -> None:
        self.wrote = True
        self.connection.execute(SQL.remove_definitions, (as_set(names),))
        self.connection.execute(SQL.set_types_stamp, (new_guid(),))

    def save_task(self, task: Task) -> None:
        self.wrote = True
        self.connection.execute(SQL.save_task, (task.kind, task.subject, task.encoded))

    def remove_task(self, kind: str, subject: str) -> None:
        self.wrote = True
        self.connection.execute(SQL.remove_task, (kind, subject))

    def append(self, events: Iterable[Event]) -> int:
        self.wrote = True
        first = self.head + 1
        self.connection.executemany(SQL.insert_event, self._log_rows(events))
        return first

    def _log_rows(self, events: Iterable[Event]) -> Iterator[tuple[object, ...]]:
        for event in events:
            self.head += 1
            yield (
                self.head, event.time, OPERATION_NUMBERS[event.operation], event.guid, event.type_name,
                event.qualified_name, self._filler_number(event.filler), event.opening, event.ending, event.detail,
            )  # fmt: skip

    def _filler_number(self, filler: bytes) -> int | None:
        if not filler:
            return None
        number = self.names.filler_numbers.get(filler)
        if number is None:
            found = self.connection.execute(SQL.filler_of, (filler,)).fetchall()
            [(drawn,)] = found or self.connection.execute(SQL.add_filler, (filler,)).fetchall()
            number = self.names.filler_numbers[filler] = int(str(drawn))
        return number

    def add_token(self, token: Token) -> None:
        self.wrote = True
        row = (token.name, token.role, token.hash, token.created_at)
        if not self.connection.execute(SQL.insert_token, row).fetchall():
            raise Conflict(f"there is already a token named {token.name}; revoke it first or choose another name")

    def remove_token(self, name: str) -> bool:
        self.wrote = True
        return bool(self.connection.execute(SQL.delete_token, (name,)).fetchall())


def _content(one: Attachment) -> tuple[object, ...]:
    return (
        one.propagate, one.remove_on_delete, one.restrict_lineage, one.restrict_hierarchy, one.gone, one.encoded,
    )  # fmt: skip


def _row(a: Asset) -> tuple[object, ...]:
    return (
        a.id, a.guid, a.type_name, a.qualified_name, a.status, a.version, a.created_at, a.created_by, a.updated_at,
        a.updated_by, a.encoded, a.custom, a.connection,
    )  # fmt: skip
