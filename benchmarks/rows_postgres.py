"""Servers that share one PostgreSQL: over HTTP with one process and with two, from one server to the other's live stream, and
how soon another takes over from one that was killed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

import psycopg

from benchmarks.client import ask_all, processes, request
from benchmarks.harness import Bench, Row, row_of
from benchmarks.media import POSTGRES, PostgresCatalog, media, on_disk
from benchmarks.rows_delete import SMALL
from benchmarks.rows_http import CLIENTS, LIBRARY, SHAPES, against_library, guids_of
from benchmarks.rows_save import base
from benchmarks.rows_server import told_live
from benchmarks.rows_tags import catalog_with_term, tag
from benchmarks.server import Server
from tidings.consumers.propagation import TASK

ONE, TWO = "1 process", "2 processes"
SERVERS: dict[str, Sequence[str]] = {ONE: ("--workers", "1"), TWO: ("--workers", "2")}
RATE = 200
TAKEN_OVER_WITHIN = 10.0
LONGEST_WAIT = 60.0
AT_ONCE = 20
"""Tags in one transaction, so that there is time to kill who makes them."""


def save(bench: Bench, name: str) -> None:
    """One of SHAPES with one process and with two; the library's rate limits the first, the first the second."""
    what, shape = SHAPES[name]
    places = media(bench, POSTGRES)[: 1 if bench.quick else None]
    with processes() as pool:
        found = [against_library(bench, medium, shape, pool, SERVERS) for medium in places]
    what = f"{POSTGRES}: {what}"
    bar = ("≥ 0.5 of the library", 0.5)
    bench.add(row_of(f"{what}, {ONE}", "assets/s", found, (ONE, [LIBRARY]), bar, "the limit is the library"))
    bench.add(row_of(f"{what}, {TWO}", "assets/s", found, (TWO, [ONE]), ("", None), f"the limit is {ONE}"))


def get_by_guid(bench: Bench) -> None:
    """Reads as fast as they come, with one process and with two over the same catalog, in turn."""
    shared = on_disk(bench, POSTGRES).copy(base(bench), "get")
    with contextlib.closing(shared.open()) as store:
        guids = guids_of(store, 1_000 if bench.quick else 4_000)
    requests = [request("GET", f"/api/meta/entity/guid/{guid}") for guid in guids]
    rates: dict[str, list[float]] = {name: [] for name in SERVERS}
    with contextlib.ExitStack() as running:
        pool = running.enter_context(processes())
        servers = {name: running.enter_context(Server(shared.url, *options)) for name, options in SERVERS.items()}
        for _ in range(bench.samples + 1):
            for name, server in servers.items():
                seconds = pool.submit(ask_all, server.address, requests, CLIENTS).result()
                rates[name].append(len(requests) / seconds)
    shared.remove()
    for name, every in rates.items():
        kept = sorted(every[1:])  # the first round warms up
        bench.add(
            Row(
                f"{POSTGRES}: get by guid over HTTP, {name}", "reads/s", kept[len(kept) // 2], kept[0], kept[-1], "", None,
                kept=len(kept), note=f"flat out with {CLIENTS} clients",
            )
        )  # fmt: skip


def live_tail(bench: Bench) -> None:
    """Saves at one server, the live stream of another."""
    shared = on_disk(bench, POSTGRES).copy(base(bench), "live")
    with Server(shared.url) as writing, Server(shared.url) as telling:
        found = told_live(writing, telling, RATE, 4 if bench.quick else 10)
    shared.remove()
    bench.add(found.row(f"{POSTGRES}: save sent → live tail of another server, p99 at {RATE} saves/s", 50))


def takeover(bench: Bench) -> None:
    """A tag travels in many small transactions; whoever lets it travel is killed, and another goes on with it."""
    medium = on_disk(bench, POSTGRES)
    source = catalog_with_term(bench, SMALL)
    seconds = []
    for _ in range(2 if bench.quick else 3):
        shared = medium.copy(source, "takeover")
        assert isinstance(shared, PostgresCatalog)
        seconds.append(_taken_over(bench, shared))
        shared.remove()
    seconds.sort()
    middle = seconds[len(seconds) // 2]
    bench.add(
        Row(
            f"{POSTGRES}: a task goes on at another server after kill -9", "s", middle, seconds[0], seconds[-1],
            f"≤ {TAKEN_OVER_WITHIN:g} s", middle <= TAKEN_OVER_WITHIN, kept=len(seconds), note="a lease lasts 5 s",
        )
    )  # fmt: skip


def _taken_over(bench: Bench, shared: PostgresCatalog) -> float:
    options = ("--propagation-at-once", str(AT_ONCE))
    with Server(shared.url, *options) as one, Server(shared.url, *options) as other:
        connection = psycopg.connect(shared.cluster.url(shared.database), autocommit=True)
        with contextlib.closing(connection), contextlib.closing(shared.open()) as store:
            tag(bench, store, AT_ONCE)
            first = _holder(connection, but="")
            [killed] = [server for server in (one, other) if f":{server.process.pid}:" in first]
            started = time.monotonic()
            killed.kill()
            _holder(connection, but=first)
            return time.monotonic() - started


def _holder(connection: psycopg.Connection, but: str) -> str:
    """Who lets tags travel, once it is somebody else than ``but``."""
    until = time.monotonic() + LONGEST_WAIT
    while time.monotonic() < until:
        found = connection.execute("SELECT holder FROM tidings.lease WHERE name = %s", (TASK,)).fetchone()
        if found and found[0] != but:
            return str(found[0])
        time.sleep(0.005)
    raise RuntimeError("nobody lets tags travel, or it went too fast to see who")
