"""The same saves over HTTP, reads by guid, and the log by pages: the program as a subprocess, clients in another."""

from __future__ import annotations

import random
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.client import ask_all, ask_paced, processes, request, save_request
from benchmarks.harness import Bench, Row, Samples, copy, in_turn, percentile, row_of
from benchmarks.raw import contents
from benchmarks.rows_save import STOCK, Shape, Writing, base
from benchmarks.server import Server
from benchmarks.stock import multiply, remove
from tidings.model.events import EVERYTHING
from tidings.store.base import AssetQuery
from tidings.store.sqlite import SqliteStore
from tidings.store.sqlite.database import connect

CLIENTS = 4
PAGE = 1000
SHAPES = {
    "http-20": ("save over HTTP, 20 per request, 4 clients", Shape(20, 1, 80)),
    "http-1000": ("save over HTTP, 1,000 per request, 4 clients", Shape(1000, 1, 4)),
}


def save(bench: Bench, name: str) -> None:
    """One of SHAPES; its limit is the library doing the same requests one after the other."""
    what, shape = SHAPES[name]
    with processes() as pool:
        found = [_against_library(bench, folder, shape, pool) for folder in bench.media()]
    note = "the limit is the library; indicative 8,000"
    bench.add(row_of(what, "assets/s", found, ("http", "library"), ("≥ 0.5 of the library", 0.5), note))


def _against_library(bench: Bench, folder: Path, shape: Shape, pool: ProcessPoolExecutor) -> Samples:
    rounds = shape.sample_bodies(bench.most_rounds)
    paths = {name: copy(base(bench), folder / f"{name}.db") for name in ("library", "http")}
    store = SqliteStore(str(paths["library"]))
    writing = Writing(bench, store, 1, rounds)
    with Server(paths["http"]) as server:

        def http(number: int) -> tuple[int, float]:
            requests = [save_request(body) for body in rounds[number]]
            seconds = pool.submit(ask_all, server.address, requests, CLIENTS).result()
            return shape.batch * shape.requests, seconds

        samples = in_turn(bench, folder, {"library": writing.run, "http": http}, writing.prepare)
    store.close()
    if contents(paths["library"])["asset"][0] != contents(paths["http"])["asset"][0]:
        raise RuntimeError("the server did not save what the library saved")
    remove(*paths.values())
    return samples


def get_by_guid(bench: Bench) -> None:
    """Reads at a steady 500 a second."""
    path = copy(base(bench), bench.folder / "get.db")
    store = SqliteStore(str(path))
    with store.snapshot() as snapshot:
        page = snapshot.list_assets(AssetQuery(frozenset({"Column"}), limit=10_000))
    store.close()
    guids = random.Random(1).choices([asset.guid for asset in page], k=500 * (3 if bench.quick else 8))
    requests = [request("GET", f"/api/meta/entity/guid/{guid}") for guid in guids]
    with Server(path) as server, processes() as pool:
        pool.submit(ask_paced, server.address, requests[:500], 500.0, CLIENTS).result()
        moments = pool.submit(ask_paced, server.address, requests, 500.0, CLIENTS).result()
        flat_out = len(requests) / pool.submit(ask_all, server.address, requests, CLIENTS).result()
    remove(path)
    times = [1000 * (answered - due) for due, answered in moments]
    slow = percentile(times, 0.99)
    bench.add(
        Row(
            "get by guid over HTTP, p99 at 500/s", "ms", slow, min(times), max(times), "≤ 5 ms", slow <= 5,
            note=f"p50 {percentile(times, 0.5):.2g} ms; {flat_out:,.0f}/s flat out with {CLIENTS} clients",
        )
    )  # fmt: skip


def tail(bench: Bench) -> None:
    """The whole log in pages of 1,000: from the library beside the plain statement, then over HTTP."""
    path = bench.folder / "tail.db"
    multiply(bench, path, STOCK)
    store = SqliteStore(str(path))
    connection = connect(str(path))
    head = store.head()

    def library(_number: int) -> int:
        position = 0
        while position < head:
            with store.snapshot() as snapshot:
                records, position = snapshot.log(position, PAGE, EVERYTHING)
            for record in records:
                record.full()
        return head

    def raw(_number: int) -> int:
        for position in range(0, head, PAGE):
            connection.execute(
                "SELECT * FROM log WHERE position > ? ORDER BY position LIMIT ?",
                (position, PAGE),
            ).fetchall()
        return head

    samples = in_turn(bench, bench.folder, {"product": library, "raw": raw})
    store.close()
    connection.close()
    what = "tail of the log, pages of 1,000, library"
    bench.add(row_of(what, "events/s", [samples], ("product", "raw"), ("", None), "indicative 300,000"))
    _tail_over_http(bench, path, head)
    remove(path)


def _tail_over_http(bench: Bench, path: Path, head: int) -> None:
    requests = [request("GET", f"/api/events?after={after}&limit={PAGE}") for after in range(0, head, PAGE)]
    with Server(path) as server, processes() as pool:
        seconds = [pool.submit(ask_all, server.address, requests, 1).result() for _ in range(bench.samples + 1)][1:]
    rates = sorted(head / one for one in seconds)
    bench.add(
        Row(
            "tail of the log, pages of 1,000, HTTP", "events/s", rates[len(rates) // 2], rates[0], rates[-1], "", None,
            kept=len(rates), note="one client; indicative 300,000",
        )
    )  # fmt: skip
