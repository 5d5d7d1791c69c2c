-- What several statements, or statements and the schema, have in common.

-- fragment: is_good
value IS NOT NULL AND abs(value) < 9e999 AND (quality IS NULL OR quality IN (0, 1))

-- What a window made, also by a release that did not note the window.
-- fragment: is_result
(window_end IS NOT NULL OR samples IS NOT NULL)

-- Of a calculation that is live: its rule's breaker is open, and it has not worked since.
-- fragment: is_stopped calculation
(
    {{calculation}}.mode = 'live'
    AND EXISTS (SELECT 1 FROM breaker x WHERE x.rule = {{calculation}}.rule)
    AND EXISTS (
        SELECT 1 FROM state s WHERE s.calculation_id = {{calculation}}.id AND s.state NOT IN ('ok', 'no_data')
    )
)

-- fragment: schedule table
{{table}}every, {{table}}window_length, {{table}}"offset", {{table}}delay, {{table}}week_start, {{table}}time_zone,
{{table}}missed

-- From inputs i of a calculation to the calculations w that write them.
-- fragment: read_outputs
FROM calculation_input i
    JOIN calculation_output o ON o.series_id = i.series_id
    JOIN calculation w ON w.id = o.calculation_id

-- The order of lp_calculation_layout in store/layouts.c.
-- fragment: calculation_columns
c.id, c.name, c.description, c.rule, c.parameters, c.labels, c.enabled, {{schedule c.}}, c.start, c.time_limit,
c.version, c.rank, c.result_time, c.min_coverage, c.recompute_within, c.memory_limit, c.mode,
CASE
    WHEN c.enabled = 0 THEN 'disabled'
    WHEN s.state IS NOT NULL THEN s.state
    WHEN b.watermark IS NULL THEN 'new'
    ELSE 'ok'
END, coalesce(b.generation, 0)

-- fragment: calculation_tables
FROM calculation c
    LEFT JOIN batch b ON b.id = c.batch_id
    LEFT JOIN state s ON s.calculation_id = c.id

-- Which batches read others, and what they read of them: after definitions were applied, and once by a migration.
-- fragment: set_upstream
WITH edge AS MATERIALIZED (
    SELECT DISTINCT reader.batch_id AS batch_id, writer.batch_id AS upstream,
        writer.batch_id || '|' || writer.result_time || '|' || coalesce(i.window_length, '') || '|'
        || coalesce(i.shift, '') || '|' || coalesce(i.lookback, 0) AS reading
    FROM calculation_output o
        JOIN calculation_input i ON i.series_id = o.series_id
        JOIN calculation writer ON writer.id = o.calculation_id
        JOIN calculation reader ON reader.id = i.calculation_id
    WHERE writer.enabled = 1 AND writer.batch_id <> reader.batch_id
), wanted AS MATERIALIZED (
    SELECT batch.id AS id,
        (
            SELECT json_group_array(upstream)
            FROM (SELECT DISTINCT upstream FROM edge WHERE edge.batch_id = batch.id ORDER BY upstream)
        ) AS upstream,
        coalesce((
            SELECT group_concat(reading, ';')
            FROM (SELECT reading FROM edge WHERE edge.batch_id = batch.id ORDER BY upstream, reading)
        ), '') AS reading
    FROM batch
)
UPDATE batch
SET upstream = wanted.upstream, reading = wanted.reading
FROM wanted
WHERE wanted.id = batch.id AND (wanted.upstream <> batch.upstream OR wanted.reading <> batch.reading)
