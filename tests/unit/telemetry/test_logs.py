"""Log lines: their two forms, what they bear of the work at hand, and what cannot be smuggled into them."""

from __future__ import annotations

import json
import logging
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import pytest

from tidings.telemetry import Work, announce, at_hand, at_work, fields, log, set_up_logs, take_up
from tidings.telemetry.logs import OTHERS

Lines = Callable[[], list[str]]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """What was written since; loggers are as before at the end."""
    loggers = [logging.getLogger(name) for name in (log.name, *OTHERS)]
    before = [(one, one.handlers[:], one.level, one.propagate) for one in loggers]
    hook = threading.excepthook
    yield lambda: capsys.readouterr().err.split("\n")[:-1]
    threading.excepthook = hook
    logging.captureWarnings(False)
    for one, handlers, level, propagate in before:
        one.handlers[:], one.propagate = handlers, propagate
        one.setLevel(level)


def objects(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def within(work: Work | None, act: Callable[[], object]) -> None:
    """``act`` in a context of its own, as part of ``work``."""

    def run() -> None:
        take_up(work)
        act()

    copy_context().run(run)


def test_a_line_for_machines_is_one_object(said: Lines) -> None:
    set_up_logs("info", "json")
    log.info("it is %s", "so", extra=fields(status=200, path="/a\nb"))
    [line] = objects(said())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line.pop("process") > 0
    assert line == {"level": "info", "logger": "tidings", "message": "it is so", "status": 200, "path": "/a\nb"}


def test_a_line_for_people_names_its_fields(said: Lines) -> None:
    set_up_logs("info")
    log.info("done", extra=fields(status=200, path="/a b", problem='say "x"', empty=""))
    [line] = said()
    assert line.endswith(r' INFO tidings done status=200 path="/a b" problem="say \"x\"" empty=""')
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z ", line)


def test_what_a_client_sent_starts_no_line_of_its_own(said: Lines) -> None:
    set_up_logs("info")
    log.warning("refused: %s", "x\n2026-01-01 INFO tidings forged\x1b[2J\u2028", extra=fields(path="/\r\n\x85"))
    [line] = said()
    assert line.endswith(r'refused: x\n2026-01-01 INFO tidings forged\x1b[2J\u2028 path="/\r\n\u0085"')


def test_no_line_of_an_exception_looks_like_one_of_the_log(said: Lines) -> None:
    set_up_logs("info")
    try:
        raise ValueError("x\n2026-01-01T00:00:00.000Z INFO tidings forged\r2026-01-01\x1b[2J\u2028")
    except ValueError:
        log.exception("it failed")
    first, *more = said()
    assert first.endswith(" ERROR tidings it failed")
    assert (more[0], more[-2]) == ("  Traceback (most recent call last):", "  ValueError: x")
    assert more[-1] == r"  2026-01-01T00:00:00.000Z INFO tidings forged\r2026-01-01\x1b[2J\u2028"
    assert all(line.startswith("  ") for line in more)


def test_half_a_character_is_told_all_the_same(said: Lines) -> None:
    set_up_logs("info", "json")
    log.info("a \ud800 b")
    assert objects(said())[0]["message"] == "a \ud800 b"


@pytest.mark.parametrize("form", ["text", "json"])
def test_every_line_bears_the_work_at_hand(said: Lines, form: str) -> None:
    set_up_logs("info", form)
    within(Work("c-1", "r-1", "jo", "t-1"), lambda: log.info("one"))
    within(Work("c-2", "c-2"), lambda: log.info("two"))
    within(None, lambda: log.info("three"))
    if form == "json":
        known = [
            {key: line[key] for key in ("cause", "request", "caller", "trace") if key in line}
            for line in objects(said())
        ]
        assert known == [{"cause": "c-1", "request": "r-1", "caller": "jo", "trace": "t-1"}, {"cause": "c-2"}, {}]
    else:
        ends = [line.partition("tidings ")[2] for line in said()]
        assert ends == ["one cause=c-1 request=r-1 caller=jo trace=t-1", "two cause=c-2", "three"]


def test_a_failure_is_told_with_where_it_happened(said: Lines) -> None:
    set_up_logs("info", "json")
    try:
        raise ValueError("why")
    except ValueError:
        log.exception("it failed")
    [line] = objects(said())
    assert line["level"] == "error"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: why")


def test_other_libraries_go_the_same_way_from_warnings_on(said: Lines) -> None:
    set_up_logs("debug", "json")
    logging.getLogger("uvicorn.error").info("not this")
    logging.getLogger("uvicorn.error").error("but this")
    logging.getLogger("asyncio").warning("and this")
    assert [(line["logger"], line["message"]) for line in objects(said())] == [
        ("uvicorn.error", "but this"), ("asyncio", "and this"),
    ]  # fmt: skip


def test_what_python_warns_of_is_a_line(said: Lines) -> None:
    set_up_logs("info", "json")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("beware", stacklevel=1)
    [line] = objects(said())
    assert line["logger"] == "py.warnings"
    assert "beware" in line["message"]


def test_a_thread_that_ends_by_accident_is_a_line(said: Lines) -> None:
    set_up_logs("info", "json")
    thread = threading.Thread(target=lambda: 1 / 0, name="lost")
    thread.start()
    thread.join()
    [line] = objects(said())
    assert (line["level"], line["message"]) == ("critical", "the thread lost ended")
    assert "ZeroDivisionError" in line["exception"]


def test_an_announcement_is_heard_at_any_level_and_bare_as_text(said: Lines) -> None:
    set_up_logs("error")
    log.info("not this")
    announce("listening", address="x")
    set_up_logs("error", "json")
    announce("listening", address="x")
    bare, line = said()
    assert bare == "listening"
    assert (json.loads(line)["message"], json.loads(line)["address"]) == ("listening", "x")


def test_a_task_that_fails_is_still_known_where_that_is_told() -> None:
    def run() -> None:
        with at_work("c-1", "task"):
            assert at_hand() == Work("c-1")
        assert at_hand() is None
        with pytest.raises(ValueError, match="no"), at_work("c-2", "task"):
            raise ValueError("no")
        assert at_hand() == Work("c-2")

    copy_context().run(run)
