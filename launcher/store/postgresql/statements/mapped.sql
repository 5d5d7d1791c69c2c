-- Tables of somebody else: what they are like, and their samples.
--
-- What is put in at run time: %1$s the type of an array of keys, %2$s a relation with the columns series_id, ts, value
-- and quality, of which series_id is the key. Rows are those of the statements without mapped_ in front.

-- name: describe_table
-- doing: look at a table of samples
-- A row for each column that is asked for, and one with neither number nor name first; the type of a domain is that below.
SELECT t.name, c.n, a.base::int8, format_type(a.base, NULL), y.typcategory::text, quote_ident(c.name)
FROM (
    SELECT to_regclass($1) AS id,
        (SELECT string_agg(quote_ident(p), '.' ORDER BY n) FROM unnest(parse_ident($1)) WITH ORDINALITY x (p, n)) AS name
) t
    CROSS JOIN unnest($2::text[]) WITH ORDINALITY c (name, n)
    LEFT JOIN LATERAL (
        SELECT coalesce(nullif(b.typbasetype, 0), x.atttypid) AS base
        FROM pg_attribute x
            JOIN pg_type b ON b.oid = x.atttypid
        WHERE x.attrelid = t.id AND x.attname = c.name AND x.attnum > 0 AND NOT x.attisdropped
    ) a ON true
    LEFT JOIN pg_type y ON y.oid = a.base
WHERE t.id IS NOT NULL
ORDER BY c.n;

-- name: describe_wide
-- doing: look at a wide table of samples
SELECT format(
    '(%L, t.%I%s)', x.attname, x.attname, CASE y.typcategory WHEN 'B' THEN '::int4::float8' ELSE '::float8' END
), x.attname::text
FROM pg_attribute x
    JOIN pg_type b ON b.oid = x.atttypid
    JOIN pg_type y ON y.oid = coalesce(nullif(b.typbasetype, 0), b.oid)
WHERE x.attrelid = to_regclass($1)
    AND x.attname <> $2
    AND x.attnum > 0
    AND NOT x.attisdropped
    AND y.typcategory IN ('N', 'B')
ORDER BY x.attnum;

-- name: describe_rows
-- doing: describe a table of samples
SELECT format(
    '(SELECT %s AS series_id, %s AS ts, %s AS value, %s AS quality FROM %s t)',
    't.' || quote_ident($2::text), {{time_of $3::text, $4::text}}, 't.' || quote_ident($5::text) || $6::text, $7::text,
    $1::text
);

-- name: describe_columns
-- doing: describe a wide table of samples
SELECT format(
    '(SELECT c.key AS series_id, %s AS ts, c.value AS value, 0::int2 AS quality FROM %s t, LATERAL (VALUES %s) c (key, '
    || 'value) WHERE c.value IS NOT NULL)',
    {{time_of $2::text, $3::text}}, $1::text, $4::text
);

-- name: find_places
-- doing: find where samples of series are
SELECT coalesce(nullif(y.source_key, ''), y.name), y.source_table, y.name,
    EXISTS (SELECT FROM {{schema}}.calculation_output o WHERE o.series_id = y.id), r.n, y.shadow
FROM unnest($1::int8[]) WITH ORDINALITY r (id, n)
    JOIN {{schema}}.series y ON y.id = r.id
ORDER BY r.n;

-- name: mapped_prepare_check
-- doing: check a table of samples
PREPARE local_processing_check AS {{fetch_ranges text[]::%1$s, %2$s}};

-- name: describe_keys
-- doing: look at a query of samples
SELECT to_regtype($1 || '[]')::oid::int8;

-- name: describe_types
-- doing: look at a query of samples
SELECT y.typcategory::text, format_type(y.oid, NULL)
FROM unnest($1::int8[]) WITH ORDINALITY t (id, n)
    JOIN pg_type y ON y.oid = t.id::oid
ORDER BY t.n;

-- name: mapped_ask_query
-- doing: fetch samples by a query
-- reads: all of sample where that is what is put in at run time
-- The relation has $1, the keys, and $2 and $3, the ends of the ranges. A row without a time is told from others.
SELECT series_id::text, array_agg(coalesce(ts, '-infinity')), array_agg(value),
    CASE WHEN count(nullif(quality, 0)) > 0 THEN array_agg(quality) END
FROM %2$s s
WHERE $1::%1$s IS NOT NULL
GROUP BY 1;

