"""``tidings demo``: a catalog, a little database, and every kind of change with its events, in under a minute."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from rich.text import Text

from tidings.cli.answers import count, show_event, show_events
from tidings.cli.crawl import load_crawler
from tidings.cli.demo_server import Server, started
from tidings.cli.screen import Screen, json_option, pass_screen, plain, table
from tidings.cli.stopping import stopped_by_signals
from tidings.client import Client, JsonObject
from tidings.model.errors import ClientError

SHOP = Path(__file__).with_name("demo_shop.sql")
SHOP_CHANGED = Path(__file__).with_name("demo_shop_changed.sql")
MOST_LINES = 12
TAG, STEWARDSHIP, STEWARD = "Personal data", "Stewardship", "Steward"


@click.command()
@click.option("--keep", is_flag=True, help="Leave the server running afterwards, until Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the server; 0 takes any free one.")
@click.option(
    "--pace", type=click.FloatRange(0, 60), help="Seconds between two acts; default: 1 on a terminal, else 0."
)
@json_option
@pass_screen
def demo(screen: Screen, keep: bool, port: int, pace: float | None) -> None:
    """Watch a catalog at work, in under a minute.

    Crawls a small database, changes things, and shows each event with a word on why it came. Everything happens in a
    temporary folder and is gone afterwards. It tells its story on pipes too; --json gives the events alone.
    """
    screen.prefer_people()
    pace = pace if pace is not None else float(screen.out.is_terminal)
    with (
        stopped_by_signals(),
        tempfile.TemporaryDirectory(prefix="tidings-demo-") as folder,
        started(Path(folder), port) as server,
    ):
        _play(screen, server, Path(folder), pace)
        if screen.people:
            _where_next(screen, keep)
        if keep:
            _wait(screen, server)


def _play(screen: Screen, server: Server, folder: Path, pace: float) -> None:
    with (
        Client(server.url, server.token) as client,
        contextlib.closing(Tour(screen, client, folder / "shop.db", pace)) as tour,
    ):
        tour.play()


class Tour:
    """The acts, in order, over one live stream that is open from the first to the last."""

    def __init__(self, screen: Screen, client: Client, shop: Path, pace: float) -> None:
        self._screen = screen
        self._client = client
        self._shop = shop
        self._pace = pace
        self._crawl = load_crawler()
        self._stream = client.stream(0)
        self._seen = 0
        self._counts: Counter[str] = Counter()

    def close(self) -> None:
        self._stream.close()

    def play(self) -> None:
        """Every act, then what it all came to."""
        begun = time.monotonic()
        for number, (title, why, act) in enumerate(self._acts(), 1):
            self._announce(f"{number}. {title}", why)
            act()
            self._listen()
            time.sleep(self._pace)
        self._sum_up(time.monotonic() - begun)

    def _acts(self) -> tuple[tuple[str, str, Callable[[], None]], ...]:
        return (
            ("Crawl a database",
             "A shop in SQLite: four tables and a view. Every asset is new, so each gets one CREATE.", self._found_shop),
            ("Crawl it again after a night of ALTER TABLE",
             "A column came, one went, a table was added: only those are told of, and what holds them.",
             self._change_shop),
            ("Crawl it once more", "Nothing changed in the shop, so there is nothing to say.", self._crawl_shop),
            ("Save a table back exactly as it was read",
             "An automation that answers an event by saving what is there already must not loop.", self._save_back),
            ("Describe and certify the table customers",
             "One UPDATE for the whole request; the event says what each value was before.", self._describe),
            ("Tag customers as personal data",
             "The tag travels down to the columns; everybody who gains it hears of it, exactly once.", self._tag),
            ("Save a process that reads customers and fills revenue",
             "Lineage: the process is new, both its ends hear of it, and the tag travels on.", self._draw_lineage),
            ("Say who answers for customers", "Custom metadata: one event, with just what changed.", self._steward),
            ("Take the tag off again", "It leaves exactly those who had it from there.",
             lambda: self._done(self._client.remove_tag(TAG, [self._guid("customers")]), "UPDATE")),
            ("Ask what archiving orders would do",
             "A dry run goes the whole way and is then undone: the events it shows never happened.", self._dry_run),
            ("Archive the table order_items", "One DELETE for it; its columns stay as they are.",
             lambda: self._done(self._client.delete([self._guid("order_items")]), "DELETE")),
            ("Restore it", "An archived asset comes back with an UPDATE, never with a second CREATE.",
             lambda: self._done(self._client.restore([self._guid("order_items")]), "UPDATE")),
            ("Purge the table refunds", "Gone for good; its history stays in the log.",
             lambda: self._done(self._client.delete([self._guid("refunds")], delete_type="PURGE"), "DELETE")),
        )  # fmt: skip

    # --- the acts --------------------------------------------------------------------------------------------------

    def _found_shop(self) -> None:
        _run_sql(self._shop, SHOP)
        self._crawl_shop()

    def _change_shop(self) -> None:
        _run_sql(self._shop, SHOP_CHANGED)
        self._crawl_shop()

    def _crawl_shop(self) -> None:
        self._crawl(self._client, f"sqlite:///{self._shop}")

    def _save_back(self) -> None:
        self._client.save([self._client.get(self._guid("customers"))])

    def _describe(self) -> None:
        now = {"description": "Everybody who ever bought something", "certificateStatus": "VERIFIED"}
        table_now = self._client.get(self._guid("customers"))
        identity = {name: table_now["attributes"][name] for name in ("qualifiedName", "name")}
        self._client.save([{"typeName": "Table", "attributes": {**identity, **now}}])

    def _tag(self) -> None:
        self._client.define({"classificationDefs": [{"name": TAG, "displayName": TAG}]})
        self._done(self._client.put_tag({"typeName": TAG, "propagate": True}, [self._guid("customers")]), "UPDATE")

    def _draw_lineage(self) -> None:
        source = self._client.get(self._guid("customers"))["attributes"]
        name = f"{source['connectionQualifiedName']}/fill-revenue"
        ends = {"inputs": [{"guid": self._guid("customers")}], "outputs": [{"guid": self._guid("revenue", "View")}]}
        process = {"name": "fill revenue", "qualifiedName": name, **ends}
        self._done(self._client.save([{"typeName": "Process", "attributes": process}]), "CREATE")

    def _steward(self) -> None:
        steward = {"name": STEWARD, "displayName": STEWARD, "typeName": "string", "cardinality": "SINGLE"}
        stewardship = {"name": STEWARDSHIP, "displayName": STEWARDSHIP, "attributeDefs": [steward]}
        self._client.define({"businessMetadataDefs": [stewardship]})
        values = {STEWARDSHIP: {STEWARD: "the sales team"}}
        self._done(self._client.set_custom_metadata(self._guid("customers"), values), "UPDATE")

    def _dry_run(self) -> None:
        show_events(self._screen, self._client.delete([self._guid("orders")], dry_run=True))

    def _done(self, answer: JsonObject, kind: str) -> None:
        """Holds an act to its word."""
        if not count(answer, kind):
            raise ClientError("the demonstration went wrong: a change that was asked for did not happen")

    def _guid(self, name: str, kind: str = "Table") -> str:
        """The guid of one of the shop's tables, or of its view."""
        for one in self._client.assets(type_names=(kind,)):
            if one["attributes"].get("name") == name:
                return str(one["guid"])
        raise ClientError(f"the demonstration went wrong: the catalog has no {kind} {name}")

    # --- telling ---------------------------------------------------------------------------------------------------

    def _announce(self, title: str, why: str) -> None:
        if self._screen.people:
            self._screen.show("", Text(title, style="bold"), Text(f"   {why}", style="dim"))

    def _listen(self) -> None:
        """Shows what the stream brings, up to the head of the log as it is after the act."""
        shown = 0
        for position, event in self._arriving(self._client.head()):
            shown += 1
            self._counts[event["message"]["operationType"]] += 1
            if shown <= MOST_LINES or not self._screen.people:
                show_event(self._screen, event, position)
        if self._screen.people:
            hidden = f", the last {shown - MOST_LINES} not shown" if shown > MOST_LINES else ""
            words = f"   {shown} {'event' if shown == 1 else 'events'}{hidden}"
            self._screen.show(Text(words, style="dim" if shown else "bold green"))

    def _arriving(self, head: int) -> Iterator[tuple[int, JsonObject]]:
        while self._seen < head:
            self._seen, event = next(self._stream)
            yield self._seen, event

    def _sum_up(self, seconds: float) -> None:
        if self._screen.people:
            rows = sorted(self._counts.items())
            self._screen.show("", table("event", "count", rows=rows, title=f"{self._seen} events in {seconds:.1f} s"))


def _run_sql(database: Path, script: Path) -> None:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.executescript(script.read_text("utf-8"))


def _where_next(screen: Screen, keep: bool) -> None:
    screen.show("", Text("Where to go from here", style="bold"))
    if not keep:
        screen.show("  tidings demo --keep   the same, and the server stays for you to play with")
    screen.show("  tidings serve         a catalog of your own; then: tidings crawl, tidings tail")
    screen.show("  /api/docs             every call of a running server, described")
    screen.show("  README.md, docs/      how it works, and what it promises")


def _wait(screen: Screen, server: Server) -> None:
    """Until Ctrl-C, which is the way this is meant to end."""
    with contextlib.suppress(KeyboardInterrupt):
        _invite(screen, server)
        server.wait()
        raise ClientError("the server has stopped by itself")


def _invite(screen: Screen, server: Server) -> None:
    if screen.people:
        screen.show("", f"The server stays at {server.url}, described at {server.url}/api/docs")
        screen.show("  in another terminal:", f"  export TIDINGS_URL={server.url} TIDINGS_TOKEN={plain(server.token)}",
                    "  tidings tail --after 0")  # fmt: skip
    else:
        screen.record({"url": server.url, "token": server.token})
    screen.note("stop with Ctrl-C")
