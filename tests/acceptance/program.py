"""The program as its users start it: a process of its own, found by the line it says on standard error."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

TOKEN = "token-of-a-user"
_LISTENING = re.compile(r"listening on (http://[^\s\"]+)")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
"""Variables that would send a client's requests elsewhere."""


class Program:
    """A running server. ``said`` are the lines of its standard error, whole once it has ended."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        self.said: list[str] = []

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop and wait; its exit code."""
        self.process.send_signal(how)
        return self.process.wait(60)


@contextlib.contextmanager
def running(database: Path | str, *options: str) -> Iterator[Program]:
    """A server over this file or URL, with more options of ``tidings serve``, killed at the end unless it has stopped by then."""
    url = database if isinstance(database, str) else f"sqlite:///{database}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "tidings", "serve", "--port", "0", "--database", url, *options],
        stderr=subprocess.PIPE,
        text=True,
        env=environment | {"TIDINGS_ADMIN_TOKEN": TOKEN},
    )
    assert process.stderr is not None
    with process, process.stderr as said:
        try:
            program = Program(process, _address(said))
            reader = threading.Thread(target=program.said.extend, args=[said])
            reader.start()
            yield program
            if process.poll() is None:
                process.terminate()
        except BaseException:
            process.kill()
            raise
        process.wait(60)
        reader.join()


def _address(said: IO[str]) -> str:
    lines = []
    for line in said:
        lines.append(line)
        if found := _LISTENING.search(line):
            return found[1]
    raise AssertionError(f"the server did not start: {''.join(lines)}")
