"""What an endpoint is: a row that says where it is, who may call it, what it takes and gives, and what answers it.

Routing, access and the OpenAPI document are all made from these rows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from anyio import CapacityLimiter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from tidings.api.access import Caller, Gatekeeper, Role
from tidings.config import Config
from tidings.consumers.retention import RetentionThread
from tidings.consumers.tail import Feed
from tidings.model.errors import InvalidParameter, MalformedBody, TidingsError, TooLarge
from tidings.model.ids import is_guid
from tidings.model.profiles import PROFILES, Profile
from tidings.read.search import Searches
from tidings.store.base import Store
from tidings.store.types import Types
from tidings.telemetry import Metrics, Work, traces
from tidings.write.submit import Actor

PROTOCOL_PREFIXES = ("/api/meta", "/api/atlas/v2")
"""Where the protocol stands: one set of handlers under both."""
MAX_LONG = 2**63 - 1
PASSED_ON = frozenset({"origin", "x-amzn-trace-id", "content-length", "traceparent"})
SEARCHES_AT_ONCE = 2
"""More wait, so that they take neither every thread nor all the time of others."""
LONGEST_HEADER = 512
"""Characters of a header that is passed on: every event of the request bears it."""


@dataclass(slots=True)
class Parts:
    """What handlers work with: the running parts of one server."""

    config: Config
    store: Store
    types: Types
    gate: Gatekeeper
    feed: Feed
    metrics: Metrics
    started: float
    version: str
    holder: str
    """Under which name this server takes leases."""
    retention: RetentionThread
    endpoints: tuple[Endpoint, ...] = ()
    pending_bytes: int = 0
    """Bytes of request bodies that are held at the moment."""
    snapshots: int = 0
    """Snapshots of the whole catalog that are being read at the moment."""
    searches: Searches = field(default_factory=Searches)
    searching: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(SEARCHES_AT_ONCE))

    @property
    def profile(self) -> Profile:
        return PROFILES[self.config.profile]


@dataclass(slots=True)
class Call:
    """One request on its way through a handler. Parameter readers raise InvalidParameter that names the parameter."""

    request: Request
    parts: Parts
    caller: Caller
    body: bytes
    work: Work

    @property
    def query(self) -> QueryParams:
        return self.request.query_params

    @property
    def path(self) -> Mapping[str, str]:
        return self.request.path_params

    @property
    def request_id(self) -> str:
        return self.work.request

    def actor(self) -> Actor:
        """Who changes something, and the headers that the protocol hands on in events."""
        headers = {
            name: value
            for name, value in self.request.headers.items()
            if (name.startswith("x-atlan-") or name in PASSED_ON) and len(value) <= LONGEST_HEADER
        }
        if spans := traces.active():
            headers |= spans.carried()
        host = self.parts.config.host
        source_ip = "" if host == "0.0.0.0" or ":" in host else host  # noqa: S104  not bound here
        return Actor(self.caller.name, headers, source_ip, self.work.cause)

    def flag(self, name: str, default: bool = False) -> bool:
        """A parameter that is true or false, in any case."""
        value = self.query.get(name)
        if value is None or value == "":
            return default
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise InvalidParameter(f"the parameter {name} ({value!r}) must be true or false")

    def refuse_dry_run(self, what: str) -> None:
        """For what is done at once or not at all, such as «tokens»."""
        if self.flag("dryRun"):
            raise InvalidParameter(f"{what} cannot be tried out: dryRun is for changes of assets")

    def whole(self, name: str, default: int, low: int = 0, high: int = MAX_LONG) -> int:
        """A parameter that is a whole number within bounds."""
        value = self.query.get(name)
        if value is None:
            return default
        number = whole_number(value)
        if number is None or not low <= number <= high:
            raise InvalidParameter(f"the parameter {name} ({value!r}) must be a whole number from {low} to {high}")
        return number

    def many(self, name: str) -> list[str]:
        """A parameter that may be given several times."""
        return [value for value in self.query.getlist(name) if value]

    def guids(self, name: str = "guid") -> list[str]:
        """Guids given one by one; at least one."""
        found = self.many(name)
        if not found:
            raise InvalidParameter(f"the parameter {name} is missing; give one or more guids")
        return [plain_guid(guid) for guid in found]

    def path_guid(self) -> str:
        """The guid in the address, whatever it looks like."""
        return plain_guid(self.path["guid"])

    def unique_name(self) -> str:
        """The qualifiedName by which an asset is addressed."""
        name = self.query.get("attr:qualifiedName")
        if not name:
            raise InvalidParameter("the parameter attr:qualifiedName is missing; it names the asset")
        return name

    def decode(self, kind: type[Any]) -> Any:
        """The body as JSON of one form; raises MalformedBody or TooLarge."""
        return decode_body(self.body, kind)


def whole_number(text: str) -> int | None:
    """A whole number from 0 to ``MAX_LONG`` in plain digits; None for any other text."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LONG)) else None
    return number if number is not None and number <= MAX_LONG else None


def plain_guid(guid: str) -> str:
    """A guid as the catalog writes it; what has not the form of one stays as it is."""
    return guid.lower() if is_guid(guid) else guid


def decode_body(body: bytes, kind: type[Any]) -> Any:
    """JSON of one form; raises MalformedBody that says where it went wrong, TooLarge for endless nesting."""
    if not body:
        raise MalformedBody("the request has no body; send a JSON object")
    try:
        return msgspec.json.decode(body, type=kind)
    except RecursionError:
        raise TooLarge("the body is nested too deeply") from None
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        raise MalformedBody(f"the body does not fit: {what}" + (f", at {where}" if where else "")) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBody(f"the body is not valid JSON: {error}") from None


Handler = Callable[[Call], Response] | Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query parameter: ``schema`` is its JSON schema."""

    name: str
    explanation: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})
    many: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One row. ``path`` below a protocol prefix where ``protocol`` is set. ``role`` None: open to everyone.

    An async handler waits by itself; others run on a thread.
    ``body`` is the type that the body must fit, for the document; ``answer`` says in words what comes back.
    """

    method: str
    path: str
    handler: Handler
    role: Role | None
    summary: str
    protocol: bool = False
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    answer: str = ""
    media_type: str = "application/json"
    status: int = 200
    group: str = ""
    errors: tuple[type[TidingsError], ...] = ()
    """What can go wrong beside what its other columns tell."""

    @property
    def writes(self) -> bool:
        """Whether it is there to change something."""
        return self.role in ("write", "admin") and self.method != "GET"

    def addresses(self) -> tuple[str, ...]:
        """Every address where it stands, without the trailing slash that is also taken."""
        return tuple(prefix + self.path for prefix in PROTOCOL_PREFIXES) if self.protocol else (self.path,)


JSON = "application/json"


def json_answer(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of ready JSON."""
    return Response(body, status, headers, media_type=JSON)


BOOLEAN = {"type": "boolean", "default": False}
DRY_RUN = Parameter("dryRun", "Tell which events the request would emit, and write nothing.", BOOLEAN)
