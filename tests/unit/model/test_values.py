"""Every type's normalisation, and when two values are one."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.catalog import TYPES
from tidings.model.values import MAX_LONG, PRIMITIVES, array_type, enum_type, map_type, struct_type

WHOLE = ("byte", "short", "int", "long", "biginteger", "date")
REAL = ("float", "double", "bigdecimal")
LEVEL = enum_type("Level", ("LOW", "HIGH"))
POINT = struct_type("Point", lambda: {"x": PRIMITIVES["int"], "label": PRIMITIVES["string"]})
MAP = map_type("map<string,long>", PRIMITIVES["long"])
NUMBERS = array_type("array<int>", PRIMITIVES["int"], unordered=False)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize(("given", "canonical"), [(5, 5), (5.0, 5), (-1, -1), (MAX_LONG, MAX_LONG), (-0.0, 0)])
def test_whole_numbers_are_ints(name: str, given: Any, canonical: int) -> None:
    found = PRIMITIVES[name].normalise(given)

    assert (found, type(found)) == (canonical, int)


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("given", ["5", 5.5, True, None, [5], math.nan, math.inf, MAX_LONG + 1])
def test_what_is_no_whole_number_is_refused(name: str, given: Any) -> None:
    with pytest.raises(ValueError, match="a whole number"):
        PRIMITIVES[name].normalise(given)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize(("given", "canonical"), [(5, 5.0), (5.25, 5.25), (-1, -1.0), (1e300, 1e300)])
def test_real_numbers_are_floats(name: str, given: Any, canonical: float) -> None:
    found = PRIMITIVES[name].normalise(given)

    assert (found, type(found)) == (canonical, float)


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("given", ["5", False, math.nan, math.inf, 10**400, {}])
def test_what_is_no_finite_number_is_refused(name: str, given: Any) -> None:
    with pytest.raises(ValueError, match="a finite number"):
        PRIMITIVES[name].normalise(given)


@pytest.mark.parametrize("given", ["true", 1, 0, "", []])
def test_only_booleans_are_booleans(given: Any) -> None:
    assert PRIMITIVES["boolean"].normalise(False) is False
    with pytest.raises(ValueError, match="true or false"):
        PRIMITIVES["boolean"].normalise(given)


@pytest.mark.parametrize("given", [1, True, ["a"], {"a": 1}, b"a"])
def test_only_strings_are_strings(given: Any) -> None:
    assert PRIMITIVES["string"].normalise("") == ""
    with pytest.raises(ValueError, match="a string"):
        PRIMITIVES["string"].normalise(given)


@pytest.mark.parametrize(
    ("name", "unset"), [("string", None), ("boolean", False), ("int", 0), ("date", 0), ("double", 0.0)]
)
def test_what_stands_for_unset(name: str, unset: Any) -> None:
    assert PRIMITIVES[name].unset == unset


def test_an_enum_is_one_of_its_values() -> None:
    assert LEVEL.normalise("LOW") == "LOW"
    for given in ("low", "", 1):
        with pytest.raises(ValueError, match="one of LOW, HIGH"):
            LEVEL.normalise(given)


def test_a_list_keeps_order_and_duplicates() -> None:
    assert NUMBERS.normalise((2, 1.0, 2)) == [2, 1, 2]
    assert not NUMBERS.same([1, 2], [2, 1])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (5, "a list, each item of type int"),
        ("ab", "a list, each item of type int"),
        ([1, "b"], "item 1 must be a whole number"),
    ],
)
def test_a_list_says_what_does_not_fit(given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        NUMBERS.normalise(given)


def test_a_set_drops_duplicates_and_forgets_order() -> None:
    names = array_type("array<string>", PRIMITIVES["string"], unordered=True)

    assert names.normalise(["b", "a", "b"]) == ["b", "a"]
    assert names.same(["b", "a"], ["a", "b"])


def test_a_set_of_what_cannot_be_hashed_drops_duplicates_too() -> None:
    maps = array_type("array<map<string,long>>", MAP, unordered=True)

    assert maps.normalise([{"a": 1}, {"b": 2}, {"a": 1.0}]) == [{"a": 1}, {"b": 2}]
    assert maps.same([{"a": 1}, {"b": 2}], [{"b": 2}, {"a": 1}])


@pytest.mark.parametrize(
    ("one", "other"), [(["a"], ["a", "b"]), (["a", "c"], ["a", "b"]), (None, ["a"]), (["a"], None)]
)
def test_sets_that_differ(one: Any, other: Any) -> None:
    assert not array_type("array<string>", PRIMITIVES["string"], unordered=True).same(one, other)


def test_unset_is_the_same_as_unset() -> None:
    assert NUMBERS.same(None, None)


def test_a_map_drops_nulls_and_normalises_the_rest() -> None:
    assert MAP.normalise({"a": 1.0, "b": None}) == {"a": 1}


@pytest.mark.parametrize(
    ("given", "words"),
    [([], "an object of strings"), ({1: 1}, "an object of strings"), ({"a": "x"}, "'a' must be a whole number")],
)
def test_a_map_says_what_does_not_fit(given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MAP.normalise(given)


@pytest.mark.parametrize(
    "given",
    [
        {"x": 1.0, "label": None},
        {"typeName": "Point", "x": 1},
        {"typeName": "Point", "attributes": {"x": 1}},
    ],
)
def test_a_struct_in_either_form_is_one_value(given: Any) -> None:
    assert POINT.normalise(given) == {"typeName": "Point", "attributes": {"x": 1}}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("x", "an object with the fields of Point"),
        ({"z": 1}, "which has no 'z'"),
        ({"x": "one"}, "'x' must be a whole number"),
    ],
)
def test_a_struct_says_what_does_not_fit(given: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        POINT.normalise(given)


@pytest.mark.parametrize("given", ["text", 1, {"any": 1, "other": None}])
def test_a_type_that_the_model_only_names_takes_plain_values(given: Any) -> None:
    assert TYPES.value_type("AtlasServer").normalise(given) == given


@pytest.mark.parametrize("given", [[1], {"any": {"deep": 1}}])
def test_a_type_that_the_model_only_names_takes_nothing_deeper(given: Any) -> None:
    with pytest.raises(ValueError, match="AtlasServer is not defined any further"):
        TYPES.value_type("AtlasServer").normalise(given)
