-- Windows that are to be computed again.

-- name: each_owed
-- doing: read the owed windows
-- reads: all of breaker, calculation, owed where much is owed
SELECT o.id, o.calculation_id, c.batch_id, c.rank, o.reason, o.after_end, o.until_end, o.touched, o.cause_id,
    o.replace_imported, coalesce((SELECT batch_id FROM {{schema}}.calculation WHERE id = o.cause_id), 0)
FROM {{schema}}.owed o
    JOIN {{schema}}.calculation c ON c.id = o.calculation_id
WHERE c.enabled
    AND ($1 = -1 OR c.rank = $1)
    AND (o.reason = {{reason backfill}}) = $2
    AND (
        o.reason <> {{reason waited}}
        OR NOT EXISTS (
            SELECT
            FROM {{schema}}.calculation x
            WHERE x.id = o.cause_id
                AND x.enabled
                AND (
                    EXISTS (SELECT FROM {{schema}}.pending p WHERE p.calculation_id = x.id AND NOT p.given_up)
                    OR EXISTS (
                        SELECT FROM {{schema}}.owed t WHERE t.calculation_id = x.id AND t.reason = {{reason tripped}}
                    )
                )
        )
    )
    AND (o.reason <> {{reason tripped}} OR NOT {{is_stopped c}})
ORDER BY c.rank, c.batch_id, o.reason, o.after_end, o.until_end, o.calculation_id;

-- name: lock_owed
-- doing: read the owed windows of a batch
SELECT r.n
FROM unnest($1::int8[], $2::timestamptz[], $3::int8[]) WITH ORDINALITY r (id, after_end, touched, n)
    JOIN {{schema}}.owed o ON o.id = r.id AND o.after_end = r.after_end AND o.touched = r.touched
ORDER BY r.n
FOR UPDATE OF o;

-- name: move_owed
-- doing: move on the owed windows of a batch
UPDATE {{schema}}.owed o
SET after_end = r.after_end, window_start = coalesce(r.window_start, o.window_start), until_end = r.until_end
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[]) r
    (id, after_end, window_start, until_end)
WHERE o.id = r.id;

-- name: delete_owed
-- doing: take off owed windows
DELETE FROM {{schema}}.owed WHERE id = ANY ($1);

-- name: touch_owed
-- doing: note owed windows
UPDATE {{schema}}.owed o
SET touched = touched + 1
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[]) r (id, after_end, until_end)
WHERE o.calculation_id = r.id AND o.after_end < r.until_end AND o.until_end > r.after_end;

-- name: add_owed
-- doing: note owed windows
WITH new AS MATERIALIZED (
    SELECT *
    FROM unnest(
        $1::int8[], $2::int2[], $3::int8[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::bool[]
    ) r (calculation_id, reason, cause_id, window_start, after_end, until_end, replace_imported)
), old AS (
    DELETE FROM {{schema}}.owed o
    USING new n
    WHERE o.calculation_id = n.calculation_id
        AND o.reason = n.reason
        AND o.cause_id = n.cause_id
        AND o.after_end <= n.until_end
        AND o.until_end >= n.after_end
        AND o.replace_imported = n.replace_imported
    RETURNING o.calculation_id, o.reason, o.cause_id, o.window_start, o.after_end, o.until_end,
        o.replace_imported
), piece AS (
    SELECT * FROM new UNION ALL SELECT * FROM old
), marked AS (
    SELECT *, (
        after_end <= max(until_end) OVER (
            PARTITION BY calculation_id, reason, cause_id, replace_imported ORDER BY after_end,
            until_end ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )
    ) IS NOT TRUE AS begins
    FROM piece
), island AS (
    SELECT *, count(*) FILTER (WHERE begins) OVER (
        PARTITION BY calculation_id, reason, cause_id, replace_imported ORDER BY after_end, until_end
    ) AS number
    FROM marked
)
INSERT INTO {{schema}}.owed (
    calculation_id, reason, cause_id, window_start, after_end, until_end, replace_imported
)
SELECT calculation_id, reason, cause_id, min(window_start), min(after_end), max(until_end), replace_imported
FROM island
GROUP BY calculation_id, reason, cause_id, replace_imported, number;

-- name: cut_owed
-- doing: cut owed windows
WITH cut AS (
    UPDATE {{schema}}.owed o
    SET until_end = $4
    FROM (
        SELECT w.*
        FROM unnest($1::int8[], $2::timestamptz[], $3::int8[]) r (id, after_end, touched)
            JOIN {{schema}}.owed w
                ON w.id = r.id
                    AND w.after_end = r.after_end
                    AND w.touched = r.touched
                    AND w.after_end < $4
                    AND w.until_end > $4
        FOR UPDATE OF w
    ) w
    WHERE o.id = w.id
    RETURNING w.*
)
INSERT INTO {{schema}}.owed (
    calculation_id, reason, cause_id, window_start, after_end, until_end, touched, replace_imported
)
SELECT calculation_id, reason, cause_id, window_start, $4, until_end, touched, replace_imported
FROM cut;

-- name: forget_owed
-- doing: forget owed windows
-- reads: all of outdated, owed
WITH again AS (UPDATE {{schema}}.outdated SET owed = false WHERE owed AND $1 = {{reason backfill}})
DELETE FROM {{schema}}.owed
WHERE reason = $1;

-- name: reopen
-- doing: open pending windows again
-- reads: all of calculation, pending, state
WITH opened AS (
    UPDATE {{schema}}.pending p
    SET attempts = 0, given_up = false, next_attempt = window_end
    FROM {{schema}}.calculation c
    WHERE c.id = p.calculation_id
        AND ($1::text IS NULL OR c.name LIKE $1)
        AND ($2::text IS NULL OR c.rule = $2)
        AND ($3::timestamptz IS NULL OR p.window_end > $3)
        AND ($4::timestamptz IS NULL OR p.window_start < $4)
    RETURNING p.calculation_id
), states AS (
    -- Attempts and next attempt of a state are those of its window.
    UPDATE {{schema}}.state s
    SET attempts = 0, next_attempt = window_end
    FROM {{schema}}.calculation c
    WHERE c.id = s.calculation_id
        AND s.failing_since IS NOT NULL
        AND ($1::text IS NULL OR c.name LIKE $1)
        AND ($2::text IS NULL OR c.rule = $2)
        AND ($3::timestamptz IS NULL OR s.window_end > $3)
        AND ($4::timestamptz IS NULL OR s.window_start < $4)
)
SELECT count(*), count(DISTINCT calculation_id)
FROM opened;
