-- What is due: batches, windows to be tried again, and who waits for whom.

-- Where the calculations w store a number.
-- fragment: at_end
+ (w.result_time = 'end')

-- name: each_batch
-- doing: read the batches
-- reads: all of batch
SELECT id, generation, rank, size, {{schedule}}, start, watermark, reach, span, shadow, upstream, reading
FROM batch
WHERE (?1 = -1 OR rank = ?1)
ORDER BY rank, id;

-- name: each_pending
-- doing: read the pending windows
-- reads: all of breaker
-- Behind the first half, of each rule whose breaker is open, the trial.
SELECT p.calculation_id, c.rank, p.attempts, p.window_start, p.window_end, c.batch_id, c.mode = 'shadow'
FROM pending p
    JOIN calculation c ON c.id = p.calculation_id
WHERE p.given_up = 0 AND p.next_attempt <= ?1 AND c.enabled = 1 AND NOT {{is_stopped c}}
UNION ALL
SELECT calculation_id, rank, attempts, window_start, window_end, batch_id, 0
FROM (
    SELECT p.*, c.rank, c.batch_id, row_number() OVER (
        PARTITION BY c.rule
        ORDER BY (c.id * 7919 + ?1 / 60000000 % 10007 * 104729) % 10007,
            p.window_start, p.window_end, p.calculation_id
    ) AS place
    FROM breaker b
        CROSS JOIN calculation c ON c.rule = b.rule
        CROSS JOIN pending p ON p.calculation_id = c.id
    WHERE p.given_up = 0 AND c.enabled = 1 AND {{is_stopped c}}
)
WHERE place = 1
ORDER BY 2, 4, 5, 1;

-- name: fail_batch
-- doing: note that a batch cannot be scheduled
INSERT INTO state (
    calculation_id, state, since, failing_since, run_id, attempts, definition_version, duration_us,
    samples_read, error_type, error_message
)
SELECT c.id, 'failed', ?2, ?2, coalesce(b.last_run_id, 0), 0, c.version, 0, 0, ?3, ?4
FROM calculation c
    JOIN batch b ON b.id = c.batch_id
WHERE c.batch_id = ?1 AND c.enabled = 1
ON CONFLICT (calculation_id) DO UPDATE
SET state = excluded.state,
    since = CASE WHEN state.state = excluded.state THEN state.since ELSE excluded.since END,
    failing_since = coalesce(state.failing_since, excluded.failing_since), error_type = excluded.error_type,
    error_message = excluded.error_message, error_traceback = NULL
WHERE state.state <> excluded.state OR state.error_message IS NOT excluded.error_message;

-- name: each_edge
-- doing: read who reads whom
-- reads: all of calculation_input where no batch and no calculation is asked for
SELECT DISTINCT r.id, r.batch_id, w.id, w.batch_id, i.series_id, r.name, w.name
{{read_outputs}}
    JOIN calculation r ON r.id = i.calculation_id
WHERE (?1 = 0 OR r.batch_id = ?1) AND (?2 = 0 OR r.id = ?2) AND r.enabled = 1 AND w.enabled = 1 AND w.id <> r.id
ORDER BY r.id, w.id;

-- name: has_blockers
-- doing: look for failed windows
SELECT EXISTS (SELECT 1 FROM pending WHERE given_up = 0)
    OR EXISTS (SELECT 1 FROM owed WHERE reason IN ({{reason waited}}, {{reason tripped}}));

-- name: each_blocker
-- doing: read what calculations wait for
SELECT i.calculation_id, i.series_id, p.window_start {{at_end}}, p.window_end - 1 {{at_end}}, w.id, w.name
{{read_outputs}}
    JOIN pending p ON p.calculation_id = w.id
WHERE i.calculation_id = ?1
    AND w.enabled = 1
    AND p.given_up = 0
    AND p.window_start {{at_end}} <= ?3
    AND p.window_end - 1 {{at_end}} >= ?2
UNION ALL
SELECT i.calculation_id, i.series_id, x.window_start {{at_end}}, x.until_end - 1 {{at_end}},
    coalesce(cause.id, w.id), coalesce(cause.name, w.name)
{{read_outputs}}
    JOIN owed x ON x.calculation_id = w.id
    LEFT JOIN calculation cause ON cause.id = x.cause_id
WHERE i.calculation_id = ?1
    AND w.enabled = 1
    AND x.reason IN ({{reason waited}}, {{reason tripped}})
    AND x.window_start {{at_end}} <= ?3
    AND x.until_end - 1 {{at_end}} >= ?2;
