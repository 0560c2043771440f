"""Filters of the protocol's lineage requests: criteria as it writes them, and whether an asset meets them."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from tidings.model.errors import InvalidParameter, TooLarge

DEEPEST = 100
"""Levels of criteria within criteria."""
Look = Callable[[str], Any]
"""The value of an attribute by its name; None where it is not set."""


class Criterion(msgspec.Struct, rename="camel"):
    """One comparison, or several of them once more."""

    attribute_name: str = ""
    operator: str = "="
    attribute_value: Any = None
    condition: Literal["AND", "OR"] = "AND"
    criterion: list[Criterion] = []


def names(wanted: Criterion) -> Iterator[str]:
    """The attributes that a filter looks at."""
    if wanted.criterion:
        for one in wanted.criterion:
            yield from names(one)
    elif wanted.attribute_name:
        yield wanted.attribute_name


def check(wanted: Criterion, levels: int = DEEPEST) -> None:
    """Raises InvalidParameter that names the operators there are, and TooLarge for criteria in more than ``levels``."""
    if not levels:
        raise TooLarge(f"the filter's criteria are nested too deeply; the limit is {DEEPEST} levels")
    for one in wanted.criterion:
        check(one, levels - 1)
    if wanted.attribute_name and not wanted.criterion and wanted.operator not in OPERATORS:
        raise InvalidParameter(
            f"the filter on {wanted.attribute_name} has the operator {wanted.operator!r}; there are {' '.join(OPERATORS)}"
        )
    if wanted.operator == "timerange" and wanted.attribute_name:
        period(wanted.attribute_value, datetime.now(UTC))


def meets(wanted: Criterion, look: Look) -> bool:
    """Whether an asset passes a filter; one without criteria lets everything pass."""
    if wanted.criterion:
        together = all if wanted.condition == "AND" else any
        return together(meets(one, look) for one in wanted.criterion)
    return not wanted.attribute_name or OPERATORS[wanted.operator](look(wanted.attribute_name), wanted.attribute_value)


def _equal(value: Any, wanted: Any) -> bool:
    """The value, or one of several, is what is written in ``wanted``."""
    if isinstance(value, list):
        return any(_equal(one, wanted) for one in value)
    if isinstance(value, bool):
        return str(value).lower() == str(wanted).lower()
    if isinstance(value, (int, float)):
        return _number(wanted) == value
    return value is not None and value == (wanted if isinstance(wanted, str) else str(wanted))


def _number(wanted: Any) -> float | None:
    try:
        return float(wanted)
    except (TypeError, ValueError, OverflowError):
        return None


def _ordered(passes: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(value: Any, wanted: Any) -> bool:
        if isinstance(value, list):
            return any(compare(one, wanted) for one in value)
        if isinstance(value, (int, float)):
            number = _number(wanted)
            return number is not None and passes(value, number)
        return isinstance(value, str) and passes(value, str(wanted))

    return compare


def _text(passes: Callable[[str, str], bool]) -> Callable[[Any, Any], bool]:
    def compare(value: Any, wanted: Any) -> bool:
        if isinstance(value, list):
            return any(compare(one, wanted) for one in value)
        return value is not None and passes(value if isinstance(value, str) else str(value), str(wanted))

    return compare


def _contains(value: Any, wanted: Any) -> bool:
    """A list has it as one of its values, a text as a part of itself."""
    return _equal(value, wanted) if isinstance(value, list) else isinstance(value, str) and str(wanted) in value


def several(wanted: Any) -> Sequence[Any]:
    """A list of values: as one, as JSON, or with commas between."""
    if isinstance(wanted, str):
        text = wanted.strip()
        if text.startswith("["):
            try:
                return msgspec.json.decode(text, type=list[Any])
            except (msgspec.MsgspecError, RecursionError):
                pass
        return [part.strip() for part in text.split(",") if part.strip()]
    return wanted if isinstance(wanted, list) else [wanted]


def _like(value: str, wanted: str) -> bool:
    return fnmatch.fnmatchcase(value, wanted.replace("[", "[[]").replace("%", "*"))


def _within(value: Any, wanted: Any) -> bool:
    since, until = period(wanted, datetime.now(UTC))
    return isinstance(value, (int, float)) and since <= value < until


def period(wanted: Any, now: datetime) -> tuple[float, float]:
    """From when until when, in milliseconds: two times, or one of the protocol's words."""
    bounds = [_number(one) for one in several(wanted)]
    if len(bounds) == 2 and bounds[0] is not None and bounds[1] is not None:
        return bounds[0], bounds[1] + 1
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    month, quarter = today.replace(day=1), today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    known = {
        "TODAY": (today, now),
        "YESTERDAY": (today - timedelta(days=1), today),
        "LAST_7_DAYS": (today - timedelta(days=6), now),
        "LAST_30_DAYS": (today - timedelta(days=29), now),
        "THIS_MONTH": (month, now),
        "LAST_MONTH": (_months_before(month, 1), month),
        "LAST_3_MONTHS": (_months_before(month, 3), month),
        "LAST_6_MONTHS": (_months_before(month, 6), month),
        "LAST_12_MONTHS": (_months_before(month, 12), month),
        "THIS_QUARTER": (quarter, now),
        "LAST_QUARTER": (_months_before(quarter, 3), quarter),
        "THIS_YEAR": (today.replace(month=1, day=1), now),
        "LAST_YEAR": (today.replace(year=today.year - 1, month=1, day=1), today.replace(month=1, day=1)),
    }
    if not isinstance(wanted, str) or wanted not in known:
        raise InvalidParameter(
            f"the filter's timerange {wanted!r} must be two times in milliseconds with a comma, or one of {' '.join(known)}"
        )
    since, until = known[wanted]
    return since.timestamp() * 1000, until.timestamp() * 1000 + (until is now)


def _months_before(month: datetime, count: int) -> datetime:
    whole = month.year * 12 + month.month - 1 - count
    return month.replace(year=whole // 12, month=whole % 12 + 1)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": _equal,
    "!=": lambda value, wanted: not _equal(value, wanted),
    "<": _ordered(lambda value, wanted: value < wanted),
    "<=": _ordered(lambda value, wanted: value <= wanted),
    ">": _ordered(lambda value, wanted: value > wanted),
    ">=": _ordered(lambda value, wanted: value >= wanted),
    "in": lambda value, wanted: any(_equal(value, one) for one in several(wanted)),
    "like": _text(_like),
    "startsWith": _text(str.startswith),
    "endsWith": _text(str.endswith),
    "contains": _contains,
    "not_contains": lambda value, wanted: not _contains(value, wanted),
    "containsAny": lambda value, wanted: any(_contains(value, one) for one in several(wanted)),
    "containsAll": lambda value, wanted: all(_contains(value, one) for one in several(wanted)),
    "isNull": lambda value, _: value is None,
    "notNull": lambda value, _: value is not None,
    "notEmpty": lambda value, _: value not in (None, "", [], {}),
    "timerange": _within,
}
"""By the protocol's names. What is not set is equal to nothing, and so different from everything."""
