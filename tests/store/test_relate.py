"""Links by calls of their own: every relationship of the shipped types can be made, read, changed and taken away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.catalog import ACTOR, TYPES, Catalog, counted, entity, target, told
from tidings.model.asset import Link
from tidings.model.errors import (
    Conflict,
    InvalidReference,
    InvalidValue,
    MissingAttribute,
    NotSupported,
    TidingsError,
    UnknownGuid,
    UnknownName,
    UnknownRelationship,
    UnknownType,
)
from tidings.model.ids import link_guid
from tidings.model.typedefs import RelationshipDef, RelationshipEnd
from tidings.read.assets import by_guids, links_of
from tidings.read.relationships import link_form
from tidings.store.base import Reader
from tidings.store.sqlite import SqliteStore
from tidings.write.commands import EntityInput
from tidings.write.links import sees
from tidings.write.relate import EndInput, LinkInput, Related, change_link, create_link, remove_link

SYSTEM = TYPES.system
SEMANTIC = "AtlasGlossarySemanticAssignment"
GLOSSARY = "owner"


class Linker:
    """Short ways to make, change and take away links of a catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def create(self, type_name: str | None, one: Any, other: Any, **more: Any) -> Related:
        wanted = LinkInput(type_name, None, one and EndInput(*one), other and EndInput(*other), **more)
        return self._run(create_link(self.catalog.types, wanted, ACTOR))

    def change(self, guid: str, attributes: dict[str, Any] | None = None, **more: Any) -> Related:
        wanted = LinkInput(guid=guid, attributes=attributes, **more)
        return self._run(change_link(self.catalog.types, wanted, ACTOR))

    def remove(self, guid: str) -> Related:
        return self._run(remove_link(self.catalog.types, guid, ACTOR))

    def _run(self, work: Callable[[Any], Related]) -> Related:
        return self.catalog.store.transact(work)

    def shown(self, guid_or_related: Related) -> dict[str, Any]:
        with self.catalog.store.snapshot() as snapshot:
            return link_form(guid_or_related.key, TYPES, snapshot)


@pytest.fixture
def linker(catalog: Catalog) -> Linker:
    return Linker(catalog)


@pytest.fixture
def memory_linker() -> Any:
    store = SqliteStore(None)
    yield Linker(Catalog(store))
    store.close()


def ends(one: RelationshipDef) -> tuple[RelationshipEnd, RelationshipEnd]:
    return one.end1, one.end2


def ends_of(number: int, one: RelationshipDef) -> list[EntityInput]:
    """An asset for each end of a relationship, under placeholders of its own."""
    made = []
    for side, end in enumerate(ends(one), 1):
        own = entity(end.type_name, f"{number}/{side}", name=f"n{number}-{side}")
        own.guid = f"-{number * 2 + side}"
        owners = {link.name: {"guid": "-1"} for link in TYPES.type(end.type_name).mandatory_links}
        needed = dict.fromkeys(TYPES.type(end.type_name).mandatory_attributes, "x")
        own.attributes = {**needed, **(own.attributes or {}), **owners}
        made.append(own)
    return made


def between(reader: Reader, guid: str, attribute: str) -> list[str]:
    """Guids of links that an asset shows under an attribute."""
    [asset] = by_guids([guid], reader)
    return [one["relationshipGuid"] for one in links_of([asset], TYPES, reader)[asset.id].get(attribute, ())]


def filled(catalog: Catalog, every: list[RelationshipDef]) -> dict[str, str]:
    """A catalog with two assets for each relationship; their guids by placeholder."""
    glossary = EntityInput("AtlasGlossary", "-1", attributes={"name": GLOSSARY, "qualifiedName": GLOSSARY})
    return catalog.save(
        glossary, *(own for number, one in enumerate(every, 1) for own in ends_of(number, one))
    ).assigned


def usable() -> list[RelationshipDef]:
    """Relationships between types that assets can be of."""
    every = SYSTEM.relationships.values()
    return [one for one in every if all(TYPES.type(end.type_name).is_asset for end in ends(one))]


def test_every_relationship_can_be_used(memory_linker: Linker) -> None:
    every = usable()
    guids = filled(memory_linker.catalog, every)
    assert len(every) > 480
    for number, one in enumerate(every, 1):
        round_trip(memory_linker, one, guids[f"-{number * 2 + 1}"], guids[f"-{number * 2 + 2}"])


