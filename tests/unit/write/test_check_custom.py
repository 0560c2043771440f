"""Custom metadata against its definitions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.labels import LABELLED, OLD, OWNER, QUALITY, SCORE, SNOW, TEAMS
from tests.unit.write.steps import asset
from tidings.model.errors import InvalidCustomMetadata, InvalidValue, TidingsError
from tidings.write.check import check
from tidings.write.check_custom import Custom, applied, check_applicable, merged
from tidings.write.commands import EntityInput, Save

STORED: Custom = {QUALITY: {OWNER: "ann", TEAMS: ["a", "b"], SCORE: 5}}


def checked(given: Any) -> Custom | None:
    one = EntityInput("Table", attributes={"qualifiedName": "q"}, business_attributes=given)
    return check(Save([one]), LABELLED)[0].custom


def change(wanted: dict[str, Any], overwrite: bool = False) -> tuple[Any, Any]:
    before, now = merged(STORED, {QUALITY: wanted} if wanted else {}, LABELLED, overwrite)
    return before.get(QUALITY, {}), now.get(QUALITY, {})


@pytest.mark.parametrize("names", [(QUALITY, OWNER, SCORE), ("Quality", "Owner", "Score")])
def test_sets_and_attributes_go_by_id_or_by_name(names: tuple[str, str, str]) -> None:
    assert checked({names[0]: {names[1]: "jo", names[2]: 3.0}}) == {QUALITY: {OWNER: "jo", SCORE: 3}}


def test_nothing_stands_for_unset_whatever_the_type() -> None:
    assert checked({QUALITY: {OWNER: None, TEAMS: []}}) == {QUALITY: {OWNER: None, TEAMS: None}}
    everything = checked({QUALITY: None})
    assert everything is not None
    assert set(everything[QUALITY].values()) == {None}


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"Qualty": {}}, InvalidCustomMetadata, "did you mean Quality?"),
        ({QUALITY: 3}, InvalidCustomMetadata, "give an object of its attributes"),
        ({QUALITY: {"Ownr": 1}}, InvalidCustomMetadata, "has no attribute Ownr; it has Owner, Teams"),
        ({QUALITY: {SCORE: "high"}}, InvalidValue, "Quality.Score cannot be 'high'; it must be a whole number"),
    ],
)
def test_what_is_wrong_is_told(given: Any, kind: type[TidingsError], words: str) -> None:
    with pytest.raises(kind, match=words.replace("?", r"\?")):
        checked(given)


@pytest.mark.parametrize("same", [{OWNER: "ann"}, {TEAMS: ["b", "a"]}, {SCORE: 5}, {OLD: None}, {}])
def test_the_same_values_are_no_change(same: dict[str, Any]) -> None:
    assert change(same) == ({}, {})


def test_only_what_differs_is_told() -> None:
    assert change({OWNER: "bob", SCORE: 5, TEAMS: None}) == (
        {OWNER: "ann", TEAMS: ["a", "b"]},
        {OWNER: "bob", TEAMS: None},
    )


def test_overwriting_clears_what_is_not_sent() -> None:
    assert change({SCORE: 5}, overwrite=True)[1] == {OWNER: None, TEAMS: None}
    assert change({}, overwrite=True)[1] == {OWNER: None, TEAMS: None, SCORE: None}


def test_sets_without_values_are_left_out() -> None:
    assert applied(STORED, {QUALITY: dict.fromkeys(STORED[QUALITY])}) == {}
    assert applied({}, {QUALITY: {OWNER: "jo"}}) == {QUALITY: {OWNER: "jo"}}


@pytest.mark.parametrize(
    ("type_name", "attributes", "key", "words"),
    [
        ("Table", {}, OLD, "Old is archived and takes no new values"),
        ("AtlasGlossaryTerm", {}, SCORE, "Score is for SQL, not for a AtlasGlossaryTerm"),
        ("Table", {"connectionQualifiedName": "default/snowflake/2"}, SNOW, "connections default/snowflake/1 only"),
        ("Table", {"connectionQualifiedName": "default/snowflake/1"}, SNOW, ""),
        ("Table", {"qualifiedName": "default/snowflake/2/d/t"}, SNOW, "only, not for default/snowflake/2"),
        ("Table", {"qualifiedName": "default/snowflake/1/d/t"}, SNOW, ""),
        ("Table", {"qualifiedName": "of no connection"}, SNOW, ""),
        ("Table", {}, SCORE, ""),
    ],
)
def test_an_attribute_is_for_some_assets(type_name: str, attributes: dict[str, Any], key: str, words: str) -> None:
    one, asset_type = asset(1, type_name), LABELLED.type(type_name)
    one.qualified_name = attributes.get("qualifiedName", one.qualified_name)
    wanted: Custom = {QUALITY: {key: 1}}
    if not words:
        check_applicable(asset_type, one, attributes, wanted, LABELLED, "it")
        return
    with pytest.raises(InvalidCustomMetadata, match=words):
        check_applicable(asset_type, one, attributes, wanted, LABELLED, "it")
