-- Results in a table of somebody else: triggers of sample put there what is written here, in one transaction.
--
-- What is put in at run time: %1$s the table, %2$s its column of keys and %3$s their type, %4$s its column of times and
-- %5$s a time of ours as that has it, %6$s what an update sets, %7$s the columns and %8$s the values of a new row.

-- name: drop_mirror
-- doing: take off the triggers that mirror results
DROP FUNCTION IF EXISTS {{schema}}.mirror_results() CASCADE;

-- name: create_mirror
-- doing: make the function that mirrors results
-- A row that is there is changed, and keeps its other columns; there need not be a unique key, since who writes a result
-- has locked its series. What prune deletes here stays there.
--
-- Where the table refuses a row, each is tried by itself, unless the table as a whole is wrong or locked. An error of this
-- program's own (LP001) lists what was refused and why, a line for each window of a series, and no more of them than a
-- server's log should be filled with: the next try meets the rest. What is no refusal (a deadlock, a full disk, a
-- shutdown) stays what it is.
CREATE FUNCTION {{schema}}.mirror_results() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s' AS '
DECLARE
    most CONSTANT int := 500;
    refused text[] := ''{}'';
    state text;
    message text;
    detail text;
BEGIN
    IF current_setting(''{{schema}}.mirrored'', true) = ''off'' THEN
        RETURN NULL;
    END IF;
    BEGIN
        IF TG_OP = ''DELETE'' THEN
            DELETE FROM %1$s t
            USING touched r, {{schema}}.series s
            WHERE s.id = r.series_id AND NOT s.shadow
                AND EXISTS (SELECT FROM {{schema}}.calculation_output w WHERE w.series_id = s.id)
                AND t.%2$s = coalesce(nullif(s.source_key, ''''), s.name)::%3$s AND t.%4$s = %5$s;
        ELSE
            WITH n AS MATERIALIZED (
                SELECT coalesce(nullif(s.source_key, ''''), s.name)::%3$s AS key, %5$s AS time, r.*
                FROM touched r, {{schema}}.series s
                WHERE s.id = r.series_id AND NOT s.shadow
                    AND EXISTS (SELECT FROM {{schema}}.calculation_output w WHERE w.series_id = s.id)
            ), known AS (
                UPDATE %1$s t SET %6$s FROM n WHERE t.%2$s = n.key AND t.%4$s = n.time RETURNING n.key, n.time
            )
            INSERT INTO %1$s (%7$s)
            SELECT %8$s FROM n WHERE NOT EXISTS (SELECT FROM known k WHERE k.key = n.key AND k.time = n.time);
        END IF;
        SET CONSTRAINTS ALL IMMEDIATE;
        RETURN NULL;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
        IF state ~ ''^(40|53|57|58|XX)'' THEN
            RAISE;
        END IF;
    END;
    DECLARE
        each CONSTANT bool := state !~ ''^(0A|42|55)'';
        n record;
    BEGIN
        FOR n IN
            SELECT coalesce(nullif(s.source_key, ''''), s.name)::%3$s AS key, %5$s AS time, r.*
            FROM touched r, {{schema}}.series s
            WHERE s.id = r.series_id AND NOT s.shadow
                AND EXISTS (SELECT FROM {{schema}}.calculation_output w WHERE w.series_id = s.id)
        LOOP
            BEGIN
                IF NOT each THEN
                    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message;
                ELSIF TG_OP = ''DELETE'' THEN
                    DELETE FROM %1$s t WHERE t.%2$s = n.key AND t.%4$s = n.time;
                ELSE
                    UPDATE %1$s t SET %6$s WHERE t.%2$s = n.key AND t.%4$s = n.time;
                    IF NOT FOUND THEN
                        INSERT INTO %1$s (%7$s) VALUES (%8$s);
                    END IF;
                END IF;
                SET CONSTRAINTS ALL IMMEDIATE;
            EXCEPTION WHEN OTHERS THEN
                GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
                IF state ~ ''^(40|53|57|58|XX)'' THEN
                    RAISE;
                END IF;
                refused := refused || concat_ws('' '', n.series_id,
                    coalesce(round(extract(epoch FROM n.window_end) * 1000000)::int8::text, ''-''),
                    replace(concat_ws('': '', message, nullif(detail, '''')), chr(10), '' ''));
                EXIT WHEN cardinality(refused) = most;
            END;
        END LOOP;
    END;
    IF refused <> ''{}'' THEN
        RAISE EXCEPTION USING ERRCODE = ''LP001'', MESSAGE = message, DETAIL = array_to_string(refused, chr(10));
    END IF;
    RETURN NULL;
END';

-- name: mirror_inserts
-- doing: make the triggers that mirror results
CREATE TRIGGER mirror_inserts AFTER INSERT ON {{schema}}.sample REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.mirror_results();

-- name: mirror_updates
-- doing: make the triggers that mirror results
CREATE TRIGGER mirror_updates AFTER UPDATE ON {{schema}}.sample REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.mirror_results();

-- name: mirror_deletes
-- doing: make the triggers that mirror results
CREATE TRIGGER mirror_deletes AFTER DELETE ON {{schema}}.sample REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.mirror_results();

-- name: note_mirror
-- doing: note what the triggers that mirror results were made of
COMMENT ON FUNCTION {{schema}}.mirror_results IS %1$s;

-- name: find_mirror
-- doing: look for the triggers that mirror results
SELECT obj_description(to_regprocedure('{{schema}}.mirror_results()'), 'pg_proc');
