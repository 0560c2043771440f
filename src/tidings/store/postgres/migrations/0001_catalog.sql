-- The catalog: assets, links between them, tags, definitions, the log, tokens. One schema holds one catalog.
-- Times are milliseconds since 1970. Texts that are ordered or compared have the order of their bytes (COLLATE "C"), as in
-- the embedded body; JSON is kept as the exact bytes that came out of the deciding steps, hence bytea.
-- No column has a number drawn by the database: all are drawn by whoever has the turn to write (see session.sql, lock).

-- Which of these files the schema has been through.
CREATE TABLE migration (
    number integer PRIMARY KEY
);

CREATE TABLE catalog (
    name text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
);

CREATE TABLE asset (
    id bigint PRIMARY KEY,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    version integer NOT NULL,
    status smallint NOT NULL,
    guid text COLLATE "C" NOT NULL UNIQUE,
    type_name text COLLATE "C" NOT NULL,
    qualified_name text COLLATE "C" NOT NULL,
    created_by text NOT NULL,
    updated_by text NOT NULL,
    -- The connection that an asset names, where its qualifiedName does not begin with that connection's.
    connection text COLLATE "C",
    -- What people call a glossary, category or term: SHA-256 of the name, which may hold what no text can (U+0000).
    glossary_key bytea,
    -- Custom metadata: a JSON object of sets, each an object of the attributes that are set; NULL where there is none.
    custom bytea,
    attributes bytea NOT NULL
);
-- An entry of an index has at most some 2,700 bytes and a qualifiedName may have 16,384, so the index holds its first 300
-- characters, and for a longer one its hash, which only makes it unique.
CREATE UNIQUE INDEX asset_by_name ON asset (
    left(qualified_name, 300), type_name, (CASE WHEN length(qualified_name) > 300 THEN md5(qualified_name) ELSE '' END)
);
CREATE INDEX asset_by_connection ON asset (left(connection, 300)) WHERE connection IS NOT NULL;
-- Each name is looked up when one of them is made, renamed, moved or restored.
CREATE INDEX asset_by_glossary_key ON asset (type_name, glossary_key) WHERE glossary_key IS NOT NULL;

CREATE TABLE relationship (
    number integer PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE link (
    end1 bigint NOT NULL,
    end2 bigint NOT NULL,
    relationship integer NOT NULL,
    attributes bytea,
    PRIMARY KEY (end1, relationship, end2)
);
CREATE INDEX link_by_end2 ON link (end2, relationship, end1);

-- Constant text that many events share, in the middle of their messages. Never changed, never removed.
CREATE TABLE filler (
    id bigint PRIMARY KEY,
    text bytea NOT NULL
);
CREATE UNIQUE INDEX filler_by_text ON filler (sha256(text));

-- An event's message is opening, the filler's text, ending, one after the other.
CREATE TABLE log (
    position bigint PRIMARY KEY,
    time bigint NOT NULL,
    filler bigint,
    operation smallint NOT NULL,
    guid text COLLATE "C" NOT NULL,
    type_name text COLLATE "C" NOT NULL,
    qualified_name text COLLATE "C" NOT NULL,
    opening bytea NOT NULL,
    ending bytea NOT NULL,
    detail bytea NOT NULL
);
CREATE INDEX log_by_guid ON log (guid, position);

CREATE TABLE token (
    name text COLLATE "C" PRIMARY KEY,
    role text NOT NULL,
    hash bytea NOT NULL UNIQUE,
    created_at bigint NOT NULL
);

-- Type definitions made by users, as the protocol has them in the column body.
CREATE TABLE definition (
    name text COLLATE "C" PRIMARY KEY,
    category text NOT NULL,
    guid text COLLATE "C" NOT NULL UNIQUE,
    body bytea NOT NULL
);

-- A tag on the asset where somebody put it (source). Kept while any asset has it from there, also when the source is
-- purged, hence its guid. gone: it was taken off, and only archived assets or a task that is not done yet still know it.
CREATE TABLE attachment (
    id bigint PRIMARY KEY,
    source bigint NOT NULL,
    guid text NOT NULL,
    tag text COLLATE "C" NOT NULL,
    propagate smallint NOT NULL,
    remove_on_delete smallint NOT NULL,
    restrict_lineage smallint NOT NULL,
    restrict_hierarchy smallint NOT NULL,
    gone smallint NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX attachment_by_source ON attachment (source, tag);
CREATE INDEX attachment_by_tag ON attachment (tag);

-- Which assets have it: its source, and all whom it reached.
CREATE TABLE tagged (
    asset bigint NOT NULL,
    attachment bigint NOT NULL,
    PRIMARY KEY (asset, attachment)
);
CREATE INDEX tagged_by_attachment ON tagged (attachment, asset);

-- Work that takes more than one transaction; what is left of it follows from the state.
CREATE TABLE task (
    kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    body bytea NOT NULL
);
CREATE UNIQUE INDEX task_by_subject ON task (kind, md5(subject));

-- Rows of some kilobytes stay whole in the table: to compress them, or to keep them apart, costs more than it saves here.
ALTER TABLE asset SET (toast_tuple_target = 8160);
ALTER TABLE asset ALTER COLUMN attributes SET STORAGE EXTERNAL;
ALTER TABLE log SET (toast_tuple_target = 8160);
ALTER TABLE log ALTER COLUMN opening SET STORAGE EXTERNAL,
    ALTER COLUMN ending SET STORAGE EXTERNAL,
    ALTER COLUMN detail SET STORAGE EXTERNAL;

-- A JSON document that PostgreSQL can hold: its jsonb knows no U+0000, so that character becomes U+FFFD. Pairs of backslashes
-- are put aside meanwhile («\\u0000» is a backslash and some letters), under a character that JSON does not have as it is.
CREATE FUNCTION document(body bytea) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (CASE
        WHEN position('\x5c7530303030'::bytea IN body) = 0 THEN convert_from(body, 'UTF8')
        ELSE replace(replace(replace(convert_from(body, 'UTF8'), '\\', chr(1)), '\u0000', '\ufffd'), chr(1), '\\')
    END)::jsonb
$$;