def test_from_which_ends_a_relationship_is_not_seen() -> None:
    """One-sided ones, and two whose name the type gives to another relationship."""
    unseen = {
        f"{end.type_name}.{end.name}"
        for one in usable()
        for end in ends(one)
        if not sees(TYPES, end.type_name, end, one) and not end.name.endswith("__other")
    }
    assert unseen == {"TableauDatasource.fields", "TableauProject.metrics"}


def round_trip(linker: Linker, one: RelationshipDef, first: str, second: str) -> None:
    """Made, read from both ends, refused a second time, taken away."""
    related = linker.create(one.name, (first,), (second,))
    shown = linker.shown(related)
    assert (shown["typeName"], shown["status"], shown["end1"]["guid"]) == (one.name, "ACTIVE", first)
    with linker.catalog.store.snapshot() as snapshot:
        for guid, end in zip((first, second), ends(one), strict=True):
            seen = sees(TYPES, end.type_name, end, one)
            assert between(snapshot, guid, end.name) == ([shown["guid"]] if seen else [])
    with pytest.raises(Conflict, match="is there already"):
        linker.create(one.name, (first,), (second,))
    if one.owns:
        with pytest.raises(MissingAttribute, match="it is owned"):
            linker.remove(shown["guid"])
    else:
        assert linker.remove(shown["guid"]).receipt.events
        with pytest.raises(UnknownRelationship):
            linker.shown(related)


@pytest.fixture
def pair(catalog: Catalog) -> Catalog:
    """A glossary with two terms, and a table with a column."""
    anchor = {"typeName": "AtlasGlossary", "guid": "-1"}
    glossary = EntityInput("AtlasGlossary", "-1", attributes={"name": "g", "qualifiedName": "g"})
    terms = [entity("AtlasGlossaryTerm", name, anchor=anchor) for name in ("one", "two")]
    catalog.save(glossary, *terms, entity("Table", "t"), entity("Column", "t/c", order=1))
    return catalog


def by_name(type_name: str, name: str) -> tuple[None, str, dict[str, str]]:
    return None, type_name, {"qualifiedName": name}


CATEGORIES = {
    "AGGREGATION": ("catalog_process_inputs", "Process", "Table"),
    "ASSOCIATION": ("airflow_task_inputs", "AirflowTask", "Table"),
    "COMPOSITION": ("namespace_folder_parent_children", "Namespace", "Folder"),
}


@pytest.mark.parametrize("category", CATEGORIES)
def test_both_ends_hear_of_a_link_of_any_category(linker: Linker, category: str) -> None:
    name, one, other = CATEGORIES[category]
    needed = dict.fromkeys(TYPES.type(other).mandatory_attributes, "y")
    linker.catalog.save(entity(one, "x", name="one"), entity(other, "y", **needed | {"name": "other"}))
    related = linker.create(name, by_name(one, "x"), by_name(other, "y"))
    assert SYSTEM.relationships[name].category == category
    assert sorted(told(related.receipt.events)) == [("UPDATE", "one"), ("UPDATE", "other")]
    assert counted(linker.remove(linker.shown(related)["guid"]).receipt.events) == {"UPDATE": 2}
    assert linker.catalog.inspect().is_sound


def test_attributes_of_a_link_are_set_changed_and_cleared(linker: Linker, pair: Catalog) -> None:
    term = (pair.guid("AtlasGlossaryTerm", "one"),)
    made = linker.create(SEMANTIC, term, by_name("Table", "t"), attributes={"confidence": 5, "source": "me"})
    guid = linker.shown(made)["guid"]
    assert linker.shown(made)["attributes"]["confidence"] == 5
    assert linker.change(guid, {"confidence": 5, "steward": None}).receipt.events == []
    assert counted(linker.change(guid, {"confidence": 7}).receipt.events) == {"UPDATE": 2}
    linker.change(guid, {"source": None})
    shown = linker.shown(made)["attributes"]
    assert (shown["confidence"], shown["source"]) == (7, None)
    assert pair.inspect().is_sound


