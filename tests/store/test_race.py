"""Positions come in the order of commit although many processes write; and without the lock they would not."""

from __future__ import annotations

import pytest

from tests.postgres import open_store
from tests.store.race import ASSETS, run, versions

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

WRITERS = 4
WRITES = 150
"""Each writer's: enough for the race without the lock to be lost several times over."""


def test_whoever_saw_a_position_never_sees_a_smaller_one_appear(postgres_url: str) -> None:
    seen = run(postgres_url, writers=WRITERS, writes=WRITES, readers=2, locked=True)

    every = list(range(1, WRITERS * (2 * ASSETS + WRITES) + 1))
    assert [one.positions for one in seen] == [every, every]
    assert [one.missed for one in seen] == [set(), set()]
    store = open_store(postgres_url)
    assert all(found == list(range(1, len(found) + 1)) for found in versions(store).values())
    store.close()


def test_the_same_race_is_lost_without_the_lock(postgres_url: str) -> None:
    seen = run(postgres_url, writers=WRITERS, writes=WRITES, readers=2, locked=False)

    assert any(one.disorder for one in seen)
    assert any(one.missed for one in seen)
