-- Batches after definitions have changed.

-- What a calculation reads of those that are computed at other times: a number, the same for the same. What is computed
-- with it holds nobody back for long.
-- fragment: reads
SELECT id, hashtextextended(string_agg(what, ';' ORDER BY what), 0) AS reads
FROM (
    SELECT DISTINCT c.id,
        concat_ws(
            '|', {{schedule w.}}, w.start, w.result_time, coalesce(i.window_length, ''), coalesce(i.shift, '')
        ) AS what
    FROM {{schema}}.calculation_input i
        JOIN {{schema}}.calculation_output o ON o.series_id = i.series_id
        JOIN {{schema}}.calculation w ON w.id = o.calculation_id AND w.enabled
        JOIN {{schema}}.calculation c ON c.id = i.calculation_id
    WHERE (w.every, w.window_length, w."offset", w.delay, w.week_start, w.time_zone, w.start, NULL, NULL)
        IS DISTINCT FROM (
            c.every, c.window_length, c."offset", c.delay, c.week_start, c.time_zone, c.start, i.shift, i.window_length
        )
) x
GROUP BY id

-- name: lock_batches
-- doing: lock the batches
-- reads: all of batch
SELECT FROM {{schema}}.batch ORDER BY id FOR UPDATE;

-- name: all_batches
-- doing: read the batches
-- reads: all of batch
SELECT id, generation, rank, size, {{schedule}}, start, watermark, reach, span, shadow, enabled
FROM {{schema}}.batch
ORDER BY id;

-- name: all_members
-- doing: read what is in the batches
-- reads: all of calculation, calculation_input, calculation_output
SELECT c.id, c.batch_id, c.position, c.rank, {{schedule c.}}, c.start, b.watermark, c.enabled,
    c.mode = 'shadow', c.name = ANY ($1), coalesce(s.reads, 0), i.windows
FROM {{schema}}.calculation c
    LEFT JOIN {{schema}}.batch b ON b.id = c.batch_id
    LEFT JOIN ({{reads}}) s ON s.id = c.id
    LEFT JOIN (
        SELECT calculation_id, string_agg(coalesce(window_length, ''), ';')
        FROM {{schema}}.calculation_input
        GROUP BY 1
    ) i (id, windows) ON i.id = c.id
ORDER BY c.id;

-- name: add_batch
-- doing: add a batch
INSERT INTO {{schema}}.batch (
    rank, enabled, size, {{schedule}}, start, watermark, last_run_id, last_outcome, last_tick, span, shadow
)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, o.last_run_id, o.last_outcome, o.last_tick, $14, $15
FROM (SELECT) one
    LEFT JOIN {{schema}}.batch o ON o.id = $13
RETURNING id;

-- name: change_batches
-- doing: change batches
UPDATE {{schema}}.batch b
SET generation = r.generation, size = r.size, span = r.span
FROM unnest($1::int8[], $2::int8[], $3::int4[], $4::int8[]) r (id, generation, size, span)
WHERE b.id = r.id;

-- name: delete_batches
-- doing: delete batches
DELETE FROM {{schema}}.batch WHERE id = ANY ($1);

-- name: move_calculations
-- doing: move calculations to their batches
UPDATE {{schema}}.calculation c
SET batch_id = r.batch_id, position = r.position
FROM unnest($1::int8[], $2::int8[], $3::int4[]) r (id, batch_id, position)
WHERE c.id = r.id;

-- name: set_upstream
-- doing: find which batches read others
SELECT {{schema}}.set_upstream();

-- name: set_reach
-- doing: find how far batches read
-- reads: all of batch, calculation, calculation_input
-- Nearly always there is nothing to do: no input reads past its window's end, and none did.
UPDATE {{schema}}.batch b
SET reach = u.reach
FROM (
    SELECT x.id, coalesce(max(i.reach), 0)
    FROM {{schema}}.batch x
        LEFT JOIN {{schema}}.calculation c ON c.batch_id = x.id
        LEFT JOIN {{schema}}.calculation_input i ON i.calculation_id = c.id AND i.reach > 0
    GROUP BY x.id
) u (id, reach)
WHERE u.id = b.id
    AND u.reach <> b.reach
    AND (b.reach > 0 OR EXISTS (SELECT FROM {{schema}}.calculation_input WHERE reach > 0));
