"""Lineage over HTTP: in pages, as a graph, by the command line, and whether an asset has any."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.door import Door, Json, asset, guids, named, operations, some_connection
from tests.api.terminal import invoke
from tidings.client import Client
from tidings.testing import TOKEN

PREFIXES = ("/api/meta", "/api/atlas/v2")


class Chain:
    """a -> p -> b -> q -> c, and q -> a again."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.place = some_connection()
        tables = [asset("Table", f"{self.place}/{name}", description=f"of {name}") for name in "ab"]
        self.a, self.b, self.c = guids(door.save(*tables, asset("View", f"{self.place}/c")))
        self.p = self.process("p", [self.a], [self.b])
        self.q = self.process("q", [self.b], [self.c, self.a])

    def process(self, name: str, inputs: list[str], outputs: list[str], **more: Any) -> str:
        ends: Json = {"inputs": [{"guid": one} for one in inputs], "outputs": [{"guid": one} for one in outputs]}
        [made] = guids(self.door.save(asset("Process", f"{self.place}/{name}", **ends, **more)))
        return made

    def page(self, guid: str, **more: Any) -> Json:
        body = {"guid": guid, "depth": 1_000_000, "direction": "OUTPUT", **more}
        answer: Json = self.door.ask("POST", "/api/meta/lineage/list", body=body).json()
        return answer

    def found(self, guid: str, **more: Any) -> list[tuple[str, int]]:
        return [(one["displayText"], one["depth"]) for one in self.page(guid, **more)["entities"]]

    def filtered(self, member: str, *criteria: tuple[str, str, Any], condition: str = "AND") -> list[str]:
        written = [dict(zip(("attributeName", "operator", "attributeValue"), one, strict=True)) for one in criteria]
        return [name for name, _ in self.found(self.a, **{member: {"condition": condition, "criterion": written}})]

    def having(self, *wanted: str) -> list[bool]:
        return [self.door.entity(guid)["attributes"]["__hasLineage"] for guid in wanted]


@pytest.fixture
def chain(door: Door) -> Chain:
    return Chain(door)


def test_breadth_first_with_depth_in_both_directions(chain: Chain) -> None:
    assert chain.found(chain.a) == [("p", 1), ("b", 1), ("q", 2), ("c", 2)]
    assert chain.found(chain.c, direction="INPUT") == [("q", 1), ("b", 1), ("p", 2), ("a", 2)]
    assert chain.found(chain.p) == [("b", 1), ("q", 2), ("a", 2), ("c", 2)]
    assert chain.found(chain.a, depth=1) == [("p", 1), ("b", 1)]
    assert chain.found(chain.c) == chain.found(chain.a, depth=0) == []


def test_pages_are_of_ten_and_say_whether_there_is_more(chain: Chain) -> None:
    first, last = chain.page(chain.a, size=3), chain.page(chain.a, size=1, **{"from": 3})
    assert (len(first["entities"]), first["hasMore"], first["entityCount"]) == (3, True, 3)
    assert ([one["displayText"] for one in last["entities"]], last["hasMore"]) == (["c"], False)
    for number in range(12):
        chain.process(f"more{number}", [chain.c], [chain.c])
    assert len(chain.page(chain.c)["entities"]) == 10


def test_neighbours_and_the_start_where_asked_for(chain: Chain) -> None:
    start, p, *_ = chain.page(chain.a, immediateNeighbours=True)["entities"]
    assert (start["guid"], start["depth"]) == (chain.a, 0)
    b = {"guid": chain.b, "name": "b", "qualifiedName": f"{chain.place}/b"}
    assert start["immediateDownstream"] == start["immediateUpstream"] == [b]
    assert [one["guid"] for one in p["immediateDownstream"]] == [chain.q]
    alone = chain.process("r", [chain.c], [])
    [_, shown] = chain.page(chain.c, immediateNeighbours=True, direction="OUTPUT")["entities"]
    assert (shown["guid"], shown["immediateDownstream"]) == (alone, [])
    assert "immediateUpstream" not in chain.page(chain.b)["entities"][0]


