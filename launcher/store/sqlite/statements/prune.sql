-- What prune removes.

-- name: touch_readers
-- doing: mark the batches of pruned series
UPDATE batch
SET generation = generation + 1
WHERE id IN (
    SELECT c.batch_id
    FROM calculation_input i
        JOIN calculation c ON c.id = i.calculation_id
    WHERE i.series_id = ?1
);

-- name: note_pruned
-- doing: note how far series are pruned
UPDATE series
SET pruned_from = min(coalesce(pruned_from, ?2), ?2), pruned_to = max(coalesce(pruned_to, ?3), ?3)
WHERE id = ?1;

-- name: prune_bound
-- doing: look for old samples
SELECT min(ts), max(ts) FROM (SELECT ts FROM sample WHERE series_id = ?1 AND ts < ?2 ORDER BY ts LIMIT ?3);

-- name: prune_superseded
-- doing: delete old superseded results
DELETE FROM superseded WHERE series_id = ?1 AND ts < ?2;

-- name: prune_samples
-- doing: delete old samples
DELETE FROM sample WHERE series_id = ?1 AND ts <= ?2;

-- name: each_orphans
-- doing: look for samples of no series
-- From one id to the next by the table's order: to read all samples would take hours.
WITH RECURSIVE each (id) AS (
    SELECT min(series_id)
    FROM sample
    UNION ALL
    SELECT (SELECT min(series_id) FROM sample WHERE series_id > each.id)
    FROM each
    WHERE each.id IS NOT NULL
)
SELECT id
FROM each
WHERE id NOT IN (SELECT id FROM series) AND EXISTS (SELECT 1 FROM sample WHERE series_id = id AND ts < ?1);

-- name: restore_pruned
-- doing: take back how far a series was pruned
UPDATE series SET pruned_from = ?2, pruned_to = ?3 WHERE id = ?1;

-- name: count_outcomes
-- doing: count old outcomes
SELECT count(*) FROM outcome WHERE tick < ?1;

-- name: prune_outcomes
-- doing: delete old outcomes
DELETE FROM outcome WHERE tick < ?1;

-- name: count_runs
-- doing: count old runs
SELECT count(*) FROM run WHERE tick < ?1 AND result <> 'running';

-- name: prune_runs
-- doing: delete old runs
DELETE FROM run WHERE tick < ?1 AND result <> 'running';
