"""What calls are made of: which asset is meant, filters, parameters, parts of an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from tidings.model.errors import InvalidParameter
from tidings.model.events import LogFilter

JsonObject = dict[str, Any]
Target = str | tuple[str, str]
"""Which asset is meant: its guid, or its type and qualifiedName."""
Form = Literal["full", "wire"]
DeleteType = Literal["SOFT", "HARD", "PURGE"]
Direction = Literal["INPUT", "OUTPUT", "BOTH"]


def segment(text: str) -> str:
    """A part of an address. Raises InvalidParameter for one with a slash, which would be another address."""
    if "/" in text:
        raise InvalidParameter(f"{text!r} is neither a guid nor a name: they have no slash")
    return quote(text, safe="")


def flag(value: bool) -> str | None:
    return "true" if value else None


def parameters(params: Mapping[str, Any]) -> JsonObject:
    """Query parameters that say something."""
    return {name: value for name, value in params.items() if value not in (None, "", [])}


def filter_parameters(wanted: LogFilter) -> JsonObject:
    return {
        "type": sorted(wanted.type_names),
        "operation": sorted(wanted.operations),
        "guid": wanted.guid,
        "qualifiedNamePrefix": wanted.name_prefix,
        "since": wanted.since,
        "until": wanted.until,
    }


def reference(target: Target) -> JsonObject:
    if isinstance(target, str):
        return {"guid": target}
    type_name, qualified_name = target
    return {"typeName": type_name, "uniqueAttributes": {"qualifiedName": qualified_name}}


def target_form(target: Target) -> JsonObject:
    if isinstance(target, str):
        return {"guid": target}
    type_name, qualified_name = target
    return {"typeName": type_name, "qualifiedName": qualified_name}
