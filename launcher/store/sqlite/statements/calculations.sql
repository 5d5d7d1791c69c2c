-- Calculations as they were defined.

-- fragment: input_columns
i.name, i.series_id, series.name, series.unit, series.attributes, i.lookback, series.sample_interval, i.window_length,
i.shift, series.pruned_from, series.pruned_to

-- fragment: output_columns
o.name, o.series_id, series.name, series.unit, series.results_from, series.results_to

-- name: each_calculation
-- doing: read the calculations
-- reads: all of calculation
SELECT {{calculation_columns}}
{{calculation_tables}}
ORDER BY c.name;

-- name: some_calculations
-- doing: read calculations
SELECT {{calculation_columns}}
{{calculation_tables}}
WHERE c.id = ?1 AND c.enabled = 1;

-- name: some_inputs
-- doing: read calculations
SELECT {{input_columns}}, i.calculation_id
FROM calculation_input i
    JOIN series ON series.id = i.series_id
WHERE i.calculation_id = ?1
ORDER BY i.position;

-- name: some_outputs
-- doing: read calculations
SELECT {{output_columns}}, o.calculation_id
FROM calculation_output o
    JOIN series ON series.id = o.series_id
WHERE o.calculation_id = ?1
ORDER BY o.position;

-- name: batch_calculations
-- doing: read the calculations of a batch
SELECT {{calculation_columns}}
{{calculation_tables}}
WHERE c.batch_id = ?1
ORDER BY c.position, c.id;

-- name: batch_inputs
-- doing: read the calculations of a batch
SELECT {{input_columns}}, i.calculation_id
FROM calculation c
    CROSS JOIN calculation_input i ON i.calculation_id = c.id
    CROSS JOIN series ON series.id = i.series_id
WHERE c.batch_id = ?1
ORDER BY c.position, c.id, i.position;

-- name: batch_outputs
-- doing: read the calculations of a batch
SELECT {{output_columns}}, o.calculation_id
FROM calculation c
    CROSS JOIN calculation_output o ON o.calculation_id = c.id
    CROSS JOIN series ON series.id = o.series_id
WHERE c.batch_id = ?1
ORDER BY c.position, c.id, o.position;
