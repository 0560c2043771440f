"""The index search over HTTP: what is found, in which order, what is shown of it, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.door import Door, Json, asset, guids, named, some_connection
from tidings.read import search

SEARCH = "/api/meta/search/indexsearch"
PREFIXES = ("/api/meta", "/api/atlas/v2")


class Shop:
    """A schema with three tables, a column of the first, and a process from the first table to the second."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.place = f"{some_connection()}/db/s"
        schema = asset("Schema", self.place)
        rows = {"orders": 5, "Order_Items": 7, "users": None}
        tables = [
            asset(
                "Table", f"{self.place}/{name}", rowCount=count, schema=named("Schema", self.place), description="ours"
            )
            for name, count in rows.items()
        ]
        column = asset("Column", f"{self.place}/orders/id", order=1, table=named("Table", f"{self.place}/orders"))
        flow = asset("Process", f"{self.place}/p", inputs=[self.table("orders")], outputs=[self.table("users")])
        self.guids = guids(door.save(schema, *tables, column, flow))

    def table(self, name: str) -> Json:
        return named("Table", f"{self.place}/{name}")

    def ask(self, *filters: Json, **more: Any) -> Json:
        """A search among the shop's assets; what is not of the dsl goes beside it."""
        beside = {
            name: more.pop(name) for name in list(more) if name not in ("from", "size", "sort", "post_filter", "aggs")
        }
        mine = {"prefix": {"qualifiedName": {"value": self.place}}}
        dsl = {
            "from": 0,
            "size": 100,
            "query": {"bool": {"filter": [mine, *filters]}},
            "track_total_hits": True,
            **more,
        }
        answer: Json = self.door.ask("POST", SEARCH, body={"dsl": dsl, **beside}).json()
        return answer

    def names(self, *filters: Json, **more: Any) -> list[str]:
        return [one["attributes"]["name"] for one in self.ask(*filters, **more)["entities"]]


@pytest.fixture
def shop(door: Door) -> Shop:
    return Shop(door)


def term(field: str, value: Any) -> Json:
    return {"term": {field: {"value": value}}}


TABLES = term("__typeName.keyword", "TABLE")


def test_a_hit_shows_what_was_asked_for_and_who_it_is(shop: Shop) -> None:
    answer = shop.ask(
        term("name.keyword", "orders"), attributes=["rowCount", "columns", "description"], relationAttributes=["order"]
    )
    [hit] = answer["entities"]
    [column] = hit["attributes"].pop("columns")
    assert hit["attributes"] == {
        "name": "orders",
        "qualifiedName": f"{shop.place}/orders",
        "rowCount": 5,
        "description": "ours",
    }
    assert column["attributes"] == {"name": "id", "qualifiedName": f"{shop.place}/orders/id", "order": 1}
    assert column["uniqueAttributes"] == {"qualifiedName": f"{shop.place}/orders/id"}
    assert {"guid", "typeName", "status", "createdBy", "updatedBy", "createTime", "updateTime"} <= hit.keys()
    assert (hit["classifications"], hit["classificationNames"], hit["meanings"]) == ([], [], [])
    assert answer["approximateCount"] == 1


def test_tags_and_terms_are_left_out_on_request(shop: Shop) -> None:
    [hit] = shop.ask(term("name.keyword", "orders"), excludeClassifications=True, excludeMeanings=True)["entities"]
    assert not {"classifications", "classificationNames", "meanings", "meaningNames"} & hit.keys()
    more = {"excludeClassifications": True, "includeClassificationNames": True, "includeRelationshipAttributes": True}
    [hit] = shop.ask(term("name.keyword", "orders"), attributes=["columns"], **more)["entities"]
    assert hit["classificationNames"] == []
    assert hit["attributes"]["columns"][0]["attributes"]["relationshipAttributes"]["typeName"] == "table_columns"


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ([{"rowCount": {"order": "asc"}}], ["orders", "Order_Items", "users"]),
        ([{"rowCount": {"order": "desc"}}], ["Order_Items", "orders", "users"]),
        ([{"name.keyword": "desc"}], ["users", "orders", "Order_Items"]),
        (["noSuchField", {"__guid": {"order": "desc"}}], ["users", "Order_Items", "orders"]),
        ([], ["orders", "Order_Items", "users"]),
    ],
)
def test_order_with_missing_values_last(shop: Shop, sort: Any, names: list[str]) -> None:
    assert shop.names(TABLES, sort=sort) == names


def test_pages_and_a_count_that_knows_them_all(shop: Shop) -> None:
    for first, names in ((0, ["orders", "Order_Items"]), (2, ["users"]), (4, [])):
        answer = shop.ask(TABLES, **{"from": first}, size=2)
        assert [one["displayText"] for one in answer["entities"]] == names
        assert answer["approximateCount"] == 3
    assert shop.ask(TABLES, size=0) == {"entities": [], "approximateCount": 3}


def test_a_search_reads_what_was_written_before_it(shop: Shop) -> None:
    for number in range(3):
        shop.door.save(asset("View", f"{shop.place}/v{number}"))
        assert len(shop.names(term("__typeName", "View"))) == number + 1
    shop.door.ask("DELETE", "/api/meta/entity/bulk", params={"guid": shop.guids[1], "deleteType": "SOFT"})
    assert shop.names(TABLES, term("__state", "ACTIVE")) == ["Order_Items", "users"]
    assert shop.names(TABLES, term("__state", "DELETED")) == ["orders"]
    assert shop.names({"terms": {"__guid": shop.guids[1:3]}}) == ["orders", "Order_Items"]


