"""Requests to stop."""

from __future__ import annotations

import signal

import pytest

from tidings.cli.stopping import SIGNALS, stopped_by_signals


@pytest.mark.parametrize(
    ("number", "ending"),
    [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit), (signal.SIGHUP, SystemExit)],
)
def test_what_is_held_together_is_finished_first(number: signal.Signals, ending: type[BaseException]) -> None:
    done = []
    with pytest.raises(ending), stopped_by_signals() as stopping, stopping.held():
        signal.raise_signal(number)
        done.append("all of it")
    assert done == ["all of it"]


def test_a_second_request_does_not_wait() -> None:
    with pytest.raises(SystemExit) as caught, stopped_by_signals() as stopping, stopping.held():
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        pytest.fail("it should have stopped")
    assert caught.value.code == 0


def test_otherwise_a_request_takes_effect_at_once_and_handlers_come_back() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(SystemExit), stopped_by_signals() as stopping:
        with stopping.held():
            pass
        signal.raise_signal(signal.SIGTERM)
    assert [signal.getsignal(number) for number in SIGNALS] == before
