"""Types, tags and custom metadata made, changed and removed over the wire, by hand and by the unmodified clients."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from apache_atlas.client.base_client import AtlasClient
from apache_atlas.exceptions import AtlasServiceException
from apache_atlas.model.instance import AtlasEntity, AtlasEntityWithExtInfo
from apache_atlas.model.typedef import AtlasTypesDef
from pyatlan.client.atlan import AtlanClient
from pyatlan.errors import ConflictError, InvalidRequestError, NotFoundError
from pyatlan.model.enums import AtlanCustomAttributePrimitiveType, AtlanTagColor, AtlanTypeCategory
from pyatlan.model.typedef import AtlanTagDef, AttributeDef, CustomMetadataDef, EnumDef

from tests.api.door import Door, Json, asset, guids
from tidings.model.definitions import MEMBERS, is_generated
from tidings.testing import TOKEN

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")  # how pyatlan sends bodies
TYPEDEFS = "/api/meta/types/typedefs/"
ONE = "/api/meta/types/typedef/name"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_numbers = count(1)


@pytest.fixture
def word() -> str:
    """A name that no other test uses."""
    return f"Word{next(_numbers)}"


@pytest.fixture
def atlan(door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[AtlanClient]:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    client = AtlanClient(base_url=str(door.http.base_url), api_key=TOKEN)  # type: ignore[no-untyped-call]
    with contextlib.closing(client._session):
        yield client


@pytest.fixture
def atlas(door: Door, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("NO_PROXY", "*")
    client = AtlasClient(str(door.http.base_url), ("anybody", TOKEN))
    with client.session:
        yield client


def define(door: Door, member: str, *definitions: Json, method: str = "POST", status: int = 200, **params: Any) -> Any:
    answer = door.ask(method, TYPEDEFS, status, {member: definitions}, params=params).json()
    return answer if status != 200 else answer[member][0]


# --- what stands on the wire


@pytest.mark.parametrize("prefix", ["/api/meta", "/api/atlas/v2"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_under_both_prefixes_a_tag_is_made_shown_and_removed(door: Door, word: str, prefix: str, slash: str) -> None:
    body = {"classificationDefs": [{"name": word, "displayName": word, "options": {"color": "RED"}}]}
    answer = door.ask("POST", f"{prefix}/types/typedefs{slash}", 200, body).json()
    assert list(answer) == list(MEMBERS.values())
    [made] = answer["classificationDefs"]
    assert is_generated(made["name"])
    assert (made["displayName"], made["options"], made["createdBy"]) == (word, {"color": "RED"}, "admin")
    found = door.read(f"{prefix}/types/typedefs{slash}", type="CLASSIFICATION")["classificationDefs"]
    assert made in found
    for path in (f"name/{made['name']}", f"name/{word}", f"guid/{made['guid']}"):
        assert door.read(f"{prefix}/types/typedef/{path}{slash}") == made
    gone = door.ask("DELETE", f"{prefix}/types/typedef/name/{made['name']}{slash}", 204)
    assert gone.content == b""
    door.ask("GET", f"{prefix}/types/typedef/name/{made['name']}", 404)


def test_a_tag_can_tell_its_source(door: Door, word: str) -> None:
    [source] = define(door, "classificationDefs", {"name": word, "displayName": word})["attributeDefs"]
    assert (source["displayName"], source["typeName"]) == ("sourceTagAttachment", "array<SourceTagAttachment>")
    assert is_generated(source["name"])


def test_options_of_custom_metadata_come_back_as_they_were_sent(door: Door, word: str) -> None:
    options = {"applicableEntityTypes": '["Asset"]', "multiValueSelect": True, "isEnum": "false", "maxStrLength": "9"}
    attribute = {"name": "", "isNew": True, "displayName": "Owner", "typeName": "users", "options": options}
    made = define(door, "businessMetadataDefs", {"name": word, "displayName": word, "attributeDefs": [attribute]})
    [kept] = made["attributeDefs"]
    assert kept["options"] == options
    assert (kept["typeName"], kept["cardinality"], kept["displayName"]) == ("array<string>", "SET", "Owner")
    assert is_generated(kept["name"])
    assert "isNew" not in kept


def test_names_of_apaches_clients_stay(door: Door, word: str) -> None:
    made = define(door, "classificationDefs", {"name": word, "attributeDefs": [{"name": "level", "typeName": "int"}]})
    assert (made["name"], made["displayName"]) == (word, word)
    assert [one["name"] for one in made["attributeDefs"]] == ["level"]


def test_a_change_keeps_who_made_it_and_counts(door: Door, word: str) -> None:
    made = define(door, "enumDefs", {"name": word, "elementDefs": [{"value": "a"}]})
    more = {"name": word, "elementDefs": [{"value": "a", "ordinal": 0}, {"value": "b", "ordinal": 1}]}
    changed = define(door, "enumDefs", more, method="PUT")
    assert (changed["guid"], changed["version"], changed["createTime"]) == (made["guid"], 2, made["createTime"])
    assert define(door, "enumDefs", changed, method="PUT") == changed


def test_definitions_tell_the_head_of_the_log_nothing(door: Door, word: str) -> None:
    head = door.head()
    define(door, "classificationDefs", {"name": word, "displayName": word})
    assert door.head() == head


def test_a_dry_run_makes_nothing(door: Door, word: str) -> None:
    made = define(door, "classificationDefs", {"name": word, "displayName": word}, dryRun=True)
    door.ask("GET", f"{ONE}/{made['name']}", 404)


def test_types_of_ones_own_are_types_at_once(door: Door, word: str) -> None:
    whole, part = f"{word}Box", f"{word}Thing"
    ends = {
        "endDef1": {"type": whole, "name": "things", "cardinality": "SET", "isContainer": True},
        "endDef2": {"type": part, "name": "box", "cardinality": "SINGLE", "isContainer": False},
    }
    body = {
        "entityDefs": [
            {"name": whole, "superTypes": ["Asset"]},
            {"name": part, "superTypes": ["Asset"], "attributeDefs": [{"name": "weight", "typeName": "int"}]},
        ],
        "relationshipDefs": [{"name": f"{word}_things", "relationshipCategory": "COMPOSITION", **ends}],
    }
    door.ask("POST", TYPEDEFS, 200, body)
    box, thing = guids(
        door.save(asset(whole, f"{word}/b", "-1"), asset(part, f"{word}/t", weight=3, box={"guid": "-1"}), strict=True)
    )
    assert [one["guid"] for one in door.entity(box)["relationshipAttributes"]["things"]] == [thing]
    assert door.entity(thing)["attributes"]["weight"] == 3
    shown = door.read(f"{ONE}/{part}")
    assert [one["name"] for one in shown["relationshipAttributeDefs"] if one["name"] == "box"] == ["box"]
    assert whole in door.read(f"{ONE}/Asset")["subTypes"]


def test_custom_metadata_is_told_with_the_types_that_may_have_it(door: Door, word: str) -> None:
    attribute = {"displayName": "Level", "typeName": "int", "options": {"applicableEntityTypes": '["SQL"]'}}
    made = define(door, "businessMetadataDefs", {"displayName": word, "attributeDefs": [attribute]})
    assert door.read(f"{ONE}/Table")["businessAttributeDefs"][made["name"]] == made["attributeDefs"]
    assert made["name"] not in door.read(f"{ONE}/AtlasGlossary")["businessAttributeDefs"]


def test_one_is_asked_for_by_name_among_all(door: Door, word: str) -> None:
    define(door, "enumDefs", {"name": word, "elementDefs": [{"value": "a"}]})
    found = door.read(TYPEDEFS, name=word)
    assert [one["name"] for one in found["enumDefs"]] == [word]
    assert not any(found[member] for member in MEMBERS.values() if member != "enumDefs")


# --- what is refused


def test_what_is_there_is_not_made_again(door: Door, word: str) -> None:
    define(door, "enumDefs", {"name": word, "elementDefs": [{"value": "a"}]})
    problem = define(door, "structDefs", {"name": word}, status=409)
    assert problem["errorCode"] == "ATLAS-409-00-001"
    assert problem["errorMessage"] == f"Given type {word} already exists; its category is ENUM"


def test_what_is_not_there_is_not_changed(door: Door, word: str) -> None:
    problem = define(door, "enumDefs", {"name": word, "elementDefs": [{"value": "a"}]}, method="PUT", status=404)
    assert problem["errorCode"] == "ATLAS-404-00-001"
    assert door.refusal("DELETE", f"{ONE}/{word}", 404)["errorCode"] == "ATLAS-404-00-001"


def test_what_is_used_is_not_removed(door: Door, word: str) -> None:
    define(door, "entityDefs", {"name": word, "superTypes": ["Asset"]})
    door.save(asset(word, f"{word}/a"), asset(word, f"{word}/b"))
    problem = door.refusal("DELETE", f"{ONE}/{word}", 409)
    assert problem["errorCode"] == "ATLAS-409-00-002"
    assert problem["errorMessage"] == f"Given type {word} has references: 2 assets of type {word}"


def test_all_definitions_or_none(door: Door, word: str) -> None:
    body = {"enumDefs": [{"name": word, "elementDefs": [{"value": "a"}]}], "structDefs": [{"name": "Histogram"}]}
    door.ask("POST", TYPEDEFS, 409, body)
    door.ask("GET", f"{ONE}/{word}", 404)


def test_every_fault_is_told_where_it_is(door: Door, word: str) -> None:
    attributes = [{"name": "x", "typeName": "strin"}, {"name": "y", "typeName": "int", "cardinality": "SET"}]
    problem = define(
        door, "structDefs", {"name": word, "attributeDefs": attributes[1:]}, {"name": f"{word}?"}, status=400
    )
    assert problem["errorCode"] == "TIDINGS-400-011"
    assert [one["location"] for one in problem["causes"]] == [
        "structDefs[0].attributeDefs[0].cardinality",
        "structDefs[1].name",
    ]
    problem = define(door, "structDefs", {"name": word, "attributeDefs": attributes[:1]}, status=400)
    assert "there is no strin (did you mean string?)" in problem["errorMessage"]


@pytest.mark.parametrize(
    "body", [{}, {"entities": []}, {"enumDefs": {}}, {"enumDefs": ["x"]}, {"enumDefs": [{"name": 1}]}]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_what_is_no_definition_is_told_so(door: Door, method: str, body: Json) -> None:
    assert "Defs" in door.refusal(method, TYPEDEFS, 400, body=body)["errorMessage"]


def test_several_are_removed_at_once(door: Door, word: str) -> None:
    attribute = {"name": "x", "typeName": f"{word}Enum"}
    body = {
        "enumDefs": [{"name": f"{word}Enum", "elementDefs": [{"value": "a"}]}],
        "structDefs": [{"name": word, "attributeDefs": [attribute]}],
    }
    door.ask("POST", TYPEDEFS, 200, body)
    problem = door.refusal("DELETE", f"{ONE}/{word}Enum", 409)
    assert problem["errorMessage"] == f"Given type {word}Enum has references: {word}.x"
    door.ask("DELETE", TYPEDEFS, 204, body)
    door.ask("GET", f"{ONE}/{word}", 404)


# --- pyatlan


def test_pyatlan_makes_changes_and_removes_a_tag(atlan: AtlanClient, word: str) -> None:
    made = atlan.typedef.create(AtlanTagDef.create(word, color=AtlanTagColor.RED)).atlan_tag_defs[0]
    assert atlan.atlan_tag_cache.get_id_for_name(word) == made.name
    assert made.name
    assert atlan.atlan_tag_cache.get_source_tags_attr_id(made.name)
    made.description = "secret"
    changed = atlan.typedef.update(made).atlan_tag_defs[0]
    assert (changed.name, changed.description, changed.version) == (made.name, "secret", 2)
    with pytest.raises(ConflictError, match="ATLAS-409-00-001"):
        atlan.typedef.create(AtlanTagDef.create(word))
    atlan.typedef.purge(word, AtlanTagDef)
    with pytest.raises(NotFoundError):
        atlan.typedef.get_by_name(made.name)


def custom_attribute(
    atlan: AtlanClient, name: str, kind: AtlanCustomAttributePrimitiveType, **more: Any
) -> AttributeDef:
    """Bounds are given, since the client would search for all that there are."""
    return AttributeDef.create(
        atlan, name, kind, applicable_connections={"default/x/1"}, applicable_glossaries={"g"}, **more
    )


def test_pyatlan_makes_an_enum_and_custom_metadata_of_it(atlan: AtlanClient, word: str) -> None:
    atlan.typedef.create(EnumDef.create(f"{word} colours", ["red", "green"]))
    wanted = CustomMetadataDef.create(word, "what it is for")
    kinds = AtlanCustomAttributePrimitiveType
    wanted.attribute_defs = [
        custom_attribute(atlan, "Colour", kinds.OPTIONS, options_name=f"{word} colours"),
        custom_attribute(atlan, "Owners", kinds.USERS, multi_valued=True),
        custom_attribute(atlan, "Since", kinds.DATE),
    ]
    made = atlan.typedef.create(wanted).custom_metadata_defs[0]
    types = [one.type_name for one in made.attribute_defs]
    assert types == [f"{word} colours", "array<string>", "date"]
    assert atlan.custom_metadata_cache.get_id_for_name(word) == made.name
    assert atlan.custom_metadata_cache.get_attr_id_for_name(word, "Since") == made.attribute_defs[2].name
    with pytest.raises(ConflictError, match="ATLAS-409-00-002"):
        atlan.typedef.purge(f"{word} colours", EnumDef)
    atlan.typedef.purge(word, CustomMetadataDef)
    atlan.typedef.purge(f"{word} colours", EnumDef)


def test_pyatlan_adds_and_archives_attributes(atlan: AtlanClient, word: str) -> None:
    kinds = AtlanCustomAttributePrimitiveType
    wanted = CustomMetadataDef.create(word)
    wanted.attribute_defs = [custom_attribute(atlan, "First", kinds.STRING)]
    atlan.typedef.create(wanted)
    known = atlan.custom_metadata_cache.get_custom_metadata_def(word)
    known.attribute_defs = [known.attribute_defs[0].archive("me"), custom_attribute(atlan, "Second", kinds.INTEGER)]
    changed = atlan.typedef.update(known).custom_metadata_defs[0]
    first, second = changed.attribute_defs
    assert (first.is_archived(), second.display_name) == (True, "Second")
    assert first.display_name
    assert first.display_name.startswith("First-archived-")
    assert [one.display_name for one in atlan.custom_metadata_cache.get_all_custom_attributes()[word]] == ["Second"]
    known.attribute_defs = [second]
    with pytest.raises(InvalidRequestError, match=r"archive it with options\.isArchived"):
        atlan.typedef.update(known)


def test_pyatlan_gives_an_enum_more_values(atlan: AtlanClient, word: str) -> None:
    atlan.typedef.create(EnumDef.create(word, ["a"]))
    changed = atlan.typedef.update(EnumDef.update(client=atlan, name=word, values=["b"], replace_existing=False))
    assert changed.enum_defs[0].get_valid_values() == ["a", "b"]
    less = EnumDef.update(client=atlan, name=word, values=["c"], replace_existing=True)
    assert atlan.typedef.update(less).enum_defs[0].get_valid_values() == ["c"]
    assert atlan.enum_cache.get_by_name(word).get_valid_values() == ["c"]


def test_pyatlan_reads_what_is_not_its_own(atlan: AtlanClient, door: Door, word: str) -> None:
    define(
        door, "entityDefs", {"name": word, "superTypes": ["Asset"], "attributeDefs": [{"name": "x", "typeName": "int"}]}
    )
    assert atlan.typedef.get_by_name(word).name == word
    found = atlan.typedef.get(AtlanTypeCategory.ENTITY)
    assert word in [one.name for one in found.custom_entity_defs]


# --- apache-atlas


def sample(word: str) -> Any:
    """Types as they are made for a source: a reference that is a relationship, one that is none, a struct, an enum."""

    def attribute(name: str, type_name: str, **more: Any) -> Json:
        return {"name": name, "typeName": type_name, "cardinality": "SINGLE", "isOptional": True, **more}

    return AtlasTypesDef(
        {
            "enumDefs": [{"name": f"{word}_kind", "elementDefs": [{"value": "OWN", "ordinal": 1}]}],
            "structDefs": [{"name": f"{word}_form", "attributeDefs": [attribute("codec", "string", isOptional=False)]}],
            "classificationDefs": [{"name": f"{word}_tag", "attributeDefs": [attribute("level", "int")]}],
            "entityDefs": [
                {"name": f"{word}_store", "superTypes": ["DataSet"],
                 "attributeDefs": [attribute("favourite", f"array<{word}_file>", cardinality="SET")]},
                {"name": f"{word}_file", "superTypes": ["DataSet"],
                 "attributeDefs": [attribute("store", f"{word}_store"), attribute("kind", f"{word}_kind"),
                                   attribute("form", f"{word}_form"), attribute("size", "long")]},
            ],
            "relationshipDefs": [
                {"name": f"{word}_files", "relationshipCategory": "AGGREGATION", "propagateTags": "NONE",
                 "endDef1": {"type": f"{word}_file", "name": "store", "cardinality": "SINGLE", "isContainer": False},
                 "endDef2": {"type": f"{word}_store", "name": "contents", "cardinality": "SET", "isContainer": True}},
            ],
            "businessMetadataDefs": [
                {"name": f"{word}_more",
                 "attributeDefs": [attribute("note", "string", options={"applicableEntityTypes": f'["{word}_file"]'})]},
            ],
        }
    )  # fmt: skip


def test_apache_atlas_makes_types_of_every_category(atlas: Any, word: str) -> None:
    made = atlas.typedef.create_atlas_typedefs(sample(word))
    assert [one.name for one in made.entityDefs] == [f"{word}_store", f"{word}_file"]
    assert atlas.typedef.get_classificationdef_by_name(f"{word}_tag").name == f"{word}_tag"
    assert atlas.typedef.get_businessmetadatadef_by_name(f"{word}_more").attributeDefs[0].name == "note"
    assert atlas.typedef.get_relationshipdef_by_name(f"{word}_files").guid == made.relationshipDefs[0].guid
    file = atlas.typedef.get_entitydef_by_name(f"{word}_file")
    assert {"store", "kind", "form", "size"} == {one.name for one in file.attributeDefs}
    assert "store" in {one.name for one in file.relationshipAttributeDefs}
    assert f"{word}_more" in file.businessAttributeDefs


def save(atlas: Any, type_name: str, name: str, **attributes: Any) -> str:
    entity = AtlasEntity({"typeName": type_name, "attributes": {"name": name, "qualifiedName": name, **attributes}})
    made = atlas.entity.create_entity(AtlasEntityWithExtInfo({"entity": entity}))
    guid: str = made.mutatedEntities["CREATE"][0].guid
    return guid


def test_apache_atlas_saves_assets_of_its_own_types(atlas: Any, word: str) -> None:
    atlas.typedef.create_atlas_typedefs(sample(word))
    store = save(atlas, f"{word}_store", f"{word}/s")
    form = {"typeName": f"{word}_form", "attributes": {"codec": "zip"}}
    file = save(atlas, f"{word}_file", f"{word}/f", store={"guid": store}, kind="OWN", form=form, size=7)
    atlas.entity.partial_update_entity_by_guid(store, [{"guid": file}], "favourite")
    read = atlas.entity.get_entity_by_guid(store).entity.relationshipAttributes
    assert [[one["guid"] for one in read[name]] for name in ("contents", "favourite")] == [[file], [file]]
    assert atlas.entity.get_entity_by_guid(file).entity.attributes["form"] == form
    with pytest.raises(AtlasServiceException, match=f"{word}_kind"):
        atlas.typedef.delete_type_by_name(f"{word}_kind")
    with pytest.raises(AtlasServiceException, match="1 link"):
        atlas.typedef.delete_type_by_name(f"{word}_files")


def test_apache_atlas_changes_and_removes_types(atlas: Any, door: Door, word: str) -> None:
    made = atlas.typedef.create_atlas_typedefs(sample(word))
    made.entityDefs[1].attributeDefs.append({"name": "owner_team", "typeName": "string"})
    changed = atlas.typedef.update_atlas_typedefs(made)
    assert changed.entityDefs[1].attributeDefs[-1].name == "owner_team"
    assert [changed.entityDefs[1].version, changed.entityDefs[0].version] == [2, 1]
    with pytest.raises(AtlasServiceException, match=f"{word}_files"):
        atlas.typedef.delete_type_by_name(f"{word}_file")
    for name in ("more", "tag", "files"):
        atlas.typedef.delete_type_by_name(f"{word}_{name}")
    with pytest.raises(AtlasServiceException, match=f"{word}_store.favourite"):
        atlas.typedef.delete_type_by_name(f"{word}_file")  # each of the two names the other: together they can go
    rest = {"entityDefs": [{"name": f"{word}_file"}, {"name": f"{word}_store"}]}
    door.ask("DELETE", TYPEDEFS, 204, rest)
    for name in ("form", "kind"):
        atlas.typedef.delete_type_by_name(f"{word}_{name}")
    assert not atlas.typedef.type_with_name_exists(f"{word}_file")
