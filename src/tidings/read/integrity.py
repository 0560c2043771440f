"""Whether a catalog is sound: its file, the numbering of its log, and that replaying the log gives what is stored.

Everything is read from one snapshot, so that a server may go on writing meanwhile. Assets are compared in guid order,
one history beside one row; of links, and only of links, all are held in memory at once.

Where the start of the log was trimmed, what is left of it must tell the state all the same, as far as it speaks of it; what
it no longer speaks of cannot be looked at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from typing import TypeVar

import msgspec

from tidings.model.asset import Asset, Link
from tidings.model.events import EVERYTHING, LogRecord
from tidings.model.registry import TypeRegistry
from tidings.model.tag import Attachment
from tidings.read.replay import Replayed, detail_of, replay_asset
from tidings.read.replay_links import LinkReplay
from tidings.store.base import Snapshot, Store, pages
from tidings.store.tags import tags_of
from tidings.store.types import Types

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Called with what is being looked at, how much of it is done, and how much there is."""
MOST_PROBLEMS = 100
"""Problems that a report spells out; more are only counted."""
PAGE = 1000
_canonical = msgspec.msgpack.Encoder(order="deterministic")


class Report(msgspec.Struct, frozen=True):
    """What an inspection found. ``problems`` are sentences, the first of ``problem_count``; none in a sound catalog."""

    problems: list[str]
    problem_count: int
    assets: int
    events: int
    links: int
    first: int = 1
    """The first position that is left of the log."""
    told: str = ""
    """One text for all that the log alone tells, every asset and every link: the same for the same state."""

    @property
    def is_sound(self) -> bool:
        return self.problem_count == 0


def inspect(store: Store, types: Types, progress: Progress) -> Report:
    """Look at everything. Reads the log twice; holds a snapshot for as long as it takes, and writes nothing."""
    with store.snapshot() as snapshot:
        return inspect_snapshot(snapshot, types, progress)


def inspect_snapshot(snapshot: Snapshot, types: Types, progress: Progress) -> Report:
    """``inspect`` of what one snapshot shows."""
    return _Inspection(snapshot, types.of(snapshot), progress).run()


