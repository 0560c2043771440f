"""Custom metadata of a save against its definitions. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tidings.model.asset import Asset
from tidings.model.errors import InvalidCustomMetadata, InvalidValue, UnknownType
from tidings.model.registry import AssetType, TypeRegistry
from tidings.model.typedefs import CustomAttributeDef, CustomSetDef
from tidings.write.faults import Faults, short

_CONNECTION = re.compile(r"(default/[^/]+/[^/]+)(?:/|$)")
Custom = dict[str, dict[str, Any]]
"""Set -> attribute -> canonical value, None where it is to be cleared."""


def check_custom(
    asset_type: AssetType,
    given: Mapping[str, Any] | None,
    types: TypeRegistry,
    label: str,
    location: str,
    faults: Faults,
) -> Custom | None:
    """The custom metadata of one entity by ids; None where the request does not speak of it.

    A set that is null stands for all its attributes being null.
    """
    if given is None:
        return None
    taken: Custom = {}
    for name, values in given.items():
        where = f"{location}.businessAttributes.{name}"
        try:
            definition = types.custom_set(name)
        except UnknownType as error:
            faults.add(
                InvalidCustomMetadata, where, f"{label}: {error}; define the custom metadata first (types/typedefs)"
            )
            continue
        if values is None:
            taken[definition.name] = dict.fromkeys(definition.attributes)
        elif isinstance(values, dict):
            taken[definition.name] = _values(definition, values, types, label, where, faults)
        else:
            message = f"{label}: {definition.display_name} cannot be {short(values)}; give an object of its attributes"
            faults.add(InvalidCustomMetadata, where, message)
    return taken


def _values(
    definition: CustomSetDef, given: Mapping[str, Any], types: TypeRegistry, label: str, location: str, faults: Faults
) -> dict[str, Any]:
    taken: dict[str, Any] = {}
    by_display_name = {one.display_name: one for one in definition.attributes.values()}
    for name, value in given.items():
        one = definition.attributes.get(name) or by_display_name.get(name)
        if one is None:
            names = ", ".join(by_display_name)
            message = f"{label}: {definition.display_name} has no attribute {name}; it has {names or 'none'}"
            faults.add(InvalidCustomMetadata, f"{location}.{name}", message)
            continue
        value_type = types.value_type(one.definition.type_name, one.definition.type_name.startswith("array<"))
        try:
            canonical = None if value is None else value_type.normalise(value)
        except ValueError as error:
            message = (
                f"{label}: {definition.display_name}.{one.display_name} cannot be {short(value)}; it must be {error}"
            )
            faults.add(InvalidValue, f"{location}.{name}", message)
        else:
            taken[one.definition.name] = None if canonical in ([], {}) else canonical
    return taken


def merged(stored: Custom, wanted: Custom, types: TypeRegistry, overwrite: bool) -> tuple[Custom, Custom]:
    """Old and new values of what differs, by set; None for unset. With ``overwrite`` what is not wanted is cleared."""
    before: Custom = {}
    now: Custom = {}
    if overwrite:
        wanted = {name: dict.fromkeys(stored.get(name, ())) | wanted.get(name, {}) for name in {**stored, **wanted}}
    for name, values in wanted.items():
        old = stored.get(name, {})
        definition = types.system.custom_sets.get(name)
        for key, value in values.items():
            one = definition.attributes.get(key) if definition else None
            if not _same(old.get(key), value, one, types):
                before.setdefault(name, {})[key] = old.get(key)
                now.setdefault(name, {})[key] = value
    return before, now


def _same(old: Any, new: Any, one: CustomAttributeDef | None, types: TypeRegistry) -> bool:
    if old == new:
        return True
    unordered = one is not None and one.definition.type_name.startswith("array<")
    return one is not None and unordered and types.value_type(one.definition.type_name, True).same(old, new)


def applied(stored: Custom, now: Custom) -> Custom:
    """``stored`` with the changes ``now``; sets without values are left out."""
    names = {**stored, **now}
    whole = {
        name: {key: value for key, value in {**stored.get(name, {}), **now.get(name, {})}.items() if value is not None}
        for name in names
    }
    return {name: values for name, values in whole.items() if values}


def check_applicable(
    asset_type: AssetType, after: Asset, attributes: Mapping[str, Any], now: Custom, types: TypeRegistry, label: str
) -> None:
    """Raises InvalidCustomMetadata where an asset is given a value of an attribute that it may not have."""
    faults = Faults()
    for name, values in now.items():
        definition = types.system.custom_sets[name]
        for key, value in values.items():
            one = definition.attributes[key]
            if value is not None and (why := _refusal(asset_type, after, attributes, one)):
                what = f"{definition.display_name}.{one.display_name}"
                faults.add(InvalidCustomMetadata, f"businessAttributes.{name}.{key}", f"{label}: {what} {why}")
    faults.raise_any()


def _refusal(asset_type: AssetType, after: Asset, attributes: Mapping[str, Any], one: CustomAttributeDef) -> str:
    if one.archived:
        return "is archived and takes no new values"
    if one.entity_types and not any(asset_type.is_a(name) for name in one.entity_types):
        return f"is for {', '.join(sorted(one.entity_types))}, not for a {asset_type.name}"
    name = after.qualified_name
    if asset_type.name.startswith("AtlasGlossary"):
        if one.glossaries and (name.partition("@")[2] or name) not in one.glossaries:
            return f"is for the glossaries {_listed(one.glossaries)} only"
    elif asset_type.is_a("DataMesh"):
        if one.domains and not any(name == domain or name.startswith(f"{domain}/") for domain in one.domains):
            return f"is for the domains {_listed(one.domains)} only"
    elif one.connections and not any(name == each or name.startswith(f"{each}/") for each in one.connections):
        own = attributes.get("connectionQualifiedName") or _connection_in(name)
        if own and own not in one.connections:
            return f"is for the connections {_listed(one.connections)} only, not for {own}"
    return ""


def _connection_in(qualified_name: str) -> str | None:
    """The connection that a qualifiedName begins with, in the form that clients of the protocol make; None for no form."""
    found = _CONNECTION.match(qualified_name)
    return found[1] if found else None


def _listed(names: frozenset[str]) -> str:
    found = sorted(names)
    return ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
