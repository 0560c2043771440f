"""Events folded back into links: whichever end tells, whatever order the ends stand in."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog import TYPES
from tidings.model.events import LogRecord, Operation, encode
from tidings.read.replay import detail_of
from tidings.read.replay_links import LinkReplay

ONE, TWO = "01a1fbb8-64a4-7001-8793-455a989609d3", "01a1fbb8-64a4-7002-b7b8-45726019b1e6"
SYNONYM, ASSIGNED = "AtlasGlossarySynonym", "AtlasGlossarySemanticAssignment"


class Told:
    """A replay, told events one after the other."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.links = LinkReplay(TYPES, self.problems.append)

    def tell(
        self, guid: str, type_name: str, operation: Operation = "ENTITY_UPDATE", cause: str = "c", **parts: Any
    ) -> None:
        detail = {"version": 1, "cause": cause, "before": {}, "after": {}} | parts
        record = LogRecord(1, 1, operation, guid, type_name, "q", b"{}", encode(detail))
        found = detail_of(record, self.problems.append)
        assert found is not None
        self.links.follow(record, found)


@pytest.fixture
def told() -> Told:
    return Told()


def test_both_ends_tell_one_link(told: Told) -> None:
    told.tell(ONE, "AtlasGlossaryTerm", after={"assignedEntities": [{"guid": TWO}]})
    told.tell(TWO, "Table", after={"meanings": [{"guid": ONE}]})

    assert list(told.links.rest()) == [(ASSIGNED, ONE, TWO)]
    assert told.links.take(ASSIGNED, ONE, TWO) == {}
    assert told.links.take(ASSIGNED, ONE, TWO) is None


def test_a_symmetric_link_is_the_same_from_either_end(told: Told) -> None:
    told.tell(TWO, "AtlasGlossaryTerm", after={"synonyms": [{"guid": ONE}]})

    assert list(told.links.rest()) == [(SYNONYM, ONE, TWO)]
    assert told.links.take(SYNONYM, TWO, ONE) == {}


def test_the_last_attributes_of_a_link_count(told: Told) -> None:
    old = {"guid": ONE, "relationshipAttributes": {"confidence": 1}}
    new = {"guid": ONE, "relationshipAttributes": {"confidence": 2}}
    told.tell(TWO, "Table", after={"meanings": [old]})
    told.tell(TWO, "Table", before={"meanings": [old]}, after={"meanings": [new]})

    assert told.links.take(ASSIGNED, ONE, TWO) == {"confidence": 2}


def test_a_parting_may_be_told_twice(told: Told) -> None:
    told.tell(TWO, "Table", after={"meanings": [{"guid": ONE}]})
    told.tell(TWO, "Table", before={"meanings": [{"guid": ONE}]})
    told.tell(ONE, "AtlasGlossaryTerm", before={"assignedEntities": [{"guid": TWO}]})

    assert list(told.links.rest()) == []


def test_what_a_delete_tells_its_neighbours_parts_nobody(told: Told) -> None:
    told.tell(TWO, "Table", after={"meanings": [{"guid": ONE}]})
    told.tell(ONE, "AtlasGlossaryTerm", "ENTITY_DELETE", cause="d")
    told.tell(TWO, "Table", cause="d", before={"meanings": [{"guid": ONE}]})

    assert list(told.links.rest()) == [(ASSIGNED, ONE, TWO)]


def test_nor_where_neighbours_are_told_first(told: Told) -> None:
    told.tell(TWO, "Table", after={"meanings": [{"guid": ONE}]})
    told.tell(TWO, "Table", cause="d", before={"meanings": [{"guid": ONE}]})
    assert list(told.links.rest()) == []
    told.tell(ONE, "AtlasGlossaryTerm", "ENTITY_DELETE", cause="d")

    assert list(told.links.rest()) == [(ASSIGNED, ONE, TWO)]


def test_a_delete_brings_back_nothing_of_another_request(told: Told) -> None:
    told.tell(TWO, "Table", after={"meanings": [{"guid": ONE}]})
    told.tell(TWO, "Table", cause="c2", before={"meanings": [{"guid": ONE}]})
    told.tell(ONE, "AtlasGlossaryTerm", "ENTITY_DELETE", cause="d")

    assert list(told.links.rest()) == []


def test_links_that_cannot_be_read_are_complained_of(told: Told) -> None:
    for odd in ([{"typeName": "x"}], [5], [{"guid": "no hex"}]):
        told.tell(TWO, "Table", after={"meanings": odd})

    assert len(told.problems) == 3
    assert all("position 1: the links cannot be read" in problem for problem in told.problems)


def test_an_unknown_type_or_relationship_has_no_links(told: Told) -> None:
    told.tell(ONE, "Gone", after={"meanings": [{"guid": TWO}]})

    assert list(told.links.rest()) == []
    assert told.links.take("gone", ONE, TWO) is None
