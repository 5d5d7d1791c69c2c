-- Series.

-- fragment: series_columns
id, name, unit, description, attributes, sample_interval, pruned_from, pruned_to

-- name: each_series
-- doing: read the series
-- reads: all of series
SELECT {{series_columns}}
FROM series
WHERE ?1 IS NULL OR name GLOB ?1
ORDER BY name;

-- name: find_series
-- doing: look for a series
SELECT {{series_columns}} FROM series WHERE name = ?1;
