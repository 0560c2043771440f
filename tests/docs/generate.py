"""Makes the generated parts of the reference from the program itself: ``python -m tests.docs.generate``."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import partial
from types import ModuleType
from typing import Any, cast

import click
import msgspec

from tests.docs.pages import REFERENCE, generated_parts, with_generated
from tests.docs.scenarios import EXAMPLES, SCENARIOS, counted, example, nothing, save_connection
from tidings import client, testing
from tidings.api.app import ENDPOINTS
from tidings.api.endpoint import Endpoint, Parameter
from tidings.cli.program import COMMANDS, program
from tidings.config import Config, variable
from tidings.model import errors, profiles
from tidings.model.differences import ABSENT, DIFFERENCES, UNSET, Difference
from tidings.model.events import EVERYTHING
from tidings.model.registry import TypeRegistry
from tidings.model.typemodel import shipped_types
from tidings.telemetry import metrics, otel
from tidings.write import commands, submit


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    names = list(head)
    lines = [names, ["---"] * len(names), *(list(row) for row in rows)]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines
    )


def code(text: object) -> str:
    return f"`{text}`"


# --- settings, commands ----------------------------------------------------------------------------------------------


def settings() -> str:
    return table(
        ("setting", "option", "variable", "default", "meaning"),
        (
            (code(one.name), code(f"--{one.name.replace('_', '-')}"), code(variable(one.name)),
             code(one.default) if one.default != "" else "empty", one.metadata["help"])
            for one in fields(Config)
        ),
    )  # fmt: skip


def all_commands() -> Iterator[tuple[str, click.Command]]:
    """Every command under the words by which it is called."""
    for command in COMMANDS:
        if isinstance(command, click.Group):
            yield from ((f"{command.name} {name}", one) for name, one in command.commands.items())
        else:
            yield command.name or "", command


def command_list() -> str:
    return "\n\n".join(_command(name, command) for name, command in all_commands())


def _command(name: str, command: click.Command) -> str:
    # Under its program, as it runs: click remembers in the command what its first context said of help options.
    context = click.Context(command, info_name=f"tidings {name}", parent=program.make_context("tidings", ["version"]))
    usage = " ".join(command.collect_usage_pieces(context))
    parts = [f"## tidings {name}", f"```text\ntidings {name} {usage}\n```", inspect.cleandoc(command.help or "")]
    records = [one.get_help_record(context) for one in command.params if isinstance(one, click.Option)]
    rows = [(code(record[0]), record[1]) for record in records if record is not None]
    return "\n\n".join([*parts, table(("option", "meaning"), rows)] if rows else parts)


# --- HTTP ------------------------------------------------------------------------------------------------------------


def endpoint_list() -> str:
    groups: dict[str, list[Endpoint]] = {}
    for row in ENDPOINTS:
        groups.setdefault(row.group, []).append(row)
    return "\n\n".join(f"### {name}\n\n{_endpoints(rows)}" for name, rows in groups.items())


def _endpoints(rows: Iterable[Endpoint]) -> str:
    return table(
        ("call", "role", "what it does", "parameters", "body", "answer"),
        (
            (code(f"{row.method} {row.addresses()[0]}"), row.role or "none", row.summary,
             ", ".join(code(one.name) for one in row.parameters), _body(row), f"{row.status} {row.answer}".strip())
            for row in rows
        ),
    )  # fmt: skip


def _body(row: Endpoint) -> str:
    if row.body is None:
        return ""
    return code(_shape(row.body))


def _shape(kind: Any) -> str:
    if kind is object:
        return "any JSON value"
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return "{" + ", ".join(f'"{name}": …' for name in kind.__struct_encode_fields__) + "}"
    return '["…"]'


def parameters() -> str:
    known: dict[tuple[str, str], Parameter] = {}
    for row in ENDPOINTS:
        for one in row.parameters:
            known.setdefault((one.name, one.explanation), one)
    return table(
        ("parameter", "takes", "default", "meaning"),
        (
            (code(one.name) + (", may be repeated" if one.many else ""), _takes(one),
             "" if "default" not in one.schema else code(str(one.schema["default"]).replace("False", "false")),
             one.explanation + (" Must be given." if one.required else ""))
            for one in sorted(known.values(), key=lambda one: one.name)
        ),
    )  # fmt: skip


def _takes(one: Parameter) -> str:
    schema = one.schema
    if "enum" in schema:
        return ", ".join(code(value) for value in schema["enum"])
    if schema["type"] == "integer":
        high = schema.get("maximum", 2**63 - 1)
        return f"a whole number from {schema['minimum']}" + (f" to {high:,}" if high < 2**63 - 1 else " on")
    return {"boolean": "`true`, `false`"}.get(schema["type"], "text")


# --- errors, events, metrics, types ----------------------------------------------------------------------------------


def all_errors() -> list[type[errors.TidingsError]]:
    """Every class of the tree, each before those below it."""
    found: list[type[errors.TidingsError]] = []
    todo: list[type[errors.TidingsError]] = [errors.TidingsError]
    while todo:
        one = todo.pop(0)
        found.append(one)
        todo[:0] = one.__subclasses__()
    return [one for one in found if one.__module__ == errors.__name__]


_UNTOLD = {
    "TidingsError": "the base of all; as an answer: something failed inside",
    "NotFound": "what the request names is not there",
    "MethodNotAllowed": "the address does not take this method",
}
"""What the drawing of the tree leaves to the names."""


def error_list() -> str:
    drawn = re.findall(r"^[│├└─\s]+(\w+) +(?:\d{3})? *(.*)$", errors.__doc__ or "", re.M)
    meanings = {name: meaning or _UNTOLD[name] for name, meaning in drawn} | _UNTOLD
    return table(
        ("code", "status", "class", "meaning"),
        ((code(one.code), _status(one), code(one.__name__), meanings[one.__name__]) for one in all_errors()),
    )


def _status(one: type[errors.TidingsError]) -> str:
    return "never an answer" if one in (errors.ConfigError, errors.ClientError) else str(one.status)


def drawn_table(module: ModuleType) -> list[list[str]]:
    """The cells of the table in a module's opening, without its heading."""
    lines = re.findall(r"^\|(.+)\|$", module.__doc__ or "", re.M)
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    return [row for row in rows[1:] if not set(row[0]) <= {"-"}]


