"""What other servers committed: a notification is a reason to look, and looking is the truth, every half second anyway."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable

import psycopg
from psycopg import sql

from tidings.model.errors import StoreError
from tidings.store.hints import Hints
from tidings.store.postgres.address import Address
from tidings.store.postgres.database import SESSION, Connection, channel, connect
from tidings.telemetry import log

LOOK_AGAIN_SECONDS = 0.5
LONGEST = 19
"""Digits of a position. Anybody who has a connection to the database may announce whatever they like."""


class Listener:
    """A thread with a connection of its own. ``hints`` hear of the head, and ``saw`` of the stamp of settings, again and again.

    The first look is taken before this returns; raises StoreError where the database cannot be had.
    """

    def __init__(self, address: Address, oid: int, hints: Hints, saw: Callable[[str], None]) -> None:
        self._address = address
        self._channel = sql.SQL("LISTEN {}").format(sql.Identifier(channel(oid)))
        self._hints = hints
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
            except Exception as error:  # noqa: BLE001  whatever it was, revoked tokens are heard of here and nowhere else
                # A database that is away is looked for again. Nobody hears of it from here: every request does.
                if not isinstance(error, (StoreError, psycopg.Error)):
                    log.error("listening for other servers' commits failed and begins anew", exc_info=error)
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
        known = self._hints.head
        [(head, stamp)] = connection.execute(SESSION.latest, binary=True)
        self._hints.found_head(head, known)
        self._saw(stamp or "")

    def _wait(self, connection: Connection) -> None:
        """Until half a second is over, something was announced that is not known, or ``close``."""
        until = time.monotonic() + LOOK_AGAIN_SECONDS
        while True:
            told = [one.payload for one in connection.notifies(timeout=0)]  # however many: one look
            if not all(map(self._is_known, told)) or time.monotonic() >= until or not self._pause(connection.fileno()):
                return

    def _is_known(self, told: str) -> bool:
        return len(told) <= LONGEST and told.isdecimal() and int(told) <= self._hints.head

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
