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
    """What a set of keys needs: ``filled`` is ready JSON (``,"a":0,"b":[]``), ``closing`` the same with the object's end.

    ``hidden`` are keys to leave out.
    ``hidden_last``: they stand behind all others, as drafts put them, so that leaving them out is cutting the JSON.
    """

    filled: bytes
    closing: bytes
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
    ready = b"," + encode(filled)[1:-1] if filled else b""
    return Shape(ready, ready + b"}", hidden, hidden_last)


def attributes_parts(
    asset_type: AssetType, attributes: Mapping[str, Any], encoded: bytes, flagged_only: bool
) -> tuple[bytes, bytes]:
    """The JSON object of attributes, those set and what the unset ones stand for, in two parts to be joined.

    ``encoded`` is the JSON of ``attributes``; it is used as it is, or cut, where that is possible.
    """
    kept = shape(asset_type, tuple(attributes), flagged_only)
    if kept.hidden_last:
        tail = encode({key: attributes[key] for key in kept.hidden})
        return encoded[: -len(tail)], kept.closing
    if kept.hidden:
        encoded = encode({name: value for name, value in attributes.items() if name not in kept.hidden})
    if encoded == b"{}":
        return b"{", kept.closing[1:] if kept.filled else b"}"
    return encoded[:-1], kept.closing


def attributes_form(asset_type: AssetType, attributes: Mapping[str, Any], encoded: bytes, flagged_only: bool) -> bytes:
    """The same in one piece."""
    return b"".join(attributes_parts(asset_type, attributes, encoded, flagged_only))


def display_text(asset: Asset, attributes: Mapping[str, Any]) -> bytes:
    """JSON of what an asset is called: its name, else its qualifiedName."""
    name = attributes.get("name")
    return encode(asset.qualified_name if name is None else name)


def header_parts(asset: Asset, attributes: Mapping[str, Any], body: tuple[bytes, ...], more: bytes) -> list[bytes]:
    """An entity with its header keys around ``body``, the JSON of its attributes; ``more`` are further members.

    In parts, since an event joins them with its envelope: bodies are long, and each joining copies them.
    """
    return [
        b'{"typeName":%b,"attributes":' % encode(asset.type_name),
        *body,
        b',"guid":"%b","status":"%b","displayText":%b,"isIncomplete":false,"createdBy":%b,"updatedBy":%b,'
        b'"createTime":%d,"updateTime":%d%b}'
        % (
            asset.guid.encode(),
            _STATUS[asset.status],
            display_text(asset, attributes),
            encode(asset.created_by),
            encode(asset.updated_by),
            asset.created_at,
            asset.updated_at,
            more,
        ),
    ]


def header(asset: Asset, attributes: Mapping[str, Any], body: bytes, more: bytes = b"") -> bytes:
    """The same in one piece."""
    return b"".join(header_parts(asset, attributes, (body,), more))


_STATUS = tuple(name.encode() for name in STATUS_NAMES)
