"""An inspection finds nothing in a sound catalog, and each kind of fault in one that is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.catalog import TABLE, Catalog, entity, ref, ref_to, target
from tests.store import rows
from tidings.model.asset import ARCHIVED, Asset, Link
from tidings.model.changes import AssetChange, Changes, Kind
from tidings.model.profiles import SERVER
from tidings.read.integrity import MOST_PROBLEMS, inspect
from tidings.store.base import Store
from tidings.store.sqlite import SqliteStore


def fill(catalog: Catalog) -> None:
    """A table with two columns, a glossary with a term on the table; versions up to three."""
    catalog.save(
        entity("Table", TABLE), *(entity("Column", f"{TABLE}/c{n}", table=ref("Table", TABLE)) for n in (1, 2))
    )
    catalog.save(
        entity("AtlasGlossary", "glossary"),
        entity("AtlasGlossaryTerm", "term", anchor=ref("AtlasGlossary", "glossary"), synonyms=[]),
    )
    meanings = [ref_to(catalog.guid("AtlasGlossaryTerm", "term"), confidence=5)]
    catalog.save(entity("Table", TABLE, description="d", meanings=meanings))


@pytest.fixture
def filled(catalog: Catalog) -> Catalog:
    fill(catalog)
    return catalog


def stored(catalog: Catalog, name: str) -> Asset:
    with catalog.store.snapshot() as snapshot:
        [found] = snapshot.assets_by_name([name])
    return found


def tamper(catalog: Catalog, after: Asset, links: Changes | None = None) -> list[str]:
    """Write state without saying so, and tell what an inspection finds."""
    change = AssetChange(Kind.UPDATE, "direct", after, {}, now={"any": 1})
    whole = msgspec.structs.replace(links if links is not None else Changes(), assets=[change])
    catalog.store.transact(lambda tx: tx.save(whole))
    return catalog.inspect().problems


def test_a_sound_catalog(filled: Catalog) -> None:
    report = filled.inspect()

    assert (report.problems, report.problem_count, report.is_sound) == ([], 0, True)
    assert (report.assets, report.links, report.events) == (5, 4, 7)


def test_an_empty_catalog_is_sound(catalog: Catalog) -> None:
    assert catalog.inspect().is_sound


def test_progress_ends_at_the_whole_of_each_part(filled: Catalog) -> None:
    seen: list[tuple[str, int, int]] = []
    inspect(filled.store, filled.types, lambda what, done, total: seen.append((what, done, total)))

    ends = {what: (done, total) for what, done, total in seen}
    assert ends == {"database": (1, 1), "log": (7, 7), "links": (4, 4), "assets": (5, 5)}
    assert list(ends) == ["database", "log", "links", "assets"]


def test_more_than_a_page_of_everything_is_sound(catalog: Catalog) -> None:
    catalog.save(
        entity("Table", TABLE), *(entity("Column", f"{TABLE}/{n}", table=ref("Table", TABLE)) for n in range(2_500))
    )
    seen: list[tuple[str, int, int]] = []

    assert inspect(catalog.store, catalog.types, lambda *step: seen.append(step)).is_sound
    assert {("log", 2_000, 2_501), ("links", 1_000, 2_500), ("assets", 2_000, 2_501)} <= set(seen)


@pytest.mark.parametrize("profile", ["documented", "server"])
def test_deletes_and_restores_replay_in_either_profile(store: Store, profile: str) -> None:
    catalog = Catalog(store, SERVER) if profile == "server" else Catalog(store)
    fill(catalog)
    table, glossary = target("Table", TABLE), catalog.named("AtlasGlossary", "glossary")

    steps: tuple[Callable[[], object], ...] = (
        lambda: catalog.archive(table),
        lambda: catalog.save(entity("Column", f"{TABLE}/c1", description="d")),
        lambda: catalog.restore(table),
        lambda: catalog.archive(glossary),
        lambda: catalog.save(entity("Table", TABLE, meanings=[])),
        lambda: catalog.restore(glossary),
        lambda: catalog.purge(table),
        lambda: catalog.archive(glossary),
        lambda: catalog.purge(glossary),
    )
    for step in steps:
        step()
        assert catalog.inspect().problems == []


def test_a_server_may_write_while_it_is_inspected(filled: Catalog) -> None:
    def write(what: str, done: int, total: int) -> None:
        filled.save(entity("Table", TABLE, description=f"{what} {done}"))

    assert inspect(filled.store, filled.types, write).problems == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"version": 9}, "version is 9, but 2 in the log"),
        ({"status": ARCHIVED}, "status is 1, but 0 in the log"),
        ({"updated_by": "eve"}, "updated_by is 'eve', but 'jo' in the log"),
        ({"updated_at": 5}, "updated_at is 5, but "),
        ({"qualified_name": "x"}, "qualified_name is 'x', but "),
    ],
)
def test_a_field_that_is_not_as_it_was_told(filled: Catalog, change: dict[str, object], problem: str) -> None:
    found = tamper(filled, msgspec.structs.replace(stored(filled, TABLE), **change))

    assert any(problem in one and one.startswith("Table ") for one in found)


def test_an_attribute_that_is_not_as_it_was_told(filled: Catalog) -> None:
    table = stored(filled, TABLE)
    attributes = {key: value for key, value in table.attributes.items() if key != "description"} | {"rowCount": 5}

    found = tamper(filled, msgspec.structs.replace(table, encoded=msgspec.json.encode(attributes)))

    assert [one.partition(": ")[2] for one in found] == [
        "attribute description is None, but 'd' in the log",
        "attribute rowCount is 5, but None in the log",
    ]


def test_a_name_that_stands_in_two_places_differently(filled: Catalog) -> None:
    found = tamper(filled, msgspec.structs.replace(stored(filled, TABLE), qualified_name="x"))

    assert any("the attribute qualifiedName is not the qualified_name 'x'" in one for one in found)


def test_links_that_are_not_as_they_were_told(filled: Catalog) -> None:
    table, first, second = (stored(filled, name) for name in (TABLE, f"{TABLE}/c1", f"{TABLE}/c2"))
    with filled.store.snapshot() as snapshot:
        [term] = snapshot.assets_by_guid([filled.guid("AtlasGlossaryTerm", "term")])

    links = Changes(
        removed=[Link("table_columns", table.id, first.id)],
        added=[
            Link("AtlasGlossarySynonym", term.id, term.id),
            Link("never_heard_of", 1, 1),
            Link("table_columns", table.id, 99),
        ],
        changed=[Link("table_columns", table.id, second.id, b'{"a":1}')],
    )

    found = tamper(filled, table, links)

    assert sorted(found) == sorted(
        [
            f"link table_columns from {table.guid} to {second.guid} has the attributes {{'a': 1}}, but {{}} in the log",
            f"link table_columns from {table.guid} to None has an end that is not there",
            f"link never_heard_of from {table.guid} to {table.guid} is stored, but not in the log",
            f"link AtlasGlossarySynonym from {term.guid} to {term.guid} is stored, but not in the log",
            f"link table_columns from {table.guid} to {first.guid} is in the log, but not stored",
        ]
    )


def test_assets_that_the_log_does_not_know(filled: Catalog) -> None:
    filled.store.transact(lambda tx: tx.save(rows.changes(Kind.CREATE, rows.asset(1000), rows.asset(1001))))
    early = msgspec.structs.replace(rows.asset(1002), guid="00000000-0000-7000-8000-000000000000")
    filled.store.transact(
        lambda tx: tx.save(rows.changes(Kind.CREATE, msgspec.structs.replace(early, qualified_name="e")))
    )

    assert filled.inspect().problems == [
        f"Table {guid} is stored, but not in the log" for guid in (early.guid, "guid-1000", "guid-1001")
    ]


def test_an_asset_that_went_in_silence(filled: Catalog) -> None:
    table = stored(filled, TABLE)
    filled.store.transact(lambda tx: tx.save(rows.changes(Kind.PURGE, table)))

    assert f"{table.guid} is not stored, but the log does not say that it was purged" in filled.inspect().problems


def test_an_asset_that_is_there_after_its_purge(filled: Catalog) -> None:
    column = stored(filled, f"{TABLE}/c1")
    filled.purge(target("Column", f"{TABLE}/c1"))
    filled.store.transact(lambda tx: tx.save(rows.changes(Kind.CREATE, column)))

    found = filled.inspect().problems

    assert f"Column {column.guid} is stored, but purged in the log" in found


def test_problems_are_counted_without_end_and_listed_to_a_bound(catalog: Catalog) -> None:
    catalog.store.transact(lambda tx: tx.save(rows.changes(Kind.CREATE, *(rows.asset(n) for n in range(1, 302)))))

    report = catalog.inspect()

    assert (report.problem_count, len(report.problems), report.is_sound) == (301, MOST_PROBLEMS, False)


def rewrite(path: Path, *statements: str) -> list[str]:
    """Change a catalog's file behind its back, and tell what an inspection finds."""
    store = SqliteStore(str(path))
    fill(Catalog(store))
    store.close()
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    store = SqliteStore(str(path))
    found = Catalog(store).inspect().problems
    store.close()
    return found


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("DELETE FROM log WHERE position = 3", "position 4 comes after 2"),
        ("UPDATE log SET time = 0 WHERE position = 3", "position 3: its time is before that of the event before it"),
        ("UPDATE log SET detail = '{' WHERE position = 7", "position 7: the tidings block cannot be read"),
        ("UPDATE log SET opening = x'7b' WHERE position = 7", "position 7: the message cannot be read"),
        ("UPDATE log SET operation = 0 WHERE position = 6", "position 6: the message is about another event"),
        ("UPDATE log SET operation = 0 WHERE position = 6", "and no other, is its creation"),
        (
            "UPDATE log SET detail = replace(detail, '\"version\":2', '\"version\":3') WHERE position = 6",
            "version 3 comes after 1",
        ),
        (
            'UPDATE log SET detail = replace(detail, \'"before":{}\', \'"before":{"userDescription":"x"}\') WHERE position = 1',
            "userDescription was None, not 'x'",
        ),
        (
            "UPDATE log SET ending = CAST(replace(ending, 'ACTIVE', 'DELETED') AS BLOB) WHERE position = 1",
            "position 1: the entity is DELETED, its history says otherwise",
        ),
        (
            "UPDATE log SET detail = replace(detail, '\"columns\":[', '\"columns\":[5,') WHERE position = 1",
            "position 1: the links cannot be read",
        ),
        ("DELETE FROM link WHERE attributes IS NOT NULL", "is in the log, but not stored"),
        ("DROP INDEX log_by_guid", ""),
    ],
)
def test_what_was_changed_in_the_file_is_found(tmp_path: Path, statement: str, problem: str) -> None:
    found = rewrite(tmp_path / "catalog.db", statement)

    assert any(problem in one for one in found) if problem else found == []


def test_what_happens_after_a_purge(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    store = SqliteStore(str(path))
    catalog = Catalog(store)
    catalog.save(entity("Table", TABLE))
    catalog.purge(target("Table", TABLE))
    catalog.save(entity("Table", TABLE))
    store.close()

    connection = sqlite3.connect(path)
    connection.execute("UPDATE log SET guid = (SELECT guid FROM log WHERE position = 1)")
    connection.commit()
    connection.close()
    store = SqliteStore(str(path))
    found = Catalog(store).inspect().problems
    store.close()

    assert any("something happens to it after it was purged" in one for one in found)


def test_a_type_that_is_no_longer_there_is_no_reason_to_stop(tmp_path: Path) -> None:
    found = rewrite(tmp_path / "catalog.db", "UPDATE log SET type_name = 'Gone' WHERE type_name = 'Column'")

    assert any("type_name is 'Column', but 'Gone' in the log" in one for one in found)


def test_damage_of_the_database_is_told(tmp_path: Path) -> None:
    found = rewrite(
        tmp_path / "catalog.db",
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = replace(sql, 'status INTEGER', 'status TEXT') WHERE name = 'asset'",
    )

    assert found[0].startswith("database: ")
