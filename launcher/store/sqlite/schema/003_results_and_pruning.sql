-- Which window made a result, whose results are outdated, what was pruned, what batches read, how
-- much memory a calculation may take.
ALTER TABLE sample ADD COLUMN window_end INTEGER; -- of a result: of the last window that made it; NULL: measured, imported
ALTER TABLE series ADD COLUMN results_from INTEGER; -- microseconds from a window's end to its first result, at least
ALTER TABLE series ADD COLUMN results_to INTEGER; -- to before which its last one lies; NULL: no result was stored
ALTER TABLE owed ADD COLUMN replace_imported INTEGER NOT NULL DEFAULT 0; -- 1: also results that somebody imported
ALTER TABLE run ADD COLUMN kept_imported INTEGER NOT NULL DEFAULT 0; -- results not written: one was imported there
ALTER TABLE run ADD COLUMN planning_us INTEGER NOT NULL DEFAULT 0; -- to find what is due; these four 0: not known
ALTER TABLE run ADD COLUMN fetch_us INTEGER NOT NULL DEFAULT 0; -- of the stage, summed over its threads
ALTER TABLE run ADD COLUMN compute_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN commit_us INTEGER NOT NULL DEFAULT 0;

CREATE TABLE superseded (
  -- Results at whose time a window that ends later has one as well, which counts. When that is taken off, the one
  -- of the last window here is back.
  series_id INTEGER NOT NULL,
  ts INTEGER NOT NULL,
  window_end INTEGER NOT NULL,
  value REAL,
  quality INTEGER,
  coverage REAL,
  samples INTEGER,
  PRIMARY KEY (series_id, ts, window_end)
) STRICT, WITHOUT ROWID;

-- By which version of its definition and of its rule a calculation was computed: each pair of versions stands in a row
-- once, and mostly there is one.
ALTER TABLE outcome ADD COLUMN definition_versions TEXT; -- [1,2]; NULL: not known, an earlier release has written the row
ALTER TABLE outcome ADD COLUMN rule_versions TEXT; -- ["4dab4322f270","4dab4322f270"] belong to them; null: the rule was not called
ALTER TABLE outcome ADD COLUMN which_versions TEXT; -- [1,2,1] of each calculation, from 1; NULL: the first, all of them

DROP VIEW outcome_row;
CREATE VIEW outcome_row AS
  SELECT o.run_id, o.batch_id, {{rfc3339 o.tick}} AS tick, {{rfc3339 o.window_start}} AS window_start,
         {{rfc3339 o.window_end}} AS window_end, c.name AS calculation, id.value AS calculation_id,
         {{state_name_3 {{item o.states, id.key}}}} AS state,
         {{item o.durations_us, id.key}} AS duration_us,
         {{item o.samples_read, id.key}} AS samples_read,
         {{reason_name o.reason}} AS reason,
         {{item o.definition_versions, {{which id.key}}}} AS definition_version,
         {{item o.rule_versions, {{which id.key}}}} AS rule_version
  FROM outcome o, json_each(o.calculation_ids) AS id LEFT JOIN calculation c ON c.id = id.value;

DROP VIEW calculation_state;
CREATE VIEW calculation_state AS
  SELECT c.id, c.name, c.rule, c.labels, c.enabled,
         CASE WHEN c.enabled = 0 THEN 'disabled' WHEN s.state IS NOT NULL THEN s.state
              WHEN b.watermark IS NULL THEN 'new' ELSE 'ok' END AS state,
         {{rfc3339 coalesce(s.since, c.created)}} AS since,
         {{rfc3339 s.failing_since}} AS failing_since, {{rfc3339 b.watermark}} AS watermark,
         {{rfc3339 {{later o.window_start, s.window_start}}}} AS window_start,
         {{rfc3339 {{later o.window_end, s.window_end}}}} AS window_end,
         {{later o.run_id, s.run_id}} AS run_id,
         {{later {{item o.durations_us, c.position}}, s.duration_us}} AS duration_us,
         {{later {{item o.samples_read, c.position}}, s.samples_read}} AS samples_read,
         s.attempts, {{rfc3339 s.next_attempt}} AS next_attempt,
         (SELECT count(*) FROM pending p WHERE p.calculation_id = c.id) AS pending,
         (SELECT count(*) FROM pending p WHERE p.calculation_id = c.id AND p.given_up = 1) AS pending_given_up,
         (SELECT count(*) FROM owed w WHERE w.calculation_id = c.id) AS owed,
         CASE s.state WHEN 'waiting' THEN (SELECT name FROM calculation WHERE id = s.cause_id) END AS cause,
         c.version AS definition_version,
         {{later {{item o.rule_versions, {{which c.position}}}}, s.rule_version}} AS rule_version,
         {{shown_error s.error_type}} AS error_type, {{shown_error s.error_message}} AS error_message,
         {{shown_error s.error_traceback}} AS error_traceback
  FROM calculation c
  LEFT JOIN batch b ON b.id = c.batch_id
  LEFT JOIN state s ON s.calculation_id = c.id
  LEFT JOIN outcome o ON o.id = b.last_outcome AND {{item o.calculation_ids, c.position}} = c.id
                     AND {{item o.states, c.position}} <> {{state interrupted}};

