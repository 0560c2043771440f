"""The unmodified client of Apache Atlas: tags and custom metadata through each of its calls."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from apache_atlas.exceptions import AtlasServiceException
from apache_atlas.model.instance import (
    AtlasClassification,
    AtlasEntityHeader,
    AtlasEntityHeaders,
)
from apache_atlas.model.typedef import AtlasTypesDef

from tests.acceptance.lossless import lost, lost_v9
from tests.acceptance.test_apache_atlas import Pair, by_name, client, pair
from tests.api.door import Door, operations

__all__ = ["client", "pair"]  # fixtures
pytestmark = pytest.mark.acceptance
ADD, DELETE, CUSTOM = "CLASSIFICATION_ADD", "CLASSIFICATION_DELETE", "BUSINESS_ATTRIBUTE_UPDATE"
_numbers = count(1)


class Names:
    """Two tags and a set of custom metadata that the client made, by their ids."""

    def __init__(self, client: Any) -> None:
        number = next(_numbers)
        attribute = {"name": "owner", "displayName": "owner", "typeName": "string",
                     "options": {"applicableEntityTypes": '["Asset"]'}}  # fmt: skip
        made = client.typedef.create_atlas_typedefs(
            AtlasTypesDef(
                {
                    "classificationDefs": [
                        {"name": f"{name} {number}", "displayName": f"{name} {number}"} for name in ("A", "B")
                    ],
                    "businessMetadataDefs": [
                        {"name": f"C {number}", "displayName": f"C {number}", "attributeDefs": [attribute]}
                    ],
                }
            )
        )
        self.a, self.b = (one.name for one in made.classificationDefs)
        [custom] = made.businessMetadataDefs
        self.set, self.owner = custom.name, custom.attributeDefs[0]["name"]


@pytest.fixture
def names(client: Any) -> Names:
    return Names(client)


@pytest.fixture
def since(door: Door, pair: Pair, names: Names) -> int:
    return door.head()


def tag(name: str, **flags: bool) -> Any:
    return AtlasClassification({"typeName": name, **flags})


def read_whole(events: list[dict[str, Any]]) -> None:
    for event in events:
        assert lost(event) == lost_v9(event) == []


def test_tags_by_guid(client: Any, door: Door, pair: Pair, names: Names, since: int) -> None:
    client.entity.add_classifications_by_guid(pair.table, [tag(names.a), tag(names.b, propagate=False)])
    listed = client.entity.get_classifications(pair.table)
    assert sorted(one["typeName"] for one in listed.list) == sorted([names.a, names.b])
    client.entity.get_entity_classifications(
        pair.table, names.a
    )  # it takes the answer for a list, and shows an empty one
    client.entity.update_classifications(pair.table, [tag(names.b, propagate=True)])
    client.entity.delete_classification(pair.table, names.a)
    client.entity.remove_classification(pair.table, names.b, pair.table)

    kinds = [kind for kind, _ in operations(door.events(since))]
    assert kinds == [ADD, ADD, ADD, ADD, "UPDATE", DELETE, DELETE, DELETE, DELETE]
    read_whole(door.events(since))


def test_tags_by_name(client: Any, door: Door, pair: Pair, names: Names, since: int) -> None:
    unique = by_name(pair.name)
    client.entity.add_classifications_by_type("Table", unique, [tag(names.a)])
    client.entity.update_classifications_by_attr("Table", unique, [tag(names.a, propagate=False)])
    # The client's own remove_classification_by_name fails before it asks; the call itself is this one.
    address = f"/api/atlas/v2/entity/uniqueAttribute/type/Table/classification/{names.a}"
    door.ask("DELETE", address, 204, params={"attr:qualifiedName": pair.name})
    assert operations(door.events(since)) == [(ADD, "t"), (ADD, "c"), (DELETE, "c"), ("UPDATE", "t"), (DELETE, "t")]


def test_tags_of_several(client: Any, door: Door, pair: Pair, names: Names, since: int) -> None:
    request = {"classification": tag(names.a, propagate=False), "entityGuids": [pair.table, pair.column]}
    client.entity.add_classification(request)
    headers = {
        pair.table: AtlasEntityHeader({"guid": pair.table, "classifications": [tag(names.b, propagate=False)]}),
        pair.column: AtlasEntityHeader({"guid": pair.column, "classifications": []}),
    }
    client.entity.set_classifications(AtlasEntityHeaders({"guidHeaderMap": headers}))
    assert sorted(operations(door.events(since))) == sorted(
        [(ADD, "t"), (ADD, "c"), (DELETE, "t"), (ADD, "t"), (DELETE, "c")]
    )


def test_custom_metadata(client: Any, door: Door, pair: Pair, names: Names, since: int) -> None:
    values = {names.set: {names.owner: "ann"}}
    client.entity.add_or_update_business_attributes(pair.table, False, values)
    assert client.entity.get_entity_by_guid(pair.table).entity.businessAttributes == values
    client.entity.remove_business_attributes(pair.table, values)
    client.entity.add_or_update_business_attributes_bm_name(pair.table, names.set, {names.owner: "jo"})
    client.entity.remove_business_attributes_bm_name(pair.table, names.set, {names.owner: "jo"})
    client.entity.add_or_update_business_attributes(pair.table, True, {})
    assert operations(door.events(since)) == [(CUSTOM, "t")] * 4
    read_whole(door.events(since))


def test_errors(client: Any, pair: Pair, names: Names, since: int) -> None:
    with pytest.raises(AtlasServiceException, match="does not have the tag"):
        client.entity.delete_classification(pair.table, names.a)
    with pytest.raises(AtlasServiceException, match="no such tag"):
        client.entity.add_classifications_by_guid(pair.table, [tag("nobody made this")])
    with pytest.raises(AtlasServiceException, match="has no attribute nothing"):
        client.entity.add_or_update_business_attributes(pair.table, False, {names.set: {"nothing": 1}})
