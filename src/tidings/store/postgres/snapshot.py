"""A reader's view: one read transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from tidings.model.asset import Asset, Link
from tidings.model.events import OPERATIONS, LogFilter, LogRecord
from tidings.store.base import PAGE_BYTES, AssetQuery
from tidings.store.positions import first_at
from tidings.store.postgres import raw
from tidings.store.postgres.arrays import int2s, wanted_texts
from tidings.store.postgres.database import SESSION, SQL
from tidings.store.postgres.reader import PostgresReader
from tidings.store.postgres.wire import Row
from tidings.store.rows import OPERATION_NUMBERS
from tidings.store.tables import Row as TableRow
from tidings.store.tables import Table

POSITIONS_PER_READ = 50_000
"""How many positions one filtered read looks at: some 20 ms, so that no reader holds a snapshot for long."""
RECORDS_AT_ONCE = 1_000
"""How many records one statement answers with at the most."""
_END = "\U0010ffff"


class PostgresSnapshot(PostgresReader):
    """Implements ``Snapshot``."""

    def head(self) -> int:
        return self.known.head

    def log(
        self, after: int, limit: int, wanted: LogFilter, most_bytes: int = PAGE_BYTES
    ) -> tuple[list[LogRecord], int]:
        head = self.head()
        if wanted.is_open:
            found, _ = self._page(SQL.log_page, after, limit, most_bytes, ())
            return found, found[-1].position if found else max(after, head)
        last = head if wanted.guid else min(head, after + POSITIONS_PER_READ)
        if "\0" in wanted.name_prefix or "\0" in (wanted.guid or ""):
            return [], max(after, last)  # no text that is stored holds it
        sql = SQL.log_of_guid if wanted.guid else SQL.log_filtered
        found, cut = self._page(sql, after, limit, most_bytes, (last, *_filter_values(wanted)))
        return found, found[-1].position if cut or len(found) == limit else max(after, last)

    def _page(
        self, sql: str, after: int, limit: int, most_bytes: int, rest: Sequence[Any]
    ) -> tuple[list[LogRecord], bool]:
        """Records until they are too large together, and whether there may be more because of that."""
        found: list[LogRecord] = []
        size = 0
        while len(found) < limit:
            asked = min(limit - len(found), RECORDS_AT_ONCE)
            records = self._records(self.wire.rows(sql, after, asked, max(most_bytes - size, 0), *rest))
            for record in records:
                size += len(record.message) + len(record.detail)
                if found and size > most_bytes:
                    return found, True
                found.append(record)
            if len(records) < asked:
                return found, size > most_bytes
            after = records[-1].position
        return found, False

    def _records(self, rows: list[Row]) -> list[LogRecord]:
        known = self.names.fillers
        if unknown := [row[6] for row in rows if row[6] is not None and row[6] not in known]:
            newest = max(known, default=0)
            known.update(self.wire.rows(SQL.fillers, newest if min(unknown) > newest else 0))
        return [
            LogRecord(
                position, time, OPERATIONS[operation], guid, type_name, qualified_name,
                opening + ending if filler is None else b"".join((opening, known[filler], ending)), detail,
            )
            for position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail in rows
        ]  # fmt: skip

    def position_at(self, time: int) -> int:
        return first_at(time, self.log_start(), self.head() + 1, self._time_of)

    def _time_of(self, position: int) -> int:
        [(time,)] = self.wire.rows(SQL.log_time, position)
        return int(time)

    def log_bytes(self, after: int, last: int) -> int:
        [(size,)] = self.wire.rows(SQL.log_bytes, after, last)
        return int(size)

    def list_assets(self, query: AssetQuery) -> list[Asset]:
        # Behind a text with U+0000 is whatever is behind the part before it: nothing that is stored stands between.
        after, _, more = query.after[0].partition("\0")
        if "\0" in query.name_prefix:
            return []
        rows = self.wire.rows(
            SQL.list_assets,
            # From where the page before ended: the index is entered by this bound, not by the pair to continue behind.
            max(query.name_prefix, after),
            query.name_prefix + _END,
            after,
            _END if more else query.after[1].partition("\0")[0],
            wanted_texts(query.type_names) if query.type_names else None,
            query.status,
            query.limit,
        )
        return [Asset(*row) for row in rows]

    def counts(self) -> dict[str, int]:
        by_status = dict(self._of_whole_tables(SQL.count_assets))
        [(links,)] = self._of_whole_tables(SQL.count_links)
        return {"active": by_status.get(0, 0), "archived": by_status.get(1, 0), "links": links}

    def assets_in_guid_order(self, after: str, limit: int) -> list[Asset]:
        return [Asset(*row) for row in self.wire.rows(SQL.assets_in_guid_order, after, limit)]

    def log_in_guid_order(self, after: tuple[str, int], limit: int) -> list[LogRecord]:
        return self._records(self.wire.rows(SQL.log_in_guid_order, *after, limit))

    def links_in_order(self, after: tuple[int, str, int], limit: int) -> list[Link]:
        return self._links(self.wire.rows(SQL.links_in_order, *after, limit))

    def rows(self, table: Table, after: TableRow, limit: int, most_bytes: int = PAGE_BYTES) -> list[TableRow]:
        return raw.rows(self.wire, table, after, limit, most_bytes)

    def damage(self) -> list[str]:
        """Indexes that were never finished. Whether pages are sound is for PostgreSQL's own means: checksums, amcheck."""
        return [f"the index {name} is not valid; REINDEX it" for (name,) in self.wire.rows(SESSION.invalid_indexes)]


def _filter_values(wanted: LogFilter) -> tuple[Any, ...]:
    numbers: Collection[int] = [OPERATION_NUMBERS[name] for name in wanted.operations if name in OPERATION_NUMBERS]
    values = (
        int2s(numbers) if wanted.operations else None,
        wanted_texts(wanted.type_names) if wanted.type_names else None,
        wanted.name_prefix,
        wanted.name_prefix + _END,
        wanted.since,
        wanted.until,
    )
    return (*values, wanted.guid) if wanted.guid else values
