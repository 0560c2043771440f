"""Any sequence of requests: exactly the expected events, dense numbers, and a log that replays to what is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.catalog import Catalog, message, ref, target
from tests.properties.bodies import fresh_store, run_machine
from tests.properties.model import LINKS, NAMES, TYPE_OF, Model, Refused, Wants, canonical, link_key
from tidings.model.asset import Asset
from tidings.model.errors import TidingsError
from tidings.model.events import Event, decode
from tidings.model.profiles import PROFILES
from tidings.store.base import AssetQuery
from tidings.write.commands import EntityInput, Target
from tidings.write.made_names import is_made
from tidings.write.submit import Receipt

ATTRIBUTES: dict[str, list[Any]] = {
    "description": [None, "", "a", "b"],
    "ownerUsers": [None, [], ["a"], ["a", "b"], ["b", "a", "b"]],
    "certificateStatus": [None, "DRAFT", "VERIFIED"],
    "rowCount": [None, 0, 1, 1.0, 2],
}
ONLY_TABLES = {"rowCount"}
WITH_OWN = {"meanings", "assignedEntities", "synonyms"}
EVERY_NAME = st.sampled_from(sorted(TYPE_OF))
BAD = [
    EntityInput(type_name="Tabel", attributes={"qualifiedName": "x"}),
    EntityInput(type_name="Table", attributes={"name": "x", "qualifiedName": "x", "rowCount": "many"}),
    EntityInput(type_name="Table", attributes={"qualifiedName": "no name"}),
    EntityInput(type_name="Column", attributes={"name": "x", "qualifiedName": "x", "table": ref("Table", "nowhere")}),
    EntityInput(
        type_name="Column", attributes={"name": "x", "qualifiedName": "x", "table": ref("AtlasGlossary", "g1")}
    ),
    EntityInput(type_name="AtlasGlossaryTerm", attributes={"name": "x", "qualifiedName": "x"}),
]


@st.composite
def wanted(draw: st.DrawFn) -> Wants:
    name = draw(EVERY_NAME)
    own_type = TYPE_OF[name]
    attributes = {
        key: draw(st.sampled_from(values))
        for key, values in ATTRIBUTES.items()
        if draw(st.integers(0, 3)) == 0 and (own_type == "Table" or key not in ONLY_TABLES)
    }
    links: dict[tuple[str, str], list[tuple[str, dict[str, Any] | None]]] = {}
    for (type_name, attribute), (_, _, far) in LINKS.items():
        if type_name == own_type and (attribute == "anchor" or draw(st.integers(0, 2)) == 0):
            single = attribute in ("table", "anchor")
            manner = "replace" if single else draw(st.sampled_from(["replace", "append", "remove"]))
            least = int(attribute == "anchor" and draw(st.integers(0, 5)) > 0)
            ends = draw(st.lists(st.sampled_from(NAMES[far]), unique=True, min_size=least, max_size=1 if single else 3))
            own = st.sampled_from([None, {}, {"description": "x"}, {"description": "y"}])
            links[attribute, manner] = [(end, draw(own) if attribute in WITH_OWN else None) for end in ends]
    return Wants(name, attributes, links, draw(st.integers(0, 3)) == 0)


def sent(want: Wants, guids: dict[str, str]) -> EntityInput:
    """The request's form of a want; assets of ``guids`` are referred to by guid or placeholder, others by name."""

    def reference(name: str, own: dict[str, Any] | None) -> dict[str, Any]:
        found = {"guid": guids[name]} if name in guids else ref(TYPE_OF[name], name)
        return found if own is None else found | {"relationshipAttributes": {"attributes": own}}

    parts: dict[str, dict[str, Any]] = {"replace": {}, "append": {}, "remove": {}}
    for (attribute, manner), ends in want.links.items():
        references: Any = [reference(*end) for end in ends]
        if attribute in ("table", "anchor"):
            references = references[0] if references else None
        parts[manner][attribute] = references
    return EntityInput(
        type_name=TYPE_OF[want.name],
        guid=guids.get(want.name),
        status="ACTIVE" if want.active else None,
        attributes={"name": want.name, "qualifiedName": want.name, **want.attributes, **parts["replace"]},
        append_relationship_attributes=parts["append"],
        remove_relationship_attributes=parts["remove"],
    )


def name_in(asset: Asset) -> str:
    """What it is called here, whatever qualifiedName the catalog made for it."""
    return str(asset.attributes["name"])


def shown(event: Event) -> str:
    return str(message(event)["entity"]["displayText"])


class CatalogMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.catalog = Catalog(fresh_store())
        self.model = Model()
        self.head = 0

    def teardown(self) -> None:
        self.catalog.store.close()

    @initialize(profile=st.sampled_from(sorted(PROFILES)))
    def choose(self, profile: str) -> None:
        self.catalog.profile = PROFILES[profile]
        self.model.tells_neighbours = profile == "server"
        self.create_what_is_missing()

    @rule()
    def create_what_is_missing(self) -> None:
        wants = [Wants(name, {}, {}) for name in TYPE_OF if name not in self.model.things]
        for one in wants:
            if TYPE_OF[one.name] == "AtlasGlossaryTerm":
                one.links["anchor", "replace"] = [("g1", None)]
        self._compare(lambda model: model.save(wants), lambda: self.catalog.save(*self._sent(wants, False)))

    @rule(wants=st.lists(wanted(), min_size=1, max_size=4, unique_by=lambda one: one.name), by_guid=st.booleans())
    def save(self, wants: list[Wants], by_guid: bool) -> None:
        entities = self._sent(wants, by_guid)
        self._compare(lambda model: model.save(wants), lambda: self.catalog.save(*entities))

    @rule(wants=st.lists(wanted(), min_size=1, max_size=3, unique_by=lambda one: one.name), by_guid=st.booleans())
    def try_out(self, wants: list[Wants], by_guid: bool) -> None:
        entities = self._sent(wants, by_guid)
        self._compare(
            lambda model: model.save(wants), lambda: self.catalog.save(*entities, dry_run=True), happens=False
        )

    @rule(wants=st.lists(wanted(), max_size=2, unique_by=lambda one: one.name), bad=st.sampled_from(BAD))
    def save_something_bad(self, wants: list[Wants], bad: EntityInput) -> None:
        def refuse(model: Model) -> dict[str, str]:
            raise Refused

        self._compare(refuse, lambda: self.catalog.save(*self._sent(wants, False), bad))

    @rule(column=st.sampled_from(NAMES["Column"]), to=st.sampled_from(NAMES["Table"]))
    def move(self, column: str, to: str) -> None:
        want = Wants(column, {}, {("table", "replace"): [(to, None)]})
        self._compare(lambda model: model.save([want]), lambda: self.catalog.save(*self._sent([want], False)))

    @rule(names=st.lists(EVERY_NAME, min_size=1, max_size=3))
    def archive(self, names: list[str]) -> None:
        targets = self._targets(names)
        self._compare(lambda model: model.delete(names, purge=False), lambda: self.catalog.archive(*targets))

    @rule(name=EVERY_NAME)
    def try_to_archive(self, name: str) -> None:
        self._compare(
            lambda model: model.delete([name], purge=False),
            lambda: self.catalog.archive(*self._targets([name]), dry_run=True),
            happens=False,
        )

    @rule(names=st.lists(EVERY_NAME, min_size=1, max_size=2, unique=True))
    def purge(self, names: list[str]) -> None:
        targets = self._targets(names)
        self._compare(lambda model: model.delete(names, purge=True), lambda: self.catalog.purge(*targets))

    @rule(names=st.lists(EVERY_NAME, min_size=1, max_size=3))
    def restore(self, names: list[str]) -> None:
        targets = self._targets(names)
        self._compare(lambda model: model.restore(names), lambda: self.catalog.restore(*targets))

    @rule()
    def save_everything_back(self) -> None:
        with self.catalog.store.snapshot() as snapshot:
            assets = snapshot.list_assets(AssetQuery())
        back = [EntityInput(type_name=one.type_name, guid=one.guid, attributes=one.attributes) for one in assets]
        assert self.catalog.save(*back).events == []

    def _sent(self, wants: list[Wants], by_guid: bool) -> list[EntityInput]:
        stored = self._guids()
        guids = {one.name: f"-{number}" for number, one in enumerate(wants, 1)} if by_guid else {}
        guids |= {name: guid for name, guid in stored.items() if by_guid or is_made(TYPE_OF[name])}
        return [sent(one, guids) for one in wants]

    def _guids(self) -> dict[str, str]:
        with self.catalog.store.snapshot() as snapshot:
            return {name_in(one): one.guid for one in snapshot.list_assets(AssetQuery())}

    def _targets(self, names: list[str]) -> list[Target]:
        """Glossaries and terms by guid, where they are there: their qualifiedNames are the catalog's own."""
        guids = self._guids()
        return [
            Target(guid=guids[name]) if name in guids and is_made(TYPE_OF[name]) else target(TYPE_OF[name], name)
            for name in names
        ]

    def _compare(
        self, expect: Callable[[Model], dict[str, str]], do: Callable[[], Receipt], happens: bool = True
    ) -> None:
        """Both answer alike: the same events, or both refuse."""
        model = self.model.copy()
        try:
            expected = expect(model)
        except Refused:
            expected = None
        try:
            receipt = do()
        except TidingsError:
            assert expected is None
            return
        assert expected is not None
        told = [(shown(one), one.operation.removeprefix("ENTITY_")) for one in receipt.events]
        assert sorted(told) == sorted(expected.items())
        versions = {shown(one): decode(one.detail)["version"] for one in receipt.events}
        assert versions.items() >= {(name, model.things[name].version) for name in expected if name in model.things}
        assert receipt.first_position == (self.head + 1 if expected and happens else None)
        if happens:
            self.model = model
            self.head += len(expected)

    @invariant()
    def state_is_the_models(self) -> None:
        with self.catalog.store.snapshot() as snapshot:
            assets = {one.id: one for one in snapshot.list_assets(AssetQuery())}
            links = snapshot.all_links(list(assets))
        names = {own: name_in(one) for own, one in assets.items()}
        assert {names[own]: (one.status == 0, one.version) for own, one in assets.items()} == {
            name: (thing.active, thing.version) for name, thing in self.model.things.items()
        }
        for one in assets.values():
            stored, thing = one.attributes, self.model.things[name_in(one)]
            assert {key: canonical(key, stored.get(key)) for key in ATTRIBUTES} == {
                key: thing.attributes.get(key) for key in ATTRIBUTES
            }
        found = {
            _key(one.relationship, names[one.end1], names[one.end2]): decode(one.encoded or b"{}") for one in links
        }
        assert found == self.model.links

    @invariant()
    def the_log_replays_to_what_is_stored(self) -> None:
        report = self.catalog.inspect()
        assert (report.problems, report.events) == ([], self.head)
        assert self.catalog.store.head() == self.head


def _key(relationship: str, end1: str, end2: str) -> tuple[str, str, str]:
    return link_key(end1, "synonyms", end2) if relationship == "AtlasGlossarySynonym" else (relationship, end1, end2)


@pytest.mark.properties
@pytest.mark.timeout(600)  # what fails is made small first, which takes minutes
def test_model() -> None:
    run_machine(CatalogMachine, 100, 40)
