"""The program itself as a subprocess: started on a free port, asked how it is, stopped or killed."""

from __future__ import annotations

import collections
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

TOKEN = "tidings_benchmark_token_of_this_run"
COMMAND = [sys.executable, "-m", "tidings", "serve", "--port", "0"]
LONGEST_START = 60.0
_LISTENING = re.compile(r"listening on http://([\d.]+):(\d+)")

Address = tuple[str, int]


class Server:
    """A running server over the catalog at ``path``. ``start_seconds``: from the start of the process to «listening»."""

    def __init__(self, path: Path) -> None:
        environment = os.environ | {
            "TIDINGS_ADMIN_TOKEN": TOKEN,
            "TIDINGS_DATABASE": f"sqlite:///{path}",
            "TIDINGS_LOG_LEVEL": "error",
            "PYTHONPATH": os.pathsep.join(one for one in sys.path if one),
        }
        started = time.perf_counter()
        self.process = subprocess.Popen(
            COMMAND, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
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

    def resident_megabytes(self) -> float:
        """Resident memory of the process."""
        found = subprocess.run(
            ["ps", "-o", "rss=", "-p", str(self.process.pid)], check=True, capture_output=True, text=True
        )
        return int(found.stdout) / 1024

    def kill(self) -> None:
        """End it as a power failure would."""
        self.process.send_signal(signal.SIGKILL)
        self._wait()

    def stop(self) -> None:
        """End it as an operator would."""
        self.process.terminate()
        self._wait()

    def _wait(self) -> None:
        self.process.wait(30)
        self._listener.join(5)
        if self.process.stderr is not None:
            self.process.stderr.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop()
