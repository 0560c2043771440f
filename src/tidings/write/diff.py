"""Stored x wanted -> changes. Exact: what does not differ is not written and not said. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tidings.model.asset import ACTIVE, Asset
from tidings.model.changes import AssetChange, Changes, Kind, Origin
from tidings.model.errors import MissingAttribute, Problem, TooLarge
from tidings.model.events import encode
from tidings.model.registry import AssetType, TypeRegistry
from tidings.model.tag import Attachment
from tidings.write.check_custom import Custom, applied, check_applicable, merged
from tidings.write.commands import CustomMode
from tidings.write.links import LinkDelta, Told
from tidings.write.order import in_order, parents_first
from tidings.write.tags import TagDelta
from tidings.write.wishes import Wish

MOST_BYTES = 4 * 1024 * 1024
"""JSON of one asset's attributes: every event about it holds them."""
_UNTOLD = Told()


class Stamp(msgspec.Struct, frozen=True):
    """Who acts, and when (ms)."""

    actor: str
    now: int


class Labels(msgspec.Struct, frozen=True):
    """What a save means for labels of assets: what becomes of their own tags, by internal id, and how its custom
    metadata is meant; ``updates``: whether a change of it is told by an update of the asset too."""

    tags: Mapping[int, TagDelta] = {}
    custom: CustomMode = "keep"
    updates: bool = False


def diff(
    wishes: list[Wish], delta: LinkDelta, labels: Labels, related: Iterable[Asset], types: TypeRegistry, stamp: Stamp
) -> Changes:
    """Changes of a save: created assets, parents first; then what else changed, in the order of the request; then assets
    that only a link reaches (``related``, the stored rows of everybody in ``delta.told`` whom the request did not send).

    Raises MissingAttribute where an owned asset would be created without its owner, or a mandatory attribute cleared;
    InvalidCustomMetadata where an asset may not have what it is given.
    """
    created: list[AssetChange] = []
    updated: list[AssetChange] = []
    more: list[AssetChange] = []
    for wish in wishes:
        told = delta.told.get(wish.name.id, _UNTOLD)
        if wish.stored is None:
            change = _create(wish, told, stamp)
            created.append(change)
            if wish.draft.custom or wish.name.id in labels.tags:
                more += _labelled(wish, change.after, {}, labels, types)
        else:
            more += _updates(wish, wish.stored, told, labels, types, stamp, updated)
    _check_owners(wishes, delta)
    touched = [touch(asset, delta.told[asset.id], stamp) for asset in related]
    if len(touched) > 1:
        order = {own: place for place, own in enumerate(delta.told)}
        touched.sort(key=lambda change: order[change.after.id])
    return Changes(
        in_order([*parents_first(created, delta.added.values(), types), *updated, *touched, *more]),
        list(delta.added.values()),
        list(delta.removed.values()),
        list(delta.changed.values()),
    )


def _create(wish: Wish, told: Told, stamp: Stamp) -> AssetChange:
    attributes, encoded = _whole(wish, stamp)
    name = wish.name
    asset = Asset(
        name.id, name.guid, name.type_name, name.qualified_name, ACTIVE, 1, stamp.now, stamp.actor, stamp.now,
        stamp.actor, encoded, None, connection_of(attributes),
    )  # fmt: skip
    return AssetChange(Kind.CREATE, "direct", asset, attributes, linked=told.linked)


def _whole(wish: Wish, stamp: Stamp) -> tuple[dict[str, Any], bytes]:
    """All attributes of a new asset, and their JSON."""
    settled = wish.draft.settled
    if settled is None:
        attributes = {key: value for key, value in wish.draft.attributes.items() if value is not None}
    else:
        attributes = settled.attributes
    if stamps := _stamps(wish.type, attributes, stamp):
        attributes = {**attributes, **stamps}
    if settled is None or stamps:
        return attributes, _bounded(wish, encode(attributes))
    return attributes, _bounded(wish, settled.encoded)


