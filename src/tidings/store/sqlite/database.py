"""Opening a catalog's file: lock, settings, migrations, and the driver's errors in our words."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from types import TracebackType

import apsw

from tidings.model.errors import StoreDamaged, StoreError, StoreInUse, StoreNewer, StoreUnavailable
from tidings.model.ids import new_guid
from tidings.store.settings import CATALOG_ID
from tidings.store.sqlite.reader import SQL

APPLICATION_ID = 0x54494431
"""«TID1» in the file's header: a catalog, and no other program's database."""
PAGE_SIZE = 8192
CHECKPOINT_PAGES = 2000
JOURNAL_LIMIT = 64 * 1024 * 1024
BUSY_MILLISECONDS = 10_000


def plainly(error: BaseException, path: str) -> BaseException:
    """An error of the driver as a StoreError that says what to do; any other error as it is."""
    if not isinstance(error, apsw.Error):
        return error
    told: StoreError
    if isinstance(error, (apsw.NotADBError, apsw.CorruptError)):
        told = StoreDamaged(f"{path} is damaged or is not a Tidings catalog ({error}); restore it from a backup")
    elif isinstance(error, apsw.FullError):
        told = StoreUnavailable(f"the disk that holds {path} is full; free some space and try again")
    elif isinstance(error, (apsw.BusyError, apsw.LockedError)):
        told = StoreUnavailable(f"{path} is locked by another program ({error}); try again")
    elif isinstance(error, apsw.ReadOnlyError):
        told = StoreError(f"{path} cannot be written to ({error}); check its permissions")
    elif isinstance(error, apsw.CantOpenError):
        told = StoreError(f"{path} cannot be opened ({error}); check the folder and its permissions")
    else:
        told = StoreError(f"the database {path} could not do its work: {error}")
    told.__cause__ = error
    return told


@contextlib.contextmanager
def told_plainly(path: str) -> Iterator[None]:
    """Nothing of the driver leaves the store: its errors leave this block as ``plainly`` tells them."""
    try:
        yield
    except apsw.Error as error:
        raise plainly(error, path) from error


class FileLock:
    """Held by the one server of a catalog; the system lets go of it when the process ends, however it ends."""

    def __init__(self, path: str) -> None:
        self._path = path
        with told_plainly(path):
            try:
                self._handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise StoreError(
                    f"{path} cannot be opened ({error.strerror}); check the folder and its permissions"
                ) from error
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            raise StoreInUse(
                f"{path} is in use by another Tidings server; stop that one, or give this one another --database"
            ) from error

    def release(self) -> None:
        os.close(self._handle)

    def __enter__(self) -> FileLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def connect(path: str, *, writer: bool = False, create: bool = False, durable: bool = True) -> apsw.Connection:
    """One connection with the settings that its part needs. ``durable``: commits wait for the disk."""
    flags = apsw.SQLITE_OPEN_READWRITE
    flags |= apsw.SQLITE_OPEN_CREATE if create else 0
    connection = apsw.Connection(path, flags=flags, statementcachesize=200)
    connection.set_busy_timeout(BUSY_MILLISECONDS)
    if writer:
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
        # FULL: a commit is on disk before it is acknowledged. NORMAL could lose the last ones when power fails.
        connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}").fetchall()
        connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_LIMIT}").fetchall()
        connection.execute("PRAGMA cache_size = -32768")
        # What SQLite must be able to undo within a statement is small; it need not go through a file.
        connection.execute("PRAGMA temp_store = MEMORY")
    else:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA cache_size = -4096")
    return connection


def migrations() -> list[tuple[int, str]]:
    """Number and text of every migration, in order."""
    folder = files("tidings.store.sqlite").joinpath("migrations")
    found = []
    for entry in folder.iterdir():
        if match := re.fullmatch(r"(\d{4})_\w+\.sql", entry.name):
            found.append((int(match[1]), entry.read_text("utf-8")))
    return sorted(found)


def migrate(connection: apsw.Connection, path: str) -> None:
    """Bring a new or older file to today's form, each migration in its own transaction.

    Raises StoreDamaged for another program's database and StoreNewer for a catalog of a newer Tidings.
    """
    known = migrations()
    version = _check_ours(connection, path, known[-1][0])
    for number, text in known:
        if number > version:
            with connection:
                connection.execute(text)
                connection.execute(f"PRAGMA user_version = {number}")
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                if number == 1:
                    connection.execute(SQL.set_catalog_value, (CATALOG_ID, new_guid()))


def check_format(connection: apsw.Connection, path: str) -> None:
    """For readers that must not change the file: raise unless it is a catalog of today's form."""
    newest = migrations()[-1][0]
    version = _check_ours(connection, path, newest)
    if version < newest:
        raise StoreError(f"{path} has the form of an older Tidings ({version}); start the server once to renew it")


def _check_ours(connection: apsw.Connection, path: str, newest: int) -> int:
    application = connection.pragma("application_id")
    version = int(str(connection.pragma("user_version")))
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if application != APPLICATION_ID and (tables and tables[0]):
        raise StoreDamaged(f"{path} is the database of another program; give --database a new file")
    if version > newest:
        raise StoreNewer(
            f"{path} was written by a newer Tidings (format {version}, this one knows {newest}); upgrade Tidings"
        )
    return version


def ensure_folder(path: str) -> None:
    """Make the folder that will hold the file."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder of {path} cannot be made ({error.strerror})") from error


def make_private(path: str) -> None:
    """A new catalog belongs to its owner alone: who can read the file needs no token."""
    with told_plainly(path), contextlib.suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))
