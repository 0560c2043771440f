"""Tags of a save against their definitions. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from tidings.model.errors import InvalidTag, InvalidValue, UnknownType
from tidings.model.events import encode
from tidings.model.ids import is_guid
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import TagDef
from tidings.write.commands import EntityInput, Tagging
from tidings.write.faults import Faults, short

FLAGS = {
    "propagate": "propagate",
    "removePropagationsOnEntityDelete": "remove_on_delete",
    "restrictPropagationThroughLineage": "restrict_lineage",
    "restrictPropagationThroughHierarchy": "restrict_hierarchy",
}
"""Flag of the protocol -> field of an attachment."""
MOST_TAGS = 1_000
"""Tags that a request may name for one asset, in each of its lists."""
_MOMENTS = ("startTime", "endTime")
_PERIOD = (*_MOMENTS, "timeZone")
_FORMAT = "%Y/%m/%d %H:%M:%S"


class TagItem(msgspec.Struct, frozen=True, gc=False):
    """A tag as a request wants it. Flags, ``attributes`` and ``periods`` that are None are not spoken of.

    ``source`` is the guid of the asset that the client believes it to come from, None where it does not say.
    """

    tag: str
    label: str
    flags: Mapping[str, bool]
    attributes: Mapping[str, Any] | None
    periods: list[Any] | None
    source: str | None
    location: str


class TagRemoval(msgspec.Struct, frozen=True, gc=False):
    """A tag to be taken off; ``source`` is the guid of the asset from which it came, None for the asset's own."""

    tag: str
    label: str
    source: str | None
    location: str


class TagWish(msgspec.Struct, gc=False):
    """What a request wants of one asset's tags. ``upserts`` go on whatever ``how`` says of the items."""

    how: Tagging
    items: list[TagItem] = []
    upserts: list[TagItem] = []
    removals: list[TagRemoval] = []


def check_tags(
    given: EntityInput,
    how: Tagging,
    types: TypeRegistry,
    label: str,
    location: str,
    faults: Faults,
) -> TagWish | None:
    """The tags of one entity; None where the request does not speak of them."""
    wish = TagWish(how)
    checker = _Checker(types, label, faults)
    for some in (given.classifications, given.add_or_update_classifications, given.remove_classifications):
        if some is not None and len(some) > MOST_TAGS:
            faults.add(InvalidTag, location, f"{label}: {len(some):,} tags in one list; send at most {MOST_TAGS:,}")
            return None
    for number, one in enumerate(given.classifications or ()):
        checker.take(one, f"{location}.classifications[{number}]", wish.items)
    for number, one in enumerate(given.add_or_update_classifications or ()):
        checker.take(one, f"{location}.addOrUpdateClassifications[{number}]", wish.upserts)
    for number, one in enumerate(given.remove_classifications or ()):
        checker.take_removal(one, f"{location}.removeClassifications[{number}]", wish.removals)
    spoken = wish.items or wish.upserts or wish.removals or (how == "replace" and given.classifications is not None)
    return wish if spoken else None


