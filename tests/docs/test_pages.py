"""Links lead somewhere, marks are spelt right, and nothing of a certain machine is left on a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, MARKS, ROOT, all_pages, blocks

PAGES = [str(page.relative_to(ROOT)) for page in all_pages()]
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MADE_ELSEWHERE = ("end", "bench", "/bench")
"""Comments around parts that a program writes: the reference's generator, and the benchmarks."""
_FENCED = re.compile(r"^```.*?^```", re.M | re.S)
FORBIDDEN = re.compile(
    r"(?<![\w.])/(?:tmp|home|root|work|Users)/|pypi\.org|python[h]osted|npm[j]s|docker\.io|ghcr\.io|artifactory|nexus",
    re.I,
)


def anchors(page: Path) -> set[str]:
    """What a link may name behind «#»: the headings, as the usual renderers do it."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", page.read_text("utf-8")), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    for link in _LINK.findall(_FENCED.sub("", page.read_text("utf-8"))):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert not anchor or anchor in anchors(target), f"{link}: no such heading"


@pytest.mark.parametrize("name", PAGES)
def test_every_mark_is_before_a_block(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    comments = re.findall(r"^<!-- (.+?) -->$", text, re.M)
    marks = [one for one in comments if one not in MADE_ELSEWHERE and not one.startswith("generated: ")]

    assert all(mark.partition(":")[0] in MARKS for mark in marks)
    assert len(marks) == len(list(blocks(text)))


@pytest.mark.parametrize("name", PAGES)
def test_nothing_of_a_certain_machine_is_on_a_page(name: str) -> None:
    assert FORBIDDEN.findall((ROOT / name).read_text("utf-8")) == []


@pytest.mark.parametrize("folder", [one.name for one in sorted(DOCS.iterdir()) if one.is_dir()])
def test_every_page_is_in_the_index_of_its_folder(folder: str) -> None:
    linked = set(_LINK.findall((DOCS / folder / "README.md").read_text("utf-8")))

    assert {page.name for page in (DOCS / folder).glob("*.md")} - {"README.md"} <= linked
