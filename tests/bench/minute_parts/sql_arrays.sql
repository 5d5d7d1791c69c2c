-- SQL alone, everything in the form in which this program stores it: results with coverage and number of samples,
-- states as one row of arrays a batch.  One of :sessions sessions, the :session-th from 0.
-- LATERAL: grouping a join was 2.7 times as slow.
\set ON_ERROR_STOP 1
SET jit = off;
BEGIN;
WITH computed AS MATERIALIZED (
    SELECT c.id, c.batch_id, c.position, o.series_id, a.value, a.samples
    FROM local_processing.calculation c
        JOIN local_processing.calculation_input i ON i.calculation_id = c.id
        JOIN local_processing.calculation_output o ON o.calculation_id = c.id
        CROSS JOIN LATERAL (
            SELECT avg(s.value * 0.001) AS value, count(*)::integer AS samples
            FROM local_processing.sample s
            WHERE s.series_id = i.series_id AND s.ts >= :'start' AND s.ts < :'end'
                AND s.quality IS DISTINCT FROM 2 AND s.value > '-Infinity' AND s.value < 'Infinity') a
    WHERE c.batch_id % :sessions = :session AND a.samples > 0
), stored AS (
    INSERT INTO local_processing.sample (series_id, ts, value, coverage, samples)
    SELECT series_id, :'start', value, 1, samples FROM computed
    ON CONFLICT (series_id, ts) DO UPDATE
        SET value = excluded.value, coverage = excluded.coverage, samples = excluded.samples
)
INSERT INTO local_processing.outcome (run_id, batch_id, tick, window_start, window_end,
    calculation_ids, states, durations_us, samples_read)
SELECT 0, batch_id, :'end', :'start', :'end', array_agg(id ORDER BY position),
       array_agg(1::smallint ORDER BY position), array_agg(0 ORDER BY position), array_agg(samples ORDER BY position)
FROM computed GROUP BY batch_id;
UPDATE local_processing.batch SET watermark = :'end', last_tick = :'end' WHERE id % :sessions = :session;
COMMIT;
