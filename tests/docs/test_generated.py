"""The generated parts of the reference are what the program says today."""

from __future__ import annotations

import pytest

from tests.docs.generate import PARTS, made_anew
from tests.docs.pages import REFERENCE, generated_parts

PAGES = sorted(REFERENCE.glob("*.md"))


@pytest.mark.parametrize("name", [page.name for page in PAGES])
def test_generated_parts_have_no_drift(name: str) -> None:
    text = (REFERENCE / name).read_text("utf-8")

    assert made_anew(text) == text, "run: python -m tests.docs.generate"


def test_every_part_stands_on_a_page() -> None:
    shown = {part for page in PAGES for part in generated_parts(page.read_text("utf-8"))}

    assert shown == set(PARTS)
