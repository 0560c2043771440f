"""How an asset looks on the wire: what is filled in, what is left out, the header around it."""

from __future__ import annotations

from typing import Any

from tests.catalog import TYPES
from tidings.model import entity_form
from tidings.model.asset import ACTIVE, ARCHIVED, Asset, Link, name_of
from tidings.model.events import decode, encode
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import AttributeDef, EntityDef, TypeSystem

PLAIN = TypeRegistry(
    TypeSystem(
        {
            "Plain": EntityDef(
                "Plain",
                (),
                {
                    "text": AttributeDef("text", "string"),
                    "count": AttributeDef("count", "int"),
                    "items": AttributeDef("items", "array<string>"),
                    "quiet": AttributeDef("quiet", "string", flagged=False),
                    "hidden": AttributeDef("hidden", "int", flagged=False),
                },
                {},
            )
        },
        {},
        {},
        {},
    )
).type("Plain")


def form(attributes: dict[str, Any], flagged_only: bool = True) -> dict[str, Any]:
    return decode(entity_form.attributes_form(PLAIN, attributes, encode(attributes), flagged_only))


def test_unset_numbers_and_lists_are_filled_in_and_strings_are_not() -> None:
    assert form({}) == {"count": 0, "items": []}


def test_what_is_set_stands_as_it_is() -> None:
    assert form({"text": "a", "count": 3, "items": ["b"]}) == {"text": "a", "count": 3, "items": ["b"]}


def test_unflagged_attributes_stay_out_of_events() -> None:
    assert form({"quiet": "x", "text": "a"}) == {"text": "a", "count": 0, "items": []}
    assert form({"quiet": "x"}) == {"count": 0, "items": []}


def test_a_read_shows_unflagged_attributes_too() -> None:
    assert form({"quiet": "x"}, flagged_only=False) == {"quiet": "x", "count": 0, "items": [], "hidden": 0}


def test_a_shape_is_worked_out_once_and_not_kept_without_end() -> None:
    first = entity_form.shape(PLAIN, ("text",), True)
    assert entity_form.shape(PLAIN, ("text",), True) is first

    for number in range(2_001):
        entity_form.shape(PLAIN, (f"key{number}",), True)

    assert len(PLAIN.memo["shapes", True]) <= 2_000


def test_the_header_stands_around_the_attributes() -> None:
    asset = Asset(1, "g", "Table", "q", ARCHIVED, 2, 10, "ann", 20, "bob", b'{"name":"n"}')

    assert decode(entity_form.header(asset, asset.attributes, b'{"name":"n"}', b',"docId":"g"')) == {
        "typeName": "Table", "attributes": {"name": "n"}, "guid": "g", "status": "DELETED", "displayText": "n",
        "isIncomplete": False, "createdBy": "ann", "updatedBy": "bob", "createTime": 10, "updateTime": 20, "docId": "g",
    }  # fmt: skip


def test_without_a_name_the_qualified_name_is_shown() -> None:
    asset = Asset(1, "g", "Table", "q", ACTIVE, 1, 0, "", 0, "", b"{}")

    assert decode(entity_form.header(asset, {}, b"{}"))["displayText"] == "q"
    assert name_of(asset).qualified_name == "q"


def test_events_always_show_name_description_owner_and_create_time() -> None:
    flagged = {name for name, one in TYPES.type("Process").attributes.items() if one.definition.flagged}

    assert {"name", "description", "owner", "createTime", "qualifiedName"} & TYPES.type(
        "Process"
    ).attributes.keys() <= flagged


def test_a_links_key_leaves_its_attributes_out() -> None:
    assert Link("r", 1, 2, b"{}").key == Link("r", 1, 2).key == ("r", 1, 2)
