"""The demonstration: its story, and that nothing of it is left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.test_cli_process import ended, process
from tidings.cli import demo_server
from tidings.cli.demo import Tour, _wait
from tidings.cli.screen import Screen
from tidings.client import Client
from tidings.model.errors import ClientError
from tidings.testing import server

EVENTS = 61


def test_it_tells_its_story(tmp_path: Path) -> None:
    with process("demo", cwd=tmp_path) as running:
        story, complaints = running.communicate()
    assert (running.returncode, complaints) == (0, "")
    for part in ("1. Crawl a database", "13. Purge", "10 events", "CREATE", "restored", "purged", "README.md"):
        assert part in story
    assert story.count("   0 events") == 3
    assert list(tmp_path.iterdir()) == []


def test_it_gives_its_events_alone() -> None:
    with process("demo", "--json") as running:
        story, _ = running.communicate()
    events = [json.loads(line) for line in story.splitlines()]
    positions = [one["tidings"]["position"] for one in events if one["tidings"]["position"]]
    assert positions == list(range(1, EVENTS + 1))
    assert len(events) == EVENTS + 1  # one would have been


def until_kept(running: subprocess.Popen[str]) -> tuple[str, str]:
    """Where the server of ``demo --keep --json`` is, and its token."""
    assert running.stdout is not None
    for line in running.stdout:
        told = json.loads(line)
        if "url" in told:
            return told["url"], told["token"]
    raise AssertionError("the demo ended")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_keeps_its_server_until_it_is_told_to_stop(number: signal.Signals) -> None:
    with process("demo", "--keep", "--json") as running:
        url, token = until_kept(running)
        with Client(url, token) as visitor:
            assert visitor.head() == EVENTS
        running.send_signal(number)
        assert ended(running)[0] == 0
    with Client(url, token) as late, pytest.raises(ClientError, match="nothing answers"):
        late.status()


def test_it_tells_people_how_to_visit() -> None:
    with process("demo", "--keep") as running:
        assert running.stdout is not None
        assert any("export TIDINGS_URL=http://127.0.0.1:" in line for line in running.stdout)
        running.send_signal(signal.SIGINT)
        assert ended(running)[0] == 0


def test_it_does_not_claim_what_did_not_happen(tmp_path: Path) -> None:
    with server() as client:
        tour = Tour(Screen(), client, tmp_path / "shop.db", 0)
        with pytest.raises(ClientError, match="no Table orders"):
            tour._guid("orders")
        with pytest.raises(ClientError, match="did not happen"):
            tour._done({"mutatedEntities": {}}, "DELETE")
        tour.close()


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "catalog.db").mkdir()
    with pytest.raises(ClientError, match="the server did not start: error:"), demo_server.started(tmp_path, 0):
        pytest.fail("it cannot have started")


def test_a_server_that_ends_by_itself_is_an_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], text=True) as process_that_ends:
        ended_server = demo_server.Server(process_that_ends, "http://127.0.0.1:1", "token")
        with pytest.raises(ClientError, match="stopped by itself"):
            _wait(Screen(), ended_server)


def test_a_server_that_will_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_server, "SECONDS_TO_STOP", 0.01)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", deaf], text=True, stdout=subprocess.PIPE) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        demo_server._stop(stubborn)
    assert stubborn.returncode == -signal.SIGKILL
