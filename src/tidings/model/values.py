"""What a value may be, and when two values are one: every attribute type as a normaliser.

``normalise`` turns what a client sent into the one canonical form that is stored, compared and emitted, or raises
``ValueError`` with what would have been right. Two canonical values are equal by ``==``, arrays of cardinality SET
through ``same``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import GenericAlias
from typing import Annotated, Any, Literal

import msgspec

MAX_LONG = 2**63 - 1

Normaliser = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, eq=False)
class ValueType:
    """One attribute type: its protocol name, its normaliser, and what stands for «unset».

    ``unset`` is the value that an asset shows where nothing was set (0, false, [] …; None where the key is left out).
    ``exact`` is a type as msgspec has it whose values are canonical as they are, but for duplicates where ``unordered``;
    None where there is no such type. Many values are held against their types at once that way, in C.
    """

    name: str
    normalise: Normaliser
    unset: Any = None
    exact: Any = None
    unordered: bool = False

    def same(self, one: Any, other: Any) -> bool:
        """Whether two canonical values are the same value; arrays of cardinality SET ignore the order."""
        if one == other:
            return True
        if not self.unordered or one is None or other is None or len(one) != len(other):
            return False
        rest = list(other)
        for item in one:
            if item not in rest:
                return False
            rest.remove(item)
        return True


def _string(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)
    raise ValueError("a string")


def _boolean(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def _whole(expected: str) -> Normaliser:
    def normalise(value: Any) -> Any:
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and -MAX_LONG - 1 <= value <= MAX_LONG:
            return value
        raise ValueError(expected)

    return normalise


def _real(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = float(value) if abs(value) <= MAX_LONG or isinstance(value, float) else math.inf
        if math.isfinite(number):
            return number
    raise ValueError("a finite number")


_LONG = Annotated[int, msgspec.Meta(ge=-MAX_LONG, le=MAX_LONG)]

PRIMITIVES: Mapping[str, ValueType] = {
    value_type.name: value_type
    for value_type in (
        ValueType("string", _string, None, str),
        ValueType("boolean", _boolean, False, bool),
        ValueType("byte", _whole("a whole number of 64 bits"), 0, _LONG),
        ValueType("short", _whole("a whole number of 64 bits"), 0, _LONG),
        ValueType("int", _whole("a whole number of 64 bits"), 0, _LONG),
        ValueType("long", _whole("a whole number of 64 bits"), 0, _LONG),
        ValueType("biginteger", _whole("a whole number of 64 bits"), 0, _LONG),
        ValueType("date", _whole("a whole number of milliseconds since 1970 (UTC)"), 0, _LONG),
        ValueType("float", _real, 0.0),
        ValueType("double", _real, 0.0),
        ValueType("bigdecimal", _real, 0.0),
    )
}


def enum_type(name: str, values: tuple[str, ...]) -> ValueType:
    """A string out of a closed list."""
    allowed = frozenset(values)
    expected = "one of " + ", ".join(values)

    def normalise(value: Any) -> Any:
        if isinstance(value, str) and value in allowed:
            return str(value)
        raise ValueError(expected)

    return ValueType(name, normalise, exact=Literal[values] if values else None)


def array_type(name: str, element: ValueType, unordered: bool) -> ValueType:
    """A list of one type; with ``unordered`` (cardinality SET) duplicates are dropped and order does not count."""
    each = element.normalise

    def normalise(value: Any) -> Any:
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise ValueError(f"a list, each item {_of(element)}")
        items = []
        for index, item in enumerate(value):
            try:
                items.append(each(item))
            except ValueError as error:
                raise ValueError(f"a list; item {index} must be {error}") from None
        return _distinct(items) if unordered and len(items) > 1 else items

    exact = GenericAlias(list, (element.exact,)) if element.exact is not None and element.unset != [] else None
    return ValueType(name, normalise, [], exact, unordered)


def _of(element: ValueType) -> str:
    return f"of type {element.name}"


def _distinct(items: list[Any]) -> list[Any]:
    try:
        return list(dict.fromkeys(items))
    except TypeError:  # maps and structs are not hashable
        kept: list[Any] = []
        for item in items:
            if item not in kept:
                kept.append(item)
        return kept


def map_type(name: str, element: ValueType) -> ValueType:
    """A JSON object from strings to one type; entries that are null are dropped."""
    each = element.normalise

    def normalise(value: Any) -> Any:
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise ValueError(f"an object of strings to values {_of(element)}")
        entries = {}
        for key, item in value.items():
            if item is None:
                continue
            try:
                entries[key] = each(item)
            except ValueError as error:
                raise ValueError(f"an object; {key!r} must be {error}") from None
        return entries

    return ValueType(name, normalise, None)


def struct_type(name: str, fields: Callable[[], Mapping[str, ValueType]]) -> ValueType:
    """A structure with named fields, in the plain form or as ``{typeName, attributes}``; kept in the latter.

    ``fields`` is called when a first value arrives, so that structs may hold each other.
    """

    def normalise(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValueError(f"an object with the fields of {name}")
        body = value["attributes"] if isinstance(value.get("attributes"), Mapping) else value
        known = fields()
        kept: dict[str, Any] = {}
        for key, item in body.items():
            if item is None or (body is value and key == "typeName"):
                continue
            if key not in known:
                raise ValueError(f"an object with the fields of {name}, which has no {key!r}")
            try:
                kept[key] = known[key].normalise(item)
            except ValueError as error:
                raise ValueError(f"an object; {key!r} must be {error}") from None
        return {"typeName": name, "attributes": kept}

    return ValueType(name, normalise)


def undefined_type(name: str) -> ValueType:
    """A type that the model names but does not define: a plain value, or an object of plain values."""

    def normalise(value: Any) -> Any:
        members = value.values() if isinstance(value, Mapping) else (value,)
        if not all(member is None or isinstance(member, (str, bool, int, float)) for member in members):
            raise ValueError(f"a plain value, or an object of plain values ({name} is not defined any further)")
        return dict(value) if isinstance(value, Mapping) else value

    return ValueType(name, normalise)
