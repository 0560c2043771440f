"""Apache's glossary calls: forms, pages, errors; the same rules and events as a save."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.door import Door, Json, asset, guids, operations, some_connection

PREFIX = "/api/meta/glossary"


class Shelf:
    """A glossary with a category in a category, and terms a to c, the first of them in the inner one."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.name = some_connection()
        self.glossary = self.make("", name=self.name, shortDescription="all")
        anchor = {"glossaryGuid": self.glossary}
        self.outer = self.make("/category", name="outer", anchor=anchor)
        self.inner = self.make("/category", name="inner", anchor=anchor, parentCategory={"categoryGuid": self.outer})
        filed = [{"categoryGuid": self.inner, "description": "why"}]
        self.terms = [
            self.make("/term", name="a", anchor=anchor, categories=filed),
            *(self.make("/term", name=name, anchor=anchor) for name in "bc"),
        ]

    def make(self, path: str, **form: Any) -> str:
        return str(self.door.ask("POST", PREFIX + path, body=form).json()["guid"])

    def read(self, path: str, **params: Any) -> Any:
        return self.door.read(PREFIX + path, **params)


@pytest.fixture(scope="module")
def shelf(door: Door) -> Shelf:
    return Shelf(door)


def test_what_was_made_is_what_is_read(shelf: Shelf) -> None:
    glossary, term = shelf.read(f"/{shelf.glossary}"), shelf.read(f"/term/{shelf.terms[0]}")

    assert (glossary["name"], glossary["shortDescription"]) == (shelf.name, "all")
    assert {one["termGuid"] for one in glossary["terms"]} == set(shelf.terms)
    assert term["qualifiedName"].partition("@")[2] == glossary["qualifiedName"]
    assert (term["anchor"]["glossaryGuid"], term["anchor"]["displayText"]) == (shelf.glossary, shelf.name)
    assert [(one["categoryGuid"], one["description"]) for one in term["categories"]] == [(shelf.inner, "why")]
    inner = shelf.read(f"/category/{shelf.inner}")
    assert inner["parentCategory"]["categoryGuid"] == shelf.outer
    assert [one["termGuid"] for one in inner["terms"]] == [shelf.terms[0]]


def test_saving_a_form_back_says_nothing(door: Door, shelf: Shelf) -> None:
    head = door.head()
    for path in (f"/{shelf.glossary}", f"/category/{shelf.inner}", f"/term/{shelf.terms[0]}"):
        form = shelf.read(path)
        assert door.ask("PUT", PREFIX + path, body=form).json() == form
    assert door.head() == head


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, "abc"),
        ({"sort": "DESC"}, "cba"),
        ({"limit": 2, "offset": 1}, "bc"),
        ({"limit": -1}, "abc"),
        ({"offset": 5}, ""),
    ],
)
def test_pages_of_terms(shelf: Shelf, params: Json, names: str) -> None:
    assert "".join(one["name"] for one in shelf.read(f"/{shelf.glossary}/terms", **params)) == names
    headers = shelf.read(f"/{shelf.glossary}/terms/headers", **params)
    assert "".join(one["displayText"] for one in headers) == names


def test_categories_and_what_is_around_them(shelf: Shelf) -> None:
    headers = shelf.read(f"/{shelf.glossary}/categories/headers")

    assert headers == [
        {"categoryGuid": shelf.inner, "displayText": "inner", "parentCategoryGuid": shelf.outer},
        {"categoryGuid": shelf.outer, "displayText": "outer"},
    ]
    assert [one["name"] for one in shelf.read(f"/{shelf.glossary}/categories")] == ["inner", "outer"]
    assert [one["categoryGuid"] for one in shelf.read(f"/category/{shelf.outer}/related")["children"]] == [shelf.inner]
    assert shelf.read(f"/category/{shelf.inner}/related").keys() == {"parent"}
    assert [one["termGuid"] for one in shelf.read(f"/category/{shelf.inner}/terms", limit=5)] == [shelf.terms[0]]


def test_everything_at_once(shelf: Shelf) -> None:
    whole = shelf.read(f"/{shelf.glossary}/detailed")

    assert whole["termInfo"].keys() == set(shelf.terms)
    assert whole["categoryInfo"].keys() == {shelf.outer, shelf.inner}
    assert shelf.name in [one["name"] for one in shelf.read("")]


