"""Apache Atlas' glossary calls: the same saves and deletes as everywhere, in forms of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

import anyio.to_thread
from starlette.responses import Response

from tidings.api.access import Role
from tidings.api.answers import receipt_form
from tidings.api.endpoint import DRY_RUN, Call, Endpoint, Handler, Parameter, json_answer
from tidings.api.writes import carry_out, run
from tidings.model.asset import Asset
from tidings.model.errors import InvalidParameter, UnknownGuid
from tidings.model.events import encode
from tidings.model.ids import is_guid
from tidings.read.assets import by_guids
from tidings.read.glossary import (
    CATEGORY,
    GLOSSARY,
    RELATED,
    TERM,
    TERM_OWN,
    Form,
    detailed,
    forms,
    header_of,
    members,
    one_of,
    page,
)
from tidings.write.commands import Delete, EntityInput, Save, Target

GROUP = "Glossaries (Apache's calls)"
Json = dict[str, Any]
Links = Literal["append", "remove"]
_GUID_KEYS = {
    **dict.fromkeys(("terms", *RELATED), "termGuid"),
    **dict.fromkeys(("categories", "parentCategory", "childrenCategories"), "categoryGuid"),
    "anchor": "glossaryGuid",
}
"""Link attribute -> the key under which its headers hold the guid."""
_LINKS = frozenset({*_GUID_KEYS, "assignedEntities"})
_NOT_SENT = frozenset({"guid", "qualifiedName", "classifications", "termInfo", "categoryInfo"})
"""Members that are shown, and not taken: names are made by the catalog, tags have calls of their own."""


# --- reading ---


def _answer(form: Any) -> Response:
    return json_answer(encode(form))


def _page(call: Call, assets: Iterable[Asset]) -> list[Asset]:
    """The part asked for: sorted by name; ``limit`` -1 is no limit."""
    order = call.query.get("sort", "ASC").upper()
    if order not in ("ASC", "DESC"):
        raise InvalidParameter(f"the parameter sort ({order!r}) must be ASC or DESC")
    limit = None if call.query.get("limit") == "-1" else call.whole("limit", 0) or None
    return page(assets, order == "DESC", call.whole("offset", 0), limit)


def list_glossaries(call: Call) -> Response:
    with call.parts.store.snapshot() as snapshot:
        return _answer(forms(_page(call, snapshot.glossaries()), call.parts.types.of(snapshot), snapshot))


def _get(kind: str) -> Handler:
    def handler(call: Call) -> Response:
        return _answer(_read(call, kind, call.path_guid()))

    return handler


def _read(call: Call, kind: str, guid: str) -> Form:
    with call.parts.store.snapshot() as snapshot:
        return forms([one_of(kind, guid, snapshot)], call.parts.types.of(snapshot), snapshot)[0]


def get_detailed(call: Call) -> Response:
    with call.parts.store.snapshot() as snapshot:
        glossary = one_of(GLOSSARY, call.path_guid(), snapshot)
        return _answer(detailed(glossary, call.parts.types.of(snapshot), snapshot))


def _list(kind: str, *, headers: bool) -> Handler:
    """Terms or categories of a glossary."""

    def handler(call: Call) -> Response:
        with call.parts.store.snapshot() as snapshot:
            found = members(kind, one_of(GLOSSARY, call.path_guid(), snapshot), snapshot)
            shown = forms(_page(call, found), call.parts.types.of(snapshot), snapshot)
        return _answer([header_of(one, kind) for one in shown] if headers else shown)

    return handler


def category_terms(call: Call) -> Response:
    return _answer(_some(call, _read(call, CATEGORY, call.path_guid()).get("terms", [])))


def assigned(call: Call) -> Response:
    return _answer(_some(call, _read(call, TERM, call.path_guid()).get("assignedEntities", [])))


def _some(call: Call, headers: list[Form]) -> list[Form]:
    """The part asked for of what a term or category is linked to."""
    ordered = sorted(headers, key=lambda one: str(one["displayText"]), reverse=call.query.get("sort") == "DESC")
    offset = call.whole("offset", 0)
    limit = 0 if call.query.get("limit") == "-1" else call.whole("limit", 0)
    return ordered[offset : offset + limit if limit else None]


def related_terms(call: Call) -> Response:
    term = _read(call, TERM, call.path_guid())
    return _answer({key: term[key] for key in RELATED if term.get(key)})


def related_categories(call: Call) -> Response:
    category = _read(call, CATEGORY, call.path_guid())
    parent, children = category.get("parentCategory"), category.get("childrenCategories")
    return _answer(({"parent": [parent]} if parent else {}) | ({"children": children} if children else {}))


# --- writing ---


def entity_of(kind: str, form: Json, guid: str) -> EntityInput:
    """What such a form asks for. Attributes that are null are cleared; links that are null are not spoken of."""
    attributes = {key: value for key, value in form.items() if key not in _LINKS and key not in _NOT_SENT}
    if attributes.get("name") is None:
        attributes.pop("name", None)
    for key in _LINKS:
        value = form.get(key)
        if value is not None and kind != GLOSSARY:
            attributes[key] = (
                [_reference(key, one) for one in value] if isinstance(value, list) else _reference(key, value)
            )
    return EntityInput(kind, guid, attributes=attributes)


def _reference(key: str, header: Any) -> Any:
    """A header as a reference; what is none is left for the check to refuse."""
    if not isinstance(header, dict) or _GUID_KEYS.get(key, "") not in header:
        return header
    own = {name: header[name] for name in TERM_OWN if header.get(name) is not None and key not in _HOLDING}
    return {"guid": header[_GUID_KEYS[key]]} | ({"relationshipAttributes": {"attributes": own}} if own else {})


_HOLDING = frozenset({"anchor", "parentCategory", "childrenCategories"})
"""Links that say nothing of their own; a header's description is there that of the other end."""


