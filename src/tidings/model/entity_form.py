"""How an asset looks on the wire: unset values filled in, flagged attributes picked, header keys around them.

The rule for events is one for all six types (the protocol's events reference, «entity»): attributes that are set and
flagged, and what unset numbers, booleans and arrays stand for; unset strings are absent. Since assets of one crawl set
the same keys, what has to be added for a set of keys is worked out once and kept with the type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tidings.model.asset import STATUS_NAMES, Asset
from tidings.model.events import encode
from tidings.model.registry import AssetType

_SHAPES_KEPT = 2_000


class Shape(msgspec.Struct, frozen=True):
    """What a set of keys needs. ``inline`` is ready JSON to follow it (``,"a":0``), and ``filler`` ends the object.

    The filler is the same bytes for nearly all assets of a type: unset attributes that none of them was seen to set. It
    is most of an event, so the store keeps it once. ``hidden`` are keys to leave out; ``hidden_last``: they stand behind
    all others, as drafts put them, so that leaving them out is cutting the JSON.
    """

    inline: bytes
    filler: bytes
    hidden: tuple[str, ...]
    hidden_last: bool


class _Common(msgspec.Struct, frozen=True):
    """The filler of a type, and the attributes that are not in it, since some asset was seen to set them."""

    seen: frozenset[str]
    filler: bytes


def shape(asset_type: AssetType, keys: tuple[str, ...], flagged_only: bool) -> Shape:
    """The shape of assets of this type that have exactly these attributes set."""
    shapes: dict[tuple[str, ...], Shape] = asset_type.memo.setdefault(("shapes", flagged_only), {})
    known = shapes.get(keys)
    if known is None:
        if len(shapes) >= _SHAPES_KEPT:
            shapes.clear()
        known = _work_out(asset_type, keys, flagged_only, shapes)
        shapes[keys] = known
    return known


def _work_out(
    asset_type: AssetType, keys: tuple[str, ...], flagged_only: bool, shapes: dict[tuple[str, ...], Shape]
) -> Shape:
    shown = {name: one for name, one in asset_type.attributes.items() if one.definition.flagged or not flagged_only}
    unset = {name: one.unset for name, one in shown.items() if one.unset is not None}
    common = _common(asset_type, unset, frozenset(keys), flagged_only, shapes)
    inline = {name: value for name, value in unset.items() if name in common.seen and name not in keys}
    hidden = tuple(key for key in keys if key not in shown)
    hidden_last = 0 < len(hidden) < len(keys) and keys[-len(hidden) :] == hidden
    return Shape(_members(inline), common.filler, hidden, hidden_last)


def _common(
    asset_type: AssetType,
    unset: Mapping[str, Any],
    keys: frozenset[str],
    flagged_only: bool,
    shapes: dict[tuple[str, ...], Shape],
) -> _Common:
    """The filler in force; an attribute that is set for the first time leaves it, and shapes begin anew.

    Every shape keeps the filler that it was worked out with, so that its parts always fit together.
    """
    key = ("common", flagged_only)
    known: _Common | None = asset_type.memo.get(key)
    if known is None or not keys & unset.keys() <= known.seen:
        seen = (known.seen if known else frozenset()) | (keys & unset.keys())
        rest = {name: value for name, value in unset.items() if name not in seen}
        known = asset_type.memo[key] = _Common(seen, _members(rest) + b"}")
        shapes.clear()
    return known


def _members(values: Mapping[str, Any]) -> bytes:
    return b"," + encode(values)[1:-1] if values else b""


def attributes_parts(
    asset_type: AssetType, attributes: Mapping[str, Any], encoded: bytes, flagged_only: bool
) -> tuple[bytes, bytes]:
    """The JSON object of attributes, those set and what the unset ones stand for: its beginning, and the filler.

    ``encoded`` is the JSON of ``attributes``; it is used as it is, or cut, where that is possible.
    """
    kept = shape(asset_type, tuple(attributes), flagged_only)
    if kept.hidden_last:
        tail = encode({key: attributes[key] for key in kept.hidden})
        return encoded[: -len(tail)] + kept.inline, kept.filler
    if kept.hidden:
        encoded = encode({name: value for name, value in attributes.items() if name not in kept.hidden})
    if encoded == b"{}":
        return b"{" + (kept.inline + kept.filler).removeprefix(b","), b""
    return encoded[:-1] + kept.inline, kept.filler


def attributes_form(asset_type: AssetType, attributes: Mapping[str, Any], encoded: bytes, flagged_only: bool) -> bytes:
    """The same in one piece."""
    return b"".join(attributes_parts(asset_type, attributes, encoded, flagged_only))


def header_start(type_name: str) -> bytes:
    """What stands before the attributes of an entity."""
    return b'{"typeName":%b,"attributes":' % encode(type_name)


def header_end(asset: Asset, attributes: Mapping[str, Any], more: bytes) -> bytes:
    """What stands behind the attributes of an entity: its other header keys; ``more`` are further members.

    It is called by its name, or else by its qualifiedName.
    """
    return (
        b',"guid":"%b","status":"%b","displayText":%b,"isIncomplete":false,"createdBy":%b,"updatedBy":%b,'
        b'"createTime":%d,"updateTime":%d%b}'
    ) % (
        asset.guid.encode(), _STATUS[asset.status], encode(attributes.get("name", asset.qualified_name)),
        encode(asset.created_by), encode(asset.updated_by), asset.created_at, asset.updated_at, more,
    )  # fmt: skip


def header(asset: Asset, attributes: Mapping[str, Any], body: bytes, more: bytes = b"") -> bytes:
    """A whole entity around ``body``, the JSON of its attributes."""
    return b"".join((header_start(asset.type_name), body, header_end(asset, attributes, more)))


_STATUS = tuple(name.encode() for name in STATUS_NAMES)
