-- What `apply` writes: definitions, and what is owed by changed ones.

-- fragment: definitions
unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::int2[], $12::text[], $13::text[], $14::timestamptz[], $15::text[], $16::int4[], $17::int4[],
    $18::text[], $19::float8[], $20::text[], $21::int8[], $22::text[]
) r (
    name, description, rule, parameters, labels, enabled, {{schedule}}, start, time_limit, version, rank, result_time,
    min_coverage, recompute_within, memory_limit, mode
)

-- fragment: series_definitions
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) r
    (name, unit, description, attributes, sample_interval, source_key, source_table)

-- name: add_series
-- doing: add series
INSERT INTO {{schema}}.series (name, unit, description, attributes, sample_interval, source_key, source_table)
SELECT name, unit, description, attributes::json, sample_interval, source_key, source_table
{{series_definitions}};

-- name: change_series
-- doing: change series
UPDATE {{schema}}.series s
SET unit = r.unit, description = r.description, attributes = r.attributes::json,
    sample_interval = r.sample_interval, source_key = r.source_key, source_table = r.source_table
{{series_definitions}}
WHERE s.name = r.name;

-- name: touch_series_batches
-- doing: mark the batches of changed series
-- reads: all of calculation, calculation_input, calculation_output
UPDATE {{schema}}.batch
SET generation = generation + 1
WHERE id IN (
    SELECT c.batch_id
    FROM {{schema}}.series s
        JOIN (
            SELECT calculation_id, series_id
            FROM {{schema}}.calculation_input
            UNION
            SELECT calculation_id, series_id
            FROM {{schema}}.calculation_output
        ) u ON u.series_id = s.id
        JOIN {{schema}}.calculation c ON c.id = u.calculation_id
    WHERE s.name = ANY ($1)
);

-- name: wait_briefly
-- doing: delete series
SET LOCAL lock_timeout = '1s';

-- name: lock_samples
-- doing: wait for who writes samples
-- So that nobody adds one between the look for them and the end of the series.
LOCK TABLE {{schema}}.sample IN SHARE MODE;

-- name: find_held_series
-- doing: look for samples of series to be deleted
SELECT s.name
FROM {{schema}}.series s
WHERE s.name = ANY ($1) AND EXISTS (SELECT FROM {{schema}}.sample WHERE series_id = s.id)
ORDER BY s.name
LIMIT 1;

-- name: delete_series
-- doing: delete series
WITH superseded AS (
    DELETE FROM {{schema}}.superseded
    WHERE series_id = ANY (ARRAY(SELECT id FROM {{schema}}.series WHERE name = ANY ($1)))
)
DELETE FROM {{schema}}.series
WHERE name = ANY ($1);

-- name: drop_pending
-- doing: drop the pending windows of changed schedules
DELETE FROM {{schema}}.pending p
USING {{schema}}.calculation c, {{definitions}}
WHERE c.name = r.name
    AND p.calculation_id = c.id
    AND (
        p.window_start < r.start
        OR (c.every, c.window_length, c."offset", c.week_start, c.time_zone)
            IS DISTINCT FROM (r.every, r.window_length, r."offset", r.week_start, r.time_zone)
    );

-- name: trim_owed
-- doing: forget the owed windows before a later start
UPDATE {{schema}}.owed p
SET after_end = r.start, window_start = r.start, touched = touched + 1
FROM {{schema}}.calculation c, {{definitions}}
WHERE c.name = r.name AND p.calculation_id = c.id AND p.after_end < r.start AND p.until_end > r.start;

-- name: drop_owed
-- doing: drop the owed windows of changed schedules
DELETE FROM {{schema}}.owed p
USING {{schema}}.calculation c, {{definitions}}
WHERE c.name = r.name
    AND p.calculation_id = c.id
    AND (
        p.until_end <= r.start
        OR (c.every, c.window_length, c."offset", c.week_start, c.time_zone)
            IS DISTINCT FROM (r.every, r.window_length, r."offset", r.week_start, r.time_zone)
    );

-- name: reopen_pending
-- doing: open pending windows again
UPDATE {{schema}}.pending p
SET attempts = 0, given_up = false, next_attempt = window_end
FROM {{schema}}.calculation c
WHERE c.id = p.calculation_id AND c.name = ANY ($1);

-- name: reopen_state
-- doing: open failed states again
UPDATE {{schema}}.state s
SET attempts = 0, next_attempt = window_end
FROM {{schema}}.calculation c
WHERE c.id = s.calculation_id AND c.name = ANY ($1) AND s.failing_since IS NOT NULL;

-- name: add_calculations
-- doing: add calculations
INSERT INTO {{schema}}.calculation (
    name, description, rule, parameters, labels, enabled, {{schedule}}, start, time_limit, version, rank,
    result_time, min_coverage, recompute_within, memory_limit, mode
)
SELECT name, description, rule, parameters::json, labels::json, enabled, {{schedule}}, start, time_limit,
    version, rank, result_time, min_coverage, recompute_within, memory_limit, mode
FROM {{definitions}};

