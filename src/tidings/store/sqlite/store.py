"""The embedded store: implements ``Store`` over one SQLite file, or in memory."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw

from tidings.model.errors import StoreError, StoreUnavailable
from tidings.store.base import Snapshot
from tidings.store.body import Body
from tidings.store.hints import Hints
from tidings.store.names import Names
from tidings.store.sqlite.database import (
    FileLock,
    check_format,
    connect,
    ensure_folder,
    make_private,
    migrate,
    told_plainly,
)
from tidings.store.sqlite.reader import SqliteSnapshot
from tidings.store.sqlite.session import SqliteSession
from tidings.store.writer import Writer

READERS_KEPT = 8
BACKUP_PAGES = 256


class SqliteStore(Body):
    """A catalog in the file ``path``, or one that is gone when it is closed where ``path`` is None.

    The latter is «in memory» as far as the system's file cache holds it: a file in a temporary folder, never flushed.
    SQLite's own databases in memory have no WAL, so that in them readers and the writer would block each other.
    ``read_only`` opens a file that a server may hold, for looking and for backups; it takes no lock and has no writer.
    Raises StoreInUse, StoreNewer, StoreDamaged, or StoreError where the file cannot be opened.
    """

    def __init__(self, path: str | None, *, read_only: bool = False) -> None:
        super().__init__(path or "the catalog in memory", Hints())
        self._durable = path is not None
        # The file itself: a link to it must not get round its lock.
        self.path = os.path.realpath(path) if path is not None else self._temporary()
        self._readers: list[apsw.Connection] = []
        self._readers_lock = threading.Lock()
        self._names = Names()
        self._closed = False
        self._lock: FileLock | None = None
        self._connection: apsw.Connection | None = None
        if read_only:
            self._open_to_read()
        else:
            self._open_to_write()

    def _temporary(self) -> str:
        folder = tempfile.mkdtemp(prefix="tidings-")
        self._discard = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return f"{folder}/catalog.db"

    def _open_to_read(self) -> None:
        if not Path(self.path).exists():
            raise StoreError(f"there is no catalog at {self._name}; name its file, such as sqlite:///catalog.db")
        with told_plainly(self._name), self.snapshot() as snapshot:
            check_format(snapshot.connection, self._name)  # type: ignore[attr-defined]  # our own body's snapshot

    def _open_to_write(self) -> None:
        ensure_folder(self.path)
        self._lock = FileLock(self.path)
        make_private(self.path)
        try:
            with told_plainly(self._name):
                self._connection = connect(self.path, writer=True, create=True, durable=self._durable)
                migrate(self._connection, self._name)
                self._writer = Writer(SqliteSession(self._connection, self._name), self._hints)
        except BaseException:
            self.close()
            raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        with told_plainly(self._name):
            connection = self._borrow()
            try:
                connection.execute("BEGIN")
                yield SqliteSnapshot(connection, self._names)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                self._give_back(connection)

    def _borrow(self) -> apsw.Connection:
        with self._readers_lock:
            if self._closed:
                raise StoreUnavailable("the catalog is stopping; try again later")
            if self._readers:
                return self._readers.pop()
        return connect(self.path)

    def _give_back(self, connection: apsw.Connection) -> None:
        with self._readers_lock:
            if len(self._readers) < READERS_KEPT and not self._closed:
                self._readers.append(connection)
                return
        connection.close()

    def backup(self, target: str, progress: Callable[[int, int], None]) -> None:
        if Path(target).exists():
            raise StoreError(f"{target} is already there; name a file that is not, so that no backup is overwritten")
        partial = f"{target}.partial"
        with told_plainly(target), contextlib.suppress(FileNotFoundError):
            Path(partial).unlink()
        ensure_folder(target)
        with told_plainly(target):
            self._copy(partial, progress)
        Path(partial).replace(target)

    def _copy(self, target: str, progress: Callable[[int, int], None]) -> None:
        source, copy = connect(self.path), connect(target, create=True)
        try:
            # A read transaction pins one state: without it every commit of the server would start the copy anew.
            source.execute("BEGIN; SELECT count(*) FROM catalog").fetchall()
            with copy.backup("main", source, "main") as backup:
                while not backup.done:
                    backup.step(BACKUP_PAGES)
                    progress(backup.page_count - backup.remaining, backup.page_count)
        finally:
            copy.close()
            source.close()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        with self._readers_lock:
            self._closed = True
            readers, self._readers = self._readers, []
        for connection in [*readers, *([self._connection] if self._connection else [])]:
            connection.close()
        self._connection = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None
        if not self._durable:
            self._discard()
