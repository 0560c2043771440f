"""What the log alone says of links: the same events folded into the links that they tell. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from tidings.model.events import LogRecord
from tidings.model.registry import LinkAttribute, TypeRegistry
from tidings.read.replay import Complain, Detail, links_of


def _guid(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


class LinkReplay:
    """All links that the log tells, followed in the order of positions.

    A link is kept as 34 bytes (its relationship and two guids), so that a million of them fit in some 120 MB. Links
    of a purged asset are not looked for when it goes: guids never return, so whoever compares leaves them out.

    Of a log that is ``trimmed`` it knows less: a link of which nothing is told may have been there before.
    """

    def __init__(self, types: TypeRegistry, complain: Complain, *, trimmed: bool = False) -> None:
        self._types = types
        self._complain = complain
        self._numbers = {name: number for number, name in enumerate(types.system.relationships)}
        self._names = tuple(types.system.relationships)
        self._present: dict[bytes, bytes | None] = {}
        self._cause = ""
        self._deleting = False
        self._hidden: dict[bytes, bytes | None] = {}
        self._trimmed = trimmed
        self._first_cause = ""
        self._gone: set[bytes] = set()
        self._going: set[bytes] = set()
        """Of a trimmed log, links of which the last that is told is that they went; those of the request at hand."""
        self._created: set[str] = set()

    def follow(self, record: LogRecord, detail: Detail) -> None:
        """Take the next event into account."""
        if detail.cause != self._cause:
            self._gone |= self._going
            self._cause, self._deleting, self._hidden, self._going = detail.cause, False, {}, set()
        self._first_cause = self._first_cause or detail.cause
        # Of the request that the log now begins with, the events that told the rest may be gone.
        if self._trimmed and record.operation == "ENTITY_CREATE" and detail.cause != self._first_cause:
            self._created.add(record.guid)
        if record.operation == "ENTITY_DELETE":
            # Neighbours were told before that what is deleted can no longer be seen (the profile «server»); the links
            # themselves stay with the archived, or go with the purged.
            self._present |= self._hidden
            self._deleting, self._hidden, self._going = True, {}, set()
        elif not self._deleting:
            try:
                self._change(record, detail)
            except (KeyError, TypeError, ValueError) as error:
                self._complain(f"position {record.position}: the links cannot be read ({error!r})")

    def take(self, relationship: str, end1: str, end2: str) -> dict[str, Any] | None:
        """Take a link out: its own attributes, or None where the log does not tell of it."""
        if relationship not in self._numbers:
            return None
        encoded = self._present.pop(self.key(relationship, end1, end2), b"")
        return None if encoded == b"" else msgspec.json.decode(encoded or b"{}")

    def may_be_older(self, relationship: str, end1: str, end2: str) -> bool:
        """Whether a link of which nothing is told may come from before the log's start. Ask when all was followed."""
        if not self._trimmed or relationship not in self._numbers or {end1, end2} & self._created:
            return False
        key = self.key(relationship, end1, end2)
        return key not in self._gone and key not in self._going

    def rest(self) -> Iterator[tuple[str, str, str]]:
        """Relationship and both guids of every link that was not taken out."""
        for key in self._present:
            first, second = key[2:18].hex(), key[18:].hex()
            yield self._names[int.from_bytes(key[:2], "big")], _guid(first), _guid(second)

    def told(self) -> Iterator[bytes]:
        """Every link with its own attributes, each a text of its own, in an order that follows from them alone."""
        names = [name.encode() for name in self._names]
        for key in sorted(self._present, key=lambda key: (names[int.from_bytes(key[:2], "big")], key[2:])):
            yield b"\0".join((names[int.from_bytes(key[:2], "big")], key[2:], self._present[key] or b""))

    def _change(self, record: LogRecord, detail: Detail) -> None:
        links = links_of(record.type_name, self._types)
        for told, came in ((detail.before, False), (detail.after, True)):
            for name in told.keys() & links.keys():
                if not isinstance(told[name], list):
                    continue  # an attribute of that name, before the relationship was defined
                for item in told[name]:
                    key = self._key(links[name], record.guid, item["guid"])
                    if came:
                        own = item.get("relationshipAttributes")
                        self._present[key] = msgspec.json.encode(own) if own else None
                        self._gone.discard(key)
                        self._going.discard(key)
                        continue
                    if self._trimmed:
                        self._going.add(key)
                    if key in self._present:  # often told twice, once by each end
                        self._hidden[key] = self._present.pop(key)

    def _key(self, link: LinkAttribute, own: str, other: str) -> bytes:
        first, second = (own, other) if link.side == 1 else (other, own)
        return self.key(link.relationship.name, first, second)

    def key(self, relationship: str, end1: str, end2: str) -> bytes:
        """A link in 34 bytes; the ends of a symmetric one in one order."""
        first, second = bytes.fromhex(end1.replace("-", "")), bytes.fromhex(end2.replace("-", ""))
        if self._types.relationship(relationship).symmetric and second < first:
            first, second = second, first
        return self._numbers[relationship].to_bytes(2, "big") + first + second
