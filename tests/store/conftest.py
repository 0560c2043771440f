"""The bodies of the store that the conformance suite is run against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.catalog import Catalog
from tidings.store.base import Store
from tidings.store.sqlite import SqliteStore

BODIES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda folder: SqliteStore(None),
    "file": lambda folder: SqliteStore(str(folder / "catalog.db")),
}


@pytest.fixture(params=list(BODIES))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = BODIES[request.param](tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def catalog(store: Store) -> Catalog:
    return Catalog(store)
