"""Whatever happens, and wherever the log is trimmed: what is left is sound, and what is wrong in the state is still found."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from tests.properties.test_model import CatalogMachine
from tests.properties.test_tags import World, operations
from tidings.model.asset import Asset
from tidings.model.changes import AssetChange, Changes, Kind
from tidings.model.events import EVERYTHING, LogRecord, decode


class TrimmedMachine(CatalogMachine):
    """Requests as in ``test_model``, and in between the start of the log goes."""

    def __init__(self) -> None:
        super().__init__()
        self.first = 1

    @rule(share=st.floats(0, 1))
    def trim(self, share: float) -> None:
        before = self.first + round((self.head - self.first) * share)
        gone = self.catalog.store.transact(lambda tx: tx.trim(before))
        assert gone == (before - self.first if self.head else 0)
        self.first += gone

    @rule(number=st.integers(0, 1_000))
    def falsify(self, number: int) -> None:
        """Change an attribute that an event still tells, in silence: it is found."""
        told = _described(self._records())
        with self.catalog.store.snapshot() as snapshot:
            assets = [one for one in snapshot.assets_by_guid(told) if one.guid in told]
        if not assets:
            return
        asset = sorted(assets, key=lambda one: one.guid)[number % len(assets)]
        false = asset.attributes | {"description": "never said"}
        self._write(msgspec.structs.replace(asset, encoded=msgspec.json.encode(false)))
        [problem] = self.catalog.inspect().problems
        assert "attribute description is 'never said'" in problem
        self._write(asset)

    def _records(self) -> list[LogRecord]:
        with self.catalog.store.snapshot() as snapshot:
            return snapshot.log(0, 10_000, EVERYTHING)[0]

    def _write(self, asset: Asset) -> None:
        change = AssetChange(Kind.UPDATE, "direct", asset, {}, now={"any": 1})
        self.catalog.store.transact(lambda tx: tx.save(Changes([change])))

    @invariant()
    def the_log_replays_to_what_is_stored(self) -> None:
        report = self.catalog.inspect()
        assert (report.problems, report.first) == ([], self.first)
        assert report.events == (self.head - self.first + 1 if self.head else 0)


def _described(records: list[LogRecord]) -> set[str]:
    """Who was told to have, or to have lost, a description."""
    return {one.guid for one in records if "description" in decode(one.detail)["after"]}


TestTrimmed = TrimmedMachine.TestCase
TestTrimmed.pytestmark = [pytest.mark.properties, pytest.mark.timeout(600)]  # type: ignore[attr-defined]
TestTrimmed.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.properties
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(operations, min_size=5, max_size=30), st.sampled_from([100_000, 3]), st.data())
def test_tags_and_links_are_sound_wherever_the_log_is_cut(steps: list[Any], at_once: int, data: st.DataObject) -> None:
    world = World(at_once)
    store = world.it.store
    try:
        for step in steps:
            note(repr(step))
            world.do(*step)
            world.look()
        cuts = data.draw(st.lists(st.integers(1, store.head()), min_size=1, max_size=8))
        for before in sorted(cuts):
            note(f"trim before {before}")
            store.transact(lambda tx, before=before: tx.trim(before))  # type: ignore[misc]
            assert world.it.inspect().problems == []
    finally:
        store.close()
