"""Lineage over every kind of process, on every body of the store."""

from __future__ import annotations

import pytest

from tests.catalog import Catalog, entity, ref, target
from tidings.model.errors import TooLarge
from tidings.read.assets import by_name
from tidings.read.lineage import levels, showing_lineage, steps, with_lineage
from tidings.read.lineage_graph import graph, joined
from tidings.store.base import AssetQuery, Reader

KINDS = {
    "Process": "Table",
    "ColumnProcess": "Column",
    "AirflowTask": "Table",
    "SparkJob": "Table",
    "ConnectionProcess": "Connection",
}


@pytest.fixture(params=KINDS)
def flow(request: pytest.FixtureRequest, catalog: Catalog) -> Catalog:
    """One asset, a process of some kind, another asset, and one beside them."""
    process: str = request.param
    kind = KINDS[process]
    ends = {"inputs": [ref(kind, "one")], "outputs": [ref(kind, "two")]}
    assets = [entity(kind, name, order=1) for name in ("one", "two", "beside")]
    catalog.save(*assets, entity(process, "load", **ends), entity(process, "idle", inputs=[ref(kind, "beside")]))
    return catalog


def reached(reader: Reader, catalog: Catalog, start: str, direction: str) -> list[str]:
    [first] = reader.names_by_name([start])
    step = steps("INPUT" if direction == "up" else "OUTPUT", catalog.types.of(reader), reader)
    names = {one.id: one.qualified_name for one in reader.list_assets(AssetQuery())}  # type: ignore[attr-defined]
    return [names[own] for level in levels(first.id, step, 9) for own in level]


def having(catalog: Catalog) -> set[str]:
    with catalog.store.snapshot() as snapshot:
        every = snapshot.list_assets(AssetQuery())
        found = with_lineage([one.id for one in every], catalog.types.of(snapshot), snapshot)
        return {one.qualified_name for one in every if one.id in found}


def test_both_ways_over_a_process(flow: Catalog) -> None:
    with flow.store.snapshot() as snapshot:
        assert reached(snapshot, flow, "one", "down") == ["load", "two"]
        assert reached(snapshot, flow, "two", "up") == ["load", "one"]
        assert reached(snapshot, flow, "one", "up") == reached(snapshot, flow, "two", "down") == []
        types = flow.types.of(snapshot)
        kind = next(one.type_name for one in snapshot.assets_by_name(["one"]))
        start = by_name(kind, "one", types, snapshot)
        found = graph(start, "BOTH", 1, types, snapshot)
        assert [(edge.source, edge.target) for edge in found.edges] == [
            (start.id, start.id + 3),
            (start.id + 3, start.id + 1),
        ]


def test_a_graph_that_is_too_large_is_refused(flow: Catalog) -> None:
    with flow.store.snapshot() as snapshot:
        [start] = snapshot.assets_by_name(["one"])
        with pytest.raises(TooLarge, match="more than 2 assets; ask for less depth"):
            graph(start, "BOTH", 0, flow.types.of(snapshot), snapshot, most=2)


def test_more_relations_than_an_answer_holds_are_refused(catalog: Catalog) -> None:
    catalog.save(*(entity("Table", name) for name in "abcde"))
    inputs, outputs = ([ref("Table", name) for name in names] for names in ("abc", "de"))
    catalog.save(entity("Process", "p", inputs=inputs, outputs=outputs))
    with catalog.store.snapshot() as snapshot:
        types = catalog.types.of(snapshot)
        start = by_name("Table", "d", types, snapshot)
        found = graph(start, "BOTH", 0, types, snapshot)
        guids = {one.id: one.guid for one in snapshot.assets_by_id(found.ids)}
        kept = {one.id for one in snapshot.assets_by_id(found.ids) if one.type_name == "Table"}
        assert len([*joined(found.edges, kept, guids)]) == 3
        with pytest.raises(TooLarge, match="3 relations from asset to asset, and an answer at most 2"):
            [*joined(found.edges, kept, guids, most=2)]


def test_only_a_process_that_reads_and_writes_gives_lineage(flow: Catalog) -> None:
    assert having(flow) == {"one", "load", "two"}


def test_what_is_archived_has_none_and_takes_it_from_others(flow: Catalog) -> None:
    with flow.store.snapshot() as snapshot:
        [kind] = [one.type_name for one in snapshot.assets_by_name(["one"])]
    flow.archive(target(kind, "one"))
    assert having(flow) == set()
    flow.restore(target(kind, "one"))
    assert having(flow) == {"one", "load", "two"}
    flow.purge(target(kind, "two"))
    assert having(flow) == set()


def test_without_links_there_is_no_lineage(catalog: Catalog) -> None:
    catalog.save(entity("Table", "t"))
    assert having(catalog) == set()
    with catalog.store.snapshot() as snapshot:
        assert with_lineage([], catalog.types.of(snapshot), snapshot) == set()


def test_what_a_client_once_stored_is_not_believed(catalog: Catalog) -> None:
    catalog.save(entity("Table", "t"))
    with catalog.store.snapshot() as snapshot:
        [asset] = snapshot.assets_by_name(["t"])
        asset.encoded = b'{"name":"t","__hasLineage":true}'
        [shown] = showing_lineage([asset], catalog.types.of(snapshot), snapshot)
    assert shown.attributes == {"name": "t"}
