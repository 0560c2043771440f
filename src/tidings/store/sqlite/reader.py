"""Reads, the same for the writer's own transaction and for readers on snapshots."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

import apsw
import msgspec

from tidings.model.asset import Asset, AssetName, Link
from tidings.model.events import OPERATIONS, LogFilter, LogRecord
from tidings.store.base import PAGE_BYTES, AssetQuery
from tidings.store.body_reader import BodyReader
from tidings.store.names import Names
from tidings.store.positions import first_at
from tidings.store.rows import OPERATION_NUMBERS
from tidings.store.sqlite import raw
from tidings.store.statements import Statements
from tidings.store.tables import Row, Table

SQL = Statements("tidings.store.sqlite", "statements.sql")
POSITIONS_PER_READ = 50_000
"""How many positions one filtered read looks at: some 20 ms, so that no reader holds a snapshot for long."""
_END = "\U0010ffff"


def as_set(values: Iterable[Any]) -> str:
    """A set as json_each takes it."""
    return msgspec.json.encode(list(values)).decode()


class SqliteReader(BodyReader):
    """Implements ``Reader`` over one connection."""

    sql = SQL

    def __init__(self, connection: apsw.Connection, names: Names) -> None:
        self.connection = connection
        self.names = names

    def _ask(self, statement: str, *values: Any) -> Iterable[Any]:
        return self.connection.execute(statement, values)

    def _ask_of(self, statement: str, wanted: Collection[Any]) -> Iterable[Any]:
        return self.connection.execute(statement, (as_set(wanted),)) if wanted else ()

    def assets_by_guid(self, guids: Collection[str]) -> list[Asset]:
        return [Asset(*row) for row in self._ask_of(SQL.assets_by_guid, guids)]

    def assets_by_name(self, qualified_names: Collection[str]) -> list[Asset]:
        return [Asset(*row) for row in self._ask_of(SQL.assets_by_name, qualified_names)]

    def names_by_guid(self, guids: Collection[str]) -> list[AssetName]:
        return [AssetName(*row) for row in self._ask_of(SQL.names_by_guid, guids)]

    def names_by_name(self, qualified_names: Collection[str]) -> list[AssetName]:
        return [AssetName(*row) for row in self._ask_of(SQL.names_by_name, qualified_names)]

    def glossary_assets(self, names: Collection[str]) -> list[tuple[str, AssetName]]:
        return [(name, AssetName(*found)) for name, *found in self._ask_of(SQL.glossary_assets, names)]

    def links(self, relationship: str, side: int, ids: Collection[int]) -> list[Link]:
        number = self._known_number(relationship)
        if number is None or not ids:
            return []
        sql = SQL.links_by_end1 if side == 1 else SQL.links_by_end2
        return [Link(relationship, *row) for row in self.connection.execute(sql, (as_set(ids), number))]

    def all_links(self, ids: Collection[int]) -> list[Link]:
        return [Link(*row) for row in self._ask_of(SQL.all_links, ids)]

    def neighbours(
        self, ids: Collection[int], ahead: Collection[str], behind: Collection[str]
    ) -> list[tuple[int, str, int]]:
        found: list[tuple[int, str, int]] = []
        if ids:
            run, wanted = self.connection.execute, as_set(ids)
            if ahead:
                found += run(SQL.neighbours_ahead, (wanted, as_set(ahead)))
            if behind:
                found += run(SQL.neighbours_behind, (wanted, as_set(behind)))
        return found

    def with_lineage(
        self,
        ids: Collection[int],
        inputs: tuple[Collection[str], Collection[str]],
        outputs: tuple[Collection[str], Collection[str]],
    ) -> set[int]:
        numbers = [self._known_numbers(names) for names in (*inputs, *outputs)]
        if not ids or not any(numbers[:2]) or not any(numbers[2:]):
            return set()
        wanted = (as_set(ids), *map(as_set, numbers))
        return {own for (own,) in self.connection.execute(SQL.with_lineage, wanted)}

    def link_at(self, relationship: int, end1: int, end2: int) -> Link | None:
        row = self.connection.execute(SQL.link_at, (relationship, end1, end2)).fetchone()
        return Link(*row) if row else None

    def has_tags(self) -> bool:
        [(found,)] = self.connection.execute(SQL.has_tags)
        return bool(found)

    def children(self, ids: Collection[int], ahead: Collection[str], behind: Collection[str]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        wanted = as_set(ids)
        for sql, names in ((SQL.children_ahead, ahead), (SQL.children_behind, behind)):
            if ids and (numbers := self._known_numbers(names)):
                found += self.connection.execute(sql, (wanted, as_set(numbers)))
        return found

    def connections_named(self, ids: Collection[int]) -> list[tuple[int, str | None]]:
        return list(self._ask_of(SQL.connections_named, ids))

    def types_stamp(self) -> str:
        row = self.connection.execute(SQL.types_stamp).fetchone()
        return str(row[0]) if row else ""

    def assets_by_type(self, type_names: Collection[str]) -> dict[str, int]:
        return dict(self._ask_of(SQL.assets_by_type, type_names))

    def links_by_relationship(self, names: Collection[str]) -> dict[str, int]:
        return dict(self._ask_of(SQL.links_by_relationship, names))

    def attachments_by_tag(self, tags: Collection[str]) -> dict[str, int]:
        return dict(self._ask_of(SQL.attachments_by_tag, tags))

    def attribute_holders(self, type_names: Collection[str], attribute: str, values: Collection[str] = ()) -> int:
        wanted = (as_set(type_names), f'$."{attribute}"', as_set(values) if values else None)
        [(count,)] = self.connection.execute(SQL.attribute_holders, wanted)
        return int(count)

    def custom_holders(self, custom_set: str, attribute: str = "", values: Collection[str] = ()) -> int:
        path = f'$."{custom_set}"' + (f'."{attribute}"' if attribute else "")
        [(count,)] = self.connection.execute(SQL.custom_holders, (path, as_set(values) if values else None))
        return int(count)

    def values(self) -> dict[str, str]:
        return raw.values(self.connection)

    def row_counts(self) -> dict[str, int]:
        return raw.row_counts(self.connection)

    def _known_numbers(self, names: Collection[str]) -> list[int]:
        """The numbers of those that any link has had."""
        known = self.names.relationships
        if any(name not in known for name in names):
            known.update(self.connection.execute(SQL.relationships))
        return [known[name] for name in names if name in known]

    def _known_number(self, name: str) -> int | None:
        number = self.names.relationships.get(name)
        if number is None:
            self.names.relationships.update(self.connection.execute(SQL.relationships))
            number = self.names.relationships.get(name)
        return number


class SqliteSnapshot(SqliteReader):
    """Implements ``Snapshot``: one read transaction."""

    def head(self) -> int:
        row = self.connection.execute(SQL.log_head).fetchone()
        return row[0] if row else 0

    def log(
        self, after: int, limit: int, wanted: LogFilter, most_bytes: int = PAGE_BYTES
    ) -> tuple[list[LogRecord], int]:
        head = self.head()
        if wanted.is_open:
            found, _ = self._page(SQL.log_page, (after, limit), most_bytes)
            return found, found[-1].position if found else max(after, head)
        last = head if wanted.guid else min(head, after + POSITIONS_PER_READ)
        parameters = _filter_parameters(wanted) | {"after": after, "last": last, "limit": limit}
        found, cut = self._page(SQL.log_of_guid if wanted.guid else SQL.log_filtered, parameters, most_bytes)
        return found, found[-1].position if cut or len(found) == limit else max(after, last)

    def _page(self, sql: str, parameters: Any, most_bytes: int) -> tuple[list[LogRecord], bool]:
        """Records until they are too large together, and whether they were."""
        found: list[LogRecord] = []
        size = 0
        for record in self._records(sql, parameters):
            size += len(record.message) + len(record.detail)
            if found and size > most_bytes:
                return found, True
            found.append(record)
        return found, False

    def _records(self, sql: str, parameters: Any) -> Iterator[LogRecord]:
        return (
            LogRecord(
                position, time, OPERATIONS[operation], guid, type_name, qualified_name,
                opening + ending if filler is None else b"".join((opening, self._filler(filler), ending)), detail,
            )
            for position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail
            in self.connection.execute(sql, parameters)
        )  # fmt: skip

    def _filler(self, number: int) -> bytes:
        known = self.names.fillers.get(number)
        if known is None:
            newest = max(self.names.fillers, default=0)
            self.names.fillers.update(self.connection.execute(SQL.fillers, (newest if number > newest else 0,)))
            known = self.names.fillers[number]
        return known

    def position_at(self, time: int) -> int:
        return first_at(time, self.log_start(), self.head() + 1, self._time_of)

    def _time_of(self, position: int) -> int:
        [(time,)] = self.connection.execute(SQL.log_time, (position,))
        return int(time)

    def log_bytes(self, after: int, last: int) -> int:
        [(size,)] = self.connection.execute(SQL.log_bytes, (after, last))
        return int(size)

    def list_assets(self, query: AssetQuery) -> list[Asset]:
        parameters = {
            # From where the page before ended: the index is entered by this bound, not by the pair to continue behind.
            "name_from": max(query.name_prefix, query.after[0]),
            "name_to": query.name_prefix + _END,
            "after_name": query.after[0],
            "after_type": query.after[1],
            "type_names": as_set(query.type_names) if query.type_names else None,
            "status": query.status,
            "limit": query.limit,
        }
        return [Asset(*row) for row in self.connection.execute(SQL.list_assets, parameters)]

    def counts(self) -> dict[str, int]:
        by_status = dict(self.connection.execute(SQL.count_assets))
        links = self.connection.execute(SQL.count_links).fetchone()
        return {"active": by_status.get(0, 0), "archived": by_status.get(1, 0), "links": links[0] if links else 0}

    def assets_in_guid_order(self, after: str, limit: int) -> list[Asset]:
        return [Asset(*row) for row in self.connection.execute(SQL.assets_in_guid_order, (after, limit))]

    def log_in_guid_order(self, after: tuple[str, int], limit: int) -> list[LogRecord]:
        return list(self._records(SQL.log_in_guid_order, (*after, limit)))

    def links_in_order(self, after: tuple[int, str, int], limit: int) -> list[Link]:
        return [Link(*row) for row in self.connection.execute(SQL.links_in_order, (*after, limit))]

    def rows(self, table: Table, after: Row, limit: int, most_bytes: int = PAGE_BYTES) -> list[Row]:
        return raw.rows(self.connection, table, after, limit, most_bytes)

    def damage(self) -> list[str]:
        found = []
        try:
            for (line,) in self.connection.execute("PRAGMA integrity_check"):
                found.append(str(line))
        except apsw.CorruptError as error:  # too damaged for the check itself
            found.append(str(error))
        return [] if found == ["ok"] else found


def _filter_parameters(wanted: LogFilter) -> dict[str, Any]:
    numbers = [OPERATION_NUMBERS[name] for name in wanted.operations if name in OPERATION_NUMBERS]
    return {
        "operations": as_set(numbers) if wanted.operations else None,
        "type_names": as_set(wanted.type_names) if wanted.type_names else None,
        "guid": wanted.guid,
        "name_from": wanted.name_prefix,
        "name_to": wanted.name_prefix + _END,
        "since": wanted.since,
        "until": wanted.until,
    }
