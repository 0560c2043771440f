"""The API's account of itself: the OpenAPI document, the page for people, and the sentences for what is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest
import schemathesis
from starlette.responses import Response

from tidings.api.app import ENDPOINTS
from tidings.api.docs_page import page
from tidings.api.endpoint import Call, Endpoint, Parameter
from tidings.api.openapi import document
from tidings.api.outside import KNOWN, explain
from tidings.client import Client
from tidings.testing import TOKEN, server

AUTH = {"authorization": f"Bearer {TOKEN}"}
VOID = {"area", "br", "hr", "img", "input", "link", "meta"}


def nothing(_call: Call) -> Response:
    raise NotImplementedError


def row(method: str = "GET", path: str = "/x", role: Any = "read", **more: Any) -> Endpoint:
    return Endpoint(method, path, nothing, role, "A summary", **more)


def operation(endpoint: Endpoint) -> Any:
    (methods,) = document([endpoint], "1")["paths"].values()
    (found,) = methods.values()
    return found


@pytest.fixture(scope="module")
def running() -> Iterator[Client]:
    with server() as client:
        yield client


@pytest.fixture(scope="module")
def http(running: Client) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.base_url, trust_env=False) as client:
        yield client


def test_the_document_is_served_and_valid(http: httpx.Client) -> None:
    answer = http.get("/api/openapi.json", headers=AUTH)
    assert answer.status_code == 200
    assert answer.json()["openapi"] == "3.1.0"
    schema = schemathesis.openapi.from_dict(answer.json())
    schema.validate()
    assert len(list(schema.get_all_operations())) == sum(len(one.addresses()) for one in ENDPOINTS)


def test_every_address_is_told_once() -> None:
    paths = document(ENDPOINTS, "1")["paths"]
    told = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    assert sorted(told) == sorted((one.method, address) for one in ENDPOINTS for address in one.addresses())
    ids = [one["operationId"] for methods in paths.values() for one in methods.values()]
    assert len(ids) == len(set(ids))


def test_every_row_says_what_it_is() -> None:
    assert all(one.summary and one.group for one in ENDPOINTS)
    assert all(one.answer for one in ENDPOINTS if one.status == 200 and one.media_type != "text/plain")


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (row(role=None), "200 500 503"),
        (row(), "200 401 500 503"),
        (row(path="/x/{id}"), "200 400 401 404 500 503"),
        (row(role="admin"), "200 401 403 500 503"),
        (row("POST", body=list[str]), "200 400 401 404 408 409 413 429 500 503"),
        (row("DELETE", role="admin", status=204), "204 401 403 408 409 413 429 500 503"),
        (row("POST", status=400), "400 401 408 409 413 429 500 503"),
    ],
)
def test_only_what_can_happen_is_told(endpoint: Endpoint, expected: str) -> None:
    assert list(operation(endpoint)["responses"]) == expected.split()


def test_parameters() -> None:
    many = Parameter("type", "Which.", {"type": "string", "enum": ["a"]}, many=True, required=True)
    found = operation(
        row(path="/x/{name:path}", parameters=(many, Parameter("limit", "How many.", {"type": "integer"})))
    )
    assert [(one["name"], one["in"], one["required"]) for one in found["parameters"]] == [
        ("name", "path", True), ("type", "query", True), ("limit", "query", False),
    ]  # fmt: skip
    assert found["parameters"][1]["schema"] == {"type": "array", "items": many.schema, "minItems": 1}
    assert found["parameters"][1]["explode"] is True


def test_bodies_and_answers() -> None:
    found = operation(row("POST", body=object, status=201, media_type="text/event-stream", answer="Frames."))
    assert found["requestBody"]["required"] is True
    assert found["responses"]["201"] == {
        "description": "Frames.", "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }  # fmt: skip
    assert "content" not in operation(row("DELETE", status=204))["responses"]["204"]


def test_what_is_open_needs_no_token() -> None:
    assert operation(row(role=None))["security"] == []
    assert "security" not in operation(row())


# --- the page for people


class Reader(HTMLParser):
    """Fails on tags that are not closed in order; collects text and what would be fetched."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self.open.append(tag)
        if tag in ("script", "link", "img", "iframe") or "src" in given:
            self.fetched.append(tag)
        self.ids.add(given.get("id", ""))
        self.links += [given["href"]] if "href" in given else []

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing(http: httpx.Client) -> None:
    answer = http.get("/api/docs", auth=("anybody", TOKEN))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    reader = Reader(answer.text)
    assert reader.open == []
    assert reader.fetched == []
    assert all(link[1:] in reader.ids for link in reader.links if link.startswith("#"))
    assert f"{str(http.base_url).rstrip('/')}/api/meta/entity/bulk" in answer.text


