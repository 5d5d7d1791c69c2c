-- Calculations as they were defined, one by one or packed by batch.

-- name: each_calculation
-- doing: read the calculations
-- reads: all of batch, calculation, state
SELECT {{calculation_columns}}
{{calculation_tables}}
ORDER BY c.name COLLATE "C";

-- name: read_packed
-- doing: read the calculations of a batch
SELECT contents, results_from, results_to, pruned_from, pruned_to, memory_limits
FROM {{schema}}.batch_definition
WHERE batch_id = $1 AND generation = $2;

-- name: pack
-- doing: pack the calculations of a batch
-- The batch is locked first, as by an apply that takes it away, and its definitions with it.
SELECT {{schema}}.pack_batch(b.id, $2) FROM (SELECT id FROM {{schema}}.batch WHERE id = $1 FOR KEY SHARE) b;

-- name: some_calculations
-- doing: read calculations
SELECT {{calculation_columns}}
{{calculation_tables}}
WHERE c.id = ANY ($1) AND c.enabled
ORDER BY c.id;
