"""Words for people and for programs."""

from __future__ import annotations

import io
import sys

import pytest
from rich.text import Text

from tidings.cli.screen import MOST_PROBLEMS, Screen, local_time, plain, table
from tidings.model.errors import InvalidRequest, Problem


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal_for(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in place of both streams; called by the test itself, since pytest sets them anew after fixtures."""
    made = Terminal()
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stdout", made)
    monkeypatch.setattr(sys, "stderr", made)
    return made


def test_a_terminal_gets_colours_and_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_for(monkeypatch)
    screen = Screen(width=40)
    screen.line(Text("x" * 60, style="red"))
    assert screen.people
    assert "\x1b[31m" in terminal.getvalue()
    assert "x" * 60 in terminal.getvalue()


def test_no_color_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_for(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    Screen(width=40).line(Text("x", style="red"))
    assert terminal.getvalue() == "x\n"


def test_forced_colours_do_not_make_a_pipe_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    screen = Screen(width=40)
    assert not screen.people
    screen.line(Text("x" * 60, style="red"))
    assert capsys.readouterr().out == "x" * 60 + "\n"


def test_json_wins_over_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal_for(monkeypatch)
    screen = Screen()
    screen.force_json()
    screen.prefer_people()
    assert not screen.people


def test_a_show_is_for_people_also_on_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen()
    assert not screen.people
    screen.prefer_people()
    assert screen.people


def test_progress_is_seen_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = terminal_for(monkeypatch)
    with Screen(width=80).progress("reading") as advance:
        advance("reading", 1, 2)
        advance("saving", 5, 0)
    assert "reading" in terminal.getvalue()
    assert "saving" in terminal.getvalue()
    quiet = io.StringIO()
    monkeypatch.setattr(sys, "stderr", quiet)
    with Screen().progress("reading") as advance:
        advance("reading", 1, 2)
    assert quiet.getvalue() == ""


def test_an_error_spells_out_its_problems_up_to_a_point(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [Problem(f"entities[{n}]", "is wrong") for n in range(MOST_PROBLEMS + 3)]
    Screen().complain(InvalidRequest("much is wrong", [*problems, Problem("", "in all")]))
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: much is wrong\n  entities[0]: is wrong\n")
    assert "… and 4 more" in told.err
    Screen().complain(InvalidRequest("one thing", [Problem("", "here")]))
    assert capsys.readouterr().err == "error: one thing\n  here\n"


def test_control_characters_are_made_visible() -> None:
    assert plain("a\x1b[31m\x9bb\n") == "a\\x1b[31m\\x9bb\\x0a"


def test_numbers_stand_right_and_markup_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    Screen(width=60).show(table("name", "count", rows=[("[red]x", 5), ("y", 123_456)]), "[bold]as it is")
    shown = capsys.readouterr().out
    assert "[red]x" in shown
    assert "│      5 │" in shown
    assert "as it is" in shown


def test_times_are_those_of_this_machine() -> None:
    assert len(local_time(1_700_000_000_000)) == len("2023-11-14 22:13:20")
