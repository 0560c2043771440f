"""The pure rules of glossaries: whose name is taken, and who stands above itself."""

from __future__ import annotations

import pytest

from tests.unit.write.steps import named
from tidings.model.errors import CategoryExists, Conflict, GlossaryExists, TermExists
from tidings.write.glossary import Named, cycle, refuse_taken

TERM = "AtlasGlossaryTerm"


def called(number: int, name: str, scope: int = 1, kind: str = TERM, stored: bool = True) -> Named:
    return Named(named(number, kind), name, (kind, scope), stored)


@pytest.mark.parametrize(
    ("kind", "error"),
    [("AtlasGlossary", GlossaryExists), (TERM, TermExists), ("AtlasGlossaryCategory", CategoryExists)],
)
def test_a_name_that_is_there(kind: str, error: type[Conflict]) -> None:
    with pytest.raises(error, match="guid guid-1 and qualifiedName q1; to change that one"):
        refuse_taken([called(1, "a", kind=kind)], [called(2, "a", kind=kind, stored=False)])


def test_a_name_twice_in_one_request() -> None:
    with pytest.raises(TermExists, match="the request has two of this name in this glossary"):
        refuse_taken([], [called(1, "a", stored=False), called(2, "a", stored=False)])


def test_one_that_comes_back_to_a_name_that_is_taken() -> None:
    with pytest.raises(TermExists, match=r"guid guid-1 .* another name for guid-2, or purge it first"):
        refuse_taken([called(1, "a")], [called(2, "a")])


def test_the_one_that_was_there_is_named_whichever_comes_first() -> None:
    with pytest.raises(TermExists, match="guid guid-2"):
        refuse_taken([], [called(1, "a", stored=False), called(2, "a")])


def test_other_scopes_and_other_cases_are_free() -> None:
    refuse_taken([called(1, "a")], [called(2, "a", scope=2), called(3, "A"), called(4, "a", kind="AtlasGlossary")])


@pytest.mark.parametrize(
    ("above", "ring"),
    [
        ({}, None),
        ({1: 2, 2: 3, 4: 2}, None),
        ({1: 1}, [1]),
        ({5: 1, 1: 2, 2: 3, 3: 1}, [1, 2, 3]),
        ({number: number + 1 for number in range(50_000)}, None),
    ],
)
def test_who_stands_above_itself(above: dict[int, int], ring: list[int] | None) -> None:
    assert cycle(above) == ring
