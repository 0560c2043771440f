"""Whether this process makes spans, and by what; off until started, and free while it is off."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tidings.model.errors import ConfigError
from tidings.telemetry.work import Work, take_up

if TYPE_CHECKING:
    from tidings.telemetry.otel import Spans

_active: Spans | None = None


def active() -> Spans | None:
    """What makes spans; None where traces are off."""
    return _active


def start(endpoint: str, version: str) -> Spans:
    """Send spans to this address from now on, until ``stop``. Raises ConfigError where the packages for it are not there."""
    global _active  # noqa: PLW0603  as OpenTelemetry itself has it: a process traces, or does not
    try:
        from tidings.telemetry.otel import Spans  # noqa: PLC0415  an extra, and slow to import
    except ImportError as error:
        raise ConfigError(
            f"trace_endpoint needs packages that are not there ({error.name}); install them: pip install 'tidings[otel]'"
        ) from error
    _active = Spans(endpoint, version)
    return _active


def stop() -> None:
    """Send what is left, and be off again."""
    global _active
    spans, _active = _active, None
    if spans is not None:
        spans.close()


@contextlib.contextmanager
def at_work(cause: str, what: str) -> Iterator[None]:
    """Long work in the background: a span where traces are on. Whoever catches what it raises still knows the cause."""
    work = Work(cause)
    take_up(work)
    if (spans := _active) is None:
        yield
    else:
        with spans.task(what, cause) as work.trace:
            yield
    take_up(None)
