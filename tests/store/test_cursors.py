"""Cursors and leases, in every body: who may move what, and where it may stand."""

from __future__ import annotations

import threading

import pytest

from tests.catalog import TABLE, Catalog, entity
from tidings.consumers.cursors import cursor_named, lease_name, move, remove, take_lease
from tidings.consumers.lease import give_back, take
from tidings.model.cursor import Cursor, Lease, Retention
from tidings.model.errors import Conflict, InvalidParameter, LogTrimmed, NotFound
from tidings.store.base import Store
from tidings.store.settings import SETTINGS_STAMP, retention_of, set_retention

HOUR = 3600.0


@pytest.fixture
def long(catalog: Catalog) -> Store:
    """A log of ten events."""
    for number in range(10):
        catalog.save(entity("Table", TABLE, description=str(number)))
    return catalog.store


def at(store: Store, name: str, position: int, holder: str = "", rewind: bool = False) -> int:
    return store.transact(lambda tx: move(tx, name, position, holder, rewind)).position


def held(store: Store, name: str, holder: str, seconds: float = HOUR) -> Lease:
    return store.transact(lambda tx: take_lease(tx, name, holder, seconds))


def run_out(store: Store, name: str) -> None:
    with store.snapshot() as snapshot:
        lease = snapshot.lease(lease_name(name))
    assert lease is not None
    store.transact(lambda tx: tx.save_lease(Lease(lease.name, lease.holder, 1)))


def cursors(store: Store) -> list[Cursor]:
    with store.snapshot() as snapshot:
        return snapshot.cursors()


def test_rows_are_kept_as_they_were_saved(store: Store) -> None:
    saved = [Cursor("b", 2, 5, 6), Cursor("a ö", 1, 3, 4), Cursor("B", 0, 1, 1)]
    leases = [Lease("y", "b", 2), Lease("x", "a", 2**53)]
    for cursor in saved:
        store.transact(lambda tx, one=cursor: tx.save_cursor(one))  # type: ignore[misc]
    for lease in leases:
        store.transact(lambda tx, one=lease: tx.save_lease(one))  # type: ignore[misc]
    store.transact(lambda tx: tx.save_cursor(Cursor("b", 3, 99, 7)))
    with store.snapshot() as snapshot:
        assert snapshot.cursors() == [saved[2], saved[1], Cursor("b", 3, 5, 7)]
        assert snapshot.leases() == leases[::-1]
        assert (snapshot.lease("x"), snapshot.lease("z")) == (leases[1], None)
    assert store.transact(lambda tx: (tx.remove_cursor("b"), tx.remove_cursor("b"))) == (True, False)
    store.transact(lambda tx: tx.remove_lease("y"))
    with store.snapshot() as snapshot:
        assert (len(snapshot.cursors()), len(snapshot.leases())) == (2, 1)


def test_a_cursor_is_made_moved_and_removed(long: Store) -> None:
    assert (at(long, "c", 3), at(long, "c", 3), at(long, "c", 10)) == (3, 3, 10)
    [made] = cursors(long)
    assert (made.name, made.position) == ("c", 10)
    assert made.created_at <= made.updated_at
    long.transact(lambda tx: remove(tx, "c"))
    assert cursors(long) == []
    with pytest.raises(NotFound):
        long.transact(lambda tx: remove(tx, "c"))


def test_it_goes_back_only_when_told_so(long: Store) -> None:
    at(long, "c", 5)
    with pytest.raises(Conflict, match="rewind"):
        at(long, "c", 4)
    assert at(long, "c", 4, rewind=True) == 4


def test_it_stands_within_the_log(long: Store) -> None:
    with pytest.raises(InvalidParameter, match="beyond the end of the log, 10"):
        at(long, "c", 11)
    long.transact(lambda tx: tx.trim(6))
    with pytest.raises(LogTrimmed) as refused:
        at(long, "c", 4)
    assert refused.value.first == 6
    assert at(long, "c", 5) == 5


@pytest.mark.parametrize("name", ["", " ", "a/b", "a\nb", "x" * 129, "\0"])
def test_names_that_no_cursor_has(long: Store, name: str) -> None:
    with pytest.raises(InvalidParameter, match="name"):
        at(long, name, 1)
    with pytest.raises(InvalidParameter, match="name"):
        held(long, name, "me")


@pytest.mark.parametrize("holder", ["\0", "a\nb", "  "])
def test_names_that_no_holder_has(long: Store, holder: str) -> None:
    with pytest.raises(InvalidParameter, match="holder"):
        held(long, "c", holder)
    with pytest.raises(InvalidParameter, match="holder"):
        at(long, "c", 1, holder)


def test_under_a_lease_only_its_holder_moves_it(long: Store) -> None:
    held(long, "c", "me")
    assert at(long, "c", 3, "me") == 3
    for other in ("", "other"):
        with pytest.raises(Conflict, match="held by me until 20"):
            at(long, "c", 5, other)
        with pytest.raises(Conflict, match="held by me"):
            long.transact(lambda tx, other=other: remove(tx, "c", other))  # type: ignore[misc]
    assert at(long, "other", 5) == 5
    assert cursor_at(long) == 3
    long.transact(lambda tx: remove(tx, "c", "me"))
    with long.snapshot() as snapshot:
        assert snapshot.leases() == []


def cursor_at(store: Store, name: str = "c") -> int:
    with store.snapshot() as snapshot:
        found = cursor_named(snapshot, name)
    assert found is not None
    return found.position


def test_who_lost_the_lease_moves_nothing(long: Store) -> None:
    held(long, "c", "slow")
    at(long, "c", 1, "slow")
    run_out(long, "c")
    assert at(long, "c", 2, "slow") == 2  # nobody took it meanwhile
    held(long, "c", "quick")
    at(long, "c", 5, "quick")
    with pytest.raises(Conflict, match="held by quick"):
        at(long, "c", 3, "slow")
    run_out(long, "c")
    with pytest.raises(Conflict, match="slow does not hold the cursor c any more"):
        at(long, "c", 6, "slow")
    with pytest.raises(Conflict, match="does not hold"):
        at(long, "new", 6, "nobody")
    assert cursor_at(long) == 5


def test_a_lease_that_another_holds_is_told_by_name(long: Store) -> None:
    held(long, "c", "me")
    with pytest.raises(Conflict, match="the cursor c is held by me until"):
        held(long, "c", "other")
    assert long.transact(lambda tx: give_back(tx, lease_name("c"), "me")) is None
    assert held(long, "c", "other").holder == "other"


def test_of_many_that_want_a_lease_one_has_it(store: Store) -> None:
    won: list[str] = []

    def ask(name: str) -> None:
        if store.transact(lambda tx: take(tx, "l", name, HOUR)).holder == name:
            won.append(name)

    asking = [threading.Thread(target=ask, args=(str(number),)) for number in range(12)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert len(won) == 1


def test_how_long_the_log_is_kept(store: Store) -> None:
    wanted = Retention(1.5, 1_000, 10**12)
    stamps = []
    for retention in (Retention(), wanted, Retention(max_events=1), Retention()):
        store.transact(lambda tx, one=retention: set_retention(tx, one))  # type: ignore[misc]
        with store.snapshot() as snapshot:
            assert retention_of(snapshot) == retention
            stamps.append(snapshot.values()[SETTINGS_STAMP])
    assert len(set(stamps)) == 4


def test_servers_hear_that_it_changed(store: Store) -> None:
    heard = threading.Event()
    stop = store.on_settings(heard.set)
    store.transact(lambda tx: set_retention(tx, Retention(max_events=1)))
    assert heard.wait(30)
    stop()
