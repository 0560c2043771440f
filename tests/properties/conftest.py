"""Laws over generated inputs hold for a catalog in memory, on a file and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.catalog import Catalog
from tests.properties.bodies import current, fresh_store

_OPEN_STORES = ("fresh_store", "run_machine")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Whatever opens a store is run on each body."""
    if "catalog" in metafunc.fixturenames or any(hasattr(metafunc.module, name) for name in _OPEN_STORES):
        metafunc.parametrize("body", ["memory", "file", "postgres"], indirect=True, scope="module")


@pytest.fixture(autouse=True, scope="module")
def body(request: pytest.FixtureRequest) -> Iterator[None]:
    current.name = getattr(request, "param", "memory")
    if current.name == "postgres":
        current.server = request.getfixturevalue("postgres_server")
    yield
    current.name = "memory"


@pytest.fixture(autouse=True)
def examples(request: pytest.FixtureRequest, body: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as the body under test is tried on."""
    own = getattr(getattr(request, "function", None), "_hypothesis_internal_use_settings", None)
    if own is not None and current.name != "memory":
        fewer = settings(own, max_examples=current.fewer(own.max_examples))
        monkeypatch.setattr(request.function, "_hypothesis_internal_use_settings", fewer)


@pytest.fixture
def catalog(body: None) -> Iterator[Catalog]:
    store = fresh_store()
    yield Catalog(store)
    store.close()