class _Inspection:
    def __init__(self, snapshot: Snapshot, types: TypeRegistry, progress: Progress) -> None:
        self.snapshot = snapshot
        self.types = types
        self.progress = progress
        self.problems: list[str] = []
        self.count = 0
        self.start = snapshot.log_start()
        self.start_time = 0
        self.links = LinkReplay(types, self.complain, trimmed=self.trimmed)
        self.told = hashlib.sha256()

    @property
    def trimmed(self) -> bool:
        return self.start > 1

    def complain(self, problem: str) -> None:
        self.count += 1
        if self.count <= MOST_PROBLEMS:
            self.problems.append(problem)

    def run(self) -> Report:
        self.progress("database", 0, 1)
        for damage in self.snapshot.damage()[: MOST_PROBLEMS - 1]:
            self.complain(f"database: {damage}")
        self.progress("database", 1, 1)
        if self.count:
            self.complain("the file is damaged, so its contents were not looked at; restore it from a backup")
            return Report(self.problems, self.count, 0, 0, 0, self.start)
        counts, head = self.snapshot.counts(), self.snapshot.head()
        self._look_at_cursors(head)
        assets, links = counts["active"] + counts["archived"], counts["links"]
        events = self._follow_log(head)
        for link in self.links.told():
            self.told.update(link)
        self._compare_links(links)
        self._compare_assets(assets)
        return Report(self.problems, self.count, assets, events, links, self.start, self.told.hexdigest())

    def _look_at_cursors(self, head: int) -> None:
        for cursor in self.snapshot.cursors():
            if cursor.position > head:
                self.complain(f"the cursor {cursor.name} is at {cursor.position}, beyond the end of the log, {head}")

    def _follow_log(self, head: int) -> int:
        """Positions and times in order; gathers the links that the log tells. Returns how many events there are."""
        last, count, time = self.start - 1, 0, 0
        records = pages(lambda after, limit: self.snapshot.log(after, limit, EVERYTHING)[0], 0, _position)
        for record in self._counted("log", records, head - last):
            count += 1
            self.start_time = self.start_time or record.time
            if record.position != last + 1:
                self.complain(f"position {record.position} comes after {last}")
            if record.time < time:
                self.complain(f"position {record.position}: its time is before that of the event before it")
            last, time = record.position, record.time
            detail = detail_of(record, self.complain)
            if detail is not None:
                self.links.follow(record, detail)
        return count

    def _compare_links(self, total: int) -> None:
        stored = pages(self.snapshot.links_in_order, (0, "", 0), lambda link: (link.end1, link.relationship, link.end2))
        for page in _chunks(self._counted("links", stored, total)):
            self._compare_links_of(page)
        for untaken in _chunks(self.links.rest()):
            guids = {guid for _, end1, end2 in untaken for guid in (end1, end2)}
            there = {name.guid for name in self.snapshot.names_by_guid(guids)}
            for relationship, end1, end2 in untaken:
                if end1 in there and end2 in there:
                    self.complain(f"link {relationship} from {end1} to {end2} is in the log, but not stored")

    def _compare_links_of(self, page: list[Link]) -> None:
        ends = {end for link in page for end in (link.end1, link.end2)}
        guids = {name.id: name.guid for name in self.snapshot.names_by_id(ends)}
        for link in page:
            end1, end2 = guids.get(link.end1), guids.get(link.end2)
            if end1 is None or end2 is None:
                self.complain(f"link {link.relationship} from {end1} to {end2} has an end that is not there")
                continue
            label = f"link {link.relationship} from {end1} to {end2}"
            told = self.links.take(link.relationship, end1, end2)
            here = msgspec.json.decode(link.encoded or b"{}")
            if told is None:
                if not self.links.may_be_older(link.relationship, end1, end2):
                    self.complain(f"{label} is stored, but not in the log")
            elif told != here:
                self.complain(f"{label} has the attributes {here}, but {told} in the log")

    def _compare_assets(self, total: int) -> None:
        """Both sides come in guid order, so that neither has to be searched."""
        stored = self._counted("assets", pages(self.snapshot.assets_in_guid_order, "", _guid), total)
        told = pages(self.snapshot.log_in_guid_order, ("", 0), lambda record: (record.guid, record.position))
        whole = self._with_tags(stored)
        one = next(whole, None)
        for guid, records in groupby(told, _guid):
            while one is not None and one[0].guid < guid:
                one = self._untold(one[0], whole)
            if one is not None and one[0].guid == guid:
                self._compare_asset(*one, records)
                one = next(whole, None)
            elif not self._replayed(records).gone:
                self.complain(f"{guid} is not stored, but the log does not say that it was purged")
        while one is not None:
            one = self._untold(one[0], whole)

    def _replayed(self, records: Iterable[LogRecord]) -> Replayed:
        told = replay_asset(records, self.types, self.complain, trimmed=self.trimmed)
        self.told.update(_canonical.encode(told))
        return told

    def _with_tags(self, stored: Iterator[Asset]) -> Iterator[tuple[Asset, list[Attachment]]]:
        for page in _chunks(stored):
            tags = tags_of([asset.id for asset in page], self.snapshot)
            yield from ((asset, tags.get(asset.id, [])) for asset in page)

    def _untold(
        self, asset: Asset, whole: Iterator[tuple[Asset, list[Attachment]]]
    ) -> tuple[Asset, list[Attachment]] | None:
        # Its last change is not told: it must be from before what is left of the log.
        if not self.trimmed or asset.updated_at > self.start_time:
            self.complain(f"{asset.type_name} {asset.guid} is stored, but not in the log")
        return next(whole, None)

    def _compare_asset(self, asset: Asset, tags: list[Attachment], records: Iterable[LogRecord]) -> None:
        told = self._replayed(records)
        label = f"{asset.type_name} {asset.guid}"
        if told.gone:
            self.complain(f"{label} is stored, but purged in the log")
        for difference in told.differences(asset, tags):
            self.complain(f"{label}: {difference}")
        if asset.attributes.get("qualifiedName") != asset.qualified_name:
            self.complain(f"{label}: the attribute qualifiedName is not the qualified_name {asset.qualified_name!r}")

    def _counted(self, what: str, found: Iterator[T], total: int) -> Iterator[T]:
        self.progress(what, 0, total)
        for done, one in enumerate(found, 1):
            yield one
            if done % PAGE == 0:
                self.progress(what, done, total)
        self.progress(what, total, total)


def _position(record: LogRecord) -> int:
    return record.position


def _guid(one: Asset | LogRecord) -> str:
    return one.guid


def _chunks(found: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(found, PAGE)):
        yield chunk
