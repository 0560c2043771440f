"""How people say which events they want."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import pytest

from tidings.cli.wanted import MomentType, OperationType, moment

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
MILLISECONDS = int(NOW.timestamp() * 1000)


@pytest.mark.parametrize("word", ["ENTITY_CREATE", "entity-create", "create", "Create"])
def test_an_operation_by_any_of_its_names(word: str) -> None:
    assert OperationType().convert(word, None, None) == "ENTITY_CREATE"


@pytest.mark.parametrize(
    ("word", "hint"), [("ENTITY_CRATE", "Did you mean ENTITY_CREATE"), ("%%%", "is not one of ENTITY_CREATE")]
)
def test_an_unknown_operation_names_the_nearest(word: str, hint: str) -> None:
    with pytest.raises(click.BadParameter, match=hint):
        OperationType().convert(word, None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", MILLISECONDS - 90_000),
        ("10m", MILLISECONDS - 600_000),
        ("2h", MILLISECONDS - 7_200_000),
        ("1d", MILLISECONDS - 86_400_000),
        ("1w", MILLISECONDS - 604_800_000),
        ("1700000000000", 1_700_000_000_000),
        ("2026-01-31T12:00+00:00", MILLISECONDS),
        ("2026-01-31T12:00", int(datetime(2026, 1, 31, 12).astimezone().timestamp() * 1000)),
    ],
)
def test_a_moment_in_any_way_people_write_it(text: str, expected: int) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["yesterday", "12:00", "5 m", "", f"{10**12}w" * 9])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time"):
        MomentType().convert(text, None, None)


def test_a_moment_out_of_a_command_line() -> None:
    assert MomentType().convert("1700000000000", None, None) == 1_700_000_000_000
