"""A SQLite file, crawled, changed and crawled again: exactly the events of the changes."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from tests.crawl.catalog import ME, TYPES, MemoryCatalog
from tests.crawl.databases import SqliteFile
from tidings.client import Client
from tidings.crawl import Catalog, CrawlReport, crawl
from tidings.crawl.source import refuse_all_but_broken_views
from tidings.model.errors import ClientError, Conflict, UnknownName
from tidings.write.commands import Delete, Target
from tidings.write.submit import submit

ASSETS = 3 + 3 + 2 + 3 + 2  # connection, database, schema; tables and view; columns of each


def _moment() -> float:
    return 1_700_000_000.9


def test_the_first_crawl_creates_everything_once(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    report = crawl(catalog, shop.url, now=_moment)

    connection = "default/sqlite/1700000000"
    assert report == CrawlReport(connection, ASSETS, ASSETS, 0, 0, 0, 0, requests=1)
    assert catalog.events() == [
        ("CREATE", "Connection", "1700000000"),
        ("CREATE", "Database", "shop"),
        ("CREATE", "Schema", "main"),
        ("CREATE", "Table", "customer"),
        ("CREATE", "Column", "id"),
        ("CREATE", "Column", "name"),
        ("CREATE", "Table", "purchase"),
        ("CREATE", "Column", "id"),
        ("CREATE", "Column", "customer"),
        ("CREATE", "Column", "total"),
        ("CREATE", "View", "totals"),
        ("CREATE", "Column", "customer"),
        ("CREATE", "Column", "spent"),
    ]


def test_what_is_known_of_a_column(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    crawl(catalog, shop.url, now=_moment)

    schema = "default/sqlite/1700000000/shop/main"
    common = {
        "connectionQualifiedName": "default/sqlite/1700000000",
        "connectorName": "sqlite",
        "databaseName": "shop",
        "databaseQualifiedName": "default/sqlite/1700000000/shop",
        "schemaName": "main",
        "schemaQualifiedName": schema,
        "status": "ACTIVE",
    }
    total = catalog.find("Column", "purchase/total")
    assert total.pop("guid")
    assert total == common | {
        "name": "total",
        "qualifiedName": f"{schema}/purchase/total",
        "tableName": "purchase",
        "tableQualifiedName": f"{schema}/purchase",
        "order": 3,
        "isIndexed": True,
        "dataType": "NUMERIC",
        "rawDataTypeDefinition": "NUMERIC(10, 2)",
        "precision": 10,
        "numericScale": 2.0,
    }
    name = catalog.find("Column", "customer/name")
    assert (name["maxLength"], name["defaultValue"], name["isNullable"]) == (40, "'nobody'", False)
    assert catalog.find("Column", "purchase/id")["isPrimary"] is True
    assert catalog.find("Column", "purchase/customer")["isForeign"] is True
    assert catalog.find("Column", "totals/spent")["viewQualifiedName"] == f"{schema}/totals"


def test_counts_and_places(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    crawl(catalog, shop.url)

    database, schema = catalog.find("Database", "shop"), catalog.find("Schema", "main")
    assert (database["schemaCount"], database["sourceURL"]) == (1, f"sqlite:///{shop.path}")
    assert (schema["tableCount"], schema["viewsCount"]) == (2, 1)
    assert catalog.find("Table", "purchase")["columnCount"] == 3
    assert catalog.find("View", "totals")["definition"].startswith("CREATE VIEW totals AS")


def test_nothing_changed_means_no_event(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    first = crawl(catalog, shop.url)
    head = catalog.store.head()

    report = crawl(catalog, shop.url)

    assert catalog.store.head() == head
    assert report == CrawlReport(first.connection, ASSETS, 0, 0, 0, 0, ASSETS, requests=1)


CHANGES = {
    "add column": (
        ["ALTER TABLE customer ADD COLUMN city TEXT"],
        [("CREATE", "Column", "city"), ("UPDATE", "Table", "customer")],
    ),
    "drop last column": (
        ["DROP VIEW totals", "DROP INDEX purchase_total", "ALTER TABLE purchase DROP COLUMN total"],
        [
            ("DELETE", "Column", "spent"),
            ("DELETE", "Column", "customer"),
            ("DELETE", "View", "totals"),
            ("DELETE", "Column", "total"),
            ("UPDATE", "Schema", "main"),
            ("UPDATE", "Table", "purchase"),
        ],
    ),
    "rename column": (
        ["ALTER TABLE customer RENAME COLUMN name TO title"],
        [("DELETE", "Column", "name"), ("CREATE", "Column", "title"), ("UPDATE", "Table", "customer")],
    ),
    "create table": (
        ["CREATE TABLE visit (at TIMESTAMP)"],
        [("CREATE", "Table", "visit"), ("CREATE", "Column", "at"), ("UPDATE", "Schema", "main")],
    ),
    "drop table": (
        ["DROP TABLE customer"],
        [
            ("DELETE", "Column", "name"),
            ("DELETE", "Column", "id"),
            ("DELETE", "Table", "customer"),
            ("UPDATE", "Schema", "main"),
        ],
    ),
    "other type": (
        ["DROP VIEW totals", "CREATE VIEW totals AS SELECT customer, 'much' AS spent FROM purchase"],
        [("UPDATE", "View", "totals")],
    ),
    "default dropped": (
        ["DROP TABLE customer", "CREATE TABLE customer (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL)"],
        [("UPDATE", "Column", "name")],
    ),
    "index dropped": (["DROP INDEX purchase_total"], [("UPDATE", "Column", "total")]),
    "a view takes the place of a table": (
        ["DROP TABLE customer", "CREATE VIEW customer AS SELECT 1 AS id"],
        [
            ("DELETE", "Column", "name"),
            ("DELETE", "Table", "customer"),
            ("CREATE", "View", "customer"),
            ("UPDATE", "Schema", "main"),
            ("UPDATE", "Column", "id"),
        ],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_exactly_the_events_of_a_change(catalog: MemoryCatalog, shop: SqliteFile, change: str) -> None:
    statements, expected = CHANGES[change]
    crawl(catalog, shop.url)
    head = catalog.store.head()
    shop.run(*statements)

    report = crawl(catalog, shop.url)

    assert catalog.events(after=head) == expected
    kinds = [operation for operation, _, _ in expected]
    assert (report.created, report.archived, report.updated) == tuple(map(kinds.count, ("CREATE", "DELETE", "UPDATE")))
    assert report.unchanged == report.assets_seen - report.created - report.updated
    crawl(catalog, shop.url)
    assert len(catalog.events(after=head)) == len(expected)


def test_what_comes_back_is_restored(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    crawl(catalog, shop.url)
    guid = catalog.find("Table", "customer")["guid"]
    shop.run("DROP TABLE customer")
    crawl(catalog, shop.url)
    assert catalog.find("Table", "customer")["status"] == "DELETED"
    head = catalog.store.head()
    shop.run("CREATE TABLE customer (id INTEGER PRIMARY KEY, email TEXT)")

    report = crawl(catalog, shop.url)

    assert catalog.events(after=head) == [
        ("CREATE", "Column", "email"),
        ("UPDATE", "Schema", "main"),
        ("RESTORE", "Table", "customer"),
        ("RESTORE", "Column", "id"),
    ]
    assert (report.created, report.restored, report.updated, report.archived) == (1, 2, 1, 0)
    assert catalog.find("Table", "customer")["guid"] == guid
    assert catalog.find("Column", "customer/name")["status"] == "DELETED"


def test_table_and_view_change_places_for_ever(catalog: MemoryCatalog, tmp_path: Path) -> None:
    database = SqliteFile(tmp_path / "x.db")
    table, view = "CREATE TABLE t (a INTEGER)", "CREATE VIEW t AS SELECT 1 AS a"
    steps = [(table,), ("DROP TABLE t", view), ("DROP VIEW t", table), ("DROP TABLE t", view)]
    told = []
    for statements in steps:
        database.run(*statements)
        head = catalog.store.head()
        crawl(catalog, database.url)
        told.append(catalog.events(after=head))
        assert crawl(catalog, database.url).updated == 0

    assert told[1:] == [
        [("DELETE", "Table", "t"), ("CREATE", "View", "t"), ("UPDATE", "Schema", "main"), ("UPDATE", "Column", "a")],
        [("DELETE", "View", "t"), ("UPDATE", "Schema", "main"), ("RESTORE", "Table", "t"), ("UPDATE", "Column", "a")],
        [("DELETE", "Table", "t"), ("UPDATE", "Schema", "main"), ("RESTORE", "View", "t"), ("UPDATE", "Column", "a")],
    ]
    assert "tableName" not in catalog.find("Column", "t/a")


def test_a_default_that_was_dropped_is_cleared(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    crawl(catalog, shop.url)
    shop.run("DROP TABLE customer", "CREATE TABLE customer (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL)")

    crawl(catalog, shop.url)

    assert "defaultValue" not in catalog.find("Column", "customer/name")


def test_an_archived_catalog_is_filled_again(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    first = crawl(catalog, shop.url)
    everything = [Target(guid=one["guid"]) for one in catalog.assets()]
    submit(catalog.store, TYPES, Delete(everything), ME)

    report = crawl(catalog, shop.url)

    assert (report.connection, report.restored, report.updated) == (first.connection, ASSETS, 0)


@pytest.mark.parametrize("change", [(), ("DROP TABLE customer", "CREATE VIEW customer AS SELECT 1 AS id")])
def test_a_dry_run_tells_and_leaves_no_trace(catalog: MemoryCatalog, shop: SqliteFile, change: tuple[str, ...]) -> None:
    if change:
        crawl(catalog, shop.url, now=_moment)
        shop.run(*change)
    head = catalog.store.head()

    told = crawl(catalog, shop.url, dry_run=True, now=_moment)

    assert catalog.store.head() == head
    assert told == crawl(catalog, shop.url, now=_moment)


@pytest.fixture
def wide(tmp_path: Path) -> SqliteFile:
    """60 tables of 40 columns: more than one request holds."""
    wide = SqliteFile(tmp_path / "wide.db")
    columns = ", ".join(f"c{number} INTEGER" for number in range(40))
    wide.run(*(f"CREATE TABLE t{number:02} ({columns})" for number in range(60)))
    return wide


def test_many_assets_go_in_several_requests(catalog: MemoryCatalog, wide: SqliteFile) -> None:
    told = crawl(catalog, wide.url, dry_run=True, now=_moment)
    report = crawl(catalog, wide.url, now=_moment)

    assert report == told
    assert (report.assets_seen, report.created, report.requests) == (2463, 2463, 2)
    events = catalog.events()
    assert len(events) == 2463 + 1
    # The second request brings the schema more tables, of which it hears once.
    assert [event for event in events if event[0] != "CREATE"] == [("UPDATE", "Schema", "main")]
    assert crawl(catalog, wide.url).unchanged == 2463


class _Interrupted(MemoryCatalog):
    """Its second save does not arrive."""

    def save(self, entities: list[dict[str, Any]], *, dry_run: bool = False) -> dict[str, Any]:
        if len(self.requests) == 1:
            self.requests.append(0)
            raise ClientError("the server went away")
        return super().save(entities, dry_run=dry_run)


def test_a_crawl_that_broke_off_is_finished_by_the_next(wide: SqliteFile) -> None:
    catalog = _Interrupted()
    with contextlib.closing(catalog.store):
        with pytest.raises(ClientError, match="went away"):
            crawl(catalog, wide.url)

        report = crawl(catalog, wide.url)

        assert (report.created + report.unchanged + report.updated, report.archived) == (2463, 0)
        created = [event for event in catalog.events() if event[0] == "CREATE"]
        assert len(created) == 2463


def test_many_assets_are_archived_with_their_tables(catalog: MemoryCatalog, wide: SqliteFile) -> None:
    crawl(catalog, wide.url)
    head = catalog.store.head()
    wide.run(*(f"DROP TABLE t{number:02}" for number in range(60)))
    stages: list[tuple[str, int, int]] = []

    report = crawl(catalog, wide.url, progress=lambda *step: stages.append(step))

    assert (report.archived, report.updated, report.requests) == (60 * 41, 1, 3)
    deleted = [type_name for operation, type_name, _ in catalog.events(after=head) if operation == "DELETE"]
    assert deleted == [*["Column"] * 40, "Table"] * 60
    assert len(catalog.events(after=head)) == len(deleted) + 1
    assert stages == [
        ("read", 0, 1),
        ("read", 1, 1),
        ("list", 1000, 0),
        ("list", 2000, 0),
        ("list", 2463, 2463),
        ("archive", 0, 2460),
        ("archive", 2000, 2460),
        ("archive", 2460, 2460),
        ("save", 0, 3),
        ("save", 3, 3),
    ]


def test_a_connection_is_found_by_name_or_qualified_name(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    first = crawl(catalog, shop.url, connection="Our shop", now=_moment)
    again = crawl(catalog, shop.url, connection="Our shop")
    by_name = crawl(catalog, shop.url, connection="default/sqlite/1700000000")
    other = crawl(catalog, shop.url, connection="Another", now=_moment)

    assert [one.connection for one in (first, again, by_name)] == ["default/sqlite/1700000000"] * 3
    assert (again.unchanged, by_name.unchanged) == (ASSETS, ASSETS)
    assert (other.connection, other.created) == ("default/sqlite/1700000001", ASSETS)
    assert catalog.find("Connection", "1700000000")["name"] == "Our shop"


def test_a_qualified_name_that_no_connection_has(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    with pytest.raises(UnknownName, match="default/sqlite/7"):
        crawl(catalog, shop.url, connection="default/sqlite/7")


def test_two_connections_of_one_name_are_told_apart_by_qualified_name(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    names = ("default/sqlite/1", "default/sqlite/2")
    catalog.save([{"typeName": "Connection", "attributes": {"name": "twin", "qualifiedName": one}} for one in names])

    with pytest.raises(Conflict, match="default/sqlite/1, default/sqlite/2"):
        crawl(catalog, shop.url, connection="twin")

    assert crawl(catalog, shop.url, connection="default/sqlite/2").connection == "default/sqlite/2"


def test_an_active_connection_is_preferred_to_an_archived_one(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    names = ("default/sqlite/1", "default/sqlite/2")
    catalog.save([{"typeName": "Connection", "attributes": {"name": "twin", "qualifiedName": one}} for one in names])
    catalog.delete([catalog.find("Connection", "1")["guid"]])

    assert crawl(catalog, shop.url, connection="twin").connection == "default/sqlite/2"


def test_what_people_say_of_a_connection_stays(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    said = {"name": "shop", "qualifiedName": "default/sqlite/1", "category": "warehouse", "userDescription": "Ours"}
    catalog.save([{"typeName": "Connection", "attributes": said}])

    report = crawl(catalog, shop.url)

    assert (report.connection, report.created, report.updated) == ("default/sqlite/1", ASSETS - 1, 1)
    assert catalog.find("Connection", "1").items() >= said.items()


def test_databases_that_share_a_connection_leave_each_other_alone(
    catalog: MemoryCatalog, shop: SqliteFile, tmp_path: Path
) -> None:
    other = SqliteFile(tmp_path / "shop2.db")
    other.run("CREATE TABLE stock (id INTEGER)")
    crawl(catalog, shop.url, connection="all")

    report = crawl(catalog, other.url, connection="all")

    assert (report.archived, report.created, report.unchanged) == (0, 4, 1)
    assert crawl(catalog, shop.url, connection="all").unchanged == ASSETS


def test_files_of_one_name_are_not_confused(catalog: MemoryCatalog, shop: SqliteFile, tmp_path: Path) -> None:
    crawl(catalog, shop.url)
    (tmp_path / "elsewhere").mkdir()
    other = SqliteFile(tmp_path / "elsewhere" / "shop.db")
    other.run("CREATE TABLE stock (id INTEGER)")
    head = catalog.store.head()

    with pytest.raises(Conflict, match="already holds the database of that name at sqlite:///"):
        crawl(catalog, other.url)

    assert catalog.store.head() == head
    assert crawl(catalog, other.url, connection="shop").archived == 10


ODD = {
    "no table": ([], []),
    "slashes": (
        ['CREATE TABLE "a/b" ("c" INTEGER)', 'CREATE TABLE a ("b/c" INTEGER)', 'CREATE TABLE "a%2Fb" ("d\ne" INTEGER)'],
        ["a", "a%252Fb", "a%252Fb/d%0Ae", "a%2Fb", "a%2Fb/c", "a/b%2Fc"],
    ),
    "empty names": (['CREATE TABLE "" ("" INTEGER)'], ["", "/"]),
    "a view on nothing": (
        ["CREATE TABLE gone (x)", "CREATE VIEW ghost AS SELECT x FROM gone", "DROP TABLE gone", "CREATE TABLE t (x)"],
        ["ghost", "t", "t/x"],
    ),
    "only a view on nothing": (
        ["CREATE TABLE gone (x)", "CREATE VIEW ghost AS SELECT x FROM gone", "DROP TABLE gone"],
        ["ghost"],
    ),
    "an index on an expression": (
        ["CREATE TABLE t (x INTEGER)", "CREATE INDEX i ON t (abs(x))"],
        ["t", "t/x"],
    ),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_databases(catalog: MemoryCatalog, tmp_path: Path, odd: str) -> None:
    statements, expected = ODD[odd]
    database = SqliteFile(tmp_path / "odd.db")
    database.run("PRAGMA user_version = 1", *statements)

    report = crawl(catalog, database.url, now=_moment)

    prefix = f"{report.connection}/odd/main/"
    names = [one["attributes"]["qualifiedName"] for one in catalog.assets(name_prefix=prefix)]
    assert [name.removeprefix(prefix) for name in names] == expected
    assert crawl(catalog, database.url).unchanged == report.assets_seen


@pytest.mark.parametrize("reads", range(1, 20))
def test_a_damaged_file_is_not_an_empty_one(catalog: MemoryCatalog, shop: SqliteFile, reads: int) -> None:
    crawl(catalog, shop.url)
    head = catalog.store.head()
    size = shop.path.stat().st_size
    with shop.path.open("r+b") as file:
        file.truncate(size * reads // 20)

    with contextlib.suppress(ClientError):  # the last pages hold indexes, which nobody reads
        assert crawl(catalog, shop.url).archived == 0

    assert catalog.store.head() == head


@pytest.mark.parametrize("fault", [sqlite3.OperationalError("database is locked"), OSError("gone")])
def test_only_a_broken_view_passes_for_one_without_columns(fault: Exception) -> None:
    error = DBAPIError("PRAGMA table_xinfo", None, fault)

    with pytest.raises(DBAPIError):
        refuse_all_but_broken_views(error)


def test_a_locked_database(catalog: MemoryCatalog, shop: SqliteFile) -> None:
    with contextlib.closing(sqlite3.connect(shop.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ClientError, match="is locked"):
            crawl(catalog, f"{shop.url}?timeout=0")


def test_a_column_without_a_type(catalog: MemoryCatalog, tmp_path: Path) -> None:
    database = SqliteFile(tmp_path / "loose.db")
    database.run("CREATE TABLE t (anything)")

    crawl(catalog, database.url)

    assert "dataType" not in catalog.find("Column", "t/anything")


def test_the_client_is_a_catalog() -> None:
    kind: type[Catalog] = Client  # the type checker proves it

    assert {"save", "delete", "assets"} <= set(dir(kind))
