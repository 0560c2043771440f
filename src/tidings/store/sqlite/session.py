"""The connection that writes to the file, as the writer uses it."""

from __future__ import annotations

import time

import apsw

from tidings.store.names import Names
from tidings.store.sqlite.database import plainly
from tidings.store.sqlite.reader import SQL
from tidings.store.sqlite.transaction import SqliteTransaction


class SqliteSession:
    """Implements ``Session``. Nobody else writes to the file, so what it knows of log and ids holds between requests."""

    def __init__(self, connection: apsw.Connection, path: str) -> None:
        self.connection = connection
        self._path = path
        self._names = Names()
        self.head = self._clock = 0
        self.changed_settings = False
        self._next_id = 1
        self._look()

    def begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        self.changed_settings = False

    def attempt(self) -> SqliteTransaction:
        self._clock = max(self._clock, time.time_ns() // 1_000_000)
        return SqliteTransaction(self.connection, self._names, self._clock, self.head, self._next_id)

    def accept(self, attempt: SqliteTransaction) -> None:
        self.head, self._next_id = attempt.head, attempt.next_id
        self.changed_settings |= attempt.changed_settings
        if attempt.moved:
            self._look()

    def is_whole(self) -> bool:
        return self.connection.in_transaction

    def commit(self) -> None:
        self.connection.execute("COMMIT")

    def undo(self) -> bool:
        """Goes by what the file says from there: an interrupt can come just after a commit."""
        self._names.forget()  # numbers that were drawn are gone as well
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            self._look()
        except apsw.Error:
            return False
        return True

    def may_try_again(self, error: BaseException) -> bool:
        return False  # nobody else writes to the file: what failed would fail again

    def plainly(self, error: BaseException) -> BaseException:
        return plainly(error, self._path)

    def _look(self) -> None:
        [(self.head, clock, highest)] = self.connection.execute(SQL.standing)
        self._clock = max(self._clock, clock)
        self._next_id = highest + 1
