"""Counts by the values of a field: the one aggregation of searches that is taken."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tidings.model.errors import InvalidParameter, NotSupported
from tidings.model.registry import TypeRegistry
from tidings.read.fields import Field, Look, field_of, terms

MOST_AGGREGATIONS = 20
MOST_BUCKETS = 10_000


class Terms:
    """How many assets there are of each value of a field."""

    def __init__(self, name: str, field: Field, size: int) -> None:
        self.name = name
        self.size = size
        self.counts: Counter[Any] = Counter()
        self._field = field

    def add(self, look: Look) -> None:
        self.counts.update({term for term in terms(self._field, look) if isinstance(term, (str, int, float))})


def read_aggregations(given: Any, types: TypeRegistry) -> list[Terms]:
    """Those asked for; raises NotSupported that says what would work."""
    if not given:
        return []
    if not isinstance(given, dict):
        raise InvalidParameter("dsl.aggregations must be an object of names and what is counted under them")
    if len(given) > MOST_AGGREGATIONS:
        raise InvalidParameter(
            f"dsl.aggregations has {len(given):,} names, of which there may be {MOST_AGGREGATIONS}; send several searches"
        )
    return [_terms(name, one, f"dsl.aggregations.{name}", types) for name, one in given.items()]


def _terms(name: str, given: Any, where: str, types: TypeRegistry) -> Terms:
    body = given.get("terms") if isinstance(given, dict) else None
    if not isinstance(body, dict) or len(given) != 1:
        kinds = ", ".join(given) if isinstance(given, dict) else "nothing"
        raise NotSupported(f"{where} ({kinds}): only terms of one field are counted here, with nothing below or beside")
    for option in body:
        if option not in ("field", "size"):
            raise NotSupported(f"{where}.terms: {option} is not taken here; there are field size")
    size, field = body.get("size", 10), body.get("field")
    if isinstance(size, bool) or not isinstance(size, int) or not 0 < size <= MOST_BUCKETS:
        raise InvalidParameter(f"{where}.terms.size ({size!r}) must be a whole number from 1 to {MOST_BUCKETS:,}")
    if not isinstance(field, str):
        raise InvalidParameter(f"{where}.terms.field must name a field")
    known = field_of(field, types)
    if known.reading == "words":
        raise NotSupported(f"{where}.terms: {field} is read word by word; count {field.partition('.')[0]}.keyword")
    return Terms(name, known, size)


def bucket_form(counted: Terms) -> dict[str, Any]:
    """The buckets, largest first; what is in none of those shown is summed up."""
    ordered = sorted(counted.counts.items(), key=lambda one: (-one[1], isinstance(one[0], str), one[0]))
    shown = ordered[: counted.size]
    return {
        "doc_count_error_upper_bound": 0,
        "sum_other_doc_count": sum(count for _, count in ordered[counted.size :]),
        "buckets": [_bucket(value, count) for value, count in shown],
    }


def _bucket(value: Any, count: int) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"key": int(value), "key_as_string": str(value).lower(), "doc_count": count}
    return {"key": value, "doc_count": count}
