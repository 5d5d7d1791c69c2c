-- Series.

-- By name a series is the one that is live; with it comes the one of the same name for results in shadow.
-- fragment: series_columns
s.id, s.name, s.unit, s.description, s.attributes, s.sample_interval, s.source_key, s.source_table,
s.pruned_from, s.pruned_to, t.id
FROM series s
    LEFT JOIN series t ON t.name = s.name AND t.shadow = 1

-- name: each_series
-- doing: read the series
-- reads: all of series
SELECT {{series_columns}}
WHERE s.shadow = 0 AND (?1 IS NULL OR s.name GLOB ?1)
ORDER BY s.name;

-- name: locate
-- doing: find where samples of a series are
SELECT coalesce(nullif(s.source_key, ''), s.name), s.source_table, s.name,
    EXISTS (SELECT 1 FROM calculation_output o WHERE o.series_id = s.id), s.shadow
FROM series s
WHERE s.id = ?1;

-- name: list_series_ids
-- doing: read the series
-- reads: all of series
SELECT id FROM series ORDER BY id;

-- name: find_series
-- doing: look for a series
SELECT {{series_columns}}
WHERE s.name = ?1 AND s.shadow = 0;
