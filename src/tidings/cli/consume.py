"""A consumer behind a cursor: of all that run under one name one prints, the others wait to take over.

It reads pages by long poll and not the stream: so it comes round each second, to move the cursor and to renew its lease,
also while nothing happens.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import NoReturn, TypeVar

import msgspec

from tidings.cli.answers import show_event
from tidings.cli.screen import Screen
from tidings.cli.stopping import Stopping
from tidings.client import ATTEMPTS, OUTAGE, Client, Form, JsonObject, Page, back_off
from tidings.consumers.lease import RENEWALS, new_holder
from tidings.model.errors import ClientError
from tidings.model.events import LogFilter

T = TypeVar("T")

WAIT_SECONDS = 0.5
"""How often somebody who waits for the lease asks for it."""
MOVE_SECONDS = 1.0
"""How often the cursor follows what was printed."""
PAGE = 1_000
CONFLICT = 409


class Work(msgspec.Struct, frozen=True):
    """What to follow, behind which cursor. ``start`` is where a new cursor begins, None: at the end of the log."""

    cursor: str
    start: int | None
    wanted: LogFilter
    form: Form
    lease: float


def follow(client: Client, work: Work, screen: Screen, stopping: Stopping) -> NoReturn:
    """Print events until stopped. Raises ClientError where the server is gone for long, and where the log was trimmed
    beyond the cursor."""
    consumer = Consumer(client, work, screen)
    while True:
        consumer.wait_for_lease()
        try:
            with contextlib.suppress(_Lost):
                consumer.work(stopping)
        finally:
            consumer.let_go()


class _Lost(Exception):
    """Somebody else holds the cursor now, or held it meanwhile."""


class _Held(Exception):
    """Somebody else holds the cursor still."""


class Consumer:
    """One of those that want to work behind a cursor. ``clock`` and ``pause`` are time as it passes."""

    def __init__(
        self,
        client: Client,
        work: Work,
        screen: Screen,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._wants = work
        self._screen = screen
        self._clock = clock
        self._pause = pause
        self._holder = new_holder()
        self._holds = False
        self._done = self._moved = 0
        """Up to where everything is printed, and where the cursor stands."""
        self._moved_at = self._renewed_at = 0.0

    def wait_for_lease(self) -> None:
        """Until it is ours; says once who else holds it."""
        said = ""
        while not self._holds:
            try:
                position = self._patiently(self._take)["position"]
            except _Held as held:
                if (holder := str(held).partition(" until ")[0]) != said:
                    self._screen.note(f"waiting: {held}")
                    said = holder
                self._pause(WAIT_SECONDS)
            else:
                self._begin(position)

    def _take(self) -> JsonObject:
        asked = self._clock()
        try:
            found = self._client.take_lease(self._wants.cursor, self._holder, self._wants.lease)
        except ClientError as error:
            if error.http_status == CONFLICT:
                raise _Held(str(error)) from error
            raise
        self._renewed_at, self._holds = asked, True
        return found

    def _begin(self, position: int | None) -> None:
        """A cursor that is new is there before the first event is: so none is missed, and none is trimmed meanwhile."""
        self._done = self._moved = -1 if position is None else position
        if position is None:
            start = self._wants.start
            self._done = self._client.status()["head"] if start is None else start
            self._move()
        if self._screen.people:
            self._screen.note(f"following {self._client.base_url} behind cursor {self._wants.cursor} at {self._done}")

    def work(self, stopping: Stopping) -> None:
        """Print what comes, and let the cursor follow. Raises _Lost."""
        while True:
            page = self._patiently(self._page)
            self._keep()  # it may have taken long
            for event in page.events:
                with stopping.held():
                    position = event["tidings"]["position"]
                    if self._wants.form == "wire":
                        del event["tidings"]
                    show_event(self._screen, event, position)
                    self._done = position
                self._keep()
            self._done = max(self._done, page.next)
            self._keep()

    def let_go(self) -> None:
        """The cursor behind what was printed, and the lease free for the next."""
        if not self._holds:
            return
        with contextlib.suppress(_Lost, ClientError):  # the server is gone: then the lease runs out
            if self._done > self._moved:
                self._move()
            self._client.give_back_lease(self._wants.cursor, self._holder)

    def _page(self) -> Page:
        return self._client.events(self._done, PAGE, self._wants.wanted, wait=1)

    def _keep(self) -> None:
        """Move the cursor and renew the lease where it is time to."""
        now = self._clock()
        if self._done > self._moved and now - self._moved_at >= MOVE_SECONDS:
            self._patiently(self._move)
        if now - self._renewed_at >= self._wants.lease / RENEWALS:
            self._renew()

    def _renew(self) -> None:
        """Raises _Lost, also where the lease was free again: whoever held it meanwhile has moved the cursor."""
        try:
            position = self._patiently(self._take)["position"]
        except _Held as held:
            raise self._lost(str(held)) from held
        if position != self._moved:
            stands = "was removed" if position is None else f"is at {position}"
            raise self._lost(f"the cursor {self._wants.cursor} {stands} by now")

    def _move(self) -> None:
        try:
            self._client.set_cursor(self._wants.cursor, self._done, holder=self._holder)
        except ClientError as error:
            if error.http_status == CONFLICT:
                raise self._lost(str(error)) from error
            raise
        self._moved, self._moved_at = self._done, self._clock()

    def _lost(self, why: str) -> _Lost:
        self._holds = False
        self._screen.note(f"stopped at position {self._done}: {why}")
        return _Lost(why)

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Ask again where the server does not answer, or cannot at the moment; as long as a stream would."""
        for failed in range(1, ATTEMPTS):
            try:
                return ask()
            except ClientError as error:
                if 0 < error.http_status < 500:
                    raise
                if failed == OUTAGE:
                    self._screen.note(f"waiting: {error}")
                self._pause(back_off(failed))
        return ask()
