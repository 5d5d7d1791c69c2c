-- What `apply` writes: definitions, and what is owed by changed ones.

-- name: add_series
-- doing: add series
INSERT INTO series (name, unit, description, attributes, sample_interval, source_key, source_table, created)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8);

-- name: change_series
-- doing: change series
UPDATE series
SET unit = ?2, description = ?3, attributes = ?4, sample_interval = ?5, source_key = ?6, source_table = ?7
WHERE name = ?1;

-- name: touch_series_batches
-- doing: mark the batches of changed series
UPDATE batch
SET generation = generation + 1
WHERE id IN (
    SELECT c.batch_id
    FROM calculation c
    WHERE c.id IN (
        SELECT i.calculation_id
        FROM calculation_input i
            JOIN series ON series.id = i.series_id
        WHERE series.name = ?1
        UNION
        SELECT o.calculation_id
        FROM calculation_output o
            JOIN series ON series.id = o.series_id
        WHERE series.name = ?1
    )
);

-- name: has_samples
-- doing: look for samples of a series
SELECT EXISTS (
    SELECT 1 FROM series WHERE name = ?1 AND EXISTS (SELECT 1 FROM sample WHERE series_id = series.id)
);

-- name: delete_series_superseded
-- doing: delete the samples
DELETE FROM superseded WHERE series_id IN (SELECT id FROM series WHERE name = ?1);

-- name: forget_changes
-- doing: delete the series
DELETE FROM change WHERE series_id IN (SELECT id FROM series WHERE name = ?1);

-- name: delete_series
-- doing: delete series
DELETE FROM series WHERE name = ?1;

-- name: has_another_schedule
-- doing: look up a calculation
SELECT id, every <> ?2 OR window_length <> ?3 OR "offset" <> ?4 OR week_start <> ?6 OR time_zone <> ?7
FROM calculation
WHERE name = ?1 AND ?5 <> '' AND ?8 <> '';

-- name: drop_pending
-- doing: drop the pending windows of changed schedules
DELETE FROM pending WHERE calculation_id = ?1;

-- name: drop_pending_before
-- doing: forget what lies before the start of a calculation
DELETE FROM pending WHERE calculation_id = ?1 AND window_start < ?2;

-- name: trim_owed
-- doing: forget the owed windows before a later start
UPDATE owed
SET after_end = ?2, window_start = ?2, touched = touched + 1
WHERE calculation_id = ?1 AND after_end < ?2;

-- name: drop_trimmed
-- doing: forget what lies before the start of a calculation
DELETE FROM owed WHERE calculation_id = ?1 AND until_end <= ?2;

-- name: drop_owed
-- doing: drop the owed windows of changed schedules
DELETE FROM owed WHERE calculation_id = ?1;

-- name: reopen_pending
-- doing: open pending windows again
UPDATE pending SET attempts = 0, given_up = 0, next_attempt = window_end WHERE calculation_id = ?1;

-- name: reopen_state
-- doing: open failed states again
UPDATE state SET attempts = 0, next_attempt = window_end WHERE calculation_id = ?1 AND failing_since IS NOT NULL;

-- name: add_calculations
-- doing: add calculations
INSERT INTO calculation (
    name, description, rule, parameters, labels, enabled, {{schedule}}, start, time_limit, version,
    rank, result_time, min_coverage, recompute_within, memory_limit, mode, created, updated
)
VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?23
);

-- name: change_calculations
-- doing: change calculations
-- But not their mode.
UPDATE calculation
SET description = ?2, rule = ?3, parameters = ?4, labels = ?5, enabled = ?6, every = ?7, window_length = ?8,
    "offset" = ?9, delay = ?10, week_start = ?11, time_zone = ?12, missed = ?13, start = ?14, time_limit = ?15,
    version = ?16, rank = ?17, result_time = ?18, min_coverage = ?19, recompute_within = ?20,
    memory_limit = ?21, updated = ?23
WHERE name = ?1;

