-- Rows as they are, for carrying a catalog to another store; the same names in every body. Columns in the order of tables.py.
-- Rows with long values come until they are larger together than the last parameter.

-- name: rows_of_filler
SELECT id, text
FROM (
    SELECT *, sum(octet_length(text)) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size_before
    FROM filler WHERE id > $1 ORDER BY id LIMIT $2
) AS page
WHERE size_before IS NULL OR size_before <= $3
ORDER BY id

-- name: rows_of_asset
SELECT id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by, attributes,
       custom, connection
FROM (
    SELECT *, sum(octet_length(attributes) + coalesce(octet_length(custom), 0))
              OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size_before
    FROM asset WHERE id > $1 ORDER BY id LIMIT $2
) AS page
WHERE size_before IS NULL OR size_before <= $3
ORDER BY id

-- name: rows_of_link
SELECT end1, relationship, end2, attributes
FROM (
    SELECT *, sum(octet_length(attributes))
              OVER (ORDER BY end1, relationship, end2 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size_before
    FROM link WHERE (end1, relationship, end2) > ($1, $2, $3) ORDER BY end1, relationship, end2 LIMIT $4
) AS page
WHERE size_before IS NULL OR size_before <= $5
ORDER BY end1, relationship, end2

-- name: rows_of_attachment
SELECT id, source, guid, tag, propagate, remove_on_delete, restrict_lineage, restrict_hierarchy, gone, body
FROM (
    SELECT *, sum(octet_length(body)) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size_before
    FROM attachment WHERE id > $1 ORDER BY id LIMIT $2
) AS page
WHERE size_before IS NULL OR size_before <= $3
ORDER BY id

-- name: rows_of_tagged
SELECT asset, attachment FROM tagged WHERE (asset, attachment) > ($1, $2) ORDER BY asset, attachment LIMIT $3

-- name: rows_of_log
SELECT position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail
FROM (
    SELECT *, sum(octet_length(opening) + octet_length(ending) + octet_length(detail))
              OVER (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size_before
    FROM log WHERE position > $1 ORDER BY position LIMIT $2
) AS page
WHERE size_before IS NULL OR size_before <= $3
ORDER BY position

-- name: rows_of_relationship
SELECT number, name FROM relationship WHERE number > $1 ORDER BY number LIMIT $2

-- name: rows_of_definition
SELECT name, category, guid, body
FROM (
    SELECT *, sum(octet_length(body)) OVER (ORDER BY name ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size_before
    FROM definition WHERE name > $1 ORDER BY name LIMIT $2
) AS page
WHERE size_before IS NULL OR size_before <= $3
ORDER BY name

-- name: rows_of_task
SELECT kind, subject, body
FROM (
    SELECT *, sum(octet_length(body))
              OVER (ORDER BY kind, subject ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size_before
    FROM task WHERE (kind, subject) > ($1, $2) ORDER BY kind, subject LIMIT $3
) AS page
WHERE size_before IS NULL OR size_before <= $4
ORDER BY kind, subject

-- name: rows_of_token
SELECT name, role, hash, created_at FROM token WHERE name > $1 ORDER BY name LIMIT $2

-- name: rows_of_cursor
SELECT name, position, created_at, updated_at FROM cursor WHERE name > $1 ORDER BY name LIMIT $2

-- name: row_counts
SELECT (SELECT count(*) FROM filler) AS filler, (SELECT count(*) FROM asset) AS asset,
       (SELECT count(*) FROM link) AS link, (SELECT count(*) FROM attachment) AS attachment,
       (SELECT count(*) FROM tagged) AS tagged, (SELECT count(*) FROM log) AS log,
       (SELECT count(*) FROM relationship) AS relationship, (SELECT count(*) FROM definition) AS definition,
       (SELECT count(*) FROM task) AS task, (SELECT count(*) FROM token) AS token,
       (SELECT count(*) FROM cursor) AS cursor

-- name: fill_filler
COPY filler (id, text) FROM STDIN (FORMAT BINARY)

-- name: fill_asset
COPY asset (id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by, attributes,
            custom, connection, glossary_key) FROM STDIN (FORMAT BINARY)

-- name: fill_link
COPY link (end1, relationship, end2, attributes) FROM STDIN (FORMAT BINARY)

-- name: fill_attachment
COPY attachment (id, source, guid, tag, propagate, remove_on_delete, restrict_lineage, restrict_hierarchy, gone, body)
FROM STDIN (FORMAT BINARY)

-- name: fill_tagged
COPY tagged (asset, attachment) FROM STDIN (FORMAT BINARY)

-- name: fill_log
COPY log (position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail)
FROM STDIN (FORMAT BINARY)

-- name: fill_relationship
COPY relationship (number, name) FROM STDIN (FORMAT BINARY)

-- name: fill_definition
COPY definition (name, category, guid, body) FROM STDIN (FORMAT BINARY)

-- name: fill_task
COPY task (kind, subject, body) FROM STDIN (FORMAT BINARY)

-- name: fill_token
COPY token (name, role, hash, created_at) FROM STDIN (FORMAT BINARY)

-- name: fill_cursor
COPY cursor (name, position, created_at, updated_at) FROM STDIN (FORMAT BINARY)

-- name: catalog_values
SELECT name, value FROM catalog

-- name: keep_value
INSERT INTO catalog (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2

-- name: forget_value
DELETE FROM catalog WHERE name = $1
