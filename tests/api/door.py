"""A real server in this process, and short ways to speak to it: status, headers and exact JSON are what is tested."""

from __future__ import annotations

import contextlib
import json
import socket as sockets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, TypeVar

import httpx

from tidings.config import Config
from tidings.testing import IN_MEMORY, TOKEN
from tidings.wiring import Server, open_server

Json = dict[str, Any]
T = TypeVar("T")
BULK = "/api/meta/entity/bulk"
NAMED = "/api/meta/entity/uniqueAttribute/type"
_numbers = count(1)


class Door:
    """One server as seen by a client with one token."""

    def __init__(self, http: httpx.Client, token: str = TOKEN) -> None:
        self.http = http
        self.bearer = {"authorization": f"Bearer {token}"} if token else {}

    def with_token(self, token: str) -> Door:
        """The same server for somebody else; without a token for a stranger."""
        return Door(self.http, token)

    def ask(self, method: str, path: str, status: int = 200, body: Any = None, **more: Any) -> httpx.Response:
        """One request, which must be answered with ``status``. ``body`` is sent as JSON."""
        if body is not None:
            more |= {"content": json.dumps(body).encode()}
        headers = {**self.bearer, **more.pop("headers", {})}
        response = self.http.request(method, path, headers=headers, **more)
        assert response.status_code == status, response.text
        return response

    def read(self, path: str, **params: Any) -> Any:
        return self.ask("GET", path, params=params).json()

    def save(self, *entities: Mapping[str, Any], **params: Any) -> Json:
        """Save through the protocol; the answer."""
        answer: Json = self.ask("POST", BULK, body={"entities": entities}, params=params).json()
        return answer

    def entity(self, guid: str, **params: Any) -> Json:
        found: Json = self.read(f"/api/meta/entity/guid/{guid}", **params)["entity"]
        return found

    def head(self) -> int:
        head: int = self.read("/api/status")["head"]
        return head

    def events(self, after: int, **params: Any) -> list[Json]:
        found: list[Json] = self.read("/api/events", after=after, limit=1000, **params)["events"]
        return found

    def refusal(self, method: str, path: str, status: int, **more: Any) -> Json:
        """The error that a request gets."""
        problem: Json = self.ask(method, path, status, **more).json()
        return problem

    def metric(self, line: str) -> float | None:
        """The value of one metric, named with its labels as Prometheus reads it."""
        for one in self.ask("GET", "/metrics").text.splitlines():
            name, _, value = one.rpartition(" ")
            if name == line:
                return float(value)
        return None

    @contextlib.contextmanager
    def socket(self) -> Iterator[sockets.socket]:
        """A bare connection, for requests that no client would send."""
        url = self.http.base_url
        with sockets.create_connection((url.host, url.port or 80), timeout=60) as connection:
            yield connection

    def half_a_save(self, connection: sockets.socket, sent: int, announced: int) -> None:
        """Start a save whose body never comes in whole."""
        head = f"POST {BULK} HTTP/1.1\r\nhost: x\r\nauthorization: {self.bearer['authorization']}\r\n"
        connection.sendall(f"{head}content-length: {announced}\r\n\r\n".encode() + b"x" * sent)


@contextlib.contextmanager
def door_to(base_url: str) -> Iterator[Door]:
    """An admin's door to a running server."""
    with httpx.Client(base_url=base_url, trust_env=False, timeout=90) as http:
        yield Door(http)


@contextlib.contextmanager
def serving(**settings: Any) -> Iterator[tuple[Door, Server]]:
    """A server of its own with these settings, in a thread."""
    chosen: dict[str, Any] = {"database": IN_MEMORY, "admin_token": TOKEN, "shutdown_seconds": 1.0} | settings
    with open_server(Config(port=0, **chosen)) as server:
        thread = threading.Thread(target=server.work)
        thread.start()
        try:
            with door_to(server.address) as door:
                yield door, server
        finally:
            server.should_exit = True
            thread.join()


def until(look: Callable[[], T]) -> T:
    """Look until there is something to see; each look is a request, the test's timeout is the end."""
    while not (seen := look()):
        pass
    return seen


def some_connection() -> str:
    """The qualifiedName of a connection that no other test uses."""
    return f"default/postgres/{next(_numbers)}"


def asset(type_name: str, qualified_name: str, guid: str | None = None, **attributes: Any) -> Json:
    """An entity in the protocol's form, named by the last part of its qualifiedName."""
    named = {"name": qualified_name.rpartition("/")[2], "qualifiedName": qualified_name, **attributes}
    return {"typeName": type_name, "attributes": named} | ({"guid": guid} if guid else {})


def named(type_name: str, qualified_name: str) -> Json:
    """A reference by type and qualifiedName."""
    return {"typeName": type_name, "uniqueAttributes": {"qualifiedName": qualified_name}}


def guids(answer: Mapping[str, Any], kind: str = "CREATE") -> list[str]:
    """Guids of what a save or a delete did, in order."""
    return [one["guid"] for one in answer["mutatedEntities"][kind]]


def operations(events: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Events as (operation without «ENTITY_», name)."""
    return [
        (one["message"]["operationType"].removeprefix("ENTITY_"), one["message"]["entity"]["attributes"]["name"])
        for one in events
    ]
