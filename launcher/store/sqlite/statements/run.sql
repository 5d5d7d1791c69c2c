-- Runs: each with a row.

-- name: interrupt_runs
-- doing: mark runs that were killed
UPDATE run
SET result = 'interrupted',
    error = 'killed, or its machine went down, or it lost its lock: the next run did the rest'
WHERE result = 'running' AND kind = ?1;

-- name: begin_run
-- doing: note the run
INSERT INTO run (tick, started, host, process, program_version, result, kind)
VALUES (?1, ?2, ?3, ?4, ?5, 'running', ?6);

-- name: is_running
-- doing: look at the run
SELECT 1 FROM run WHERE id = ?1 AND result = 'running';

-- name: end_run
-- doing: note the end of the run
UPDATE run
SET ended = ?2, result = ?3, error = ?4, windows = ?5, newly_failed = ?6, samples_read = ?7,
    samples_written = ?8, still_due = ?9, recomputed = ?10, kept_imported = ?11,
    planning_us = ?12, fetch_us = ?13, compute_us = ?14, commit_us = ?15, states = ?16
WHERE id = ?1 AND result = 'running';

-- name: each_run
-- doing: read the runs
-- reads: all of run where so many are asked for
SELECT id, tick, started, ended, host, process, program_version, result, error, windows, newly_failed,
    samples_read, samples_written, still_due, kind, recomputed, kept_imported, planning_us, fetch_us, compute_us,
    commit_us, states
FROM run
WHERE (?1 = 0 OR id = ?1) AND (?2 IS NULL OR tick >= ?2) AND (?3 IS NULL OR tick < ?3)
ORDER BY id DESC
LIMIT ?4;
