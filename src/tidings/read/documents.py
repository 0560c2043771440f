"""What assets have under the sources that a search looks at, a page of assets at a time.

Tags, terms, lineage and links are read for the whole page at once, and only when the first asset of it is asked for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tidings.model.asset import ACTIVE, STATUS_NAMES, Asset
from tidings.model.registry import HAS_LINEAGE, TypeRegistry
from tidings.read.lineage import with_lineage
from tidings.read.meanings import terms_of
from tidings.store.base import Reader
from tidings.store.tags import tags_of

_CATEGORY, _TERM = "AtlasGlossaryCategory", "AtlasGlossaryTerm"
ENDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "__glossary": ("anchor", (_CATEGORY, _TERM)),
    "__categories": ("categories", (_TERM,)),
    "__parentCategory": ("parentCategory", (_CATEGORY,)),
}
"""Source -> the link whose other ends' qualifiedNames it holds, and the types that have it."""
_HEADER: Mapping[str, Callable[[Asset], Any]] = {
    "__guid": lambda asset: asset.guid,
    "__state": lambda asset: STATUS_NAMES[asset.status],
    "__typeName": lambda asset: asset.type_name,
    "__timestamp": lambda asset: asset.created_at,
    "__modificationTimestamp": lambda asset: asset.updated_at,
    "__createdBy": lambda asset: asset.created_by,
    "__modifiedBy": lambda asset: asset.updated_by,
    "qualifiedName": lambda asset: asset.qualified_name,
}
_TAGS = frozenset({"__traitNames", "__classificationNames"})
_SPREAD = frozenset({"__propagatedTraitNames", "__propagatedClassificationNames"})
Beside = Mapping[int, Sequence[Any]]
"""Values of one source by the asset's internal id."""
_NOTHING: tuple[Any, ...] = ()


class Page:
    """Some assets, and what was read beside them. ``check`` is called each time before an asset is looked at."""

    def __init__(
        self, assets: Sequence[Asset], types: TypeRegistry, reader: Reader, check: Callable[[], None] = lambda: None
    ) -> None:
        self.assets = assets
        self.types = types
        self.check = check
        self._reader = reader
        self._beside: dict[str, Beside] = {}

    def documents(self) -> Iterator[Document]:
        return (Document(asset, self) for asset in self.assets)

    def beside(self, source: str) -> Beside:
        """What every asset of the page has under a source that is not part of the asset itself."""
        found = self._beside.get(source)
        if found is None:
            found = self._beside[source] = self._read(source)
        return found

    def _read(self, source: str) -> Beside:
        if source == HAS_LINEAGE:
            having = with_lineage(
                [asset.id for asset in self.assets if asset.status == ACTIVE], self.types, self._reader
            )
            return {asset.id: self._lineage(asset, asset.id in having) for asset in self.assets}
        if source in ENDS:
            return self._ends(*ENDS[source])
        if source in ("__meanings", "__meaningsText"):
            return self._meanings(source)
        own = source in _TAGS
        return {
            asset: list(dict.fromkeys(one.tag for one in tags if (one.source == asset) == own))
            for asset, tags in tags_of([asset.id for asset in self.assets], self._reader).items()
        }

    def _lineage(self, asset: Asset, having: bool) -> Sequence[bool]:
        return (having,) if HAS_LINEAGE in self.types.type(asset.type_name).attributes else ()

    def _meanings(self, source: str) -> Beside:
        named = source == "__meaningsText"
        return {
            asset: [term.attributes.get("name") if named else term.qualified_name for _, term in found]
            for asset, found in terms_of(self.assets, self._reader).items()
        }

    def _ends(self, attribute: str, of: tuple[str, ...]) -> Beside:
        """qualifiedNames at the other ends: active ones of an active asset, all of an archived one."""
        found: dict[int, list[str]] = defaultdict(list)
        status = {asset.id: asset.status for asset in self.assets}
        for (relationship, side), ids in self._by_link(attribute, of).items():
            links = self._reader.links(relationship, side, ids)
            ends = {(link.end1, link.end2) if side == 1 else (link.end2, link.end1) for link in links}
            names = {name.id: name for name in self._reader.names_by_id({far for _, far in ends})}
            for own, far in sorted(ends):
                if status[own] != ACTIVE or names[far].status == ACTIVE:
                    found[own].append(names[far].qualified_name)
        return found

    def _by_link(self, attribute: str, of: tuple[str, ...]) -> Mapping[tuple[str, int], list[int]]:
        """Assets by the relationship behind their link, and by the end at which they stand."""
        found: dict[tuple[str, int], list[int]] = defaultdict(list)
        for asset in self.assets:
            asset_type = self.types.type(asset.type_name)
            link = asset_type.links.get(attribute)
            if link is not None and any(map(asset_type.is_a, of)):
                found[link.relationship.name, link.side].append(asset.id)
        return found


class Document:
    """One asset as a search sees it; called with a source, it answers with the values there."""

    __slots__ = ("_attributes", "_custom", "_page", "asset")

    def __init__(self, asset: Asset, page: Page) -> None:
        self.asset = asset
        self._page = page
        self._attributes: dict[str, Any] | None = None
        self._custom: dict[str, dict[str, Any]] | None = None

    def __call__(self, source: str) -> Sequence[Any]:
        self._page.check()
        header = _HEADER.get(source)
        if header is not None:
            return (header(self.asset),)
        if source == "__superTypeNames":
            return self._page.types.type(self.asset.type_name).ancestors[1:]
        if source.startswith("__"):
            return self._aside(source)
        return self._custom_values(source) if "." in source else self._attribute(source)

    def _aside(self, source: str) -> Sequence[Any]:
        known = source == HAS_LINEAGE or source in ENDS or source in _KNOWN
        return self._page.beside(source).get(self.asset.id, _NOTHING) if known else self._attribute(source)

    def _attribute(self, name: str) -> Sequence[Any]:
        if self._attributes is None:
            self._attributes = self.asset.attributes
        value = self._attributes.get(name)
        if value is None:
            # A boolean is never unset for whoever reads it.
            attribute = self._page.types.type(self.asset.type_name).attributes.get(name)
            value = attribute.unset if attribute is not None and isinstance(attribute.unset, bool) else None
        return values_of(value)

    def _custom_values(self, source: str) -> Sequence[Any]:
        if self.asset.custom is None:
            return _NOTHING
        if self._custom is None:
            self._custom = msgspec.json.decode(self.asset.custom, type=dict[str, dict[str, Any]])
        own, _, attribute = source.partition(".")
        return values_of(self._custom.get(own, {}).get(attribute))


_KNOWN = _TAGS | _SPREAD | {"__meanings", "__meaningsText"}


def values_of(value: Any) -> Sequence[Any]:
    """One after the other; nothing where nothing is set."""
    if value is None:
        return _NOTHING
    return value if isinstance(value, list) else (value,)
