"""Values against type definitions: what a client sent becomes a draft in canonical form, or one clear error. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from tidings.model.asset import STATES
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
from tidings.write.check_custom import Custom, check_custom
from tidings.write.check_plan import STATE, plan_for
from tidings.write.check_tags import TagWish, check_tags
from tidings.write.commands import MOST_ASSETS, EntityInput, Save
from tidings.write.faults import Faults, short

LONGEST_NAME = 4_096
NAME = "qualifiedName"


class Reference(msgspec.Struct, gc=False):
    """Another asset as a link names it: by guid (or placeholder), or by type and qualifiedName.

    ``encoded`` is the JSON of the link's own attributes; None where the request does not speak of them. ``member`` is the
    member of the asset that holds the reference.
    """

    guid: str | None
    type_name: str | None
    qualified_name: str | None
    encoded: bytes | None
    member: str


class LinkWish(msgspec.Struct, gc=False):
    """What a request wants of one link attribute: a whole new set (``replace``), and links to add or take away."""

    replace: list[Reference] | None = None
    append: list[Reference] = []
    remove: list[Reference] = []


class Settled(msgspec.Struct, gc=False, frozen=True):
    """Those attributes of a draft that it sets, and their JSON: what a new asset will have, if nothing more comes to it."""

    attributes: dict[str, Any]
    encoded: bytes


class Draft(msgspec.Struct, gc=False):
    """One asset of a save, checked by itself. ``attributes`` are canonical, None where the request clears one.

    ``settled`` belongs to ``attributes``: whoever changes those drops it.
    """

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
    settled: Settled | None = None

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
    attributes = given.attributes or {}
    name = attributes.get(NAME)
    own = name if isinstance(name, str) else None
    if given.status is not None and given.status not in STATES:
        _refuse_status(index, given.status, faults)
    restore = given.status == "ACTIVE" or attributes.get(STATE) == "ACTIVE"
    draft = Draft(index, asset_type, given.guid, own, {}, {}, restore)
    if given.classifications is not None or given.add_or_update_classifications or given.remove_classifications:
        draft.tags = check_tags(given, command.tagging, types, draft.label, draft.location, faults)
    if given.business_attributes is not None:
        draft.custom = check_custom(asset_type, given.business_attributes, types, draft.label, draft.location, faults)
    unknown = _take_attributes(draft, attributes, faults)
    if given.relationship_attributes:
        unknown += _take_links(draft, given.relationship_attributes, "replace", faults)
    if given.append_relationship_attributes:
        unknown += _take_links(draft, given.append_relationship_attributes, "append", faults)
    if given.remove_relationship_attributes:
        unknown += _take_links(draft, given.remove_relationship_attributes, "remove", faults)
    if unknown:
        draft.ignored = (*draft.ignored, *unknown)
    if draft.ignored and command.strict:
        _refuse_unknown(draft, draft.ignored, faults)
    if own is None or not (0 < len(own) <= LONGEST_NAME and own.isprintable()):
        _refuse_name(draft, name, faults)
    return draft


def _type_of(index: int, given: EntityInput, types: TypeRegistry, command: Save) -> AssetType:
    name = given.type_name or (command.only.type_name if command.only else None)
    if not name:
        raise InvalidRequest(
            f"entities[{index}] has no typeName; name the type, such as Table",
            [Problem(f"entities[{index}].typeName", "missing")],
        )
    try:
        asset_type = types.type(name)
    except UnknownType as error:
        problem = Problem(f"entities[{index}].typeName", str(error))
        raise UnknownType(name, str(error).partition("was invalid")[2], [problem]) from None
    if not asset_type.is_asset:
        message = f"{name} is not a type of asset, since it has no qualifiedName"
        raise InvalidRequest(message, [Problem(f"entities[{index}].typeName", message)])
    return asset_type


def _refuse_status(index: int, status: str, faults: Faults) -> None:
    message = f"entities[{index}]: status cannot be {short(status)}; it must be one of {', '.join(STATES)}"
    faults.add(InvalidValue, f"entities[{index}].status", message)


def _refuse_name(draft: Draft, name: Any, faults: Faults) -> None:
    """None is no name to be given, and so none to be cleared; what is not text was told already as a wrong value."""
    if name is None:
        if NAME in draft.attributes:
            faults.add(InvalidValue, f"{draft.location}.attributes.{NAME}", f"{draft.label}: {NAME} cannot be cleared")
    elif isinstance(name, str):
        faults.add(
            InvalidValue,
            f"{draft.location}.attributes.{NAME}",
            f"{draft.type.name}: {NAME} {short(name)} must have 1 to {LONGEST_NAME:,} printable characters",
        )


def _take_attributes(draft: Draft, given: Mapping[str, Any], faults: Faults) -> list[str]:
    """The attributes of an asset into its draft; what of them is neither attribute nor link."""
    # Most of what a large request costs is here: what is plain is checked by one call in C, and taken over as it is.
    plan = plan_for(draft.type, tuple(given))
    taken = dict(given) if plan.left is not None else {key: given[key] for key in plan.kept}
    for key in plan.left or ():
        del taken[key]
    draft.attributes = taken
    whole, exact = plan.fits(given)
    if exact:
        _settle_lists(taken, plan.lists)
    for key, attribute in plan.others if exact else plan.every:
        value = given[key]
        if attribute is None:
            _take_link(draft, key, value, "attributes", "replace", faults)
        elif value is not None:
            _take_normalised(draft, attribute, value, faults)
    cleared = [key for key, value in plan.unset if taken[key] == value] if exact else []
    for key in cleared:
        taken[key] = None
    # Encoded at once, while the values are at hand, and before the transaction: row and event will take it as it is.
    if faults.kind is None:
        draft.settled = _settled(taken, cleared, whole=whole and len(plan.exact) == len(taken))
    return list(plan.unknown)


def _settle_lists(taken: dict[str, Any], lists: Iterable[tuple[str, bool]]) -> None:
    for key, unordered in lists:
        items = taken[key]
        if items.__class__ is not list and items is not None:  # callers of the library may send any collection
            items = taken[key] = list(items)
        if unordered and items is not None and len(items) > 1 and len(set(items)) < len(items):
            taken[key] = list(dict.fromkeys(items))


def _settled(attributes: dict[str, Any], cleared: Iterable[str], *, whole: bool) -> Settled:
    """``cleared`` are all that are not set, where the values were taken as a ``whole``."""
    if whole:
        attributes = attributes.copy()
        for key in cleared:
            del attributes[key]
    elif None in attributes.values():
        attributes = {key: value for key, value in attributes.items() if value is not None}
    return Settled(attributes, encode(attributes))


def _take_normalised(draft: Draft, attribute: Attribute, value: Any, faults: Faults) -> None:
    key = attribute.name
    try:
        canonical = attribute.value_type.normalise(value)
    except ValueError as error:
        message = f"{draft.label}: attribute {key} cannot be {short(value)}; it must be {error}"
        faults.add(InvalidValue, f"{draft.location}.attributes.{key}", message)
    else:
        draft.attributes[key] = None if canonical == attribute.unset or canonical in _EMPTY else canonical


_EMPTY: tuple[Any, ...] = ([], {})
"""Values that mean «unset» whatever the type: a list or an object without entries."""


_How = Literal["replace", "append", "remove"]
_MEMBERS: Mapping[_How, str] = {
    "replace": "relationshipAttributes",
    "append": "appendRelationshipAttributes",
    "remove": "removeRelationshipAttributes",
}


def _take_links(draft: Draft, given: Mapping[str, Any], how: _How, faults: Faults) -> list[str]:
    unknown = []
    for key, value in given.items():
        if key in draft.type.links:
            _take_link(draft, key, value, _MEMBERS[how], how, faults)
        else:
            unknown.append(key)
    return unknown


def _take_link(draft: Draft, key: str, value: Any, member: str, how: _How, faults: Faults) -> None:
    items = value if value.__class__ is list else [] if value is None else [value]
    references: list[Reference] = []
    for item in items:
        reference = _reference(item, member)
        if reference is None:
            _refuse_reference(draft, key, item, member, faults)
            return
        if (own := item.get("relationshipAttributes")) is not None:
            reference.encoded = _own_attributes(draft, key, own, member, faults)
        references.append(reference)
    if how == "replace" and len(references) > 1 and draft.type.links[key].single:
        message = f"{draft.label}: {key} takes one reference, not {len(references)}"
        faults.add(InvalidReference, f"{draft.location}.{member}.{key}", message)
    wish = draft.links.get(key)
    if wish is None:
        wish = draft.links[key] = LinkWish()
    if how == "replace":
        wish.replace = references
    elif how == "append":
        wish.append = references
    else:
        wish.remove = references


def _refuse_reference(draft: Draft, key: str, item: Any, member: str, faults: Faults) -> None:
    message = (
        f"{draft.label}: {key} cannot be {short(item)}; refer to an asset by guid, or by typeName and "
        "uniqueAttributes.qualifiedName"
    )
    faults.add(InvalidReference, f"{draft.location}.{member}.{key}", message)


def _reference(item: Any, member: str) -> Reference | None:
    if not isinstance(item, dict):
        return None
    guid, type_name, unique = item.get("guid"), item.get("typeName"), item.get("uniqueAttributes")
    name = unique.get(NAME) if isinstance(unique, dict) else None
    if not isinstance(type_name, str):
        type_name = None
    if not isinstance(name, str):
        name = None
    if not (isinstance(guid, str) and guid):
        guid = None
        if type_name is None or name is None:
            return None
    return Reference(guid, type_name, name, None, member)


def _own_attributes(draft: Draft, key: str, given: Any, member: str, faults: Faults) -> bytes | None:
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
                place = f"{draft.location}.{member}.{key}.relationshipAttributes.attributes.{name}"
                faults.add(InvalidValue, place, message)
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
