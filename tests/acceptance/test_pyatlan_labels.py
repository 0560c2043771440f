"""The unmodified pyatlan client: tags and custom metadata of its users, and its own classes reading every event of it."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from pyatlan.client.atlan import AtlanClient
from pyatlan.errors import InvalidRequestError
from pyatlan.model.assets import Asset, Column, ColumnProcess, Connection, Process, Table, View
from pyatlan.model.core import AtlanTag, AtlanTagName
from pyatlan.model.custom_metadata import CustomMetadataDict
from pyatlan.model.enums import AtlanCustomAttributePrimitiveType
from pyatlan.model.events import AtlanEvent, AtlanTagAddPayload, AtlanTagDeletePayload, CustomMetadataUpdatePayload
from pyatlan.model.lineage import FluentLineage
from pyatlan.model.typedef import AtlanTagDef, AttributeDef, CustomMetadataDef

from tests.acceptance.lossless import lost, lost_v9
from tests.acceptance.test_pyatlan import Stock, client, connection, qn, stock
from tests.api.door import Door, operations

__all__ = ["client", "connection", "stock"]  # fixtures
pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # pyatlan speaks to its transport in old ways
]
ADD, DELETE, CUSTOM = "CLASSIFICATION_ADD", "CLASSIFICATION_DELETE", "BUSINESS_ATTRIBUTE_UPDATE"
_numbers = count(1)


@pytest.fixture(scope="module")
def pii(client: AtlanClient) -> str:
    """A tag that the client made; its name as people know it."""
    name = f"PII {next(_numbers)}"
    [made] = client.typedef.create(AtlanTagDef.create(name=name)).atlan_tag_defs
    assert (made.display_name, len(made.name)) == (name, 22)
    assert client.atlan_tag_cache.get_id_for_name(name) == made.name
    return name


@pytest.fixture(scope="module")
def quality(client: AtlanClient, connection: Connection) -> str:
    """A set of custom metadata that the client made. It searches for glossaries unless told which."""
    name = f"Quality {next(_numbers)}"
    definition = CustomMetadataDef.create(display_name=name)
    kinds = AtlanCustomAttributePrimitiveType
    attributes = {
        "Owner": kinds.STRING,
        "Score": kinds.INTEGER,
        "Ratio": kinds.DECIMAL,
        "Checked": kinds.DATE,
        "Good": kinds.BOOLEAN,
    }
    where: dict[str, Any] = {"applicable_connections": {qn(connection)}, "applicable_glossaries": {"none"}}
    definition.attribute_defs = [
        *(AttributeDef.create(client, one, kind, **where) for one, kind in attributes.items()),
        AttributeDef.create(client, "Teams", kinds.USERS, multi_valued=True, **where),
    ]
    [made] = client.typedef.create(definition).custom_metadata_defs
    assert client.custom_metadata_cache.get_id_for_name(name) == made.name
    return name


@pytest.fixture
def since(door: Door, stock: Stock, pii: str, quality: str) -> int:
    return door.head()


def tags(it: Asset) -> list[str]:
    return [str(one.type_name) for one in it.atlan_tags or []]


def put(stock: Stock, pii: str, *, propagate: bool) -> None:
    """Through a save: the calls of their own that the client has for tags search for the asset first."""
    table = Table.updater(qualified_name=qn(stock.table), name="T")
    table.add_or_update_classifications = [AtlanTag(typeName=AtlanTagName(pii), propagate=propagate)]
    stock.client.asset.save(table, append_atlan_tags=True)


def take(stock: Stock, pii: str) -> None:
    table = Table.updater(qualified_name=qn(stock.table), name="T")
    table.remove_classifications = [AtlanTag(typeName=AtlanTagName(pii))]
    stock.client.asset.save(table, append_atlan_tags=True)


def read_whole(events: list[dict[str, Any]]) -> None:
    for event in events:
        assert lost(event) == lost_v9(event) == []


# --- tags --------------------------------------------------------------------------------------------------------------


def test_a_tag_goes_over_columns_and_lineage(
    stock: Stock, connection: Connection, door: Door, pii: str, quality: str
) -> None:
    view = stock.one(View.creator(name="V", schema_qualified_name=qn(stock.schema)))
    stock.one(
        Process.creator(
            name="P",
            connection_qualified_name=qn(connection),
            inputs=[Table.ref_by_guid(stock.table.guid)],
            outputs=[View.ref_by_guid(view.guid)],
        )
    )
    head = door.head()
    put(stock, pii, propagate=True)
    assert tags(stock.read(stock.table.guid)) == [pii]
    [copied] = stock.client.asset.get_by_guid(view.guid, asset_type=View).atlan_tags or []
    assert (str(copied.type_name), copied.entity_guid, copied.propagate) == (pii, stock.table.guid, True)
    take(stock, pii)

    events = door.events(head)
    everybody = ["C1", "C2", "C3", "P", "T", "V"]
    assert sorted(operations(events)) == [(kind, name) for kind in (ADD, DELETE) for name in everybody]
    read_whole(events)


def test_lineage_from_column_to_column(
    stock: Stock, connection: Connection, door: Door, pii: str, quality: str
) -> None:
    other = stock.one(Table.creator(name="T2", schema_qualified_name=qn(stock.schema)))
    to = stock.one(Column.creator(name="D", parent_qualified_name=qn(other), parent_type=Table, order=1))
    start, where = stock.columns[0], qn(connection)
    parent = stock.one(
        Process.creator(
            name="P",
            connection_qualified_name=where,
            inputs=[Table.ref_by_guid(stock.table.guid)],
            outputs=[Table.ref_by_guid(other.guid)],
        )
    )
    head = door.head()
    process = stock.one(
        ColumnProcess.creator(
            name="CP",
            connection_qualified_name=where,
            inputs=[Column.ref_by_guid(start.guid)],
            outputs=[Column.ref_by_guid(to.guid)],
            parent=Process.ref_by_guid(parent.guid),
        )
    )
    found = stock.client.asset.get_lineage_list(FluentLineage(starting_guid=start.guid).request)
    assert [(type(one), one.guid) for one in found] == [(ColumnProcess, process.guid), (Column, to.guid)]
    kinds = operations(door.events(head))
    assert (kinds[0], sorted(kinds[1:])) == (("CREATE", "CP"), [("UPDATE", "C1"), ("UPDATE", "D"), ("UPDATE", "P")])
    put(stock, pii, propagate=True)
    assert tags(stock.client.asset.get_by_guid(to.guid, asset_type=Column)) == [pii]
    read_whole(door.events(head))


def test_events_are_of_the_clients_own_classes(stock: Stock, door: Door, since: int, pii: str) -> None:
    put(stock, pii, propagate=False)
    take(stock, pii)
    added, removed = (AtlanEvent(**one).payload for one in door.events(since))
    assert isinstance(added, AtlanTagAddPayload)
    assert isinstance(removed, AtlanTagDeletePayload)
    assert added.mutated_details
    assert removed.mutated_details
    assert (added.mutated_details[0].entity_guid, removed.mutated_details[0].propagate) == (stock.table.guid, False)


def test_a_tag_is_changed(stock: Stock, door: Door, since: int, pii: str) -> None:
    put(stock, pii, propagate=True)
    put(stock, pii, propagate=False)
    [read] = stock.read(stock.table.guid).atlan_tags or []
    assert read.propagate is False
    kinds = [kind for kind, _ in operations(door.events(since))]
    assert kinds == [ADD] * 4 + [DELETE] * 3 + ["UPDATE"]
    read_whole(door.events(since))


def test_tags_of_a_save(stock: Stock, door: Door, since: int, pii: str) -> None:
    put(stock, pii, propagate=False)
    assert tags(stock.read(stock.table.guid)) == [pii]
    take(stock, pii)
    assert tags(stock.read(stock.table.guid)) == []
    table = Table.updater(qualified_name=qn(stock.table), name="T")
    table.atlan_tags = [AtlanTag(typeName=AtlanTagName(pii), propagate=False)]
    for _ in range(2):
        stock.client.asset.save(table, replace_atlan_tags=True)
    assert operations(door.events(since)) == [(ADD, "T"), (DELETE, "T"), (ADD, "T")]
    read_whole(door.events(since))


def test_a_new_asset_with_a_tag(stock: Stock, door: Door, since: int, pii: str) -> None:
    column = Column.creator(name="C9", parent_qualified_name=qn(stock.table), parent_type=Table, order=9)
    column.atlan_tags = [AtlanTag.of(atlan_tag_name=AtlanTagName(pii), client=stock.client)]
    [made] = stock.client.asset.save(column).assets_created(Column)
    assert tags(stock.client.asset.get_by_guid(made.guid, asset_type=Column)) == [pii]
    assert operations(door.events(since)) == [("CREATE", "C9"), (ADD, "C9"), ("UPDATE", "T")]


def test_what_was_read_is_saved_back_in_silence(stock: Stock, door: Door, pii: str, quality: str) -> None:
    put(stock, pii, propagate=True)
    give(stock, quality, {"Owner": "ann", "Score": 3})
    head = door.head()
    for guid in (stock.table.guid, stock.columns[0].guid):
        read: Asset = stock.client.asset.get_by_guid(guid, ignore_relationships=False)
        stock.client.asset.save(read)
        stock.client.asset.save(read, replace_atlan_tags=True, replace_custom_metadata=True)
        stock.client.asset.save(read, replace_custom_metadata=True, overwrite_custom_metadata=True)
    assert door.head() == head


def test_errors_of_tags(stock: Stock, since: int, pii: str) -> None:
    with pytest.raises(InvalidRequestError, match="does not have the tag"):
        take(stock, pii)


# --- custom metadata ---------------------------------------------------------------------------------------------------


def give(stock: Stock, quality: str, values: dict[str, Any]) -> None:
    wanted = CustomMetadataDict(stock.client, quality)
    for name, value in values.items():
        wanted[name] = value
    stock.client.asset.update_custom_metadata_attributes(stock.table.guid, wanted)


def has(stock: Stock, quality: str) -> dict[str, Any]:
    found = stock.read(stock.table.guid).get_custom_metadata(stock.client, quality)
    return {key: value for key, value in found.items() if value not in (None, [])}


def test_values_are_set_replaced_and_removed(stock: Stock, door: Door, since: int, quality: str) -> None:
    first = {"Owner": "ann", "Score": 3, "Ratio": 0.5, "Checked": 1_700_000_000_000, "Good": True, "Teams": ["a", "b"]}
    give(stock, quality, first)
    assert has(stock, quality) == first
    give(stock, quality, {"Owner": "jo"})
    assert has(stock, quality) == {**first, "Owner": "jo"}
    replaced = CustomMetadataDict(stock.client, quality)
    replaced["Score"] = 4
    stock.client.asset.replace_custom_metadata(stock.table.guid, replaced)
    assert has(stock, quality) == {"Score": 4}
    stock.client.asset.remove_custom_metadata(stock.table.guid, quality)
    assert has(stock, quality) == {}

    events = door.events(since)
    assert operations(events) == [(CUSTOM, "T")] * 4
    read_whole(events)


def test_an_event_names_what_changed(stock: Stock, door: Door, since: int, quality: str) -> None:
    give(stock, quality, {"Owner": "ann"})
    [event] = door.events(since)
    payload = AtlanEvent(**event).payload
    assert isinstance(payload, CustomMetadataUpdatePayload)
    [(name, values)] = (payload.mutated_details or {}).items()
    assert stock.client.custom_metadata_cache.get_name_for_id(name) == quality
    assert [*values.values()] == ["ann"]


def test_values_of_a_save(stock: Stock, door: Door, since: int, quality: str) -> None:
    table = Table.updater(qualified_name=qn(stock.table), name="T")
    values = CustomMetadataDict(stock.client, quality)
    values["Owner"], values["Score"] = "ann", 3
    table.set_custom_metadata(stock.client, values)
    stock.client.asset.save(table)
    assert has(stock, quality) == {}
    stock.client.asset.save_merging_cm(table)
    only = CustomMetadataDict(stock.client, quality)
    only["Score"] = 5
    table.set_custom_metadata(stock.client, only)
    stock.client.asset.save_replacing_cm(table)
    assert has(stock, quality) == {"Score": 5}
    assert operations(door.events(since)) == [(CUSTOM, "T")] * 2


def test_what_is_in_use_is_not_removed(stock: Stock, pii: str) -> None:
    put(stock, pii, propagate=False)
    with pytest.raises(Exception, match="ATLAS-409-00-002"):
        stock.client.typedef.purge(pii, AtlanTagDef)
