"""Every call of the API as a method."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any

import httpx
import msgspec

from tidings.client.caller import Caller, error_of
from tidings.client.forms import (
    DeleteType,
    Direction,
    Form,
    JsonObject,
    Target,
    filter_parameters,
    flag,
    parameters,
    reference,
    segment,
    target_form,
)
from tidings.client.snapshot import Snapshot
from tidings.client.stream import back_off, frames, lines
from tidings.model.errors import ClientError
from tidings.model.events import EVERYTHING, LogFilter, decode

ATTEMPTS = 60
"""Failed connections in a row after which a stream gives up."""
OUTAGE = 2
"""Failed connections in a row from which it is worth a word: the first is what every restart of a server looks like."""
SILENCE = 45.0
"""Seconds without a byte after which a stream counts as dropped; the server sends a heartbeat every 15."""
LONGEST_STEP = 120.0
"""Seconds that long work may take between two signs of life."""
ASSETS_A_PAGE = 1000
LONGEST_RUN = 3600.0
"""Seconds that trimming a log that has grown for long may take."""


class Page(msgspec.Struct, frozen=True):
    """A part of the log: ``next`` is the position to continue after, ``head`` the log's last position."""

    events: list[JsonObject]
    next: int
    head: int


class Client(Caller):
    """Speaks to the server at ``base_url`` as whoever ``token`` belongs to. Close it, or use it as a context manager.

    Every method raises ClientError where the server is not there or answers with an error. ``pause`` is how a stream
    waits before it connects again; ``transport`` replaces the network.
    """

    # --- assets ----------------------------------------------------------------------------------------------------

    def save(self, entities: Iterable[Any], *, dry_run: bool = False, strict: bool = True) -> JsonObject:
        """Create or update assets, all of them or none. ``strict`` refuses attributes that a type does not have.

        The answer is the protocol's: ``mutatedEntities`` and ``guidAssignments``; ``events`` for a dry run, and
        ``ignoredAttributes``, how many a lenient save left out.
        """
        params = {"strict": flag(strict), "dryRun": flag(dry_run)}
        response = self._send("POST", "/api/meta/entity/bulk", params, {"entities": list(entities)})
        ignored = int(response.headers.get("tidings-ignored", 0))
        return {**self._read(response, JsonObject), "ignoredAttributes": ignored}

    def get(self, guid: str) -> JsonObject:
        """One asset with its attributes and links."""
        return self._entity(f"/api/meta/entity/guid/{segment(guid)}", {})

    def get_by_name(self, type_name: str, qualified_name: str) -> JsonObject:
        """The same, by type and qualifiedName."""
        path = f"/api/meta/entity/uniqueAttribute/type/{segment(type_name)}"
        return self._entity(path, {"attr:qualifiedName": qualified_name})

    def delete(
        self, targets: Iterable[Target], *, delete_type: DeleteType = "SOFT", dry_run: bool = False
    ) -> JsonObject:
        """Archive assets (SOFT), or remove them for good (HARD, PURGE). The answer is like that of ``save``."""
        body = {"targets": [target_form(one) for one in targets], "deleteType": delete_type}
        return self._ask("POST", "/api/delete", JsonObject, {"dryRun": flag(dry_run)}, body)

    def restore(self, targets: Iterable[Target], *, dry_run: bool = False) -> JsonObject:
        """Make archived assets active again. The answer is like that of ``save``."""
        body = {"targets": [target_form(one) for one in targets]}
        return self._ask("POST", "/api/restore", JsonObject, {"dryRun": flag(dry_run)}, body)

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
        params = {"qualifiedName": qualified_name, "deleteType": delete_type, "dryRun": flag(dry_run)}
        if dry_run:
            return self._ask("DELETE", "/api/connections", JsonObject, params)
        try:
            return self._followed("/api/connections", params, progress)
        except httpx.TransportError as error:
            raise ClientError(f"{self._why(error)}; ask again, and it goes on where it was") from error

    def _followed(self, path: str, params: JsonObject, progress: Callable[[int, int], None]) -> JsonObject:
        timeout = httpx.Timeout(self._timeout, read=LONGEST_STEP)
        headers = {"accept": "application/x-ndjson"}
        with self._http.stream("DELETE", path, params=parameters(params), headers=headers, timeout=timeout) as response:
            if not response.is_success:
                response.read()
                raise error_of(response)
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
        return self._ask("GET", f"/api/meta/types/typedef/name/{segment(name)}", JsonObject)

    def define(self, typedefs: JsonObject, *, change: bool = False, dry_run: bool = False) -> JsonObject:
        """Make types, tags and custom metadata, or change those that are there: all of them or none.

        Takes the protocol's «AtlasTypesDef», and answers with the definitions as they are now, in the same form.
        """
        params = {"dryRun": flag(dry_run)}
        return self._ask("PUT" if change else "POST", "/api/meta/types/typedefs", JsonObject, params, typedefs)

    def remove_type(self, name: str, *, dry_run: bool = False) -> None:
        """Remove a type, a tag or a set of custom metadata that nothing uses."""
        self._send("DELETE", f"/api/meta/types/typedef/name/{segment(name)}", {"dryRun": flag(dry_run)})

    # --- tags and custom metadata ----------------------------------------------------------------------------------

    def put_tag(self, tag: JsonObject, guids: Iterable[str], *, dry_run: bool = False) -> JsonObject:
        """Put a tag («classification») on assets, all or none; who has it already gets what ``tag`` says.

        The answer is like that of ``save``.
        """
        return self._label(guids, {"addOrUpdateClassifications": [tag]}, {}, dry_run)

    def change_tag(self, tag: JsonObject, guid: str, *, dry_run: bool = False) -> JsonObject:
        """Change a tag of an asset, which must have it. The answer is that of a dry run, else empty."""
        path = f"/api/meta/entity/guid/{segment(guid)}/classifications"
        response = self._send("PUT", path, {"dryRun": flag(dry_run)}, [tag])
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
        params = {"replaceBusinessAttributes": "true", "overwriteBusinessAttributes": flag(overwrite)}
        return self._label([guid], {"businessAttributes": values}, params, dry_run)

    def _label(self, guids: Iterable[str], members: JsonObject, params: JsonObject, dry_run: bool) -> JsonObject:
        entities = [{"typeName": "Referenceable", "guid": guid, **members} for guid in guids]
        params = {**params, "dryRun": flag(dry_run)}
        return self._ask("POST", "/api/meta/entity/bulk", JsonObject, params, {"entities": entities})

    # --- glossaries ------------------------------------------------------------------------------------------------

    def glossaries(self) -> list[JsonObject]:
        """Every glossary, in the order of their names, with short forms of its terms and categories."""
        return self._ask("GET", "/api/meta/glossary", list[JsonObject])

    def glossary(self, guid: str) -> JsonObject:
        """One glossary with its terms and categories in full: ``termInfo`` and ``categoryInfo``, by guid."""
        return self._ask("GET", f"/api/meta/glossary/{segment(guid)}/detailed", JsonObject)

    def assign_term(self, term: str, targets: Iterable[Target], *, dry_run: bool = False) -> JsonObject:
        """Put the term with this guid on assets. The answer is like that of ``save``."""
        return self._relate(term, "appendRelationshipAttributes", targets, dry_run)

    def unassign_term(self, term: str, targets: Iterable[Target], *, dry_run: bool = False) -> JsonObject:
        """Take the term with this guid off assets. The answer is like that of ``save``."""
        return self._relate(term, "removeRelationshipAttributes", targets, dry_run)

    def _relate(self, term: str, how: str, targets: Iterable[Target], dry_run: bool) -> JsonObject:
        ends = [reference(one) for one in targets]
        entity = {"typeName": "AtlasGlossaryTerm", "guid": term, how: {"assignedEntities": ends}}
        return self.save([entity], dry_run=dry_run)

    # --- lineage and links -------------------------------------------------------------------------------------------

    def lineage(self, target: Target, *, direction: Direction = "BOTH", depth: int = 3) -> JsonObject:
        """The graph around an asset: headers under ``guidEntityMap``, ``relations`` from one to the next.

        INPUT is what the asset was made of, OUTPUT what was made of it. ``depth`` counts processes; 0 means all.
        """
        params: JsonObject = {"direction": direction, "depth": depth}
        if isinstance(target, str):
            return self._ask("GET", f"/api/meta/lineage/{segment(target)}", JsonObject, params)
        path = f"/api/meta/lineage/uniqueAttribute/type/{segment(target[0])}"
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
        path = f"/api/meta/relationship/guid/{segment(guid)}"
        return dict(self._ask("GET", path, JsonObject)["relationship"])

    def create_relationship(
        self, type_name: str, end1: Target, end2: Target, attributes: Mapping[str, Any] | None = None
    ) -> JsonObject:
        """Link two assets; the answer is the link with its guid."""
        ends = {"end1": reference(end1), "end2": reference(end2)}
        body = {"typeName": type_name, **ends, "attributes": attributes or {}}
        return self._ask("POST", "/api/meta/relationship", JsonObject, body=body)

    def update_relationship(self, guid: str, attributes: Mapping[str, Any]) -> JsonObject:
        """Set attributes of a link; None clears one, others stay."""
        body = {"guid": guid, "attributes": attributes}
        return self._ask("PUT", "/api/meta/relationship", JsonObject, body=body)

    def delete_relationship(self, guid: str) -> None:
        """Take a link away."""
        self._send("DELETE", f"/api/meta/relationship/guid/{segment(guid)}", {})

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
        params = {"after": after, "limit": limit, "wait": wait, "form": form, **filter_parameters(wanted)}
        return self._ask("GET", "/api/events", Page, params, patience=wait or 0)

    def head(self) -> int:
        """The last position of the log."""
        return self.events(limit=1).head

    def history(self, guid: str) -> Iterator[JsonObject]:
        """Every event of one asset that is left in the log, the first one first; also of an asset that was purged."""
        path = f"/api/assets/{segment(guid)}/history"
        page = Page(events=[], next=0, head=1)
        while page.next < page.head:
            last = page.next
            page = self._ask("GET", path, Page, {"after": last or None, "limit": 1000})
            yield from page.events
            if page.next <= last:
                return

    def stream(
        self,
        after: int | None = None,
        wanted: LogFilter = EVERYTHING,
        *,
        form: Form = "full",
        lost: Callable[[str], None] = lambda reason: None,
    ) -> Generator[tuple[int, JsonObject], None, None]:
        """Events as they happen, each with its position, from behind ``after`` or from now on.

        A dropped connection is taken up where it broke; ``lost`` is told why, once, where that does not work at once.
        After 60 failed attempts in a row, some five minutes, ClientError ends it.
        """
        position = self.head() if after is None else after
        return self._follow(position, {"form": form, **filter_parameters(wanted)}, lost)

    def _follow(
        self, position: int, params: JsonObject, lost: Callable[[str], None]
    ) -> Generator[tuple[int, JsonObject], None, None]:
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
            if failed == OUTAGE:
                lost(reason)
            headers, start = {"Last-Event-ID": str(position)}, {}
            self._pause(back_off(failed))

    @contextlib.contextmanager
    def _open_stream(self, params: JsonObject, headers: dict[str, str]) -> Iterator[httpx.Response]:
        timeout = httpx.Timeout(self._timeout, read=SILENCE)
        path = "/api/events/stream"
        with self._http.stream("GET", path, params=parameters(params), headers=headers, timeout=timeout) as response:
            if response.is_success:
                yield response
                return
            response.read()
            raise _Unavailable(str(error_of(response))) if response.status_code >= 500 else error_of(response)

    @contextlib.contextmanager
    def snapshot(self, *, type_names: Iterable[str] = (), name_prefix: str = "") -> Iterator[Snapshot]:
        """Every asset as of one position, for a reader that begins anew; a context manager, since it holds a connection.

        with client.snapshot() as assets:
            for asset in assets: ...
        for position, event in client.stream(assets.position): ...
        """
        timeout = httpx.Timeout(self._timeout, read=LONGEST_STEP)
        params = parameters({"type": sorted(type_names), "qualifiedNamePrefix": name_prefix})
        try:
            with self._http.stream("GET", "/api/snapshot", params=params, timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                    raise error_of(response)
                yield Snapshot(lines(response.iter_bytes()))
        except httpx.TransportError as error:
            raise ClientError(f"{self._why(error)}; the snapshot is not whole, read it again") from error

    # --- cursors ---------------------------------------------------------------------------------------------------

    def cursors(self) -> list[JsonObject]:
        """How far every consumer has come, by name: position, how far behind, and who holds it."""
        return self._ask("GET", "/api/cursors", _Cursors).cursors

    def cursor(self, name: str) -> JsonObject:
        """One of them."""
        return self._ask("GET", f"/api/cursors/{segment(name)}", JsonObject)

    def set_cursor(self, name: str, position: int, *, holder: str | None = None, rewind: bool = False) -> JsonObject:
        """Put a cursor behind what is done, or make it. Under a lease only its ``holder`` may; back only with ``rewind``."""
        body = {"position": position, "rewind": rewind, **({"holder": holder} if holder else {})}
        return self._ask("PUT", f"/api/cursors/{segment(name)}", JsonObject, {}, body)

    def remove_cursor(self, name: str, *, holder: str | None = None) -> None:
        """Forget it: the log is no longer kept for its consumer."""
        self._send("DELETE", f"/api/cursors/{segment(name)}", {"holder": holder})

    def take_lease(self, name: str, holder: str, seconds: float = 5.0) -> JsonObject:
        """Take or renew the lease of a cursor: until when it lasts, and the cursor's position, or None.

        Raises ClientError with ``http_status`` 409 where another holds it.
        """
        body = {"holder": holder, "seconds": seconds}
        return self._ask("POST", f"/api/cursors/{segment(name)}/lease", JsonObject, {}, body)

    def give_back_lease(self, name: str, holder: str) -> None:
        """Let another take it at once."""
        self._send("DELETE", f"/api/cursors/{segment(name)}/lease", {"holder": holder})

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
        params = {"force": flag(force), "dryRun": flag(dry_run)}
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
        self._send("DELETE", f"/api/tokens/{segment(name)}", {})


class _Unavailable(Exception):
    """The server answers, but not now."""


class _AssetPage(msgspec.Struct):
    assets: list[JsonObject]
    next: str | None = None


class _Cursors(msgspec.Struct):
    cursors: list[JsonObject]


class _Tokens(msgspec.Struct):
    tokens: list[JsonObject]
