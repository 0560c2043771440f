"""Tags that reach more than one transaction takes: the task says each thing once, whatever comes between."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.catalog import TABLE, Catalog, entity, message, ref, target, told
from tests.labels import PII, SECRET, labelled, tag, tagged
from tidings.model.events import EVERYTHING, decode
from tidings.store.base import Store
from tidings.store.tags import tags_of
from tidings.write.catch_up import catch_up

ADD, DELETE = "CLASSIFICATION_ADD", "CLASSIFICATION_DELETE"
COLUMNS = [f"c{number}" for number in range(7)]
Json = dict[str, Any]


@pytest.fixture
def it(store: Store) -> Catalog:
    """A table with seven columns, of whom no transaction tags more than two."""
    catalog = labelled(store)
    catalog.at_once = 2
    catalog.save(entity("Table", TABLE), *map(column, COLUMNS))
    return catalog


def column(name: str, table: str | None = TABLE) -> Any:
    return entity("Column", f"{TABLE}/{name}", table=ref("Table", table) if table else None)


def put(it: Catalog, name: str = PII, how: Any = "append", **flags: Any) -> int:
    """Tag the table; the head of the log before that."""
    head = it.store.head()
    it.save(tagged(entity("Table", TABLE), tag(name, **flags)), tagging=how)
    return head


def take(it: Catalog) -> int:
    head = it.store.head()
    one = tagged(entity("Table", TABLE))
    it.save(one, tagging="replace")
    return head


def work(it: Catalog, **options: Any) -> bool:
    return catch_up(it.store, it.types, chunk=2, **options)


def finish(it: Catalog) -> None:
    while work(it):
        pass


def events(it: Catalog, after: int) -> list[Json]:
    """What the log says behind a position: operation, name and the block of ours."""
    with it.store.snapshot() as snapshot:
        records = snapshot.log(after, 10_000, EVERYTHING)[0]
    return [decode(one.full()) for one in records]


def said(found: list[Json]) -> list[tuple[str, str]]:
    return [(one["message"]["operationType"], one["message"]["entity"]["displayText"]) for one in found]


def tasks(it: Catalog) -> int:
    with it.store.snapshot() as snapshot:
        return len(snapshot.tasks())


def bearers(it: Catalog, name: str = PII) -> set[str]:
    with it.store.snapshot() as snapshot:
        found = snapshot.assets_by_name([TABLE, *(f"{TABLE}/{one}" for one in COLUMNS)])
        held = tags_of([one.id for one in found], snapshot)
    return {
        one.qualified_name.rpartition("/")[2] for one in found if name in [each.tag for each in held.get(one.id, ())]
    }


def between(*acts: Callable[[], object]) -> Callable[[], bool]:
    """An ``ending`` that does something before each part, in place of stopping."""
    left = list(acts)

    def ending() -> bool:
        if left:
            left.pop(0)()
        return False

    return ending


def nothing() -> None:
    pass


def test_a_request_says_its_own_and_leaves_the_rest(it: Catalog) -> None:
    head = put(it)
    assert (said(events(it, head)), tasks(it), bearers(it)) == ([(ADD, "orders")], 1, {"orders"})
    assert work(it)
    assert (tasks(it), bearers(it)) == (0, {"orders", *COLUMNS})
    assert not work(it)
    assert it.inspect().problems == []


@pytest.mark.parametrize(("do", "kind"), [(put, ADD), (take, DELETE)])
def test_indexes_of_the_cause_go_on(it: Catalog, do: Callable[[Catalog], int], kind: str) -> None:
    if do is take:
        put(it)
        finish(it)
    head = do(it)
    finish(it)
    found = [one["tidings"] for one in events(it, head)]

    assert said(events(it, head))[0] == (kind, "orders")
    assert {name for _, name in said(events(it, head))[1:]} == set(COLUMNS)
    assert len({one["cause"] for one in found}) == 1
    assert [one["causeIndex"] for one in found] == list(range(1, 9))
    assert [one["causeCount"] for one in found] == [None, *[8] * 7]
    assert [one["origin"] for one in found] == ["direct", *["propagated"] * 7]
    assert {one["actor"] for one in found} == {"jo"}


def test_a_few_are_told_at_once(it: Catalog) -> None:
    it.at_once = 7
    head = put(it)
    assert (len(events(it, head)), tasks(it)) == (8, 0)
    assert {one["tidings"]["causeCount"] for one in events(it, head)} == {8}


def test_interrupted_between_two_transactions(it: Catalog) -> None:
    head = put(it)
    for _ in range(20):
        stops = iter([False, True])
        work(it, ending=lambda stops=stops: next(stops))
        assert it.inspect().problems == []
    assert (tasks(it), Counter(said(events(it, head))).most_common(1)[0][1]) == (0, 1)
    assert [one["tidings"]["causeIndex"] for one in events(it, head)] == list(range(1, 9))
    assert {one["tidings"]["causeCount"] for one in events(it, head)[1:]} == {8}


def test_ended_before_it_began(it: Catalog) -> None:
    head = put(it)
    assert work(it, ending=lambda: True)
    assert (len(events(it, head)), tasks(it)) == (1, 1)


def test_what_others_change_meanwhile_is_seen(it: Catalog) -> None:
    head = put(it)
    away = column(COLUMNS[6], None)
    new = column("new")
    work(it, ending=between(nothing, lambda: it.save(away, new)))
    assert tasks(it) == 1
    finish(it)

    tagged_ones = [name for kind, name in said(events(it, head)) if kind == ADD]
    assert Counter(tagged_ones) == Counter(["orders", "new", *COLUMNS[:6]])
    assert bearers(it) == {"orders", *COLUMNS[:6]}
    assert it.inspect().problems == []


def test_a_change_that_has_nothing_to_do_with_it(it: Catalog) -> None:
    head = put(it)
    acts = [lambda number=number: it.save(entity("View", f"v{number}")) for number in range(3)]
    work(it, ending=between(*acts))
    finish(it)
    mine = [one["tidings"] for one in events(it, head) if one["message"]["operationType"] == ADD]
    assert [one["causeIndex"] for one in mine] == list(range(1, 9))
    assert bearers(it) == {"orders", *COLUMNS}


@pytest.mark.parametrize("how", ["take", "archive", "purge", "narrow"])
def test_the_tag_goes_while_its_task_runs(it: Catalog, how: str) -> None:
    head = put(it)
    acts: dict[str, Callable[[], object]] = {
        "take": lambda: take(it),
        "archive": lambda: it.archive(target("Table", TABLE)),
        "purge": lambda: it.purge(target("Table", TABLE)),
        "narrow": lambda: put(it, propagate=False),
    }
    work(it, ending=between(nothing, acts[how]))
    finish(it)

    kinds = Counter(pair for pair in said(events(it, head)) if pair[0] in (ADD, DELETE) and pair[1] != "orders")
    came, went = ({name for kind, name in kinds if kind == one} for one in (ADD, DELETE))
    assert came == went
    assert (len(came), set(kinds.values())) == (2, {1})
    assert bearers(it) == (set() if how in ("take", "purge") else {"orders"})
    assert (tasks(it), it.inspect().problems) == (0, [])


@pytest.mark.parametrize("purge", [False, True])
def test_the_source_goes_and_the_tag_stays(it: Catalog, purge: bool) -> None:
    """Frozen where it is: who has it keeps it, nobody else gets it."""
    head = put(it, removePropagationsOnEntityDelete=False)
    gone = it.purge if purge else it.archive
    work(it, ending=between(nothing, lambda: gone(target("Table", TABLE))))
    finish(it)

    assert len([1 for kind, name in said(events(it, head)) if kind == ADD and name != "orders"]) == 2
    assert DELETE not in dict(said(events(it, head)))
    assert len(bearers(it) - {"orders"}) == 2
    assert (tasks(it), it.inspect().problems) == (0, [])


def test_a_source_purged_before_its_task_began(it: Catalog) -> None:
    head = put(it)
    it.purge(target("Table", TABLE))
    finish(it)
    assert [kind for kind, _ in said(events(it, head))] == [ADD, "ENTITY_DELETE"]
    assert (tasks(it), bearers(it), it.inspect().problems) == (0, set(), [])


def test_two_tasks_the_older_first(it: Catalog) -> None:
    head = put(it)
    put(it, SECRET)
    assert tasks(it) == 2
    finish(it)

    assert bearers(it) == bearers(it, SECRET) == {"orders", *COLUMNS}
    order = [one["message"]["mutatedDetails"][0]["typeName"] for one in events(it, head)]
    assert order == [PII, SECRET, *[PII] * 7, *[SECRET] * 7]
    by_cause: dict[str, list[int]] = {}
    for one in events(it, head):
        by_cause.setdefault(one["tidings"]["cause"], []).append(one["tidings"]["causeIndex"])
    assert list(by_cause.values()) == [list(range(1, 9))] * 2


def test_two_tags_of_one_request(it: Catalog) -> None:
    head = it.store.head()
    it.save(tagged(entity("Table", TABLE), PII, SECRET), tagging="append")
    finish(it)
    assert [one["tidings"]["causeIndex"] for one in events(it, head)] == list(range(1, 17))
    assert bearers(it) == bearers(it, SECRET) == {"orders", *COLUMNS}


def test_a_dry_run_leaves_no_task(it: Catalog) -> None:
    head = it.store.head()
    receipt = it.save(tagged(entity("Table", TABLE), PII), tagging="append", dry_run=True)
    assert told(receipt.events) == [(ADD, "orders")]
    assert message(receipt.events[0])["operationType"] == ADD
    assert (tasks(it), it.store.head()) == (0, head)


def test_several_at_once_share_the_work(it: Catalog) -> None:
    head = put(it)
    put(it, SECRET)
    start = threading.Barrier(4)

    def share() -> None:
        start.wait()
        while work(it):
            pass

    threads = [threading.Thread(target=share) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    tags = Counter(
        (one["message"]["entity"]["displayText"], one["message"]["mutatedDetails"][0]["typeName"])
        for one in events(it, head)
    )
    assert tags == Counter({(name, one): 1 for name in ("orders", *COLUMNS) for one in (PII, SECRET)})
    assert (tasks(it), it.inspect().problems) == (0, [])


def test_it_comes_to_its_end_however_busy_others_are(it: Catalog) -> None:
    """Somebody saves something before every part, so that no plan made beforehand is ever in time."""
    head = put(it)
    numbers = iter(range(100))

    def busy() -> bool:
        it.save(entity("View", f"v{next(numbers)}"))
        return False

    while work(it, ending=busy):
        pass
    assert bearers(it) == {"orders", *COLUMNS}
    mine = [one["tidings"] for one in events(it, head) if one["message"]["operationType"] == ADD]
    assert [one["causeIndex"] for one in mine] == list(range(1, 9))


def test_a_tag_from_two_sources_is_told_once(it: Catalog) -> None:
    second, end = f"{TABLE}2", f"{TABLE}3"
    it.save(entity("Table", second), entity("Table", end))
    it.save(entity("Process", "p", inputs=[ref("Table", TABLE), ref("Table", second)], outputs=[ref("Table", end)]))
    head = it.store.head()
    it.save(tagged(entity("Table", TABLE), PII), tagged(entity("Table", second), PII), tagging="append")
    finish(it)

    found = events(it, head)
    assert set(Counter(said(found)).values()) == {1}
    sources = {one["message"]["entity"]["displayText"]: len(one["message"]["mutatedDetails"]) for one in found}
    assert (sources["p"], sources["orders3"], sources["c1"]) == (2, 2, 1)


def test_who_takes_it_off_while_it_travels_is_named_for_that(it: Catalog) -> None:
    put(it)
    work(it, ending=between(nothing, nothing, lambda: it.save(entity("View", "v"))))
    head = take(it)
    finish(it)

    mine = [one for one in events(it, head) if one["message"]["operationType"] == DELETE]
    assert len({one["tidings"]["cause"] for one in mine}) == 1
    assert [one["tidings"]["causeIndex"] for one in mine] == list(range(1, len(mine) + 1))
    assert (bearers(it), tasks(it), it.inspect().problems) == (set(), 0, [])
