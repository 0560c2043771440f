"""The protocol's calls about tags, and the tags of a save: answers, errors, and exactly which events."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.api.door import BULK, NAMED, Door, Json, asset, guids, named, operations
from tests.api.labels import ADD, DELETE, Labels

PREFIXES = ("/api/meta", "/api/atlas/v2")
EVERYBODY = ["t", "a", "b"]


@pytest.fixture
def it(door: Door) -> Labels:
    return Labels(door)


def path(it: Labels, rest: str = "classifications", prefix: str = "/api/meta") -> str:
    return f"{prefix}/entity/guid/{it.table}/{rest}"


def put(it: Labels, *tags: Any, method: str = "POST", status: int = 204, **more: Any) -> Any:
    given = [one if isinstance(one, dict) else {"typeName": one} for one in tags]
    return it.door.ask(method, path(it), status, given, **more)


def table(it: Labels, *tags: Any, **more: Any) -> Json:
    return {**asset("Table", it.name), "classifications": list(tags), **more}


# --- one asset ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_tag_is_put_on_read_and_taken_off(it: Labels, prefix: str) -> None:
    head = it.door.head()
    assert it.door.ask("POST", path(it, prefix=prefix), 204, [{"typeName": it.tag}]).content == b""
    [shown] = it.tags(it.a)
    assert (shown["typeName"], shown["entityGuid"], shown["propagate"]) == (it.tag, it.table, True)
    assert it.door.read(path(it, f"classification/{it.tag}", prefix))["entityGuid"] == it.table
    it.door.ask("DELETE", path(it, f"classification/{it.tag}", prefix), 204)

    assert it.tags() == it.tags(it.b) == []
    assert operations(it.door.events(head)) == [(kind, name) for kind in (ADD, DELETE) for name in EVERYBODY]


def test_the_same_by_name(it: Labels) -> None:
    address, params, head = f"{NAMED}/Table", {"attr:qualifiedName": it.name}, it.door.head()
    it.door.ask("POST", f"{address}/classifications", 204, [{"typeName": it.tag, "propagate": False}], params=params)
    it.door.ask("PUT", f"{address}/classifications", 204, [{"typeName": it.tag, "propagate": True}], params=params)
    listed = it.door.read(f"{address}/classifications", **params)
    it.door.ask("DELETE", f"{address}/classification/{it.tag}", 204, params=params)

    assert [one["propagate"] for one in listed["list"]] == [True]
    kinds = [kind for kind, _ in operations(it.door.events(head))]
    assert kinds == [ADD, ADD, ADD, "UPDATE", DELETE, DELETE, DELETE]


def test_all_of_them_the_assets_own_first(it: Labels) -> None:
    put(it, it.tag)
    it.door.ask("POST", f"/api/meta/entity/guid/{it.a}/classifications", 204, [{"typeName": it.other}])
    listed = it.door.read(f"/api/meta/entity/guid/{it.a}/classifications")

    assert [(one["typeName"], one["entityGuid"]) for one in listed["list"]] == [(it.other, it.a), (it.tag, it.table)]
    assert (listed["totalCount"], listed["pageSize"], listed["startIndex"]) == (2, 2, 0)


def test_tags_and_their_values_go_by_what_people_call_them(it: Labels) -> None:
    put(it, {"typeName": it.shown, "attributes": {"level": 3}})
    assert it.tags()[0]["attributes"] == {it.level: 3}
    assert it.door.read(path(it, f"classification/{it.shown}"))["typeName"] == it.tag
    it.door.ask("DELETE", path(it, f"classification/{it.shown}"), 204)
    assert it.tags() == []


def test_a_change_of_a_value_is_one_update(it: Labels) -> None:
    put(it, it.tag)
    head = it.door.head()
    changed = {"typeName": it.tag, "attributes": {it.level: 2}}
    for _ in range(2):
        put(it, changed, method="PUT")
    [event] = it.door.events(head)

    assert operations([event]) == [("UPDATE", "t")]
    assert event["tidings"]["after"]["classifications"][0]["attributes"] == {it.level: 2}
    assert event["tidings"]["names"][it.tag] == it.shown


def test_an_entity_shows_its_tags(it: Labels) -> None:
    put(it, it.tag, it.other)
    entity = it.door.entity(it.b)
    assert sorted(entity["classificationNames"]) == sorted([it.tag, it.other])
    assert {one["entityGuid"] for one in entity["classifications"]} == {it.table}
    assert it.door.entity(guids(it.door.save(asset("Table", f"{it.name}2")))[0])["classificationNames"] == []


# --- several -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["classification", "classification/displayName"])
def test_one_tag_for_several(it: Labels, address: str) -> None:
    head = it.door.head()
    name = it.shown if address.endswith("Name") else it.tag
    body = {"classification": {"typeName": name}, "entityGuids": [it.a, it.b.upper(), it.a]}
    it.door.ask("POST", f"{BULK}/{address}", 204, body)
    assert operations(it.door.events(head)) == [(ADD, "a"), (ADD, "b")]


def test_all_tags_of_several(it: Labels) -> None:
    put(it, {"typeName": it.tag, "propagate": False})
    head = it.door.head()
    body = {
        "guidHeaderMap": {
            it.table: {"classifications": None},
            it.a: {"classifications": [{"typeName": it.other}]},
            it.b: {"classifications": []},
        }
    }
    answer = it.door.ask("POST", f"{BULK}/setClassifications", body=body).json()

    assert sorted(guids(answer, "UPDATE")) == sorted([it.table, it.a])
    assert operations(it.door.events(head)) == [(DELETE, "t"), (ADD, "a")]
    assert it.door.ask("POST", f"{BULK}/setClassifications", body=body).json()["mutatedEntities"] == {}


# --- a save ------------------------------------------------------------------------------------------------------------

FLAGS: dict[str, list[str]] = {
    "": ["old"],
    "appendTags": ["new", "old"],
    "replaceTags": ["new"],
    "replaceClassifications": ["new"],
}


@pytest.mark.parametrize("flag", FLAGS)
def test_what_the_tags_of_a_save_mean(it: Labels, flag: str) -> None:
    put(it, it.tag)
    head = it.door.head()
    it.door.save(table(it, {"typeName": it.other}), **({flag: "true"} if flag else {}))
    words = {it.tag: "old", it.other: "new"}
    assert sorted(words[one["typeName"]] for one in it.tags(it.a)) == FLAGS[flag]
    came, went = (3 if word in FLAGS[flag] else 0 for word in ("new", "old"))
    kinds = [kind for kind, _ in operations(it.door.events(head))]
    assert (kinds.count(ADD), kinds.count(DELETE)) == (came, 3 - went)


def test_a_new_asset_takes_its_tags_whatever_the_flags(it: Labels, place: str) -> None:
    head = it.door.head()
    it.door.save({**asset("Table", f"{place}/t"), "classifications": [{"typeName": it.tag}]})
    assert operations(it.door.events(head)) == [("CREATE", "t"), (ADD, "t")]


def test_some_come_and_some_go(it: Labels) -> None:
    put(it, it.tag)
    head = it.door.head()
    change = {"addOrUpdateClassifications": [{"typeName": it.other}], "removeClassifications": [{"typeName": it.tag}]}
    it.door.save({**asset("Table", it.name), **change}, appendTags="true")
    kinds = [kind for kind, _ in operations(it.door.events(head))]
    assert kinds == [DELETE, ADD, DELETE, DELETE, ADD, ADD]


def test_nulls_and_nothing_say_nothing(it: Labels) -> None:
    put(it, it.tag)
    head = it.door.head()
    empty: tuple[list[Json] | None, ...] = ([], None)
    for flag, tags in product(FLAGS, empty):
        if flag not in ("replaceTags", "replaceClassifications") or tags is None:
            it.door.save({**asset("Table", it.name), "classifications": tags}, **({flag: "true"} if flag else {}))
    assert it.door.head() == head
    it.door.save(table(it), replaceTags="true")
    assert [kind for kind, _ in operations(it.door.events(head))] == [DELETE] * 3


def test_saving_back_what_was_read_is_silent(it: Labels) -> None:
    put(it, {"typeName": it.tag, "attributes": {it.level: 1}, "restrictPropagationThroughLineage": True})
    it.door.ask("POST", f"/api/meta/entity/guid/{it.a}/classifications", 204, [{"typeName": it.tag}])
    values = {it.set: {it.owner: "ann", it.teams: ["x", "y"]}}
    it.door.ask("POST", f"/api/meta/entity/guid/{it.table}/businessmetadata", 204, values)
    head = it.door.head()
    names = ("replaceTags", "appendTags", "replaceBusinessAttributes", "overwriteBusinessAttributes")
    for flags in product(("true", "false"), repeat=4):
        it.door.save(*(it.door.entity(one) for one in (it.table, it.a, it.b)), **dict(zip(names, flags, strict=True)))
    assert it.door.head() == head


def test_said_twice_is_said_once(it: Labels) -> None:
    head = it.door.head()
    twice = [{"typeName": it.tag}, {"typeName": it.shown}, {"typeName": it.tag, "entityGuid": it.table}]
    it.door.save(table(it, *twice, addOrUpdateClassifications=twice), appendTags="true")
    assert operations(it.door.events(head)) == [(ADD, name) for name in EVERYBODY]
    assert len(it.tags()) == len(it.tags(it.a)) == 1


def test_taken_off_and_put_on_in_one_request(it: Labels) -> None:
    put(it, it.tag)
    it.door.save(table(it, {"typeName": it.tag}, removeClassifications=[{"typeName": it.tag}]), appendTags="true")
    assert len(it.tags()) == len(it.tags(it.a)) == 1


# --- dry runs ----------------------------------------------------------------------------------------------------------


def test_a_dry_run_tells_the_events_and_does_nothing(it: Labels) -> None:
    head = it.door.head()
    told = put(it, it.tag, status=200, params={"dryRun": "true"}).json()
    body = {"classification": {"typeName": it.tag}, "entityGuids": [it.a]}
    many = it.door.ask("POST", f"{BULK}/classification", body=body, params={"dryRun": "true"}).json()

    assert operations(told["events"]) == [(ADD, name) for name in EVERYBODY]
    assert operations(many["events"]) == [(ADD, "a")]
    assert guids(told, "UPDATE") == [it.table]
    assert (it.door.head(), it.tags()) == (head, [])


# --- refusals ----------------------------------------------------------------------------------------------------------


def test_what_it_has_already_and_what_it_has_not(it: Labels) -> None:
    put(it, it.tag)
    head = it.door.head()
    twice = put(it, it.shown, status=400).json()
    missing = put(it, it.other, method="PUT", status=400).json()
    gone = it.door.refusal("DELETE", path(it, f"classification/{it.other}"), 400)
    elsewhere = it.door.refusal("DELETE", f"/api/meta/entity/guid/{it.a}/classification/{it.tag}", 400)
    unread = it.door.refusal("GET", path(it, f"classification/{it.other}"), 400)

    assert {one["errorCode"] for one in (twice, missing, gone, elsewhere, unread)} == {"TIDINGS-400-009"}
    assert f"already associated with the tag {it.shown}" in twice["errorMessage"]
    assert f"has no tag {it.other_shown} of its own" in missing["errorMessage"]
    assert f"does not have the tag {it.other_shown}" in gone["errorMessage"]
    assert f"has the tag {it.shown} from {it.table}; take it off there" in elsewhere["errorMessage"]
    assert it.door.head() == head


@pytest.mark.parametrize(
    ("method", "address", "code"),
    [
        ("POST", "/api/meta/entity/guid/{nobody}/classifications", "ATLAS-404-00-005"),
        ("GET", "/api/meta/entity/guid/{nobody}/classifications", "ATLAS-404-00-005"),
        ("DELETE", "/api/meta/entity/guid/{nobody}/classification/{tag}", "ATLAS-404-00-005"),
        ("POST", f"{NAMED}/Table/classifications?attr:qualifiedName=none", "ATLAS-404-00-009"),
        ("GET", f"{NAMED}/Table/classifications?attr:qualifiedName=none", "ATLAS-404-00-009"),
        ("DELETE", f"{NAMED}/Table/classification/{{tag}}?attr:qualifiedName=none", "ATLAS-404-00-009"),
        ("GET", "/api/meta/entity/guid/{table}/classification/none", "ATLAS-404-00-001"),
        ("GET", f"{NAMED}/Tabel/classifications?attr:qualifiedName=none", "ATLAS-404-00-001"),
    ],
)
def test_what_is_not_there(it: Labels, method: str, address: str, code: str) -> None:
    nobody = f"{it.table[:-4]}ffff"
    body = [{"typeName": it.tag}] if method == "POST" else None
    refused = it.door.refusal(method, address.format(nobody=nobody, tag=it.tag, table=it.table), 404, body=body)
    assert refused["errorCode"] == code


WRONG: list[tuple[Any, str]] = [
    (["no such"], "no such tag"),
    ([None], "a tag cannot be None"),
    ([3], "a tag cannot be 3"),
    ([[]], "a tag cannot be []"),
    ([{}], "a tag cannot be {}"),
    ([{"typeName": 1}], "give an object with typeName"),
    ([{"typeName": "{tag}", "propagate": "yes"}], "propagate cannot be 'yes'; it must be true or false"),
    ([{"typeName": "{tag}", "attributes": [1]}], "the values of a tag must be an object"),
    ([{"typeName": "{tag}", "attributes": {"nothing": 1}}], "has no value nothing (level, sourceTagAttachment)"),
    ([{"typeName": "{tag}", "attributes": {"level": "high"}}], "it must be a whole number"),
    ([{"typeName": "{tag}", "validityPeriods": [1]}], "give a list of objects with startTime"),
    ([{"typeName": "{tag}", "entityGuid": 7}], "entityGuid cannot be 7"),
    (
        [{"typeName": "{tag}", "restrictPropagationThroughLineage": True, "restrictPropagationThroughHierarchy": True}],
        "set propagate to false instead",
    ),
    ({}, "Expected `array`"),
    ("text", "Expected `array`"),
    (None, "no body"),
]


def _filled(it: Labels, body: Any) -> Any:
    if isinstance(body, list) and body and isinstance(body[0], dict) and body[0].get("typeName") == "{tag}":
        return [{**body[0], "typeName": it.tag}]
    return body


@pytest.mark.parametrize(("body", "words"), WRONG)
def test_wrong_bodies_are_refused(it: Labels, body: Any, words: str) -> None:
    head = it.door.head()
    for method in ("POST", "PUT"):
        assert words in it.door.refusal(method, path(it), 400, body=_filled(it, body))["errorMessage"]
    assert it.door.head() == head


@pytest.mark.parametrize(("body", "words"), [one for one in WRONG if isinstance(one[0], list)])
def test_and_in_a_save(it: Labels, body: Any, words: str) -> None:
    for flag in ("appendTags", "replaceTags"):
        entity = {**asset("Table", it.name), "classifications": _filled(it, body)}
        refused = it.door.refusal("POST", BULK, 400, body={"entities": [entity]}, params={flag: "true"})
        assert words in refused["errorMessage"]
        assert refused["causes"][0]["location"].startswith("entities[0].classifications[0]")


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("classification", {"classification": None, "entityGuids": ["x"]}),
        ("classification", {"classification": "PII", "entityGuids": ["x"]}),
        ("classification", {"classification": {"typeName": "x"}, "entityGuids": []}),
        ("classification", {"classification": {"typeName": "x"}, "entityGuids": [1]}),
        ("classification", {"classification": {"typeName": "x"}}),
        ("classification", {"classification": {"typeName": "x"}, "entityGuids": "x"}),
        ("classification", []),
        ("setClassifications", {"guidHeaderMap": []}),
        ("setClassifications", {"guidHeaderMap": {"x": None}}),
        ("setClassifications", {"guidHeaderMap": {"x": {}}}),
        ("setClassifications", {"guidHeaderMap": {"x": {"classifications": "y"}}}),
        ("setClassifications", {"guidHeaderMap": {"x": {"classifications": {"a": 1}}}}),
        ("setClassifications", {}),
    ],
)
def test_wrong_bodies_for_several(door: Door, address: str, body: Any) -> None:
    head = door.head()
    assert door.refusal("POST", f"{BULK}/{address}", 400, body=body)["errorCode"].startswith("TIDINGS-400")
    assert door.head() == head


@pytest.mark.parametrize("guid", ["nope", "-1", "0" * 35, "01a1fbb8-64a4-7001-8793-455a989609d3"])
def test_several_of_which_one_is_not_there(it: Labels, guid: str) -> None:
    head, tag = it.door.head(), {"typeName": it.tag}
    many = {"classification": tag, "entityGuids": [it.a, guid]}
    headers = {"guidHeaderMap": {it.a: {"classifications": [tag]}, guid: {"classifications": [tag]}}}
    for address, body in (("classification", many), ("setClassifications", headers)):
        refused = it.door.refusal("POST", f"{BULK}/{address}", 404, body=body)
        assert refused["errorCode"] == "ATLAS-404-00-005"
        assert f"Given instance guid {guid} is invalid/not found" in refused["errorMessage"]
    assert it.door.head() == head


def test_nesting_without_end(it: Labels) -> None:
    head = it.door.head()
    deep = b'[{"typeName":"x","attributes":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}]"
    it.door.ask("POST", path(it), 413, content=deep)
    assert it.door.head() == head


def test_a_glossary_bears_no_tags(it: Labels) -> None:
    [glossary] = guids(it.door.save({"typeName": "AtlasGlossary", "attributes": {"name": it.name}}))
    body = [{"typeName": it.tag}]
    refused = it.door.refusal("POST", f"/api/meta/entity/guid/{glossary}/classifications", 400, body=body)
    assert f"is a AtlasGlossary, which bears no tags; put {it.shown} on what it holds" in refused["errorMessage"]


def test_one_bad_asset_spoils_all(it: Labels) -> None:
    head = it.door.head()
    put(it, {"typeName": it.tag, "propagate": False})
    body = {"classification": {"typeName": it.tag}, "entityGuids": [it.a, it.table]}
    it.door.refusal("POST", f"{BULK}/classification", 400, body=body)
    assert it.door.head() == head + 1


def test_who_may_only_read_puts_no_tags(it: Labels) -> None:
    reader = it.door.ask("POST", "/api/tokens", 201, {"name": f"reader-{it.tag}", "role": "read"}).json()["token"]
    stranger = it.door.with_token(reader)
    stranger.ask("POST", path(it), 403, [{"typeName": it.tag}])
    assert stranger.read(path(it))["list"] == []


def test_a_tag_left_behind_by_a_purged_asset_is_taken_off(it: Labels) -> None:
    put(it, {"typeName": it.tag, "removePropagationsOnEntityDelete": False})
    it.door.ask("DELETE", BULK, params={"guid": it.table, "deleteType": "PURGE"})
    head = it.door.head()
    assert [one["entityGuid"] for one in it.tags(it.a)] == [it.table]
    address = f"/api/meta/entity/guid/{it.a}/classification/{it.tag}"
    it.door.ask("DELETE", address, 400, params={"associatedEntityGuid": it.b})
    it.door.ask("DELETE", address, 204, params={"associatedEntityGuid": it.table.upper()})
    assert operations(it.door.events(head)) == [(DELETE, "a")]


def test_a_new_column_gets_the_tags_of_its_table(it: Labels) -> None:
    put(it, it.tag)
    head = it.door.head()
    it.door.save(asset("Column", f"{it.name}/c", table=named("Table", it.name)))
    assert operations(it.door.events(head)) == [("CREATE", "c"), (ADD, "c"), ("UPDATE", "t")]
