"""Log lines on standard error: text for people or one JSON object each, with the cause of what is being worked at."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from tidings.telemetry.work import at_hand

log = logging.getLogger("tidings")

OTHERS = ("uvicorn", "asyncio", "concurrent.futures", "opentelemetry", "psycopg", "py.warnings")
"""Those whose warnings go the same way as our lines."""
_PLAIN = "plain"
_ENCODER = msgspec.json.Encoder(enc_hook=str)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BARE = re.compile(r"[^\s\"=\x00-\x1f\x7f-\x9f]+")


def set_up_logs(level: str, form: str = "text") -> None:
    """From now on lines go to standard error, in the form «text» or «json»; what ends a thread is a line too.

    ``level`` is the least that our own lines must be worth; other libraries are heard from «warning» on.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLine() if form == "json" else _TextLine())
    for name in (log.name, *OTHERS):
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(logging.getLevelName(level.upper()))
        if logger is not log:
            logger.setLevel(max(logger.level, logging.WARNING))
    # It says of each attempt to connect what the requests that failed for it say as well, and better.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    logging.captureWarnings(True)
    threading.excepthook = _thread_ended


def fields(**told: Any) -> Mapping[str, Any]:
    """What a line says beside its sentence, to be passed as its ``extra``."""
    return {"told": told}


def announce(sentence: str, **told: Any) -> None:
    """A line that is said whatever the level; as text it is the bare sentence, which scripts read."""
    record = log.makeRecord(log.name, logging.INFO, "", 0, sentence, (), None, extra={"told": told, _PLAIN: True})
    log.handle(record)


def _thread_ended(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is None:
        return
    name = ended.thread.name if ended.thread else "?"
    log.critical("the thread %s ended", name, exc_info=(ended.exc_type, ended.exc_value, ended.exc_traceback))


def _told(record: logging.LogRecord) -> dict[str, Any]:
    """The fields of a line: of the work at hand, then its own."""
    work = at_hand()
    return {**(work.fields() if work is not None else {}), **getattr(record, "told", {})}


def _when(record: logging.LogRecord) -> str:
    """RFC 3339, UTC."""
    return f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%S}.{int(record.msecs):03d}Z"


class _JsonLine(logging.Formatter):
    """One object: time, level, logger, process, message, fields, and ``exception`` with its traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _when(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
            **_told(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        try:
            return _ENCODER.encode(line).decode()
        except UnicodeEncodeError:  # half a surrogate pair, which a client can send in a text
            return json.dumps(line, default=str)


class _TextLine(logging.Formatter):
    """Time, level, logger, sentence, then fields as name=value; a traceback on lines of its own, indented.

    What a client sent cannot start a line, whether a sentence or an exception quotes it.
    """

    def format(self, record: logging.LogRecord) -> str:
        sentence = _harmless(record.getMessage())
        if hasattr(record, _PLAIN):
            return sentence
        told = "".join(f" {name}={_shown(value)}" for name, value in _told(record).items())
        line = f"{_when(record)} {record.levelname} {record.name} {sentence}{told}"
        if not record.exc_info:
            return line
        return "\n".join([line, *(f"  {_harmless(one)}" for one in self.formatException(record.exc_info).split("\n"))])


def _harmless(text: str) -> str:
    """On one line, and without what a terminal obeys."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def _shown(value: Any) -> str:
    text = str(value)
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=not text.isprintable())
