"""Who is meant: by name, by guid, by placeholder; and that each contradiction is refused and leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.catalog import TABLE, Catalog, entity, ref, target, told
from tidings.model.asset import Asset
from tidings.model.errors import (
    Conflict,
    DuplicateIdentity,
    InvalidReference,
    MissingAttribute,
    TidingsError,
    UnknownGuid,
    UnknownName,
    UnknownType,
)
from tidings.model.ids import new_guid
from tidings.write.commands import EntityInput, Target

NOBODY = new_guid()
OTHER = f"{TABLE}2"


@pytest.fixture
def filled(catalog: Catalog) -> Iterator[Catalog]:
    catalog.save(
        entity("Table", TABLE), entity("Table", OTHER), entity("View", "twice"), entity("MaterialisedView", "twice")
    )
    yield catalog
    assert catalog.inspect().is_sound


def stored(catalog: Catalog, name: str = TABLE) -> Asset:
    with catalog.store.snapshot() as snapshot:
        [found] = snapshot.assets_by_name([name])
    return found


def with_guid(given: EntityInput, guid: str) -> EntityInput:
    given.guid = guid
    return given


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (with_guid(entity("Table", "new"), NOBODY), UnknownGuid, "leave out the guid or send a placeholder such as -1"),
        (EntityInput(type_name="Table", attributes={"name": "n"}), MissingAttribute, "a new Table needs qualifiedName"),
        (EntityInput(type_name="Table", attributes={"qualifiedName": "q"}), MissingAttribute, "a new Table needs name"),
        (entity("SQL", "twice"), Conflict, "could be any of MaterialisedView, View"),
        (entity("Column", "c", table=ref("Table", "none")), UnknownName, "referred to by Column c, table"),
        (entity("Column", "c", table=ref("Tabel", TABLE)), UnknownType, "did you mean Table?"),
        (entity("Column", "c", table={"guid": "-7"}), UnknownGuid, "save it first or in the same request"),
        (entity("Column", "c", table={"guid": NOBODY}), UnknownGuid, "referred to by Column c, table"),
        (
            entity("Column", "c", table=ref("View", "twice")),
            InvalidReference,
            "table takes a Table, not the View twice",
        ),
        (entity("Table", TABLE, name=None), MissingAttribute, "name cannot be cleared"),
    ],
)
def test_what_is_refused_leaves_nothing(
    filled: Catalog, given: EntityInput, kind: type[TidingsError], words: str
) -> None:
    head = filled.store.head()

    with pytest.raises(kind) as caught:
        filled.save(entity("Table", "good"), given)

    assert words in str(caught.value)
    assert filled.store.head() == head


@pytest.mark.parametrize(
    "twice",
    [
        (entity("Table", "a"), entity("Table", "a")),
        (with_guid(entity("Table", "a"), "-1"), with_guid(entity("Table", "b"), "-1")),
        (entity("Table", TABLE), entity("SQL", TABLE)),
    ],
)
def test_each_asset_once_in_a_request(filled: Catalog, twice: tuple[EntityInput, ...]) -> None:
    with pytest.raises(DuplicateIdentity, match=r"entities\[0\] and entities\[1\] are the same asset"):
        filled.save(*twice)


def test_a_guid_alone_is_enough_to_rename(filled: Catalog) -> None:
    guid = stored(filled).guid

    receipt = filled.save(with_guid(entity("Table", f"{TABLE}3"), guid))

    assert told(receipt.events) == [("UPDATE", "orders3")]
    assert stored(filled, f"{TABLE}3").guid == guid


def test_a_name_counts_where_the_guid_is_not_known(filled: Catalog) -> None:
    receipt = filled.save(with_guid(entity("Table", TABLE, description="d"), NOBODY))

    assert (told(receipt.events), receipt.assigned) == ([("UPDATE", "orders")], {NOBODY: stored(filled).guid})


def test_a_guid_and_a_name_of_two_assets_contradict(filled: Catalog) -> None:
    with pytest.raises(Conflict, match="send the one or the other"):
        filled.save(with_guid(entity("Table", OTHER), stored(filled).guid))


def test_a_guid_of_another_type_contradicts(filled: Catalog) -> None:
    with pytest.raises(Conflict, match="is a Table, not a Column; send its own typeName"):
        filled.save(EntityInput(type_name="Column", guid=stored(filled).guid, attributes={}))


def test_a_super_type_finds_the_asset_below_it(filled: Catalog) -> None:
    [event] = filled.save(entity("SQL", TABLE, description="d")).events

    assert event.type_name == "Table"


def test_placeholders_are_answered_with_guids(filled: Catalog) -> None:
    column = with_guid(entity("Column", f"{TABLE}/c", table={"guid": "-1"}), "-2")

    receipt = filled.save(column, with_guid(entity("Table", TABLE), "-1"))

    assert receipt.assigned == {"-1": stored(filled).guid, "-2": stored(filled, f"{TABLE}/c").guid}
    assert told(receipt.events) == [("CREATE", "c"), ("UPDATE", "orders")]


def test_ignored_attributes_are_told(filled: Catalog) -> None:
    assert filled.save(entity("Table", TABLE, bogus=1)).ignored == [(f"Table {TABLE}", ("bogus",))]


def test_a_receipt_tells_when_and_why(filled: Catalog) -> None:
    receipt = filled.save(entity("Table", TABLE, description="d"))

    assert (receipt.events[0].time, stored(filled).updated_at) == (receipt.time, receipt.time)
    assert f'"cause":"{receipt.cause}"'.encode() in receipt.events[0].detail


@pytest.mark.parametrize(
    ("only", "kind"),
    [
        (Target(guid=NOBODY), UnknownGuid),
        (Target(type_name="Table", qualified_name="none"), UnknownName),
        (Target(qualified_name="none"), UnknownName),
    ],
)
def test_an_update_creates_nothing(filled: Catalog, only: Target, kind: type[TidingsError]) -> None:
    with pytest.raises(kind):
        filled.save(EntityInput(type_name="Table", attributes={"name": "n", "qualifiedName": "none"}), only=only)


def test_an_update_finds_its_asset_by_name_or_guid(filled: Catalog) -> None:
    change = EntityInput(type_name="Table", attributes={"description": "d"})

    assert told(filled.save(change, only=target("Table", TABLE)).events) == [("UPDATE", "orders")]
    assert filled.save(change, only=Target(guid=stored(filled).guid)).events == []


@pytest.mark.parametrize("by_guid", [False, True])
def test_an_update_cannot_take_the_name_of_another(filled: Catalog, by_guid: bool) -> None:
    only = Target(guid=stored(filled).guid) if by_guid else target("Table", TABLE)

    with pytest.raises(Conflict, match="is another asset"):
        filled.save(EntityInput(type_name="Table", attributes={"qualifiedName": OTHER}), only=only)


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        (Target(guid=NOBODY), UnknownGuid),
        (target("Table", "none"), UnknownName),
        (target("Tabel", TABLE), UnknownType),
        (target("Column", TABLE), UnknownName),
    ],
)
def test_what_is_not_there_can_neither_go_nor_come_back(
    filled: Catalog, wanted: Target, kind: type[TidingsError]
) -> None:
    for call in (filled.archive, filled.purge, filled.restore):
        with pytest.raises(kind):
            call(target("Table", TABLE), wanted)
    assert stored(filled).version == 1


def test_one_asset_named_twice_goes_once(filled: Catalog) -> None:
    events = filled.archive(Target(guid=stored(filled).guid), target("SQL", TABLE), target("Table", TABLE)).events

    assert told(events) == [("DELETE", "orders")]
