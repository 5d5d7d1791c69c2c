-- What people are shown.

-- fragment: shown what
CASE WHEN s.failing_since IS NOT NULL OR p.failed > 0 THEN s.error_{{what}} END

-- name: each_status
-- doing: read the states
-- reads: all of calculation, pending
SELECT {{calculation_columns}}, coalesce(s.since, c.created), s.failing_since, b.watermark,
    l.window_start, l.window_end, l.run_id, l.duration_us, l.samples_read, l.rule_version,
    s.window_start, s.window_end, s.run_id, s.duration_us, s.samples_read, s.rule_version,
    s.attempts, s.next_attempt, coalesce(p.windows, 0),
    (SELECT count(*) FROM {{schema}}.owed w WHERE w.calculation_id = c.id),
    {{shown type}}, {{shown message}}, {{shown traceback}},
    CASE s.state WHEN 'waiting' THEN (SELECT x.name FROM {{schema}}.calculation x WHERE x.id = s.cause_id) END
{{calculation_tables}}
    LEFT JOIN {{schema}}.last_windows() l
        ON l.batch_id = c.batch_id AND l.calculation_id = c.id AND l.state <> {{state interrupted}}
    LEFT JOIN (
        SELECT calculation_id, count(*) AS windows, count(*) FILTER (WHERE attempts > 0) AS failed
        FROM {{schema}}.pending
        GROUP BY calculation_id
    ) p ON p.calculation_id = c.id
WHERE ($1::text IS NULL OR c.name LIKE $1)
    AND ($2::text IS NULL OR c.rule = $2)
    AND (
        $3::text IS NULL
        OR CASE WHEN $4::text IS NULL THEN (c.labels ->> $3) IS NOT NULL ELSE c.labels ->> $3 = $4 END
    )
    AND (NOT $5 OR c.enabled AND (s.state IN ({{failures}}) OR p.failed > 0))
    AND ($6::text IS NULL OR c.mode = $6)
ORDER BY c.name COLLATE "C";

-- name: each_outcome
-- doing: read what became of the calculations
SELECT run_id, tick, window_start, window_end, reason, calculation_ids, states, durations_us, samples_read
FROM {{schema}}.outcome
WHERE tick >= $1 AND tick < $2
ORDER BY tick, id;

-- name: each_arrear
-- doing: read the owed windows of a calculation
SELECT {{reason retry}}, reason, window_start, window_end, attempts, next_attempt, given_up, NULL
FROM {{schema}}.pending
WHERE calculation_id = $1
UNION ALL
SELECT reason, NULL, window_start, until_end, 0, NULL, false,
    (SELECT name FROM {{schema}}.calculation WHERE id = owed.cause_id)
FROM {{schema}}.owed
WHERE calculation_id = $1
ORDER BY 3, 4, 1
LIMIT $2;

-- name: each_history
-- doing: read the history of a calculation
SELECT o.run_id, o.tick, o.window_start, o.window_end, o.states[o.at], o.durations_us[o.at],
    o.samples_read[o.at], o.reason, o.id, o.definition_versions[coalesce(o.which_versions[o.at], 1)],
    o.rule_versions[coalesce(o.which_versions[o.at], 1)]
FROM (
    SELECT *, array_position(calculation_ids, $1) AS at
    FROM {{schema}}.outcome
    WHERE tick >= $2
        AND tick < $3
        AND ($4::timestamptz IS NULL OR window_end > $4)
        AND ($5::timestamptz IS NULL OR window_end <= $5)
        AND $1 = ANY (calculation_ids)
) o
ORDER BY o.window_end DESC, o.id DESC
LIMIT $6;

-- name: outcome_ticks
-- doing: read the history of a calculation
SELECT (SELECT tick FROM {{schema}}.outcome ORDER BY tick LIMIT 1),
    (SELECT tick FROM {{schema}}.outcome ORDER BY tick DESC LIMIT 1);
