"""Whose work it is goes with it to the thread that writes."""

from __future__ import annotations

from contextvars import copy_context

from tidings.store.base import Store
from tidings.telemetry import Work, at_hand, take_up


def test_a_transaction_knows_whose_work_it_is(store: Store) -> None:
    def ask() -> list[Work | None]:
        take_up(Work("c-1"))
        return [store.enqueue(lambda _tx: at_hand()).result(), store.transact(lambda _tx: at_hand())]

    assert copy_context().run(ask) == [Work("c-1"), Work("c-1")]
    assert store.enqueue(lambda _tx: at_hand()).result() is None
