"""The OpenAPI document, made from the endpoints' rows: what the server routes by is what it says of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from tidings.api.endpoint import JSON, Call, Endpoint, Parameter, json_answer
from tidings.model.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    LogTrimmed,
    NotFound,
    StoreUnavailable,
    TidingsError,
    TimedOut,
    TooBusy,
    TooLarge,
    Unauthenticated,
)
from tidings.model.events import encode

GROUP = "Documentation"
REF = "#/components/schemas/{name}"
PROBLEM = "Problem"
_PLACEHOLDER = re.compile(r"{(\w+)(?::\w+)?}")
_MEANINGS: Mapping[type[TidingsError], str] = {
    InvalidRequest: "The request cannot be understood, or asks for what is not allowed; nothing was written.",
    Unauthenticated: "No token, or one that is not known.",
    Forbidden: "The token's role does not reach that far.",
    NotFound: "Something that the request names is not there.",
    TimedOut: "The request took too long to arrive; nothing was written.",
    Conflict: "The request contradicts what is stored; nothing was written.",
    LogTrimmed: "The log before the first position that is left was trimmed; the message names it.",
    TooLarge: "The body, or something in it, is larger than the server takes; nothing was written.",
    TooBusy: "More is waiting than the server will hold; nothing was done. Come back after Retry-After seconds.",
    TidingsError: "Something failed inside; the server's log has it under the request's id.",
    StoreUnavailable: "The database cannot be written or read at the moment.",
}
_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["errorCode", "errorMessage", "causes", "requestId"],
    "properties": {
        "errorCode": {"type": "string", "description": "For machines; the list is in the documentation."},
        "errorMessage": {"type": "string", "description": "One sentence for people."},
        "causes": {
            "type": "array",
            "description": "Each separate fault, where a request has several.",
            "items": {
                "type": "object",
                "required": ["errorType", "errorMessage", "location"],
                "properties": {
                    "errorType": {"type": "string"},
                    "errorMessage": {"type": "string"},
                    "location": {"type": "string", "description": "Such as entities[3].attributes.rowCount."},
                },
            },
        },
        "requestId": {
            "type": "string",
            "description": "The header X-Atlan-Request-Id of the request, else X-Request-Id, else a new id.",
        },
    },
}


def get_document(call: Call) -> Response:
    return json_answer(encode(document(call.parts.endpoints, call.parts.version)))


def document(endpoints: Iterable[Endpoint], version: str) -> dict[str, Any]:
    """The whole document."""
    rows = list(endpoints)
    bodies = [row.body for row in rows if row.body is not None]
    schemas, components = msgspec.json.schema_components(bodies, schema_hook=any_value, ref_template=REF)
    body_schemas = dict(zip(map(id, bodies), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for row in rows:
        for number, address in enumerate(row.addresses()):
            shape = _operation(row, address, body_schemas.get(id(row.body)), alias=number > 0)
            paths.setdefault(_PLACEHOLDER.sub(r"{\1}", address), {})[row.method.lower()] = shape
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tidings",
            "version": version,
            "description": "A metadata catalog that tells you what changed.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"basic": []}],
        "tags": [{"name": group} for group in dict.fromkeys(row.group for row in rows if row.group)],
        "paths": paths,
        "components": {
            "schemas": {**components, PROBLEM: _PROBLEM_SCHEMA},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token of this catalog."},
                "basic": {"type": "http", "scheme": "basic", "description": "Any user; the token is the password."},
            },
        },
    }


def placeholders(path: str) -> list[str]:
    """The names that an address leaves open."""
    return [match[1] for match in _PLACEHOLDER.finditer(path)]


def possible_errors(row: Endpoint) -> Iterator[type[TidingsError]]:
    """What can go wrong with a call, by its row, one class for each status, in the order of statuses.

    Every call reads or writes the store, or its token is looked up there, so that 500 and 503 can always happen.
    """
    yield from sorted({*_plain_errors(row), *row.errors}, key=lambda error: error.status)


def _plain_errors(row: Endpoint) -> Iterator[type[TidingsError]]:
    takes_names = bool(placeholders(row.path) or row.parameters or row.body is not None)
    changes = row.method not in ("GET", "HEAD")
    if takes_names or row.status == InvalidRequest.status:
        yield InvalidRequest
    if row.role is not None:
        yield Unauthenticated
        if row.role != "read":
            yield Forbidden
    if takes_names:
        yield NotFound
    if changes:
        yield from (TimedOut, Conflict, TooLarge, TooBusy)
    yield from (TidingsError, StoreUnavailable)


def any_value(_kind: type[Any]) -> dict[str, Any]:
    """The schema of ``object``."""
    return {"description": "Any JSON value."}


def _operation(row: Endpoint, address: str, body: Mapping[str, Any] | None, *, alias: bool) -> dict[str, Any]:
    """``alias``: the same handler stands at an earlier address as well."""
    operation: dict[str, Any] = {
        "operationId": _operation_id(row.method, address),
        "summary": row.summary,
        "parameters": [*map(_path_parameter, placeholders(address)), *map(_query_parameter, row.parameters)],
        "responses": _responses(row),
    }
    if row.group:
        operation["tags"] = [row.group]
    if alias:
        operation["description"] = f"The same as {row.addresses()[0]}."
    if row.role is None:
        operation["security"] = []
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": body}}}
    return operation


def _operation_id(method: str, address: str) -> str:
    """Unique, since an address with its dots, hyphens and braces made underscores still differs from every other."""
    return method.lower() + re.sub(r"\W+", "_", address).rstrip("_")


def _path_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _query_parameter(parameter: Parameter) -> dict[str, Any]:
    schema: Mapping[str, Any] = parameter.schema
    shape: dict[str, Any] = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.explanation,
        "schema": {"type": "array", "items": schema} if parameter.many else schema,
    }
    if parameter.many:
        shape |= {"style": "form", "explode": True}
        if parameter.required:
            shape["schema"]["minItems"] = 1
    return shape


def _responses(row: Endpoint) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    if row.status < InvalidRequest.status:
        responses[str(row.status)] = _success(row)
    for error in possible_errors(row):
        content = {JSON: {"schema": {"$ref": REF.format(name=PROBLEM)}}}
        responses[str(error.status)] = {"description": _MEANINGS[error], "content": content}
    return responses


def _success(row: Endpoint) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": row.answer or "Done."}
    if row.status != 204:
        answer["content"] = {row.media_type: {} if row.media_type == JSON else {"schema": {"type": "string"}}}
    return answer


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET", "/api/openapi.json", get_document, "read", "This API as an OpenAPI 3.1 document", group=GROUP,
        answer="The document.",
    ),
)  # fmt: skip
