"""The unmodified client of Apache Atlas against the program: the same round under its own prefix, with basic auth."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from apache_atlas.client.base_client import AtlasClient
from apache_atlas.exceptions import AtlasServiceException
from apache_atlas.model.instance import AtlasEntitiesWithExtInfo, AtlasEntity, AtlasEntityWithExtInfo, AtlasObjectId
from apache_atlas.model.misc import SearchFilter
from apache_atlas.model.relationship import AtlasRelationship

from tests.acceptance.program import TOKEN, Program
from tests.api.door import Door, operations

pytestmark = pytest.mark.acceptance
_numbers = count(1)


@pytest.fixture
def client(program: Program) -> Iterator[Any]:
    client = AtlasClient(program.url, ("anybody", TOKEN))
    yield client
    client.session.close()


def entity(type_name: str, qualified_name: str, **attributes: Any) -> Any:
    name = qualified_name.rpartition("/")[2]
    return AtlasEntity(
        {"typeName": type_name, "attributes": {"name": name, "qualifiedName": qualified_name, **attributes}}
    )


class Pair:
    """A table and its column, made in one request."""

    def __init__(self, client: Any) -> None:
        self.name = f"default/hive/{next(_numbers)}/t"
        table = entity("Table", self.name)
        table.guid = "-1"
        column = entity("Column", f"{self.name}/c", table=AtlasObjectId({"guid": "-1", "typeName": "Table"}))
        made = client.entity.create_entities(AtlasEntitiesWithExtInfo({"entities": [table, column]}))
        self.table, self.column = (one.guid for one in made.mutatedEntities["CREATE"])
        assert made.guidAssignments["-1"] == self.table


@pytest.fixture
def pair(client: Any) -> Pair:
    return Pair(client)


@pytest.fixture
def since(door: Door, pair: Pair) -> int:
    return door.head()


def by_name(name: str) -> dict[str, str]:
    return {"qualifiedName": name}


def test_what_was_made_is_what_is_read(client: Any, pair: Pair) -> None:
    read = client.entity.get_entity_by_guid(pair.table).entity
    same = client.entity.get_entity_by_attribute("Table", by_name(pair.name)).entity
    both = client.entity.get_entities_by_guids([pair.table, pair.column]).entities
    assert read.guid == same.guid == both[0].guid == pair.table
    assert [one["guid"] for one in read.relationshipAttributes["columns"]] == [pair.column]
    assert client.entity.get_entity_by_guid(pair.table, ignore_relationships=True).entity.relationshipAttributes is None
    assert client.entity.get_entity_header_by_guid(pair.table).displayText == "t"
    assert client.entity.get_entity_header_by_attribute("Table", by_name(pair.name)).guid == pair.table


def test_one_is_created_updated_and_left_alone(client: Any, door: Door, pair: Pair, since: int) -> None:
    made = client.entity.create_entity(AtlasEntityWithExtInfo({"entity": entity("View", f"{pair.name}/v")}))
    [view] = made.mutatedEntities["CREATE"]
    changed = AtlasEntityWithExtInfo({"entity": entity("View", f"{pair.name}/v", description="new")})
    assert [one.guid for one in client.entity.update_entity(changed).mutatedEntities["UPDATE"]] == [view.guid]
    assert not client.entity.update_entity(changed).mutatedEntities
    assert operations(door.events(since)) == [("CREATE", "v"), ("UPDATE", "v")]


def test_one_attribute_by_guid(client: Any, door: Door, pair: Pair, since: int) -> None:
    client.entity.partial_update_entity_by_guid(pair.table, "new", "description")
    assert client.entity.get_entity_by_guid(pair.table).entity.attributes["description"] == "new"
    assert operations(door.events(since)) == [("UPDATE", "t")]


def test_saving_what_was_read_says_nothing(client: Any, door: Door, pair: Pair, since: int) -> None:
    for guid in (pair.table, pair.column):
        client.entity.update_entity(client.entity.get_entity_by_guid(guid))
    assert door.head() == since


def test_archive_restore_purge(client: Any, door: Door, pair: Pair, since: int) -> None:
    [gone] = client.entity.delete_entity_by_guid(pair.column).mutatedEntities["DELETE"]
    assert (gone.guid, gone.status) == (pair.column, "DELETED")
    back = entity("Column", f"{pair.name}/c")
    back.status = "ACTIVE"
    client.entity.update_entity(AtlasEntityWithExtInfo({"entity": back}))
    assert client.entity.get_entity_by_guid(pair.column).entity.status == "ACTIVE"
    client.entity.delete_entity_by_attribute("Column", by_name(f"{pair.name}/c"))
    [purged] = client.entity.purge_entities_by_guids([pair.column]).mutatedEntities["DELETE"]
    assert purged.guid == pair.column
    with pytest.raises(AtlasServiceException, match="ATLAS-404-00-005"):
        client.entity.get_entity_by_guid(pair.column)
    kinds = [kind for kind, _ in operations(door.events(since))]
    assert kinds == ["DELETE", "UPDATE", "DELETE", "DELETE"]


def test_several_are_deleted_at_once(client: Any, door: Door, pair: Pair, since: int) -> None:
    gone = client.entity.delete_entities_by_guids([pair.table, pair.column]).mutatedEntities["DELETE"]
    assert {one.guid for one in gone} == {pair.table, pair.column}
    assert [kind for kind, _ in operations(door.events(since))] == ["DELETE", "DELETE"]


def test_types_are_read(client: Any) -> None:
    table = client.typedef.get_entitydef_by_name("Table")
    assert (table.name, table.superTypes) == ("Table", ["SQL"])
    assert client.typedef.get_relationshipdef_by_name("table_columns").endDef1["type"] == "Table"
    assert "VERIFIED" in [one.value for one in client.typedef.get_enumdef_by_name("certificate_status").elementDefs]
    assert client.typedef.type_with_name_exists("Table")
    assert not client.typedef.type_with_name_exists("Tabel")
    every = client.typedef.get_all_typedefs(SearchFilter({}))
    assert len(every.entityDefs) > 490
    headers = client.typedef.get_all_typedef_headers(SearchFilter({}))
    assert {"Table", "table_columns", "certificate_status"} <= {one["name"] for one in headers}


def test_lineage_around_an_asset(client: Any, pair: Pair) -> None:
    ends = {"inputs": [{"guid": pair.table}], "outputs": [{"guid": pair.column}]}
    process = AtlasEntityWithExtInfo({"entity": entity("Process", f"{pair.name}/p", **ends)})
    made = client.entity.create_entity(process).mutatedEntities["CREATE"][0].guid
    found = client.lineage.get_lineage_info(pair.table, "BOTH", 3)
    assert (found.baseEntityGuid, found.lineageDirection, found.lineageDepth) == (pair.table, "BOTH", 3)
    assert found.guidEntityMap[made].typeName == "Process"
    assert [(one.fromEntityId, one.toEntityId) for one in found.relations] == [(pair.table, made), (made, pair.column)]
    assert client.lineage.get_lineage_info_attr("Table", by_name(pair.name), "OUTPUT", 0).relations == found.relations
    assert client.lineage.get_lineage_info(pair.table, "INPUT", 3).relations == []


def test_a_relationship_comes_and_goes(client: Any, door: Door, pair: Pair, since: int) -> None:
    task = AtlasEntityWithExtInfo({"entity": entity("AirflowTask", f"{pair.name}/task")})
    made = client.entity.create_entity(task).mutatedEntities["CREATE"][0].guid
    wanted = AtlasRelationship(
        {"typeName": "airflow_task_inputs", "end1": {"guid": made}, "end2": {"guid": pair.table}}
    )
    created = client.relationship.create_relationship(wanted)
    assert (created.typeName, created.status, created.end2.guid) == ("airflow_task_inputs", "ACTIVE", pair.table)
    # The client cannot parse any answer to its own read of a link, so that one is asked for without it.
    read = door.read(f"/api/atlas/v2/relationship/guid/{created.guid}", extendedInfo="true")
    assert read["relationship"]["guid"] == created.guid
    assert set(read["referredEntities"]) == {made, pair.table}
    with pytest.raises(AtlasServiceException, match="is there already"):
        client.relationship.create_relationship(wanted)
    client.relationship.delete_relationship_by_guid(created.guid)
    with pytest.raises(AtlasServiceException, match="ATLAS-404-00-00C"):
        client.relationship.get_relationship_by_guid(created.guid)
    assert operations(door.events(since)) == [("CREATE", "task"), *([("UPDATE", "task"), ("UPDATE", "t")] * 2)]


def test_a_wrong_password_is_refused(program: Program) -> None:
    stranger = AtlasClient(program.url, ("anybody", "wrong-token"))
    with pytest.raises(AtlasServiceException, match="401"):
        stranger.entity.get_entity_by_guid("x")
    stranger.session.close()


def test_what_is_not_here_is_said_in_a_sentence(client: Any) -> None:
    with pytest.raises(AtlasServiceException, match="other searching is not in this version"):
        client.discovery.quick_search("orders", "Table", True)
