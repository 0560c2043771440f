"""A server of one's own for a while: ``tidings serve`` as a subprocess that never outlives its user."""

from __future__ import annotations

import contextlib
import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tidings.model.errors import ClientError
from tidings.model.ids import new_token

SECONDS_TO_STOP = 15
MOST_LINES = 20
_LISTENING = re.compile(r"listening on (http://\S+)")


class Server:
    """A running server: where it is and how to come in."""

    def __init__(self, process: subprocess.Popen[str], url: str, token: str) -> None:
        self._process = process
        self.url = url
        self.token = token

    def wait(self) -> None:
        """Until it ends."""
        self._process.wait()


@contextlib.contextmanager
def started(folder: Path, port: int) -> Iterator[Server]:
    """A server over a new catalog in ``folder``; raises ClientError where it does not start."""
    token = new_token()
    with _start(folder, port, token) as process:
        listener = _Listener(process)
        try:
            listener.start()
            yield Server(process, listener.address(), token)
        finally:
            _stop(process)
            if listener.is_alive():
                listener.join()


def _start(folder: Path, port: int, token: str) -> subprocess.Popen[str]:
    """In a session of its own, so that Ctrl-C reaches only us, and we stop it in good order."""
    settings = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    database = ["--database", f"sqlite:///{folder / 'catalog.db'}"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")}
    return subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-m", "tidings", "serve", *settings, *database],
        env={**env, "TIDINGS_ADMIN_TOKEN": token},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


class _Listener(threading.Thread):
    """Reads what the server says for as long as it lives: a full pipe would stop it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        assert process.stderr is not None  # noqa: S101  asked for above
        self._said = process.stderr
        self._found: queue.SimpleQueue[re.Match[str] | str] = queue.SimpleQueue()

    def run(self) -> None:
        first: list[str] = []
        for line in self._said:
            if found := _LISTENING.search(line):
                self._found.put(found)
            elif len(first) < MOST_LINES:
                first.append(line.strip())
        self._found.put(" ".join(first) or "it said nothing")

    def address(self) -> str:
        """Where the server says that it listens."""
        found = self._found.get()
        if isinstance(found, str):
            raise ClientError(f"the server did not start: {found}")
        return found[1]


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
