-- Late rows in tables of somebody else: triggers note them, as those of sample do.
--
-- What is put in at run time: %1$s the function; in its text %2$s the key of a row and %3$s its time, %4$s the name of
-- the table in the configuration; of a trigger %1$s is the table, %2$s the function.

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
        WHERE s.source_table = ANY (%4$s) AND NOT s.shadow
            AND NOT EXISTS (SELECT FROM {{schema}}.calculation_output w WHERE w.series_id = s.id)
        HAVING count(*) > 0;
    ELSIF TG_OP = ''UPDATE'' THEN
        INSERT INTO {{schema}}.change (series_ids, firsts, lasts, first, last)
        SELECT array_agg(h.id), array_agg(h.first), array_agg(h.last), min(h.first), max(h.last)
        FROM (
            SELECT s.id, min(r.ts) AS first, max(r.ts) AS last
            FROM (SELECT %2$s AS key, %3$s AS ts FROM before t UNION ALL SELECT %2$s, %3$s FROM touched t) r
                JOIN {{schema}}.series s ON coalesce(nullif(s.source_key, ''''), s.name) = r.key
            WHERE s.source_table = ANY (%4$s) AND NOT s.shadow
                AND NOT EXISTS (SELECT FROM {{schema}}.calculation_output w WHERE w.series_id = s.id)
            GROUP BY s.id, date_trunc(''hour'', r.ts, ''UTC'')
        ) h
        HAVING count(*) > 0;
    ELSE
        INSERT INTO {{schema}}.change (series_ids, firsts, lasts, first, last)
        SELECT array_agg(h.id), array_agg(h.first), array_agg(h.last), min(h.first), max(h.last)
        FROM (
            SELECT s.id, min(r.ts) AS first, max(r.ts) AS last
            FROM (SELECT %2$s AS key, %3$s AS ts FROM touched t) r
                JOIN {{schema}}.series s ON coalesce(nullif(s.source_key, ''''), s.name) = r.key
            WHERE s.source_table = ANY (%4$s) AND NOT s.shadow
                AND NOT EXISTS (SELECT FROM {{schema}}.calculation_output w WHERE w.series_id = s.id)
            GROUP BY s.id, date_trunc(''hour'', r.ts, ''UTC'')
        ) h
        HAVING count(*) > 0;
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