def _bounded(wish: Wish, encoded: bytes) -> bytes:
    if len(encoded) > MOST_BYTES:
        raise TooLarge(
            f"{wish.draft.label}: its attributes take {len(encoded):,} bytes; one asset may hold {MOST_BYTES:,}",
            [Problem(wish.draft.location, "too large")],
        )
    return encoded


def _stamps(asset_type: AssetType, changed: Mapping[str, Any], stamp: Stamp) -> dict[str, Any]:
    """What the server sets by itself because something else changed: who set a certificate, and when."""
    stamps: dict[str, Any] = {}
    if not asset_type.stamps.keys().isdisjoint(changed.keys()):  # two views: the shorter one is gone through
        for key, parts in asset_type.stamps.items():
            if key in changed:
                stamps |= dict.fromkeys(parts.get("user", ()), stamp.actor)
                stamps |= dict.fromkeys(parts.get("timestamp", ()), stamp.now)
    return stamps


def connection_of(attributes: Mapping[str, Any]) -> str | None:
    """The connection that an asset names; None where its qualifiedName says so anyway."""
    named = attributes.get("connectionQualifiedName")
    own = attributes["qualifiedName"]
    return None if not named or own == named or own.startswith(f"{named}/") else str(named)


def _updates(
    wish: Wish,
    stored: Asset,
    told: Told,
    labels: Labels,
    types: TypeRegistry,
    stamp: Stamp,
    updated: list[AssetChange],
) -> list[AssetChange]:
    """Adds the update of a stored asset, if there is one, to ``updated``; returns what there is to say of its labels."""
    tags = labels.tags.get(wish.name.id)
    change = _update(wish, stored, told, stamp, tags)
    if change is not None:
        updated.append(change)
    wanted = labels.custom != "keep" and wish.draft.custom is not None
    if not (wanted or tags):
        return []
    after = (
        change.after if change else next_version(stored, stamp, stored.qualified_name, stored.encoded, wish.name.status)
    )
    kept: Custom = msgspec.json.decode(stored.custom) if wanted and stored.custom else {}
    found = _labelled(wish, after, kept, labels, types)
    if labels.updates and change is None and any(one.kind is Kind.CUSTOM for one in found):
        updated.append(AssetChange(Kind.UPDATE, "direct", msgspec.structs.replace(after), None))
    return found


def _labelled(wish: Wish, after: Asset, stored: Custom, labels: Labels, types: TypeRegistry) -> list[AssetChange]:
    """What there is to say of an asset's custom metadata and of its own tags."""
    found: list[AssetChange] = []
    if wish.draft.custom is not None and (labels.custom != "keep" or wish.stored is None):
        before, now = merged(stored, wish.draft.custom, types, overwrite=labels.custom == "overwrite")
        if now:
            check_applicable(wish.type, after, after.attributes, now, types, wish.draft.label)
            whole = applied(stored, now)
            after.custom = encode(whole) if whole else None
            found.append(_also(Kind.CUSTOM, after, before, now))
    tags = labels.tags.get(wish.name.id) or TagDelta()
    for kind, some in ((Kind.UNTAG, (*tags.detached, *tags.released)), (Kind.TAG, tags.attached)):
        by_tag: dict[str, tuple[Attachment, ...]] = {}
        for one in some:
            by_tag[one.tag] = (*by_tag.get(one.tag, ()), one)
        found += [
            AssetChange(kind, "direct", msgspec.structs.replace(after), None, tags=some) for some in by_tag.values()
        ]
    return found


def _also(kind: Kind, after: Asset, before: Custom, now: Custom) -> AssetChange:
    return AssetChange(kind, "direct", msgspec.structs.replace(after), None, dict(before), dict(now))


