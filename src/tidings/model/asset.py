"""An asset at rest, a link between two of them, and the short form by which one names another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

ACTIVE = 0
ARCHIVED = 1
STATUS_NAMES = ("ACTIVE", "DELETED")
"""What the protocol calls each status; an archived asset is «DELETED» on the wire."""
STATES = (*STATUS_NAMES, "PURGED")
"""The same with that of an asset that is there no more."""

Attributes = dict[str, Any]
_decode: Callable[[bytes], Attributes] = msgspec.json.Decoder(dict[str, Any]).decode
_decode_raw: Callable[[bytes], Attributes] = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Asset(msgspec.Struct, gc=False):
    """One asset as the catalog keeps it.

    ``id`` is internal and never leaves the process. ``version`` counts the asset's own events from 1. Times are
    milliseconds since 1970. ``encoded`` is the JSON object of every attribute that is set, in canonical form;
    unset attributes are not in it. ``custom`` is the JSON object of custom metadata by set and attribute, None where
    there is none. ``connection`` is the connection that it names, where its qualifiedName does not begin with that
    connection's; None otherwise.
    """

    id: int
    guid: str
    type_name: str
    qualified_name: str
    status: int
    version: int
    created_at: int
    created_by: str
    updated_at: int
    updated_by: str
    encoded: bytes
    custom: bytes | None = None
    connection: str | None = None

    @property
    def attributes(self) -> Attributes:
        """A fresh dict of the attributes that are set."""
        return _decode(self.encoded)

    @property
    def raw_attributes(self) -> Attributes:
        """The same with each value as ready JSON (``msgspec.Raw``): half the time where values are only passed on."""
        return _decode_raw(self.encoded)


class AssetName(msgspec.Struct, gc=False):
    """Which asset is meant, and whether it is there: all that a reference needs."""

    id: int
    guid: str
    type_name: str
    qualified_name: str
    status: int


def name_of(asset: Asset) -> AssetName:
    """The short form of an asset."""
    return AssetName(asset.id, asset.guid, asset.type_name, asset.qualified_name, asset.status)


class Link(msgspec.Struct, gc=False, frozen=True):
    """An edge: ``relationship`` is the definition's name, ``end1`` and ``end2`` are internal ids of assets.

    ``encoded`` is the JSON object of the edge's own attributes, or None. A link is active while both ends are.
    """

    relationship: str
    end1: int
    end2: int
    encoded: bytes | None = None

    @property
    def key(self) -> tuple[str, int, int]:
        return self.relationship, self.end1, self.end2
