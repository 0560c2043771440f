"""The worked example of the protocol: a term is tagged, seventeen assets hear of it, and again when it is untagged."""

from __future__ import annotations

import pytest

from tests.catalog import Catalog, counted, entity, ref, target
from tests.labels import PII, labelled, tagged
from tidings.model.events import Event, decode
from tidings.store.base import Store

HOME = "default/snowflake/1/db/schema"
ORDERS = f"{HOME}/orders"
ADD, DELETE = "CLASSIFICATION_ADD", "CLASSIFICATION_DELETE"


@pytest.fixture
def it(store: Store) -> Catalog:
    catalog = labelled(store)
    worked_example(catalog)
    return catalog


def worked_example(catalog: Catalog) -> None:
    """A term on the table orders. orders has 10 columns and 2 downstream tables, made by one process; 3 of its columns
    have one downstream column each, made by a process of their own; those 3 are all the columns downstream."""
    down = [f"{HOME}/daily", f"{HOME}/weekly"]
    columns = [f"{ORDERS}/c{number}" for number in range(10)]
    downs = [f"{down[0]}/d0", f"{down[0]}/d1", f"{down[1]}/d2"]
    catalog.save(
        entity("Table", ORDERS),
        *(entity("Column", name, table=ref("Table", ORDERS)) for name in columns),
        *(entity("Table", name) for name in down),
        *(entity("Column", name, table=ref("Table", name.rpartition("/")[0])) for name in downs),
        entity("Process", f"{HOME}/load", inputs=[ref("Table", ORDERS)], outputs=[ref("Table", name) for name in down]),
        *(
            entity(
                "ColumnProcess",
                f"{HOME}/load/{n}",
                inputs=[ref("Column", columns[n])],
                outputs=[ref("Column", downs[n])],
            )
            for n in range(3)
        ),
        entity("AtlasGlossary", "glossary"),
        entity(
            "AtlasGlossaryTerm",
            "revenue",
            anchor=ref("AtlasGlossary", "glossary"),
            assignedEntities=[ref("Table", ORDERS)],
        ),
    )


def term(it: Catalog) -> str:
    with it.store.snapshot() as snapshot:
        [found] = [one for one in snapshot.assets_in_guid_order("", 100) if one.type_name == "AtlasGlossaryTerm"]
    return found.qualified_name


def split(events: list[Event]) -> tuple[set[str], set[str]]:
    """Guids of processes, and of everything else."""
    processes = {one.guid for one in events if one.type_name in ("Process", "ColumnProcess")}
    return processes, {one.guid for one in events} - processes


def test_seventeen_assets_both_ways(it: Catalog) -> None:
    name = term(it)
    put = it.save(tagged(entity("AtlasGlossaryTerm", name, name="revenue"), PII), tagging="append").events
    untag = entity("AtlasGlossaryTerm", name, name="revenue")
    untag.remove_classifications = [PII]
    taken = it.save(untag).events

    # 1 term, 1 table, 10 columns, 2 downstream tables, 3 downstream columns; and on the way 1 + 3 processes.
    assert (counted(put), counted(taken)) == ({ADD: 21}, {DELETE: 21})
    assert [len(some) for some in split(put)] == [4, 17]
    assert split(put) == split(taken)
    assert decode(put[0].detail)["causeCount"] == 21


def test_the_same_by_purging_the_term(it: Catalog) -> None:
    it.save(tagged(entity("AtlasGlossaryTerm", term(it), name="revenue"), PII), tagging="append")
    assert counted(it.purge(target("AtlasGlossaryTerm", term(it))).events) == {DELETE: 20, "DELETE": 1}
