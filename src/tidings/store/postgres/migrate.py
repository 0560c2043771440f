"""A schema's form: made, brought up to date, and refused where it is not ours or is newer than we are.

Migrations add: tables, columns that may be empty, indexes. What an older server reads and writes keeps its meaning, so
servers may be renewed one by one: those that still run go on while a newer one migrates, and only cannot be started
again. One that would take something away has to wait for a release in which no older server can be left.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from importlib.resources import files

from tidings.model.errors import StoreDamaged, StoreError, StoreNewer
from tidings.model.ids import new_guid
from tidings.store.postgres.address import Address
from tidings.store.postgres.database import SESSION, SQL, Connection, connect, quoted, schema_oid, version_of
from tidings.store.postgres.faults import told_plainly
from tidings.store.settings import CATALOG_ID

LOCK_CLASS = 0x54494432
"""«TID2»: a name for our locks among those that other programs may take in the same database."""
LOCK_SECONDS = 600
"""How long a server waits for another one that migrates, or for those that write to a table that it changes."""


def migrations() -> list[tuple[int, str]]:
    """Number and text of every migration, in order."""
    folder = files("tidings.store.postgres").joinpath("migrations")
    found = [(version_of(entry.name), entry.read_text("utf-8")) for entry in folder.iterdir()]
    return sorted(one for one in found if one[0])


def migrate(address: Address) -> int:
    """Bring a new or older schema to today's form, each migration in its own transaction, one server at a time.

    Returns the schema's number. Raises StoreDamaged for another program's schema and StoreNewer for a catalog of a newer
    Tidings, StoreError for a user who may only read.
    """
    with _connection(address) as connection:
        for number, text in migrations():
            if number > _format(connection, address):
                _step(connection, address, number, text)
        _check_rights(connection, address)
        return schema_oid(connection, address)


def find(address: Address) -> int:
    """The same for readers, who must not change anything: raises unless there is a catalog of today's form."""
    with _connection(address) as connection:
        newest, found = migrations()[-1][0], _format(connection, address)
        if found == 0:
            raise StoreError(f"there is no catalog in {address.name}; start the server once to make it")
        if found < newest:
            raise StoreError(
                f"{address.name} has the form of an older Tidings ({found}); start the server once to renew it"
            )
        return schema_oid(connection, address)


@contextlib.contextmanager
def _connection(address: Address) -> Iterator[Connection]:
    with told_plainly(address.name), contextlib.closing(connect(address)) as connection:
        yield connection


def _step(connection: Connection, address: Address, number: int, text: str) -> None:
    with connection.transaction():
        connection.execute(SESSION.migration_limits, [f"{LOCK_SECONDS}s"], prepare=False)
        connection.execute(SESSION.migration_lock, [LOCK_CLASS, address.schema], prepare=False)
        if _format(connection, address) >= number:
            return  # another server was here first
        if number == 1 and not _has_schema(connection, address):
            # Only where it is needed: the right to make schemas is more than the use of one takes.
            connection.execute(f"CREATE SCHEMA {quoted(address.schema)}".encode(), prepare=False)
        connection.execute(text.encode(), prepare=False)
        connection.execute(SESSION.add_migration, [number], prepare=False)
        if number == 1:
            connection.execute(SQL.set_catalog_value, [CATALOG_ID, new_guid()], prepare=False)


def _check_rights(connection: Connection, address: Address) -> None:
    """Raises StoreError for a user who may not change what stands in the catalog."""
    row = connection.execute(SESSION.may_write, prepare=False).fetchone()
    if row is None or not row[0]:
        raise StoreError(
            f"the user of {address.name} may only read; grant it INSERT, UPDATE and DELETE on all tables of the schema"
        )


def _has_schema(connection: Connection, address: Address) -> bool:
    return connection.execute(SESSION.schema_oid, [address.schema], prepare=False).fetchone() is not None


def _format(connection: Connection, address: Address) -> int:
    row = connection.execute(SESSION.has_catalog, [address.schema], prepare=False).fetchone()
    is_ours, is_taken = row or (False, False)
    if not is_ours:
        if is_taken:
            raise StoreDamaged(
                f"{address.name} holds the tables of another program; name a schema of its own: ?schema=NAME"
            )
        return 0
    found = connection.execute(SESSION.format, prepare=False).fetchone()
    number, newest = int(found[0]) if found else 0, migrations()[-1][0]
    if number > newest:
        raise StoreNewer(
            f"{address.name} was written by a newer Tidings (format {number}, this one knows {newest}); upgrade Tidings"
        )
    return number
