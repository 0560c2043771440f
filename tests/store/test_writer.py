"""The order in which the writer takes requests."""

from __future__ import annotations

from collections.abc import Callable

from tests.waiting import until
from tidings.store.base import Transaction
from tidings.store.sqlite import SqliteStore


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
