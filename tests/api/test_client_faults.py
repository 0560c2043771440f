"""What the client makes of networks and servers that fail in ways a healthy server cannot be made to show."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from tidings.client import ATTEMPTS, LONGEST_PAUSE, Client, back_off, frames, lines
from tidings.model.errors import ClientError

Handler = Callable[[httpx.Request], httpx.Response]
URL = "http://127.0.0.1:1"


def client_of(handler: Handler, pauses: list[float] | None = None) -> Client:
    kept = [] if pauses is None else pauses
    return Client(URL, "secret-token", transport=httpx.MockTransport(handler), pause=kept.append)


class Pieces(httpx.SyncByteStream):
    """A body in pieces that may end in an error, and that knows whether it was closed."""

    def __init__(self, *pieces: bytes, failure: Exception | None = None) -> None:
        self.pieces = pieces
        self.failure = failure
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces
        if self.failure is not None:
            raise self.failure

    def close(self) -> None:
        self.closed = True


def frame(position: int, data: str = "{}") -> bytes:
    return f"id: {position}\nevent: ENTITY_CREATE\ndata: {data}\n\n".encode()


def in_turn(*answers: httpx.Response | Exception) -> tuple[Handler, list[httpx.Request]]:
    asked: list[httpx.Request] = []
    waiting = iter(answers)

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        answer = next(waiting)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handler, asked


def ok(*pieces: bytes, failure: Exception | None = None) -> httpx.Response:
    return httpx.Response(200, stream=Pieces(*pieces, failure=failure))


# --- the stream --------------------------------------------------------------------------------------------------------


def test_a_dropped_stream_goes_on_behind_the_last_event() -> None:
    handler, asked = in_turn(ok(frame(1), frame(2), failure=httpx.ReadError("reset")), ok(frame(3)))
    with client_of(handler) as client:
        stream = client.stream(0)
        assert [next(stream)[0] for _ in range(3)] == [1, 2, 3]

    assert asked[0].url.params["after"] == "0"
    assert "last-event-id" not in asked[0].headers
    assert asked[1].headers["last-event-id"] == "2"
    assert "after" not in asked[1].url.params


def test_an_event_that_comes_twice_is_given_once() -> None:
    handler, _ = in_turn(ok(frame(1), frame(2)), ok(frame(2), frame(3)))
    with client_of(handler) as client:
        stream = client.stream(0)
        assert [next(stream)[0] for _ in range(3)] == [1, 2, 3]


def test_half_an_event_is_left_out_and_asked_for_again() -> None:
    handler, asked = in_turn(ok(frame(1), frame(2)[:-1]), ok(frame(2)))
    with client_of(handler) as client:
        stream = client.stream(0)
        assert [next(stream)[0] for _ in range(2)] == [1, 2]
    assert asked[1].headers["last-event-id"] == "1"


def test_a_stream_gives_up_after_so_many_failures_in_a_row() -> None:
    pauses: list[float] = []
    handler, asked = in_turn(*[httpx.ConnectError("refused")] * ATTEMPTS)
    with client_of(handler, pauses) as client, pytest.raises(ClientError, match=r"60 times in a row.*tidings serve"):
        next(client.stream(5))
    assert len(asked) == ATTEMPTS
    assert pauses == [back_off(number) for number in range(1, ATTEMPTS)]
    assert max(pauses) <= LONGEST_PAUSE == back_off(100)


def test_an_outage_is_told_of_once() -> None:
    down = [httpx.ConnectError("refused")] * 5
    handler, _ = in_turn(ok(frame(1)), ok(frame(2)), *down, ok(frame(3), frame(4)), *down, ok(frame(5)))
    told: list[str] = []
    with client_of(handler) as client:
        stream = client.stream(0, lost=told.append)
        assert [next(stream)[0] for _ in range(5)] == [1, 2, 3, 4, 5]
    assert told == [f"nothing answers at {URL}; is the server running? start it with: tidings serve"] * 2


def test_events_between_failures_start_the_count_anew() -> None:
    failing = [httpx.ConnectError("refused")] * (ATTEMPTS - 1)
    handler, _ = in_turn(*failing, ok(frame(1)), *failing[1:], ok(frame(2)))
    with client_of(handler) as client:
        stream = client.stream(0)
        assert [next(stream)[0] for _ in range(2)] == [1, 2]


def test_a_server_that_only_ever_greets_is_given_up() -> None:
    handler, asked = in_turn(*[ok(b": heartbeat\n\n") for _ in range(ATTEMPTS)])
    with client_of(handler) as client, pytest.raises(ClientError, match="closed the stream"):
        next(client.stream(0))
    assert len(asked) == ATTEMPTS


def test_a_quiet_server_is_asked_again_for_as_long_as_it_takes() -> None:
    silence = [ok(b": heartbeat\n\n", failure=httpx.ReadTimeout("quiet")) for _ in range(ATTEMPTS + 1)]
    handler, _ = in_turn(*silence, ok(frame(1)))
    with client_of(handler) as client:
        assert next(client.stream(0))[0] == 1


def test_a_stopping_server_is_asked_again() -> None:
    told = {"errorMessage": "the catalog is stopping", "errorCode": "TIDINGS-503-000"}
    handler, _ = in_turn(httpx.Response(503, json=told), ok(frame(1)))
    with client_of(handler) as client:
        assert next(client.stream(0))[0] == 1


def test_a_refusal_ends_the_stream_at_once() -> None:
    handler, asked = in_turn(httpx.Response(403, json={"errorMessage": "not for you", "errorCode": "X"}))
    with client_of(handler) as client, pytest.raises(ClientError, match="not for you") as caught:
        next(client.stream(0))
    assert caught.value.http_status == 403
    assert len(asked) == 1


def test_closing_a_stream_closes_its_connection() -> None:
    body = Pieces(frame(1), frame(2))
    with client_of(lambda _: httpx.Response(200, stream=body)) as client:
        stream = client.stream(0)
        next(stream)
        stream.close()
    assert body.closed


# --- its bytes ---------------------------------------------------------------------------------------------------------


def test_frames_do_not_depend_on_how_bytes_arrive() -> None:
    whole = (
        b": heartbeat\r\n\r\n"
        + frame(7, '{"a": "\u2028\u0085"}')
        + b"data: one\ndata: two\nid: 8\n\nid: x\nretry: 5\n\n"
    )
    at_once = list(frames([whole]))
    assert list(frames(whole[i : i + 1] for i in range(len(whole)))) == at_once
    assert [(one.position, one.data.decode()) for one in at_once] == [
        (0, ""),
        (7, '{"a": "\u2028\u0085"}'),
        (8, "one\ntwo"),
    ]


def test_a_line_without_an_end_is_no_line() -> None:
    assert list(lines([b"a\nb", b"c\r\nd"])) == [b"a", b"bc"]


# --- one request -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (httpx.ConnectError("refused"), "is the server running"),
        (httpx.ConnectTimeout("slow"), "is the server running"),
        (httpx.ReadTimeout("slow"), "took too long"),
        (httpx.ReadError("reset by peer"), "broke .reset by peer"),
        (httpx.RemoteProtocolError(""), "broke .RemoteProtocolError"),
    ],
)
def test_a_failing_network_is_told_in_one_sentence(failure: Exception, told: str) -> None:
    handler, _ = in_turn(failure)
    with client_of(handler) as client, pytest.raises(ClientError, match=told) as caught:
        client.status()
    assert caught.value.http_status == 0


def test_an_answer_that_is_no_error_of_ours_is_told_by_its_status() -> None:
    handler, _ = in_turn(httpx.Response(502, text="<html>Bad Gateway</html>"))
    with client_of(handler) as client, pytest.raises(ClientError, match="502 Bad Gateway") as caught:
        client.status()
    assert caught.value.http_status == 502


def test_another_server_is_recognised_as_such() -> None:
    handler, _ = in_turn(httpx.Response(200, text="<html>hello</html>"))
    with client_of(handler) as client, pytest.raises(ClientError, match="check the address"):
        client.status()


def test_a_history_that_does_not_go_on_ends() -> None:
    answer = {"events": [], "next": 0, "head": 9}
    with client_of(lambda _: httpx.Response(200, json=answer)) as client:
        assert list(client.history("some-guid")) == []


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8585", "http://[::1"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(ClientError, match="address of a server"), Client(url, "token") as client:
        client.status()


def test_a_token_that_cannot_be_one() -> None:
    with pytest.raises(ClientError, match="copy it again"):
        Client(URL, "tökén")


@pytest.mark.parametrize(
    ("url", "trusts"),
    [
        ("http://127.0.0.1:1", False),
        ("http://localhost:1", False),
        ("http://catalog.localhost", False),
        ("http://[::1]:1", False),
        ("https://catalog.example.org", True),
    ],
)
def test_proxies_of_the_environment_are_for_other_machines(
    url: str, trusts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bool] = []
    original = httpx.Client.__init__

    def noting(self: httpx.Client, *args: object, trust_env: bool, **options: object) -> None:
        made.append(trust_env)
        original(self, *args, trust_env=trust_env, **options)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(httpx.Client, "__init__", noting)
    Client(url, "token").close()
    assert made == [trusts]
