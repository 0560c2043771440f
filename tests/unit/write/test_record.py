"""Changes -> events: the entity, mutatedDetails, before and after, and each choice of the profiles."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog import TYPES, message
from tests.unit.write.steps import STAMP, asset, named
from tidings.model.asset import ARCHIVED, Asset
from tidings.model.changes import AssetChange, Changes, Kind, Neighbour
from tidings.model.events import Event, decode
from tidings.model.profiles import DOCUMENTED, PROFILES, SERVER, Profile
from tidings.write.record import Cause, Occasion, owner_form, record

BOTH = pytest.mark.parametrize("profile", [DOCUMENTED, SERVER], ids=lambda one: one.name)


def occasion(profile: Profile = DOCUMENTED, **more: Any) -> Occasion:
    return Occasion(Cause("cause-1"), "jo", STAMP.now, STAMP.now + 5, profile, "10.0.0.1", **more)


def only(
    change: AssetChange, profile: Profile = DOCUMENTED, owners: dict[int, Asset] | None = None, **more: Any
) -> Event:
    [event] = record(Changes([change], owners=owners or {}), TYPES, occasion(profile, **more))
    return event


def update(**parts: Any) -> AssetChange:
    after = asset(1, description="new", secretAttribute="x")
    return AssetChange(Kind.UPDATE, parts.pop("origin", "direct"), after, after.attributes, **parts)


def deleted(kind: Kind, was: str = "ACTIVE") -> AssetChange:
    after = asset(1, status=ARCHIVED)
    return AssetChange(kind, "direct", after, after.attributes, before={"__state": was})


CREATED = AssetChange(Kind.CREATE, "direct", asset(1), asset(1).attributes)
LINKED = {"columns": [Neighbour(named(3, "Column"))]}
COLUMN = {"guid": "guid-3", "typeName": "Column"}


@BOTH
def test_one_event_for_each_change_in_order_and_of_one_time(profile: Profile) -> None:
    events = list(record(Changes([CREATED, update(now={"description": "new"})]), TYPES, occasion(profile)))

    assert [event.operation for event in events] == ["ENTITY_CREATE", "ENTITY_UPDATE"]
    assert [message(event)["eventTime"] for event in events] == [2_000, 2_000]
    assert [decode(event.message)["msgCreationTime"] for event in events] == [2_005, 2_005]
    assert [decode(event.detail)["id"] for event in events] == ["cause-1.1", "cause-1.2"]
    assert [(one["causeIndex"], one["causeCount"]) for one in (decode(event.detail) for event in events)] == [
        (1, 2),
        (2, 2),
    ]


def test_an_event_is_never_written_before_its_time() -> None:
    [event] = record(Changes([CREATED]), TYPES, Occasion(Cause("c"), "jo", 2_000, 1_000, DOCUMENTED))

    assert decode(event.message)["msgCreationTime"] == 2_000


def test_headers_travel_on_where_there_are_any() -> None:
    assert "headers" not in message(only(CREATED))
    assert message(only(CREATED, headers={"x-atlan-agent": "sdk"}))["headers"] == {"x-atlan-agent": "sdk"}


def test_the_entity_shows_flagged_attributes_only() -> None:
    hidden = next(name for name, one in TYPES.type("Table").attributes.items() if not one.definition.flagged)
    attributes: dict[str, Any] = {hidden: "x"}
    change = AssetChange(Kind.CREATE, "direct", asset(1, **attributes), asset(1, **attributes).attributes)

    entity = message(only(change))["entity"]

    assert hidden not in entity["attributes"]
    assert (entity["guid"], entity["status"], entity["displayText"]) == ("guid-1", "ACTIVE", "q1")


def test_a_term_shows_its_glossary_and_no_other_link() -> None:
    term, glossary = asset(4, "AtlasGlossaryTerm"), asset(6, "AtlasGlossary")
    change = AssetChange(Kind.CREATE, "direct", term, term.attributes)

    shown = message(only(change, owners={4: glossary}))["entity"]["relationshipAttributes"]

    assert shown == {"anchor": owner_form(glossary)}
    assert (shown["anchor"]["guid"], shown["anchor"]["attributes"]["name"]) == ("guid-6", "q6")
    assert "relationshipAttributes" not in message(only(change))["entity"]
    assert "relationshipAttributes" not in message(only(update(linked=LINKED)))["entity"]


def test_an_updates_details_hold_what_is_new() -> None:
    change = update(
        now={"description": "new", "certificateUpdatedBy": "jo"},
        before={"description": "old", "certificateUpdatedBy": None},
        stamped=frozenset({"certificateUpdatedBy"}),
    )

    assert message(only(change))["mutatedDetails"] == {
        "typeName": "Table", "attributes": {"description": "new"}, "guid": "guid-1", "isIncomplete": False,
        "provenanceType": 0, "updatedBy": "ann", "updateTime": 1_000, "version": 0, "proxy": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("attribute", "shown"),
    [
        ("description", ""),
        ("rowCount", 0),
        ("isTemporary", False),
        ("ownerUsers", []),
        ("certificateStatus", None),
        ("popularityScore", 1.17549435e-38),
        ("assetDbtSemanticLayerProxyUrl", ""),
    ],
)
def test_what_was_cleared_is_what_unset_stands_for_in_details_and_null_in_ours(attribute: str, shown: Any) -> None:
    event = only(update(now={attribute: None}, before={attribute: "x"}))

    assert message(event)["mutatedDetails"]["attributes"] == {attribute: shown}
    assert decode(event.detail)["after"] == {attribute: None}


def test_a_map_that_was_cleared_is_an_empty_object() -> None:
    name = next(name for name, one in TYPES.type("Table").attributes.items() if one.value_type.name.startswith("map<"))

    assert message(only(update(now={name: None})))["mutatedDetails"]["attributes"] == {name: {}}


def test_details_tell_links_that_were_set_as_a_whole() -> None:
    many = message(only(update(replaced={"columns": [named(3, "Column")]}, linked=LINKED)))["mutatedDetails"]
    none = message(only(update(replaced={"atlanSchema": []}, unlinked={"atlanSchema": []})))["mutatedDetails"]

    assert many["relationshipAttributes"] == {"columns": [COLUMN]}
    assert none["relationshipAttributes"] == {"atlanSchema": None}


def test_a_restored_asset_says_so() -> None:
    event = only(update(origin="restore", restored=True))

    assert message(event)["mutatedDetails"]["attributes"] == {"__state": "ACTIVE"}
    assert decode(event.detail)["before"] == {"__state": "DELETED"}
    assert decode(event.detail)["after"] == {"__state": "ACTIVE"}


def test_before_and_after_hold_changed_keys_and_links_that_went_and_came() -> None:
    detail = decode(
        only(
            update(
                before={"description": "old"},
                now={"description": "new"},
                linked={"meanings": [Neighbour(named(4, "AtlasGlossaryTerm"), b'{"confidence":1}')]},
                unlinked=LINKED,
            )
        ).detail
    )

    assert detail["before"] == {"description": "old", "columns": [COLUMN]}
    assert detail["after"]["description"] == "new"
    assert detail["after"]["meanings"] == [
        {"guid": "guid-4", "typeName": "AtlasGlossaryTerm", "relationshipAttributes": {"confidence": 1}}
    ]


def test_a_creation_tells_everything_that_is_set() -> None:
    change = AssetChange(Kind.CREATE, "direct", asset(1), asset(1).attributes, linked=LINKED)

    detail = decode(only(change).detail)

    assert detail["before"] == {}
    assert detail["after"] == {"name": "q1", "qualifiedName": "q1", "columns": [COLUMN]}
    assert (detail["version"], detail["actor"], detail["origin"], detail["cause"]) == (1, "jo", "direct", "cause-1")


@pytest.mark.parametrize(("kind", "now"), [(Kind.ARCHIVE, "DELETED"), (Kind.PURGE, "PURGED")])
@pytest.mark.parametrize("was", ["ACTIVE", "DELETED"])
def test_a_delete_tells_what_was_and_what_became_of_it(kind: Kind, now: str, was: str) -> None:
    detail = decode(only(deleted(kind, was)).detail)

    assert (detail["before"], detail["after"]) == ({"__state": was}, {"__state": now})


def test_there_are_two_profiles() -> None:
    assert dict(PROFILES) == {"documented": DOCUMENTED, "server": SERVER}


@pytest.mark.parametrize(("profile", "told"), [(DOCUMENTED, False), (SERVER, True)])
def test_row_neighbours_on_delete(profile: Profile, told: bool) -> None:
    assert profile.neighbours_on_delete is told


@pytest.mark.parametrize(("profile", "details"), [(DOCUMENTED, False), (SERVER, True)])
def test_row_related_details(profile: Profile, details: bool) -> None:
    found = message(
        only(
            update(origin="related", linked=LINKED, unlinked={"atlanSchema": [Neighbour(named(7, "Schema"))]}), profile
        )
    )

    assert ("mutatedDetails" in found) is details
    if details:
        assert found["mutatedDetails"]["addedRelationshipAttributes"] == {"columns": [COLUMN]}
        assert found["mutatedDetails"]["removedRelationshipAttributes"] == {
            "atlanSchema": {"guid": "guid-7", "typeName": "Schema"}
        }


def test_links_set_as_a_whole_are_not_told_twice() -> None:
    details = message(only(update(replaced={"columns": [named(3, "Column")]}, linked=LINKED), SERVER))["mutatedDetails"]

    assert "addedRelationshipAttributes" not in details


@pytest.mark.parametrize(("profile", "details"), [(DOCUMENTED, False), (SERVER, True)])
def test_row_create_details(profile: Profile, details: bool) -> None:
    found = message(only(CREATED, profile))

    assert ("mutatedDetails" in found) is details
    if details:
        assert found["mutatedDetails"]["attributes"] == {"name": "q1", "qualifiedName": "q1"}


@pytest.mark.parametrize(("profile", "details"), [(DOCUMENTED, False), (SERVER, True)])
def test_row_delete_details(profile: Profile, details: bool) -> None:
    found = message(only(deleted(Kind.PURGE), profile, delete_type="PURGE"))

    assert ("mutatedDetails" in found) is details
    if details:
        assert (found["mutatedDetails"]["guid"], found["mutatedDetails"]["attributes"]["name"]) == ("guid-1", "q1")


@pytest.mark.parametrize(
    ("profile", "named_as", "told"),
    [
        (DOCUMENTED, "DEFAULT", "DEFAULT"),
        (DOCUMENTED, "SOFT", "DEFAULT"),
        (DOCUMENTED, "HARD", "HARD"),
        (DOCUMENTED, "PURGE", "HARD"),
        (SERVER, "DEFAULT", "DEFAULT"),
        (SERVER, "SOFT", "SOFT"),
        (SERVER, "HARD", "HARD"),
        (SERVER, "PURGE", "PURGE"),
    ],
)
def test_row_delete_handlers(profile: Profile, named_as: str, told: str) -> None:
    assert message(only(deleted(Kind.ARCHIVE), profile, delete_type=named_as))["entity"]["deleteHandler"] == told


@pytest.mark.parametrize(("profile", "shown"), [(DOCUMENTED, False), (SERVER, True)])
def test_row_internals(profile: Profile, shown: bool) -> None:
    entity = message(only(CREATED, profile))["entity"]

    assert ({"docId", "superTypeNames", "internalAttributes"} <= entity.keys()) is shown
    if shown:
        assert (entity["docId"], entity["superTypeNames"][0]) == ("guid-1", TYPES.type("Table").ancestors[1])
        assert entity["internalAttributes"]["__state"] == "ACTIVE"


@BOTH
def test_an_update_with_nothing_to_tell_has_no_details(profile: Profile) -> None:
    assert "mutatedDetails" not in message(only(update(), profile))
