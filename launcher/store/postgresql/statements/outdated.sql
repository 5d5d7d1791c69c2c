-- Results that an earlier definition or rule has computed, and their way to new places.

-- Noted again: what was owed of it was so by other definitions.
-- fragment: outdated_more
ON CONFLICT (calculation_id) DO UPDATE
SET after_end = least(t.after_end, excluded.after_end), until_end = greatest(t.until_end, excluded.until_end),
    owed = false, noted = now(), other_windows = t.other_windows OR excluded.other_windows,
    reason = CASE
        WHEN strpos(', ' || t.reason || ', ', ', ' || excluded.reason || ', ') > 0 THEN t.reason
        ELSE left(t.reason || ', ' || excluded.reason, 1000)
    END

-- name: each_stored
-- doing: look for results
SELECT r.id, f.e, l.e, n.n
FROM unnest($1::int8[]) r (id)
    CROSS JOIN LATERAL (
        SELECT coalesce(window_end, ts)
        FROM {{schema}}.sample
        WHERE series_id = r.id AND {{is_result}}
        ORDER BY ts
        LIMIT 1
    ) f (e)
    CROSS JOIN LATERAL (
        SELECT coalesce(window_end, ts)
        FROM {{schema}}.sample
        WHERE series_id = r.id AND {{is_result}}
        ORDER BY ts DESC
        LIMIT 1
    ) l (e)
    CROSS JOIN LATERAL (
        SELECT count(*)
        FROM (SELECT FROM {{schema}}.sample WHERE series_id = r.id AND {{is_result}} LIMIT $2) few
    ) n (n);

-- name: note_outdated
-- doing: note outdated results
INSERT INTO {{schema}}.outdated AS t (calculation_id, reason, after_end, until_end, other_windows)
SELECT c.id, r.reason, r.after_end, greatest(r.until_end, b.watermark), r.other_windows
FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::bool[]) r
    (name, reason, after_end, until_end, other_windows)
    JOIN {{schema}}.calculation c ON c.name = r.name
    LEFT JOIN {{schema}}.batch b ON b.id = c.batch_id
WHERE greatest(r.until_end, b.watermark) > r.after_end
{{outdated_more}};

-- name: outdate_rules
-- doing: note outdated results
-- reads: all of batch, calculation
-- Their windows are the same: none ends before the first result, or begins before `start`.
INSERT INTO {{schema}}.outdated AS t (calculation_id, reason, after_end, until_end)
SELECT c.id, 'rule version', coalesce(c.start, f.first), b.watermark
FROM {{schema}}.calculation c
    JOIN {{schema}}.batch b ON b.id = c.batch_id
    CROSS JOIN LATERAL (
        SELECT min(x.first)
        FROM {{schema}}.calculation_output o
            CROSS JOIN LATERAL (
                SELECT coalesce(window_end, ts) - interval '1 microsecond' AS first
                FROM {{schema}}.sample
                WHERE series_id = o.series_id AND {{is_result}}
                ORDER BY ts
                LIMIT 1
            ) x
        WHERE o.calculation_id = c.id
    ) f (first)
WHERE c.rule = ANY ($1) AND f.first IS NOT NULL AND b.watermark > coalesce(c.start, f.first)
{{outdated_more}};

-- name: each_outdated
-- doing: read whose results are outdated
-- reads: all of calculation, outdated where much is outdated
SELECT c.id, c.name, c.rule, c.enabled, o.owed, o.reason, o.after_end, o.until_end, o.other_windows, o.noted
FROM {{schema}}.outdated o
    JOIN {{schema}}.calculation c ON c.id = o.calculation_id
ORDER BY c.name COLLATE "C";

-- name: owe_outdated
-- doing: note what is owed of outdated results
UPDATE {{schema}}.outdated o
SET owed = true
FROM unnest($1::int8[], $2::timestamptz[]) r (id, noted)
WHERE o.calculation_id = r.id AND o.noted = r.noted;

