"""Lineage as a list in pages: breadth first, filtered, each asset with its depth and perhaps its neighbours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Literal

import msgspec

from tidings.model.asset import ACTIVE, Asset
from tidings.model.entity_form import header
from tidings.model.errors import InvalidParameter, NotSupported
from tidings.model.events import encode
from tidings.model.registry import HAS_LINEAGE, TypeRegistry
from tidings.read.assets import by_guids, links_of, tags_form
from tidings.read.criteria import Criterion, check, meets, names
from tidings.read.facts import Facts
from tidings.read.lineage import Direction, Step, depth_of, flow_of, hops_of, is_process, levels
from tidings.read.meanings import meanings_form, meanings_of
from tidings.store.base import Reader
from tidings.store.tags import tags_of

LARGEST_PAGE = 10_000
BATCH = 1_000
"""Assets that a filter loads at a time; a page may be full before the level is at its end."""
ALWAYS = ("name", "qualifiedName")
_SIDES: tuple[tuple[str, Direction], ...] = (("immediateUpstream", "INPUT"), ("immediateDownstream", "OUTPUT"))


class LineageList(msgspec.Struct, rename="camel"):
    """The protocol's request for lineage in pages."""

    guid: str
    depth: int = 1_000_000
    direction: Literal["INPUT", "OUTPUT", "BOTH"] = "OUTPUT"
    offset: int | None = msgspec.field(name="from", default=None)
    size: int | None = None
    attributes: list[str] | None = None
    relation_attributes: list[str] | None = None
    entity_filters: Criterion | None = None
    entity_traversal_filters: Criterion | None = None
    relationship_traversal_filters: Criterion | None = None
    exclude_meanings: bool | None = None
    exclude_classifications: bool | None = None
    immediate_neighbours: bool | None = None
    lineage_type: str | None = None

    @property
    def first(self) -> int:
        return self.offset or 0

    @property
    def most(self) -> int:
        return 10 if self.size is None else self.size

    def check(self) -> None:
        """Raises InvalidParameter or NotSupported that says what would be right."""
        if self.direction == "BOTH":
            raise InvalidParameter(
                "a list goes in one direction; send INPUT or OUTPUT, or ask GET lineage/{guid} for both"
            )
        if self.first < 0 or self.depth < 0 or not 0 <= self.most <= LARGEST_PAGE:
            raise InvalidParameter(f"from and depth must be 0 or more, and size from 0 to {LARGEST_PAGE:,}")
        if self.lineage_type not in (None, "", "DatasetProcessLineage"):
            raise NotSupported(
                f"lineageType {self.lineage_type} is not kept here; send DatasetProcessLineage or nothing"
            )
        for wanted in (self.entity_filters, self.entity_traversal_filters, self.relationship_traversal_filters):
            if wanted is not None:
                check(wanted)


Hit = tuple[int, int]
"""An asset's internal id and its depth."""


def lineage_page(wanted: LineageList, types: TypeRegistry, reader: Reader) -> bytes:
    """The page that was asked for as JSON; raises UnknownGuid, InvalidParameter, NotSupported."""
    wanted.check()
    [start] = by_guids([wanted.guid], reader)
    found = list(islice(_hits(wanted, start, types, reader), wanted.first, wanted.first + wanted.most + 1))
    page = found[: wanted.most]
    forms = _forms(wanted, page, types, reader)
    return b'{"entities":[%b],"hasMore":%b,"entityCount":%d,"searchParameters":%b}' % (
        b",".join(forms),
        encode(len(found) > wanted.most),
        len(page),
        encode(wanted),
    )


def _hits(wanted: LineageList, start: Asset, types: TypeRegistry, reader: Reader) -> Iterator[Hit]:
    """Everything that the request shows, nearest first; worked out as far as somebody reads."""
    if wanted.immediate_neighbours:
        yield start.id, 0
    if start.status != ACTIVE:
        return
    from_process = is_process(types.type(start.type_name))
    sift = _Sieve(wanted.entity_traversal_filters, types, reader)
    shown = _Sieve(wanted.entity_filters, types, reader)
    walk = levels(start.id, _step(wanted, types, reader), hops_of(wanted.depth, from_process), sift.whole)
    for hop, level in enumerate(walk, 1):
        for own in shown.sifted(level):
            yield own, depth_of(hop, from_process)


def _step(wanted: LineageList, types: TypeRegistry, reader: Reader) -> Step:
    """A step over the relationships that pass; all there is to filter by is the same for every link of one."""
    ahead, behind = flow_of(types).along("INPUT" if wanted.direction == "INPUT" else "OUTPUT")
    if (only := wanted.relationship_traversal_filters) is not None:
        passing = {
            name
            for name in ahead | behind
            if meets(only, {"__state": "ACTIVE", "status": "ACTIVE", "__typeName": name, "typeName": name}.get)
        }
        ahead, behind = ahead & passing, behind & passing
    return lambda ids: (to for _, _, to in reader.neighbours(ids, ahead, behind))


