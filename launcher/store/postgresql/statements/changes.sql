-- Changes of samples, and who follows them.

-- The hours of series in the notes $1 that begin before $2, each with its series' place in the bounds $3 and $4, which
-- are sorted: a join could be planned as a loop, since the planner knows nothing of what is in arrays.
-- fragment: noted_hours
FROM {{schema}}.change t
    CROSS JOIN LATERAL unnest(t.series_ids, t.firsts, t.lasts) r (series_id, first, last)
    CROSS JOIN LATERAL (SELECT width_bucket(r.series_id, $3::int8[])) b (place)
WHERE t.id = ANY ($1::int8[]) AND r.first < $2

-- fragment: is_passed_over
NOT t.by_hand AND ($3::int8[])[b.place] = r.series_id AND r.last < ($4::timestamptz[])[b.place]

-- name: each_changed
-- doing: read which series have changed
-- reads: all of change
SELECT r.series_id, min(r.first), count(*)
FROM {{schema}}.change t
    CROSS JOIN LATERAL unnest(t.series_ids, t.firsts) r (series_id, first)
WHERE t.first < $1 AND r.first < $1
GROUP BY r.series_id
ORDER BY r.series_id;

-- name: each_note
-- doing: read the changes of samples
-- reads: all of change
SELECT id FROM {{schema}}.change WHERE first < $1;

-- name: take_news
-- doing: take the changes of samples
-- reads: all of change
-- What nobody has read yet ($1 is NULL: anything) is forgotten at once. A row that comes in later stays for
-- the next run.
WITH news AS (DELETE FROM {{schema}}.change WHERE (first < $1) IS NOT TRUE)
SELECT id
FROM {{schema}}.change
WHERE first < $1;

-- name: count_too_old
-- doing: count changes of samples
SELECT count(*)
{{noted_hours}} AND {{is_passed_over}} AND ($4::timestamptz[])[b.place] < $5;

-- name: open_changes
-- doing: read the changes of samples
DECLARE changes NO SCROLL CURSOR FOR
SELECT r.series_id, r.first, r.last, t.by_hand
{{noted_hours}} AND ({{is_passed_over}}) IS NOT TRUE
ORDER BY r.series_id, r.first;

-- name: more_changes
-- doing: read the changes of samples
-- LP_CHANGES_AT_ONCE of store.h.
FETCH FORWARD 10000 FROM changes;

-- name: close_changes
-- doing: read the changes of samples
CLOSE changes;

-- name: take_notes
-- doing: take the changes of samples
DELETE FROM {{schema}}.change WHERE id = ANY ($1);

-- name: invalidate
-- doing: note that samples are to be read again
INSERT INTO {{schema}}.change (series_ids, firsts, lasts, first, last, by_hand)
VALUES (ARRAY[$1::int8], ARRAY[$2::timestamptz], ARRAY[$3::timestamptz], $2, $3, true);

-- fragment: next_good_of keys sample readers
SELECT r.n, s.ts
FROM unnest($1::{{keys}}, $2::timestamptz[]) WITH ORDINALITY r (series_id, last, n)
    CROSS JOIN LATERAL (
        SELECT ts
        FROM {{sample}} s
        WHERE series_id = r.series_id AND ts > r.last AND ts > $3 AND ts < $4 AND {{is_good}}
        ORDER BY ts
        LIMIT 1
    ) s
{{readers}}

-- name: next_good
-- doing: look for the next good samples
{{next_good_of int8[], {{schema}}.sample,
    WHERE r.series_id IN (SELECT series_id FROM {{schema}}.calculation_input WHERE lookback IS NOT NULL)}};

-- fragment: find_rise_of series sample
SELECT max(ts)
FROM (
    SELECT ts, value, lag(value) OVER (ORDER BY ts) AS before
    FROM (
        SELECT ts, value
        FROM {{sample}} s
        WHERE series_id = {{series}} AND ts > $2 AND ts < $3 AND {{is_good}}
        ORDER BY ts
        LIMIT $5
    ) s
) v
WHERE value > ($4::float8[])[1] * before

-- name: find_rise
-- doing: look for rises
{{find_rise_of $1, {{schema}}.sample}};

-- name: each_reader
-- doing: read who reads series
SELECT c.id, i.series_id, {{schedule c.}}, b.watermark, b.start, i.window_length, i.shift, i.lookback,
    c.recompute_within, EXISTS (SELECT FROM {{schema}}.calculation_output o WHERE o.series_id = i.series_id),
    g.after_end, g.until_end, c.enabled
FROM {{schema}}.calculation_input i
    JOIN {{schema}}.calculation c ON c.id = i.calculation_id
    JOIN {{schema}}.batch b ON b.id = c.batch_id
    LEFT JOIN LATERAL (
        SELECT after_end, until_end
        FROM {{schema}}.owed
        WHERE calculation_id = c.id AND reason = {{reason catch_up}}
        ORDER BY until_end DESC
        LIMIT 1
    ) g ON true
WHERE i.series_id = ANY ($1) AND b.watermark IS NOT NULL
ORDER BY i.series_id, c.id;
