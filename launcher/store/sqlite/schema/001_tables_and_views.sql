-- Tables, and views of them for people.

CREATE TABLE migration (
  -- A step of the schema.
  version INTEGER PRIMARY KEY,
  description TEXT NOT NULL,
  applied INTEGER NOT NULL, -- microseconds since 1970 in UTC, as every time here
  program_version TEXT NOT NULL
) STRICT;

CREATE TABLE series (
  -- One measured or computed quantity.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  unit TEXT NOT NULL DEFAULT '', -- '': dimensionless, or not given
  description TEXT NOT NULL DEFAULT '',
  attributes TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(attributes)),
  created INTEGER NOT NULL
) STRICT;

-- Clustered by series and time: a window is read from neighbouring pages. No foreign key: it would cost a look-up a
-- sample; what deletes a series deletes its samples.
CREATE TABLE sample (
  -- A sample of a series.
  series_id INTEGER NOT NULL,
  ts INTEGER NOT NULL,
  value REAL, -- NULL: not a number
  quality INTEGER, -- NULL: good, 1: uncertain, 2: bad
  PRIMARY KEY (series_id, ts)
) STRICT, WITHOUT ROWID;

CREATE TABLE batch (
  -- Up to 1,000 calculations of one schedule, rank, start and watermark.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  generation INTEGER NOT NULL DEFAULT 1, -- one more at each change of its definitions
  rank INTEGER NOT NULL,
  size INTEGER NOT NULL, -- enabled calculations
  enabled INTEGER NOT NULL, -- 0: its calculations are disabled, and keep their watermark here
  every TEXT NOT NULL,
  window_length TEXT NOT NULL,
  "offset" TEXT NOT NULL,
  delay TEXT NOT NULL,
  week_start INTEGER NOT NULL, -- 1: Monday
  time_zone TEXT NOT NULL,
  start INTEGER,
  watermark INTEGER, -- windows that end by then are settled, or pending; NULL: none was computed
  upstream TEXT NOT NULL DEFAULT '[]', -- ids of the batches whose outputs it reads
  last_run_id INTEGER,
  last_outcome INTEGER -- outcome.id
) STRICT;

CREATE TABLE calculation (
  -- A definition: rule, inputs, parameters, outputs, schedule.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL DEFAULT '',
  rule TEXT NOT NULL,
  parameters TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(parameters)),
  labels TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(labels)),
  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
  every TEXT NOT NULL, -- '15 minutes'
  window_length TEXT NOT NULL,
  "offset" TEXT NOT NULL,
  delay TEXT NOT NULL,
  week_start INTEGER NOT NULL,
  time_zone TEXT NOT NULL,
  start INTEGER,
  time_limit TEXT, -- NULL: the configuration's
  version INTEGER NOT NULL DEFAULT 1,
  rank INTEGER NOT NULL DEFAULT 0, -- computed after those of lower rank
  batch_id INTEGER REFERENCES batch (id) DEFERRABLE INITIALLY DEFERRED,
  position INTEGER NOT NULL DEFAULT 0, -- within the batch
  created INTEGER NOT NULL,
  updated INTEGER NOT NULL
) STRICT;
CREATE INDEX calculation_batch ON calculation (batch_id, position);

