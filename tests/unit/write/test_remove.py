"""What archive, purge and restore touch, in which order, and who else hears."""

from __future__ import annotations

import pytest

from tests.catalog import TYPES
from tests.unit.write.steps import STAMP, asset
from tidings.model.asset import ACTIVE, ARCHIVED, Link
from tidings.model.changes import AssetChange, Kind
from tidings.write.remove import bereaved, remove, restore, reunited

GLOSSARY, TERM, GONE = asset(6, "AtlasGlossary"), asset(4, "AtlasGlossaryTerm"), asset(5, "AtlasGlossaryTerm", ARCHIVED)
ANCHORS = [Link("AtlasGlossaryTermAnchor", 6, 4), Link("AtlasGlossaryTermAnchor", 6, 5)]


def test_archive_takes_children_first_and_passes_over_the_archived() -> None:
    changes = remove([GLOSSARY], [TERM, GONE], ANCHORS, TYPES, STAMP, purge=False)

    assert [(one.kind, one.after.id, one.origin) for one in changes.assets] == [
        (Kind.ARCHIVE, 4, "cascade"),
        (Kind.ARCHIVE, 6, "direct"),
    ]
    assert all(one.after.status == ARCHIVED and one.after.version == 2 for one in changes.assets)


def test_purge_takes_the_archived_too() -> None:
    changes = remove([GLOSSARY], [TERM, GONE], ANCHORS, TYPES, STAMP, purge=True)

    assert {one.after.id for one in changes.assets[:2]} == {4, 5}
    assert {one.kind for one in changes.assets} == {Kind.PURGE}
    assert [one.before for one in changes.assets if one.after.id == 5] == [{"__state": "DELETED"}]


def test_an_owned_asset_that_is_named_itself_goes_once() -> None:
    changes = remove([TERM, GLOSSARY], [TERM], ANCHORS, TYPES, STAMP, purge=False)

    assert [(one.after.id, one.origin) for one in changes.assets] == [(4, "direct"), (6, "direct")]


def test_restore_takes_parents_first_and_passes_over_the_active() -> None:
    archived = asset(6, "AtlasGlossary", ARCHIVED)

    changes = restore([archived], [GONE, TERM], ANCHORS, TYPES, STAMP)

    assert [(one.after.id, one.origin, one.restored) for one in changes.assets] == [
        (6, "restore", True),
        (5, "restore", True),
    ]
    assert all(one.kind is Kind.UPDATE and one.after.status == ACTIVE for one in changes.assets)


@pytest.mark.parametrize("purge", [False, True])
def test_live_neighbours_of_the_deleted_hear_which_link_went(purge: bool) -> None:
    table, other = asset(1), asset(2, status=ARCHIVED)
    links = [*ANCHORS, Link("AtlasGlossarySemanticAssignment", 4, 1), Link("AtlasGlossarySemanticAssignment", 4, 2)]
    changes = remove([TERM], [], links, TYPES, STAMP, purge)

    bereaved(changes, links, [table, other, GLOSSARY, TERM], TYPES, STAMP)

    heard = {
        one.after.id: {name: [end.name.id for end in ends] for name, ends in one.unlinked.items()}
        for one in changes.assets[:-1]
    }
    assert heard == {1: {"meanings": [4]}, 6: {"terms": [4]}}
    assert {one.origin for one in changes.assets[:-1]} == {"related"}


def test_nobody_hears_of_the_end_of_what_was_archived_already() -> None:
    changes = remove([GONE], [], ANCHORS, TYPES, STAMP, purge=True)

    bereaved(changes, ANCHORS, [GLOSSARY, GONE], TYPES, STAMP)

    assert [one.kind for one in changes.assets] == [Kind.PURGE]


def test_live_neighbours_of_the_restored_hear_who_is_back_and_each_once() -> None:
    term, table, other = asset(4, "AtlasGlossaryTerm", ARCHIVED), asset(1), asset(2, status=ARCHIVED)
    links = [ANCHORS[0], *(Link("AtlasGlossarySemanticAssignment", 4, end) for end in (1, 2))]
    changes = restore([term], [], links, TYPES, STAMP)
    changes.assets.append(AssetChange(Kind.UPDATE, "direct", GLOSSARY, None))

    reunited(changes, links, [term, table, other, GLOSSARY], TYPES, STAMP)

    heard = [(one.after.id, one.origin, list(one.linked)) for one in changes.assets]
    assert heard == [(4, "restore", []), (6, "direct", []), (1, "related", ["meanings"])]


def test_a_neighbour_that_is_labelled_at_once_keeps_its_label() -> None:
    table, labelled = asset(1), asset(1)
    labelled.version, labelled.custom = 2, b"{}"
    links = [Link("AtlasGlossarySemanticAssignment", 4, 1)]
    changes = restore([asset(4, "AtlasGlossaryTerm", ARCHIVED)], [], links, TYPES, STAMP)
    changes.assets.append(AssetChange(Kind.CUSTOM, "direct", labelled, None))

    reunited(changes, links, [table], TYPES, STAMP)

    heard = [(one.kind, one.after.version, one.after.custom) for one in changes.assets if one.after.id == 1]
    assert heard == [(Kind.CUSTOM, 2, b"{}"), (Kind.UPDATE, 3, b"{}")]
