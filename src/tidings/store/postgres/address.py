"""The address of a catalog in PostgreSQL: which server and database, and which schema of it."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict

from tidings.model.errors import ConfigError

SCHEMA = "tidings"
PORT = 5432
_SCHEMA_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")
_DEFAULTS: dict[str, Any] = {
    "application_name": "tidings",
    "connect_timeout": 10,
    # A server that vanished without a word is noticed after some 25 seconds.
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""What the address may set otherwise, by libpq's own names."""


class Address(msgspec.Struct, frozen=True):
    """``options`` are libpq's, the password among them; ``name`` is what people are shown."""

    options: dict[str, Any]
    schema: str
    name: str

    @property
    def place(self) -> tuple[str, ...]:
        """Server, database and schema, and nothing of how they are reached or by whom."""
        known = self.options
        host = known.get("host") or known.get("hostaddr") or ""
        return (host, str(known.get("port") or PORT), known.get("dbname") or known.get("user") or "", self.schema)


def parse(url: str) -> Address:
    """``postgresql://user:password@host:port/database?schema=NAME&…``; the rest of the query is libpq's.

    Raises ConfigError, which shows no part of the address: a password may stand anywhere in one that is wrong.
    """
    plain, _, query = url.partition("?")
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    rest = "&".join("".join(pair) for pair in pairs if pair[0] != "schema")
    try:
        options: dict[str, Any] = dict(conninfo_to_dict(f"{plain}?{rest}"))
        for port in str(options.get("port") or 0).split(","):
            int(port or 0)
    except (ValueError, psycopg.Error):
        raise ConfigError(
            "the database's address cannot be read; it must look like "
            "postgresql://user:password@host:5432/database?schema=tidings, with special characters in it escaped"
        ) from None
    schemas = [value for key, _, value in pairs if key == "schema"] or [SCHEMA]
    if len(schemas) > 1 or not _SCHEMA_NAME.fullmatch(schemas[0]):
        raise ConfigError(
            "the schema in the database's address must be one name of lower-case letters, digits and underscores, at most "
            "63 of them, that does not begin with a digit or «pg_»"
        )
    return Address(_DEFAULTS | options | {"client_encoding": "utf8"}, schemas[0], _shown(options, schemas[0]))


def _shown(options: dict[str, Any], schema: str) -> str:
    host = options.get("host") or options.get("hostaddr") or "the local socket"
    port = f":{options['port']}" if options.get("port") else ""
    database = options.get("dbname") or options.get("user") or "of the user's name"
    return f"the PostgreSQL database {database} at {host}{port}, schema {schema}"
