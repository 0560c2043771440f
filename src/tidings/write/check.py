"""Values against type definitions: what a client sent becomes a draft in canonical form, or one clear error. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tidings.model.errors import (
    InvalidReference,
    InvalidRequest,
    InvalidValue,
    Problem,
    TooLarge,
    UnknownAttribute,
    UnknownType,
)
from tidings.model.events import encode
from tidings.model.ids import is_guid
from tidings.model.registry import AssetType, Attribute, TypeRegistry
from tidings.model.values import MAX_LONG
from tidings.write.check_custom import Custom, check_custom
from tidings.write.check_tags import TagWish, check_tags
from tidings.write.commands import MOST_ASSETS, EntityInput, Save
from tidings.write.faults import Faults, short

LONGEST_NAME = 4_096
NAME = "qualifiedName"


class Reference(msgspec.Struct, gc=False):
    """Another asset as a link names it: by guid (or placeholder), or by type and qualifiedName.

    ``encoded`` is the JSON of the link's own attributes; None where the request does not speak of them.
    """

    guid: str | None
    type_name: str | None
    qualified_name: str | None
    encoded: bytes | None
    location: str


class LinkWish(msgspec.Struct, gc=False):
    """What a request wants of one link attribute: a whole new set (``replace``), and links to add or take away."""

    replace: list[Reference] | None = None
    append: list[Reference] = []
    remove: list[Reference] = []


class Draft(msgspec.Struct, gc=False):
    """One asset of a save, checked by itself. ``attributes`` are canonical, None where the request clears one."""

    index: int
    type: AssetType
    guid: str | None
    qualified_name: str | None
    attributes: dict[str, Any]
    links: dict[str, LinkWish]
    restore: bool
    ignored: tuple[str, ...] = ()
    tags: TagWish | None = None
    custom: Custom | None = None

    @property
    def label(self) -> str:
        """How errors call it."""
        return f"{self.type.name} {self.qualified_name or self.guid or ''}".rstrip()

    @property
    def location(self) -> str:
        return f"entities[{self.index}]"


def check(command: Save, types: TypeRegistry) -> list[Draft]:
    """Every asset of a save as a draft.

    Raises UnknownType, or one InvalidRequest that lists each fault: the asset, the attribute, the value, and what
    would be right.
    """
    if len(command.entities) > MOST_ASSETS:
        raise TooLarge(f"{len(command.entities)} assets in one request; send at most {MOST_ASSETS:,}")
    faults = Faults()
    drafts = [_draft(index, one, types, command, faults) for index, one in enumerate(command.entities)]
    faults.raise_any()
    return drafts


def _draft(index: int, given: EntityInput, types: TypeRegistry, command: Save, faults: Faults) -> Draft:
    asset_type = _type_of(index, given, types, command)
    draft = Draft(index, asset_type, given.guid, None, {}, {}, _wants_restore(given))
    attributes = given.attributes or {}
    name = attributes.get(NAME)
    draft.qualified_name = name if isinstance(name, str) else None
    if given.classifications is not None or given.add_or_update_classifications or given.remove_classifications:
        draft.tags = check_tags(given, command.tagging, types, draft.label, draft.location, faults)
    if given.business_attributes is not None:
        draft.custom = check_custom(asset_type, given.business_attributes, types, draft.label, draft.location, faults)
    unknown = _take_attributes(draft, attributes, faults)
    if given.relationship_attributes:
        unknown += _take_links(draft, given.relationship_attributes, "relationshipAttributes", "replace", faults)
    if given.append_relationship_attributes:
        added = given.append_relationship_attributes
        unknown += _take_links(draft, added, "appendRelationshipAttributes", "append", faults)
    if given.remove_relationship_attributes:
        removed = given.remove_relationship_attributes
        unknown += _take_links(draft, removed, "removeRelationshipAttributes", "remove", faults)
    draft.ignored = (*draft.ignored, *unknown)
    if draft.ignored and command.strict:
        _refuse_unknown(draft, draft.ignored, faults)
    _check_name(draft, name, faults)
    return draft


def _type_of(index: int, given: EntityInput, types: TypeRegistry, command: Save) -> AssetType:
    name = given.type_name or (command.only.type_name if command.only else None)
    location = f"entities[{index}].typeName"
    if not name:
        raise InvalidRequest(
            f"entities[{index}] has no typeName; name the type, such as Table", [Problem(location, "missing")]
        )
    try:
        asset_type = types.type(name)
    except UnknownType as error:
        raise UnknownType(name, str(error).partition("was invalid")[2], [Problem(location, str(error))]) from None
    if not asset_type.is_asset:
        message = f"{name} is not a type of asset, since it has no qualifiedName"
        raise InvalidRequest(message, [Problem(location, message)])
    return asset_type


def _wants_restore(given: EntityInput) -> bool:
    return given.status == "ACTIVE" or (given.attributes or {}).get("__state") == "ACTIVE"


def _check_name(draft: Draft, name: Any, faults: Faults) -> None:
    if name is None:
        if NAME in draft.attributes:
            faults.add(InvalidValue, f"{draft.location}.attributes.{NAME}", f"{draft.label}: {NAME} cannot be cleared")
        return
    if not isinstance(name, str):
        return  # told already as a value of the wrong type
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        faults.add(
            InvalidValue,
            f"{draft.location}.attributes.{NAME}",
            f"{draft.type.name}: {NAME} {short(name)} must have 1 to {LONGEST_NAME:,} printable characters",
        )


_Step = tuple[str, Attribute | None, type | None, Any]
"""One key of a shape: its attribute (None: see ``_take_other``), and that attribute's ``exact`` and ``unset``."""


