"""Type definitions over the wire, as they stand and as the unmodified clients read them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from apache_atlas.client.base_client import AtlasClient
from apache_atlas.model.misc import SearchFilter
from pyatlan.client.atlan import AtlanClient
from pyatlan.errors import NotFoundError
from pyatlan.model.enums import AtlanTypeCategory
from pyatlan.model.typedef import EnumDef

from tests.catalog import TYPES
from tidings.client import Client
from tidings.model.definitions import CATEGORIES, MEMBERS, type_guid
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import AttributeDef, EntityDef, TypeSystem
from tidings.read.typedefs import definitions_of
from tidings.testing import TOKEN, server

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")  # how pyatlan sends bodies
AUTH = {"authorization": f"Bearer {TOKEN}"}
PREFIXES = ("/api/meta", "/api/atlas/v2")
ENVIRONMENT = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
"""What pyatlan takes from the surroundings, with no exception for this machine."""


@pytest.fixture(scope="module")
def running() -> Iterator[Client]:
    with server() as client:
        yield client


@pytest.fixture(scope="module")
def http(running: Client) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.base_url, headers=AUTH, trust_env=False) as client:
        yield client


@pytest.fixture
def atlan(running: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[AtlanClient]:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    client = AtlanClient(base_url=f"{running.base_url}/", api_key=TOKEN)  # type: ignore[no-untyped-call]
    with contextlib.closing(client._session):
        yield client


@pytest.fixture
def atlas(running: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("NO_PROXY", "*")
    client = AtlasClient(running.base_url, ("anybody", TOKEN))
    with client.session:
        yield client.typedef


def ask(http: httpx.Client, path: str, **query: Any) -> httpx.Response:
    return http.get(path, params=query)


def get(http: httpx.Client, path: str, **query: Any) -> Any:
    answer = ask(http, path, **query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def attribute(definition: Any, name: str, member: str = "attributeDefs") -> Any:
    return next(one for one in definition[member] if one["name"] == name)


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_definition_stands_under_both_prefixes(http: httpx.Client, prefix: str, slash: str) -> None:
    found = get(http, f"{prefix}/types/typedefs{slash}")
    assert list(found) == list(MEMBERS.values())
    assert {one["name"] for one in found["entityDefs"]} == set(TYPES)
    assert {one["name"] for one in found["relationshipDefs"]} == set(TYPES.system.relationships)
    assert found["classificationDefs"] == found["businessMetadataDefs"] == []


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_category_is_given_alone(http: httpx.Client, category: str) -> None:
    found = get(http, "/api/meta/types/typedefs", type=category.lower())
    others = [member for one, member in MEMBERS.items() if one != category]
    assert all(found[member] == [] for member in others)
    assert all(one["category"] == category for one in found[MEMBERS[category]])  # type: ignore[index]


def test_the_lists_that_clients_may_not_find_empty(http: httpx.Client) -> None:
    found = get(http, "/api/meta/types/typedefs/", type=["CLASSIFICATION", "STRUCT", "ENUM"])
    assert len(found["structDefs"]) > 50
    assert len(found["enumDefs"]) > 100
    assert found["entityDefs"] == []


def test_an_unknown_category_is_named(http: httpx.Client) -> None:
    answer = ask(http, "/api/meta/types/typedefs", type=["ENUM", "Trait"])
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "TIDINGS-400-002"
    assert "'Trait'" in answer.json()["errorMessage"]


def test_an_entity_definition(http: httpx.Client) -> None:
    table = get(http, "/api/meta/types/typedef/name/Table")
    assert table["category"] == "ENTITY"
    assert table["superTypes"] == ["SQL"]
    assert "MaterialisedView" not in table["subTypes"]
    assert table["guid"] == type_guid("Table")
    assert attribute(table, "rowCount") == {
        "name": "rowCount",
        "typeName": "long",
        "isOptional": True,
        "cardinality": "SINGLE",
        "valuesMinCount": 0,
        "valuesMaxCount": 1,
        "isUnique": False,
        "isIndexable": False,
        "includeInNotification": TYPES.type("Table").attributes["rowCount"].definition.flagged,
        "searchWeight": -1,
    }


def test_what_is_inherited_is_in_the_links_and_not_in_the_attributes(http: httpx.Client) -> None:
    table = get(http, "/api/meta/types/entitydef/name/Table")
    assert {one["name"] for one in table["attributeDefs"]} == set(TYPES.system.entities["Table"].attributes)
    assert {one["name"] for one in table["relationshipAttributeDefs"]} == set(TYPES.type("Table").links)
    columns = attribute(table, "columns", "relationshipAttributeDefs")
    assert columns["typeName"] == "array<Column>"
    assert columns["relationshipTypeName"] == "table_columns"
    assert columns["isLegacyAttribute"] is False


def test_flags_of_attributes_are_told(http: httpx.Client) -> None:
    asset, root = (get(http, f"/api/meta/types/entitydef/name/{name}") for name in ("Asset", "Referenceable"))
    assert attribute(root, "qualifiedName")["isUnique"] is True
    assert attribute(asset, "certificateStatus")["autoUpdateAttributes"] == {
        "user": ["certificateUpdatedBy"], "timestamp": ["certificateUpdatedAt"],
    }  # fmt: skip
    assert "Catalog" in asset["subTypes"]


def test_a_relationship_definition(http: httpx.Client) -> None:
    found = get(http, "/api/meta/types/relationshipdef/name/table_columns")
    assert found["relationshipCategory"] == TYPES.relationship("table_columns").category
    assert found["propagateTags"] == TYPES.relationship("table_columns").tag_flow
    assert found["endDef1"] == {
        "type": "Table", "name": "columns", "isContainer": True, "cardinality": "SET", "isLegacyAttribute": False,
    }  # fmt: skip
    assert found["endDef2"]["cardinality"] == "SINGLE"


def test_the_attributes_of_a_relationship(http: httpx.Client) -> None:
    found = get(http, "/api/meta/types/relationshipdef/name/AtlasGlossaryAntonym")
    assert {one["name"] for one in found["attributeDefs"]} >= {"description", "steward"}


def test_an_enum_definition(http: httpx.Client) -> None:
    found = get(http, "/api/meta/types/enumdef/name/certificate_status")
    assert [one["ordinal"] for one in found["elementDefs"]] == [0, 1, 2]
    assert {one["value"] for one in found["elementDefs"]} == {"DEPRECATED", "DRAFT", "VERIFIED"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("typedef", "Table"),
        ("typedef", "Histogram"),
        ("enumdef", "certificate_status"),
        ("structdef", "Histogram"),
        ("entitydef", "Table"),
        ("entitydef", "Histogram"),  # where Apache's client asks for structs
        ("relationshipdef", "table_columns"),
    ],
)
def test_by_name_and_by_guid_are_one(http: httpx.Client, path: str, name: str) -> None:
    by_name = get(http, f"/api/meta/types/{path}/name/{name}")
    assert by_name["name"] == name
    assert get(http, f"/api/atlas/v2/types/{path}/guid/{by_name['guid'].upper()}/") == by_name


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("typedef/name/Tabel", "; did you mean Table?"),
        ("enumdef/name/Table", "; its category is ENTITY"),
        ("classificationdef/name/PII", ""),
        ("businessmetadatadef/guid/00000000-0000-0000-0000-000000000000", ""),
    ],
)
def test_an_unknown_type_in_the_words_that_clients_match(http: httpx.Client, path: str, hint: str) -> None:
    answer = ask(http, f"/api/meta/types/{path}")
    name = path.rpartition("/")[2]
    assert answer.status_code == 404
    assert answer.json()["errorCode"] == "ATLAS-404-00-001"
    assert answer.json()["errorMessage"].startswith(f"Given typename {name} was invalid{hint}")


def test_headers_name_everything_once(http: httpx.Client) -> None:
    headers = get(http, "/api/meta/types/typedefs/headers")
    names = [one["name"] for one in headers]
    assert len(names) == len(set(names)) == sum(len(one) for one in (
        TYPES.system.enums, TYPES.system.structs, TYPES.system.entities, TYPES.system.relationships,
    ))  # fmt: skip
    assert get(http, "/api/meta/types/typedefs/headers/", type="enum") == headers[: len(TYPES.system.enums)]


def test_definitions_live_as_long_as_their_registry() -> None:
    top = EntityDef("Top", (), {"size": AttributeDef("size", "int", default=3)}, {})
    bottom = EntityDef("Bottom", ("Top",), {}, {})
    types = TypeRegistry(TypeSystem({"Top": top, "Bottom": bottom}, {}, {}, {}))
    definitions = definitions_of(types)
    assert definitions_of(types) is definitions
    assert b'"defaultValue":"3"' in definitions.by_name("Top", "ENTITY")
    assert b'"subTypes":["Bottom"]' in b"".join(definitions.all_of(["ENTITY"]))


# --- the unmodified clients


def test_pyatlan_reads_every_category(atlan: AtlanClient) -> None:
    found = atlan.typedef.get_all()
    assert len(found.entity_defs) == len(found.reserved_entity_defs) == len(TYPES.system.entities)
    assert len(found.struct_defs) == len(TYPES.system.structs)
    assert len(found.relationship_defs) == len(TYPES.system.relationships)
    only = atlan.typedef.get(type_category=[AtlanTypeCategory.ENUM, AtlanTypeCategory.STRUCT])
    assert only.entity_defs == []
    assert only.enum_defs


def test_pyatlan_reads_one(atlan: AtlanClient) -> None:
    assert atlan.typedef.get_by_name("Table").name == "Table"
    assert isinstance(atlan.typedef.get_by_name("certificate_status"), EnumDef)
    with pytest.raises(NotFoundError, match="ATLAS-404-00-001"):
        atlan.typedef.get_by_name("Nothing")


def test_pyatlan_fills_its_caches(atlan: AtlanClient) -> None:
    assert "VERIFIED" in atlan.enum_cache.get_by_name("certificate_status").get_valid_values()
    assert atlan.atlan_tag_cache.get_id_for_name("no such tag") is None
    assert atlan.custom_metadata_cache.get_all_custom_attributes() == {}
    with pytest.raises(NotFoundError):
        atlan.custom_metadata_cache.get_id_for_name("no such set")


def test_apache_atlas_reads_every_category(atlas: Any) -> None:
    found = atlas.get_all_typedefs(SearchFilter())
    assert len(found.entityDefs) == len(TYPES.system.entities)
    assert len(found.relationshipDefs) == len(TYPES.system.relationships)
    assert len(atlas.get_all_typedef_headers(SearchFilter())) > 1000


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("enumdef", "certificate_status"),
        ("structdef", "Histogram"),
        ("entitydef", "Table"),
        ("relationshipdef", "table_columns"),
    ],
)
def test_apache_atlas_reads_one_by_name_and_by_guid(atlas: Any, kind: str, name: str) -> None:
    found = getattr(atlas, f"get_{kind}_by_name")(name)
    assert found.name == name
    assert getattr(atlas, f"get_{kind}_by_guid")(found.guid).name == name
    assert atlas.type_with_name_exists(name)
    assert atlas.type_with_guid_exists(found.guid)


def test_apache_atlas_is_told_what_is_not_there(atlas: Any) -> None:
    assert not atlas.type_with_name_exists("Nothing")
    assert not atlas.type_with_guid_exists(type_guid("Nothing"))