def metric_list() -> str:
    rows = drawn_table(metrics)
    return table(("metric", "labels", "what"), ((code(name), labels or "none", what) for name, labels, what in rows))


def span_list() -> str:
    return table(("span", "what"), ((code(name), what) for name, what in drawn_table(otel)))


def profile_list() -> str:
    return table(
        ("choice", "`documented`", "`server`"), ((code(name), one, two) for name, one, two in drawn_table(profiles))
    )


def scenarios() -> str:
    return table(
        ("what happens", "profile `documented`", "profile `server`"),
        ((what, *(counted(before, act, profile) for profile in profiles.PROFILES)) for what, before, act in SCENARIOS),
    )


def _event(name: str) -> str:
    return f"```json\n{example(name)}\n```"


def whole_connection() -> str:
    made = counted(nothing, save_connection, "documented")
    gone = counted(save_connection, lambda it: it.delete_connection("default/postgres/1700000000"), "documented")
    return (
        f"A connection of 3 databases, 10 schemas, 500 tables and 15,000 columns, one request a database: **{made}**. "
        f"Deleted with everything under it: **{gone}**."
    )


def difference_list() -> str:
    return table(
        ("operation", "key", "example", "here", "why"),
        ((_codes(sorted(one.operations)), _codes(one.keys), one.real, _here(one), one.why) for one in DIFFERENCES),
    )


def _codes(names: Iterable[str]) -> str:
    return ", ".join(code(name.removeprefix("entity.attributes.")) for name in names)


def _here(one: Difference) -> str:
    if one.here == UNSET:
        return "unset: 0, `false`, `[]`"
    return "there" if one.real == ABSENT else ", ".join(one.here)


def type_counts() -> str:
    system = shipped_types()
    types = TypeRegistry(system)
    links = list(system.relationships.values())
    rows = (
        ("types of assets", sum(types.type(name).is_asset for name in system.entities)),
        ("entity types in all", len(system.entities)),
        ("attributes, each counted where it is defined", sum(len(one.attributes) for one in system.entities.values())),
        ("relationships", len(links)),
        ("… in which one end owns the other", sum(one.owns for one in links)),
        ("enums", len(system.enums)),
        ("structs", len(system.structs)),
    )
    return table(("what ships", "how many"), ((what, f"{count:,}") for what, count in rows))


# --- Python ----------------------------------------------------------------------------------------------------------


