"""The live log of a process: wake-ups, the ring that all readers share, and how reading ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

import pytest

from tidings.consumers import tail
from tidings.consumers.tail import Batch, Feed
from tidings.model.errors import StoreUnavailable
from tidings.model.events import EVERYTHING, LogFilter, LogRecord
from tidings.store.base import PAGE_BYTES
from tidings.testing import Catalog, catalog

T = TypeVar("T")
ONLY_VIEWS = LogFilter(type_names=frozenset({"View"}))
NEVER = 3600.0


@pytest.fixture
def it() -> Iterator[Catalog]:
    with catalog() as found:
        yield found


def save(it: Catalog, count: int = 1, type_name: str = "Table", text: str = "") -> None:
    """Add ``count`` assets, and so as many events."""
    first = it.store.head()
    names = [f"default/x/1/{first + number}" for number in range(count)]
    it.save(
        *(
            {"typeName": type_name, "attributes": {"name": name, "qualifiedName": name, "description": text}}
            for name in names
        )
    )


def with_feed(it: Catalog, act: Callable[[Feed], Awaitable[T]], feed: Feed | None = None) -> T:
    """Run ``act`` with an open feed."""

    async def run() -> T:
        async with opened(feed or Feed(it.store)) as running:
            return await act(running)

    return asyncio.run(run())


@asynccontextmanager
async def opened(feed: Feed) -> AsyncIterator[Feed]:
    feed.open()
    try:
        yield feed
    finally:
        await feed.close()


async def take(batches: AsyncIterator[Batch], count: int) -> list[int]:
    """The positions of the next ``count`` records."""
    found: list[int] = []
    while len(found) < count:
        found += [record.position for record in (await anext(batches)).records]
    return found


async def _first(batches: AsyncIterator[Batch]) -> Batch:
    return await anext(batches)


def test_a_commit_wakes_a_reader(it: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "LOOK_AGAIN_SECONDS", NEVER)

    async def act(feed: Feed) -> list[int]:
        async with aclosing(feed.follow(0, EVERYTHING, NEVER)) as batches:
            reading = asyncio.create_task(take(batches, 3))
            await asyncio.to_thread(save, it, 2)
            await asyncio.to_thread(save, it)
            return await reading

    assert with_feed(it, act) == [1, 2, 3]


def test_a_lost_wake_up_costs_time_only(it: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "LOOK_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(it.store, "on_commit", lambda hint: lambda: None)

    async def act(feed: Feed) -> list[int]:
        async with aclosing(feed.follow(0, EVERYTHING, NEVER)) as batches:
            reading = asyncio.create_task(take(batches, 1))
            await asyncio.to_thread(save, it)
            return await reading

    assert with_feed(it, act) == [1]


def test_a_reader_starts_in_the_past_and_goes_on_live(it: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "PAGE", 3)
    save(it, 10)

    async def act(feed: Feed) -> list[int]:
        async with aclosing(feed.follow(2, EVERYTHING, NEVER)) as batches:
            past = await take(batches, 8)
            await asyncio.to_thread(save, it, 5)
            return past + await take(batches, 5)

    assert with_feed(it, act) == list(range(3, 16))


def test_only_what_passes_is_handed_out_from_the_store_and_from_the_ring(it: Catalog) -> None:
    save(it)
    save(it, 1, "View")

    async def act(feed: Feed) -> list[int]:
        async with aclosing(feed.follow(0, ONLY_VIEWS, NEVER)) as batches:
            past = await take(batches, 1)
            await asyncio.to_thread(save, it, 2)
            await asyncio.to_thread(save, it, 1, "View")
            return past + await take(batches, 1)

    assert with_feed(it, act) == [2, 5]


def test_a_quiet_log_gives_empty_batches(it: Catalog) -> None:
    save(it)

    async def act(feed: Feed) -> list[Batch]:
        async with aclosing(feed.follow(1, EVERYTHING, 0.01)) as batches:
            return [await anext(batches) for _ in range(3)]

    assert with_feed(it, act) == [Batch([], 1)] * 3


def test_a_log_that_grows_by_what_does_not_pass_is_quiet_too(it: Catalog) -> None:
    async def act(feed: Feed) -> Batch:
        async with aclosing(feed.follow(0, ONLY_VIEWS, 0.05)) as batches:
            reading = asyncio.create_task(_first(batches))
            while not reading.done():
                await asyncio.to_thread(save, it)
            return await reading

    assert with_feed(it, act).records == []


def test_the_ring_stays_within_its_bytes_and_a_slow_reader_misses_nothing(
    it: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "RING_BYTES", 20_000)

    async def act(feed: Feed) -> list[int]:
        slow, quick = feed.follow(0, EVERYTHING, NEVER), feed.follow(0, EVERYTHING, NEVER)
        async with aclosing(slow), aclosing(quick):
            await asyncio.to_thread(save, it)
            first = await take(slow, 1)
            for number in range(20):
                await asyncio.to_thread(save, it, 5, text="x" * 500)
                await take(quick, 6 if number == 0 else 5)
                assert feed._ring is not None
                assert sum(map(tail._size, feed._ring.records)) <= 20_000
            assert feed._ring is not None
            assert feed._ring.first > 50  # the slow reader's place is long gone
            return first + await take(slow, 100)

    assert with_feed(it, act) == list(range(1, 102))


def test_one_record_larger_than_the_ring_is_kept_alone(it: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "RING_BYTES", 10)

    save(it)

    async def act(feed: Feed) -> tuple[list[int], int]:
        async with aclosing(feed.follow(0, EVERYTHING, NEVER)) as batches:
            found = await take(batches, 1)
            await asyncio.to_thread(save, it, 3)
            found += await take(batches, 3)
            assert feed._ring is not None
            return found, len(feed._ring.records)

    assert with_feed(it, act) == ([1, 2, 3, 4], 1)


def test_without_readers_nothing_is_held(it: Catalog) -> None:
    async def act(feed: Feed) -> None:
        async with aclosing(feed.follow(0, EVERYTHING, NEVER)) as batches:
            await asyncio.to_thread(save, it)
            await take(batches, 1)
            assert feed._ring is not None
        assert feed._ring is None

    with_feed(it, act)


class GatedFeed(Feed):
    """A feed whose background read stands still until the gate is opened."""

    def __init__(self, it: Catalog) -> None:
        super().__init__(it.store)
        self.reading = asyncio.Event()
        self.gate = asyncio.Event()

    async def read(
        self, after: int | None, limit: int, wanted: LogFilter, most_bytes: int = PAGE_BYTES
    ) -> tuple[list[LogRecord], int]:
        found = await super().read(after, limit, wanted, most_bytes)
        if asyncio.current_task() is self._pump:
            self.reading.set()
            await self.gate.wait()
        return found


def test_readers_that_change_during_a_read_neither_miss_nor_repeat(it: Catalog) -> None:
    """The ring of those who left must not be filled into the ring of those who came."""

    async def act() -> list[int]:
        async with opened(GatedFeed(it)) as feed:
            assert isinstance(feed, GatedFeed)
            first = feed.follow(0, EVERYTHING, NEVER)
            await take(first, 1)
            await asyncio.to_thread(save, it, 3)
            await feed.reading.wait()
            await first.aclose()
            async with aclosing(feed.follow(4, EVERYTHING, 0.01)) as second:
                assert await anext(second) == Batch([], 4)
                feed.gate.set()
                await asyncio.to_thread(save, it, 4)
                return await take(second, 4)

    save(it)
    assert asyncio.run(act()) == [5, 6, 7, 8]


def test_closing_ends_every_reader(it: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "LOOK_AGAIN_SECONDS", NEVER)

    async def act() -> tuple[list[list[Batch]], bool, tuple[list[LogRecord], int]]:
        async with opened(Feed(it.store)) as feed:

            async def drain() -> list[Batch]:
                return [batch async for batch in feed.follow(0, EVERYTHING, NEVER)]

            readers = [asyncio.create_task(drain()) for _ in range(5)]
            waiting = asyncio.create_task(feed.wait_beyond(0, NEVER))
            page = asyncio.create_task(feed.read_filled(0, 10, EVERYTHING, NEVER))
            await asyncio.to_thread(save, it)
            await waiting
            await page
            late = asyncio.create_task(feed.wait_beyond(1, NEVER))
            empty = asyncio.create_task(feed.read_filled(1, 10, EVERYTHING, NEVER))
        return await asyncio.gather(*readers), await late, await empty

    found, late, empty = asyncio.run(act())
    assert all(sum(len(batch.records) for batch in batches) <= 1 for batches in found)
    assert late is False
    assert empty == ([], 1)


def test_a_feed_that_was_never_opened_can_be_closed(it: Catalog) -> None:
    asyncio.run(Feed(it.store).close())


def test_a_page_waits_over_what_does_not_pass(it: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "LOOK_AGAIN_SECONDS", NEVER)

    async def act(feed: Feed) -> tuple[list[LogRecord], int]:
        page = asyncio.create_task(feed.read_filled(0, 10, ONLY_VIEWS, NEVER))
        for _ in range(3):
            await asyncio.to_thread(save, it)
        await asyncio.to_thread(save, it, 1, "View")
        return await page

    records, position = with_feed(it, act)
    assert [record.position for record in records] == [4]
    assert position == 4


def test_a_page_that_waited_in_vain_is_empty(it: Catalog) -> None:
    save(it)
    assert with_feed(it, lambda feed: feed.read_filled(0, 10, ONLY_VIEWS, 0.01)) == ([], 1)
    assert with_feed(it, lambda feed: feed.read_filled(0, 10, ONLY_VIEWS, 0)) == ([], 1)


@pytest.mark.parametrize("wait", [0, NEVER])
def test_a_page_of_a_log_that_is_shorter_than_was_told_is_empty(
    it: Catalog, monkeypatch: pytest.MonkeyPatch, wait: float
) -> None:
    save(it)
    monkeypatch.setattr(it.store, "head", lambda: 999)

    async def act(feed: Feed) -> tuple[list[LogRecord], int]:
        async with asyncio.timeout(30):
            return await feed.read_filled(1, 10, EVERYTHING, wait)

    assert with_feed(it, act) == ([], 1)


def test_a_hint_after_the_loop_is_gone_does_no_harm(it: Catalog) -> None:
    async def leave_open() -> Feed:
        feed = Feed(it.store)
        feed.open()
        return feed

    asyncio.run(leave_open())
    save(it)
    assert it.store.head() == 1


class Stumbling(Feed):
    """A feed whose first background read fails."""

    stumbled = False

    async def read(
        self, after: int | None, limit: int, wanted: LogFilter, most_bytes: int = PAGE_BYTES
    ) -> tuple[list[LogRecord], int]:
        if asyncio.current_task() is self._pump and not self.stumbled:
            self.stumbled = True
            raise StoreUnavailable("not now")
        return await super().read(after, limit, wanted, most_bytes)


def test_a_read_that_fails_once_does_not_end_the_feed(it: Catalog) -> None:
    async def act(feed: Feed) -> list[int]:
        async with aclosing(feed.follow(0, EVERYTHING, 30)) as batches:
            save(it)
            found = await take(batches, 1)
            save(it)
            return [*found, *await take(batches, 1)]

    assert with_feed(it, act, Stumbling(it.store)) == [1, 2]
