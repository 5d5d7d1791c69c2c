-- The samples that a batch reads.

-- See together.c. The seconds of a range of times are their difference as a double, without an interval.
-- fragment: series_and_time
point(series_id::float8, tstzrange_subdiff(ts, $2))

-- fragment: of_all_series
FROM {{schema}}.sample
WHERE series_id = ANY ($1) AND ts >= $2 AND ts < $3

-- fragment: as_circles point
string_agg(circle_send(circle({{point}}, coalesce(value, 'NaN'))), ''), max(quality)

-- fragment: as_segments point
string_agg(lseg_send(lseg({{point}}, point(coalesce(value, 'NaN'), coalesce(quality, 0)))), '')

-- The three ways to read, of this program's samples, and of others': mapped.sql.
-- fragment: fetch_ranges keys sample
SELECT r.n, a.ts, a.value, a.quality
FROM unnest($1::{{keys}}, $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY r (series_id, first, beyond, n)
    CROSS JOIN LATERAL (
        SELECT array_agg(s.ts), array_agg(s.value),
            CASE WHEN count(nullif(s.quality, 0)) > 0 THEN array_agg(s.quality) END
        FROM {{sample}} s
        WHERE s.series_id = r.series_id AND s.ts >= r.first AND s.ts < r.beyond AND s.ts >= $4 AND s.ts < $5
    ) a (ts, value, quality)
WHERE a.ts IS NOT NULL

-- fragment: fetch_last keys sample first
SELECT r.n, s.ts, s.value, s.quality
FROM unnest($1::{{keys}}, $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY r (series_id, first, beyond, n)
    CROSS JOIN LATERAL (
        SELECT ts, value, quality
        FROM {{sample}} s
        WHERE series_id = r.series_id
            AND ts >= r.first
            AND ts < r.beyond
            AND ts >= $4
            AND ts < $5
            AND {{is_good}}
        ORDER BY ts DESC
        {{first}}
    ) s

-- fragment: fetch_before keys sample
SELECT r.n, a.ts, a.value, a.quality
FROM unnest($1::{{keys}}, $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY r (series_id, first, beyond, n)
    CROSS JOIN LATERAL (
        SELECT array_agg(s.ts), array_agg(s.value),
            CASE WHEN count(nullif(s.quality, 0)) > 0 THEN array_agg(s.quality) END
        FROM (
            SELECT ts, value, quality
            FROM {{sample}} s
            WHERE series_id = r.series_id
                AND ts >= r.first
                AND ts < r.beyond
                AND ts >= $4
                AND ts < $5
                AND {{is_good}}
            ORDER BY ts DESC
            LIMIT $6
        ) s
    ) a (ts, value, quality)
WHERE a.ts IS NOT NULL

-- name: fetch
-- doing: fetch samples
{{fetch_ranges int8[], {{schema}}.sample}};

-- name: prefer_bitmaps
-- doing: fetch samples
-- The planner has no say: what the last minutes wrote, and that it was never vacuumed, its figures do not
-- tell.
SELECT set_config('enable_indexscan', 'off', true), set_config('enable_indexonlyscan', 'off', true),
    set_config('enable_seqscan', 'off', true);

-- name: fetch_together
-- doing: fetch samples
SELECT {{as_circles {{series_and_time}}}}
{{of_all_series}};

-- name: fetch_together_qualities
-- doing: fetch samples and their qualities
SELECT {{as_segments {{series_and_time}}}}
{{of_all_series}};

-- name: fetch_previous
-- doing: fetch the samples before the windows
{{fetch_last int8[], {{schema}}.sample, LIMIT 1}};

-- name: prefer_indexes
-- doing: fetch the samples before the windows
-- After prefer_bitmaps, with which all that is before a window would be read and sorted.
SELECT set_config('enable_indexscan', 'on', true), set_config('enable_indexonlyscan', 'on', true),
    set_config('enable_seqscan', 'on', true);

-- name: fetch_earlier
-- doing: fetch more samples before the windows
{{fetch_before int8[], {{schema}}.sample}};
