"""Several server processes over one catalog and one address, and the process that watches them.

The watcher binds the address and takes no part in the work. Its workers inherit the socket, so that the system hands each
connection to one that is free to take it. A worker that ends unasked is replaced; one whose watcher ends, ends too.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import msgspec
from prometheus_client.multiprocess import mark_process_dead

from tidings import wiring
from tidings.config import Config
from tidings.model.errors import StoreUnavailable, TidingsError
from tidings.telemetry import SHARED_METRICS, announce, log, set_up_logs

READY = ""
"""What a worker says once it serves; anything else is the sentence with which it failed."""
SOUND_SECONDS = 10.0
"""A worker that served so long is replaced at once, and others after a pause that doubles."""
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
GRACE_SECONDS = 5.0
"""How much longer than a worker's own time for stopping the watcher waits before it kills."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(config: Config) -> None:
    """Run ``config.workers`` servers until told to stop (SIGINT, SIGTERM); then let them finish what they accepted.

    Raises StoreError and ConfigError as one server does, before any worker is started.
    """
    set_up_logs(config.log_level, config.log_format)
    with wiring.listen(config) as listening, _metrics_folder():
        wiring.prepare(config)
        _Watcher(config, listening).run()
    log.info("stopped; everything that was acknowledged is on disk")


@contextlib.contextmanager
def _metrics_folder() -> Iterator[None]:
    """Where the workers count together: each answers for all when it is asked for metrics."""
    folder = tempfile.mkdtemp(prefix="tidings-metrics-")
    os.environ[SHARED_METRICS] = folder
    try:
        yield
    finally:
        del os.environ[SHARED_METRICS]
        shutil.rmtree(folder, ignore_errors=True)


class _Worker(msgspec.Struct, eq=False):
    process: SpawnProcess
    channel: Connection
    """What it says of its start."""
    started: float


class _Watcher:
    def __init__(self, config: Config, listening: socket.socket) -> None:
        self._config = config
        self._listening = listening
        self._context = get_context("spawn")
        self._workers: list[_Worker] = []
        self._due: list[float] = []
        """When workers that ended are to be replaced, by the monotonic clock."""
        self._pause = FIRST_PAUSE
        self._told, self._tell = os.pipe()
        self._signals = 0

    def run(self) -> None:
        with self._listening_to_signals():
            try:
                for _ in range(self._config.workers):
                    self._start()
                self._await_all()
                if not self._signals:
                    address = wiring.address_of(self._config, self._listening)
                    announce(f"listening on {address}", address=address)
                while not self._signals:
                    self._watch()
            finally:
                self._end()

    @contextlib.contextmanager
    def _listening_to_signals(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._told)
            os.close(self._tell)

    def _note(self, _number: int, _frame: object) -> None:
        self._signals += 1
        os.write(self._tell, b".")

    def _start(self) -> None:
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_work, args=(self._config, self._listening, theirs), name="tidings-worker"
        )
        # Ctrl-C reaches the whole group: a worker that is not ready for it yet hears of it once it is.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        theirs.close()
        self._workers.append(_Worker(process, ours, time.monotonic()))

    def _await_all(self) -> None:
        """Until every worker serves, or somebody wants an end; raises where one cannot begin."""
        waiting = {worker.channel: worker for worker in self._workers}
        while waiting and not self._signals:
            for one in wait([self._told, *waiting]):
                if isinstance(one, Connection):
                    self._take_word(waiting.pop(one))

    def _take_word(self, worker: _Worker) -> None:
        try:
            said = str(worker.channel.recv())
        except EOFError:
            said = "a server process ended while it was starting; the lines before this one may say why"
        if said != READY:
            raise StoreUnavailable(said)

    def _watch(self) -> None:
        """Wait for something to happen, and see to it."""
        pause = max(0.0, min(self._due) - time.monotonic()) if self._due else None
        wait([self._told, *(worker.process.sentinel for worker in self._workers)], pause)
        for worker in [one for one in self._workers if not one.process.is_alive()]:
            self._bury(worker)
        due = [at for at in self._due if at <= time.monotonic()]
        self._due = [at for at in self._due if at not in due]
        for _ in due:
            self._start()

    def _bury(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        reason = _last_word(worker)
        self._forget(worker)
        now = time.monotonic()
        if now - worker.started > SOUND_SECONDS:
            self._pause = FIRST_PAUSE
            self._due.append(now)
        else:
            self._due.append(now + self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        if not self._signals:
            log.error("server process %d ended (%s), starting another", worker.process.pid, reason)

    @staticmethod
    def _forget(worker: _Worker) -> None:
        worker.channel.close()
        if worker.process.pid is not None:
            mark_process_dead(worker.process.pid)  # type: ignore[no-untyped-call]  # the library's own gap

    def _end(self) -> None:
        """Tell all to stop and wait; whoever does not, or all when told a second time, are killed."""
        self._listening.close()  # while anybody holds it open, new connections wait for nobody and are reset
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + self._config.shutdown_seconds + GRACE_SECONDS
        already = self._signals
        while (alive := [one for one in self._workers if one.process.is_alive()]) and self._signals <= max(already, 1):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            wait([one.process.sentinel for one in alive], min(left, 0.2))
        for worker in self._workers:
            worker.process.kill()
            worker.process.join()
            self._forget(worker)


def _last_word(worker: _Worker) -> str:
    """Why it ended: what it said of a start that failed, or its exit code."""
    with contextlib.suppress(EOFError, OSError):
        while worker.channel.poll():
            if said := str(worker.channel.recv()):
                return said
    return f"exit code {worker.process.exitcode}"


def _work(config: Config, listening: socket.socket, channel: Connection) -> None:
    """One worker, a process of its own; says on ``channel`` how its start went."""
    try:
        set_up_logs(config.log_level, config.log_format)
        with wiring.open_server(config, listening) as server, server.capture_signals():
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            _end_with_the_watcher(server)
            channel.send(READY)
            wiring.work(server)
        _clear_up_alone()
    except TidingsError as error:
        channel.send(str(error))
        sys.exit(1)


def _clear_up_alone() -> None:
    """A watcher that was killed has left its folder behind."""
    watcher = parent_process()
    if watcher is not None and not watcher.is_alive():
        shutil.rmtree(os.environ.get(SHARED_METRICS, ""), ignore_errors=True)


def _end_with_the_watcher(server: wiring.Server) -> None:
    watcher = parent_process()
    assert watcher is not None  # noqa: S101  this is a worker

    def watch() -> None:
        watcher.join()
        server.should_exit = True

    threading.Thread(target=watch, name="tidings-watched", daemon=True).start()