def public(module: ModuleType) -> dict[str, Any]:
    """What a module offers: its list where it has one, else what it defines, and its constants; not what it imports."""
    if hasattr(module, "__all__"):
        return {name: getattr(module, name) for name in module.__all__}
    source = inspect.getsource(module)
    assigned = re.findall(r"^([A-Za-z]\w*)(?:: [\w, \[\]]+)? = ", source, re.M)
    defined = [
        name for name, one in vars(module).items()
        if getattr(one, "__module__", None) == module.__name__ and (inspect.isclass(one) or inspect.isfunction(one))
    ]  # fmt: skip
    names = [name for name in (*defined, *assigned) if not name.startswith("_") and name != "T"]
    return {name: getattr(module, name) for name in dict.fromkeys(names)}


def _module(module: ModuleType, wanted: Iterable[str] = ()) -> str:
    names = public(module)
    chosen = {name: names[name] for name in wanted} if wanted else names
    things = [_described(name, one) for name, one in chosen.items() if inspect.isclass(one) or inspect.isfunction(one)]
    constants = [(code(name), code(_value(one))) for name, one in chosen.items()
                 if not (inspect.isclass(one) or inspect.isfunction(one))]  # fmt: skip
    return "\n\n".join([*things, table(("name", "value"), constants)] if constants else things)


def _value(one: object) -> str:
    return re.sub(r"\b(typing|tidings\.\w+(\.\w+)*|builtins)\.", "", repr(one))


def _described(name: str, one: Any) -> str:
    parts = [f"### {name}", f"```text\n{name}{_signature(one)}\n```", _paragraphs(one)]
    if inspect.isclass(one):
        parts += [_method(method, getattr(one, method), one) for method in _own_methods(one)]
    return "\n\n".join(part for part in parts if part)


def _own_methods(one: type) -> list[str]:
    return [name for name, member in vars(one).items() if not name.startswith("_") and inspect.isfunction(member)]


def _method(name: str, method: Callable[..., Any], owner: type) -> str:
    return f"`{owner.__name__}.{name}{_signature(method, bound=True)}`\n\n{_paragraphs(method)}"


def _paragraphs(one: object) -> str:
    text = inspect.cleandoc(cast(str, getattr(one, "__doc__", None) or ""))
    return re.sub(r"``(.+?)``", r"`\1`", text)


def _signature(one: Any, bound: bool = False) -> str:
    signature = inspect.signature(one)
    if bound:
        signature = signature.replace(parameters=list(signature.parameters.values())[1:])
    text = str(signature).replace(repr(EVERYTHING), "EVERYTHING")
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", text)  # annotations are kept as text
    text = re.sub(r"<function sleep at 0x\w+>|<built-in function sleep>", "time.sleep", text)
    text = re.sub(r"<function [\w.]*<lambda> at 0x\w+>", "…", text)
    text = re.sub(r"Profile\(name=.*\}\)\)", "DOCUMENTED", text)
    text = re.sub(r"\b(typing|collections\.abc|tidings\.\w+(\.\w+)*)\.", "", text)
    return re.sub(r" -> None$", "", text)


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings,
    "commands": command_list,
    "endpoints": endpoint_list,
    "parameters": parameters,
    "errors": error_list,
    "metrics": metric_list,
    "spans": span_list,
    "profiles": profile_list,
    "differences": difference_list,
    "scenarios": scenarios,
    "whole-connection": whole_connection,
    "type-counts": type_counts,
    "testing": lambda: _module(testing),
    "client": lambda: _module(client),
    "submit": lambda: _module(submit, ("submit", "Actor", "Receipt")),
    "commands-of-submit": lambda: _module(commands, ("Save", "Delete", "Restore", "Target", "EntityInput")),
    **{f"event-{name}": partial(_event, name) for name in EXAMPLES},
}
"""Name of a generated part -> what makes it."""


def made_anew(text: str) -> str:
    """A page of the reference as the program has it now."""
    return with_generated(text, {name: PARTS[name]() for name in generated_parts(text)})


def main() -> None:
    for page in sorted(REFERENCE.glob("*.md")):
        text = page.read_text("utf-8")
        fresh = made_anew(text)
        if fresh != text:
            page.write_text(fresh, "utf-8")
            sys.stdout.write(f"{page.name} is made anew\n")


if __name__ == "__main__":
    main()
