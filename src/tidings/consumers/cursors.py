"""Cursors: how far each consumer of the log has come, kept by the catalog. Every step is one transaction's."""

from __future__ import annotations

from datetime import UTC, datetime

from tidings.consumers.lease import standing, take
from tidings.model.cursor import Cursor, Lease
from tidings.model.errors import Conflict, InvalidParameter, LogTrimmed, NotFound
from tidings.model.ids import addressable
from tidings.store.base import Reader, Transaction


def check_name(name: str) -> str:
    """The name, where a cursor can have it; raises InvalidParameter."""
    return addressable("a cursor's name", name)


def check_holder(holder: str) -> str:
    """The same for who holds one."""
    if not holder.strip() or not holder.isprintable():
        raise InvalidParameter("a holder's name has printable characters only, and some that are not blank")
    return holder


def lease_name(cursor: str) -> str:
    """The lease that whoever works behind a cursor holds."""
    return f"cursor:{cursor}"


def cursor_named(reader: Reader, name: str) -> Cursor | None:
    return next((one for one in reader.cursors() if one.name == name), None)


def move(tx: Transaction, name: str, position: int, holder: str = "", rewind: bool = False) -> Cursor:
    """Put a cursor behind what is done, or make it there; the cursor as it is then.

    Raises Conflict where somebody else holds it, where ``holder`` does not hold it any more, and for a step back without
    ``rewind``; InvalidParameter beyond the end of the log, LogTrimmed before its start.
    """
    _check_holder(tx, check_name(name), holder)
    found = cursor_named(tx, name)
    if position > tx.head:
        raise InvalidParameter(f"position {position} is beyond the end of the log, {tx.head}")
    if found is not None and found.position == position:
        return found
    if position + 1 < (first := tx.log_start()):
        raise LogTrimmed(position, first)
    if found is not None and position < found.position and not rewind:
        raise Conflict(
            f"the cursor {name} is at {found.position} already, and {position} is before that; say «rewind» (--rewind) to "
            "go back, and its consumer will see again what lies between"
        )
    moved = Cursor(name, position, found.created_at if found else tx.now, tx.now)
    tx.save_cursor(moved)
    return moved


def remove(tx: Transaction, name: str, holder: str = "") -> None:
    """Raises NotFound, and Conflict where somebody else holds it."""
    _check_holder(tx, check_name(name), holder)
    if not tx.remove_cursor(name):
        raise NotFound(f"there is no cursor named {name}")
    tx.remove_lease(lease_name(name))


def take_lease(tx: Transaction, name: str, holder: str, seconds: float) -> Lease:
    """Take or renew a cursor's lease, also before there is a cursor; raises Conflict where another holds it."""
    lease = take(tx, lease_name(check_name(name)), check_holder(holder), seconds)
    if lease.holder != holder:
        raise Conflict(held_by(name, lease))
    return lease


def held_by(name: str, lease: Lease) -> str:
    """Who holds a cursor, in a sentence."""
    until = datetime.fromtimestamp(lease.until / 1000, tz=UTC).isoformat(timespec="milliseconds")
    return f"the cursor {name} is held by {lease.holder} until {until}"


def _check_holder(tx: Transaction, name: str, holder: str) -> None:
    """Under a lease only its holder moves a cursor, and who says that he holds it must be right."""
    if holder:
        check_holder(holder)
    lease = tx.lease(lease_name(name))
    kind = standing(lease, holder, tx.now)
    if lease is not None and kind == "taken":
        raise Conflict(held_by(name, lease))
    if holder and kind != "mine":
        raise Conflict(
            f"{holder} does not hold the cursor {name} any more; take its lease again, and go on from where it is"
        )
