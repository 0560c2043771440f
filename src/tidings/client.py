"""A small client of our own API: one method a call, errors as ``ClientError``, a live stream that survives drops."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Literal, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from tidings.model.errors import ClientError, Problem
from tidings.model.events import EVERYTHING, LogFilter, decode, encode

JsonObject = dict[str, Any]
Target = str | tuple[str, str]
"""Which asset is meant: its guid, or its type and qualifiedName."""
Form = Literal["full", "wire"]
DeleteType = Literal["SOFT", "HARD", "PURGE"]
Direction = Literal["INPUT", "OUTPUT", "BOTH"]
T = TypeVar("T")

DEFAULT_URL = "http://127.0.0.1:8585"
ATTEMPTS = 60
"""Failed connections in a row after which a stream gives up."""
SILENCE = 45.0
"""Seconds without a byte after which a stream counts as dropped; the server sends a heartbeat every 15."""
LONGEST_STEP = 120.0
"""Seconds that long work may take between two signs of life."""
LONGEST_PAUSE = 5.0
ASSETS_A_PAGE = 1000
LONGEST_RUN = 3600.0
"""Seconds that trimming a log that has grown for long may take."""


class Page(msgspec.Struct, frozen=True):
    """A part of the log: ``next`` is the position to continue after, ``head`` the log's last position."""

    events: list[JsonObject]
    next: int
    head: int


class Snapshot:
    """Every asset as of ``position``, one after the other: go on from there with ``stream``. Made by ``Client.snapshot``.

    ``time`` is when it was taken, in milliseconds. Iterating comes to its end only where it is whole; else it raises
    ClientError.
    """

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        head = _sound_line(next(lines, b""), 0)
        self.position: int = head["position"]
        self.catalog_id: str = head["catalogId"]
        self.time: int = head["time"]

    def __iter__(self) -> Iterator[JsonObject]:
        return map(decode, self.lines())

    def lines(self) -> Iterator[bytes]:
        """The same assets as the server wrote them."""
        count = 0
        for line in self._lines:
            if not line.startswith(_NO_ASSET):
                count += 1
                yield line
            elif _sound_line(line, count)["assets"] == count:
                return
        _sound_line(b"", count)


_NO_ASSET = (b'{"end":', b'{"error":')
"""How lines begin that are no assets: these have other members first."""


def _sound_line(line: bytes, count: int) -> JsonObject:
    """A line of a snapshot that is no asset, behind ``count`` assets; raises ClientError for an error, and for no line."""
    if not line:
        raise ClientError(f"the snapshot broke off after {count:,} assets and is not whole; read it again")
    told = decode(line)
    if "error" in told:
        raise ClientError(told["error"]["errorMessage"], (), 0, told["error"]["errorCode"])
    return told


