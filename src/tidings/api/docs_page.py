"""The API's own page: one HTML document without scripts or outside parts, made from the endpoints' rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from tidings.api.catalog import TokenBody
from tidings.api.endpoint import PROTOCOL_PREFIXES, Call, Endpoint, Parameter
from tidings.api.openapi import GROUP, any_value, placeholders, possible_errors
from tidings.model import errors
from tidings.model.errors import ClientError, ConfigError, TidingsError
from tidings.write.decode import BulkBody, EntityBody, TargetsBody

_ASSET = (
    '{"typeName": "Table", "attributes": {"name": "orders",'
    ' "qualifiedName": "default/snowflake/1700000000/shop/public/orders"}}'
)
_EXAMPLES: Mapping[Any, str] = {
    BulkBody: f'{{"entities": [{_ASSET}]}}',
    EntityBody: f'{{"entity": {_ASSET}}}',
    TargetsBody: '{"guids": ["GUID"]}',
    TokenBody: '{"name": "loader", "role": "write"}',
    list[str]: '["GUID"]',
    object: '"VALUE"',
}
_DEEPEST = 3
_TREE_LINE = re.compile(r"[│├└─\s]+(\w+) +(?:\d{3})? *(.*)")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light dark; --line: #d5d9df; --soft: #f3f5f8; --link: #0b5cad; --quiet: #5a6472; }
@media (prefers-color-scheme: dark) { :root { --line: #3a4048; --soft: #1f242b; --link: #7db7f5; --quiet: #9aa4b2; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
a { color: var(--link); }
nav ul { columns: 16rem; padding-left: 1.2rem; }
h2 { margin-top: 2.5rem; border-bottom: 2px solid var(--line); }
h3 { margin: 0; font-size: 1rem; font-weight: 600; }
article { border: 1px solid var(--line); border-radius: .5rem; padding: .8rem 1rem; margin: 1rem 0; }
code, pre { font: .875em/1.5 ui-monospace, monospace; }
pre { background: var(--soft); padding: .6rem .8rem; border-radius: .4rem; white-space: pre-wrap; }
.method { display: inline-block; min-width: 3.6rem; font-weight: 700; }
.quiet { color: var(--quiet); }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
td { overflow-wrap: normal; }
@media (max-width: 40rem) {
  th { display: none; }
  td { display: block; padding: 0; border: 0; overflow-wrap: anywhere; }
  td:first-child { padding-top: .4rem; border-top: 1px solid var(--line); }
}
"""


def get_page(call: Call) -> Response:
    body = page(call.parts.endpoints, call.parts.version, str(call.request.base_url).rstrip("/"))
    return Response(body, media_type="text/html", headers={"content-security-policy": _POLICY})


def page(endpoints: Iterable[Endpoint], version: str, base: str) -> str:
    """The whole page; ``base`` is the address that the examples call."""
    groups: dict[str, list[Endpoint]] = {}
    for row in endpoints:
        groups.setdefault(row.group or "Other", []).append(row)
    sections = "".join(_section(name, rows, base) for name, rows in groups.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Tidings API</title><style>{_STYLE}</style></head><body>"
        f"{_opening(version, groups)}{sections}{_error_section()}</body></html>"
    )


def _opening(version: str, groups: Iterable[str]) -> str:
    first, second = PROTOCOL_PREFIXES
    links = "".join(f'<li><a href="#{_anchor(name)}">{escape(name)}</a></li>' for name in (*groups, "Errors"))
    return (
        f'<h1>Tidings API <span class="quiet">{escape(version)}</span></h1>'
        "<p>Send <code>Authorization: Bearer &lt;token&gt;</code>, or basic auth with the token as password. A token has a"
        " role: <b>read</b>, <b>write</b>, which may read too, or <b>admin</b>, which may do everything. Addresses are"
        " taken with and without a slash at the end."
        f" What stands below <code>{first}</code> stands below <code>{second}</code> as well.</p>"
        '<p>For machines: <a href="/api/openapi.json">openapi.json</a>.</p>'
        f"<nav><ul>{links}</ul></nav>"
    )


def _anchor(text: str) -> str:
    return re.sub(r"\W+", "-", text.lower()).strip("-")


def _section(name: str, rows: Iterable[Endpoint], base: str) -> str:
    return f'<h2 id="{_anchor(name)}">{escape(name)}</h2>' + "".join(_article(row, base) for row in rows)


def _article(row: Endpoint, base: str) -> str:
    address = row.addresses()[0]
    statuses = ", ".join(str(error.status) for error in possible_errors(row))
    may = "open to everyone" if row.role is None else f"role {row.role}"
    answer = f"{row.answer} " if row.answer else ""
    done = f"<p><b>{row.status}</b> {escape(answer)}" if row.status < 400 else "<p>"
    return (
        f'<article><h3><span class="method">{row.method}</span> <code>{escape(address)}</code></h3>'
        f'<p>{escape(row.summary)}. <span class="quiet">({may})</span></p>'
        f"{_parameters(row)}{_body(row.body)}"
        f'{done}<span class="quiet">Else {statuses}.</span></p>'
        f"<pre>{escape(_curl(row, address, base))}</pre></article>"
    )


