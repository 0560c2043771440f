"""The protocol's calls about types: which there are, what one of them may hold, and making more of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from starlette.responses import Response, StreamingResponse

from tidings.api.endpoint import DRY_RUN, JSON, Call, Endpoint, Parameter, json_answer
from tidings.model.definitions import CATEGORIES, TypeCategory
from tidings.model.errors import InvalidParameter
from tidings.model.events import encode
from tidings.read.typedefs import Definitions, definitions_of
from tidings.write.define import How, define, undefine
from tidings.write.definition_form import names_in

GROUP = "Types (protocol)"
TYPE = Parameter(
    "type", "Only definitions of this category, in any case; give it once for each. All where left out.",
    {"type": "string", "enum": list(CATEGORIES)}, many=True,
)  # fmt: skip
NAME = Parameter("name", "Only the definition of this name.")
_PATHS: dict[str, tuple[TypeCategory, ...]] = {
    "typedef": CATEGORIES,
    "enumdef": ("ENUM",),
    "structdef": ("STRUCT",),
    "classificationdef": ("CLASSIFICATION",),
    "entitydef": ("ENTITY", "STRUCT", "ENUM"),
    "relationshipdef": ("RELATIONSHIP",),
    "businessmetadatadef": ("BUSINESS_METADATA",),
}
"""Path -> the categories it finds. Apache's client asks at ``entitydef`` for structs too, and for enums by guid."""


class TypesBody(msgspec.Struct, rename="camel"):
    """Definitions by category."""

    enum_defs: list[dict[str, Any]] = []
    struct_defs: list[dict[str, Any]] = []
    classification_defs: list[dict[str, Any]] = []
    entity_defs: list[dict[str, Any]] = []
    relationship_defs: list[dict[str, Any]] = []
    business_metadata_defs: list[dict[str, Any]] = []


def get_all(call: Call) -> Response:
    if name := call.query.get("name"):
        return json_answer(encode(_definitions(call).named(name, _wanted(call))))
    return StreamingResponse(_definitions(call).all_of(_wanted(call)), media_type=JSON)


def get_headers(call: Call) -> Response:
    return json_answer(encode(_definitions(call).headers(_wanted(call))))


def _define(how: How) -> Callable[[Call], Response]:
    def handle(call: Call) -> Response:
        typedefs = call.decode(dict[str, Any])
        parts = call.parts
        made = define(parts.store, parts.types, how, typedefs, call.caller.name, dry_run=call.flag("dryRun"))
        return json_answer(encode(definitions_of(made.types).answer(made.names)))

    return handle


def remove_many(call: Call) -> Response:
    return _remove(call, names_in(call.decode(dict[str, Any])))


def remove_one(call: Call) -> Response:
    return _remove(call, [call.path["name"]])


def _remove(call: Call, names: list[str]) -> Response:
    undefine(call.parts.store, call.parts.types, names, dry_run=call.flag("dryRun"))
    return Response(status_code=204)


def _definitions(call: Call) -> Definitions:
    with call.parts.store.snapshot() as snapshot:
        return definitions_of(call.parts.types.of(snapshot))


def _wanted(call: Call) -> list[TypeCategory]:
    given = {text.upper(): text for text in call.many("type")}
    for known, text in given.items():
        if known not in CATEGORIES:
            raise InvalidParameter(f"the parameter type ({text!r}) must be one of {', '.join(CATEGORIES)}")
    return [category for category in CATEGORIES if not given or category in given]


def _by_name(*categories: TypeCategory) -> Callable[[Call], Response]:
    def get_by_name(call: Call) -> Response:
        return json_answer(_definitions(call).by_name(call.path["name"], *categories))

    return get_by_name


def _by_guid(*categories: TypeCategory) -> Callable[[Call], Response]:
    def get_by_guid(call: Call) -> Response:
        return json_answer(_definitions(call).by_guid(call.path["guid"], *categories))

    return get_by_guid


def _one(path: str, categories: tuple[TypeCategory, ...]) -> tuple[Endpoint, ...]:
    """The two rows of one path: by name and by guid."""
    what = f"One definition ({categories[0].lower().replace('_', ' ')})" if path != "typedef" else "One definition"
    answer = "The definition."
    return (
        Endpoint(
            "GET", f"/types/{path}/name/{{name}}", _by_name(*categories), "read", f"{what} by name", True,
            answer=answer, group=GROUP,
        ),
        Endpoint(
            "GET", f"/types/{path}/guid/{{guid}}", _by_guid(*categories), "read", f"{what} by guid", True,
            answer=answer, group=GROUP,
        ),
    )  # fmt: skip


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET", "/types/typedefs", get_all, "read", "Every definition", True, (TYPE, NAME), group=GROUP,
        answer="enumDefs, structDefs, classificationDefs, entityDefs, relationshipDefs, businessMetadataDefs; what was"
        " not asked for is an empty list.",
    ),
    Endpoint(
        "GET", "/types/typedefs/headers", get_headers, "read", "Guid, name and category of every definition", True,
        (TYPE,), answer="A list of headers.", group=GROUP,
    ),
    *(row for path, categories in _PATHS.items() for row in _one(path, categories)),
    Endpoint(
        "POST", "/types/typedefs", _define("create"), "write", "Make types, tags and custom metadata, all or none", True,
        (DRY_RUN,), TypesBody, "The definitions with their names and guids, in the same form.", group=GROUP,
    ),
    Endpoint(
        "PUT", "/types/typedefs", _define("change"), "write", "Change types, tags and custom metadata, all or none", True,
        (DRY_RUN,), TypesBody, "The definitions as they are now, in the same form.", group=GROUP,
    ),
    Endpoint(
        "DELETE", "/types/typedefs", remove_many, "write", "Remove types that nothing uses, all or none", True,
        (DRY_RUN,), TypesBody, status=204, group=GROUP,
    ),
    Endpoint(
        "DELETE", "/types/typedef/name/{name}", remove_one, "write", "Remove a type that nothing uses", True, (DRY_RUN,),
        status=204, group=GROUP,
    ),
)  # fmt: skip
