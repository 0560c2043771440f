"""What can be asked of a state, and how changes are written: the same answers from every body."""

from __future__ import annotations

from typing import Any

import pytest

from tests.store.rows import adding, asset, changes, event
from tidings.model.asset import ARCHIVED, Asset, Link, name_of
from tidings.model.changes import AssetChange, Changes, Kind
from tidings.model.errors import Conflict
from tidings.model.events import LogFilter
from tidings.store.base import AssetQuery, Store, Token, pages

ONE, TWO, THREE = asset(1, "a/x", name="x"), asset(2, "a/x", "View"), asset(3, "b", status=ARCHIVED)
LINKS = [Link("r", 1, 2, b'{"a":1}'), Link("r", 2, 2), Link("s", 1, 3), Link("r", 3, 1)]


@pytest.fixture
def filled(store: Store) -> Store:
    store.transact(adding(ONE, TWO, THREE, added=LINKS))
    return store


def by_id(found: list[Asset]) -> list[Asset]:
    return sorted(found, key=lambda one: one.id)


def by_key(found: list[Link]) -> list[Link]:
    return sorted(found, key=lambda one: one.key)


def test_assets_are_found_by_guid_name_and_id(filled: Store) -> None:
    with filled.snapshot() as snapshot:
        assert by_id(snapshot.assets_by_guid({"guid-1", "guid-3", "guid-9"})) == [ONE, THREE]
        assert by_id(snapshot.assets_by_name(["a/x", "nothing"])) == [ONE, TWO]
        assert by_id(snapshot.assets_by_id([2, 3, 99])) == [TWO, THREE]
        assert (snapshot.assets_by_guid([]), snapshot.assets_by_name([]), snapshot.assets_by_id([])) == ([], [], [])


def test_names_are_the_short_form_of_the_same(filled: Store) -> None:
    with filled.snapshot() as snapshot:
        assert snapshot.names_by_guid(["guid-1"]) == [name_of(ONE)]
        assert {one.id for one in snapshot.names_by_name(["a/x"])} == {1, 2}
        assert snapshot.names_by_id([3, 99]) == [name_of(THREE)]
        assert snapshot.names_by_id([]) == []


def test_links_are_found_from_either_end(filled: Store) -> None:
    with filled.snapshot() as snapshot:
        assert snapshot.links("r", 1, [1]) == [LINKS[0]]
        assert by_key(snapshot.links("r", 2, [2])) == LINKS[:2]
        assert snapshot.links("unknown", 1, [1]) == snapshot.links("r", 1, []) == []
        assert by_key(snapshot.all_links([1])) == [LINKS[0], LINKS[3], LINKS[2]]
        assert by_key(snapshot.all_links([2])) == LINKS[:2]
        assert snapshot.all_links([]) == []


def test_links_come_in_order_and_in_pages(filled: Store) -> None:
    def key(link: Link) -> tuple[int, str, int]:
        return link.end1, link.relationship, link.end2

    with filled.snapshot() as snapshot:
        whole = snapshot.links_in_order((0, "", 0), 100)
        paged = list(pages(snapshot.links_in_order, (0, "", 0), key, size=1))

    assert by_key(whole) == by_key(LINKS)
    assert [link.end1 for link in whole] == [1, 1, 2, 3]
    assert paged == whole


def test_relationship_numbers_are_read_by_everybody(filled: Store) -> None:
    number = filled.transact(lambda tx: tx.relationship_number("r"))

    with filled.snapshot() as snapshot:
        assert snapshot.relationship_number("r") == number
        with pytest.raises(KeyError):
            snapshot.relationship_number("unknown")


def test_counts(filled: Store) -> None:
    with filled.snapshot() as snapshot:
        assert snapshot.counts() == {"active": 2, "archived": 1, "links": 4}


def test_an_update_writes_everything_that_may_change(filled: Store) -> None:
    after = Asset(1, "guid-1", "Table", "new", ARCHIVED, 2, 1_000, "ann", 2_000, "bob", b'{"a":2}')
    filled.transact(lambda tx: tx.save(changes(Kind.UPDATE, after)))

    with filled.snapshot() as snapshot:
        assert snapshot.assets_by_id([1]) == [after]


def test_a_stamp_leaves_attributes_as_they_are(filled: Store) -> None:
    after = Asset(1, "guid-1", "Table", "a/x", ARCHIVED, 2, 1_000, "ann", 2_000, "bob", b'{"not":"written"}')
    filled.transact(lambda tx: tx.save(Changes([AssetChange(Kind.ARCHIVE, "direct", after, {})])))

    with filled.snapshot() as snapshot:
        [found] = snapshot.assets_by_id([1])
    assert (found.status, found.version, found.updated_by, found.encoded) == (ARCHIVED, 2, "bob", ONE.encoded)


def test_links_go_come_and_change_in_one_request(filled: Store) -> None:
    changed, added = Link("r", 1, 2, b'{"a":2}'), Link("t", 3, 2)
    filled.transact(lambda tx: tx.save(Changes(removed=[LINKS[1]], added=[added], changed=[changed])))

    with filled.snapshot() as snapshot:
        assert by_key(snapshot.all_links([1, 2, 3])) == by_key([changed, added, LINKS[2], LINKS[3]])


