"""The same saves over HTTP, reads by guid, and the log by pages: the program as a subprocess, clients in another."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from benchmarks.client import ask_all, ask_paced, processes, request, save_request
from benchmarks.harness import Bench, Row, Samples, Side, in_turn, percentile, row_of
from benchmarks.media import SQLITE, Medium, media, named, on_disk
from benchmarks.rows_save import STOCK, Shape, Writing, base
from benchmarks.server import Server
from benchmarks.stock import multiply
from tidings.model.events import EVERYTHING
from tidings.store.base import AssetQuery, Store

CLIENTS = 4
PAGE = 1000
LIBRARY, HTTP = "library", "http"
SHAPES = {
    "http-20": ("save over HTTP, 20 per request, 4 clients", Shape(20, 1, 80)),
    "http-1000": ("save over HTTP, 1,000 per request, 4 clients", Shape(1000, 1, 4)),
}


def save(bench: Bench, name: str) -> None:
    """One of SHAPES; its limit is the library doing the same requests one after the other."""
    what, shape = SHAPES[name]
    with processes() as pool:
        found = [against_library(bench, medium, shape, pool, {HTTP: ()}) for medium in media(bench, SQLITE)]
    note = "the limit is the library; indicative 8,000"
    bench.add(row_of(what, "assets/s", found, (HTTP, [LIBRARY]), ("≥ 0.5 of the library", 0.5), note))


def against_library(
    bench: Bench, medium: Medium, shape: Shape, pool: ProcessPoolExecutor, servers: dict[str, Sequence[str]]
) -> Samples:
    """The library and servers in turn, each over a catalog of its own; ``servers`` by name, with options of theirs."""
    rounds = shape.sample_bodies(bench.most_rounds)
    catalogs = {name: medium.copy(base(bench), f"side_{number}") for number, name in enumerate([LIBRARY, *servers])}
    store = catalogs[LIBRARY].open()
    writing = Writing(bench, store, 1, rounds)
    with contextlib.ExitStack() as running:

        def http(number: int, server: Server) -> tuple[int, float]:
            requests = [save_request(body) for body in rounds[number]]
            seconds = pool.submit(ask_all, server.address, requests, CLIENTS).result()
            return shape.batch * shape.requests, seconds

        sides: dict[str, Side] = {LIBRARY: writing.run}
        for name, options in servers.items():
            server = running.enter_context(Server(catalogs[name].url, *options))
            sides[name] = partial(http, server=server)
        samples = in_turn(bench, medium.folder, sides, writing.prepare)
    store.close()
    assets = {name: catalog.contents()["asset"][0] for name, catalog in catalogs.items()}
    if len(set(assets.values())) > 1:
        raise RuntimeError(f"the server did not save what the library saved: {assets}")
    for catalog in catalogs.values():
        catalog.remove()
    return samples


def guids_of(store: Store, count: int) -> list[str]:
    """Columns to read, of the stock's."""
    with store.snapshot() as snapshot:
        page = snapshot.list_assets(AssetQuery(frozenset({"Column"}), limit=10_000))
    return random.Random(1).choices([asset.guid for asset in page], k=count)


def get_by_guid(bench: Bench) -> None:
    """Reads at a steady 500 a second."""
    catalog = on_disk(bench, SQLITE).copy(base(bench), "get")
    with contextlib.closing(catalog.open()) as store:
        guids = guids_of(store, 500 * (3 if bench.quick else 8))
    requests = [request("GET", f"/api/meta/entity/guid/{guid}") for guid in guids]
    with Server(catalog.url) as server, processes() as pool:
        pool.submit(ask_paced, server.address, requests[:500], 500.0, CLIENTS).result()
        moments = pool.submit(ask_paced, server.address, requests, 500.0, CLIENTS).result()
        flat_out = len(requests) / pool.submit(ask_all, server.address, requests, CLIENTS).result()
    catalog.remove()
    times = [1000 * (answered - due) for due, answered in moments]
    slow = percentile(times, 0.99)
    bench.add(
        Row(
            "get by guid over HTTP, p99 at 500/s", "ms", slow, min(times), max(times), "≤ 5 ms", slow <= 5,
            note=f"p50 {percentile(times, 0.5):.2g} ms; {flat_out:,.0f}/s flat out with {CLIENTS} clients",
        )
    )  # fmt: skip


def tail(bench: Bench, body: str) -> None:
    """The whole log in pages of 1,000: from the library beside the plain statement, then over HTTP."""
    path = bench.folder / "tail.db"
    if not path.exists():
        multiply(bench, path, STOCK)
    catalog = on_disk(bench, body).copy(path, "tail_of")
    store = catalog.open()
    pages = catalog.pages()
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
            pages.after(position, PAGE)
        return head

    samples = in_turn(bench, bench.folder, {"product": library, "raw": raw})
    store.close()
    pages.close()
    note = "indicative 300,000" if body == SQLITE else ""
    what = named(body, "tail of the log, pages of 1,000, library")
    bench.add(row_of(what, "events/s", [samples], ("product", ["raw"]), ("", None), note))
    if body == SQLITE:
        _tail_over_http(bench, catalog.url, head)
    catalog.remove()


def _tail_over_http(bench: Bench, url: str, head: int) -> None:
    requests = [request("GET", f"/api/events?after={after}&limit={PAGE}") for after in range(0, head, PAGE)]
    with Server(url) as server, processes() as pool:
        seconds = [pool.submit(ask_all, server.address, requests, 1).result() for _ in range(bench.samples + 1)][1:]
    rates = sorted(head / one for one in seconds)
    bench.add(
        Row(
            "tail of the log, pages of 1,000, HTTP", "events/s", rates[len(rates) // 2], rates[0], rates[-1], "", None,
            kept=len(rates), note="one client; indicative 300,000",
        )
    )  # fmt: skip
