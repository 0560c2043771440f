"""Followers of the campaigns: each reads one server's live stream and resumes where it was, as a browser would."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence

from benchmarks.client import Chunks, request
from benchmarks.server import Address

AGAIN_SECONDS = 0.05
SILENCE_SECONDS = 0.2
"""How often a silent stream is left to see whether there is still somebody who wants it."""


class Follower:
    """Reads until ``close``, from wherever ``where()`` says the server is by then."""

    def __init__(self, where: Callable[[], Address]) -> None:
        self._where = where
        self._closed = threading.Event()
        self.events: list[tuple[int, int]] = []
        """Position and hash of each event, in the order in which they came."""
        self.complaints: list[str] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up."""
        self._closed.set()
        self._thread.join()

    def reached(self) -> int:
        """The last position that came."""
        return self.events[-1][0] if self.events else 0

    def wrong(self, log: Sequence[int]) -> list[str]:
        """Where what came differs from the log: each event once, in order, as it is there."""
        came = [position for position, _ in self.events]
        if came != list(range(1, len(log) + 1)):
            missing = sorted(set(range(1, len(log) + 1)) - set(came))
            return [
                f"a follower got {len(came)} events of {len(log)}, not each once and in order; missing {missing[:5]}"
            ]
        changed = [position for position, told in self.events if told != log[position - 1]]
        return [
            *self.complaints,
            *[f"a follower got position {one} otherwise than the log has it" for one in changed[:3]],
        ]

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                with socket.create_connection(self._where(), timeout=SILENCE_SECONDS) as connection:
                    self._read(connection)
            except OSError:
                time.sleep(AGAIN_SECONDS)

    def _read(self, connection: socket.socket) -> None:
        resume = f"Last-Event-ID: {self.reached()}\r\n\r\n".encode()
        connection.sendall(request("GET", "/api/events/stream?after=0").removesuffix(b"\r\n") + resume)
        chunks, head, rest = Chunks(), b"", b""
        while not self._closed.is_set() and not chunks.ended:
            try:
                data = connection.recv(1 << 18)
            except TimeoutError:
                continue
            if not data:
                return
            if not head.endswith(b"\r\n\r\n"):
                before, end, data = (head + data).partition(b"\r\n\r\n")
                head = before + end
                if not end:
                    continue
                if head[9:12] != b"200":
                    self._refused(head)
                    return
            *frames, rest = (rest + chunks.feed(data)).split(b"\n\n")
            self._take(frames)

    def _refused(self, head: bytes) -> None:
        if head[9:12] != b"503":
            self.complaints.append(f"a follower was answered {head[:100]!r}")
        time.sleep(AGAIN_SECONDS)

    def _take(self, frames: list[bytes]) -> None:
        for frame in frames:
            fields = dict(line.split(b": ", 1) for line in frame.split(b"\n") if not line.startswith(b":"))
            if b"data" in fields:
                self.events.append((int(fields[b"id"]), hash(fields[b"data"])))
