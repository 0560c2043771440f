"""The store that several servers share: a schema in PostgreSQL, one writer at a time among them, readers on snapshots."""

from tidings.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
