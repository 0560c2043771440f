"""Filters of the protocol: every operator, on every kind of value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidings.model.errors import InvalidParameter, TooLarge
from tidings.read.criteria import DEEPEST, OPERATORS, Criterion, check, meets, names, period, several

VALUES: dict[str, Any] = {
    "name": "orders", "rowCount": 7, "score": 0.5, "isView": True, "owners": ["jo", "al"], "tags": [], "when": 1000,
}  # fmt: skip
CASES = [
    ("name", "=", "orders", True), ("name", "=", "Orders", False), ("name", "!=", "x", True), ("none", "=", "x", False),
    ("none", "!=", "x", True), ("rowCount", "=", "7", True), ("rowCount", "=", "7.0", True), ("rowCount", "=", "x", False),
    ("isView", "=", "True", True), ("isView", "!=", "true", False), ("owners", "=", "al", True), ("owners", "!=", "jo", False),
    ("rowCount", "<", "8", True), ("rowCount", "<=", 7, True), ("rowCount", ">", "7", False), ("rowCount", ">=", "7", True),
    ("score", ">", "0.4", True), ("name", ">", "a", True), ("none", "<", "1", False), ("none", ">", "1", False),
    ("rowCount", "<", "many", False), ("owners", "<", "b", True),
    ("name", "in", "a, orders", True), ("name", "in", '["orders"]', True), ("name", "in", ["orders"], True),
    ("name", "in", "[orders", False), ("rowCount", "in", "1,7", True), ("none", "in", "a", False),
    ("name", "like", "ord*", True), ("name", "like", "o%s", True), ("name", "like", "order?", True),
    ("name", "like", "ord", False),
    ("name", "startsWith", "ord", True), ("name", "endsWith", "ers", True), ("none", "startsWith", "", False),
    ("owners", "startsWith", "a", True), ("rowCount", "startsWith", "7", True),
    ("name", "contains", "der", True), ("owners", "contains", "j", False), ("owners", "contains", "jo", True),
    ("name", "not_contains", "der", False), ("none", "not_contains", "x", True),
    ("owners", "containsAny", "x,jo", True), ("owners", "containsAll", "al,jo", True), ("owners", "containsAll", "al,x", False),
    ("none", "isNull", "", True), ("name", "isNull", "", False), ("tags", "notNull", "", True), ("tags", "notEmpty", "", False),
    ("owners", "notEmpty", "", True), ("none", "notEmpty", "", False),
    ("when", "timerange", "0,999", False), ("when", "timerange", "0,1000", True), ("when", "timerange", "TODAY", False),
    ("none", "timerange", "TODAY", False), ("name", "timerange", "TODAY", False),
]  # fmt: skip


@pytest.mark.parametrize(("attribute", "operator", "wanted", "passes"), CASES)
def test_an_operator(attribute: str, operator: str, wanted: Any, passes: bool) -> None:
    criterion = Criterion(attribute, operator, wanted)
    check(criterion)
    assert meets(criterion, VALUES.get) is passes


def test_every_operator_is_tried() -> None:
    assert {operator for _, operator, _, _ in CASES} == set(OPERATORS)


YES, NO = Criterion("name", "=", "orders"), Criterion("rowCount", "=", "1")


def test_several_together() -> None:
    assert not meets(Criterion(criterion=[YES, NO]), VALUES.get)
    assert meets(Criterion(condition="OR", criterion=[NO, YES]), VALUES.get)
    nested = Criterion(criterion=[YES, Criterion(condition="OR", criterion=[NO, YES])])
    assert meets(nested, VALUES.get)
    assert list(names(nested)) == ["name", "rowCount", "name"]
    assert meets(Criterion(), VALUES.get)


def test_what_is_no_filter_is_refused_with_what_is() -> None:
    with pytest.raises(InvalidParameter, match="there are = != <"):
        check(Criterion(criterion=[Criterion("name", "is", "x")]))
    with pytest.raises(InvalidParameter, match="one of TODAY YESTERDAY"):
        check(Criterion("when", "timerange", "SOON"))
    for odd in ([1], {"a": 1}, None, 10**400, [[1], 2]):
        with pytest.raises(InvalidParameter, match="two times in milliseconds"):
            check(Criterion("when", "timerange", odd))


def test_criteria_without_end() -> None:
    deep = YES
    for _ in range(DEEPEST):
        deep = Criterion(criterion=[deep])
    with pytest.raises(TooLarge, match="100 levels"):
        check(deep)
    assert several("[" * 5_000) == ["[" * 5_000]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["[1]", "1,2", "nan"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=5,
)


@given(st.sampled_from(list(OPERATORS)), JSON, JSON)
def test_any_value_fits_or_is_refused(operator: str, value: Any, wanted: Any) -> None:
    criterion = Criterion("any", operator, wanted)
    try:
        check(criterion)
    except InvalidParameter:
        return
    assert meets(criterion, {"any": value}.get) in (True, False)


def test_several_values() -> None:
    assert several("a, b,") == ["a", "b"]
    assert several(3) == [3]


NOW = datetime(2024, 5, 15, 12, tzinfo=UTC)
PERIODS = {
    "TODAY": ("2024-05-15", None), "YESTERDAY": ("2024-05-14", "2024-05-15"), "LAST_7_DAYS": ("2024-05-09", None),
    "LAST_30_DAYS": ("2024-04-16", None), "THIS_MONTH": ("2024-05-01", None), "LAST_MONTH": ("2024-04-01", "2024-05-01"),
    "LAST_3_MONTHS": ("2024-02-01", "2024-05-01"), "LAST_6_MONTHS": ("2023-11-01", "2024-05-01"),
    "LAST_12_MONTHS": ("2023-05-01", "2024-05-01"), "THIS_QUARTER": ("2024-04-01", None),
    "LAST_QUARTER": ("2024-01-01", "2024-04-01"), "THIS_YEAR": ("2024-01-01", None), "LAST_YEAR": ("2023-01-01", "2024-01-01"),
}  # fmt: skip


@pytest.mark.parametrize("word", PERIODS)
def test_a_period_by_its_word(word: str) -> None:
    since, until = PERIODS[word]
    expected = moment(since), moment(until) if until else NOW.timestamp() * 1000 + 1
    assert period(word, NOW) == expected


def moment(day: str) -> float:
    return datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp() * 1000
