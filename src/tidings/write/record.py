"""Changes -> events: what we shall say happened. Pure; bytes are built once and stored as they are.

Order and counts are those of the event contract (docs/reference/events.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from tidings.model.asset import ACTIVE, ARCHIVED, STATUS_NAMES, Asset, AssetName
from tidings.model.changes import AssetChange, Changes, Kind, Neighbour
from tidings.model.entity_form import attributes_parts, header_ends
from tidings.model.events import Event, Operation, encode, envelope_head
from tidings.model.profiles import Profile
from tidings.model.registry import AssetType, TypeRegistry

STATE = "__state"
"""The key under which a change of status is told."""


class Cause(msgspec.Struct, frozen=True):
    """The request that started it all, where it takes several transactions.

    ``first`` is the index of the first event that is recorded now; ``count`` how many there will be in all, None where
    these are all.
    """

    id: str
    first: int = 1
    count: int | None = None


class Occasion(msgspec.Struct, frozen=True):
    """What all events of one request share.

    ``time`` is the request's time and ``written`` the wall clock (ms); ``headers`` are those request headers that the
    protocol passes on; ``delete_type`` is what a delete named.
    """

    cause: Cause
    actor: str
    time: int
    written: int
    profile: Profile
    source_ip: str = ""
    headers: Mapping[str, str] = {}
    delete_type: str = "DEFAULT"


def record(changes: Changes, types: TypeRegistry, occasion: Occasion) -> Iterator[Event]:
    """One event for each changed asset, in the order of the changes.

    One at a time: written as they come, the events of a large request need not be in memory together.
    """
    scribe = _Scribe(types, occasion, changes.owners, len(changes.assets))
    return (scribe.event(index, change) for index, change in enumerate(changes.assets, occasion.cause.first))


def operation_of(kind: Kind) -> Operation:
    """What an event about such a change is called."""
    if kind.is_delete:
        return "ENTITY_DELETE"
    return "ENTITY_CREATE" if kind is Kind.CREATE else "ENTITY_UPDATE"


class _Scribe:
    """Everything that is the same in all events of a request, encoded once."""

    def __init__(self, types: TypeRegistry, occasion: Occasion, owners: Mapping[int, Asset], count: int) -> None:
        self.types = types
        self.occasion = occasion
        self.owners = owners
        self.head = envelope_head(occasion.source_ip, max(occasion.written, occasion.time))
        headers = b',"headers":' + encode(dict(occasion.headers)) if occasion.headers else b""
        self.event_time = b',"eventTime":%d' % occasion.time
        self.tail = headers + b"}}"
        self.cause = occasion.cause.id.encode()
        self.count = count if occasion.cause.count is None else occasion.cause.count
        self.actor = encode(occasion.actor)
        self.handler = encode(occasion.profile.delete_handlers[occasion.delete_type])

    def event(self, index: int, change: AssetChange) -> Event:
        asset = change.after
        asset_type = self.types.type(asset.type_name)
        operation = operation_of(change.kind)
        details = self._mutated_details(change)
        shown = change.shown
        before, behind = header_ends(asset, shown, self._more(asset_type, change))
        attributes, filler = attributes_parts(asset_type, shown, asset.encoded, flagged_only=True)
        ending = (
            behind,
            b',"operationType":"%b"%b' % (operation.encode(), self.event_time),
            b',"mutatedDetails":' + details if details else b"",
            self.tail,
        )
        return Event(
            operation, asset.guid, asset.type_name, asset.qualified_name, self.occasion.time,
            b"".join((self.head, before, attributes)), self._detail(index, change), filler, b"".join(ending),
        )  # fmt: skip

    def _more(self, asset_type: AssetType, change: AssetChange) -> bytes:
        """Members of the entity that only some have."""
        more = b""
        if asset_type.mandatory_links:
            more += self._owner(asset_type, change.after)
        if change.kind.is_delete:
            more += b',"deleteHandler":' + self.handler
        if self.occasion.profile.internals:
            more += _internals(asset_type, change.after)
        return more

    def _owner(self, asset_type: AssetType, asset: Asset) -> bytes:
        owner = self.owners.get(asset.id)
        if owner is None:
            return b""
        return b',"relationshipAttributes":' + encode({asset_type.mandatory_links[0].name: owner_form(owner)})

    def _detail(self, index: int, change: AssetChange) -> bytes:
        before, after = told(change)
        return (
            b'{"id":"%b.%d","version":%d,"cause":"%b","causeIndex":%d,"causeCount":%d,"actor":%b,"origin":"%b",'
            b'"before":%b,"after":%b}'
        ) % (
            self.cause, index, change.after.version, self.cause, index, self.count, self.actor,
            change.origin.encode(), before, after,
        )  # fmt: skip

    def _mutated_details(self, change: AssetChange) -> bytes | None:
        profile = self.occasion.profile
        if change.kind is Kind.CREATE:
            return self._whole(change) if profile.create_details else None
        if change.kind.is_delete:
            return self._whole(change) if profile.delete_details else None
        if change.origin == "related" and not profile.related_details:
            return None
        return self._whole(change, updated=True)

    def _whole(self, change: AssetChange, updated: bool = False) -> bytes:
        """A partial entity: what is new in an update, everything otherwise."""
        asset = change.after
        asset_type = self.types.type(asset.type_name)
        parts: dict[str, Any] = {"typeName": asset.type_name}
        attributes = _new_values(asset_type, change) if updated else change.shown
        if attributes:
            parts["attributes"] = attributes
        parts |= {"guid": asset.guid, "isIncomplete": False, "provenanceType": 0}
        parts |= {"updatedBy": asset.updated_by, "updateTime": asset.updated_at, "version": 0, "proxy": False}
        if not change.kind.is_delete:
            parts |= self._link_details(asset_type, change)
        return encode(parts)

    def _link_details(self, asset_type: AssetType, change: AssetChange) -> dict[str, Any]:
        parts: dict[str, Any] = {}
        if change.replaced:
            parts["relationshipAttributes"] = {
                name: _one_or_many(asset_type, name, [_reference(one) for one in value])
                for name, value in change.replaced.items()
            }
        if change.kind is Kind.CREATE:
            parts["relationshipAttributes"] = {
                name: _one_or_many(asset_type, name, [_reference(one.name) for one in ends])
                for name, ends in change.linked.items()
            }
        elif self.occasion.profile.related_details or change.origin != "related":
            for key, links in (("added", change.linked), ("removed", change.unlinked)):
                told_links = {
                    name: _one_or_many(asset_type, name, [_reference(one.name) for one in ends])
                    for name, ends in links.items()
                    if name not in change.replaced
                }
                if told_links:
                    parts[f"{key}RelationshipAttributes"] = told_links
        return parts


def _new_values(asset_type: AssetType, change: AssetChange) -> dict[str, Any]:
    """Changed attributes as the protocol shows them: what was cleared as its type's empty value."""
    values = {
        name: _cleared(asset_type, name) if value is None else value
        for name, value in change.now.items()
        if name not in change.stamped
    }
    return {**values, STATE: STATUS_NAMES[ACTIVE]} if change.restored else values


