"""The protocol's calls about types: which there are, and what one of them may hold."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response, StreamingResponse

from tidings.api.endpoint import JSON, Call, Endpoint, Parameter, json_answer
from tidings.model.errors import InvalidParameter, NotSupported
from tidings.model.events import encode
from tidings.read.typedefs import CATEGORIES, Definitions, TypeCategory, definitions_of

GROUP = "Types (protocol)"
TYPE = Parameter(
    "type", "Only definitions of this category, in any case; give it once for each. All where left out.",
    {"type": "string", "enum": list(CATEGORIES)}, many=True,
)  # fmt: skip
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


def get_all(call: Call) -> Response:
    return StreamingResponse(_definitions(call).all_of(_wanted(call)), media_type=JSON)


def get_headers(call: Call) -> Response:
    return json_answer(encode(_definitions(call).headers(_wanted(call))))


def refuse_change(_call: Call) -> Response:
    raise NotSupported(
        "types cannot be made, changed or removed in this version; the types in force are those that come with it"
    )


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


def _refused(method: str, path: str, summary: str) -> Endpoint:
    summary = f"{summary} (not in this version)"
    return Endpoint(method, path, refuse_change, "write", summary, True, status=400, group=GROUP)


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET", "/types/typedefs", get_all, "read", "Every definition", True, (TYPE,), group=GROUP,
        answer="enumDefs, structDefs, classificationDefs, entityDefs, relationshipDefs, businessMetadataDefs; what was"
        " not asked for is an empty list.",
    ),
    Endpoint(
        "GET", "/types/typedefs/headers", get_headers, "read", "Guid, name and category of every definition", True,
        (TYPE,), answer="A list of headers.", group=GROUP,
    ),
    *(row for path, categories in _PATHS.items() for row in _one(path, categories)),
    _refused("POST", "/types/typedefs", "Make types"),
    _refused("PUT", "/types/typedefs", "Change types"),
    _refused("DELETE", "/types/typedefs", "Remove types"),
    _refused("DELETE", "/types/typedef/name/{name}", "Remove a type"),
)  # fmt: skip
