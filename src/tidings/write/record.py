"""Changes -> events: what we shall say happened. Pure; bytes are built once and stored as they are.

Order and counts are those of the event contract (docs/reference/events.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tidings.model.asset import ACTIVE, ARCHIVED, STATES, STATUS_NAMES, Asset, AssetName
from tidings.model.changes import AssetChange, Changes, Kind, Neighbour
from tidings.model.entity_form import attributes_parts, header_end, header_start
from tidings.model.events import Event, encode, envelope_head
from tidings.model.profiles import Profile
from tidings.model.registry import AssetType, TypeRegistry
from tidings.model.tag import Attachment

_MOST_KEPT = 10_000
STATE = "__state"
"""The key under which a change of status is told."""
CUSTOM = "businessAttributes"
"""The key under which changes of custom metadata are told, by set and attribute."""
TAGS = "classifications"
"""The key under which tags are told, as the protocol's objects."""


class Cause(msgspec.Struct, frozen=True):
    """The request that started it all, where it takes several transactions.

    ``first`` is the index of the first event that is recorded now; ``after`` how many will come behind those recorded
    now, None where that is not known yet.
    """

    id: str
    first: int = 1
    after: int | None = 0


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
    at_once: int = 100_000
    """Tags that may come and go in one transaction."""


def record(changes: Changes, types: TypeRegistry, occasion: Occasion) -> Iterator[Event]:
    """One event for each change, in their order.

    One at a time: written as they come, the events of a large request need not be in memory together.
    """
    scribe = _Scribe(types, occasion, changes, len(changes.assets))
    return (scribe.event(index, change) for index, change in enumerate(changes.assets, occasion.cause.first))


class _Look(msgspec.Struct, frozen=True):
    """What the events of one type have in common: how they open, and whether they show an owner."""

    type: AssetType
    opening: bytes
    owned: bool


class _Scribe:
    """Everything that is the same in all events of a request, encoded once."""

    def __init__(self, types: TypeRegistry, occasion: Occasion, changes: Changes, count: int) -> None:
        self.types = types
        self.occasion = occasion
        self.owners = changes.owners
        self.tags = changes.tags
        self.arrays: dict[object, bytes] = {}
        self.members: dict[object, bytes] = {}
        self.names: dict[object, bytes] = {}
        self.looks: dict[str, _Look] = {}
        self.head = envelope_head(occasion.source_ip, max(occasion.written, occasion.time))
        headers = b',"headers":' + encode(dict(occasion.headers)) if occasion.headers else b""
        self.event_time = b',"eventTime":%d' % occasion.time
        self.tail = headers + b"}}"
        self.cause = occasion.cause.id.encode()
        cause = occasion.cause
        self.count = encode(None if cause.after is None else cause.first - 1 + count + cause.after)
        self.actor = encode(occasion.actor)
        self.handler = encode(occasion.profile.delete_handlers[occasion.delete_type])

    def event(self, index: int, change: AssetChange) -> Event:
        asset = change.after
        look = self.looks.get(asset.type_name) or self._look(asset.type_name)
        shown = change.shown
        attributes, filler = attributes_parts(look.type, shown, asset.encoded, flagged_only=True)
        operation = change.kind.operation
        details = self._mutated_details(change)
        ending = b'%b,"operationType":"%b"%b%b%b%b' % (
            header_end(asset, shown, self._more(look, change)), operation.encode(), self.event_time,
            b',"mutatedDetails":' if details else b"", details, self.tail,
        )  # fmt: skip
        return Event(
            operation, asset.guid, asset.type_name, asset.qualified_name, self.occasion.time,
            look.opening + attributes, self._detail(index, change), filler, ending,
        )  # fmt: skip

    def _look(self, type_name: str) -> _Look:
        asset_type = self.types.type(type_name)
        opening = self.head + header_start(type_name)
        look = self.looks[type_name] = _Look(asset_type, opening, bool(asset_type.mandatory_links))
        return look

    def _more(self, look: _Look, change: AssetChange) -> bytes:
        """Members of the entity that only some have."""
        more = self._tags(change.after.id) if self.tags else b""
        if look.owned:
            more += self._owner(look.type, change.after)
        if change.kind.is_delete:
            more += b',"deleteHandler":' + self.handler
        if self.occasion.profile.internals:
            more += _internals(look.type, change.after)
        return more

    def _tags(self, asset: int) -> bytes:
        tags = self.tags.get(asset)
        if not tags:
            return b""
        key = _key(tags)
        known = self.members.get(key)
        if known is None:
            names = encode(list(dict.fromkeys(one.tag for one in tags)))
            known = b',"classificationNames":%b,"classifications":%b' % (names, self._array(tags))
            _keep(self.members, key, known)
        return known

    def _array(self, tags: Sequence[Attachment]) -> bytes:
        """Tags as the protocol shows them."""
        key = _key(tags)
        known = self.arrays.get(key)
        if known is None:
            known = b"[%b]" % b",".join([one.form for one in tags])
            _keep(self.arrays, key, known)
        return known

    def _owner(self, asset_type: AssetType, asset: Asset) -> bytes:
        owner = self.owners.get(asset.id)
        if owner is None:
            return b""
        return b',"relationshipAttributes":' + encode({asset_type.mandatory_links[0].name: owner_form(owner)})

    def _detail(self, index: int, change: AssetChange) -> bytes:
        if change.kind.is_tagging:
            before, after = self._retold(change)
        else:
            before, after = told(change)
        labelled = self.tags or change.tags or change.retagged or change.kind is Kind.CUSTOM
        return (
            b'{"id":"%b.%d","version":%d,"cause":"%b","causeIndex":%d,"causeCount":%b,"actor":%b,"origin":"%b",'
            b'"before":%b,"after":%b%b}'
        ) % (
            self.cause, index, change.after.version, self.cause, index, self.count, self.actor,
            change.origin.encode(), before, after, self._names(change) if labelled else b"",
        )  # fmt: skip

    def _retold(self, change: AssetChange) -> tuple[bytes, bytes]:
        tags = b'{"%b":%b}' % (TAGS.encode(), self._array(change.tags))
        return (b"{}", tags) if change.kind is Kind.TAG else (tags, b"{}")

    def _names(self, change: AssetChange) -> bytes:
        """Readable names of the ids that the event shows: tags, custom metadata sets and their attributes."""
        tags = [*self.tags.get(change.after.id, ()), *change.tags, *(new for _, new in change.retagged)]
        custom = change.now if change.kind is Kind.CUSTOM else {}
        if custom:
            return b',"names":' + encode(self._tag_names(tags) | _custom_names(custom, self.types))
        if not tags:
            return b""
        key = _key(tags)
        known = self.names.get(key)
        if known is None:
            known = b',"names":' + encode(self._tag_names(tags))
            _keep(self.names, key, known)
        return known

    def _tag_names(self, tags: Iterable[Attachment]) -> dict[str, str]:
        known = self.types.system.tags
        names: dict[str, str] = {}
        for definition in {one.tag: known[one.tag] for one in tags if one.tag in known}.values():
            names |= {definition.name: definition.display_name, **definition.labels}
        return names

    def _mutated_details(self, change: AssetChange) -> bytes:
        """Empty where there are none."""
        profile = self.occasion.profile
        if change.kind is Kind.CREATE:
            return self._whole(change) if profile.create_details else b""
        if change.kind is Kind.CUSTOM:
            return encode(change.now)
        if change.kind.is_tagging:
            # Whoever takes a tag off hears of it as it was.
            return self._array(change.tags)
        if change.kind.is_delete:
            return self._whole(change) if profile.delete_details else b""
        if change.is_bare or (change.origin == "related" and not profile.related_details):
            return b""
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
        if change.retagged:
            parts["classifications"] = [msgspec.Raw(new.form) for _, new in change.retagged]
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


