-- What is still to be read: what prune has to leave.

-- name: each_prunable
-- doing: look for old samples
-- reads: all of calculation_output, series
-- A series whose calculation is gone still has results: its oldest or its newest sample says so.
SELECT s.id, s.name, o.ts,
    o.samples IS NOT NULL
    OR EXISTS (SELECT FROM {{schema}}.calculation_output w WHERE w.series_id = s.id)
    OR (SELECT samples IS NOT NULL FROM {{schema}}.sample WHERE series_id = s.id ORDER BY ts DESC LIMIT 1)
FROM {{schema}}.series s
    CROSS JOIN LATERAL (
        SELECT ts, samples
        FROM {{schema}}.sample
        WHERE series_id = s.id AND ts < $2
        ORDER BY ts
        LIMIT 1
    ) o
WHERE $1::text IS NULL OR s.name LIKE $1
ORDER BY s.id;

-- fragment: find_lasts_of keys sample times
SELECT (
    SELECT {{times}}
    FROM {{sample}} s
    WHERE series_id = r.id
        AND ts >= r.first
        AND ts < r.beyond
        AND ts >= $5
        AND ts < $6
        AND {{is_good}}
    ORDER BY ts DESC OFFSET r.number - 1
    LIMIT 1
)
FROM unnest($1::{{keys}}, $2::timestamptz[], $3::timestamptz[], $4::int4[]) WITH ORDINALITY r
    (id, first, beyond, number, n)
ORDER BY r.n

-- name: find_lasts
-- doing: look for the last samples
{{find_lasts_of int8[], {{schema}}.sample, ts}};

-- name: each_need
-- doing: read who reads series
SELECT i.series_id, c.id, c.name, {{schedule c.}}, b.watermark, c.start, i.window_length, i.shift, i.lookback,
    c.enabled
FROM {{schema}}.calculation_input i
    JOIN {{schema}}.calculation c ON c.id = i.calculation_id
    LEFT JOIN {{schema}}.batch b ON b.id = c.batch_id
WHERE i.series_id = ANY ($1)
ORDER BY i.series_id, c.id;

-- name: each_debt
-- doing: read what is owed
-- reads: all of owed
SELECT calculation_id, min(after_end)
FROM (
    SELECT calculation_id, window_end - interval '1 microsecond' AS after_end
    FROM {{schema}}.pending
    WHERE NOT given_up
    UNION ALL
    SELECT calculation_id, after_end
    FROM {{schema}}.owed
) d
GROUP BY calculation_id
ORDER BY calculation_id;

-- fragment: count_samples_of keys sample
SELECT coalesce(sum(c.samples), 0)::int8
FROM unnest($1::{{keys}}, $2::timestamptz[], $3::timestamptz[]) r (id, first, beyond)
    CROSS JOIN LATERAL (
        SELECT count(*) AS samples
        FROM (
            SELECT
            FROM {{sample}} s
            WHERE series_id = r.id AND ts >= r.first AND ts < r.beyond AND ts >= $4 AND ts < $5
            LIMIT $6
        ) few
    ) c

-- name: count_samples
-- doing: count samples
-- At most so many of each series.
{{count_samples_of int8[], {{schema}}.sample}};
