"""The event contract's table of counts: which events each kind of request emits, exactly."""

from __future__ import annotations

import pytest

from tests.catalog import TABLE, Catalog, counted, entity, message, ref, ref_to, target, told
from tidings.model.events import decode
from tidings.model.profiles import SERVER
from tidings.write.commands import EntityInput

CONNECTION = "default/snowflake/1"


def columns(*numbers: int, table: str = TABLE) -> list[EntityInput]:
    return [entity("Column", f"{table}/c{number}", table=ref("Table", table)) for number in numbers]


@pytest.fixture
def table(catalog: Catalog) -> Catalog:
    catalog.save(entity("Table", TABLE, ownerUsers=["ann", "bob"], description="d"))
    return catalog


@pytest.fixture
def glossary(catalog: Catalog) -> Catalog:
    catalog.save(
        entity("AtlasGlossary", "glossary"),
        entity("AtlasGlossaryTerm", "t1", anchor=ref("AtlasGlossary", "glossary")),
        entity("AtlasGlossaryTerm", "t2", anchor=ref("AtlasGlossary", "glossary")),
        entity("AtlasGlossaryCategory", "k1", anchor=ref("AtlasGlossary", "glossary")),
    )
    return catalog


def test_an_asset_created(catalog: Catalog) -> None:
    assert told(catalog.save(entity("Table", TABLE)).events) == [("CREATE", "orders")]


def test_assets_created_together_get_only_their_creation_parents_first(catalog: Catalog) -> None:
    receipt = catalog.save(*columns(1, 2), entity("Table", TABLE))

    assert told(receipt.events) == [("CREATE", "orders"), ("CREATE", "c1"), ("CREATE", "c2")]


def test_three_columns_on_a_table_that_is_there(table: Catalog) -> None:
    receipt = table.save(*columns(1, 2, 3))

    assert told(receipt.events) == [("CREATE", "c1"), ("CREATE", "c2"), ("CREATE", "c3"), ("UPDATE", "orders")]


def test_an_update_tells_what_changed(table: Catalog) -> None:
    [event] = table.save(entity("Table", TABLE, description="new", ownerUsers=["bob", "ann"])).events

    assert message(event)["mutatedDetails"]["attributes"] == {"description": "new"}
    assert decode(event.detail)["before"] == {"description": "d"}


@pytest.mark.parametrize(
    "attributes", [{}, {"ownerUsers": ["bob", "ann", "bob"]}, {"description": "d"}, {"rowCount": 0}]
)
def test_nothing_changed(table: Catalog, attributes: dict[str, object]) -> None:
    head = table.store.head()

    receipt = table.save(entity("Table", TABLE, **attributes))

    assert (receipt.events, receipt.first_position, table.store.head()) == ([], None, head)


def test_a_column_moved_to_another_table(table: Catalog) -> None:
    table.save(*columns(1), entity("Table", f"{TABLE}2"))

    receipt = table.save(entity("Column", f"{TABLE}/c1", table=ref("Table", f"{TABLE}2")))

    assert told(receipt.events)[0] == ("UPDATE", "c1")
    assert sorted(told(receipt.events)[1:]) == [("UPDATE", "orders"), ("UPDATE", "orders2")]


def test_one_term_unlinked(glossary: Catalog) -> None:
    terms = [ref_to(glossary.guid("AtlasGlossaryTerm", name)) for name in ("t1", "t2")]
    glossary.save(entity("Table", TABLE, meanings=terms))

    receipt = glossary.save(entity("Table", TABLE, meanings=terms[1:]))

    assert told(receipt.events) == [("UPDATE", "orders"), ("UPDATE", "t1")]


def test_one_update_for_an_asset_that_many_links_reach(table: Catalog) -> None:
    table.save(*columns(1, 2, 3))
    table.save(entity("Table", f"{TABLE}2"))

    receipt = table.save(*(one for one in columns(1, 2, 3, table=f"{TABLE}2") if one.attributes is not None))
    assert counted(receipt.events) == {"CREATE": 3, "UPDATE": 1}


def test_lineage_created(catalog: Catalog) -> None:
    names = [f"{TABLE}{number}" for number in range(4)]
    catalog.save(*(entity("Table", name) for name in names))
    refs = [ref("Table", name) for name in names]

    receipt = catalog.save(entity("Process", "etl", inputs=refs[:2], outputs=refs[2:]))

    assert told(receipt.events) == [("CREATE", "etl"), *(("UPDATE", f"orders{number}") for number in range(4))]


def test_archive_and_archive_again(table: Catalog) -> None:
    table.save(*columns(1))

    assert told(table.archive(target("Table", TABLE)).events) == [("DELETE", "orders")]
    assert table.archive(target("Table", TABLE)).events == []


