"""An event as a line for people."""

from __future__ import annotations

from typing import Any

import pytest

from tidings.cli.event_line import event_line, name_of, summary


def event(operation: str = "ENTITY_UPDATE", **detail: Any) -> dict[str, Any]:
    entity = {"typeName": "Table", "guid": "g", "displayText": "orders", "attributes": {"qualifiedName": "d/orders"}}
    message = {"operationType": operation, "eventTime": 1_700_000_000_000, "entity": entity}
    return {"message": message, **({"tidings": detail} if detail else {})}


def test_a_line_names_position_operation_asset_change_and_author() -> None:
    line = event_line(event(actor="jo", origin="related", before={"x": 1}, after={"x": None}), 7).plain
    assert line.startswith("      7  ")
    for part in ("UPDATE", "Table", "d/orders", "x: 1 → unset", "by jo (related)"):
        assert part in line


def test_a_line_without_our_block_is_short() -> None:
    assert event_line(event("ENTITY_CREATE"), 7).plain.rstrip().endswith("d/orders")


def test_what_did_not_happen_has_no_position() -> None:
    assert event_line(event(), None).plain.lstrip().startswith("would")


def test_an_operation_of_the_future_is_shown_as_it_is() -> None:
    assert "SOMETHING_NEW" in event_line(event("SOMETHING_NEW"), 1).plain


def test_names_cannot_command_the_terminal() -> None:
    wild = event(actor="\x1b[2Jjo", after={"\x1b]0;x\x07": "\x1b[31m"})
    wild["message"]["entity"]["attributes"]["qualifiedName"] = "a\x1b[31m[red]b\nc"
    line = event_line(wild, 1).plain
    assert "\x1b" not in line
    assert "\n" not in line
    assert "a\\x1b[31m[red]b\\x0ac" in line


@pytest.mark.parametrize(
    ("entity", "name"),
    [
        ({"attributes": {"qualifiedName": "q"}, "displayText": "d", "guid": "g"}, "q"),
        ({"attributes": None, "displayText": "d", "guid": "g"}, "d"),
        ({"guid": "g"}, "g"),
    ],
)
def test_an_asset_is_called_by_the_best_name_there_is(entity: dict[str, Any], name: str) -> None:
    assert name_of(entity) == name


LINK = {"guid": "g", "typeName": "Column"}


@pytest.mark.parametrize(
    ("operation", "before", "after", "told"),
    [
        ("ENTITY_CREATE", {}, {"name": "x"}, ""),
        ("ENTITY_DELETE", {"__state": "ACTIVE"}, {"__state": "DELETED"}, "archived"),
        ("ENTITY_DELETE", {"__state": "ACTIVE"}, {"__state": "PURGED"}, "purged"),
        ("ENTITY_UPDATE", {"__state": "DELETED"}, {"__state": "ACTIVE", "a": 1}, "restored, a: unset → 1"),
        ("ENTITY_UPDATE", {"__state": "ACTIVE"}, {"__state": "ODD"}, "ODD"),
        ("ENTITY_UPDATE", {"a": "x" * 50}, {"a": ["y"]}, f'a: {"x" * 39}… → ["y"]'),
        ("ENTITY_UPDATE", {"columns": [LINK]}, {"columns": [LINK, LINK]}, "columns +2 -1"),
        ("ENTITY_UPDATE", {"columns": [LINK]}, {}, "columns -1"),
        ("ENTITY_UPDATE", {}, {"columns": [LINK]}, "columns +1"),
        (
            "ENTITY_UPDATE",
            {},
            {"aUpdatedAt": 1, "a": 1, "b": 1, "c": 1},
            "a: unset → 1, b: unset → 1, c: unset → 1, and 1 more",
        ),
        ("ENTITY_UPDATE", None, None, ""),
    ],
)
def test_what_changed_in_short(operation: str, before: Any, after: Any, told: str) -> None:
    assert summary(operation, {"before": before, "after": after}) == told


def test_tags_and_custom_metadata_go_by_what_people_call_them() -> None:
    tag, names = {"typeName": "t1"}, {"t1": "PII", "s1": "Quality", "a1": "Owner"}
    told = [
        summary("CLASSIFICATION_ADD", {"before": {}, "after": {"classifications": [tag]}, "names": names}),
        summary("CLASSIFICATION_DELETE", {"before": {"classifications": [tag]}, "after": {}}),
        summary(
            "ENTITY_UPDATE", {"before": {"classifications": [tag]}, "after": {"classifications": [tag]}, "names": names}
        ),
        summary(
            "BUSINESS_ATTRIBUTE_UPDATE",
            {
                "before": {"businessAttributes": {"s1": {"a1": None}}},
                "after": {"businessAttributes": {"s1": {"a1": "jo"}}},
                "names": names,
            },
        ),
    ]
    assert told == ["+PII", "-t1", "PII changed", "Quality.Owner: unset → jo"]
