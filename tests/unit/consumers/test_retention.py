"""How much of the log goes: the deciding steps, what the log weighs, and the runs that trim it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.api.door import until
from tests.looks import Looks
from tidings.consumers import retention
from tidings.consumers.lease import Holding, take
from tidings.consumers.retention import TASK, Bound, Lost, RetentionThread, Sizes, Trimmer, bound, lost_by
from tidings.model.cursor import Cursor, Lease, Retention
from tidings.model.errors import StoreError, StoreUnavailable
from tidings.model.events import EVERYTHING
from tidings.store.base import Store
from tidings.store.settings import retention_of, set_retention
from tidings.testing import Catalog, catalog

HOUR = 3600.0
DAYS = 86_400_000


@pytest.fixture
def it() -> Iterator[Catalog]:
    with catalog() as found:
        yield found


def fill(it: Catalog, count: int) -> None:
    first = it.store.head()
    names = [f"default/x/1/{first + number}" for number in range(count)]
    it.save(*({"typeName": "Table", "attributes": {"name": name, "qualifiedName": name}} for name in names))


def keep(store: Store, **bounds: float) -> None:
    store.transact(lambda tx: set_retention(tx, Retention(**bounds)))  # type: ignore[arg-type]


def cursor(name: str, position: int) -> Cursor:
    return Cursor(name, position, 1, 1)


def put(store: Store, *cursors: Cursor) -> None:
    for one in cursors:
        store.transact(lambda tx, one=one: tx.save_cursor(one))  # type: ignore[misc]


def first(store: Store) -> int:
    with store.snapshot() as snapshot:
        return snapshot.log_start()


# --- deciding -------------------------------------------------------------------------------------------------------

A, B = cursor("a", 4), cursor("b", 7)


@pytest.mark.parametrize(
    ("keep", "cursors", "force", "expected"),
    [
        (6, [], False, Bound(6, 6, None)),
        (1, [], False, Bound(3, 3, None)),  # what is gone is gone
        (99, [], False, Bound(10, 10, None)),  # the last record stays
        (6, [B], False, Bound(6, 6, None)),
        (8, [B], False, Bound(8, 8, None)),
        (9, [B], False, Bound(9, 8, B)),
        (9, [B, A], False, Bound(9, 5, A)),
        (9, [A, cursor("lost", 0)], False, Bound(9, 3, cursor("lost", 0))),
        (9, [B, A], True, Bound(9, 9, None)),
    ],
)
def test_how_far_a_log_from_three_to_ten_may_go(keep: int, cursors: list[Cursor], force: bool, expected: Bound) -> None:
    assert bound(keep, 3, 10, cursors, force) == expected


def test_what_cursors_lose() -> None:
    lost = lost_by(9, 3, [A, B, cursor("done", 10), cursor("lost", 0)])
    assert list(lost) == [Lost("a", 4), Lost("b", 1), Lost("lost", 6)]


# --- the weight of the log ------------------------------------------------------------------------------------------


class Weights(Sizes):
    """Of a log whose events have these sizes, the first at position 1."""

    def __init__(self, sizes: list[int]) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # nothing is read
        self.sums = [0, *accumulate(sizes)]
        self.looks = 0

    def _weigh(self, first: int, last: int) -> int:
        self.looks += last - first + 1
        return self.sums[last] - self.sums[first - 1] if last >= first else 0


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=60),
    st.lists(st.tuples(st.integers(0, 200), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=4),
)
def test_the_first_position_within_a_weight(sizes: list[int], asks: list[tuple[int, float, float]]) -> None:
    """Asked again while the log grows and is trimmed, with blocks of 7."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(retention, "BLOCK", 7)
        weights, start, head = Weights(sizes), 1, 1
        for most, cut, grown in asks:
            head += round((len(sizes) - head) * grown)
            start += round((head - start) * cut)
            expected = next(p for p in range(start, head + 2) if sum(sizes[p - 1 : head]) <= most)
            assert weights.first_within(most, start, head) == expected


def test_to_ask_again_costs_only_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BLOCK", 100)
    weights = Weights([1] * 10_000)
    assert weights.first_within(100_000, 1, 9_950) == 1
    assert weights.looks >= 9_900
    weights.looks = 0
    assert weights.first_within(100_000, 1, 10_000) == 1
    assert weights.looks <= 300


