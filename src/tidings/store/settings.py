"""Settings that belong to a catalog and not to a server: kept among its values, the same in every body."""

from __future__ import annotations

import msgspec

from tidings.model.cursor import Retention
from tidings.model.ids import new_guid
from tidings.store.base import Reader, Transaction

CATALOG_ID = "catalog_id"
"""Which catalog it is, wherever it is carried."""
SETTINGS_STAMP = "settings_stamp"
"""Changes with every token and every setting of the catalog; what servers look at to hear of what others changed."""
LOG_START = "log_start"
"""The first position that is left of the log; not there until something is trimmed."""
RETENTION = "retention"


def retention_of(reader: Reader) -> Retention:
    """How much of the log is kept; all of it unless somebody said otherwise."""
    return msgspec.json.decode(reader.values().get(RETENTION, "{}"), type=Retention)


def set_retention(tx: Transaction, retention: Retention) -> None:
    """In force in all servers once this is on disk."""
    tx.set_value(RETENTION, None if retention.is_off else msgspec.json.encode(retention).decode())
    tx.set_value(SETTINGS_STAMP, new_guid())
