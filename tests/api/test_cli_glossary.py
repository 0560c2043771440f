"""``tidings glossary`` against a real server."""

from __future__ import annotations

import pytest

from tests.api.alone import client, saved
from tests.api.terminal import Run, lines, run
from tidings.client import Client

__all__ = ["client", "run"]  # fixtures


@pytest.fixture
def term(run: Run) -> str:
    """A term in a category in a category."""
    run("glossary", "add", "Sales", "--description", "ours")
    run("glossary", "add-category", "Sales", "Money")
    run("glossary", "add-category", "Sales", "Income", "--parent", "Money")
    run("glossary", "add-term", "Sales", "Customer")
    return str(lines(run("glossary", "add-term", "Sales", "Revenue", "--category", "Income"))[0]["guid"])


def test_for_programs(run: Run, term: str) -> None:
    [listed] = lines(run("glossary", "list"))
    [whole] = lines(run("glossary", "tree", "Sales"))

    assert (listed["name"], listed["terms"], listed["categories"]) == ("Sales", 2, 2)
    assert lines(run("glossary", "tree", listed["guid"])) == [whole]
    assert whole["termInfo"][term]["name"] == "Revenue"


def test_for_people(client: Client, run: Run, term: str) -> None:
    guid = saved(client)
    run("glossary", "assign", term, guid)
    drawn = run("glossary", "tree", "Sales", people=True).stdout

    assert drawn.splitlines() == [
        "Sales  ours",
        "├── Money",
        "│   └── Income",
        "│       └── Revenue  on 1 asset",
        "└── Customer",
    ]
    assert "Sales" in run("glossary", "list", people=True).stdout
    assert len(run("glossary", "add", "Other", people=True).stdout.strip()) == 36


def test_a_term_on_an_asset_and_off_it(client: Client, run: Run, term: str) -> None:
    guid = saved(client)
    name = ("--name", "Table", "default/x/1/d/s/orders")

    [tried] = [lines(run("glossary", "assign", term, guid, "--dry-run"))]
    put = run("glossary", "assign", "Revenue", "--glossary", "Sales", *name, people=True)
    [taken] = lines(run("glossary", "unassign", "Revenue", "--glossary", "Sales", guid))

    assert len(tried) == 2
    assert put.stdout == "1 assets and the term updated\n"
    assert set(taken["mutatedEntities"]["UPDATE"]) == {guid, term}


def test_what_is_not_there_or_not_clear(run: Run, term: str) -> None:
    run("glossary", "add-category", "Sales", "Income")

    assert "no glossary is called Sails" in run("glossary", "tree", "Sails", code=1).stderr
    assert "no term is called x" in run("glossary", "assign", "x", "--glossary", "Sales", term, code=1).stderr
    assert "more than one category" in run("glossary", "add-term", "Sales", "x", "--category", "Income", code=1).stderr
    assert "say with --glossary" in run("glossary", "assign", "Revenue", term, code=2).stderr
    assert "there is one of this name" in run("glossary", "add", "Sales", code=1).stderr
