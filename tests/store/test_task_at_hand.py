"""Long work that fails in the background is told with the cause that its events bear."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Any

import pytest

from tests.api.door import until
from tests.store.test_propagation import filled, tasks, thread_of
from tidings.consumers import propagation
from tidings.model.errors import StoreError
from tidings.store.sqlite import SqliteStore
from tidings.telemetry import at_hand, log


class Failing(SqliteStore):
    """A store that cannot be written once, for a task."""

    has_failed = False

    def transact(self, *work: Any, **options: Any) -> Any:
        if at_hand() is not None and not self.has_failed:
            self.has_failed = True
            raise StoreError("the disk cannot write")
        return super().transact(*work, **options)


class Listener(logging.Handler):
    """What was at hand when something was said."""

    def __init__(self) -> None:
        super().__init__()
        self.causes: list[str | None] = []

    def emit(self, _record: logging.LogRecord) -> None:
        work = at_hand()
        self.causes.append(work.cause if work else None)


@pytest.fixture
def listener() -> Any:
    one = Listener()
    log.addHandler(one)
    yield one
    log.removeHandler(one)


def test_a_task_that_fails_is_told_with_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listener: Listener
) -> None:
    monkeypatch.setattr(propagation, "AGAIN_SECONDS", 0.0)
    with contextlib.closing(Failing(str(tmp_path / "c.db"))) as store:
        it = filled(store)
        with store.snapshot() as snapshot:
            [task] = snapshot.tasks()
        thread = thread_of(it)
        thread.start()
        until(lambda: not tasks(it))
        thread.close()
    assert listener.causes == [task.subject]