def _steps(asset_type: AssetType, keys: tuple[str, ...]) -> list[_Step]:
    """The steps for assets that are sent with these keys; worked out once, since assets of one crawl look alike."""
    shapes: dict[tuple[str, ...], list[_Step]] = asset_type.memo.setdefault("steps", {})
    known = shapes.get(keys)
    if known is None:
        if len(shapes) >= _SHAPES_KEPT:
            shapes.clear()
        attributes = {key: asset_type.attributes.get(key) for key in keys if key not in asset_type.stamped}
        # Attributes that events hide go last, so that an event's part of the JSON is its beginning.
        attributes = dict(
            sorted(attributes.items(), key=lambda item: item[1] is not None and not item[1].definition.flagged)
        )
        known = shapes[keys] = [
            (key, one, one.value_type.exact, one.unset) if one else (key, None, None, None)
            for key, one in attributes.items()
        ]
    return known


def _take_attributes(draft: Draft, given: Mapping[str, Any], faults: Faults) -> list[str]:
    taken = draft.attributes
    unknown: list[str] = []
    for key, attribute, exact, unset in _steps(draft.type, tuple(given)):
        value = given[key]
        if value.__class__ is exact and (exact is not int or -MAX_LONG <= value <= MAX_LONG):  # type: ignore[operator]
            taken[key] = value if value != unset else None
        elif attribute is None:
            _take_other(draft, key, value, unknown, faults)
        elif value is None:
            taken[key] = None
        else:
            _take_normalised(draft, attribute, value, faults)
    return unknown


def _take_normalised(draft: Draft, attribute: Attribute, value: Any, faults: Faults) -> None:
    key = attribute.name
    try:
        canonical = attribute.value_type.normalise(value)
    except ValueError as error:
        message = f"{draft.label}: attribute {key} cannot be {short(value)}; it must be {error}"
        faults.add(InvalidValue, f"{draft.location}.attributes.{key}", message)
    else:
        draft.attributes[key] = None if canonical == attribute.unset or canonical in _EMPTY else canonical


