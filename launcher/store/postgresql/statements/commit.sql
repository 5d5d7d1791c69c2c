-- What a commit of a batch checks and stores: results, outcomes, states, pending windows.

-- fragment: put_aside
ON CONFLICT (series_id, ts, window_end) DO UPDATE
SET value = excluded.value, quality = excluded.quality, coverage = excluded.coverage, samples = excluded.samples

-- An error is kept until the next one, and shown while the calculation fails or owes a window that failed.
-- fragment: kept what
CASE
    WHEN coalesce(excluded.error_type, excluded.error_message) IS NULL THEN s.error_{{what}}
    ELSE excluded.error_{{what}}
END

-- name: move_watermark
-- doing: move the batch's watermark
WITH running AS (SELECT FROM {{schema}}.run WHERE id = $5 AND result = 'running' FOR SHARE)
UPDATE {{schema}}.batch
SET watermark = $4, last_run_id = $5, last_tick = $6, last_outcome = nextval('{{schema}}.outcome_id_seq')
WHERE id = $1 AND generation = $2 AND watermark IS NOT DISTINCT FROM $3 AND EXISTS (SELECT FROM running)
RETURNING last_outcome, set_config('{{schema}}.noted', $7, true);

-- name: lock_retry
-- doing: lock the batches of what is tried again
-- A commit of the batch that moves its watermark has to wait, or is waited for; so has apply.
SELECT
FROM {{schema}}.batch
WHERE id IN (SELECT batch_id FROM {{schema}}.calculation WHERE id = ANY ($1))
ORDER BY id
FOR SHARE;

-- name: read_retry
-- doing: read what is tried again
-- Not with the lock: what it had waited for would not be seen here.
SELECT r.n, c.version, c.enabled, b.watermark, o.froms, o.tos, b.generation
FROM unnest($1::int8[]) WITH ORDINALITY r (id, n)
    JOIN {{schema}}.calculation c ON c.id = r.id
    JOIN {{schema}}.batch b ON b.id = c.batch_id
    CROSS JOIN LATERAL (
        SELECT array_agg(z.results_from), array_agg(z.results_to)
        FROM (
            SELECT coalesce(y.results_from, 0) AS results_from, coalesce(y.results_to, 0) AS results_to
            FROM {{schema}}.calculation_output x
                JOIN {{schema}}.series y ON y.id = x.series_id
            WHERE x.calculation_id = c.id
            ORDER BY x.position
        ) z
    ) o (froms, tos);

-- name: read_states
-- doing: read the states of a batch
SELECT r.n, s.state, s.since, s.failing_since, s.window_end, s.cause_id
FROM unnest($1::int8[]) WITH ORDINALITY r (id, n)
    JOIN {{schema}}.state s ON s.calculation_id = r.id;

-- name: read_pending
-- doing: read the pending windows that were tried again
SELECT r.n, p.attempts
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY r
    (id, window_start, window_end, n)
    JOIN {{schema}}.pending p
        ON p.calculation_id = r.id AND p.window_start = r.window_start AND p.window_end = r.window_end
WHERE NOT p.given_up
ORDER BY r.n
FOR UPDATE OF p;

-- name: lock_results
-- doing: wait for who writes the same series
SELECT
FROM {{schema}}.series
WHERE id = ANY ($1)
ORDER BY id
FOR NO KEY UPDATE;

-- name: add_results
-- doing: store results
INSERT INTO {{schema}}.sample {{results}};

-- name: add_results_to_partition
-- doing: store results
-- The same into one partition, by its name (see struct pg_store), which is put in at run time, as long as it
-- is one: a table that was detached gets nothing. By way of a row of pg_class, since the server takes the
-- answer of pg_partition_root for a constant where it can.
INSERT INTO %1$s {{results}}
WHERE (SELECT pg_partition_root(oid) FROM pg_class WHERE oid = '%1$s'::regclass) = '{{schema}}.sample'::regclass;

-- name: put_results
-- doing: store results
INSERT INTO {{schema}}.sample AS s {{results}}
ON CONFLICT (series_id, ts) DO UPDATE
SET value = excluded.value, quality = excluded.quality, coverage = excluded.coverage,
    samples = excluded.samples, window_end = excluded.window_end
