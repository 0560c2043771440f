"""Metrics: every name that is promised appears, and counts what it says."""

from __future__ import annotations

import re

from tests.api.conftest import Pair
from tests.api.door import Door, asset, serving
from tidings.telemetry import metrics

EVENTS = 'tidings_events_total{operation="ENTITY_DELETE"}'


def test_every_metric_in_the_list_appears(door: Door, pair: Pair) -> None:
    names = re.findall(r"^\| (tidings_\w+)", metrics.__doc__ or "", re.MULTILINE)
    answer = door.ask("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert len(names) == 10
    for name in names:
        assert re.search(rf"^{name}(_count)?[ {{]", answer.text, re.MULTILINE), name
    families = re.findall(r"^# TYPE (tidings_\w+) (?!gauge)", answer.text, re.MULTILINE)
    assert {one for one in families if not one.endswith("_created")} <= set(names)


def test_changes_are_counted_and_dry_runs_are_not(door: Door, pair: Pair) -> None:
    noops, deletes = door.metric("tidings_noop_saves_total"), door.metric(EVENTS) or 0
    archived = door.metric('tidings_assets_changed_total{kind="archive"}') or 0
    door.ask("DELETE", f"/api/meta/entity/guid/{pair.column}", params={"dryRun": "true"})
    door.ask("DELETE", f"/api/meta/entity/guid/{pair.column}")
    door.save(asset("Table", pair.table_name))
    assert door.metric(EVENTS) == deletes + 1
    assert door.metric('tidings_assets_changed_total{kind="archive"}') == archived + 1
    assert door.metric("tidings_noop_saves_total") == (noops or 0) + 1
    assert door.metric("tidings_log_head") == door.head()


def test_answers_are_counted_by_status() -> None:
    with serving() as (door, _):
        door.refusal("GET", "/api/events?limit=0", 400)
        assert door.metric('tidings_requests_total{method="GET",status="400"}') == 1
        assert door.metric('tidings_request_seconds_count{method="GET"}') == 2
