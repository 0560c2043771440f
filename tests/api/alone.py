"""A server for one test alone, and tables to put into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tidings.client import Client
from tidings.testing import server


@pytest.fixture
def client() -> Iterator[Client]:
    """A connection to a server that nobody else uses."""
    with server() as running:
        yield running


def table(name: str = "orders", **attributes: Any) -> dict[str, Any]:
    """One in the protocol's form, in a schema of its own."""
    named = {"name": name, "qualifiedName": f"default/x/1/d/s/{name}"}
    return {"typeName": "Table", "attributes": {**named, **attributes}}


def saved(client: Client, name: str = "orders") -> str:
    """Save ``table``; its guid."""
    return str(client.save([{**table(name), "guid": "-1"}])["guidAssignments"]["-1"])
