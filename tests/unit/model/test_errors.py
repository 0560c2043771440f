"""Each error has a code of its own and carries its problems."""

from __future__ import annotations

import pytest

from tidings.model.errors import (
    ClientError,
    InvalidValue,
    NotFound,
    Problem,
    TidingsError,
    UnknownGuid,
    UnknownName,
    UnknownType,
)


def everything(root: type[TidingsError]) -> list[type[TidingsError]]:
    return [root, *(one for below in root.__subclasses__() for one in everything(below))]


def test_no_two_errors_share_a_code() -> None:
    codes = [one.code for one in everything(TidingsError)]

    assert len(codes) == len(set(codes)) > 20


def test_the_status_stands_in_the_code() -> None:
    assert [one for one in everything(TidingsError) if str(one.status) not in one.code] == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UnknownType("X"), "Given typename X was invalid"),
        (UnknownGuid("g", where=" (there)"), "Given instance guid g is invalid/not found (there)"),
        (UnknownName("T", "q"), "Instance T with unique attribute {qualifiedName=q} does not exist"),
    ],
)
def test_the_words_that_clients_match(error: NotFound, words: str) -> None:
    assert (str(error), error.status) == (words, 404)


def test_problems_are_kept() -> None:
    problem = Problem("entities[0]", "wrong")

    assert InvalidValue("no", [problem]).problems == (problem,)
    assert ClientError("no", http_status=503, server_code="X").http_status == 503