class _Checker:
    def __init__(self, types: TypeRegistry, label: str, faults: Faults) -> None:
        self.types = types
        self.label = label
        self.faults = faults

    def take(self, given: Any, location: str, into: list[TagItem]) -> None:
        definition = self._definition(given, location)
        if definition is None:
            return
        source = self._source(given, location)
        if any(item.tag == definition.name and item.source == source for item in into):
            return  # said twice in one request: the protocol drops the second in silence
        given = given if isinstance(given, dict) else {}
        flags = self._flags(given, location)
        if flags.get("restrict_lineage") and flags.get("restrict_hierarchy"):
            self._fault(
                location, definition, "cannot be kept from lineage and from hierarchy: set propagate to false instead"
            )
        attributes = self._attributes(given.get("attributes"), definition, f"{location}.attributes")
        periods = self._periods(given.get("validityPeriods"), f"{location}.validityPeriods")
        into.append(TagItem(definition.name, definition.display_name, flags, attributes, periods, source, location))

    def take_removal(self, given: Any, location: str, into: list[TagRemoval]) -> None:
        definition = self._definition(given, location)
        if definition is not None:
            source = self._source(given, location)
            into.append(TagRemoval(definition.name, definition.display_name, source, location))

    def _source(self, given: Any, location: str) -> str | None:
        source = given.get("entityGuid") if isinstance(given, dict) else None
        if source is None or isinstance(source, str):
            return source.lower() if source and is_guid(source) else source
        message = f"{self.label}: entityGuid cannot be {short(source)}; it must be the guid of an asset"
        self.faults.add(InvalidValue, f"{location}.entityGuid", message)
        return None

    def _definition(self, given: Any, location: str) -> TagDef | None:
        name = given.get("typeName") if isinstance(given, dict) else given
        if not isinstance(name, str) or not name:
            message = f"{self.label}: a tag cannot be {short(given)}; give an object with typeName"
            self.faults.add(InvalidTag, location, message)
            return None
        try:
            return self.types.tag(name)
        except UnknownType as error:
            self.faults.add(InvalidTag, location, f"{self.label}: {error}; make the tag first (types/typedefs)")
            return None

    def _fault(self, location: str, definition: TagDef, what: str) -> None:
        self.faults.add(InvalidTag, location, f"{self.label}: the tag {definition.display_name} {what}")

    def _flags(self, given: Mapping[str, Any], location: str) -> dict[str, bool]:
        flags = {}
        for wire, field in FLAGS.items():
            value = given.get(wire)
            if isinstance(value, bool):
                flags[field] = value
            elif value is not None:
                message = f"{self.label}: {wire} cannot be {short(value)}; it must be true or false"
                self.faults.add(InvalidValue, f"{location}.{wire}", message)
        return flags

    def _attributes(self, given: Any, definition: TagDef, location: str) -> dict[str, Any] | None:
        if given is None:
            return None
        if not isinstance(given, dict):
            self.faults.add(InvalidValue, location, f"{self.label}: the values of a tag must be an object")
            return None
        taken: dict[str, Any] = {}
        by_label = {label: definition.attributes[name] for name, label in definition.labels.items()}
        for key, value in given.items():
            known = definition.attributes.get(key) or by_label.get(key)
            if known is None:
                names = ", ".join(definition.labels.get(name, name) for name in definition.attributes) or "it has none"
                self._fault(f"{location}.{key}", definition, f"has no value {key} ({names})")
                continue
            value_type = self.types.value_type(known.type_name, known.cardinality == "SET")
            try:
                canonical = None if value is None else value_type.normalise(value)
            except ValueError as error:
                message = f"{self.label}: {key} of the tag {definition.display_name} cannot be {short(value)}; it must be {error}"
                self.faults.add(InvalidValue, f"{location}.{key}", message)
            else:
                taken[known.name] = None if canonical == [] else canonical
        return taken

    def _periods(self, given: Any, location: str) -> list[Any] | None:
        if given is None:
            return None
        periods = [_period(one) for one in given] if isinstance(given, list) else [None]
        if None not in periods:
            return periods
        self.faults.add(
            InvalidValue, location,
            f"{self.label}: validityPeriods cannot be {short(given)}; give a list of objects with startTime, endTime "
            "(yyyy/MM/dd HH:mm:ss, the end after the start) and timeZone",
        )  # fmt: skip
        return None


def _period(given: Any) -> str | None:
    """A period as JSON in a string, in one form; None for what is none.

    The protocol has objects, but some of its clients read nothing but strings there, and fail on the whole asset
    otherwise. Both are taken, strings are shown.
    """
    if isinstance(given, str):
        try:
            given = msgspec.json.decode(given)
        except msgspec.DecodeError:
            return None
    if not isinstance(given, dict) or not all(isinstance(given.get(key) or "", str) for key in _PERIOD):
        return None
    try:
        moments = [datetime.strptime(given[key], _FORMAT) for key in _MOMENTS if given.get(key)]  # noqa: DTZ007  compared with each other only
    except ValueError:
        return None
    kept = {key: given[key] for key in _PERIOD if given.get(key)}
    return encode(kept).decode() if moments and moments == sorted(moments) else None