-- name: mapped_prepare_query
-- doing: check a query of samples
PREPARE local_processing_query (%1$s, timestamptz[], timestamptz[]) AS SELECT * FROM %2$s s;

-- name: explain_query
-- doing: look at the plan of a query of samples
EXPLAIN (VERBOSE) EXECUTE local_processing_query (NULL, NULL, NULL);

-- name: plan_for_any
-- doing: look at the plan of a table of samples
SELECT set_config('plan_cache_mode', 'force_generic_plan', true);

-- name: explain_check
-- doing: look at the plan of a table of samples
EXPLAIN EXECUTE local_processing_check (NULL, NULL, NULL, NULL, NULL);

-- name: forget_check
-- doing: check a table of samples
-- All: a statement that failed may have been prepared or not.
DEALLOCATE ALL;

-- name: mapped_check_keys
-- doing: look at the keys of series
-- Those that a row's key, as a text, is not.
SELECT min(k.given)
FROM unnest($1::text[], ($1::text[]::%1$s)::text[]) k (given, written)
WHERE k.given <> k.written OR '%1$s' = 'numeric[]' AND k.given LIKE '%%.%%0';

-- name: table_size
-- doing: look at the size of a table
SELECT coalesce(
    (SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree(to_regclass($1))), pg_relation_size(to_regclass($1)), 0
)::int8;

-- name: all_series_ids
-- doing: read the series
-- reads: all of series
SELECT id FROM {{schema}}.series ORDER BY id;

-- name: guard
-- doing: ask a table of samples
SAVEPOINT guarded;

-- name: unguard
-- doing: ask a table of samples
RELEASE SAVEPOINT guarded;

-- name: step_back
-- doing: go on without a table of samples
ROLLBACK TO SAVEPOINT guarded;

-- name: mapped_fetch
-- doing: fetch samples
{{fetch_ranges text[]::%1$s, %2$s}};

-- name: mapped_prefer_bitmaps
-- doing: fetch samples
SELECT set_config('enable_nestloop', 'off', true), set_config('enable_mergejoin', 'off', true);

-- name: mapped_fetch_together
-- doing: fetch samples
-- By the place of each key among those that are asked for: keys are not always numbers.
SELECT {{as_circles {{place_and_time}}}}
{{of_all_keys}};

-- name: mapped_fetch_together_qualities
-- doing: fetch samples and their qualities
SELECT {{as_segments {{place_and_time}}}}
{{of_all_keys}};

-- name: mapped_fetch_previous
-- doing: fetch the samples before the windows
-- Two rows of one time are told from one.
{{fetch_last text[]::%1$s, %2$s, FETCH FIRST ROW WITH TIES}};

-- name: mapped_fetch_earlier
-- doing: fetch more samples before the windows
{{fetch_before text[]::%1$s, %2$s}};

-- name: mapped_next_good
-- doing: look for the next good samples
{{next_good_of text[]::%1$s, %2$s, }};

-- name: mapped_find_rise
-- doing: look for rises
{{find_rise_of ($1::text[]::%1$s)[1], %2$s}};

-- name: mapped_find_lasts
-- doing: look for the last samples
{{find_lasts_of text[]::%1$s, %2$s, DISTINCT ts}};

-- name: mapped_count_samples
-- doing: count samples
{{count_samples_of text[]::%1$s, %2$s}};

-- name: mapped_read_samples
-- doing: read samples
SELECT array_agg(s.ts), array_agg(s.value),
    CASE WHEN count(nullif(s.quality, 0)) > 0 THEN array_agg(s.quality) END, NULL::float8[], NULL::int4[],
    NULL::timestamptz[]
FROM (
    SELECT ts, value, quality
    FROM %2$s s
    WHERE series_id = ($1::text[]::%1$s)[1] AND ts >= $2 AND ts < $3
    ORDER BY ts
    LIMIT $4
) s;

-- fragment: place_and_time
point(r.n::float8, tstzrange_subdiff(ts, $2))

-- fragment: of_all_keys
FROM %2$s s
    JOIN unnest($1::text[]::%1$s) WITH ORDINALITY r (key, n) ON r.key = s.series_id
WHERE s.series_id = ANY ($1::text[]::%1$s) AND ts >= $2 AND ts < $3

-- A column of times, or one without zone and that.
-- fragment: time_of column zone
CASE
    WHEN {{zone}} IS NULL THEN 't.' || quote_ident({{column}})
    ELSE format('(t.%I AT TIME ZONE %L)', {{column}}, {{zone}})
END
