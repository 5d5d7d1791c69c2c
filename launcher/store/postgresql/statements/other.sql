-- Results of somebody else, which `compare` reads.

-- name: prepare_other
-- doing: begin to read the results to compare with
-- Names without a schema mean what they mean to whoever wrote them.
SELECT set_config('transaction_read_only', 'on', true), set_config('TimeZone', $1, true),
    set_config('search_path', (SELECT reset_val FROM pg_settings WHERE name = 'search_path'), true);

-- name: open_other
-- doing: read the results to compare with
-- reads: all of sample where that is what is put in at run time
DECLARE other NO SCROLL CURSOR FOR
SELECT o.series, o.time, o.value
FROM (
    SELECT q.series::text COLLATE "C", q.time::timestamptz, q.value::float8
    FROM %1$s q (series, time, value)
) o (series, time, value)
WHERE o.series = ANY ($1::text[])
    AND ($2::int8 IS NULL OR o.time >= 'epoch'::timestamptz + $2 * interval '1 microsecond')
    AND ($3::int8 IS NULL OR o.time < 'epoch'::timestamptz + $3 * interval '1 microsecond')
ORDER BY o.series, o.time, o.value;

-- name: more_other
-- doing: read the results to compare with
-- LP_OTHER_AT_ONCE of store.h.
FETCH FORWARD 10000 FROM other;