-- name: settle_outdated
-- doing: take off what is outdated no more
-- reads: all of outdated
DELETE FROM {{schema}}.outdated t
WHERE t.owed
    AND NOT EXISTS (
        SELECT FROM {{schema}}.owed o WHERE o.calculation_id = t.calculation_id AND o.reason = {{reason backfill}}
    );

-- name: remove_results
-- doing: remove results of windows that are none any more
WITH room AS MATERIALIZED (
    SELECT o.series_id, $2::timestamptz + least(s.results_from, 0) * interval '1 microsecond' AS first,
        $3::timestamptz + greatest(s.results_to, 0) * interval '1 microsecond' AS last
    FROM {{schema}}.calculation_output o
        JOIN {{schema}}.series s ON s.id = o.series_id
    WHERE o.calculation_id = $1
), hidden AS (
    DELETE FROM {{schema}}.superseded u
    USING room r
    WHERE u.series_id = r.series_id AND u.window_end > $2 AND u.window_end <= $3
)
DELETE FROM {{schema}}.sample s
USING room r
WHERE s.series_id = r.series_id
    AND s.ts >= r.first
    AND s.ts <= r.last
    AND (
        s.window_end > $2 AND s.window_end <= $3
        OR s.window_end IS NULL AND s.samples IS NOT NULL AND s.ts >= $2 AND s.ts <= $3
    );

-- name: read_places
-- doing: read results
SELECT ts, window_end
FROM {{schema}}.sample
WHERE series_id = $1 AND ts > $2 AND window_end IS NOT NULL
ORDER BY ts
LIMIT $3;

-- name: read_places_back
-- doing: read results
SELECT ts, window_end
FROM {{schema}}.sample
WHERE series_id = $1 AND ts < $2 AND window_end IS NOT NULL
ORDER BY ts DESC
LIMIT $3;

-- name: take_places
-- doing: move results
DELETE FROM {{schema}}.sample s
USING unnest($1::int8[], $2::timestamptz[], $3::timestamptz[]) r (series_id, ts, target)
WHERE s.series_id = r.series_id AND s.ts = r.ts AND s.ts >= $4 AND s.ts <= $5 AND s.window_end IS NOT NULL
RETURNING s.series_id, r.target, s.value, s.quality, s.coverage::float8, s.samples, s.window_end;

-- name: put_places
-- doing: move results
INSERT INTO {{schema}}.sample AS s {{results}}
ON CONFLICT (series_id, ts) DO UPDATE
SET value = excluded.value, quality = excluded.quality, coverage = excluded.coverage,
    samples = excluded.samples, window_end = excluded.window_end
WHERE s.window_end < excluded.window_end;

-- name: each_progress
-- doing: look how far calculations have come
SELECT c.id, b.watermark, f.ts, f.window_end
FROM {{schema}}.calculation c
    JOIN {{schema}}.batch b ON b.id = c.batch_id
    LEFT JOIN LATERAL (
        SELECT l.ts, l.window_end
        FROM {{schema}}.calculation_output o
            CROSS JOIN LATERAL (
                SELECT s.ts, s.window_end
                FROM {{schema}}.sample s
                WHERE s.series_id = o.series_id AND s.samples IS NOT NULL
                ORDER BY s.ts
                LIMIT 1
            ) l
        WHERE o.calculation_id = c.id
        ORDER BY l.ts
        LIMIT 1
    ) f ON true
WHERE c.id = ANY ($1);

-- name: writer
-- doing: look for who writes a series
SELECT calculation_id FROM {{schema}}.calculation_output WHERE series_id = $1;

-- name: imported_of
-- doing: count imported samples
SELECT coalesce(sum(n), 0)::int8, count(nullif(n, 0))
FROM (
    SELECT (
        SELECT count(*)
        FROM (
            SELECT
            FROM {{schema}}.sample
            WHERE series_id = s.id AND window_end IS NULL AND samples IS NULL AND coverage IS NULL
            LIMIT $2
        ) x
    ) AS n
    FROM {{schema}}.series s
    WHERE s.name = ANY ($1) AND NOT s.shadow
) c;
