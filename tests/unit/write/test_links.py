"""What becomes of links: which come, go and change, and who hears of it."""

from __future__ import annotations

import pytest

from tests.unit.write.steps import asset, heard, wanted, weave, wish
from tidings.model.asset import ARCHIVED, Link
from tidings.model.errors import InvalidReference, MissingAttribute
from tidings.write.links import spots

TABLE, OTHER, COLUMN = asset(1), asset(2), asset(3, "Column")
TERM, SYNONYM = asset(4, "AtlasGlossaryTerm"), asset(5, "AtlasGlossaryTerm")
GLOSSARY, SECOND = asset(6, "AtlasGlossary"), asset(7, "AtlasGlossary")
ARCHIVED_TERM = asset(8, "AtlasGlossaryTerm", ARCHIVED)
IN_TABLE = Link("table_columns", 1, 3)
MEANS, SAME = "AtlasGlossarySemanticAssignment", "AtlasGlossarySynonym"


def test_a_link_that_is_there_already_is_no_change() -> None:
    delta = weave([wish(COLUMN, wanted("Column", "table", [TABLE]))], [IN_TABLE], TABLE, COLUMN)

    assert (delta.added, delta.removed, delta.changed, delta.told) == ({}, {}, {}, {})


def test_both_ends_hear_of_a_new_link() -> None:
    delta = weave([wish(COLUMN, wanted("Column", "table", [TABLE]))], [])

    assert list(delta.added.values()) == [IN_TABLE]
    assert heard(delta) == {(1, "columns"): [("+", 3)], (3, "table"): [("+", 1)]}


def test_a_single_end_that_is_given_another_moves() -> None:
    delta = weave([wish(COLUMN, wanted("Column", "table", [OTHER]))], [IN_TABLE], TABLE, COLUMN)

    assert heard(delta) == {
        (1, "columns"): [("-", 3)],
        (2, "columns"): [("+", 3)],
        (3, "table"): [("-", 1), ("+", 2)],
    }


def test_a_single_end_moves_also_when_the_many_end_asks() -> None:
    delta = weave([wish(OTHER, wanted("Table", "columns", append=[COLUMN]))], [IN_TABLE], TABLE, COLUMN)

    assert (list(delta.removed), list(delta.added)) == ([IN_TABLE.key], [("table_columns", 2, 3)])
    assert heard(delta)[3, "table"] == [("-", 1), ("+", 2)]


def test_a_single_end_cannot_be_given_two() -> None:
    wishes = [wish(one, wanted("Table", "columns", append=[COLUMN])) for one in (TABLE, OTHER)]

    with pytest.raises(
        InvalidReference, match="Column q3: table takes one reference, but the request gives it q1 and q2"
    ):
        weave(wishes, [])


def test_append_keeps_and_replace_drops_what_was_there() -> None:
    stored = [Link(MEANS, 4, 1)]

    appended = weave([wish(TABLE, wanted("Table", "meanings", append=[SYNONYM]))], stored, TABLE, TERM)
    replaced = weave([wish(TABLE, wanted("Table", "meanings", [SYNONYM]))], stored, TABLE, TERM)

    assert heard(appended)[1, "meanings"] == [("+", 5)]
    assert heard(replaced)[1, "meanings"] == [("-", 4), ("+", 5)]


def test_remove_takes_only_what_is_there() -> None:
    wishes = [wish(TABLE, wanted("Table", "meanings", remove=[TERM, SYNONYM]))]

    assert heard(weave(wishes, [Link(MEANS, 4, 1)], TABLE, TERM)) == {
        (1, "meanings"): [("-", 4)],
        (4, "assignedEntities"): [("-", 1)],
    }


def test_keeping_wins_over_taking_away() -> None:
    wishes = [
        wish(TABLE, wanted("Table", "columns", [])),
        wish(COLUMN, wanted("Column", "table", [TABLE])),
    ]

    assert heard(weave(wishes, [IN_TABLE], TABLE, COLUMN)) == {}
    assert heard(weave(wishes[::-1], [IN_TABLE], TABLE, COLUMN)) == {}


def test_a_links_own_attributes_change_and_both_ends_hear() -> None:
    stored = [Link(MEANS, 4, 1, b'{"confidence":1}')]
    delta = weave([wish(TABLE, wanted("Table", "meanings", [TERM], own=b'{"confidence":2}'))], stored, TABLE, TERM)

    assert list(delta.changed.values()) == [Link(MEANS, 4, 1, b'{"confidence":2}')]
    assert heard(delta) == {
        (1, "meanings"): [("-", 4), ("+", 4)],
        (4, "assignedEntities"): [("-", 1), ("+", 1)],
    }


@pytest.mark.parametrize("own", [None, b'{"confidence":1}'])
def test_own_attributes_that_are_the_same_or_not_spoken_of_are_no_change(own: bytes | None) -> None:
    stored = [Link(MEANS, 4, 1, b'{"confidence":1}')]

    assert heard(weave([wish(TABLE, wanted("Table", "meanings", [TERM], own=own))], stored, TABLE, TERM)) == {}


