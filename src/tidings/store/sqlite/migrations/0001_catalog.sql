-- The catalog: assets, links between them, the log, tokens.
-- Times are milliseconds since 1970. Large columns come last, so that a scan need not read over them.

CREATE TABLE catalog (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE asset (
    id INTEGER PRIMARY KEY,
    guid TEXT NOT NULL UNIQUE,
    type_name TEXT NOT NULL,
    qualified_name TEXT NOT NULL,
    status INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    attributes BLOB NOT NULL
);
CREATE UNIQUE INDEX asset_by_name ON asset (qualified_name, type_name);

CREATE TABLE relationship (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE link (
    end1 INTEGER NOT NULL,
    relationship INTEGER NOT NULL,
    end2 INTEGER NOT NULL,
    attributes BLOB,
    PRIMARY KEY (end1, relationship, end2)
) WITHOUT ROWID;
CREATE INDEX link_by_end2 ON link (end2, relationship, end1);

-- Constant text that many events share, in the middle of their messages. Never changed, never removed.
CREATE TABLE filler (
    id INTEGER PRIMARY KEY,
    text BLOB NOT NULL UNIQUE
);

-- An event's message is opening, the filler's text, ending, one after the other.
CREATE TABLE log (
    position INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    operation INTEGER NOT NULL,
    guid TEXT NOT NULL,
    type_name TEXT NOT NULL,
    qualified_name TEXT NOT NULL,
    filler INTEGER,
    opening BLOB NOT NULL,
    ending BLOB NOT NULL,
    detail BLOB NOT NULL
);
CREATE INDEX log_by_guid ON log (guid);

CREATE TABLE token (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) WITHOUT ROWID;
