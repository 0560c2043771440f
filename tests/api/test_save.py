"""Saving: both prefixes, the protocol's answer, what is left out, dry runs."""

from __future__ import annotations

import pytest

from tests.api.conftest import Pair
from tests.api.door import BULK, Door, asset, guids, named, operations


@pytest.mark.parametrize("prefix", ["/api/meta", "/api/atlas/v2"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_address_of_a_save_creates(door: Door, place: str, prefix: str, slash: str) -> None:
    answer = door.ask("POST", f"{prefix}/entity/bulk{slash}", body={"entities": [asset("Table", f"{place}/t")]}).json()
    [guid] = guids(answer)
    entity = door.read(f"{prefix}/entity/guid/{guid}{slash}")["entity"]
    assert (entity["typeName"], entity["attributes"]["qualifiedName"]) == ("Table", f"{place}/t")


def test_the_answer_holds_what_was_created_with_all_its_attributes(door: Door, place: str) -> None:
    answer = door.save(asset("Table", f"{place}/t", "-1", rowCount=5, ownerUsers=[]))
    [header] = answer["mutatedEntities"]["CREATE"]
    assert answer["guidAssignments"] == {"-1": header["guid"]}
    assert header["status"] == "ACTIVE"
    assert header["attributes"] == {"name": "t", "qualifiedName": f"{place}/t", "rowCount": 5}


def test_placeholders_refer_to_each_other_in_any_order(door: Door, place: str) -> None:
    column = asset("Column", f"{place}/t/c", "-2", table={"typeName": "Table", "guid": "-1"})
    answer = door.save(column, asset("Table", f"{place}/t", "-1"))
    table = answer["guidAssignments"]["-1"]
    assert door.entity(answer["guidAssignments"]["-2"])["relationshipAttributes"]["table"]["guid"] == table


def test_a_changed_asset_and_its_neighbour_are_updates(door: Door, pair: Pair, place: str) -> None:
    answer = door.save(asset("Column", f"{place}/t/d", table=named("Table", pair.table_name)))
    assert [one["typeName"] for one in answer["mutatedEntities"]["CREATE"]] == ["Column"]
    assert guids(answer, "UPDATE") == [pair.table]
    assert answer["mutatedEntities"]["CREATE"][0]["attributes"]["table"]["guid"] == pair.table


def test_an_emptied_list_is_shown_as_one(door: Door, place: str) -> None:
    door.save(asset("Table", f"{place}/t", ownerUsers=["a"]))
    answer = door.save(asset("Table", f"{place}/t", ownerUsers=[]))
    assert answer["mutatedEntities"]["UPDATE"][0]["attributes"]["ownerUsers"] == []


def test_links_that_were_set_as_a_whole_are_in_the_answer(door: Door, place: str) -> None:
    tables = [asset("Table", f"{place}/t{n}") for n in range(2)]
    process = asset("Process", f"{place}/p", inputs=[named("Table", f"{place}/t0")], outputs=[])
    door.save(*tables, process)
    process["attributes"] |= {"inputs": [named("Table", f"{place}/t1")], "readme": None}
    answer = door.save(process)
    [changed] = [one for one in answer["mutatedEntities"]["UPDATE"] if one["typeName"] == "Process"]
    references = changed["attributes"]["inputs"]
    assert [one["uniqueAttributes"]["qualifiedName"] for one in references] == [f"{place}/t1"]


def test_a_cleared_single_link_is_null_in_the_answer(door: Door, pair: Pair) -> None:
    answer = door.save({"typeName": "Column", "guid": pair.column, "attributes": {"table": None}})
    by_guid = {one["guid"]: one for one in answer["mutatedEntities"]["UPDATE"]}
    assert by_guid[pair.column]["attributes"]["table"] is None
    assert door.entity(pair.column)["relationshipAttributes"]["table"] is None


def test_saving_what_was_read_changes_nothing(door: Door, pair: Pair) -> None:
    head = door.head()
    answer = door.save(door.entity(pair.table), door.entity(pair.column))
    assert answer == {"mutatedEntities": {}}
    assert door.head() == head


def test_a_placeholder_for_something_known_is_assigned_though_nothing_changed(door: Door, pair: Pair) -> None:
    answer = door.save(asset("Table", pair.table_name, "-7"))
    assert answer == {"mutatedEntities": {}, "guidAssignments": {"-7": pair.table}}


def test_unknown_attributes_are_counted_not_silent(door: Door, place: str) -> None:
    body = {"entities": [asset("Table", f"{place}/t", rowCont=5, colour="red")]}
    assert door.ask("POST", "/api/meta/entity/bulk", body=body).headers["tidings-ignored"] == "2"
    known = {"entities": [asset("Table", f"{place}/t")]}
    assert "tidings-ignored" not in door.ask("POST", "/api/meta/entity/bulk", body=known).headers


def test_strict_refuses_unknown_attributes_and_names_the_nearest(door: Door, place: str) -> None:
    body = {"entities": [asset("Table", f"{place}/t", rowCont=5)]}
    problem = door.refusal("POST", "/api/meta/entity/bulk?strict=True", 400, body=body)
    assert "rowCont" in problem["errorMessage"]
    assert "rowCount" in problem["errorMessage"]
    assert problem["causes"][0]["location"] == "entities[0].attributes.rowCont"


def test_a_dry_run_tells_the_exact_events_and_writes_nothing(door: Door, pair: Pair, place: str) -> None:
    head = door.head()
    column = asset("Column", f"{place}/t/d", "-1", table=named("Table", pair.table_name))
    told = door.save(column, dryRun="true")
    assert door.head() == head
    door.refusal("GET", "/api/meta/entity/uniqueAttribute/type/Column", 404,
                 params={"attr:qualifiedName": f"{place}/t/d"})  # fmt: skip
    assert told["dryRun"] is True
    assert [one["tidings"]["position"] for one in told["events"]] == [None, None]
    done = door.save(column)
    assert operations(told["events"]) == operations(door.events(head)) == [("CREATE", "d"), ("UPDATE", "t")]
    assert done["mutatedEntities"].keys() == told["mutatedEntities"].keys()


def test_a_dry_run_of_nothing_has_no_events(door: Door, pair: Pair) -> None:
    assert door.save(asset("Table", pair.table_name), dryRun="true") == {
        "mutatedEntities": {}, "dryRun": True, "events": [],
    }  # fmt: skip


def test_one_bad_asset_keeps_all_from_being_saved(door: Door, place: str) -> None:
    head = door.head()
    body = {"entities": [asset("Table", f"{place}/t"), asset("Table", f"{place}/u", rowCount="many")]}
    problem = door.refusal("POST", "/api/meta/entity/bulk", 400, body=body)
    assert problem["causes"] == [
        {"errorType": "InvalidValue", "errorMessage": problem["errorMessage"], "location": "entities[1].attributes.rowCount"}
    ]  # fmt: skip
    assert door.head() == head


def test_one_entity_by_itself(door: Door, place: str) -> None:
    answer = door.ask("POST", "/api/atlas/v2/entity/", body={"entity": asset("Table", f"{place}/t")}).json()
    assert [one["displayText"] for one in answer["mutatedEntities"]["CREATE"]] == ["t"]


def test_a_large_save_leaves_the_event_loop_and_answers_the_same(door: Door, place: str) -> None:
    answer = door.save(*(asset("Table", f"{place}/t{n}", description="x" * 700) for n in range(200)))
    assert len(guids(answer)) == 200


def test_a_status_that_there_is_not(door: Door, place: str) -> None:
    problem = door.refusal("POST", BULK, 400, body={"entities": [asset("Table", f"{place}/t") | {"status": "GONE"}]})
    assert problem["errorCode"] == "TIDINGS-400-004"
    assert problem["errorMessage"] == "entities[0]: status cannot be 'GONE'; it must be one of ACTIVE, DELETED, PURGED"
    door.save(asset("Table", f"{place}/t") | {"status": "DELETED"})  # as clients send back what they have read


def test_status_active_restores_through_a_save(door: Door, pair: Pair) -> None:
    door.ask("DELETE", "/api/meta/entity/bulk", params={"guid": pair.column})
    answer = door.save(asset("Column", pair.column_name, "-1") | {"status": "ACTIVE"})
    assert guids(answer, "UPDATE") == [pair.column]
    assert answer["guidAssignments"] == {"-1": pair.column}
    assert door.entity(pair.column)["status"] == "ACTIVE"


def test_a_tag_that_nobody_made_is_refused_not_dropped(door: Door, place: str) -> None:
    tagged = asset("Table", f"{place}/t") | {"classifications": [{"typeName": "nobody's"}]}
    problem = door.refusal("POST", "/api/meta/entity/bulk", 400, body={"entities": [tagged]})
    assert problem["causes"][0]["errorType"] == "InvalidTag"
    empty = asset("Table", f"{place}/t") | {"classifications": [], "businessAttributes": {}}
    assert len(guids(door.save(empty, replaceTags="true", overwriteBusinessAttributes="True"))) == 1