class _Sieve:
    """A filter over internal ids, which loads assets in batches, and none where there is nothing to filter by."""

    def __init__(self, wanted: Criterion | None, types: TypeRegistry, reader: Reader) -> None:
        self._wanted = wanted
        self._names = frozenset(names(wanted)) if wanted else frozenset[str]()
        self._types = types
        self._reader = reader

    def whole(self, ids: list[int]) -> list[int]:
        return list(self.sifted(ids))

    def sifted(self, ids: list[int]) -> Iterable[int]:
        """Those that pass, in their order, a batch at a time."""
        return self._by_batches(self._wanted, ids) if self._wanted and self._names else ids

    def _by_batches(self, wanted: Criterion, ids: list[int]) -> Iterator[int]:
        for first in range(0, len(ids), BATCH):
            batch = ids[first : first + BATCH]
            facts = Facts(self._reader.assets_by_id(batch), self._names, self._types, self._reader)
            passing = {asset.id for asset in facts.assets if meets(wanted, facts.look(asset))}
            yield from (own for own in batch if own in passing)


def _forms(wanted: LineageList, page: Sequence[Hit], types: TypeRegistry, reader: Reader) -> list[bytes]:
    asked = list(dict.fromkeys((*ALWAYS, *(wanted.attributes or ()))))
    facts = Facts(reader.assets_by_id([own for own, _ in page]), [*asked, HAS_LINEAGE], types, reader)
    assets = {asset.id: asset for asset in facts.assets}
    linked = _linked(facts.assets, asked, wanted.relation_attributes or (), types, reader)
    near = _neighbours(facts.assets, types, reader) if wanted.immediate_neighbours else {}
    tags = {} if wanted.exclude_classifications else tags_of(assets.keys(), reader)
    terms = {} if wanted.exclude_meanings else meanings_of(facts.assets, reader)
    forms = []
    for own, depth in page:
        asset = assets[own]
        look = facts.look(asset)
        attributes = {name: value for name in asked if (value := look(name)) is not None} | linked.get(own, {})
        more = b',"depth":%d' % depth
        if not wanted.exclude_classifications:
            more += tags_form(tags.get(own, ()))
        if not wanted.exclude_meanings:
            more += meanings_form(terms.get(own, ()))
        if own in near:
            more += b"," + encode(near[own])[1:-1] if near[own] else b""
        forms.append(header(asset, attributes, encode(attributes), more))
    return forms


def _linked(
    assets: list[Asset], asked: Iterable[str], related: Iterable[str], types: TypeRegistry, reader: Reader
) -> dict[int, dict[str, Any]]:
    """The relationship attributes that were asked for, each end with the attributes asked for of it."""
    shown = {asset.id: [name for name in asked if name in types.type(asset.type_name).links] for asset in assets}
    having = [asset for asset in assets if shown[asset.id]]
    links = links_of(having, types, reader) if having else {}
    wanted = (*ALWAYS, *related)
    guids = {one["guid"] for own, by_name in links.items() for name in shown[own] for one in by_name.get(name, ())}
    far = {asset.guid: asset.attributes for asset in reader.assets_by_guid(guids)}
    found: dict[int, dict[str, Any]] = {}
    for asset in having:
        own = found[asset.id] = {}
        for name in shown[asset.id]:
            ends = [
                {**one, "attributes": {key: far[one["guid"]][key] for key in wanted if key in far[one["guid"]]}}
                for one in links.get(asset.id, {}).get(name, ())
            ]
            single = types.type(asset.type_name).links[name].single
            own[name] = (ends[0] if ends else None) if single else ends
    return found


def _neighbours(assets: list[Asset], types: TypeRegistry, reader: Reader) -> dict[int, dict[str, list[dict[str, Any]]]]:
    """What stands two steps from each asset: from assets the next assets, from processes the next processes."""
    ends = {member: _two_steps(assets, direction, types, reader) for member, direction in _SIDES}
    every = {end for by_asset in ends.values() for found in by_asset.values() for end in found}
    named = {
        one.id: {"guid": one.guid, "name": one.attributes.get("name"), "qualifiedName": one.qualified_name}
        for one in reader.assets_by_id(every)
    }
    shown: dict[int, dict[str, list[dict[str, Any]]]] = {}
    for asset in assets:
        always = is_process(types.type(asset.type_name))
        lists = {member: [named[end] for end in sorted(found.get(asset.id, ()))] for member, found in ends.items()}
        shown[asset.id] = {member: found for member, found in lists.items() if found or always}
    return shown


def _two_steps(assets: list[Asset], direction: Direction, types: TypeRegistry, reader: Reader) -> dict[int, set[int]]:
    ahead, behind = flow_of(types).along(direction)
    ids = [asset.id for asset in assets if asset.status == ACTIVE]
    first = [(own, middle) for own, _, middle in reader.neighbours(ids, ahead, behind)]
    second: dict[int, set[int]] = defaultdict(set)
    for middle, _, end in reader.neighbours({middle for _, middle in first}, ahead, behind):
        second[middle].add(end)
    found: dict[int, set[int]] = defaultdict(set)
    for own, middle in first:
        found[own] |= second[middle]
    return found
