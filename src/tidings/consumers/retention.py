"""Keeps the log as small as the catalog's retention says: a thread in each server, of which one works at a time.

The log is trimmed from its start, in transactions of bounded size, never beyond the slowest cursor unless forced, and its
last record stays.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextvars import copy_context
from itertools import count

import msgspec

from tidings.consumers.lease import Holding
from tidings.model.cursor import Cursor, Retention
from tidings.model.errors import StoreUnavailable, TidingsError
from tidings.store.base import Store, Transaction
from tidings.store.settings import retention_of
from tidings.telemetry import log

TASK = "task:retention"
LOOK_SECONDS = 60.0
TRIM_AT_ONCE = 5_000
"""Positions that one transaction removes: others wait for the writer no longer than some 0.2 s."""
BLOCK = 5_000
"""Positions whose bytes are remembered as one sum."""
DAY = 86_400_000


class Bound(msgspec.Struct, frozen=True):
    """Where a log would begin. ``keep`` is the first position that stays by what the retention says, ``first`` the one
    that stays in truth; where they differ, ``slowest`` is the cursor that needs what lies between."""

    keep: int
    first: int
    slowest: Cursor | None


class Lost(msgspec.Struct, frozen=True):
    """How many events a cursor's consumer has not seen and will not see."""

    cursor: str
    events: int


class Outcome(msgspec.Struct, frozen=True):
    """What a run did, or would do: how many events go, and what of the log is left."""

    trimmed: int
    first: int
    head: int
    slowest: Cursor | None = None
    """The cursor that keeps more from going, and how many events it keeps."""
    kept_for_it: int = 0
    lost: tuple[Lost, ...] = ()


def bound(keep: int, start: int, head: int, cursors: Iterable[Cursor], force: bool) -> Bound:
    """How far the log may go: up to ``keep``, but never beyond its last record, nor what a cursor still needs."""
    keep = max(start, min(keep, head))
    slowest = min(cursors, key=lambda one: one.position, default=None)
    if force or slowest is None or slowest.position + 1 >= keep:
        return Bound(keep, keep, None)
    return Bound(keep, max(start, slowest.position + 1), slowest)


def lost_by(first: int, start: int, cursors: Iterable[Cursor]) -> Iterator[Lost]:
    """What trimming from ``start`` up to ``first`` takes from cursors."""
    for one in cursors:
        if (missing := first - max(one.position + 1, start)) > 0:
            yield Lost(one.name, missing)


