"""The bodies of the store that the conformance suite is run against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.catalog import Catalog
from tests.postgres import open_store, schema_of
from tests.store.proxy import Proxy
from tidings.store.base import Store
from tidings.store.postgres import PostgresStore
from tidings.store.sqlite import SqliteStore

BODIES: dict[str, Callable[[Path, pytest.FixtureRequest], Store]] = {
    "memory": lambda folder, request: SqliteStore(None),
    "file": lambda folder, request: SqliteStore(str(folder / "catalog.db")),
    "postgres": lambda folder, request: open_store(request.getfixturevalue("postgres_url")),
}


@pytest.fixture(params=list(BODIES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = BODIES[request.param](tmp_path, request)
    yield opened
    opened.close()


@pytest.fixture
def catalog(store: Store) -> Catalog:
    return Catalog(store)


@pytest.fixture
def opened(postgres_url: str) -> Iterator[PostgresStore]:
    store = open_store(postgres_url)
    yield store
    store.close()


@pytest.fixture
def other(opened: PostgresStore, postgres_url: str) -> Iterator[PostgresStore]:
    """Another server of the same catalog."""
    store = open_store(postgres_url)
    yield store
    store.close()


@pytest.fixture
def proxy(postgres_server: str) -> Iterator[Proxy]:
    host = parse_qs(urlsplit(postgres_server).query)["host"][0]
    with Proxy(f"{host}/.s.PGSQL.5432") as found:
        yield found


@pytest.fixture
def through(proxy: Proxy, postgres_url: str) -> Iterator[PostgresStore]:
    """A store whose way to the server can be cut."""
    schema = schema_of(postgres_url)
    store = PostgresStore(f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres?schema={schema}")
    yield store
    store.close()
