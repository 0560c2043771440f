"""From settings to running parts. The only file that knows every room."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from importlib.metadata import version

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tidings.api.access import Gatekeeper
from tidings.api.app import build_app
from tidings.api.endpoint import Parts
from tidings.api.problem import problem_answer
from tidings.config import Config
from tidings.consumers.propagation import Propagation
from tidings.consumers.tail import Feed
from tidings.model.errors import ConfigError, InvalidRequest
from tidings.model.ids import new_guid
from tidings.model.typemodel import shipped_types
from tidings.store.base import Store
from tidings.store.sqlite import SqliteStore
from tidings.store.types import Types
from tidings.telemetry import Metrics, log, set_up_logs

HEAD_SECONDS = 60.0
"""How long the first request of a connection may take to name itself."""
MOST_HEAD_BYTES = 256 * 1024
"""Bytes of a request's first line and headers, where they arrive in pieces."""
BACKLOG = 1_024
"""Connections that may wait before the server takes them."""


def open_store(config: Config) -> Store:
    """The catalog that the settings name, to write to; raises StoreError and its kin."""
    return SqliteStore(config.database_path)


def open_to_read(config: Config) -> Store:
    """The same for looking only, beside a server that may have it open; raises StoreError where there is none."""
    if config.database_path is None:
        raise ConfigError("a catalog in memory cannot be opened by another program; name its file with --database")
    return SqliteStore(config.database_path, read_only=True)


def load_types() -> Types:
    """The types that come with the program; a catalog adds those that its users made."""
    return Types(shipped_types())


def make_parts(config: Config, store: Store) -> Parts:
    """The running parts of one server over an open store."""
    return Parts(
        config, store, load_types(), Gatekeeper(store), Feed(store), Metrics(), time.monotonic(), version("tidings")
    )


@contextlib.contextmanager
def application(config: Config) -> Iterator[tuple[Starlette, Parts]]:
    """An application over a store that is closed at the end; what was accepted by then is on disk."""
    store = open_store(config)
    try:
        parts = make_parts(config, store)
        propagation = Propagation(store, parts.types, parts.profile, config.propagation_at_once)
        propagation.start()
        try:
            yield build_app(parts), parts
        finally:
            propagation.close()
    finally:
        store.close()


class _Http(HttpToolsProtocol):
    """HTTP as the server reads it. What cannot be read is refused in the one shape that all errors have.

    The head of a request (its first line and headers) is bounded in size and in the time it may take to arrive.
    """

    _head_bytes = 0
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += min(len(data), MOST_HEAD_BYTES + 1)
            # A piece may hold a whole head and a part of the body: only what grows piece by piece without end is refused.
            if self._head_bytes > MOST_HEAD_BYTES and self._head_bytes > len(data):
                self.send_400_response("too large")
                return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._head_arrived()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head, self._head_bytes = True, 0
        super().on_message_complete()

    def _head_arrived(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        refusal = InvalidRequest(
            "this request cannot be read: it is not HTTP, or its address is longer than 65,535 bytes, or its headers are "
            "too large; name many assets in the body of POST /api/delete or POST /api/restore"
        )
        body = bytes(problem_answer(refusal, new_guid()).body)
        head = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length:"
        self.transport.write(f"{head} {len(body)}\r\n\r\n".encode() + body)
        self.transport.close()


class Server(uvicorn.Server):
    """One running server. Ends the live streams first when it stops: they would keep their connections open for ever.

    ``address`` is where it listens, known before it starts.
    """

    def __init__(self, app: Starlette, parts: Parts, listening: socket.socket) -> None:
        config = parts.config
        super().__init__(
            uvicorn.Config(
                app,
                http=_Http,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=round(config.shutdown_seconds),
            )
        )
        self.address = f"http://{_shown(config.host)}:{listening.getsockname()[1]}"
        self._parts = parts
        self._listening = listening

    def work(self) -> None:
        """Serve until told to stop."""
        self.run([self._listening])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals ask this server to stop, and do no more: the store is closed behind it before the process ends."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._parts.feed.close()
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()  # whoever did not read to the end in time
        await asyncio.sleep(0)  # the loop lets go of them in its next round


@contextlib.contextmanager
def open_server(config: Config) -> Iterator[Server]:
    """A server that has its address and its catalog, ready to ``work``; both are let go at the end.

    Raises StoreError, StoreInUse … where the catalog cannot be opened, ConfigError where the address cannot be had.
    """
    with _listen(config) as listening, application(config) as (app, parts):
        _show_first_token(config, parts)
        yield Server(app, parts, listening)


def serve(config: Config) -> None:
    """Run the server until it is told to stop (SIGINT, SIGTERM); then finish what was accepted and return.

    Raises as ``open_server``.
    """
    set_up_logs(config.log_level)
    with open_server(config) as server, server.capture_signals():  # from now on, not only once it runs
        gc.freeze()  # what is there by now stays: the collector need not look it over again and again
        _say(f"listening on {server.address}")
        server.work()
    log.info("stopped; everything that was acknowledged is on disk")


def _listen(config: Config) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((config.host, config.port))
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        where = f"{_shown(config.host)}:{config.port}"
        raise ConfigError(f"cannot listen on {where} ({error.strerror}); choose another --host or --port") from error
    return listening


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _show_first_token(config: Config, parts: Parts) -> None:
    made = parts.gate.first_token(config.admin_token)
    if made is None:
        if config.admin_token and not parts.gate.knows(config.admin_token):
            log.warning("admin_token was not taken: it sets only the first token of a new catalog")
    elif not config.admin_token:
        _say(f"admin token (shown this once; keep it): {made}")


def _say(line: str) -> None:
    """What whoever starts the server must see, whatever the log level; scripts read it, so it is flushed."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
