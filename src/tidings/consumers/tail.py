"""Reads the log after a position, and goes on as it grows. A wake-up is a hint; looking again is the truth.

All live readers of a process share one ring of the newest records. A reader that falls out of the ring reads pages from
the store until it has caught up: it costs itself time, and nobody else time or memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

import anyio.to_thread
import msgspec

from tidings.model.errors import LogTrimmed, StoreError
from tidings.model.events import EVERYTHING, LogFilter, LogRecord
from tidings.store.base import PAGE_BYTES, Store
from tidings.telemetry import log

PAGE = 1_000
HANDED_OUT = 50
"""Records that a reader gets at once: a hundred readers that catch up hold a hundred times so many in memory."""
HANDED_OUT_BYTES = 512 * 1024
"""The same as a bound on their size; one record is handed out however large it is."""
RING_BYTES = 16 * 1024 * 1024
LOOK_AGAIN_SECONDS = 0.5
"""How long a lost wake-up can delay an event."""


class Batch(msgspec.Struct):
    """What a reader gets at once: records, and the position up to which it now knows the log."""

    records: list[LogRecord]
    position: int


class _Ring:
    """The newest records, dense from ``first`` on, within a bound of bytes."""

    def __init__(self, head: int) -> None:
        self.records: list[LogRecord] = []
        self.first = head + 1
        self._bytes = 0

    @property
    def last(self) -> int:
        return self.first + len(self.records) - 1

    def extend(self, records: list[LogRecord]) -> None:
        self.records += records
        self._bytes += sum(map(_size, records))
        drop = 0
        while self._bytes > RING_BYTES and drop < len(self.records) - 1:
            self._bytes -= _size(self.records[drop])
            drop += 1
        if drop:
            del self.records[:drop]
            self.first += drop

    def restart(self, first: int) -> None:
        """Forget everything and go on with ``first``."""
        self.records, self.first, self._bytes = [], first, 0

    def after(self, position: int) -> list[LogRecord] | None:
        """Some behind ``position``; None where the ring does not reach back so far."""
        start = position + 1 - self.first
        if start < 0:
            return None
        found = self.records[start : start + HANDED_OUT]
        most = 0
        for count, record in enumerate(found, 1):
            most += _size(record)
            if most > HANDED_OUT_BYTES:
                return found[:count]
        return found


def _size(record: LogRecord) -> int:
    return len(record.message) + len(record.detail)


class Feed:
    """The live log of one process. Belongs to one event loop; ``close`` ends every reader."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._grown = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._ring: _Ring | None = None
        self._readers = 0
        self._closed = False
        self._stop_hints: Callable[[], None] | None = None

    def open(self) -> None:
        """Start listening for commits; call from the event loop."""
        loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()

        def hint(_head: int) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._wake.set)

        self._stop_hints = self._store.on_commit(hint)
        self._pump = asyncio.create_task(self._run(), name="tidings-feed")

    @property
    def closed(self) -> bool:
        """Whether the server is stopping: long work ends where it can."""
        return self._closed

    async def close(self) -> None:
        """End every reader and the feed itself."""
        self._closed = True
        if self._stop_hints is not None:
            self._stop_hints()
        self._tell()
        if self._pump is not None:
            self._wake.set()
            await self._pump
            self._pump = None

    async def _run(self) -> None:
        while not self._closed:
            await _within(LOOK_AGAIN_SECONDS, self._wake)
            self._wake.clear()
            if self._ring is None:
                self._tell()  # nobody follows the log, but somebody may wait for it to grow
            try:
                await self._fill()
            except StoreError as error:
                log.warning("the live log could not be read, and is read again soon: %s", error)

    async def _fill(self) -> None:
        while (ring := self._ring) is not None and ring.last != (head := self._store.head()):
            newest = ring.records[-1:]  # read again, as the proof that the log is still the same
            try:
                records, _ = await self.read(ring.last - len(newest), PAGE, EVERYTHING)
            except LogTrimmed as trimmed:
                ring.restart(trimmed.first)  # its readers go on reading from the store, and hear it there
                continue
            if _proofs(records[: len(newest)]) != _proofs(newest) or (not records and head < ring.last):
                self._end_readers(ring)
            elif len(records) == len(newest):
                break
            else:
                # All readers may have left meanwhile and others come: then it is an old ring that grows, read by nobody.
                ring.extend(records[len(newest) :])
                self._tell()

    def _end_readers(self, old: _Ring) -> None:
        """A database took over that had not all of the log. Who comes again hears whether their position is one of it."""
        if self._ring is old:
            self._ring = _Ring(self._store.head())
        self._tell()

    def _tell(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()

    async def read(
        self, after: int | None, limit: int, wanted: LogFilter, most_bytes: int = PAGE_BYTES
    ) -> tuple[list[LogRecord], int]:
        """One bounded read of the store, off the event loop; from the first position left where ``after`` is None.

        Raises LogTrimmed where something behind ``after`` is gone.
        """

        def page() -> tuple[list[LogRecord], int]:
            with self._store.snapshot() as snapshot:
                first = snapshot.log_start()
                if after is not None and after + 1 < first:
                    raise LogTrimmed(after, first)
                return snapshot.log(first - 1 if after is None else after, limit, wanted, most_bytes)

        return await anyio.to_thread.run_sync(page)

    async def read_filled(
        self, after: int | None, limit: int, wanted: LogFilter, wait: float
    ) -> tuple[list[LogRecord], int]:
        """A page that has something in it, if need be after waiting so many seconds; else an empty one.

        Reads on over what does not pass, so that an empty page means that there is nothing up to its position. From the
        first position left where ``after`` is None; raises LogTrimmed as ``read`` does.
        """
        deadline = asyncio.get_running_loop().time() + wait
        position = after
        while True:
            before, told = position, self._store.head()
            records, position = await self.read(position, limit, wanted)
            if records or before == position < told:  # there is less than was told: no reason to look without end
                return records, position
            left = deadline - asyncio.get_running_loop().time()
            if position >= self._store.head() and not await self.wait_beyond(position, left):
                return records, position

    async def wait_beyond(self, position: int, seconds: float) -> bool:
        """Until the log is longer than ``position``, or time is up; whether it is longer."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while self._store.head() <= position and not self._closed:
            left = deadline - loop.time()
            if left <= 0:
                return False
            await _within(min(left, LOOK_AGAIN_SECONDS), self._grown)
        return self._store.head() > position

    async def follow(self, after: int, wanted: LogFilter, pause: float) -> AsyncGenerator[Batch, None]:
        """Everything behind ``after`` that passes, for ever, in batches; an empty batch after ``pause`` quiet seconds,
        also while the log grows by what does not pass.

        Ends when the feed is closed, or when the log is another one than it was. Raises LogTrimmed where the log is trimmed
        beyond a reader that is behind.
        """
        self._join()
        loop, ring = asyncio.get_running_loop(), self._ring
        position, silent_until = after, loop.time() + pause
        try:
            while not self._closed and self._ring is ring:
                grown = self._grown
                batch = await self._next(position, wanted)
                at_end, position = batch.position == position, batch.position
                if batch.records or loop.time() >= silent_until:
                    yield batch
                    silent_until = loop.time() + pause
                elif at_end:
                    await _within(silent_until - loop.time(), grown)
        finally:
            self._leave()

    async def _next(self, position: int, wanted: LogFilter) -> Batch:
        recent = self._ring.after(position) if self._ring is not None else None
        if recent is None:
            return Batch(*await self.read(position, HANDED_OUT, wanted, HANDED_OUT_BYTES))
        if not recent:
            return Batch([], position)
        kept = recent if wanted.is_open else [record for record in recent if wanted.passes(record)]
        return Batch(kept, recent[-1].position)

    def _join(self) -> None:
        self._readers += 1
        if self._ring is None:
            self._ring = _Ring(self._store.head())

    def _leave(self) -> None:
        self._readers -= 1
        if self._readers == 0:
            self._ring = None


def _proofs(records: list[LogRecord]) -> list[bytes]:
    """What no two events have in common: cause and version."""
    return [record.detail for record in records]


async def _within(seconds: float, event: asyncio.Event) -> bool:
    """Wait for an event at most so long; whether it came."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
