"""How the program ends: told to stop it finishes what it took, killed it keeps what it acknowledged."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import httpx
import pytest

from benchmarks.faults import run
from tests.acceptance.program import TOKEN, Program, running
from tests.api.door import BULK, asset, door_to
from tidings.client import Client
from tidings.model.errors import ClientError

pytestmark = pytest.mark.acceptance
CLIENTS = 4
BEFORE_THE_END = 20
"""Saves that each client gets acknowledged before the server is told to stop."""


class Saver(threading.Thread):
    """Saves one asset after another until the server is gone."""

    def __init__(self, program: Program, number: int) -> None:
        super().__init__()
        self.program = program
        self.number = number
        self.acknowledged: list[str] = []
        self.busy = threading.Event()

    def run(self) -> None:
        with httpx.Client(
            base_url=self.program.url, trust_env=False, headers={"authorization": f"Bearer {TOKEN}"}
        ) as http:
            while True:
                name = f"default/postgres/{self.number}/{len(self.acknowledged)}"
                try:
                    answer = http.post(BULK, content=json.dumps({"entities": [asset("Table", name)]}).encode())
                except httpx.TransportError:
                    return
                if answer.status_code == 503:
                    return
                assert answer.status_code == 200, answer.text
                self.acknowledged.append(name)
                if len(self.acknowledged) == BEFORE_THE_END:
                    self.busy.set()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_keeps_everything_it_acknowledged(tmp_path: Path, how: signal.Signals) -> None:
    with running(tmp_path / "c.db") as program:
        savers = [Saver(program, number) for number in range(CLIENTS)]
        for saver in savers:
            saver.start()
        for saver in savers:
            assert saver.busy.wait(60)
        assert program.stop(how) == 0
        for saver in savers:
            saver.join()
    with running(tmp_path / "c.db") as program, door_to(program.url) as door:
        door = door.with_token(TOKEN)
        kept = [one["message"]["entity"]["attributes"]["qualifiedName"] for one in _all_events(program)]
        acknowledged = [name for saver in savers for name in saver.acknowledged]
        assert set(acknowledged) <= set(kept)
        assert len(kept) == len(set(kept)) <= len(acknowledged) + CLIENTS
        assert door.read("/api/status")["assets"]["active"] == len(kept)


def _all_events(program: Program) -> list[dict[str, dict[str, dict[str, dict[str, str]]]]]:
    with Client(program.url, TOKEN) as client:
        return client.events(limit=5_000).events


def test_a_stream_ends_when_the_server_is_told_to_stop(tmp_path: Path) -> None:
    with running(tmp_path / "c.db") as program, door_to(program.url) as door:
        headers = {"authorization": f"Bearer {TOKEN}"}
        with door.http.stream("GET", "/api/events/stream", headers=headers) as response:
            frames = response.iter_raw()
            assert next(frames) == b": heartbeat\n\n"
            program.process.terminate()
            assert b"".join(frames) == b""
        assert program.process.wait(60) == 0


def test_a_second_server_on_the_same_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with running(tmp_path / "c.db"), pytest.raises(AssertionError, match="another"), running(tmp_path / "c.db"):
        pass


def test_a_server_can_be_stopped_from_its_first_word_on(tmp_path: Path) -> None:
    for how in (signal.SIGTERM, signal.SIGINT):
        with running(tmp_path / "c.db") as program:
            assert program.stop(how) == 0


def test_a_server_that_is_gone_is_named_by_the_client(tmp_path: Path) -> None:
    with running(tmp_path / "c.db") as program:
        assert program.stop() == 0
        with Client(program.url, TOKEN) as client, pytest.raises(ClientError, match="tidings serve"):
            client.status()


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # sockets of clients whose server is gone
def test_a_killed_server_keeps_every_promise(tmp_path: Path) -> None:
    summary = run(3, 17, tmp_path)
    assert summary.violations == []
    assert summary.rounds == 3
    assert summary.acknowledged > 0