@pytest.mark.parametrize(("how", "handler"), [("PURGE", "HARD"), ("HARD", "HARD")])
def test_archive_then_purge(table: Catalog, how: str, handler: str) -> None:
    first = table.archive(target("Table", TABLE)).events
    second = table.purge(target("Table", TABLE), how="PURGE" if how == "PURGE" else "HARD").events

    assert [counted(events) for events in (first, second)] == [{"DELETE": 1}, {"DELETE": 1}]
    assert message(second[0])["entity"]["deleteHandler"] == handler
    with table.store.snapshot() as snapshot:
        assert snapshot.assets_by_name([TABLE]) == []


def test_neighbours_hear_of_a_delete_only_in_the_servers_profile(table: Catalog) -> None:
    table.save(*columns(1, 2))
    table.profile = SERVER

    events = table.archive(target("Table", TABLE)).events

    assert told(events) == [("UPDATE", "c1"), ("UPDATE", "c2"), ("DELETE", "orders")]


def test_restore_and_restore_again(table: Catalog) -> None:
    table.archive(target("Table", TABLE))

    [event] = table.restore(target("Table", TABLE)).events

    assert (event.operation, message(event)["mutatedDetails"]["attributes"]) == ("ENTITY_UPDATE", {"__state": "ACTIVE"})
    assert table.restore(target("Table", TABLE)).events == []


def test_a_save_that_says_active_restores(table: Catalog) -> None:
    table.archive(target("Table", TABLE))
    again = entity("Table", TABLE)
    again.status = "ACTIVE"

    assert told(table.save(again).events) == [("UPDATE", "orders")]
    assert table.save(again).events == []


def test_a_glossary_takes_along_what_it_owns(glossary: Catalog) -> None:
    down = told(glossary.archive(glossary.named("AtlasGlossary", "glossary")).events)
    up = told(glossary.restore(glossary.named("AtlasGlossary", "glossary")).events)

    assert sorted(down[:-1]) == [("DELETE", "k1"), ("DELETE", "t1"), ("DELETE", "t2")]
    assert (down[-1], up[0]) == (("DELETE", "glossary"), ("UPDATE", "glossary"))
    assert sorted(up[1:]) == [("UPDATE", "k1"), ("UPDATE", "t1"), ("UPDATE", "t2")]


def test_a_glossary_restored_by_a_save_brings_back_what_it_owns(glossary: Catalog) -> None:
    glossary.archive(glossary.named("AtlasGlossary", "glossary"))
    guid = glossary.guid("AtlasGlossary", "glossary")
    again = EntityInput("AtlasGlossary", guid, "ACTIVE")

    assert counted(glossary.save(again).events) == {"UPDATE": 4}


def test_a_purged_glossary_leaves_nothing(glossary: Catalog) -> None:
    glossary.archive(glossary.named("AtlasGlossaryTerm", "t1"))

    assert counted(glossary.purge(glossary.named("AtlasGlossary", "glossary")).events) == {"DELETE": 4}
    with glossary.store.snapshot() as snapshot:
        assert snapshot.counts() == {"active": 0, "archived": 0, "links": 0}


def test_a_term_shows_its_glossary_in_every_event(glossary: Catalog) -> None:
    term = glossary.named("AtlasGlossaryTerm", "t1")
    events = [
        *glossary.save(EntityInput("AtlasGlossaryTerm", term.guid, attributes={"description": "d"})).events,
        *glossary.archive(term).events,
        *glossary.restore(term).events,
        *glossary.purge(term).events,
    ]

    anchors = [message(event)["entity"]["relationshipAttributes"]["anchor"] for event in events]
    assert [one["guid"] for one in anchors] == [glossary.guid("AtlasGlossary", "glossary")] * 4


def estate() -> list[EntityInput]:
    """A connection with 3 databases, 10 schemas, 500 tables and 15,000 columns, parents first."""
    made = [entity("Connection", CONNECTION)]
    databases = [f"{CONNECTION}/d{number}" for number in range(3)]
    schemas = [f"{databases[number % 3]}/s{number}" for number in range(10)]
    tables = [f"{schemas[number % 10]}/t{number}" for number in range(500)]
    made += [entity("Database", name) for name in databases]
    made += [entity("Schema", name, database=ref("Database", name.rpartition("/")[0])) for name in schemas]
    made += [entity("Table", name, atlanSchema=ref("Schema", name.rpartition("/")[0])) for name in tables]
    for name in tables:
        made += [
            entity("Column", f"{name}/c{order}", order=order, dataType="INT", table=ref("Table", name))
            for order in range(30)
        ]
    return made


def test_a_whole_connection_saved_and_saved_again(catalog: Catalog) -> None:
    assets = estate()
    batches = [assets[start : start + 8_000] for start in range(0, len(assets), 8_000)]

    events = [event for batch in batches for event in catalog.save(*batch).events]

    assert counted(events)["CREATE"] == 15_514
    assert sum(len(catalog.save(*batch).events) for batch in batches) == 0
    report = catalog.inspect()
    assert (report.problems, report.assets, report.links) == ([], 15_514, 15_510)