def test_lineage_is_a_field(shop: Shop) -> None:
    assert shop.names(TABLES, term("__hasLineage", True)) == ["orders", "users"]
    assert shop.names(TABLES, term("__hasLineage", False)) == ["Order_Items"]
    [hit] = shop.ask(term("name.keyword", "users"), attributes=["__hasLineage"])["entities"]
    assert hit["attributes"]["__hasLineage"] is True


def test_a_post_filter_narrows_hits_and_count_but_not_buckets(shop: Shop) -> None:
    aggs = {"types": {"terms": {"field": "__typeName.keyword", "size": 2}}}
    answer = shop.ask(post_filter=TABLES, aggs=aggs, size=1)
    assert (len(answer["entities"]), answer["approximateCount"]) == (1, 3)
    buckets = answer["aggregations"]["types"]
    assert buckets["buckets"] == [{"key": "table", "doc_count": 3}, {"key": "column", "doc_count": 1}]
    assert buckets["sum_other_doc_count"] == 2
    assert "aggregations" not in shop.ask(post_filter=term("name", "nothing"), aggs=aggs)
    only = {"dsl": {"query": None, "post_filter": term("qualifiedName", shop.place)}}
    assert shop.door.ask("POST", SEARCH, body=only).json()["approximateCount"] == 1


def test_glossaries_terms_and_categories_are_fields(shop: Shop) -> None:
    door = shop.door
    glossary = {"typeName": "AtlasGlossary", "guid": "-1", "attributes": {"name": shop.place}}
    word = {"name": "Big order", "categories": [{"guid": "-2"}], "assignedEntities": [shop.table("orders")]}

    def below(kind: str, guid: str, **attributes: Any) -> Json:
        return {"typeName": f"AtlasGlossary{kind}", "guid": guid, "attributes": attributes | {"anchor": {"guid": "-1"}}}

    top, low = below("Category", "-2", name="top"), below("Category", "-3", name="low", parentCategory={"guid": "-2"})
    made = door.save(glossary, top, low, below("Term", "-4", **word))["guidAssignments"]
    names = {guid: door.entity(made[guid])["attributes"]["qualifiedName"] for guid in ("-1", "-2", "-4")}

    def found(query: Json) -> list[str]:
        answer = door.ask("POST", SEARCH, body={"dsl": {"query": query, "size": 10}}).json()
        return [one["displayText"] for one in answer["entities"]]

    assert found(term("__glossary", names["-1"])) == ["top", "low", "Big order"]
    assert found(term("__parentCategory", names["-2"])) == ["low"]
    assert found(term("__categories", names["-2"])) == ["Big order"]
    assert (
        shop.names(term("__meanings", names["-4"])) == shop.names({"match": {"__meaningsText": "order"}}) == ["orders"]
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"dsl": {"query": {"nested": {}}}}, "dsl.query: nested is not taken here"),
        ({"dsl": {"search_after": []}}, "dsl.search_after is not taken here"),
        ({"dsl": {"aggregations": {"a": {"avg": {"field": "rowCount"}}}}}, "only terms of one field"),
        ({"dsl": {"aggregations": {"a": {"terms": {"field": "name"}}}}}, "count name.keyword"),
        ({"dsl": {"aggregations": {"a": {"terms": {"field": "owner"}, "aggs": {}}}}}, "nothing below"),
        ({"dsl": {"sort": ["_score"]}}, "not scored"),
        ({"dsl": {"sort": [{"name": {"order": "up"}}]}}, "must be asc or desc"),
        ({"dsl": {"sort": [{"name": {"order": "asc", "nested": {}}}]}}, "nested is not taken"),
        ({"dsl": {"size": 10_001}}, "from 0 to 10,000"),
        ({"dsl": {"from": -1}}, "from 0 to 100,000"),
        ({"dsl": {}, "persona": "default/x"}, "access policies are not evaluated"),
        ({"dsl": {}, "showSearchScore": True}, "not scored"),
    ],
)
def test_what_is_not_taken_is_refused(door: Door, body: Json, said: str) -> None:
    problem = door.refusal("POST", SEARCH, 400, body=body)
    assert said in problem["errorMessage"]


def test_both_prefixes_and_who_may_ask(door: Door, shop: Shop) -> None:
    body = {"dsl": {"query": term("qualifiedName", shop.place)}}
    for prefix in PREFIXES:
        answer = door.ask("POST", f"{prefix}/search/indexsearch/", body=body).json()
        assert answer["approximateCount"] == 1
    door.with_token("").refusal("POST", SEARCH, 401, body=body)


def test_a_search_that_reads_too_much_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_READ", 3)
    body = {"dsl": {"query": {"prefix": {"qualifiedName": shop.place}}, "sort": ["noSuchField"]}}
    problem = shop.door.refusal("POST", SEARCH, 413, body=body)
    assert "more than 3 assets; name types" in problem["errorMessage"]


def test_more_than_a_search_keeps_is_still_counted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_KEPT", 1)
    answer = shop.ask(sort=[{"name.keyword": "desc"}, "noSuchField"])
    assert ([one["displayText"] for one in answer["entities"]], answer["approximateCount"]) == (["users"], 6)
