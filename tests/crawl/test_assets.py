"""Source values -> entities: unambiguous names, and requests that keep families together."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import ARRAY, INTEGER, NUMERIC, VARCHAR
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.types import NullType, TypeEngine

from tests.crawl.catalog import TYPES
from tidings.crawl.assets import Home, batches, entities_of, segment, with_parents
from tidings.crawl.source import SourceColumn, SourceDatabase, SourceSchema, SourceTable
from tidings.crawl.sqltypes import words

POSTGRES, MYSQL = postgresql.dialect(), mysql.dialect()  # type: ignore[no-untyped-call]
HOME = Home("db", "default/x/1", "x")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain name", "plain name"),
        ("a/b", "a%2Fb"),
        ("a%2Fb", "a%252Fb"),
        ("tab\tand\nline", "tab%09and%0Aline"),
        ("größe", "größe"),
        ("", ""),
    ],
)
def test_a_name_as_a_segment(name: str, expected: str) -> None:
    assert segment(name) == expected


def _table(name: str, columns: int, kind: str = "Table") -> SourceTable:
    made = (
        SourceColumn(f"c{n}", n, True, False, False, False, "INT", "INT", None, None, None, None, None)
        for n in range(1, columns + 1)
    )
    return SourceTable(kind, name, None, None, tuple(made))


def _entities(*schemas: tuple[SourceTable, ...]) -> list[dict[str, Any]]:
    named = tuple(SourceSchema(f"s{number}", tables) for number, tables in enumerate(schemas))
    return entities_of(SourceDatabase("db", named), HOME)


def _shape(batch: list[dict[str, Any]]) -> str:
    letters = {"Connection": "C", "Database": "D", "Schema": "S", "Column": "."}
    return "".join(letters.get(one["typeName"], "T") for one in batch)


@pytest.mark.parametrize(
    ("schemas", "expected"),
    [
        ((), ["CD"]),
        (((),), ["CDS"]),
        (((_table("a", 2),),), ["CDST.."]),
        # a schema that fits is not parted, one that does not fits in where it can
        (((_table("a", 2),), (_table("b", 2), _table("c", 2))), ["CDST..", "ST..T.."]),
        (((_table("a", 1),), (_table("b", 1), _table("c", 2), _table("d", 2))), ["CDST.ST.", "T..T.."]),
        # a table with more columns than a request should have stays whole all the same
        (((_table("a", 9), _table("b", 0)),), ["CDST.........", "T"]),
        (((), (), (_table("a", 0),)), ["CDSSST"]),
    ],
)
def test_batches(schemas: tuple[tuple[SourceTable, ...], ...], expected: list[str]) -> None:
    entities = _entities(*schemas)

    cut = list(batches(entities, 8))

    assert [_shape(one) for one in cut] == expected
    assert [one for batch in cut for one in batch] == entities


def test_a_batch_by_itself_has_its_parents_before_it() -> None:
    entities = _entities((_table("a", 2), _table("b", 2)))
    by_key = {(one["typeName"], one["attributes"]["qualifiedName"]): one for one in entities}

    whole = with_parents(entities[6:], by_key)

    assert (_shape(entities[6:]), _shape(whole)) == ("T..", "DST..")


@pytest.mark.parametrize("kind", ["Table", "View", "MaterialisedView"])
def test_every_attribute_is_one_of_its_type(kind: str) -> None:
    for one in _entities((_table("a", 1, kind),)):
        known = TYPES.latest.type(one["typeName"])
        assert set(one["attributes"]) <= known.attributes.keys() | known.links.keys()


@pytest.mark.parametrize(
    ("sql_type", "dialect", "expected"),
    [
        (VARCHAR(10), POSTGRES, ("VARCHAR", "VARCHAR(10)", 10, None, None)),
        (VARCHAR(9, collation="C"), POSTGRES, ("VARCHAR", 'VARCHAR(9) COLLATE "C"', 9, None, None)),
        (NUMERIC(8, 3), POSTGRES, ("NUMERIC", "NUMERIC(8, 3)", None, 8, 3)),
        (
            postgresql.TIMESTAMP(precision=3, timezone=True),
            POSTGRES,
            ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP(3) WITH TIME ZONE", None, 3, None),
        ),
        (ARRAY(INTEGER), POSTGRES, ("INTEGER[]", "INTEGER[]", None, None, None)),
        (ARRAY(VARCHAR(5)), POSTGRES, ("VARCHAR[]", "VARCHAR(5)[]", None, None, None)),
        (mysql.ENUM("a)", "it''s"), MYSQL, ("ENUM", "ENUM('a)','it''''s')", None, None, None)),
        (NullType(), POSTGRES, (None, None, None, None, None)),
    ],
)
def test_types_in_words(sql_type: TypeEngine[Any], dialect: Any, expected: tuple[object, ...]) -> None:
    found = words(sql_type, dialect)

    assert (found.name, found.definition, found.length, found.precision, found.scale) == expected
