"""What the writer's transactions of every body do alike: draw ids, and keep what is one row each."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from tidings.model.cursor import Cursor, Lease
from tidings.model.errors import Conflict
from tidings.model.ids import new_guid
from tidings.model.tag import Task
from tidings.store.base import Token
from tidings.store.body_reader import BodyReader
from tidings.store.settings import LOG_START, SETTINGS_STAMP
from tidings.store.texts import refuse_zero


class BodyTransaction(BodyReader):
    """The part of ``Transaction`` that does not depend on how a database takes sets of rows."""

    def __init__(self, now: int, head: int, next_id: int) -> None:
        self.now = now
        self.head = head
        self.next_id = next_id
        self.wrote = False
        """Whether undoing this request takes more than forgetting it."""
        self.moved = False
        """Whether log and ids may stand elsewhere now than what was drawn here says."""
        self.changed_settings = False

    @abstractmethod
    def _do(self, statement: str, *values: Any) -> None:
        """A statement without an answer."""

    @abstractmethod
    def _keep_value(self, name: str, value: str | None) -> None:
        """One of the catalog's own values; None takes it away."""

    def new_ids(self, count: int) -> range:
        ids = range(self.next_id, self.next_id + count)
        self.next_id += count
        return ids

    def new_attachment_ids(self, count: int) -> range:
        if not count:
            return range(0)
        [(highest,)] = self._ask(self.sql.highest_attachment)
        return range(highest + 1, highest + 1 + count)

    def save_task(self, task: Task) -> None:
        refuse_zero("the task", task.subject)
        self.wrote = True
        self._do(self.sql.save_task, task.kind, task.subject, task.encoded)

    def remove_task(self, kind: str, subject: str) -> None:
        self.wrote = True
        self._do(self.sql.remove_task, kind, subject)

    def add_token(self, token: Token) -> None:
        refuse_zero("the token's name", token.name)
        self.wrote = True
        if not list(self._ask(self.sql.insert_token, token.name, token.role, token.hash, token.created_at)):
            raise Conflict(f"there is already a token named {token.name}; revoke it first or choose another name")
        self.set_value(SETTINGS_STAMP, new_guid())

    def remove_token(self, name: str) -> bool:
        self.set_value(SETTINGS_STAMP, new_guid())
        return "\0" not in name and bool(list(self._ask(self.sql.delete_token, name)))

    def save_cursor(self, cursor: Cursor) -> None:
        refuse_zero("the cursor's name", cursor.name)
        self.wrote = True
        self._do(self.sql.save_cursor, cursor.name, cursor.position, cursor.created_at, cursor.updated_at)

    def remove_cursor(self, name: str) -> bool:
        self.wrote = True
        return "\0" not in name and bool(list(self._ask(self.sql.remove_cursor, name)))

    def save_lease(self, lease: Lease) -> None:
        refuse_zero("the lease's name", lease.name + lease.holder)
        self.wrote = True
        self._do(self.sql.save_lease, lease.name, lease.holder, lease.until)

    def remove_lease(self, name: str) -> None:
        self.wrote = True
        self._do(self.sql.remove_lease, name)

    def trim(self, before: int) -> int:
        start, before = self.log_start(), min(before, self.head)
        if before <= start:
            return 0
        self.set_value(LOG_START, str(before))
        self._do(self.sql.trim_log, before)
        return before - start

    def set_value(self, name: str, value: str | None) -> None:
        refuse_zero(f"the value {name}", name + (value or ""))
        self.wrote = True
        if name == SETTINGS_STAMP:
            self.changed_settings = True
        elif name != LOG_START:
            self.moved = True  # a copy brings ids and stamps of another catalog
        self._keep_value(name, value)
