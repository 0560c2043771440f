"""What one search may cost."""

from __future__ import annotations

import pytest

from tests.catalog import TYPES, Catalog, entity
from tidings.model.errors import NotSupported, TidingsError, TooLarge
from tidings.read.effort import MOST_SECONDS, MOST_STEPS, Effort
from tidings.read.query import read_query
from tidings.read.search import find
from tidings.store.sqlite import SqliteStore


def test_a_search_that_takes_too_long_is_given_up() -> None:
    now = [100.0]
    effort = Effort(lambda: now[0])
    now[0] += MOST_SECONDS
    effort.check()
    now[0] += 1
    with pytest.raises(TooLarge, match="longer than 30 seconds and was given up; name types"):
        effort.check()
    with pytest.raises(TooLarge, match="given up"):
        read_query({"match_all": {}}, TYPES, effort=effort)


def test_patterns_have_so_many_steps_in_all() -> None:
    effort = Effort()
    effort.spend(MOST_STEPS)
    with pytest.raises(NotSupported, match="send fewer or simpler ones"):
        effort.spend(1)


@pytest.mark.parametrize("looks", range(3, 8))
def test_time_is_looked_at_all_along(looks: int) -> None:
    """From reading the query to the values of each asset: the clock runs out a look later each time."""
    catalog = Catalog(SqliteStore(None))
    catalog.save(entity("Table", "d/t"), entity("Table", "d/u"))
    dsl = {"query": {"term": {"name.keyword": "t"}}, "aggs": {"a": {"terms": {"field": "name.keyword"}}}}
    ticks = iter([0.0] * looks)
    with catalog.store.snapshot() as snapshot:
        types = catalog.types.of(snapshot)
        with pytest.raises(TidingsError, match="given up"):
            find(dsl, types, snapshot, Effort(lambda: next(ticks, 1_000.0)))
    catalog.store.close()
