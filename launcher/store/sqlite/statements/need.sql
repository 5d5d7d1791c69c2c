-- What is still to be read: what prune has to leave.

-- name: each_prunable
-- doing: look for old samples
-- reads: all of series
-- A series whose calculation is gone still has results: its oldest or its newest sample says so.
SELECT s.id, s.name, o.ts,
    o.samples IS NOT NULL
    OR EXISTS (SELECT 1 FROM calculation_output w WHERE w.series_id = s.id)
    OR (SELECT samples IS NOT NULL FROM sample WHERE series_id = s.id ORDER BY ts DESC LIMIT 1)
FROM series s
    JOIN sample o ON o.series_id = s.id AND o.ts = (SELECT min(ts) FROM sample WHERE series_id = s.id)
WHERE (?1 IS NULL OR s.name GLOB ?1) AND o.ts < ?2
ORDER BY s.id;

-- name: find_lasts
-- doing: look for the last samples
SELECT ts
FROM sample
WHERE series_id = ?1 AND ts >= ?2 AND ts < ?3 AND {{is_good}}
ORDER BY ts DESC
LIMIT 1 OFFSET ?4 - 1;

-- name: each_need
-- doing: read who reads series
SELECT i.series_id, c.id, c.name, {{schedule c.}}, b.watermark, c.start, i.window_length, i.shift, i.lookback,
    c.enabled
FROM calculation_input i
    JOIN calculation c ON c.id = i.calculation_id
    LEFT JOIN batch b ON b.id = c.batch_id
WHERE i.series_id = ?1
ORDER BY c.id;

-- name: each_debt
-- doing: read what is owed
-- reads: all of owed
SELECT calculation_id, min(after_end)
FROM (
    SELECT calculation_id, window_end - 1 AS after_end
    FROM pending
    WHERE given_up = 0
    UNION ALL
    SELECT calculation_id, after_end
    FROM owed
)
GROUP BY calculation_id
ORDER BY calculation_id;

-- name: count_samples
-- doing: count samples
SELECT count(*) FROM (SELECT 1 FROM sample WHERE series_id = ?1 AND ts >= ?2 AND ts < ?3 LIMIT ?4);