CREATE TABLE calculation_input (
  -- A series that a calculation reads.
  calculation_id INTEGER NOT NULL REFERENCES calculation (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL, -- of the rule's parameter
  series_id INTEGER NOT NULL REFERENCES series (id),
  lookback INTEGER, -- microseconds before the window in which the last sample counts too
  PRIMARY KEY (calculation_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX calculation_input_series ON calculation_input (series_id);

CREATE TABLE calculation_output (
  -- A series that a calculation writes: no other does.
  calculation_id INTEGER NOT NULL REFERENCES calculation (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  series_id INTEGER NOT NULL UNIQUE REFERENCES series (id),
  PRIMARY KEY (calculation_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE outcome (
  -- What became of the calculations of a batch in one window: four arrays of one length.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id INTEGER NOT NULL,
  batch_id INTEGER, -- NULL: pending windows of several batches, tried again
  tick INTEGER NOT NULL,
  window_start INTEGER NOT NULL,
  window_end INTEGER NOT NULL,
  calculation_ids TEXT NOT NULL, -- [1,2,3]; the view outcome_row has a row for each
  states TEXT NOT NULL, -- {{state ok}} ok, {{state no_data}} no_data, {{state failed}} failed, {{state timed_out}} timed_out, {{state given_up}} given_up, {{state interrupted}} interrupted
  durations_us TEXT NOT NULL,
  samples_read TEXT NOT NULL
) STRICT;
CREATE INDEX outcome_tick ON outcome (tick);
CREATE INDEX outcome_window ON outcome (window_end);

CREATE TABLE state (
  -- A calculation whose state changed at least once, or that failed.
  calculation_id INTEGER PRIMARY KEY REFERENCES calculation (id) ON DELETE CASCADE,
  state TEXT NOT NULL,
  since INTEGER NOT NULL, -- the tick of the run that saw the change
  failing_since INTEGER,
  run_id INTEGER,
  window_start INTEGER,
  window_end INTEGER,
  attempts INTEGER NOT NULL,
  next_attempt INTEGER,
  rule_version TEXT,
  definition_version INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  samples_read INTEGER NOT NULL,
  error_type TEXT, -- of the last failure, also after it
  error_message TEXT,
  error_traceback TEXT
) STRICT;

CREATE TABLE pending (
  -- A window that is owed to a calculation although the watermark passed it.
  calculation_id INTEGER NOT NULL REFERENCES calculation (id) ON DELETE CASCADE,
  window_start INTEGER NOT NULL,
  window_end INTEGER NOT NULL,
  reason TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  next_attempt INTEGER,
  given_up INTEGER NOT NULL DEFAULT 0 CHECK (given_up IN (0, 1)),
  PRIMARY KEY (calculation_id, window_start, window_end)
) STRICT, WITHOUT ROWID;
CREATE INDEX pending_next ON pending (next_attempt) WHERE given_up = 0;

CREATE TABLE run (
  -- One execution for one tick.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  tick INTEGER NOT NULL,
  started INTEGER NOT NULL,
  ended INTEGER,
  host TEXT,
  process INTEGER,
  program_version TEXT,
  result TEXT NOT NULL,
  error TEXT,
  windows INTEGER NOT NULL DEFAULT 0,
  states TEXT NOT NULL DEFAULT '{}', -- {"ok":58,"failed":2}
  newly_failed INTEGER NOT NULL DEFAULT 0,
  samples_read INTEGER NOT NULL DEFAULT 0,
  samples_written INTEGER NOT NULL DEFAULT 0,
  still_due INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX run_tick ON run (tick);
CREATE INDEX run_going_on ON run (result) WHERE result = 'running';

-- PostgreSQL's views, with times as texts, and the views that its type timestamptz makes needless there.
CREATE VIEW sample_named AS
  SELECT series.name AS series, series.unit, {{rfc3339 sample.ts}} AS ts, sample.value,
         coalesce(sample.quality, 0) AS quality, sample.series_id, sample.ts AS ts_us
  FROM series JOIN sample ON sample.series_id = series.id;

CREATE VIEW outcome_row AS
  SELECT o.run_id, o.batch_id, {{rfc3339 o.tick}} AS tick, {{rfc3339 o.window_start}} AS window_start,
         {{rfc3339 o.window_end}} AS window_end, c.name AS calculation, id.value AS calculation_id,
         {{state_name_1 {{item o.states, id.key}}}} AS state,
         {{item o.durations_us, id.key}} AS duration_us,
         {{item o.samples_read, id.key}} AS samples_read
  FROM outcome o, json_each(o.calculation_ids) AS id LEFT JOIN calculation c ON c.id = id.value;

-- A calculation stands in its batch's outcome where it stands in the batch, unless definitions changed since.
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
         c.version AS definition_version, s.rule_version,
         {{shown_error s.error_type}} AS error_type, {{shown_error s.error_message}} AS error_message,
         {{shown_error s.error_traceback}} AS error_traceback
  FROM calculation c
  LEFT JOIN batch b ON b.id = c.batch_id
  LEFT JOIN state s ON s.calculation_id = c.id
  LEFT JOIN outcome o ON o.id = b.last_outcome AND {{item o.calculation_ids, c.position}} = c.id
                     AND {{item o.states, c.position}} <> {{state interrupted}};

CREATE VIEW pending_named AS
  SELECT c.name, {{rfc3339 p.window_start}} AS window_start, {{rfc3339 p.window_end}} AS window_end,
         p.reason, p.attempts, {{rfc3339 p.next_attempt}} AS next_attempt, p.given_up
  FROM pending p JOIN calculation c ON c.id = p.calculation_id;

CREATE VIEW run_row AS
  SELECT id, {{rfc3339 tick}} AS tick, {{rfc3339 started}} AS started, {{rfc3339 ended}} AS ended,
         host, process, program_version, result, error, windows, states, newly_failed,
         samples_read, samples_written, still_due
  FROM run;
