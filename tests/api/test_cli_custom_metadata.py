"""``tidings cm`` against a real server."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.alone import client, saved
from tests.api.terminal import Run, lines, run
from tidings.cli.custom_metadata import value_of
from tidings.client import Client

__all__ = ["client", "run"]  # fixtures
TABLE = ("Table", "default/x/1/d/s/orders")


@pytest.fixture
def orders(client: Client, run: Run) -> str:
    """A table, and custom metadata for it."""
    attributes = ("--attribute", "owner team:string", "--attribute", "stewards:users[]", "--attribute", "score:int")
    run("types", "custom-metadata", "Data quality", *attributes, "--attribute", "checked:date")
    run("types", "custom-metadata", "Data", "--attribute", "quality.score:int")
    return saved(client)


def values(run: Run, guid: str) -> dict[str, Any]:
    [shown] = lines(run("cm", "show", guid))
    found: dict[str, Any] = shown["customMetadata"]
    return found


def test_values_come_change_and_go(run: Run, orders: str) -> None:
    given = ("Data quality.owner team=Sales", "Data quality.stewards=ann", "Data quality.stewards=bob")
    [answer] = lines(run("cm", "set", orders, *given, "Data quality.score=5", "Data.quality.score=7"))
    assert answer["mutatedEntities"] == {"UPDATE": [orders]}
    first = {"owner team": "Sales", "stewards": ["ann", "bob"], "score": 5}
    assert values(run, orders) == {"Data quality": first, "Data": {"quality.score": 7}}
    run("cm", "set", "--name", *TABLE, 'Data quality.stewards=["eve"]')
    assert values(run, orders)["Data quality"] == {**first, "stewards": ["eve"]}
    run("cm", "replace", orders, "Data quality.score=6")
    assert values(run, orders) == {"Data quality": {"score": 6}, "Data": {"quality.score": 7}}
    run("cm", "remove", orders, "Data quality.score", "Data")
    assert values(run, orders) == {}


def test_for_people(run: Run, orders: str) -> None:
    said = run("cm", "set", orders, "Data quality.checked=2026-01-31T12:00", "Data quality.score=5", people=True)
    assert said.stdout == "1 assets changed\n"
    shown = run("cm", "show", *TABLE, people=True).stdout
    for part in ("Data quality", "checked", "2026-01-31 12:00:00", "score"):
        assert part in shown
    assert run("cm", "remove", orders, "Data", people=True).stdout == "0 assets changed\n"


def test_a_dry_run_shows_the_events(run: Run, client: Client, orders: str) -> None:
    head = client.head()
    [told] = lines(run("cm", "set", orders, "Data quality.score=5", "--dry-run"))
    assert told["message"]["operationType"] == "BUSINESS_ATTRIBUTE_UPDATE"
    assert (
        "1 assets would be changed" in run("cm", "set", orders, "Data.quality.score=5", "--dry-run", people=True).stdout
    )
    assert (client.head(), values(run, orders)) == (head, {})


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (
            ("set", "{guid}", "Quality.score=5"),
            1,
            "Quality.score names no custom metadata; there is Data, Data quality",
        ),
        (("set", "{guid}", "Data quality.scope=5"), 1, "has no attribute scope; it has owner team, stewards, score"),
        (("set", "{guid}", "Data quality.score=high"), 1, "cannot be 'high'; it must be a whole number"),
        (("set", "{guid}", "Data quality.checked=soon"), 1, "Data quality.checked cannot be 'soon'"),
        (("set", "{guid}", "Data quality.score"), 2, "write it like"),
        (("set", "{guid}", "Data quality=5"), 2, "write it like"),
        (("set", "{guid}"), 2, "give the asset's guid"),
        (("set", "--name", "Table", "none", "Data.quality.score=5"), 1, "does not exist"),
        (("remove", "{guid}", "Nothing"), 1, "Nothing names no custom metadata"),
        (("show", "a", "b", "c"), 2, "give one guid"),
    ],
)
def test_what_is_not_there_or_not_clear(run: Run, orders: str, words: tuple[str, ...], code: int, error: str) -> None:
    assert error in run("cm", *(word.replace("{guid}", orders) for word in words), code=code).stderr


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("5", "int", 5), ("5", "string", "5"), ("true", "boolean", True), ("0.5", "float", 0.5), ("a", "int", "a"),
        ("5", "array<string>", ["5"]), ("5", "array<int>", [5]), ("[5, 6]", "array<int>", [5, 6]),
        ("[x", "array<string>", ["[x"]),
        ("1700000000000", "date", 1700000000000), ("soon", "date", "soon"), ("red", "Colour", "red"),
    ],
)  # fmt: skip
def test_values_of_each_type(text: str, kind: str, value: object) -> None:
    assert value_of(text, kind) == value
