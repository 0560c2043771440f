"""What the log alone says of assets: events folded into what they tell. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from tidings.model.asset import ACTIVE, ARCHIVED, STATUS_NAMES, Asset
from tidings.model.errors import UnknownType
from tidings.model.events import LogRecord
from tidings.model.registry import LinkAttribute, TypeRegistry
from tidings.model.tag import Attachment

STATE = "__state"
CUSTOM = "businessAttributes"
TAGS = "classifications"
ATTRIBUTE = "attribute"
Complain = Callable[[str], None]


class Detail(msgspec.Struct):
    """The ``tidings`` block, as far as a replay needs it."""

    version: int
    cause: str
    before: dict[str, Any]
    after: dict[str, Any]


class Header(msgspec.Struct, rename="camel"):
    """An event's entity without its attributes."""

    guid: str
    type_name: str
    status: str
    created_by: str
    updated_by: str
    create_time: int
    update_time: int


class _Message(msgspec.Struct, rename="camel"):
    entity: Header
    operation_type: str


class _Envelope(msgspec.Struct):
    message: _Message


_detail = msgspec.json.Decoder(Detail)
_envelope = msgspec.json.Decoder(_Envelope)


def detail_of(record: LogRecord, complain: Complain) -> Detail | None:
    """The event's own block; None, and a complaint, where it cannot be read."""
    try:
        return _detail.decode(record.detail)
    except msgspec.DecodeError as error:
        complain(f"position {record.position}: the tidings block cannot be read ({error})")
        return None


def links_of(type_name: str, types: TypeRegistry) -> Mapping[str, LinkAttribute]:
    """The link attributes of a type; none for a type that is not there."""
    try:
        return types.type(type_name).links
    except UnknownType:
        return {}


class Keys:
    """Which of an event's keys tell links, by the types in force now, and for what these no longer know by its form.

    A relationship that was used, emptied and removed stays in the log.
    """

    def __init__(self, type_name: str, types: TypeRegistry) -> None:
        self._links = links_of(type_name, types)
        self._type = types.type(type_name) if type_name in types.system.entities else None

    def is_link(self, key: str, value: object) -> bool:
        """Links are always told as a list of the other ends."""
        if not isinstance(value, list):
            return False
        return key in self._links or (bool(value) and all(map(_is_end, value)) and not self._is_list(key))

    def _is_list(self, key: str) -> bool:
        """Whether an attribute might hold what looks like links."""
        attribute = self._type.attributes.get(key) if self._type else None
        return attribute is not None and attribute.value_type.name.startswith("array<")


def _is_end(value: object) -> bool:
    return isinstance(value, dict) and "guid" in value and "typeName" in value


