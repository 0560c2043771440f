"""The contract of the store, and the promises that every body must keep.

1. State and events commit together or not at all.
2. Positions are 1, 2, 3 … without holes, and their order is the order of commit: whoever has seen position n will never
   see a smaller one appear later.
3. Acknowledged means on disk. Requests that arrive together share one commit, and each is still atomic by itself.
4. Readers see one state of everything (a snapshot) and never block the writer.
5. Two bodies, one behaviour: the body in memory is the same code as the one on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

import msgspec

from tidings.model.asset import Asset, AssetName, Link
from tidings.model.changes import Changes, TagRows
from tidings.model.cursor import Cursor, Lease
from tidings.model.events import Event, LogFilter, LogRecord
from tidings.model.tag import Attachment, Task
from tidings.model.typedefs import Definition
from tidings.store.tables import Row, Table

T = TypeVar("T")


PAGE_BYTES = 16 * 1024 * 1024
"""How large a page of the log becomes, whatever its limit."""


class AssetQuery(msgspec.Struct, frozen=True):
    """Which assets to list: None or empty means any. ``after`` is a qualifiedName and type to continue behind."""

    type_names: frozenset[str] = frozenset()
    name_prefix: str = ""
    status: int | None = None
    after: tuple[str, str] = ("", "")
    limit: int = 100


class Token(msgspec.Struct, frozen=True):
    """A token as it is kept: its hash, never itself. ``created_at`` in milliseconds."""

    name: str
    role: str
    hash: bytes
    created_at: int


class Reader(Protocol):
    """What can be asked of one consistent state. Collections may be empty; answers come in no set order
    unless said so, and what is not there is left out."""

    def assets_by_guid(self, guids: Collection[str]) -> list[Asset]: ...

    def assets_by_name(self, qualified_names: Collection[str]) -> list[Asset]:
        """Assets of any type with one of these qualifiedNames."""
        ...

    def assets_by_id(self, ids: Collection[int]) -> list[Asset]: ...

    def names_by_guid(self, guids: Collection[str]) -> list[AssetName]: ...

    def names_by_name(self, qualified_names: Collection[str]) -> list[AssetName]: ...

    def names_by_id(self, ids: Collection[int]) -> list[AssetName]: ...

    def glossary_assets(self, names: Collection[str]) -> list[tuple[str, AssetName]]:
        """Active glossaries, categories and terms whose attribute ``name`` is one of these, each with that name."""
        ...

    def glossaries(self) -> list[Asset]:
        """Every active glossary."""
        ...

    def links(self, relationship: str, side: int, ids: Collection[int]) -> list[Link]:
        """Links of one relationship whose end ``side`` (1 or 2) is one of the assets ``ids``."""
        ...

    def all_links(self, ids: Collection[int]) -> list[Link]:
        """Every link that one of the assets ``ids`` has, at either end."""
        ...

    def relationship_number(self, name: str) -> int:
        """The small number under which a relationship is kept; part of a link's guid."""
        ...

    def neighbours(
        self, ids: Collection[int], ahead: Collection[str], behind: Collection[str]
    ) -> list[tuple[int, str, int]]:
        """One step from each of ``ids`` to active assets: (from, relationship, to).

        Along the relationships ``ahead`` from their end 1 to end 2, along ``behind`` from end 2 to end 1.
        """
        ...

    def with_lineage(
        self,
        ids: Collection[int],
        inputs: tuple[Collection[str], Collection[str]],
        outputs: tuple[Collection[str], Collection[str]],
    ) -> set[int]:
        """Those of ``ids`` that are active and are, read or were written by an active process that both reads and writes
        something active.

        ``inputs`` and ``outputs`` name the relationships between a process and what it reads and writes: those where
        the process is end 1, then those where it is end 2.
        """
        ...

    def link_at(self, relationship: int, end1: int, end2: int) -> Link | None:
        """The link with this key, its relationship given by its small number."""
        ...

    def has_tags(self) -> bool:
        """Whether any asset has a tag; costs next to nothing."""
        ...

    def tagged(self, ids: Collection[int]) -> list[tuple[int, int]]:
        """(asset, attachment) for every tag, direct or not, of the assets ``ids``, ordered by both."""
        ...

    def attachments(self, ids: Collection[int]) -> list[Attachment]:
        """Attachments by their own ids."""
        ...

    def attachments_of(self, sources: Collection[int]) -> list[Attachment]:
        """Every attachment that was put on one of ``sources``, also those that are gone, oldest first."""
        ...

    def bearers(self, attachments: Collection[int]) -> list[tuple[int, int]]:
        """(attachment, asset) for every active asset that has one of these, its source too if that is active."""
        ...

    def ids_below(self, qualified_name: str) -> list[int]:
        """Assets whose qualifiedName begins with this one and a slash, ordered by qualifiedName and type."""
        ...

    def ids_naming(self, connection: str) -> list[int]:
        """Assets whose ``connection`` is this one, in the order in which they were made."""
        ...

    def children(self, ids: Collection[int], ahead: Collection[str], behind: Collection[str]) -> list[tuple[int, int]]:
        """(parent, child): one step from each of ``ids`` along relationships, to assets of any status.

        Along ``ahead`` from end 1 to end 2, along ``behind`` from end 2 to end 1.
        """
        ...

    def connections_named(self, ids: Collection[int]) -> list[tuple[int, str | None]]:
        """(asset, qualifiedName of the connection that it names, or None)."""
        ...

    def active(self, ids: Collection[int]) -> set[int]:
        """Those of ``ids`` that are active."""
        ...

    def types_of(self, ids: Collection[int]) -> dict[str, int]:
        """How many of ``ids`` there are of each type."""
        ...

    def types_stamp(self) -> str:
        """Changes whenever a type definition does; empty until the first is made."""
        ...

    def definitions(self) -> list[Definition]:
        """Every type definition that users made, by name."""
        ...

    def assets_by_type(self, type_names: Collection[str]) -> dict[str, int]:
        """How many assets, active or not, each of these types has; those that have none are left out."""
        ...

    def links_by_relationship(self, names: Collection[str]) -> dict[str, int]:
        """How many links each of these relationships has; those that have none are left out."""
        ...

    def attachments_by_tag(self, tags: Collection[str]) -> dict[str, int]:
        """How many assets each of these tags was put on; those that nobody has are left out."""
        ...

    def attribute_holders(self, type_names: Collection[str], attribute: str, values: Collection[str] = ()) -> int:
        """How many assets of these types have an attribute set, to one of ``values`` where any are given."""
        ...

    def custom_holders(self, custom_set: str, attribute: str = "", values: Collection[str] = ()) -> int:
        """How many assets have this custom metadata: any of the set, one attribute, one of these values of it."""
        ...

    def tasks(self) -> list[Task]:
        """Work that is not done yet."""
        ...

    def tokens(self) -> list[Token]:
        """Every token that is in force, by name."""
        ...

    def values(self) -> dict[str, str]:
        """What is kept of the catalog as a whole under plain names: its id, stamps, settings of its own."""
        ...

    def cursors(self) -> list[Cursor]:
        """How far every consumer of the log has come, by name."""
        ...

    def leases(self) -> list[Lease]:
        """Every lease that was taken and not given back, also those that have run out, by name."""
        ...

    def lease(self, name: str) -> Lease | None: ...

    def log_start(self) -> int:
        """The first position that is left of the log, or will be its first: 1 until something is trimmed."""
        ...

    def row_counts(self) -> dict[str, int]:
        """How many rows each of ``TABLES`` has, by its name."""
        ...


