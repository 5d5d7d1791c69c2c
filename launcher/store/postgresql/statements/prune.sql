-- What prune removes.

-- Set by count_partition, before this is looked at: a statement's columns are made from left to right.
-- fragment: is_estimated
coalesce(current_setting('{{schema}}.estimated', true), '') = 'on'

-- name: drop_partition
-- doing: drop an old partition
SELECT {{schema}}.drop_partition($1, $2), {{is_estimated}};

-- name: drop_sample_partition
-- doing: drop an old partition
SELECT upper_end, row_count, {{is_estimated}} FROM {{schema}}.drop_sample_partition($1, $2, $3);

-- name: lock_readers
-- doing: lock the batches that read series
-- A commit holds its batch before it writes: one that read what is about to go waits, and is refused.
SELECT
FROM {{schema}}.batch
WHERE id IN (
    SELECT c.batch_id
    FROM {{schema}}.calculation_input i
        JOIN {{schema}}.calculation c ON c.id = i.calculation_id
    WHERE i.series_id = ANY ($1)
)
ORDER BY id
FOR UPDATE;

-- name: note_pruned
-- doing: note how far series are pruned
WITH gone AS MATERIALIZED (
    SELECT r.id, f.ts AS first, l.ts AS last
    FROM unnest($1::int8[], $2::timestamptz[]) r (id, before)
        CROSS JOIN LATERAL (
            SELECT ts
            FROM {{schema}}.sample
            WHERE series_id = r.id AND ts < r.before AND ts < $3
            ORDER BY ts
            LIMIT 1
        ) f
        CROSS JOIN LATERAL (
            SELECT ts
            FROM {{schema}}.sample
            WHERE series_id = r.id AND ts < r.before AND ts < $3
            ORDER BY ts DESC
            LIMIT 1
        ) l
)
UPDATE {{schema}}.series s
SET pruned_from = least(s.pruned_from, g.first), pruned_to = greatest(s.pruned_to, g.last)
FROM gone g
WHERE s.id = g.id
RETURNING s.id, g.last;

-- name: touch_readers
-- doing: mark the batches of pruned series
UPDATE {{schema}}.batch
SET generation = generation + 1
WHERE id IN (
    SELECT c.batch_id
    FROM {{schema}}.calculation_input i
        JOIN {{schema}}.calculation c ON c.id = i.calculation_id
    WHERE i.series_id = ANY ($1)
);

-- name: prefer_rows
-- doing: delete old samples
-- A statement of their own: the next one is planned by them. A scan for each thousand series would read all
-- each time.
SELECT set_config('{{schema}}.noted', 'off', true), set_config('{{schema}}.mirrored', 'off', true),
    set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true);

-- name: prune_superseded
-- doing: delete old superseded results
DELETE FROM {{schema}}.superseded s
USING unnest($1::int8[], $2::timestamptz[]) r (id, before)
WHERE s.series_id = r.id AND s.ts < r.before;

-- name: prune_samples
-- doing: delete old samples
-- From the first one that was noted to the last, both included: not what came before them since; so many of
-- each series.
WITH bound AS MATERIALIZED (
    SELECT r.id, p.pruned_from AS first, coalesce(
        (
            SELECT ts
            FROM {{schema}}.sample
            WHERE series_id = r.id AND ts >= p.pruned_from AND ts <= r.last AND ts <= $3
            ORDER BY ts OFFSET $4
            LIMIT 1
        ), r.last + interval '1 microsecond'
    ) AS before
    FROM unnest($1::int8[], $2::timestamptz[]) r (id, last)
        JOIN {{schema}}.series p ON p.id = r.id
)
DELETE FROM {{schema}}.sample s
USING bound b
WHERE s.series_id = b.id AND s.ts >= b.first AND s.ts < b.before AND s.ts <= $3;

-- name: each_orphans
-- doing: look for samples of no series
-- reads: all of series
-- They are between the ids of two series that follow one another: from one to the next, by the index.
WITH RECURSIVE nobody (id, before) AS (
    SELECT (
        SELECT series_id
        FROM {{schema}}.sample
        WHERE series_id > g.after AND series_id < g.before AND ts < $1
        ORDER BY series_id
        LIMIT 1
    ), g.before
    FROM (
        SELECT coalesce(lag(s.id) OVER (ORDER BY s.id), -9223372036854775808) AS after,
            coalesce(s.id, 9223372036854775807) AS before
        FROM (SELECT id FROM {{schema}}.series UNION ALL SELECT NULL) s
    ) g
    WHERE g.before - 1 > g.after
    UNION ALL
    SELECT (
        SELECT series_id
        FROM {{schema}}.sample
        WHERE series_id > n.id AND series_id < n.before AND ts < $1
        ORDER BY series_id
        LIMIT 1
    ), n.before
    FROM nobody n
    WHERE n.id IS NOT NULL
)
SELECT id
FROM nobody
WHERE id IS NOT NULL;

-- name: prune_orphans
-- doing: delete old samples of no series
DELETE FROM {{schema}}.sample s
USING (SELECT series_id, ts FROM {{schema}}.sample WHERE series_id = ANY ($1) AND ts < $2 LIMIT $3) o
WHERE s.series_id = o.series_id AND s.ts = o.ts AND s.ts < $2;

-- name: restore_pruned
-- doing: take back how far a series was pruned
UPDATE {{schema}}.series SET pruned_from = $2, pruned_to = $3 WHERE id = $1;

-- name: count_outcomes
-- doing: count old outcomes
SELECT count(*) FROM {{schema}}.outcome WHERE tick < $1;

-- name: prune_outcomes
-- doing: delete old outcomes
DELETE FROM {{schema}}.outcome WHERE tick < $1;

-- name: count_runs
-- doing: count old runs
SELECT count(*) FROM {{schema}}.run WHERE tick < $1 AND result <> 'running';

-- name: prune_runs
-- doing: delete old runs
DELETE FROM {{schema}}.run WHERE tick < $1 AND result <> 'running';