class Replayed(msgspec.Struct):
    """One asset as its events so far tell it. ``gone``: it was purged."""

    type_name: str = ""
    qualified_name: str = ""
    status: int = ACTIVE
    version: int = 0
    created_at: int = 0
    created_by: str = ""
    updated_at: int = 0
    updated_by: str = ""
    attributes: dict[str, Any] = {}
    custom: dict[str, dict[str, Any]] = {}
    tags: set[tuple[str, str]] = set()
    """Tag and guid of the asset from which it came."""
    own: dict[str, dict[str, Any]] = {}
    """Tags of its own, as the protocol shows them."""
    gone: bool = False
    learned: set[tuple[str, ...]] | None = None
    """Where its first events were trimmed: which parts of it the events that are left have told, as far as they are not
    in each event. Of the others nothing is known."""

    def differences(self, asset: Asset, tags: Iterable[Attachment]) -> list[str]:
        """What of a stored asset, with all its tags, is not as it was told."""
        found = []
        for field in _PLAIN:
            here, told = getattr(asset, field), getattr(self, field)
            if here != told:
                found.append(f"{field} is {here!r}, but {told!r} in the log")
        found += _differing("attribute", self._told_of(asset.attributes), self.attributes)
        custom: dict[str, dict[str, Any]] = msgspec.json.decode(asset.custom or b"{}")
        if self.learned is None:
            found += _differing("custom metadata", custom, self.custom)
        else:
            parts = [path[1:] for path in self.learned if path[0] == CUSTOM]
            told = {f"{name}.{key}": self.custom.get(name, {}).get(key) for name, key in parts}
            here = {f"{name}.{key}": custom.get(name, {}).get(key) for name, key in parts}
            found += _differing("custom metadata", here, told)
        return found + self._other_tags(asset, list(tags))

    def _told_of(self, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.learned is None:
            return attributes
        return {key: value for key, value in attributes.items() if (ATTRIBUTE, key) in self.learned}

    def _other_tags(self, asset: Asset, tags: list[Attachment]) -> list[str]:
        if self.learned is not None:
            tags = [one for one in tags if (TAGS, one.tag, one.guid) in self.learned]
        stored = {(one.tag, one.guid) for one in tags}
        found = [f"it has the tag {tag} from {guid}, but not in the log" for tag, guid in sorted(stored - self.tags)]
        found += [f"it has no tag {tag} from {guid}, but in the log" for tag, guid in sorted(self.tags - stored)]
        own = {one.tag: _content(msgspec.json.decode(one.form)) for one in tags if one.guid == asset.guid}
        return found + _differing("tag", own, self.own)


_PLAIN = (
    "type_name", "qualified_name", "status", "version", "created_at", "created_by", "updated_at", "updated_by",
)  # fmt: skip


def _content(form: Mapping[str, Any]) -> dict[str, Any]:
    """A tag as it was put on; whether its source is archived is the source's own story."""
    return {key: value for key, value in form.items() if key != "entityStatus"}


def _differing(what: str, here: Mapping[str, Any], told: Mapping[str, Any]) -> list[str]:
    return [
        f"{what} {key} is {here.get(key)!r}, but {told.get(key)!r} in the log"
        for key in sorted(here.keys() | told.keys())
        if here.get(key) != told.get(key)
    ]


def replay_asset(
    records: Iterable[LogRecord], types: TypeRegistry, complain: Complain, *, trimmed: bool = False
) -> Replayed:
    """Fold all events of one asset, in order, and complain of each that does not follow from the ones before.

    Of a log that is ``trimmed`` the first events may be gone: what they told is then learned from what later ones say
    that it was before, and what none of them speaks of stays unknown.
    """
    state = Replayed()
    last: tuple[LogRecord, Detail, Header] | None = None
    for record in records:
        detail = detail_of(record, complain)
        header = _header_of(record, complain)
        if detail is not None and header is not None:
            keys = Keys(record.type_name, types)
            if last is None and trimmed and record.operation != "ENTITY_CREATE":
                state.learned, state.version = set(), detail.version - 1
            if state.learned is not None:
                _learn(state, record, detail, keys)
            if last is not None and last[1].cause != detail.cause:
                _check_status(state, last, complain)
            for fault in _faults(state, record, detail, keys):
                complain(f"position {record.position}: {record.type_name} {record.guid}: {fault}")
            _apply(state, record, detail, header, keys)
            last = record, detail, header
    if last is not None:
        _check_status(state, last, complain)
    return state


def _learn(state: Replayed, record: LogRecord, detail: Detail, keys: Keys) -> None:
    """What an event says of the time before it, where nothing was known yet of what it speaks of."""
    known = state.learned or set()
    state.learned = known
    if record.operation == "BUSINESS_ATTRIBUTE_UPDATE":
        for name, values in detail.before[CUSTOM].items():
            for key, value in values.items():
                if (path := (CUSTOM, name, key)) not in known and value is not None:
                    state.custom.setdefault(name, {})[key] = value
                known.add(path)
        return
    for one in detail.before.get(TAGS, ()):
        if (TAGS, one["typeName"], one["entityGuid"]) not in known:
            state.tags.add((one["typeName"], one["entityGuid"]))
            if one["entityGuid"] == record.guid:
                state.own[one["typeName"]] = _content(one)
    known |= {
        (TAGS, one["typeName"], one["entityGuid"])
        for one in (*detail.before.get(TAGS, ()), *detail.after.get(TAGS, ()))
    }
    for key in (detail.before | detail.after).keys() - {TAGS}:
        before = detail.before.get(key)
        if (ATTRIBUTE, key) in known or keys.is_link(key, before) or keys.is_link(key, detail.after.get(key)):
            continue
        known.add((ATTRIBUTE, key))
        if key == STATE:
            state.status = ACTIVE if before == STATUS_NAMES[ACTIVE] else ARCHIVED
        elif before is not None:
            state.attributes[key] = before


def _check_status(state: Replayed, last: tuple[LogRecord, Detail, Header], complain: Complain) -> None:
    """All events of a request show the asset as the request leaves it, so that only the last can be held against it."""
    record, _, header = last
    if state.learned is not None and (ATTRIBUTE, STATE) not in state.learned:
        state.learned.add((ATTRIBUTE, STATE))
        state.status = ACTIVE if header.status == STATUS_NAMES[ACTIVE] else ARCHIVED
    if STATUS_NAMES[state.status] != header.status:
        complain(f"position {record.position}: the entity is {header.status}, its history says otherwise")


def _header_of(record: LogRecord, complain: Complain) -> Header | None:
    try:
        message = _envelope.decode(record.message).message
    except msgspec.DecodeError as error:
        complain(f"position {record.position}: the message cannot be read ({error})")
        return None
    entity = message.entity
    if (message.operation_type, entity.guid, entity.type_name) != (record.operation, record.guid, record.type_name):
        complain(f"position {record.position}: the message is about another event than its place in the log says")
    return entity


def _faults(state: Replayed, record: LogRecord, detail: Detail, keys: Keys) -> list[str]:
    """What about an event does not fit the state before it."""
    faults = []
    if detail.version != state.version + 1:
        faults.append(f"version {detail.version} comes after {state.version}")
    if (record.operation == "ENTITY_CREATE") != (state.version == 0):
        faults.append("an asset's first event, and no other, is its creation")
    if state.gone:
        faults.append("something happens to it after it was purged")
    if record.operation == "BUSINESS_ATTRIBUTE_UPDATE":
        return faults + _custom_faults(state, detail)
    if TAGS in detail.before or TAGS in detail.after:
        faults += _tag_faults(state, record, detail)
    for key, value in detail.before.items():
        if key == TAGS:
            continue
        was = STATUS_NAMES[state.status] if key == STATE else state.attributes.get(key)
        if was != value and not keys.is_link(key, value):
            faults.append(f"{key} was {was!r}, not {value!r}")
    return faults


def _custom_faults(state: Replayed, detail: Detail) -> list[str]:
    return [
        f"custom metadata {name}.{key} was {was!r}, not {value!r}"
        for name, values in detail.before[CUSTOM].items()
        for key, value in values.items()
        if (was := state.custom.get(name, {}).get(key)) != value
    ]


def _tag_faults(state: Replayed, record: LogRecord, detail: Detail) -> list[str]:
    came = {(one["typeName"], one["entityGuid"]) for one in detail.after.get(TAGS, ())}
    went = {(one["typeName"], one["entityGuid"]) for one in detail.before.get(TAGS, ())}
    faults = [f"it loses the tag {tag} from {guid} that it does not have" for tag, guid in sorted(went - state.tags)]
    if record.operation != "ENTITY_UPDATE":
        faults += [f"it gains the tag {tag} from {guid} that it has" for tag, guid in sorted(came & state.tags)]
    faults += [
        f"its tag {one['typeName']} was {state.own.get(one['typeName'])!r}, not {_content(one)!r}"
        for one in detail.before.get(TAGS, ())
        if one["entityGuid"] == record.guid and state.own.get(one["typeName"]) != _content(one)
    ]
    return faults


def _apply_custom(state: Replayed, detail: Detail) -> None:
    for name, values in detail.after[CUSTOM].items():
        known = state.custom.setdefault(name, {})
        for key, value in values.items():
            if value is None:
                known.pop(key, None)
            else:
                known[key] = value
        if not known:
            del state.custom[name]


def _apply_tags(state: Replayed, record: LogRecord, detail: Detail) -> None:
    for one in detail.before.get(TAGS, ()):
        state.tags.discard((one["typeName"], one["entityGuid"]))
        if one["entityGuid"] == record.guid:
            state.own.pop(one["typeName"], None)
    for one in detail.after.get(TAGS, ()):
        state.tags.add((one["typeName"], one["entityGuid"]))
        if one["entityGuid"] == record.guid:
            state.own[one["typeName"]] = _content(one)


def _apply(state: Replayed, record: LogRecord, detail: Detail, header: Header, keys: Keys) -> None:
    state.type_name, state.qualified_name = record.type_name, record.qualified_name
    state.version = detail.version
    state.created_at, state.created_by = header.create_time, header.created_by
    state.updated_at, state.updated_by = header.update_time, header.updated_by
    if record.operation == "BUSINESS_ATTRIBUTE_UPDATE":
        _apply_custom(state, detail)
        return
    _apply_tags(state, record, detail)
    for key, value in detail.after.items():
        if key == TAGS:
            continue
        if key == STATE:
            state.gone = value == "PURGED"
            state.status = ACTIVE if value == STATUS_NAMES[ACTIVE] else ARCHIVED
        elif not keys.is_link(key, value):
            if value is None:
                state.attributes.pop(key, None)
            else:
                state.attributes[key] = value
