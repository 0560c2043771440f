"""Parents before children, and nothing else moved."""

from __future__ import annotations

import pytest

from tests.catalog import TYPES
from tests.unit.write.steps import asset
from tidings.model.asset import Link
from tidings.model.changes import AssetChange, Kind
from tidings.write.order import parent_of, parents_first


def ordered(numbers: list[int], links: list[tuple[str, int, int]]) -> list[int]:
    changes = [AssetChange(Kind.CREATE, "direct", asset(number), {}) for number in numbers]
    return [one.after.id for one in parents_first(changes, [Link(*link) for link in links], TYPES)]


@pytest.mark.parametrize(
    ("numbers", "links", "expected"),
    [
        ([1, 2, 3], [], [1, 2, 3]),
        ([3, 1, 2], [("table_columns", 1, 3)], [1, 3, 2]),
        ([3, 2, 1], [("table_columns", 1, 2), ("table_columns", 2, 3)], [1, 2, 3]),
        ([3, 1], [("table_columns", 9, 3)], [3, 1]),
        ([2, 1], [("AtlasGlossarySynonym", 1, 2)], [2, 1]),
        ([2, 1], [("table_columns", 1, 2), ("table_columns", 2, 1)], [1, 2]),
        ([1], [("table_columns", 1, 1)], [1]),
    ],
)
def test_only_children_that_stood_before_their_parents_move(
    numbers: list[int], links: list[tuple[str, int, int]], expected: list[int]
) -> None:
    assert ordered(numbers, links) == expected


def test_a_long_chain_needs_no_deep_stack() -> None:
    size = 20_000
    links = [("AtlasGlossaryCategoryHierarchyLink", number, number + 1) for number in range(1, size)]

    assert ordered(list(range(size, 0, -1)), links) == list(range(1, size + 1))


@pytest.mark.parametrize(
    ("relationship", "expected"),
    [("table_columns", (2, 1)), ("AtlasGlossarySemanticAssignment", None), ("AtlasGlossarySynonym", None)],
)
def test_who_is_in_whom(relationship: str, expected: tuple[int, int] | None) -> None:
    assert parent_of(Link(relationship, 1, 2), TYPES) == expected


def test_a_parent_may_stand_at_either_end() -> None:
    turned = [one for one in TYPES.system.relationships.values() if one.end2.container and one.end1.single]

    assert all(parent_of(Link(one.name, 1, 2), TYPES) == (1, 2) for one in turned)
