"""Saves that come together leave the same log and the same state as the same saves one after the other.

Certificates are left out: what is stamped with the time is told only where the time differs, and theirs does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.catalog import ACTOR, SHIPPED, Catalog, entity, ref
from tests.properties.bodies import fresh_store
from tests.store.gate import Held
from tests.store.rows import everything
from tidings.model.errors import TidingsError
from tidings.model.events import decode
from tidings.store.base import Store, pages
from tidings.store.types import Types
from tidings.write.commands import EntityInput, Save
from tidings.write.submit import work_for

TABLES, COLUMNS, SCHEMAS = ("t1", "t2", "t3"), ("c1", "c2", "c3", "c4", "c5"), ("s1", "s2")
_VARYING = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(rb"\b1[0-9]{12}\b")


def _one_of(type_name: str, names: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(names).map(lambda name: ref(type_name, name))


def _asset(type_name: str, names: tuple[str, ...], **links: st.SearchStrategy[Any]) -> st.SearchStrategy[EntityInput]:
    """An asset with some attributes and links; some of them are refused."""
    attributes = st.fixed_dictionaries(
        {},
        optional={
            "description": st.sampled_from(["one", "two", "", None]),
            "userDescription": st.sampled_from(["one", "two", None]),
            "ownerUsers": st.lists(st.sampled_from(["ann", "bob"]), max_size=3),
            "isTemporary": st.booleans() | st.just("wrong"),
            **links,
        },
    )
    return st.builds(lambda name, given: entity(type_name, name, **given), st.sampled_from(names), attributes)


ASSETS = st.one_of(
    _asset(
        "Table",
        TABLES,
        atlanSchema=_one_of("Schema", SCHEMAS),
        columns=st.lists(_one_of("Column", COLUMNS), max_size=2),
    ),
    _asset("Column", COLUMNS, table=_one_of("Table", TABLES)),
    _asset("Schema", SCHEMAS),
)
KNOWN = Types(SHIPPED)
SAVES = st.lists(st.lists(ASSETS, min_size=1, max_size=2).map(Save), min_size=2, max_size=12)


def one_by_one(catalog: Catalog, saves: list[Save]) -> list[object]:
    return [_outcome(partial(catalog.store.transact, work_for(catalog.types, one, ACTOR))) for one in saves]


def together(catalog: Catalog, saves: list[Save]) -> list[object]:
    with Held(catalog.store):
        waiting = [catalog.store.enqueue(work_for(catalog.types, one, ACTOR)) for one in saves]
    return [_outcome(one.result) for one in waiting]


def _outcome(ask: Callable[[], Any]) -> object:
    """What the caller hears: where its events stand, or the error."""
    try:
        receipt = ask()
    except TidingsError as error:
        return type(error), _told(str(error).encode(), {}), [one.location for one in error.problems]
    return receipt.first_position, [change.kind for change in receipt.changes.assets]


def contents(store: Store) -> list[bytes]:
    """Log and state, with guids by the order in which they appear and without times."""
    seen: dict[bytes, bytes] = {}
    with store.snapshot() as snapshot:
        assets = sorted(pages(snapshot.assets_in_guid_order, "", lambda one: one.guid), key=lambda one: one.id)
        links = snapshot.all_links({one.id for one in assets})
    # In what order an event shows what is not set depends on what was set in this process before.
    rows = [msgspec.json.encode(decode(record.full()), order="sorted") for record in everything(store)]
    rows += [repr((one.guid, one.type_name, one.qualified_name, one.version, one.encoded)).encode() for one in assets]
    names = {one.id: one.qualified_name for one in assets}
    rows += sorted(repr((link.relationship, names[link.end1], names[link.end2])).encode() for link in links)
    return [_told(row, seen) for row in rows]


def _told(text: bytes, seen: dict[bytes, bytes]) -> bytes:
    numbered = _VARYING.sub(lambda found: seen.setdefault(found[0], b"guid-%d" % len(seen)), text)
    return _TIME.sub(b"then", numbered)


@settings(max_examples=40, deadline=None)
@given(SAVES, SAVES)
def test_saves_together_are_as_saves_one_after_the_other(first: list[Save], then: list[Save]) -> None:
    apart, joined = Catalog(fresh_store()), Catalog(fresh_store())
    joined.types = apart.types = KNOWN
    try:
        for saves in (first, then):
            assert together(joined, saves) == one_by_one(apart, saves)
        assert contents(joined.store) == contents(apart.store)
        assert joined.inspect().problems == []
    finally:
        apart.store.close()
        joined.store.close()
