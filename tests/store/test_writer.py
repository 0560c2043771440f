"""The order in which the writer takes requests, and what it tells of the log's end."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from tests.waiting import until
from tidings.store.base import Transaction
from tidings.store.hints import Hints
from tidings.store.sqlite import SqliteStore
from tidings.store.writer import Session, Writer


def test_nobody_goes_before_a_request_that_was_taken_and_waits_for_its_turn() -> None:
    store = SqliteStore(None)
    writer, order = store._writer, list[str]()
    assert writer is not None

    def noting(name: str) -> Callable[[Transaction], None]:
        def work(_: Transaction) -> None:
            order.append(name)

        return work

    for _ in range(50):
        writer._turn.acquire()  # as another caller who writes on a thread of its own
        waiting = store.enqueue(noting("first"))
        until(writer._queue.empty)
        writer._turn.release()
        store.transact(noting("second"))
        waiting.result(30)
    store.close()

    assert order == ["first", "second"] * 50


class _Unreachable:
    """A session as it stands when its database went back to ten events, of which somebody else has told, and is away."""

    head = 20
    changed_settings = False

    def begin(self) -> None:
        raise ConnectionError

    def undo(self) -> bool:
        return True

    def may_try_again(self, _: BaseException) -> bool:
        return False

    def plainly(self, error: BaseException) -> BaseException:
        return error


def test_a_write_that_could_not_begin_tells_nothing_of_the_log() -> None:
    hints = Hints()
    writer = Writer(cast(Session, _Unreachable()), hints)
    hints.found_head(10, known=20)
    with pytest.raises(ConnectionError):
        writer.run(lambda _: None, rollback=False)
    writer.close()
    assert hints.head == 10
