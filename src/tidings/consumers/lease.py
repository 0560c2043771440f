"""Leases: of all servers and consumers that could do something, one does it, for as long as it lives.

A lease is a row that says who holds it and until when. It is decided on in a transaction, and these come one after the
other, so that no two take it at once. Who holds it renews it long before it runs out; who is killed does not, and another
takes over. A lease saves effort and order; it is no proof: whoever writes under one has the transaction look whether it is
still his, or writes only what nobody else's write has made out of date.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Literal

from tidings.model.cursor import Lease
from tidings.model.errors import TidingsError
from tidings.store.base import Store, Transaction
from tidings.telemetry import log

SECONDS = 5.0
"""How long a lease lasts unless it is renewed: so long others wait after its holder was killed."""
RENEWALS = 3
"""How often a holder renews within that time."""
Standing = Literal["free", "expired", "mine", "taken"]


def new_holder() -> str:
    """A name that no other holder has: where it runs, and something random."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def standing(lease: Lease | None, holder: str, now: int) -> Standing:
    """What a lease is to somebody at a time. «mine» is also one that ran out, as long as nobody else took it."""
    if lease is None:
        return "free"
    if lease.holder == holder:
        return "mine"
    return "taken" if lease.until > now else "expired"


def take(tx: Transaction, name: str, holder: str, seconds: float) -> Lease:
    """Take or renew it, unless another holds it; the lease as it stands then, whoever's it is."""
    found = tx.lease(name)
    if found is not None and standing(found, holder, tx.now) == "taken":
        return found
    taken = Lease(name, holder, tx.now + round(seconds * 1000))
    tx.save_lease(taken)
    return taken


def give_back(tx: Transaction, name: str, holder: str) -> Lease | None:
    """Let go of it, where it is the holder's own; else the lease of whoever holds it now."""
    found = tx.lease(name)
    kind = standing(found, holder, tx.now)
    if kind == "mine":
        tx.remove_lease(name)
    return found if kind == "taken" else None


class Holding:
    """One lease as one holder sees it. ``clock`` measures how long it is sure to last."""

    def __init__(
        self,
        store: Store,
        name: str,
        holder: str,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._name = name
        self._holder = holder
        self._seconds = seconds
        self._clock = clock
        self._sure_until = 0.0

    @property
    def is_held(self) -> bool:
        """Whether it is ours for certain. Once it is not, stop."""
        return self._clock() < self._sure_until

    def renew(self) -> bool:
        """Take it, or make it last; whether it is ours. Raises StoreError where the database failed."""
        asked = self._clock()
        lease = self._store.transact(lambda tx: take(tx, self._name, self._holder, self._seconds))
        # From before it was asked for: by then the row says at least so long.
        self._sure_until = asked + self._seconds if lease.holder == self._holder else 0.0
        return self.is_held

    def release(self) -> None:
        """Let go of it, so that nobody waits for its end."""
        self._sure_until = 0.0
        self._store.transact(lambda tx: give_back(tx, self._name, self._holder))

    @contextlib.contextmanager
    def held(self) -> Iterator[bool]:
        """Take it, and renew it while the block works; whether it could be had. Let go of at the end.

        Raises StoreError where it could not be asked for.
        """
        if not self.renew():
            yield False
            return
        ending = threading.Event()
        renewing = threading.Thread(target=self._keep, args=[ending], name="tidings-lease", daemon=True)
        renewing.start()
        try:
            yield True
        finally:
            ending.set()
            renewing.join()
            with contextlib.suppress(TidingsError):  # it runs out by itself
                self.release()

    def _keep(self, ending: threading.Event) -> None:
        while not ending.wait(self._seconds / RENEWALS):
            try:
                if not self.renew():
                    return
            except TidingsError as error:
                log.warning("the lease %s could not be renewed, trying again: %s", self._name, error)
