"""The bounds of a range: numbers, texts, and dates as they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tidings.model.errors import InvalidParameter, NotSupported

_TOKENS: Mapping[str, str] = {
    "yyyy": r"(?P<year>\d{4})", "uuuu": r"(?P<year>\d{4})", "MM": r"(?P<month>\d{2})", "dd": r"(?P<day>\d{2})",
    "HH": r"(?P<hour>\d{2})", "mm": r"(?P<minute>\d{2})", "ss": r"(?P<second>\d{2})", "SSS": r"(?P<milli>\d{3})",
}  # fmt: skip
_NAMED: Mapping[str, str] = {"date": "yyyy-MM-dd", "strict_date": "yyyy-MM-dd", "basic_date": "yyyyMMdd"}
_ISO = re.compile(
    r"(?P<year>\d{4})(-(?P<month>\d{2})(-(?P<day>\d{2})(T((?P<hour>\d{2})(:(?P<minute>\d{2})(:(?P<second>\d{2})"
    r"(\.(?P<milli>\d{3})\d*)?)?)?)?(?P<zone>Z|[+-]\d{2}:?\d{2})?)?)?)?"
)
_ISO_NAMES = frozenset({"strict_date_optional_time", "date_optional_time", "strict_date_time", "date_time"})
_EPOCHS: Mapping[str, int] = {"epoch_millis": 1, "epoch_second": 1000}


class Period(NamedTuple):
    """All that a written date stands for, in milliseconds: a day is from its first to its last one. Both are in it."""

    first: float
    last: float


def number_of(value: Any) -> float | int | None:
    """A number, also where it is written as a text."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        for kind in (int, float):
            try:
                return kind(value)
            except ValueError:
                pass
    return None


def period_of(value: Any, formats: str, where: str) -> Period:
    """What a bound on numbers means; raises InvalidParameter or NotSupported that say what may be written."""
    text = str(value)
    if text.startswith("now") or "||" in text:
        raise NotSupported(f"{where}: dates are not worked out here ({text!r}); send a date or milliseconds")
    if not formats and (number := number_of(value)) is not None:
        return Period(number, number)
    for one in (formats or "strict_date_optional_time").split("||"):
        found = _read(text, one.strip(), where)
        if found is not None:
            return found
    shape = f"the format {formats}" if formats else "a number or a date such as 2024-05-31 or 2024-05-31T12:00:00Z"
    raise InvalidParameter(f"{where}: {text!r} must be written as {shape}")


def _read(text: str, form: str, where: str) -> Period | None:
    if form in _EPOCHS:
        number = number_of(text)
        return None if number is None else Period(number * _EPOCHS[form], number * _EPOCHS[form])
    found = (_ISO if form in _ISO_NAMES else _pattern(_NAMED.get(form, form), where)).fullmatch(text)
    if found is None:
        return None
    try:
        return _period({name: value for name, value in found.groupdict().items() if value is not None})
    except (ValueError, OverflowError):
        raise InvalidParameter(f"{where}: there is no such date as {text!r}") from None


def _pattern(form: str, where: str) -> re.Pattern[str]:
    pattern = ""
    for found in re.finditer(r"'(?P<plain>[^']*)'|(?P<letter>[A-Za-z])(?P=letter)*|.", form):
        token = found.group()
        if found["letter"] and token not in _TOKENS:
            raise NotSupported(f"{where}: the format {form} is not taken here; use {' '.join(_TOKENS)} or epoch_millis")
        pattern += _TOKENS.get(token) or re.escape(token if found["plain"] is None else found["plain"])
    try:
        return re.compile(pattern)
    except re.error:
        raise NotSupported(f"{where}: the format {form} names a part twice") from None


def _period(parts: Mapping[str, str]) -> Period:
    """From the first millisecond to the last of what was written; what was not written may be anything."""
    numbers = {name: int(value) for name, value in parts.items() if name != "zone"}
    start = datetime(
        numbers.get("year", 1970), numbers.get("month", 1), numbers.get("day", 1), numbers.get("hour", 0),
        numbers.get("minute", 0), numbers.get("second", 0), numbers.get("milli", 0) * 1000, UTC,
    )  # fmt: skip
    start -= _offset(parts.get("zone", "Z"))
    first = round(start.timestamp() * 1000)
    return Period(first, first + _length(numbers, start) - 1)


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return timedelta(minutes=-minutes if zone[0] == "-" else minutes)


def _length(numbers: Mapping[str, int], start: datetime) -> int:
    lengths = {"milli": 1, "second": 1_000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
    for name, length in lengths.items():
        if name in numbers:
            return length
    year, month = numbers.get("year", 1970), numbers.get("month", 12)
    days = (datetime(year + month // 12, month % 12 + 1, 1) - datetime(year, numbers.get("month", 1), 1)).days  # noqa: DTZ001
    return days * 86_400_000


SIDES: Mapping[str, Callable[[Any, Any, Any], bool]] = {
    "gt": lambda value, first, last: value > last,
    "gte": lambda value, first, last: value >= first,
    "lt": lambda value, first, last: value < first,
    "lte": lambda value, first, last: value <= last,
}
"""Against a period: later than a day is later than its last millisecond."""