def test_filters_hide_or_stop(chain: Chain) -> None:
    tables = ("__typeName", "=", "Table")
    assert chain.filtered("entityFilters", tables) == ["b"]
    assert chain.filtered("entityFilters", ("name", "=", "c"), tables, condition="OR") == ["b", "c"]
    assert chain.filtered("entityTraversalFilters", ("name", "!=", "b")) == ["p"]
    assert chain.filtered("entityTraversalFilters", ("__state", "=", "ACTIVE")) == ["p", "b", "q", "c"]
    assert chain.filtered("entityFilters", ("__hasLineage", "=", "True"), ("description", "isNull", "")) == [
        "p",
        "q",
        "c",
    ]
    assert chain.filtered("relationshipTraversalFilters", ("__state", "=", "ACTIVE")) == ["p", "b", "q", "c"]
    assert chain.filtered("relationshipTraversalFilters", ("__state", "=", "DELETED")) == []
    assert chain.filtered("relationshipTraversalFilters", ("__typeName", "=", "catalog_process_inputs")) == ["p"]


def test_only_what_was_asked_for_is_shown(chain: Chain) -> None:
    _, b, *_ = chain.page(chain.a, attributes=["description"], excludeMeanings=True, excludeClassifications=True)[
        "entities"
    ]
    assert b["attributes"] == {"name": "b", "qualifiedName": f"{chain.place}/b", "description": "of b"}
    assert not {"meanings", "classifications", "classificationNames"} & b.keys()
    process = chain.page(chain.a, attributes=["inputs"], relationAttributes=["description"])["entities"][0]
    [shown] = process["attributes"]["inputs"]
    assert (shown["guid"], shown["attributes"]["description"]) == (chain.a, "of a")
    assert process["classificationNames"] == process["meanings"] == []


def test_tags_and_custom_metadata_are_filtered_by_and_shown(door: Door, chain: Chain) -> None:
    word = chain.place.replace("/", "-")
    attribute = {"name": "", "displayName": "level", "typeName": "int", "options": {}}
    made = door.ask(
        "POST",
        "/api/meta/types/typedefs",
        body={
            "classificationDefs": [{"name": f"t {word}", "displayName": f"t {word}"}],
            "businessMetadataDefs": [{"name": f"m {word}", "displayName": f"m {word}", "attributeDefs": [attribute]}],
        },
    ).json()
    [tag], [custom] = made["classificationDefs"], made["businessMetadataDefs"]
    level = f"{custom['name']}.{custom['attributeDefs'][0]['name']}"
    values = {custom["name"]: {custom["attributeDefs"][0]["name"]: 3}}
    labels = {"classifications": [{"typeName": tag["name"], "propagate": False}], "businessAttributes": values}
    flags = {"replaceTags": "true", "replaceBusinessAttributes": "true"}
    door.save({"typeName": "Table", "guid": chain.b, "attributes": {}, **labels}, **flags)
    assert chain.filtered("entityFilters", ("__traitNames", "contains", tag["name"])) == ["b"]
    assert chain.filtered("entityFilters", ("__propagatedTraitNames", "contains", tag["name"])) == []
    assert chain.filtered("entityFilters", (level, ">", "2")) == ["b"]
    _, b, *_ = chain.page(chain.a, attributes=[level])["entities"]
    assert (b["attributes"][level], b["classificationNames"]) == (3, [tag["name"]])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"direction": "BOTH"}, "send INPUT or OUTPUT"),
        ({"size": 10_001}, "size from 0 to 10,000"),
        ({"from": -1}, "from and depth must be 0 or more"),
        ({"lineageType": "ProductAssetLineage"}, "DatasetProcessLineage or nothing"),
        ({"entityFilters": {"criterion": [{"attributeName": "name", "operator": "is"}]}}, "there are ="),
    ],
)
def test_what_cannot_be_listed(chain: Chain, given: Json, words: str) -> None:
    body = {"guid": chain.a, "depth": 1, "direction": "OUTPUT", **given}
    assert words in chain.door.refusal("POST", "/api/meta/lineage/list", 400, body=body)["errorMessage"]


def test_an_unknown_start_is_not_found(door: Door) -> None:
    gone = "0b8a5f2e-3c55-5d0c-9a43-6d1e1b6f0a71"
    assert door.refusal("POST", "/api/meta/lineage/list", 404, body={"guid": gone})["errorCode"] == "ATLAS-404-00-005"
    assert door.refusal("GET", f"/api/meta/lineage/{gone}", 404)["errorCode"] == "ATLAS-404-00-005"


def test_what_is_archived_is_not_walked(chain: Chain) -> None:
    chain.door.ask("DELETE", "/api/meta/entity/bulk", params={"guid": chain.q})
    assert chain.found(chain.a) == [("p", 1), ("b", 1)]
    assert chain.found(chain.q) == []
    assert chain.having(chain.a, chain.b, chain.c, chain.q) == [True, True, False, False]
    chain.door.ask("POST", "/api/meta/entity/restore/bulk", params={"guid": chain.q})
    assert chain.having(chain.a, chain.b, chain.c, chain.q) == [True] * 4


