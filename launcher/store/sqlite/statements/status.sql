-- What people are shown.

-- fragment: owes calculation
EXISTS (SELECT 1 FROM pending p WHERE p.calculation_id = {{calculation}}.id AND p.attempts > 0)

-- fragment: shown what
CASE WHEN s.failing_since IS NOT NULL OR {{owes c}} THEN s.error_{{what}} END

-- name: last_outcomes
-- doing: read the last outcomes
-- reads: all of batch
SELECT o.run_id, o.window_start, o.window_end, o.calculation_ids, o.states, o.durations_us, o.samples_read,
    o.which_versions, o.rule_versions
FROM batch b
    JOIN outcome o ON o.id = b.last_outcome;

-- name: each_status
-- doing: read the states
-- reads: all of calculation
SELECT {{calculation_columns}}, coalesce(s.since, c.created), s.failing_since, b.watermark,
    s.window_start, s.window_end, s.run_id, s.duration_us, s.samples_read, s.rule_version, s.attempts,
    s.next_attempt,
    (SELECT count(*) FROM pending p WHERE p.calculation_id = c.id),
    (SELECT count(*) FROM owed o WHERE o.calculation_id = c.id),
    {{shown type}}, {{shown message}}, {{shown traceback}},
    CASE
        WHEN s.state = 'waiting' AND c.enabled = 1
            THEN (SELECT cause.name FROM calculation cause WHERE cause.id = s.cause_id)
    END
{{calculation_tables}}
WHERE (?1 IS NULL OR c.name GLOB ?1)
    AND (?2 IS NULL OR c.rule = ?2)
    AND (
        ?3 IS NULL
        OR EXISTS (SELECT 1 FROM json_each(c.labels) l WHERE l.key = ?3 AND (?4 IS NULL OR l.value = ?4))
    )
    AND (?5 = 0 OR c.enabled = 1 AND (s.state IN ({{failures}}) OR {{owes c}}))
    AND (?6 IS NULL OR c.mode = ?6)
ORDER BY c.name;

-- name: each_outcome
-- doing: read what became of the calculations
SELECT run_id, tick, window_start, window_end, reason, calculation_ids, states, durations_us, samples_read
FROM outcome
WHERE tick >= ?1 AND tick < ?2
ORDER BY tick, id;

-- name: each_arrear
-- doing: read the owed windows of a calculation
SELECT {{reason retry}}, reason, window_start, window_end, attempts, next_attempt, given_up, NULL
FROM pending
WHERE calculation_id = ?1
UNION ALL
SELECT reason, NULL, window_start, until_end, 0, NULL, 0,
    (SELECT name FROM calculation WHERE id = owed.cause_id)
FROM owed
WHERE calculation_id = ?1
ORDER BY 3, 4, 1
LIMIT ?2;

-- name: each_history
-- doing: read the history of a calculation
-- reads: all of outcome
SELECT run_id, tick, window_start, window_end, calculation_ids, states, durations_us, samples_read,
    which_versions, rule_versions, definition_versions, reason
FROM outcome
WHERE instr(calculation_ids, ?1) > 0 AND (?2 IS NULL OR window_end > ?2) AND (?3 IS NULL OR window_end <= ?3)
ORDER BY window_end DESC, id DESC;

-- name: texts_of
-- doing: read the versions of rules
SELECT value FROM json_each(CASE WHEN json_valid(?1) THEN ?1 END) ORDER BY key;
