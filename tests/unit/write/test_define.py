"""What a request about types comes to, before anybody is asked whether something is in use."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog import SHIPPED
from tidings.model.definitions import MEMBERS, is_generated, with_definitions
from tidings.model.errors import Conflict, InvalidDefinition, MalformedBody, TooLarge, TypeExists, UnknownType
from tidings.model.events import decode
from tidings.model.registry import TypeRegistry
from tidings.model.typedefs import TypeSystem
from tidings.write.define import Plan, change, create
from tidings.write.definition_form import MOST_DEFINITIONS, given_in
from tidings.write.definition_use import removed

Json = dict[str, Any]


def made(request: Json, system: TypeSystem = SHIPPED) -> Plan:
    return create(given_in(request), system, SHIPPED, 1_000, "jo")


def system(request: Json) -> TypeSystem:
    return with_definitions(SHIPPED, made(request).saved)


def altered(request: Json, before: Json) -> Plan:
    return change(given_in(request), system(before), SHIPPED, 2_000, "mia")


def bodies(plan: Plan) -> list[Json]:
    return [decode(one.body) for one in plan.saved]


def attribute(name: str, type_name: str = "string", **more: Any) -> Json:
    return {"name": name, "typeName": type_name, **more}


def entity(name: str = "Box", *attributes: Json, above: str = "Asset", **more: Any) -> Json:
    return {"entityDefs": [{"name": name, "superTypes": [above], "attributeDefs": list(attributes), **more}]}


def custom(*attributes: Json, name: str = "Set") -> Json:
    return {"businessMetadataDefs": [{"displayName": name, "attributeDefs": list(attributes)}]}


def shown(name: str, type_name: str = "string", **options: Any) -> Json:
    return {"displayName": name, "typeName": type_name, "options": options}


def relationship(category: str = "ASSOCIATION", **more: Any) -> Json:
    ends = {
        "endDef1": {"type": "Table", "name": "boxes", "cardinality": "SET"},
        "endDef2": {"type": "View", "name": "crate"},
    }
    return {"relationshipDefs": [{"name": "r", "relationshipCategory": category, **ends, **more}]}


def ended(type_name: str = "Table", name: str = "x", **more: Any) -> Json:
    """A relationship whose first end is this."""
    return relationship("ASSOCIATION", endDef1={"type": type_name, "name": name, **more})


def tag(**more: Any) -> Json:
    return {"classificationDefs": [{"name": "t", **more}]}


FIRST = "businessMetadataDefs[0].attributeDefs[0]"


def enum(*values: str, name: str = "Colour") -> Json:
    return {"enumDefs": [{"name": name, "elementDefs": [{"value": one} for one in values]}]}


def faults(request: Json) -> list[str]:
    with pytest.raises(InvalidDefinition) as caught:
        made(request)
    return [one.location for one in caught.value.problems]


# --- names


def test_what_people_call_something_is_not_its_name() -> None:
    [body] = bodies(made({"classificationDefs": [{"name": "PII", "displayName": "PII"}]}))
    assert is_generated(body["name"])
    assert body["displayName"] == "PII"
    assert [one["displayName"] for one in body["attributeDefs"]] == ["sourceTagAttachment"]


def test_a_name_of_another_catalog_is_kept() -> None:
    name = "a1B2c3D4e5F6g7H8i9J0k1"
    assert made({"classificationDefs": [{"name": name, "displayName": "PII"}]}).names == [name]


def test_a_plain_name_is_kept_and_shown() -> None:
    [body] = bodies(made({"classificationDefs": [{"name": "PII", "displayName": None}]}))
    assert (body["name"], body["displayName"], body["attributeDefs"]) == ("PII", "PII", [])


def test_stamps() -> None:
    [body] = bodies(made(enum("a")))
    assert (body["createdBy"], body["createTime"], body["updateTime"], body["version"]) == ("jo", 1_000, 1_000, 1)


@pytest.mark.parametrize("name", ["", "a<b>", "a/b", "_x", "x ", "x" * 256, 'a"b'])
def test_names_that_cannot_be(name: str) -> None:
    assert faults(entity(name)) == ["entityDefs[0].name"]


@pytest.mark.parametrize("name", ["Sizes & shapes", "Größe", "1-2 items"])
def test_enums_are_called_as_people_like(name: str) -> None:
    assert made(enum("a", name=name)).names == [name]


def test_a_copy_of_a_shipped_type_is_not_shipped() -> None:
    [body] = bodies(made(entity(serviceType="atlan")))
    assert "serviceType" not in body


# --- forms


def test_values_of_an_enum_are_numbered() -> None:
    [body] = bodies(made({"enumDefs": [{"name": "E", "elementDefs": [{"value": "a", "ordinal": 4}, {"value": "b"}]}]}))
    assert [one["ordinal"] for one in body["elementDefs"]] == [4, 5]


@pytest.mark.parametrize(
    ("given", "type_name"),
    [
        (shown("a", "users"), "string"),
        (shown("a", "SQL", multiValueSelect="true"), "array<string>"),
        (shown("a", "array<url>"), "array<string>"),
        (shown("a", "int", multiValueSelect=True), "array<int>"),
        (shown("a", "string", enumType="certificate_status"), "certificate_status"),
        (shown("a", "", primitiveType="date"), "date"),
    ],
)
def test_types_of_custom_metadata_are_spelled_out(given: Json, type_name: str) -> None:
    [body] = bodies(made(custom(given)))
    assert body["attributeDefs"][0]["typeName"] == type_name
    assert body["attributeDefs"][0]["cardinality"] == ("SET" if type_name.startswith("array") else "SINGLE")


def test_the_whole_of_a_composition_stands_first() -> None:
    ends = {"endDef1": {"type": "View", "name": "crate"},
            "endDef2": {"type": "Table", "name": "boxes", "cardinality": "SET", "isContainer": True}}  # fmt: skip
    [body] = bodies(made(relationship("COMPOSITION", propagateTags="TWO_TO_ONE", **ends)))
    assert (body["endDef1"]["type"], body["propagateTags"]) == ("Table", "ONE_TO_TWO")


@pytest.mark.parametrize("request_", [None, [], {}, {"entities": []}])
def test_what_holds_no_definitions(request_: object) -> None:
    with pytest.raises(MalformedBody, match="enumDefs"):
        given_in(request_)


def test_a_reference_becomes_a_relationship_only_while_it_has_no_links() -> None:
    before = system(entity("Box", attribute("table", "Table")))
    ends: Json = {"endDef1": {"type": "Box", "name": "table"}, "endDef2": {"type": "View", "name": "crate"}}
    [demand] = made(relationship(**ends), before).demands
    assert set(demand.links) == {"Box_table"}


def test_what_is_nested_too_deeply() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    with pytest.raises(TooLarge, match="too deeply"):
        given_in({"enumDefs": [{"name": "e", "options": {"a": deep}}]})


def test_too_many() -> None:
    with pytest.raises(TooLarge):
        given_in({"structDefs": [{"name": f"s{number}"} for number in range(MOST_DEFINITIONS + 1)]})


def test_lists_that_are_too_long() -> None:
    values = [{"value": str(number)} for number in range(10_001)]
    with pytest.raises(TooLarge, match="elementDefs: 'many' has 10,001 of them; one definition may hold 10,000"):
        given_in({"enumDefs": [{"name": "many", "elementDefs": values}]})
    assert given_in({"enumDefs": [{"name": "many", "elementDefs": values[1:]}]})
    with pytest.raises(TooLarge, match="superTypes"):
        given_in({"entityDefs": [{"name": "many", "superTypes": ["Asset"] * 101}]})


# --- what does not hold together


@pytest.mark.parametrize(
    ("given", "location"),
    [
        (entity(above="Nothing"), "entityDefs[0].superTypes[0]"),
        (entity(above="Box"), "entityDefs[0].superTypes[0]"),
        (entity("Box", attribute("x", "colour")), "entityDefs[0].attributeDefs[0].typeName"),
        (entity("Box", attribute("x", "array<Table")), "entityDefs[0].attributeDefs[0].typeName"),
        (entity("Box", attribute("x", cardinality="LIST")), "entityDefs[0].attributeDefs[0].cardinality"),
        (entity("Box", attribute("x", cardinality="MANY")), "entityDefs[0].attributeDefs[0].cardinality"),
        (entity("Box", attribute("x"), attribute("x")), "entityDefs[0].attributeDefs[1].name"),
        (entity("Box", attribute("9x")), "entityDefs[0].attributeDefs[0].name"),
        (entity("Box", {"name": "x"}), "entityDefs[0].attributeDefs[0].typeName"),
        (entity("Box", attribute("name", "int")), "entityDefs[0].attributeDefs[0].name"),
        (entity("Box", attribute("meanings")), "entityDefs[0].attributeDefs[0].name"),
        (entity("Box", attribute("x", "int", defaultValue="a")), "entityDefs[0].attributeDefs[0].defaultValue"),
        (entity("Box", attribute("x", "certificate_status", defaultValue="a")), "entityDefs[0].attributeDefs[0].defaultValue"),
        ({"structDefs": [{"name": "s", "attributeDefs": [attribute("x", "Table")]}]}, "structDefs[0].attributeDefs[0].typeName"),
        (custom(shown("x", "Histogram")), "businessMetadataDefs[0].attributeDefs[0].typeName"),
        (custom(shown("x", applicableEntityTypes='["Nothing"]')), f"{FIRST}.options.applicableEntityTypes"),
        (custom(shown("x", assetTypesList="Table")), "businessMetadataDefs[0].attributeDefs[0].options.assetTypesList"),
        (custom(shown("x"), shown("x")), "businessMetadataDefs[0].attributeDefs[1].displayName"),
        (custom(shown(" x")), f"{FIRST}.displayName"),
        (custom(name=" "), "businessMetadataDefs[0].displayName"),
        (entity("Box", attribute("x", "array<" * 99 + "int" + ">" * 99)), "entityDefs[0].attributeDefs[0].typeName"),
        (ended("Table", 'x"'), "relationshipDefs[0].endDef1.name"),
        (enum(), "enumDefs[0].elementDefs"),
        (enum("a", "a"), "enumDefs[0].elementDefs"),
        (enum(""), "enumDefs[0].elementDefs"),
        ({"classificationDefs": [{"name": "t", "superTypes": ["x"]}]}, "classificationDefs[0].superTypes[0]"),
        ({"classificationDefs": [{"name": "t", "entityTypes": ["x"]}]}, "classificationDefs[0].entityTypes[0]"),
        (ended("Nothing", "x"), "relationshipDefs[0].endDef1.type"),
        (ended("Table", ""), "relationshipDefs[0].endDef1.name"),
        (ended("Table", "columns"), "relationshipDefs[0].endDef1.name"),
        (ended("Table", "rowCount"), "relationshipDefs[0].endDef1.name"),
        (ended("Table", "x", cardinality="LIST"), "relationshipDefs[0].endDef1.cardinality"),
        (ended("Table", "x", isContainer=True), "relationshipDefs[0].endDef1.isContainer"),
        (relationship("AGGREGATION"), "relationshipDefs[0].endDef1.isContainer"),
        ({"relationshipDefs": [{"name": "r"}]}, "relationshipDefs[0].relationshipCategory"),
    ],
)  # fmt: skip
def test_faults_and_where_they_are(given: Json, location: str) -> None:
    assert faults(given)[0] == location


def test_types_below_each_other() -> None:
    request = {"entityDefs": [{"name": "A", "superTypes": ["B"]}, {"name": "B", "superTypes": ["A"]}]}
    assert faults(request) == ["entityDefs[0].superTypes[0]", "entityDefs[1].superTypes[0]"]


def test_a_name_means_one_thing_in_the_types_below_too() -> None:
    before = system(entity("Box", attribute("size", "int")))
    with pytest.raises(InvalidDefinition, match="size is an attribute of type int of Box already"):
        change(
            given_in({"entityDefs": [{"name": "Asset", "attributeDefs": [attribute("size")]}]}),
            before,
            SHIPPED,
            1,
            "jo",
        )


def test_an_attribute_may_be_declared_again_as_it_is() -> None:
    assert made(entity("Box", attribute("name"))).names == ["Box"]


def test_definitions_of_one_request_may_name_each_other() -> None:
    request = {**enum("red"), **entity("Box", attribute("colour", "Colour"), attribute("inner", "Box"))}
    assert made(request).names == ["Colour", "Box"]


@pytest.mark.parametrize("taken", ["Table", "Histogram", "certificate_status", "table_columns", "string", "Box"])
def test_a_name_is_taken_once(taken: str) -> None:
    with pytest.raises(TypeExists, match=f"Given type {taken} already exists"):
        made(enum("a", name=taken), system(entity("Box")))


def test_two_tags_are_not_called_the_same() -> None:
    request = {"classificationDefs": [{"displayName": "PII"}]}
    with pytest.raises(TypeExists, match="Given type PII already exists"):
        made(request, system(request))
    either = {"classificationDefs": [{"displayName": "PII", "skipDisplayNameUniquenessCheck": True}]}
    assert made(either, system(request)).saved


# --- changes


def test_an_unchanged_definition_is_not_written() -> None:
    before = made(entity("Box", attribute("x", "int")))
    sent = {"entityDefs": bodies(before)}
    plan = change(given_in(sent), with_definitions(SHIPPED, before.saved), SHIPPED, 2_000, "mia")
    assert (plan.saved, plan.names) == ([], ["Box"])


def test_members_that_are_not_sent_stay() -> None:
    before = entity("Box", attribute("x", "int"), description="old", options={"a": "b"})
    [body] = bodies(altered({"entityDefs": [{"name": "Box", "description": "new"}]}, before))
    assert (body["description"], body["options"], len(body["attributeDefs"])) == ("new", {"a": "b"}, 1)
    assert (body["createdBy"], body["updatedBy"], body["updateTime"], body["version"]) == ("jo", "mia", 2_000, 2)


def test_attributes_are_not_removed() -> None:
    with pytest.raises(InvalidDefinition, match="attribute x is left out"):
        altered(entity("Box", attribute("y")), entity("Box", attribute("x")))


def test_what_people_call_something_changes_and_its_name_stays() -> None:
    before = made(custom(shown("one")))
    [body] = bodies(before)
    sent = {
        **body,
        "displayName": "Other",
        "attributeDefs": [{**body["attributeDefs"][0], "displayName": "1"}, shown("two")],
    }
    plan = change(
        given_in({"businessMetadataDefs": [sent]}), with_definitions(SHIPPED, before.saved), SHIPPED, 2, "mia"
    )
    [after] = bodies(plan)
    assert (after["name"], after["displayName"]) == (body["name"], "Other")
    assert after["attributeDefs"][0]["name"] == body["attributeDefs"][0]["name"]
    assert is_generated(after["attributeDefs"][1]["name"])
    assert plan.demands == []


def test_custom_metadata_is_found_by_what_people_call_it() -> None:
    [body] = bodies(altered(custom(shown("one"), shown("two")), custom(shown("one"))))
    assert [one["displayName"] for one in body["attributeDefs"]] == ["one", "two"]


@pytest.mark.parametrize(
    ("before", "after", "demand"),
    [
        (entity("Box", attribute("x", "int")), entity("Box", attribute("x")), {"attribute": "x", "assets": {"Box"}}),
        (entity("Box", attribute("x")), entity("Box", attribute("x", isOptional=False)), {"assets": {"Box"}}),
        (entity("Box"), entity("Box", attribute("x", isOptional=False)), {"assets": {"Box"}}),
        (entity("Box", attribute("x")), entity("Box", attribute("x", defaultValue="a")), {"assets": {"Box"}}),
        (entity("Box"), entity("Box", above="Catalog"), {"assets": {"Box"}}),
        (entity("Box", attribute("x", "Table")), entity("Box", attribute("x")), {"links": {"Box_x"}}),
        (relationship(), relationship(propagateTags="BOTH"), {"links": {"r"}}),
        (relationship(), relationship(endDef2={"type": "View", "name": "other"}), {"links": {"r"}}),
        (tag(), tag(entityTypes=["Table"]), {"tags": {"t"}}),
        (tag(), tag(attributeDefs=[attribute("x", isOptional=False)]),
         {"tags": {"t"}}),
    ],
)  # fmt: skip
def test_what_must_not_be_in_use_for_a_change(before: Json, after: Json, demand: Json) -> None:
    [found] = altered(after, before).demands
    assert {name: getattr(found, name) for name in demand} == demand


def test_a_custom_attribute_with_values_keeps_its_type() -> None:
    [demand] = altered(custom(shown("x", "int")), custom(shown("x"))).demands
    assert demand.custom_set
    assert demand.attribute


def test_values_of_an_enum_that_are_taken_away() -> None:
    before = {**enum("red", "green"), **entity("Box", attribute("colour", "Colour"))}
    [demand] = altered(enum("green"), before).demands
    assert (demand.attribute, set(demand.assets), set(demand.values)) == ("colour", {"Box"}, {"red"})
    assert altered(enum("red", "green", "blue"), before).demands == []


def test_values_that_could_stand_in_a_struct_stay() -> None:
    struct = {"structDefs": [{"name": "s", "attributeDefs": [attribute("colour", "Colour")]}]}
    [demand] = altered(enum("green"), {**enum("red", "green"), **struct}).demands
    assert demand.by == "s.colour"


def test_a_definition_keeps_its_category() -> None:
    with pytest.raises(Conflict, match="is of category ENUM"):
        altered({"structDefs": [{"name": "Colour"}]}, enum("red"))


@pytest.mark.parametrize("sent", [enum("a"), {"classificationDefs": [{"displayName": "PII"}]}, custom()])
def test_what_is_not_there_cannot_change(sent: Json) -> None:
    with pytest.raises(UnknownType):
        altered(sent, entity())


# --- what comes with the program


def test_a_shipped_enum_takes_more_values_and_keeps_its_own() -> None:
    known = SHIPPED.enums["certificate_status"].values
    [body] = bodies(change(given_in(enum(*known, "LOST", name="certificate_status")), SHIPPED, SHIPPED, 1, "jo"))
    assert [one["value"] for one in body["elementDefs"]] == [*known, "LOST"]
    with pytest.raises(Conflict, match="its own values stay"):
        change(given_in(enum("LOST", name="certificate_status")), SHIPPED, SHIPPED, 1, "jo")


def test_a_shipped_type_takes_more_attributes() -> None:
    sent = {"entityDefs": [{"name": "Table", "attributeDefs": [attribute("rowCount", "long"), attribute("shelf")]}]}
    [body] = bodies(change(given_in(sent), SHIPPED, SHIPPED, 1, "jo"))
    assert [one["name"] for one in body["attributeDefs"]] == ["shelf"]
    mandatory = {"entityDefs": [{"name": "Table", "attributeDefs": [attribute("shelf", isOptional=False)]}]}
    [demand] = change(given_in(mandatory), SHIPPED, SHIPPED, 1, "jo").demands
    assert "Table" in demand.assets


@pytest.mark.parametrize(
    "sent",
    [
        {"entityDefs": [{"name": "Table", "superTypes": ["Asset"]}]},
        {"entityDefs": [{"name": "Table", "attributeDefs": [attribute("rowCount", "string")]}]},
        {"structDefs": [{"name": "Histogram", "attributeDefs": []}]},
        relationship(name="table_columns"),
        {"structDefs": [{"name": "Table"}]},
    ],
)
def test_shipped_definitions_stay(sent: Json) -> None:
    with pytest.raises(Conflict):
        change(given_in(sent), SHIPPED, SHIPPED, 1, "jo")


# --- removing


@pytest.mark.parametrize("name", ["Table", "Histogram", "certificate_status", "table_columns"])
def test_shipped_definitions_are_not_removed(name: str) -> None:
    with pytest.raises(Conflict, match="comes with the program"):
        removed([name], TypeRegistry(SHIPPED))


def test_who_uses_a_type_is_told() -> None:
    request = {**enum("red"), **entity("Box", attribute("colour", "Colour"), attribute("inner", "array<Box>"))}
    request["entityDefs"].append({"name": "Small", "superTypes": ["Box"]})
    types = TypeRegistry(system(request))
    assert [one.by for one in removed(["Colour"], types)[1]] == ["Box.colour"]
    demands = removed(["Box"], types)[1]
    assert [one.by for one in demands if one.by] == ["Small"]
    assert [set(one.assets) for one in demands if one.assets] == [{"Box", "Small"}]
    assert not any(one.by for one in removed(["Box", "Small", "Colour"], types)[1])


def test_a_tag_is_found_by_what_people_call_it() -> None:
    types = TypeRegistry(system({"classificationDefs": [{"displayName": "PII"}]}))
    [name], _ = removed(["PII"], types)
    assert is_generated(name)
    with pytest.raises(UnknownType):
        removed(["PI"], types)


def test_every_category_has_a_member() -> None:
    assert len(MEMBERS) == 6
