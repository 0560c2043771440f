"""What the store tells of an asset's place: below a name, naming a connection, inside another."""

from __future__ import annotations

import pytest

from tests.store.rows import adding, asset
from tidings.model.asset import ARCHIVED, Link
from tidings.model.tag import Task
from tidings.store.base import Store, Transaction

HOME = "default/x/1"
NAMES = {
    1: HOME,
    2: f"{HOME}/b",
    3: f"{HOME}/a/c",
    4: f"{HOME}0",
    5: f"{HOME}.a/b",
    6: "elsewhere",
    7: f"{HOME}/é\U0010fffe",
}


@pytest.fixture
def filled(store: Store) -> Store:
    rows = [asset(number, name) for number, name in NAMES.items()]
    rows[2].status = ARCHIVED
    rows[5].connection = HOME
    rows[3].encoded = b'{"connectionQualifiedName":"default/y/2"}'
    rows[1].type_name = "View"
    store.transact(adding(*rows, added=[Link("r", 1, 2), Link("r", 2, 3), Link("s", 6, 1), Link("t", 1, 6)]))
    return store


def test_ids_below_a_name_are_those_that_go_on_behind_its_slash(filled: Store) -> None:
    with filled.snapshot() as snapshot:
        assert snapshot.ids_below(HOME) == [3, 2, 7]
        assert snapshot.ids_below(f"{HOME}/a") == [3]
        assert snapshot.ids_below("default/%") == snapshot.ids_below("nowhere") == []


def test_assets_that_name_a_connection_from_elsewhere(filled: Store) -> None:
    with filled.snapshot() as snapshot:
        assert snapshot.ids_naming(HOME) == [6]
        assert snapshot.ids_naming("default/y/2") == []
        assert sorted(snapshot.connections_named([4, 6, 2, 99])) == [(2, None), (4, "default/y/2"), (6, HOME)]
        assert snapshot.connections_named([]) == []


def test_children_of_any_status_along_relationships(filled: Store) -> None:
    with filled.snapshot() as snapshot:
        assert sorted(snapshot.children([1, 2], ["r", "unknown"], [])) == [(1, 2), (2, 3)]
        assert snapshot.children([1], [], ["s"]) == [(1, 6)]
        assert sorted(snapshot.children([1], ["r"], ["s"])) == [(1, 2), (1, 6)]
        assert snapshot.children([], ["r"], ["s"]) == snapshot.children([1], [], []) == []


def test_which_are_active_and_of_which_types_they_are(filled: Store) -> None:
    with filled.snapshot() as snapshot:
        assert snapshot.active([1, 2, 3, 99]) == {1, 2}
        assert snapshot.types_of([1, 2, 3, 99]) == {"Table": 2, "View": 1}
        assert (snapshot.active([]), snapshot.types_of([])) == (set(), {})


def test_a_task_stands_until_it_is_removed(store: Store) -> None:
    def write(tx: Transaction) -> None:
        tx.save_task(Task("connection", "b", b'{"done":1}'))
        tx.save_task(Task("connection", "a", b"{}"))
        tx.save_task(Task("connection", "b", b'{"done":2}'))

    store.transact(write)
    with store.snapshot() as snapshot:
        assert snapshot.tasks() == [Task("connection", "a", b"{}"), Task("connection", "b", b'{"done":2}')]
    store.transact(lambda tx: tx.remove_task("connection", "b"))
    with store.snapshot() as snapshot:
        assert snapshot.tasks() == [Task("connection", "a", b"{}")]
