"""The writer's transaction: reads as everybody's, and the few set-based writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import apsw
from msgspec.structs import astuple

from tidings.model.asset import Asset, Link
from tidings.model.changes import Changes, TagRows
from tidings.model.events import Event
from tidings.model.ids import new_guid
from tidings.model.typedefs import Definition
from tidings.store.body_transaction import BodyTransaction
from tidings.store.names import Names
from tidings.store.rows import OPERATION_NUMBERS, AssetRows, attachment_content, stamped_row
from tidings.store.sqlite import raw
from tidings.store.sqlite.reader import SQL, SqliteReader, as_set
from tidings.store.tables import Row, Table
from tidings.store.texts import refuse_zero, refuse_zeros


class SqliteTransaction(SqliteReader, BodyTransaction):
    """Implements ``Transaction``. Lives on the writer thread, which owns ``head`` and ``next_id`` between requests."""

    def __init__(self, connection: apsw.Connection, names: Names, now: int, head: int, next_id: int) -> None:
        SqliteReader.__init__(self, connection, names)
        BodyTransaction.__init__(self, now, head, next_id)

    def _do(self, statement: str, *values: Any) -> None:
        self.connection.execute(statement, values)

    def _keep_value(self, name: str, value: str | None) -> None:
        raw.set_value(self.connection, name, value)

    def relationship_number(self, name: str) -> int:
        number = self._known_number(name)
        if number is None:
            [(number,)] = self.connection.execute(SQL.add_relationship, (name,))
            self.names.relationships[name] = number  # the writer forgets it again if the request is undone
        return int(number)

    def save(self, changes: Changes) -> None:
        self.wrote = True
        run, rows = self.connection.executemany, AssetRows(changes)
        refuse_zeros(rows.written())
        if rows.created:
            run(SQL.insert_asset, map(astuple, rows.created.values()))  # an asset's fields are the columns, in order
        if rows.rewritten:
            run(SQL.update_asset, map(_rewritten, rows.rewritten.values()))
        if rows.stamped:
            run(SQL.stamp_asset, map(stamped_row, rows.stamped.values()))
        self._save_links(changes)
        if rows.purged:
            self._purge(list(rows.purged))

    def _save_links(self, changes: Changes) -> None:
        run = self.connection.executemany
        if changes.removed:
            run(SQL.delete_link, [row[:3] for row in self._link_rows(changes.removed)])
        if changes.added:
            run(SQL.insert_link, self._link_rows(changes.added))
        if changes.changed:
            run(SQL.update_link, self._link_rows(changes.changed))

    def _link_rows(self, links: Sequence[Link]) -> list[tuple[int, int, int, bytes | None]]:
        numbers = {name: self.relationship_number(name) for name in {link.relationship for link in links}}
        return [(link.end1, numbers[link.relationship], link.end2, link.encoded) for link in links]

    def _purge(self, ids: list[int]) -> None:
        wanted = (as_set(ids),)
        self.connection.execute(SQL.purge_links_by_end1, wanted)
        self.connection.execute(SQL.purge_links_by_end2, wanted)
        self.connection.execute(SQL.purge_tagged, wanted)
        self.connection.execute(SQL.purge_assets, wanted)
        self.connection.execute(SQL.set_highest_purged_id, (str(max(ids)),))

    def save_tags(self, rows: TagRows) -> None:
        self.wrote = True
        run = self.connection.executemany
        if rows.attached:
            run(
                SQL.insert_attachment,
                [(one.id, one.source, one.guid, one.tag, *attachment_content(one)) for one in rows.attached],
            )
        if rows.changed:
            run(SQL.update_attachment, [(one.id, *attachment_content(one)) for one in rows.changed])
        if rows.untagged:
            run(SQL.untag_asset, rows.untagged)
        if rows.tagged:
            run(SQL.tag_asset, rows.tagged)
        if rows.forgotten:
            self.connection.execute(SQL.forget_attachments, (as_set(rows.forgotten),))

    def save_definitions(self, definitions: Collection[Definition]) -> None:
        for one in definitions:
            refuse_zero("the type's name", one.name)
        self.wrote = True
        run = self.connection.executemany
        run(SQL.save_definition, [(one.name, one.category, one.guid, one.body) for one in definitions])
        self.connection.execute(SQL.set_types_stamp, (new_guid(),))

    def remove_definitions(self, names: Collection[str]) -> None:
        self.wrote = True
        self.connection.execute(SQL.remove_definitions, (as_set(names),))
        self.connection.execute(SQL.set_types_stamp, (new_guid(),))

    def append(self, events: Iterable[Event]) -> int:
        self.wrote = True
        first = self.head + 1
        self.connection.executemany(SQL.insert_event, self._log_rows(events))
        return first

    def _log_rows(self, events: Iterable[Event]) -> Iterator[tuple[object, ...]]:
        numbers = self.names.filler_numbers
        for event in events:
            self.head += 1
            filler = event.filler
            number = numbers[filler] if filler in numbers else self._filler_number(filler)
            yield (
                self.head, event.time, OPERATION_NUMBERS[event.operation], event.guid, event.type_name,
                event.qualified_name, number, event.opening, event.ending, event.detail,
            )  # fmt: skip

    def _filler_number(self, filler: bytes) -> int | None:
        if not filler:
            return None
        found = self.connection.execute(SQL.filler_of, (filler,)).fetchall()
        [(drawn,)] = found or self.connection.execute(SQL.add_filler, (filler,)).fetchall()
        number = self.names.filler_numbers[filler] = int(str(drawn))
        return number

    def fill(self, table: Table, rows: Sequence[Row]) -> None:
        self.wrote = self.moved = True
        raw.fill(self.connection, table, rows)


def _rewritten(a: Asset) -> tuple[object, ...]:
    return (
        a.qualified_name, a.status, a.version, a.updated_at, a.updated_by, a.encoded, a.custom, a.connection, a.id,
    )  # fmt: skip
