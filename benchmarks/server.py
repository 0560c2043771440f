"""The program itself as a subprocess: started on a free port, asked how it is, stopped or killed."""

from __future__ import annotations

import collections
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from benchmarks.processes import children, command_line, resident_megabytes

TOKEN = "tidings_benchmark_token_of_this_run"
COMMAND = [sys.executable, "-m", "tidings", "serve", "--port", "0"]
LONGEST_START = 60.0
_LISTENING = re.compile(r"listening on http://([\d.]+):(\d+)")

Address = tuple[str, int]


class Server:
    """A running server over the catalog at the address ``url``, with more options of ``tidings serve``.

    ``start_seconds``: from the start of the process to «listening». ``temporary`` is the folder for what it would leave behind
    in the system's own when it is killed.
    """

    def __init__(self, url: str, *options: str, temporary: Path | None = None) -> None:
        environment = os.environ | {
            "TIDINGS_ADMIN_TOKEN": TOKEN,
            "TIDINGS_DATABASE": url,
            "TIDINGS_LOG_LEVEL": "error",
            "PYTHONPATH": os.pathsep.join(one for one in sys.path if one),
        }
        if temporary is not None:
            environment["TMPDIR"] = str(temporary)
        started = time.perf_counter()
        self.process = subprocess.Popen(
            [*COMMAND, *options], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._said: collections.deque[str] = collections.deque(maxlen=20)
        self._heard = threading.Event()
        self.address: Address = ("", 0)
        self.start_seconds = 0.0
        self._listener = threading.Thread(target=self._listen, args=(started,), daemon=True)
        self._listener.start()
        if not self._heard.wait(LONGEST_START) or not self.address[1]:
            self.kill()
            raise RuntimeError(f"the server did not start: {''.join(self._said)}")

    def _listen(self, started: float) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._said.append(line)
            if (match := _LISTENING.search(line)) and not self.address[1]:
                self.start_seconds = time.perf_counter() - started
                self.address = (match[1], int(match[2]))
                self._heard.set()
        self._heard.set()

    @property
    def said(self) -> str:
        """The last lines on its standard error."""
        return "".join(self._said)

    def workers(self) -> list[int]:
        """Its processes that serve, where it was told to have several."""
        started = children(self.process.pid)
        return [one.pid for one in started if "spawn_main" in command_line(one)]

    def resident_megabytes(self) -> float:
        """Resident memory of the process."""
        return resident_megabytes(self.process.pid)

    def kill(self) -> None:
        """End all of it as a power failure would."""
        workers = self.workers()
        self.process.send_signal(signal.SIGKILL)
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        self._wait()

    def kill_watcher(self) -> None:
        """End only the process that watches the others, where it was told to have several."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> None:
        """End it as an operator would."""
        self.process.terminate()
        self._wait()

    def _wait(self) -> None:
        self.process.wait(30)
        self._listener.join(5)
        if not self._listener.is_alive() and self.process.stderr is not None:
            self.process.stderr.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop()