def test_a_term_is_put_on_assets_and_taken_off(door: Door, shelf: Shelf, place: str) -> None:
    [table] = guids(door.save(asset("Table", f"{place}/t")))
    head, path = door.head(), f"{PREFIX}/terms/{shelf.terms[1]}/assignedEntities"
    for method in ("PUT", "DELETE"):
        door.ask("POST", path, 204, [{"guid": table}])
        assert [one["guid"] for one in door.read(path)] == [table]
        door.ask(method, path, 204, [{"guid": table}])
        assert door.read(path) == []
    assert sorted(operations(door.events(head))) == [("UPDATE", "b")] * 4 + [("UPDATE", "t")] * 4


def test_terms_are_related(door: Door, shelf: Shelf) -> None:
    a, b, c = shelf.terms
    for attribute, other in (("seeAlso", b), ("isA", c)):
        header = {"termGuid": other, "expression": "x", "displayText": "not looked at"}
        door.ask("PUT", f"{PREFIX}/term/{a}", body={attribute: [header]})
    related = shelf.read(f"/terms/{a}/related")
    assert {key: [(one["termGuid"], one["expression"]) for one in ends] for key, ends in related.items()} == {
        "seeAlso": [(b, "x")],
        "isA": [(c, "x")],
    }
    assert shelf.read(f"/terms/{c}/related").keys() == {"classifies"}
    door.ask("PUT", f"{PREFIX}/term/{a}", body={"seeAlso": [], "isA": []})


@pytest.mark.parametrize("as_body", [False, True])
def test_some_attributes(door: Door, shelf: Shelf, as_body: bool) -> None:
    path = f"{PREFIX}/term/{shelf.terms[2]}/partial"
    given = {"longDescription": f"more {as_body}"}
    changed = (door.ask("PUT", path, body=given) if as_body else door.ask("PUT", path, params=given)).json()
    assert (changed["name"], changed["longDescription"]) == ("c", f"more {as_body}")


def test_several_at_once_or_none(door: Door, shelf: Shelf) -> None:
    anchor = {"glossaryGuid": shelf.glossary}
    made = door.ask("POST", f"{PREFIX}/terms", body=[{"name": name, "anchor": anchor} for name in "xy"]).json()
    assert [one["name"] for one in made] == ["x", "y"]
    refused = door.refusal("POST", f"{PREFIX}/terms", 409, body=[{"name": name, "anchor": anchor} for name in "zx"])
    assert refused["errorCode"] == "ATLAS-409-00-009"
    assert made[0]["guid"] in refused["errorMessage"]
    for one in made:
        door.ask("DELETE", f"{PREFIX}/term/{one['guid']}", 204)


def test_a_dry_run_tells_the_events(door: Door, shelf: Shelf) -> None:
    head = door.head()
    answer = door.ask("PUT", f"{PREFIX}/term/{shelf.terms[0]}", body={"name": "new"}, params={"dryRun": "true"}).json()
    assert len(answer["events"]) == 1
    assert door.head() == head


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/{table}", 404, None),
        ("GET", "/term/{glossary}", 404, None),
        ("DELETE", "/category/{glossary}", 404, None),
        ("GET", "/{glossary}/terms?sort=up", 400, None),
        ("POST", "/term", 400, {"name": "no anchor"}),
        ("POST", "/term", 400, {"name": "a@b", "anchor": {"glossaryGuid": "{glossary}"}}),
        ("POST", "/term", 400, {"name": "x", "anchor": {"of": "nothing"}}),
        ("PUT", "/term/{glossary}", 409, {"name": "x"}),
        ("PUT", "/-1", 404, {"name": "x"}),
        ("POST", "/import", 405, {}),
        ("GET", "/import/template", 404, None),
    ],
)
def test_refusals(door: Door, shelf: Shelf, place: str, method: str, path: str, status: int, body: Any) -> None:
    [table] = guids(door.save(asset("Table", f"{place}/t")))
    if body and "anchor" in body and "glossaryGuid" in body["anchor"]:
        body = {**body, "anchor": {"glossaryGuid": shelf.glossary}}
    assert door.refusal(method, PREFIX + path.format(table=table, glossary=shelf.glossary), status, body=body)


def test_deleted_one_by_one_and_as_a_whole(door: Door) -> None:
    shelf = Shelf(door)
    head = door.head()
    door.ask("DELETE", f"{PREFIX}/term/{shelf.terms[0]}", 204)
    door.ask("DELETE", f"{PREFIX}/category/{shelf.inner}", 204)
    assert [one["name"] for one in shelf.read(f"/{shelf.glossary}/terms")] == ["b", "c"]
    door.ask("DELETE", f"{PREFIX}/{shelf.glossary}", 204)
    assert shelf.name not in [one["name"] for one in shelf.read("")]
    assert [kind for kind, _ in operations(door.events(head))] == ["DELETE"] * 6
