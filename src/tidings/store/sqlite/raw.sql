-- Rows as they are, for carrying a catalog to another store; the same names in every body. Columns in the order of tables.py.

-- name: rows_of_filler
SELECT id, text FROM filler WHERE id > ?1 ORDER BY id LIMIT ?2

-- name: rows_of_asset
SELECT id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by, attributes,
       custom, connection
FROM asset WHERE id > ?1 ORDER BY id LIMIT ?2

-- name: rows_of_link
SELECT end1, relationship, end2, attributes FROM link
WHERE (end1, relationship, end2) > (?1, ?2, ?3) ORDER BY end1, relationship, end2 LIMIT ?4

-- name: rows_of_attachment
SELECT id, source, guid, tag, propagate, remove_on_delete, restrict_lineage, restrict_hierarchy, gone, body
FROM attachment WHERE id > ?1 ORDER BY id LIMIT ?2

-- name: rows_of_tagged
SELECT asset, attachment FROM tagged WHERE (asset, attachment) > (?1, ?2) ORDER BY asset, attachment LIMIT ?3

-- name: rows_of_log
SELECT position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail
FROM log WHERE position > ?1 ORDER BY position LIMIT ?2

-- name: rows_of_relationship
SELECT number, name FROM relationship WHERE number > ?1 ORDER BY number LIMIT ?2

-- name: rows_of_definition
SELECT name, category, guid, body FROM definition WHERE name > ?1 ORDER BY name LIMIT ?2

-- name: rows_of_task
SELECT kind, subject, body FROM task WHERE (kind, subject) > (?1, ?2) ORDER BY kind, subject LIMIT ?3

-- name: rows_of_token
SELECT name, role, hash, created_at FROM token WHERE name > ?1 ORDER BY name LIMIT ?2

-- name: rows_of_cursor
SELECT name, position, created_at, updated_at FROM cursor WHERE name > ?1 ORDER BY name LIMIT ?2

-- name: row_counts
SELECT (SELECT count(*) FROM filler) AS filler, (SELECT count(*) FROM asset) AS asset,
       (SELECT count(*) FROM link) AS link, (SELECT count(*) FROM attachment) AS attachment,
       (SELECT count(*) FROM tagged) AS tagged, (SELECT count(*) FROM log) AS log,
       (SELECT count(*) FROM relationship) AS relationship, (SELECT count(*) FROM definition) AS definition,
       (SELECT count(*) FROM task) AS task, (SELECT count(*) FROM token) AS token,
       (SELECT count(*) FROM cursor) AS cursor

-- name: fill_filler
INSERT INTO filler (id, text) VALUES (?, ?)

-- name: fill_asset
INSERT INTO asset (id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by,
                   attributes, custom, connection)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: fill_link
INSERT INTO link (end1, relationship, end2, attributes) VALUES (?, ?, ?, ?)

-- name: fill_attachment
INSERT INTO attachment (id, source, guid, tag, propagate, remove_on_delete, restrict_lineage, restrict_hierarchy, gone,
                        body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: fill_tagged
INSERT INTO tagged (asset, attachment) VALUES (?, ?)

-- name: fill_log
INSERT INTO log (position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: fill_relationship
INSERT INTO relationship (number, name) VALUES (?, ?)

-- name: fill_definition
INSERT INTO definition (name, category, guid, body) VALUES (?, ?, ?, ?)

-- name: fill_task
INSERT INTO task (kind, subject, body) VALUES (?, ?, ?)

-- name: fill_token
INSERT INTO token (name, role, hash, created_at) VALUES (?, ?, ?, ?)

-- name: fill_cursor
INSERT INTO cursor (name, position, created_at, updated_at) VALUES (?, ?, ?, ?)

-- name: catalog_values
SELECT name, value FROM catalog

-- name: keep_value
INSERT INTO catalog (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2

-- name: forget_value
DELETE FROM catalog WHERE name = ?
