"""Every event parses in pyatlan's own models, old and new, with nothing lost: all types, all attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyatlan.model.assets
import pytest
from pyatlan_v9.model.transform import get_type  # type: ignore[import-untyped]

from tests.acceptance.lossless import Json, lost, lost_v9
from tests.api.door import asset, named
from tidings.model.profiles import PROFILES
from tidings.model.registry import TypeRegistry
from tidings.testing import Catalog, catalog

pytestmark = pytest.mark.acceptance

GLOSSARY = "a glossary"
FEW = (
    "Table",
    "Column",
    "Connection",
    "Process",
    "AtlasGlossary",
    "AtlasGlossaryTerm",
    "DataProduct",
    "DbtTest",
    "Link",
)
BOTH = [lost, lost_v9]


@pytest.fixture(params=PROFILES)
def it(request: pytest.FixtureRequest) -> Iterator[Catalog]:
    with catalog(request.param) as found:
        found.save(asset("AtlasGlossary", GLOSSARY))
        yield found


def whole(it: Catalog, type_name: str, turn: int = 0, guid: str | None = None) -> Json:
    """An asset with every attribute of its type set; another ``turn`` has other values."""
    types = it.types
    attributes = {
        name: sample(types, one.definition.type_name, turn) for name, one in types.type(type_name).attributes.items()
    }
    attributes = {name: value for name, value in attributes.items() if value is not None}
    attributes |= {link.name: {"guid": glossary_of(it)} for link in types.type(type_name).mandatory_links}
    return {"typeName": type_name, "guid": guid, "attributes": attributes | {"qualifiedName": f"one/{type_name}"}}


def glossary_of(it: Catalog) -> str:
    return str(it.events()[0]["message"]["entity"]["guid"])


def sample(types: TypeRegistry, name: str, turn: int) -> Any:
    """A value of a type; None where structures hold each other and the first is deep enough."""
    if name.startswith("array<"):
        return [sample(types, name[6:-1], turn + number) for number in (1, 2)]
    if name.startswith("map<"):
        return {"key": sample(types, name[4:-1].split(",", 1)[1].strip(), turn)}
    if name in types.system.enums:
        values = types.system.enums[name].values
        return values[turn % len(values)]
    if name in types.system.structs:
        fields = types.system.structs[name].attributes.items()
        return {"typeName": name, "attributes": {key: sample(types, one.type_name, turn) for key, one in fields}}
    return PLAIN[name](turn) if name in PLAIN else None


PLAIN: dict[str, Callable[[int], Any]] = {
    "string": lambda turn: f"text ✓ {turn}",
    "boolean": lambda turn: turn % 2 == 0,
    "int": lambda turn: 7 + turn,
    "long": lambda turn: 2**53 + turn,
    "date": lambda turn: 1_700_000_000_123 + turn,
    "float": lambda turn: 1.5 + turn,
    "double": lambda turn: -0.25 + turn,
}


def every_type(types: TypeRegistry, known: Callable[[str], bool]) -> list[str]:
    """The types of asset for which a client has a class of its own."""
    return [name for name in types if types.type(name).is_asset and not types.type(name).is_internal and known(name)]


def in_older_models(name: str) -> bool:
    found = getattr(pyatlan.model.assets, name, None)
    return found is not None and issubclass(found, pyatlan.model.assets.Asset)


def in_newer_models(name: str) -> bool:
    return bool(get_type(name).__name__ == name)


@pytest.mark.slow
@pytest.mark.parametrize(("check", "known"), [(lost, in_older_models), (lost_v9, in_newer_models)])
def test_every_attribute_of_every_type_survives(
    check: Callable[[Json], list[str]], known: Callable[[str], bool]
) -> None:
    with catalog() as it:
        it.save(asset("AtlasGlossary", GLOSSARY))
        names = every_type(it.types, known)
        assert len(names) > 480
        it.save(*(whole(it, name) for name in names), strict=True)
        events = it.events(1)
        assert {one["message"]["entity"]["typeName"] for one in events} == set(names)
        assert [fault for event in events for fault in check(event)] == []


@pytest.mark.parametrize("check", BOTH)
@pytest.mark.parametrize("type_name", FEW)
def test_a_life_with_every_attribute_changed_and_cleared_survives(
    it: Catalog, check: Callable[[Json], list[str]], type_name: str
) -> None:
    one = whole(it, type_name)
    [guid] = [change.after.guid for change in it.save(one).changes.assets if change.after.type_name == type_name]
    it.save(whole(it, type_name, 1, guid))
    kept = {"name", "qualifiedName", *(link.name for link in it.types.type(type_name).mandatory_links)}
    cleared = {name: None for name in one["attributes"] if name not in kept}
    it.save({"typeName": type_name, "guid": guid, "attributes": cleared})
    it.delete(guid)
    it.restore(guid)
    it.delete(guid, delete_type="PURGE")
    events = it.events()
    assert len([event for event in events if event["message"]["entity"]["guid"] == guid]) == 6
    assert [fault for event in events for fault in check(event)] == []


@pytest.mark.parametrize("check", BOTH)
def test_links_that_come_and_go_survive(it: Catalog, check: Callable[[Json], list[str]]) -> None:
    it.save(asset("Table", "t"), asset("Table", "u"), asset("Column", "c", table=named("Table", "t")))
    term = asset("AtlasGlossaryTerm", "term", anchor={"guid": glossary_of(it)})
    term["attributes"]["assignedEntities"] = [named("Table", "t")]
    it.save(term, asset("Process", "p", inputs=[named("Table", "t")], outputs=[named("Table", "u")]))
    it.save(asset("Column", "c", table=named("Table", "u")), asset("Process", "p", inputs=[], outputs=None))
    it.delete(*(change.after.guid for change in it.save(asset("Table", "u", description="x")).changes.assets))
    assert [fault for event in it.events() for fault in check(event)] == []


@pytest.mark.parametrize("check", BOTH)
def test_the_comparison_itself_sees_what_is_lost(it: Catalog, check: Callable[[Json], list[str]]) -> None:
    it.save(asset("Table", "t", rowCount=5, ownerUsers=["a", "b"]))
    event = it.events(1)[0]
    assert check(event) == []
    event["message"]["entity"]["attributes"] |= {"rowCount": "5", "ownerUsers": ["b", "a", "b"]}
    event["message"]["entity"]["createTime"] = "1700000000123"
    assert len(check(event)) == 3
    faults = " ".join(check(event))
    assert all(name in faults for name in ("rowCount", "ownerUsers", "createTime"))