DROP VIEW sample_named;
CREATE VIEW sample_named AS
  SELECT series.name AS series, series.unit, {{rfc3339 sample.ts}} AS ts, sample.value,
         coalesce(sample.quality, 0) AS quality, sample.coverage, sample.samples,
         {{rfc3339 sample.window_end}} AS window_end, sample.series_id, sample.ts AS ts_us
  FROM series JOIN sample ON sample.series_id = series.id
  WHERE series.shadow = 0;

DROP VIEW run_row;
CREATE VIEW run_row AS
  SELECT id, kind, {{rfc3339 tick}} AS tick, {{rfc3339 started}} AS started, {{rfc3339 ended}} AS ended,
         host, process, program_version, result, error, windows, recomputed, states, newly_failed,
         samples_read, samples_written, kept_imported, still_due, planning_us, fetch_us, compute_us, commit_us
  FROM run;

CREATE TABLE outdated (
  -- A calculation whose stored results were computed by an earlier definition or rule: `backfill --outdated`
  -- computes them again and takes the row off.
  calculation_id INTEGER PRIMARY KEY REFERENCES calculation (id) ON DELETE CASCADE,
  reason TEXT NOT NULL, -- what has changed: parameters, every, rule version
  after_end INTEGER NOT NULL, -- no window of the stored results ends (or began) earlier
  until_end INTEGER NOT NULL, -- the last window that was settled when it was noted
  other_windows INTEGER NOT NULL DEFAULT 0, -- 1: what windows of before made, and none of today replaces, goes
  owed INTEGER NOT NULL DEFAULT 0, -- 1: its windows are owed to a backfill
  noted INTEGER NOT NULL
) STRICT;

CREATE VIEW outdated_named AS
  SELECT c.name AS calculation, c.rule, o.reason, {{rfc3339 o.after_end}} AS after_end,
         {{rfc3339 o.until_end}} AS until_end, o.other_windows, o.owed,
         {{rfc3339 o.noted}} AS noted
  FROM outdated o JOIN calculation c ON c.id = o.calculation_id;

ALTER TABLE series ADD COLUMN pruned_from INTEGER; -- time of the first sample that prune has removed; NULL: none
ALTER TABLE series ADD COLUMN pruned_to INTEGER; -- of the last one: windows that read from ... to are left as they are

-- What a batch reads of others, so that what an input reads decides what has to be there.
ALTER TABLE batch ADD COLUMN reading TEXT NOT NULL DEFAULT ''; -- 'upstream|result_time|window|shift|lookback' of its inputs, parted by ;
{{set_upstream}};

ALTER TABLE batch ADD COLUMN span INTEGER NOT NULL DEFAULT 0; -- microseconds that a window of one of its calculations reads over all its inputs, at most
UPDATE batch
SET span = wanted.span
FROM (
    SELECT batch_id, max(span) AS span
    FROM (
        SELECT c.batch_id AS batch_id,
            CAST(total({{length coalesce(i.window_length, c.window_length)}}) AS INTEGER) AS span
        FROM calculation c
            LEFT JOIN calculation_input i ON i.calculation_id = c.id
        GROUP BY c.id
    )
    GROUP BY batch_id
) AS wanted
WHERE wanted.batch_id = batch.id;

-- SQLite adds a CHECK to a table only by writing the table anew, which for samples may take hours. So the table's
-- text is changed, as SQLite's documentation says how, after what it would refuse is gone: that is bad, and whoever
-- read it as good reads it again. The table that comes and goes tells other connections that there is another
-- schema.
UPDATE sample SET quality = 2 WHERE quality NOT BETWEEN 0 AND 2;
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, '  quality INTEGER,', '  quality INTEGER CHECK (quality BETWEEN 0 AND 2),')
WHERE type = 'table' AND name = 'sample';
CREATE TABLE another_schema (one INTEGER) STRICT;
DROP TABLE another_schema;
PRAGMA writable_schema = RESET;

