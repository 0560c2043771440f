"""The driver's errors in our words. None of them leaves the store, and none shows a password."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg
import psycopg_pool
from psycopg import errors

from tidings.model.errors import StoreDamaged, StoreError, StoreUnavailable

_UNFINISHED = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
)
"""The transaction was undone because of another one."""
_CUT = (
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.CannotConnectNow,
    errors.IdleInTransactionSessionTimeout,
    errors.ConnectionException,
)
"""The server ended the connection, or is not ready for one."""


def is_cut(error: BaseException) -> bool:
    """Whether the connection was lost, so that the error says nothing about the statement."""
    return isinstance(error, _CUT) or (
        isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)) and error.sqlstate is None
    )


def is_passing(error: BaseException) -> bool:
    """Whether the same work may well succeed when it is begun anew."""
    return isinstance(error, _UNFINISHED) or is_cut(error)


def plainly(error: BaseException, name: str) -> BaseException:
    """An error of the driver as a StoreError that says what to do; any other error as it is."""
    if not isinstance(error, psycopg.Error):
        return error
    told = _told(error, name)
    told.__cause__ = error
    return told


def _told(error: BaseException, name: str) -> StoreError:
    reason = _reason(error)
    match error:
        case psycopg_pool.PoolClosed():
            return StoreUnavailable("the catalog is stopping; try again later")
        case psycopg_pool.PoolTimeout():
            return StoreUnavailable(
                f"no connection to {name} was to be had: it does not answer, or all of ours are in use; try again, and if it is "
                "up, raise database_connections"
            )
        case errors.LockNotAvailable():
            return StoreUnavailable(f"somebody else has been writing to {name} for too long; try again ({reason})")
        case errors.QueryCanceled():
            return StoreUnavailable(f"{name} took too long for an answer; try again ({reason})")
        case errors.DiskFull():
            return StoreUnavailable(f"the disk that holds {name} is full; free some space and try again")
        case errors.OutOfMemory() | errors.TooManyConnections() | errors.ConfigurationLimitExceeded():
            return StoreUnavailable(f"{name} has not enough left for this ({reason}); try again later")
        case errors.InsufficientPrivilege():
            return StoreError(f"the user of {name} may not do this ({reason}); grant it what it needs")
        case errors.ReadOnlySqlTransaction():
            return StoreError(f"{name} can only be read: it is a standby, or set so; name the primary server")
        case errors.DataCorrupted() | errors.IndexCorrupted():
            return StoreDamaged(f"{name} is damaged ({reason}); restore it from a backup")
        case errors.UndefinedTable() | errors.InvalidSchemaName():
            return StoreError(f"{name} is no catalog, or no longer ({reason})")
    if is_passing(error):
        return StoreUnavailable(f"the connection to {name} was lost or cannot be had ({reason}); try again")
    return StoreError(f"{name} could not do its work: {reason}")


def unreached(error: psycopg.OperationalError, name: str) -> StoreUnavailable:
    """What to say where not even a connection came about; the driver's sentence says whether it is the server or the user."""
    return StoreUnavailable(f"no connection to {name}: {_reason(error)}; look at its address, user and password")


def _reason(error: BaseException) -> str:
    primary = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    return " ".join((primary or str(error) or type(error).__name__).split())


@contextlib.contextmanager
def told_plainly(name: str) -> Iterator[None]:
    """The driver's errors leave this block as ``plainly`` tells them."""
    try:
        yield
    except psycopg.Error as error:
        raise plainly(error, name) from error
