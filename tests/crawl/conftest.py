"""A catalog in memory, a SQLite file, and a database on a PostgreSQL server of our own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crawl.catalog import MemoryCatalog
from tests.crawl.databases import Postgres, SqliteFile


@pytest.fixture
def catalog() -> Iterator[MemoryCatalog]:
    catalog = MemoryCatalog()
    with contextlib.closing(catalog.store):
        yield catalog


@pytest.fixture
def shop(tmp_path: Path) -> SqliteFile:
    """A database with two tables and a view."""
    shop = SqliteFile(tmp_path / "shop.db")
    shop.run(
        "CREATE TABLE customer (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL DEFAULT 'nobody')",
        "CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customer (id), total NUMERIC(10, 2))",
        "CREATE INDEX purchase_total ON purchase (total)",
        "CREATE VIEW totals AS SELECT customer, sum(total) AS spent FROM purchase GROUP BY customer",
    )
    return shop


@pytest.fixture
def postgres(postgres_server: str) -> Postgres:
    """A fresh database on the server."""
    postgres = Postgres(postgres_server)
    postgres.recreate()
    return postgres
