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
    """What a set of keys needs: ``filled`` is ready JSON (``,"a":0,"b":[]``), ``hidden`` are keys to leave out.

    ``hidden_last``: they stand behind all others, as drafts put them, so that leaving them out is cutting the JSON.
    """

    filled: bytes
    hidden: tuple[str, ...]
    hidden_last: bool


def shape(asset_type: AssetType, keys: tuple[str, ...], flagged_only: bool) -> Shape:
    """The shape of assets of this type that have exactly these attributes set."""
    shapes: dict[tuple[str, ...], Shape] = asset_type.memo.setdefault(("shapes", flagged_only), {})
    known = shapes.get(keys)
    if known is None:
        if len(shapes) >= _SHAPES_KEPT:
            shapes.clear()
        known = shapes[keys] = _work_out(asset_type, keys, flagged_only)
    return known


def _work_out(asset_type: AssetType, keys: tuple[str, ...], flagged_only: bool) -> Shape:
    shown = {name: one for name, one in asset_type.attributes.items() if one.definition.flagged or not flagged_only}
    filled = {name: one.unset for name, one in shown.items() if name not in keys and one.unset is not None}
    hidden = tuple(key for key in keys if key not in shown)
    hidden_last = 0 < len(hidden) < len(keys) and keys[-len(hidden) :] == hidden
    return Shape(b"," + encode(filled)[1:-1] if filled else b"", hidden, hidden_last)


def attributes_form(asset_type: AssetType, attributes: Mapping[str, Any], encoded: bytes, flagged_only: bool) -> bytes:
    """The JSON object of attributes: those set, and what the unset ones stand for.

    ``encoded`` is the JSON of ``attributes``; it is used as it is where nothing has to be left out.
    """
    kept = shape(asset_type, tuple(attributes), flagged_only)
    if kept.hidden_last:
        tail = encode({key: attributes[key] for key in kept.hidden})
        return b"%b%b}" % (encoded[: -len(tail)], kept.filled)
    if kept.hidden:
        encoded = encode({name: value for name, value in attributes.items() if name not in kept.hidden})
    if encoded == b"{}":
        return b"{%b}" % kept.filled[1:]
    return b"%b%b}" % (encoded[:-1], kept.filled)


def display_text(asset: Asset, attributes: Mapping[str, Any]) -> bytes:
    """JSON of what an asset is called: its name, else its qualifiedName."""
    return encode(attributes.get("name") or asset.qualified_name)


def header(asset: Asset, attributes: Mapping[str, Any], body: bytes, more: bytes = b"") -> bytes:
    """An entity with its header keys around ``body``, the JSON of its attributes; ``more`` are further members."""
    return (
        b'{"typeName":%b,"attributes":%b,"guid":"%b","status":"%b","displayText":%b,"isIncomplete":false,'
        b'"createdBy":%b,"updatedBy":%b,"createTime":%d,"updateTime":%d%b}'
    ) % (
        encode(asset.type_name),
        body,
        asset.guid.encode(),
        STATUS_NAMES[asset.status].encode(),
        display_text(asset, attributes),
        encode(asset.created_by),
        encode(asset.updated_by),
        asset.created_at,
        asset.updated_at,
        more,
    )
