"""A way to a PostgreSQL server that can be cut at a chosen moment."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from types import TracebackType
from typing import Literal

Moment = Literal["before", "after", "silently"]
"""Before what was waited for reaches the server; after the server has answered it; or before, with the server not told."""
COMMITTED = b"COMMIT\x00"
"""What the server answers when it has committed, and what a client sends when it asks for that for the first time."""


class Proxy:
    """Passes bytes between clients and the server's socket, until ``cut_at_commit`` was called and its moment comes."""

    def __init__(self, server_socket: str) -> None:
        self._server = server_socket
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.cut = threading.Event()
        """The moment has come."""
        self._moment: Moment | None = None
        self._open = True
        self.refused = 0
        """How often somebody asked in vain for a connection."""
        self._refusing = False
        self._refuse_then = False
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut_at_commit(self, moment: Moment, *, refuse_then: bool = False) -> None:
        """Cut the connection that commits next, and with ``refuse_then`` every other one after it."""
        self._moment, self._refuse_then = moment, refuse_then

    def refuse(self) -> None:
        """Cut every connection, and take no other."""
        self._refusing = True

    def serve_again(self) -> None:
        self._refusing = False

    def __enter__(self) -> Proxy:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        socket.create_connection(("127.0.0.1", self.port)).close()  # so that the wait for one ends
        for thread in self._threads:
            thread.join(30)
        for one in (self._listening, *self._sockets):
            one.close()

    def _accept(self) -> None:
        while self._open:
            client, _ = self._listening.accept()
            if self._refusing or not self._open:
                client.close()
                self.refused += 1
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            self._sockets += [client, server]
            self._threads.append(threading.Thread(target=self._pass, args=(client, server)))
            self._threads[-1].start()

    def _pass(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while self._open and not self._refusing:
                for one in select.select([client, server], [], [], 0.05)[0]:
                    data = one.recv(1 << 16)
                    if not data or self._is_moment(data, one is client):
                        client.close()
                        if not (data and self._moment_was == "silently"):
                            server.close()
                        return
                    (server if one is client else client).sendall(data)
        client.close()
        server.close()

    _moment_was: Moment | None = None

    def _is_moment(self, data: bytes, from_client: bool) -> bool:
        if self._moment is None or COMMITTED not in data or from_client == (self._moment == "after"):
            return False
        self._moment_was, self._moment = self._moment, None
        self._refusing = self._refuse_then
        self.cut.set()
        return True
