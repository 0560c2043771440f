"""Laws over generated inputs hold for a catalog in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.catalog import Catalog
from tidings.store.sqlite import SqliteStore


@pytest.fixture
def catalog() -> Iterator[Catalog]:
    store = SqliteStore(None)
    yield Catalog(store)
    store.close()
