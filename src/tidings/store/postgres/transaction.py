"""The writer's transaction: reads as everybody's, and the few set-based writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from tidings.model.asset import Asset, Link
from tidings.model.changes import Changes, TagRows
from tidings.model.events import Event
from tidings.model.ids import new_guid
from tidings.model.typedefs import Definition
from tidings.store.body_transaction import BodyTransaction
from tidings.store.names import Names
from tidings.store.postgres import raw
from tidings.store.postgres.arrays import byteas, int2s, int4s, int8s, int8s_or_none, texts, wanted_texts
from tidings.store.postgres.database import SQL
from tidings.store.postgres.keys import glossary_key_of
from tidings.store.postgres.reader import Known, PostgresReader
from tidings.store.postgres.wire import Wire
from tidings.store.rows import OPERATION_NUMBERS, AssetRows, attachment_content, stamped_row
from tidings.store.tables import ASSET, LOG, Row, Table
from tidings.store.texts import refuse_zero, refuse_zeros

COPY_FROM = 50
"""From how many rows on they are copied: it takes an exchange of its own, and then each row costs less."""

Pack = Callable[[Any], bytes]
_ASSET: tuple[Pack, ...] = (
    int8s, texts, texts, texts, int2s, int4s, int8s, texts, int8s, texts, byteas, byteas, texts, byteas,
)  # fmt: skip
_UPDATE: tuple[Pack, ...] = (texts, int2s, int4s, int8s, texts, byteas, byteas, texts, byteas, int8s)
_STAMP: tuple[Pack, ...] = (int2s, int4s, int8s, texts, int8s)
_LINK: tuple[Pack, ...] = (int8s, int4s, int8s, byteas)
_EVENT: tuple[Pack, ...] = (int8s, int8s, int2s, texts, texts, texts, int8s_or_none, byteas, byteas, byteas)
_ATTACHMENT: tuple[Pack, ...] = (int8s, int8s, texts, texts, int2s, int2s, int2s, int2s, int2s, byteas)
_CONTENT: tuple[Pack, ...] = (int8s, int2s, int2s, int2s, int2s, int2s, byteas)
_PAIR: tuple[Pack, ...] = (int8s, int8s)


class PostgresTransaction(PostgresReader, BodyTransaction):
    """Implements ``Transaction``. Whoever has it holds the lock of the one writer."""

    def __init__(self, wire: Wire, names: Names, known: Known, now: int, next_id: int) -> None:
        PostgresReader.__init__(self, wire, names, known)
        BodyTransaction.__init__(self, now, known.head, next_id)
        self.proof = b""
        """What the last event that it appended holds, its cause and version: nobody else's is the same."""

    def _do(self, statement: str, *values: Any) -> None:
        self.wire.later(statement, *values)

    def _keep_value(self, name: str, value: str | None) -> None:
        raw.set_value(self.wire, name, value)

    def relationship_number(self, name: str) -> int:
        number = self._known_number(name)
        if number is None:
            known = self._all_relationships()
            number = known[name] = max(known.values(), default=0) + 1
            self.names.by_number[number] = name  # the writer forgets both again if the request is undone
            self.known.relationships += 1
            self.wire.later(SQL.add_relationship, name, number)
        return number

    def _all_relationships(self) -> dict[str, int]:
        if len(self.names.relationships) < self.known.relationships:
            self._look_up_relationships()
        return self.names.relationships

    def save(self, changes: Changes) -> None:
        self.wrote = True
        rows = AssetRows(changes)
        refuse_zeros(rows.written())
        self._insert(SQL.insert_asset, _ASSET, list(map(_row, rows.created.values())), raw.SQL.fill_asset, ASSET)
        self._run(SQL.update_asset, _UPDATE, list(map(_rewritten, rows.rewritten.values())))
        self._run(SQL.stamp_asset, _STAMP, list(map(stamped_row, rows.stamped.values())))
        self._save_links(changes)
        if rows.purged:
            self._purge(list(rows.purged))

    def _insert(
        self, sql: str, packs: Sequence[Pack], rows: Sequence[tuple[Any, ...]], copy: str, table: Table
    ) -> None:
        if len(rows) < COPY_FROM:
            self._run(sql, packs, rows)
        else:
            self.wire.copy(copy, raw.types_of(table), rows)

    def _run(self, sql: str, packs: Sequence[Pack], rows: Sequence[tuple[Any, ...]]) -> None:
        """A statement over a set of rows, each column of which travels as an array."""
        if rows:
            self.wire.later(sql, *(pack(column) for pack, column in zip(packs, zip(*rows, strict=True), strict=True)))

    def _save_links(self, changes: Changes) -> None:
        links = (changes.removed, changes.added, changes.changed)
        numbers = {
            name: self.relationship_number(name) for name in {link.relationship for some in links for link in some}
        }

        def rows(some: Sequence[Link]) -> list[tuple[int, int, int, bytes | None]]:
            return [(link.end1, numbers[link.relationship], link.end2, link.encoded) for link in some]

        self._run(SQL.delete_link, _LINK[:3], [row[:3] for row in rows(changes.removed)])
        self._run(SQL.insert_link, _LINK, rows(changes.added))
        self._run(SQL.update_link, _LINK, rows(changes.changed))

    def _purge(self, ids: list[int]) -> None:
        wanted = int8s(ids)
        for sql in (SQL.purge_links_by_end1, SQL.purge_links_by_end2, SQL.purge_tagged, SQL.purge_assets):
            self.wire.later(sql, wanted)
        self.wire.later(SQL.set_highest_purged_id, str(max(ids)))

    def save_tags(self, rows: TagRows) -> None:
        self.wrote = True
        self._run(
            SQL.insert_attachment,
            _ATTACHMENT,
            [(one.id, one.source, one.guid, one.tag, *attachment_content(one)) for one in rows.attached],
        )
        self._run(SQL.update_attachment, _CONTENT, [(one.id, *attachment_content(one)) for one in rows.changed])
        self._run(SQL.untag_asset, _PAIR, rows.untagged)
        self._run(SQL.tag_asset, _PAIR, rows.tagged)
        if rows.forgotten:
            self.wire.later(SQL.forget_attachments, int8s(rows.forgotten))
            [(self.known.has_tags,)] = self.wire.rows(SQL.has_tags)
        elif rows.attached:
            self.known.has_tags = True

    def save_definitions(self, definitions: Collection[Definition]) -> None:
        for one in definitions:
            refuse_zero("the type's name", one.name)
        self.wrote = True
        for one in definitions:
            self.wire.later(SQL.save_definition, one.name, one.category, one.guid, one.body)
        self._stamp_types()

    def remove_definitions(self, names: Collection[str]) -> None:
        self.wrote = True
        self.wire.later(SQL.remove_definitions, wanted_texts(names))
        self._stamp_types()

    def _stamp_types(self) -> None:
        self.known.types_stamp = new_guid()
        self.wire.later(SQL.set_types_stamp, self.known.types_stamp)

    def append(self, events: Iterable[Event]) -> int:
        self.wrote = True
        first, rest, left = self.head + 1, iter(events), list[Event]()
        while some := left + list(islice(rest, COPY_FROM - len(left))):
            self._look_up_fillers({event.filler for event in some})
            if len(some) < COPY_FROM:
                self._run(SQL.insert_event, _EVENT, [self._log_row(event) for event in some])
            left = self._copy_events(chain(some, rest)) if len(some) >= COPY_FROM else []
        return first

    def _copy_events(self, events: Iterable[Event]) -> list[Event]:
        """Until one comes whose filler has no number that is known; that one. Events are made while the database takes in
        those before, and are never in memory together."""
        left: list[Event] = []
        known = self.names.filler_numbers

        def rows() -> Iterator[tuple[Any, ...]]:
            for event in events:
                if event.filler and event.filler not in known:
                    left.append(event)
                    return
                yield self._log_row(event)

        self.wire.copy(raw.SQL.fill_log, raw.types_of(LOG), rows())
        return left

    def _log_row(self, event: Event) -> tuple[Any, ...]:
        self.head += 1
        self.proof = event.detail
        return (
            self.head, event.time, OPERATION_NUMBERS[event.operation], event.guid, event.type_name, event.qualified_name,
            self.names.filler_numbers.get(event.filler), event.opening, event.ending, event.detail,
        )  # fmt: skip

    def _look_up_fillers(self, fillers: set[bytes]) -> None:
        """Know their numbers; those that nobody has drawn yet are drawn here. The empty one has none."""
        known = self.names.filler_numbers
        if unknown := {one for one in fillers if one and one not in known}:
            hashes = byteas([hashlib.sha256(one).digest() for one in unknown])
            known.update((text, number) for number, text in self.wire.rows(SQL.filler_of, hashes))
            if new := [one for one in unknown if one not in known]:
                known.update((text, number) for number, text in self.wire.rows(SQL.add_filler, byteas(new)))

    def fill(self, table: Table, rows: Sequence[Row]) -> None:
        self.wrote = self.moved = True
        raw.fill(self.wire, table, rows)


def _row(a: Asset) -> tuple[Any, ...]:
    return (
        a.id, a.guid, a.type_name, a.qualified_name, a.status, a.version, a.created_at, a.created_by, a.updated_at,
        a.updated_by, a.encoded, a.custom, a.connection, glossary_key_of(a.type_name, a.encoded),
    )  # fmt: skip


def _rewritten(a: Asset) -> tuple[Any, ...]:
    return (
        a.qualified_name, a.status, a.version, a.updated_at, a.updated_by, a.encoded, a.custom, a.connection,
        glossary_key_of(a.type_name, a.encoded), a.id,
    )  # fmt: skip