def _table(*rows: tuple[str, ...], head: tuple[str, ...]) -> str:
    """Cells are HTML already."""
    lines = ["<tr>" + "".join(f"<{cell}>{one}</{cell}>" for one in row) + "</tr>" for cell, row in (
        ("th", head), *(("td", row) for row in rows)
    )]  # fmt: skip
    return f"<table>{''.join(lines)}</table>"


def _parameters(row: Endpoint) -> str:
    cells = [(f"<code>{escape(name)}</code>", "text", "In the address.") for name in placeholders(row.path)]
    cells += [_parameter(one) for one in row.parameters]
    return _table(*cells, head=("Parameter", "Form", "")) if cells else ""


def _parameter(parameter: Parameter) -> tuple[str, str, str]:
    kind = _kind(parameter.schema) + (", repeated" if parameter.many else "")
    needed = " <b>Required.</b>" if parameter.required else ""
    return f"<code>{escape(parameter.name)}</code>", escape(kind), escape(parameter.explanation) + needed


def _body(body: Any) -> str:
    if body is None:
        return ""
    (schema,), components = msgspec.json.schema_components([body], schema_hook=any_value)
    cells = [(f"<code>{escape(name)}</code>", escape(kind)) for name, kind in _fields(schema, components, "", 0)]
    return _table(*cells, head=("Body", "Form"))


def _fields(
    schema: Mapping[str, Any], components: Mapping[str, Any], path: str, depth: int
) -> Iterator[tuple[str, str]]:
    """Every field below a schema with its path, such as ``entities[].typeName``."""
    shape = components.get(schema.get("$ref", "").rpartition("/")[2], schema)
    if shape.get("type") == "array" and "items" in shape and depth < _DEEPEST:
        yield from _fields(shape["items"], components, f"{path}[]", depth + 1)
    elif "properties" in shape and depth < _DEEPEST:
        for name, field in shape["properties"].items():
            yield from _fields(field, components, f"{path}.{name}".lstrip("."), depth + 1)
    else:
        yield path or "(the whole body)", _kind(shape)


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a word or two."""
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    kind = str(schema.get("type", "any JSON"))
    if "enum" in schema:
        kind = " | ".join(map(str, schema["enum"]))
    elif "minimum" in schema and schema.get("maximum", 2**53) < 2**53:
        kind = f"{kind} {schema['minimum']}…{schema['maximum']}"
    default = schema.get("default")
    return kind if default is None else f"{kind}, default {str(default).lower() if default is False else default}"


def _curl(row: Endpoint, address: str, base: str) -> str:
    for name in placeholders(address):
        address = re.sub(rf"{{{name}(?::\w+)?}}", name.upper(), address)
    query = "&".join(f"{quote(one.name)}={_stand_in(one.name)}" for one in row.parameters if one.required)
    parts = ["curl", *(["-N"] if row.media_type == "text/event-stream" else [])]
    if row.method != "GET":
        parts += ["-X", row.method]
    if row.role is not None:
        parts.append('-H "Authorization: Bearer $TIDINGS_TOKEN"')
    parts.append(f"'{base}{address}{'?' if query else ''}{query}'")
    if row.body is not None:
        parts.append(f"\\\n  -H 'Content-Type: application/json' -d '{_EXAMPLES.get(row.body, '{}')}'")
    return " ".join(parts)


def _stand_in(name: str) -> str:
    return name.rpartition(":")[2].upper()


def _error_section() -> str:
    cells = [
        (str(one.status), f"<code>{escape(one.code)}</code>", escape(one.__name__), escape(_meaning(one)))
        for one in sorted(_answered(TidingsError), key=lambda one: (one.status, one.code))
    ]
    shape = '{"errorCode": "…", "errorMessage": "…", "causes": [{"errorType", "errorMessage", "location"}], "requestId": "…"}'
    return (
        '<h2 id="errors">Errors</h2><p>Every error has one shape; each cause is one separate fault.</p>'
        f"<pre>{escape(shape)}</pre>{_table(*cells, head=('Status', 'errorCode', 'Error', ''))}"
    )


def _answered(error: type[TidingsError]) -> Iterator[type[TidingsError]]:
    """The error and those below it, without what only programs on the client's side meet."""
    if not issubclass(error, (ConfigError, ClientError)):
        yield error
        for one in error.__subclasses__():
            yield from _answered(one)


def _meaning(error: type[TidingsError]) -> str:
    """What the tree at the top of the errors' file says of it."""
    for line in (errors.__doc__ or "").splitlines():
        found = _TREE_LINE.fullmatch(line)
        if found and found[1] == error.__name__:
            return found[2]
    return "any other failure inside" if error is TidingsError else ""


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint(
        "GET", "/api/docs", get_page, "read", "This page", group=GROUP, media_type="text/html", answer="A page for people.",
    ),
)  # fmt: skip