ALTER TABLE calculation ADD COLUMN memory_limit INTEGER CHECK (memory_limit > 0); -- bytes that its rule may take; NULL: the configuration's

CREATE TABLE definition_change (
  -- What apply changed in a calculation or a series; it stays when that is deleted.
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('calculation', 'series')),
  version INTEGER, -- that the calculation has from then on; NULL: a series, or deleted
  change TEXT NOT NULL,
  changed INTEGER NOT NULL,
  role TEXT NOT NULL, -- the user of the system
  program_version TEXT NOT NULL
) STRICT;
CREATE INDEX definition_change_name ON definition_change (name, id);

CREATE TABLE imported_file (
  -- A file that `import --follow` has stored, noted in the transaction of its samples. Without its row it is taken
  -- as a new one.
  source TEXT NOT NULL, -- the directory
  name TEXT NOT NULL,
  size INTEGER NOT NULL, -- bytes
  modified INTEGER NOT NULL,
  content INTEGER NOT NULL, -- a hash of its bytes
  imported INTEGER NOT NULL,
  PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;

CREATE VIEW imported_file_row AS
  SELECT source, name, size, {{rfc3339 modified}} AS modified, {{rfc3339 imported}} AS imported FROM imported_file;

-- Calculations in shadow: their results go to series of their own, of the same names. SQLite makes a table with other
-- constraints only by writing it anew; who refers to it is looked at when all is there again.
ALTER TABLE calculation ADD COLUMN mode TEXT NOT NULL DEFAULT 'live' CHECK (mode IN ('live', 'shadow'));
CREATE INDEX calculation_shadow ON calculation (id) WHERE mode = 'shadow';
ALTER TABLE batch ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0; -- 1: its calculations are in shadow

PRAGMA defer_foreign_keys = ON;
CREATE TEMP TABLE old_series AS SELECT * FROM series;
CREATE TEMP TABLE old_sequence AS SELECT seq FROM sqlite_sequence WHERE name = 'series';
DROP TABLE series;
CREATE TABLE series (
  -- One measured or computed quantity.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  unit TEXT NOT NULL DEFAULT '', -- '': dimensionless, or not given
  description TEXT NOT NULL DEFAULT '',
  attributes TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(attributes)),
  created INTEGER NOT NULL,
  sample_interval INTEGER, -- microseconds from one sample to the next; NULL: not known
  results_from INTEGER, -- microseconds from a window's end to its first result, at least
  results_to INTEGER, -- to before which its last one lies; NULL: no result was stored
  pruned_from INTEGER, -- time of the first sample that prune has removed; NULL: none
  pruned_to INTEGER, -- of the last one: windows that read from ... to are left as they are
  source_key TEXT NOT NULL DEFAULT '', -- of its samples in a table of somebody else; '': the name
  source_table TEXT NOT NULL DEFAULT '', -- a table of the configuration, or own; '': the usual one
  shadow INTEGER NOT NULL DEFAULT 0 CHECK (shadow IN (0, 1)), -- 1: has the results that its writer makes in shadow
  UNIQUE (name, shadow)
) STRICT;
CREATE INDEX series_shadow ON series (id) WHERE shadow = 1;
INSERT INTO series (
  id, name, unit, description, attributes, created, sample_interval, results_from, results_to, pruned_from, pruned_to
)
SELECT id, name, unit, description, attributes, created, sample_interval, results_from, results_to, pruned_from, pruned_to
FROM old_series;
DELETE FROM sqlite_sequence WHERE name = 'series';
INSERT INTO sqlite_sequence (name, seq) SELECT 'series', seq FROM old_sequence;
DROP TABLE old_series;
DROP TABLE old_sequence;

CREATE VIEW sample_in_shadow AS
  SELECT series.name AS series, series.unit, {{rfc3339 sample.ts}} AS ts, sample.value,
         coalesce(sample.quality, 0) AS quality, sample.coverage, sample.samples,
         {{rfc3339 sample.window_end}} AS window_end, sample.series_id, sample.ts AS ts_us
  FROM series JOIN sample ON sample.series_id = series.id
  WHERE series.shadow = 1;
