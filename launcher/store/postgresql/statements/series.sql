-- Series.

-- fragment: series_columns
id, name, unit, description, attributes::text, sample_interval, pruned_from, pruned_to

-- name: each_series
-- doing: read the series
-- reads: all of series
SELECT {{series_columns}}
FROM {{schema}}.series
WHERE $1::text IS NULL OR name LIKE $1
ORDER BY name COLLATE "C";

-- name: find_series
-- doing: look for a series
SELECT {{series_columns}} FROM {{schema}}.series WHERE name = $1;
