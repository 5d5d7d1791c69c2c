-- Late rows in tables of somebody else: triggers note them, as those of sample do, or runs ask for them.
--
-- What is put in at run time: %1$s the function; in its text %2$s the key of a row and %3$s its time, %4$s the name of
-- the table in the configuration; of a trigger %1$s is the table, %2$s the function. Of mapped_…: %1$s a
-- relation with the columns key (a text), ts, written and row_version.

-- What a table's rows can change: series of it that are measured.
-- fragment: is_followed tables
s.source_table = ANY ({{tables}})
AND NOT s.shadow
AND NOT EXISTS (SELECT FROM {{schema}}.calculation_output w WHERE w.series_id = s.id)

-- Notes the hours of rows. Of a relation with key and ts; quote: what stands around texts.
-- fragment: note_hours rows matching tables quote
INSERT INTO {{schema}}.change (series_ids, firsts, lasts, first, last)
SELECT array_agg(h.id), array_agg(h.first), array_agg(h.last), min(h.first), max(h.last)
FROM (
    SELECT s.id, min(r.ts) AS first, max(r.ts) AS last
    FROM {{rows}} r
        JOIN {{schema}}.series s ON {{matching}}
    WHERE {{is_followed {{tables}}}}
    GROUP BY s.id, date_trunc({{quote}}hour{{quote}}, r.ts, {{quote}}UTC{{quote}})
) h
HAVING count(*) > 0

-- fragment: by_key quote
coalesce(nullif(s.source_key, {{quote}}{{quote}}), s.name) = r.key

-- name: each_noting
-- doing: look for the triggers that note late rows
SELECT quote_ident(proname), obj_description(oid, 'pg_proc')
FROM pg_proc
WHERE proname >= 'note_rows_' AND proname < 'note_rows`' AND pronamespace = '{{schema}}'::regnamespace;

-- name: drop_noting
-- doing: take off triggers that note late rows
DROP FUNCTION IF EXISTS {{schema}}.%1$s() CASCADE;

-- name: create_noting
-- doing: make the function that notes late rows
-- With the rights of the schema's owner, as note_change.
CREATE FUNCTION {{schema}}.%1$s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS '
BEGIN
    IF current_setting(''{{schema}}.noted'', true) = ''off'' THEN
        RETURN NULL;
    ELSIF TG_OP = ''TRUNCATE'' THEN
        INSERT INTO {{schema}}.change (series_ids, firsts, lasts, first, last)
        SELECT array_agg(s.id), array_agg(timestamptz ''-infinity''), array_agg(timestamptz ''infinity''), ''-infinity'', ''infinity''
        FROM {{schema}}.series s
        WHERE {{is_followed %4$s}}
        HAVING count(*) > 0;
    ELSIF TG_OP = ''UPDATE'' THEN
        {{note_hours
            (SELECT %2$s AS key, %3$s AS ts FROM before t UNION ALL SELECT %2$s, %3$s FROM touched t),
            {{by_key ''}}, %4$s, ''}};
    ELSE
        {{note_hours (SELECT %2$s AS key, %3$s AS ts FROM touched t), {{by_key ''}}, %4$s, ''}};
    END IF;
    RETURN NULL;
END';

-- name: rows_inserted
-- doing: make the triggers that note late rows
CREATE TRIGGER local_processing_inserted AFTER INSERT ON %1$s REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.%2$s();

-- name: rows_updated
-- doing: make the triggers that note late rows
CREATE TRIGGER local_processing_updated AFTER UPDATE ON %1$s REFERENCING OLD TABLE AS before NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.%2$s();

-- name: rows_deleted
-- doing: make the triggers that note late rows
CREATE TRIGGER local_processing_deleted AFTER DELETE ON %1$s REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.%2$s();

-- name: rows_truncated
-- doing: make the triggers that note late rows
CREATE TRIGGER local_processing_truncated AFTER TRUNCATE ON %1$s
FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.%2$s();

-- name: note_noting
-- doing: note what triggers were made of
COMMENT ON FUNCTION {{schema}}.%1$s IS %2$s;

-- name: find_owner
-- doing: look for the owner of the schema
SELECT quote_ident(pg_get_userbyid(nspowner)) FROM pg_namespace WHERE nspname = '{{schema}}';

