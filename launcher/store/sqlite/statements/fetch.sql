-- The samples that a batch reads.

-- name: fetch
-- doing: fetch samples
SELECT ts, value, quality
FROM sample
WHERE series_id = ?1 AND ts >= ?2 AND ts < ?3
ORDER BY ts;

-- name: fetch_previous
-- doing: fetch the samples before the windows
SELECT ts, value, quality
FROM sample
WHERE series_id = ?1 AND ts >= ?2 AND ts < ?3 AND {{is_good}}
ORDER BY ts DESC
LIMIT 1;

-- name: fetch_earlier
-- doing: fetch more samples before the windows
SELECT ts, value, quality
FROM (
    SELECT ts, value, quality
    FROM sample
    WHERE series_id = ?1 AND ts >= ?2 AND ts < ?3 AND {{is_good}}
    ORDER BY ts DESC
    LIMIT ?4
)
ORDER BY ts;
