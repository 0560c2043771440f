"""A real PostgreSQL: its own system catalog whole, then tables of ours through real DDL."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.crawl.catalog import MemoryCatalog
from tests.crawl.databases import Postgres
from tidings.crawl import crawl
from tidings.model.errors import ClientError

pytestmark = pytest.mark.postgres

RELATIONS = """
    SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('pg_catalog', 'information_schema', 'public') AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
"""
COLUMNS = """
    SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('pg_catalog', 'information_schema', 'public') AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
    AND a.attnum > 0 AND NOT a.attisdropped
"""
NAMELESS = ("dataType", "rawDataTypeDefinition")


def test_its_own_system_catalog(catalog: MemoryCatalog, postgres: Postgres) -> None:
    report = crawl(catalog, postgres.url, system=True)

    types = Counter(one["typeName"] for one in catalog.assets())
    assert types["Table"] + types["View"] == postgres.ask(RELATIONS) > 200
    assert types["Column"] == postgres.ask(COLUMNS) > 2_000
    assert (types["Database"], types["Schema"]) == (1, 3)
    assert report.created == report.assets_seen == types.total()
    columns = [one["attributes"] for one in catalog.assets(type_names=("Column",))]
    assert [one["qualifiedName"] for one in columns if not all(one.get(key) for key in NAMELESS)] == []
    head = catalog.store.head()
    assert crawl(catalog, postgres.url, system=True).unchanged == report.assets_seen
    assert catalog.store.head() == head


def test_system_schemas_that_were_not_asked_for_are_left_alone(catalog: MemoryCatalog, postgres: Postgres) -> None:
    crawl(catalog, postgres.url, system=True)

    report = crawl(catalog, postgres.url)

    assert (report.archived, report.assets_seen) == (0, 3)


SHOP = (
    "CREATE SCHEMA sales",
    "CREATE TYPE mood AS ENUM ('fine', 'in no way fine')",
    "CREATE DOMAIN euro AS numeric(12, 2)",
    "CREATE TABLE sales.customer (id bigint PRIMARY KEY, name varchar(40) NOT NULL DEFAULT 'nobody', feels mood)",
    "CREATE TABLE sales.purchase (id serial PRIMARY KEY, customer bigint REFERENCES sales.customer, total euro)",
    "CREATE VIEW sales.names AS SELECT name FROM sales.customer",
    "CREATE MATERIALIZED VIEW sales.totals AS SELECT customer, sum(total) AS spent FROM sales.purchase GROUP BY 1",
    "COMMENT ON TABLE sales.customer IS 'Who buys'",
    "COMMENT ON COLUMN sales.customer.name IS 'As they call themselves'",
)


@pytest.fixture
def sales(postgres: Postgres) -> Postgres:
    postgres.run(*SHOP)
    return postgres


def test_what_postgres_tells(catalog: MemoryCatalog, sales: Postgres) -> None:
    crawl(catalog, sales.url)

    table, column = catalog.find("Table", "sales/customer"), catalog.find("Column", "customer/name")
    assert (table["description"], column["description"]) == ("Who buys", "As they call themselves")
    assert (column["dataType"], column["rawDataTypeDefinition"], column["maxLength"]) == ("VARCHAR", "VARCHAR(40)", 40)
    assert column["defaultValue"] == "'nobody'::character varying"
    assert catalog.find("Column", "customer/id")["isPrimary"] is True
    assert catalog.find("Column", "purchase/customer")["isForeign"] is True
    assert catalog.find("Column", "customer/feels")["dataType"] == "MOOD"
    assert "maxLength" not in catalog.find("Column", "customer/feels")
    assert catalog.find("Column", "purchase/total")["dataType"] == "EURO"
    assert "SELECT name" in catalog.find("View", "sales/names")["definition"]
    assert "sum" in catalog.find("MaterialisedView", "sales/totals")["definition"]
    assert catalog.find("Column", "totals/spent")["viewName"] == "totals"
    assert catalog.find("Schema", "shop/sales")["viewsCount"] == 2
    connection = next(catalog.assets(type_names=("Connection",)))["attributes"]
    assert connection["qualifiedName"].startswith("default/postgres/")
    assert connection["host"].startswith("/")


CHANGES = {
    "nothing": ((), []),
    "add column": (
        ("ALTER TABLE sales.customer ADD COLUMN city text",),
        [("CREATE", "Column", "city"), ("UPDATE", "Table", "customer")],
    ),
    "drop column in the middle": (
        ("DROP VIEW sales.names", "ALTER TABLE sales.customer DROP COLUMN name"),
        [
            ("DELETE", "Column", "name"),
            ("DELETE", "View", "names"),
            ("DELETE", "Column", "name"),
            ("UPDATE", "Schema", "sales"),
            ("UPDATE", "Table", "customer"),
            ("UPDATE", "Column", "feels"),  # it is the second now
        ],
    ),
    "other type": (
        ("ALTER TABLE sales.purchase ALTER COLUMN id TYPE bigint",),
        [("UPDATE", "Column", "id")],
    ),
    "nullable": (
        ("ALTER TABLE sales.customer ALTER COLUMN name DROP NOT NULL",),
        [("UPDATE", "Column", "name")],
    ),
    "default dropped": (
        ("ALTER TABLE sales.customer ALTER COLUMN name DROP DEFAULT",),
        [("UPDATE", "Column", "name")],
    ),
    "comments dropped": (
        ("COMMENT ON TABLE sales.customer IS NULL", "COMMENT ON COLUMN sales.customer.name IS NULL"),
        [("UPDATE", "Table", "customer"), ("UPDATE", "Column", "name")],
    ),
    "rename table": (
        ("ALTER TABLE sales.customer RENAME TO client",),
        [
            ("DELETE", "Column", "name"),
            ("DELETE", "Column", "id"),
            ("DELETE", "Column", "feels"),
            ("DELETE", "Table", "customer"),
            ("CREATE", "Table", "client"),
            ("CREATE", "Column", "id"),
            ("CREATE", "Column", "name"),
            ("CREATE", "Column", "feels"),
            ("UPDATE", "Schema", "sales"),
            ("UPDATE", "View", "names"),  # its query names the table
        ],
    ),
    "foreign key dropped": (
        ("ALTER TABLE sales.purchase DROP CONSTRAINT purchase_customer_fkey",),
        [("UPDATE", "Column", "customer")],
    ),
    "a view becomes materialised": (
        ("DROP VIEW sales.names", "CREATE MATERIALIZED VIEW sales.names AS SELECT name FROM sales.customer"),
        [
            ("DELETE", "View", "names"),
            ("CREATE", "MaterialisedView", "names"),
            ("UPDATE", "Schema", "sales"),
            ("UPDATE", "Column", "name"),
        ],
    ),
    "drop schema": (
        ("DROP SCHEMA sales CASCADE",),
        [
            ("DELETE", "Column", "spent"),
            ("DELETE", "Column", "customer"),
            ("DELETE", "MaterialisedView", "totals"),
            ("DELETE", "Column", "total"),
            ("DELETE", "Column", "id"),
            ("DELETE", "Column", "customer"),
            ("DELETE", "Table", "purchase"),
            ("DELETE", "Column", "name"),
            ("DELETE", "View", "names"),
            ("DELETE", "Column", "name"),
            ("DELETE", "Column", "id"),
            ("DELETE", "Column", "feels"),
            ("DELETE", "Table", "customer"),
            ("DELETE", "Schema", "sales"),
            ("UPDATE", "Database", "shop"),
        ],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_exactly_the_events_of_a_change(catalog: MemoryCatalog, sales: Postgres, change: str) -> None:
    statements, expected = CHANGES[change]
    crawl(catalog, sales.url)
    head = catalog.store.head()
    sales.run(*statements)

    crawl(catalog, sales.url)

    assert catalog.events(after=head) == expected


def test_what_was_dropped_is_cleared_and_restored_with_it(catalog: MemoryCatalog, sales: Postgres) -> None:
    crawl(catalog, sales.url)
    sales.run("DROP SCHEMA sales CASCADE", "DROP TYPE mood", "DROP DOMAIN euro")
    crawl(catalog, sales.url)
    sales.run(*SHOP[:-2])  # without the comments

    report = crawl(catalog, sales.url)

    assert (report.restored, report.updated, report.created) == (14, 1, 0)
    table, column = catalog.find("Table", "sales/customer"), catalog.find("Column", "customer/name")
    assert "description" not in table | column


def test_a_table_without_columns(catalog: MemoryCatalog, postgres: Postgres) -> None:
    postgres.run("CREATE TABLE nothing ()")

    crawl(catalog, postgres.url)

    assert catalog.find("Table", "public/nothing")["name"] == "nothing"


def test_a_type_that_nobody_announced_keeps_its_name(catalog: MemoryCatalog, postgres: Postgres) -> None:
    postgres.run(
        'CREATE TYPE "Point of sale" AS (x integer, y integer)',
        'CREATE TABLE odd (place "Point of sale", xmin_seen xid, tree int4multirange, label "char", many xid[])',
    )

    crawl(catalog, postgres.url)

    found = {one["attributes"]["name"]: one["attributes"]["dataType"] for one in catalog.assets(type_names=("Column",))}
    assert found == {
        "place": '"POINT OF SALE"',
        "xmin_seen": "XID",
        "tree": "INT4MULTIRANGE",
        "label": '"CHAR"',
        "many": "XID[]",
    }


def test_a_database_that_is_not_there(catalog: MemoryCatalog, postgres: Postgres) -> None:
    with pytest.raises(ClientError, match=r'cannot be read: .*database "no_such" does not exist') as caught:
        crawl(catalog, postgres.url.replace("/shop", "/no_such"))

    assert "\n" not in str(caught.value)
    assert catalog.requests == []


def test_a_database_without_an_encoding(catalog: MemoryCatalog, postgres: Postgres) -> None:
    postgres.recreate("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    postgres.run("CREATE TABLE plain (id integer)")
    crawl(catalog, postgres.url)
    assert catalog.find("Column", "plain/id")["dataType"] == "INTEGER"
    head = catalog.store.head()
    postgres.run(
        """DO $$ BEGIN EXECUTE 'COMMENT ON TABLE plain IS ' || quote_literal(convert_from('\\xff', 'SQL_ASCII')); END $$"""
    )

    with pytest.raises(ClientError, match=r"cannot be read: invalid byte sequence"):
        crawl(catalog, postgres.url)

    assert catalog.store.head() == head


def test_an_index_on_an_expression(catalog: MemoryCatalog, postgres: Postgres) -> None:
    postgres.run("CREATE TABLE t (a text, b text)", "CREATE INDEX i ON t (lower(a), b)")

    crawl(catalog, postgres.url)

    assert catalog.find("Column", "t/b")["isIndexed"] is True
    assert "isIndexed" not in catalog.find("Column", "t/a")
