"""A request by itself: what becomes canonical, and that each error names asset, attribute, value and what is right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog import TYPES, entity, ref
from tidings.model.errors import (
    InvalidReference,
    InvalidRequest,
    InvalidValue,
    TidingsError,
    TooLarge,
    UnknownAttribute,
    UnknownType,
)
from tidings.write.check import Draft, check, is_placeholder
from tidings.write.commands import EntityInput, Save, Target


def draft(**attributes: Any) -> Draft:
    [found] = check(Save([entity("Table", "q", **attributes)]), TYPES)
    return found


def refusal(*entities: EntityInput, **options: Any) -> TidingsError:
    with pytest.raises(TidingsError) as caught:
        check(Save(list(entities), **options), TYPES)
    return caught.value


@pytest.mark.parametrize(
    ("attribute", "given", "canonical"),
    [
        ("description", "text", "text"),
        ("description", None, None),
        ("rowCount", 5.0, 5),
        ("rowCount", 0, None),
        ("isDiscoverable", True, None),
        ("isDiscoverable", False, False),
        ("isTemporary", False, None),
        ("ownerUsers", ["b", "a", "b"], ["b", "a"]),
        ("ownerUsers", [], None),
        ("popularityScore", 3, 3.0),
        ("externalLocation", "", ""),
    ],
)
def test_values_become_canonical_and_what_shows_as_unset_is_unset(attribute: str, given: Any, canonical: Any) -> None:
    found = draft(**{attribute: given}).attributes[attribute]

    assert (found, type(found)) == (canonical, type(canonical))


def test_what_only_the_server_sets_is_passed_over_in_silence() -> None:
    found = draft(certificateUpdatedBy="me", certificateStatus="VERIFIED")

    assert found.attributes.keys() == {"name", "qualifiedName", "certificateStatus"}
    assert found.ignored == ()


@pytest.mark.parametrize(
    ("attribute", "given", "expected"),
    [
        ("rowCount", "many", "a whole number of 64 bits"),
        ("description", 5, "a string"),
        ("isTemporary", "yes", "true or false"),
        ("popularityScore", "high", "a finite number"),
        ("ownerUsers", "ann", "a list, each item of type string"),
        ("certificateStatus", "GOOD", "one of DEPRECATED, DRAFT, VERIFIED"),
        ("sourceCreatedAt", "today", "a whole number of milliseconds since 1970 (UTC)"),
    ],
)
def test_a_wrong_value_is_named_with_its_place_and_what_is_right(attribute: str, given: Any, expected: str) -> None:
    error = refusal(entity("Table", "q", **{attribute: given}))

    assert isinstance(error, InvalidValue)
    assert str(error) == f"Table q: attribute {attribute} cannot be {given!r}; it must be {expected}"
    assert error.problems[0].location == f"entities[0].attributes.{attribute}"


def test_a_long_value_is_shown_in_short() -> None:
    assert len(str(refusal(entity("Table", "q", rowCount="x" * 500)))) < 200


def test_all_faults_are_counted_and_twenty_of_them_listed() -> None:
    error = refusal(*(entity("Table", f"q{index}", rowCount="x") for index in range(30)))

    assert str(error).endswith("(and 29 more)")
    assert [one.location for one in error.problems] == [f"entities[{index}].attributes.rowCount" for index in range(20)]


@pytest.mark.parametrize("name", ["", "x" * 4_097, "a\nb", "a\x00"])
def test_a_name_has_bounds(name: str) -> None:
    error = refusal(entity("Table", name, name="n"))

    assert isinstance(error, InvalidValue)
    assert "must have 1 to 4,096" in str(error)


@pytest.mark.parametrize(("name", "words"), [(None, "cannot be cleared"), (5, "must be a string")])
def test_a_name_is_a_string(name: Any, words: str) -> None:
    assert words in str(refusal(EntityInput(type_name="Table", attributes={"qualifiedName": name})))


def test_unknown_attributes_are_left_out_and_named() -> None:
    given = EntityInput(
        type_name="Table",
        attributes={"qualifiedName": "q", "descriptoin": "x", "__state": "ACTIVE"},
        relationship_attributes={"colums": []},
        append_relationship_attributes={"more": []},
        remove_relationship_attributes={"less": []},
    )

    [found] = check(Save([given]), TYPES)

    assert found.ignored == ("descriptoin", "colums", "more", "less")
    assert found.attributes == {"qualifiedName": "q"}


def test_a_strict_request_refuses_unknown_attributes_with_a_hint() -> None:
    error = refusal(entity("Table", "q", descriptoin="x"), strict=True)

    assert isinstance(error, UnknownAttribute)
    assert str(error) == "Table q: Table has no attribute descriptoin; did you mean description?"
    assert "did you mean" not in str(refusal(entity("Table", "q", **{"§§": 1}), strict=True))


@pytest.mark.parametrize(
    ("type_name", "kind", "words"),
    [
        ("Tabel", UnknownType, "Given typename Tabel was invalid; did you mean Table?"),
        (None, InvalidRequest, "entities[0] has no typeName"),
        ("__internal", InvalidRequest, "is not a type of asset"),
    ],
)
def test_the_type_is_one_of_an_asset(type_name: str | None, kind: type[TidingsError], words: str) -> None:
    error = refusal(EntityInput(type_name=type_name, attributes={"qualifiedName": "q"}))

    assert isinstance(error, kind)
    assert words in str(error)
    assert error.problems[0].location == "entities[0].typeName"


def test_the_type_may_be_told_beside_the_entity() -> None:
    [found] = check(
        Save([EntityInput(attributes={"name": "n"})], only=Target(type_name="Table", qualified_name="q")), TYPES
    )

    assert (found.type.name, found.label) == ("Table", "Table")


def test_too_many_assets_are_refused() -> None:
    assert isinstance(refusal(*[entity("Table", "q")] * 10_001), TooLarge)


@pytest.mark.parametrize(
    ("given", "guids", "names"),
    [
        (None, [], []),
        ({"guid": "-1"}, ["-1"], [None]),
        ([{"guid": "-1", "typeName": "Column"}, ref("Column", "c")], ["-1", None], [None, "c"]),
        ({"guid": "", "typeName": "Column", "uniqueAttributes": {"qualifiedName": "c"}}, [None], ["c"]),
    ],
)
def test_links_come_as_one_reference_or_many(given: Any, guids: list[str | None], names: list[str | None]) -> None:
    replace = draft(columns=given).links["columns"].replace

    assert replace is not None
    assert ([one.guid for one in replace], [one.qualified_name for one in replace]) == (guids, names)


@pytest.mark.parametrize("given", ["c", {}, {"typeName": "Column"}, {"uniqueAttributes": {"qualifiedName": "c"}}, 5])
def test_a_reference_that_names_nothing_is_refused(given: Any) -> None:
    error = refusal(entity("Table", "q", columns=[given]))

    assert isinstance(error, InvalidReference)
    assert str(error) == (
        f"Table q: columns cannot be {given!r}; refer to an asset by guid, or by typeName and "
        "uniqueAttributes.qualifiedName"
    )


def test_a_single_link_takes_one_reference() -> None:
    error = refusal(entity("Column", "q", table=[ref("Table", "a"), ref("Table", "b")]))

    assert str(error) == "Column q: table takes one reference, not 2"


def test_append_remove_and_replace_are_one_wish() -> None:
    given = EntityInput(
        type_name="Table",
        attributes={"qualifiedName": "q"},
        relationship_attributes={"meanings": [ref("AtlasGlossaryTerm", "a")]},
        append_relationship_attributes={"meanings": [ref("AtlasGlossaryTerm", "b")]},
        remove_relationship_attributes={"meanings": [ref("AtlasGlossaryTerm", "c")]},
    )

    wish = check(Save([given]), TYPES)[0].links["meanings"]

    assert [one.qualified_name for one in (*(wish.replace or ()), *wish.append, *wish.remove)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("own", "encoded"),
    [
        ({}, None),
        ({"relationshipAttributes": 5}, None),
        ({"relationshipAttributes": {"typeName": "x"}}, None),
        ({"relationshipAttributes": {"attributes": {}}}, b"{}"),
        ({"relationshipAttributes": {"attributes": {"confidence": 1.0, "b": 5, "source": None}}}, b'{"confidence":1}'),
        ({"relationshipAttributes": {"attributes": {"confidence": 0, "source": "x"}}}, b'{"source":"x"}'),
    ],
)
def test_a_links_own_attributes_are_canonical(own: dict[str, Any], encoded: bytes | None) -> None:
    references = draft(meanings=[{"guid": "-1", **own}]).links["meanings"].replace or []

    assert [one.encoded for one in references] == [encoded]


def test_a_links_own_attribute_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(
        InvalidValue, match="confidence of the link meanings cannot be 'high'; it must be a whole number"
    ):
        draft(meanings=[{"guid": "-1", "relationshipAttributes": {"attributes": {"confidence": "high"}}}])


@pytest.mark.parametrize(
    ("given", "restore"),
    [
        (EntityInput(type_name="Table", status="ACTIVE", attributes={}), True),
        (EntityInput(type_name="Table", attributes={"__state": "ACTIVE"}), True),
        (EntityInput(type_name="Table", status="DELETED", attributes={}), False),
        (EntityInput(type_name="Table"), False),
    ],
)
def test_who_says_active_wants_it_back(given: EntityInput, restore: bool) -> None:
    assert check(Save([given]), TYPES)[0].restore is restore


@pytest.mark.parametrize(
    ("guid", "is_one"), [(None, False), ("-1", True), ("new", True), ("01a1fbb8-64a4-7001-8793-455a989609d3", False)]
)
def test_a_placeholder_is_any_guid_that_is_none(guid: str | None, is_one: bool) -> None:
    assert is_placeholder(guid) is is_one