def test_no_own_attributes_are_the_same_as_none() -> None:
    wishes = [wish(TABLE, wanted("Table", "meanings", [TERM], own=b"{}"))]

    assert heard(weave(wishes, [Link(MEANS, 4, 1)], TABLE, TERM)) == {}


def test_who_does_not_speak_of_own_attributes_does_not_unset_those_of_another() -> None:
    speaks = wish(TABLE, wanted("Table", "meanings", [TERM], own=b'{"confidence":2}'))
    silent = wish(TERM, wanted("AtlasGlossaryTerm", "assignedEntities", append=[TABLE]))

    for wishes in ([speaks, silent], [silent, speaks]):
        assert [link.encoded for link in weave(wishes, []).added.values()] == [b'{"confidence":2}']


def test_a_symmetric_link_is_one_link_from_either_end() -> None:
    stored = [Link(SAME, 4, 5)]
    links = [wanted("AtlasGlossaryTerm", "synonyms", [one]) for one in (SYNONYM, TERM)]

    assert heard(weave([wish(TERM, links[0]), wish(SYNONYM, links[1])], stored, TERM, SYNONYM)) == {}
    added = weave([wish(SYNONYM, links[1])], [])
    assert list(added.added) == [(SAME, 4, 5)]
    assert heard(added) == {(4, "synonyms"): [("+", 5)], (5, "synonyms"): [("+", 4)]}


def test_a_term_that_is_its_own_synonym_hears_once() -> None:
    assert heard(weave([wish(TERM, wanted("AtlasGlossaryTerm", "synonyms", [TERM]))], [])) == {
        (4, "synonyms"): [("+", 4)]
    }


def test_replace_leaves_links_to_the_archived_alone() -> None:
    stored = [Link(MEANS, 8, 1)]

    assert heard(weave([wish(TABLE, wanted("Table", "meanings", []))], stored, TABLE, ARCHIVED_TERM)) == {}


def test_only_who_asked_hears_of_a_link_to_the_archived() -> None:
    removed = weave(
        [wish(TABLE, wanted("Table", "meanings", remove=[ARCHIVED_TERM]))], [Link(MEANS, 8, 1)], TABLE, ARCHIVED_TERM
    )
    added = weave([wish(TABLE, wanted("Table", "meanings", append=[ARCHIVED_TERM]))], [])

    assert heard(removed) == {(1, "meanings"): [("-", 8)]}
    assert heard(added) == {(1, "meanings"): [("+", 8)]}


def test_what_a_request_restores_hears_again() -> None:
    wishes = [
        wish(ARCHIVED_TERM, restore=True),
        wish(TABLE, wanted("Table", "meanings", append=[ARCHIVED_TERM])),
    ]

    assert heard(weave(wishes, [])) == {(8, "assignedEntities"): [("+", 1)], (1, "meanings"): [("+", 8)]}


def test_a_term_may_change_its_glossary() -> None:
    stored = [Link("AtlasGlossaryTermAnchor", 6, 4)]
    delta = weave([wish(SECOND, wanted("AtlasGlossary", "terms", append=[TERM]))], stored, GLOSSARY, TERM)

    assert heard(delta)[4, "anchor"] == [("-", 6), ("+", 7)]


@pytest.mark.parametrize("term", [TERM, asset(4, "AtlasGlossaryTerm", ARCHIVED)])
def test_a_term_cannot_lose_its_glossary_from_the_other_end(term: object) -> None:
    stored = [Link("AtlasGlossaryTermAnchor", 6, 4)]
    wishes = [wish(GLOSSARY, wanted("AtlasGlossary", "terms", remove=[TERM]))]

    with pytest.raises(MissingAttribute, match="AtlasGlossaryTerm q4: anchor cannot be cleared"):
        weave(wishes, stored, GLOSSARY, TERM)


def test_a_term_cannot_clear_its_glossary() -> None:
    stored = [Link("AtlasGlossaryTermAnchor", 6, 4)]

    with pytest.raises(MissingAttribute, match="AtlasGlossaryTerm q4: anchor cannot be cleared"):
        weave([wish(TERM, wanted("AtlasGlossaryTerm", "anchor", []))], stored, GLOSSARY, TERM)


def test_where_stored_links_must_be_read() -> None:
    fresh = wish(asset(9, "Column"), wanted("Column", "table", [TABLE]), new=True)
    many = wish(OTHER, wanted("Table", "columns", append=[COLUMN]))
    symmetric = wish(TERM, wanted("AtlasGlossaryTerm", "synonyms", [SYNONYM]))

    assert spots([fresh]) == {}
    assert spots([many]) == {("table_columns", 1): {2}, ("table_columns", 2): {3}}
    assert spots([symmetric]) == {(SAME, 1): {4}, (SAME, 2): {4}}
