-- What several statements have in common.
--
-- Whatever concerns many rows takes arrays. Bounds of ts that look redundant are there for the planner: it leaves out the
-- partitions beyond them. Arguments are added in the order of their numbers by the function that runs a statement.

-- The schema of this program; settings of transactions begin with its name, too.
-- fragment: schema
local_processing

-- Keys of advisory locks: a database has one set of them, so the first number is this program's.
-- fragment: lock_class
1819307120

-- NaN is more than infinity here.
-- fragment: is_good
value > '-Infinity' AND value < 'Infinity' AND quality IS DISTINCT FROM 2

-- What a window made, also by a release that did not note the window.
-- fragment: is_result
(window_end IS NOT NULL OR samples IS NOT NULL)

-- Of a calculation that is live: its rule's breaker is open, and it has not worked since.
-- fragment: is_stopped calculation
(
    {{calculation}}.mode = 'live'
    AND EXISTS (SELECT FROM {{schema}}.breaker x WHERE x.rule = {{calculation}}.rule)
    AND EXISTS (
        SELECT FROM {{schema}}.state s WHERE s.calculation_id = {{calculation}}.id AND s.state NOT IN ('ok', 'no_data')
    )
)

-- Rows of sample or superseded, from arrays.
-- fragment: results
(series_id, ts, value, quality, coverage, samples, window_end)
SELECT *
FROM unnest(
    $1::int8[], $2::timestamptz[], $3::float8[], $4::int2[], $5::float8[], $6::int4[], $7::timestamptz[]
)

-- fragment: schedule table
{{table}}every, {{table}}window_length, {{table}}"offset", {{table}}delay, {{table}}week_start, {{table}}time_zone,
{{table}}missed

-- The order of lp_calculation_layout in store/layouts.c. Inputs and outputs are sorted once, below the aggregates: an ORDER BY in each
-- would sort ten times.
-- fragment: calculation_columns
c.id, c.name, c.description, c.rule, c.parameters::text, c.labels::text, c.enabled, {{schedule c.}}, c.start,
c.time_limit, c.version, c.rank, c.result_time, c.min_coverage, c.recompute_within, c.memory_limit, c.mode,
CASE
    WHEN NOT c.enabled THEN 'disabled'
    WHEN s.state IS NOT NULL THEN s.state
    WHEN b.watermark IS NULL THEN 'new'
    ELSE 'ok'
END, coalesce(b.generation, 0),
i.names, i.ids, i.series, i.units, i.attributes, i.lookbacks, i.intervals, i.windows, i.shifts, i.pruned_from,
i.pruned_to, o.names, o.ids, o.series, o.units, o.froms, o.tos

-- fragment: calculation_tables
FROM {{schema}}.calculation c
    LEFT JOIN {{schema}}.batch b ON b.id = c.batch_id
    LEFT JOIN {{schema}}.state s ON s.calculation_id = c.id
    LEFT JOIN LATERAL (
        SELECT array_agg(z.name), array_agg(z.series_id), array_agg(z.series), array_agg(z.unit),
            array_agg(z.attributes), array_agg(z.lookback), array_agg(z.sample_interval),
            array_agg(z.window_length), array_agg(z.shift), array_agg(z.pruned_from), array_agg(z.pruned_to)
        FROM (
            SELECT x.name, x.series_id, y.name AS series, y.unit, y.attributes::text, x.lookback,
                y.sample_interval, x.window_length, x.shift, y.pruned_from, y.pruned_to
            FROM {{schema}}.calculation_input x
                JOIN {{schema}}.series y ON y.id = x.series_id
            WHERE x.calculation_id = c.id
            ORDER BY x.position
        ) z
    ) i (names, ids, series, units, attributes, lookbacks, intervals, windows, shifts, pruned_from, pruned_to) ON true
    LEFT JOIN LATERAL (
        SELECT array_agg(z.name), array_agg(z.series_id), array_agg(z.series), array_agg(z.unit),
            array_agg(coalesce(z.results_from, 0)), array_agg(coalesce(z.results_to, 0))
        FROM (
            SELECT x.name, x.series_id, y.name AS series, y.unit, y.results_from, y.results_to
            FROM {{schema}}.calculation_output x
                JOIN {{schema}}.series y ON y.id = x.series_id
            WHERE x.calculation_id = c.id
            ORDER BY x.position
        ) z
    ) o (names, ids, series, units, froms, tos) ON true
