"""The server as a whole: live streams, memory, start, and how it bears a large catalog."""

from __future__ import annotations

import time
from dataclasses import dataclass

from benchmarks.client import ask_all, ask_paced, follow_all, follow_names, head_of, processes, request, save_request
from benchmarks.data import Warehouse, bodies, body
from benchmarks.harness import Bench, Row, in_turn, percentile, row_of
from benchmarks.media import SQLITE, lent, named, on_disk, opened, settle
from benchmarks.rows_save import STOCK, Shape, Writing, base
from benchmarks.server import Server
from benchmarks.stock import borrowed, fill, kept, multiply, remove

CONSUMERS = 100
MILLION = 1_000_000
QUICK_LARGE = 200_000
GROWTH_TABLES = 800
"""Where the columns of the samples stand."""


def live_tail(bench: Bench) -> None:
    """500 saves a second, one live stream: from the moment a save is due to the moment the stream tells of it.

    The commit lies between that moment and the acknowledgement, so this is the longer way round: it holds the save too.
    Where it is too long though the stream alone is not (the disk was slow), the bar stays undecided.
    """
    catalog = on_disk(bench, SQLITE).copy(base(bench), "live")
    with Server(catalog.url) as server:
        found = told_live(server, server, 500, 4 if bench.quick else 10)
    catalog.remove()
    bench.add(found.row("save sent → live tail, p99 at 500 saves/s", 10))


@dataclass
class Told:
    """Milliseconds of saves and of the live stream that tells of them, and how many saves it never told of."""

    whole: list[float]
    """From the moment a save was due to the moment the stream told of it."""
    after: list[float]
    """From its acknowledgement on."""
    saves: list[float]
    """From the moment it was due to its acknowledgement."""
    lost: int

    def row(self, what: str, most: float) -> Row:
        """The row with its bar; where it is too long though the stream alone is not, it stays undecided."""
        slow, least = percentile(self.whole, 0.99), percentile(self.after, 0.99)
        note = (
            f"p50 {percentile(self.whole, 0.5):.2g} ms; p99 of the save alone {percentile(self.saves, 0.99):.2g} ms, "
            f"of the stream after it {least:.2g} ms"
        )
        return Row(
            what, "ms", slow, min(self.whole), max(self.whole), f"≤ {most:g} ms from the commit",
            not self.lost if slow <= most or self.lost else None if least <= most else False,
            note=f"{note}; {self.lost} NEVER HEARD OF" if self.lost else note,
        )  # fmt: skip


def told_live(writing: Server, telling: Server, rate: int, seconds: int) -> Told:
    """Saves of one asset at a steady rate to one server, and one live stream at the same or another."""
    count, warm = rate * seconds, rate
    columns = Warehouse().columns(range(count + warm))
    for number, one in enumerate(columns):
        one["name"] = f"live-{number:06d}"
    requests = [save_request(body("Column", [one])) for one in columns]
    with processes(2) as pool:
        pool.submit(ask_paced, writing.address, requests[count:], rate, 4).result()
        head = head_of(writing.address)
        heard_of = pool.submit(follow_names, telling.address, head, "live-", count, seconds + 15)
        time.sleep(0.3)
        moments = pool.submit(ask_paced, writing.address, requests[:count], rate, 4).result()
        heard = heard_of.result()
    names = [f"live-{number:06d}" for number in range(count)]
    known = [(heard[name], due, done) for name, (due, done) in zip(names, moments, strict=True) if name in heard]
    return Told(
        [1000 * (at - due) for at, due, _ in known] or [float("inf")],
        [1000 * (at - done) for at, _, done in known] or [float("inf")],
        [1000 * (done - due) for due, done in moments],
        count - len(known),
    )


