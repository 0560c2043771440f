"""Rows of the file as they are, and the catalog's own values: what a copy reads and writes."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from tidings.store.statements import Statements
from tidings.store.tables import TABLES, Row, Table, until_large

SQL = Statements("tidings.store.sqlite", "raw.sql")
_ROWS: dict[str, str] = {table.name: getattr(SQL, f"rows_of_{table.name}") for table in TABLES}
_FILL: dict[str, str] = {table.name: getattr(SQL, f"fill_{table.name}") for table in TABLES}


def rows(connection: apsw.Connection, table: Table, after: Row, limit: int, most_bytes: int) -> list[Row]:
    return until_large(connection.execute(_ROWS[table.name], (*after, limit)), most_bytes)


def row_counts(connection: apsw.Connection) -> dict[str, int]:
    cursor = connection.execute(SQL.row_counts)
    return dict(zip((name for name, _ in cursor.getdescription()), next(cursor), strict=True))


def fill(connection: apsw.Connection, table: Table, found: Sequence[Row]) -> None:
    connection.executemany(_FILL[table.name], found)


def values(connection: apsw.Connection) -> dict[str, str]:
    return dict(connection.execute(SQL.catalog_values))


def set_value(connection: apsw.Connection, name: str, value: str | None) -> None:
    if value is None:
        connection.execute(SQL.forget_value, (name,))
    else:
        connection.execute(SQL.keep_value, (name, value))
