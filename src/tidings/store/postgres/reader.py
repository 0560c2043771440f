"""Reads, the same for the writer's own transaction and for readers on snapshots."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec

from tidings.model.asset import Asset, AssetName, Link
from tidings.store.body_reader import BodyReader
from tidings.store.names import Names
from tidings.store.postgres import raw
from tidings.store.postgres.arrays import byteas, int8s, texts, wanted_texts
from tidings.store.postgres.database import SESSION, SQL
from tidings.store.postgres.keys import INDEXED, glossary_key
from tidings.store.postgres.wire import Row, Wire


class Known(msgspec.Struct):
    """What a transaction or snapshot was told when it began, and need not ask."""

    head: int
    relationships: int
    """How many relationships have a number."""
    types_stamp: str
    has_tags: bool


class _Named(msgspec.Struct):
    connection: str | None = msgspec.field(default=None, name="connectionQualifiedName")


_decode_named = msgspec.json.Decoder(_Named).decode


class PostgresReader(BodyReader):
    """Implements ``Reader`` over one connection."""

    sql = SQL

    def __init__(self, wire: Wire, names: Names, known: Known) -> None:
        self.wire = wire
        self.names = names
        self.known = known

    def _ask(self, statement: str, *values: Any) -> list[Any]:
        return self.wire.rows(statement, *values)

    def _ask_of(self, statement: str, wanted: Collection[int]) -> list[Any]:
        return self.wire.rows(statement, int8s(wanted)) if wanted else []

    def _by_name(self, sql: str, names: Collection[str]) -> list[Row]:
        if not names:
            return []
        return self.wire.rows(sql, wanted_texts(names), wanted_texts({name[:INDEXED] for name in names}))

    def assets_by_guid(self, guids: Collection[str]) -> list[Asset]:
        return [Asset(*row) for row in self.wire.rows(SQL.assets_by_guid, wanted_texts(guids))] if guids else []

    def assets_by_name(self, qualified_names: Collection[str]) -> list[Asset]:
        return [Asset(*row) for row in self._by_name(SQL.assets_by_name, qualified_names)]

    def names_by_guid(self, guids: Collection[str]) -> list[AssetName]:
        return [AssetName(*row) for row in self.wire.rows(SQL.names_by_guid, wanted_texts(guids))] if guids else []

    def names_by_name(self, qualified_names: Collection[str]) -> list[AssetName]:
        return [AssetName(*row) for row in self._by_name(SQL.names_by_name, qualified_names)]

    def glossary_assets(self, names: Collection[str]) -> list[tuple[str, AssetName]]:
        if not names:
            return []
        meant = {glossary_key(name): name for name in names}
        rows = self.wire.rows(SQL.glossary_assets, byteas(meant))
        return [(meant[key], AssetName(*found)) for key, *found in rows]

    def links(self, relationship: str, side: int, ids: Collection[int]) -> list[Link]:
        number = self._known_number(relationship) if ids else None
        if number is None:
            return []
        sql = SQL.links_by_end1 if side == 1 else SQL.links_by_end2
        return [Link(relationship, *row) for row in self.wire.rows(sql, int8s(ids), number)]

    def all_links(self, ids: Collection[int]) -> list[Link]:
        # In the embedded body's order, so that what follows from it is told in the same order too.
        return sorted(self._links(self.wire.rows(SQL.all_links, int8s(ids))), key=_link_key) if ids else []

    def _links(self, rows: list[Row]) -> list[Link]:
        named = self._relationship_names()
        return [Link(named[number], end1, end2, encoded) for number, end1, end2, encoded in rows]

    def neighbours(
        self, ids: Collection[int], ahead: Collection[str], behind: Collection[str]
    ) -> list[tuple[int, str, int]]:
        found: list[tuple[int, str, int]] = []
        for sql, names in ((SQL.neighbours_ahead, ahead), (SQL.neighbours_behind, behind)):
            if ids and (numbers := self._known_numbers(names)):
                named = self._relationship_names()
                rows = self.wire.rows(sql, int8s(ids), int8s(numbers))
                found += [(own, named[number], other) for own, number, other in rows]
        return found

    def with_lineage(
        self,
        ids: Collection[int],
        inputs: tuple[Collection[str], Collection[str]],
        outputs: tuple[Collection[str], Collection[str]],
    ) -> set[int]:
        numbers = [self._known_numbers(names) for names in (*inputs, *outputs)]
        if not ids or not any(numbers[:2]) or not any(numbers[2:]):
            return set()
        return {own for (own,) in self.wire.rows(SQL.with_lineage, int8s(ids), *map(int8s, numbers))}

    def link_at(self, relationship: int, end1: int, end2: int) -> Link | None:
        rows = self.wire.rows(SQL.link_at, relationship, end1, end2)
        return self._links(rows)[0] if rows else None

    def has_tags(self) -> bool:
        return self.known.has_tags

    def children(self, ids: Collection[int], ahead: Collection[str], behind: Collection[str]) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for sql, names in ((SQL.children_ahead, ahead), (SQL.children_behind, behind)):
            if ids and (numbers := self._known_numbers(names)):
                found += self.wire.rows(sql, int8s(ids), int8s(numbers))
        return found

    def connections_named(self, ids: Collection[int]) -> list[tuple[int, str | None]]:
        return [
            (own, _decode_named(attributes).connection if connection is None else connection)
            for own, connection, attributes in self._ask_of(SQL.connections_named, ids)
        ]

    def types_stamp(self) -> str:
        return self.known.types_stamp

    def assets_by_type(self, type_names: Collection[str]) -> dict[str, int]:
        return dict(self._of_whole_tables(SQL.assets_by_type, wanted_texts(type_names))) if type_names else {}

    def links_by_relationship(self, names: Collection[str]) -> dict[str, int]:
        numbers = self._known_numbers(names)
        if not numbers:
            return {}
        named = self._relationship_names()
        rows = self._of_whole_tables(SQL.links_by_relationship, int8s(numbers))
        return {named[number]: count for number, count in rows}

    def attachments_by_tag(self, tags: Collection[str]) -> dict[str, int]:
        return dict(self.wire.rows(SQL.attachments_by_tag, wanted_texts(tags))) if tags else {}

    def attribute_holders(self, type_names: Collection[str], attribute: str, values: Collection[str] = ()) -> int:
        wanted = (wanted_texts(type_names), _as_document(attribute), _as_documents(values))
        [(count,)] = self._of_whole_tables(SQL.attribute_holders, *wanted)
        return int(count)

    def custom_holders(self, custom_set: str, attribute: str = "", values: Collection[str] = ()) -> int:
        path = [_as_document(part) for part in (custom_set, attribute) if part]
        [(count,)] = self._of_whole_tables(SQL.custom_holders, texts(path), _as_documents(values))
        return int(count)

    def values(self) -> dict[str, str]:
        return raw.values(self.wire)

    def row_counts(self) -> dict[str, int]:
        return raw.row_counts(self.wire)

    def _of_whole_tables(self, sql: str, *values: Any) -> list[Any]:
        """A statement that no index answers; otherwise sessions are set to go by indexes."""
        whole, back = ((SESSION.whole_tables, [how, how]) for how in ("on", "off"))
        return self.wire.exchange(whole, (sql, values), back)[1]

    def _known_numbers(self, names: Collection[str]) -> list[int]:
        """The numbers of those that any link has had."""
        known = self._relationships(names)
        return [known[name] for name in names if name in known]

    def _known_number(self, name: str) -> int | None:
        return self._relationships((name,)).get(name)

    def _relationships(self, names: Sequence[str] | Collection[str]) -> dict[str, int]:
        """Those that are known; looked up again only where one is not, and there are more than we know."""
        known = self.names.relationships
        if len(known) < self.known.relationships and any(name not in known for name in names):
            self._look_up_relationships()
        return known

    def _look_up_relationships(self) -> None:
        known = self.names.relationships
        known.update(self.wire.rows(SQL.relationships))
        self.names.by_number = {number: name for name, number in known.items()}

    def _relationship_names(self) -> dict[int, str]:
        if len(self.names.by_number) < max(self.known.relationships, len(self.names.relationships)):
            self._look_up_relationships()
        return self.names.by_number


def _link_key(link: Link) -> tuple[str, int, int]:
    return link.key


def _as_document(text: str) -> str:
    """A text as the function ``document`` of the schema shows it."""
    return text.replace("\0", "\ufffd")


def _as_documents(values: Collection[str]) -> bytes | None:
    return texts([_as_document(value) for value in values]) if values else None
