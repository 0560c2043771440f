"""Type definitions as clients send them, made whole: every member that the catalog reads is there and of its kind. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import count
from typing import Annotated, Any, Literal

import msgspec

from tidings.model.definitions import (
    CATEGORIES,
    ENTITY_LISTS,
    MEMBERS,
    SERVICE,
    Body,
    TypeCategory,
    is_generated,
    is_set,
    listed_in,
    new_name,
)
from tidings.model.errors import InvalidDefinition, MalformedBody, Problem, TooLarge
from tidings.write.faults import Faults, short

MOST_DEFINITIONS = 1_000
MOST_IN_LIST = {"elementDefs": 10_000, "attributeDefs": 1_000, "superTypes": 100, "entityTypes": 1_000}
"""What the lists of one definition may hold."""
MANY = 2**31 - 1
LONGEST_NAME = 255
LONGEST_TYPE_NAME = 300
SOURCE_TAGS = "sourceTagAttachment"
RENAMED: tuple[TypeCategory, ...] = ("CLASSIFICATION", "BUSINESS_METADATA")
"""Categories that people rename: what they are called is kept apart from the name by which everything refers to them."""
COMPUTED = frozenset(
    {
        "category", "guid", "createdBy", "updatedBy", "createTime", "updateTime", "version", "subTypes",
        "relationshipAttributeDefs", "businessAttributeDefs",
    }
)  # fmt: skip
"""Members that the catalog sets itself, whatever is sent."""
_NAME = re.compile(r"[^\W_][\w .-]*(?<! )")
ATTRIBUTE_NAME = re.compile(r"[^\W\d_][\w .-]*(?<! )")
_FREE = re.compile(r'[^<>,"\\\s]([^<>,"\\]*[^<>,"\\\s])?')
_CUSTOM_TEXT = ("users", "groups", "url", "sql")
_LISTS = (*ENTITY_LISTS, "applicableEntityTypes", "applicableConnections", "applicableGlossaries", "applicableDomains")

_Names = list[str] | None


class _AttributeShape(msgspec.Struct, rename="camel"):
    name: str | None = None
    display_name: str | None = None
    type_name: str | None = None
    cardinality: Literal["SINGLE", "LIST", "SET"] | None = None
    is_optional: bool | None = None
    is_unique: bool | None = None
    is_indexable: bool | None = None
    include_in_notification: bool | None = None
    values_min_count: float | None = None
    values_max_count: float | None = None
    default_value: str | None = None
    description: str | None = None
    options: dict[str, Any] | None = None
    auto_update_attributes: dict[str, list[str]] | None = None


class _ElementShape(msgspec.Struct):
    value: str
    ordinal: Annotated[int, msgspec.Meta(ge=-MANY, le=MANY)] | None = None
    description: str | None = None


class _EndShape(msgspec.Struct, rename="camel"):
    type: str
    name: str
    is_container: bool | None = None
    cardinality: Literal["SINGLE", "LIST", "SET"] | None = None
    is_legacy_attribute: bool | None = None
    description: str | None = None


class _Shape(msgspec.Struct, rename="camel"):
    """Every member that is read, of whatever category; other members are kept as they are."""

    name: str | None = None
    display_name: str | None = None
    description: str | None = None
    type_version: str | None = None
    service_type: str | None = None
    options: dict[str, Any] | None = None
    attribute_defs: list[_AttributeShape] | None = None
    element_defs: list[_ElementShape] | None = None
    super_types: _Names = None
    entity_types: _Names = None
    skip_display_name_uniqueness_check: bool | None = None
    relationship_category: Literal["AGGREGATION", "ASSOCIATION", "COMPOSITION"] | None = None
    propagate_tags: Literal["NONE", "ONE_TO_TWO", "TWO_TO_ONE", "BOTH"] | None = None
    end_def1: _EndShape | None = None
    end_def2: _EndShape | None = None


class Given(msgspec.Struct, frozen=True):
    """One definition of a request, as it was sent but for members that are null."""

    category: TypeCategory
    body: Body
    location: str

    @property
    def name(self) -> str:
        name: str = self.body.get("name") or ""
        return name

    @property
    def label(self) -> str:
        """How errors call it."""
        return f"{self.category} {self.body.get('displayName') or self.name or '(without a name)'}"


def given_in(typedefs: object) -> list[Given]:
    """The definitions of an «AtlasTypesDef», in the order in which they build on each other.

    Raises MalformedBody, TooLarge, or InvalidDefinition that lists what does not have the form of a definition.
    """
    if not isinstance(typedefs, Mapping) or not any(member in typedefs for member in MEMBERS.values()):
        raise MalformedBody(
            f"the body holds no definitions; give an object with one or more of {', '.join(MEMBERS.values())}"
        )
    faults = Faults()
    try:
        found = [given for category in CATEGORIES for given in _given(category, typedefs, faults)]
    except RecursionError:
        raise TooLarge("a definition is nested too deeply") from None
    faults.raise_any()
    if len(found) > MOST_DEFINITIONS:
        raise TooLarge(f"{len(found)} definitions in one request; send at most {MOST_DEFINITIONS:,}")
    return found


def names_in(typedefs: Mapping[str, Any]) -> list[str]:
    """The names of the definitions in a request that removes them; raises as ``given_in``."""
    faults = Faults()
    given = given_in(typedefs)
    for one in given:
        if not one.name:
            faults.add(InvalidDefinition, f"{one.location}.name", f"{one.label}: the name is missing")
    faults.raise_any()
    return [one.name for one in given]


def _given(category: TypeCategory, typedefs: Mapping[str, Any], faults: Faults) -> Iterator[Given]:
    member = MEMBERS[category]
    items = typedefs.get(member)
    if items is None:
        return
    if not isinstance(items, list | tuple):
        faults.add(InvalidDefinition, member, f"{member} must be a list of definitions")
        return
    if len(items) > MOST_DEFINITIONS:
        raise TooLarge(f"{member} holds {len(items):,} definitions; send at most {MOST_DEFINITIONS:,} in one request")
    for number, item in enumerate(items):
        location = f"{member}[{number}]"
        _refuse_long_lists(item, location)
        try:
            msgspec.convert(item, _Shape)
        except msgspec.ValidationError as error:
            what, _, where = str(error).partition(" - at ")
            path = location + where.strip("`").removeprefix("$")
            faults.add(InvalidDefinition, path, f"{path} does not fit: {what}")
        else:
            body = without_nulls(item)
            if body.get("serviceType") == SERVICE:
                del body["serviceType"]  # a copy of a shipped type, or one from another catalog, is not shipped
            yield Given(category, body, location)


def _refuse_long_lists(item: Any, location: str) -> None:
    for member, most in MOST_IN_LIST.items() if isinstance(item, Mapping) else ():
        found = item.get(member)
        if isinstance(found, list | tuple) and len(found) > most:
            name = short(item.get("displayName") or item.get("name"))
            raise TooLarge(
                f"{location}.{member}: {name} has {len(found):,} of them; one definition may hold {most:,}",
                [Problem(f"{location}.{member}", f"more than {most:,}")],
            )


def without_nulls(given: Any) -> Any:
    """The same without members that are null: clients write one where nothing is said."""
    if isinstance(given, Mapping):
        return {key: without_nulls(value) for key, value in given.items() if value is not None}
    return [without_nulls(one) for one in given] if isinstance(given, list) else given


def identified(given: Given, faults: Faults) -> Body:
    """A new definition with its name, and its attributes with theirs."""
    body = {key: value for key, value in given.body.items() if key not in COMPUTED}
    if given.category in RENAMED and body.get("displayName"):
        shown = body["displayName"]
        if not (is_generated(given.name) and given.name != shown):
            body["name"] = new_name()
    elif given.category in RENAMED and given.name:
        body["displayName"] = given.name
    _check_name(given, body.get("name", ""), faults)
    return body


def _check_name(given: Given, name: str, faults: Faults) -> None:
    pattern = _FREE if given.category == "ENUM" else _NAME
    if not name:
        faults.add(InvalidDefinition, f"{given.location}.name", f"{given.label}: the name is missing")
    elif len(name) > LONGEST_NAME or not pattern.fullmatch(name) or not name.isprintable():
        rule = (
            'may not hold < > , " or \\' if given.category == "ENUM" else "has letters, digits, blanks and _ . - only"
        )
        what = f"{given.label}: a name {rule}, begins and ends with none of these, and has at most {LONGEST_NAME} characters"
        faults.add(InvalidDefinition, f"{given.location}.name", what)
    if given.category in RENAMED:
        shown = given.body.get("displayName", "")
        if len(shown) > LONGEST_NAME or not shown.isprintable() or shown.strip() != shown:
            what = f"{given.label}: displayName has 1 to {LONGEST_NAME} printable characters, no blank first or last"
            faults.add(InvalidDefinition, f"{given.location}.displayName", what)


def whole(given: Given, body: Body, kept: Collection[str], faults: Faults) -> Body:
    """``body`` with every member that its category has, in the catalog's own spelling.

    ``kept`` are names of attributes that are there already, which stay as they are.
    """
    body = {"category": given.category, "typeVersion": "1.0", **body}
    if given.category == "ENUM":
        body["elementDefs"] = _elements(given, body, faults)
        return body
    wanted = body.get("attributeDefs", [])
    body["attributeDefs"] = [_attribute(given, one, number, kept, faults) for number, one in enumerate(wanted)]
    _refuse_twins(given, body["attributeDefs"], faults)
    if given.category in ("CLASSIFICATION", "ENTITY"):
        body.setdefault("superTypes", [])
    if given.category == "CLASSIFICATION":
        _whole_tag(body)
    elif given.category == "RELATIONSHIP":
        _whole_relationship(given, body, faults)
    return body


def _elements(given: Given, body: Body, faults: Faults) -> list[Body]:
    elements = body.get("elementDefs", [])
    values = [one["value"] for one in elements]
    if not values:
        faults.add(InvalidDefinition, f"{given.location}.elementDefs", f"{given.label} has no values; give elementDefs")
    twice = sorted(value for value, times in Counter(values).items() if times > 1)
    if twice or "" in values:
        what = f"{given.label}: a value is empty, or given twice: {', '.join(map(repr, twice)) or repr('')}"
        faults.add(InvalidDefinition, f"{given.location}.elementDefs", what)
    taken = [one["ordinal"] for one in elements if "ordinal" in one]
    free = count(max(taken, default=-1) + 1)
    return [one if "ordinal" in one else {**one, "ordinal": next(free)} for one in elements]


def _whole_tag(body: Body) -> None:
    """A tag that people rename can tell from which source it came."""
    body.setdefault("entityTypes", [])
    if is_generated(body["name"]) and not any(one.get("displayName") == SOURCE_TAGS for one in body["attributeDefs"]):
        named = {"name": new_name(), "displayName": SOURCE_TAGS, "typeName": "array<SourceTagAttachment>"}
        body["attributeDefs"] = [*body["attributeDefs"], _filled({**named, "cardinality": "SET"})]


def _whole_relationship(given: Given, body: Body, faults: Faults) -> None:
    for member in ("relationshipCategory", "endDef1", "endDef2"):
        if member not in body:
            what = f"{given.label}: {member} is missing"
            faults.add(InvalidDefinition, f"{given.location}.{member}", what)
    body.setdefault("relationshipCategory", "ASSOCIATION")
    body.setdefault("propagateTags", "NONE")
    plain = {"isContainer": False, "cardinality": "SINGLE", "isLegacyAttribute": False}
    for member in ("endDef1", "endDef2"):
        body[member] = {"type": "", "name": "", **plain, **body.get(member, {})}
    if (
        body["relationshipCategory"] == "COMPOSITION"
        and body["endDef2"]["isContainer"]
        and not body["endDef1"]["isContainer"]
    ):
        # The whole stands first, since a link is kept from the whole to its part.
        body["endDef1"], body["endDef2"] = body["endDef2"], body["endDef1"]
        turned = {"ONE_TO_TWO": "TWO_TO_ONE", "TWO_TO_ONE": "ONE_TO_TWO"}
        body["propagateTags"] = turned.get(body["propagateTags"], body["propagateTags"])


def _attribute(given: Given, attribute: Body, number: int, kept: Collection[str], faults: Faults) -> Body:
    location = f"{given.location}.attributeDefs[{number}]"
    attribute = {key: value for key, value in attribute.items() if key != "isNew"}
    shown, name = attribute.get("displayName", ""), attribute.get("name", "")
    if given.category in RENAMED and shown and name not in kept and not (is_generated(name) and name != shown):
        attribute["name"] = new_name()
    if given.category == "BUSINESS_METADATA":
        attribute = _custom(given, attribute, location, faults)
        attribute.setdefault("displayName", name)
    label = f"{given.label}: attribute {shown or name or number}"
    if not attribute.get("name"):
        faults.add(InvalidDefinition, f"{location}.name", f"{label} has no name")
        attribute["name"] = ""
    elif not is_generated(attribute["name"]) and not ATTRIBUTE_NAME.fullmatch(attribute["name"]):
        what = f"{label}: its name must begin with a letter and have letters, digits, blanks and _ . - only"
        faults.add(InvalidDefinition, f"{location}.name", what)
    if not attribute.get("typeName"):
        faults.add(
            InvalidDefinition, f"{location}.typeName", f"{label} has no typeName, such as string or array<string>"
        )
        attribute["typeName"] = "string"
    if len(attribute["typeName"]) > LONGEST_TYPE_NAME:
        what = f"{label}: its typeName is longer than {LONGEST_TYPE_NAME} characters"
        faults.add(InvalidDefinition, f"{location}.typeName", what)
    if shown.strip() != shown or not shown.isprintable():
        what = f"{label}: displayName has printable characters only, no blank first or last"
        faults.add(InvalidDefinition, f"{location}.displayName", what)
    attribute["typeName"] = re.sub(r"\s*([<>,])\s*", r"\1", attribute["typeName"].strip())
    if attribute.get("cardinality", "SINGLE") != "SINGLE" and not attribute["typeName"].startswith("array<"):
        what = f"{label}: cardinality {attribute['cardinality']} needs a typeName array<{attribute['typeName']}>"
        faults.add(InvalidDefinition, f"{location}.cardinality", what)
    return _filled(attribute)


def _filled(attribute: Body) -> Body:
    """An attribute with the members that every reader may expect."""
    optional, many = attribute.get("isOptional", True), attribute["typeName"].startswith("array<")
    return {
        "isOptional": optional,
        "cardinality": "LIST" if many else "SINGLE",
        "valuesMinCount": 0 if optional else 1,
        "valuesMaxCount": MANY if many else 1,
        "isUnique": False,
        "isIndexable": bool(attribute.get("isUnique")),
        "includeInNotification": True,
        "searchWeight": -1,
        **attribute,
    }


def _custom(given: Given, attribute: Body, location: str, faults: Faults) -> Body:
    """An attribute of custom metadata, its type spelled out from what its options say of it."""
    options = attribute.get("options", {})
    type_name = attribute.get("typeName", "")
    inner = type_name[6:-1] if type_name.startswith("array<") and type_name.endswith(">") else type_name
    many = inner != type_name or is_set(options.get("multiValueSelect"))
    base = options.get("enumType") or inner or options.get("primitiveType") or options.get("customType") or ""
    if str(base).lower() in _CUSTOM_TEXT:
        base = "string"
    for key in _LISTS:
        try:
            list(listed_in(options.get(key)))
        except (msgspec.MsgspecError, ValueError):
            what = f"{given.label}: {key} must be a JSON list of strings inside a string"
            faults.add(InvalidDefinition, f"{location}.options.{key}", what)
            options = {name: value for name, value in options.items() if name != key}
    shaped = {**attribute, "options": options, "cardinality": "SET" if many else "SINGLE"}
    if base:
        shaped["typeName"] = f"array<{base}>" if many else str(base)
    return shaped


def _refuse_twins(given: Given, attributes: list[Body], faults: Faults) -> None:
    for member in ("name", "displayName"):
        seen: set[str] = set()
        for number, one in enumerate(attributes):
            if member == "displayName" and is_set((one.get("options") or {}).get("isArchived")):
                continue
            shown = one.get(member, "")
            if shown and shown in seen:
                what = f"{given.label}: two attributes have the {member} {shown}"
                faults.add(InvalidDefinition, f"{given.location}.attributeDefs[{number}].{member}", what)
            seen.add(shown)