def _take_other(draft: Draft, key: str, value: Any, unknown: list[str], faults: Faults) -> None:
    """A key among attributes that is none: a link, the status in its other form, or nothing that the type has."""
    if key in draft.type.links:
        _take_link(draft, key, value, "attributes", "replace", faults)
    elif key != "__state":
        unknown.append(key)


_SHAPES_KEPT = 2_000
_EMPTY: tuple[Any, ...] = ([], {})
"""Values that mean «unset» whatever the type: a list or an object without entries."""


def _take_links(draft: Draft, given: Mapping[str, Any], member: str, how: str, faults: Faults) -> list[str]:
    unknown = []
    for key, value in given.items():
        if key in draft.type.links:
            _take_link(draft, key, value, member, how, faults)
        else:
            unknown.append(key)
    return unknown


def _take_link(draft: Draft, key: str, value: Any, member: str, how: str, faults: Faults) -> None:
    location = f"{draft.location}.{member}.{key}"
    items = [] if value is None else value if isinstance(value, list) else [value]
    references = [reference for item in items if (reference := _reference(item, location)) is not None]
    for item, reference in zip(items, references, strict=False):
        if item.get("relationshipAttributes") is not None:
            reference.encoded = _own_attributes(draft, key, item["relationshipAttributes"], location, faults)
    if len(references) < len(items):
        wrong = next(item for item in items if _reference(item, location) is None)
        faults.add(
            InvalidReference,
            location,
            f"{draft.label}: {key} cannot be {short(wrong)}; refer to an asset by guid, or by typeName and "
            "uniqueAttributes.qualifiedName",
        )
    if how == "replace" and len(references) > 1 and draft.type.links[key].single:
        faults.add(InvalidReference, location, f"{draft.label}: {key} takes one reference, not {len(references)}")
    wish = draft.links.get(key)
    if wish is None:
        wish = draft.links[key] = LinkWish()
    if how == "replace":
        wish.replace = references
    elif how == "append":
        wish.append = references
    else:
        wish.remove = references


def _reference(item: Any, location: str) -> Reference | None:
    if not isinstance(item, dict):
        return None
    guid, type_name = item.get("guid"), item.get("typeName")
    unique = item.get("uniqueAttributes")
    name = unique.get(NAME) if isinstance(unique, dict) else None
    if not isinstance(type_name, str):
        type_name = None
    if not isinstance(name, str):
        name = None
    if not (isinstance(guid, str) and guid):
        guid = None
        if type_name is None or name is None:
            return None
    return Reference(guid, type_name, name, None, location)


def _own_attributes(draft: Draft, key: str, given: Any, location: str, faults: Faults) -> bytes | None:
    """The link's own attributes, canonical; None where they are not spoken of. Unknown ones count as ignored."""
    if not isinstance(given, dict) or not isinstance(given.get("attributes"), dict):
        return None
    own = draft.type.links[key].own
    kept: dict[str, Any] = {}
    for name, value in sorted(given["attributes"].items()):
        value_type = own.get(name)
        if value_type is None:
            draft.ignored = (*draft.ignored, f"{key}.{name}")
        elif value is not None:
            try:
                canonical = value_type.normalise(value)
            except ValueError as error:
                message = f"{draft.label}: {name} of the link {key} cannot be {short(value)}; it must be {error}"
                faults.add(InvalidValue, f"{location}.relationshipAttributes.attributes.{name}", message)
            else:
                if canonical != value_type.unset and canonical not in _EMPTY:
                    kept[name] = canonical
    return encode(kept)


def _refuse_unknown(draft: Draft, unknown: Sequence[str], faults: Faults) -> None:
    for key in unknown:
        near = draft.type.nearest(key)
        hint = f"; did you mean {near}?" if near else ""
        message = f"{draft.label}: {draft.type.name} has no attribute {key}{hint}"
        faults.add(UnknownAttribute, f"{draft.location}.attributes.{key}", message)


def is_placeholder(guid: str | None) -> bool:
    """Whether a guid stands for an asset of the same request, until the catalog gives it a real one."""
    return guid is not None and not is_guid(guid)
