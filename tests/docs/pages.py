"""The pages, and the parts of them that a program reads: examples to run, files, outputs, generated parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"

_MARKED = re.compile(
    r"^<!-- (run|background|file|output|background output)(?:: (\S+))? -->\n```(\w*)\n(.*?)^```$", re.M | re.S
)
_GENERATED = re.compile(r"<!-- generated: ([\w-]+) -->\n.*?<!-- end -->", re.S)


MARKS = ("run", "background", "file", "output", "background output")


class Block(NamedTuple):
    """A fenced block with a mark before it: ``kind`` is what to do with it, ``name`` that of a file."""

    kind: str
    name: str
    language: str
    text: str


def all_pages() -> list[Path]:
    """Every page that a reader may come to."""
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def blocks(text: str) -> Iterator[Block]:
    """The marked blocks, in order."""
    for kind, name, language, body in _MARKED.findall(text):
        yield Block(kind, name, language, body)


def generated_parts(text: str) -> list[str]:
    """The names of the generated parts of a page."""
    return _GENERATED.findall(text)


def with_generated(text: str, parts: dict[str, str]) -> str:
    """The page with its generated parts made anew."""
    return _GENERATED.sub(lambda found: f"<!-- generated: {found[1]} -->\n\n{parts[found[1]]}\n\n<!-- end -->", text)
