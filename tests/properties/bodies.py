"""The one place where a law opens a store: each law is held in memory, on a file and on PostgreSQL."""

from __future__ import annotations

import tempfile

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.postgres import drop, fresh_schema
from tidings.store.base import Store
from tidings.store.postgres import PostgresStore
from tidings.store.sqlite import SqliteStore

SHARE = 8
"""On a disk a law is tried on so many times fewer examples: a catalog of its own takes up to a tenth of a second there, and
what is decided above the store is the same."""
FEWEST = 5


class Body:
    """Which body is under test: memory, file or postgres; ``server`` is the address of a PostgreSQL server."""

    def __init__(self) -> None:
        self.name = "memory"
        self.server = ""

    def fewer(self, examples: int) -> int:
        return examples if self.name == "memory" else max(FEWEST, examples // SHARE)


current = Body()


class Passing(PostgresStore):
    """A catalog that is gone when it is closed."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._url = url

    def close(self) -> None:
        super().close()
        drop(self._url)


class PassingFile(SqliteStore):
    """A file that is gone when it is closed."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tidings-")
        super().__init__(f"{self._folder.name}/catalog.db")

    def close(self) -> None:
        super().close()
        self._folder.cleanup()


def fresh_store() -> Store:
    """An empty catalog in the body under test; closing it is the end of it."""
    if current.name == "postgres":
        return Passing(fresh_schema(current.server))
    return PassingFile() if current.name == "file" else SqliteStore(None)


def run_machine(machine: type[RuleBasedStateMachine], examples: int, steps: int) -> None:
    """Try a state machine in the body under test."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=current.fewer(examples), stateful_step_count=steps, deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )  # fmt: skip
