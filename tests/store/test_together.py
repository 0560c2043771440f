"""Saves that wait at the same time are written as one where they have nothing to do with each other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

import pytest

from tests.catalog import ACTOR, Catalog, entity, ref
from tests.labels import PII, SYSTEM, tagged
from tests.store.gate import Held
from tests.store.rows import everything
from tidings.model.errors import GlossaryExists, InvalidValue, UnknownName
from tidings.model.events import decode
from tidings.store.base import Transaction
from tidings.store.types import Types
from tidings.write import together
from tidings.write.check import Draft
from tidings.write.commands import EntityInput, Save
from tidings.write.resolve import mentioned
from tidings.write.submit import Receipt, Work, work_for


def wait_together(catalog: Catalog, *saves: list[EntityInput]) -> list[Future[Receipt]]:
    with Held(catalog.store):
        return [catalog.store.enqueue(work_for(catalog.types, Save(one), ACTOR)) for one in saves]


def test_each_has_its_own_answer_and_its_own_events(catalog: Catalog) -> None:
    catalog.save(entity("Table", "t1"), entity("Table", "t2"))
    waiting = wait_together(
        catalog,
        [entity("Column", "c1", table=ref("Table", "t1"))],
        [entity("Table", "t3"), entity("Table", "t4")],
        [entity("Column", "c2", table=ref("Table", "t2"))],
    )
    receipts = [one.result(30) for one in waiting]

    assert [one.first_position for one in receipts] == [3, 5, 7]
    details = [decode(record.detail) for record in everything(catalog.store)[2:]]
    assert [(one["cause"], one["causeIndex"], one["causeCount"]) for one in details] == [
        (receipt.cause, index, 2) for receipt in receipts for index in (1, 2)
    ]
    assert catalog.inspect().is_sound


def test_one_that_is_refused_or_changes_nothing_spoils_nobody(catalog: Catalog) -> None:
    catalog.save(entity("Table", "t1"))
    waiting = wait_together(
        catalog,
        [entity("Table", "t1")],
        [entity("Table", "t2")],
        [entity("Column", "c1", table=ref("Table", "nowhere"))],
        [entity("Table", "t3", isTemporary="wrong")],
        [entity("Table", "t4")],
        [entity("Table", "t5")],
    )

    assert [waiting[place].result(30).first_position for place in (0, 1, 4, 5)] == [None, 2, 3, 4]
    with pytest.raises(UnknownName):
        waiting[2].result(30)
    with pytest.raises(InvalidValue):
        waiting[3].result(30)
    assert catalog.inspect().is_sound


def test_those_that_speak_of_one_asset_see_each_other(catalog: Catalog) -> None:
    waiting = wait_together(
        catalog,
        [entity("Table", "t1")],
        [entity("Column", "c1", table=ref("Table", "t1"))],
        [entity("Column", "c2", table=ref("Table", "t1"))],
        [entity("Table", "t1", description="new")],
    )
    receipts = [one.result(30) for one in waiting]

    assert [one.first_position for one in receipts] == [1, 2, 4, 6]
    assert [decode(record.detail)["version"] for record in everything(catalog.store)] == [1, 1, 2, 1, 3, 4]
    assert catalog.inspect().is_sound


def test_what_the_catalog_watches_over_is_watched_over_as_a_super_type_too(catalog: Catalog) -> None:
    catalog.save(entity("AtlasGlossary", name="Finance"), entity("AtlasGlossary", name="Sales"))
    sales = EntityInput("Asset", guid=catalog.guid("AtlasGlossary", "Sales"), attributes={"name": "Finance"})
    waiting = wait_together(catalog, [entity("Table", "t1")], [sales], [entity("Table", "t2")])

    assert [waiting[place].result(30).first_position for place in (0, 2)] == [3, 4]
    with pytest.raises(GlossaryExists):
        waiting[1].result(30)


def test_what_cannot_go_together_is_not_read_again_and_again(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    catalog.types = Types(SYSTEM)
    catalog.save(*[tagged(entity("Table", f"t{number}"), PII) for number in range(60)])
    read: list[Draft] = []

    def noted(drafts: list[Draft]) -> tuple[set[str], set[str]]:
        read.extend(drafts)
        return mentioned(drafts)

    monkeypatch.setattr(together, "mentioned", noted)

    waiting = wait_together(catalog, *[[entity("Table", f"t{number}", description="new")] for number in range(60)])

    assert [one.result(30).first_position for one in waiting] == list(range(121, 181))
    assert 60 <= len(read) < 2 * 60


def test_those_that_go_together_again_soon_go_together_in_numbers(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog.types = Types(SYSTEM)
    catalog.save(*[tagged(entity("Table", f"t{number}"), PII) for number in range(20)])
    joined: list[int] = []
    together_as_it_is = Work.together

    def noted(self: Work, others: Sequence[object], tx: Transaction) -> list[Receipt]:
        done = together_as_it_is(self, others, tx)
        joined.append(len(done))
        return done

    monkeypatch.setattr(Work, "together", noted)
    alone = [[entity("Table", f"t{number}", description="new")] for number in range(20)]
    wait_together(catalog, *alone, *[[entity("Table", f"u{number}")] for number in range(100)])[-1].result(30)

    assert sum(joined) > 80
    assert max(joined) >= 32
