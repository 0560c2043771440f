"""Source values -> entities of the protocol, in one fixed order. Pure.

An entity says everything that the source knows, with null for what is not set there, so that saving it also clears.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from tidings.crawl.source import SourceColumn, SourceDatabase, SourceSchema, SourceTable

Entity = dict[str, Any]
Key = tuple[str, str]
"""Type name and qualifiedName: what makes an asset the same one at the next crawl."""

COLUMN_PARENTS = {"Table": "table", "View": "view", "MaterialisedView": "materialisedView"}
"""Type of table -> the attribute by which a column refers to it."""
CRAWLED_TYPES = ("Database", "Schema", *COLUMN_PARENTS, "Column")


class Home(msgspec.Struct, frozen=True):
    """The connection under which a database is kept, and where that database is."""

    name: str
    qualified_name: str
    connector: str
    host: str | None = None
    port: int | None = None
    shown: str | None = None
    category: str = "database"


def segment(name: str) -> str:
    """A name as one part of a qualifiedName: a slash, a percent sign and what cannot be printed stand as %XX."""
    return "".join(one if one not in "/%" and one.isprintable() else quote(one, safe="") for one in name)


def below(qualified_name: str, name: str) -> str:
    """The qualifiedName of what is called ``name`` inside ``qualified_name``."""
    return f"{qualified_name}/{segment(name)}"


def key(entity: Entity) -> Key:
    return entity["typeName"], entity["attributes"]["qualifiedName"]


def entities_of(source: SourceDatabase, home: Home) -> list[Entity]:
    """The connection, the database, and for each schema itself, then each table or view followed by its columns.

    Placeholder guids are -1, -2 … in this order.
    """
    made = list(_Assets(home).database(source))
    if not source.has_comments:
        # Its silence says nothing: what people wrote in the catalog stays.
        for _, attributes in made:
            attributes.pop("description", None)
    return [
        {"typeName": type_name, "guid": f"-{number}", "status": "ACTIVE", "attributes": attributes}
        for number, (type_name, attributes) in enumerate(made, start=1)
    ]


_Made = tuple[str, dict[str, Any]]


class _Assets:
    """Walks down a source. ``common`` are the attributes that everything below the connection has."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.common = {"connectionQualifiedName": home.qualified_name, "connectorName": home.connector}

    def database(self, source: SourceDatabase) -> Iterator[_Made]:
        home = self.home
        yield (
            "Connection",
            {
                "name": home.name,
                "qualifiedName": home.qualified_name,
                "connectorName": home.connector,
                "category": home.category,
                "host": home.host,
                "port": home.port,
            },
        )
        own = _identity(source.name, home.qualified_name)
        yield "Database", {**own, **self.common, "sourceURL": home.shown, "schemaCount": len(source.schemas)}
        inside = self.common | _told("database", own)
        for schema in source.schemas:
            yield from self._schema(schema, own["qualifiedName"], inside)

    def _schema(self, schema: SourceSchema, database: str, inherited: dict[str, Any]) -> Iterator[_Made]:
        own = _identity(schema.name, database)
        tables = sum(one.kind == "Table" for one in schema.tables)
        yield (
            "Schema",
            {
                **own,
                **inherited,
                "tableCount": tables,
                "viewsCount": len(schema.tables) - tables,
                "database": _reference("Database", database),
            },
        )
        inside = inherited | _told("schema", own)
        for one in schema.tables:
            yield from self._table(one, own["qualifiedName"], inside)

    def _table(self, one: SourceTable, schema: str, inherited: dict[str, Any]) -> Iterator[_Made]:
        own = _identity(one.name, schema)
        body = own | inherited | {"description": one.comment, "columnCount": len(one.columns)}
        if one.kind != "Table":
            body["definition"] = one.definition
        yield one.kind, body | {"atlanSchema": _reference("Schema", schema)}
        is_table = one.kind == "Table"
        # Each column also says what it does not belong to: a view may have taken the place of a table.
        inside = inherited | _told("table", own if is_table else None) | _told("view", None if is_table else own)
        links = dict.fromkeys(COLUMN_PARENTS.values()) | {
            COLUMN_PARENTS[one.kind]: _reference(one.kind, own["qualifiedName"])
        }
        for column in one.columns:
            yield "Column", {**_identity(column.name, own["qualifiedName"]), **inside, **_described(column), **links}


def _identity(name: str, parent: str) -> dict[str, Any]:
    # An asset needs a name; SQLite allows tables and columns that have an empty one.
    return {"name": name or '""', "qualifiedName": below(parent, name)}


def _told(level: str, own: dict[str, Any] | None) -> dict[str, Any]:
    """What everything inside says of this level."""
    return {f"{level}Name": own and own["name"], f"{level}QualifiedName": own and own["qualifiedName"]}


def _reference(type_name: str, qualified_name: str) -> dict[str, Any]:
    return {"typeName": type_name, "uniqueAttributes": {"qualifiedName": qualified_name}}


def _described(column: SourceColumn) -> dict[str, Any]:
    return {
        "order": column.order,
        "isNullable": column.nullable,
        "isPrimary": column.primary,
        "isForeign": column.foreign,
        "isIndexed": column.indexed,
        "dataType": column.data_type,
        "rawDataTypeDefinition": column.definition,
        "maxLength": column.length,
        "precision": column.precision,
        "numericScale": column.scale,
        "defaultValue": column.default,
        "description": column.comment,
    }


def batches(entities: Sequence[Entity], size: int) -> Iterator[list[Entity]]:
    """``entities`` (of ``entities_of``) in order, cut into requests of about ``size``.

    A table is never parted from its columns, nor a parent from its first child; a schema that fits into one request
    is in one. Each cut costs an event, since a parent hears of children that come in a later request.
    """
    batch: list[Entity] = []
    for schema in _cut(entities, ("Schema",)):
        if len(batch) + len(schema) > size >= len(schema):
            yield batch
            batch = []
        for family in _cut(schema, tuple(COLUMN_PARENTS)):
            if batch and len(batch) + len(family) > size:
                yield batch
                batch = []
            batch = [*batch, *family]
    yield batch


def _cut(entities: Sequence[Entity], type_names: tuple[str, ...]) -> Iterator[Sequence[Entity]]:
    """Cut before each entity of these types but the first, so that what stands above stays with its first child."""
    starts = [index for index, one in enumerate(entities) if one["typeName"] in type_names]
    edges = [0, *starts[1:], len(entities)]
    for start, end in itertools.pairwise(edges):
        yield entities[start:end]


def with_parents(batch: list[Entity], by_key: dict[Key, Entity]) -> list[Entity]:
    """``batch`` preceded by the databases and schemas to which it refers and which it does not hold."""
    held = {key(one) for one in batch}
    missing: dict[Key, Entity] = {}
    for one in batch:
        for level in ("Database", "Schema"):
            name = one["attributes"].get(f"{level.lower()}QualifiedName")
            if name is not None and (level, name) not in held:
                missing[level, name] = by_key[level, name]
    return [*missing.values(), *batch]
