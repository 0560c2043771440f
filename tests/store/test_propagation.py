"""The thread that lets tags travel on: it begins, ends, begins again, and outlives a store that fails."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.api.door import until
from tests.catalog import TABLE, Catalog, entity, ref
from tests.labels import PII, labelled, tagged
from tests.looks import Looks
from tidings.consumers import propagation
from tidings.consumers.lease import SECONDS, Holding, new_holder
from tidings.consumers.propagation import Propagation
from tidings.model.cursor import Lease
from tidings.model.errors import StoreError
from tidings.model.events import EVERYTHING
from tidings.model.profiles import DOCUMENTED
from tidings.store.base import Store
from tidings.store.sqlite import SqliteStore
from tidings.write.catch_up import is_behind

COLUMNS = 200


def filled(store: Store) -> Catalog:
    """A tagged table whose columns do not know yet."""
    catalog = labelled(store)
    catalog.at_once = 2
    catalog.save(
        entity("Table", TABLE),
        *(entity("Column", f"{TABLE}/c{one}", table=ref("Table", TABLE)) for one in range(COLUMNS)),
    )
    catalog.save(tagged(entity("Table", TABLE), PII), tagging="append")
    return catalog


def thread_of(it: Catalog, store: Store | None = None, at_once: int = 2) -> Propagation:
    used = store or it.store
    return Propagation(used, it.types, DOCUMENTED, at_once, Holding(used, propagation.TASK, new_holder()))


def tasks(it: Catalog) -> int:
    with it.store.snapshot() as snapshot:
        return len(snapshot.tasks())


def has_moved(it: Catalog, head: int) -> bool:
    return it.store.head() > head or not tasks(it)


def told(it: Catalog) -> Counter[str]:
    """How often each asset was told that it got a tag."""
    with it.store.snapshot() as snapshot:
        records = snapshot.log(0, 10_000, EVERYTHING)[0]
    return Counter(one.guid for one in records if one.operation == "CLASSIFICATION_ADD")


def test_it_works_off_what_there_is_and_what_comes(store: Store) -> None:
    it = filled(store)
    thread = thread_of(it)
    thread.start()
    until(lambda: not tasks(it))
    it.save(tagged(entity("Table", TABLE)), tagging="replace")
    until(lambda: not tasks(it))
    thread.close()
    assert set(told(it).values()) == {1}
    assert len(told(it)) == COLUMNS + 1
    assert it.inspect().problems == []


def test_started_and_stopped_again_and_again(store: Store) -> None:
    it = filled(store)
    rounds = 0
    while tasks(it):
        thread = thread_of(it)
        moved_on = partial(has_moved, it, store.head())
        thread.start()
        until(moved_on)
        thread.close()
        rounds += 1
    assert rounds > 1
    assert (len(told(it)), set(told(it).values())) == (COLUMNS + 1, {1})
    assert it.inspect().problems == []


def test_closed_at_once(store: Store) -> None:
    it = labelled(store)
    others = set(threading.enumerate())
    for _ in range(50):
        thread = thread_of(it)
        thread.start()
        thread.close()
    assert not [one for one in set(threading.enumerate()) - others if one.name == "tidings-propagation"]


class Failing(SqliteStore):
    """A store that cannot be read or written a few times."""

    def __init__(self, path: str, failures: list[str]) -> None:
        super().__init__(path)
        self.failures = failures

    def _fail(self, what: str) -> None:
        if self.failures and self.failures[0] == what:
            self.failures.pop(0)
            raise StoreError(f"the disk cannot {what}")

    def snapshot(self) -> Any:
        if threading.current_thread().name == "tidings-propagation":
            self._fail("read")
        return super().snapshot()

    def transact(self, *work: Any, **options: Any) -> Any:
        if threading.current_thread().name == "tidings-propagation":
            self._fail("write")
        return super().transact(*work, **options)


def test_a_store_that_fails_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(propagation, "AGAIN_SECONDS", 0.0)
    failures = ["read", "write", "read", "write", "write"]
    with contextlib.closing(Failing(str(tmp_path / "c.db"), failures)) as store:
        it = filled(store)
        thread = thread_of(it)
        thread.start()
        until(lambda: not tasks(it))
        thread.close()
        assert failures == []
        assert (len(told(it)), set(told(it).values())) == (COLUMNS + 1, {1})
        assert it.inspect().problems == []


def test_closing_does_not_wait_for_the_next_try(tmp_path: Path) -> None:
    with contextlib.closing(Failing(str(tmp_path / "c.db"), ["read"])) as store:
        it = filled(store)
        thread = thread_of(it)
        thread.start()
        until(lambda: not store.failures)
        thread.close()
        assert tasks(it) == 1


# --- several servers ------------------------------------------------------------------------------------------------


def rival_of(it: Catalog, seconds: float = SECONDS) -> Propagation:
    holding = Holding(it.store, propagation.TASK, new_holder(), seconds)
    return Propagation(it.store, it.types, DOCUMENTED, 2, holding)


def set_lease(it: Catalog, holder: str, until: int) -> None:
    it.store.transact(lambda tx: tx.save_lease(Lease(propagation.TASK, holder, until)))


def test_of_two_that_run_at_once_each_task_is_done_by_one(store: Store) -> None:
    it = filled(store)
    threads = [rival_of(it), rival_of(it)]
    for thread in threads:
        thread.start()
    until(lambda: not tasks(it))
    it.save(tagged(entity("Table", TABLE)), tagging="replace")
    until(lambda: not tasks(it))
    for thread in threads:
        thread.close()
    assert set(told(it).values()) == {1}
    assert len(told(it)) == COLUMNS + 1
    assert it.inspect().problems == []


def test_nobody_works_while_another_holds_the_lease(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(propagation, "LOOK_SECONDS", 0.01)
    it = filled(store)
    head = it.store.head()
    set_lease(it, "other", 2**50)
    thread = rival_of(it)
    looks = Looks(thread._holding.renew)
    monkeypatch.setattr(thread._holding, "renew", looks)
    thread.start()
    until(lambda: len(looks.seen) > 2)
    assert (any(looks.seen), it.store.head()) == (False, head)
    set_lease(it, "other", 1)  # it was killed, and its time is over
    until(lambda: not tasks(it))
    thread.close()
    assert len(told(it)) == COLUMNS + 1


def test_who_loses_the_lease_stops(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(propagation, "LOOK_SECONDS", 0.01)
    it = filled(store)
    thread = rival_of(it, seconds=0.06)
    moved_on = partial(has_moved, it, it.store.head())
    thread.start()
    until(moved_on)
    set_lease(it, "other", 2**50)
    until(lambda: not thread._holding.is_held)
    thread.close()
    assert tasks(it) in (0, 1)  # the last part may have been under way
    with it.store.snapshot() as snapshot:
        lease = snapshot.lease(propagation.TASK)
    assert lease is not None
    assert lease.holder == "other"


def test_a_server_that_stops_lets_go_so_that_the_next_need_not_wait(store: Store) -> None:
    it = filled(store)
    thread = rival_of(it, seconds=3_600)
    moved_on = partial(has_moved, it, it.store.head())
    thread.start()
    until(moved_on)
    thread.close()
    with it.store.snapshot() as snapshot:
        assert snapshot.leases() == []


def test_a_server_with_nothing_to_do_asks_for_no_lease(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(propagation, "LOOK_SECONDS", 0.01)
    looks = Looks(is_behind)
    monkeypatch.setattr(propagation, "is_behind", looks)
    thread = rival_of(catalog)
    monkeypatch.setattr(thread._holding, "renew", pytest.fail)
    thread.start()
    until(lambda: len(looks.seen) > 2)
    thread.close()
    assert not any(looks.seen)