def fan_out(bench: Bench) -> None:
    """Many live streams, saves of 1,000; then as many streams that read the same part of the log from its start."""
    assets = 1000 if bench.quick else 3000
    catalog = on_disk(bench, SQLITE).copy(base(bench), "fan")
    requests = [save_request(one) for one in bodies("Column", Warehouse().columns(range(assets)), 1000)]
    with Server(catalog.url) as server, processes(2) as pool:
        head = head_of(server.address)
        last = head + assets + assets // 20
        live = pool.submit(follow_all, server.address, head, last, CONSUMERS, 60.0)
        time.sleep(1.5)
        started = time.monotonic()
        pool.submit(ask_all, server.address, requests, 1).result()
        _add_fan(bench, f"SSE, {CONSUMERS} live consumers", live.result(), started)
        started = time.monotonic()
        again = pool.submit(follow_all, server.address, head, last, CONSUMERS, 60.0).result()
        _add_fan(bench, f"SSE, {CONSUMERS} consumers catching up", again, started)
    catalog.remove()


def _add_fan(bench: Bench, what: str, found: tuple[int, int, float], started: float) -> None:
    complete, events, finished = found
    rate = events / (finished - started)
    bench.add(
        Row(
            what, "events/s", rate, rate, rate, "all complete", complete == CONSUMERS,
            note=f"{complete} of {CONSUMERS} complete, {events:,} events together; indicative 100,000",
        )
    )  # fmt: skip


def start_and_memory(bench: Bench) -> None:
    """A new catalog; then a large one, in full runs."""
    path = bench.folder / "new.db"
    starts = []
    idle = 0.0
    for _ in range(3):
        remove(path)
        with Server(f"sqlite:///{path}") as server:
            starts.append(server.start_seconds)
            time.sleep(0.5)
            idle = server.resident_megabytes()
    remove(path)
    starts.sort()
    _add_most(bench, "start of the server, first time", "s", starts, 2)
    _add_most(bench, "memory of the server, idle", "MB", [idle], 100)
    if not bench.quick:
        _large(bench)


def _large(bench: Bench) -> None:
    reads = [
        request("GET", f"/api/events?after={position}&limit=100") for position in range(0, MILLION, MILLION // 200)
    ]
    saves = [save_request(body("Schema", [Warehouse().schema(number)])) for number in range(200)]
    starts = []
    used = 0.0
    with processes() as pool, borrowed(kept(bench, MILLION)) as path:
        for _ in range(3):
            with Server(f"sqlite:///{path}") as server:
                starts.append(server.start_seconds)
                pool.submit(ask_all, server.address, reads, 4).result()
                pool.submit(ask_all, server.address, saves, 4).result()
                used = max(used, server.resident_megabytes())
    starts.sort()
    _add_most(bench, "start of the server with 1M assets", "s", starts, 1)
    _add_most(bench, "memory of the server with 1M assets, after reads and saves", "MB", [used], 250)


def _add_most(bench: Bench, what: str, unit: str, values: list[float], most: float) -> None:
    middle = values[len(values) // 2]
    bench.add(Row(what, unit, middle, values[0], values[-1], f"≤ {most:g} {unit}", middle <= most, kept=len(values)))


def growth(bench: Bench, body: str) -> None:
    """Saves of 20 into a large catalog beside the same saves into one of 10,000 columns."""
    assets = QUICK_LARGE if bench.quick else MILLION
    rounds = Shape(20, 1, 60).sample_bodies(bench.most_rounds)
    small_path = bench.folder / "small-growth.db"
    if not small_path.exists():
        multiply(bench, small_path, STOCK)
    with lent(bench, body, assets, small_path) as urls:
        stores = [opened(url) for url in urls]
        for store in stores:
            fill(bench, store, GROWTH_TABLES)
        for url in urls:
            settle(url)
        large, small = (Writing(bench, store, 1, rounds) for store in stores)

        def ready(number: int) -> None:
            large.prepare(number)
            small.prepare(number)

        samples = in_turn(bench, bench.folder, {"large": large.run, "small": small.run}, ready)
        for store in stores:
            store.close()
    what = named(body, f"save, 20 per request, at {assets:,} assets against 10,000")
    note = "the limit is the smaller catalog"
    bench.add(row_of(what, "assets/s", [samples], ("large", ["small"]), ("≥ 0.8", 0.8), note))
