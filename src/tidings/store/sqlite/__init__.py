"""The embedded body of the store: one SQLite file, one writer thread, group commit, readers on snapshots."""

from tidings.store.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
