"""A snapshot read while requests go on, folded together with the log from its position, is the catalog as it is then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.catalog import TYPES
from tests.properties.model import LINKS
from tests.properties.test_model import ATTRIBUTES, CatalogMachine
from tidings.model.events import EVERYTHING, decode
from tidings.model.profiles import DOCUMENTED
from tidings.read.snapshot import snapshot_lines
from tidings.store.base import AssetQuery

COMPARED = ("name", "qualifiedName", *ATTRIBUTES)
UNSET: tuple[Any, ...] = (None, "", 0, [])
LinkKey = tuple[str, str, str]
"""Relationship, guids of both ends; of a symmetric one the smaller first."""


class Folded:
    """What a reader knows who took a snapshot and follows the log."""

    def __init__(self, entities: Iterable[dict[str, Any]]) -> None:
        self.assets: dict[str, dict[str, Any]] = {}
        self.links: set[LinkKey] = set()
        for one in entities:
            kept = {key: value for key, value in one["attributes"].items() if key in COMPARED}
            self.assets[one["guid"]] = {
                "type": one["typeName"],
                "status": one["status"],
                "version": one["version"],
                **kept,
            }
            for name, ends in one["relationshipAttributes"].items():
                for end in ends if isinstance(ends, list) else [ends] if ends else []:
                    self.links.add(self._key(one["typeName"], one["guid"], name, end["guid"]))

    def _key(self, type_name: str, own: str, name: str, other: str) -> LinkKey:
        link = TYPES.type(type_name).links[name]
        first, second = (own, other) if link.side == 1 else (other, own)
        if link.relationship.symmetric and second < first:
            first, second = second, first
        return link.relationship.name, first, second

    def apply(self, event: dict[str, Any]) -> None:
        entity, detail = event["message"]["entity"], event["tidings"]
        guid, type_name = entity["guid"], entity["typeName"]
        asset = self.assets.setdefault(guid, {"type": type_name, "status": "ACTIVE"})
        asset["version"] = detail["version"]
        for told, comes in ((detail["before"], False), (detail["after"], True)):
            for key, value in told.items():
                if key in TYPES.type(type_name).links:
                    keys = {self._key(type_name, guid, key, end["guid"]) for end in value}
                    self.links = self.links | keys if comes else self.links - keys
                elif key in COMPARED and comes:
                    asset[key] = value
        if after := detail["after"].get("__state"):
            asset["status"] = after
        if asset["status"] == "PURGED":
            del self.assets[guid]
            self.links = {one for one in self.links if guid not in one}

    def shown(self) -> tuple[dict[str, dict[str, Any]], set[LinkKey]]:
        """In a form that does not depend on how it became known."""
        return {guid: {key: _plain(value) for key, value in one.items() if value not in UNSET}
                for guid, one in self.assets.items()}, self.links  # fmt: skip


def _plain(value: Any) -> Any:
    return sorted(set(value)) if isinstance(value, list) else value


class SnapshotMachine(CatalogMachine):
    """Requests as in ``test_model``, and in between somebody reads a snapshot, some pages at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.reading: Iterator[bytes] | None = None
        self.read: list[dict[str, Any]] = []

    @initialize(profile=st.just("documented"))
    def choose(self, profile: str) -> None:
        """Neighbours are not told of what they no longer see; that is a choice of the wire."""
        assert DOCUMENTED.name == profile
        super().choose(profile)

    @precondition(lambda self: self.reading is None)
    @rule()
    def begin(self) -> None:
        self.reading, self.read = self._lines(), []
        self._read_on(1)

    @precondition(lambda self: self.reading is not None)
    @rule(pages=st.integers(1, 3))
    def read_on(self, pages: int) -> None:
        self._read_on(pages)

    def teardown(self) -> None:
        if self.reading is not None:
            self._read_on(1_000)
        super().teardown()

    def _lines(self) -> Iterator[bytes]:
        return snapshot_lines(self.catalog.store, self.catalog.types, AssetQuery(), page=3)

    def _read_on(self, pages: int) -> None:
        assert self.reading is not None
        for _ in range(pages):
            some = next(self.reading, b"")
            self.read += [decode(line) for line in some.splitlines()]
            if not some:
                self._compare_with_now()
                self.reading = None
                return

    def _compare_with_now(self) -> None:
        head, *entities, end = self.read
        assert end == {"end": True, "assets": len(entities), "position": head["position"]}
        folded = Folded(entities)
        with self.catalog.store.snapshot() as snapshot:
            for record in snapshot.log(head["position"], 100_000, EVERYTHING)[0]:
                folded.apply(decode(record.full()))
        now = [decode(line) for some in self._lines() for line in some.splitlines()]
        assert folded.shown() == Folded(now[1:-1]).shown()


def test_the_links_of_the_model_are_compared() -> None:
    """Every attribute that requests of the model write is one that the fold knows."""
    assert all(attribute in TYPES.type(type_name).links for type_name, attribute in LINKS)


TestSnapshot = SnapshotMachine.TestCase
TestSnapshot.pytestmark = [pytest.mark.properties, pytest.mark.timeout(600)]  # type: ignore[attr-defined]
TestSnapshot.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
