"""Statements over one connection: asked at once, or kept until the next exchange, so that it takes as few as possible."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Generator, Iterable, Sequence
from typing import Any

import psycopg
from psycopg import errors
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

from tidings.store.postgres.arrays import OIDS
from tidings.store.postgres.database import Connection

Row = tuple[Any, ...]
Statement = tuple[str, Sequence[Any]]
_INT8 = struct.Struct("!q").pack
_OIDS: dict[type, int] = {int: 20, str: 25, bytes: 17, type(None): 0} | {kind: oid for kind, (oid, _) in OIDS.items()}


class Wire:
    """Most of the time that a small request takes here is the way to the server and back.

    So writes, which have no answer, wait for the next statement that has one, or for the commit, and go with it.
    An error of theirs comes from there. ``rows`` sees what was written before, as if it had not waited.

    Everything of an exchange is sent in one piece, over libpq's own pipeline: psycopg's sends statement by statement,
    and wakes the server for each, which costs a small save more than half as much again.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._waiting: list[Statement] = []
        self._reader = Transformer(connection)

    def rows(self, statement: str, *values: Any) -> list[Row]:
        """The answer of one statement."""
        return self.exchange((statement, values))[0]

    def later(self, statement: str, *values: Any) -> None:
        """A statement without an answer, with the next exchange."""
        self._waiting.append((statement, values))

    def exchange(self, *statements: Statement) -> list[list[Row]]:
        """What waits and then these, in one exchange; the answer of each of these."""
        return [self._rows(result) for result in self._carry_out(*statements)]

    def command(self, statement: str) -> str:
        """What waits and then this, in one exchange; what the server says that it did, such as «COMMIT»."""
        [result] = self._carry_out((statement, ()))
        return (result.command_status or b"").decode()

    def _carry_out(self, *statements: Statement) -> list[PGresult]:
        waiting, self._waiting = self._waiting, []
        return self._converse([*waiting, *statements])[len(waiting) :]

    def copy(self, statement: str, types: Sequence[str], rows: Iterable[Row]) -> None:
        """Rows in PostgreSQL's binary form, for sets that are not small; what waits goes before."""
        if self._waiting:
            self.exchange()
        with self.connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def forget(self) -> None:
        """Drop what waits: its transaction is undone."""
        self._waiting.clear()

    def _rows(self, result: PGresult) -> list[Row]:
        if result.status != ExecStatus.TUPLES_OK:
            return []
        self._reader.set_pgresult(result, format=Format.BINARY)
        return self._reader.load_rows(0, result.ntuples, tuple)

    def _converse(self, statements: Sequence[Statement]) -> list[PGresult]:
        """The result of each statement. Raises the database's error, after which the rest was not carried out."""
        pgconn = self.connection.pgconn
        pgconn.enter_pipeline_mode()
        try:
            new = self._send(pgconn, statements)
            pgconn.pipeline_sync()
            results = self.connection.wait(_passed_on(pgconn))
        except BaseException:
            # Whatever is still under way on it, nobody will ask for.
            with contextlib.suppress(psycopg.Error):
                self.connection.close()
            raise
        pgconn.exit_pipeline_mode()
        # What was prepared stays at the server, whatever becomes of the rest.
        self.connection.prepared.update(
            one for place, one in new.items() if results[place].status == ExecStatus.COMMAND_OK
        )
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                raise errors.error_from_result(result)
        return [result for place, result in enumerate(results) if place not in new]

    def _send(
        self, pgconn: PGconn, statements: Sequence[Statement]
    ) -> dict[int, tuple[tuple[str, tuple[type, ...]], bytes]]:
        """Hand them over to be sent. Each is prepared when it comes up first; returns which results tell of that."""
        prepared = self.connection.prepared
        new: dict[int, tuple[tuple[str, tuple[type, ...]], bytes]] = {}
        fresh: dict[tuple[str, tuple[type, ...]], bytes] = {}
        for place, (statement, values) in enumerate(statements):
            key = (statement, tuple(map(type, values)))
            name = prepared.get(key) or fresh.get(key)
            if name is None:
                name = fresh[key] = b"t%d" % next(self.connection.numbers)
                new[place + len(new)] = (key, name)
                pgconn.send_prepare(name, statement.encode(), [_OIDS[kind] for kind in key[1]])
            pgconn.send_query_prepared(
                name, [_packed(value) for value in values], [Format.BINARY] * len(values), Format.BINARY
            )
        return new


def _packed(value: Any) -> bytes | None:
    """A value in PostgreSQL's binary form; sets come in it already."""
    if isinstance(value, int):
        return _INT8(value)
    return value.encode() if isinstance(value, str) else value


def _passed_on(pgconn: PGconn) -> Generator[Wait, Ready | int, list[PGresult]]:
    """Send what was handed over, and gather results up to the end of the exchange. Waits where psycopg waits."""
    while pgconn.flush():
        if (yield Wait.RW) & Ready.R:
            pgconn.consume_input()  # a server that cannot get rid of its answers reads no more
    results: list[PGresult] = []
    try:
        while True:
            while pgconn.is_busy():
                yield Wait.R
                pgconn.consume_input()
            result = pgconn.get_result()
            if result is None:
                continue  # the end of one statement's results
            if result.status == ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)
    except psycopg.OperationalError:
        for result in results:  # the server's own last words say more than that it hung up
            if result.status == ExecStatus.FATAL_ERROR:
                raise errors.error_from_result(result) from None
        raise
