"""One request and its answer: the connection, time limits, and errors in our words."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import msgspec

from tidings.client.forms import JsonObject, parameters
from tidings.model.errors import ClientError, Problem
from tidings.model.events import encode

T = TypeVar("T")


class Caller:
    """Speaks to the server at ``base_url`` as whoever ``token`` belongs to."""

    def __init__(
        self,
        base_url: str,
        token: str,
        timeout: float = 30.0,
        *,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._timeout = timeout
        self._pause = pause
        self._http = httpx.Client(
            base_url=_sound_url(self.base_url),
            headers=_sound_headers(token),
            timeout=timeout,
            transport=transport,
            trust_env=not _is_loopback(self.base_url),  # a proxy of the environment cannot reach our own machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def _entity(self, path: str, params: JsonObject) -> JsonObject:
        return self._ask("GET", path, _Entity, params).entity

    def _ask(
        self,
        method: str,
        path: str,
        kind: type[T],
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        patience: float = 0.0,
    ) -> T:
        return self._read(self._send(method, path, params or {}, body, patience), kind)

    def _send(
        self, method: str, path: str, params: Mapping[str, Any], body: Any = None, patience: float = 0.0
    ) -> httpx.Response:
        content = None if body is None else encode(body)
        headers = {} if body is None else {"content-type": "application/json"}
        timeout = httpx.Timeout(self._timeout, read=self._timeout + patience)
        try:
            response = self._http.request(
                method, path, params=parameters(params), content=content, headers=headers, timeout=timeout
            )
        except httpx.TransportError as error:
            raise ClientError(self._why(error)) from error
        if not response.is_success:
            raise error_of(response)
        return response

    def _read(self, response: httpx.Response, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(response.content, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise ClientError(f"{self.base_url} does not answer as a Tidings server does; check the address") from error

    def _why(self, error: Exception) -> str:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            return f"nothing answers at {self.base_url}; is the server running? start it with: tidings serve"
        if isinstance(error, httpx.TimeoutException):
            return (
                f"{self.base_url} took too long to answer; whether a change was made is unknown, and it may be repeated"
            )
        if isinstance(error, httpx.UnsupportedProtocol):
            return f"{self.base_url} is not an address of a server; it starts with http:// or https://"
        return f"the connection to {self.base_url} broke ({str(error) or type(error).__name__}); try again"


class _Entity(msgspec.Struct):
    entity: JsonObject


class _Fault(msgspec.Struct, rename="camel"):
    error_message: str = ""
    location: str = ""


class _ErrorBody(msgspec.Struct, rename="camel"):
    error_message: str
    error_code: str = ""
    causes: list[_Fault] = []


def error_of(response: httpx.Response) -> ClientError:
    """The error that the server tells of, or its status where it says nothing that we understand."""
    status = response.status_code
    try:
        body = msgspec.json.decode(response.content, type=_ErrorBody)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ClientError(f"{response.url} answered {status} {response.reason_phrase}", (), status)
    problems = [Problem(one.location, one.error_message) for one in body.causes]
    return ClientError(body.error_message, problems, status, body.error_code)


def _sound_url(url: str) -> httpx.URL:
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise ClientError(f"{url} is not an address of a server: {error}") from error


def _sound_headers(token: str) -> dict[str, str]:
    token = token.strip()
    if not (token.isascii() and token.isprintable()):
        raise ClientError("the token holds characters that no token has; copy it again")
    return {"authorization": f"Bearer {token}"} if token else {}


def _is_loopback(url: str) -> bool:
    host = httpx.URL(url).host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
