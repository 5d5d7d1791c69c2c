-- Samples that people write and read.

-- name: write_samples
-- doing: write samples
-- A result that is written over is none any more. What is there already is read first: an upsert would lock
-- and dirty every row that stays as it is.
WITH known AS (
    SELECT n.series_id, n.ts, n.value, n.quality, s.series_id IS NOT NULL AS stored,
        (s.value, coalesce(s.quality, 0)) IS DISTINCT FROM (n.value, n.quality)
        OR s.window_end IS NOT NULL OR s.samples IS NOT NULL OR s.coverage
        IS NOT NULL AS differs
    FROM unnest($1::int8[], $2::timestamptz[], $3::float8[], $4::int2[]) n (series_id, ts, value, quality)
        LEFT JOIN {{schema}}.sample s ON s.series_id = n.series_id AND s.ts = n.ts AND s.ts >= $5 AND s.ts <= $6
), written AS (
    INSERT INTO {{schema}}.sample (series_id, ts, value, quality)
    SELECT series_id, ts, value, nullif(quality, 0)
    FROM known
    WHERE differs OR NOT stored
    ON CONFLICT (series_id, ts) DO UPDATE
    SET value = excluded.value, quality = excluded.quality, coverage = NULL, samples = NULL, window_end = NULL
)
SELECT count(*) FILTER (WHERE NOT stored), count(*) FILTER (WHERE stored AND differs),
    count(*) FILTER (WHERE stored AND NOT differs)
FROM known;

-- name: read_samples
-- doing: read samples
SELECT array_agg(s.ts), array_agg(s.value),
    CASE WHEN count(nullif(s.quality, 0)) > 0 THEN array_agg(s.quality) END,
    CASE WHEN count(s.samples) > 0 THEN array_agg(s.coverage::float8) END,
    CASE WHEN count(s.samples) > 0 THEN array_agg(coalesce(s.samples, -1)) END,
    CASE WHEN count(s.window_end) > 0 THEN array_agg(s.window_end) END
FROM (
    SELECT ts, value, quality, coverage, samples, window_end
    FROM {{schema}}.sample
    WHERE series_id = $1 AND ts >= $2 AND ts < $3
    ORDER BY ts
    LIMIT $4
) s;