def _key(tags: Sequence[Attachment]) -> object:
    """By what is said of these tags is kept: those of one that spreads are shown by many events."""
    return tags[0].id if len(tags) == 1 else tuple([one.id for one in tags])


def _keep(kept: dict[object, bytes], key: object, value: bytes) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    kept[key] = value


def _custom_names(values: Mapping[str, Mapping[str, Any]], types: TypeRegistry) -> dict[str, str]:
    names = {}
    for name, attributes in values.items():
        if (definition := types.system.custom_sets.get(name)) is not None:
            names[name] = definition.display_name
            known = definition.attributes
            names |= {key: known[key].display_name for key in attributes if key in known}
    return names


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
    """``before`` and ``after`` of the ``tidings`` block: changed keys only, null for unset; links that went and came.

    Tags that come and go are told by the scribe.
    """
    if change.kind is Kind.CREATE:
        return b"{}", _joined(change.after.encoded, change.linked)
    if change.kind.is_delete:
        return _STATES[change.before.get(STATE, STATUS_NAMES[ACTIVE])], _STATES[_GONE[change.kind]]
    if change.kind is Kind.CUSTOM:
        return encode({CUSTOM: change.before}), encode({CUSTOM: change.now})
    before, after = change.before, change.now
    if change.retagged:
        before = {**before, TAGS: [msgspec.Raw(old.form) for old, _ in change.retagged]}
        after = {**after, TAGS: [msgspec.Raw(new.form) for _, new in change.retagged]}
    if change.restored:
        before = {**before, STATE: STATUS_NAMES[ARCHIVED]}
        after = {**after, STATE: STATUS_NAMES[ACTIVE]}
    return _joined(encode(before), change.unlinked), _joined(encode(after), change.linked)


_GONE = {Kind.ARCHIVE: "DELETED", Kind.PURGE: "PURGED"}
_STATES = {state: encode({STATE: state}) for state in STATES}


def _joined(values: bytes, links: Mapping[str, Iterable[Neighbour]]) -> bytes:
    """One JSON object of values and of links by their attribute."""
    if not links:
        return values
    parts = [b"%b:[%b]" % (encode(name), b",".join(map(_neighbour, ends))) for name, ends in links.items() if ends]
    if not parts:
        return values
    first = b"{" if values == b"{}" else values[:-1] + b","
    return b"%b%b}" % (first, b",".join(parts))


def _neighbour(one: Neighbour) -> bytes:
    more = b',"relationshipAttributes":' + one.encoded if one.encoded else b""
    return b'{"guid":"%b","typeName":"%b"%b}' % (one.name.guid.encode(), one.name.type_name.encode(), more)
