-- Results that an earlier definition or rule has computed, and their way to new places.

-- Noted again: what was owed of it was so by other definitions.
-- fragment: outdated_more
ON CONFLICT (calculation_id) DO UPDATE
SET after_end = min(after_end, excluded.after_end), until_end = max(until_end, excluded.until_end), owed = 0,
    noted = excluded.noted, other_windows = max(other_windows, excluded.other_windows),
    reason = CASE
        WHEN instr(', ' || reason || ', ', ', ' || excluded.reason || ', ') > 0 THEN reason
        ELSE substr(reason || ', ' || excluded.reason, 1, 1000)
    END

-- name: each_stored
-- doing: look for results
SELECT ?1,
    (SELECT coalesce(window_end, ts) FROM sample WHERE series_id = ?1 AND {{is_result}} ORDER BY ts LIMIT 1),
    (SELECT coalesce(window_end, ts) FROM sample WHERE series_id = ?1 AND {{is_result}} ORDER BY ts DESC LIMIT 1),
    (SELECT count(*) FROM (SELECT 1 FROM sample WHERE series_id = ?1 AND {{is_result}} LIMIT ?2));

-- name: note_outdated
-- doing: note outdated results
INSERT INTO outdated (calculation_id, reason, after_end, until_end, noted, other_windows)
SELECT id, ?2, ?3, until, ?6, ?5
FROM (
    SELECT c.id, max(coalesce(?4, b.watermark), coalesce(b.watermark, ?4)) AS until
    FROM calculation c
        LEFT JOIN batch b ON b.id = c.batch_id
    WHERE c.name = ?1
)
WHERE until > ?3
{{outdated_more}};

-- name: outdate_rules
-- doing: note outdated results
-- reads: all of calculation
-- Their windows are the same: none ends before the first result, or begins before `start`.
INSERT INTO outdated (calculation_id, reason, after_end, until_end, noted)
SELECT id, 'rule version', coalesce(start, first), watermark, ?2
FROM (
    SELECT c.id, c.start, b.watermark, (
        SELECT min(first)
        FROM (
            SELECT (
                SELECT coalesce(window_end, ts) - 1
                FROM sample
                WHERE series_id = o.series_id AND {{is_result}}
                ORDER BY ts
                LIMIT 1
            ) AS first
            FROM calculation_output o
            WHERE o.calculation_id = c.id
        )
    ) AS first
    FROM calculation c
        JOIN batch b ON b.id = c.batch_id
    WHERE c.rule = ?1
)
WHERE first IS NOT NULL AND watermark > coalesce(start, first)
{{outdated_more}};

-- name: each_outdated
-- doing: read whose results are outdated
-- reads: all of calculation
SELECT c.id, c.name, c.rule, c.enabled, o.owed, o.reason, o.after_end, o.until_end, o.other_windows, o.noted
FROM outdated o
    JOIN calculation c ON c.id = o.calculation_id
ORDER BY c.name;

-- name: owe_outdated
-- doing: note what is owed of outdated results
UPDATE outdated SET owed = 1 WHERE calculation_id = ?1 AND noted = ?2;

-- name: disown_outdated
-- doing: forget owed windows
-- reads: all of outdated
UPDATE outdated SET owed = 0 WHERE owed = 1;

-- name: settle_outdated
-- doing: take off what is outdated no more
-- reads: all of outdated
DELETE FROM outdated
WHERE owed = 1
    AND NOT EXISTS (
        SELECT 1 FROM owed o WHERE o.calculation_id = outdated.calculation_id AND o.reason = {{reason backfill}}
    );

-- name: remove_superseded
-- doing: remove results of windows that are none any more
DELETE FROM superseded
WHERE series_id IN (SELECT series_id FROM calculation_output WHERE calculation_id = ?1)
    AND window_end > ?2
    AND window_end <= ?3;

-- name: remove_results
-- doing: remove results of windows that are none any more
DELETE FROM sample
WHERE (series_id, ts) IN (
    SELECT m.series_id, m.ts
    FROM calculation_output o
        JOIN series s ON s.id = o.series_id
        JOIN sample m
            ON m.series_id = o.series_id
                AND m.ts >= ?2 + min(coalesce(s.results_from, 0), 0)
                AND m.ts <= ?3 + max(coalesce(s.results_to, 0), 0)
    WHERE o.calculation_id = ?1
        AND (
            m.window_end > ?2 AND m.window_end <= ?3
            OR m.window_end IS NULL AND m.samples IS NOT NULL AND m.ts >= ?2 AND m.ts <= ?3
        )
);

-- name: read_places
-- doing: read results
SELECT ts, window_end
FROM sample
WHERE series_id = ?1 AND ts > ?2 AND window_end IS NOT NULL
ORDER BY ts
LIMIT ?3;

-- name: read_places_back
-- doing: read results
SELECT ts, window_end
FROM sample
WHERE series_id = ?1 AND ts < ?2 AND window_end IS NOT NULL
ORDER BY ts DESC
LIMIT ?3;

-- name: clear_place
-- doing: move results
DELETE FROM sample WHERE series_id = ?1 AND ts = ?2 AND window_end <= ?3;

-- name: move_result
-- doing: move results
UPDATE OR IGNORE sample SET ts = ?3 WHERE series_id = ?1 AND ts = ?2 AND window_end IS NOT NULL;

-- name: each_progress
-- doing: look how far calculations have come
SELECT c.id, b.watermark, f.ts, f.window_end
FROM calculation c
    JOIN batch b ON b.id = c.batch_id
    LEFT JOIN sample f
        ON (f.series_id, f.ts) = (
            SELECT s.series_id, s.ts
            FROM calculation_output o
                JOIN sample s
                    ON s.series_id = o.series_id
                        AND s.ts = (
                            SELECT ts
                            FROM sample
                            WHERE series_id = o.series_id AND samples IS NOT NULL
                            ORDER BY ts
                            LIMIT 1
                        )
            WHERE o.calculation_id = c.id
            ORDER BY s.ts
            LIMIT 1
        )
WHERE c.id = ?1;

-- name: writer
-- doing: look for who writes a series
SELECT calculation_id FROM calculation_output WHERE series_id = ?1;

-- name: imported_of
-- doing: count imported samples
SELECT count(*)
FROM (
    SELECT 1
    FROM sample
    WHERE series_id = (SELECT id FROM series WHERE name = ?1 AND shadow = 0)
        AND window_end IS NULL
        AND samples IS NULL
        AND coverage IS NULL
    LIMIT ?2
);
