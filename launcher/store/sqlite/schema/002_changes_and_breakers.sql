-- Changes of samples, what is computed again, breakers, coverage.

ALTER TABLE series ADD COLUMN sample_interval INTEGER; -- microseconds from one sample to the next; NULL: not known
ALTER TABLE calculation ADD COLUMN missed TEXT NOT NULL DEFAULT 'catch_up'; -- or 'skip'
ALTER TABLE calculation ADD COLUMN result_time TEXT NOT NULL DEFAULT 'start'; -- or 'end', of the window
ALTER TABLE calculation ADD COLUMN min_coverage REAL NOT NULL DEFAULT 0; -- below it a window is no_data
ALTER TABLE calculation ADD COLUMN recompute_within INTEGER NOT NULL DEFAULT 0; -- 0: the configuration's, -1: never
ALTER TABLE calculation_input ADD COLUMN window_length TEXT; -- NULL: the calculation's window
ALTER TABLE calculation_input ADD COLUMN shift TEXT; -- '-1 week'; NULL: none
ALTER TABLE calculation_input ADD COLUMN reach INTEGER NOT NULL DEFAULT 0; -- microseconds past the window's end
ALTER TABLE batch ADD COLUMN missed TEXT NOT NULL DEFAULT 'catch_up';
ALTER TABLE batch ADD COLUMN reach INTEGER NOT NULL DEFAULT 0; -- the largest of its inputs
ALTER TABLE sample ADD COLUMN coverage REAL; -- of a result; NULL: measured
ALTER TABLE sample ADD COLUMN samples INTEGER; -- good ones that a result was computed from; NULL: measured
ALTER TABLE outcome ADD COLUMN reason INTEGER NOT NULL DEFAULT 0; -- why it was computed: see outcome_row
ALTER TABLE state ADD COLUMN cause_id INTEGER; -- waiting: the calculation at the root that failed
ALTER TABLE run ADD COLUMN kind TEXT NOT NULL DEFAULT 'run'; -- or 'backfill'
ALTER TABLE run ADD COLUMN recomputed INTEGER NOT NULL DEFAULT 0; -- windows that had been settled before

CREATE TABLE change (
  -- Samples that were written, changed or deleted since a run looked, but for a run's own results: an hour of
  -- a series. The next run computes again what read them.
  series_id INTEGER NOT NULL,
  hour INTEGER NOT NULL, -- since 1970 in UTC
  by_hand INTEGER NOT NULL CHECK (by_hand IN (0, 1)), -- 1: invalidated, from first to last, however old
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (series_id, hour, by_hand)
) STRICT, WITHOUT ROWID;

CREATE TABLE own_writer (
  -- Has a row only within a transaction of the program whose writing is not to be noted in change.
  one INTEGER PRIMARY KEY CHECK (one = 1)
) STRICT;

CREATE TRIGGER sample_added AFTER INSERT ON sample WHEN {{unless_own}}
BEGIN
  INSERT INTO change (series_id, hour, by_hand, first, last)
  SELECT NEW.series_id, {{hour NEW.ts}}, 0, NEW.ts, NEW.ts WHERE true
  ON CONFLICT (series_id, hour, by_hand) DO UPDATE
  SET first = min(first, excluded.first), last = max(last, excluded.last)
  WHERE excluded.first < first OR excluded.last > last;
END;

-- Coverage and number of samples are for people: no rule reads them.
CREATE TRIGGER sample_changed AFTER UPDATE ON sample WHEN (NEW.value IS NOT OLD.value
  OR NEW.quality IS NOT OLD.quality OR NEW.ts <> OLD.ts OR NEW.series_id <> OLD.series_id) AND {{unless_own}}
BEGIN
  INSERT INTO change (series_id, hour, by_hand, first, last)
  SELECT NEW.series_id, {{hour NEW.ts}}, 0, NEW.ts, NEW.ts WHERE true
  ON CONFLICT (series_id, hour, by_hand) DO UPDATE
  SET first = min(first, excluded.first), last = max(last, excluded.last)
  WHERE excluded.first < first OR excluded.last > last;
  INSERT INTO change (series_id, hour, by_hand, first, last)
  SELECT OLD.series_id, {{hour OLD.ts}}, 0, OLD.ts, OLD.ts WHERE NEW.ts <> OLD.ts OR NEW.series_id <> OLD.series_id
  ON CONFLICT (series_id, hour, by_hand) DO UPDATE
  SET first = min(first, excluded.first), last = max(last, excluded.last)
  WHERE excluded.first < first OR excluded.last > last;
END;

CREATE TRIGGER sample_deleted AFTER DELETE ON sample WHEN {{unless_own}}
BEGIN
  INSERT INTO change (series_id, hour, by_hand, first, last)
  SELECT OLD.series_id, {{hour OLD.ts}}, 0, OLD.ts, OLD.ts WHERE true
  ON CONFLICT (series_id, hour, by_hand) DO UPDATE
  SET first = min(first, excluded.first), last = max(last, excluded.last)
  WHERE excluded.first < first OR excluded.last > last;
END;

CREATE TABLE owed (
  -- Windows of a calculation, behind the watermark of its batch, that are to be computed, mostly again.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  calculation_id INTEGER NOT NULL REFERENCES calculation (id) ON DELETE CASCADE,
  reason INTEGER NOT NULL, -- {{reason late}} late samples, {{reason invalidated}} invalidated, {{reason waited}} waited, {{reason tripped}} its rule's breaker was open, {{reason backfill}} backfill
  window_start INTEGER NOT NULL, -- no result of these windows is earlier
  after_end INTEGER NOT NULL, -- windows with after_end < end <= until_end
  until_end INTEGER NOT NULL,
  cause_id INTEGER NOT NULL DEFAULT 0, -- waited: the calculation at the root that failed
  touched INTEGER NOT NULL, -- counts what was added that overlaps: work on older samples is not stored
  noted INTEGER NOT NULL
) STRICT;
CREATE INDEX owed_calculation ON owed (calculation_id);
CREATE INDEX owed_aside ON owed (reason) WHERE reason IN ({{reason waited}}, {{reason tripped}});

