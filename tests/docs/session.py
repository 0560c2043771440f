"""Runs the marked examples of a page as a reader would, on a terminal of their own, and compares what they say."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import Block, blocks

PATIENCE = 30.0
SHOWN_ADDRESS = "127.0.0.1:8585"
_FREE = {
    r"…": r".*",
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}": r"[0-9a-f-]{36}",
    r"\d{10,13}": r"\d{10,13}",
    r"(?:\d{4}-\d\d-\d\d )?\d?\d:\d\d:\d\d": r"(?:\d{4}-\d\d-\d\d )?\d?\d:\d\d:\d\d",
    r"tidings_[\w-]{8,}": r"tidings_\S+",
    r"127\.0\.0\.1:8585": r"127\.0\.0\.1:\d+",
    r"[━─]+": r"[━─]+",
    r"\d+\.\d+s": r"\d+\.\d+s",
    r"\d+\.\d+ MiB": r"\d+\.\d+ MiB",
    r"\s+": r"\s+",
}
"""What differs from run to run, or from screen to screen, and what may stand in its place."""
_FREE_PARTS = re.compile("|".join(_FREE))


class Terminal:
    """A program on a terminal of its own, and what it has said so far."""

    def __init__(self, command: list[str], folder: Path, env: dict[str, str]) -> None:
        ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self._said = ""
        self._more = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, args=(ours,), daemon=True)
        self._reader.start()

    def _read(self, ours: int) -> None:
        while chunk := self._chunk(ours):
            with self._more:
                self._said += chunk.decode("utf-8", "replace").replace("\r\n", "\n")
                self._more.notify_all()
        os.close(ours)
        with self._more:
            self._ended = True
            self._more.notify_all()

    def _chunk(self, ours: int) -> bytes:
        with contextlib.suppress(OSError):  # Linux' way to say that the other side is closed
            return os.read(ours, 65_536)
        return b""

    def wait_for(self, pattern: str) -> str:
        """What was said, once it has the pattern in it."""
        with self._more:
            self._more.wait_for(lambda: self._ended or re.search(pattern, self._said), PATIENCE)
            assert re.search(pattern, self._said), f"waited for {pattern!r}, but there is:\n{self._said}"
            return self._said

    def finish(self) -> str:
        """Everything that was said, once the program has ended well."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert code == 0, f"ended with {code}:\n{self._said}"
        return self._said

    def stop(self) -> None:
        """End it with all that it started; a shell does not hand a signal on."""
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)


class Session:
    """One reader working through a page in ``folder``. ``address`` and ``token`` are set once a server runs."""

    def __init__(self, folder: Path, address: str = "", token: str = "") -> None:
        self._folder = folder
        self.address = address
        self.token = token
        self._background: list[Terminal] = []
        self._said = ""

    def run(self, block: Block) -> None:
        """Do what the block's mark says; raises AssertionError where the page is not true."""
        if block.kind == "file":
            (self._folder / block.name).write_text(self._filled(block.text), "utf-8")
        elif block.kind == "run":
            self._said = self._start(block).finish()
        elif block.kind == "background":
            self._background.append(self._start(block))
            if "tidings serve" in block.text:
                self._meet_server()
        elif block.kind == "output":
            compare(block.text, self._said)
        else:
            last = [line for line in block.text.splitlines() if line.strip(" …")][-1]
            compare(block.text, self._background[-1].wait_for(pattern(last.strip())))

    def _start(self, block: Block) -> Terminal:
        text = self._filled(block.text)
        command = [sys.executable, "-c", text] if block.language == "python" else ["sh", "-ec", text]
        return Terminal(command, self._folder, self._env())

    def _filled(self, text: str) -> str:
        if self.address:
            text = text.replace(SHOWN_ADDRESS, self.address)
        return text.replace("TOKEN=…", f"TOKEN={self.token}").replace('"…"', f'"{self.token}"')

    def _env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TIDINGS_", "ATLAN_"))}
        kept |= {"PATH": f"{Path(sys.executable).parent}:{kept['PATH']}", "TIDINGS_PORT": "0", "NO_PROXY": "127.0.0.1"}
        if self.address:
            kept |= {"TIDINGS_URL": f"http://{self.address}", "TIDINGS_TOKEN": self.token}
        return kept | {"TERM": "dumb", "COLUMNS": "160", "LINES": "50"}

    def _meet_server(self) -> None:
        said = self._background[-1].wait_for(r"listening on \S+\n")
        self.address = re.findall(r"listening on http://(\S+)\n", said)[0]
        if made := re.findall(r"keep it\): (\S+)", said):
            self.token = made[0]

    def close(self) -> None:
        for one in reversed(self._background):
            one.stop()


@contextlib.contextmanager
def session(folder: Path, address: str = "", token: str = "") -> Iterator[Session]:
    """A session whose programs are stopped at the end."""
    one = Session(folder, address, token)
    try:
        yield one
    finally:
        one.close()


def run_page(text: str, reader: Session) -> None:
    """Every marked block of a page, in order."""
    for block in blocks(text):
        reader.run(block)


def pattern(line: str) -> str:
    """What a documented line allows to be said."""
    parts: list[str] = []
    end = 0
    for found in _FREE_PARTS.finditer(line):
        allowed = next(allowed for known, allowed in _FREE.items() if re.fullmatch(known, found[0]))
        parts += [re.escape(line[end : found.start()]), allowed]
        end = found.end()
    return "".join(parts) + re.escape(line[end:])


def compare(documented: str, said: str) -> None:
    """Each documented line was said, in this order; a page may leave lines out. Raises AssertionError."""
    rest = iter(said.splitlines())
    for line in documented.splitlines():
        if line.strip(" …"):
            wanted = pattern(line.strip())
            assert any(re.fullmatch(wanted, one.strip()) for one in rest), f"not said: {line!r}\nthere is:\n{said}"
