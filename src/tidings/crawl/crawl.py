"""One crawl: read the database, find its connection, archive what is gone, save what is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import msgspec

from tidings.crawl.address import Address, parse
from tidings.crawl.assets import (
    CRAWLED_TYPES,
    Entity,
    Home,
    Key,
    batches,
    below,
    entities_of,
    key,
    with_parents,
)
from tidings.crawl.source import Progress, SourceDatabase, read_source
from tidings.model.errors import Conflict, UnknownName

ASSETS_PER_REQUEST = 2_000


class Catalog(Protocol):
    """What a crawl needs of a catalog, with answers as the protocol has them; ``tidings.client.Client`` is one."""

    def save(self, entities: list[dict[str, Any]], /, *, dry_run: bool = False) -> dict[str, Any]: ...

    def delete(self, guids: list[str], /, *, dry_run: bool = False) -> dict[str, Any]:
        """Archive assets."""
        ...

    def assets(
        self, *, type_names: Sequence[str] = (), name_prefix: str = "", status: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """Entity headers with their attributes; ``status`` ACTIVE, DELETED, or None for both."""
        ...


class CrawlReport(msgspec.Struct, frozen=True):
    """What a crawl came to; with ``dry_run``, what it would have come to.

    ``connection`` is the connection's qualifiedName. ``assets_seen`` counts what is at the source, the connection
    included: what was created, restored, updated or unchanged. ``archived`` was in the catalog only. ``updated`` may
    also hold assets that are not at the source but heard of a change, such as the former parent of a column.
    ``requests`` counts those that could change something.
    """

    connection: str
    assets_seen: int
    created: int
    updated: int
    restored: int
    archived: int
    unchanged: int
    requests: int


def _quiet(stage: str, done: int, total: int) -> None:
    """Nobody watches."""


def crawl(
    catalog: Catalog,
    url: str,
    *,
    connection: str | None = None,
    system: bool = False,
    dry_run: bool = False,
    progress: Progress = _quiet,
    now: Callable[[], float] = time.time,
) -> CrawlReport:
    """Bring the catalog into line with the database at ``url``, an address as SQLAlchemy takes it.

    ``connection`` is the name or the qualifiedName of the connection to use, by default the database's name; it is
    made where there is none. Several databases may share one: what another database holds there is not touched, nor,
    unless ``system`` asks for them, are the database's own catalogs. ``progress(stage, done, total)`` hears of the
    stages read, list, archive and save; ``total`` is 0 where it is not known. ``now`` gives seconds since 1970.

    Raises InvalidParameter for a URL that cannot be used, ConfigError for a driver that is not installed, ClientError
    for a database that cannot be reached, Conflict where it is not clear which connection is meant, UnknownName for a
    qualifiedName that no connection has, and what the catalog raises. A crawl that failed half way is put right by the
    next one.
    """
    address = parse(url)
    source = read_source(address, system=system, progress=progress)
    home = _home(catalog, address, connection, source.name, now)
    run = _Run(catalog, dry_run, progress, _known(catalog, home, source, progress))
    if connection is None:
        _refuse_another(run.known, home, source)
    wanted = entities_of(source, home)
    run.archive({key(one) for one in wanted})
    run.save(wanted)
    return run.report(home, wanted)


def _home(catalog: Catalog, address: Address, asked: str | None, database: str, now: Callable[[], float]) -> Home:
    """The connection by name or qualifiedName, else a new one."""
    prefix = f"default/{address.connector}/"
    headers = list(catalog.assets(type_names=("Connection",), name_prefix=prefix))
    name = asked or database
    fitting = [one for one in headers if name in (one["attributes"].get("name"), one["attributes"]["qualifiedName"])]
    fitting = [one for one in fitting if one["status"] == "ACTIVE"] or fitting
    if len(fitting) > 1:
        names = ", ".join(sorted(one["attributes"]["qualifiedName"] for one in fitting))
        raise Conflict(f"Several connections are called {name}; name one by its qualifiedName: {names}")
    category = "database"
    if fitting:
        found = fitting[0]["attributes"]
        name, qualified_name = found["name"], found["qualifiedName"]
        category = found.get("category") or category
    elif name.startswith("default/"):
        raise UnknownName("Connection", name)
    else:
        qualified_name = _free_name(prefix, {one["attributes"]["qualifiedName"] for one in headers}, int(now()))
    return Home(name, qualified_name, address.connector, address.host, address.port, address.shown, category)


def _free_name(prefix: str, taken: set[str], moment: int) -> str:
    while f"{prefix}{moment}" in taken:
        moment += 1
    return f"{prefix}{moment}"


class Known(msgspec.Struct, frozen=True):
    """An asset as the catalog has it. ``source_url`` is that of a database."""

    guid: str
    active: bool
    source_url: str | None


def _known(catalog: Catalog, home: Home, source: SourceDatabase, progress: Progress) -> dict[Key, Known]:
    """What the catalog has of this database, archived or not, but for schemas that the crawl did not read."""
    database = below(home.qualified_name, source.name)
    unread = tuple(below(database, name) for name in source.unread)
    known: dict[Key, Known] = {}
    for one in _listed(catalog, home.qualified_name, database):
        name = one["attributes"]["qualifiedName"]
        if not _within(name, unread):
            url = one["attributes"].get("sourceURL")
            known[one["typeName"], name] = Known(one["guid"], one["status"] == "ACTIVE", url)
            if len(known) % 1_000 == 0:
                progress("list", len(known), 0)
    progress("list", len(known), len(known))
    return known


def _listed(catalog: Catalog, connection: str, database: str) -> Iterator[dict[str, Any]]:
    for type_name, name in (("Connection", connection), ("Database", database)):
        for one in catalog.assets(type_names=(type_name,), name_prefix=name):
            if one["attributes"]["qualifiedName"] == name:
                yield one
    yield from catalog.assets(type_names=CRAWLED_TYPES, name_prefix=f"{database}/")


def _within(name: str, parents: tuple[str, ...]) -> bool:
    return any(name == one or name.startswith(f"{one}/") for one in parents)


def _refuse_another(known: dict[Key, Known], home: Home, source: SourceDatabase) -> None:
    """Two databases of one name are not taken for one another, unless the connection was named."""
    stored = known.get(("Database", below(home.qualified_name, source.name)))
    if stored and stored.source_url and stored.source_url != home.shown:
        raise Conflict(
            f"The connection {home.name} already holds the database of that name at {stored.source_url}; name the "
            f"connection for {home.shown}, the same where it has only moved"
        )


class _Run:
    """Sends requests and counts what comes of them.

    Assets are counted by placeholder, since in a dry run a new asset gets another guid with every request; those that
    were not sent, by guid.
    """

    def __init__(self, catalog: Catalog, dry_run: bool, progress: Progress, known: dict[Key, Known]) -> None:
        self.catalog = catalog
        self.dry_run = dry_run
        self.progress = progress
        self.known = known
        self.placeholders: dict[str, str] = {}
        self.created: set[str] = set()
        self.touched: set[str] = set()
        self.archived: set[str] = set()
        self.requests = 0

    def archive(self, wanted: set[Key]) -> None:
        """Archive what is active and not wanted. First, so that what takes its place finds it gone."""
        gone = [name for name, one in self.known.items() if one.active and name not in wanted]
        # Families together, children before their parents, also across requests.
        gone.sort(key=lambda name: (name[1].split("/"), name[0]), reverse=True)
        for start in range(0, len(gone), ASSETS_PER_REQUEST):
            self.progress("archive", start, len(gone))
            guids = [self.known[name].guid for name in gone[start : start + ASSETS_PER_REQUEST]]
            self.archived.update(_changed(self.catalog.delete(guids, dry_run=self.dry_run), "DELETE"))
            self.requests += 1
        self.progress("archive", len(gone), len(gone))

    def save(self, wanted: list[Entity]) -> None:
        """Save everything; the catalog itself finds out what differs."""
        by_key = {key(one): one for one in wanted}
        done = 0
        for batch in batches(wanted, ASSETS_PER_REQUEST):
            self.progress("save", done, len(wanted))
            # A dry run leaves nothing behind to which the next request could refer.
            self._take(self.catalog.save(with_parents(batch, by_key) if self.dry_run else batch, dry_run=self.dry_run))
            done += len(batch)
        self.progress("save", done, len(wanted))

    def _take(self, answer: dict[str, Any]) -> None:
        self.placeholders |= {guid: sent for sent, guid in answer.get("guidAssignments", {}).items()}
        self.created.update(self.placeholders.get(guid, guid) for guid in _changed(answer, "CREATE"))
        self.touched.update(self.placeholders.get(guid, guid) for guid in _changed(answer, "UPDATE"))
        self.requests += 1

    def report(self, home: Home, wanted: list[Entity]) -> CrawlReport:
        back = {one["guid"] for one in wanted if (stored := self.known.get(key(one))) and not stored.active}
        restored = self.touched & back
        # In a dry run what was archived is still there, and hears of what takes its place.
        updated = self.touched - restored - self.created - self.archived
        sent = {one["guid"] for one in wanted}
        return CrawlReport(
            connection=home.qualified_name,
            assets_seen=len(wanted),
            created=len(self.created),
            updated=len(updated),
            restored=len(restored),
            archived=len(self.archived),
            unchanged=len(sent - updated - restored - self.created),
            requests=self.requests,
        )


def _changed(answer: dict[str, Any], how: str) -> list[str]:
    """The guids that an answer lists as changed in one way."""
    return [one["guid"] for one in answer.get("mutatedEntities", {}).get(how, ())]