# --- graph -------------------------------------------------------------------------------------------------------------


def relations(graph: Json) -> set[tuple[str, str]]:
    named = {guid: one["displayText"] for guid, one in graph["guidEntityMap"].items()}
    return {(named[one["fromEntityId"]], named[one["toEntityId"]]) for one in graph["relations"]}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_graph_by_guid_and_by_name(chain: Chain, prefix: str) -> None:
    graph = chain.door.read(f"{prefix}/lineage/{chain.b}", depth=1)
    assert (graph["baseEntityGuid"], graph["lineageDirection"], graph["lineageDepth"]) == (chain.b, "BOTH", 1)
    assert relations(graph) == {("a", "p"), ("p", "b"), ("b", "q"), ("q", "c"), ("q", "a")}
    path, name = f"{prefix}/lineage/uniqueAttribute/type/Table", {"attr:qualifiedName": f"{chain.place}/b"}
    assert chain.door.read(path, depth=1, **name) == graph
    up = chain.door.read(f"{prefix}/lineage/{chain.b}", depth=1, direction="INPUT")
    assert relations(up) == {("a", "p"), ("p", "b")}
    [link] = [one for one in up["relations"] if one["toEntityId"] == chain.b]
    shown = chain.door.read(f"{prefix}/relationship/guid/{link['relationshipId']}")["relationship"]
    assert (shown["end1"]["guid"], shown["end2"]["guid"]) == (chain.p, chain.b)


def test_a_graph_without_end_and_without_processes(chain: Chain) -> None:
    assert len(chain.door.read(f"/api/meta/lineage/{chain.a}", depth=-1)["guidEntityMap"]) == 5
    answer = chain.door.ask(
        "POST", "/api/meta/lineage/getlineage", body={"guid": chain.a, "direction": "OUTPUT"}
    ).json()
    assert relations(answer) == {("a", "b"), ("b", "c"), ("b", "a")}
    assert {one["processId"] for one in answer["relations"]} == {chain.p, chain.q}
    whole = {"guid": chain.a, "hideProcess": False, "depth": 1}
    assert len(chain.door.ask("POST", "/api/meta/lineage/getlineage", body=whole).json()["guidEntityMap"]) == 4
    chain.door.refusal("GET", f"/api/meta/lineage/{chain.a}", 400, params={"direction": "UP"})


# --- whether there is any ----------------------------------------------------------------------------------------------


def test_having_lineage_is_the_servers_to_say(door: Door, chain: Chain) -> None:
    [alone] = guids(door.save(asset("Table", f"{chain.place}/alone", __hasLineage=True)))
    half = chain.process("half", [alone], [], __hasLineage=True)
    assert chain.having(alone, half, chain.a, chain.p) == [False, False, True, True]
    head = door.head()
    assert (
        door.save({"typeName": "Table", "guid": chain.a, "attributes": {"__hasLineage": False}})["mutatedEntities"]
        == {}
    )
    assert door.head() == head
    assert "__hasLineage" not in json.dumps(door.events(0))


def test_headers_and_lists_say_it_too(door: Door, chain: Chain) -> None:
    shown = [
        door.read(f"/api/meta/entity/guid/{chain.a}/header"),
        door.read("/api/meta/entity/uniqueAttribute/type/Table/header", **{"attr:qualifiedName": f"{chain.place}/a"}),
        door.read("/api/assets", qualifiedNamePrefix=f"{chain.place}/a")["assets"][0],
        door.read("/api/meta/entity/bulk", guid=chain.a)["entities"][0],
        chain.page(chain.b, direction="INPUT", attributes=["__hasLineage"])["entities"][1],
    ]
    assert [one["attributes"]["__hasLineage"] for one in shown] == [True] * 5


def test_new_lineage_tells_both_sides(door: Door, chain: Chain) -> None:
    head = door.head()
    chain.process("s", [chain.a, chain.b], [chain.c])
    assert sorted(operations(door.events(head))) == [("CREATE", "s"), ("UPDATE", "a"), ("UPDATE", "b"), ("UPDATE", "c")]


# --- terms -------------------------------------------------------------------------------------------------------------