class Client:
    """Speaks to the server at ``base_url`` as whoever ``token`` belongs to. Close it, or use it as a context manager.

    Every method raises ClientError where the server is not there or answers with an error. ``pause`` is how a stream
    waits before it connects again; ``transport`` replaces the network.
    """

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

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    # --- assets ----------------------------------------------------------------------------------------------------

    def save(self, entities: Iterable[Any], *, dry_run: bool = False, strict: bool = True) -> JsonObject:
        """Create or update assets, all of them or none. ``strict`` refuses attributes that a type does not have.

        The answer is the protocol's: ``mutatedEntities`` and ``guidAssignments``; ``events`` for a dry run, and
        ``ignoredAttributes``, how many a lenient save left out.
        """
        params = {"strict": _flag(strict), "dryRun": _flag(dry_run)}
        response = self._send("POST", "/api/meta/entity/bulk", params, {"entities": list(entities)})
        ignored = int(response.headers.get("tidings-ignored", 0))
        return {**self._read(response, JsonObject), "ignoredAttributes": ignored}

    def get(self, guid: str) -> JsonObject:
        """One asset with its attributes and links."""
        return self._entity(f"/api/meta/entity/guid/{_segment(guid)}", {})

    def get_by_name(self, type_name: str, qualified_name: str) -> JsonObject:
        """The same, by type and qualifiedName."""
        path = f"/api/meta/entity/uniqueAttribute/type/{_segment(type_name)}"
        return self._entity(path, {"attr:qualifiedName": qualified_name})

    def delete(
        self, targets: Iterable[Target], *, delete_type: DeleteType = "SOFT", dry_run: bool = False
    ) -> JsonObject:
        """Archive assets (SOFT), or remove them for good (HARD, PURGE). The answer is like that of ``save``."""
        body = {"targets": [_target(one) for one in targets], "deleteType": delete_type}
        return self._ask("POST", "/api/delete", JsonObject, {"dryRun": _flag(dry_run)}, body)

    def restore(self, targets: Iterable[Target], *, dry_run: bool = False) -> JsonObject:
        """Make archived assets active again. The answer is like that of ``save``."""
        body = {"targets": [_target(one) for one in targets]}
        return self._ask("POST", "/api/restore", JsonObject, {"dryRun": _flag(dry_run)}, body)

    def delete_connection(
        self,
        qualified_name: str,
        *,
        delete_type: DeleteType = "SOFT",
        dry_run: bool = False,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> JsonObject:
        """Archive or purge a connection with everything under it; the answer has counts by type under ``deleted``.

        Long work: ``progress(done, total)`` is called as it goes. What was interrupted is taken up by asking again.
        """
        params = {"qualifiedName": qualified_name, "deleteType": delete_type, "dryRun": _flag(dry_run)}
        if dry_run:
            return self._ask("DELETE", "/api/connections", JsonObject, params)
        try:
            return self._followed("/api/connections", params, progress)
        except httpx.TransportError as error:
            raise ClientError(f"{self._why(error)}; ask again, and it goes on where it was") from error

    def _followed(self, path: str, params: JsonObject, progress: Callable[[int, int], None]) -> JsonObject:
        timeout = httpx.Timeout(self._timeout, read=LONGEST_STEP)
        headers = {"accept": "application/x-ndjson"}
        with self._http.stream("DELETE", path, params=_set(params), headers=headers, timeout=timeout) as response:
            if not response.is_success:
                response.read()
                raise _told(response)
            for line in lines(response.iter_bytes()):
                told = decode(line)
                if "summary" in told:
                    return dict(told["summary"])
                if "error" in told:
                    raise ClientError(told["error"]["errorMessage"], (), 0, told["error"]["errorCode"])
                progress(told["done"], told["total"])
        raise ClientError("the server stopped in the middle of it; ask again, and it goes on where it was")

    def assets(
        self, *, type_names: Iterable[str] = (), name_prefix: str = "", status: str | None = None
    ) -> Iterator[JsonObject]:
        """Every asset that passes, ordered by qualifiedName; ``status`` is ACTIVE or DELETED, None for both."""
        params = {"type": sorted(type_names), "qualifiedNamePrefix": name_prefix, "status": status}
        page = _AssetPage(assets=[], next="")
        while page.next is not None:
            paging = {"limit": ASSETS_A_PAGE, "cursor": page.next or None}
            page = self._ask("GET", "/api/assets", _AssetPage, {**params, **paging})
            yield from page.assets

    # --- types -----------------------------------------------------------------------------------------------------

    def type_headers(self, categories: Iterable[str] = ()) -> list[JsonObject]:
        """Guid, name and category of every type, tag, set of custom metadata …; of these categories where any are given."""
        return self._ask("GET", "/api/meta/types/typedefs/headers", list[JsonObject], {"type": list(categories)})

    def type_definition(self, name: str) -> JsonObject:
        """One definition, by its name or, for tags and custom metadata, by what people call it."""
        return self._ask("GET", f"/api/meta/types/typedef/name/{_segment(name)}", JsonObject)

    def define(self, typedefs: JsonObject, *, change: bool = False, dry_run: bool = False) -> JsonObject:
        """Make types, tags and custom metadata, or change those that are there: all of them or none.

        Takes the protocol's «AtlasTypesDef», and answers with the definitions as they are now, in the same form.
        """
        params = {"dryRun": _flag(dry_run)}
        return self._ask("PUT" if change else "POST", "/api/meta/types/typedefs", JsonObject, params, typedefs)

    def remove_type(self, name: str, *, dry_run: bool = False) -> None:
        """Remove a type, a tag or a set of custom metadata that nothing uses."""
        self._send("DELETE", f"/api/meta/types/typedef/name/{_segment(name)}", {"dryRun": _flag(dry_run)})

    # --- tags and custom metadata ----------------------------------------------------------------------------------

    def put_tag(self, tag: JsonObject, guids: Iterable[str], *, dry_run: bool = False) -> JsonObject:
        """Put a tag («classification») on assets, all or none; who has it already gets what ``tag`` says.

        The answer is like that of ``save``.
        """
        return self._label(guids, {"addOrUpdateClassifications": [tag]}, {}, dry_run)

    def change_tag(self, tag: JsonObject, guid: str, *, dry_run: bool = False) -> JsonObject:
        """Change a tag of an asset, which must have it. The answer is that of a dry run, else empty."""
        path = f"/api/meta/entity/guid/{_segment(guid)}/classifications"
        response = self._send("PUT", path, {"dryRun": _flag(dry_run)}, [tag])
        return self._read(response, JsonObject) if dry_run else {}

    def remove_tag(
        self, tag: str, guids: Iterable[str], *, source: str | None = None, dry_run: bool = False
    ) -> JsonObject:
        """Take a tag off assets, all or none; ``source`` is the asset from which it came, where that is gone."""
        removal = {"typeName": tag} if source is None else {"typeName": tag, "entityGuid": source}
        return self._label(guids, {"removeClassifications": [removal]}, {}, dry_run)

    def set_custom_metadata(
        self, guid: str, values: Mapping[str, Any], *, overwrite: bool = False, dry_run: bool = False
    ) -> JsonObject:
        """Set values of custom metadata, ``{set: {attribute: value}}``; null removes one.

        With ``overwrite`` what is not in ``values`` is removed, in every set. The answer is like that of ``save``.
        """
        params = {"replaceBusinessAttributes": "true", "overwriteBusinessAttributes": _flag(overwrite)}
        return self._label([guid], {"businessAttributes": values}, params, dry_run)

    def _label(self, guids: Iterable[str], members: JsonObject, params: JsonObject, dry_run: bool) -> JsonObject:
        entities = [{"typeName": "Referenceable", "guid": guid, **members} for guid in guids]
        params = {**params, "dryRun": _flag(dry_run)}
        return self._ask("POST", "/api/meta/entity/bulk", JsonObject, params, {"entities": entities})

    # --- glossaries ------------------------------------------------------------------------------------------------

    def glossaries(self) -> list[JsonObject]:
        """Every glossary, in the order of their names, with short forms of its terms and categories."""
        return self._ask("GET", "/api/meta/glossary", list[JsonObject])

    def glossary(self, guid: str) -> JsonObject:
        """One glossary with its terms and categories in full: ``termInfo`` and ``categoryInfo``, by guid."""
        return self._ask("GET", f"/api/meta/glossary/{_segment(guid)}/detailed", JsonObject)

    def assign_term(self, term: str, targets: Iterable[Target], *, dry_run: bool = False) -> JsonObject:
        """Put the term with this guid on assets. The answer is like that of ``save``."""
        return self._relate(term, "appendRelationshipAttributes", targets, dry_run)

    def unassign_term(self, term: str, targets: Iterable[Target], *, dry_run: bool = False) -> JsonObject:
        """Take the term with this guid off assets. The answer is like that of ``save``."""
        return self._relate(term, "removeRelationshipAttributes", targets, dry_run)

    def _relate(self, term: str, how: str, targets: Iterable[Target], dry_run: bool) -> JsonObject:
        ends = [_reference(one) for one in targets]
        entity = {"typeName": "AtlasGlossaryTerm", "guid": term, how: {"assignedEntities": ends}}
        return self.save([entity], dry_run=dry_run)

    # --- lineage and links -------------------------------------------------------------------------------------------

    def lineage(self, target: Target, *, direction: Direction = "BOTH", depth: int = 3) -> JsonObject:
        """The graph around an asset: headers under ``guidEntityMap``, ``relations`` from one to the next.

        INPUT is what the asset was made of, OUTPUT what was made of it. ``depth`` counts processes; 0 means all.
        """
        params: JsonObject = {"direction": direction, "depth": depth}
        if isinstance(target, str):
            return self._ask("GET", f"/api/meta/lineage/{_segment(target)}", JsonObject, params)
        path = f"/api/meta/lineage/uniqueAttribute/type/{_segment(target[0])}"
        return self._ask("GET", path, JsonObject, {**params, "attr:qualifiedName": target[1]})

    def lineage_list(self, guid: str, *, size: int = 1000, **request: Any) -> Iterator[JsonObject]:
        """Every asset of the lineage in one direction, nearest first, read page by page.

        ``request`` are further members of the protocol's request, such as ``direction``, ``depth``, ``attributes`` and
        ``entityFilters``.
        """
        page: JsonObject = {"hasMore": True}
        first = 0
        while page["hasMore"]:
            body = {"guid": guid, "from": first, "size": size, **request}
            page = self._ask("POST", "/api/meta/lineage/list", JsonObject, body=body)
            yield from page["entities"]
            first += size

    def relationship(self, guid: str) -> JsonObject:
        """One link by its guid."""
        path = f"/api/meta/relationship/guid/{_segment(guid)}"
        return dict(self._ask("GET", path, JsonObject)["relationship"])

    def create_relationship(
        self, type_name: str, end1: Target, end2: Target, attributes: Mapping[str, Any] | None = None
    ) -> JsonObject:
        """Link two assets; the answer is the link with its guid."""
        ends = {"end1": _end(end1), "end2": _end(end2)}
        body = {"typeName": type_name, **ends, "attributes": attributes or {}}
        return self._ask("POST", "/api/meta/relationship", JsonObject, body=body)

    def update_relationship(self, guid: str, attributes: Mapping[str, Any]) -> JsonObject:
        """Set attributes of a link; None clears one, others stay."""
        body = {"guid": guid, "attributes": attributes}
        return self._ask("PUT", "/api/meta/relationship", JsonObject, body=body)

    def delete_relationship(self, guid: str) -> None:
        """Take a link away."""
        self._send("DELETE", f"/api/meta/relationship/guid/{_segment(guid)}", {})

    # --- events ----------------------------------------------------------------------------------------------------

    def events(
        self,
        after: int | None = None,
        limit: int = 100,
        wanted: LogFilter = EVERYTHING,
        *,
        wait: int | None = None,
        form: Form = "full",
    ) -> Page:
        """Up to ``limit`` events behind position ``after``, or from the first that is left; with ``wait`` the answer comes
        when something passes, or after that many seconds."""
        params = {"after": after, "limit": limit, "wait": wait, "form": form, **_filter(wanted)}
        return self._ask("GET", "/api/events", Page, params, patience=wait or 0)

    def head(self) -> int:
        """The last position of the log."""
        return self.events(limit=1).head

    def history(self, guid: str) -> Iterator[JsonObject]:
        """Every event of one asset that is left in the log, the first one first; also of an asset that was purged."""
        path = f"/api/assets/{_segment(guid)}/history"
        page = Page(events=[], next=0, head=1)
        while page.next < page.head:
            last = page.next
            page = self._ask("GET", path, Page, {"after": last or None, "limit": 1000})
            yield from page.events
            if page.next <= last:
                return

    def stream(
        self, after: int | None = None, wanted: LogFilter = EVERYTHING, *, form: Form = "full"
    ) -> Generator[tuple[int, JsonObject], None, None]:
        """Events as they happen, each with its position, from behind ``after`` or from now on.

        A dropped connection is taken up where it broke; after 60 failed attempts in a row, some five
        minutes, ClientError ends it.
        """
        position = self.head() if after is None else after
        return self._follow(position, {"form": form, **_filter(wanted)})

    def _follow(self, position: int, params: JsonObject) -> Generator[tuple[int, JsonObject], None, None]:
        failed = 0
        start: JsonObject = {"after": position}
        headers: dict[str, str] = {}
        while True:
            beats = 0
            try:
                with self._open_stream({**params, **start}, headers) as response:
                    for frame in frames(response.iter_bytes()):
                        beats += 1
                        if frame.data or beats > 1:  # the first heartbeat is only a greeting
                            failed = 0
                        if frame.position > position:
                            position = frame.position
                            if frame.data:
                                yield position, decode(frame.data)
                reason = "the server closed the stream"
            except httpx.TransportError as dropped:
                reason = self._why(dropped)
                if beats and isinstance(dropped, httpx.ReadTimeout):
                    failed = -1  # a quiet server is no broken one: it may be set to slower heartbeats
            except _Unavailable as refusal:
                reason = str(refusal)
            failed += 1
            if failed >= ATTEMPTS:
                raise ClientError(f"the stream broke {ATTEMPTS} times in a row after position {position}: {reason}")
            headers, start = {"Last-Event-ID": str(position)}, {}
            self._pause(back_off(failed))

    @contextlib.contextmanager
    def _open_stream(self, params: JsonObject, headers: dict[str, str]) -> Iterator[httpx.Response]:
        timeout = httpx.Timeout(self._timeout, read=SILENCE)
        path = "/api/events/stream"
        with self._http.stream("GET", path, params=_set(params), headers=headers, timeout=timeout) as response:
            if response.is_success:
                yield response
                return
            response.read()
            raise _Unavailable(str(_told(response))) if response.status_code >= 500 else _told(response)

    @contextlib.contextmanager
    def snapshot(self, *, type_names: Iterable[str] = (), name_prefix: str = "") -> Iterator[Snapshot]:
        """Every asset as of one position, for a reader that begins anew; a context manager, since it holds a connection.

        with client.snapshot() as assets:
            for asset in assets: ...
        for position, event in client.stream(assets.position): ...
        """
        timeout = httpx.Timeout(self._timeout, read=LONGEST_STEP)
        params = _set({"type": sorted(type_names), "qualifiedNamePrefix": name_prefix})
        try:
            with self._http.stream("GET", "/api/snapshot", params=params, timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                    raise _told(response)
                yield Snapshot(lines(response.iter_bytes()))
        except httpx.TransportError as error:
            raise ClientError(f"{self._why(error)}; the snapshot is not whole, read it again") from error

    # --- cursors ---------------------------------------------------------------------------------------------------

    def cursors(self) -> list[JsonObject]:
        """How far every consumer has come, by name: position, how far behind, and who holds it."""
        return self._ask("GET", "/api/cursors", _Cursors).cursors

    def cursor(self, name: str) -> JsonObject:
        """One of them."""
        return self._ask("GET", f"/api/cursors/{_segment(name)}", JsonObject)

    def set_cursor(self, name: str, position: int, *, holder: str | None = None, rewind: bool = False) -> JsonObject:
        """Put a cursor behind what is done, or make it. Under a lease only its ``holder`` may; back only with ``rewind``."""
        body = {"position": position, "rewind": rewind, **({"holder": holder} if holder else {})}
        return self._ask("PUT", f"/api/cursors/{_segment(name)}", JsonObject, {}, body)

    def remove_cursor(self, name: str, *, holder: str | None = None) -> None:
        """Forget it: the log is no longer kept for its consumer."""
        self._send("DELETE", f"/api/cursors/{_segment(name)}", {"holder": holder})

    def take_lease(self, name: str, holder: str, seconds: float = 5.0) -> JsonObject:
        """Take or renew the lease of a cursor: until when it lasts, and the cursor's position, or None.

        Raises ClientError with ``http_status`` 409 where another holds it.
        """
        body = {"holder": holder, "seconds": seconds}
        return self._ask("POST", f"/api/cursors/{_segment(name)}/lease", JsonObject, {}, body)

    def give_back_lease(self, name: str, holder: str) -> None:
        """Let another take it at once."""
        self._send("DELETE", f"/api/cursors/{_segment(name)}/lease", {"holder": holder})

    # --- retention -------------------------------------------------------------------------------------------------

    def retention(self) -> JsonObject:
        """How much of the log is kept, and both ends of the log."""
        return self._ask("GET", "/api/retention", JsonObject)

    def set_retention(
        self, *, max_age_days: float | None = None, max_events: int | None = None, max_bytes: int | None = None
    ) -> JsonObject:
        """Say how much of the log is kept; what is None sets no bound, also where one was set before."""
        body = {"maxAgeDays": max_age_days, "maxEvents": max_events, "maxBytes": max_bytes}
        return self._ask("PUT", "/api/retention", JsonObject, {}, body)

    def trim(self, *, force: bool = False, dry_run: bool = False) -> JsonObject:
        """Trim the log now: how many events went, or would go; with ``force`` also what cursors still need."""
        params = {"force": _flag(force), "dryRun": _flag(dry_run)}
        return self._ask("POST", "/api/retention/run", JsonObject, params, patience=LONGEST_RUN)

    # --- the server ------------------------------------------------------------------------------------------------

    def status(self) -> JsonObject:
        """Version, head of the log, how many assets."""
        return self._ask("GET", "/api/status", JsonObject)

    def tokens(self) -> list[JsonObject]:
        """Who may speak to the server: name, role and since when. Never the tokens themselves."""
        return self._ask("GET", "/api/tokens", _Tokens).tokens

    def add_token(self, name: str, role: str) -> JsonObject:
        """A new token, which the server tells this once."""
        return self._ask("POST", "/api/tokens", JsonObject, {}, {"name": name, "role": role})

    def remove_token(self, name: str) -> None:
        """Take a token away; whoever uses it is refused from now on."""
        self._send("DELETE", f"/api/tokens/{_segment(name)}", {})

    # --- one request -----------------------------------------------------------------------------------------------

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
                method, path, params=_set(params), content=content, headers=headers, timeout=timeout
            )
        except httpx.TransportError as error:
            raise ClientError(self._why(error)) from error
        if not response.is_success:
            raise _told(response)
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


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One event of a stream, or a heartbeat: no data, and the position up to which the log was looked at, or 0."""

    position: int = 0
    data: bytes = b""


def frames(chunks: Iterable[bytes]) -> Iterator[Frame]:
    """Server-sent events out of bytes that arrive in any pieces; one that is cut off at the end is left out."""
    position, data = 0, b""
    for line in lines(chunks):
        if not line:
            if data or position:
                yield Frame(position, data)
            position, data = 0, b""
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"id" and value.isdigit():
            position = int(value)
        elif field == b"data":
            data = data + b"\n" + value if data else value
        elif not field:
            yield Frame()


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Whole lines out of pieces. Only a line feed ends one: JSON may hold the line separators of Unicode."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")


def back_off(failed: int) -> float:
    """Seconds to wait after so many failures in a row: 0.1, 0.2, 0.4 … up to 5."""
    return float(min(LONGEST_PAUSE, 0.1 * 2 ** max(0, failed - 1)))


class _Unavailable(Exception):
    """The server answers, but not now."""


class _Entity(msgspec.Struct):
    entity: JsonObject


class _AssetPage(msgspec.Struct):
    assets: list[JsonObject]
    next: str | None = None


class _Cursors(msgspec.Struct):
    cursors: list[JsonObject]


class _Tokens(msgspec.Struct):
    tokens: list[JsonObject]


class _Fault(msgspec.Struct, rename="camel"):
    error_message: str = ""
    location: str = ""


class _ErrorBody(msgspec.Struct, rename="camel"):
    error_message: str
    error_code: str = ""
    causes: list[_Fault] = []


def _told(response: httpx.Response) -> ClientError:
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


def _segment(text: str) -> str:
    return quote(text, safe="")


def _flag(value: bool) -> str | None:
    return "true" if value else None


def _set(params: Mapping[str, Any]) -> JsonObject:
    """Query parameters that say something."""
    return {name: value for name, value in params.items() if value not in (None, "", [])}


def _filter(wanted: LogFilter) -> JsonObject:
    return {
        "type": sorted(wanted.type_names),
        "operation": sorted(wanted.operations),
        "guid": wanted.guid,
        "qualifiedNamePrefix": wanted.name_prefix,
        "since": wanted.since,
        "until": wanted.until,
    }


def _reference(target: Target) -> JsonObject:
    if isinstance(target, str):
        return {"guid": target}
    type_name, qualified_name = target
    return {"typeName": type_name, "uniqueAttributes": {"qualifiedName": qualified_name}}


def _end(target: Target) -> JsonObject:
    """How a link names an asset."""
    if isinstance(target, str):
        return {"guid": target}
    return {"typeName": target[0], "uniqueAttributes": {"qualifiedName": target[1]}}


def _target(target: Target) -> JsonObject:
    if isinstance(target, str):
        return {"guid": target}
    type_name, qualified_name = target
    return {"typeName": type_name, "qualifiedName": qualified_name}
