"""What of an event is lost when pyatlan reads it, in its older models (pydantic) and in its newer ones (msgspec).

An event is read into the client's own classes and written out again by them; every key that the class knows must come
back with the same value. Dates come back as milliseconds, sets in any order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from pyatlan.model.assets import Asset
from pyatlan.model.events import AssetUpdatePayload, AtlanEvent
from pyatlan_v9.model.assets.asset import Asset as AssetV9  # type: ignore[import-untyped]
from pyatlan_v9.model.events import AtlanEvent as AtlanEventV9  # type: ignore[import-untyped]

Json = Mapping[str, Any]
OURS = "tidings"


def lost(event: Json) -> list[str]:
    """Where the event differs after the older models have read it; empty when nothing is lost."""
    read = AtlanEvent(**event)
    back = json.loads(read.json(by_alias=True, exclude_unset=True))
    assert read.payload is not None
    asset = read.payload.asset
    assert isinstance(asset, Asset)
    message, told = event["message"], back["message"]
    unread = set(event) - {field.alias for field in read.__fields__.values()}  # it spells msgSourceIP otherwise
    found = _parts_lost("event", event, back, ("message", *unread))
    found += _parts_lost("message", message, told, ("entity", "mutatedDetails", "headers"))
    found += _entity_lost("entity", message["entity"], asset)
    if isinstance(read.payload, AssetUpdatePayload) and "mutatedDetails" in message:
        found += _entity_lost("mutatedDetails", message["mutatedDetails"], read.payload.mutated_details)
    return found


def _entity_lost(where: str, sent: Json, asset: Any) -> list[str]:
    back = json.loads(asset.json(by_alias=True, exclude_unset=True))
    outside = set(sent) - {field.alias for field in asset.__fields__.values()}
    found = _parts_lost(where, sent, back, ("attributes", *outside))
    if type(asset).__name__ != sent["typeName"]:
        found.append(f"{where} became {type(asset).__name__}")
    unknown = set(sent.get("attributes", ())) - {field.alias for field in asset.attributes.__fields__.values()}
    held = {field.alias: getattr(asset.attributes, name) for name, field in asset.attributes.__fields__.items()}
    return found + _parts_lost(where, sent.get("attributes", {}), back.get("attributes", {}), unknown, held)


def lost_v9(event: Json) -> list[str]:
    """The same for the newer models."""
    read = AtlanEventV9.from_dict(dict(event))
    assert read.payload is not None
    message, asset = event["message"], read.payload.asset
    assert isinstance(asset, AssetV9)
    envelope = msgspec.to_builtins(read, builtin_types=(type(None),))
    found = _parts_lost("event", event, envelope, ("message", OURS, "msgSourceIP"))
    if read.msg_source_ip != event["msgSourceIP"]:
        found.append("event.msgSourceIP")
    times = read.payload.event_type, read.payload.event_time, read.payload.operation_type
    if times != (message["type"], message["eventTime"], message["operationType"]):
        found.append("message")
    found += _entity_lost_v9("entity", message["entity"], asset)
    if message["operationType"] == "ENTITY_UPDATE" and "mutatedDetails" in message:
        found += _entity_lost_v9("mutatedDetails", message["mutatedDetails"], read.payload.mutated_details)
    return found


def _entity_lost_v9(where: str, sent: Json, asset: Any) -> list[str]:
    back = msgspec.json.decode(msgspec.json.encode(asset))
    held = {field.encode_name: getattr(asset, field.name) for field in msgspec.structs.fields(asset)}
    flat = {**sent.get("attributes", {}), **{key: value for key, value in sent.items() if key not in _BUCKETS}}
    found = _parts_lost(where, flat, back, set(flat) - held.keys(), held)
    links = {name: _guids(value) for name, value in sent.get("relationshipAttributes", {}).items()}
    found += _parts_lost(where, links, {name: _guids(back.get(name)) for name in links}, ())
    return found if type(asset).__name__ == sent["typeName"] else [*found, f"{where} became {type(asset).__name__}"]


def _guids(value: Any) -> Any:
    return [one["guid"] for one in value] if isinstance(value, list) else value and value["guid"]


_BUCKETS = ("attributes", "relationshipAttributes")


def _parts_lost(where: str, sent: Json, back: Json, skipped: Iterable[str], held: Json | None = None) -> list[str]:
    """``held`` are the values as the client's object has them: what it holds as a list must have kept its order."""
    left_out = set(skipped)
    found = []
    for key, value in sent.items():
        told, ordered = back.get(key), isinstance((held or {}).get(key), list)
        if key not in left_out and (_plain(value) != _plain(told) or (ordered and _order(value) != _order(told))):
            found.append(f"{where}.{key}: sent {value!r}, read {told!r}")
    return found


def _order(values: Any) -> list[str]:
    return [repr(_plain(one)) for one in values]


def _plain(value: Any) -> Any:
    """In a form that can be compared: lists in one order, structures as their fields, without what is not set."""
    if isinstance(value, list):
        return sorted(map(_plain, value), key=repr)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in sorted(_fields(value)) if item is not None}
    return value


def _fields(value: Json) -> Iterator[tuple[str, Any]]:
    """Of a structure its fields alone: the older models write it without its type and without ``attributes``."""
    for key, item in value.items():
        if key == "attributes" and isinstance(item, dict):
            yield from item.items()
        elif key != "typeName":
            yield key, item
