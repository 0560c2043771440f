"""A database -> plain frozen values: schemas, tables, views and columns, read set by set and never table by table."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, column, func, inspect, literal, select, table
from sqlalchemy.engine.reflection import Inspector, ObjectKind
from sqlalchemy.exc import DBAPIError, SAWarning

from tidings.crawl.address import Address, connected
from tidings.crawl.sqltypes import teach_postgres_types, words

SYSTEM_SCHEMAS: Mapping[str, tuple[str, ...]] = {
    "postgres": ("information_schema", "pg_catalog"),
    "mysql": ("information_schema", "mysql", "performance_schema", "sys"),
    "mariadb": ("information_schema", "mysql", "performance_schema", "sys"),
    "mssql": ("INFORMATION_SCHEMA", "sys"),
}
"""Connector -> schemas that belong to the database itself; read only on request."""

Progress = Callable[[str, int, int], None]
_Found = dict[str, Any]


class SourceColumn(msgspec.Struct, frozen=True):
    """One column. ``order`` counts from 1; the type's parts are None where the database does not say."""

    name: str
    order: int
    nullable: bool
    primary: bool
    foreign: bool
    indexed: bool
    data_type: str | None
    definition: str | None
    length: int | None
    precision: int | None
    scale: int | None
    default: str | None
    comment: str | None


class SourceTable(msgspec.Struct, frozen=True):
    """A table or view; ``kind`` is the type of asset that it becomes, ``definition`` a view's query."""

    kind: str
    name: str
    comment: str | None
    definition: str | None
    columns: tuple[SourceColumn, ...]


class SourceSchema(msgspec.Struct, frozen=True):
    """A schema with its tables and views, ordered by name."""

    name: str
    tables: tuple[SourceTable, ...]


class SourceDatabase(msgspec.Struct, frozen=True):
    """One database, its schemas ordered by name. ``unread`` are schemas that were left out and may well be there.

    ``has_comments``: this kind of database can say what a table or column is for, so that no comment means none.
    """

    name: str
    schemas: tuple[SourceSchema, ...]
    unread: tuple[str, ...] = ()
    has_comments: bool = True


def read_source(address: Address, *, system: bool, progress: Progress) -> SourceDatabase:
    """Everything in the database; ``system`` includes the database's own catalogs.

    Calls ``progress("read", schemas done, schemas)``. Raises what ``connected`` raises.
    """
    with connected(address) as connection, warnings.catch_warnings():
        # The reader warns of what it leaves out, such as indexes on expressions; nothing here depends on those.
        warnings.simplefilter("ignore", SAWarning)
        if address.connector == "postgres":
            teach_postgres_types(connection)
        own = SYSTEM_SCHEMAS.get(address.connector, ())
        names = _schema_names(inspect(connection), own, system)
        definitions = _view_definitions(connection, address.connector)
        schemas = []
        for done, name in enumerate(names):
            progress("read", done, len(names))
            schemas.append(SourceSchema(name, _Schema(connection, name, definitions).tables()))
        progress("read", len(names), len(names))
        unread = () if system else own
        has_comments = connection.dialect.supports_comments
        return SourceDatabase(_database_name(connection, address), tuple(schemas), unread, has_comments)


def _schema_names(inspector: Inspector, own: Collection[str], system: bool) -> list[str]:
    listed = {str(name) for name in inspector.get_schema_names()}
    return sorted(listed | set(own) if system else listed - set(own))


def _database_name(connection: Connection, address: Address) -> str:
    if address.connector == "postgres":
        return str(connection.scalar(select(func.current_database())))
    return address.database or address.connector


