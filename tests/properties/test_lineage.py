"""Walks over random graphs, with cycles and diamonds, agree with a recomputation that tries every way."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.catalog import Catalog, entity, ref, target
from tests.properties.bodies import fresh_store
from tidings.model.events import decode
from tidings.model.registry import HAS_LINEAGE
from tidings.read.assets import by_name, entity_forms
from tidings.read.criteria import Criterion
from tidings.read.lineage import levels, with_lineage
from tidings.read.lineage_list import LineageList, lineage_page
from tidings.store.base import AssetQuery
from tidings.write.commands import EntityInput

NODES = st.integers(0, 11)
Edges = set[tuple[int, int]]
EDGES: st.SearchStrategy[Edges] = st.sets(st.tuples(NODES, NODES), max_size=40)


def distances(start: int, edges: Edges) -> dict[int, int]:
    """Steps to everything that can be reached, by relaxing every edge until nothing becomes shorter."""
    found = {start: 0}
    for _ in range(len(edges) + 1):
        for one, other in edges:
            if one in found:
                found[other] = min(found.get(other, 99), found[one] + 1)
    return found


@given(NODES, EDGES, st.integers(0, 14))
def test_a_walk_finds_what_there_is_on_the_shortest_way(start: int, edges: Edges, hops: int) -> None:
    def step(ids: Collection[int]) -> list[int]:
        return [other for one, other in edges if one in ids]

    walked = {own: hop for hop, level in enumerate(levels(start, step, hops), 1) for own in level}
    assert walked == {own: far for own, far in distances(start, edges).items() if 0 < far <= hops}


@given(NODES, EDGES, st.sets(NODES))
def test_what_stops_a_walk_is_as_if_it_were_not_there(start: int, edges: Edges, stops: set[int]) -> None:
    def step(ids: Collection[int]) -> list[int]:
        return [other for one, other in edges if one in ids]

    walked = {own for level in levels(start, step, 99, lambda ids: [x for x in ids if x not in stops]) for own in level}
    left = {(one, other) for one, other in edges if other not in stops}
    assert walked == distances(start, left).keys() - {start}


Process = tuple[frozenset[int], frozenset[int]]
TABLES = st.frozensets(st.integers(0, 5), max_size=3)
PROCESSES: st.SearchStrategy[list[Process]] = st.lists(st.tuples(TABLES, TABLES), max_size=6)


def made(processes: list[Process], archived: set[int]) -> Catalog:
    """Six tables and these processes in memory; tables of some numbers are archived."""
    catalog = Catalog(fresh_store())
    tables = [entity("Table", f"t{number}") for number in range(6)]
    catalog.save(*tables, *(process(number, *one) for number, one in enumerate(processes)))
    for number in archived:
        catalog.archive(target("Table", f"t{number}"))
    return catalog


def process(number: int, inputs: frozenset[int], outputs: frozenset[int]) -> EntityInput:
    return entity(
        "Process",
        f"p{number}",
        inputs=[ref("Table", f"t{one}") for one in inputs],
        outputs=[ref("Table", f"t{one}") for one in outputs],
    )


def flowing(processes: list[Process], archived: set[int]) -> set[tuple[str, str]]:
    """Edges from asset to process to asset, between what is active."""
    edges = {(f"t{one}", f"p{own}") for own, (inputs, _) in enumerate(processes) for one in inputs - archived}
    return edges | {(f"p{own}", f"t{one}") for own, (_, outputs) in enumerate(processes) for one in outputs - archived}


@given(PROCESSES, st.sets(st.integers(1, 5), max_size=2), st.integers(0, 4), st.integers(1, 4), st.booleans())
def test_pages_one_after_the_other_are_the_whole(
    processes: list[Process], archived: set[int], depth: int, size: int, only_tables: bool
) -> None:
    catalog = made(processes, archived)
    edges = flowing(processes, archived)
    names = {name: number for number, name in enumerate([f"t{n}" for n in range(6)] + [f"p{n}" for n in range(6)])}
    far = distances(0, {(names[one], names[other]) for one, other in edges})
    expected = {
        name: (far[number] + 1) // 2
        for name, number in names.items()
        if 0 < far.get(number, 0) <= 2 * depth and not (only_tables and name.startswith("p"))
    }
    filters = Criterion(criterion=[Criterion("__typeName", "=", "Table")]) if only_tables else None
    with catalog.store.snapshot() as snapshot:
        types = catalog.types.of(snapshot)
        guid = by_name("Table", "t0", types, snapshot).guid
        pages: list[list[dict[str, Any]]] = []
        more = True
        while more:
            first = sum(len(page) for page in pages)
            wanted = LineageList(guid, depth, offset=first, size=size, entity_filters=filters)
            answer = decode(lineage_page(wanted, types, snapshot))
            pages.append(answer["entities"])
            more = answer["hasMore"]
            assert answer["entityCount"] == len(answer["entities"])
    catalog.store.close()
    found = [(one["displayText"], one["depth"]) for page in pages for one in page]
    assert dict(found) == expected
    assert len(found) == len(expected)
    assert [far for _, far in found] == sorted(far for _, far in found)
    assert all(len(page) == size for page in pages[:-1])
    assert pages[-1] or len(pages) == 1


@given(PROCESSES, st.sets(st.integers(0, 5), max_size=3))
def test_having_lineage_follows_from_the_links(processes: list[Process], archived: set[int]) -> None:
    catalog = made(processes, archived)
    whole = {
        f"p{own}": (inputs - archived) | (outputs - archived)
        for own, (inputs, outputs) in enumerate(processes)
        if inputs - archived and outputs - archived
    }
    expected = whole.keys() | {f"t{one}" for ends in whole.values() for one in ends}
    with catalog.store.snapshot() as snapshot:
        types = catalog.types.of(snapshot)
        every = snapshot.list_assets(AssetQuery())
        having = with_lineage([one.id for one in every], types, snapshot)
        shown = [decode(form) for form in entity_forms(every, types, snapshot, with_links=False)]
    catalog.store.close()
    assert {one.qualified_name for one in every if one.id in having} == expected
    assert {one["displayText"] for one in shown if one["attributes"][HAS_LINEAGE]} == expected