def test_terms_are_shown_as_meanings(door: Door, chain: Chain) -> None:
    glossary = asset("AtlasGlossary", f"g {chain.place}", "-1")
    term = asset("AtlasGlossaryTerm", "money", "-2", anchor={"guid": "-1"}, assignedEntities=[{"guid": chain.a}])
    made = door.save(glossary, term)["guidAssignments"]["-2"]
    shown = door.entity(chain.a, ignoreRelationships="true")
    [meaning] = shown["meanings"]
    assert (meaning["termGuid"], meaning["displayText"], shown["meaningNames"]) == (made, "money", ["money"])
    door.ask("PUT", "/api/meta/relationship", body={"guid": meaning["relationGuid"], "attributes": {"confidence": 80}})
    whole = door.entity(chain.a)
    assert whole["meanings"][0]["confidence"] == 80
    assert door.save(whole)["mutatedEntities"] == {}
    criterion = {"attributeName": "meaningNames", "operator": "contains", "attributeValue": "money"}
    filters = {"criterion": [criterion]}
    assert chain.found(chain.b, direction="INPUT", entityFilters=filters) == [("a", 1)]
    criterion |= {"attributeName": "__meanings", "attributeValue": door.entity(made)["attributes"]["qualifiedName"]}
    assert chain.found(chain.b, direction="INPUT", entityFilters=filters) == [("a", 1)]
    door.ask("DELETE", "/api/meta/entity/bulk", params={"guid": made})
    assert door.entity(chain.a)["meanings"] == []


# --- links by calls of their own ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_link_comes_changes_and_goes(door: Door, chain: Chain, prefix: str) -> None:
    ends = {"end1": named("Process", f"{chain.place}/p"), "end2": {"guid": chain.c, "typeName": "View"}}
    body = {"typeName": "catalog_process_inputs", **ends}
    head = door.head()
    tried = door.ask("POST", f"{prefix}/relationship", body=body, params={"dryRun": "true"}).json()
    assert (len(tried["events"]), door.head()) == (2, head)
    made = door.ask("POST", f"{prefix}/relationship", body=body).json()
    assert sorted(operations(door.events(head))) == [("UPDATE", "c"), ("UPDATE", "p")]
    path = f"{prefix}/relationship/guid/{made['guid']}"
    read = door.read(path, extendedInfo="true")
    assert read["relationship"] == made
    assert set(read["referredEntities"]) == {chain.p, chain.c}
    head = door.head()
    changed = door.ask("PUT", f"{prefix}/relationship", body=made | {"attributes": {"odd": 1}})
    assert (changed.json(), changed.headers["tidings-ignored"], door.head()) == (made, "1", head)
    assert len(door.ask("DELETE", path, params={"dryRun": "true"}).json()["events"]) == 2
    door.ask("DELETE", path, 204)
    assert door.refusal("GET", path, 404)["errorCode"] == "ATLAS-404-00-00C"
    assert door.head() == head + 2


# --- the client and the command line -----------------------------------------------------------------------------------


@pytest.fixture
def client(door: Door) -> Any:
    with Client(str(door.http.base_url), TOKEN) as client:
        yield client


def test_the_client_reads_lineage_and_links(client: Client, chain: Chain) -> None:
    assert [one["displayText"] for one in client.lineage_list(chain.a, size=3)] == ["p", "b", "q", "c"]
    assert client.lineage(("View", f"{chain.place}/c"), direction="INPUT", depth=1) == client.lineage(
        chain.c, direction="INPUT", depth=1
    )
    made = client.create_relationship("process_catalog_outputs", chain.p, ("View", f"{chain.place}/c"))
    assert client.relationship(made["guid"]) == client.update_relationship(made["guid"], {}) == made
    client.delete_relationship(made["guid"])
    assert len(client.lineage(chain.p, direction="OUTPUT", depth=1)["relations"]) == 1


def shown(door: Door, *arguments: str, people: bool = True) -> str:
    return invoke("lineage", *arguments, url=str(door.http.base_url), people=people).stdout


def test_people_get_a_tree(door: Door, chain: Chain) -> None:
    drawn = shown(door, chain.a, "--direction", "downstream")
    lines = [line.strip(" │├└─").split("  ")[0] for line in drawn.splitlines()]
    assert lines == ["Table a", "Process p", "Table b", "Process q", "Table a", "View c"]
    both = shown(door, "Table", f"{chain.place}/b", "--depth", "1")
    assert "upstream" in both
    assert "downstream" in both
    assert "see above" in shown(door, chain.a, "--direction", "downstream")
    [alone] = guids(door.save(asset("Table", f"{chain.place}/alone")))
    assert "nothing" in shown(door, alone)


def test_programs_get_the_graph(door: Door, chain: Chain) -> None:
    [line] = shown(door, chain.a, people=False).splitlines()
    assert json.loads(line) == door.read(f"/api/meta/lineage/{chain.a}")