def _create(kind: str, *, many: bool = False) -> Handler:
    async def handler(call: Call) -> Response:
        def make() -> Save:
            given: list[Json] = call.decode(list[Json]) if many else [call.decode(Json)]
            return Save([entity_of(kind, one, f"-{index}") for index, one in enumerate(given, 1)])

        return await _save(call, make, lambda assigned: list(assigned.values()), many=many)

    return handler


def _update(kind: str, *, partial: bool = False) -> Handler:
    async def handler(call: Call) -> Response:
        guid = _real_guid(call)

        def make() -> Save:
            given: Json = dict(call.query) if partial and not call.body else call.decode(Json)
            given.pop("dryRun", None)
            return Save([entity_of(kind, given, guid)])

        return await _save(call, make, lambda _: [guid])

    return handler


def _real_guid(call: Call) -> str:
    """The guid in the address; a placeholder would be an asset to create."""
    guid = call.path_guid()
    if not is_guid(guid):
        raise UnknownGuid(guid)
    return guid


async def _save(
    call: Call, make: Callable[[], Save], guids_of: Callable[[dict[str, str]], list[str]], *, many: bool = False
) -> Response:
    """Save, then answer with what is there now."""
    _, receipt = await carry_out(call, make)
    if call.flag("dryRun"):
        return json_answer(receipt_form(receipt, dry_run=True))

    def read() -> Any:
        with call.parts.store.snapshot() as snapshot:
            saved = by_guids(guids_of(receipt.assigned), snapshot)
            shown = forms(saved, call.parts.types.of(snapshot), snapshot)
        return shown if many else shown[0]

    return _answer(await anyio.to_thread.run_sync(read))


def _delete(kind: str) -> Handler:
    async def handler(call: Call) -> Response:
        guid = call.path_guid()
        with call.parts.store.snapshot() as snapshot:
            one_of(kind, guid, snapshot)
        return await run(call, lambda: Delete([Target(guid=guid)]), silent=True)

    return handler


def _assign(how: Links) -> Handler:
    """Put a term on assets, or take it off; both ends hear of it."""

    async def handler(call: Call) -> Response:
        def make() -> Save:
            links = {"assignedEntities": call.decode(list[Json])}
            one = EntityInput(TERM, _real_guid(call))
            if how == "append":
                one.append_relationship_attributes = links
            else:
                one.remove_relationship_attributes = links
            return Save([one])

        return await run(call, make, silent=True)

    return handler


