"""The bodies of the store that the conformance suite is run against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.catalog import Catalog
from tests.postgres import open_store
from tidings.store.base import Store
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
