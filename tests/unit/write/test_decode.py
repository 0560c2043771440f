"""Bodies of the catalog's own calls as commands."""

from __future__ import annotations

import msgspec
import pytest

from tidings.model.errors import InvalidParameter, MalformedBody
from tidings.write.commands import Delete, Target
from tidings.write.decode import TargetsBody, delete_type_of


def body(raw: bytes) -> TargetsBody:
    return msgspec.json.decode(raw, type=TargetsBody)


def test_targets_come_by_guid_and_by_name() -> None:
    found = body(b'{"guids":["g1"],"targets":[{"guid":"g2"},{"typeName":"Table","qualifiedName":"q"}]}').all_targets()

    assert found == [Target(guid="g1"), Target(guid="g2"), Target(type_name="Table", qualified_name="q")]


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"{}", "the body names no asset"), (b'{"targets":[{"typeName":"Table"}]}', r"targets\[0\] names no")],
)
def test_a_body_that_names_nothing_is_refused(raw: bytes, words: str) -> None:
    with pytest.raises(MalformedBody, match=words):
        body(raw).all_targets()


@pytest.mark.parametrize(("text", "purges"), [("soft", False), ("DEFAULT", False), ("Hard", True), ("PURGE", True)])
def test_a_delete_is_named_in_any_case(text: str, purges: bool) -> None:
    assert Delete([], delete_type_of(text)).is_purge is purges


def test_an_unknown_delete_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidParameter, match="must be one of DEFAULT, SOFT, HARD, PURGE"):
        delete_type_of("gone")
