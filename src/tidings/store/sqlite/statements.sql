-- Every statement of the SQLite body, by name. Sets travel as JSON arrays and are joined by json_each.

-- name: assets_by_guid
SELECT a.id, a.guid, a.type_name, a.qualified_name, a.status, a.version, a.created_at, a.created_by, a.updated_at,
       a.updated_by, a.attributes, a.custom, a.connection
FROM json_each(?) AS wanted CROSS JOIN asset AS a ON a.guid = wanted.value

-- name: assets_by_name
SELECT a.id, a.guid, a.type_name, a.qualified_name, a.status, a.version, a.created_at, a.created_by, a.updated_at,
       a.updated_by, a.attributes, a.custom, a.connection
FROM json_each(?) AS wanted CROSS JOIN asset AS a ON a.qualified_name = wanted.value

-- name: assets_by_id
SELECT a.id, a.guid, a.type_name, a.qualified_name, a.status, a.version, a.created_at, a.created_by, a.updated_at,
       a.updated_by, a.attributes, a.custom, a.connection
FROM json_each(?) AS wanted CROSS JOIN asset AS a ON a.id = wanted.value

-- name: names_by_guid
SELECT a.id, a.guid, a.type_name, a.qualified_name, a.status
FROM json_each(?) AS wanted CROSS JOIN asset AS a ON a.guid = wanted.value

-- name: names_by_name
SELECT a.id, a.guid, a.type_name, a.qualified_name, a.status
FROM json_each(?) AS wanted CROSS JOIN asset AS a ON a.qualified_name = wanted.value

-- name: names_by_id
SELECT a.id, a.guid, a.type_name, a.qualified_name, a.status
FROM json_each(?) AS wanted CROSS JOIN asset AS a ON a.id = wanted.value

-- name: glossary_assets
SELECT wanted.value, a.id, a.guid, a.type_name, a.qualified_name, a.status
FROM json_each(?) AS wanted
CROSS JOIN asset AS a INDEXED BY asset_by_glossary_name
ON json_extract(CAST(a.attributes AS TEXT), '$.name') = wanted.value
WHERE a.type_name IN ('AtlasGlossary', 'AtlasGlossaryCategory', 'AtlasGlossaryTerm') AND a.status = 0

-- name: glossaries
SELECT a.id, a.guid, a.type_name, a.qualified_name, a.status, a.version, a.created_at, a.created_by, a.updated_at,
       a.updated_by, a.attributes, a.custom, a.connection
FROM asset AS a INDEXED BY asset_by_glossary_name
WHERE a.type_name IN ('AtlasGlossary', 'AtlasGlossaryCategory', 'AtlasGlossaryTerm') AND a.type_name = 'AtlasGlossary'
  AND a.status = 0

-- name: links_by_end1
SELECT l.end1, l.end2, l.attributes
FROM json_each(?1) AS wanted CROSS JOIN link AS l ON l.end1 = wanted.value AND l.relationship = ?2

-- name: links_by_end2
SELECT l.end1, l.end2, l.attributes
FROM json_each(?1) AS wanted CROSS JOIN link AS l ON l.end2 = wanted.value AND l.relationship = ?2

-- name: all_links
SELECT r.name, l.end1, l.end2, l.attributes
FROM json_each(?1) AS wanted
CROSS JOIN link AS l ON l.end1 = wanted.value
CROSS JOIN relationship AS r ON r.number = l.relationship
UNION ALL
SELECT r.name, l.end1, l.end2, l.attributes
FROM json_each(?1) AS wanted
CROSS JOIN link AS l ON l.end2 = wanted.value
CROSS JOIN relationship AS r ON r.number = l.relationship
WHERE l.end1 NOT IN (SELECT value FROM json_each(?1))

-- name: relationships
SELECT name, number FROM relationship

-- name: add_relationship
INSERT INTO relationship (name) VALUES (?) RETURNING number

-- name: insert_asset
INSERT INTO asset (id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by,
                   attributes, custom, connection)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: update_asset
UPDATE asset SET qualified_name = ?, status = ?, version = ?, updated_at = ?, updated_by = ?, attributes = ?,
                 custom = ?, connection = ?
WHERE id = ?

-- name: stamp_asset
UPDATE asset SET status = ?, version = ?, updated_at = ?, updated_by = ? WHERE id = ?

-- name: purge_assets
DELETE FROM asset WHERE id IN (SELECT value FROM json_each(?))

-- name: purge_links_by_end1
DELETE FROM link WHERE end1 IN (SELECT value FROM json_each(?))

-- name: purge_links_by_end2
DELETE FROM link WHERE (end1, relationship, end2) IN (
    SELECT l.end1, l.relationship, l.end2 FROM json_each(?) AS wanted CROSS JOIN link AS l ON l.end2 = wanted.value
)

