"""A server of one's own for a while: ``tidings serve`` as a subprocess that never outlives its user."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tidings.model.errors import ClientError
from tidings.model.ids import new_token

SECONDS_TO_STOP = 15
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
    process = _start(folder, port, token)
    try:
        yield Server(process, _address(process), token)
    finally:
        _stop(process)


def _start(folder: Path, port: int, token: str) -> subprocess.Popen[str]:
    """In a session of its own, so that Ctrl-C reaches only us, and we stop it in good order."""
    settings = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    database = ["--database", f"sqlite:///{folder / 'catalog.db'}"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")}
    return subprocess.Popen(  # noqa: S603  our own program
        [sys.executable, "-m", "tidings", "serve", *settings, *database],
        env={**env, "TIDINGS_ADMIN_TOKEN": token},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _address(process: subprocess.Popen[str]) -> str:
    """Where the server says that it listens; from then on what it says is read and dropped."""
    told = process.stderr
    assert told is not None  # noqa: S101  asked for above
    said = []
    for line in told:
        if found := _LISTENING.search(line):
            threading.Thread(target=_drain, args=(told,), daemon=True).start()
            return found[1]
        said.append(line.strip())
    raise ClientError(f"the server did not start: {' '.join(said) or 'it said nothing'}")


def _drain(told: IO[str]) -> None:
    """A full pipe would stop the server."""
    for _ in told:
        pass


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
