"""The thread that lets far-reaching tags travel on, while a server runs."""

from __future__ import annotations

import threading
from contextvars import copy_context

from tidings.consumers.lease import Holding
from tidings.model.errors import TidingsError
from tidings.model.profiles import Profile
from tidings.store.base import Store
from tidings.store.types import Types
from tidings.telemetry import log
from tidings.write.catch_up import CHUNK, catch_up, is_behind

TASK = "task:propagation"
LOOK_SECONDS = 1.0
"""How often it looks for tasks: they are in the store, whoever made them."""
AGAIN_SECONDS = 10.0
"""How long it rests after the database failed."""


class Propagation:
    """Works off tasks until closed; each transaction is whole, so it may be ended between any two.

    Of several servers one works, which holds the lease; that nothing is done twice does not hang on it (``catch_up``).
    """

    def __init__(self, store: Store, types: Types, profile: Profile, at_once: int, holding: Holding) -> None:
        self._store = store
        self._types = types
        self._profile = profile
        self._chunk = min(at_once, CHUNK)
        self._holding = holding
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tidings-propagation", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Finish the transaction at hand, then stop."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(copy_context().run(self._work)):  # a cause that failed is forgotten behind it
            pass

    def _work(self) -> float:
        """Do what there is to do; how long to rest afterwards."""
        try:
            # The lease is asked for only where there is something to do: an idle server writes nothing.
            if not self._ending.is_set() and is_behind(self._store):
                with self._holding.held() as ours:
                    if ours:
                        self._catch_up()
        except Exception as error:  # noqa: BLE001  whatever it is, it must not end the thread in silence
            log.error("tags could not travel on, trying again: %s", error, exc_info=not isinstance(error, TidingsError))
            return AGAIN_SECONDS
        return LOOK_SECONDS

    def _catch_up(self) -> None:
        while not self._must_stop() and catch_up(self._store, self._types, self._profile, self._chunk, self._must_stop):
            pass

    def _must_stop(self) -> bool:
        return self._ending.is_set() or not self._holding.is_held
