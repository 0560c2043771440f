"""SQL types in words: the name by which people know a type, its full definition, and its measures."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from sqlalchemy import Connection, column, func, select, table
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import CompileError
from sqlalchemy.types import Enum, String, TypeEngine, UserDefinedType

_MEASURES = re.compile(r"\s*\((?:'(?:[^']|'')*'|[^()'])*\)")
_EXTRAS = re.compile(r"\s+(?:CHARACTER SET|COLLATE)\s.*", re.IGNORECASE | re.DOTALL)


class TypeWords(msgspec.Struct, frozen=True):
    """A type as the catalog holds it: ``VARCHAR``, ``VARCHAR(10)``, 10. None where the database does not say."""

    name: str | None
    definition: str | None
    length: int | None
    precision: int | None
    scale: int | None


def words(sql_type: TypeEngine[Any], dialect: Dialect) -> TypeWords:
    """A reflected type in words; a type that has no name yields none."""
    try:
        # As a plain string: what stands for a quoted name would refuse to be put into capitals.
        definition = str(sql_type.compile(dialect=dialect))
    except CompileError:
        return TypeWords(None, None, None, None, None)
    name = _EXTRAS.sub("", _MEASURES.sub("", definition)).upper()
    # The length of an enumeration is that of its longest label: an invention of the reader, not of the database.
    length = None if isinstance(sql_type, Enum) else _whole(sql_type, "length")
    return TypeWords(name, definition, length, _whole(sql_type, "precision"), _whole(sql_type, "scale"))


def _whole(sql_type: TypeEngine[Any], measure: str) -> int | None:
    value = getattr(sql_type, measure, None)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


class _Named(UserDefinedType[Any]):
    """A type of which only the name is known."""

    cache_ok = True

    def __init__(self, type_name: str, *arguments: object) -> None:
        self.type_name = type_name
        self.arguments = arguments

    def get_col_spec(self, **_: Any) -> str:
        given = ", ".join(str(one) for one in self.arguments)
        return f"{self.type_name}({given})" if given else self.type_name


def teach_postgres_types(connection: Connection) -> None:
    """Let this connection's reader name every type that the server knows, those of extensions included.

    Otherwise columns of such types would come without one. Enumerations and domains are left to the reader.
    """
    dialect: Any = connection.dialect
    known = dict(dialect.ischema_names)
    for name in connection.scalars(_POSTGRES_TYPES):
        # As «String» the reader knows two types of the server's own catalog, which are not VARCHAR.
        if known.get(name.lower(), String) is String:
            known[name.lower()] = _factory(name)
    dialect.ischema_names = known


def _factory(name: str) -> Any:
    return lambda *arguments, **_: _Named(name, *arguments)


_types = table("pg_type", column("oid"), column("typtype"), schema="pg_catalog")
_POSTGRES_TYPES = (
    select(func.pg_catalog.format_type(_types.c.oid, None))
    .where(_types.c.typtype.not_in(["e", "d"]))
    .order_by(_types.c.oid)
)