def test_the_page_names_every_endpoint_and_error(http: httpx.Client) -> None:
    text = http.get("/api/docs/", headers=AUTH).text
    for one in ENDPOINTS:
        assert f'<span class="method">{one.method}</span> <code>{one.addresses()[0]}</code>' in text
    for code in ("TIDINGS-400-001", "TIDINGS-413-000", "ATLAS-404-00-005", "TIDINGS-503-000"):
        assert code in text


def test_a_browser_is_asked_for_a_password(http: httpx.Client) -> None:
    answer = http.get("/api/docs")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_everything_on_the_page_is_escaped() -> None:
    bad = '<b x="1">&\''
    parameter = Parameter(bad, bad, {"type": "string", "enum": [bad], "default": bad}, required=True)
    shown = page(
        [Endpoint("GET", f"/{bad}", nothing, "read", bad, parameters=(parameter,), answer=bad, group=bad)], bad, bad
    )
    assert '<b x="1">' not in shown
    assert Reader(shown).open == []


def test_examples_leave_no_braces_in_addresses() -> None:
    shown = page(
        [row("PUT", "/x/{type}/{rest:path}", parameters=(Parameter("attr:name", "", required=True),))], "1", ""
    )
    assert re.search(r"curl -X PUT -H .* &#x27;/x/TYPE/REST\?attr%3Aname=NAME&#x27;", shown)
    assert "curl -N" in page([row(media_type="text/event-stream")], "1", "")


# --- what is not there


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/meta/search/searchlog", "other searching is not in this version"),
        ("/api/atlas/v2/search/basic", "other searching is not in this version"),
        ("/api/meta/lineage/x/y", "lineage is read with"),
        ("/api/meta/entity/auditSearch", "history"),
        ("/api/meta/entity/guid/x/audit", "history"),
        ("/api/meta/entity/guid/x/businessmetadata/y/z", "custom metadata"),
        ("/api/meta/entity/guid/x/classifications/y", "tags"),
        ("/api/atlas/v2/glossary/import/template", "glossar"),
        ("/api/service/workflows/submit", "workflows"),
        ("/api/service/idp/x", "single sign-on"),
        ("/api/service/anything", "of /api/service"),
        ("/api/sql/query/stream", "queries"),
        ("/events/openlineage/x/api/v1/lineage", "OpenLineage"),
        ("/auth/realms/default", "login"),
        ("/api/evnets", "did you mean /api/events?"),
        ("/api/meta/entity/bluk/", "did you mean /api/meta/entity/bulk?"),
        ("/nowhere/at/all", "see /api/docs"),
    ],
)
def test_an_unknown_address_is_explained(http: httpx.Client, path: str, said: str) -> None:
    answer = http.get(path, headers=AUTH)
    assert answer.status_code == 404
    assert answer.json()["errorCode"] == "TIDINGS-404-001"
    assert said in answer.json()["errorMessage"]


def test_a_long_address_is_not_repeated_whole() -> None:
    assert len(explain("/" + "x" * 10_000)) < 300


def test_hints_lead_to_what_is_served() -> None:
    served = [address for one in ENDPOINTS for address in one.addresses()]
    assert [path for path in KNOWN if not any(f"{address}/".startswith(f"{path}/") for address in served)] == []
