"""The query language of searches, over plain values."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog import TYPES
from tidings.model.errors import InvalidParameter, NotSupported, TidingsError
from tidings.read.bounds import period_of
from tidings.read.buckets import read_aggregations
from tidings.read.fields import field_of, words
from tidings.read.query import read_query

Json = dict[str, Any]
ORDERS: Json = {
    "__typeName": ["Table"],
    "__superTypeNames": ["SQL", "Catalog", "Asset", "Referenceable"],
    "__state": ["ACTIVE"],
    "__timestamp": [1_717_200_000_000],  # 2024-06-01 00:00 UTC
    "qualifiedName": ["default/pg/1/db/Orders_2024"],
    "name": ["Orders_2024"],
    "description": ["What people ordered, by day."],
    "databaseName": ["Shop"],
    "connectorName": ["postgres"],
    "certificateStatus": ["VERIFIED"],
    "ownerUsers": ["ada", "Bob"],
    "rowCount": [5],
    "isPartitioned": [False],
}


def meets(query: Any) -> bool:
    return read_query(query, TYPES).meets(lambda source: ORDERS.get(source, ()))


def term(field: str, value: Any, **options: Any) -> Json:
    return {"term": {field: {"value": value, **options}}}


YES, NO = term("connectorName", "postgres"), term("connectorName", "mysql")


@pytest.mark.parametrize(
    "query",
    [
        None, {}, {"match_all": {}}, {"match_all": {"boost": 1.0}}, {"bool": {}},
        {"term": {"connectorName": "postgres"}},
        term("__typeName.keyword", "TABLE"), term("__superTypeNames.keyword", "Asset"), term("__state", "ACTIVE"),
        term("name.keyword", "orders_2024"), term("name", "orders"), term("name", "2024"),
        term("qualifiedName", "default/pg/1/db/Orders_2024"),
        term("qualifiedName", "DEFAULT/pg/1/db/orders_2024", case_insensitive=True),
        term("qualifiedName.text", "orders"), term("certificateStatus", "verified"), term("databaseName.keyword", "shop"),
        term("ownerUsers", "ada"), term("rowCount", 5), term("rowCount", "5"), term("rowCount", 5.0),
        term("isPartitioned", False), term("isPartitioned", "false"), term("__timestamp", 1_717_200_000_000),
        {"terms": {"connectorName": ["x", "postgres"]}}, {"terms": {"rowCount": [1, 5], "boost": 2}},
        {"prefix": {"qualifiedName": {"value": "default/pg/1"}}}, {"prefix": {"name.keyword": "ORDERS_"}},
        {"prefix": {"qualifiedName": {"value": "DEFAULT/", "case_insensitive": True}}},
        {"wildcard": {"qualifiedName": {"value": "*/Orders*"}}}, {"wildcard": {"name.keyword": {"wildcard": "ORDERS?2024"}}},
        {"regexp": {"qualifiedName": {"value": "default/.*/Orders_[0-9]+"}}}, {"regexp": {"name.keyword": "Orders.*"}},
        {"exists": {"field": "description"}}, {"exists": {"field": "databaseName.keyword"}},
        {"exists": {"field": "isPartitioned"}},
        {"range": {"rowCount": {"gt": 4, "lte": "5"}}}, {"range": {"rowCount": {}}},
        {"range": {"__timestamp": {"gte": 1_717_200_000_000}}},
        {"range": {"__timestamp": {"gte": "2024-06-01", "lte": "2024-06-01", "format": "yyyy-MM-dd"}}},
        {"range": {"__timestamp.date": {"gte": "01.06.2024", "format": "dd.MM.yyyy||yyyy"}}},
        {"range": {"__timestamp": {"gt": "2024-05-31", "lt": "2024-06-02T00:00:00Z"}}},
        {"range": {"__timestamp": {"lte": "2024-06-01T02:00:00+02:00"}}},
        {"range": {"databaseName.keyword": {"gte": "S", "lt": "T"}}},
        {"range": {"connectorName": {"gt": 5}}},
        {"match": {"description": {"query": "people nothing"}}}, {"match": {"name": "ORDERS-2099"}},
        {"match": {"description": {"query": "ordered day", "operator": "and"}}},
        {"match": {"description": {"query": "a ordered day", "minimum_should_match": 2}}},
        {"match": {"description": {"query": "...", "zero_terms_query": "all"}}},
        {"match": {"databaseName.keyword": "SHOP"}}, {"match": {"rowCount": 5}},
        {"bool": {"filter": YES}}, {"bool": {"must": [YES, YES], "must_not": NO}}, {"bool": {"should": [NO, YES]}},
        {"bool": {"filter": [YES], "should": [NO]}}, {"bool": {"should": [YES, YES, NO], "minimum_should_match": "2"}},
        {"bool": {"should": [YES, NO], "minimum_should_match": -1}}, {"bool": {"should": [NO], "minimum_should_match": 0}},
        {"bool": {"must_not": [term("noSuchField", "x")]}}, {"bool": {"filter": [], "minimum_should_match": 1}},
    ],
)  # fmt: skip
def test_met(query: Any) -> None:
    assert meets(query)


@pytest.mark.parametrize(
    "query",
    [
        {"match_none": {}}, NO, term("connectorName", "Postgres"), term("qualifiedName", "default/pg/1/db/orders_2024"),
        term("name", "Orders"), term("name", "orders_2024"), term("noSuchField", "x"), term("__noSuch", "x"),
        term("rowCount", 6), term("rowCount", "many"), term("isPartitioned", True), term("ownerUsers", "bob"),
        {"terms": {"connectorName": []}}, {"exists": {"field": "viewName"}}, {"exists": {"field": "noSuchField"}},
        {"prefix": {"qualifiedName": "DEFAULT"}}, {"wildcard": {"qualifiedName": "orders*"}},
        {"regexp": {"qualifiedName": "Orders.*"}},
        {"range": {"rowCount": {"gt": 5}}}, {"range": {"noSuchField": {"gt": 5}}},
        {"range": {"__timestamp": {"gt": "2024-06-01"}}}, {"range": {"__timestamp": {"lt": "2024-06"}}},
        {"range": {"connectorName": {"lt": 5}}},
        {"match": {"name": "order"}}, {"match": {"name": "..."}}, {"match": {"connectorName": "post gres"}},
        {"match": {"description": {"query": "ordered night", "operator": "AND"}}},
        {"bool": {"filter": [YES, NO]}}, {"bool": {"must_not": [YES]}}, {"bool": {"should": [NO]}},
        {"bool": {"filter": YES, "should": [YES], "minimum_should_match": 2}},
    ],
)  # fmt: skip
def test_not_met(query: Any) -> None:
    assert not meets(query)


@pytest.mark.parametrize(
    ("query", "error", "said"),
    [
        ({"span_term": {"name": "x"}}, NotSupported, "dsl.query: span_term is not taken here; there are bool"),
        ({"bool": {"must": [YES, {"nested": {}}]}}, NotSupported, "dsl.query.bool.must.1.: nested"),
        ({"function_score": {}}, NotSupported, "function_score"),
        ({"match_phrase": {"name": "x"}}, NotSupported, "match_phrase"),
        ({"match": {"name": {"query": "x", "fuzziness": "AUTO"}}}, NotSupported, "fuzziness is not taken"),
        ({"bool": {"should": [YES], "minimum_should_match": "75%"}}, NotSupported, "75%"),
        ({"range": {"__timestamp": {"gte": "now-7d"}}}, NotSupported, "not worked out"),
        ({"range": {"__timestamp": {"gte": "2024", "format": "EEEE"}}}, NotSupported, "format"),
        ({"range": {"__timestamp": {"gte": 1, "time_zone": "Europe/Paris"}}}, NotSupported, "UTC"),
        ({"range": {"__timestamp": {"from": 1}}}, NotSupported, "from is not taken"),
        ({"range": {"__timestamp": {"gte": "yesterday"}}}, InvalidParameter, "must be written as a number or a date"),
        ({"range": {"__timestamp": {"gte": "2024-02-31"}}}, InvalidParameter, "no such date"),
        ({"range": {"__timestamp": {"gte": 1, "format": 5}}}, InvalidParameter, "format must be a text"),
        ({"range": {"__timestamp": {"gte": 1, "format": "1||" * 100}}}, InvalidParameter, "up to 200"),
        ({"range": {"rowCount": {"gte": True}}}, InvalidParameter, "must be a number"),
        ({"regexp": {"name": {"value": "a", "flags": "NONE"}}}, NotSupported, "flags"),
        ({"term": {"name.stemmed": "x"}}, NotSupported, "use name"),
        ({"exists": {"field": "__classificationsText"}}, NotSupported, "__traitNames"),
        ({"terms": {"name": {"index": "x", "id": "1", "path": "y"}}}, NotSupported, "looked up"),
        ({"terms": {"name": "x"}}, InvalidParameter, "list"),
        ({"term": {"a": 1, "b": 2}}, InvalidParameter, "one field"),
        ({"term": {"name": None}}, InvalidParameter, "no value"),
        ({"term": {"name": {"value": {"x": 1}}}}, InvalidParameter, "must be a text"),
        ({"term": {"name": {"value": "x", "case_insensitive": "y"}}}, InvalidParameter, "true or false"),
        ({"match": {"name": {"query": "x", "operator": "xor"}}}, InvalidParameter, "and or or"),
        ({"exists": {}}, InvalidParameter, "field must be a text"),
        ({"bool": {"must": "x"}}, InvalidParameter, "list of clauses"),
        ({"bool": {"musts": []}}, NotSupported, "musts is not taken"),
        ({"bool": []}, InvalidParameter, "object"),
        ({"term": {}, "bool": {}}, InvalidParameter, "several clauses"),
        ("x", InvalidParameter, "one clause"),
    ],
)  # fmt: skip
def test_what_is_not_taken_is_said(query: Any, error: type[TidingsError], said: str) -> None:
    with pytest.raises(error, match=said):
        read_query(query, TYPES)


def test_a_query_is_bounded() -> None:
    deep: Json = YES
    for _ in range(60):
        deep = {"bool": {"must": [deep]}}
    for query in (deep, {"bool": {"should": [YES] * 1_024}}):
        with pytest.raises(InvalidParameter, match="1,024 clauses, 50 within"):
            read_query(query, TYPES)


def test_aggregations_are_bounded() -> None:
    wanted = {str(number): {"terms": {"field": "connectorName"}} for number in range(21)}
    with pytest.raises(InvalidParameter, match="has 21 names, of which there may be 20"):
        read_aggregations(wanted, TYPES)
    assert len(read_aggregations(dict(list(wanted.items())[:20]), TYPES)) == 20


def test_words_part_at_everything_but_letters_and_digits() -> None:
    assert words("STG_orders2024.v-1/ä@x y") == ["stg", "orders", "2024", "v", "1", "ä", "x", "y"]


def test_a_written_date_is_all_that_it_leaves_open() -> None:
    day = 86_400_000
    assert period_of("1970-01-02", "", "") == (day, 2 * day - 1)
    assert period_of("1970-02", "yyyy-MM", "") == (31 * day, 59 * day - 1)
    assert period_of("1970", "yyyy", "") == (0, 365 * day - 1)
    assert period_of("1970-01-01T00:00:01.500Z", "", "") == (1_500, 1_500)
    assert period_of("60", "epoch_second", "") == (60_000, 60_000)
    assert period_of("19700102", "basic_date||epoch_millis", "") == (day, 2 * day - 1)
    assert period_of("1970-01-01T05", "yyyy-MM-dd'T'HH", "") == (5 * 3_600_000, 6 * 3_600_000 - 1)


def test_a_field_is_read_as_its_name_says() -> None:
    read = {
        name: field_of(name, TYPES).reading for name in ("name", "name.keyword", "qualifiedName", "qualifiedName.text")
    }
    assert read == {"name": "words", "name.keyword": "folded", "qualifiedName": "exact", "qualifiedName.text": "words"}
    assert field_of("sourceCreatedAt.date", TYPES)[1:] == ("sourceCreatedAt", "exact", "number")
