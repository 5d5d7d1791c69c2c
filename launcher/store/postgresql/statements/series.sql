-- Series.

-- By name a series is the one that is live; with it comes the one of the same name for results in shadow.
-- fragment: series_columns
s.id, s.name, s.unit, s.description, s.attributes::text, s.sample_interval, s.source_key, s.source_table,
s.pruned_from, s.pruned_to, t.id
FROM {{schema}}.series s
    LEFT JOIN {{schema}}.series t ON t.name = s.name AND t.shadow

-- name: each_series
-- doing: read the series
-- reads: all of series where they are not read in the order of an index
SELECT {{series_columns}}
WHERE NOT s.shadow AND ($1::text IS NULL OR s.name LIKE $1)
ORDER BY s.name COLLATE "C";

-- name: find_series
-- doing: look for a series
SELECT {{series_columns}}
WHERE s.name = $1 AND NOT s.shadow;
