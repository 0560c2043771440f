"""The connection that writes, as the writer uses it: the turn among all servers, and what became of a commit."""

from __future__ import annotations

import contextlib
import time
from typing import Literal

import msgspec
import psycopg
from psycopg.pq import TransactionStatus

from tidings.model.errors import StoreError, StoreUnavailable
from tidings.store.names import Names
from tidings.store.postgres.address import Address
from tidings.store.postgres.database import SESSION, SQL, channel, connect
from tidings.store.postgres.faults import is_cut, is_passing, plainly, told_plainly
from tidings.store.postgres.reader import Known
from tidings.store.postgres.transaction import PostgresTransaction
from tidings.store.postgres.wire import Row, Wire
from tidings.store.writer import Spoiled

LOCK_CLASS = 0x54494431
"""«TID1»: a name for our locks among those that other programs may take in the same database."""
OUTCOME_SECONDS = 30.0
"""How long the database is asked what became of a commit whose answer was lost."""
LINGERING_SECONDS = 1.0
"""How long a connection that we lost may go on at the server's end before we end it."""
ASK_AGAIN_SECONDS = 0.1
AWAY_SECONDS = 5.0
"""How long requests wait, all in all, for a database that went away before they wrote anything."""
SETTINGS = "settings"
"""What is announced where settings changed: anything but a position."""
Outcome = Literal["committed", "not committed", "in progress", "unknown"]


class NotCommitted(Exception):
    """The connection was lost while committing, and the database says that nothing was committed."""


