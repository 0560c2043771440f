"""The one writer: a thread that takes requests in order of arrival and commits all that wait together.

A single writer makes log order and commit order the same thing: positions are drawn by whoever has the turn to commit, one
request after the other, inside the transaction that makes them visible. Sharing the commit is what makes small requests
cheap, since a commit waits for the disk and nothing else does; each request is still kept whole or undone whole.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import apsw
import msgspec

from tidings.model.errors import StoreUnavailable
from tidings.store.sqlite.database import plainly
from tidings.store.sqlite.reader import SQL, Names
from tidings.store.sqlite.transaction import SqliteTransaction

MOST_TOGETHER = 256
"""Requests that share one commit at the most."""


class _Job(msgspec.Struct, eq=False):
    work: Callable[[SqliteTransaction], Any]
    rollback: bool
    future: Future[Any]
    outcome: Any = None
    error: BaseException | None = None

    def finish(self) -> None:
        if self.error is None:
            self.future.set_result(self.outcome)
        else:
            self.future.set_exception(self.error)


class _HalfDone(Exception):
    """A request failed after its first write; what it wrote must be undone, and the rest of its group repeated."""


class Writer:
    """Owns the writing connection. ``announce(head)`` is called after commits that added events."""

    def __init__(self, connection: apsw.Connection, path: str, announce: Callable[[int], None]) -> None:
        self._connection = connection
        self._path = path
        self._announce = announce
        self._names = Names()
        self._head = self._clock = 0
        self._next_id = 1
        self._look()
        self.head: int = self._head
        """The last position on disk, for everyone; ``_head`` runs ahead of it while a group is being written."""
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._open = True
        self._gate = threading.Lock()
        self._turn = threading.Lock()
        """Held by whoever uses the connection: the writer's thread, or a caller that found nobody waiting."""
        self._thread = threading.Thread(target=self._run, name="tidings-writer", daemon=True)
        self._thread.start()

    def enqueue(self, work: Callable[[SqliteTransaction], Any], rollback: bool) -> Future[Any]:
        job = _Job(work, rollback, Future())
        with self._gate:
            self._refuse_when_closed()
            self._queue.put(job)
        return job.future

    def run(self, work: Callable[[SqliteTransaction], Any], rollback: bool) -> Any:
        """``enqueue`` and wait; where nobody else is waiting the caller's own thread does it, which saves two switches."""
        if not self._turn.acquire(blocking=False):
            return self.enqueue(work, rollback).result()
        try:
            self._refuse_when_closed()
            if self._queue.empty():
                job = _Job(work, rollback, Future())
                self._commit([job])
                return job.future.result()
        finally:
            self._turn.release()
        return self.enqueue(work, rollback).result()

    def _refuse_when_closed(self) -> None:
        if not self._open:
            raise StoreUnavailable(
                "the catalog is stopping, or its database failed; nothing was written, try again later"
            )

    def close(self) -> None:
        """Finish what is queued, then stop."""
        with self._gate:
            self._open = False
            self._queue.put(None)
        self._thread.join()
        with self._turn:
            pass  # whoever was writing on a thread of its own has finished

    def _run(self) -> None:
        ending = False
        while not ending:
            batch, ending = self._next_batch()
            if batch:
                with self._turn:
                    self._commit(batch)

    def _next_batch(self) -> tuple[list[_Job], bool]:
        job = self._queue.get()
        batch: list[_Job] = []
        while job is not None:
            batch.append(job)
            if len(batch) == MOST_TOGETHER:
                return batch, False
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _commit(self, batch: list[_Job]) -> None:
        # From here on nobody can cancel: whoever gave up before (a client that hung up) is not begun at all.
        batch = [job for job in batch if job.future.set_running_or_notify_cancel()]
        if kept := [job for job in batch if not job.rollback]:
            self._write(kept)
        for job in batch:
            if job.rollback:
                self._rehearse(job)

    def _write(self, jobs: list[_Job]) -> None:
        """All of them in one transaction; where one fails half done, each in its own, so that it is undone alone."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                self._attempt(job)
            self._connection.execute("COMMIT")
        except _HalfDone:
            self._undo()
            if len(jobs) > 1:
                for job in jobs:
                    self._write([job])
                return
        except BaseException as error:  # noqa: BLE001  whatever it was, every waiting request must hear of it
            self._undo()
            for job in jobs:
                job.future.set_exception(plainly(error, self._path))
            jobs = []
        if self._head != self.head:
            self.head = self._head
            self._announce(self.head)
        for job in jobs:
            job.finish()

    def _attempt(self, job: _Job) -> None:
        """One request within the shared transaction. Raises _HalfDone where it failed and had written already.

        Nearly every request that fails does so before it writes; that is why there is no savepoint for each, which
        would copy every page that a request touches.
        """
        self._clock = max(self._clock, time.time_ns() // 1_000_000)
        transaction = SqliteTransaction(self._connection, self._names, self._clock, self._head, self._next_id)
        job.outcome = job.error = None
        try:
            job.outcome = job.work(transaction)
        except Exception as error:
            job.error = plainly(error, self._path)
            if transaction.wrote or not self._connection.in_transaction:
                raise _HalfDone from error
        else:
            self._head, self._next_id = transaction.head, transaction.next_id

    def _rehearse(self, job: _Job) -> None:
        """A dry run: a transaction of its own, undone whatever comes of it."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            with contextlib.suppress(_HalfDone):
                self._attempt(job)
        except BaseException as error:  # noqa: BLE001  as above: who waits must hear of it
            job.error = plainly(error, self._path)
        self._undo()
        job.finish()

    def _undo(self) -> None:
        """Undo what is not committed, and go by what the file says from there: an interrupt can come just after a commit.

        A database that cannot even undo is given up: what waits and what comes later hears so, instead of hanging.
        """
        self._names.forget()  # numbers that were drawn are gone as well
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._look()
        except apsw.Error:
            self._open = False

    def _look(self) -> None:
        row = self._connection.execute(SQL.log_head).fetchone()
        self._head, clock = row or (0, 0)
        self._clock = max(self._clock, clock)
        [(highest,)] = self._connection.execute(SQL.highest_id)
        self._next_id = highest + 1
