"""``tidings glossary``: glossaries, their categories and terms, and the assets that terms are on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click
from rich.text import Text
from rich.tree import Tree

from tidings.cli.answers import brief, count, show_events
from tidings.cli.connect import connected
from tidings.cli.remove import target_options, targets_of
from tidings.cli.screen import Screen, json_option, pass_screen, plain, table
from tidings.client import Client, JsonObject
from tidings.model.errors import ClientError
from tidings.model.ids import is_guid

_DESCRIPTION = click.option("--description", help="What it means.")


@click.group()
def glossary() -> None:
    """Show and extend glossaries, put terms on assets.

    A glossary, category or term is named by its guid or by its name.
    """


@glossary.command("list")
@json_option
@connected
@pass_screen
def list_glossaries(screen: Screen, client: Client) -> None:
    """List the glossaries."""
    known = [_short(one) for one in client.glossaries()]
    if screen.people:
        rows = [(one["name"], one["terms"], one["categories"], one["guid"]) for one in known]
        screen.show(table("name", "terms", "categories", "guid", rows=rows))
        return
    for one in known:
        screen.record(one)


def _short(form: JsonObject) -> JsonObject:
    kept = {key: form[key] for key in ("guid", "qualifiedName", "name")}
    return {**kept, "terms": len(form.get("terms", ())), "categories": len(form.get("categories", ()))}


@glossary.command()
@click.argument("name", metavar="GLOSSARY")
@json_option
@connected
@pass_screen
def tree(screen: Screen, client: Client, name: str) -> None:
    """Show one glossary: categories in each other, terms in their categories, then terms that are in none."""
    whole = client.glossary(_glossary(client, name))
    if screen.people:
        screen.show(drawn(whole))
    else:
        screen.record(whole)


def drawn(whole: JsonObject) -> Tree:
    """A glossary as a tree."""
    terms, categories = whole["termInfo"], whole["categoryInfo"]
    trunk = Tree(_label(whole, "bold"))
    branches: dict[str, Tree] = {}

    def branch(guid: str) -> Tree:
        """A loop instead of recursion: categories may stand in each other as deep as they like."""
        missing: list[str] = []
        at: str | None = guid
        while at is not None and at not in branches:
            missing.append(at)
            at = (categories[at].get("parentCategory") or {}).get("categoryGuid")
        above = trunk if at is None else branches[at]
        for one in reversed(missing):
            above = branches[one] = above.add(_label(categories[one], "cyan"))
        return above

    for guid in categories:
        branch(guid)
    for term in terms.values():
        for one in term.get("categories") or ():
            branch(one["categoryGuid"]).add(_label(term))
        if not term.get("categories"):
            trunk.add(_label(term))
    return trunk


def _label(form: JsonObject, style: str = "") -> Text:
    more = form.get("shortDescription") or form.get("longDescription")
    assigned = len(form.get("assignedEntities") or ())
    return Text.assemble(
        (plain(form["name"]), style),
        (f"  on {assigned} asset{'s' if assigned > 1 else ''}" if assigned else "", "green"),
        (f"  {plain(more)}" if more else "", "dim"),
    )


@glossary.command()
@click.argument("name")
@_DESCRIPTION
@json_option
@connected
@pass_screen
def add(screen: Screen, client: Client, name: str, description: str | None) -> None:
    """Make a glossary called NAME."""
    _make(screen, client, "AtlasGlossary", name, description)


@glossary.command()
@click.argument("glossary_name", metavar="GLOSSARY")
@click.argument("name")
@click.option("--parent", metavar="CATEGORY", help="The category that it stands in.")
@_DESCRIPTION
@json_option
@connected
@pass_screen
def add_category(
    screen: Screen, client: Client, glossary_name: str, name: str, parent: str | None, description: str | None
) -> None:
    """Make a category called NAME in a glossary."""
    anchor = _glossary(client, glossary_name)
    links: JsonObject = {"anchor": {"guid": anchor}}
    if parent is not None:
        links["parentCategory"] = {"guid": _inside(client, anchor, "categoryInfo", parent)}
    _make(screen, client, "AtlasGlossaryCategory", name, description, links)


@glossary.command()
@click.argument("glossary_name", metavar="GLOSSARY")
@click.argument("name")
@click.option("--category", "categories", metavar="CATEGORY", multiple=True, help="One that it is in; may be repeated.")
@_DESCRIPTION
@json_option
@connected
@pass_screen
def add_term(
    screen: Screen,
    client: Client,
    glossary_name: str,
    name: str,
    categories: tuple[str, ...],
    description: str | None,
) -> None:
    """Make a term called NAME in a glossary."""
    anchor = _glossary(client, glossary_name)
    links: JsonObject = {"anchor": {"guid": anchor}}
    if categories:
        links["categories"] = [{"guid": _inside(client, anchor, "categoryInfo", one)} for one in categories]
    _make(screen, client, "AtlasGlossaryTerm", name, description, links)


def _make(
    screen: Screen, client: Client, kind: str, name: str, description: str | None, links: JsonObject | None = None
) -> None:
    attributes: JsonObject = {"name": name, **(links or {})}
    if description is not None:
        attributes["shortDescription"] = description
    answer = client.save([{"typeName": kind, "guid": "-1", "attributes": attributes}])
    made = answer["guidAssignments"]["-1"]
    if screen.people:
        screen.show(Text(made))
    else:
        screen.record({"guid": made, "name": name})


def term_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the ways to say which term and which assets are meant."""
    command = target_options(command)
    command = click.option(
        "--glossary", "glossary_name", metavar="GLOSSARY", help="Where the term is, if it is given by name."
    )(command)
    return click.argument("term")(command)


