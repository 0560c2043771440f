-- Statements about a connection, a transaction or the whole schema; the embedded body has no use for them.

-- Every session of ours. The planner is told to go by indexes, in plans that do not depend on the values: statistics of a
-- catalog that grows by thousands a second are always old, and a plan made for an empty table would stay in a session for
-- as long as nobody analyses. Without bitmaps rows come in the order of an index, again and again. synchronous_commit is left as it is unless it would lose what was acknowledged.
-- name: settle_in
SELECT set_config('search_path', $1, false),
       set_config('statement_timeout', $2, false),
       set_config('lock_timeout', $3, false),
       set_config('idle_in_transaction_session_timeout', $4, false),
       set_config('tcp_keepalives_idle', '10', false),
       set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '3', false),
       set_config('plan_cache_mode', 'force_generic_plan', false),
       set_config('enable_seqscan', 'off', false),
       set_config('enable_bitmapscan', 'off', false),
       set_config('enable_hashjoin', 'off', false),
       set_config('enable_mergejoin', 'off', false),
       set_config('jit', 'off', false),
       set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
                                        ELSE current_setting('synchronous_commit') END, false)

-- name: about_server
SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
       current_setting('server_encoding'), pg_is_in_recovery()

-- name: schema_oid
SELECT oid::bigint FROM pg_namespace WHERE nspname = $1

-- name: begin_writing
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE

-- One writer at a time in the whole cluster; released by the system when the transaction ends, however it ends.
--
-- Why positions are dense and in the order of commit: a position is drawn as «last position + 1» by whoever holds this lock,
-- and the last position is read after the lock was had, by a statement of its own. Under READ COMMITTED that statement's
-- snapshot is taken when it begins. The holder before let go of the lock only when its commit was visible to every new
-- snapshot (PostgreSQL marks the transaction as ended before it releases its locks), or when it had been undone.
-- So the reader sees everything that was ever committed under the lock, and nothing else is under way: the next
-- position is free, the ones before it are taken, and whoever can see it can see them. The same holds for ids, numbers of
-- relationships and fillers, and for what the deciding steps compare with; hence the lock comes first, not last.
-- A sequence could promise none of this: numbers are drawn before the commit and become visible in another order, and
-- one that was drawn by a transaction that is undone leaves a hole.
--
-- It must stay a statement of its own: were it in one statement with the question for the last position, that statement's
-- snapshot would be older than the lock. REPEATABLE READ would keep the lock's snapshot for the whole transaction, with
-- the same outcome. tests/store/test_race.py shows what happens without it.
-- name: lock
SELECT pg_advisory_xact_lock($1::integer, $2::integer)

-- name: notify
SELECT pg_notify($1, $2)

-- name: commit
COMMIT

-- name: rollback
ROLLBACK

-- name: begin_reading
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY

-- name: view
SELECT coalesce((SELECT max(position) FROM log), 0),
       (SELECT count(*) FROM relationship),
       (SELECT value FROM catalog WHERE name = 'types_stamp'),
       EXISTS (SELECT FROM attachment)

-- What a poll asks: the truth behind the hints.
-- name: latest
SELECT coalesce((SELECT max(position) FROM log), 0), (SELECT value FROM catalog WHERE name = 'settings_stamp')

-- For the few statements that read whole tables.
-- name: whole_tables
SELECT set_config('enable_seqscan', $1, true), set_config('enable_hashjoin', $1, true)

-- A number alone proves nothing: a server that crashed forgets numbers of transactions that had written nothing to its disk,
-- and gives them to others. So the last event that ours appended is looked for as well.
-- name: outcome
SELECT pg_xact_status($1::text::xid8), (SELECT detail FROM log WHERE position = $2::bigint),
       coalesce((SELECT max(position) FROM log), 0)

-- A connection that broke may still stand at the server's end, and hold the lock until the server notices.
-- name: end_other
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1::integer AND backend_xid = $2::text::xid8::xid

-- name: may_write
SELECT has_table_privilege('asset', 'INSERT') AND has_table_privilege('asset', 'UPDATE')
   AND has_table_privilege('asset', 'DELETE') AND has_table_privilege('log', 'INSERT')

-- name: has_catalog
SELECT to_regclass(quote_ident($1) || '.migration') IS NOT NULL, EXISTS (
    SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1
)

-- name: format
SELECT coalesce(max(number), 0) FROM migration

-- name: add_migration
INSERT INTO migration (number) VALUES ($1)

-- An index of a large catalog takes as long as it takes.
-- name: migration_limits
SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', $1, true)

-- name: migration_lock
SELECT pg_advisory_xact_lock($1::integer, hashtext($2))

-- name: invalid_indexes
SELECT i.indexrelid::regclass::text FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
WHERE c.relnamespace = current_schema()::regnamespace AND NOT (i.indisvalid AND i.indisready)