def _update(wish: Wish, stored: Asset, told: Told, stamp: Stamp, tags: TagDelta | None) -> AssetChange | None:
    settled = wish.draft.settled
    before: dict[str, Any]
    now: dict[str, Any]
    if settled is not None and settled.encoded == stored.encoded:
        attributes, before, now = settled.attributes, {}, {}  # sent again as it is: most of what crawlers send
    else:
        attributes = stored.attributes
        before, now = changed_attributes(wish.type, attributes, wish.draft.attributes)
    retagged = tuple(tags.changed) if tags else ()
    if not (now or told.linked or told.unlinked or wish.restores or retagged):
        return None
    _check_cleared(wish, now)
    stamps = {key: value for key, value in _stamps(wish.type, now, stamp).items() if attributes.get(key) != value}
    before |= {key: attributes.get(key) for key in stamps}
    now |= stamps
    after = {key: value for key, value in {**attributes, **now}.items() if value is not None}
    asset = next_version(
        stored,
        stamp,
        after["qualifiedName"],
        _bounded(wish, encode(after)) if now else stored.encoded,
        wish.name.status,
    )
    if now:
        asset.connection = connection_of(after)
    return AssetChange(
        Kind.UPDATE,
        _origin(wish, told, spoken=bool(now or retagged)),
        asset,
        after,
        before,
        now,
        frozenset(stamps),
        told.linked,
        told.unlinked,
        {
            links.link.name: [end.name for end in links.replace]
            for links in wish.links
            if links.replace is not None and (links.link.name in told.linked or links.link.name in told.unlinked)
        },
        wish.restores,
        retagged=retagged,
    )


def _origin(wish: Wish, told: Told, *, spoken: bool) -> Origin:
    """Where an update comes from; ``spoken``: more than links changed."""
    if wish.restores:
        return "restore"
    if wish.follows:
        return "cascade"
    return "direct" if spoken or _spoke(wish, told) else "related"


def _spoke(wish: Wish, told: Told) -> bool:
    """Whether what changed about the asset's links is what its own part of the request asked for."""
    return any(links.link.name in told.linked or links.link.name in told.unlinked for links in wish.links)


def changed_attributes(
    asset_type: AssetType, stored: Mapping[str, Any], wanted: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What of ``wanted`` differs from ``stored``: old and new values by key, None for unset. Keys not wanted are kept."""
    before: dict[str, Any] = {}
    now: dict[str, Any] = {}
    for key, value in wanted.items():
        old = stored.get(key)
        if old is value or old == value:
            continue
        if asset_type.attributes[key].value_type.same(old, value):
            continue
        before[key], now[key] = old, value
    return before, now


def next_version(stored: Asset, stamp: Stamp, qualified_name: str, encoded: bytes, status: int) -> Asset:
    """The asset after one more event."""
    return Asset(
        stored.id, stored.guid, stored.type_name, qualified_name, status, stored.version + 1, stored.created_at,
        stored.created_by, stamp.now, stamp.actor, encoded, stored.custom, stored.connection,
    )  # fmt: skip


def touch(stored: Asset, told: Told, stamp: Stamp) -> AssetChange:
    """The change of an asset that only its links tell."""
    after = next_version(stored, stamp, stored.qualified_name, stored.encoded, stored.status)
    return AssetChange(Kind.UPDATE, "related", after, None, linked=told.linked, unlinked=told.unlinked)


def _check_cleared(wish: Wish, now: Mapping[str, Any]) -> None:
    for name in wish.type.mandatory_attributes:
        if name in now and now[name] is None:
            message = f"{wish.draft.label}: {name} cannot be cleared, a {wish.type.name} needs it"
            raise MissingAttribute(message, [Problem(f"{wish.draft.location}.attributes.{name}", "missing")])


def _check_owners(wishes: Iterable[Wish], delta: LinkDelta) -> None:
    created = [wish for wish in wishes if wish.stored is None and wish.type.mandatory_links]
    # Looked for among the links themselves: whoever an archived owner gives to is not told, but has an owner.
    owned = {(link.relationship, link.end2) for link in delta.added.values()} if created else set()
    for wish in created:
        for link in wish.type.mandatory_links:
            if (link.relationship.name, wish.name.id) not in owned:
                message = f"{wish.draft.label}: a {wish.type.name} needs {link.name}, its {link.far.type_name}"
                raise MissingAttribute(message, [Problem(f"{wish.draft.location}.attributes.{link.name}", "missing")])
