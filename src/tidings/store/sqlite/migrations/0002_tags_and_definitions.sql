-- Type definitions made by users, custom metadata, tags and long tasks.

-- The definition as the protocol has it, in the column body.
CREATE TABLE definition (
    name TEXT PRIMARY KEY,
    category TEXT NOT NULL,
    guid TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL
) WITHOUT ROWID;

-- Custom metadata: a JSON object of sets, each an object of the attributes that are set; NULL where there is none.
ALTER TABLE asset ADD COLUMN custom BLOB;
-- The connection that an asset names, where its qualifiedName does not begin with that connection's.
ALTER TABLE asset ADD COLUMN connection TEXT;
CREATE INDEX asset_by_connection ON asset (connection) WHERE connection IS NOT NULL;

-- A tag on the asset where somebody put it (source). Kept while any asset has it from there, also when the source is
-- purged, hence its guid. gone: it was taken off, and only archived assets or a task that is not done yet still know it.
CREATE TABLE attachment (
    id INTEGER PRIMARY KEY,
    source INTEGER NOT NULL,
    guid TEXT NOT NULL,
    tag TEXT NOT NULL,
    propagate INTEGER NOT NULL,
    remove_on_delete INTEGER NOT NULL,
    restrict_lineage INTEGER NOT NULL,
    restrict_hierarchy INTEGER NOT NULL,
    gone INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX attachment_by_source ON attachment (source, tag);
CREATE INDEX attachment_by_tag ON attachment (tag);

-- Which assets have it: its source, and all whom it reached.
CREATE TABLE tagged (
    asset INTEGER NOT NULL,
    attachment INTEGER NOT NULL,
    PRIMARY KEY (asset, attachment)
) WITHOUT ROWID;
CREATE INDEX tagged_by_attachment ON tagged (attachment, asset);

-- Work that takes more than one transaction; what is left of it follows from the state.
CREATE TABLE task (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (kind, subject)
) WITHOUT ROWID;
