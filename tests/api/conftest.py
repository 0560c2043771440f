"""One server for all tests of the door; each test works under a connection of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.door import Door, asset, door_to, guids, named, some_connection
from tidings.testing import server


@pytest.fixture(scope="session")
def door() -> Iterator[Door]:
    with server() as client, door_to(client.base_url) as door:
        yield door


@pytest.fixture
def place() -> str:
    """The qualifiedName of a schema to make things in."""
    return f"{some_connection()}/db/s"


class Pair:
    """A table with one column."""

    def __init__(self, door: Door, place: str) -> None:
        self.table_name = f"{place}/t"
        self.column_name = f"{place}/t/c"
        table = named("Table", self.table_name)
        saved = door.save(asset("Table", self.table_name), asset("Column", self.column_name, table=table, order=1))
        self.table, self.column = guids(saved)


@pytest.fixture
def pair(door: Door, place: str) -> Pair:
    return Pair(door, place)
