"""What readers of every body ask alike: statements of one name, with one meaning, whose rows have one form."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from typing import Any, ClassVar

from tidings.model.asset import Asset, AssetName
from tidings.model.cursor import Cursor, Lease
from tidings.model.tag import Attachment, Task
from tidings.model.typedefs import Definition
from tidings.store.base import Token
from tidings.store.statements import Statements


class BodyReader(ABC):
    """The part of ``Reader`` that does not depend on how a database takes sets of texts, or keeps links."""

    sql: ClassVar[Statements]

    @abstractmethod
    def _ask(self, statement: str, *values: Any) -> Iterable[Any]:
        """The rows of a statement."""

    @abstractmethod
    def _ask_of(self, statement: str, wanted: Collection[int]) -> Iterable[Any]:
        """The rows of a statement about a set; none, and nothing asked, where that is empty."""

    @abstractmethod
    def _known_number(self, name: str) -> int | None:
        """A relationship's number, where any link has had it."""

    def assets_by_id(self, ids: Collection[int]) -> list[Asset]:
        return [Asset(*row) for row in self._ask_of(self.sql.assets_by_id, ids)]

    def names_by_id(self, ids: Collection[int]) -> list[AssetName]:
        return [AssetName(*row) for row in self._ask_of(self.sql.names_by_id, ids)]

    def glossaries(self) -> list[Asset]:
        return [Asset(*row) for row in self._ask(self.sql.glossaries)]

    def relationship_number(self, name: str) -> int:
        number = self._known_number(name)
        if number is None:
            raise KeyError(name)
        return number

    def tagged(self, ids: Collection[int]) -> list[tuple[int, int]]:
        return list(self._ask_of(self.sql.tagged, ids))

    def bearers(self, attachments: Collection[int]) -> list[tuple[int, int]]:
        return list(self._ask_of(self.sql.bearers, attachments))

    def attachments(self, ids: Collection[int]) -> list[Attachment]:
        return self._attachments(self.sql.attachments, ids)

    def attachments_of(self, sources: Collection[int]) -> list[Attachment]:
        return self._attachments(self.sql.attachments_of, sources)

    def _attachments(self, statement: str, wanted: Collection[int]) -> list[Attachment]:
        return [
            Attachment(own, source, guid, tag, bool(a), bool(b), bool(c), bool(d), bool(gone), body, status)
            for own, source, guid, tag, a, b, c, d, gone, body, status in self._ask_of(statement, wanted)
        ]

    def ids_below(self, qualified_name: str) -> list[int]:
        # «0» is the character behind «/»: the range holds exactly the names that go on after the slash.
        if "\0" in qualified_name:
            return []
        return [own for (own,) in self._ask(self.sql.ids_below, f"{qualified_name}/", f"{qualified_name}0")]

    def ids_naming(self, connection: str) -> list[int]:
        return [own for (own,) in self._ask(self.sql.ids_naming, connection)] if "\0" not in connection else []

    def active(self, ids: Collection[int]) -> set[int]:
        return {own for (own,) in self._ask_of(self.sql.active, ids)}

    def types_of(self, ids: Collection[int]) -> dict[str, int]:
        return dict(self._ask_of(self.sql.types_of, ids))

    def definitions(self) -> list[Definition]:
        return [Definition(*row) for row in self._ask(self.sql.definitions)]

    def tasks(self) -> list[Task]:
        return [Task(*row) for row in self._ask(self.sql.tasks)]

    def tokens(self) -> list[Token]:
        return [Token(*row) for row in self._ask(self.sql.tokens)]

    def cursors(self) -> list[Cursor]:
        return [Cursor(*row) for row in self._ask(self.sql.cursors)]

    def leases(self) -> list[Lease]:
        return [Lease(*row) for row in self._ask(self.sql.leases)]

    def lease(self, name: str) -> Lease | None:
        rows = list(self._ask(self.sql.lease, name)) if "\0" not in name else []
        return Lease(*rows[0]) if rows else None

    def log_start(self) -> int:
        rows = list(self._ask(self.sql.log_start))
        return int(rows[0][0]) if rows else 1
