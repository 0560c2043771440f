"""Made-up catalogs that look like crawled ones: columns under tables under schemas, no two alike, the same for each seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tidings.write.commands import EntityInput, Save

Attributes = dict[str, Any]

COLUMNS_PER_TABLE = 20
TABLES_PER_SCHEMA = 100
CONNECTION = "default/snowflake/1700000000"
CRAWLED_AT = 1_700_000_000_000

_NOUNS, _OTHERS, _PEOPLE = (
    part.split() for part in (Path(__file__).parent / "words.txt").read_text("utf-8").split("\n\n")
)
_TYPES = (
    ("VARCHAR", "VARCHAR(%d)"),
    ("NUMBER", "NUMBER(%d,2)"),
    ("TIMESTAMP_NTZ", "TIMESTAMP_NTZ(9)"),
    ("BOOLEAN", "BOOLEAN"),
    ("VARIANT", "VARIANT"),
)


def _name(rng: random.Random) -> str:
    return "_".join(rng.choice(_NOUNS) for _ in range(rng.choice((1, 2, 2, 3))))


def _sentence(rng: random.Random, shortest: int, longest: int) -> str:
    words = [rng.choice(rng.choice((_NOUNS, _OTHERS))) for _ in range(rng.randint(shortest, longest))]
    return f"{' '.join(words).capitalize()} ({rng.randint(100, 99_999)})."


class Warehouse:
    """A made-up connection. Places (schema, table, column) are numbered from 0; each number is always the same asset."""

    def __init__(self, seed: int = 7) -> None:
        self._seed = seed

    def _rng(self, kind: str, number: int) -> random.Random:
        return random.Random(f"{self._seed}/{kind}/{number}")

    def schema(self, number: int) -> Attributes:
        """Schema ``number``."""
        rng = self._rng("schema", number)
        name = f"{_name(rng)}_{number}".upper()
        return {
            **_connection(),
            "name": name,
            "qualifiedName": f"{CONNECTION}/ANALYTICS/{name}",
            "databaseName": "ANALYTICS",
            "databaseQualifiedName": f"{CONNECTION}/ANALYTICS",
            "description": _sentence(rng, 8, 20),
        }

    def table(self, number: int) -> Attributes:
        """Table ``number``, with a reference to its schema."""
        rng = self._rng("table", number)
        schema = self.schema(number // TABLES_PER_SCHEMA)
        name = f"{_name(rng)}_{number}".upper()
        return {
            **_connection(),
            **_inside(schema),
            "name": name,
            "qualifiedName": f"{schema['qualifiedName']}/{name}",
            "description": _sentence(rng, 8, 20),
            "rowCount": rng.randint(0, 10**9),
            "sizeBytes": rng.randint(0, 10**12),
            "columnCount": COLUMNS_PER_TABLE,
            "ownerUsers": rng.sample(_PEOPLE, 2),
            "atlanSchema": _reference("Schema", schema),
        }

    def column(self, table: Attributes, number: int) -> Attributes:
        """Column ``number``, which stands in ``table``: some 29 attributes, 1.2 KB of JSON."""
        rng = self._rng("column", number)
        name = f"{_name(rng)}_{number}".upper()
        data_type, raw_type = rng.choice(_TYPES)
        size = rng.randint(1, 38)
        created = CRAWLED_AT - rng.randint(0, 10**11)
        attributes: Attributes = {
            **_connection(),
            **{
                key: table[key]
                for key in ("databaseName", "databaseQualifiedName", "schemaName", "schemaQualifiedName")
            },
            "name": name,
            "qualifiedName": f"{table['qualifiedName']}/{name}",
            "tableName": table["name"],
            "tableQualifiedName": table["qualifiedName"],
            "description": _sentence(rng, 8, 16),
            "dataType": data_type,
            "rawDataTypeDefinition": raw_type % size if "%" in raw_type else raw_type,
            "order": number % COLUMNS_PER_TABLE + 1,
            "isNullable": rng.random() < 0.7,
            "isPrimary": number % COLUMNS_PER_TABLE == 0,
            "columnDistinctValuesCountLong": rng.randint(1, 10**7),
            "columnMissingValuesCountLong": rng.randint(1, 10**5),
            "ownerUsers": rng.sample(_PEOPLE, 2),
            "ownerGroups": [f"{rng.choice(_NOUNS)}-stewards"],
            "sourceCreatedAt": created,
            "sourceUpdatedAt": created + rng.randint(0, 10**10),
            "table": _reference("Table", table),
        }
        if rng.random() < 0.1:
            attributes["displayName"] = name.replace("_", " ").title()
        if data_type == "NUMBER":
            attributes |= {"precision": size, "numericScale": 2.0}
        elif data_type == "VARCHAR":
            attributes["maxLength"] = size
        return attributes

    def columns(self, numbers: range, first_table: int = 0) -> list[Attributes]:
        """Columns of consecutive tables, ``COLUMNS_PER_TABLE`` in each; column 0 stands in table ``first_table``."""
        found: list[Attributes] = []
        table: Attributes = {}
        held = -1
        for number in numbers:
            place = first_table + number // COLUMNS_PER_TABLE
            if place != held:
                held, table = place, self.table(place)
            found.append(self.column(table, number))
        return found


def _connection() -> Attributes:
    return {
        "connectorName": "snowflake",
        "connectionName": "production",
        "connectionQualifiedName": CONNECTION,
        "lastSyncWorkflowName": "crawl-snowflake-production",
        "lastSyncRunAt": CRAWLED_AT,
    }


def _inside(schema: Attributes) -> Attributes:
    return {
        "databaseName": schema["databaseName"],
        "databaseQualifiedName": schema["databaseQualifiedName"],
        "schemaName": schema["name"],
        "schemaQualifiedName": schema["qualifiedName"],
    }


def _reference(type_name: str, asset: Attributes) -> Attributes:
    return {"typeName": type_name, "uniqueAttributes": {"qualifiedName": asset["qualifiedName"]}}


def body(type_name: str, assets: list[Attributes]) -> bytes:
    """The JSON body of one save, as a client sends it."""
    return msgspec.json.encode({"entities": [{"typeName": type_name, "attributes": one} for one in assets]})


def bodies(type_name: str, assets: list[Attributes], batch: int) -> list[bytes]:
    """The same assets in requests of ``batch``."""
    return [body(type_name, assets[start : start + batch]) for start in range(0, len(assets), batch)]


class _Body(msgspec.Struct):
    entities: list[EntityInput]


_decoder = msgspec.json.Decoder(_Body)


def command(raw: bytes) -> Save:
    """A request's body as a command."""
    return Save(_decoder.decode(raw).entities)


def spread_over_tables(assets: list[Attributes], width: int) -> list[Attributes]:
    """The same assets, ordered so that ``width`` neighbours stand in as many tables: clients that work independently."""
    tables: dict[str, list[Attributes]] = {}
    for one in assets:
        tables.setdefault(one["tableQualifiedName"], []).append(one)
    return list(_take_turns(list(tables.values()), width))


def _take_turns(groups: list[list[Attributes]], width: int) -> Iterator[Attributes]:
    for start in range(0, len(groups), width):
        together = [list(group) for group in groups[start : start + width]]
        while any(together):
            yield from (group.pop(0) for group in together if group)
