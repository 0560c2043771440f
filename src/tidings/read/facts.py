"""What is known of assets under the names that the protocol's filters and attribute lists use, read for all at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from tidings.model.asset import STATUS_NAMES, Asset
from tidings.model.registry import HAS_LINEAGE, TypeRegistry
from tidings.model.tag import Attachment
from tidings.read.criteria import Look
from tidings.read.lineage import showing_lineage
from tidings.read.meanings import terms_of
from tidings.store.base import Reader
from tidings.store.tags import tags_of

_HEADER: Mapping[str, str] = {
    "__guid": "guid",
    "guid": "guid",
    "__typeName": "type_name",
    "typeName": "type_name",
    "__createdBy": "created_by",
    "createdBy": "created_by",
    "__modifiedBy": "updated_by",
    "updatedBy": "updated_by",
    "__timestamp": "created_at",
    "createTime": "created_at",
    "__modificationTimestamp": "updated_at",
    "updateTime": "updated_at",
}
_STATE = frozenset({"__state", "status"})
_OWN_TAGS = frozenset({"__traitNames", "__classificationNames"})
_SPREAD_TAGS = frozenset({"__propagatedTraitNames", "__propagatedClassificationNames"})
_ALL_TAGS = frozenset({"classificationNames", "classifications"})
_TERMS = frozenset({"__meanings", "meanings", "meaningNames"})


class Facts:
    """What several assets have under certain names; tags, terms and lineage are read only where a name asks for them."""

    def __init__(self, assets: Sequence[Asset], names: Collection[str], types: TypeRegistry, reader: Reader) -> None:
        self._types = types
        wanted = set(names)
        self.assets = showing_lineage(assets, types, reader) if HAS_LINEAGE in wanted else list(assets)
        ids = [asset.id for asset in assets]
        self._tags: dict[int, list[Attachment]] = {}
        if wanted & (_OWN_TAGS | _SPREAD_TAGS | _ALL_TAGS):
            self._tags = tags_of(ids, reader)
        self._terms = terms_of(assets, reader) if wanted & _TERMS else {}

    def look(self, asset: Asset) -> Look:
        """How to find what one of the assets has."""
        attributes = asset.attributes
        custom: dict[str, dict[str, Any]] = msgspec.json.decode(asset.custom) if asset.custom else {}

        def value(name: str) -> Any:
            found = attributes.get(name)
            if found is None and "." in name:
                own, _, attribute = name.partition(".")
                return custom.get(own, {}).get(attribute)
            return self._other(asset, name) if found is None else found

        return value

    def _other(self, asset: Asset, name: str) -> Any:
        if name in _HEADER:
            return getattr(asset, _HEADER[name])
        if name in _STATE:
            return STATUS_NAMES[asset.status]
        if name == "__superTypeNames":
            return list(self._types.type(asset.type_name).ancestors[1:])
        if name in _TERMS:
            terms = [term for _, term in self._terms.get(asset.id, ())]
            return [one.qualified_name if name == "__meanings" else one.attributes.get("name") for one in terms] or None
        if name in _OWN_TAGS or name in _SPREAD_TAGS or name in _ALL_TAGS:
            return self._tag_names(asset, name)
        attribute = self._types.type(asset.type_name).attributes.get(name)
        # A boolean is never unset for whoever reads it.
        return attribute.unset if attribute is not None and isinstance(attribute.unset, bool) else None

    def _tag_names(self, asset: Asset, name: str) -> list[str] | None:
        tags = self._tags.get(asset.id, ())
        if name not in _ALL_TAGS:
            own = name in _OWN_TAGS
            tags = [one for one in tags if (one.source == asset.id) == own]
        return list(dict.fromkeys(one.tag for one in tags)) or None
