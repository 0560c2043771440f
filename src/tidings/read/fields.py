"""The names under which a search knows what an asset has: where each value comes from, and how its text is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from tidings.model.errors import NotSupported
from tidings.model.registry import HAS_LINEAGE, TypeRegistry
from tidings.model.typedefs import Reading

Look = Callable[[str], Sequence[Any]]
"""The values that an asset has under a source, one after the other; none where it has none."""
NUMBERS = frozenset({"byte", "short", "int", "long", "float", "double", "date"})

_WORD = re.compile(r"[^\W\d_]+|\d+")
_PARTS: Mapping[str, Reading] = {"keyword": "folded", "text": "words", "delimiter": "words"}
"""What may follow the dot, and how it reads; ``date`` and ``rank_feature`` read as the name itself does."""
_OWN: Mapping[str, Reading] = {
    "__guid": "exact",
    "__state": "exact",
    "__typeName": "folded",
    "__superTypeNames": "folded",
    "__timestamp": "exact",
    "__modificationTimestamp": "exact",
    "__createdBy": "exact",
    "__modifiedBy": "exact",
    "__traitNames": "exact",
    "__classificationNames": "exact",
    "__propagatedTraitNames": "exact",
    "__propagatedClassificationNames": "exact",
    "__meanings": "exact",
    "__meaningsText": "words",
    "__glossary": "exact",
    "__categories": "exact",
    "__parentCategory": "exact",
    HAS_LINEAGE: "exact",
    "qualifiedName": "exact",
}
"""What every asset has, beside the attributes of its type."""


class Field(NamedTuple):
    """``source`` is what to look up; ``mixed`` texts are read as they are, but for words where those are asked for."""

    name: str
    source: str
    reading: Reading | Literal["mixed"]
    kind: Literal["text", "number"]


def field_of(name: str, types: TypeRegistry) -> Field:
    """What a search means by a name. A name that nothing carries is one too: no asset has anything there."""
    base, _, part = name.partition(".")
    if base == "__classificationsText":
        raise NotSupported(
            f"the field {name} is not kept here; use __traitNames or __propagatedTraitNames with a tag's id"
        )
    if part == "stemmed":
        raise NotSupported(f"the field {name} is not kept here, words are not reduced to their stems; use {base}")
    readings = _readings(types)
    if base in _OWN or base in readings:
        plain: Reading = _OWN[base] if base in _OWN else readings[base][0]
        kind = _kind(base, readings)
        if not part or part in ("date", "rank_feature"):
            return Field(name, base, plain, kind)
        return Field(name, base if part in _PARTS else name, _PARTS.get(part, "exact"), kind)
    return _custom_field(name, types)


def _kind(base: str, readings: Mapping[str, tuple[Reading, str]]) -> Literal["text", "number"]:
    if base in ("__timestamp", "__modificationTimestamp"):
        return "number"
    return "number" if base not in _OWN and readings[base][1] in NUMBERS else "text"


def _readings(types: TypeRegistry) -> Mapping[str, tuple[Reading, str]]:
    """Attribute -> how its texts are read, and its type; a name means the same in every type that has it."""
    known: Mapping[str, tuple[Reading, str]] | None = types.memo.get(field_of)
    if known is None:
        known = types.memo[field_of] = {
            name: (one.reading, one.type_name.removeprefix("array<").removesuffix(">"))
            for entity in types.system.entities.values()
            for name, one in entity.attributes.items()
        }
    return known


def _custom_field(name: str, types: TypeRegistry) -> Field:
    """Custom metadata by the attribute's id, alone or behind its set's."""
    base, _, part = name.partition(".")
    for own, custom_set in types.system.custom_sets.items():
        if own == base and part in custom_set.attributes:
            return Field(name, name, "mixed", _custom_kind(custom_set.attributes[part].definition.type_name))
        if base in custom_set.attributes:
            kind = _custom_kind(custom_set.attributes[base].definition.type_name)
            return Field(name, f"{own}.{base}", _PARTS.get(part, "mixed"), kind)
    return Field(name, name, "exact", "text")


def _custom_kind(type_name: str) -> Literal["text", "number"]:
    return "number" if type_name.removeprefix("array<").removesuffix(">") in NUMBERS else "text"


def words(text: str) -> list[str]:
    """The words of a text in lower case: letters part from digits, and everything else parts words."""
    return _WORD.findall(text.lower())


@lru_cache(maxsize=16)
def _words_of(text: str) -> tuple[str, ...]:
    """The same, kept for the other clauses that look at the same asset."""
    return tuple(words(text))


def terms(field: Field, look: Look) -> Sequence[Any]:
    """What there is to compare with: values, with texts as the field reads them."""
    values = look(field.source)
    if not values or field.reading in ("exact", "mixed"):
        return values
    if field.reading == "folded":
        return [value.lower() if isinstance(value, str) else value for value in values]
    return [term for value in values for term in (_words_of(value) if isinstance(value, str) else (value,))]
