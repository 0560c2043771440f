"""A catalog copied between any two bodies of the store: whole, exact, restartable, and refused where it must be."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.catalog import SHIPPED, TABLE, Catalog, entity
from tests.postgres import drop, fresh_schema, open_store
from tests.store.furnished import furnish
from tests.store.rows import adding, asset
from tidings.model.cursor import Cursor
from tidings.model.errors import StoreError
from tidings.model.events import EVERYTHING
from tidings.read.integrity import Report, inspect_snapshot
from tidings.store import comparing
from tidings.store.base import Snapshot, Store, Transaction
from tidings.store.comparing import Progress, all_rows
from tidings.store.copying import MARK, Copied, copy, refuse_unfinished
from tidings.store.sqlite import SqliteStore
from tidings.store.tables import ASSET, TABLES, Row
from tidings.store.types import Types

PAIRS = [("file", "file"), ("memory", "file"), ("file", "postgres"), ("postgres", "file"), ("postgres", "postgres")]
Open = Callable[[str], Store]


@pytest.fixture
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    """Opens a new store of a body; all are closed and taken away at the end."""
    stores: list[Store] = []
    urls: list[str] = []
    numbers = itertools.count()

    def open_one(body: str) -> Store:
        if body == "postgres":
            urls.append(fresh_schema(request.getfixturevalue("postgres_server")))
            stores.append(open_store(urls[-1]))
        else:
            stores.append(SqliteStore(None if body == "memory" else str(tmp_path / f"{next(numbers)}.db")))
        return stores[-1]

    yield open_one
    for store in stores:
        store.close()
    for url in urls:
        drop(url)


@pytest.fixture(params=PAIRS, ids="-".join)
def pair(request: pytest.FixtureRequest, opened: Open) -> tuple[Store, Store]:
    source, target = request.param
    return opened(source), opened(target)


def inspect(snapshot: Snapshot, progress: Progress) -> Report:
    return inspect_snapshot(snapshot, Types(SHIPPED), progress)


def carried(source: Store, target: Store, progress: Progress = lambda what, done, total: None) -> Copied:
    return copy(source, target, inspect, progress)


def contents(store: Store) -> tuple[dict[str, list[Row]], dict[str, str]]:
    with store.snapshot() as snapshot:
        return {table.name: list(all_rows(snapshot, table)) for table in TABLES}, snapshot.values()


class Stopped(Exception):
    """What a test breaks a copy off with."""


def stopping_at(what: str, at: int) -> Progress:
    def progress(stage: str, done: int, total: int) -> None:
        if stage == what and done >= at:
            raise Stopped

    return progress


# --- whole and exact -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trimmed", [0, 12])
def test_everything_is_copied_and_nothing_else(pair: tuple[Store, Store], trimmed: int) -> None:
    source, target = pair
    furnish(source, trimmed=trimmed)

    copied = carried(source, target)

    assert copied.problems == []
    assert (copied.catalog_id, copied.position) == (source.catalog_id(), source.head())
    assert contents(target) == contents(source)
    assert copied.rows == {name: len(rows) for name, rows in contents(source)[0].items()}
    with target.snapshot() as snapshot:
        assert (snapshot.head(), snapshot.log_start(), snapshot.leases()) == (source.head(), trimmed + 1, [])
        assert len(snapshot.log(0, 1_000, EVERYTHING)[0]) == source.head() - trimmed
    refuse_unfinished(target)


def test_there_and_back_again_is_the_same_row_by_row(opened: Open) -> None:
    first, there, back = opened("file"), opened("postgres"), opened("file")
    furnish(first)

    assert carried(first, there).problems == carried(there, back).problems == []
    assert contents(back) == contents(first)


def test_the_copy_goes_on_as_the_source_would(pair: tuple[Store, Store]) -> None:
    source, target = pair
    furnish(source)
    carried(source, target)
    head = source.head()
    both = [Catalog(source), Catalog(target)]

    for it in both:
        assert it.store.transact(lambda tx: tx.new_ids(1)[0]) == int(contents(source)[1]["highest_purged_id"]) + 1
        it.save(entity("Table", TABLE, description="new"), entity("View", f"{TABLE}/view"))
        assert it.store.head() == head + 2
        assert it.inspect().problems == []
    made, wanted = (list(contents(it.store)[0]["log"])[head:] for it in both)
    assert [row[0] for row in made] == [row[0] for row in wanted] == [head + 1, head + 2]
    assert target.transact(lambda tx: tx.now) >= int(str(contents(source)[0]["log"][head - 1][1]))


def test_an_empty_catalog_is_copied_too(pair: tuple[Store, Store]) -> None:
    source, target = pair

    assert carried(source, target).problems == []
    assert target.catalog_id() == source.catalog_id()


def test_what_comes_meanwhile_is_not_copied(opened: Open) -> None:
    source, target = opened("file"), opened("file")
    furnish(source)
    head = source.head()
    numbers = itertools.count(10**6)

    def progress(what: str, done: int, total: int) -> None:
        source.transact(adding(asset(next(numbers))))

    copied = carried(source, target, progress)

    assert (copied.problems, copied.position, target.head()) == ([], head, head)
    assert source.head() > head


def test_progress_tells_of_every_large_table_and_of_the_checks(opened: Open) -> None:
    source, target = opened("memory"), opened("file")
    furnish(source)
    seen: dict[str, tuple[int, int]] = {}

    def progress(what: str, done: int, total: int) -> None:
        seen[what] = (done, total)

    carried(source, target, progress)

    assert all(done == total for done, total in seen.values())
    tables = ("filler", "asset", "link", "attachment", "tagged", "log")
    looks = ("database", "log", "links", "assets")
    assert list(seen) == [
        *(f"checking the source: {one}" for one in looks),
        *(f"copying {one}" for one in tables),
        "comparing rows",
        *(f"checking the target: {one}" for one in looks),
    ]


# --- broken off ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "PART_ROWS", 7)


PLACES = [
    ("copying filler", 0), ("copying asset", 0), ("copying asset", 7), ("copying asset", 43), ("copying link", 14),
    ("copying tagged", 0), ("copying log", 0), ("copying log", 28), ("comparing rows", 0), ("comparing rows", 100),
    ("checking the target: assets", 1),
]  # fmt: skip


@pytest.mark.parametrize("body", ["file", "postgres"])
def test_a_copy_that_was_broken_off_before_anything_was_there_begins_anew(opened: Open, body: str) -> None:
    source, target = opened("memory"), opened(body)
    furnish(source)
    with pytest.raises(Stopped):
        carried(source, target, stopping_at("checking the source: database", 0))
    with pytest.raises(StoreError, match="holds an unfinished copy"):
        refuse_unfinished(target)
    a_cursor(source)

    assert carried(source, target).problems == []
    assert contents(target) == contents(source)


@pytest.mark.parametrize(("stage", "at"), PLACES)
def test_a_copy_that_was_broken_off_goes_on_where_it_was(
    small_parts: None, opened: Open, tmp_path: Path, stage: str, at: int
) -> None:
    source, target = opened("memory"), opened("file")
    furnish(source)
    with pytest.raises(Stopped):
        carried(source, target, stopping_at(stage, at))
    with pytest.raises(StoreError, match=r"holds an unfinished copy .*run the same «tidings copy» again"):
        refuse_unfinished(target)
    begun: dict[str, int] = {}

    def note(what: str, done: int, total: int) -> None:
        begun.setdefault(what, done)

    copied = carried(source, target, note)

    assert copied.problems == []
    assert contents(target) == contents(source)
    if stage.startswith("copying"):
        assert begun[stage] >= at
    else:
        assert not any(one.startswith("copying") for one in begun)
    refuse_unfinished(target)


@pytest.mark.parametrize("body", ["file", "postgres"])
def test_broken_off_at_every_part_it_still_ends_well(small_parts: None, opened: Open, body: str) -> None:
    source, target = opened("memory"), opened(body)
    furnish(source, 12)
    reached: list[tuple[str, int]] = []

    def once_each(what: str, done: int, total: int) -> None:
        if (what, done) not in reached:
            reached.append((what, done))
            raise Stopped

    copied = None
    while copied is None:
        with contextlib.suppress(Stopped):
            copied = carried(source, target, once_each)

    assert (len(reached) > 20, copied.problems) == (True, [])
    assert contents(target) == contents(source)


def test_a_copy_that_is_done_is_looked_at_again(opened: Open) -> None:
    source, target = opened("memory"), opened("file")
    furnish(source)
    carried(source, target)
    seen: set[str] = set()

    again = carried(source, target, lambda what, done, total: seen.add(what))

    assert (again.problems, again.position) == ([], source.head())
    assert not any(one.startswith("copying") for one in seen)
    assert contents(target) == contents(source)


# --- refused -------------------------------------------------------------------------------------------------------------


def an_event(store: Store) -> object:
    return store.transact(adding(asset(10**6)))


def a_token(store: Store) -> object:
    return store.transact(lambda tx: tx.remove_token("ci"))


def a_trim(store: Store) -> object:
    return store.transact(lambda tx: tx.trim(5))


def a_cursor(store: Store) -> object:
    return store.transact(lambda tx: tx.save_cursor(Cursor("search", 8, 1, 3)))


@pytest.mark.parametrize("change", [an_event, a_token, a_trim, a_cursor])
def test_an_unfinished_copy_of_an_earlier_state_is_left_alone(
    small_parts: None, opened: Open, change: Callable[[Store], object]
) -> None:
    source, target = opened("memory"), opened("file")
    furnish(source)
    with pytest.raises(Stopped):
        carried(source, target, stopping_at("copying asset", 7))
    before = contents(target)
    change(source)

    with pytest.raises(StoreError, match=r"of an earlier state of the catalog .* remove the target and copy anew"):
        carried(source, target)

    assert contents(target) == before


def test_an_unfinished_copy_of_another_catalog_is_left_alone(small_parts: None, opened: Open) -> None:
    source, other, target = opened("memory"), opened("memory"), opened("file")
    for one in (source, other):
        furnish(one)
    with pytest.raises(Stopped):
        carried(source, target, stopping_at("copying asset", 7))

    with pytest.raises(StoreError, match="an unfinished copy of another catalog"):
        carried(other, target)


@pytest.mark.parametrize("work", [
    adding(asset(1)),
    lambda tx: tx.save_cursor(Cursor("a", 0, 1, 1)),
    lambda tx: tx.relationship_number("any"),
])  # fmt: skip
def test_a_target_that_holds_anything_is_left_alone(opened: Open, work: Callable[[Transaction], object]) -> None:
    source, target = opened("memory"), opened("file")
    furnish(source)
    target.transact(work)
    before = contents(target)

    with pytest.raises(StoreError, match=r"the target is not empty: it holds the catalog .*; name a database"):
        carried(source, target)

    assert contents(target) == before


@pytest.mark.parametrize("body", ["file", "postgres"])
def test_a_target_that_comes_to_life_while_the_source_is_inspected_is_left_alone(opened: Open, body: str) -> None:
    source, target = opened("memory"), opened(body)
    furnish(source)

    def live(what: str, done: int, total: int) -> None:
        if what == "checking the source: database" and not target.head():
            target.transact(adding(asset(1)))

    with pytest.raises(StoreError, match=r"the target is not empty: it holds the catalog .* up to position 1"):
        carried(source, target, live)

    assert target.head() == 1
    refuse_unfinished(target)


def test_a_copy_that_was_begun_while_the_source_was_inspected_is_left_alone(opened: Open) -> None:
    source, target = opened("memory"), opened("file")
    furnish(source)

    def another(what: str, done: int, total: int) -> None:
        if what == "checking the source: database":
            target.transact(lambda tx: tx.set_value(MARK, "another's"))

    with pytest.raises(StoreError, match="another «tidings copy» writes to the target"):
        carried(source, target, another)


def test_a_copy_that_went_on_is_not_taken_for_a_new_one(opened: Open) -> None:
    source, target = opened("memory"), opened("file")
    furnish(source)
    carried(source, target)
    an_event(target)

    with pytest.raises(StoreError, match="the target is not empty"):
        carried(source, target)


def test_two_copies_at_once_do_not_mix(small_parts: None, opened: Open) -> None:
    source, target = opened("memory"), opened("file")
    furnish(source)

    def another(what: str, done: int, total: int) -> None:
        if what == "copying asset" and done == 7:
            carried(source, target)

    with pytest.raises(StoreError, match="another «tidings copy» writes to the target"):
        carried(source, target, another)

    assert contents(target) == contents(source)


# --- found -----------------------------------------------------------------------------------------------------------


def test_a_row_that_is_not_the_same_is_found_and_the_copy_stays_closed(small_parts: None, opened: Open) -> None:
    source, target = opened("memory"), opened("file")
    furnish(source)

    def spoil(what: str, done: int, total: int) -> None:
        if what == "copying link" and done == 0:
            target.transact(adding(asset(10**6), events=0))

    copied = carried(source, target, spoil)

    assert copied.problems[0] == "table asset: the row (1000000,) is only in the target"
    assert "the target: Table guid-1000000 is stored, but not in the log" in copied.problems
    with pytest.raises(StoreError, match="unfinished copy"):
        refuse_unfinished(target)


def test_a_source_that_is_not_sound_is_not_copied(opened: Open) -> None:
    source, target = opened("memory"), opened("file")
    source.transact(adding(asset(1), events=0))
    before = contents(target)

    copied = carried(source, target)

    assert copied.problems[0] == "the source: Table guid-1 is stored, but not in the log"
    assert (contents(target), copied.rows) == (before, {})


def compared(source: Store, target: Store) -> list[str]:
    with source.snapshot() as one, target.snapshot() as other:
        return comparing.differences(one, other, {MARK}, lambda what, done, total: None)


ROW = (1, "g", "T", "q", 0, 1, 0, "a", 0, "b", b"{}", None, None)


@pytest.mark.parametrize(("mine", "theirs", "told"), [
    ([ROW], [], "only in the source"),
    ([], [ROW], "only in the target"),
    ([ROW], [(*ROW[:-1], "c")], "not the same in both"),
    ([ROW, (2, "h", *ROW[2:3], "r", *ROW[4:])], [(2, "h", *ROW[2:3], "r", *ROW[4:])], "only in the source"),
    ([(2, "h", *ROW[2:3], "r", *ROW[4:])], [ROW, (2, "h", *ROW[2:3], "r", *ROW[4:])], "only in the target"),
])  # fmt: skip
def test_differences_are_told_by_the_row(opened: Open, mine: list[Row], theirs: list[Row], told: str) -> None:
    source, target = opened("memory"), opened("memory")
    source.transact(lambda tx: tx.fill(ASSET, mine))
    target.transact(lambda tx: tx.fill(ASSET, theirs))
    target.transact(lambda tx: tx.set_value("catalog_id", source.catalog_id()))

    assert compared(source, target) == [f"table asset: the row (1,) is {told}"]


def test_values_that_differ_are_told_by_their_names(opened: Open) -> None:
    source, target = opened("memory"), opened("memory")
    source.transact(lambda tx: tx.set_value("colour", "red"))

    assert compared(source, target) == [
        "the catalog's value catalog_id is not the same in both", "the catalog's value colour is not the same in both",
    ]  # fmt: skip


def test_a_log_that_tells_another_state_is_told_of(opened: Open) -> None:
    source, target = opened("memory"), opened("file")
    furnish(source)
    told = iter("ab")

    def inspect_otherwise(snapshot: Snapshot, progress: Progress) -> Report:
        return Report([], 0, 0, 0, 0, told=next(told))

    copied = copy(source, target, inspect_otherwise, lambda what, done, total: None)

    assert copied.problems == ["replaying the log of the target gives another state than replaying that of the source"]


def test_a_log_tells_one_state_in_one_text_and_another_in_another(opened: Open) -> None:
    source, target = opened("memory"), opened("file")
    furnish(source)
    carried(source, target)
    it, told = Catalog(target), [Catalog(source).inspect().told, Catalog(target).inspect().told]
    assert told[0] == told[1] != ""

    for change in (entity("Table", TABLE, description="new"), entity("Process", f"{TABLE}/load", inputs=[])):
        it.save(change)
        told.append(it.inspect().told)

    assert len(set(told)) == 3
