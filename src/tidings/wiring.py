"""From settings to running parts. The only file that knows every room."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
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
from tidings.consumers import propagation, retention
from tidings.consumers.lease import Holding, new_holder
from tidings.consumers.propagation import Propagation
from tidings.consumers.retention import RetentionThread, Trimmer
from tidings.consumers.tail import Feed
from tidings.model.errors import ConfigError, InvalidRequest
from tidings.model.ids import new_guid
from tidings.model.typemodel import shipped_types
from tidings.store.base import Store
from tidings.store.copying import refuse_unfinished
from tidings.store.sqlite import SqliteStore
from tidings.store.traced import traced
from tidings.store.types import Types
from tidings.telemetry import Metrics, announce, log, set_up_logs, traces

HEAD_SECONDS = 60.0
"""How long the first request of a connection may take to name itself."""
MOST_HEAD_BYTES = 256 * 1024
"""Bytes of a request's first line and headers, where they arrive in pieces."""
BACKLOG = 1_024
"""Connections that may wait before the server takes them."""


def open_store(config: Config) -> Store:
    """The catalog that the settings name, to write to; raises StoreError and its kin."""
    return _finished(open_to_copy(config))


def open_to_copy(config: Config) -> Store:
    """The same for writing a copy into it: also a copy that is not finished, which nothing else opens."""
    return _postgres(config) if config.is_postgres else SqliteStore(config.database_path)


def _postgres(config: Config, *, read_only: bool = False) -> Store:
    try:
        from tidings.store.postgres import PostgresStore  # noqa: PLC0415  its driver is an extra
    except ImportError as error:
        raise ConfigError(
            f"a catalog in PostgreSQL needs the extra «postgres» ({error}); pip install 'tidings[postgres]'"
        ) from error
    return PostgresStore(config.database, connections=config.database_connections, read_only=read_only)


def _finished(store: Store) -> Store:
    try:
        refuse_unfinished(store)
    except BaseException:
        store.close()
        raise
    return store


def open_to_read(config: Config) -> Store:
    """The same for looking only, beside a server that may have it open; raises StoreError where there is none."""
    if config.is_postgres:
        return _finished(_postgres(config, read_only=True))
    if config.database_path is None:
        raise ConfigError("a catalog in memory cannot be opened by another program; name its file with --database")
    return _finished(SqliteStore(config.database_path, read_only=True))


def is_same_place(opened: Config, other: Config) -> bool:
    """Whether both name one catalog, however its address is written; two names of one host are taken for two. The first
    has been opened already. Raises ConfigError for an address that cannot be read."""
    if opened.is_postgres != other.is_postgres:
        return False
    if not opened.is_postgres:
        return os.path.realpath(opened.database_path or "") == os.path.realpath(other.database_path or "")
    from tidings.store.postgres.address import parse  # noqa: PLC0415  its driver is an extra

    return parse(opened.database).place == parse(other.database).place


def load_types() -> Types:
    """The types that come with the program; a catalog adds those that its users made."""
    return Types(shipped_types())


def make_parts(config: Config, store: Store) -> Parts:
    """The running parts of one server over an open store."""
    metrics, holder = Metrics(), new_holder()
    trimming = RetentionThread(Trimmer(store, metrics.trimmed.inc), Holding(store, retention.TASK, holder))
    return Parts(
        config, store, load_types(), Gatekeeper(store), Feed(store), metrics, time.monotonic(), version("tidings"), holder,
        trimming,
    )  # fmt: skip


@contextlib.contextmanager
def application(config: Config) -> Iterator[tuple[Starlette, Parts]]:
    """An application over a store that is closed at the end; what was accepted by then is on disk."""
    with _open(config) as store:
        parts = make_parts(config, store)
        with _at_work(parts):
            yield build_app(parts), parts


@contextlib.contextmanager
def _at_work(parts: Parts) -> Iterator[None]:
    """What goes on beside requests, of which each is done by one server at a time."""
    holding = Holding(parts.store, propagation.TASK, parts.holder)
    spreading = Propagation(parts.store, parts.types, parts.profile, parts.config.propagation_at_once, holding)
    spreading.start()
    parts.retention.start()
    stops = [parts.store.on_settings(hear) for hear in (parts.gate.refresh, parts.retention.wake)]
    try:
        parts.gate.refresh()  # what changed since it was made, before it listened
        yield
    finally:
        for stop in stops:
            stop()
        parts.retention.close()
        spreading.close()


@contextlib.contextmanager
def _open(config: Config) -> Iterator[Store]:
    """The catalog, closed at the end; it makes spans where they are wanted."""
    spans = traces.start(config.trace_endpoint, version("tidings")) if config.trace_endpoint else None
    try:
        with contextlib.closing(open_store(config)) as store:
            yield store if spans is None else traced(store, spans)
    finally:
        traces.stop()


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
                proxy_headers=bool(config.trusted_proxies),
                forwarded_allow_ips=config.trusted_proxies,
            )
        )
        self.address = address_of(config, listening)
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
def open_server(config: Config, listening: socket.socket | None = None) -> Iterator[Server]:
    """A server that has its address and its catalog, ready to ``work``; both are let go at the end.

    ``listening`` is given where the address is shared with other processes; then ``prepare`` has been called by one of them.
    Raises StoreError, StoreInUse … where the catalog cannot be opened, ConfigError where the address cannot be had.
    """
    with contextlib.ExitStack() as open_parts:
        alone = listening is None
        if listening is None:
            listening = open_parts.enter_context(listen(config))
        app, parts = open_parts.enter_context(application(config))
        if alone:
            _show_first_token(config, parts.gate)
        yield Server(app, parts, listening)


def prepare(config: Config) -> None:
    """Open the catalog once, before several processes do: it has its form and its first token then."""
    with contextlib.closing(open_store(config)) as store:
        _show_first_token(config, Gatekeeper(store))


def serve(config: Config) -> None:
    """Run the server until it is told to stop (SIGINT, SIGTERM); then finish what was accepted and return.

    Raises as ``open_server``.
    """
    set_up_logs(config.log_level, config.log_format)
    with open_server(config) as server, server.capture_signals():  # from now on, not only once it runs
        announce(f"listening on {server.address}", address=server.address)
        work(server)
    log.info("stopped; everything that was acknowledged is on disk")


def work(server: Server) -> None:
    """Serve until told to stop."""
    gc.freeze()  # what is there by now stays: the collector need not look it over again and again
    server.work()


def listen(config: Config) -> socket.socket:
    """The socket on which to serve, bound; raises ConfigError where the address cannot be had."""
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


def address_of(config: Config, listening: socket.socket) -> str:
    """Where a bound socket is reached."""
    return f"http://{_shown(config.host)}:{listening.getsockname()[1]}"


def _show_first_token(config: Config, gate: Gatekeeper) -> None:
    if config.log_format == "json" and not config.admin_token and not gate.tokens():
        raise ConfigError(
            "a new catalog needs its first admin token: set admin_token. With log_format json none is made, since it would "
            "have to be shown among lines that are kept"
        )
    made = gate.first_token(config.admin_token)
    if made is None:
        if config.admin_token and not gate.knows(config.admin_token):
            log.warning("admin_token was not taken: it sets only the first token of a new catalog")
    elif not config.admin_token:
        say(f"admin token (shown this once; keep it): {made}")


def say(line: str) -> None:
    """What whoever starts the server must see, whatever the log level; scripts read it, so it is flushed."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
