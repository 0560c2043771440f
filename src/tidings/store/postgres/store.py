"""The store that several servers share: implements ``Store`` over one schema of a PostgreSQL database."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool

from tidings.model.errors import StoreError, StoreUnavailable
from tidings.store.base import Snapshot
from tidings.store.body import Body
from tidings.store.hints import Hints
from tidings.store.names import Names
from tidings.store.postgres.address import Address, parse
from tidings.store.postgres.database import SESSION, Connection, keywords, settle_in
from tidings.store.postgres.faults import is_cut, told_plainly
from tidings.store.postgres.listen import Listener
from tidings.store.postgres.migrate import find, migrate
from tidings.store.postgres.reader import Known
from tidings.store.postgres.session import PostgresSession
from tidings.store.postgres.snapshot import PostgresSnapshot
from tidings.store.postgres.wire import Wire
from tidings.store.writer import Writer

CONNECTIONS = 10
"""Connections at the most, unless told: one writes, one listens, the others read."""
WAIT_SECONDS = 5.0
"""How long a reader waits for a connection."""
RECONNECT_SECONDS = 1.0
"""After so long the pool gives up on a database that is away, until the next reader asks: its pauses grow without end."""


class PostgresStore(Body):
    """A catalog at the address ``url``, in a schema of its own, which is made or brought up to date.

    ``read_only`` opens one for looking: nothing is made, nobody listens for commits, and there is no writer.
    Raises ConfigError for an address that cannot be read, StoreNewer, StoreDamaged, or StoreError and its kin where the
    catalog cannot be opened.
    """

    def __init__(self, url: str, *, connections: int = CONNECTIONS, read_only: bool = False) -> None:
        self._address: Address = parse(url)
        super().__init__(self._address.name, Hints(self._forget_names))
        self._names = Names()
        self._stamp: str | None = None
        self._session: PostgresSession | None = None
        self._listener: Listener | None = None
        self._closed = False
        own = 0 if read_only else 2
        self._pool = self._made_pool(max(connections - own, 1))
        try:
            with told_plainly(self._name):
                self._open(read_only)
        except BaseException:
            self.close()
            raise

    def _open(self, read_only: bool) -> None:
        oid = find(self._address) if read_only else migrate(self._address)
        self._pool.open()
        if not read_only:
            self._session = PostgresSession(self._address, oid)
            self._writer = Writer(self._session, self._hints)
            self._listener = Listener(self._address, oid, self._hints, self._saw_settings)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        with told_plainly(self._name):
            connection, view = self._begin()
            try:
                yield view
            finally:
                self._end(connection)

    def _begin(self) -> tuple[Connection, PostgresSnapshot]:
        """A connection in a snapshot. Those in the pool may all have been lost since they were used last; each is given
        up where it turns out so, and the pool makes another."""
        for left in reversed(range(self._pool.max_size + 1)):
            connection = self._borrow()
            wire, names = Wire(connection), self._names
            try:
                _, [(head, relationships, stamp, has_tags)] = wire.exchange(
                    (SESSION.begin_reading, ()), (SESSION.view, ())
                )
            except BaseException as error:
                self._end(connection)
                if left and is_cut(error):
                    continue
                raise
            return connection, PostgresSnapshot(wire, names, Known(head, relationships, stamp or "", has_tags))
        raise StoreUnavailable(f"the connections to {self._name} are lost again and again; try again later")

    def _borrow(self) -> Connection:
        if self._closed:
            raise StoreUnavailable("the catalog is stopping; try again later")
        return self._pool.getconn(WAIT_SECONDS)

    def _end(self, connection: Connection) -> None:
        """Leave no transaction open behind a reader. A connection that is broken is replaced by the pool."""
        if connection.info.transaction_status != TransactionStatus.IDLE:
            with contextlib.suppress(psycopg.Error):
                connection.execute(SESSION.rollback)
        self._pool.putconn(connection)

    def _forget_names(self) -> None:
        """What was known under numbers may be otherwise at another server. Snapshots of before keep theirs to themselves."""
        self._names = Names()

    def _saw_settings(self, stamp: str) -> None:
        """What the listener found."""
        if stamp != self._stamp and self._hints.settings_changed():
            self._stamp = stamp  # otherwise it is new again when the listener looks next

    def backup(self, target: str, progress: Callable[[int, int], None]) -> None:
        raise StoreError(
            f"{self._name} is backed up by PostgreSQL's own means: pg_dump --schema {self._address.schema}; or carry the "
            "catalog to a file with «tidings copy»"
        )

    def close(self) -> None:
        if self._writer is not None and not self._closed:
            self._writer.close()
        self._closed = True
        if self._session is not None:
            self._session.close()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._pool.close()

    def _made_pool(self, most: int) -> ConnectionPool[Connection]:
        return ConnectionPool(
            connection_class=Connection,
            kwargs=keywords(self._address),
            min_size=1,
            max_size=most,
            open=False,
            timeout=WAIT_SECONDS,
            reconnect_timeout=RECONNECT_SECONDS,
            configure=self._settle_in,
            name="tidings",
        )

    def _settle_in(self, connection: Connection) -> None:
        settle_in(connection, self._address)
        self._forget_names()  # it may be a server that took over from another
