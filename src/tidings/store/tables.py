"""The tables of a catalog as data, the same in every body: for carrying rows from one to another as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

Value = int | str | bytes | None
Row = tuple[Value, ...]
LEAST: dict[type, Value] = {int: -(2**63), str: "", bytes: b""}
"""What is before every key of a kind."""


class Table(msgspec.Struct, frozen=True):
    """``columns`` in the order in which rows have their values, with the kind of each; the first ``width`` are the key."""

    name: str
    width: int
    columns: Mapping[str, type]

    @property
    def start(self) -> Row:
        """What is before every key."""
        return tuple(LEAST[kind] for kind in list(self.columns.values())[: self.width])

    def key(self, row: Row) -> Row:
        """The part of a row by which rows are told apart and ordered; texts by their bytes."""
        return row[: self.width]


FILLER = Table("filler", 1, {"id": int, "text": bytes})
ASSET = Table(
    "asset", 1,
    {
        "id": int, "guid": str, "type_name": str, "qualified_name": str, "status": int, "version": int, "created_at": int,
        "created_by": str, "updated_at": int, "updated_by": str, "attributes": bytes, "custom": bytes, "connection": str,
    },
)  # fmt: skip
LINK = Table("link", 3, {"end1": int, "relationship": int, "end2": int, "attributes": bytes})
ATTACHMENT = Table(
    "attachment", 1,
    {
        "id": int, "source": int, "guid": str, "tag": str, "propagate": int, "remove_on_delete": int,
        "restrict_lineage": int, "restrict_hierarchy": int, "gone": int, "body": bytes,
    },
)  # fmt: skip
TAGGED = Table("tagged", 2, {"asset": int, "attachment": int})
LOG = Table(
    "log", 1,
    {
        "position": int, "time": int, "operation": int, "guid": str, "type_name": str, "qualified_name": str,
        "filler": int, "opening": bytes, "ending": bytes, "detail": bytes,
    },
)  # fmt: skip
RELATIONSHIP = Table("relationship", 1, {"number": int, "name": str})
DEFINITION = Table("definition", 1, {"name": str, "category": str, "guid": str, "body": bytes})
TASK = Table("task", 2, {"kind": str, "subject": str, "body": bytes})
TOKEN = Table("token", 1, {"name": str, "role": str, "hash": bytes, "created_at": int})
CURSOR = Table("cursor", 1, {"name": str, "position": int, "created_at": int, "updated_at": int})

LARGE = (FILLER, ASSET, LINK, ATTACHMENT, TAGGED, LOG)
"""Tables that grow with the catalog. Nothing becomes of them without an event."""
SMALL = (RELATIONSHIP, DEFINITION, TASK, TOKEN, CURSOR)
TABLES = (*LARGE, *SMALL)
NOT_CARRIED = ("catalog", "lease")
"""The first is read and written by names; the second belongs to running servers and not to the catalog."""


def until_large(rows: Iterable[Row], most_bytes: int) -> list[Row]:
    """The first of ``rows``, until their bytes are more together than that; at least one where there is one."""
    found: list[Row] = []
    size = 0
    for row in rows:
        size += sum([len(value) for value in row if isinstance(value, bytes)])
        if found and size > most_bytes:
            break
        found.append(row)
    return found
