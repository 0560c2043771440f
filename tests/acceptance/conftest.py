"""One program for all tests that speak to a server; each works under a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.program import PROXIES, TOKEN, Program, running
from tests.api.door import Door, door_to


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with running(Path(tmp_path_factory.mktemp("catalog"), "catalog.db")) as program:
        yield program


@pytest.fixture(scope="session")
def door(program: Program) -> Iterator[Door]:
    with door_to(program.url) as door:
        yield door.with_token(TOKEN)