CREATE TABLE breaker (
  -- A rule of which most calculations failed in one run: its windows are put aside, but for one trial a run.
  rule TEXT PRIMARY KEY,
  since INTEGER NOT NULL, -- the tick
  run_id INTEGER NOT NULL,
  failed INTEGER NOT NULL, -- calculations, in that run
  computed INTEGER NOT NULL,
  trials INTEGER NOT NULL, -- that failed since
  error TEXT -- of the last one
) STRICT, WITHOUT ROWID;

CREATE TABLE rule_version (
  -- The version that a rule has from a run on.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  rule TEXT NOT NULL,
  version TEXT NOT NULL,
  run_id INTEGER NOT NULL,
  tick INTEGER NOT NULL
) STRICT;
CREATE INDEX rule_version_rule ON rule_version (rule, id);

DROP VIEW sample_named;
CREATE VIEW sample_named AS
  SELECT series.name AS series, series.unit, {{rfc3339 sample.ts}} AS ts, sample.value,
         coalesce(sample.quality, 0) AS quality, sample.coverage, sample.samples, sample.series_id,
         sample.ts AS ts_us
  FROM series JOIN sample ON sample.series_id = series.id;

DROP VIEW outcome_row;
CREATE VIEW outcome_row AS
  SELECT o.run_id, o.batch_id, {{rfc3339 o.tick}} AS tick, {{rfc3339 o.window_start}} AS window_start,
         {{rfc3339 o.window_end}} AS window_end, c.name AS calculation, id.value AS calculation_id,
         {{state_name_2 {{item o.states, id.key}}}} AS state,
         {{item o.durations_us, id.key}} AS duration_us,
         {{item o.samples_read, id.key}} AS samples_read,
         {{reason_name o.reason}} AS reason
  FROM outcome o, json_each(o.calculation_ids) AS id LEFT JOIN calculation c ON c.id = id.value;

DROP VIEW calculation_state;
CREATE VIEW calculation_state AS
  SELECT c.id, c.name, c.rule, c.labels, c.enabled,
         CASE WHEN c.enabled = 0 THEN 'disabled' WHEN s.state IS NOT NULL THEN s.state
              WHEN b.watermark IS NULL THEN 'new' ELSE 'ok' END AS state,
         {{rfc3339 coalesce(s.since, c.created)}} AS since,
         {{rfc3339 s.failing_since}} AS failing_since, {{rfc3339 b.watermark}} AS watermark,
         {{rfc3339 {{newer o.window_start, s.window_start}}}} AS window_start,
         {{rfc3339 {{newer o.window_end, s.window_end}}}} AS window_end,
         {{newer o.run_id, s.run_id}} AS run_id,
         {{newer {{item o.durations_us, c.position}}, s.duration_us}} AS duration_us,
         {{newer {{item o.samples_read, c.position}}, s.samples_read}} AS samples_read,
         s.attempts, {{rfc3339 s.next_attempt}} AS next_attempt,
         (SELECT count(*) FROM pending p WHERE p.calculation_id = c.id) AS pending,
         (SELECT count(*) FROM pending p WHERE p.calculation_id = c.id AND p.given_up = 1) AS pending_given_up,
         (SELECT count(*) FROM owed w WHERE w.calculation_id = c.id) AS owed,
         CASE s.state WHEN 'waiting' THEN (SELECT name FROM calculation WHERE id = s.cause_id) END AS cause,
         c.version AS definition_version, s.rule_version,
         {{shown_error s.error_type}} AS error_type, {{shown_error s.error_message}} AS error_message,
         {{shown_error s.error_traceback}} AS error_traceback
  FROM calculation c
  LEFT JOIN batch b ON b.id = c.batch_id
  LEFT JOIN state s ON s.calculation_id = c.id
  LEFT JOIN outcome o ON o.id = b.last_outcome AND {{item o.calculation_ids, c.position}} = c.id
                     AND {{item o.states, c.position}} <> {{state interrupted}};

CREATE VIEW owed_named AS
  SELECT c.name AS calculation, {{reason_name w.reason}} AS reason, cause.name AS cause,
         {{rfc3339 w.after_end}} AS after_end, {{rfc3339 w.until_end}} AS until_end,
         {{rfc3339 w.noted}} AS noted
  FROM owed w JOIN calculation c ON c.id = w.calculation_id LEFT JOIN calculation cause ON cause.id = w.cause_id;

CREATE VIEW change_named AS
  SELECT series.name AS series, {{rfc3339 n.first}} AS first, {{rfc3339 n.last}} AS last, n.by_hand
  FROM change n JOIN series ON series.id = n.series_id;

CREATE VIEW breaker_row AS
  SELECT rule, {{rfc3339 since}} AS since, run_id, failed, computed, trials, error FROM breaker;

CREATE VIEW rule_version_row AS
  SELECT id, rule, version, run_id, {{rfc3339 tick}} AS tick FROM rule_version;

DROP VIEW run_row;
CREATE VIEW run_row AS
  SELECT id, kind, {{rfc3339 tick}} AS tick, {{rfc3339 started}} AS started, {{rfc3339 ended}} AS ended,
         host, process, program_version, result, error, windows, recomputed, states, newly_failed,
         samples_read, samples_written, still_due
  FROM run;
