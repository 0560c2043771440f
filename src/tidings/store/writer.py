"""The one writer of a process: takes requests in order of arrival and commits all that wait together.

A single writer makes log order and commit order the same thing: positions are drawn by whoever has the turn to commit, one
request after the other, inside the transaction that makes them visible. Sharing the commit is what makes small requests
cheap, since a commit waits for the disk and nothing else does; each request is still kept whole or undone whole.

Nothing here knows which database it is: a body of the store gives the writer a session. Where several processes write to
one database, the session's ``begin`` waits for the turn among them.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context, copy_context
from typing import Any, Protocol

import msgspec

from tidings.model.errors import StoreUnavailable
from tidings.store.base import Transaction
from tidings.store.hints import Hints

MOST_TOGETHER = 256
"""Requests that share one commit at the most."""
MOST_ALONE = 8
"""Requests that are run by themselves, where such as they never joined, before it is tried again."""
TRIES = 4
"""How often a group is begun that the database broke off through no fault of its own."""
FIRST_PAUSE = 0.05
"""Seconds before the second try; each further pause is twice as long."""


class Attempt(Transaction, Protocol):
    """One request's transaction within the session's."""

    wrote: bool
    """Whether undoing this request takes more than forgetting it."""


class Spoiled(Exception):
    """Raised by a session's ``commit``: one of its requests wrote what the database will not take, and nobody knows which.
    The cause is the database's error."""


class Session(Protocol):
    """A body's one connection that writes. Only one thread uses it at a time.

    ``head`` is the last position, with what the open transaction appended: committed once ``commit`` has returned, and
    after ``undo`` the last one that is known to be on disk. ``changed_settings`` tells whether the transaction that was
    committed last changed settings.
    """

    head: int
    changed_settings: bool

    def begin(self) -> None:
        """Open the database's transaction, and know where the log and the ids stand."""
        ...

    def attempt(self) -> Attempt:
        """A request's part of it."""
        ...

    def accept(self, attempt: Any) -> None:
        """What the request drew counts: the next one goes on behind it."""
        ...

    def is_whole(self) -> bool:
        """Whether the open transaction can go on after a request failed in it before it wrote."""
        ...

    def commit(self) -> None:
        """On disk when this returns; nothing is where it raises Spoiled, or an error that ``may_try_again`` passes."""
        ...

    def undo(self) -> bool:
        """Undo what is not committed, and forget what was drawn. False: the database cannot even do that."""
        ...

    def may_try_again(self, error: BaseException) -> bool:
        """Whether the database broke off for a passing reason, and certainly committed nothing."""
        ...

    def plainly(self, error: BaseException) -> BaseException:
        """An error of the driver as a StoreError that says what to do; any other error as it is."""
        ...


class _Answer:
    """What a future is to the writer, for a caller that runs its request itself: nobody else waits for it or can cancel it."""

    def __init__(self) -> None:
        self._outcome: Any = None
        self._error: BaseException | None = None

    def set_running_or_notify_cancel(self) -> bool:
        return True

    def set_result(self, outcome: Any) -> None:
        self._outcome = outcome

    def set_exception(self, error: BaseException) -> None:
        self._error = error

    def result(self) -> Any:
        if self._error is None:
            return self._outcome
        try:
            raise self._error
        finally:
            self._error = None  # else the error's traceback, which holds this, would be kept until the collector comes


class _Job(msgspec.Struct, eq=False):
    work: Callable[[Any], Any]
    rollback: bool
    future: Future[Any] | _Answer
    outcome: Any = None
    error: BaseException | None = None
    context: Context = msgspec.field(default_factory=copy_context)
    """Whose work it is: log lines know."""

    def finish(self) -> None:
        if self.error is None:
            self.future.set_result(self.outcome)
        else:
            self.future.set_exception(self.error)