def test_a_purge_takes_all_links_along(filled: Store) -> None:
    filled.transact(lambda tx: tx.save(changes(Kind.PURGE, ONE)))

    with filled.snapshot() as snapshot:
        assert snapshot.assets_by_id([1]) == []
        assert snapshot.links_in_order((0, "", 0), 10) == [LINKS[1]]


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, [1, 2, 3]),
        ({"type_names": frozenset({"View", "Column"})}, [2]),
        ({"name_prefix": "a/"}, [1, 2]),
        ({"name_prefix": "c"}, []),
        ({"status": 0}, [1, 2]),
        ({"status": 1}, [3]),
        ({"after": ("a/x", "Table")}, [2, 3]),
        ({"after": ("a/x", "View"), "status": 0}, []),
        ({"limit": 2}, [1, 2]),
    ],
)
def test_which_assets_are_listed(filled: Store, wanted: dict[str, Any], ids: list[int]) -> None:
    with filled.snapshot() as snapshot:
        assert [one.id for one in snapshot.list_assets(AssetQuery(**wanted))] == ids


def test_a_listing_in_pages_leaves_nothing_out(store: Store) -> None:
    store.transact(adding(*(asset(number, f"n{number % 7}", f"T{number}") for number in range(1, 51))))

    with store.snapshot() as snapshot:
        found = list(
            pages(
                lambda after, limit: snapshot.list_assets(AssetQuery(after=after, limit=limit)),
                ("", ""),
                lambda one: (one.qualified_name, one.type_name),
                size=3,
            )
        )

    assert len({one.id for one in found}) == 50
    assert found == sorted(found, key=lambda one: (one.qualified_name, one.type_name))


def test_guid_order(filled: Store) -> None:
    filled.transact(lambda tx: tx.append([event(guid="guid-2"), event(guid="guid-1"), event(guid="guid-2")]))

    with filled.snapshot() as snapshot:
        assets = list(pages(snapshot.assets_in_guid_order, "", lambda one: one.guid, size=2))
        log = pages(snapshot.log_in_guid_order, ("", 0), lambda one: (one.guid, one.position), size=2)
        assert [one.id for one in assets] == [1, 2, 3]
        assert [(one.guid, one.position) for one in log] == [("guid-1", 1), ("guid-1", 3), ("guid-2", 2), ("guid-2", 4)]


LOG = [
    event("a/1", "g1", "ENTITY_CREATE", "Table", 10),
    event("a/2", "g2", "ENTITY_CREATE", "Column", 20),
    event("b/1", "g3", "ENTITY_DELETE", "Table", 30),
    event("a/1", "g1", "ENTITY_UPDATE", "Table", 40),
]


@pytest.mark.parametrize(
    ("wanted", "positions"),
    [
        ({}, [1, 2, 3, 4]),
        ({"operations": frozenset({"ENTITY_CREATE", "ENTITY_DELETE"})}, [1, 2, 3]),
        ({"operations": frozenset({"NEVER_HEARD_OF"})}, []),
        ({"type_names": frozenset({"Column"})}, [2]),
        ({"guid": "g1"}, [1, 4]),
        ({"guid": "g1", "operations": frozenset({"ENTITY_UPDATE"})}, [4]),
        ({"guid": "g1", "name_prefix": "b"}, []),
        ({"name_prefix": "a/"}, [1, 2, 4]),
        ({"since": 20, "until": 40}, [2, 3]),
        ({"guid": "g1", "since": 11, "until": 41}, [4]),
        ({"type_names": frozenset({"Table"}), "name_prefix": "a"}, [1, 4]),
    ],
)
def test_a_filter_of_the_log_means_what_it_means_elsewhere(
    store: Store, wanted: dict[str, Any], positions: list[int]
) -> None:
    store.transact(lambda tx: tx.append(LOG))

    with store.snapshot() as snapshot:
        found, looked_at = snapshot.log(0, 10, LogFilter(**wanted))
        everything, _ = snapshot.log(0, 10, LogFilter())

    assert ([one.position for one in found], looked_at) == (positions, 4)
    assert found == [one for one in everything if LogFilter(**wanted).passes(one)]


@pytest.mark.parametrize("wanted", [LogFilter(), LogFilter(name_prefix="a"), LogFilter(guid="g1")])
def test_the_log_is_read_on_from_where_it_was_looked_at(store: Store, wanted: LogFilter) -> None:
    store.transact(lambda tx: tx.append(LOG))

    with store.snapshot() as snapshot:
        found, after = snapshot.log(0, 1, wanted)
        assert ([one.position for one in found], after) == ([1], 1)
        rest, after = snapshot.log(after, 10, wanted)
        assert (len(rest) > 0, after) == (True, 4)
        assert snapshot.log(after, 10, wanted) == ([], 4)


def test_a_record_is_what_was_appended(store: Store) -> None:
    store.transact(lambda tx: tx.append(LOG))

    with store.snapshot() as snapshot:
        [record] = snapshot.log(2, 1, LogFilter())[0]
    assert (record.position, record.time, record.operation, record.guid) == (3, 30, "ENTITY_DELETE", "g3")
    assert (record.type_name, record.qualified_name, record.message, record.detail) == ("Table", "b/1", b"{}", b"{}")


def test_tokens_are_added_listed_and_removed(store: Store) -> None:
    one, other = Token("ci", "writer", b"1", 5), Token("admin", "admin", b"2", 6)
    store.transact(lambda tx: tx.add_token(one))
    store.transact(lambda tx: tx.add_token(other))

    with pytest.raises(Conflict, match="there is already a token named ci"):
        store.transact(lambda tx: tx.add_token(Token("ci", "reader", b"3", 7)))
    with store.snapshot() as snapshot:
        assert snapshot.tokens() == [other, one]
    assert store.transact(lambda tx: tx.remove_token("ci"))
    assert not store.transact(lambda tx: tx.remove_token("ci"))
