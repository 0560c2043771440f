"""Errors as answers: one status by class, one JSON shape, the protocol's («Errors» of its HTTP reference)."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from tidings.model.errors import TidingsError, TooBusy, Unauthenticated
from tidings.model.events import encode

INTERNAL_CODE = TidingsError.code


def problem_body(code: str, message: str, error: TidingsError | None, request_id: str) -> bytes:
    """The JSON of an error; ``causes`` has one entry for each separate fault."""
    kind = type(error).__name__ if error else "InternalError"
    causes = [
        {"errorType": kind, "errorMessage": one.message, "location": one.location} for one in error.problems
    ] if error else []  # fmt: skip
    return encode({"errorCode": code, "errorMessage": message, "causes": causes, "requestId": request_id})


def problem_answer(error: TidingsError, request_id: str) -> Response:
    """The answer to a request that failed in a way we know."""
    headers: Mapping[str, str] = {}
    if isinstance(error, Unauthenticated):
        headers = {"www-authenticate": 'Basic realm="tidings", charset="UTF-8"'}
    elif isinstance(error, TooBusy):
        headers = {"retry-after": "1"}
    return Response(
        problem_body(error.code, str(error), error, request_id), error.status, headers, media_type="application/json"
    )


def error_line(error: Exception, request_id: str) -> bytes:
    """How a stream of JSON lines that has begun already ends where it fails: one line more. What should not have happened
    is told without its details."""
    if isinstance(error, TidingsError):
        return b'{"error":%b}\n' % problem_body(error.code, str(error), error, request_id)
    message = f"something went wrong inside; the server's log has it under {request_id}"
    return b'{"error":%b}\n' % problem_body(INTERNAL_CODE, message, None, request_id)


def internal_answer(request_id: str) -> Response:
    """The answer where something failed that should not have; the log has the rest under the same request id."""
    message = f"something went wrong inside; nothing was acknowledged. The server's log has it under {request_id}"
    return Response(problem_body(INTERNAL_CODE, message, None, request_id), 500, media_type="application/json")
