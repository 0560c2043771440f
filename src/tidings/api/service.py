"""What clients of the protocol ask about people before they change anything: roles, users, groups, API keys.

The catalog knows no people, only tokens: a user is a token, and its name is what ``createdBy`` and ``updatedBy`` say of
that token's changes. There are no groups.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from starlette.responses import Response

from tidings.api.endpoint import MAX_LONG, Call, Endpoint, Parameter, json_answer
from tidings.model.errors import InvalidParameter
from tidings.model.events import encode
from tidings.store.base import Token

GROUP = "Users and groups (protocol)"
DEEPEST_FILTER = 20
ROLE_OF = {"admin": "$admin", "write": "$member", "read": "$guest"}
"""A token's role -> the workspace role of the user."""
TOKEN_ACCESS = "$api-token-default-access"  # noqa: S105  a role's name
"""The role by which clients see that they come with a token, not as a person."""

_IDS = uuid.UUID("5f0f3c0e-7a0d-5f7c-8d3f-0a4c9b1e2d63")
_DESCRIPTIONS = {
    "$admin": "Tokens that may do everything.",
    "$member": "Tokens that may read and write.",
    "$guest": "Tokens that may read.",
}

Record = Mapping[str, Any]


def list_roles(call: Call) -> Response:
    return _listed(call, [_role(name, call.parts.gate.tokens()) for name in _DESCRIPTIONS])


def list_users(call: Call) -> Response:
    return _listed(call, [_user(token.name, token.role, token.created_at) for token in call.parts.gate.tokens()])


def current_user(call: Call) -> Response:
    caller = call.caller
    made = [token.created_at for token in call.parts.gate.tokens() if token.name == caller.name]
    return json_answer(encode(_user(caller.name, caller.role, made[0] if made else 0)))


def who_am_i(call: Call) -> Response:
    caller = call.caller
    roles = [{"id": _id("role", name), "name": name} for name in (ROLE_OF[caller.role], TOKEN_ACCESS)]
    return json_answer(encode({"id": _id("user", caller.name), "username": caller.name, "roles": roles}))


def list_api_keys(call: Call) -> Response:
    return _listed(call, [_api_key(token) for token in call.parts.gate.tokens()])


def list_nothing(call: Call) -> Response:
    return _listed(call, [])


def _id(kind: str, name: str) -> str:
    """Ids are made of names, so that they need not be kept; a key and its user have different ones."""
    return str(uuid.uuid5(_IDS, f"{kind}:{name}"))


def _role(name: str, tokens: Sequence[Token]) -> Record:
    count = sum(ROLE_OF[token.role] == name for token in tokens)
    return {
        "id": _id("role", name),
        "name": name,
        "description": _DESCRIPTIONS[name],
        "clientRole": False,
        "level": "workspace",
        "memberCount": str(count),
        "userCount": str(count),
    }


def _user(name: str, role: str, created_at: int) -> Record:
    workspace_role = ROLE_OF[role]
    return {
        "id": _id("user", name),
        "username": name,
        "firstName": name,
        "lastName": "",
        "email": "",
        "emailVerified": False,
        "enabled": True,
        "workspaceRole": workspace_role,
        "roles": [workspace_role],
        "defaultRoles": [workspace_role],
        "groupCount": 0,
        "attributes": {},
        "personas": [],
        "purposes": [],
        "createdTimestamp": created_at,
        "loginEvents": [],
    }


def _api_key(token: Token) -> Record:
    key = _id("apikey", token.name)
    return {
        "id": key,
        "displayName": token.name,
        "clientId": f"apikey-{key}",
        "createdAt": token.created_at,
        "attributes": {
            "clientId": f"apikey-{key}",
            "displayName": token.name,
            "description": f"A token with the role {token.role}.",
            "createdAt": str(token.created_at),
            "workspacePermissions": "[]",
            "personaQualifiedName": "[]",
        },
    }


def _listed(call: Call, records: Sequence[Record]) -> Response:
    """One page of the records that the filter passes, in the order asked for, with the counts of both."""
    wanted = _filter(call.query.get("filter"))
    passed = [record for record in records if wanted(record)]
    for key in reversed([key for key in call.query.get("sort", "").split(",") if key]):
        passed.sort(key=_order(key.lstrip("+-")), reverse=key.startswith("-"))
    offset, limit = call.whole("offset", 0), call.whole("limit", MAX_LONG)
    call.flag("count")
    page = passed[offset : offset + limit]
    return json_answer(encode({"totalRecord": len(records), "filterRecord": len(passed), "records": page}))


def _order(key: str) -> Callable[[Record], tuple[str, Any]]:
    """By the value where it has an order; what has none, or no value, stays as it stood."""

    def order(record: Record) -> tuple[str, Any]:
        value = record.get(key)
        return (type(value).__name__, value) if isinstance(value, (str, int)) else ("", "")

    return order


