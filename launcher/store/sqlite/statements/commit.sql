-- What a commit of a batch checks and stores: results, outcomes, states, pending windows.

-- An error is kept until the next one, and shown while the calculation fails or owes a window that failed.
-- fragment: kept what
CASE
    WHEN coalesce(excluded.error_type, excluded.error_message) IS NULL THEN state.error_{{what}}
    ELSE excluded.error_{{what}}
END

-- name: move_watermark
-- doing: move the batch's watermark
UPDATE batch
SET watermark = ?4, last_run_id = ?5
WHERE id = ?1
    AND generation = ?2
    AND watermark IS ?3
    AND EXISTS (SELECT 1 FROM run WHERE run.id = ?5 AND run.result = 'running');

-- name: read_states
-- doing: read the states of a batch
SELECT b.watermark, c.version, c.enabled, s.state, s.since, s.failing_since, s.window_end, s.cause_id,
    b.generation
FROM calculation c
    JOIN batch b ON b.id = c.batch_id
    LEFT JOIN state s ON s.calculation_id = c.id
WHERE c.id = ?1;

-- name: read_pending
-- doing: read the pending windows that were tried again
SELECT attempts
FROM pending
WHERE calculation_id = ?1 AND window_start = ?2 AND window_end = ?3 AND given_up = 0;

-- name: add_results
-- doing: store results
INSERT INTO sample (series_id, ts, value, quality, coverage, samples, window_end)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT DO NOTHING;

-- name: put_results
-- doing: store results
INSERT INTO sample (series_id, ts, value, quality, coverage, samples, window_end)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (series_id, ts) DO UPDATE
SET value = excluded.value, quality = excluded.quality, coverage = excluded.coverage,
    samples = excluded.samples, window_end = excluded.window_end
WHERE (
    window_end <= excluded.window_end
    OR window_end > ?9
    OR window_end IS NULL AND (?8 OR samples IS NOT NULL OR coverage IS NOT NULL)
)
    AND (
        value IS NOT excluded.value
        OR quality IS NOT excluded.quality
        OR coverage IS NOT excluded.coverage
        OR samples IS NOT excluded.samples
        OR window_end IS NOT excluded.window_end
    );

-- name: find_origin
-- doing: look at a result
SELECT window_end, window_end IS NOT NULL OR samples IS NOT NULL OR coverage IS NOT NULL
FROM sample
WHERE series_id = ?1 AND ts = ?2;

-- name: set_aside
-- doing: keep results of earlier windows
INSERT OR REPLACE INTO superseded (series_id, ts, value, quality, coverage, samples, window_end)
SELECT series_id, ts, value, quality, coverage, samples, window_end
FROM sample
WHERE series_id = ?1 AND ts = ?2 AND window_end < ?3 AND window_end <= ?4;

-- name: put_superseded
-- doing: keep results of earlier windows
INSERT OR REPLACE INTO superseded (series_id, ts, value, quality, coverage, samples, window_end)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: each_result
-- doing: look for earlier results
SELECT ts, window_end
FROM sample
WHERE series_id = ?1 AND ts >= ?2 AND ts <= ?3 AND window_end > ?4 AND window_end <= ?5;

-- name: each_result_of_unknown
-- doing: look for earlier results
SELECT ts
FROM sample
WHERE series_id = ?1
    AND ts >= ?2
    AND ts <= ?3
    AND window_end IS NULL
    AND (samples IS NOT NULL OR coverage IS NOT NULL);

-- name: delete_sample
-- doing: take off earlier results
DELETE FROM sample WHERE series_id = ?1 AND ts = ?2;

-- name: delete_superseded
-- doing: take off superseded results
DELETE FROM superseded WHERE series_id = ?1 AND ts >= ?2 AND ts <= ?3 AND window_end > ?4 AND window_end <= ?5;

-- name: bring_back
-- doing: take off earlier results
INSERT INTO sample (series_id, ts, value, quality, coverage, samples, window_end)
SELECT series_id, ts, value, quality, coverage, samples, window_end
FROM superseded
WHERE series_id = ?1 AND ts = ?2
ORDER BY window_end DESC
LIMIT 1;

-- name: delete_brought_back
-- doing: take off earlier results
DELETE FROM superseded
WHERE series_id = ?1
    AND ts = ?2
    AND window_end = (SELECT window_end FROM sample WHERE series_id = ?1 AND ts = ?2);

-- name: widen_results
-- doing: note where results lie
UPDATE series
SET results_from = min(coalesce(results_from, ?2), ?2), results_to = max(coalesce(results_to, ?3), ?3)
WHERE id = ?1;

-- name: add_outcomes
-- doing: store outcomes
INSERT INTO outcome (
    run_id, batch_id, tick, window_start, window_end, calculation_ids, states, durations_us, samples_read,
    reason, definition_versions, rule_versions, which_versions
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13);

-- name: note_outcome
-- doing: note the outcome of a batch
UPDATE batch SET last_outcome = ?2 WHERE id = ?1;

-- name: put_states
-- doing: store states
INSERT INTO state (
    calculation_id, state, since, failing_since, run_id, window_start, window_end, attempts, next_attempt,
    rule_version, definition_version, duration_us, samples_read, error_type, error_message, error_traceback,
    cause_id
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
ON CONFLICT (calculation_id) DO UPDATE
SET state = excluded.state, since = excluded.since, failing_since = excluded.failing_since,
    run_id = excluded.run_id, window_start = excluded.window_start, window_end = excluded.window_end,
    attempts = excluded.attempts, next_attempt = excluded.next_attempt, rule_version = excluded.rule_version,
    definition_version = excluded.definition_version, duration_us = excluded.duration_us,
    samples_read = excluded.samples_read, cause_id = excluded.cause_id, error_type = {{kept type}},
    error_message = {{kept message}}, error_traceback = {{kept traceback}};

-- name: put_pending
-- doing: store pending windows
INSERT OR REPLACE INTO pending (
    calculation_id, window_start, window_end, reason, attempts, next_attempt, given_up
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7);

-- name: delete_pending
-- doing: take off pending windows
DELETE FROM pending WHERE calculation_id = ?1 AND window_start = ?2 AND window_end = ?3;