WHERE (
    s.window_end <= excluded.window_end
    OR s.window_end > $9
    OR s.window_end IS NULL AND ($8 OR s.samples IS NOT NULL OR s.coverage IS NOT NULL)
)
    AND (s.value, coalesce(s.quality, 0), s.coverage, s.samples, s.window_end)
        IS DISTINCT FROM (
            excluded.value, coalesce(excluded.quality, 0), excluded.coverage, excluded.samples,
            excluded.window_end
        );

-- name: set_aside
-- doing: keep results of earlier windows
WITH n AS MATERIALIZED (
    SELECT *
    FROM unnest(
        $1::int8[], $2::timestamptz[], $3::float8[], $4::int2[], $5::float8[], $6::int4[], $7::timestamptz[]
    ) n (series_id, ts, value, quality, coverage, samples, window_end)
), met AS MATERIALIZED (
    SELECT s.series_id, s.ts, s.window_end, s.value, s.quality, s.coverage, s.samples, n.window_end AS of_new
    FROM n
        JOIN {{schema}}.sample s ON s.series_id = n.series_id AND s.ts = n.ts AND s.ts >= $8 AND s.ts <= $9
    WHERE s.window_end <> n.window_end AND s.window_end <= $10
)
INSERT INTO {{schema}}.superseded (series_id, ts, window_end, value, quality, coverage, samples)
SELECT series_id, ts, window_end, value, quality, coverage, samples
FROM met
WHERE window_end < of_new
UNION ALL
SELECT n.series_id, n.ts, n.window_end, n.value, n.quality, n.coverage, n.samples
FROM met m
    JOIN n ON n.series_id = m.series_id AND n.ts = m.ts
WHERE m.window_end > m.of_new
{{put_aside}};

-- name: put_superseded
-- doing: keep results of earlier windows
INSERT INTO {{schema}}.superseded {{results}}
{{put_aside}};

-- name: take_off_results
-- doing: take off results that are none any more
-- NOT IN, which is hashed whatever the planner believes to be in the arrays. What is back is of windows that
-- were not computed here.
WITH r AS MATERIALIZED (
    SELECT *
    FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[]) r
        (series_id, first, last, after_end, until_end)
), made AS MATERIALIZED (
    SELECT * FROM unnest($8::int8[], $9::timestamptz[], $10::timestamptz[]) k (series_id, ts, window_end)
), gone AS (
    DELETE FROM {{schema}}.sample s
    USING r
    WHERE s.series_id = r.series_id
        AND s.ts >= r.first
        AND s.ts <= r.last
        AND s.ts >= $6
        AND s.ts <= $7
        AND CASE
            WHEN r.until_end IS NOT NULL
                THEN s.window_end > r.after_end AND s.window_end <= r.until_end
                    AND (s.series_id, s.ts, s.window_end) NOT IN (SELECT series_id, ts, window_end FROM made)
            ELSE s.window_end IS NULL AND (s.samples IS NOT NULL OR s.coverage IS NOT NULL)
                AND (s.series_id, s.ts) NOT IN (SELECT series_id, ts FROM made)
        END
    RETURNING s.series_id, s.ts
), unmade AS (
    DELETE FROM {{schema}}.superseded d
    USING r
    WHERE d.series_id = r.series_id
        AND d.ts >= r.first
        AND d.ts <= r.last
        AND d.window_end > r.after_end
        AND d.window_end <= r.until_end
), back AS (
    DELETE FROM {{schema}}.superseded d
    USING (
        SELECT DISTINCT ON (g.series_id, g.ts) p.series_id, p.ts, p.window_end
        FROM gone g
            JOIN {{schema}}.superseded p ON p.series_id = g.series_id AND p.ts = g.ts
        WHERE NOT EXISTS (
            SELECT
            FROM r
            WHERE r.series_id = p.series_id AND p.window_end > r.after_end AND p.window_end <= r.until_end
        )
        ORDER BY g.series_id, g.ts, p.window_end DESC
    ) b
    WHERE d.series_id = b.series_id AND d.ts = b.ts AND d.window_end = b.window_end
    RETURNING d.*
), stored AS (
    INSERT INTO {{schema}}.sample (series_id, ts, value, quality, coverage, samples, window_end)
    SELECT series_id, ts, value, quality, coverage, samples, window_end
    FROM back
)
SELECT count(*)
FROM gone;

-- name: count_imported
-- doing: look for imported results
SELECT count(*)
FROM unnest($1::int8[], $2::timestamptz[]) n (series_id, ts)
    JOIN {{schema}}.sample s ON s.series_id = n.series_id AND s.ts = n.ts AND s.ts >= $3 AND s.ts <= $4