_SORT = Parameter("sort", "By name, ASC or DESC.", {"type": "string", "enum": ["ASC", "DESC"], "default": "ASC"})
_OFFSET = Parameter("offset", "How many to pass over.", {"type": "integer", "minimum": 0, "default": 0})
_LIMIT = Parameter("limit", "How many at most; -1 for all.", {"type": "integer", "minimum": -1, "default": -1})
_PAGED = (_SORT, _LIMIT, _OFFSET)
_WORDS = {GLOSSARY: "glossary", TERM: "term", CATEGORY: "category"}


def _row(method: str, path: str, handler: Handler, summary: str, answer: str = "", *parameters: Parameter,
         body: Any = None, role: Role = "write") -> Endpoint:  # fmt: skip
    """A row; without words about an answer there is none."""
    parameters = (*parameters, DRY_RUN) if role == "write" else parameters
    return Endpoint(method, f"/glossary{path}", handler, role, summary, True, parameters, body, answer,
                    status=200 if answer else 204, group=GROUP)  # fmt: skip


def _look(path: str, handler: Handler, summary: str, answer: str = "", *parameters: Parameter) -> Endpoint:
    return _row("GET", path, handler, summary, answer, *parameters, role="read")


def _life(kind: str, path: str) -> tuple[Endpoint, ...]:
    """The calls that glossaries, terms and categories have alike."""
    word = _WORDS[kind]
    below, it = f"{path}/{{guid}}", f"The {word}."
    return (
        _row("POST", path, _create(kind), f"Create a {word}", it, body=Json),
        _look(below, _get(kind), f"One {word}", it),
        _row("PUT", below, _update(kind), f"Update a {word}", it, body=Json),
        _row("PUT", f"{below}/partial", _update(kind, partial=True), f"Set attributes of a {word}", it),
        _row("DELETE", below, _delete(kind), f"Archive a {word}"),
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    _row("POST", "/terms", _create(TERM, many=True), "Create terms, all or none", "The terms.", body=list[Json]),
    _row("POST", "/categories", _create(CATEGORY, many=True), "Create categories, all or none", "The categories.",
         body=list[Json]),
    *_life(TERM, "/term"),
    *_life(CATEGORY, "/category"),
    _look("/terms/{guid}/assignedEntities", assigned, "The assets that a term is on", "References.", *_PAGED),
    _row("POST", "/terms/{guid}/assignedEntities", _assign("append"), "Put a term on assets", body=list[Json]),
    _row("PUT", "/terms/{guid}/assignedEntities", _assign("remove"), "Take a term off assets", body=list[Json]),
    _row("DELETE", "/terms/{guid}/assignedEntities", _assign("remove"), "Take a term off assets", body=list[Json]),
    _look("/terms/{guid}/related", related_terms, "What a term is related to", "Headers, by kind of relation."),
    _look("/category/{guid}/terms", category_terms, "The terms of a category", "Headers.", *_PAGED),
    _look("/category/{guid}/related", related_categories, "What is above and below a category", "parent and children."),
    _look("", list_glossaries, "Glossaries in the order of their names", "The glossaries.", *_PAGED),
    *_life(GLOSSARY, ""),
    _look("/{guid}/detailed", get_detailed, "A glossary with all that is in it", "termInfo and categoryInfo by guid."),
    _look("/{guid}/terms", _list(TERM, headers=False), "Terms of a glossary", "The terms.", *_PAGED),
    _look("/{guid}/terms/headers", _list(TERM, headers=True), "Terms of a glossary, in short", "Headers.", *_PAGED),
    _look("/{guid}/categories", _list(CATEGORY, headers=False), "Categories of a glossary", "The categories.", *_PAGED),
    _look("/{guid}/categories/headers", _list(CATEGORY, headers=True), "Categories of a glossary, in short", "Headers.",
          *_PAGED),
)  # fmt: skip