class PostgresSession:
    """Implements ``Session``. Other servers write too, so everything is looked up anew in each transaction."""

    def __init__(self, address: Address, oid: int) -> None:
        self._address = address
        self._oid = oid
        self._names = Names()
        self._lost: tuple[int, str] | None = None
        """Process and transaction of a connection that broke, which may hold the lock at the server's end."""
        self._wire: Wire | None = None
        self._process = 0
        self._away_since = 0.0
        """Since when no connection was to be had; 0 where the last try found one."""
        self._known = Known(0, 0, "", False)
        self._clock = self._next_id = 0
        self._transaction = ""
        self._began = 0.0
        self.changed_settings = False
        self._proof = b""
        with told_plainly(address.name):
            [(self.head,)] = self._connected().rows(SQL.log_head)
        self._committed = self.head

    def _connected(self) -> Wire:
        if self._wire is None:
            self._wire = Wire(connect(self._address))
            self._process = self._wire.connection.info.backend_pid  # one that broke no longer knows it
            if self._lost is not None:
                self._wire.rows(SESSION.end_other, *self._lost)
                self._lost = None
        return self._wire

    def _connected_again(self) -> Wire:
        """The same for a request that can wait: a server that starts again, or is taken over from, is back in seconds. Where
        it has been away for longer, nobody waits any more."""
        while True:
            tried = time.monotonic()
            try:
                wire = self._connected()
            except StoreUnavailable:
                self._away_since = self._away_since or tried
                if time.monotonic() - self._away_since > AWAY_SECONDS:
                    raise
                time.sleep(ASK_AGAIN_SECONDS)
            else:
                self._away_since = 0.0
                return wire

    def begin(self) -> None:
        wire = self._connected_again()
        # The key is the schema's number, as the signed number that the lock takes.
        lock = (SESSION.lock, (LOCK_CLASS, self._oid - (1 << 31)))
        self._transaction = ""
        *_, [standing] = wire.exchange((SESSION.begin_writing, ()), lock, (SQL.standing, ()))
        self._stand(standing)
        self._committed = self.head
        self.changed_settings = False
        self._proof = b""

    def _stand(self, standing: Row) -> None:
        self.head, clock, highest, relationships, stamp, has_tags, self._transaction = standing
        self._known = Known(self.head, relationships, stamp or "", has_tags)
        self._clock, self._began = max(self._clock, clock), time.monotonic()
        self._next_id = highest + 1

    def attempt(self) -> PostgresTransaction:
        # The database's clock, when the lock was had, and as much more as has gone by since.
        now = self._clock + int((time.monotonic() - self._began) * 1_000)
        return PostgresTransaction(
            self._connected(), self._names, msgspec.structs.replace(self._known), now, self._next_id
        )

    def accept(self, attempt: PostgresTransaction) -> None:
        self._known, self._next_id = attempt.known, attempt.next_id
        self.head = self._known.head = attempt.head
        self.changed_settings |= attempt.changed_settings
        self._proof = attempt.proof or self._proof
        if attempt.moved:
            [standing] = self._connected().rows(SQL.standing)
            self._stand(standing)

    def is_whole(self) -> bool:
        return self._wire is not None and self._wire.connection.info.transaction_status == TransactionStatus.INTRANS

    def commit(self) -> None:
        wire = self._connected()
        if self.head != self._committed:
            wire.later(SESSION.notify, channel(self._oid), str(self.head))
        if self.changed_settings:
            wire.later(SESSION.notify, channel(self._oid), SETTINGS)
        try:
            done = wire.command(SESSION.commit)
        except psycopg.Error as error:
            if is_cut(error):
                self._settle(error)
            elif is_passing(error):
                raise
            else:
                raise Spoiled from error  # writes wait until here, so that it may be anybody's
        else:
            self._refuse_undone(done)
        self._committed = self.head

    def _refuse_undone(self, done: str) -> None:
        """Where a request kept an error of the database quiet, PostgreSQL undoes everything and calls that no error."""
        if done != "COMMIT":
            raise Spoiled from StoreError(f"{self._address.name} undid the change for an error that came before")

    def _settle(self, error: psycopg.Error) -> None:
        """The answer to a commit was lost: ask what became of it. Returns where it is on disk; raises NotCommitted where it
        certainly is not, and StoreUnavailable where nobody can tell, or not in time."""
        begun = time.monotonic()
        self._drop()
        while time.monotonic() - begun < OUTCOME_SECONDS:
            with contextlib.suppress(StoreError, psycopg.Error):
                outcome = self._outcome(time.monotonic() - begun > LINGERING_SECONDS)
                if outcome == "committed":
                    return
                if outcome == "not committed":
                    raise NotCommitted from error
                if outcome == "unknown":
                    break
            time.sleep(ASK_AGAIN_SECONDS)
        raise StoreUnavailable(
            f"the connection to {self._address.name} was lost while it was writing, and nobody can tell now what became of "
            "that: whether the change was made will be seen later; a request that is sent again does nothing twice"
        ) from error

    def _outcome(self, is_late: bool) -> Outcome:
        connection = connect(self._address)
        try:
            if is_late and self._lost is not None:
                connection.execute(SESSION.end_other, self._lost)
            row = connection.execute(SESSION.outcome, [self._transaction, self.head], binary=True).fetchone()
        except psycopg.errors.InvalidParameterValue:
            return "not committed"  # a number still to come: the server crashed, or a standby that never heard of it took over
        finally:
            connection.close()
        status, found, head = row or ("", None, 0)
        if status in ("committed", "in progress"):
            return self._proven(found, head) if status == "committed" else "in progress"
        return "not committed"

    def _proven(self, found: bytes | None, head: int) -> Outcome:
        """Whether what was committed under the transaction's number is ours, by the event at its last position."""
        if not self._proof:
            return "unknown"
        if found == self._proof:
            return "committed"
        return "not committed" if found is not None or head < self.head else "unknown"

    def undo(self) -> bool:
        self._names.forget()  # numbers that were drawn are gone as well
        self.head = self._committed
        if self._wire is not None:
            self._wire.forget()
            try:
                self._wire.rows(SESSION.rollback)
            except psycopg.Error:
                self._drop()
        return True

    def _drop(self) -> None:
        """Give up the connection; the next transaction makes a new one."""
        wire, self._wire = self._wire, None
        if wire is not None:
            self._lost = (self._process, self._transaction) if self._transaction else None
            wire.connection.close()

    def may_try_again(self, error: BaseException) -> bool:
        return isinstance(error, NotCommitted) or (isinstance(error, psycopg.Error) and is_passing(error))

    def plainly(self, error: BaseException) -> BaseException:
        if isinstance(error, NotCommitted):
            return StoreUnavailable(
                f"the connection to {self._address.name} was lost again and again; nothing was written, try again later"
            )
        return plainly(error, self._address.name)

    def close(self) -> None:
        self._transaction = ""
        self._drop()