-- name: insert_link
INSERT INTO link (end1, relationship, end2, attributes) VALUES (?, ?, ?, ?)

-- name: delete_link
DELETE FROM link WHERE end1 = ? AND relationship = ? AND end2 = ?

-- name: update_link
UPDATE link SET attributes = ?4 WHERE end1 = ?1 AND relationship = ?2 AND end2 = ?3

-- name: insert_event
INSERT INTO log (position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: fillers
SELECT id, text FROM filler WHERE id > ?

-- name: filler_of
SELECT id FROM filler WHERE text = ?

-- name: add_filler
INSERT INTO filler (text) VALUES (?) RETURNING id

-- name: log_head
SELECT position, time FROM log ORDER BY position DESC LIMIT 1

-- name: standing
SELECT coalesce((SELECT max(position) FROM log), 0),
       coalesce((SELECT time FROM log ORDER BY position DESC LIMIT 1), 0),
       max((SELECT coalesce(max(id), 0) FROM asset),
           (SELECT coalesce(max(CAST(value AS INTEGER)), 0) FROM catalog WHERE name = 'highest_purged_id'))

-- name: set_highest_purged_id
INSERT INTO catalog (name, value) VALUES ('highest_purged_id', ?1)
ON CONFLICT (name) DO UPDATE SET value = ?1 WHERE CAST(value AS INTEGER) < CAST(?1 AS INTEGER)

-- name: log_page
SELECT position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail
FROM log WHERE position > ?1 ORDER BY position LIMIT ?2

-- name: log_filtered
SELECT position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail
FROM log
WHERE position > :after AND position <= :last
  AND (:operations IS NULL OR operation IN (SELECT value FROM json_each(:operations)))
  AND (:type_names IS NULL OR type_name IN (SELECT value FROM json_each(:type_names)))
  AND (:name_from = '' OR (qualified_name >= :name_from AND qualified_name < :name_to))
  AND (:since IS NULL OR time >= :since)
  AND (:until IS NULL OR time < :until)
ORDER BY position LIMIT :limit

-- name: log_of_guid
SELECT position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail
FROM log
WHERE guid = :guid AND position > :after
  AND (:operations IS NULL OR operation IN (SELECT value FROM json_each(:operations)))
  AND (:type_names IS NULL OR type_name IN (SELECT value FROM json_each(:type_names)))
  AND (:name_from = '' OR (qualified_name >= :name_from AND qualified_name < :name_to))
  AND (:since IS NULL OR time >= :since)
  AND (:until IS NULL OR time < :until)
ORDER BY position LIMIT :limit

-- name: log_in_guid_order
SELECT position, time, operation, guid, type_name, qualified_name, filler, opening, ending, detail
FROM log WHERE (guid, position) > (?1, ?2) ORDER BY guid, position LIMIT ?3

-- name: list_assets
SELECT id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by, attributes,
       custom, connection
FROM asset
WHERE qualified_name >= :name_from AND qualified_name < :name_to
  AND (qualified_name, type_name) > (:after_name, :after_type)
  AND (:type_names IS NULL OR type_name IN (SELECT value FROM json_each(:type_names)))
  AND (:status IS NULL OR status = :status)
ORDER BY qualified_name, type_name LIMIT :limit

-- name: assets_in_guid_order
SELECT id, guid, type_name, qualified_name, status, version, created_at, created_by, updated_at, updated_by, attributes,
       custom, connection
FROM asset WHERE guid > ?1 ORDER BY guid LIMIT ?2

-- name: links_in_order
SELECT r.name, l.end1, l.end2, l.attributes
FROM link AS l CROSS JOIN relationship AS r ON r.number = l.relationship
WHERE (l.end1, l.relationship, l.end2) > (?1, coalesce((SELECT number FROM relationship WHERE name = ?2), 0), ?3)
ORDER BY l.end1, l.relationship, l.end2 LIMIT ?4

-- name: count_assets
SELECT status, count(*) FROM asset GROUP BY status

-- name: count_links
SELECT count(*) FROM link

-- name: tokens
SELECT name, role, hash, created_at FROM token ORDER BY name

-- name: insert_token
INSERT INTO token (name, role, hash, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING RETURNING name

-- name: delete_token
DELETE FROM token WHERE name = ? RETURNING name

-- name: set_catalog_value
INSERT INTO catalog (name, value) VALUES (?, ?)

-- name: types_stamp
SELECT value FROM catalog WHERE name = 'types_stamp'

-- name: set_types_stamp
INSERT INTO catalog (name, value) VALUES ('types_stamp', ?1) ON CONFLICT (name) DO UPDATE SET value = ?1

-- name: definitions
SELECT name, category, guid, body FROM definition ORDER BY name

-- name: save_definition
INSERT INTO definition (name, category, guid, body) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (name) DO UPDATE SET body = ?4

-- name: remove_definitions
DELETE FROM definition WHERE name IN (SELECT value FROM json_each(?))

-- name: assets_by_type
SELECT type_name, count(*) FROM asset WHERE type_name IN (SELECT value FROM json_each(?)) GROUP BY type_name

-- name: links_by_relationship
SELECT r.name, count(*)
FROM relationship AS r JOIN link AS l ON l.relationship = r.number
WHERE r.name IN (SELECT value FROM json_each(?))
GROUP BY r.name

-- name: attachments_by_tag
SELECT tag, count(*) FROM attachment WHERE tag IN (SELECT value FROM json_each(?)) GROUP BY tag

-- name: attribute_holders
SELECT count(*) FROM asset AS a
WHERE a.type_name IN (SELECT value FROM json_each(?1))
  AND json_type(CAST(a.attributes AS TEXT), ?2) IS NOT NULL
  AND (?3 IS NULL OR EXISTS (
      SELECT 1 FROM json_tree(CAST(a.attributes AS TEXT), ?2) AS found
      WHERE found.atom IN (SELECT value FROM json_each(?3))
  ))

-- name: custom_holders
SELECT count(*) FROM asset AS a
WHERE a.custom IS NOT NULL
  AND json_type(CAST(a.custom AS TEXT), ?1) IS NOT NULL
  AND (?2 IS NULL OR EXISTS (
      SELECT 1 FROM json_tree(CAST(a.custom AS TEXT), ?1) AS found
      WHERE found.atom IN (SELECT value FROM json_each(?2))
  ))

-- name: neighbours_ahead
SELECT l.end1, r.name, l.end2
FROM json_each(?1) AS wanted
CROSS JOIN link AS l ON l.end1 = wanted.value
CROSS JOIN relationship AS r ON r.number = l.relationship
CROSS JOIN asset AS a ON a.id = l.end2
WHERE r.name IN (SELECT value FROM json_each(?2)) AND a.status = 0

-- name: neighbours_behind
SELECT l.end2, r.name, l.end1
FROM json_each(?1) AS wanted
CROSS JOIN link AS l ON l.end2 = wanted.value
CROSS JOIN relationship AS r ON r.number = l.relationship
CROSS JOIN asset AS a ON a.id = l.end1
WHERE r.name IN (SELECT value FROM json_each(?2)) AND a.status = 0

-- name: with_lineage
SELECT own.id
FROM json_each(?1) AS wanted CROSS JOIN asset AS own ON own.id = wanted.value
WHERE own.status = 0 AND EXISTS (
    SELECT 1
    FROM (
        SELECT own.id AS process
        UNION ALL
        SELECT l.end1 FROM link AS l
        WHERE l.end2 = own.id AND l.relationship IN (SELECT value FROM json_each(?2) UNION SELECT value FROM json_each(?4))
        UNION ALL
        SELECT l.end2 FROM link AS l
        WHERE l.end1 = own.id AND l.relationship IN (SELECT value FROM json_each(?3) UNION SELECT value FROM json_each(?5))
    ) AS near
    CROSS JOIN asset AS p ON p.id = near.process
    WHERE p.status = 0
      AND (EXISTS (
          SELECT 1 FROM link AS l CROSS JOIN asset AS a ON a.id = l.end2
          WHERE l.end1 = p.id AND l.relationship IN (SELECT value FROM json_each(?2)) AND a.status = 0
      ) OR EXISTS (
          SELECT 1 FROM link AS l CROSS JOIN asset AS a ON a.id = l.end1
          WHERE l.end2 = p.id AND l.relationship IN (SELECT value FROM json_each(?3)) AND a.status = 0
      ))
      AND (EXISTS (
          SELECT 1 FROM link AS l CROSS JOIN asset AS a ON a.id = l.end2
          WHERE l.end1 = p.id AND l.relationship IN (SELECT value FROM json_each(?4)) AND a.status = 0
      ) OR EXISTS (
          SELECT 1 FROM link AS l CROSS JOIN asset AS a ON a.id = l.end1
          WHERE l.end2 = p.id AND l.relationship IN (SELECT value FROM json_each(?5)) AND a.status = 0
      ))
)

-- name: link_at
SELECT r.name, l.end1, l.end2, l.attributes
FROM link AS l CROSS JOIN relationship AS r ON r.number = l.relationship
WHERE l.end1 = ?2 AND l.relationship = ?1 AND l.end2 = ?3

-- name: tagged
SELECT t.asset, t.attachment FROM json_each(?) AS wanted CROSS JOIN tagged AS t ON t.asset = wanted.value
ORDER BY t.asset, t.attachment

-- name: attachments
SELECT t.id, t.source, t.guid, t.tag, t.propagate, t.remove_on_delete, t.restrict_lineage, t.restrict_hierarchy, t.gone,
       t.body, coalesce(a.status, 2)
FROM json_each(?) AS wanted
CROSS JOIN attachment AS t ON t.id = wanted.value
LEFT JOIN asset AS a ON a.id = t.source

-- name: attachments_of
SELECT t.id, t.source, t.guid, t.tag, t.propagate, t.remove_on_delete, t.restrict_lineage, t.restrict_hierarchy, t.gone,
       t.body, coalesce(a.status, 2)
FROM json_each(?) AS wanted
CROSS JOIN attachment AS t ON t.source = wanted.value
LEFT JOIN asset AS a ON a.id = t.source
ORDER BY t.id

-- name: bearers
SELECT t.attachment, t.asset
FROM json_each(?) AS wanted
CROSS JOIN tagged AS t ON t.attachment = wanted.value
CROSS JOIN asset AS a ON a.id = t.asset
WHERE a.status = 0

-- name: ids_below
SELECT id FROM asset WHERE qualified_name >= ?1 AND qualified_name < ?2 ORDER BY qualified_name, type_name

-- name: ids_naming
SELECT id FROM asset WHERE connection = ? ORDER BY id

-- name: children_ahead
SELECT l.end1, l.end2 FROM json_each(?1) AS wanted CROSS JOIN link AS l ON l.end1 = wanted.value
WHERE +l.relationship IN (SELECT value FROM json_each(?2))

-- name: children_behind
SELECT l.end2, l.end1 FROM json_each(?1) AS wanted CROSS JOIN link AS l ON l.end2 = wanted.value
WHERE +l.relationship IN (SELECT value FROM json_each(?2))

-- name: connections_named
SELECT a.id, coalesce(a.connection, json_extract(CAST(a.attributes AS TEXT), '$.connectionQualifiedName'))
FROM json_each(?) AS wanted CROSS JOIN asset AS a ON a.id = wanted.value

-- name: active
SELECT a.id FROM json_each(?) AS wanted CROSS JOIN asset AS a ON a.id = wanted.value WHERE a.status = 0

-- name: types_of
SELECT a.type_name, count(*) FROM json_each(?) AS wanted CROSS JOIN asset AS a ON a.id = wanted.value
GROUP BY a.type_name ORDER BY a.type_name

-- name: has_tags
SELECT EXISTS (SELECT 1 FROM attachment)

-- name: highest_attachment
SELECT coalesce(max(id), 0) FROM attachment

-- name: insert_attachment
INSERT INTO attachment (id, source, guid, tag, propagate, remove_on_delete, restrict_lineage, restrict_hierarchy, gone,
                        body)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: update_attachment
UPDATE attachment SET propagate = ?2, remove_on_delete = ?3, restrict_lineage = ?4, restrict_hierarchy = ?5, gone = ?6,
                      body = ?7
WHERE id = ?1

-- name: tag_asset
INSERT INTO tagged (asset, attachment) VALUES (?, ?)

-- name: untag_asset
DELETE FROM tagged WHERE asset = ? AND attachment = ?

-- name: purge_tagged
DELETE FROM tagged WHERE asset IN (SELECT value FROM json_each(?))

-- name: forget_attachments
DELETE FROM attachment
WHERE id IN (SELECT value FROM json_each(?))
  AND NOT EXISTS (SELECT 1 FROM tagged AS t WHERE t.attachment = attachment.id)

-- name: tasks
SELECT kind, subject, body FROM task ORDER BY kind, subject

-- name: save_task
INSERT INTO task (kind, subject, body) VALUES (?1, ?2, ?3) ON CONFLICT (kind, subject) DO UPDATE SET body = ?3

-- name: remove_task
DELETE FROM task WHERE kind = ? AND subject = ?

-- name: cursors
SELECT name, position, created_at, updated_at FROM cursor ORDER BY name

-- name: save_cursor
INSERT INTO cursor (name, position, created_at, updated_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (name) DO UPDATE SET position = ?2, updated_at = ?4

-- name: remove_cursor
DELETE FROM cursor WHERE name = ? RETURNING name

-- name: leases
SELECT name, holder, until FROM lease ORDER BY name

-- name: lease
SELECT name, holder, until FROM lease WHERE name = ?

-- name: save_lease
INSERT INTO lease (name, holder, until) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET holder = ?2, until = ?3

-- name: remove_lease
DELETE FROM lease WHERE name = ?

-- name: log_start
SELECT CAST(value AS INTEGER) FROM catalog WHERE name = 'log_start'

-- name: log_time
SELECT time FROM log WHERE position = ?

-- name: log_bytes
SELECT coalesce(sum(length(opening) + length(ending) + length(detail)), 0) FROM log WHERE position > ?1 AND position <= ?2

-- name: trim_log
DELETE FROM log WHERE position < ?
