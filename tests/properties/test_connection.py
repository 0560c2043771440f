"""Deleting everything under a connection: each asset once, children first, the connection last, whatever comes between."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.docs.scenarios import asset, ref, save_connection
from tidings.model.errors import Conflict, InvalidParameter, UnknownName
from tidings.read.integrity import inspect
from tidings.testing import Catalog, catalog
from tidings.write import connection as subject
from tidings.write.connection import KIND, Summary, count_connection

HOME = "default/postgres/1700000000"
WHOLE = {"Column": 15_000, "Connection": 1, "Database": 3, "Schema": 10, "Table": 500}
Events = list[dict[str, Any]]


class Cut(Exception):
    """Stands for a crash: raised where progress is told."""


def cut_after(transactions: int) -> Any:
    """Progress that fails once so many transactions are done."""
    left = [transactions]

    def progress(done: int, total: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Cut

    return progress


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "CHUNK", 3)


def small(it: Catalog, tables: int = 3) -> None:
    """A connection with a schema, tables and two columns in each: 3 · tables + 2 assets."""
    it.save(asset("Connection", HOME), asset("Schema", f"{HOME}/s"))
    for table in range(tables):
        name = f"{HOME}/s/t{table}"
        columns = [asset("Column", f"{name}/c{n}", order=n, table=ref("Table", name)) for n in (1, 2)]
        it.save(asset("Table", name, atlanSchema=ref("Schema", f"{HOME}/s")), *columns)


def names(events: Events) -> list[str]:
    return [str(one["message"]["entity"]["attributes"]["qualifiedName"]) for one in events]


def told_once(events: Events, count: int) -> None:
    """One DELETE each under one cause, without holes, children first, the connection last."""
    assert {one["message"]["operationType"] for one in events} == {"ENTITY_DELETE"}
    assert len(set(names(events))) == len(events) == count
    assert len({one["tidings"]["cause"] for one in events}) == 1
    assert [one["tidings"]["causeIndex"] for one in events] == list(range(1, count + 1))
    assert {one["tidings"]["causeCount"] for one in events} == {count}
    places = {name: place for place, name in enumerate(names(events))}
    assert all(place < places.get(name.rpartition("/")[0], count) for name, place in places.items())
    assert names(events)[-1] == HOME


def sound(it: Catalog) -> None:
    assert inspect(it.store, it.in_force, lambda *_: None).problems == []
    with it.store.snapshot() as snapshot:
        assert snapshot.tasks() == []


def test_exact_counts_of_a_whole_connection() -> None:
    with catalog() as it:
        save_connection(it)
        after = it.store.head()
        assert count_connection(it.store, it.in_force, HOME) == WHOLE

        archive = it.delete_connection(HOME)
        assert (archive.deleted, archive.total, archive.resumed) == (WHOLE, 15_514, False)
        told_once(it.events(after), 15_514)
        assert (archive.first_position, archive.last_position) == (after + 1, it.store.head())

        again = it.delete_connection(HOME)
        assert (again.deleted, again.cause, again.first_position) == ({}, None, None)
        assert it.store.head() == after + 15_514

        assert it.delete_connection(HOME, "PURGE").deleted == WHOLE
        told_once(it.events(after + 15_514), 15_514)
        assert set(Counter(names(it.events(after))).values()) == {2}
        sound(it)


def test_transactions_are_bounded_and_each_has_its_time(small_chunks: None) -> None:
    with catalog() as it:
        small(it, 4)
        after = it.store.head()
        heads: list[int] = []
        stop = it.store.on_commit(heads.append)

        it.delete_connection(HOME, "PURGE")

        stop()
        assert [head - after for head in heads] == [3, 6, 9, 12, 14]
        told_once(it.events(after), 14)


@pytest.mark.usefixtures("small_chunks")
@given(
    parents=st.lists(st.integers(-1, 20), max_size=14),
    flat=st.booleans(),
    cuts=st.lists(st.integers(0, 4), max_size=6),
    how=st.sampled_from(["SOFT", "PURGE"]),
)
def test_any_forest_cut_off_anywhere(parents: list[int], flat: bool, cuts: list[int], how: Any) -> None:
    with catalog() as it:
        count = forest(it, parents, flat)
        after = it.store.head()
        for transactions in cuts:
            try:
                it.delete_connection(HOME, how, progress=cut_after(transactions))
                break
            except Cut:
                sound_but_begun(it)
            if it.store.head() == after + count:
                break
        if it.store.head() < after + count:
            assert it.delete_connection(HOME, how).total == count
        events = it.events(after)
        assert len(set(names(events))) == len(events) == count
        assert [one["tidings"]["causeIndex"] for one in events] == list(range(1, count + 1))
        assert names(events)[-1] == HOME
        place = {name: index for index, name in enumerate(names(events))}
        for own, parent in enumerate(parents):
            if 0 <= parent < own:
                assert place[column(own, parents, flat)] < place[column(parent, parents, flat)]
        sound(it)


def forest(it: Catalog, parents: list[int], flat: bool) -> int:
    """Columns nested in one another; ``flat``: by links alone, their names say nothing."""
    it.save(asset("Connection", HOME))
    if parents:
        it.save(
            *(
                asset("Column", column(own, parents, flat), order=1,
                      **({"parentColumn": ref("Column", column(parent, parents, flat))} if 0 <= parent < own else
                         {"connectionQualifiedName": HOME}))
                for own, parent in enumerate(parents)
            )
        )  # fmt: skip
    return len(parents) + 1


def column(own: int, parents: list[int], flat: bool) -> str:
    parent = parents[own]
    if flat or not 0 <= parent < own:
        return f"{HOME}/{own:02}"
    return f"{column(parent, parents, flat)}/{own:02}"


def sound_but_begun(it: Catalog) -> None:
    assert inspect(it.store, it.in_force, lambda *_: None).problems == []


@pytest.mark.usefixtures("small_chunks")
def test_an_interrupted_one_goes_on_under_its_cause() -> None:
    with catalog() as it:
        small(it)
        after = it.store.head()
        with pytest.raises(Cut):
            it.delete_connection(HOME, "PURGE", progress=cut_after(2))
        [task] = tasks(it)
        assert (task.kind, task.subject, b'"done":6' in task.encoded) == (KIND, HOME, True)

        summary = it.delete_connection(HOME, "HARD", actor="another")

        assert (summary.resumed, summary.here, summary.total, summary.delete_type) == (True, 5, 11, "PURGE")
        assert summary.first_position == after + 1
        told_once(it.events(after), 11)
        assert {one["tidings"]["actor"] for one in it.events(after)[6:]} == {"another"}
        sound(it)


def tasks(it: Catalog) -> Any:
    with it.store.snapshot() as snapshot:
        return snapshot.tasks()


@pytest.mark.usefixtures("small_chunks")
def test_a_purge_takes_over_an_archive_but_not_the_other_way() -> None:
    with catalog() as it:
        small(it)
        after = it.store.head()
        with pytest.raises(Cut):
            it.delete_connection(HOME, progress=cut_after(2))
        with pytest.raises(Cut):
            it.delete_connection(HOME, "PURGE", progress=cut_after(2))
        with pytest.raises(Conflict, match=r"a purge of .* ask for PURGE"):
            it.delete_connection(HOME)
        assert it.delete_connection(HOME, "PURGE").total == 11
        told_once(it.events(after + 6), 11)
        sound(it)


@pytest.mark.usefixtures("small_chunks")
def test_an_archive_hears_that_a_purge_took_over() -> None:
    with catalog() as it:
        small(it)

        def progress(done: int, total: int) -> None:
            if done == 3:
                with pytest.raises(Cut):
                    it.delete_connection(HOME, "PURGE", progress=cut_after(1))

        with pytest.raises(Conflict, match="taken over"):
            it.delete_connection(HOME, progress=progress)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("how", ["SOFT", "PURGE"])
def test_two_callers_at_once_share_the_work(how: Any) -> None:
    with catalog() as it, ThreadPoolExecutor(2) as pool:
        small(it, 20)
        after = it.store.head()
        together = threading.Barrier(2)

        def ask(_: int) -> Summary:
            meet = iter([together.wait])

            def progress(done: int, total: int) -> None:
                for wait in meet:
                    wait()

            return it.delete_connection(HOME, how, progress=progress)

        summaries = list(pool.map(ask, range(2)))

        told_once(it.events(after), 62)
        assert [one.total for one in summaries] == [62, 62]
        assert summaries[0].cause == summaries[1].cause
        assert sum(one.here for one in summaries) == 62
        sound(it)


@pytest.mark.usefixtures("small_chunks")
def test_one_whose_work_another_finished_tells_of_all_of_it() -> None:
    with catalog() as it:
        small(it)

        def progress(done: int, total: int) -> None:
            if done == 3:
                assert it.delete_connection(HOME, "PURGE").here == 8

        summary = it.delete_connection(HOME, "PURGE", progress=progress)

        assert (summary.total, summary.here, summary.last_position) == (11, 3, it.store.head())


@pytest.mark.parametrize("chunk", [3, 100])
def test_one_who_looked_in_time_but_came_too_late_hears_what_was_done(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subject, "CHUNK", chunk)
    with catalog() as it:
        small(it)
        after = it.store.head()
        first: list[Summary] = []

        def progress(done: int, total: int) -> None:
            if not first:
                first.append(it.delete_connection(HOME, "PURGE"))

        late = it.delete_connection(HOME, "PURGE", progress=progress)

        assert (late.here, late.deleted, late.cause) == (0, first[0].deleted, first[0].cause)
        assert (late.first_position, late.last_position) == (after + 1, after + 11)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("how", ["SOFT", "PURGE"])
def test_what_comes_meanwhile_goes_too(how: Any) -> None:
    with catalog() as it:
        small(it)
        after, fresh = it.store.head(), iter([[f"{HOME}/n{number}" for number in range(5)], [f"{HOME}/last"]])

        def progress(done: int, total: int) -> None:
            if done in (6, 12):
                it.save(*(asset("Table", name) for name in next(fresh, ())))

        assert it.delete_connection(HOME, how, progress=progress).total == 17
        deleted = [one for one in it.events(after) if one["message"]["operationType"] == "ENTITY_DELETE"]
        assert len(set(names(deleted))) == len(deleted) == 17
        assert names(deleted)[-1] == HOME
        assert [one["tidings"]["causeIndex"] for one in deleted] == list(range(1, 18))
        sound(it)


def test_what_is_put_elsewhere_meanwhile_goes_before_its_new_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "CHUNK", 7)
    moves = iter([(f"{HOME}/s/t2/c1", f"{HOME}/s/t3")])

    def progress(done: int, total: int) -> None:
        for column, table in moves:
            it.save(asset("Column", column, table=ref("Table", table)))

    with catalog() as it:
        small(it, 4)
        after = it.store.head()
        it.delete_connection(HOME, "PURGE", progress=progress)
        gone = names([one for one in it.events(after) if one["message"]["operationType"] == "ENTITY_DELETE"])
        assert len(set(gone)) == len(gone) == 14
        assert gone.index(f"{HOME}/s/t2/c1") < gone.index(f"{HOME}/s/t3")


@pytest.mark.usefixtures("small_chunks")
def test_what_others_delete_or_take_elsewhere_meanwhile_is_passed_over() -> None:
    with catalog() as it:
        small(it)
        after = it.store.head()
        guid_of = {names([one])[0]: one["message"]["entity"]["guid"] for one in it.events()}

        def progress(done: int, total: int) -> None:
            if done == 3:
                it.delete(guid_of[f"{HOME}/s/t0/c1"], guid_of[HOME], delete_type="PURGE")
                kept = {**asset("Table", "default/other/1/kept"), "guid": guid_of[f"{HOME}/s/t0"]}
                it.save(asset("Connection", "default/other/1"), kept)

        assert it.delete_connection(HOME, "PURGE", progress=progress).total == 8
        deleted = names([one for one in it.events(after) if one["message"]["operationType"] == "ENTITY_DELETE"])
        assert len(set(deleted)) == len(deleted) == 10
        assert f"{HOME}/s/t0" not in deleted
        sound(it)


def test_assets_that_only_links_lead_to() -> None:
    with catalog() as it:
        small(it, 1)
        table = ref("Table", f"{HOME}/s/t0")
        it.save(asset("Column", "loose", order=3, table=table), asset("Readme", "about", asset=table))
        it.save(asset("Column", "nested", order=1, parentColumn=ref("Column", "loose")), asset("Table", f"{HOME}5/s/t"))
        after = it.store.head()

        assert it.delete_connection(HOME, "PURGE").deleted == {
            "Column": 4, "Connection": 1, "Readme": 1, "Schema": 1, "Table": 1,
        }  # fmt: skip
        gone = names(it.events(after))
        assert gone.index("nested") < gone.index("loose") < gone.index(f"{HOME}/s/t0") > gone.index("about")
        sound(it)


def test_assets_of_other_connections_stay() -> None:
    other = "default/dbt/1"
    with catalog() as it:
        small(it, 1)
        table = ref("Table", f"{HOME}/s/t0")
        it.save(asset("Connection", other), asset("Table", f"{other}/t"))
        it.save(
            asset("DbtModel", f"{other}/m", sqlAsset=table),
            asset("DbtModel", "default/gone/1/m", sqlAsset=table, connectionQualifiedName="default/gone/1"),
            asset("Process", f"{HOME}/etl", inputs=[ref("Table", f"{other}/t")], outputs=[table]),
        )
        after = it.store.head()

        assert it.delete_connection(HOME, "PURGE").total == 6
        assert not any("dbt" in name or "gone" in name for name in names(it.events(after)))
        sound(it)


def test_assets_that_only_name_the_connection() -> None:
    with catalog() as it:
        small(it, 1)
        it.save(asset("Table", "far/away", connectionQualifiedName=HOME))
        naming = "UPDATE asset SET connection = ? WHERE qualified_name = 'far/away'"
        it.store.transact(lambda tx: tx.connection.execute(naming, (HOME,)))  # type: ignore[attr-defined]

        assert it.delete_connection(HOME).total == 6


def test_columns_of_an_archived_table_are_archived_too() -> None:
    with catalog() as it:
        small(it, 1)
        it.save(asset("Column", "loose", order=3, table=ref("Table", f"{HOME}/s/t0")))
        guids = {names([one])[0]: one["message"]["entity"]["guid"] for one in it.events()}
        it.delete(guids[f"{HOME}/s/t0"])

        assert it.delete_connection(HOME).deleted == {"Column": 3, "Connection": 1, "Schema": 1}


def test_nobody_outside_hears_of_it_under_either_profile() -> None:
    with catalog("server") as it:
        small(it)
        after = it.store.head()
        it.delete_connection(HOME, "PURGE")
        told_once(it.events(after), 11)
        assert it.events(after)[0]["message"]["entity"]["deleteHandler"] == "PURGE"


@pytest.mark.usefixtures("small_chunks")
def test_others_lose_the_tags_that_came_from_it() -> None:
    with catalog() as it:
        it.define({"classificationDefs": [{"category": "CLASSIFICATION", "name": "PII", "displayName": "PII"}]})
        [tag] = it.types.system.tags
        spreading = {"typeName": tag, "propagate": True, "removePropagationsOnEntityDelete": True}
        it.save(asset("Table", "far"), {**asset("Table", f"{HOME}/t"), "classifications": [spreading]})
        small(it)
        it.save(asset("Process", "etl", inputs=[ref("Table", f"{HOME}/t")], outputs=[ref("Table", "far")]))
        after = it.store.head()

        assert it.delete_connection(HOME, "PURGE").total == 12

        events = it.events(after)
        lost = [one for one in events if one["message"]["operationType"] == "CLASSIFICATION_DELETE"]
        assert sorted(names(lost)) == ["etl", "far"]
        assert [one["tidings"]["causeIndex"] for one in events] == list(range(1, 15))
        sound(it)


def test_names_of_nothing_and_of_something_else() -> None:
    with catalog() as it:
        small(it, 1)
        for ask in (it.delete_connection, lambda name: count_connection(it.store, it.in_force, name)):
            with pytest.raises(UnknownName, match=r"Connection .*default/x/9"):
                ask("default/x/9")
            with pytest.raises(InvalidParameter, match="is a Schema, not a connection"):
                ask(f"{HOME}/s")
        it.delete_connection(HOME, "PURGE")
        with pytest.raises(UnknownName):
            it.delete_connection(HOME, "PURGE")


def test_an_empty_connection_goes_alone() -> None:
    with catalog() as it:
        it.save(asset("Connection", HOME), asset("Connection", f"{HOME}1"))
        assert it.delete_connection(HOME, "PURGE").deleted == {"Connection": 1}
