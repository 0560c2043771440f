"""The live stream: frames, resuming, heartbeats, filters, slow and many readers, and the end of the server."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.conftest import Pair
from tests.api.door import Door, asset, serving, until
from tidings.client import Frame, frames
from tidings.consumers import tail
from tidings.model.events import decode
from tidings.wiring import Server

STREAM = "/api/events/stream"
OPEN = "tidings_streams_open"


@contextlib.contextmanager
def stream(door: Door, last: int | None = None, **params: Any) -> Iterator[Iterator[Frame]]:
    """Frames of one stream, heartbeats included."""
    headers = door.bearer | ({} if last is None else {"last-event-id": str(last)})
    with door.http.stream("GET", STREAM, params=params, headers=headers) as response:
        assert response.status_code == 200, response.read()
        yield frames(response.iter_raw())


def take(found: Iterator[Frame], count: int) -> list[Frame]:
    """The next ``count`` events, heartbeats left out."""
    taken: list[Frame] = []
    while len(taken) < count:
        frame = next(found)
        taken += [frame] if frame.data else []
    return taken


def test_a_stream_is_what_its_type_says(door: Door) -> None:
    with door.http.stream("GET", STREAM, headers=door.bearer) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        assert next(response.iter_raw()) == b": heartbeat\n\n"


def test_frames_are_the_events_of_the_page(door: Door, pair: Pair) -> None:
    head = door.head()
    with stream(door, after=head - 2) as found:
        taken = take(found, 2)
    assert [frame.position for frame in taken] == [head - 1, head]
    assert [decode(frame.data) for frame in taken] == door.events(head - 2)


def test_a_frame_byte_for_byte_in_wire_form(door: Door, pair: Pair) -> None:
    head = door.head()
    page = door.ask("GET", "/api/events", params={"after": head - 1, "form": "wire"})
    body = page.content.removeprefix(b'{"events":[').partition(b'],"next":')[0]
    expected = b": heartbeat\n\nid: %d\nevent: ENTITY_CREATE\ndata: %b\n\n" % (head, body)
    with door.http.stream("GET", STREAM, params={"after": head - 1, "form": "wire"}, headers=door.bearer) as response:
        seen = b""
        for piece in response.iter_raw():
            seen += piece
            if len(seen) >= len(expected):
                break
    assert seen == expected


def test_without_a_place_to_start_a_stream_is_live_only(door: Door, pair: Pair, place: str) -> None:
    with stream(door) as found:
        assert next(found) == Frame()
        door.save(asset("Table", f"{place}/later"))
        assert take(found, 1)[0].position == door.head()


def test_a_reader_resumes_without_gap_or_repeat(door: Door, place: str) -> None:
    head = door.head()
    seen: list[int] = []
    for number in range(3):
        with stream(door, last=seen[-1] if seen else head, after=1) as found:
            door.save(*(asset("Table", f"{place}/t{number}_{one}") for one in range(4)))
            seen += [frame.position for frame in take(found, 3)]
    with stream(door, last=seen[-1]) as found:
        seen += [frame.position for frame in take(found, 3)]
    assert seen == list(range(head + 1, head + 13))


@pytest.mark.parametrize("last", ["x", "-1", "", "9223372036854775808", "0" * 30 + "9" * 30])
def test_a_last_event_id_that_is_none_is_refused(door: Door, last: str) -> None:
    assert "Last-Event-ID" in door.refusal("GET", STREAM, 400, headers={"last-event-id": last})["errorMessage"]


def test_filters(door: Door, pair: Pair, place: str) -> None:
    head = door.head()
    with stream(door, after=head, type="View", operation="ENTITY_CREATE", qualifiedNamePrefix=place) as found:
        door.save(asset("View", f"{place}/v"), asset("View", f"{place[:-1]}x"), asset("Table", f"{place}/t2"))
        door.save(asset("View", f"{place}/v", description="x"))
        door.save(asset("View", f"{place}/w"))
        names = [decode(frame.data)["message"]["entity"]["displayText"] for frame in take(found, 2)]
    assert names == ["v", "w"]


def test_a_quiet_stream_shows_that_it_lives() -> None:
    with serving(heartbeat_seconds=1) as (door, _), stream(door) as found:
        assert [next(found), next(found)] == [Frame(), Frame()]


def test_streams_are_counted_and_leave_when_their_reader_does() -> None:
    with serving(heartbeat_seconds=1) as (door, server):
        with stream(door, after=0) as found:
            door.save(asset("Table", "t"))
            take(found, 1)
            assert door.metric(OPEN) == 1
            assert door.metric("tidings_stream_events_total") == 1
        until(lambda: door.metric(OPEN) == 0)
        assert server._parts.feed._ring is None


def _ring(server: Server) -> tail._Ring:
    ring = server._parts.feed._ring
    assert ring is not None
    return ring


def test_a_reader_that_stops_reading_costs_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "RING_BYTES", 1024 * 1024)
    with serving() as (door, server), stream(door, after=0) as stuck, stream(door, after=0) as quick:
        next(stuck)
        for number in range(6):
            door.save(*(asset("Table", f"t{number}_{one}", description="x" * 20_000) for one in range(100)))
            assert [frame.position for frame in take(quick, 100)] == list(range(number * 100 + 1, number * 100 + 101))
            assert sum(map(tail._size, _ring(server).records)) <= 1024 * 1024
        assert _ring(server).first > 500
        assert [frame.position for frame in take(stuck, 600)] == list(range(1, 601))


def test_many_readers_all_see_everything() -> None:
    with serving() as (door, _):
        door.save(*(asset("Table", f"early{one}") for one in range(50)))

        async def read(http: httpx.AsyncClient) -> list[int]:
            positions: list[int] = []
            async with http.stream("GET", f"{STREAM}?after=0") as response:
                async for line in response.aiter_lines():
                    if line.startswith("id: "):
                        positions.append(int(line[4:]))
                        if len(positions) == 200:
                            return positions
            raise AssertionError("the stream ended")

        async def everybody() -> list[list[int]]:
            limits = httpx.Limits(max_connections=None)
            address = {"base_url": door.http.base_url, "headers": door.bearer, "trust_env": False}
            async with httpx.AsyncClient(limits=limits, timeout=60, **address) as http:  # type: ignore[arg-type]
                readers = [asyncio.create_task(read(http)) for _ in range(60)]
                for number in range(15):
                    await asyncio.to_thread(door.save, *(asset("Table", f"t{number}_{one}") for one in range(10)))
                return await asyncio.gather(*readers)

        assert asyncio.run(everybody()) == [list(range(1, 201))] * 60


def test_streams_end_when_the_server_stops() -> None:
    with serving() as (door, server):
        ended = threading.Event()

        def read() -> None:
            with stream(door) as found:
                for _ in found:
                    pass
            ended.set()

        reader = threading.Thread(target=read)
        reader.start()
        until(lambda: door.metric(OPEN) == 1)
        server.should_exit = True
        reader.join()
        assert ended.is_set()


def test_a_stuck_reader_does_not_keep_the_server_from_stopping() -> None:
    with contextlib.ExitStack() as afterwards:
        with serving(shutdown_seconds=0) as (door, _):
            stuck = afterwards.enter_context(door.socket())
            head = f"GET {STREAM}?after=0 HTTP/1.1\r\nhost: x\r\nauthorization: {door.bearer['authorization']}\r\n\r\n"
            stuck.sendall(head.encode())
            assert b" 200 " in stuck.recv(100)
            for number in range(3):
                door.save(*(asset("Table", f"t{number}_{one}", description="x" * 20_000) for one in range(200)))
        while stuck.recv(1_000_000):  # the server has stopped; what it had sent ends in the middle
            pass


def test_revoking_a_token_ends_its_stream_before_the_next_event(door: Door, place: str) -> None:
    made = door.ask("POST", "/api/tokens", 201, {"name": place.replace("/", "-"), "role": "read"}).json()
    with stream(door.with_token(made["token"])) as found:
        assert next(found) == Frame()
        door.ask("DELETE", f"/api/tokens/{made['name']}", 204)
        door.save(asset("Table", f"{place}/unseen"))
        assert list(found) == []


@pytest.mark.parametrize("path", ["/api/events", STREAM])
def test_a_position_that_the_log_has_not_reached_is_refused(door: Door, path: str) -> None:
    told = door.refusal("GET", path, 400, params={"after": door.head() + 5})
    assert "is beyond the end of the log" in told["errorMessage"]


def test_tokens_cannot_be_tried_out(door: Door) -> None:
    body = {"name": "tried", "role": "read"}
    assert "dryRun" in door.refusal("POST", "/api/tokens", 400, body=body, params={"dryRun": "true"})["errorMessage"]
    assert "tried" not in door.ask("GET", "/api/tokens").text
