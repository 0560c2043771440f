"""Rows of the schema as they are, and the catalog's own values: what a copy reads and writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from tidings.store.postgres.keys import glossary_key_of
from tidings.store.postgres.wire import Wire
from tidings.store.statements import Statements
from tidings.store.tables import ASSET, TABLES, Row, Table, until_large

SQL = Statements("tidings.store.postgres", "raw.sql")
_LONG = frozenset({"filler", "asset", "link", "attachment", "log", "definition", "task"})
"""Tables of whose rows the server sends no more than are wanted together."""
_ROWS: dict[str, str] = {table.name: getattr(SQL, f"rows_of_{table.name}") for table in TABLES}
_FILL: dict[str, str] = {table.name: getattr(SQL, f"fill_{table.name}") for table in TABLES}
_SMALL: Mapping[str, str] = dict.fromkeys(("version", "relationship", "number"), "int4") | dict.fromkeys(
    ("status", "operation", "propagate", "remove_on_delete", "restrict_lineage", "restrict_hierarchy", "gone"), "int2"
)
_KINDS: Mapping[type, str] = {int: "int8", str: "text", bytes: "bytea"}


def types_of(table: Table) -> list[str]:
    """PostgreSQL's types of a table's columns; an asset has one more, which only this body knows."""
    found = [_SMALL.get(name, _KINDS[kind]) for name, kind in table.columns.items()]
    return [*found, "bytea"] if table is ASSET else found


def rows(wire: Wire, table: Table, after: Row, limit: int, most_bytes: int) -> list[Row]:
    bound = (most_bytes,) if table.name in _LONG else ()
    return until_large(wire.rows(_ROWS[table.name], *after, limit, *bound), most_bytes)


def row_counts(wire: Wire) -> dict[str, int]:
    return {table.name: count for table, count in zip(TABLES, wire.rows(SQL.row_counts)[0], strict=True)}


def fill(wire: Wire, table: Table, found: Sequence[Row]) -> None:
    wire.copy(_FILL[table.name], types_of(table), map(_with_key, found) if table is ASSET else found)


def _with_key(row: Row) -> Row:
    return (*row, glossary_key_of(cast(str, row[2]), cast(bytes, row[10])))


def values(wire: Wire) -> dict[str, str]:
    return dict(wire.rows(SQL.catalog_values))


def set_value(wire: Wire, name: str, value: str | None) -> None:
    if value is None:
        wire.later(SQL.forget_value, name)
    else:
        wire.later(SQL.keep_value, name, value)
