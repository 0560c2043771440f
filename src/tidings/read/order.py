"""The order of what a search found: by fields, those without a value last, and by guid in the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tidings.model.errors import InvalidParameter, NotSupported
from tidings.model.registry import TypeRegistry
from tidings.read.documents import Document
from tidings.read.fields import Field, field_of

MOST_FIELDS = 16
Key = tuple[Any, ...]
"""What to compare by, one for each field, and the internal id."""


class By(NamedTuple):
    """One field to order by."""

    field: Field
    descending: bool


def read_order(given: Any, types: TypeRegistry) -> tuple[By, ...]:
    """The protocol's ``sort``; raises NotSupported or InvalidParameter."""
    entries = [] if given is None else given if isinstance(given, list) else [given]
    if len(entries) > MOST_FIELDS:
        raise InvalidParameter(f"dsl.sort has more than {MOST_FIELDS} fields")
    order = [_entry(entry, f"dsl.sort[{number}]", types) for number, entry in enumerate(entries)]
    if not any(by.field.source == "__guid" for by in order):
        order.append(By(field_of("__guid", types), False))
    return tuple(order)


def _entry(entry: Any, where: str, types: TypeRegistry) -> By:
    if isinstance(entry, str):
        entry = {entry: {}}
    if not isinstance(entry, dict) or len(entry) != 1:
        raise InvalidParameter(
            f"{where} must be one field and its order, such as {{'name.keyword': {{'order': 'asc'}}}}"
        )
    [(name, given)] = entry.items()
    options = {"order": given} if isinstance(given, str) else given
    if not isinstance(options, dict) or options.get("order") not in (None, "asc", "desc"):
        raise InvalidParameter(f"{where}.{name}.order must be asc or desc")
    if name in ("_score", "_doc"):
        raise NotSupported(f"{where}: hits are not scored here; sort by a field")
    for option, value in options.items():
        if option not in ("order", "unmapped_type") and (option, value) != ("missing", "_last"):
            raise NotSupported(f"{where}.{name}: {option} is not taken here; there is order")
    return By(field_of(name, types), options.get("order") == "desc")


def key_of(document: Document, order: Sequence[By]) -> Key:
    """What an asset is compared by: of several values the one that comes first."""
    return (*(_value(document, by) for by in order), document.asset.id)


def _value(document: Document, by: By) -> tuple[Any, ...]:
    """Values of any kind can be compared, and none comes last in either direction."""
    fold = by.field.reading in ("folded", "words")
    values = [
        (1, value.lower() if fold else value) if isinstance(value, str) else (0, value)
        for value in document(by.field.source)
        if isinstance(value, (str, int, float))
    ]
    if not values:
        return (not by.descending,)
    return (by.descending, *(max(values) if by.descending else min(values)))


def in_order(keys: list[Key], order: Sequence[By]) -> list[Key]:
    """The same keys sorted, in place: by the last field first, since sorting keeps what was in order."""
    for number, by in reversed(list(enumerate(order))):
        keys.sort(key=lambda key: key[number], reverse=by.descending)
    return keys
