"""The marked examples run, on the real program, and say what the pages show."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT, blocks
from tests.docs.session import compare, pattern, run_page, session
from tidings.testing import TOKEN, server

STARTS_ITS_OWN_SERVER = "run-a-server"
SLOW = "use-pyatlan"  # importing that client takes seconds
HOW_TO = [
    pytest.param(page.stem, marks=[pytest.mark.slow] if page.stem == SLOW else [])
    for page in sorted((DOCS / "how-to").glob("*.md"))
    if page.stem != STARTS_ITS_OWN_SERVER and list(blocks(page.read_text("utf-8")))
]


@pytest.mark.slow
def test_the_readme(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "my.db") as database:
        database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    database.close()

    with session(tmp_path) as reader:
        run_page((ROOT / "README.md").read_text("utf-8"), reader)


@pytest.mark.slow
def test_the_tutorial(tmp_path: Path) -> None:
    with session(tmp_path) as reader:
        run_page((DOCS / "tutorial" / "first-handler.md").read_text("utf-8"), reader)


@pytest.mark.parametrize("name", HOW_TO)
def test_how_to(name: str, tmp_path: Path) -> None:
    profile = "server" if name == "server-profile" else "documented"
    text = (DOCS / "how-to" / f"{name}.md").read_text("utf-8")

    with (
        server(f"sqlite:///{tmp_path}/tidings.db", profile) as client,
        session(tmp_path, client.base_url.removeprefix("http://"), TOKEN) as reader,
    ):
        run_page(text, reader)


def test_how_to_run_a_server(tmp_path: Path) -> None:
    with session(tmp_path) as reader:
        run_page((DOCS / "how-to" / f"{STARTS_ITS_OWN_SERVER}.md").read_text("utf-8"), reader)


def test_what_is_said_may_differ_only_where_it_must() -> None:
    compare("│ up for │ 12:00:00 │\n…\nlast", "│ up for   │ 13:01:02 │\nmore\nlast")
    with pytest.raises(AssertionError, match="not said: '2 archived'"):
        compare("2 archived", "1 archived")
    with pytest.raises(AssertionError, match="not said: 'first'"):
        compare("second\nfirst", "first\nsecond")


def test_a_pattern_takes_signs_to_the_letter() -> None:
    assert pattern("a.b (c)") == r"a\.b\s+\(c\)"
