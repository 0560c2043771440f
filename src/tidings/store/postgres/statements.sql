-- Every statement of the PostgreSQL body, by name; the embedded body has the same names. Sets travel as binary arrays.
-- «= ANY» of an array is a condition that an index answers however long the array is; session.sql says why no other plan
-- comes up. What an index holds only the beginning of (see 0001_catalog.sql) is asked for by beginning and as a whole.

-- name: assets_by_guid
SELECT id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by, attributes,
       custom, connection
FROM asset WHERE guid = ANY($1)

-- name: assets_by_name
SELECT id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by, attributes,
       custom, connection
FROM asset WHERE left(qualified_name, 300) = ANY($2) AND qualified_name = ANY($1)

-- name: assets_by_id
SELECT id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by, attributes,
       custom, connection
FROM asset WHERE id = ANY($1)

-- name: names_by_guid
SELECT id, guid, type_name, qualified_name, status FROM asset WHERE guid = ANY($1)

-- name: names_by_name
SELECT id, guid, type_name, qualified_name, status
FROM asset WHERE left(qualified_name, 300) = ANY($2) AND qualified_name = ANY($1)

-- name: names_by_id
SELECT id, guid, type_name, qualified_name, status FROM asset WHERE id = ANY($1)

-- name: glossary_assets
SELECT glossary_key, id, guid, type_name, qualified_name, status
FROM asset
WHERE type_name IN ('AtlasGlossary', 'AtlasGlossaryCategory', 'AtlasGlossaryTerm') AND glossary_key = ANY($1)
  AND status = 0

-- name: glossaries
SELECT id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by, attributes,
       custom, connection
FROM asset WHERE type_name = 'AtlasGlossary' AND glossary_key IS NOT NULL AND status = 0

-- name: links_by_end1
SELECT end1, end2, attributes FROM link WHERE end1 = ANY($1) AND relationship = $2

-- name: links_by_end2
SELECT end1, end2, attributes FROM link WHERE end2 = ANY($1) AND relationship = $2

-- name: all_links
SELECT relationship, end1, end2, attributes FROM link WHERE end1 = ANY($1)
UNION
SELECT relationship, end1, end2, attributes FROM link WHERE end2 = ANY($1)

-- name: relationships
SELECT name, number FROM relationship

-- name: add_relationship
INSERT INTO relationship (name, number) VALUES ($1, $2)

-- name: insert_asset
INSERT INTO asset (id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by,
                   attributes, custom, connection, glossary_key)
SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::integer[], $7::bigint[],
                     $8::text[], $9::bigint[], $10::text[], $11::bytea[], $12::bytea[], $13::text[], $14::bytea[])

-- name: update_asset
UPDATE asset SET qualified_name = new.qualified_name, status = new.status, version = new.version,
                 updated_at = new.updated_at, updated_by = new.updated_by, attributes = new.attributes,
                 custom = new.custom, connection = new.connection, glossary_key = new.glossary_key
FROM unnest($1::text[], $2::smallint[], $3::integer[], $4::bigint[], $5::text[], $6::bytea[], $7::bytea[], $8::text[],
            $9::bytea[], $10::bigint[])
     AS new (qualified_name, status, version, updated_at, updated_by, attributes, custom, connection, glossary_key, id)
WHERE asset.id = new.id

-- name: stamp_asset
UPDATE asset SET status = new.status, version = new.version, updated_at = new.updated_at, updated_by = new.updated_by
FROM unnest($1::smallint[], $2::integer[], $3::bigint[], $4::text[], $5::bigint[])
     AS new (status, version, updated_at, updated_by, id)
WHERE asset.id = new.id

-- name: purge_assets
DELETE FROM asset WHERE id = ANY($1)

-- name: purge_links_by_end1
DELETE FROM link WHERE end1 = ANY($1)

-- name: purge_links_by_end2
DELETE FROM link WHERE end2 = ANY($1)

-- name: insert_link
INSERT INTO link (end1, relationship, end2, attributes)
SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bytea[])

-- name: delete_link
DELETE FROM link USING unnest($1::bigint[], $2::integer[], $3::bigint[]) AS old (end1, relationship, end2)
WHERE link.end1 = old.end1 AND link.relationship = old.relationship AND link.end2 = old.end2

-- name: update_link
UPDATE link SET attributes = new.attributes
FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::bytea[]) AS new (end1, relationship, end2, attributes)
WHERE link.end1 = new.end1 AND link.relationship = new.relationship AND link.end2 = new.end2

-- name: insert_event
INSERT INTO log (position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                     $8::bytea[], $9::bytea[], $10::bytea[])

