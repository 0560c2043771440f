"""Random graphs, random operations: who has which tag is what a walk from every source finds, and events say the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.catalog import entity, ref, ref_to
from tests.labels import LABELLED, PII, SECRET, labelled
from tests.properties.bodies import fresh_store
from tidings.model.asset import ACTIVE, Link
from tidings.model.events import EVERYTHING, decode
from tidings.model.tag import Attachment
from tidings.write.catch_up import catch_up
from tidings.write.commands import EntityInput, Target

Named = tuple[str, str]
"""Type and qualifiedName."""
Triple = tuple[str, str, str]
"""Guid of the asset, tag, guid of the asset from which it came."""
ALL: list[Named] = [("Table", f"t{n}") for n in range(3)] + [("Column", f"c{n}") for n in range(4)]
ALL += [("Process", f"p{n}") for n in range(3)]
TERMS = ("term0", "term1")
"""Names that people give; the catalog makes the qualifiedNames, so that terms go by the guids they got."""
LINEAGE = ("catalog_process_inputs", "process_catalog_outputs")

assets = st.sampled_from(ALL)
tables, columns, processes = (
    st.sampled_from([one for one in ALL if one[0] == kind]) for kind in ("Table", "Column", "Process")
)
datasets = st.lists(tables | columns, max_size=2, unique=True)
tags = st.sampled_from([PII, SECRET])
terms = st.integers(0, len(TERMS) - 1)
some = st.lists(assets, min_size=1, max_size=3, unique=True)
flags = st.fixed_dictionaries(
    {
        "propagate": st.sampled_from([True, True, True, True, False]),
        "removePropagationsOnEntityDelete": st.booleans(),
        "mode": st.sampled_from([(False, False), (False, False), (True, False), (False, True)]),
    }
)
process = st.tuples(st.just("process"), processes, datasets, datasets)
tag = st.tuples(st.just("tag"), assets, tags, flags)
operations = st.one_of(
    process,
    process,
    tag,
    tag,
    st.tuples(st.just("untag"), assets, tags),
    st.tuples(st.just("column"), columns, tables | st.none()),
    st.tuples(st.just("column"), columns, tables),
    st.tuples(st.just("nest"), columns, columns | st.none()),
    st.tuples(st.just("assign"), terms, st.lists(tables, max_size=2, unique=True)),
    st.tuples(st.just("tag_term"), terms, tags, flags),
    st.tuples(st.just("untag_term"), terms),
    st.tuples(st.just("archive_term"), terms),
    st.tuples(st.just("restore_term"), terms),
    st.tuples(st.just("archive"), some),
    st.tuples(st.just("restore"), some),
    st.tuples(st.just("restore_all")),
    st.tuples(st.just("purge"), some),
)


class World:
    """A catalog, and what of its tags is known from before the operation at hand."""

    def __init__(self, at_once: int) -> None:
        self.it = labelled(fresh_store())
        self.it.at_once = at_once
        self.it.save(*(entity(*one) for one in ALL))
        for number in range(3):
            self.column(("Column", f"c{number}"), ("Table", f"t{number}"))
        for number in range(2):  # t0 → p0 → t1 → p1 → t2, and past t1
            ends = [("Table", f"t{number}")], [("Table", f"t{one}") for one in {number + 1, 2}]
            self.process(("Process", f"p{number}"), *ends)
        self.terms = self._make_terms()
        self.assign(0, [("Table", "t0")])
        self.before: set[Triple] = set()
        self.seen = self.it.store.head()
        self.look()

    def _make_terms(self) -> list[str]:
        [glossary] = self.it.save(EntityInput("AtlasGlossary", "-1", attributes={"name": "g"})).assigned.values()
        wanted = [
            EntityInput("AtlasGlossaryTerm", name, attributes={"name": name, "anchor": ref_to(glossary)})
            for name in TERMS
        ]
        made = self.it.save(*wanted).assigned
        return [made[name] for name in TERMS]

    def look(self) -> None:
        """Read everything as it is now."""
        with self.it.store.snapshot() as snapshot:
            found = [*snapshot.assets_by_name([name for _, name in ALL]), *snapshot.assets_by_guid(self.terms)]
            self.assets = {one.id: one for one in found}
            self.links = snapshot.all_links(self.assets.keys())
            pairs = snapshot.tagged(self.assets.keys())
            known = snapshot.attachments({own for _, own in pairs})
            self.attachments = {one.id: one for one in [*known, *snapshot.attachments_of(self.assets.keys())]}
        self.active = {own for own, one in self.assets.items() if one.status == ACTIVE}
        self.now = {
            (self.assets[own].guid, self.attachments[one].tag, self.attachments[one].guid) for own, one in pairs
        }

    # --- operations -------------------------------------------------------------------------------------------------

    def do(self, name: str, *rest: Any) -> None:
        getattr(self, name)(*rest)
        while catch_up(self.it.store, self.it.types, chunk=2):
            pass

    def _make_sure(self, *some: Named) -> None:
        self.it.save(*(entity(*one) for one in some))

    def _asset(self, one: Named, **attributes: Any) -> EntityInput:
        self._make_sure(one)
        return entity(*one, **attributes)

    def _term(self, number: int, **attributes: Any) -> EntityInput:
        return EntityInput("AtlasGlossaryTerm", self.terms[number], attributes=attributes)

    def assign(self, number: int, some: list[Named]) -> None:
        self._make_sure(*some)
        self.it.save(self._term(number, assignedEntities=[ref(*one) for one in some]))

    def tag_term(self, number: int, tag: str, flags: dict[str, Any]) -> None:
        self._tag(self._term(number), tag, flags)

    def untag_term(self, number: int) -> None:
        term = self._term(number)
        term.classifications = []
        self.it.save(term, tagging="replace")

    def archive_term(self, number: int) -> None:
        self.it.archive(Target(guid=self.terms[number]))

    def restore_term(self, number: int) -> None:
        self.it.restore(Target(guid=self.terms[number]))

    def tag(self, one: Named, tag: str, flags: dict[str, Any]) -> None:
        self._tag(self._asset(one), tag, flags)

    def _tag(self, asset: EntityInput, tag: str, flags: dict[str, Any]) -> None:
        lineage, hierarchy = flags["mode"]
        asset.classifications = [
            {
                "typeName": tag,
                "propagate": flags["propagate"],
                "removePropagationsOnEntityDelete": flags["removePropagationsOnEntityDelete"],
                "restrictPropagationThroughLineage": lineage,
                "restrictPropagationThroughHierarchy": hierarchy,
            }
        ]
        self.it.save(asset, tagging="append")

    def untag(self, one: Named, tag: str) -> None:
        asset = self._asset(one)
        asset.classifications = []
        self.it.save(asset, tagging="replace")

    def column(self, one: Named, table: Named | None) -> None:
        self._make_sure(*([table] if table else []))
        self.it.save(self._asset(one, table=ref(*table) if table else None))

    def nest(self, one: Named, parent: Named | None) -> None:
        self._make_sure(*([parent] if parent else []))
        self.it.save(self._asset(one, parentColumn=ref(*parent) if parent else None))

    def process(self, one: Named, inputs: list[Named], outputs: list[Named]) -> None:
        self._make_sure(*dict.fromkeys([*inputs, *outputs]))
        self.it.save(self._asset(one, inputs=[ref(*end) for end in inputs], outputs=[ref(*end) for end in outputs]))

    def archive(self, some: list[Named]) -> None:
        self.it.archive(*self._targets(some))

    def restore(self, some: list[Named]) -> None:
        self.it.restore(*self._targets(some))

    def restore_all(self) -> None:
        self.it.restore(*(Target(guid=one.guid) for one in self.assets.values()))

    def purge(self, some: list[Named]) -> None:
        self.it.purge(*self._targets(some))

    def _targets(self, some: list[Named]) -> list[Target]:
        self._make_sure(*some)
        return [Target(type_name=kind, qualified_name=name) for kind, name in some]

    # --- what ought to be -------------------------------------------------------------------------------------------

    def expected(self) -> set[Triple]:
        """Archived assets keep what they had; the rest is what a walk from every source finds."""
        archived = {one.guid for own, one in self.assets.items() if own not in self.active}
        found = {one for one in self.before if one[0] in archived and one[0] != one[2]}
        for one in self.attachments.values():
            found |= self._bearers(one, archived)
        return found

    def _bearers(self, one: Attachment, archived: set[str]) -> set[Triple]:
        found = {(one.guid, one.tag, one.guid)} if one.source in self.assets and not one.gone else set()
        if one.spreads:
            return found | {(self.assets[own].guid, one.tag, one.guid) for own in self._walk(one)}
        if one.frozen:
            there = {asset.guid for asset in self.assets.values()}
            return found | {known for known in self.before if known[1:] == (one.tag, one.guid) and known[0] in there}
        return found

    def _walk(self, one: Attachment) -> set[int]:
        steps = [step for link in self.links for step in _steps(link, one)]
        reached, todo = {one.source}, [one.source]
        while todo:
            at = todo.pop()
            fresh = {end for start, end in steps if start == at and end in self.active} - reached
            reached |= fresh
            todo += fresh
        return reached

    def told(self) -> tuple[Counter[Triple], Counter[Triple]]:
        """(gained, lost) as events since the last look say it."""
        found: dict[str, Counter[Triple]] = {"CLASSIFICATION_ADD": Counter(), "CLASSIFICATION_DELETE": Counter()}
        with self.it.store.snapshot() as snapshot:
            records = snapshot.log(self.seen, 10_000, EVERYTHING)[0]
        for record in records:
            if record.operation in found:
                for one in decode(record.message)["message"]["mutatedDetails"]:
                    found[record.operation][record.guid, one["typeName"], one["entityGuid"]] += 1
        return found["CLASSIFICATION_ADD"], found["CLASSIFICATION_DELETE"]

    def check(self) -> None:
        self.look()
        assert self.now == self.expected()
        there = {one.guid for one in self.assets.values()}
        gained, lost = self.told()
        assert gained == Counter(self.now - self.before)
        assert lost == Counter({one for one in self.before - self.now if one[0] in there})
        self.before, self.seen = self.now, self.it.store.head()


def _steps(link: Link, one: Attachment) -> Iterator[tuple[int, int]]:
    lineage = link.relationship in LINEAGE
    if (one.restrict_lineage and lineage) or (one.restrict_hierarchy and not lineage):
        return
    flow = LABELLED.relationship(link.relationship).tag_flow
    if flow in ("ONE_TO_TWO", "BOTH"):
        yield link.end1, link.end2
    if flow in ("TWO_TO_ONE", "BOTH"):
        yield link.end2, link.end1


@pytest.mark.properties
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(operations, min_size=20, max_size=40), st.sampled_from([100_000, 3]))
def test_tags_are_where_a_walk_finds_them_and_events_are_the_difference(steps: list[Any], at_once: int) -> None:
    """With ``at_once`` of 3 nearly everything is left to tasks, which come to the same."""
    world = World(at_once)
    try:
        for step in steps:
            note(repr(step))
            world.do(*step)
            world.check()
        assert world.it.inspect().problems == []
    finally:
        world.it.store.close()
