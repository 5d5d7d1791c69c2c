-- What is due: batches, windows to be tried again, and who waits for whom.

-- name: each_batch
-- doing: read the batches
-- reads: all of batch
SELECT id, generation, rank, size, {{schedule}}, start, watermark, reach, span, shadow, upstream, reading
FROM {{schema}}.batch
WHERE ($1 = -1 OR rank = $1)
ORDER BY rank, id;

-- name: each_pending
-- doing: read the pending windows
-- reads: all of breaker, calculation, pending where a breaker is open
SELECT p.calculation_id, c.rank, p.attempts, p.window_start, p.window_end, c.batch_id,
    c.mode = 'shadow'
FROM {{schema}}.pending p
    JOIN {{schema}}.calculation c ON c.id = p.calculation_id
WHERE NOT p.given_up AND p.next_attempt <= $1 AND c.enabled AND NOT {{is_stopped c}}
UNION ALL
SELECT t.*
FROM {{schema}}.breaker b
    CROSS JOIN LATERAL (
        SELECT p.calculation_id, c.rank, p.attempts, p.window_start, p.window_end, c.batch_id, false
        FROM {{schema}}.calculation c
            JOIN {{schema}}.pending p ON p.calculation_id = c.id
        WHERE c.rule = b.rule AND c.enabled AND NOT p.given_up AND {{is_stopped c}}
        ORDER BY (c.id * 7919 + (extract(epoch FROM $1)::int8 / 60 % 10007) * 104729) % 10007, p.window_start,
            p.window_end, p.calculation_id
        LIMIT 1
    ) t
ORDER BY 2, 4, 5, 1;

-- name: fail_batch
-- doing: note that a batch cannot be scheduled
INSERT INTO {{schema}}.state AS s (
    calculation_id, state, since, failing_since, run_id, attempts, definition_version, duration_us,
    samples_read, error_type, error_message
)
SELECT c.id, 'failed', $2, $2, coalesce(b.last_run_id, 0), 0, c.version, 0, 0, $3, $4
FROM {{schema}}.calculation c
    JOIN {{schema}}.batch b ON b.id = c.batch_id
WHERE c.batch_id = $1 AND c.enabled
ON CONFLICT (calculation_id) DO UPDATE
SET state = excluded.state, since = CASE WHEN s.state = excluded.state THEN s.since ELSE excluded.since END,
    failing_since = coalesce(s.failing_since, excluded.failing_since), error_type = excluded.error_type,
    error_message = excluded.error_message, error_traceback = NULL
WHERE (s.state, s.error_message) IS DISTINCT FROM (excluded.state, excluded.error_message);

-- name: each_edge
-- doing: read who reads whom
-- reads: all of calculation where no batch and no calculation is asked for
SELECT DISTINCT r.id, r.batch_id, w.id, w.batch_id, i.series_id, r.name, w.name
FROM {{schema}}.calculation r
    JOIN {{schema}}.calculation_input i ON i.calculation_id = r.id
    JOIN {{schema}}.calculation_output o ON o.series_id = i.series_id
    JOIN {{schema}}.calculation w ON w.id = o.calculation_id AND w.enabled AND w.id <> r.id
WHERE ($1 = 0 OR r.batch_id = $1) AND ($2 = 0 OR r.id = $2) AND r.enabled
ORDER BY r.id, w.id;

-- name: each_blocker
-- doing: read what calculations wait for
WITH reading AS (
    SELECT i.calculation_id AS reader, i.series_id, w.id, w.name,
        CASE w.result_time WHEN 'end' THEN interval '1 microsecond' ELSE interval '0' END AS later
    FROM {{schema}}.calculation_input i
        JOIN {{schema}}.calculation_output o ON o.series_id = i.series_id
        JOIN {{schema}}.calculation w ON w.id = o.calculation_id
    WHERE i.calculation_id = ANY ($1)
        AND w.enabled
        AND (
            EXISTS (SELECT FROM {{schema}}.pending WHERE NOT given_up)
            OR EXISTS (SELECT FROM {{schema}}.owed WHERE reason IN ({{reason waited}}, {{reason tripped}}))
        )
), blocker AS (
    SELECT r.reader, r.series_id, p.window_start + r.later AS first,
        p.window_end - interval '1 microsecond' + r.later AS last, r.id AS cause_id, r.name AS cause
    FROM reading r
        JOIN {{schema}}.pending p ON p.calculation_id = r.id AND NOT p.given_up
    UNION ALL
    SELECT r.reader, r.series_id, x.window_start + r.later, x.until_end - interval '1 microsecond' + r.later,
        coalesce(c.id, r.id), coalesce(c.name, r.name)
    FROM reading r
        JOIN {{schema}}.owed x ON x.calculation_id = r.id AND x.reason IN ({{reason waited}}, {{reason tripped}})
        LEFT JOIN {{schema}}.calculation c ON c.id = x.cause_id
)
SELECT reader, series_id, first, last, cause_id, cause
FROM blocker
WHERE first <= $3 AND last >= $2
ORDER BY reader, series_id, first;
