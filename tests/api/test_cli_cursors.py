"""``cursors``, ``retention``, ``snapshot`` and ``tail --cursor`` against a real server."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.alone import client, saved
from tests.api.door import until
from tests.api.terminal import Run, lines, run
from tests.api.test_cli_process import ended, next_name, process
from tidings.cli.consume import Consumer, Work, _Lost
from tidings.cli.program import INTERRUPTED
from tidings.cli.screen import Screen
from tidings.cli.stopping import Stopping
from tidings.client import Client
from tidings.model.errors import ClientError
from tidings.model.events import EVERYTHING

__all__ = ["client", "run"]  # fixtures
MINUTE = 60.0


def fill(client: Client, count: int) -> None:
    for number in range(count):
        saved(client, f"t{number}")


# --- cursors --------------------------------------------------------------------------------------------------------


def test_cursors_are_set_listed_and_removed(client: Client, run: Run) -> None:
    fill(client, 5)
    [made] = lines(run("cursors", "set", "nightly", "2"))
    assert (made["name"], made["position"], made["behind"]) == ("nightly", 2, 3)
    assert lines(run("cursors", "list")) == [client.cursor("nightly")] == client.cursors()
    assert "rewind" in run("cursors", "set", "nightly", "1", code=1).stderr
    assert "nightly is at 1, 4 behind the head" in run("cursors", "set", "nightly", "1", "--rewind", people=True).stdout
    client.take_lease("nightly", "host:1:x", 60)
    shown = run("cursors", "list", people=True).stdout
    assert "nightly" in shown
    assert "host:1:x until" in shown
    assert "held by host:1:x" in run("cursors", "remove", "nightly", code=1).stderr
    client.give_back_lease("nightly", "host:1:x")
    assert lines(run("cursors", "remove", "nightly")) == [{"removed": "nightly"}]
    client.set_cursor("other", 1)
    assert "is removed" in run("cursors", "remove", "other", people=True).stdout
    assert client.cursors() == []


# --- retention ------------------------------------------------------------------------------------------------------


def test_retention_is_shown_set_run_and_taken_off(client: Client, run: Run) -> None:
    fill(client, 10)
    client.set_cursor("slow", 4)
    off = {"maxAgeDays": None, "maxEvents": None, "maxBytes": None, "firstPosition": 1, "head": 10}
    assert lines(run("retention", "show")) == [off]
    assert "no bound" in run("retention", "show", people=True).stdout
    run("retention", "set", code=2)
    run("retention", "set", "--max-age-days", "0", code=2)
    assert lines(run("retention", "set", "--max-age-days", "30"))[0]["maxAgeDays"] == 30
    [both] = lines(run("retention", "set", "--max-bytes", "1000000"))
    assert (both["maxAgeDays"], both["maxBytes"]) == (30, 1_000_000)
    assert "│ days at most    │ 30" in run("retention", "show", people=True).stdout
    assert lines(run("retention", "off"))[0]["maxAgeDays"] is None
    client.set_cursor("slow", 0, rewind=True)  # it keeps everything, whenever the server looks
    run("retention", "set", "--max-events", "3")
    dry = run("retention", "run", "--dry-run", "--force", people=True)
    assert "7 events would go; the log begins with position 8" in dry.stdout
    assert "the cursor slow would lose 7 events" in dry.stderr
    held = run("retention", "run", people=True)
    assert "0 events are gone" in held.stdout
    assert "the cursor slow keeps 7 more" in held.stderr
    assert lines(run("retention", "run", "--force"))[0]["trimmed"] == 7
    assert client.status()["firstPosition"] == 8


def test_what_is_gone_is_said(client: Client, run: Run) -> None:
    fill(client, 10)
    guid = client.events(limit=10).events[9]["message"]["entity"]["guid"]
    gone = client.events(limit=10).events[0]["message"]["entity"]["guid"]
    client.set_retention(max_events=3)
    client.trim()
    until(lambda: client.status()["firstPosition"] == 8)
    result = run("events")
    assert [one["tidings"]["position"] for one in lines(result)] == [8, 9, 10]
    assert "the log begins with position 8" in result.stderr
    assert "first position left is 8" in run("events", "--after", "3", code=1).stderr
    assert "first position left is 8" in run("tail", "--after", "0", code=1).stderr
    history = run("history", guid)
    assert len(lines(history)) == 1
    assert "the log begins with position 8" in history.stderr
    assert "the log has nothing that happened" in run("history", gone).stderr
    assert "first position" in run("status", people=True).stdout


# --- snapshot -------------------------------------------------------------------------------------------------------


def test_a_snapshot_to_stdout(client: Client, run: Run) -> None:
    fill(client, 3)
    result = run("snapshot")
    first, *assets, last = lines(result)
    assert (first["position"], last) == (3, {"end": True, "assets": 3, "position": 3})
    assert assets == [client.get(one["guid"]) for one in assets]
    assert "3 assets as of position 3; go on with: tidings tail --after 3" in result.stderr
    assert len(lines(run("snapshot", "--type", "View"))) == 2
    assert len(lines(run("snapshot", "--prefix", "default/x/1/d/s/t1"))) == 3


def test_a_snapshot_to_a_file_is_whole_or_not_there(
    client: Client, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(client, 3)
    file = tmp_path / "all.ndjson"
    assert f"in {file}" in run("snapshot", "--output", str(file)).stderr
    whole = file.read_bytes()
    assert len(whole.splitlines()) == 5

    def broken(_: object) -> Iterator[bytes]:
        yield b'{"typeName":"Table"}'
        raise ClientError("the snapshot broke off")

    monkeypatch.setattr("tidings.client.Snapshot.lines", broken)
    assert "broke off" in run("snapshot", "--output", str(file), code=1).stderr
    assert [one.name for one in tmp_path.iterdir()] == ["all.ndjson"]
    assert file.read_bytes() == whole


# --- tail --cursor --------------------------------------------------------------------------------------------------


def test_a_cursor_or_a_file(run: Run) -> None:
    assert "not both" in run("tail", "--cursor", "c", "--state", "x", code=2).stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, 0)])
def test_tail_goes_on_where_its_cursor_is(client: Client, number: signal.Signals, code: int) -> None:
    saved(client, "before")
    arguments = ("tail", "--cursor", "c", "--after", "0")
    with process(*arguments, client=client) as running:
        assert next_name(running) == "before"
        saved(client, "live")
        assert next_name(running) == "live"
        running.send_signal(number)
        assert ended(running) == (code, "")
    assert (client.cursor("c")["position"], client.cursor("c")["lease"]) == (2, None)
    saved(client, "later")
    with process(*arguments, client=client) as running:
        assert next_name(running) == "later"


def test_a_new_cursor_begins_at_the_end_of_the_log(client: Client) -> None:
    saved(client, "before")
    with process("tail", "--cursor", "c", client=client) as running:
        until(lambda: [one for one in client.cursors() if one["position"] == 1])
        saved(client, "live")
        assert next_name(running) == "live"
        until(lambda: client.cursor("c")["position"] == 2)


def test_a_cursor_moves_on_over_what_its_filter_leaves_out(client: Client) -> None:
    with process("tail", "--cursor", "c", "--type", "View", client=client):
        until(client.cursors)
        fill(client, 3)
        until(lambda: client.cursor("c")["position"] == 3)


def test_the_second_waits_and_takes_over(client: Client) -> None:
    with process("tail", "--cursor", "c", "--after", "0", client=client) as first:
        saved(client, "one")
        assert next_name(first) == "one"
        with process("tail", "--cursor", "c", "--form", "wire", client=client) as second:
            assert second.stderr is not None
            assert "waiting: the cursor c is held by" in second.stderr.readline()
            first.send_signal(signal.SIGTERM)
            assert ended(first) == (0, "")
            saved(client, "two")
            assert next_name(second) == "two"


def test_a_log_that_was_trimmed_beyond_the_cursor_is_an_error(client: Client) -> None:
    fill(client, 10)
    client.set_cursor("c", 2)
    client.set_retention(max_events=1)
    client.trim(force=True)
    with process("tail", "--cursor", "c", client=client) as running:
        code, told = ended(running)
    assert code == 1
    assert "first position left is 10" in told
    assert client.cursor("c")["lease"] is None


class Clock:
    """Time that passes when it is told to, or when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


