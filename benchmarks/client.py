"""Lean clients, run in a process of their own so that they share no interpreter with what is measured.

They speak HTTP over plain sockets and look at answers no more than they must.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import selectors
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType

from benchmarks.server import TOKEN, Address

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_READ = 1 << 18


def processes(count: int = 1) -> ProcessPoolExecutor:
    """Processes for clients; warm, so that their start is in nobody's figures."""
    pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))
    for future in [pool.submit(time.sleep, 0.2) for _ in range(count)]:
        future.result()
    return pool


class Connection:
    """One kept-open connection."""

    def __init__(self, address: Address) -> None:
        self.socket = socket.create_connection(address, timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; the status and body of the answer."""
        self.socket.sendall(request)
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._some()
        head = bytes(received[: end + 2])
        match = _LENGTH.search(head)
        if head[9:12] == b"204":
            body = b""
        elif match:
            while len(received) < end + 4 + int(match[1]):
                received += self._some()
            body = bytes(received[end + 4 :])
        else:
            chunks = Chunks()
            body = chunks.feed(bytes(received[end + 4 :]))
            while not chunks.ended:
                body += chunks.feed(self._some())
        return int(head[9:12]), body

    def _some(self) -> bytes:
        data = self.socket.recv(_READ)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data

    def close(self) -> None:
        """Let go of it."""
        self.socket.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Chunks:
    """Takes HTTP's chunks apart again."""

    def __init__(self) -> None:
        self._left = 0
        self._rest = b""
        self.ended = False

    def feed(self, data: bytes) -> bytes:
        """The content in ``data``, as far as it has come."""
        data, self._rest = self._rest + data, b""
        parts = []
        place = 0
        while place < len(data) and not self.ended:
            if self._left == 0:
                end = data.find(b"\r\n", place + 2 if data[place : place + 2] == b"\r\n" else place)
                if end < 0:
                    self._rest = data[place:]
                    break
                self._left = int(data[place:end].strip() or b"0", 16)
                self.ended = self._left == 0
                place = end + 2
            parts.append(data[place : place + self._left])
            place += len(parts[-1])
            self._left -= len(parts[-1])
        return b"".join(parts)


def request(method: str, path: str, body: bytes = b"") -> bytes:
    """A request as bytes."""
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


def save_request(body: bytes) -> bytes:
    """One save."""
    return request("POST", "/api/meta/entity/bulk", body)


def head_of(address: Address) -> int:
    """The last position of the server's log."""
    connection = Connection(address)
    status, body = connection.ask(request("GET", "/api/status"))
    connection.close()
    if status != 200:
        raise RuntimeError(f"{status} {body[:300]!r}")
    return int(json.loads(body)["head"])


def ask_all(address: Address, requests: Sequence[bytes], connections: int) -> float:
    """Send all of them, each connection one after the other; seconds from the first to the last answer."""
    ready = threading.Barrier(connections + 1)
    failures: list[str] = []

    def client(mine: Sequence[bytes]) -> None:
        connection = Connection(address)
        ready.wait()
        for one in mine:
            status, body = connection.ask(one)
            if status != 200:
                failures.append(f"{status} {body[:300]!r}")
                break
        connection.close()

    threads = [threading.Thread(target=client, args=(requests[n::connections],)) for n in range(connections)]
    for thread in threads:
        thread.start()
    ready.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    if failures:
        raise RuntimeError(failures[0])
    return seconds


def ask_paced(address: Address, requests: Sequence[bytes], rate: float, connections: int) -> list[tuple[float, float]]:
    """Send them at a steady rate, whatever the answers do; for each the moments (monotonic) it was due and answered."""
    begin = time.monotonic() + 0.1
    moments: list[tuple[float, float]] = [(0.0, 0.0)] * len(requests)

    def client(first: int) -> None:
        connection = Connection(address)
        for number in range(first, len(requests), connections):
            due = begin + number / rate
            time.sleep(max(0.0, due - time.monotonic()))
            status, body = connection.ask(requests[number])
            if status != 200:
                raise RuntimeError(f"{status} {body[:300]!r}")
            moments[number] = (due, time.monotonic())
        connection.close()

    threads = [threading.Thread(target=client, args=(n,)) for n in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return moments


def follow_names(address: Address, after: int, prefix: str, count: int, seconds: float) -> dict[str, float]:
    """Follow the live stream; the moment (monotonic) at which each asset whose name has the prefix was first heard of."""
    pattern = re.compile(rb'"displayText":"(%b[^"]*)"' % prefix.encode())
    found: dict[str, float] = {}

    def take(_number: int, content: bytes) -> bool:
        now = time.monotonic()
        for name in pattern.findall(content):
            found.setdefault(name.decode(), now)
        return len(found) < count

    _follow(address, after, 1, seconds, take)
    return found


@dataclass
class _Follower:
    """One stream being read."""

    socket: socket.socket
    number: int
    chunks: Chunks = field(default_factory=Chunks)
    head: bytes = b""
    in_body: bool = False

    def content(self, data: bytes) -> bytes:
        if self.in_body:
            return self.chunks.feed(data)
        self.head += data
        end = self.head.find(b"\r\n\r\n")
        if end < 0:
            return b""
        if self.head[9:12] != b"200":
            raise RuntimeError(self.head[:500].decode())
        self.in_body = True
        return self.chunks.feed(self.head[end + 4 :])


Take = Callable[[int, bytes], bool]
"""Gets the number of a stream and what came; whether it wants more."""


def _follow(address: Address, after: int, consumers: int, seconds: float, take: Take) -> None:
    chosen = selectors.DefaultSelector()
    for number in range(consumers):
        one = socket.create_connection(address, timeout=60)
        one.sendall(request("GET", f"/api/events/stream?after={after}"))
        one.setblocking(False)
        chosen.register(one, selectors.EVENT_READ, _Follower(one, number))
    deadline = time.monotonic() + seconds
    while chosen.get_map() and time.monotonic() < deadline:
        for key, _ in chosen.select(0.2):
            follower: _Follower = key.data
            try:
                data = follower.socket.recv(_READ)
            except BlockingIOError:
                continue
            content = follower.content(data)
            if not data or (content and not take(follower.number, content)):
                chosen.unregister(follower.socket)
                follower.socket.close()
    for key in list(chosen.get_map().values()):
        key.data.socket.close()
    chosen.close()


def follow_all(address: Address, after: int, last: int, consumers: int, seconds: float) -> tuple[int, int, float]:
    """Read positions ``after`` + 1 to ``last`` with many consumers at once.

    How many consumers got every position once and in order, how many events came in all, and the moment (monotonic) of
    the last one.
    """
    next_wanted = [after + 1] * consumers
    broken: set[int] = set()
    rest = [b""] * consumers
    finished = [0.0] * consumers

    def take(number: int, content: bytes) -> bool:
        lines = (rest[number] + content).split(b"\n")
        rest[number] = lines.pop()
        for line in lines:
            if line.startswith(b"id: "):
                position = int(line[4:])
                if position != next_wanted[number]:
                    broken.add(number)
                next_wanted[number] = position + 1
        finished[number] = time.monotonic()
        return next_wanted[number] <= last

    _follow(address, after, consumers, seconds, take)
    complete = sum(1 for number in range(consumers) if next_wanted[number] > last and number not in broken)
    return complete, sum(one - after - 1 for one in next_wanted), max(finished)