class Transaction(Reader, Protocol):
    """The one transaction of a request. ``now`` is its clock: milliseconds, never smaller than the one before."""

    now: int
    head: int
    """The last position so far, with what this request appended."""

    def new_ids(self, count: int) -> range:
        """Internal ids that no asset has or ever had."""
        ...

    def save(self, changes: Changes) -> None:
        """Write the state, one statement for each kind of row."""
        ...

    def new_attachment_ids(self, count: int) -> range:
        """Ids for attachments that no other has."""
        ...

    def save_tags(self, rows: TagRows) -> None:
        """Write attachments, and who has them; attachments that nobody has and that are gone are forgotten."""
        ...

    def save_definitions(self, definitions: Collection[Definition]) -> None:
        """Make or replace type definitions, and with them the types' stamp."""
        ...

    def remove_definitions(self, names: Collection[str]) -> None: ...

    def save_task(self, task: Task) -> None:
        """Make or replace it."""
        ...

    def remove_task(self, kind: str, subject: str) -> None: ...

    def append(self, events: Iterable[Event]) -> int:
        """Write the events at the end of the log, the last act of a request; the position of the first."""
        ...

    def add_token(self, token: Token) -> None:
        """Raises Conflict where the name is taken."""
        ...

    def remove_token(self, name: str) -> bool: ...

    def save_cursor(self, cursor: Cursor) -> None:
        """Make or move it; when it was made stays as it was."""
        ...

    def remove_cursor(self, name: str) -> bool: ...

    def save_lease(self, lease: Lease) -> None:
        """Make or replace it, whoever holds it: decide before, in the same transaction."""
        ...

    def remove_lease(self, name: str) -> None: ...

    def trim(self, before: int) -> int:
        """Remove the log before this position, whole positions from its start on; how many went.

        The last record always stays. Takes as long as it removes: bound it.
        """
        ...

    def set_value(self, name: str, value: str | None) -> None:
        """Keep a value of the catalog as a whole, in place of the one that is there; None: none any more."""
        ...

    def fill(self, table: Table, rows: Sequence[Row]) -> None:
        """Write rows of another catalog as they are; none of their keys may be there. For copies only: nothing is
        checked, and nothing is said in the log."""
        ...


