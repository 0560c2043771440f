"""What clients ask about users, roles and groups, and how the real one uses it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from pyatlan.client.atlan import AtlanClient
from pyatlan.model.assets import Connection
from pyatlan.model.enums import AtlanConnectorType

from tidings.client import Client
from tidings.testing import TOKEN, server

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning")  # how pyatlan sends bodies
SERVICE = "/api/service"
ENVIRONMENT = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
"""What pyatlan takes from the surroundings, with no exception for this machine."""


@pytest.fixture(scope="module")
def running() -> Iterator[Client]:
    with server() as client:
        yield client


@pytest.fixture(scope="module")
def http(running: Client) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.base_url, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def tokens(running: Client) -> dict[str, str]:
    """Name -> token; one of each role."""
    made = {name: running.add_token(name, role)["token"] for name, role in (("loader", "write"), ("watcher", "read"))}
    return {"admin": TOKEN, **made}


@pytest.fixture
def atlan(running: Client, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[AtlanClient]:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    client = AtlanClient(base_url=f"{running.base_url}/", api_key=tokens["loader"])  # type: ignore[no-untyped-call]
    with contextlib.closing(client._session):
        yield client


@pytest.fixture
def ask(http: httpx.Client, tokens: dict[str, str]) -> Any:
    def asking(path: str, name: str = "watcher", **query: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {tokens[name]}"}
        return http.get(f"{SERVICE}/{path}", params=query, headers=headers)

    return asking


@pytest.fixture
def users(ask: Any) -> Any:
    def names(condition: object = None, **query: Any) -> list[str]:
        if condition is not None:
            query["filter"] = msgspec.json.encode(condition).decode()
        return [one["username"] for one in ask("users", **query).json()["records"]]

    return names


def test_roles(ask: Any) -> None:
    found = ask("roles", filter='{"name":{"$ilike":"$%"}}', limit=100).json()
    assert [one["name"] for one in found["records"]] == ["$admin", "$member", "$guest"]
    assert [one["userCount"] for one in found["records"]] == ["1", "1", "1"]
    assert (found["totalRecord"], found["filterRecord"]) == (3, 3)


def test_a_user_is_a_token(ask: Any) -> None:
    (user,) = ask("users/", filter='{"username":"loader"}').json()["records"]
    assert user["workspaceRole"] == "$member"
    assert user["roles"] == ["$member"]
    assert user["enabled"] is True
    assert isinstance(user["createdTimestamp"], int)


def test_no_token_is_ever_shown(ask: Any, tokens: dict[str, str]) -> None:
    for path in ("users", "apikeys", "users/current", "whoami"):
        assert not any(token in ask(path).text for token in tokens.values())


@pytest.mark.parametrize(("name", "role"), [("admin", "$admin"), ("loader", "$member"), ("watcher", "$guest")])
def test_the_caller(ask: Any, name: str, role: str) -> None:
    current = ask("users/current", name).json()
    assert current["username"] == name
    assert current["id"] == ask("users", filter=f'{{"username":"{name}"}}').json()["records"][0]["id"]
    assert [one["name"] for one in ask("whoami", name).json()["roles"]] == [role, "$api-token-default-access"]


@pytest.mark.parametrize("path", ["groups", "v2/groups", "users/some-id/groups", "groups/some-id/members"])
def test_there_are_no_groups(ask: Any, path: str) -> None:
    assert ask(path, sort="name", limit=20).json() == {"totalRecord": 0, "filterRecord": 0, "records": []}


def test_api_keys_have_ids_of_their_own(ask: Any) -> None:
    keys = ask("apikeys", count="True", offset="0").json()["records"]
    assert [one["displayName"] for one in keys] == ["admin", "loader", "watcher"]
    assert {one["id"] for one in keys}.isdisjoint(one["id"] for one in ask("users").json()["records"])
    (found,) = ask("apikeys", filter=f'{{"clientId":"{keys[1]["clientId"]}"}}').json()["records"]
    assert found == keys[1]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, ["admin", "loader", "watcher"]),
        ({"username": "Loader"}, []),
        ({"username": {"$eq": "loader"}}, ["loader"]),
        ({"username": {"$ne": "loader"}}, ["admin", "watcher"]),
        ({"username": {"$ilike": "%D%"}}, ["admin", "loader"]),
        ({"username": {"$like": "%D%"}}, []),
        ({"username": {"$ilike": "_oader"}}, ["loader"]),
        ({"username": {"$ilike": "a%n%x"}}, []),
        ({"username": {"$ilike": "%"}}, ["admin", "loader", "watcher"]),
        ({"username": {"$ilike": "load"}}, []),
        ({"username": {"$in": ["admin", "nobody", "watcher"]}}, ["admin", "watcher"]),
        ({"username": {"$in": ["admin"], "$ne": "admin"}}, []),
        ({"$or": [{"username": "admin"}, {"workspaceRole": "$guest"}]}, ["admin", "watcher"]),
        ({"$and": [{"enabled": True}, {"username": {"$ilike": "%er"}}]}, ["loader", "watcher"]),
        ({"enabled": {"$ilike": "%"}}, []),
        ({"noSuchField": "x"}, []),
    ],
)
def test_filters(users: Any, condition: object, expected: list[str]) -> None:
    assert users(condition) == expected


def test_a_pattern_cannot_keep_the_server_busy(users: Any) -> None:
    assert users({"username": {"$ilike": "%a" * 2000 + "%b"}}) == []


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "1",
        '"\ud800"'.encode("utf-8", "surrogatepass"),
        '{"$and":{}}',
        '{"$or":[1]}',
        '{"name":{"$near":1}}',
        '{"name":{"$in":"x"}}',
        '{"name":{"$ilike":3}}',
        '{"$and":[' * 30 + "{}" + "]}" * 30,
        '{"a":' * 5000,
    ],
)
def test_a_filter_that_cannot_be_used_is_named(ask: Any, text: str) -> None:
    answer = ask("users", filter=text)
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == "TIDINGS-400-002"
    assert "filter" in answer.json()["errorMessage"]


@pytest.mark.parametrize(("name", "value"), [("limit", "-1"), ("offset", "x"), ("count", "perhaps")])
def test_other_parameters_are_checked(ask: Any, name: str, value: str) -> None:
    answer = ask("users", **{name: value})
    assert answer.status_code == 400
    assert name in answer.json()["errorMessage"]


def test_order(users: Any) -> None:
    assert users(sort="-username") == ["watcher", "loader", "admin"]
    assert users(sort="workspaceRole") == ["admin", "watcher", "loader"]
    assert users(sort="-enabled,username") == ["admin", "loader", "watcher"]
    assert users(sort="attributes") == ["admin", "loader", "watcher"]


def test_pages(ask: Any, users: Any) -> None:
    assert users(limit=2) == ["admin", "loader"]
    assert users(limit=2, offset=2) == ["watcher"]
    assert users(offset=99) == []
    counts = ask("users", limit=0, filter='{"username":{"$ilike":"%er"}}').json()
    assert counts == {"totalRecord": 3, "filterRecord": 2, "records": []}


def test_nobody_asks_without_a_token(http: httpx.Client) -> None:
    assert http.get(f"{SERVICE}/roles").status_code == 401


# --- the unmodified client


def test_pyatlan_makes_a_connection(atlan: AtlanClient) -> None:
    admin = atlan.role_cache.get_id_for_name("$admin")
    assert admin
    wanted = Connection.creator(
        client=atlan,
        name="shop",
        connector_type=AtlanConnectorType.POSTGRES,
        admin_roles=[admin],
        admin_users=["loader"],
    )
    (made,) = atlan.asset.save(wanted).assets_created(Connection)
    assert made.created_by == atlan.user.get_current().username == "loader"


@pytest.mark.parametrize("who", [{"admin_users": ["nobody"]}, {"admin_groups": ["none"]}, {"admin_roles": ["none"]}])
def test_pyatlan_finds_out_who_is_not_there(atlan: AtlanClient, who: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="was not found"):
        Connection.creator(client=atlan, name="shop", connector_type=AtlanConnectorType.POSTGRES, **who)


def test_pyatlan_fills_its_caches(atlan: AtlanClient) -> None:
    guid = atlan.user_cache.get_id_for_name("watcher")
    assert guid
    assert atlan.user_cache.get_name_for_id(guid) == "watcher"
    assert atlan.user.get_groups(guid).records == []
    assert list(atlan.group.get_all()) == []
    assert [user.username for user in atlan.user.get_all(limit=2)] == ["admin", "loader", "watcher"]


def test_pyatlan_knows_that_it_comes_with_a_token(atlan: AtlanClient) -> None:
    assert atlan.role_cache.is_api_token_user()
    key = atlan.token.get_by_name("loader")
    assert key
    assert key.client_id
    assert atlan.token.get_by_id(key.client_id) == key
