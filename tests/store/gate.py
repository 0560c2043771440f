"""Holds the writer in the middle of a request, so that a test decides who waits for whom."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from types import TracebackType

from tidings.store.base import Store, Transaction


class Held:
    """``with Held(store):`` the writer is busy with a request of ours until the block ends."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._entered, self._leave = threading.Event(), threading.Event()
        self._future: Future[bool] | None = None

    def _wait(self, tx: Transaction) -> bool:
        self._entered.set()
        return self._leave.wait(30)

    def __enter__(self) -> Held:
        self._future = self._store.enqueue(self._wait)
        assert self._entered.wait(30)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave.set()
        assert self._future is not None
        assert self._future.result(30)