def consumer(client: Client, clock: Clock, cursor: str = "c") -> Consumer:
    work = Work(cursor, 0, EVERYTHING, "full", MINUTE)
    return Consumer(client, work, Screen(people=False), clock, clock.wait)


def test_who_lost_the_lease_stops(
    client: Client, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(client, 3)
    clock = Clock()
    one = consumer(client, clock)
    one.wait_for_lease()
    client.give_back_lease("c", one._holder)
    client.take_lease("c", "other", 60)
    clock.now += MINUTE
    with pytest.raises(_Lost):
        one.work(Stopping())
    one.let_go()
    out, told = capsysbinary.readouterr()
    assert out == b""
    assert b"stopped at position 0: the cursor c is held by other" in told
    assert client.cursor("c")["lease"]["holder"] == "other"


def test_who_lost_the_lease_moves_no_cursor(client: Client, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    clock = Clock()
    one = consumer(client, clock)
    one.wait_for_lease()
    fill(client, 3)
    client.give_back_lease("c", one._holder)
    client.take_lease("c", "other", 60)
    clock.now += 2  # time to move it, and not yet to renew
    with pytest.raises(_Lost):
        one.work(Stopping())
    assert client.cursor("c")["position"] == 0


def test_who_lost_the_lease_and_has_it_again_goes_on_where_the_cursor_is(
    client: Client, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    clock = Clock()
    one = consumer(client, clock)
    one.wait_for_lease()
    fill(client, 3)
    client.give_back_lease("c", one._holder)
    client.take_lease("c", "other", 60)
    client.set_cursor("c", 2, holder="other")
    client.give_back_lease("c", "other")
    clock.now += MINUTE
    with pytest.raises(_Lost):
        one.work(Stopping())
    out, told = capsysbinary.readouterr()
    assert (out, b"stopped at position 0: the cursor c is at 2 by now" in told) == (b"", True)
    one.wait_for_lease()
    assert one._page().events[0]["tidings"]["position"] == 3


def test_who_lost_the_lease_and_whose_cursor_is_gone_stops(client: Client) -> None:
    clock = Clock()
    one = consumer(client, clock)
    one.wait_for_lease()
    client.give_back_lease("c", one._holder)
    client.remove_cursor("c")
    clock.now += MINUTE
    with pytest.raises(_Lost, match="the cursor c was removed"):
        one.work(Stopping())


def test_a_server_that_is_away_for_a_while_is_waited_for(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if len(asked) == 1:
            raise httpx.ConnectError("away")
        if len(asked) == 2:
            return httpx.Response(503, json={"errorMessage": "stopping"})
        if request.url.path.endswith("/lease"):
            return httpx.Response(200, json={"holder": "me", "until": 1, "position": 5})
        return httpx.Response(404, json={"errorMessage": "gone"})

    clock = Clock()
    with Client("http://x", "t", transport=httpx.MockTransport(answer)) as client:
        one = consumer(client, clock)
        one.wait_for_lease()
        assert (len(asked), clock.now > 0) == (3, True)
        assert capsysbinary.readouterr().err == b"waiting: stopping\n"
        with pytest.raises(ClientError, match="gone"):
            one.work(Stopping())


def test_a_server_that_stays_away_is_an_error() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    with Client("http://x", "t", transport=httpx.MockTransport(away)) as client, pytest.raises(ClientError):
        consumer(client, Clock()).wait_for_lease()
