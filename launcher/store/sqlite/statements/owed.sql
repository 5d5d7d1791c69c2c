-- Windows that are to be computed again.

-- name: each_owed
-- doing: read the owed windows
-- reads: all of owed
SELECT o.id, o.calculation_id, c.batch_id, c.rank, o.reason, o.after_end, o.until_end, o.touched, o.cause_id,
    o.replace_imported, (SELECT batch_id FROM calculation WHERE id = o.cause_id)
FROM owed o
    JOIN calculation c ON c.id = o.calculation_id
WHERE c.enabled = 1
    AND (?1 = -1 OR c.rank = ?1)
    AND (o.reason = {{reason backfill}}) = ?2
    AND (
        o.reason <> {{reason waited}}
        OR NOT EXISTS (
            SELECT 1
            FROM calculation cause
            WHERE cause.id = o.cause_id
                AND cause.enabled = 1
                AND (
                    EXISTS (SELECT 1 FROM pending p WHERE p.calculation_id = cause.id AND p.given_up = 0)
                    OR EXISTS (
                        SELECT 1 FROM owed t WHERE t.calculation_id = cause.id AND t.reason = {{reason tripped}}
                    )
                )
        )
    )
    AND (o.reason <> {{reason tripped}} OR NOT {{is_stopped c}})
ORDER BY c.rank, c.batch_id, o.reason, o.after_end, o.until_end, o.calculation_id;

-- name: each_owed_of
-- doing: read owed windows
SELECT id, calculation_id, reason, cause_id, window_start, after_end, until_end, replace_imported, touched
FROM owed
WHERE calculation_id = ?1;

-- name: put_owed
-- doing: note owed windows
INSERT INTO owed (
    id, calculation_id, reason, cause_id, window_start, after_end, until_end, replace_imported, touched, noted
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (id) DO UPDATE
SET window_start = excluded.window_start, after_end = excluded.after_end, until_end = excluded.until_end,
    touched = excluded.touched;

-- name: check_owed
-- doing: read the owed windows of a batch
SELECT 1 FROM owed WHERE id = ?1 AND after_end = ?2 AND touched = ?3;

-- name: move_owed
-- doing: move on the owed windows of a batch
UPDATE owed SET after_end = ?2, window_start = coalesce(?3, window_start), until_end = ?4 WHERE id = ?1;

-- name: delete_owed
-- doing: take off owed windows
DELETE FROM owed WHERE id = ?1;

-- name: copy_owed
-- doing: cut owed windows
INSERT INTO owed (
    calculation_id, reason, window_start, after_end, until_end, cause_id, touched, noted, replace_imported
)
SELECT calculation_id, reason, window_start, ?4, until_end, cause_id, touched, noted, replace_imported
FROM owed
WHERE id = ?1 AND after_end = ?2 AND touched = ?3 AND after_end < ?4 AND until_end > ?4;

-- name: cut_owed
-- doing: cut owed windows
UPDATE owed SET until_end = ?2 WHERE id = ?1;

-- name: forget_owed
-- doing: forget owed windows
-- reads: all of owed
DELETE FROM owed WHERE reason = ?1;

-- The windows that a person opens again: what is counted is what is opened.
-- fragment: is_reopened
calculation_id IN (
    SELECT id FROM calculation WHERE (?1 IS NULL OR name GLOB ?1) AND (?2 IS NULL OR rule = ?2)
)
    AND (?3 IS NULL OR window_end > ?3)
    AND (?4 IS NULL OR window_start < ?4)

-- name: reopen
-- doing: open pending windows again
-- reads: all of calculation
UPDATE pending
SET attempts = 0, given_up = 0, next_attempt = window_end
WHERE {{is_reopened}};

-- name: reopen_states
-- doing: open pending windows again
-- reads: all of calculation
-- Attempts and next attempt of a state are those of its window.
UPDATE state
SET attempts = 0, next_attempt = window_end
WHERE failing_since IS NOT NULL
    AND {{is_reopened}};

-- name: count_reopened
-- doing: read the pending windows
-- reads: all of calculation
SELECT count(*), count(DISTINCT calculation_id)
FROM pending
WHERE {{is_reopened}};
