"""The protocol's calls about custom metadata, and that of a save: answers, errors, and exactly which events."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.door import BULK, Door, Json, asset, guids, named, operations
from tests.api.labels import CUSTOM, Labels

PREFIXES = ("/api/meta", "/api/atlas/v2")


@pytest.fixture
def it(door: Door) -> Labels:
    return Labels(door)


@pytest.fixture
def full(it: Labels) -> Labels:
    """A table that has a value of each attribute."""
    give(it, {it.set: {it.owner: "ann", it.teams: ["x", "y"], it.score: 5}})
    return it


def path(it: Labels, rest: str = "", prefix: str = "/api/meta") -> str:
    return f"{prefix}/entity/guid/{it.table}/businessmetadata{rest}"


def give(it: Labels, values: Any, status: int = 204, **params: Any) -> Any:
    return it.door.ask("POST", path(it), status, values, params=params)


def save(it: Labels, values: Any, **params: Any) -> Json:
    return it.door.save({**asset("Table", it.name), "businessAttributes": values}, **params)


# --- one asset ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", PREFIXES)
def test_values_come_and_go(it: Labels, prefix: str) -> None:
    head = it.door.head()
    values = {it.owner: "ann", it.teams: ["x"], it.score: 5}
    assert it.door.ask("POST", path(it, prefix=prefix), 204, {it.set: values}).content == b""
    assert it.custom() == {it.set: values}
    it.door.ask("DELETE", path(it, prefix=prefix), 204, {it.set: {it.owner: "whatever"}})
    assert it.custom() == {it.set: {it.teams: ["x"], it.score: 5}}
    it.door.ask("DELETE", path(it, f"/{it.set}", prefix), 204)
    assert it.custom() == {}

    assert operations(it.door.events(head)) == [(CUSTOM, "t")] * 3


def test_an_event_says_what_changed(full: Labels) -> None:
    head = full.door.head()
    give(full, {full.set: {full.owner: None, full.score: 6, full.teams: ["y", "x"]}})
    [event] = full.door.events(head)

    assert event["message"]["mutatedDetails"] == {full.set: {full.owner: None, full.score: 6}}
    assert event["tidings"]["before"]["businessAttributes"] == {full.set: {full.owner: "ann", full.score: 5}}
    assert event["tidings"]["after"]["businessAttributes"] == {full.set: {full.owner: None, full.score: 6}}
    assert event["tidings"]["names"] == {full.set: full.set_shown, full.owner: "Owner", full.score: "Score"}
    assert "businessAttributes" not in event["message"]["entity"]


def test_one_set_at_a_time(full: Labels) -> None:
    one = path(full, f"/{full.set}")
    full.door.ask("POST", one, 204, {full.owner: "jo"})
    full.door.ask("POST", one, 204, {full.score: None})
    full.door.ask("DELETE", one, 204, {full.teams: None})
    assert full.custom() == {full.set: {full.owner: "jo"}}


def test_by_what_people_call_them(it: Labels) -> None:
    give(it, {it.set_shown: {"Owner": "ann"}})
    it.door.ask("POST", path(it, f"/{it.set_shown}"), 204, {"Score": 3})
    assert it.custom() == {it.set: {it.owner: "ann", it.score: 3}}
    it.door.ask("DELETE", path(it, f"/{it.set_shown}"), 204, {"Owner": ""})
    assert it.custom() == {it.set: {it.score: 3}}


def test_what_is_not_named_stays_or_goes(full: Labels) -> None:
    give(full, {full.set: {full.owner: "jo"}})
    assert full.custom()[full.set].keys() == {full.owner, full.teams, full.score}
    give(full, {full.set: {full.owner: "jo"}}, isOverwrite="true")
    assert full.custom() == {full.set: {full.owner: "jo"}}
    give(full, {}, isOverwrite="true")
    assert full.custom() == {}


def test_the_same_again_is_silent(full: Labels) -> None:
    head = full.door.head()
    same = {full.set: {full.owner: "ann", full.teams: ["y", "x", "x"], full.score: 5.0}}
    give(full, same)
    give(full, same, isOverwrite="true")
    give(full, {})
    give(full, {full.set: {}})
    full.door.ask("DELETE", path(full), 204, {})
    assert full.door.head() == head


@pytest.mark.parametrize("whole", [None, {}])
def test_a_set_goes_as_a_whole(full: Labels, whole: Any) -> None:
    full.door.ask("DELETE", path(full), 204, {full.set: whole})
    assert full.custom() == {}


# --- a save ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "left"),
    [
        ({}, {"owner", "teams", "score"}),
        ({"overwriteBusinessAttributes": "true"}, {"owner", "teams", "score"}),
        ({"replaceBusinessAttributes": "true"}, {"owner", "teams"}),
        ({"replaceBusinessAttributes": "true", "overwriteBusinessAttributes": "true"}, {"owner"}),
    ],
)
def test_what_the_values_of_a_save_mean(full: Labels, flags: dict[str, str], left: set[str]) -> None:
    head = full.door.head()
    answer = save(full, {full.set: {full.owner: "jo", full.score: None}}, **flags)
    words = {full.owner: "owner", full.teams: "teams", full.score: "score"}
    assert {words[one] for one in full.custom()[full.set]} == left
    assert operations(full.door.events(head)) == ([(CUSTOM, "t")] if len(left) < 3 else [])
    assert bool(answer["mutatedEntities"]) == (len(left) < 3)


@pytest.mark.parametrize("flag", ["", "replaceBusinessAttributes"])
def test_a_new_asset_takes_its_values(it: Labels, place: str, flag: str) -> None:
    head = it.door.head()
    one = {**asset("Table", f"{place}/t"), "businessAttributes": {it.set: {it.owner: "ann"}}}
    [made] = guids(it.door.save(one, **({flag: "true"} if flag else {})))
    assert it.custom(made) == {it.set: {it.owner: "ann"}}
    assert operations(it.door.events(head)) == [("CREATE", "t"), (CUSTOM, "t")]


def test_an_empty_map_means_nothing_unless_it_is_the_whole(full: Labels) -> None:
    head = full.door.head()
    nothing: tuple[Json | None, ...] = ({}, None)
    for values in nothing:
        save(full, values)
        save(full, values, replaceBusinessAttributes="true")
    save(full, None, replaceBusinessAttributes="true", overwriteBusinessAttributes="true")
    assert full.door.head() == head
    save(full, {}, replaceBusinessAttributes="true", overwriteBusinessAttributes="true")
    assert full.custom() == {}


def test_saving_back_what_was_read_is_silent(full: Labels) -> None:
    head = full.door.head()
    for overwrite in ("true", "false"):
        flags = {"replaceBusinessAttributes": "true", "overwriteBusinessAttributes": overwrite}
        full.door.save(full.door.entity(full.table), **flags)
    assert full.door.head() == head


def test_values_with_everything_else_of_a_save(it: Labels) -> None:
    head = it.door.head()
    one = {**asset("Table", it.name, description="d"), "businessAttributes": {it.set: {it.owner: "ann"}}}
    new = asset("Column", f"{it.name}/c", table=named("Table", it.name))
    it.door.save({**one, "classifications": [{"typeName": it.tag, "propagate": False}]}, new,
                 replaceBusinessAttributes="true", appendTags="true")  # fmt: skip
    kinds = [kind for kind, _ in operations(it.door.events(head))]
    assert kinds == ["CREATE", CUSTOM, "CLASSIFICATION_ADD", "UPDATE"]


def test_values_survive_archive_and_restore(full: Labels) -> None:
    before = full.custom()
    full.door.ask("DELETE", BULK, params={"guid": full.table})
    give(full, {full.set: {full.owner: "jo"}})
    full.door.ask("POST", "/api/meta/entity/restore/bulk", params={"guid": full.table})
    assert full.custom() == {full.set: {**before[full.set], full.owner: "jo"}}


# --- dry runs ----------------------------------------------------------------------------------------------------------


def test_a_dry_run_tells_the_events_and_does_nothing(full: Labels) -> None:
    head, before = full.door.head(), full.custom()
    told = give(full, {full.set: {full.owner: "jo"}}, status=200, dryRun="true").json()
    gone = full.door.ask("DELETE", path(full, f"/{full.set}"), params={"dryRun": "true"}).json()

    assert operations(told["events"]) == operations(gone["events"]) == [(CUSTOM, "t")]
    assert told["events"][0]["message"]["mutatedDetails"] == {full.set: {full.owner: "jo"}}
    assert (full.door.head(), full.custom()) == (head, before)


# --- refusals ----------------------------------------------------------------------------------------------------------

WRONG: list[tuple[Any, str, str]] = [
    ({"no such": {}}, "TIDINGS-400-010", "no such"),
    ({"{set}": 3}, "TIDINGS-400-010", "give an object of its attributes"),
    ({"{set}": ["x"]}, "TIDINGS-400-010", "give an object of its attributes"),
    ({"{set}": {"Ownr": 1}}, "TIDINGS-400-010", "has no attribute Ownr; it has Owner, Teams, Score"),
    ({"{set}": {"Score": "high"}}, "TIDINGS-400", ".Score cannot be 'high'; it must be a whole number"),
    ({"{set}": {"Owner": {"a": 1}}}, "TIDINGS-400", ".Owner cannot be"),
    ({"{set}": {"Teams": [[1]]}}, "TIDINGS-400", ".Teams cannot be"),
    (["x"], "TIDINGS-400-001", "Expected `object`"),
    (3, "TIDINGS-400-001", "Expected `object`"),
    (None, "TIDINGS-400-001", "no body"),
]


def _filled(it: Labels, body: Any) -> Any:
    return {it.set: body["{set}"]} if isinstance(body, dict) and "{set}" in body else body


@pytest.mark.parametrize(("body", "code", "words"), WRONG)
def test_wrong_bodies_are_refused(it: Labels, body: Any, code: str, words: str) -> None:
    head = it.door.head()
    refused = give(it, _filled(it, body), status=400).json()
    assert refused["errorCode"].startswith(code)
    assert words in refused["errorMessage"]
    assert it.door.head() == head


@pytest.mark.parametrize(("body", "code", "words"), [one for one in WRONG if isinstance(one[0], dict)])
def test_and_in_a_save(it: Labels, body: Any, code: str, words: str) -> None:
    entity = {**asset("Table", it.name), "businessAttributes": _filled(it, body)}
    for replace in ("true", "false"):
        params = {"replaceBusinessAttributes": replace}
        refused = it.door.refusal("POST", BULK, 400, body={"entities": [entity]}, params=params)
        assert words in refused["errorMessage"]
        assert refused["causes"][0]["location"].startswith("entities[0].businessAttributes.")


@pytest.mark.parametrize("body", [["x"], 3, "x", {"{set}": 3}, {"{set}": ["x"]}, {"{set}": {"Ownr": None}}])
def test_wrong_removals_are_refused(full: Labels, body: Any) -> None:
    head = full.door.head()
    full.door.refusal("DELETE", path(full), 400, body=_filled(full, body))
    full.door.refusal("DELETE", path(full, "/none"), 400)
    full.door.refusal("POST", path(full, f"/{full.set}"), 400, body=["x"])
    assert full.door.head() == head


def test_nesting_without_end(it: Labels) -> None:
    head = it.door.head()
    deep = b'{"x":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}"
    it.door.ask("POST", path(it), 413, content=deep)
    assert it.door.head() == head


def test_what_an_asset_may_not_have(it: Labels) -> None:
    head = it.door.head()
    address = f"/api/meta/entity/guid/{it.a}/businessmetadata"
    refused = it.door.refusal("POST", address, 400, body={it.set: {it.score: 3}})
    assert f"{it.set_shown}.Score is for Table, not for a Column" in refused["errorMessage"]
    assert it.door.head() == head


def test_an_asset_that_is_not_there(it: Labels) -> None:
    nobody = f"/api/meta/entity/guid/{it.table[:-4]}ffff/businessmetadata"
    for method, rest in (("POST", ""), ("DELETE", ""), ("POST", f"/{it.set}"), ("DELETE", f"/{it.set}")):
        body = {it.owner: "x"} if rest else {it.set: {it.owner: "x"}}
        assert it.door.refusal(method, nobody + rest, 404, body=body)["errorCode"] == "ATLAS-404-00-005"


def test_who_may_only_read_changes_nothing(it: Labels) -> None:
    reader = it.door.ask("POST", "/api/tokens", 201, {"name": f"reader-{it.set}", "role": "read"}).json()["token"]
    it.door.with_token(reader).ask("POST", path(it), 403, {it.set: {it.owner: "x"}})
    assert it.custom() == {}
