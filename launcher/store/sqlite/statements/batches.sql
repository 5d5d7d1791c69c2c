-- Batches after definitions have changed.

-- fragment: spans table
({{table}}.every || '|' || {{table}}.window_length || '|' || {{table}}."offset" || '|')

-- name: all_batches
-- doing: read the batches
-- reads: all of batch
SELECT id, generation, rank, size, {{schedule}}, start, watermark, reach, span, shadow, enabled FROM batch ORDER BY id;

-- name: all_members
-- doing: read what is in the batches
-- reads: all of calculation, calculation_input
-- What is read at once where its own schedule is another's: that holds nobody back for long.
WITH slower AS MATERIALIZED (
    SELECT id, group_concat(what, ';') AS what
    FROM (
        SELECT DISTINCT c.id AS id,
            {{spans w}} || w.delay || '|' || w.week_start || '|' || w.time_zone || '|' || coalesce(w.start, '') || '|'
            || w.result_time || '|' || coalesce(i.window_length, '') || '|' || coalesce(i.shift, '') AS what
        {{read_outputs}} AND w.enabled = 1
            JOIN calculation c ON c.id = i.calculation_id
        WHERE {{spans w}} <> {{spans c}}
            OR w.delay <> c.delay
            OR w.time_zone <> c.time_zone
            OR w.week_start <> c.week_start
            OR w.start IS NOT c.start
            OR i.shift IS NOT NULL
            OR i.window_length IS NOT NULL
        ORDER BY 1, 2
    )
    GROUP BY id
)
SELECT c.id, c.batch_id, c.position, c.rank, {{schedule c.}}, c.start, b.watermark, c.enabled, c.mode = 'shadow', s.what,
    (SELECT group_concat(coalesce(i.window_length, ''), ';') FROM calculation_input i WHERE i.calculation_id = c.id)
FROM calculation c
    LEFT JOIN batch b ON b.id = c.batch_id
    LEFT JOIN slower s ON s.id = c.id
ORDER BY c.id;

-- name: add_batch
-- doing: add a batch
INSERT INTO batch (
    rank, enabled, size, {{schedule}}, start, watermark, last_run_id, last_outcome, span, shadow
)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, (SELECT last_run_id FROM batch WHERE id = ?13),
    (SELECT last_outcome FROM batch WHERE id = ?13), ?14, ?15;

-- name: change_batches
-- doing: change batches
UPDATE batch SET generation = ?2, size = ?3, span = ?4 WHERE id = ?1;

-- name: delete_batches
-- doing: delete batches
DELETE FROM batch WHERE id = ?1;

-- name: move_calculations
-- doing: move calculations to their batches
UPDATE calculation SET batch_id = ?2, position = ?3 WHERE id = ?1;

-- name: set_upstream
-- doing: find which batches read others
-- reads: all of batch
{{set_upstream}};

-- name: set_reach
-- doing: find how far batches read
-- reads: all of batch, calculation_input
-- Nearly always there is nothing to do: no input reads past its window's end, and none did.
UPDATE batch
SET reach = wanted.reach
FROM (
    SELECT b.id AS id, coalesce(max(i.reach), 0) AS reach
    FROM batch b
        LEFT JOIN calculation c ON c.batch_id = b.id
        LEFT JOIN calculation_input i ON i.calculation_id = c.id AND i.reach > 0
    GROUP BY b.id
) AS wanted
WHERE wanted.id = batch.id
    AND wanted.reach <> batch.reach
    AND (EXISTS (SELECT 1 FROM calculation_input WHERE reach > 0) OR batch.reach > 0);