def test_where_neither_end_is_first_the_order_does_not_matter(linker: Linker, pair: Catalog) -> None:
    one, two = ((pair.guid("AtlasGlossaryTerm", name),) for name in ("one", "two"))
    [name] = [one.name for one in SYSTEM.relationships.values() if one.symmetric and one.end1.name == "synonyms"]
    made = linker.create(name, two, one)
    with pytest.raises(Conflict, match="is there already"):
        linker.create(name, one, two)
    assert linker.change(linker.shown(made)["guid"], {}, end1=EndInput(*two), end2=EndInput(*one)).receipt.events == []


def test_a_link_of_an_archived_asset_says_so_and_can_go(linker: Linker, pair: Catalog) -> None:
    made = linker.create("table_columns", by_name("Table", "t"), by_name("Column", "t/c"))
    pair.archive(target("Column", "t/c"))
    assert linker.shown(made)["status"] == "DELETED"
    pair.restore(target("Column", "t/c"))
    assert linker.shown(made)["status"] == "ACTIVE"


TABLE, COLUMN = by_name("Table", "t"), by_name("Column", "t/c")
WRONG: list[tuple[type[TidingsError], str, tuple[Any, ...], dict[str, Any]]] = [
    (UnknownType, "did you mean table_columns", ("table_column", TABLE, COLUMN), {}),
    (InvalidReference, "has no typeName", (None, TABLE, COLUMN), {}),
    (InvalidReference, "exchange end1 and end2", ("table_columns", COLUMN, TABLE), {}),
    (InvalidReference, "joins a Table .end1. and a Column .end2., not the Table t", ("table_columns", TABLE, TABLE), {}),
    (InvalidReference, "end2 names no asset", ("table_columns", TABLE, None), {}),
    (InvalidReference, "end1 names no asset", ("table_columns", (None, "Table"), COLUMN), {}),
    (UnknownName, "does not exist", ("table_columns", by_name("Table", "u"), COLUMN), {}),
    (UnknownGuid, "not found", ("table_columns", ("0b8a5f2e-3c55-5d0c-9a43-6d1e1b6f0a71",), COLUMN), {}),
    (NotSupported, "has NONE|has ONE_TO_TWO", ("table_columns", TABLE, COLUMN), {"propagate_tags": "BOTH"}),
]  # fmt: skip


@pytest.mark.parametrize(("error", "words", "given", "more"), WRONG)
def test_what_cannot_be_linked(
    linker: Linker, pair: Catalog, error: type[TidingsError], words: str, given: tuple[Any, ...], more: dict[str, Any]
) -> None:
    with pytest.raises(error, match=words):
        linker.create(*given, **more)
    assert pair.inspect().links == 2  # the terms and their glossary


def test_what_cannot_be_changed(linker: Linker, pair: Catalog) -> None:
    guid = linker.shown(linker.create("table_columns", TABLE, COLUMN))["guid"]
    with pytest.raises(InvalidReference, match="delete it and create another"):
        linker.change(guid, end1=EndInput(*COLUMN))
    with pytest.raises(InvalidReference, match="is a table_columns, not a x"):
        linker.change(guid, type_name="x")
    for unknown in ("x", link_guid(3, 4, 5), pair.guid("Table", "t")):
        with pytest.raises(UnknownRelationship, match="Given relationship guid"):
            linker.change(unknown, {})
        with pytest.raises(UnknownRelationship):
            linker.remove(unknown)


def test_a_value_of_the_wrong_type_is_refused(linker: Linker, pair: Catalog) -> None:
    term = (pair.guid("AtlasGlossaryTerm", "one"),)
    with pytest.raises(InvalidValue, match="confidence of the link"):
        linker.create(SEMANTIC, term, TABLE, attributes={"confidence": "much"})


def test_a_link_at_its_key(catalog: Catalog) -> None:
    catalog.save(
        entity("Table", "t"),
        entity("Column", "t/c", order=1, table={"typeName": "Table", "uniqueAttributes": {"qualifiedName": "t"}}),
    )
    with catalog.store.snapshot() as snapshot:
        [link] = snapshot.all_links([one.id for one in snapshot.assets_by_name(["t"])])
        number = snapshot.relationship_number("table_columns")
        assert snapshot.link_at(number, link.end1, link.end2) == link == Link("table_columns", link.end1, link.end2)
        assert snapshot.link_at(number, link.end2, link.end1) is snapshot.link_at(99, link.end1, link.end2) is None
