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
SET ended = ?2, result = ?3, error = ?4, windows = ?5, states = ?6, newly_failed = ?7, samples_read = ?8,
    samples_written = ?9, still_due = ?10, recomputed = ?11, kept_imported = ?12
WHERE id = ?1 AND result = 'running';

-- name: each_run
-- doing: read the runs
SELECT id, tick, started, ended, host, process, program_version, result, error, windows, states, newly_failed,
    samples_read, samples_written, still_due, kind, recomputed, kept_imported
FROM run
ORDER BY id DESC
LIMIT ?1;
