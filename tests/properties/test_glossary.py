"""Whatever is asked of glossaries, in whatever order: the rules hold afterwards, and what is refused left nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.catalog import Catalog, ref_to
from tests.properties.bodies import fresh_store, run_machine
from tidings.model.asset import ACTIVE, Asset
from tidings.model.errors import StoreError, TidingsError
from tidings.store.base import AssetQuery
from tidings.write.commands import EntityInput, Target
from tidings.write.submit import Receipt

G, T, K = "AtlasGlossary", "AtlasGlossaryTerm", "AtlasGlossaryCategory"
NAMES = st.sampled_from("ab")
PICK = st.integers(0, 1_000)
Links = dict[int, int]


class GlossaryMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.catalog = Catalog(fresh_store())

    def teardown(self) -> None:
        self.catalog.store.close()

    @initialize()
    def two_glossaries(self) -> None:
        made = self.catalog.save(*(EntityInput(G, name, attributes={"name": name}) for name in "ab")).assigned
        for glossary in made.values():
            for kind in (T, K, K):
                self._try(lambda k=kind, g=glossary: self._create(k, "a", g, []))  # type: ignore[misc]

    @rule(kind=st.sampled_from([T, K, K]), name=NAMES, glossary=PICK, within=st.lists(PICK, max_size=2))
    def create(self, kind: str, name: str, glossary: int, within: list[int]) -> None:
        anchor = self._pick(G, glossary)
        above = [one for pick in within if (one := self._pick(K, pick))]
        if anchor:
            self._try(lambda: self._create(kind, name, anchor, above))

    def _create(self, kind: str, name: str, glossary: str, above: list[str]) -> Receipt:
        links: dict[str, Any] = {"anchor": ref_to(glossary)}
        if above:
            links["categories" if kind == T else "parentCategory"] = (
                [ref_to(one) for one in above] if kind == T else ref_to(above[0])
            )
        return self.catalog.save(EntityInput(kind, "-1", attributes={"name": name, **links}))

    @rule(kind=st.sampled_from([G, T, K]), pick=PICK, name=NAMES)
    def rename(self, kind: str, pick: int, name: str) -> None:
        if one := self._pick(kind, pick):
            self._try(lambda: self.catalog.save(EntityInput(kind, one, attributes={"name": name})))

    @rule(
        moves=st.lists(st.tuples(st.sampled_from([T, K, K]), PICK), min_size=1, max_size=3),
        glossary=PICK,
        loose=st.booleans(),
    )
    def move_to_a_glossary(self, moves: list[tuple[str, int]], glossary: int, loose: bool) -> None:
        """``loose``: out of whatever they stood in."""
        anchor = self._pick(G, glossary)
        wishes = {}
        for kind, pick in moves:
            if anchor and (one := self._pick(kind, pick)):
                out: dict[str, Any] = {"categories": []} if kind == T else {"parentCategory": None}
                links = {"anchor": ref_to(anchor), **(out if loose else {})}
                wishes[one] = EntityInput(kind, one, attributes=links)
        self._try(lambda: self.catalog.save(*wishes.values()))

    @rule(moves=st.lists(st.tuples(PICK, PICK), min_size=1, max_size=2, unique_by=lambda one: one[0]))
    def move_within(self, moves: list[tuple[int, int]]) -> None:
        wishes = {}
        for own, above in moves:
            one, parent = self._pick(K, own), self._pick(K, above)
            if one and parent:
                wishes[one] = EntityInput(K, one, attributes={"parentCategory": ref_to(parent)})
        self._try(lambda: self.catalog.save(*wishes.values()))

    @rule(above=PICK, below=st.lists(PICK, max_size=2), terms=st.lists(PICK, max_size=2))
    def fill_a_category(self, above: int, below: list[int], terms: list[int]) -> None:
        if one := self._pick(K, above):
            links = {"childrenCategories": self._refs(K, below), "terms": self._refs(T, terms)}
            self._try(lambda: self.catalog.save(EntityInput(K, one, attributes=links)))

    @rule(glossary=PICK, terms=st.lists(PICK, max_size=2), categories=st.lists(PICK, max_size=2))
    def give_to_a_glossary(self, glossary: int, terms: list[int], categories: list[int]) -> None:
        if one := self._pick(G, glossary):
            links = {"terms": self._refs(T, terms), "categories": self._refs(K, categories)}
            self._try(lambda: self.catalog.save(EntityInput(G, one, append_relationship_attributes=links)))

    @rule(
        kind=st.sampled_from([G, T, K, K]), pick=PICK, how=st.sampled_from(["archive", "restore", "restore", "purge"])
    )
    def end(self, kind: str, pick: int, how: str) -> None:
        if (one := self._pick(kind, pick)) and (kind != G or how != "purge"):
            act: Callable[[Target], Receipt] = getattr(self.catalog, how)
            self._try(lambda: act(Target(guid=one)))

    @rule()
    def save_everything_back(self) -> None:
        back = [EntityInput(one.type_name, one.guid, attributes=one.attributes) for one in self._assets()]
        assert self.catalog.save(*back).events == []

    def _refs(self, kind: str, picks: list[int]) -> list[dict[str, Any]]:
        return [ref_to(one) for pick in picks if (one := self._pick(kind, pick))]

    def _pick(self, kind: str, pick: int) -> str | None:
        known = [one.guid for one in self._assets() if one.type_name == kind]
        return known[pick % len(known)] if known else None

    def _assets(self) -> list[Asset]:
        with self.catalog.store.snapshot() as snapshot:
            return sorted(snapshot.list_assets(AssetQuery(limit=10_000)), key=lambda one: one.id)

    def _try(self, act: Callable[[], Receipt]) -> None:
        head = self.catalog.store.head()
        try:
            receipt = act()
        except StoreError:
            raise
        except TidingsError:
            assert self.catalog.store.head() == head
        else:
            assert max(Counter(event.guid for event in receipt.events).values(), default=1) == 1

    @invariant()
    def the_rules_hold(self) -> None:
        assets = {one.id: one for one in self._assets()}
        with self.catalog.store.snapshot() as snapshot:
            links = snapshot.all_links(assets.keys())
        glossaries = {one.end2: one.end1 for one in links if one.relationship.endswith("Anchor")}
        parents = {one.end2: one.end1 for one in links if one.relationship.endswith("HierarchyLink")}
        filed = [(one.end1, one.end2) for one in links if one.relationship.endswith("Categorization")]
        for below, above in (*parents.items(), *((term, category) for category, term in filed)):
            assert glossaries[below] == glossaries[above]
        for own, glossary in glossaries.items():
            assert assets[own].qualified_name.partition("@")[2] == assets[glossary].qualified_name
        _no_circle(parents)
        active = [one for one in assets.values() if one.status == ACTIVE]
        taken = Counter((one.type_name, one.attributes["name"], _scope(one, glossaries, parents)) for one in active)
        assert max(taken.values(), default=1) == 1

    @invariant()
    def the_catalog_is_sound(self) -> None:
        assert self.catalog.inspect().problems == []


def _scope(one: Asset, glossaries: Links, parents: Links) -> int:
    return parents.get(one.id) or glossaries.get(one.id) or 0


def _no_circle(parents: Links) -> None:
    for start in parents:
        at: int | None = start
        for _ in range(len(parents) + 1):
            at = parents.get(at) if at is not None else None
        assert at is None


@pytest.mark.properties
@pytest.mark.timeout(600)  # what fails is made small first, which takes minutes
def test_glossary() -> None:
    run_machine(GlossaryMachine, 60, 30)