class _Reach:
    """How many of those that wait are tried as one.

    Whoever does not join after all was read in vain, so as many as joined last are the measure for the next try; and where
    time and again nobody joins, tries become rare.
    """

    def __init__(self) -> None:
        self._most = MOST_TOGETHER
        self._in_vain = 0
        self._alone = 0
        """Requests still to come that are run by themselves without a try."""

    def of(self, waiting: int) -> int:
        """How many of the next to try; below two, the next is to be run by itself."""
        if self._alone:
            self._alone -= 1
            return 0
        return min(waiting, self._most)

    def tried(self, number: int, joined: int) -> None:
        """What came of it."""
        if joined < number:
            self._most = max(2 * joined, number // 4, 2)
        else:
            self._most = min(2 * self._most, MOST_TOGETHER)
        self._alone = 0 if joined else min(self._in_vain, MOST_ALONE)
        self._in_vain = 0 if joined else self._in_vain + 1


class _HalfDone(Exception):
    """A request failed after its first write; what it wrote must be undone, and the rest of its group repeated."""


class Writer:
    """Owns the session, and tells ``hints`` of commits that added events or changed settings."""

    def __init__(self, session: Session, hints: Hints) -> None:
        self._session = session
        self._hints = hints
        hints.saw_head(session.head)
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._queued = self._taken = 0
        """Requests that were ever put into the queue, and those of them that had their turn."""
        self._open = True
        self._gate = threading.Lock()
        self._turn = threading.Lock()
        """Held by whoever uses the session: the writer's thread, or a caller that found nobody waiting."""
        self._reach = _Reach()
        self._thread = threading.Thread(target=self._run, name="tidings-writer", daemon=True)
        self._thread.start()

    def enqueue(self, work: Callable[[Any], Any], rollback: bool) -> Future[Any]:
        future: Future[Any] = Future()
        with self._gate:
            self._refuse_when_closed()
            self._queued += 1
            self._queue.put(_Job(work, rollback, future))
        return future

    def run(self, work: Callable[[Any], Any], rollback: bool) -> Any:
        """``enqueue`` and wait; where nobody else is waiting the caller's own thread does it, which saves two switches."""
        if not self._turn.acquire(blocking=False):
            return self.enqueue(work, rollback).result()
        try:
            self._refuse_when_closed()
            if self._queued == self._taken:
                answer = _Answer()
                self._commit([_Job(work, rollback, answer)])
                return answer.result()
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
                    self._taken += len(batch)
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
        stood = self._session.head
        try:
            self._together(jobs)
        except _HalfDone:
            self._undo()
            if len(jobs) > 1:
                for job in jobs:
                    self._write([job])
                return
        except BaseException as error:  # noqa: BLE001  whatever it was, every waiting request must hear of it
            self._undo()
            for job in jobs:
                job.future.set_exception(self._session.plainly(error))
            jobs = []
        if jobs or self._session.head != stood:
            # Not after every failure: what a session knows that could not begin may be older than what others have heard.
            self._hints.saw_head(self._session.head)
        if jobs and self._session.changed_settings:
            self._hints.settings_changed()
        for job in jobs:
            job.finish()

    def _together(self, jobs: list[_Job], tries: int = TRIES) -> None:
        """Begin, run and commit them; again where the database broke off for a passing reason."""
        try:
            known = self._hints.head
            self._session.begin()
            self._hints.found_head(self._session.head, known)  # whoever has the turn sees every commit
            self._attempt_all(jobs)
            self._session.commit()
        except Spoiled as error:
            raise (_HalfDone if len(jobs) > 1 else error.__cause__ or error) from error
        except Exception as error:
            if tries == 1 or not self._session.may_try_again(error):
                raise
            self._undo_and_pause(tries)
            self._together(jobs, tries - 1)

    def _attempt_all(self, jobs: list[_Job]) -> None:
        """One after the other, but those that can be done as one are."""
        done = 0
        while done < len(jobs):
            joined = self._attempt_joined(jobs[done:]) if len(jobs) - done > 1 else 0
            if not joined:
                self._attempt(jobs[done])
            done += joined or 1

    def _attempt_joined(self, jobs: list[_Job]) -> int:
        """How many of the first were done together: each with its own outcome, and as if they had come one by one."""
        together = getattr(jobs[0].work, "together", None)
        most = self._reach.of(len(jobs)) if together is not None else 0
        if together is None or most < 2:
            return 0
        attempt = self._session.attempt()
        try:
            outcomes = together([job.work for job in jobs[1:most]], attempt)
        except Exception as error:
            if self._session.may_try_again(error):
                raise
            if attempt.wrote or not self._session.is_whole():
                raise _HalfDone from error
            outcomes = []  # whatever it was, each hears of it by itself
        self._reach.tried(most, len(outcomes))
        if outcomes:
            self._session.accept(attempt)
        for job, outcome in zip(jobs, outcomes, strict=False):
            job.outcome, job.error = outcome, None
        return len(outcomes)

    def _attempt(self, job: _Job) -> None:
        """One request within the shared transaction. Raises _HalfDone where it failed and had written already.

        Nearly every request that fails does so before it writes; that is why there is no savepoint for each, which
        would cost more than all that is undone.
        """
        attempt = self._session.attempt()
        job.outcome = job.error = None
        try:
            job.outcome = job.context.run(job.work, attempt)
        except Exception as error:
            if self._session.may_try_again(error):
                raise
            job.error = self._session.plainly(error)
            if attempt.wrote or not self._session.is_whole():
                raise _HalfDone from error
        else:
            self._session.accept(attempt)

    def _rehearse(self, job: _Job, tries: int = TRIES) -> None:
        """A dry run: a transaction of its own, undone whatever comes of it."""
        try:
            self._session.begin()
            with contextlib.suppress(_HalfDone):
                self._attempt(job)
        except BaseException as error:  # noqa: BLE001  as above: who waits must hear of it
            if tries > 1 and self._session.may_try_again(error):
                self._undo_and_pause(tries)
                return self._rehearse(job, tries - 1)
            job.error = self._session.plainly(error)
        self._undo()
        job.finish()
        return None

    def _undo_and_pause(self, tries: int) -> None:
        self._undo()
        time.sleep(FIRST_PAUSE * 2 ** (TRIES - tries))

    def _undo(self) -> None:
        """A database that cannot even undo is given up: what waits and what comes later hears so, instead of hanging."""
        if not self._session.undo():
            self._open = False