def _cleared(asset_type: AssetType, name: str) -> Any:
    """What a cleared attribute shows: what «unset» stands for, and for strings and maps, which are absent then, nothing."""
    attribute = asset_type.attributes[name]
    if attribute.unset is None:
        if attribute.value_type.name == "string":
            return ""
        return {} if attribute.value_type.name.startswith("map<") else None
    return attribute.unset


def _reference(name: AssetName) -> dict[str, Any]:
    return {"guid": name.guid, "typeName": name.type_name}


def _one_or_many(asset_type: AssetType, name: str, values: list[Any]) -> Any:
    if asset_type.links[name].single:
        return values[0] if values else None
    return values


def _internals(asset_type: AssetType, asset: Asset) -> bytes:
    stamps = {
        "__guid": asset.guid, STATE: STATUS_NAMES[asset.status], "__typeName": asset.type_name,
        "__createdBy": asset.created_by, "__modifiedBy": asset.updated_by,
        "__timestamp": asset.created_at, "__modificationTimestamp": asset.updated_at,
    }  # fmt: skip
    return b',"docId":%b,"superTypeNames":%b,"internalAttributes":%b' % (
        encode(asset.guid),
        encode(asset_type.ancestors[1:]),
        encode(stamps),
    )


def owner_form(owner: Asset) -> dict[str, Any]:
    """The glossary of a term as events and reads show it under ``anchor``."""
    set_ones = owner.attributes
    attributes: dict[str, Any] = {
        **{key: set_ones[key] for key in ("name", "certificateStatus", "assetIcon") if key in set_ones},
        "isPartial": set_ones.get("isPartial", False),
        "starredBy": set_ones.get("starredBy", []),
        "assetDbtJobLastRun": set_ones.get("assetDbtJobLastRun", 0),
        STATE: STATUS_NAMES[owner.status],
        "__createdBy": owner.created_by,
        "__modifiedBy": owner.updated_by,
        "__timestamp": owner.created_at,
        "__modificationTimestamp": owner.updated_at,
    }
    return {
        "guid": owner.guid,
        "typeName": owner.type_name,
        "attributes": attributes,
        "uniqueAttributes": {"qualifiedName": owner.qualified_name},
    }


def told(change: AssetChange) -> tuple[bytes, bytes]:
    """``before`` and ``after`` of the ``tidings`` block: changed keys only, null for unset; links that went and came."""
    if change.kind is Kind.CREATE:
        return b"{}", _joined(change.after.encoded, _links(change.linked))
    if change.kind.is_delete:
        was = STATUS_NAMES[ACTIVE] if not change.before else change.before[STATE]
        gone = "DELETED" if change.kind is Kind.ARCHIVE else "PURGED"
        return encode({STATE: was}), encode({STATE: gone})
    before, after = change.before, change.now
    if change.restored:
        before = {**before, STATE: STATUS_NAMES[ARCHIVED]}
        after = {**after, STATE: STATUS_NAMES[ACTIVE]}
    return _joined(encode(before), _links(change.unlinked)), _joined(encode(after), _links(change.linked))


def _joined(one: bytes, other: bytes) -> bytes:
    if other == b"{}":
        return one
    return other if one == b"{}" else b"%b,%b" % (one[:-1], other[1:])


def _links(links: Mapping[str, Iterable[Neighbour]]) -> bytes:
    if not links:
        return b"{}"
    parts = [b"%b:[%b]" % (encode(name), b",".join(map(_neighbour, ends))) for name, ends in links.items() if ends]
    return b"{%b}" % b",".join(parts)


def _neighbour(one: Neighbour) -> bytes:
    more = b',"relationshipAttributes":' + one.encoded if one.encoded else b""
    return b'{"guid":"%b","typeName":"%b"%b}' % (one.name.guid.encode(), one.name.type_name.encode(), more)