-- name: fillers
SELECT id, text FROM filler WHERE id > $1

-- name: filler_of
SELECT id, text FROM filler WHERE sha256(text) = ANY($1)

-- name: add_filler
INSERT INTO filler (id, text)
SELECT new.place + (SELECT coalesce(max(id), 0) FROM filler), new.text
FROM unnest($1::bytea[]) WITH ORDINALITY AS new (text, place)
RETURNING id, text

-- name: log_head
SELECT coalesce((SELECT max(position) FROM log), 0)

-- name: standing
SELECT coalesce((SELECT max(position) FROM log), 0),
       greatest(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint,
                (SELECT time FROM log ORDER BY position DESC LIMIT 1)),
       greatest((SELECT max(id) FROM asset),
                (SELECT value::bigint FROM catalog WHERE name = 'highest_purged_id'), 0),
       (SELECT count(*) FROM relationship),
       (SELECT value FROM catalog WHERE name = 'types_stamp'),
       EXISTS (SELECT FROM attachment),
       pg_current_xact_id()::text

-- name: set_highest_purged_id
INSERT INTO catalog (name, value) VALUES ('highest_purged_id', $1)
ON CONFLICT (name) DO UPDATE SET value = $1 WHERE catalog.value::bigint < $1::bigint

-- name: log_page
SELECT position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail
FROM (
    SELECT *, sum(octet_length(opening) + octet_length(ending) + octet_length(detail))
              OVER (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size_before
    FROM log WHERE position > $1 ORDER BY position LIMIT $2
) AS page
WHERE size_before IS NULL OR size_before <= $3
ORDER BY position

-- name: log_filtered
SELECT position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail
FROM (
    SELECT *, sum(octet_length(opening) + octet_length(ending) + octet_length(detail))
              OVER (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size_before
    FROM log
    WHERE position > $1 AND position <= $4
      AND ($5::smallint[] IS NULL OR operation = ANY($5))
      AND ($6::text[] IS NULL OR type_name = ANY($6))
      AND ($7 = '' OR (qualified_name >= $7 AND qualified_name < $8))
      AND ($9::bigint IS NULL OR time >= $9)
      AND ($10::bigint IS NULL OR time < $10)
    ORDER BY position LIMIT $2
) AS page
WHERE size_before IS NULL OR size_before <= $3
ORDER BY position

-- name: log_of_guid
SELECT position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail
FROM (
    SELECT *, sum(octet_length(opening) + octet_length(ending) + octet_length(detail))
              OVER (ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size_before
    FROM log
    WHERE guid = $11 AND position > $1 AND position <= $4
      AND ($5::smallint[] IS NULL OR operation = ANY($5))
      AND ($6::text[] IS NULL OR type_name = ANY($6))
      AND ($7 = '' OR (qualified_name >= $7 AND qualified_name < $8))
      AND ($9::bigint IS NULL OR time >= $9)
      AND ($10::bigint IS NULL OR time < $10)
    ORDER BY position LIMIT $2
) AS page
WHERE size_before IS NULL OR size_before <= $3
ORDER BY position

-- name: log_in_guid_order
SELECT position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail
FROM log WHERE (guid, position) > ($1, $2) ORDER BY guid, position LIMIT $3

-- name: list_assets
SELECT id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by, attributes,
       custom, connection
FROM asset
WHERE left(qualified_name, 300) >= left($1, 300) AND left(qualified_name, 300) <= left($2, 300)
  AND qualified_name >= $1 AND qualified_name < $2
  AND (qualified_name, type_name) > ($3, $4)
  AND ($5::text[] IS NULL OR type_name = ANY($5))
  AND ($6::smallint IS NULL OR status = $6)
ORDER BY left(qualified_name, 300), qualified_name, type_name LIMIT $7

-- name: assets_in_guid_order
SELECT id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by, attributes,
       custom, connection
FROM asset WHERE guid > $1 ORDER BY guid LIMIT $2

-- name: links_in_order
SELECT relationship, end1, end2, attributes
FROM link
WHERE (end1, relationship, end2) > ($1, coalesce((SELECT number FROM relationship WHERE name = $2), 0), $3)
ORDER BY end1, relationship, end2 LIMIT $4

-- name: count_assets
SELECT status, count(*) FROM asset GROUP BY status

-- name: count_links
SELECT count(*) FROM link

-- name: tokens
SELECT name, role, hash, created_at FROM token ORDER BY name

-- name: insert_token
INSERT INTO token (name, role, hash, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING RETURNING name

-- name: delete_token
DELETE FROM token WHERE name = $1 RETURNING name

-- name: set_catalog_value
INSERT INTO catalog (name, value) VALUES ($1, $2)

-- name: types_stamp
SELECT value FROM catalog WHERE name = 'types_stamp'

-- name: set_types_stamp
INSERT INTO catalog (name, value) VALUES ('types_stamp', $1) ON CONFLICT (name) DO UPDATE SET value = $1

-- name: definitions
SELECT name, category, guid, body FROM definition ORDER BY name

-- name: save_definition
INSERT INTO definition (name, category, guid, body) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET body = $4

-- name: remove_definitions
DELETE FROM definition WHERE name = ANY($1)

-- name: assets_by_type
SELECT type_name, count(*) FROM asset WHERE type_name = ANY($1) GROUP BY type_name

-- name: links_by_relationship
SELECT relationship, count(*) FROM link WHERE relationship = ANY($1) GROUP BY relationship

-- name: attachments_by_tag
SELECT tag, count(*) FROM attachment WHERE tag = ANY($1) GROUP BY tag

-- name: attribute_holders
SELECT count(*)
FROM asset AS a CROSS JOIN LATERAL (SELECT document(a.attributes) -> $2 AS value OFFSET 0) AS found
WHERE a.type_name = ANY($1) AND found.value IS NOT NULL
  AND ($3::text[] IS NULL
       OR jsonb_path_exists(found.value, '$.** ? (@ == $wanted[*])', jsonb_build_object('wanted', to_jsonb($3::text[]))))

-- name: custom_holders
SELECT count(*)
FROM asset AS a CROSS JOIN LATERAL (SELECT document(a.custom) #> $1::text[] AS value OFFSET 0) AS found
WHERE a.custom IS NOT NULL AND found.value IS NOT NULL
  AND ($2::text[] IS NULL
       OR jsonb_path_exists(found.value, '$.** ? (@ == $wanted[*])', jsonb_build_object('wanted', to_jsonb($2::text[]))))

-- name: neighbours_ahead
SELECT l.end1, l.relationship, l.end2
FROM link AS l JOIN asset AS a ON a.id = l.end2
WHERE l.end1 = ANY($1) AND l.relationship = ANY($2) AND a.status = 0

-- name: neighbours_behind
SELECT l.end2, l.relationship, l.end1
FROM link AS l JOIN asset AS a ON a.id = l.end1
WHERE l.end2 = ANY($1) AND l.relationship = ANY($2) AND a.status = 0

-- name: with_lineage
SELECT own.id
FROM asset AS own
WHERE own.id = ANY($1) AND own.status = 0 AND EXISTS (
    SELECT FROM (
        SELECT own.id AS process
        UNION ALL
        SELECT l.end1 FROM link AS l WHERE l.end2 = own.id AND (l.relationship = ANY($2) OR l.relationship = ANY($4))
        UNION ALL
        SELECT l.end2 FROM link AS l WHERE l.end1 = own.id AND (l.relationship = ANY($3) OR l.relationship = ANY($5))
    ) AS near
    JOIN asset AS p ON p.id = near.process
    WHERE p.status = 0
      AND (EXISTS (
          SELECT FROM link AS l JOIN asset AS a ON a.id = l.end2
          WHERE l.end1 = p.id AND l.relationship = ANY($2) AND a.status = 0
      ) OR EXISTS (
          SELECT FROM link AS l JOIN asset AS a ON a.id = l.end1
          WHERE l.end2 = p.id AND l.relationship = ANY($3) AND a.status = 0
      ))
      AND (EXISTS (
          SELECT FROM link AS l JOIN asset AS a ON a.id = l.end2
          WHERE l.end1 = p.id AND l.relationship = ANY($4) AND a.status = 0
      ) OR EXISTS (
          SELECT FROM link AS l JOIN asset AS a ON a.id = l.end1
          WHERE l.end2 = p.id AND l.relationship = ANY($5) AND a.status = 0
      ))
)

-- name: link_at
SELECT relationship, end1, end2, attributes FROM link WHERE end1 = $2 AND relationship = $1 AND end2 = $3

-- name: tagged
SELECT asset, attachment FROM tagged WHERE asset = ANY($1) ORDER BY asset, attachment

-- name: attachments
SELECT t.id, t.source, t.guid, t.tag, t.propagate, t.remove_on_delete, t.restrict_lineage, t.restrict_hierarchy, t.gone,
       t.body, coalesce(a.status, 2)
FROM attachment AS t LEFT JOIN asset AS a ON a.id = t.source
WHERE t.id = ANY($1)

-- name: attachments_of
SELECT t.id, t.source, t.guid, t.tag, t.propagate, t.remove_on_delete, t.restrict_lineage, t.restrict_hierarchy, t.gone,
       t.body, coalesce(a.status, 2)
FROM attachment AS t LEFT JOIN asset AS a ON a.id = t.source
WHERE t.source = ANY($1)
ORDER BY t.id

-- name: bearers
SELECT t.attachment, t.asset FROM tagged AS t JOIN asset AS a ON a.id = t.asset
WHERE t.attachment = ANY($1) AND a.status = 0

-- name: ids_below
SELECT id FROM asset
WHERE left(qualified_name, 300) >= left($1, 300) AND left(qualified_name, 300) <= left($2, 300)
  AND qualified_name >= $1 AND qualified_name < $2
ORDER BY qualified_name, type_name

-- name: ids_naming
SELECT id FROM asset WHERE left(connection, 300) = left($1, 300) AND connection = $1 ORDER BY id

-- name: children_ahead
SELECT end1, end2 FROM link WHERE end1 = ANY($1) AND relationship = ANY($2)

-- name: children_behind
SELECT end2, end1 FROM link WHERE end2 = ANY($1) AND relationship = ANY($2)

-- name: connections_named
SELECT id, connection, CASE WHEN connection IS NULL THEN attributes END FROM asset WHERE id = ANY($1)

-- name: active
SELECT id FROM asset WHERE id = ANY($1) AND status = 0

-- name: types_of
SELECT type_name, count(*) FROM asset WHERE id = ANY($1) GROUP BY type_name ORDER BY type_name

-- name: has_tags
SELECT EXISTS (SELECT FROM attachment)

-- name: highest_attachment
SELECT coalesce(max(id), 0) FROM attachment

-- name: insert_attachment
INSERT INTO attachment (id, source, guid, tag, propagate, remove_on_delete, restrict_lineage, restrict_hierarchy, gone,
                        body)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::smallint[], $6::smallint[], $7::smallint[],
                     $8::smallint[], $9::smallint[], $10::bytea[])

-- name: update_attachment
UPDATE attachment SET propagate = new.propagate, remove_on_delete = new.remove_on_delete,
                      restrict_lineage = new.restrict_lineage, restrict_hierarchy = new.restrict_hierarchy,
                      gone = new.gone, body = new.body
FROM unnest($1::bigint[], $2::smallint[], $3::smallint[], $4::smallint[], $5::smallint[], $6::smallint[], $7::bytea[])
     AS new (id, propagate, remove_on_delete, restrict_lineage, restrict_hierarchy, gone, body)
WHERE attachment.id = new.id

-- name: tag_asset
INSERT INTO tagged (asset, attachment) SELECT * FROM unnest($1::bigint[], $2::bigint[])

-- name: untag_asset
DELETE FROM tagged USING unnest($1::bigint[], $2::bigint[]) AS old (asset, attachment)
WHERE tagged.asset = old.asset AND tagged.attachment = old.attachment

-- name: purge_tagged
DELETE FROM tagged WHERE asset = ANY($1)

-- name: forget_attachments
DELETE FROM attachment
WHERE id = ANY($1) AND NOT EXISTS (SELECT FROM tagged AS t WHERE t.attachment = attachment.id)

-- name: tasks
SELECT kind, subject, body FROM task ORDER BY kind, subject

-- name: save_task
INSERT INTO task (kind, subject, body) VALUES ($1, $2, $3) ON CONFLICT (kind, md5(subject)) DO UPDATE SET body = $3

-- name: remove_task
DELETE FROM task WHERE kind = $1 AND md5(subject) = md5($2)

-- name: cursors
SELECT name, position, created_at, updated_at FROM cursor ORDER BY name

-- name: save_cursor
INSERT INTO cursor (name, position, created_at, updated_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET position = $2, updated_at = $4

-- name: remove_cursor
DELETE FROM cursor WHERE name = $1 RETURNING name

-- name: leases
SELECT name, holder, until FROM lease ORDER BY name

-- name: lease
SELECT name, holder, until FROM lease WHERE name = $1

-- name: save_lease
INSERT INTO lease (name, holder, until) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET holder = $2, until = $3

-- name: remove_lease
DELETE FROM lease WHERE name = $1

-- name: log_start
SELECT value::bigint FROM catalog WHERE name = 'log_start'

-- name: log_time
SELECT time FROM log WHERE position = $1

-- name: log_bytes
SELECT coalesce(sum(octet_length(opening) + octet_length(ending) + octet_length(detail)), 0)::bigint
FROM log WHERE position > $1 AND position <= $2

-- name: trim_log
DELETE FROM log WHERE position < $1