class _Schema:
    """Reads one schema."""

    def __init__(self, connection: Connection, name: str, definitions: Mapping[tuple[str, str], str]) -> None:
        # A reader of its own: what it remembers of a schema need not outlast it.
        self.inspector = inspect(connection)
        self.dialect = connection.dialect
        self.name = name
        self.definitions = definitions
        self.readable: list[str] | None = None
        """What can be read where not everything can."""

    def tables(self) -> tuple[SourceTable, ...]:
        kinds = self._kinds()
        columns = self._columns(kinds)
        keys = self._constrained("get_multi_pk_constraint")
        foreign = self._constrained("get_multi_foreign_keys")
        indexed = self._constrained("get_multi_indexes")
        comments = self._multi("get_multi_table_comment")
        return tuple(
            SourceTable(
                kinds[name],
                name,
                (comments.get(name) or {}).get("text"),
                self.definitions.get((self.name, name)),
                self._described(found, keys.get(name, ()), foreign.get(name, ()), indexed.get(name, ())),
            )
            for name, found in sorted(columns.items())
            if name in kinds
        )

    def _kinds(self) -> dict[str, str]:
        kinds: dict[str, str] = {}
        for kind, listing in (
            ("Table", self.inspector.get_table_names),
            ("View", self.inspector.get_view_names),
            ("MaterialisedView", self.inspector.get_materialized_view_names),
        ):
            try:
                kinds.update({str(name): kind for name in listing(schema=self.name)})
            except NotImplementedError:  # a database without this kind
                continue
        return kinds

    def _columns(self, names: Iterable[str]) -> dict[str, list[_Found]]:
        try:
            return self._multi("get_multi_columns")
        except DBAPIError as error:
            refuse_all_but_broken_views(error)
        # One view on a table that is gone fails them all; SQLite's reader goes table by table in any case.
        columns = {name: self._columns_of(name) for name in names}
        self.readable = [name for name, found in columns.items() if found]
        return columns

    def _columns_of(self, name: str) -> list[_Found]:
        try:
            return [dict(one) for one in self.inspector.get_columns(name, schema=self.name)]
        except DBAPIError as error:
            refuse_all_but_broken_views(error)
            return []

    def _multi(self, question: str) -> dict[str, Any]:
        """What the reader answers about tables and views, by their name; nothing where it cannot be asked."""
        if self.readable == []:
            return {}
        try:
            answer = getattr(self.inspector, question)(
                schema=self.name, filter_names=self.readable, kind=ObjectKind.ANY
            )
        except NotImplementedError:
            return {}
        return {str(name): found for (_, name), found in answer.items()}

    def _constrained(self, question: str) -> dict[str, set[str]]:
        """Table -> its columns that a key or index of this sort holds."""
        return {name: set(_column_names(found)) for name, found in self._multi(question).items()}

    def _described(
        self, found: list[_Found], primary: Collection[str], foreign: Collection[str], indexed: Collection[str]
    ) -> tuple[SourceColumn, ...]:
        return tuple(self._column(order, one, primary, foreign, indexed) for order, one in enumerate(found, start=1))

    def _column(
        self, order: int, one: _Found, primary: Collection[str], foreign: Collection[str], indexed: Collection[str]
    ) -> SourceColumn:
        name = str(one["name"])
        kind = words(one["type"], self.dialect)
        return SourceColumn(
            name=name,
            order=order,
            nullable=bool(one["nullable"]),
            primary=name in primary,
            foreign=name in foreign,
            indexed=name in indexed,
            data_type=kind.name,
            definition=kind.definition,
            length=kind.length,
            precision=kind.precision,
            scale=kind.scale,
            default=None if one.get("default") is None else str(one["default"]),
            comment=one.get("comment") or None,
        )


def refuse_all_but_broken_views(error: DBAPIError) -> None:
    """Raise ``error`` unless SQLite only failed to understand what a view says.

    A database that is locked, damaged or unreadable must not pass for one without columns: they would be archived.
    """
    if getattr(error.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR:
        raise error


def _column_names(found: Any) -> Iterator[str]:
    """The columns in a primary key (one object), or in foreign keys or indexes (a list); expressions have no name."""
    for one in found if isinstance(found, list) else [found]:
        for name in one.get("constrained_columns") or one.get("column_names") or ():
            if name is not None:
                yield str(name)


def _view_definitions(connection: Connection, connector: str) -> dict[tuple[str, str], str]:
    """(schema, view) -> its query, in one read; empty for databases of which that cannot be had in one."""
    queries = _DEFINITIONS.get(connector, ())
    return {(schema, name): text for query in queries for schema, name, text in connection.execute(query) if text}


def _postgres_views(catalog: str, name: str) -> Select[Any]:
    views = table(catalog, column("schemaname"), column(name), column("definition"), schema="pg_catalog")
    return select(views.c.schemaname, views.c[name], views.c.definition)


_sqlite_views = table("sqlite_master", column("name"), column("type"), column("sql"))
_DEFINITIONS: Mapping[str, tuple[Select[Any], ...]] = {
    "postgres": (_postgres_views("pg_views", "viewname"), _postgres_views("pg_matviews", "matviewname")),
    "sqlite": (
        select(literal("main"), _sqlite_views.c.name, _sqlite_views.c.sql).where(_sqlite_views.c.type == "view"),
    ),
}
