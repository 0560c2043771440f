"""What other servers committed: a notification is a hint, and looking every half second is the truth."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable

import psycopg
from psycopg import sql

from tidings.model.errors import StoreError
from tidings.store.postgres.address import Address
from tidings.store.postgres.database import SESSION, Connection, channel, connect

LOOK_AGAIN_SECONDS = 0.5


class Listener:
    """A thread with a connection of its own. ``saw(head, settings_stamp)`` is called with what there is, again and again;
    without a stamp where only a position was announced.

    The first look is taken before this returns; raises StoreError where the database cannot be had.
    """

    def __init__(self, address: Address, oid: int, saw: Callable[[int, str | None], None]) -> None:
        self._address = address
        self._channel = sql.SQL("LISTEN {}").format(sql.Identifier(channel(oid)))
        self._saw = saw
        self._closed = False
        first: Connection | None = self._listening()
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(target=self._run, args=(first,), name="tidings-listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closed = True
        os.write(self._wake_write, b"x")
        self._thread.join()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _run(self, connection: Connection | None) -> None:
        while not self._closed:
            try:
                connection = connection or self._listening()
                self._look(connection)
                self._wait(connection)
            except (StoreError, psycopg.Error):
                # A database that is away is looked for again. Nobody hears of it from here: every request does.
                _close(connection)
                connection = None
                self._pause()
        _close(connection)

    def _listening(self) -> Connection:
        """A connection to which commits are announced from now on; what was committed before it is seen by a look."""
        connection = connect(self._address)
        try:
            connection.execute(self._channel, prepare=False)
            self._look(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _look(self, connection: Connection) -> None:
        [(head, stamp)] = connection.execute(SESSION.latest, binary=True)
        self._saw(head, stamp or "")

    def _wait(self, connection: Connection) -> None:
        """Until half a second is over, settings changed, or ``close``. Positions need no second look: they are on disk when
        they are announced."""
        until = time.monotonic() + LOOK_AGAIN_SECONDS
        while time.monotonic() < until and self._pause(connection.fileno()):
            told = [one.payload for one in connection.notifies(timeout=0)]
            positions = [int(one) for one in told if one.isdecimal()]
            if positions:
                self._saw(max(positions), None)
            if len(positions) < len(told):
                return

    def _pause(self, *others: int) -> bool:
        """Wait at most half a second; whether one of ``others`` has something to read."""
        waiting = select.poll()
        for one in (self._wake_read, *others):
            waiting.register(one, select.POLLIN)
        found = [handle for handle, _ in waiting.poll(LOOK_AGAIN_SECONDS * 1_000)]
        return not self._closed and any(one in found for one in others)


def _close(connection: Connection | None) -> None:
    if connection is not None:
        connection.close()
