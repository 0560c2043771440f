"""``tidings tags`` against a real server."""

from __future__ import annotations

import click
import pytest

from tests.api.alone import client, saved, table
from tests.api.terminal import Run, lines, run
from tidings.cli.tags import value_of
from tidings.client import Client

__all__ = ["client", "run"]  # fixtures
TABLE = ("Table", "default/x/1/d/s/orders")


@pytest.fixture
def orders(client: Client) -> str:
    """A table with a column, and a tag PII that has a value."""
    level = {"name": "level", "displayName": "level", "typeName": "int"}
    client.define({"classificationDefs": [{"name": "PII", "displayName": "PII", "attributeDefs": [level]}]})
    guid = saved(client)
    column = {"name": "id", "qualifiedName": "default/x/1/d/s/orders/id", "table": {"guid": guid}}
    client.save([{"typeName": "Column", "attributes": column}])
    return guid


def test_what_there_is(run: Run, orders: str) -> None:
    assert [one["displayName"] for one in lines(run("tags", "list"))] == ["PII"]
    assert "PII" in run("tags", "list", people=True).stdout


def test_a_tag_is_put_on_shown_and_taken_off(run: Run, orders: str) -> None:
    [put] = lines(run("tags", "add", "PII", orders, "--value", "level=3", "--no-lineage"))
    [own] = lines(run("tags", "show", orders))
    [copy] = lines(run("tags", "show", "Column", f"{TABLE[1]}/id"))
    [gone] = lines(run("tags", "remove", "PII", "--name", *TABLE))

    assert put["mutatedEntities"] == gone["mutatedEntities"] == {"UPDATE": [orders]}
    assert (own["tag"], own["from"], own["values"]) == ("PII", None, {"level": 3})
    assert (own["restrictPropagationThroughLineage"], own["propagate"]) == (True, True)
    assert (copy["tag"], copy["from"], copy["entityGuid"]) == ("PII", TABLE[1], orders)
    assert lines(run("tags", "show", orders)) == []


def test_for_people(run: Run, client: Client, orders: str) -> None:
    other = str(client.save([{**table("other"), "guid": "-1"}])["guidAssignments"]["-1"])
    assert run("tags", "add", "PII", orders, other, people=True).stdout == "2 assets changed\n"
    shown = run("tags", "show", "Column", f"{TABLE[1]}/id", people=True).stdout
    assert ("PII" in shown, TABLE[1] in shown, "children, lineage" in shown) == (True, True, True)
    assert "itself" in run("tags", "show", orders, people=True).stdout
    assert run("tags", "remove", "PII", orders, other, people=True).stdout == "2 assets changed\n"


@pytest.mark.parametrize(
    ("option", "way"),
    [("--no-propagate", "nobody"), ("--no-lineage", "children"), ("--no-hierarchy", "lineage")],
)
def test_where_a_tag_goes(run: Run, orders: str, option: str, way: str) -> None:
    run("tags", "add", "PII", orders, option)
    assert f" {way} " in run("tags", "show", orders, people=True).stdout


def test_a_change(run: Run, client: Client, orders: str) -> None:
    run("tags", "add", "PII", orders, "--value", "level=3", "--keep-on-delete")
    head = client.head()
    told = run("tags", "update", "PII", orders, "--no-propagate", "--dry-run", people=True).stdout
    assert [line.split()[0] for line in told.splitlines()] == ["would", "would"]
    assert client.head() == head
    assert lines(run("tags", "update", "PII", orders, "--value", "level=4")) == [{"tag": "PII", "guid": orders}]
    assert "changed on" in run("tags", "update", "PII", orders, "--no-propagate", people=True).stdout
    [own] = lines(run("tags", "show", orders))
    assert (own["values"], own["propagate"], own["removePropagationsOnEntityDelete"]) == ({"level": 4}, False, False)


def test_a_dry_run_shows_the_events(run: Run, client: Client, orders: str) -> None:
    head = client.head()
    told = lines(run("tags", "add", "PII", orders, "--dry-run"))
    assert [one["message"]["operationType"] for one in told] == ["CLASSIFICATION_ADD"] * 2
    assert "1 assets would be changed" in run("tags", "add", "PII", orders, "--dry-run", people=True).stdout
    assert client.head() == head


def test_a_tag_left_behind(run: Run, client: Client, orders: str) -> None:
    run("tags", "add", "PII", orders, "--keep-on-delete")
    client.delete([orders], delete_type="PURGE")
    column = f"{TABLE[1]}/id"
    [left] = lines(run("tags", "show", "Column", column))
    assert left["from"] == orders
    run("tags", "remove", "PII", "--from", orders, "--name", "Column", column)
    assert lines(run("tags", "show", "Column", column)) == []


def test_what_is_not_there_or_not_clear(run: Run, orders: str) -> None:
    assert "Given typename PIJ was invalid; did you mean PII?" in run("tags", "add", "PIJ", orders, code=1).stderr
    assert "does not have the tag PII" in run("tags", "remove", "PII", orders, code=1).stderr
    assert "has no tag PII of its own" in run("tags", "update", "PII", orders, "--no-propagate", code=1).stderr
    assert "is invalid/not found" in run("tags", "add", "PII", f"{orders[:-4]}ffff", code=1).stderr
    assert "does not exist" in run("tags", "add", "PII", "--name", "Table", "none", code=1).stderr
    assert "name the assets" in run("tags", "add", "PII", code=2).stderr
    assert "say what is to change" in run("tags", "update", "PII", orders, code=2).stderr
    assert "give one guid" in run("tags", "show", "a", "b", "c", code=2).stderr


@pytest.mark.parametrize(
    ("text", "value"),
    [("a=3", 3), ("a=x", "x"), ("a=", ""), ("a=[1, 2]", [1, 2]), ('a="3"', "3"), ("a=b=c", "b=c"), ("a=true", True)],
)
def test_values(text: str, value: object) -> None:
    assert value_of(text) == ("a", value)


@pytest.mark.parametrize("text", ["a", "=3", ""])
def test_what_is_no_value(text: str) -> None:
    with pytest.raises(click.UsageError, match="level=3"):
        value_of(text)
