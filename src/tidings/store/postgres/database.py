"""One connection to the catalog's database: what is asked of the server, and how a session of ours is set."""

from __future__ import annotations

import re
from itertools import count
from typing import Any, cast

import psycopg
from psycopg import RawCursor, sql

from tidings.model.errors import StoreError
from tidings.store.postgres.address import Address
from tidings.store.postgres.arrays import adapters
from tidings.store.postgres.faults import told_plainly, unreached
from tidings.store.statements import Statements

SQL = Statements("tidings.store.postgres", "statements.sql")
SESSION = Statements("tidings.store.postgres", "session.sql")
OLDEST = 140_000
"""The oldest server that will do, as it gives its own version."""
STATEMENT_SECONDS = 120
"""How long one statement may take; the largest ones belong to a check of a whole catalog."""
LOCK_SECONDS = 30
"""How long a writer waits for its turn among servers."""
IDLE_SECONDS = 20
"""How long a transaction may do nothing: a server that hangs loses its turn before others have waited too long for it."""

_ADAPTERS = adapters()


class _Context:
    """Makes connections with our adapters."""

    adapters = _ADAPTERS
    connection = None


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """One of psycopg's, which knows what was prepared on it."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.prepared: dict[tuple[str, tuple[type, ...]], bytes] = {}
        """Statement and kinds of its values -> the name under which the server has it."""
        self.numbers = count()
        """For names that were never given before."""


def keywords(address: Address) -> dict[str, Any]:
    """What ``psycopg.connect`` is given."""
    return {
        **address.options,
        "autocommit": True,  # transactions are begun by our own statements
        "prepare_threshold": None,  # what is asked often goes over a wire, which prepares by itself
        "cursor_factory": RawCursor,
        "context": _Context(),
    }


def connect(address: Address) -> Connection:
    """A connection that is ready for use; raises StoreError and its kin."""
    try:
        connection = Connection.connect(**keywords(address))
    except psycopg.OperationalError as error:
        raise unreached(error, address.name) from error
    try:
        with told_plainly(address.name):
            settle_in(connection, address)
    except BaseException:
        connection.close()
        raise
    return connection


def settle_in(connection: Connection, address: Address) -> None:
    """Check the server and set the session, in two exchanges; the first statement of every new connection."""
    limits = [f"{seconds}s" for seconds in (STATEMENT_SECONDS, LOCK_SECONDS, IDLE_SECONDS)]
    with connection.pipeline():
        about = connection.execute(SESSION.about_server, prepare=False, binary=True)
        connection.execute(SESSION.settle_in, [quoted(address.schema), *limits], prepare=False)
        found = about.fetchone()
    check_server(address.name, *cast(tuple[int, str, str, bool], found)[:3])


def check_server(name: str, number: int, version: str, encoding: str) -> None:
    """Raises StoreError for a server that is too old, or a database that cannot hold every text."""
    if number < OLDEST:
        raise StoreError(f"{name} is on PostgreSQL {version}; Tidings needs 14 or newer")
    if encoding != "UTF8":
        raise StoreError(
            f"{name} has the encoding {encoding}, which cannot hold every text; make a database with the encoding UTF8"
        )


def quoted(schema: str) -> str:
    """The schema as SQL names it."""
    return sql.Identifier(schema).as_string()


def schema_oid(connection: Connection, address: Address) -> int:
    """The number of the schema within its database; raises StoreError where there is none."""
    row = connection.execute(SESSION.schema_oid, [address.schema]).fetchone()
    if row is None:
        raise StoreError(f"there is no catalog in {address.name}; start the server once to make it")
    return int(row[0])


def channel(oid: int) -> str:
    """Where commits to this catalog are announced."""
    return f"tidings_{oid}"


def version_of(text: str) -> int:
    """«0003_name.sql» as a number, 0 for what is no migration."""
    found = re.fullmatch(r"(\d{4})_\w+\.sql", text)
    return int(found[1]) if found else 0