@glossary.command()
@term_options
@json_option
@connected
@pass_screen
def assign(
    screen: Screen,
    client: Client,
    term: str,
    glossary_name: str | None,
    guids: tuple[str, ...],
    names: tuple[tuple[str, str], ...],
    dry_run: bool,
) -> None:
    """Put a term on assets. The term and each asset that did not have it are updated."""
    answer = client.assign_term(_term(client, term, glossary_name), targets_of(guids, names), dry_run=dry_run)
    _tell(screen, answer)


@glossary.command()
@term_options
@json_option
@connected
@pass_screen
def unassign(
    screen: Screen,
    client: Client,
    term: str,
    glossary_name: str | None,
    guids: tuple[str, ...],
    names: tuple[tuple[str, str], ...],
    dry_run: bool,
) -> None:
    """Take a term off assets. The term and each asset that had it are updated."""
    answer = client.unassign_term(_term(client, term, glossary_name), targets_of(guids, names), dry_run=dry_run)
    _tell(screen, answer)


def _tell(screen: Screen, answer: JsonObject) -> None:
    show_events(screen, answer)
    if screen.people:
        would = "would be " if answer.get("dryRun") else ""
        screen.show(f"{max(0, count(answer, 'UPDATE') - 1)} assets and the term {would}updated")
    elif not answer.get("dryRun"):
        screen.record(brief(answer))


def _term(client: Client, term: str, glossary_name: str | None) -> str:
    if is_guid(term):
        return term
    if glossary_name is None:
        raise click.UsageError("say with --glossary which glossary the term is in, or give its guid")
    return _inside(client, _glossary(client, glossary_name), "termInfo", term)


def _glossary(client: Client, name: str) -> str:
    return name if is_guid(name) else _one_called(name, "glossary", client.glossaries())


def _inside(client: Client, anchor: str, member: str, name: str) -> str:
    if is_guid(name):
        return name
    return _one_called(name, "term" if member == "termInfo" else "category", client.glossary(anchor)[member].values())


def _one_called(name: str, what: str, known: Iterable[JsonObject]) -> str:
    found = [one for one in known if one["name"] == name]
    if len(found) != 1:
        guids = ", ".join(one["guid"] for one in found)
        told = (
            f"more than one {what} is called {name}; give a guid: {guids}" if found else f"no {what} is called {name}"
        )
        raise ClientError(told)
    return str(found[0]["guid"])