class Snapshot(Reader, Protocol):
    """A reader's view. Bounded: hold it for one answer, not for a stream."""

    def head(self) -> int:
        """The last position of the log, 0 when it is empty."""
        ...

    def log(
        self, after: int, limit: int, wanted: LogFilter, most_bytes: int = PAGE_BYTES
    ) -> tuple[list[LogRecord], int]:
        """Up to ``limit`` records behind ``after``, in order, and the position up to which the log was looked at.

        Passes in silence over what was trimmed: compare ``after`` with ``log_start``.
        Fewer where they would be larger together than ``most_bytes``, but for a first one that is so by itself.
        Looks at a bounded number of positions, so that a filter that nothing passes costs no long read: call again
        from the returned position until it is the head.
        """
        ...

    def position_at(self, time: int) -> int:
        """The first position left whose time is not before this one; behind the end of the log where there is none."""
        ...

    def log_bytes(self, after: int, last: int) -> int:
        """What the records behind ``after`` up to ``last`` take as they are stored; text that many share not counted.

        Reads over all of them: bound it.
        """
        ...

    def list_assets(self, query: AssetQuery) -> list[Asset]:
        """One page, ordered by qualifiedName and type."""
        ...

    def counts(self) -> dict[str, int]:
        """``active``, ``archived`` and ``links``: how many there are."""
        ...

    def assets_in_guid_order(self, after: str, limit: int) -> list[Asset]: ...

    def log_in_guid_order(self, after: tuple[str, int], limit: int) -> list[LogRecord]:
        """Records ordered by guid, then position; for checks that follow each asset's own history."""
        ...

    def links_in_order(self, after: tuple[int, str, int], limit: int) -> list[Link]:
        """Links behind one (end1, relationship, end2), in the order in which the store keeps them: all of one end1
        together. Start with ``(0, "", 0)``."""
        ...

    def rows(self, table: Table, after: Row, limit: int, most_bytes: int = PAGE_BYTES) -> list[Row]:
        """Up to ``limit`` rows of a table behind a key, in the order of keys, exactly as they are stored.

        Fewer where they would be larger together than ``most_bytes``, but for a first one that is so by itself.
        """
        ...

    def damage(self) -> list[str]:
        """What the database itself finds wrong with its file; empty when it is sound."""
        ...


class Store(Protocol):
    """A catalog's state and log."""

    def enqueue(self, work: Callable[[Transaction], T], *, rollback: bool = False) -> Future[T]:
        """Run ``work`` in a transaction of its own, in order of arrival; the future is done once it is on disk.

        ``work`` must keep nothing between runs: where it shares a commit with one that fails half done, or where the
        database breaks off, it is undone and run again.
        An exception of ``work`` undoes what it did and is the future's. With ``rollback`` everything is undone in
        any case. Errors of the database come as StoreError.
        """
        ...

    def transact(self, work: Callable[[Transaction], T], *, rollback: bool = False) -> T:
        """``enqueue`` and wait."""
        ...

    def snapshot(self) -> AbstractContextManager[Snapshot]: ...

    def head(self) -> int:
        """The last position that is on disk, as far as this process knows: one that another has written may take a moment.
        Costs nothing."""
        ...

    def on_commit(self, hint: Callable[[int], None]) -> Callable[[], None]:
        """Call ``hint(head)`` after commits that added events, in whichever process: a wake-up, never the truth.

        Returns how to stop it.
        """
        ...

    def on_settings(self, hint: Callable[[], None]) -> Callable[[], None]:
        """Call ``hint()`` after commits that changed tokens or settings of the catalog, in whichever process, and now and
        then for nothing. Returns how to stop it."""
        ...

    def backup(self, target: str, progress: Callable[[int, int], None]) -> None:
        """A whole, consistent copy of a catalog in use; ``progress(done, total)`` in pages.

        Raises StoreError for a body that is backed up by other means.
        """
        ...

    def catalog_id(self) -> str: ...

    def close(self) -> None:
        """Finish what was accepted, then let go of the database. Later work raises StoreUnavailable."""
        ...


def pages(read: Callable[[Any, int], list[T]], start: Any, key: Callable[[T], Any], size: int = 1000) -> Iterator[T]:
    """Everything that a paged read returns, one after the other, asking for the next page behind the last ``key``."""
    after = start
    while page := read(after, size):
        yield from page
        after = key(page[-1])