-- name: change_calculations
-- doing: change calculations
-- But not their mode.
UPDATE {{schema}}.calculation c
SET description = r.description, rule = r.rule, parameters = r.parameters::json, labels = r.labels::json,
    enabled = r.enabled, every = r.every, window_length = r.window_length, "offset" = r."offset",
    delay = r.delay, week_start = r.week_start, time_zone = r.time_zone, start = r.start,
    time_limit = r.time_limit, version = r.version, rank = r.rank, missed = r.missed,
    result_time = r.result_time, min_coverage = r.min_coverage, recompute_within = r.recompute_within,
    memory_limit = r.memory_limit, updated = now()
FROM {{definitions}}
WHERE c.name = r.name;

-- name: change_modes
-- doing: change modes
-- The version counts up with it: what is being computed for the other series is not stored any more.
UPDATE {{schema}}.calculation c
SET mode = r.mode, version = r.version, updated = now()
FROM unnest($1::text[], $2::text[], $3::int4[]) r (name, mode, version)
WHERE c.name = r.name;

-- name: change_ranks
-- doing: change ranks
UPDATE {{schema}}.calculation c
SET rank = r.rank
FROM unnest($1::text[], $2::int4[]) r (name, rank)
WHERE c.name = r.name;

-- name: delete_calculations
-- doing: delete calculations
DELETE FROM {{schema}}.calculation WHERE name = ANY ($1) RETURNING batch_id;

-- name: clear_inputs
-- doing: replace inputs
DELETE FROM {{schema}}.calculation_input i
USING {{schema}}.calculation c
WHERE c.id = i.calculation_id AND c.name = ANY ($1);

-- name: clear_outputs
-- doing: replace outputs
DELETE FROM {{schema}}.calculation_output o
USING {{schema}}.calculation c
WHERE c.id = o.calculation_id AND c.name = ANY ($1);

-- name: missing_series
-- doing: look for series
SELECT r.name
FROM unnest($1::text[]) r (name)
WHERE NOT EXISTS (SELECT FROM {{schema}}.series s WHERE s.name = r.name AND NOT s.shadow)
LIMIT 1;

-- name: add_inputs
-- doing: add inputs
INSERT INTO {{schema}}.calculation_input (
    calculation_id, position, name, series_id, lookback, window_length, shift, reach
)
SELECT c.id, r.position, r.name, s.id, r.lookback, r.window_length, r.shift, r.reach
FROM unnest($1::text[], $2::int4[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int8[]) r (
    calculation, position, name, series, lookback, window_length, shift, reach
)
    JOIN {{schema}}.calculation c ON c.name = r.calculation
    JOIN {{schema}}.series s ON s.name = r.series AND NOT s.shadow;

-- name: add_outputs
-- doing: add outputs
INSERT INTO {{schema}}.calculation_output (calculation_id, position, name, series_id)
SELECT c.id, r.position, r.name, s.id
FROM unnest($1::text[], $2::int4[], $3::text[], $4::text[]) r (calculation, position, name, series)
    JOIN {{schema}}.calculation c ON c.name = r.calculation
    JOIN {{schema}}.series s ON s.name = r.series AND NOT s.shadow;

-- name: add_shadow_series
-- doing: add the series of calculations in shadow
INSERT INTO {{schema}}.series (name, unit, description, attributes, sample_interval, shadow)
SELECT s.name, s.unit, s.description, s.attributes, s.sample_interval, true
FROM {{schema}}.calculation c
    JOIN {{schema}}.calculation_output o ON o.calculation_id = c.id
    JOIN {{schema}}.series s ON s.id = o.series_id
WHERE c.mode = 'shadow' AND NOT s.shadow
ON CONFLICT DO NOTHING;

-- Each series of a name that has one for results in shadow (s), with that (t).
-- fragment: twins
{{schema}}.series t
    JOIN {{schema}}.series s ON s.name = t.name AND NOT s.shadow

-- name: resolve_outputs
-- doing: find the series that calculations write
UPDATE {{schema}}.calculation_output o
SET series_id = CASE c.mode WHEN 'shadow' THEN t.id ELSE s.id END
FROM {{twins}}
    CROSS JOIN {{schema}}.calculation c
WHERE t.shadow
    AND o.series_id = ANY (ARRAY[s.id, t.id])
    AND c.id = o.calculation_id
    AND o.series_id <> CASE c.mode WHEN 'shadow' THEN t.id ELSE s.id END;

-- name: resolve_inputs
-- doing: find the series that calculations read
-- What is in shadow reads what others in shadow write. What is live reads nothing of that.
UPDATE {{schema}}.calculation_input i
SET series_id = w.id
FROM {{twins}}
    CROSS JOIN {{schema}}.calculation c
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN c.mode = 'shadow' AND EXISTS (
                SELECT FROM {{schema}}.calculation_output o WHERE o.series_id = t.id
            ) THEN t.id
            ELSE s.id
        END
    ) w (id)
WHERE t.shadow
    AND i.series_id = ANY (ARRAY[s.id, t.id])
    AND c.id = i.calculation_id
    AND i.series_id <> w.id
RETURNING c.name;
