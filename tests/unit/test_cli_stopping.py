"""Requests to stop."""

from __future__ import annotations

import signal

import pytest

from tidings.cli.stopping import SIGNALS, stopped_by_signals


def hold(*numbers: signal.Signals, done: list[str]) -> None:
    """Something that is held together, and these signals in the midst of it."""
    with stopped_by_signals() as stopping, stopping.held():
        for number in numbers:
            signal.raise_signal(number)
        done.append("all of it")


@pytest.mark.parametrize(
    ("number", "ending"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit), (signal.SIGHUP, SystemExit)],
)
def test_what_is_held_together_is_finished_first(number: signal.Signals, ending: type[BaseException]) -> None:
    done: list[str] = []
    with pytest.raises(ending):
        hold(number, done=done)
    assert done == ["all of it"]


def test_a_second_request_does_not_wait() -> None:
    done: list[str] = []
    with pytest.raises(SystemExit) as caught:
        hold(signal.SIGTERM, signal.SIGTERM, done=done)
    assert (caught.value.code, done) == (0, [])


def test_otherwise_a_request_takes_effect_at_once_and_handlers_come_back() -> None:
    def stop() -> None:
        with stopped_by_signals() as stopping:
            with stopping.held():
                pass
            signal.raise_signal(signal.SIGTERM)

    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(SystemExit):
        stop()
    assert [signal.getsignal(number) for number in SIGNALS] == before
