"""The promises of store/base.py, each kept by every body."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from tests.store.gate import Held
from tests.store.rows import adding, asset, changes, event, everything, failing
from tidings.model.asset import Link
from tidings.model.changes import Kind
from tidings.model.errors import Conflict, InvalidValue, StoreError, StoreUnavailable
from tidings.model.events import EVERYTHING, LogFilter
from tidings.model.tag import Task
from tidings.model.typedefs import Definition
from tidings.store.base import AssetQuery, Store, Token, Transaction, pages


def positions(store: Store) -> list[int]:
    return [record.position for record in everything(store)]


def names(store: Store) -> list[str]:
    with store.snapshot() as snapshot:
        return [one.qualified_name for one in pages(snapshot.assets_in_guid_order, "", lambda one: one.guid)]


def test_an_empty_catalog(store: Store) -> None:
    with store.snapshot() as snapshot:
        assert (snapshot.head(), snapshot.counts()) == (0, {"active": 0, "archived": 0, "links": 0})
        assert snapshot.log(0, 10, EVERYTHING) == ([], 0)
        assert snapshot.damage() == []
    assert store.head() == 0
    assert len(store.catalog_id()) == 36


def test_state_and_events_commit_together(store: Store) -> None:
    assert store.transact(adding(asset(1), events=2)) == 1
    assert (names(store), positions(store), store.head()) == (["q1"], [1, 2], 2)


@pytest.mark.parametrize("error", [Conflict("no"), ValueError("no")])
def test_a_request_that_fails_leaves_nothing_and_keeps_its_error(store: Store, error: Exception) -> None:
    with pytest.raises(type(error), match="no"):
        store.transact(failing(error, asset(1)))

    assert (names(store), positions(store), store.head()) == ([], [], 0)
    assert store.transact(adding(asset(1))) == 1


def test_a_fault_of_the_database_undoes_the_request_and_comes_as_ours(store: Store) -> None:
    store.transact(adding(asset(1)))

    with pytest.raises(StoreError):
        store.transact(adding(asset(2), asset(3, "q1")))

    assert names(store) == ["q1"]


def test_one_bad_request_of_a_group_spoils_nobody_elses(store: Store) -> None:
    with Held(store):
        good = [store.enqueue(adding(asset(number))) for number in range(1, 41)]
        bad = [store.enqueue(failing(Conflict("no"), asset(number))) for number in range(41, 51)]
        late = [store.enqueue(adding(asset(number))) for number in range(51, 61)]

    assert [future.result(30) for future in (*good, *late)] == list(range(1, 51))
    assert all(isinstance(future.exception(30), Conflict) for future in bad)
    assert (len(names(store)), positions(store)) == (50, list(range(1, 51)))


def test_more_requests_than_one_commit_takes(store: Store) -> None:
    with Held(store):
        futures = [store.enqueue(adding(asset(number))) for number in range(1, 601)]

    assert [future.result(30) for future in futures] == list(range(1, 601))


def test_positions_are_dense_and_in_the_order_of_commit(store: Store) -> None:
    seen: list[int] = []
    store.on_commit(seen.append)

    def one_after_another(worker: int) -> list[int]:
        return [store.transact(adding(asset(100 * worker + step))) for step in range(20)]

    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(one_after_another, range(1, 9)))

    assert sorted(position for own in drawn for position in own) == positions(store) == list(range(1, 161))
    assert all(own == sorted(own) for own in drawn)
    assert (seen == sorted(set(seen)), seen[-1]) == (True, 160)


def test_a_reader_that_saw_a_position_never_sees_a_smaller_one_appear(store: Store) -> None:
    stop = threading.Event()
    holes: list[tuple[int, int]] = []

    def follow() -> None:
        after = 0
        while not stop.is_set() or after < store.head():
            with store.snapshot() as snapshot:
                found, _ = snapshot.log(after, 7, EVERYTHING)
            for record in found:
                if record.position != after + 1:
                    holes.append((after, record.position))
                after = record.position

    reader = threading.Thread(target=follow)
    reader.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: store.transact(adding(asset(number), events=3)), range(1, 101)))
    stop.set()
    reader.join(30)

    assert (reader.is_alive(), holes) == (False, [])


def test_a_snapshot_does_not_move_while_writes_go_on(store: Store) -> None:
    store.transact(adding(asset(1)))

    with store.snapshot() as snapshot:
        before = snapshot.head()
        store.transact(adding(asset(2), events=3))
        assert (before, snapshot.head(), snapshot.counts()["active"]) == (1, 1, 1)
        assert [record.position for record in snapshot.log(0, 10, EVERYTHING)[0]] == [1]

    assert (store.head(), names(store)) == (4, ["q1", "q2"])


def test_readers_read_while_a_request_is_being_written(store: Store) -> None:
    store.transact(adding(asset(1)))

    with Held(store), store.snapshot() as snapshot:
        assert snapshot.counts()["active"] == 1


def test_a_dry_run_leaves_nothing_not_even_numbers(store: Store) -> None:
    def work(tx: Transaction) -> tuple[range, int, int]:
        number = tx.relationship_number("tried")
        return tx.new_ids(3), number, adding(asset(1), added=[Link("tried", 1, 1)])(tx)

    tried = store.transact(work, rollback=True)

    assert (names(store), positions(store), store.head()) == ([], [], 0)
    assert store.transact(work) == tried == (range(1, 4), tried[1], 1)


def test_a_relationship_of_an_undone_request_gets_its_number_anew(store: Store) -> None:
    with Held(store):
        bad = store.enqueue(failing(Conflict("no")))
        good = store.enqueue(adding(asset(1), added=[Link("kept", 1, 1)]))
        later = store.enqueue(adding(asset(2), added=[Link("drawn_in_vain", 2, 2)]))

    assert isinstance(bad.exception(30), Conflict)
    assert (good.result(30), later.result(30)) == (1, 2)
    with store.snapshot() as snapshot:
        assert {link.relationship: link.end1 for link in snapshot.all_links([1, 2])} == {"kept": 1, "drawn_in_vain": 2}
        assert snapshot.links("kept", 1, [1]) == snapshot.links("kept", 2, [1]) == [Link("kept", 1, 1)]


def test_who_gave_up_waiting_is_not_begun_and_stops_nobody(store: Store) -> None:
    with Held(store):
        given_up = store.enqueue(adding(asset(1)))
        assert given_up.cancel()
        other = store.enqueue(adding(asset(2)))

    assert other.result(30) == 1
    assert names(store) == ["q2"]


def test_a_request_that_has_begun_cannot_be_cancelled(store: Store) -> None:
    entered, leave = threading.Event(), threading.Event()

    def work(tx: Transaction) -> int:
        entered.set()
        leave.wait(30)
        return adding(asset(1))(tx)

    future: Future[int] = store.enqueue(work)
    assert entered.wait(30)
    cancelled = future.cancel()
    leave.set()

    assert (cancelled, future.result(30), names(store)) == (False, 1, ["q1"])


def test_a_listener_that_fails_stops_nobody(store: Store) -> None:
    heard: list[int] = []

    def fail(head: int) -> None:
        raise RuntimeError("Event loop is closed")

    store.on_commit(fail)
    stop = store.on_commit(heard.append)
    store.transact(adding(asset(1)))
    stop()
    stop()
    store.transact(adding(asset(2)))

    assert heard == [1]


def test_a_commit_without_events_wakes_nobody(store: Store) -> None:
    heard: list[int] = []
    store.on_commit(heard.append)

    store.transact(lambda tx: tx.add_token(Token("ci", "writer", b"h", 1)))

    assert heard == []


def test_the_clock_never_goes_back(store: Store) -> None:
    times = [store.transact(lambda tx: tx.now) for _ in range(50)]

    assert times == sorted(times)


def test_close_finishes_what_was_accepted_and_refuses_the_rest(store: Store) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold(tx: Transaction) -> bool:
        entered.set()
        return leave.wait(30)

    store.enqueue(hold)
    assert entered.wait(30)
    accepted = [store.enqueue(adding(asset(number))) for number in range(1, 11)]
    closing = threading.Thread(target=store.close)
    closing.start()
    leave.set()
    closing.join(30)

    assert [future.result(0) for future in accepted] == list(range(1, 11))
    with pytest.raises(StoreUnavailable):
        store.enqueue(adding(asset(11)))
    with pytest.raises(StoreUnavailable), store.snapshot():
        pass


def test_closing_twice_is_closing_once(store: Store) -> None:
    store.close()
    store.close()


def test_a_snapshot_in_use_outlives_close(store: Store) -> None:
    store.transact(adding(asset(1)))

    with store.snapshot() as snapshot:
        store.close()
        assert snapshot.counts()["active"] == 1


def test_more_readers_at_once_than_are_kept(store: Store) -> None:
    store.transact(adding(asset(1)))
    ready = threading.Barrier(12)

    def read(_: int) -> int:
        with store.snapshot() as snapshot:
            ready.wait(30)
            return snapshot.counts()["active"]

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(read, range(12))) == [1] * 12


def test_the_id_of_a_purged_asset_does_not_return(store: Store) -> None:
    def create(tx: Transaction) -> int:
        [number] = tx.new_ids(1)
        return number if adding(asset(number))(tx) else 0

    first = store.transact(create)
    store.transact(lambda tx: tx.save(changes(Kind.PURGE, asset(first))))

    assert store.transact(create) > first


def test_an_append_of_nothing_draws_no_position(store: Store) -> None:
    store.transact(lambda tx: tx.append([]))

    assert store.transact(lambda tx: tx.append([event()])) == 1


def test_a_write_that_the_database_refuses_spoils_nobody_elses(store: Store) -> None:
    store.transact(adding(asset(1)))
    with Held(store):
        good = [store.enqueue(adding(asset(number))) for number in (2, 3)]
        bad = store.enqueue(adding(asset(4), asset(5, "q1")))
        late = store.enqueue(adding(asset(6)))

    assert [one.result(30) for one in (*good, late)] == [2, 3, 4]
    assert isinstance(bad.exception(30), StoreError)
    assert names(store) == ["q1", "q2", "q3", "q6"]


def test_a_character_that_one_body_cannot_store_is_refused_by_every_body(store: Store) -> None:
    bad = [
        lambda tx: tx.save(changes(Kind.CREATE, asset(1, "a\0b"))),
        lambda tx: tx.add_token(Token("c\0i", "read", b"h", 1)),
        lambda tx: tx.save_task(Task("kind", "sub\0ject", b"{}")),
        lambda tx: tx.save_definitions([Definition("na\0me", "STRUCT", "g", b"{}")]),
        lambda tx: tx.set_value("na\0me", "value"),
    ]
    for work in bad:
        with pytest.raises(InvalidValue, match=r"\\u0000.*U\+0000, which cannot be stored"):
            store.transact(work)

    assert names(store) == []
    with store.snapshot() as snapshot:
        assert not snapshot.assets_by_name(["a\0b"])
        assert not snapshot.names_by_guid(["\0"])
        assert not snapshot.ids_below("a\0b")
        assert (
            snapshot.list_assets(AssetQuery(name_prefix="\0"))
            == snapshot.list_assets(AssetQuery(after=("a\0", "")))
            == []
        )
        assert snapshot.log(0, 10, LogFilter(name_prefix="\0")) == ([], 0)


def test_that_character_may_stand_in_every_value(store: Store) -> None:
    named = asset(1, type_name="AtlasGlossary", name="a\0b", description="\\u0000 \\\\\0")
    store.transact(adding(named))

    with store.snapshot() as snapshot:
        [found] = snapshot.assets_by_id([1])
        assert found.encoded == named.encoded
        assert [name for name, _ in snapshot.glossary_assets(["a\0b", "ab", "a"])] == ["a\0b"]
        assert snapshot.connections_named([1]) == [(1, None)]
        assert snapshot.attribute_holders(["AtlasGlossary"], "description") == 1
        assert snapshot.attribute_holders(["AtlasGlossary"], "name", ["other", "a\0b"]) == 1
        assert snapshot.attribute_holders(["AtlasGlossary"], "name", ["ab"]) == 0


@pytest.mark.parametrize("length", [299, 300, 301, 4_096])
def test_names_of_every_length_are_found_ordered_and_unique(store: Store, length: int) -> None:
    # Far from what compresses well, and each character of four bytes.
    name = "".join(chr(0x20000 + number * 7_919 % 40_000) for number in range(length))
    others = [name[:-1] + chr(0x20000 - 1), name + "/x", name[:-1]]
    store.transact(adding(*(asset(number, one) for number, one in enumerate([name, *others], 1))))

    with store.snapshot() as snapshot:
        assert [one.qualified_name for one in snapshot.assets_by_name([name])] == [name]
        assert [one.id for one in snapshot.names_by_name([*others])] != []
        listed = [one.qualified_name for one in snapshot.list_assets(AssetQuery())]
        assert listed == sorted([name, *others])
        assert [one.qualified_name for one in snapshot.list_assets(AssetQuery(after=(listed[1], "Table")))] == listed[
            2:
        ]
        assert snapshot.ids_below(name) == [3]
    with pytest.raises(StoreError):
        store.transact(adding(asset(9, name)))


def test_settings_that_change_are_told_of(store: Store) -> None:
    heard: list[str] = []
    changed = threading.Event()

    def hint() -> None:
        heard.append("changed")
        changed.set()

    stop = store.on_settings(hint)
    store.transact(adding(asset(1)))
    store.transact(lambda tx: tx.remove_token("nobody"), rollback=True)
    assert heard == []

    store.transact(lambda tx: tx.add_token(Token("ci", "writer", b"h", 1)))
    assert changed.wait(30)
    stop()
    before = len(heard)
    store.transact(lambda tx: tx.remove_token("ci"))
    assert len(heard) == before
