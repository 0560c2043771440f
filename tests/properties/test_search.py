"""Random queries over random small catalogs find exactly whom a check of every asset by itself finds."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.catalog import Catalog, entity, target
from tests.properties.bodies import fresh_store
from tidings.model.errors import InvalidRequest
from tidings.model.events import decode, encode
from tidings.read.documents import Page
from tidings.read.narrow import candidates, narrowed
from tidings.read.query import read_query
from tidings.read.search import Searches, search_page
from tidings.read.search_request import IndexSearch
from tidings.store.base import AssetQuery

Json = dict[str, Any]
Thing = tuple[str, str, int, str, bool]
"""Type, place, number of rows, description, whether it is archived."""

PLACES = [f"d/{a}/{b}" for a in ("x", "X", "xy") for b in ("t1", "T2", "a_b")]
TEXTS = ["", "Red fox", "red", "fox-2", "RED2"]
THINGS = st.lists(
    st.tuples(
        st.sampled_from(["Table", "View", "Schema"]),
        st.sampled_from(PLACES),
        st.integers(0, 3),
        st.sampled_from(TEXTS),
        st.booleans(),
    ),
    max_size=12,
    unique_by=lambda one: one[:2],
)
SUPERS = {
    "Table": ["SQL", "Catalog", "Asset", "Referenceable"],
    "View": ["SQL", "Catalog", "Asset", "Referenceable"],
    "Schema": ["SQL", "Catalog", "Asset", "Referenceable"],
}
VALUES: dict[str, list[Any]] = {
    "__typeName.keyword": ["table", "View", "Column", "x"],
    "__superTypeNames.keyword": ["SQL", "asset", "Table"],
    "__state": ["ACTIVE", "DELETED", "active"],
    "qualifiedName": [*PLACES[:4], "d/", "d/x/", "D/X/T1", ""],
    "name.keyword": ["t1", "T1", "t2", "A_B", "a"],
    "name": ["t", "1", "a", "T1"],
    "description": ["red", "fox", "2", "Red"],
    "rowCount": [0, 1, "2", 3],
    "noSuchField": ["x"],
}


def leaf(field: str) -> st.SearchStrategy[Json]:
    value = st.sampled_from(VALUES[field])
    text = value.map(str)
    return st.one_of(
        st.builds(lambda v, ci: {"term": {field: {"value": v, "case_insensitive": ci}}}, value, st.booleans()),
        st.builds(lambda v: {"terms": {field: v}}, st.lists(value, max_size=3)),
        st.builds(lambda v, ci: {"prefix": {field: {"value": v, "case_insensitive": ci}}}, text, st.booleans()),
        st.builds(lambda v: {"wildcard": {field: {"value": f"*{v[1:]}"}}}, text),
        st.just({"exists": {"field": field}}),
    )


LEAVES = st.sampled_from(sorted(VALUES)).flatmap(leaf)
CLAUSES: st.SearchStrategy[Json] = st.recursive(
    LEAVES,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            **{kind: st.lists(inner, max_size=3) for kind in ("filter", "must", "must_not", "should")},
            "minimum_should_match": st.integers(-1, 2),
        },
    ).map(lambda body: {"bool": body}),
    max_leaves=8,
)


def made(things: list[Thing]) -> Catalog:
    catalog = Catalog(fresh_store())
    for kind, place, rows, text, archived in things:
        more: Json = {"description": text} | ({} if kind == "Schema" else {"rowCount": rows})
        catalog.save(entity(kind, place, **more))
        if archived:
            catalog.archive(target(kind, place))
    return catalog


def has(thing: Thing, field: str) -> list[Any]:
    """The terms of a thing, worked out by hand."""
    kind, place, rows, text, archived = thing
    name = place.rpartition("/")[2]
    known: dict[str, list[Any]] = {
        "__typeName.keyword": [kind.lower()],
        "__superTypeNames.keyword": [one.lower() for one in SUPERS[kind]],
        "__state": ["DELETED" if archived else "ACTIVE"],
        "qualifiedName": [place],
        "name.keyword": [name.lower()],
        "name": re.findall("[a-z]+|[0-9]+", name.lower()),
        "description": re.findall("[a-z]+|[0-9]+", text.lower()),
        "rowCount": [rows] if rows and kind != "Schema" else [],
    }
    return known.get(field, [])


def met(thing: Thing, query: Json) -> bool:
    [(kind, body)] = query.items()
    if kind == "bool":
        must = [met(thing, one) for name in ("filter", "must") for one in body.get(name, [])]
        should = [met(thing, one) for one in body.get("should", [])]
        least = body.get("minimum_should_match", 0 if must else 1)
        least = max(0, len(should) + least) if least < 0 else least
        return all(must) and not any(met(thing, one) for one in body.get("must_not", [])) and (
            not should or sum(should) >= least
        )  # fmt: skip
    if kind == "exists":
        return bool(has(thing, body["field"]))
    [(field, given)] = body.items()
    terms = has(thing, field)
    values = given if kind == "terms" else [given["value"]]
    if field.endswith(".keyword") or (isinstance(given, dict) and given.get("case_insensitive")):
        terms = [one.lower() if isinstance(one, str) else one for one in terms]
        values = [one.lower() if isinstance(one, str) else one for one in values]
    if kind in ("term", "terms"):
        return any(str(one) == str(value) for one in terms for value in values)
    texts = [one for one in terms if isinstance(one, str)]
    if kind == "prefix":
        return any(one.startswith(values[0]) for one in texts)
    return any(one.endswith(values[0][1:]) for one in texts)


@settings(max_examples=300)
@given(THINGS, CLAUSES, st.none() | CLAUSES)
def test_found_is_what_a_check_of_each_finds(things: list[Thing], query: Json, after: Json | None) -> None:
    catalog = made(things)
    dsl: Json = {
        "size": 100,
        "query": query,
        "sort": [{"qualifiedName": "desc"}, {"__typeName.keyword": {"order": "asc"}}],
    }
    with catalog.store.snapshot() as snapshot:
        wanted = IndexSearch(dsl | ({"post_filter": after} if after else {}))
        answer = decode(search_page(wanted, catalog.types.of(snapshot), snapshot, Searches()))
    catalog.store.close()
    expected = [(one[0], one[1]) for one in things if met(one, query) and (after is None or met(one, after))]
    expected.sort(key=lambda one: one[0])
    expected.sort(key=lambda one: one[1], reverse=True)
    found = [(one["typeName"], one["attributes"]["qualifiedName"]) for one in answer["entities"]]
    assert found == expected
    assert answer["approximateCount"] == len(expected)


TOKENS = st.sampled_from(
    ["", "a", "*", "?", "(a|b)*", "[", "now", "2024-05-31", "yyyy", "1||epoch_second", "asc", "_last", "75%", "-1", "1e999",
     "nan", "9" * 5_000, "\x00", "\U0010ffff", "default/", "true", "WITHIN", "ALL", "and", "all", "UTC", "_score"]
)  # fmt: skip
PLAIN = (
    st.none() | st.booleans() | st.integers() | st.sampled_from([1e308, 2**63, -(2**70)]) | st.floats(allow_nan=False)
) | (TOKENS | st.text(st.characters(exclude_categories=["Cs"]), max_size=5))
NAMES = st.sampled_from(
    ["name", "name.keyword", "qualifiedName", "__guid", "__state", "__typeName.keyword", "__superTypeNames", "__timestamp",
     "__traitNames", "__meaningsText", "__hasLineage", "__glossary", "rowCount", "isPartitioned", "ownerUsers", "x.y", ""]
)  # fmt: skip
ANYTHING = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TOKENS, inner, max_size=3), max_leaves=4
)
OPTIONS = st.sampled_from(
    ["value", "query", "case_insensitive", "gt", "gte", "lt", "lte", "format", "relation", "time_zone", "field", "flags",
     "operator", "minimum_should_match", "zero_terms_query", "wildcard", "boost", "order", "missing", "size"]
)  # fmt: skip
BODIES = ANYTHING | st.dictionaries(OPTIONS, ANYTHING, min_size=1, max_size=3)
KINDS = st.sampled_from(
    ["term", "terms", "prefix", "wildcard", "regexp", "exists", "range", "match", "match_all", "bool"]
)
PARTS = st.sampled_from(["filter", "must", "must_not", "should", "minimum_should_match"])
QUERIES = st.recursive(
    st.dictionaries(KINDS, st.dictionaries(NAMES, BODIES, min_size=1, max_size=1) | BODIES, min_size=1, max_size=1),
    lambda inner: st.builds(
        lambda body: {"bool": body}, st.dictionaries(PARTS, inner | st.lists(inner, max_size=3) | ANYTHING, max_size=3)
    ),
    max_leaves=4,
)
TERMS = st.fixed_dictionaries({"field": NAMES | ANYTHING}, optional={"size": st.integers(1, 5) | ANYTHING})
DSLS = st.fixed_dictionaries(
    {},
    optional={
        "from": ANYTHING,
        "size": ANYTHING,
        "track_total_hits": ANYTHING,
        "query": QUERIES | ANYTHING,
        "post_filter": QUERIES | ANYTHING,
        "sort": st.lists(st.dictionaries(NAMES, BODIES, min_size=1, max_size=1), max_size=2) | BODIES,
        "aggregations": st.dictionaries(TOKENS, st.builds(lambda one: {"terms": one}, TERMS) | ANYTHING) | ANYTHING,
    },
)


@settings(max_examples=200)
@given(DSLS, st.lists(NAMES | TOKENS, max_size=3))
def test_whatever_is_sent_is_answered_or_refused(dsl: Json, names: list[str]) -> None:
    catalog = made([("Table", "d/x/t1", 1, "Red", False), ("View", "d/x/T2", 2, "fox", True)])
    with catalog.store.snapshot() as snapshot:
        wanted = IndexSearch(decode(encode(dsl)), attributes=names, relation_attributes=names)
        with contextlib.suppress(InvalidRequest):
            decode(search_page(wanted, catalog.types.of(snapshot), snapshot, Searches()))
    catalog.store.close()


@given(THINGS, CLAUSES, st.integers(1, 3))
def test_whoever_meets_a_query_is_among_its_candidates(things: list[Thing], query: Json, page: int) -> None:
    catalog = made(things)
    with catalog.store.snapshot() as snapshot:
        types = catalog.types.of(snapshot)
        clause = read_query(query, types)
        near = [asset.id for part in candidates(narrowed(clause, types), snapshot, page) for asset in part]
        every = Page(snapshot.list_assets(AssetQuery()), types, snapshot)
        meeting = {one.asset.id for one in every.documents() if clause.meets(one)}
    catalog.store.close()
    assert meeting <= set(near)
    assert len(near) == len(set(near))