-- name: give_noting
-- doing: let the function that notes late rows have the rights of the schema's owner
ALTER FUNCTION {{schema}}.%1$s() OWNER TO %2$s;

-- A row's transaction as a number that does not begin again: a row shows the lower half, and cannot be of one to come.
-- fragment: transaction_of row_version
CASE
    WHEN n.next / n.round * n.round + {{row_version}}::text::bigint < n.next
        THEN n.next / n.round * n.round + {{row_version}}::text::bigint
    ELSE (n.next / n.round - 1) * n.round + {{row_version}}::text::bigint
END

-- Rows that were written since the last look: from $1 on, by a transaction that is not older than $2, of samples from
-- $3 to before $4.
-- fragment: written_since_then
%1$s r
    CROSS JOIN (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next, 4294967296 AS round) n
WHERE r.written >= $1
    AND r.ts >= $3
    AND r.ts < $4
    AND {{transaction_of r.row_version}} >= $2::bigint

-- name: is_late_seen
-- doing: look up to where late rows were looked for
SELECT seen_from, CASE WHEN cluster = {{this_cluster}} THEN seen_transaction ELSE 0 END, ingestion_time
FROM {{schema}}.late_seen
WHERE name = $1;

-- fragment: this_cluster
(SELECT system_identifier FROM pg_control_system())

-- name: see_late
-- doing: note up to where late rows were looked for
-- Before the look: what is committed between both is seen twice. A transaction that has written and goes on has rows
-- that are as old as itself; where the server does not tell of it, there is the overlap ($3, in microseconds).
WITH earlier AS (
    SELECT * FROM {{schema}}.late_seen WHERE name = $1 FOR UPDATE
)
INSERT INTO {{schema}}.late_seen AS l (name, ingestion_time, seen_from, seen_transaction, cluster)
SELECT $1, $2, least(
        statement_timestamp() - $3::bigint * interval '1 microsecond', (
            SELECT min(xact_start)
            FROM pg_stat_activity
            WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
        )
    ), pg_snapshot_xmin(pg_current_snapshot())::text::bigint, {{this_cluster}}
-- The row as it was is read here: behind the update it would not be found any more.
FROM (SELECT count(*) FROM earlier) e
ON CONFLICT (name) DO UPDATE
SET ingestion_time = excluded.ingestion_time, seen_from = excluded.seen_from,
    seen_transaction = excluded.seen_transaction, cluster = excluded.cluster
RETURNING (SELECT seen_from FROM earlier),
    (SELECT CASE WHEN cluster = {{this_cluster}} THEN seen_transaction ELSE 0 END FROM earlier);

-- name: mapped_is_late
-- doing: look for late rows
SELECT EXISTS (SELECT FROM {{written_since_then}});

-- name: mapped_note_late
-- doing: look for late rows
{{note_hours (SELECT r.key, r.ts FROM {{written_since_then}}), {{by_key '}}, $5::text[], '}};

-- name: mapped_note_late_wide
-- doing: look for late rows
-- reads: all of series, calculation_output
-- A row is one of each series. Both ends of an hour are enough.
{{note_hours
    (SELECT unnest(ARRAY[min(r.ts), max(r.ts)]) AS ts FROM {{written_since_then}} GROUP BY date_trunc('hour', r.ts, 'UTC')),
    true, $5::text[], '}};

-- name: find_unindexed
-- doing: look for indexes of a table
-- Its parts of more than $3 bytes, partitions or heirs, that have no index which begins with a column.
WITH RECURSIVE part AS (
    SELECT to_regclass($1)::oid AS id
    UNION
    SELECT i.inhrelid
    FROM part p
        JOIN pg_inherits i ON i.inhparent = p.id
)
SELECT count(*)
FROM part p
WHERE pg_relation_size(p.id) >= $3::int8
    AND NOT EXISTS (
        SELECT
        FROM pg_index x
            JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0]
        WHERE x.indrelid = p.id AND a.attname = $2 AND x.indpred IS NULL AND x.indisvalid
    );

-- name: forget_seen
-- doing: forget up to where late rows were looked for
-- reads: all of late_seen
DELETE FROM {{schema}}.late_seen WHERE name <> ALL ($1::text[]);
