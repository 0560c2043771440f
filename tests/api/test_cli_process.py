"""Commands that run for long, as processes: how they start, go on and end."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.alone import client, saved
from tests.api.door import asset
from tests.api.terminal import invoke
from tests.docs.session import Terminal
from tidings.api import connections
from tidings.cli.program import INTERRUPTED
from tidings.client import Client
from tidings.testing import TOKEN
from tidings.write import connection

__all__ = ["client"]  # a fixture


def environment(client: Client | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TIDINGS_")}
    kept |= {"PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm", "COLUMNS": "120"}
    kept.pop("NO_COLOR", None)
    return kept if client is None else {**kept, "TIDINGS_URL": client.base_url, "TIDINGS_TOKEN": TOKEN}


@contextlib.contextmanager
def process(*arguments: str, client: Client | None = None, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """``tidings …`` with its streams as pipes; killed if the test leaves it running."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **more}
    command = [sys.executable, "-m", "tidings", *arguments]
    with subprocess.Popen(command, env=environment(client), **streams) as running:
        try:
            yield running
        finally:
            running.kill()


def next_name(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return str(json.loads(running.stdout.readline())["message"]["entity"]["displayText"])


def ended(running: subprocess.Popen[str]) -> tuple[int, str]:
    assert running.stderr is not None
    told = running.stderr.read()
    return running.wait(), told


# --- tail --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, 0), (signal.SIGHUP, 0)])
def test_tail_follows_until_it_is_told_to_stop(client: Client, number: signal.Signals, code: int) -> None:
    saved(client, "before")
    with process("tail", "--after", "0", client=client) as running:
        assert next_name(running) == "before"
        saved(client, "live")
        assert next_name(running) == "live"
        running.send_signal(number)
        assert ended(running) == (code, "")


def test_tail_ends_when_nobody_reads_any_more(client: Client) -> None:
    saved(client, "first")
    with process("tail", "--after", "0", client=client) as running:
        assert next_name(running) == "first"
        assert running.stdout is not None
        running.stdout.close()
        saved(client, "second")
        assert ended(running) == (0, "")


def test_tail_goes_on_where_its_state_says(client: Client, tmp_path: Path) -> None:
    state = tmp_path / "state"
    for name in ("a", "b"):
        saved(client, name)
    arguments = ("tail", "--after", "1", "--state", str(state))
    with process(*arguments, client=client) as running:
        assert next_name(running) == "b"
        saved(client, "c")
        assert next_name(running) == "c"
        running.send_signal(signal.SIGTERM)
        assert ended(running) == (0, "")
    assert json.loads(state.read_bytes())["position"] == 3
    saved(client, "d")
    with process(*arguments, client=client) as running:
        assert next_name(running) == "d"


def tail(client: Client, *arguments: str, code: int = 0) -> str:
    """What it says on standard error."""
    return invoke("tail", *arguments, url=client.base_url, code=code).stderr


def test_tail_stores_where_it_begins(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []

    def nothing(self: Client, after: int, *_: object, **__: object) -> Iterator[tuple[int, dict[str, Any]]]:
        begun.append(after)
        return iter(())

    monkeypatch.setattr(Client, "stream", nothing)
    saved(client, "a")
    state = tmp_path / "state"
    tail(client, "--state", str(state))
    assert json.loads(state.read_bytes())["position"] == 1
    saved(client, "b")
    tail(client, "--state", str(state))
    tail(client, "--since", "1h")
    assert begun == [1, 1, 0]


def test_tail_refuses_a_state_that_is_none_or_anothers(client: Client, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_text("")
    assert "holds no position" in tail(client, "--state", str(state), code=1)
    state.write_text('{"catalogId": "another", "position": 5}')
    assert "of another catalog" in tail(client, "--state", str(state), code=1)
    assert "No such file" in tail(client, "--state", str(tmp_path / "no" / "folder"), code=1)


# --- on a terminal -----------------------------------------------------------------------------------------------------


def test_tail_on_a_terminal_shows_coloured_lines(client: Client) -> None:
    saved(client, "orders")
    ours, theirs = pty.openpty()
    with process("tail", "--after", "0", client=client, stdout=theirs) as running:
        os.close(theirs)
        with open(ours, encoding="utf-8", closefd=True) as screen:  # noqa: PTH123  a file descriptor
            line = screen.readline()
            running.send_signal(signal.SIGINT)
            code, told = ended(running)
    assert "\x1b[1;32mCREATE" in line
    assert "orders" in line
    assert (code, "stop with Ctrl-C" in told) == (INTERRUPTED, True)


def test_a_purge_on_a_terminal_is_asked_about(client: Client) -> None:
    saved(client, "orders")
    ours, theirs = pty.openpty()
    arguments = ("delete", "--name", "Table", "default/x/1/d/s/orders", "--type", "purge")
    with process(*arguments, client=client, stdin=theirs) as running:
        os.write(ours, b"n\n")
        code, told = ended(running)
    os.close(theirs)
    os.close(ours)
    assert (code, "nothing was purged" in told) == (0, True)
    assert client.head() == 1


def test_a_purge_without_a_terminal_needs_yes(client: Client) -> None:
    saved(client, "orders")
    arguments = ("delete", "--name", "Table", "default/x/1/d/s/orders", "--type", "purge")
    for stdin in ({"stdin": subprocess.DEVNULL}, {"preexec_fn": lambda: os.close(0)}):
        with process(*arguments, client=client, **stdin) as running:
            code, told = ended(running)
        assert (code, "add --yes" in told) == (2, True)
    assert client.head() == 1


# --- purge-connection, stopped -----------------------------------------------------------------------------------------

HOME = "default/x/1"


class Held:
    """The server's deletion of a connection, which stands still once so many are deleted, until it may go on."""

    def __init__(self, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self._after = after
        self.reached = threading.Event()
        self.go_on = threading.Event()
        monkeypatch.setattr(connection, "CHUNK", 1)
        monkeypatch.setattr(connections, "delete_connection", self._delete)

    def _delete(self, *arguments: Any) -> Any:
        *most, progress = arguments
        really: Callable[..., Any] = connection.delete_connection
        if self._after == 0:
            self._stand()

        def tell(done: int, total: int) -> None:
            progress(done, total)
            if done == self._after > 0:
                self._stand()

        return really(*most, tell)

    def _stand(self) -> None:
        self.reached.set()
        self.go_on.wait()


@pytest.fixture
def held(client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Held]]:
    made: list[Held] = []

    def hold(after: int) -> Held:
        made.append(Held(after, monkeypatch))
        return made[-1]

    client.save([asset("Connection", HOME), asset("Schema", f"{HOME}/s"), asset("Table", f"{HOME}/s/t")])
    yield hold
    for one in made:
        one.go_on.set()


def test_a_purge_stopped_on_a_terminal_says_how_far_it_came(
    client: Client, held: Callable[[int], Held], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    held(1)
    command = [sys.executable, "-m", "tidings", "purge-connection", HOME, "--yes"]
    terminal = Terminal(command, tmp_path, environment(client))
    terminal.wait_for("1/3")
    terminal.process.send_signal(signal.SIGINT)
    said = terminal.wait_for("again to go on")
    assert "stopped: 1 of 3 assets purged so far; run the same command again to go on" in said
    assert terminal.process.wait() == INTERRUPTED
    monkeypatch.undo()
    again = client.delete_connection(HOME, delete_type="PURGE")
    assert (again["total"], again["resumed"]) == (3, True)


def test_a_purge_stopped_before_anything_was_heard_says_so(client: Client, held: Callable[[int], Held]) -> None:
    hold = held(0)
    with process("purge-connection", HOME, "--yes", client=client) as running:
        assert hold.reached.wait(30)
        running.send_signal(signal.SIGINT)
        expected = "stopped before the server said how far it is; run the same command again to go on\n"
        assert ended(running) == (INTERRUPTED, expected)


def test_a_purge_without_a_terminal_that_is_stopped_says_how_far_it_came(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, progress: Callable[[int, int], None], **__: object) -> None:
        progress(32_500, 101_002)
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "delete_connection", stopped)
    result = invoke("purge-connection", HOME, "--archive", url=client.base_url, code=INTERRUPTED)
    assert "stopped: 32,500 of 101,002 assets archived so far" in result.stderr
