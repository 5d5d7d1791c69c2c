-- Changes of samples, and who follows them.

-- name: begin_own
-- doing: begin to write results
INSERT OR IGNORE INTO own_writer (one) VALUES (1);

-- name: end_own
-- doing: write results
DELETE FROM own_writer;

-- name: each_changed
-- doing: read which series have changed
-- reads: all of change
SELECT series_id, min(first), count(*)
FROM change
WHERE first < ?1
GROUP BY series_id
ORDER BY series_id;

-- name: next_changed
-- doing: read which series have changed
SELECT min(series_id) FROM change WHERE series_id > ?1;

-- name: each_change
-- doing: read the changes of samples
SELECT series_id, first, last, by_hand
FROM change
WHERE series_id BETWEEN ?1 AND ?2 AND first < ?4 AND (last >= ?3 OR by_hand = 1)
ORDER BY series_id, hour, by_hand;

-- name: count_too_old
-- doing: count changes of samples
SELECT count(*) FROM change WHERE series_id = ?1 AND first < ?3 AND last < ?2 AND by_hand = 0;

-- name: take_changes
-- doing: take the changes of samples
DELETE FROM change;

-- name: note_change
-- doing: note a change of samples
INSERT INTO change (series_id, hour, by_hand, first, last)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (series_id, hour, by_hand) DO UPDATE
SET first = min(first, excluded.first), last = max(last, excluded.last);

-- name: is_looked_back
-- doing: look for who looks back
SELECT EXISTS (SELECT 1 FROM calculation_input WHERE series_id = ?1 AND lookback > 0);

-- name: next_good
-- doing: look for the next good samples
SELECT ts
FROM sample
WHERE series_id = ?1 AND ts > ?2 AND ts < ?3 AND {{is_good}}
ORDER BY ts
LIMIT 1;

-- name: find_rise
-- doing: look for rises
SELECT max(ts)
FROM (
    SELECT ts, value, lag(value) OVER (ORDER BY ts) AS before
    FROM (
        SELECT ts, value
        FROM sample
        WHERE series_id = ?1 AND ts > ?2 AND ts < ?3 AND {{is_good}}
        ORDER BY ts
        LIMIT ?5
    )
)
WHERE value > ?4 * before;

-- name: each_reader
-- doing: read who reads series
SELECT c.id, i.series_id, {{schedule c.}}, b.watermark, b.start, i.window_length, i.shift, i.lookback,
    c.recompute_within, EXISTS (SELECT 1 FROM calculation_output o WHERE o.series_id = ?1), g.after_end, g.until_end, c.enabled
FROM calculation_input i
    JOIN calculation c ON c.id = i.calculation_id
    JOIN batch b ON b.id = c.batch_id
    LEFT JOIN owed g
        ON g.id = (
            SELECT id
            FROM owed
            WHERE calculation_id = c.id AND reason = {{reason catch_up}}
            ORDER BY until_end DESC
            LIMIT 1
        )
WHERE i.series_id = ?1 AND b.watermark IS NOT NULL;
