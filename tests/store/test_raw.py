"""Rows as they are: read in the order of keys, written again exactly, and what the catalog counts goes on behind them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from operator import methodcaller
from typing import cast

import pytest

from tests.catalog import TABLE, Catalog, entity
from tests.postgres import connect, open_store
from tests.store.furnished import furnish
from tests.store.rows import adding, asset
from tidings.model.errors import StoreError
from tidings.store.base import Store, Transaction
from tidings.store.comparing import all_rows
from tidings.store.sqlite import SqliteStore
from tidings.store.tables import ASSET, LINK, LOG, NOT_CARRIED, TABLES, Row, Table, Value


@pytest.fixture(scope="module")
def furnished() -> Iterator[Store]:
    store = SqliteStore(None)
    furnish(store)
    yield store
    store.close()


def contents(store: Store) -> dict[str, list[Row]]:
    with store.snapshot() as snapshot:
        return {table.name: list(all_rows(snapshot, table)) for table in TABLES}


def pour(source: Store, target: Store) -> None:
    for table in TABLES:
        rows = contents(source)[table.name]
        target.transact(methodcaller("fill", table, rows))
    with source.snapshot() as snapshot:
        values = snapshot.values()
    for name, value in values.items():
        target.transact(methodcaller("set_value", name, value))


def test_every_row_comes_in_the_order_of_its_key(store: Store) -> None:
    furnish(store)

    for name, rows in contents(store).items():
        table = next(one for one in TABLES if one.name == name)
        keys = [table.key(row) for row in rows]
        assert (name, bool(rows)) == (name, True)
        assert keys == sorted(set(keys), key=_by_bytes)


def _by_bytes(key: Row) -> list[Value]:
    return [part.encode() if isinstance(part, str) else part for part in key]


@pytest.mark.parametrize("size", [1, 3])
def test_pages_of_any_size_give_the_same(store: Store, size: int) -> None:
    furnish(store, 4)
    whole = contents(store)
    with store.snapshot() as snapshot:
        for table in TABLES:
            found: list[Row] = []
            after = table.start
            while page := snapshot.rows(table, after, size):
                assert len(page) <= size
                found += page
                after = table.key(page[-1])
            assert found == whole[table.name]


def test_a_page_is_bounded_by_its_bytes_but_never_empty(store: Store) -> None:
    store.transact(adding(*(asset(number, text="x" * 1_000) for number in range(1, 6))))

    with store.snapshot() as snapshot:
        assert [row[0] for row in snapshot.rows(ASSET, ASSET.start, 10, 2_500)] == [1, 2]
        assert [row[0] for row in snapshot.rows(ASSET, (2,), 10, 1)] == [3]
        assert snapshot.rows(ASSET, (5,), 10, 1) == []


def test_rows_are_counted(store: Store, furnished: Store) -> None:
    pour(furnished, store)

    with store.snapshot() as snapshot:
        assert snapshot.row_counts() == {name: len(rows) for name, rows in contents(furnished).items()}


def test_rows_are_written_exactly(store: Store, furnished: Store) -> None:
    pour(furnished, store)

    there, wanted = contents(store), contents(furnished)
    assert there == wanted
    assert kinds(there) == kinds(wanted)
    with store.snapshot() as snapshot, furnished.snapshot() as other:
        assert snapshot.values() == other.values()


def kinds(rows: dict[str, list[Row]]) -> dict[str, list[list[type]]]:
    return {name: [list(map(type, row)) for row in found] for name, found in rows.items()}


def test_each_value_is_of_the_kind_that_its_column_has(store: Store, furnished: Store) -> None:
    pour(furnished, store)

    for table in TABLES:
        for row in contents(store)[table.name]:
            for value, kind in zip(row, table.columns.values(), strict=True):
                assert value is None or type(value) is kind, (table.name, row)


EXTREMES: list[tuple[Table, Row]] = [
    (ASSET, (2**62, "g" * 36, "Täble", "n" * 16_000 + "ß", 1, 2**31 - 1, 2**50, "", 0, "\U0001f600", b"", None, None)),
    (ASSET, (1, "g", "T", "q\n\t\\", 0, 1, 0, "a", 0, "b", bytes(range(256)), b"{}", "c" * 16_000)),
    (LINK, (1, 1, 2**62, None)),
    (LINK, (1, 2, 1, b"\x00\xff")),
    (LOG, (2**53, 1, 0, "", "", "", None, b"", b"\x00", bytes(100_000))),
]


@pytest.mark.parametrize(("table", "row"), EXTREMES)
def test_values_travel_whatever_they_are(store: Store, table: Table, row: Row) -> None:
    store.transact(lambda tx: tx.fill(table, [row]))

    with store.snapshot() as snapshot:
        assert snapshot.rows(table, table.start, 10) == [row]


def test_a_key_that_is_there_is_refused_and_nothing_is_written(store: Store, furnished: Store) -> None:
    rows = contents(furnished)["asset"]
    store.transact(lambda tx: tx.fill(ASSET, rows[3:4]))

    with pytest.raises(StoreError):
        store.transact(lambda tx: tx.fill(ASSET, rows))

    assert contents(store)["asset"] == rows[3:4]


def test_the_log_and_the_ids_go_on_behind_what_was_filled(store: Store, furnished: Store) -> None:
    pour(furnished, store)
    with furnished.snapshot() as snapshot:
        values, head = snapshot.values(), snapshot.head()
        clock = cast(int, snapshot.rows(LOG, (head - 1,), 1)[0][1])
    last = {name: cast(int, rows[-1][0]) for name, rows in contents(furnished).items() if rows}

    def look(tx: Transaction) -> tuple[int, int, int]:
        return tx.new_ids(1)[0], tx.new_attachment_ids(1)[0], tx.relationship_number("new")

    assert store.head() == head
    drawn = (int(values["highest_purged_id"]) + 1, last["attachment"] + 1, last["relationship"] + 1)
    assert store.transact(look) == drawn
    assert store.transact(lambda tx: tx.now) >= clock
    assert store.transact(adding(asset(10**6))) == head + 1


def test_a_catalog_that_was_filled_is_sound_and_is_written_to_as_its_source(store: Store, furnished: Store) -> None:
    pour(furnished, store)
    it = Catalog(store)

    assert it.inspect().is_sound
    it.save(entity("Table", TABLE, description="new"), entity("Table", f"{TABLE}/new"))
    assert it.inspect().is_sound


def test_values_of_the_catalog(store: Store) -> None:
    store.transact(lambda tx: tx.set_value("colour", "red"))
    store.transact(lambda tx: tx.set_value("colour", "blue"))
    with store.snapshot() as snapshot:
        assert snapshot.values() == {"catalog_id": store.catalog_id(), "colour": "blue"}
    assert store.transact(lambda tx: tx.values()["colour"]) == "blue"

    store.transact(lambda tx: tx.set_value("colour", None))
    store.transact(lambda tx: tx.set_value("colour", None))

    with store.snapshot() as snapshot:
        assert list(snapshot.values()) == ["catalog_id"]


# --- nothing is forgotten ------------------------------------------------------------------------------------------------

CARRIED = {table.name: set(table.columns) for table in TABLES}


def columns(found: Iterable[tuple[object, ...]]) -> dict[str, set[str]]:
    """Tables of a database with their columns, without those that are not carried."""
    tables: dict[str, set[str]] = {}
    for name, column in found:
        tables.setdefault(str(name), set()).add(str(column))
    assert set(NOT_CARRIED) <= tables.keys()
    return {name: found for name, found in tables.items() if name not in NOT_CARRIED}


def test_every_table_and_column_of_the_file_is_carried(furnished: Store) -> None:
    with contextlib.closing(sqlite3.connect(cast(SqliteStore, furnished).path)) as connection:
        found = connection.execute(
            "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'"
        ).fetchall()

    assert columns(found) == CARRIED


def test_every_table_and_column_of_the_schema_is_carried(postgres_url: str) -> None:
    open_store(postgres_url).close()
    with connect(postgres_url) as connection:
        found = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        ).fetchall()

    carried = columns(found)
    assert carried.pop("migration") == {"number"}  # the form of the schema itself
    assert carried.pop("asset") == CARRIED["asset"] | {"glossary_key"}  # made of the attributes
    assert carried == {name: found for name, found in CARRIED.items() if name != "asset"}
