"""A store that notes when transactions and snapshots begin and end, for spans. It stands before a body only where
traces are on, so that it costs nothing elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar, cast

from tidings.store.base import Snapshot, Store, Transaction

if TYPE_CHECKING:  # an extra that may not be there
    from tidings.telemetry.otel import Spans

T = TypeVar("T")


def traced(store: Store, spans: Spans) -> Store:
    """The same store, seen."""
    return cast(Store, _Traced(store, spans))


class _Traced:
    """All but the three calls below are the body's own."""

    def __init__(self, store: Store, spans: Spans) -> None:
        self._store = store
        self._spans = spans

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def enqueue(self, work: Callable[[Transaction], T], *, rollback: bool = False) -> Future[T]:
        noted = self._spans.transaction()
        if noted is None:
            return self._store.enqueue(work, rollback=rollback)
        future = self._store.enqueue(noted.around(work), rollback=rollback)
        future.add_done_callback(noted.settle)
        return future

    def transact(self, work: Callable[[Transaction], T], *, rollback: bool = False) -> T:
        noted = self._spans.transaction()
        if noted is None:
            return self._store.transact(work, rollback=rollback)
        try:
            return self._store.transact(noted.around(work), rollback=rollback)
        finally:
            noted.settle()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        with self._spans.snapshot(), self._store.snapshot() as snapshot:
            yield snapshot
