"""``tidings types`` against a real server."""

from __future__ import annotations

import json
from functools import partial

import click
import pytest

from tests.api.alone import client
from tests.api.terminal import Run, lines
from tests.api.terminal import run as terminal
from tidings.cli.types import attribute_form
from tidings.client import Client
from tidings.model.definitions import is_generated

__all__ = ["client", "terminal"]  # fixtures


@pytest.fixture
def run(terminal: Run) -> Run:
    """Runs a command of the group."""
    return partial(terminal, "types")


def test_a_tag(client: Client, run: Run) -> None:
    [made] = lines(run("tag", "PII", "--color", "Red", "--description", "personal"))
    assert is_generated(made["name"])
    assert (made["displayName"], made["description"], made["options"]) == ("PII", "personal", {"color": "Red"})
    assert lines(run("get", "PII")) == [client.type_definition(made["name"])] == [made]
    assert "tag PII made" not in run("tag", "PII", people=True, code=1).stdout
    assert lines(run("delete", "PII", "--dry-run")) == [{"dryRun": True, "removed": "PII"}]
    assert lines(run("delete", "PII")) == [{"removed": "PII"}]
    assert "is removed" not in run("delete", "PII", people=True, code=1).stdout


def test_custom_metadata_and_an_enum_for_it(run: Run) -> None:
    run("enum", "Colour", "red", "blue", "red")
    [colour] = lines(run("enum", "Colour", "green", "--add"))
    assert [one["value"] for one in colour["elementDefs"]] == ["red", "blue", "green"]
    attributes = ("--attribute", "owner team: string", "--attribute", "stewards:users[]", "--attribute", "c:Colour")
    [made] = lines(run("custom-metadata", "Care", *attributes, "--for", "Table"))
    kinds = [(one["displayName"], one["typeName"]) for one in made["attributeDefs"]]
    assert kinds == [("owner team", "string"), ("stewards", "array<string>"), ("c", "Colour")]
    assert made["attributeDefs"][0]["options"]["applicableEntityTypes"] == '["Table"]'
    [more] = lines(run("custom-metadata", "Care", "--attribute", "since:date", "--add"))
    assert more["attributeDefs"][:3] == made["attributeDefs"]
    assert (more["name"], more["attributeDefs"][3]["typeName"]) == (made["name"], "date")
    assert "Given type Colour has references: Care.c" in run("delete", "Colour", code=1).stderr


def test_types_out_of_a_file(run: Run, client: Client) -> None:
    box = {
        "category": "ENTITY",
        "name": "Box",
        "superTypes": ["Asset"],
        "attributeDefs": [{"name": "x", "typeName": "int"}],
    }
    assert "would be made" in run("create", "-", "--dry-run", people=True, input=json.dumps(box)).stdout
    assert "asset Box made, name Box" in run("create", "-", people=True, input=json.dumps({"entityDefs": [box]})).stdout
    box["attributeDefs"] = [*client.type_definition("Box")["attributeDefs"], {"name": "y", "typeName": "string"}]
    [changed] = lines(run("change", "-", input=json.dumps(box)))
    assert [one["name"] for one in changed["attributeDefs"]] == ["x", "y"]
    shown = run("get", "Box", people=True).stdout
    for part in ("Box  asset, name Box", "below Asset", "string", "array<AtlasGlossaryTerm>"):
        assert part in shown


def test_what_is_listed(run: Run) -> None:
    run("tag", "PII")
    run("enum", "Colour", "red")
    assert [one["category"] for one in lines(run("list"))] == ["ENUM", "CLASSIFICATION"]
    assert [one["displayName"] for one in lines(run("list", "--kind", "tag"))] == ["PII"]
    assert len(lines(run("list", "--kind", "struct", "--all"))) > 40
    assert "PII" in run("list", people=True).stdout
    assert "red" in run("get", "Colour", people=True).stdout


@pytest.mark.parametrize("content", ["[]", "{", '{"category": "TRAIT"}', '{"entities": []}'])
def test_a_file_without_definitions(run: Run, content: str) -> None:
    assert "error" in run("create", "-", input=content, code=1).stderr


@pytest.mark.parametrize("text", ["owner", "owner:", ":string", "x:[]"])
def test_what_is_no_attribute(text: str) -> None:
    with pytest.raises(click.UsageError, match="owner team:string"):
        attribute_form(text, ())


@pytest.mark.parametrize("kind", ["SQL", "sql", "url", "Users"])
def test_kinds_of_text(kind: str) -> None:
    form = attribute_form(f"x:{kind}[]", ("Table", "View"))
    assert form["typeName"] == "array<string>"
    assert form["options"]["customType"].lower() == kind.lower()
    assert form["options"]["applicableEntityTypes"] == '["Table","View"]'