WHERE s.window_end IS NULL AND s.samples IS NULL AND s.coverage IS NULL;

-- name: widen_results
-- doing: note where results lie
-- In the order of id, as others lock them. The packed definitions have the old ones.
WITH wider AS MATERIALIZED (
    SELECT s.id, r.first, r.beyond
    FROM unnest($1::int8[], $2::int8[], $3::int8[]) r (id, first, beyond)
        JOIN {{schema}}.series s ON s.id = r.id
    ORDER BY s.id
    FOR NO KEY UPDATE OF s
), packed AS (
    DELETE FROM {{schema}}.batch_definition
    WHERE batch_id IN (
        SELECT c.batch_id
        FROM {{schema}}.calculation_output o
            JOIN {{schema}}.calculation c ON c.id = o.calculation_id
        WHERE o.series_id = ANY ($1)
    )
)
UPDATE {{schema}}.series s
SET results_from = least(s.results_from, w.first), results_to = greatest(s.results_to, w.beyond)
FROM wider w
WHERE s.id = w.id AND ((s.results_from <= w.first AND s.results_to >= w.beyond) IS NOT TRUE);

-- name: add_outcomes
-- doing: store outcomes
INSERT INTO {{schema}}.outcome (
    id, run_id, batch_id, tick, window_start, window_end, calculation_ids, states, durations_us, samples_read,
    reason, definition_versions, rule_versions, which_versions
)
SELECT coalesce(r.id, nextval('{{schema}}.outcome_id_seq')), $1, $2, $3, r.window_start, r.window_end,
    ($8::int8[])[r.first:r.last], ($9::int2[])[r.first:r.last], ($10::int4[])[r.first:r.last],
    ($11::int4[])[r.first:r.last], $13, ($16::int4[])[r.first_version:r.last_version],
    ($17::text[])[r.first_version:r.last_version],
    CASE WHEN r.first_version < r.last_version THEN ($18::int2[])[r.first:r.last] END
FROM unnest(
    $4::int8[], $5::timestamptz[], $6::timestamptz[], $7::int4[], $12::int4[], $14::int4[], $15::int4[]
) r (id, window_start, window_end, first, last, first_version, last_version);

-- name: put_states
-- doing: store states
INSERT INTO {{schema}}.state AS s (
    calculation_id, state, since, failing_since, run_id, window_start, window_end, attempts, next_attempt,
    rule_version, definition_version, duration_us, samples_read, error_type, error_message, error_traceback,
    cause_id
)
SELECT *
FROM unnest(
    $1::int8[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::int8[], $6::timestamptz[],
    $7::timestamptz[], $8::int4[], $9::timestamptz[], $10::text[], $11::int4[], $12::int8[], $13::int8[],
    $14::text[], $15::text[], $16::text[], $17::int8[]
)
ON CONFLICT (calculation_id) DO UPDATE
SET state = excluded.state, since = excluded.since, failing_since = excluded.failing_since,
    run_id = excluded.run_id, window_start = excluded.window_start, window_end = excluded.window_end,
    attempts = excluded.attempts, next_attempt = excluded.next_attempt, rule_version = excluded.rule_version,
    definition_version = excluded.definition_version, duration_us = excluded.duration_us,
    samples_read = excluded.samples_read, cause_id = excluded.cause_id, error_type = {{kept type}},
    error_message = {{kept message}}, error_traceback = {{kept traceback}};

-- name: put_pending
-- doing: store pending windows
INSERT INTO {{schema}}.pending (
    calculation_id, window_start, window_end, reason, attempts, next_attempt, given_up
)
SELECT *
FROM unnest(
    $1::int8[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::int4[], $6::timestamptz[], $7::bool[]
)
ON CONFLICT (calculation_id, window_start, window_end) DO UPDATE
SET reason = excluded.reason, attempts = excluded.attempts, next_attempt = excluded.next_attempt,
    given_up = excluded.given_up;

-- name: delete_pending
-- doing: take off pending windows
DELETE FROM {{schema}}.pending p
USING unnest($1::int8[], $2::timestamptz[], $3::timestamptz[]) r (id, window_start, window_end)
WHERE p.calculation_id = r.id AND p.window_start = r.window_start AND p.window_end = r.window_end;