def test_the_weight_of_a_real_log(it: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BLOCK", 10)
    fill(it, 35)
    with it.store.snapshot() as snapshot:
        last = [snapshot.log_bytes(position - 1, position) for position in range(1, 36)][-5:]
    assert Sizes(it.store).first_within(sum(last), 1, 35) == 31


# --- runs -----------------------------------------------------------------------------------------------------------


def test_nothing_is_bounded_at_first(it: Catalog) -> None:
    fill(it, 5)
    assert Trimmer(it.store).run().trimmed == 0
    with it.store.snapshot() as snapshot:
        assert retention_of(snapshot).is_off


def test_a_number_of_events_in_bounded_transactions(it: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "TRIM_AT_ONCE", 3)
    fill(it, 12)
    keep(it.store, max_events=4)
    heard: list[int] = []
    outcome = Trimmer(it.store, heard.append).run()
    assert (outcome.trimmed, outcome.first, outcome.head, heard) == (8, 9, 12, [3, 3, 2, 0])
    assert first(it.store) == 9


def test_an_age(it: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(it, 3)
    with it.store.snapshot() as snapshot:
        time = snapshot.log(0, 1, EVERYTHING)[0][0].time
    keep(it.store, max_age_days=2)
    for days, first_left in ((2, 1), (3, 3)):
        monkeypatch.setattr("time.time_ns", lambda days=days: (time + days * DAYS) * 1_000_000)
        assert Trimmer(it.store).run().first == first_left


def test_bytes(it: Catalog) -> None:
    fill(it, 10)
    with it.store.snapshot() as snapshot:
        weight = snapshot.log_bytes(6, 10)
    keep(it.store, max_bytes=weight)
    assert Trimmer(it.store).run().first == 7
    keep(it.store, max_bytes=1)
    assert Trimmer(it.store).run().first == 10


def test_the_narrowest_bound_counts(it: Catalog) -> None:
    fill(it, 10)
    keep(it.store, max_events=6, max_bytes=10**9, max_age_days=1)
    assert Trimmer(it.store).run().first == 5


def test_cursors_keep_what_they_need_unless_forced(it: Catalog) -> None:
    fill(it, 10)
    keep(it.store, max_events=2)
    put(it.store, A, B)
    trimmer = Trimmer(it.store)
    planned = trimmer.plan()
    assert (planned.trimmed, planned.first, planned.slowest, planned.kept_for_it) == (4, 5, A, 4)
    assert first(it.store) == 1
    assert trimmer.run() == planned
    assert trimmer.run().trimmed == 0
    forced = trimmer.plan(force=True)
    assert (forced.trimmed, forced.lost) == (4, (Lost("a", 4), Lost("b", 1)))
    assert trimmer.run(force=True) == forced
    assert first(it.store) == 9


def test_a_cursor_that_comes_meanwhile_stops_it(it: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "TRIM_AT_ONCE", 2)
    fill(it, 10)
    keep(it.store, max_events=1)
    heard: list[int] = []

    def trimmed(count: int) -> None:
        if not heard:
            put(it.store, cursor("late", 3))
        heard.append(count)

    assert (Trimmer(it.store, trimmed).run().first, heard) == (4, [2, 1, 0])


def test_it_leaves_off_between_two_transactions(it: Catalog) -> None:
    fill(it, 3)
    keep(it.store, max_events=1)
    with pytest.raises(StoreUnavailable, match="stopping"):
        Trimmer(it.store).run(ending=lambda: True)
    assert first(it.store) == 1


# --- the thread -----------------------------------------------------------------------------------------------------


def thread(store: Store, holder: str = "me") -> RetentionThread:
    return RetentionThread(Trimmer(store), Holding(store, TASK, holder))


def test_the_thread_trims_when_it_starts_and_when_it_is_woken(it: Catalog) -> None:
    fill(it, 10)
    keep(it.store, max_events=5)
    running = thread(it.store)
    running.start()
    until(lambda: first(it.store) == 6)
    keep(it.store, max_events=2)
    running.wake()
    until(lambda: first(it.store) == 9)
    until(lambda: not _leases(it.store))
    running.close()


def _leases(store: Store) -> list[Lease]:
    with store.snapshot() as snapshot:
        return snapshot.leases()


def test_only_who_holds_the_lease_trims(it: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "LOOK_SECONDS", 0.01)
    fill(it, 10)
    keep(it.store, max_events=5)
    it.store.transact(lambda tx: take(tx, TASK, "other", HOUR))
    running = thread(it.store)
    looks = Looks(running._holding.renew)
    monkeypatch.setattr(running._holding, "renew", looks)
    running.start()
    until(lambda: len(looks.seen) > 2)
    assert (first(it.store), any(looks.seen)) == (1, False)
    it.store.transact(lambda tx: tx.save_lease(Lease(TASK, "other", 1)))
    until(lambda: first(it.store) == 6)
    running.close()


@pytest.mark.parametrize("error", [StoreUnavailable("the disk is full"), StoreError("?"), ZeroDivisionError()])
def test_the_thread_outlives_what_fails(it: Catalog, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(retention, "LOOK_SECONDS", 0.01)
    fill(it, 10)
    keep(it.store, max_events=5)
    running = thread(it.store)
    failures = [error]
    plan = running.trimmer.plan

    def planned() -> retention.Outcome:
        if failures:
            raise failures.pop()
        return plan()

    monkeypatch.setattr(running.trimmer, "plan", planned)
    running.start()
    until(lambda: first(it.store) == 6)
    running.close()
