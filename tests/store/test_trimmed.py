"""A log whose start was trimmed: what is left of it is sound wherever it was cut, and still tells what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from tests.catalog import TABLE, Catalog, entity, ref, target
from tests.store import rows
from tests.store.contract import Row, World
from tests.store.test_contract import ROWS
from tests.store.test_inspect import fill, stored, tamper
from tidings.model.asset import Link
from tidings.model.changes import Changes, Kind
from tidings.model.cursor import Cursor
from tidings.model.events import EVERYTHING
from tidings.store.base import Store
from tidings.store.sqlite import SqliteStore


def trim(store: Store, before: int) -> int:
    return store.transact(lambda tx: tx.trim(before))


def problems_at_every_cut(it: Catalog) -> dict[int, list[str]]:
    """Trim position by position up to the last, and look each time."""
    found = {}
    for before in range(1, it.store.head() + 1):
        trim(it.store, before)
        if problems := it.inspect().problems:
            found[before] = problems
    return found


@pytest.fixture
def filled(catalog: Catalog) -> Catalog:
    fill(catalog)
    return catalog


@pytest.mark.parametrize("row", [pytest.param(row, id=row.what) for group in ROWS.values() for row in group])
def test_whatever_happens_the_rest_of_the_log_is_sound(row: Row) -> None:
    store = SqliteStore(None)
    try:
        it = World(store, row.profile)
        row.begin(it)
        row.act(it)
        assert problems_at_every_cut(it) == {}
    finally:
        store.close()


def test_what_is_trimmed_is_gone_and_the_rest_stays(filled: Catalog) -> None:
    store, head = filled.store, filled.store.head()
    before = filled.log()

    assert (trim(store, 4), trim(store, 4), trim(store, 2)) == (3, 0, 0)

    with store.snapshot() as snapshot:
        assert (snapshot.log_start(), snapshot.head(), store.head()) == (4, head, head)
        assert [one.position for one in snapshot.log(0, 100, EVERYTHING)[0]] == list(range(4, head + 1))
    assert filled.log() == [one for one in before if one.position >= 4]


def test_the_last_record_always_stays(filled: Catalog) -> None:
    head = filled.store.head()
    assert trim(filled.store, 1_000_000) == head - 1
    filled.save(entity("Table", TABLE, description="new"))
    report = filled.inspect()
    assert (report.problems, report.first, report.events) == ([], head, 2)


def test_an_empty_log_has_nothing_to_trim(store: Store) -> None:
    assert trim(store, 10) == 0
    with store.snapshot() as snapshot:
        assert (snapshot.log_start(), snapshot.head()) == (1, 0)


def test_trimming_that_is_undone_trims_nothing(filled: Catalog) -> None:
    assert filled.store.transact(lambda tx: tx.trim(3), rollback=True) == 2
    with filled.store.snapshot() as snapshot:
        assert (snapshot.log_start(), snapshot.log(0, 1, EVERYTHING)[0][0].position) == (1, 1)


def test_positions_by_time(filled: Catalog) -> None:
    with filled.store.snapshot() as snapshot:
        records = snapshot.log(0, 100, EVERYTHING)[0]
        for one in records:
            first = min(other.position for other in records if other.time >= one.time)
            assert snapshot.position_at(one.time) == first
        assert snapshot.position_at(0) == 1
        assert snapshot.position_at(records[-1].time + 1) == records[-1].position + 1
    trim(filled.store, 5)
    with filled.store.snapshot() as snapshot:
        assert snapshot.position_at(0) == 5


def test_the_weight_of_the_log(filled: Catalog) -> None:
    with filled.store.snapshot() as snapshot:
        head = snapshot.head()
        each = [snapshot.log_bytes(position - 1, position) for position in range(1, head + 1)]
        assert all(each)
        assert snapshot.log_bytes(0, head) == sum(each)
        assert snapshot.log_bytes(2, 2) == snapshot.log_bytes(head, head + 5) == 0


# --- what is wrong is still found -----------------------------------------------------------------------------------

LATER: dict[str, Callable[[Catalog], object]] = {
    "an attribute": lambda it: it.save(entity("Table", TABLE, description="later")),
    "links": lambda it: it.save(entity("Column", f"{TABLE}/c1", table=None), entity("Column", f"{TABLE}/c3")),
    "a column": lambda it: it.save(entity("Column", f"{TABLE}/c4", table=ref("Table", TABLE))),
}


@pytest.fixture
def cut(filled: Catalog) -> Catalog:
    """Two requests before the cut, some behind it."""
    head = filled.store.head()
    for act in LATER.values():
        act(filled)
    trim(filled.store, head + 1)
    assert filled.inspect().problems == []
    return filled


def changed(it: Catalog, **attributes: object) -> list[str]:
    table = stored(it, TABLE)
    encoded = msgspec.json.encode(table.attributes | attributes)
    return tamper(it, msgspec.structs.replace(table, encoded=encoded))


def test_an_attribute_that_events_still_tell(cut: Catalog) -> None:
    [found] = changed(cut, description="other")
    assert "attribute description is 'other', but 'later' in the log" in found


def test_an_attribute_of_which_nothing_is_told_any_more(cut: Catalog) -> None:
    assert changed(cut, rowCount=7) == []


def test_a_version_that_events_still_tell(cut: Catalog) -> None:
    table = stored(cut, TABLE)
    assert any("version is 99" in one for one in tamper(cut, msgspec.structs.replace(table, version=99)))


def test_links_that_events_still_tell(cut: Catalog) -> None:
    table, *columns = (stored(cut, name) for name in (TABLE, *(f"{TABLE}/c{one}" for one in (1, 2, 3, 4))))
    first, second, third, fourth = columns
    went = Link("table_columns", table.id, first.id)
    older = Link("table_columns", table.id, second.id)
    of_a_new_asset = Link("table_columns", table.id, third.id)
    came = Link("table_columns", table.id, fourth.id)
    told = stored(cut, TABLE)
    found = tamper(cut, told, Changes(removed=[older, came], added=[went, of_a_new_asset]))
    assert sorted(found) == sorted(
        [
            f"link table_columns from {table.guid} to {first.guid} is stored, but not in the log",
            f"link table_columns from {table.guid} to {third.guid} is stored, but not in the log",
            f"link table_columns from {table.guid} to {fourth.guid} is in the log, but not stored",
        ]
    )


def test_an_asset_that_changed_behind_the_cut_and_in_silence(cut: Catalog) -> None:
    with cut.store.snapshot() as snapshot:
        [time] = [one.time for one in snapshot.log(snapshot.log_start() - 1, 1, EVERYTHING)[0]]
    second = stored(cut, f"{TABLE}/c2")
    assert tamper(cut, msgspec.structs.replace(second, updated_at=time)) == []
    found = tamper(cut, msgspec.structs.replace(second, updated_at=time + 1))
    assert found == [f"Column {second.guid} is stored, but not in the log"]


def test_an_asset_that_went_in_silence(cut: Catalog) -> None:
    table = stored(cut, TABLE)
    cut.store.transact(lambda tx: tx.save(rows.changes(Kind.PURGE, table)))
    assert any("is not stored, but the log does not say" in one for one in cut.inspect().problems)


def test_a_purge_behind_the_cut(cut: Catalog) -> None:
    cut.purge(target("Column", f"{TABLE}/c2"))
    assert cut.inspect().problems == []


def test_positions_that_are_missing_behind_the_start(cut: Catalog) -> None:
    """Trimming says where the log begins, so that what is lost otherwise is seen."""
    with cut.store.snapshot() as snapshot:
        start = snapshot.log_start()
    cut.store.transact(lambda tx: tx.set_value("log_start", str(start - 1)))
    assert f"position {start} comes after {start - 2}" in cut.inspect().problems


def test_a_cursor_beyond_the_end(cut: Catalog) -> None:
    head = cut.store.head()
    cut.store.transact(lambda tx: tx.save_cursor(Cursor("c", head + 1, 1, 1)))
    assert cut.inspect().problems == [f"the cursor c is at {head + 1}, beyond the end of the log, {head}"]