class Sizes:
    """What the log weighs, position by position from its end. Sums of whole blocks are remembered, so that to ask again
    costs no more than what has come since."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._blocks: deque[tuple[int, int]] = deque()
        """(first position, bytes) of each whole block of ``BLOCK`` positions, without holes, the oldest first."""

    def first_within(self, most: int, start: int, head: int) -> int:
        """The first position from which on the log weighs no more than ``most``."""
        self._follow(start, head)
        end = self._blocks[-1][0] + BLOCK if self._blocks else start
        left, first = most - self._weigh(end, head), end
        if left < 0:
            return self._within_a_block(most, end, head)
        for begin, size in reversed(self._blocks):
            if size > left:
                return self._within_a_block(left, begin, first - 1)
            left, first = left - size, begin
        if first > start and self._weigh(start, first - 1) > left:
            return self._within_a_block(left, start, first - 1)
        return start

    def _follow(self, start: int, head: int) -> None:
        """Forget what was trimmed, and sum up what has become whole. Blocks begin at 1 + n · BLOCK."""
        while self._blocks and self._blocks[0][0] < start:
            self._blocks.popleft()
        first_whole = (start + BLOCK - 2) // BLOCK * BLOCK + 1
        begin = self._blocks[-1][0] + BLOCK if self._blocks else first_whole
        for first in count(begin, BLOCK):
            if first + BLOCK - 1 > head:
                return
            self._blocks.append((first, self._weigh(first, first + BLOCK - 1)))

    def _within_a_block(self, most: int, first: int, last: int) -> int:
        """The first position of these from which on they weigh no more than ``most``; behind ``last`` where none does."""
        low, high = first, last + 1
        while low < high:
            middle = (low + high) // 2
            if self._weigh(middle, last) <= most:
                high = middle
            else:
                low = middle + 1
        return low

    def _weigh(self, first: int, last: int) -> int:
        if last < first:
            return 0
        with self._store.snapshot() as snapshot:
            return snapshot.log_bytes(first - 1, last)


class Trimmer:
    """Trims one catalog's log when told to. ``trimmed`` hears how many events went."""

    def __init__(self, store: Store, trimmed: Callable[[int], None] = lambda count: None) -> None:
        self._store = store
        self._trimmed = trimmed
        self._sizes = Sizes(store)
        self._weighing = threading.Lock()

    def first_wanted(self, retention: Retention) -> int:
        """The first position that stays by the retention alone."""
        oldest = self._ago(retention.max_age_days) if retention.max_age_days is not None else None
        with self._store.snapshot() as snapshot:
            start, head = snapshot.log_start(), snapshot.head()
            keep = start
            if oldest is not None:
                keep = max(keep, snapshot.position_at(oldest))
            if retention.max_events is not None:
                keep = max(keep, head - retention.max_events + 1)
        if retention.max_bytes is not None:
            with self._weighing:
                keep = max(keep, self._sizes.first_within(retention.max_bytes, start, head))
        return keep

    def _ago(self, days: float) -> int:
        """By the clock that the events have their times from: a server's own may be ahead of it."""
        return self._store.transact(lambda tx: tx.now) - round(days * DAY)

    def retention(self) -> Retention:
        """What is in force at the moment."""
        with self._store.snapshot() as snapshot:
            return retention_of(snapshot)

    def plan(self, *, force: bool = False) -> Outcome:
        """What a run would do now."""
        keep = self.first_wanted(self.retention())
        with self._store.snapshot() as snapshot:
            start, head, cursors = snapshot.log_start(), snapshot.head(), snapshot.cursors()
        found = bound(keep, start, head, cursors, force)
        return _outcome(found, start, found.first - start, head, cursors)

    def run(self, *, force: bool = False, ending: Callable[[], bool] = lambda: False) -> Outcome:
        """Trim, transaction by transaction; leaves off between two once ``ending()``."""
        keep = self.first_wanted(self.retention())
        before: int | None = None
        gone = 0
        while not ending():
            step = self._store.transact(lambda tx: _trim(tx, keep, force))
            if before is None:
                before = step.start
            gone += step.count
            self._trimmed(step.count)
            if not step.count:
                return _outcome(step.bound, before, gone, step.head, step.cursors)
        raise StoreUnavailable(f"the server is stopping; {gone:,} events are trimmed, ask again for the rest")


class _Step(msgspec.Struct, frozen=True):
    """One transaction: where the log began before it, how many events it removed, and what else it saw."""

    start: int
    count: int
    head: int
    bound: Bound
    cursors: list[Cursor]


def _trim(tx: Transaction, keep: int, force: bool) -> _Step:
    """Remove some. Cursors are looked at each time: one may have been made, or moved back, meanwhile."""
    start, cursors = tx.log_start(), tx.cursors()
    found = bound(keep, start, tx.head, cursors, force)
    return _Step(start, tx.trim(min(found.first, start + TRIM_AT_ONCE)), tx.head, found, cursors)


def _outcome(found: Bound, start: int, gone: int, head: int, cursors: list[Cursor]) -> Outcome:
    return Outcome(
        gone, found.first, head, found.slowest, found.keep - found.first, tuple(lost_by(found.first, start, cursors))
    )


class RetentionThread:
    """Looks every minute, and when woken, whether something of the log may go. Works under the lease ``task:retention``."""

    def __init__(self, trimmer: Trimmer, holding: Holding) -> None:
        self.trimmer = trimmer
        self._holding = holding
        self._woken = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="tidings-retention", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Look now: the retention may have changed."""
        self._woken.set()

    def close(self) -> None:
        """Finish the transaction at hand, then stop."""
        self._closed = True
        self._woken.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closed:
            copy_context().run(self._work)
            self._woken.wait(LOOK_SECONDS)
            self._woken.clear()

    def _work(self) -> None:
        try:
            if self._closed or self.trimmer.retention().is_off or not self.trimmer.plan().trimmed:
                return
            with self._holding.held() as ours:
                if ours:
                    outcome = self.trimmer.run(ending=lambda: self._closed or not self._holding.is_held)
                    log.info("trimmed %d events; the log begins with position %d", outcome.trimmed, outcome.first)
        except StoreUnavailable as error:
            if not self._closed:
                log.warning("the log could not be trimmed to the end, going on soon: %s", error)
        except Exception as error:  # noqa: BLE001  whatever it is, it must not end the thread in silence
            log.error(
                "the log could not be trimmed, trying again: %s", error, exc_info=not isinstance(error, TidingsError)
            )