Test = Callable[[Record], bool]


def _filter(text: str | None) -> Test:
    """The filter of the protocol's service calls: fields and what they must be, ``$and``, ``$or``."""
    if not text:
        return lambda record: True
    try:
        return _test(msgspec.json.decode(text), 0)
    except RecursionError:
        raise InvalidParameter("the parameter filter is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise InvalidParameter(f"the parameter filter is not valid JSON: {error}") from None


def _test(condition: Any, depth: int) -> Test:
    if not isinstance(condition, dict):
        raise InvalidParameter("the parameter filter must be a JSON object of fields and what they must be")
    if depth > DEEPEST_FILTER:
        raise InvalidParameter("the parameter filter is nested too deeply")
    tests = [_clause(key, value, depth) for key, value in condition.items()]
    return lambda record: all(test(record) for test in tests)


def _clause(key: str, wanted: Any, depth: int) -> Test:
    if key in ("$and", "$or"):
        if not isinstance(wanted, list):
            raise InvalidParameter(f"in the parameter filter {key} must be a list of conditions")
        tests = [_test(one, depth + 1) for one in wanted]
        together = all if key == "$and" else any
        return lambda record: together(test(record) for test in tests)
    if isinstance(wanted, dict):
        checks = [_comparison(operator, operand) for operator, operand in wanted.items()]
        return lambda record: all(check(record.get(key)) for check in checks)
    return lambda record: bool(record.get(key) == wanted)


def _comparison(operator: str, operand: Any) -> Callable[[Any], bool]:
    if operator == "$eq":
        return lambda value: bool(value == operand)
    if operator == "$ne":
        return lambda value: bool(value != operand)
    if operator == "$in" and isinstance(operand, list):
        return lambda value: value in operand
    if operator in ("$like", "$ilike") and isinstance(operand, str):
        fold = str.casefold if operator == "$ilike" else str
        return lambda value: isinstance(value, str) and _like(fold(value), fold(operand))
    raise InvalidParameter(
        f"in the parameter filter {operator!r} cannot be used so; use $eq, $ne, $in with a list, $like or"
        " $ilike with a text"
    )


def _like(text: str, pattern: str) -> bool:
    """SQL's LIKE, ``%`` and ``_``, in steps of at most text times pattern, whatever the pattern."""
    at = mark = start = 0
    star = -1
    while at < len(text):
        if mark < len(pattern) and pattern[mark] == "%":
            star, start = mark, at
            mark += 1
        elif mark < len(pattern) and pattern[mark] in ("_", text[at]):
            at, mark = at + 1, mark + 1
        elif star >= 0:
            start += 1
            at, mark = start, star + 1
        else:
            return False
    return not pattern[mark:].strip("%")


_WHOLE = {"type": "integer", "minimum": 0, "maximum": MAX_LONG}
_PARAMETERS = (
    Parameter("filter", 'JSON: fields and what they must be, such as {"name": "$admin"} or {"name": {"$ilike": "%a%"}};'
              " $eq, $ne, $in, $like, $ilike, $and, $or."),
    Parameter("sort", "A field to order by; with a minus before it the last comes first."),
    Parameter("offset", "How many to leave out at the beginning.", _WHOLE),
    Parameter("limit", "How many at most; 0 for the counts alone. All where left out.", _WHOLE),
    Parameter("count", "Taken for the protocol's sake; the counts are always there.", {"type": "boolean"}),
    Parameter("columns", "Taken for the protocol's sake; records are always whole.", many=True),
    Parameter("maxLoginEvents", "Taken for the protocol's sake; logins are not kept."),
)  # fmt: skip


def _list(path: str, handler: Callable[[Call], Response], summary: str) -> Endpoint:
    answer = "totalRecord (all), filterRecord (those that pass the filter), and the records of this page."
    return Endpoint(
        "GET", f"/api/service{path}", handler, "read", summary, parameters=_PARAMETERS, answer=answer, group=GROUP
    )


def _one(path: str, handler: Callable[[Call], Response], summary: str, answer: str) -> Endpoint:
    return Endpoint("GET", f"/api/service{path}", handler, "read", summary, answer=answer, group=GROUP)


ENDPOINTS: tuple[Endpoint, ...] = (
    _list("/roles", list_roles, "Roles: $admin, $member and $guest"),
    _list("/users", list_users, "Users: one for each token"),
    _one("/users/current", current_user, "The user of this call's token", "The user."),
    _list("/users/{id}/groups", list_nothing, "A user's groups: none"),
    _list("/v2/groups", list_nothing, "Groups: none"),
    _list("/groups", list_nothing, "Groups: none"),
    _list("/groups/{id}/members", list_nothing, "A group's members: none"),
    _one("/whoami", who_am_i, "The roles of this call's token", "Id, username, and the roles by name."),
    _list("/apikeys", list_api_keys, "API keys: one for each token, without its secret"),
)