-- name: change_modes
-- doing: change modes
-- The version counts up with it: what is being computed for the other series is not stored any more.
UPDATE calculation SET mode = ?2, version = ?3, updated = ?4 WHERE name = ?1;

-- name: change_ranks
-- doing: change ranks
UPDATE calculation SET rank = ?2 WHERE name = ?1;

-- name: touch_batch
-- doing: change a calculation
UPDATE batch SET generation = generation + 1 WHERE id = (SELECT batch_id FROM calculation WHERE name = ?1);

-- name: delete_calculations
-- doing: delete calculations
DELETE FROM calculation WHERE name = ?1;

-- name: clear_inputs
-- doing: replace inputs
DELETE FROM calculation_input WHERE calculation_id = ?1;

-- name: clear_outputs
-- doing: replace outputs
DELETE FROM calculation_output WHERE calculation_id = ?1;

-- name: add_inputs
-- doing: add inputs
INSERT INTO calculation_input (calculation_id, position, name, series_id, lookback, window_length, shift, reach)
SELECT ?1, ?2, ?3, id, ?5, ?6, ?7, ?8
FROM series
WHERE name = ?4 AND shadow = 0;

-- name: add_outputs
-- doing: add outputs
INSERT INTO calculation_output (calculation_id, position, name, series_id)
SELECT ?1, ?2, ?3, id
FROM series
WHERE name = ?4 AND shadow = 0;

-- name: add_shadow_series
-- doing: add the series of calculations in shadow
INSERT INTO series (name, unit, description, attributes, sample_interval, created, shadow)
SELECT s.name, s.unit, s.description, s.attributes, s.sample_interval, ?1, 1
FROM calculation c
    CROSS JOIN calculation_output o ON o.calculation_id = c.id
    CROSS JOIN series s ON s.id = o.series_id
WHERE c.mode = 'shadow' AND s.shadow = 0
ON CONFLICT DO NOTHING;

-- The series of names that have one for results in shadow: that, and the live one.
-- fragment: twins
SELECT t.id FROM series t INDEXED BY series_shadow WHERE t.shadow = 1
UNION ALL
SELECT s.id
FROM series t INDEXED BY series_shadow
    CROSS JOIN series s ON s.name = t.name AND s.shadow = 0
WHERE t.shadow = 1

-- name: resolve_outputs
-- doing: find the series that calculations write
UPDATE calculation_output
SET series_id = (
    SELECT other.id
    FROM calculation c
        CROSS JOIN series own ON own.id = calculation_output.series_id
        CROSS JOIN series other ON other.name = own.name AND other.shadow = (c.mode = 'shadow')
    WHERE c.id = calculation_output.calculation_id
)
WHERE series_id IN ({{twins}});

-- What is in shadow reads what others in shadow write. What is live reads nothing of that.
-- fragment: reads_shadow
(
    c.mode = 'shadow'
    AND EXISTS (
        SELECT 1
        FROM series w
            CROSS JOIN calculation_output o ON o.series_id = w.id
        WHERE w.name = own.name AND w.shadow = 1
    )
)

-- name: touch_resolved
-- doing: mark the batches of what reads other series
UPDATE batch
SET generation = generation + 1
WHERE id IN (
    SELECT c.batch_id
    FROM calculation_input i
        CROSS JOIN calculation c ON c.id = i.calculation_id
        CROSS JOIN series own ON own.id = i.series_id
    WHERE i.series_id IN ({{twins}}) AND own.shadow <> {{reads_shadow}}
);

-- name: resolve_inputs
-- doing: find the series that calculations read
UPDATE calculation_input
SET series_id = (
    SELECT other.id
    FROM calculation c
        CROSS JOIN series own ON own.id = calculation_input.series_id
        CROSS JOIN series other ON other.name = own.name AND other.shadow = {{reads_shadow}}
    WHERE c.id = calculation_input.calculation_id
)
WHERE series_id IN ({{twins}});
