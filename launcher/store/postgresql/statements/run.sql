-- Runs: one at a time, each with a row.

-- name: lock
-- doing: wait for a lock
SELECT pg_advisory_xact_lock({{lock_class}}, $1);

-- name: try_lock_run
-- doing: take the lock of a run
-- The number is put in at run time: a statement with parameters would keep a snapshot, which holds back vacuum.
SELECT pg_try_advisory_xact_lock({{lock_class}}, %1$d);

-- name: is_locked
-- doing: look at a lock
-- It is looked at, and not taken for a moment: the run that wants it just then would find it taken.
SELECT EXISTS (
    SELECT
    FROM pg_locks
    WHERE locktype = 'advisory'
        AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND classid = {{lock_class}}
        AND objid = $1::int4::oid
        AND objsubid = 2
);

-- name: enter_run
-- doing: wait for another run to begin
-- Fetchers wait for this commit, which does not have to wait for the disk: all of the run comes behind it in
-- the log, and should it be lost, the changes that it took are there again.
SELECT pg_advisory_xact_lock({{lock_class}}, $1), set_config('synchronous_commit', 'off', true);

-- Series of tables that the configuration does not have.
-- fragment: of_lost_table
FROM {{schema}}.series
WHERE source_table NOT IN ('', 'own') AND source_table <> ALL ($7::text[])

-- name: begin_run
-- doing: note the run
WITH left_over AS (
    UPDATE {{schema}}.run
    SET result = 'interrupted',
        error = 'killed, or its machine went down, or it lost its lock: the next run did the rest'
    WHERE result = 'running' AND kind = $6
)
INSERT INTO {{schema}}.run (tick, started, host, process, program_version, result, kind)
VALUES ($1, $2, $3, $4, $5, 'running', $6)
RETURNING id, (SELECT min(name) {{of_lost_table}}), (SELECT min(source_table) {{of_lost_table}}),
    to_regprocedure('{{schema}}.mirror_results()') IS NOT NULL, (
        SELECT count(*)
        FROM pg_proc
        WHERE proname >= 'note_rows_' AND proname < 'note_rows`' AND pronamespace = '{{schema}}'::regnamespace
    );

-- name: lock_running
-- doing: look at the run
-- begin_run waits for whoever holds this: what it reads afterwards, no abandoned run changes.
SELECT
FROM {{schema}}.run
WHERE id = $1 AND result = 'running'
FOR SHARE;

-- name: end_run
-- doing: note the end of the run
-- reads: all of moving
UPDATE {{schema}}.run
SET ended = $2, result = $3, error = $4, windows = $5, newly_failed = $6, samples_read = $7,
    samples_written = $8, still_due = $9, recomputed = $10, kept_imported = $11,
    planning_us = $12, fetch_us = $13, compute_us = $14, commit_us = $15, states = $16::text::json
WHERE id = $1 AND result = 'running'
RETURNING EXISTS (SELECT FROM {{schema}}.moving);

-- name: each_run
-- doing: read the runs
-- reads: all of run where those of a period are asked for
SELECT id, tick, started, ended, host, process, program_version, result, error, windows, newly_failed,
    samples_read, samples_written, still_due, kind, recomputed, kept_imported, planning_us, fetch_us, compute_us,
    commit_us,
    ARRAY(
        SELECT coalesce((states ->> s.word)::bigint, 0)
        FROM unnest(ARRAY[{{states}}]) WITH ORDINALITY s (word, place)
        ORDER BY s.place
    )
FROM {{schema}}.run
WHERE ($1 = 0 OR id = $1)
    AND ($2::timestamptz IS NULL OR tick >= $2)
    AND ($3::timestamptz IS NULL OR tick < $3)
ORDER BY id DESC
LIMIT $4;
