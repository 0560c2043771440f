"""Lineage as a graph: the assets within a depth of one, and the links between them («AtlasLineageInfo»)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Literal, NamedTuple

import msgspec

from tidings.model.asset import ACTIVE, Asset
from tidings.model.errors import TooLarge
from tidings.model.events import encode
from tidings.model.ids import link_guid
from tidings.model.registry import TypeRegistry
from tidings.read.assets import header_form
from tidings.read.lineage import Direction, flow_of, hops_of, is_process, levels, showing_lineage
from tidings.store.base import Reader

MOST = 20_000
"""Assets in one answer; a list comes in pages."""
MOST_RELATIONS = 100_000
"""Relations in one answer: a process makes one of each of its inputs with each of its outputs."""
WITHOUT_END = 1_000_000
BOTH: tuple[Direction, ...] = ("INPUT", "OUTPUT")
GraphDirection = Literal["INPUT", "OUTPUT", "BOTH"]


class Edge(NamedTuple):
    """A link as data flows over it: internal ids from where and to where, and the link's own key."""

    source: int
    target: int
    relationship: str
    end1: int
    end2: int


class Graph(NamedTuple):
    """What was found around an asset."""

    ids: set[int]
    edges: dict[Edge, None]


def graph(
    start: Asset, direction: GraphDirection, depth: int, types: TypeRegistry, reader: Reader, most: int = MOST
) -> Graph:
    """Everything within ``depth`` (0 or less: without end) of an asset; raises TooLarge where it is more than ``most``."""
    found = Graph({start.id}, {})
    if start.status != ACTIVE:
        return found
    hops = hops_of(depth if depth > 0 else WITHOUT_END, is_process(types.type(start.type_name)))
    for one in BOTH if direction == "BOTH" else (direction,):
        _walk(start.id, one, hops, found, types, reader, most)
    return found


def _walk(
    start: int, direction: Direction, hops: int, found: Graph, types: TypeRegistry, reader: Reader, most: int
) -> None:
    ahead, behind = flow_of(types).along(direction)

    def step(ids: Collection[int]) -> Iterator[int]:
        for own, relationship, other in reader.neighbours(ids, ahead, behind):
            source, target = (other, own) if direction == "INPUT" else (own, other)
            end1, end2 = (own, other) if relationship in ahead else (other, own)
            found.edges[Edge(source, target, relationship, end1, end2)] = None
            yield other

    for level in levels(start, step, hops):
        found.ids.update(level)
        if len(found.ids) > most:
            raise TooLarge(
                f"the lineage holds more than {most:,} assets; ask for less depth, or read it in pages with lineage/list"
            )


def graph_form(
    start: Asset,
    direction: GraphDirection,
    depth: int,
    types: TypeRegistry,
    reader: Reader,
    *,
    hide_process: bool = False,
) -> bytes:
    """The graph as the protocol has it. ``hide_process``: from asset to asset, each step with the guid of its process."""
    found = graph(start, direction, depth, types, reader)
    assets = {one.id: one for one in showing_lineage(reader.assets_by_id(found.ids), types, reader)}
    guids = {own: one.guid for own, one in assets.items()}
    if hide_process:
        kept = {own for own, one in assets.items() if own == start.id or not is_process(types.type(one.type_name))}
        relations = [*joined(found.edges, kept, guids)]
    else:
        kept = found.ids
        relations = [*_plain(found.edges, guids, reader)]
    entities = {assets[own].guid: msgspec.Raw(header_form(assets[own], assets[own].attributes)) for own in sorted(kept)}
    return encode(
        {
            "baseEntityGuid": start.guid,
            "lineageDirection": direction,
            "lineageDepth": depth,
            "limit": -1,
            "offset": 0,
            "hasMoreUpstreamVertices": False,
            "hasMoreDownstreamVertices": False,
            "guidEntityMap": entities,
            "relations": relations,
        }
    )


def _plain(edges: Iterable[Edge], guids: dict[int, str], reader: Reader) -> Iterator[dict[str, Any]]:
    for edge in edges:
        number = reader.relationship_number(edge.relationship)
        yield {
            "fromEntityId": guids[edge.source],
            "toEntityId": guids[edge.target],
            "relationshipId": link_guid(number, edge.end1, edge.end2),
        }


def joined(
    edges: Iterable[Edge], kept: Collection[int], guids: dict[int, str], most: int = MOST_RELATIONS
) -> Iterator[dict[str, Any]]:
    """Each way over a process as one relation; a start that is a process itself keeps its own links.

    Raises TooLarge where these are more than ``most``.
    """
    sources: dict[int, list[int]] = defaultdict(list)
    targets: dict[int, list[int]] = defaultdict(list)
    for edge in edges:
        sources[edge.target].append(edge.source)
        targets[edge.source].append(edge.target)
    passed = guids.keys() - kept
    count = sum(len(sources[process]) * len(targets[process]) for process in passed)
    if count > most:
        raise TooLarge(
            f"the lineage holds {count:,} relations from asset to asset, and an answer at most {most:,}; ask for less depth, "
            "or with hideProcess false"
        )
    for process in passed:
        for source in sources[process]:
            for target in targets[process]:
                yield {"fromEntityId": guids[source], "toEntityId": guids[target], "processId": guids[process]}
