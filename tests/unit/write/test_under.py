"""Children before parents, whatever the names say; which relationships put one asset into another."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.catalog import TYPES
from tidings.write.under import children_first, containing


def test_an_order_that_is_right_stays() -> None:
    ids = [3, 2, 1]

    assert children_first(ids, [(1, 2), (2, 3), (1, 99), (98, 3)]) is ids


def test_only_what_stood_wrong_moves() -> None:
    assert children_first([1, 5, 2, 3], [(1, 2), (2, 3)]) == [3, 2, 1, 5]


def test_a_circle_ends_somewhere() -> None:
    assert sorted(children_first([1, 2, 3], [(1, 2), (2, 3), (3, 1), (2, 2)])) == [1, 2, 3]


def test_a_long_chain() -> None:
    chain = list(range(5_000))

    assert children_first(chain, list(pairwise(chain))) == chain[::-1]


@given(
    st.permutations(range(12)), st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda p: p[0] < p[1]))
)
def test_every_child_stands_before_its_parents(ids: list[int], pairs: set[tuple[int, int]]) -> None:
    ordered = children_first(list(ids), sorted(pairs))

    assert sorted(ordered) == list(range(12))
    assert all(ordered.index(child) < ordered.index(parent) for parent, child in pairs)


def test_what_may_stand_in_many_is_in_none() -> None:
    ahead, behind = containing(TYPES)

    assert {"table_columns", "schema_tables", "asset_readme"} <= set(ahead)
    assert "dbtModel_sqlAssets" in behind
    assert not {"catalog_process_inputs", "process_catalog_outputs"} & {*ahead, *behind}
