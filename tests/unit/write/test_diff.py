"""Stored x wanted -> changes: exact, in order, stamped."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalog import TYPES
from tests.unit.write.steps import STAMP, asset, wanted, weave, wish
from tidings.model.asset import ARCHIVED, Asset
from tidings.model.changes import AssetChange, Changes, Kind
from tidings.model.errors import MissingAttribute
from tidings.write.diff import Labels, changed_attributes, diff
from tidings.write.wishes import Wish

TABLE, COLUMN = asset(1, description="old", rowCount=5), asset(3, "Column")


def run(*wishes: Wish, related: tuple[Asset, ...] = ()) -> Changes:
    return diff(list(wishes), weave(list(wishes), []), Labels(), related, TYPES, STAMP)


def only(*wishes: Wish) -> AssetChange:
    [change] = run(*wishes).assets
    return change


@pytest.mark.parametrize("attributes", [{}, {"description": "old"}, {"rowCount": 5}, {"userDescription": None}])
def test_what_does_not_differ_is_no_change(attributes: dict[str, Any]) -> None:
    assert not run(wish(TABLE, **attributes))


def test_an_update_holds_what_changed_and_nothing_else() -> None:
    change = only(wish(TABLE, description="new", rowCount=None, name="q1"))

    assert (change.kind, change.origin) == (Kind.UPDATE, "direct")
    assert (change.before, change.now) == (
        {"description": "old", "rowCount": 5},
        {"description": "new", "rowCount": None},
    )
    assert change.after.attributes == {"name": "q1", "qualifiedName": "q1", "description": "new"}
    assert (change.after.version, change.after.updated_by, change.after.updated_at) == (2, "jo", 2_000)
    assert (change.after.created_by, change.after.created_at) == ("ann", 1_000)


def test_a_creation_leaves_out_what_is_null() -> None:
    change = only(wish(asset(9), new=True, description=None, rowCount=1))

    assert change.kind is Kind.CREATE
    assert change.after.attributes == {"name": "q9", "qualifiedName": "q9", "rowCount": 1}
    assert (change.after.version, change.after.created_by, change.after.created_at) == (1, "jo", 2_000)


@pytest.mark.parametrize("new", [False, True])
def test_a_certificate_is_stamped_with_who_and_when(new: bool) -> None:
    change = only(wish(asset(9), new=new, certificateStatus="VERIFIED"))

    stamps = {"certificateUpdatedBy": "jo", "certificateUpdatedAt": 2_000}
    assert stamps.items() <= change.after.attributes.items()
    if not new:
        assert change.stamped == stamps.keys()
        assert change.before == {"certificateStatus": None, "certificateUpdatedBy": None, "certificateUpdatedAt": None}


def test_a_stamp_that_stays_the_same_is_not_told() -> None:
    stored = asset(1, certificateStatus="DRAFT", certificateUpdatedBy="jo", certificateUpdatedAt=1)

    assert only(wish(stored, certificateStatus="VERIFIED")).stamped == {"certificateUpdatedAt"}


def test_sets_in_another_order_are_the_same() -> None:
    table = TYPES.type("Table")

    assert changed_attributes(table, {"ownerUsers": ["a", "b"]}, {"ownerUsers": ["b", "a"]}) == ({}, {})
    assert changed_attributes(table, {}, {"ownerUsers": ["b"]}) == ({"ownerUsers": None}, {"ownerUsers": ["b"]})


def test_a_new_name_is_the_assets_name() -> None:
    assert only(wish(TABLE, qualifiedName="other")).after.qualified_name == "other"


def test_related_assets_come_last_and_keep_their_attributes() -> None:
    change = run(wish(COLUMN, wanted("Column", "table", [TABLE])), related=(TABLE,)).assets[1]

    assert (change.origin, change.after.id, change.now) == ("related", 1, {})
    assert (change.after.encoded, change.after.version) == (TABLE.encoded, 2)
    assert [end.name.id for end in change.linked["columns"]] == [3]


def test_a_sent_asset_that_only_another_speaks_of_is_related() -> None:
    column, table = run(wish(COLUMN, wanted("Column", "table", [TABLE])), wish(TABLE)).assets

    assert (column.origin, table.origin) == ("direct", "related")
    assert [name.id for name in column.replaced["table"]] == [1]
    assert table.replaced == {}


def test_parents_are_created_before_children() -> None:
    table = asset(10)
    changes = run(wish(asset(9, "Column"), wanted("Column", "table", [table]), new=True), wish(table, new=True))

    assert [change.after.type_name for change in changes.assets] == ["Table", "Column"]
    assert [link.key for link in changes.added] == [("table_columns", 10, 9)]


def test_a_save_can_restore_and_change_at_once() -> None:
    archived = asset(1, status=ARCHIVED)

    change = only(wish(archived, restore=True, description="back"))

    assert (change.restored, change.origin, change.after.status) == (True, "restore", 0)
    assert only(wish(archived, description="still gone")).after.status == ARCHIVED
    assert not run(wish(TABLE, restore=True))


def test_a_mandatory_attribute_cannot_be_cleared() -> None:
    with pytest.raises(MissingAttribute, match="Table q1: name cannot be cleared, a Table needs it"):
        run(wish(TABLE, name=None))


def test_an_owned_asset_is_not_created_without_its_owner() -> None:
    with pytest.raises(MissingAttribute, match="a AtlasGlossaryTerm needs anchor, its AtlasGlossary") as caught:
        run(wish(asset(4, "AtlasGlossaryTerm"), new=True))

    assert caught.value.problems[0].location == "entities[0].attributes.anchor"
