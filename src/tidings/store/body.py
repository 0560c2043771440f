"""What every body of the store does alike for its callers: hand work to the writer, tell of commits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import TypeVar, cast

from tidings.model.errors import StoreError
from tidings.store.base import Snapshot, Transaction
from tidings.store.hints import Hints
from tidings.store.settings import CATALOG_ID
from tidings.store.writer import Writer

T = TypeVar("T")


class Body(ABC):
    """The half of ``Store`` that does not depend on the database. ``name`` is what people call it; no writer: it was
    opened for looking only."""

    def __init__(self, name: str, hints: Hints) -> None:
        self._name = name
        self._hints = hints
        self._writer: Writer | None = None

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Snapshot]: ...

    def enqueue(self, work: Callable[[Transaction], T], *, rollback: bool = False) -> Future[T]:
        return self._writing().enqueue(work, rollback)

    def transact(self, work: Callable[[Transaction], T], *, rollback: bool = False) -> T:
        return cast(T, self._writing().run(work, rollback))

    def _writing(self) -> Writer:
        if self._writer is None:
            raise StoreError(f"{self._name} was opened for reading only")
        return self._writer

    def head(self) -> int:
        if self._writer is not None:
            return self._hints.head
        with self.snapshot() as snapshot:
            return snapshot.head()

    def on_commit(self, hint: Callable[[int], None]) -> Callable[[], None]:
        return self._hints.on_commit(hint)

    def on_settings(self, hint: Callable[[], None]) -> Callable[[], None]:
        return self._hints.on_settings(hint)

    def catalog_id(self) -> str:
        with self.snapshot() as snapshot:
            return snapshot.values()[CATALOG_ID]
