"""``tidings purge-connection`` against a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial

import pytest

from tests.api.door import asset
from tests.api.terminal import Run
from tests.api.terminal import run as terminal
from tidings.cli import purge_connection as subject
from tidings.client import Client
from tidings.model.errors import ClientError
from tidings.testing import server
from tidings.write import connection

HOME = "default/x/1"
__all__ = ["terminal"]  # a fixture


@pytest.fixture
def client() -> Iterator[Client]:
    with server() as running:
        running.save([asset("Connection", HOME), asset("Schema", f"{HOME}/s"), asset("Table", f"{HOME}/s/t")])
        yield running


@pytest.fixture
def run(terminal: Run) -> Run:
    """Runs the command."""
    return partial(terminal, "purge-connection")


def test_a_program_gets_the_summary(run: Run, client: Client) -> None:
    told = json.loads(run(HOME, "--yes").stdout)
    assert told["deleted"] == {"Connection": 1, "Schema": 1, "Table": 1}
    assert (told["lastPosition"], told["resumed"]) == (client.head(), False)


def test_people_get_a_table(run: Run) -> None:
    told = run(HOME, "--archive", people=True).stdout
    assert "│ Schema     │        1 │" in told
    assert "3 assets archived, positions 4 to 6" in told
    assert "0 assets archived" in run(HOME, "--archive", people=True).stdout


def test_a_dry_run_only_counts(run: Run, client: Client) -> None:
    assert json.loads(run(HOME, "--dry-run").stdout)["total"] == 3
    assert "3 assets would be purged" in run(HOME, "--dry-run", people=True).stdout
    assert client.head() == 3


def test_a_script_purges_only_with_yes(run: Run, client: Client) -> None:
    refused = run(HOME, code=2)
    assert "add --yes to purge, or --dry-run" in " ".join(refused.stderr.split())
    assert client.head() == 3
    assert json.loads(run(HOME, "--archive").stdout)["total"] == 3


def test_people_are_asked_first(run: Run, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "somebody_is_there", lambda: True)
    refused = run(HOME, input="n\n")
    assert f"Remove for good {HOME} and all under it, 3 assets?" in refused.stderr
    assert "nothing was purged" in refused.stderr
    assert client.head() == 3
    assert "Archive" in run(HOME, "--archive", input="y\n").stderr
    assert "?" not in run(HOME, "--yes").stderr


def test_errors_say_what_is_wrong(run: Run) -> None:
    assert "does not exist" in run("default/none/1", "--yes", code=1).stderr
    assert f"{HOME}/s is a Schema, not a connection" in run(f"{HOME}/s", "--yes", code=1).stderr


def test_the_client_tells_progress_and_where_it_ended(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CHUNK", 1)
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total))

    client.delete_connection(HOME, progress=progress)
    assert seen == [(0, 3), (1, 3), (3, 3)]
    with pytest.raises(ClientError, match="not a connection"):
        client.delete_connection(f"{HOME}/s")
