"""Tags on the way in: each thing that can make one come or go, with its events and no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.catalog import TABLE, Catalog, counted, entity, message, ref, target, told
from tests.labels import PII, SECRET, labelled, tag, tagged
from tidings.model.errors import InvalidTag
from tidings.model.events import Event, decode
from tidings.store.base import Store
from tidings.store.tags import tags_of

Say = Callable[..., list[tuple[str, str]]]
ADD, DELETE = "CLASSIFICATION_ADD", "CLASSIFICATION_DELETE"
COPY, PROCESS = "default/snowflake/1/db/schema/copy", "default/snowflake/1/load"


@pytest.fixture
def it(store: Store) -> Catalog:
    """orders with columns a and b, and a copy of orders made by load."""
    catalog = labelled(store)
    catalog.save(
        entity("Table", TABLE),
        *(entity("Column", f"{TABLE}/{name}", table=ref("Table", TABLE)) for name in "ab"),
        entity("Table", COPY),
        entity("Process", PROCESS, inputs=[ref("Table", TABLE)], outputs=[ref("Table", COPY)]),
    )
    return catalog


def put(it: Catalog, *tags: Any, kind: str = "Table", name: str = TABLE, how: Any = "append") -> list[Event]:
    return it.save(tagged(entity(kind, name), *tags), tagging=how).events


def take(it: Catalog, name: str = PII, asset: str = TABLE) -> list[Event]:
    one = entity("Table", asset)
    one.remove_classifications = [name]
    return it.save(one).events


def both(kind: str, *names: str) -> list[tuple[str, str]]:
    return [(kind, name) for name in names]


def held(it: Catalog) -> dict[str, list[str]]:
    """Tags by asset, each with the last part of the name of where it came from."""
    with it.store.snapshot() as snapshot:
        found = snapshot.assets_by_name([TABLE, COPY, PROCESS, f"{TABLE}/a", f"{TABLE}/b"])
        names = {one.guid: one.qualified_name.rpartition("/")[2] for one in found}
        tags = tags_of([one.id for one in found], snapshot)
    return {
        one.qualified_name.rpartition("/")[2]: [f"{each.tag[0]} {names.get(each.guid)}" for each in tags[one.id]]
        for one in found
        if one.id in tags
    }


EVERYBODY = ("orders", "a", "b", "load", "copy")


def test_a_tag_reaches_everybody_down_the_flow_and_leaves_them_again(it: Catalog) -> None:
    assert sorted(told(put(it, PII))) == sorted(both(ADD, *EVERYBODY))
    assert sorted(told(take(it))) == sorted(both(DELETE, *EVERYBODY))
    assert held(it) == {}


def test_the_asset_itself_hears_first(it: Catalog) -> None:
    put_on, taken_off = put(it, PII), take(it)
    assert (told(put_on)[0], told(taken_off)[0]) == ((ADD, "orders"), (DELETE, "orders"))
    assert [decode(event.detail)["origin"] for event in put_on] == ["direct", *["propagated"] * 4]


def test_an_event_shows_the_tag_and_where_it_came_from(it: Catalog) -> None:
    events = {
        event.qualified_name.rpartition("/")[2]: message(event) for event in put(it, tag(PII, attributes={"level": 2}))
    }
    source = events["orders"]["entity"]["guid"]
    [shown] = events["copy"]["mutatedDetails"]

    assert events["copy"]["entity"]["classifications"] == [shown]
    assert events["copy"]["entity"]["classificationNames"] == [PII]
    assert shown == {
        "typeName": PII, "entityGuid": source, "entityStatus": "ACTIVE", "propagate": True,
        "removePropagationsOnEntityDelete": True, "restrictPropagationThroughLineage": False,
        "restrictPropagationThroughHierarchy": False, "attributes": {"level": 2},
    }  # fmt: skip


def test_readable_names_stand_beside_the_ids(it: Catalog) -> None:
    assert decode(put(it, PII)[0].detail)["names"] == {PII: "PII"}


def test_whoever_loses_a_tag_is_shown_without_it(it: Catalog) -> None:
    put(it, PII)
    gone = message(take(it)[0])
    assert "classifications" not in gone["entity"]
    assert gone["mutatedDetails"][0]["typeName"] == PII


@pytest.mark.parametrize(
    ("flags", "reached"),
    [
        ({"propagate": False}, ["orders"]),
        ({"restrictPropagationThroughLineage": True}, ["orders", "a", "b"]),
        ({"restrictPropagationThroughHierarchy": True}, ["orders", "load", "copy"]),
    ],
)
def test_a_tag_goes_only_where_it_may(it: Catalog, flags: dict[str, bool], reached: list[str]) -> None:
    assert [name for _, name in told(put(it, tag(PII, **flags)))] == reached
    assert {name for _, name in told(take(it))} == set(reached)


def test_putting_it_on_again_is_no_change(it: Catalog) -> None:
    put(it, tag(PII, attributes={"level": 1}))
    assert put(it, tag(PII, attributes={"level": 1})) == put(it, PII) == put(it, PII, how="replace") == []


def test_a_flag_that_changes_moves_the_difference(it: Catalog) -> None:
    put(it, PII)
    narrowed = told(put(it, tag(PII, restrictPropagationThroughLineage=True)))
    assert (set(narrowed[:2]), narrowed[2:]) == ({(DELETE, "load"), (DELETE, "copy")}, [("UPDATE", "orders")])
    off = put(it, tag(PII, propagate=False, restrictPropagationThroughLineage=False))
    assert told(off) == [*both(DELETE, "a", "b"), ("UPDATE", "orders")]
    assert counted(put(it, tag(PII, propagate=True))) == {ADD: 4, "UPDATE": 1}


def test_a_value_that_changes_is_an_update_of_the_asset_that_bears_it(it: Catalog) -> None:
    put(it, PII)
    [event] = put(it, tag(PII, attributes={"level": 3}))
    detail = decode(event.detail)

    assert event.operation == "ENTITY_UPDATE"
    assert message(event)["mutatedDetails"]["classifications"][0]["attributes"] == {"level": 3}
    assert detail["after"]["classifications"][0]["attributes"] == {"level": 3}
    assert "attributes" not in detail["before"]["classifications"][0]


def test_a_new_column_gets_the_tag_of_its_table(it: Catalog) -> None:
    put(it, PII)
    new = it.save(entity("Column", f"{TABLE}/c", table=ref("Table", TABLE))).events
    assert told(new) == [("CREATE", "c"), (ADD, "c"), ("UPDATE", "orders")]


def test_a_new_process_carries_the_tag_on(it: Catalog) -> None:
    put(it, PII)
    far = f"{COPY}2"
    new = it.save(
        entity("Table", far), entity("Process", f"{PROCESS}2", inputs=[ref("Table", COPY)], outputs=[ref("Table", far)])
    ).events
    assert told(new) == [*both("CREATE", "copy2", "load2"), *both(ADD, "load2", "copy2"), ("UPDATE", "copy")]


def test_a_column_that_moves_changes_its_tags(it: Catalog) -> None:
    put(it, PII)
    it.save(tagged(entity("Table", f"{TABLE}2"), SECRET))
    moved = it.save(entity("Column", f"{TABLE}/a", table=ref("Table", f"{TABLE}2"))).events
    assert told(moved)[:2] == [(DELETE, "a"), (ADD, "a")]
    assert [details["typeName"] for event in moved[:2] for details in message(event)["mutatedDetails"]] == [PII, SECRET]


def test_two_ways_are_needed_to_be_cut(it: Catalog) -> None:
    other = f"{PROCESS}2"
    it.save(entity("Process", other, inputs=[ref("Table", TABLE)], outputs=[ref("Table", COPY)]))
    put(it, PII)

    assert told(it.archive(target("Process", PROCESS)).events) == [("DELETE", "load")]
    assert told(it.archive(target("Process", other)).events) == [(DELETE, "copy"), ("DELETE", "load2")]
    assert told(it.restore(target("Process", other)).events) == [(ADD, "copy"), ("UPDATE", "load2")]


def test_tags_survive_archive_and_restore(it: Catalog) -> None:
    put(it, PII)
    before = held(it)
    everything = [target("Table", TABLE), target("Column", f"{TABLE}/a"), target("Process", PROCESS)]

    assert counted(it.archive(*everything).events) == {DELETE: 2, "DELETE": 3}  # b and the copy are left
    assert counted(it.restore(*everything).events) == {ADD: 2, "UPDATE": 3}
    assert held(it) == before


def test_who_was_archived_hears_when_it_comes_back(it: Catalog) -> None:
    put(it, PII)
    it.archive(target("Column", f"{TABLE}/a"))
    take(it)
    assert held(it) == {"a": ["p orders"]}
    assert told(it.restore(target("Column", f"{TABLE}/a")).events) == [(DELETE, "a"), ("UPDATE", "a")]


def test_a_tag_put_on_again_is_the_same_for_who_was_archived(it: Catalog) -> None:
    put(it, PII)
    it.archive(target("Column", f"{TABLE}/a"))
    take(it)
    put(it, PII)
    assert told(it.restore(target("Column", f"{TABLE}/a")).events) == [("UPDATE", "a")]


@pytest.mark.parametrize("purge", [False, True])
def test_what_came_from_an_asset_goes_with_it(it: Catalog, purge: bool) -> None:
    put(it, PII)
    gone = (it.purge if purge else it.archive)(target("Table", TABLE)).events
    assert sorted(told(gone)) == sorted([*both(DELETE, "a", "b", "load", "copy"), ("DELETE", "orders")])
    assert told(gone)[-1] == ("DELETE", "orders")


@pytest.mark.parametrize("also", [[], [SECRET]])
@pytest.mark.parametrize("stays", [False, True])
@pytest.mark.parametrize("purge", [False, True])
def test_an_asset_that_goes_is_told_of_its_tags_as_one_that_is_gone(
    it: Catalog, purge: bool, stays: bool, also: list[str]
) -> None:
    put(it, tag(PII, removePropagationsOnEntityDelete=not stays), *map(tag, also))
    gone = message((it.purge if purge else it.archive)(target("Table", TABLE)).events[-1])["entity"]
    assert {one["entityStatus"] for one in gone["classifications"]} == {"DELETED"}


@pytest.mark.parametrize("purge", [False, True])
def test_or_stays_where_that_was_asked_for(it: Catalog, purge: bool) -> None:
    put(it, tag(PII, removePropagationsOnEntityDelete=False))
    assert told((it.purge if purge else it.archive)(target("Table", TABLE)).events) == [("DELETE", "orders")]
    with pytest.raises(InvalidTag, match="does not have the tag Secret"):
        take(it, SECRET, COPY)
    assert told(take(it, asset=COPY)) == [(DELETE, "copy")]


def test_a_tag_from_elsewhere_cannot_be_taken_off(it: Catalog) -> None:
    put(it, PII)
    with pytest.raises(InvalidTag, match="take it off there"):
        take(it, asset=COPY)


def test_an_asset_may_have_a_tag_of_its_own_and_the_same_from_elsewhere(it: Catalog) -> None:
    put(it, PII)
    assert told(put(it, tag(PII, propagate=False), name=COPY)) == [(ADD, "copy")]
    assert held(it)["copy"] == ["p copy", "p orders"]
    assert "copy" in [name for _, name in told(take(it))]
    assert held(it) == {"copy": ["p copy"]}


def test_everything_in_one_save_is_told_in_order(it: Catalog) -> None:
    put(it, SECRET)
    one = tagged(entity("Table", TABLE, description="d"), PII)
    one.append_relationship_attributes = {"columns": [ref("Column", f"{TABLE}/c")]}
    events = it.save(one, entity("Column", f"{TABLE}/c"), tagging="replace").events
    kinds = [kind for kind, _ in told(events)]

    assert kinds == ["CREATE", DELETE, ADD, *[DELETE] * 4, *[ADD] * 5, "UPDATE"]
    assert [decode(event.detail)["causeIndex"] for event in events] == list(range(1, 14))


def test_a_purged_asset_is_shown_with_the_tags_it_had(it: Catalog) -> None:
    put(it, tag(PII, propagate=False))
    [event] = it.purge(target("Table", TABLE)).events
    assert message(event)["entity"]["classificationNames"] == [PII]


def test_the_log_tells_all_of_it(it: Catalog) -> None:
    steps: tuple[Callable[[], object], ...] = (
        lambda: put(it, tag(PII, attributes={"level": 1}), SECRET),
        lambda: put(it, tag(PII, attributes={"why": "x"}, restrictPropagationThroughHierarchy=True)),
        lambda: it.archive(target("Process", PROCESS)),
        lambda: put(it, PII, kind="Process", name=PROCESS),
        lambda: it.restore(target("Process", PROCESS)),
        lambda: take(it, SECRET),
        lambda: it.purge(target("Table", TABLE)),
    )
    for step in steps:
        step()
        assert it.inspect().problems == []
