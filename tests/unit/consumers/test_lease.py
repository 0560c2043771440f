"""Leases: who may take one when, and what their holder knows of it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pytest

from tidings.consumers.lease import Holding, Standing, give_back, new_holder, standing, take
from tidings.model.cursor import Lease
from tidings.store.base import Store
from tidings.testing import catalog

HOUR = 3600.0


@pytest.fixture
def store() -> Iterator[Store]:
    with catalog() as it:
        yield it.store


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def lease_in(store: Store, name: str = "task") -> Lease | None:
    with store.snapshot() as snapshot:
        return snapshot.lease(name)


def expire(store: Store, name: str = "task") -> None:
    """As if its holder had been silent for long enough."""
    found = lease_in(store, name)
    assert found is not None
    store.transact(lambda tx: tx.save_lease(Lease(name, found.holder, 1)))


@pytest.mark.parametrize(
    ("lease", "expected"),
    [
        (None, "free"),
        (Lease("l", "me", 11), "mine"),
        (Lease("l", "me", 10), "mine"),
        (Lease("l", "me", 1), "mine"),
        (Lease("l", "other", 11), "taken"),
        (Lease("l", "other", 10), "expired"),
        (Lease("l", "other", 9), "expired"),
    ],
)
def test_what_a_lease_is_to_somebody_at_ten(lease: Lease | None, expected: Standing) -> None:
    assert standing(lease, "me", 10) == expected


def test_no_two_holders_have_one_name() -> None:
    assert len({new_holder() for _ in range(100)}) == 100


def test_taken_renewed_refused_and_given_back(store: Store) -> None:
    first = store.transact(lambda tx: take(tx, "l", "a", HOUR))
    again = store.transact(lambda tx: take(tx, "l", "a", 2 * HOUR))
    other = store.transact(lambda tx: take(tx, "l", "b", HOUR))
    assert (first.holder, again.holder, other) == ("a", "a", again)
    assert again.until > first.until
    assert store.transact(lambda tx: give_back(tx, "l", "b")) == again
    assert store.transact(lambda tx: give_back(tx, "l", "a")) is None
    assert store.transact(lambda tx: give_back(tx, "l", "a")) is None
    assert store.transact(lambda tx: take(tx, "l", "b", HOUR)).holder == "b"


def test_one_that_ran_out_is_anybodys(store: Store) -> None:
    store.transact(lambda tx: take(tx, "l", "a", HOUR))
    expire(store, "l")
    assert store.transact(lambda tx: take(tx, "l", "b", HOUR)).holder == "b"
    assert store.transact(lambda tx: take(tx, "l", "a", HOUR)).holder == "b"


def test_a_holder_is_sure_of_it_until_it_could_have_run_out(store: Store) -> None:
    clock = Clock()
    held = Holding(store, "task", "a", seconds=10, clock=clock)
    sure = [held.is_held, held.renew()]
    for passes in (9.9, 0.1):
        clock.now += passes
        sure.append(held.is_held)
    assert [*sure, held.renew(), held.is_held] == [False, True, True, False, True, True]


def test_a_holder_that_lost_it_knows_so_when_it_renews(store: Store) -> None:
    first, second = (Holding(store, "task", name, seconds=HOUR) for name in ("a", "b"))
    assert first.renew()
    assert not second.renew()
    expire(store)
    assert second.renew()
    assert not first.renew()
    assert not first.is_held


def test_what_is_held_is_let_go_at_the_end_of_the_block(store: Store) -> None:
    first, second = (Holding(store, "task", name, seconds=HOUR) for name in ("a", "b"))
    with first.held() as ours:
        assert ours
        with second.held() as theirs:
            assert not theirs
        assert first.is_held
    assert lease_in(store) is None
    with contextlib.suppress(ZeroDivisionError), second.held():
        raise ZeroDivisionError
    assert lease_in(store) is None
    assert not [one for one in threading.enumerate() if one.name == "tidings-lease"]


def test_it_is_renewed_while_the_block_works(store: Store) -> None:
    with Holding(store, "task", "a", seconds=0.06).held() as ours:
        assert ours
        first = lease_in(store)
        assert first is not None
        while (now := lease_in(store)) is not None and now.until < first.until + 100:
            assert now.holder == "a"


def test_a_database_that_fails_meanwhile_costs_the_lease_no_more_than_that(store: Store) -> None:
    with Holding(store, "task", "a", seconds=0.06).held() as ours:
        assert ours
        store.close()
