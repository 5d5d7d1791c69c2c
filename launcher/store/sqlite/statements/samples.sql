-- Samples that people write and read.

-- name: add_sample
-- doing: write samples
INSERT INTO sample (series_id, ts, value, quality) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING;

-- name: change_sample
-- doing: write samples
UPDATE sample
SET value = ?3, quality = ?4, coverage = NULL, samples = NULL, window_end = NULL
WHERE series_id = ?1
    AND ts = ?2
    AND (
        value IS NOT ?3
        OR quality IS NOT ?4
        OR window_end IS NOT NULL
        OR samples IS NOT NULL
        OR coverage IS NOT NULL
    );

-- name: read_samples
-- doing: read samples
SELECT ts, value, quality, coverage, samples, window_end
FROM sample
WHERE series_id = ?1 AND ts >= ?2 AND ts < ?3
ORDER BY ts
LIMIT ?4;
