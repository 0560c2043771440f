"""Plans for assets that look alike: made dear only where they pay, kept within bounds, and not seen in what is refused."""

from __future__ import annotations

from itertools import combinations

import pytest

from tests.catalog import SHIPPED
from tidings.model.errors import InvalidReference
from tidings.model.registry import TypeRegistry
from tidings.write.check import check
from tidings.write.check_plan import _PLANS_KEPT, plan_for
from tidings.write.commands import EntityInput, Save


@pytest.fixture
def types() -> TypeRegistry:
    return TypeRegistry(SHIPPED)


def test_what_costs_is_made_when_the_same_keys_come_again(types: TypeRegistry) -> None:
    table, given = types.type("Table"), {"name": "n", "rowCount": None}
    plan = plan_for(table, tuple(given))

    assert plan.fits(given) == (False, False)
    assert plan.values is None
    assert plan_for(table, tuple(given)) is plan
    assert plan.fits(given) == (False, True)
    assert plan.fits({"name": "n", "rowCount": 1}) == (True, True)
    assert plan.fits({"name": "n", "rowCount": "1"}) == (False, False)


def test_ever_different_keys_are_kept_within_bounds(types: TypeRegistry) -> None:
    table = types.type("Table")
    texts = [one.name for one in table.attributes.values() if one.value_type.name == "string"][:40]
    for keys in list(combinations(texts, 3))[: 2 * _PLANS_KEPT]:
        plan_for(table, keys)

    assert len(table.memo["plans"]) <= _PLANS_KEPT


def test_keys_that_mean_nothing_are_not_kept_in_numbers(types: TypeRegistry) -> None:
    table = types.type("Table")
    many = tuple(f"unknown{number}" for number in range(1000))

    assert plan_for(table, ("name", *many)).unknown == many
    assert plan_for(table, ("name", "unknown")) is plan_for(table, ("name", "unknown"))
    assert list(table.memo["plans"]) == [("name", "unknown")]


def test_what_is_wrong_is_told_in_the_order_in_which_it_was_sent(types: TypeRegistry) -> None:
    """The first fault decides the kind of error, links and attributes alike."""
    given = {"name": "c", "qualifiedName": "c", "table": 1, "description": 2, "order": "x"}
    save = Save([EntityInput("Column", attributes=given)])
    for _ in range(2):
        with pytest.raises(InvalidReference) as caught:
            check(save, types)
        assert [one.location for one in caught.value.problems] == [
            f"entities[0].attributes.{name}" for name in ("table", "description", "order")
        ]
