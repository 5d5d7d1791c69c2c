/*
 * The schema as SQL text, step by step.  Nothing but data: schema.c carries
 * the steps out.  docs/schema.md tells what each table is for; the comments
 * inside the SQL are kept by SQLite and shown by `.schema`.
 *
 * A step that was released is never changed; a release adds one at the end, and what comes after it is folded into that.
 */
#include "store/sqlite/internal.h"

/* clang-format off */
/* Strings and the macros in them are laid out by hand. */

/* Microseconds as RFC 3339.  % takes the sign of its left side, hence the second one. */
#define MICROS(time) "((" time " % 1000000) + 1000000) % 1000000"
#define RFC3339(time) \
	"(strftime('%Y-%m-%dT%H:%M:%S', (" time " - " MICROS(time) ") / 1000000, 'unixepoch') || " \
	"CASE " MICROS(time) " WHEN 0 THEN '' ELSE printf('.%06d', " MICROS(time) ") END || 'Z')"
/* Of an outcome o and a row s of state: what belongs to the window that ends later. */
#define NEWER(outcome, state) \
	"CASE WHEN (o.window_end >= s.window_end) IS NOT 0 AND o.id IS NOT NULL THEN " outcome " ELSE " state " END"
/* The last error, while the calculation fails or owes a window that failed. */
#define SHOWN(error) \
	"CASE WHEN s.failing_since IS NOT NULL OR EXISTS (SELECT 1 FROM pending p WHERE p.calculation_id = c.id" \
	" AND p.attempts > 0) THEN " error " END"
#define ITEM(array, index) "json_extract(" array ", '$[' || " index " || ']')"
#define STATE_NAME(number) \
	"CASE " number " WHEN 0 THEN 'new' WHEN 1 THEN 'ok' WHEN 2 THEN 'no_data' WHEN 3 THEN 'failed' " \
	"WHEN 4 THEN 'timed_out' WHEN 5 THEN 'given_up' WHEN 6 THEN 'disabled' WHEN 7 THEN 'interrupted' END"

static const char tables[] =
	"CREATE TABLE migration (\n"
	"  -- A step of the schema.\n"
	"  version INTEGER PRIMARY KEY,\n"
	"  description TEXT NOT NULL,\n"
	"  applied INTEGER NOT NULL, -- microseconds since 1970 in UTC, as every time here\n"
	"  program_version TEXT NOT NULL\n"
	") STRICT;\n"

	"CREATE TABLE series (\n"
	"  -- One measured or computed quantity.\n"
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
	"  name TEXT NOT NULL UNIQUE,\n"
	"  unit TEXT NOT NULL DEFAULT '', -- '': dimensionless, or not given\n"
	"  description TEXT NOT NULL DEFAULT '',\n"
	"  attributes TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(attributes)),\n"
	"  created INTEGER NOT NULL\n"
	") STRICT;\n"

	/* Clustered by series and time: a window is read from neighbouring pages.  No foreign key: it would
	   cost a look-up a sample; what deletes a series deletes its samples. */
	"CREATE TABLE sample (\n"
	"  -- A sample of a series.\n"
	"  series_id INTEGER NOT NULL,\n"
	"  ts INTEGER NOT NULL,\n"
	"  value REAL, -- NULL: not a number\n"
	"  quality INTEGER, -- NULL: good, 1: uncertain, 2: bad\n"
	"  PRIMARY KEY (series_id, ts)\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE batch (\n"
	"  -- Up to 1,000 calculations of one schedule, rank, start and watermark.\n"
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
	"  generation INTEGER NOT NULL DEFAULT 1, -- one more at each change of its definitions\n"
	"  rank INTEGER NOT NULL,\n"
	"  size INTEGER NOT NULL, -- enabled calculations\n"
	"  enabled INTEGER NOT NULL, -- 0: its calculations are disabled, and keep their watermark here\n"
	"  every TEXT NOT NULL,\n"
	"  window_length TEXT NOT NULL,\n"
	"  \"offset\" TEXT NOT NULL,\n"
	"  delay TEXT NOT NULL,\n"
	"  week_start INTEGER NOT NULL, -- 1: Monday\n"
	"  time_zone TEXT NOT NULL,\n"
	"  start INTEGER,\n"
	"  watermark INTEGER, -- windows that end by then are settled, or pending; NULL: none was computed\n"
	"  upstream TEXT NOT NULL DEFAULT '[]', -- ids of the batches whose outputs it reads\n"
	"  last_run_id INTEGER,\n"
	"  last_outcome INTEGER -- outcome.id\n"
	") STRICT;\n"

	"CREATE TABLE calculation (\n"
	"  -- A definition: rule, inputs, parameters, outputs, schedule.\n"
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
	"  name TEXT NOT NULL UNIQUE,\n"
	"  description TEXT NOT NULL DEFAULT '',\n"
	"  rule TEXT NOT NULL,\n"
	"  parameters TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(parameters)),\n"
	"  labels TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(labels)),\n"
	"  enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),\n"
	"  every TEXT NOT NULL, -- '15 minutes'\n"
	"  window_length TEXT NOT NULL,\n"
	"  \"offset\" TEXT NOT NULL,\n"
	"  delay TEXT NOT NULL,\n"
	"  week_start INTEGER NOT NULL,\n"
	"  time_zone TEXT NOT NULL,\n"
	"  start INTEGER,\n"
	"  time_limit TEXT, -- NULL: the configuration's\n"
	"  version INTEGER NOT NULL DEFAULT 1,\n"
	"  rank INTEGER NOT NULL DEFAULT 0, -- computed after those of lower rank\n"
	"  batch_id INTEGER REFERENCES batch (id) DEFERRABLE INITIALLY DEFERRED,\n"
	"  position INTEGER NOT NULL DEFAULT 0, -- within the batch\n"
	"  created INTEGER NOT NULL,\n"
	"  updated INTEGER NOT NULL\n"
	") STRICT;\n"
	"CREATE INDEX calculation_batch ON calculation (batch_id, position);\n"

	"CREATE TABLE calculation_input (\n"
	"  -- A series that a calculation reads.\n"
	"  calculation_id INTEGER NOT NULL REFERENCES calculation (id) ON DELETE CASCADE,\n"
	"  position INTEGER NOT NULL,\n"
	"  name TEXT NOT NULL, -- of the rule's parameter\n"
	"  series_id INTEGER NOT NULL REFERENCES series (id),\n"
	"  lookback INTEGER, -- microseconds before the window in which the last sample counts too\n"
	"  PRIMARY KEY (calculation_id, position)\n"
	") STRICT, WITHOUT ROWID;\n"
	"CREATE INDEX calculation_input_series ON calculation_input (series_id);\n"

	"CREATE TABLE calculation_output (\n"
	"  -- A series that a calculation writes: no other does.\n"
	"  calculation_id INTEGER NOT NULL REFERENCES calculation (id) ON DELETE CASCADE,\n"
	"  position INTEGER NOT NULL,\n"
	"  name TEXT NOT NULL,\n"
	"  series_id INTEGER NOT NULL UNIQUE REFERENCES series (id),\n"
	"  PRIMARY KEY (calculation_id, position)\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE outcome (\n"
	"  -- What became of the calculations of a batch in one window: four arrays of one length.\n"
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
	"  run_id INTEGER NOT NULL,\n"
	"  batch_id INTEGER, -- NULL: pending windows of several batches, tried again\n"
	"  tick INTEGER NOT NULL,\n"
	"  window_start INTEGER NOT NULL,\n"
	"  window_end INTEGER NOT NULL,\n"
	"  calculation_ids TEXT NOT NULL, -- [1,2,3]; the view outcome_row has a row for each\n"
	"  states TEXT NOT NULL, -- 1 ok, 2 no_data, 3 failed, 4 timed_out, 5 given_up, 7 interrupted\n"
	"  durations_us TEXT NOT NULL,\n"
	"  samples_read TEXT NOT NULL\n"
	") STRICT;\n"
	"CREATE INDEX outcome_tick ON outcome (tick);\n"
	"CREATE INDEX outcome_window ON outcome (window_end);\n"

	"CREATE TABLE state (\n"
	"  -- A calculation whose state changed at least once, or that failed.\n"
	"  calculation_id INTEGER PRIMARY KEY REFERENCES calculation (id) ON DELETE CASCADE,\n"
	"  state TEXT NOT NULL,\n"
	"  since INTEGER NOT NULL, -- the tick of the run that saw the change\n"
	"  failing_since INTEGER,\n"
	"  run_id INTEGER,\n"
	"  window_start INTEGER,\n"
	"  window_end INTEGER,\n"
	"  attempts INTEGER NOT NULL,\n"
	"  next_attempt INTEGER,\n"
	"  rule_version TEXT,\n"
	"  definition_version INTEGER NOT NULL,\n"
	"  duration_us INTEGER NOT NULL,\n"
	"  samples_read INTEGER NOT NULL,\n"
	"  error_type TEXT, -- of the last failure, also after it\n"
	"  error_message TEXT,\n"
	"  error_traceback TEXT\n"
	") STRICT;\n"

	"CREATE TABLE pending (\n"
	"  -- A window that is owed to a calculation although the watermark passed it.\n"
	"  calculation_id INTEGER NOT NULL REFERENCES calculation (id) ON DELETE CASCADE,\n"
	"  window_start INTEGER NOT NULL,\n"
	"  window_end INTEGER NOT NULL,\n"
	"  reason TEXT NOT NULL,\n"
	"  attempts INTEGER NOT NULL,\n"
	"  next_attempt INTEGER,\n"
	"  given_up INTEGER NOT NULL DEFAULT 0 CHECK (given_up IN (0, 1)),\n"
	"  PRIMARY KEY (calculation_id, window_start, window_end)\n"
	") STRICT, WITHOUT ROWID;\n"
	"CREATE INDEX pending_next ON pending (next_attempt) WHERE given_up = 0;\n"

	"CREATE TABLE run (\n"
	"  -- One execution for one tick.\n"
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
	"  tick INTEGER NOT NULL,\n"
	"  started INTEGER NOT NULL,\n"
	"  ended INTEGER,\n"
	"  host TEXT,\n"
	"  process INTEGER,\n"
	"  program_version TEXT,\n"
	"  result TEXT NOT NULL,\n"
	"  error TEXT,\n"
	"  windows INTEGER NOT NULL DEFAULT 0,\n"
	"  states TEXT NOT NULL DEFAULT '{}', -- {\"ok\":58,\"failed\":2}\n"
	"  newly_failed INTEGER NOT NULL DEFAULT 0,\n"
	"  samples_read INTEGER NOT NULL DEFAULT 0,\n"
	"  samples_written INTEGER NOT NULL DEFAULT 0,\n"
	"  still_due INTEGER NOT NULL DEFAULT 0\n"
	") STRICT;\n"
	"CREATE INDEX run_tick ON run (tick);\n"
	"CREATE INDEX run_going_on ON run (result) WHERE result = 'running';\n";

/* PostgreSQL's views, with times as texts, and the views that its type timestamptz makes needless there. */
static const char views[] =
	"CREATE VIEW sample_named AS\n"
	"  SELECT series.name AS series, series.unit, " RFC3339("sample.ts") " AS ts, sample.value,\n"
	"         coalesce(sample.quality, 0) AS quality, sample.series_id, sample.ts AS ts_us\n"
	"  FROM series JOIN sample ON sample.series_id = series.id;\n"

	"CREATE VIEW outcome_row AS\n"
	"  SELECT o.run_id, o.batch_id, " RFC3339("o.tick") " AS tick, " RFC3339("o.window_start") " AS window_start,\n"
	"         " RFC3339("o.window_end") " AS window_end, c.name AS calculation, id.value AS calculation_id,\n"
	"         " STATE_NAME(ITEM("o.states", "id.key")) " AS state,\n"
	"         " ITEM("o.durations_us", "id.key") " AS duration_us,\n"
	"         " ITEM("o.samples_read", "id.key") " AS samples_read\n"
	"  FROM outcome o, json_each(o.calculation_ids) AS id LEFT JOIN calculation c ON c.id = id.value;\n"

	/* A calculation stands in its batch's outcome where it stands in the batch, unless definitions changed since. */
	"CREATE VIEW calculation_state AS\n"
	"  SELECT c.id, c.name, c.rule, c.labels, c.enabled,\n"
	"         CASE WHEN c.enabled = 0 THEN 'disabled' WHEN s.state IS NOT NULL THEN s.state\n"
	"              WHEN b.watermark IS NULL THEN 'new' ELSE 'ok' END AS state,\n"
	"         " RFC3339("coalesce(s.since, c.created)") " AS since,\n"
	"         " RFC3339("s.failing_since") " AS failing_since, " RFC3339("b.watermark") " AS watermark,\n"
	"         " RFC3339(NEWER("o.window_start", "s.window_start")) " AS window_start,\n"
	"         " RFC3339(NEWER("o.window_end", "s.window_end")) " AS window_end,\n"
	"         " NEWER("o.run_id", "s.run_id") " AS run_id,\n"
	"         " NEWER(ITEM("o.durations_us", "c.position"), "s.duration_us") " AS duration_us,\n"
	"         " NEWER(ITEM("o.samples_read", "c.position"), "s.samples_read") " AS samples_read,\n"
	"         s.attempts, " RFC3339("s.next_attempt") " AS next_attempt,\n"
	"         (SELECT count(*) FROM pending p WHERE p.calculation_id = c.id) AS pending,\n"
	"         (SELECT count(*) FROM pending p WHERE p.calculation_id = c.id AND p.given_up = 1) AS pending_given_up,\n"
	"         c.version AS definition_version, s.rule_version,\n"
	"         " SHOWN("s.error_type") " AS error_type, " SHOWN("s.error_message") " AS error_message,\n"
	"         " SHOWN("s.error_traceback") " AS error_traceback\n"
	"  FROM calculation c\n"
	"  LEFT JOIN batch b ON b.id = c.batch_id\n"
	"  LEFT JOIN state s ON s.calculation_id = c.id\n"
	"  LEFT JOIN outcome o ON o.id = b.last_outcome AND " ITEM("o.calculation_ids", "c.position") " = c.id\n"
	"                     AND " ITEM("o.states", "c.position") " <> 7;\n"

	"CREATE VIEW pending_named AS\n"
	"  SELECT c.name, " RFC3339("p.window_start") " AS window_start, " RFC3339("p.window_end") " AS window_end,\n"
	"         p.reason, p.attempts, " RFC3339("p.next_attempt") " AS next_attempt, p.given_up\n"
	"  FROM pending p JOIN calculation c ON c.id = p.calculation_id;\n"

	"CREATE VIEW run_row AS\n"
	"  SELECT id, " RFC3339("tick") " AS tick, " RFC3339("started") " AS started, " RFC3339("ended") " AS ended,\n"
	"         host, process, program_version, result, error, windows, states, newly_failed,\n"
	"         samples_read, samples_written, still_due\n"
	"  FROM run;\n";
/* The second step. */
#define STATE_NAME_2(number) \
	"CASE " number " WHEN 8 THEN 'waiting' WHEN 9 THEN 'tripped' ELSE " STATE_NAME(number) " END"
#define REASON_NAME(number) \
	"CASE " number " WHEN 0 THEN 'new window' WHEN 1 THEN 'catch-up' WHEN 2 THEN 'retry' WHEN 3 THEN 'late samples' " \
	"WHEN 4 THEN 'invalidated' WHEN 5 THEN 'waited for an input' WHEN 6 THEN 'breaker was open' " \
	"WHEN 7 THEN 'backfill' END"
/* The hour of UTC that a time lies in; / rounds towards zero. */
#define HOUR(time) "(" time " / 3600000000 - (" time " % 3600000000 < 0))"
#define NOTE(row, where) \
	"  INSERT INTO change (series_id, hour, by_hand, first, last)\n" \
	"  SELECT " row ".series_id, " HOUR(row ".ts") ", 0, " row ".ts, " row ".ts WHERE " where "\n" \
	"  ON CONFLICT (series_id, hour, by_hand) DO UPDATE\n" \
	"  SET first = min(first, excluded.first), last = max(last, excluded.last)\n" \
	"  WHERE excluded.first < first OR excluded.last > last;\n"
#define UNLESS_OWN "NOT EXISTS (SELECT 1 FROM own_writer)"

static const char time_columns[] =
	"ALTER TABLE series ADD COLUMN sample_interval INTEGER; -- microseconds from one sample to the next; NULL: not known\n"
	"ALTER TABLE calculation ADD COLUMN missed TEXT NOT NULL DEFAULT 'catch_up'; -- or 'skip'\n"
	"ALTER TABLE calculation ADD COLUMN result_time TEXT NOT NULL DEFAULT 'start'; -- or 'end', of the window\n"
	"ALTER TABLE calculation ADD COLUMN min_coverage REAL NOT NULL DEFAULT 0; -- below it a window is no_data\n"
	"ALTER TABLE calculation ADD COLUMN recompute_within INTEGER NOT NULL DEFAULT 0; -- 0: the configuration's, -1: never\n"
	"ALTER TABLE calculation_input ADD COLUMN window_length TEXT; -- NULL: the calculation's window\n"
	"ALTER TABLE calculation_input ADD COLUMN shift TEXT; -- '-1 week'; NULL: none\n"
	"ALTER TABLE calculation_input ADD COLUMN reach INTEGER NOT NULL DEFAULT 0; -- microseconds past the window's end\n"
	"ALTER TABLE batch ADD COLUMN missed TEXT NOT NULL DEFAULT 'catch_up';\n"
	"ALTER TABLE batch ADD COLUMN reach INTEGER NOT NULL DEFAULT 0; -- the largest of its inputs\n"
	"ALTER TABLE sample ADD COLUMN coverage REAL; -- of a result; NULL: measured\n"
	"ALTER TABLE sample ADD COLUMN samples INTEGER; -- good ones that a result was computed from; NULL: measured\n"
	"ALTER TABLE outcome ADD COLUMN reason INTEGER NOT NULL DEFAULT 0; -- why it was computed: see outcome_row\n"
	"ALTER TABLE state ADD COLUMN cause_id INTEGER; -- waiting: the calculation at the root that failed\n"
	"ALTER TABLE run ADD COLUMN kind TEXT NOT NULL DEFAULT 'run'; -- or 'backfill'\n"
	"ALTER TABLE run ADD COLUMN recomputed INTEGER NOT NULL DEFAULT 0; -- windows that had been settled before\n";

static const char changes[] =
	"CREATE TABLE change (\n"
	"  -- Samples that were written, changed or deleted since a run looked, but for a run's own results: an hour of\n"
	"  -- a series. The next run computes again what read them.\n"
	"  series_id INTEGER NOT NULL,\n"
	"  hour INTEGER NOT NULL, -- since 1970 in UTC\n"
	"  by_hand INTEGER NOT NULL CHECK (by_hand IN (0, 1)), -- 1: invalidated, from first to last, however old\n"
	"  first INTEGER NOT NULL,\n"
	"  last INTEGER NOT NULL,\n"
	"  PRIMARY KEY (series_id, hour, by_hand)\n"
	") STRICT, WITHOUT ROWID;\n"
	"CREATE TABLE own_writer (\n"
	"  -- Has a row only within a transaction of the program whose writing is not to be noted in change.\n"
	"  one INTEGER PRIMARY KEY CHECK (one = 1)\n"
	") STRICT;\n"
	"CREATE TRIGGER sample_added AFTER INSERT ON sample WHEN " UNLESS_OWN "\nBEGIN\n" NOTE("NEW", "true") "END;\n"
	/* Coverage and number of samples are for people: no rule reads them. */
	"CREATE TRIGGER sample_changed AFTER UPDATE ON sample WHEN (NEW.value IS NOT OLD.value\n"
	"  OR NEW.quality IS NOT OLD.quality OR NEW.ts <> OLD.ts OR NEW.series_id <> OLD.series_id) AND " UNLESS_OWN "\n"
	"BEGIN\n" NOTE("NEW", "true") NOTE("OLD", "NEW.ts <> OLD.ts OR NEW.series_id <> OLD.series_id") "END;\n"
	"CREATE TRIGGER sample_deleted AFTER DELETE ON sample WHEN " UNLESS_OWN "\nBEGIN\n" NOTE("OLD", "true") "END;\n";

static const char owed[] =
	"CREATE TABLE owed (\n"
	"  -- Windows of a calculation, behind the watermark of its batch, that are to be computed, mostly again.\n"
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
	"  calculation_id INTEGER NOT NULL REFERENCES calculation (id) ON DELETE CASCADE,\n"
	"  reason INTEGER NOT NULL, -- 3 late samples, 4 invalidated, 5 waited, 6 its rule's breaker was open, 7 backfill\n"
	"  window_start INTEGER NOT NULL, -- no result of these windows is earlier\n"
	"  after_end INTEGER NOT NULL, -- windows with after_end < end <= until_end\n"
	"  until_end INTEGER NOT NULL,\n"
	"  cause_id INTEGER NOT NULL DEFAULT 0, -- waited: the calculation at the root that failed\n"
	"  touched INTEGER NOT NULL, -- counts what was added that overlaps: work on older samples is not stored\n"
	"  noted INTEGER NOT NULL\n"
	") STRICT;\n"
	"CREATE INDEX owed_calculation ON owed (calculation_id);\n"
	"CREATE INDEX owed_aside ON owed (reason) WHERE reason IN (5, 6);\n"

	"CREATE TABLE breaker (\n"
	"  -- A rule of which most calculations failed in one run: its windows are put aside, but for one trial a run.\n"
	"  rule TEXT PRIMARY KEY,\n"
	"  since INTEGER NOT NULL, -- the tick\n"
	"  run_id INTEGER NOT NULL,\n"
	"  failed INTEGER NOT NULL, -- calculations, in that run\n"
	"  computed INTEGER NOT NULL,\n"
	"  trials INTEGER NOT NULL, -- that failed since\n"
	"  error TEXT -- of the last one\n"
	") STRICT, WITHOUT ROWID;\n"

	"CREATE TABLE rule_version (\n"
	"  -- The version that a rule has from a run on.\n"
	"  id INTEGER PRIMARY KEY AUTOINCREMENT,\n"
	"  rule TEXT NOT NULL,\n"
	"  version TEXT NOT NULL,\n"
	"  run_id INTEGER NOT NULL,\n"
	"  tick INTEGER NOT NULL\n"
	") STRICT;\n"
	"CREATE INDEX rule_version_rule ON rule_version (rule, id);\n";

static const char time_views[] =
	"DROP VIEW sample_named;\n"
	"CREATE VIEW sample_named AS\n"
	"  SELECT series.name AS series, series.unit, " RFC3339("sample.ts") " AS ts, sample.value,\n"
	"         coalesce(sample.quality, 0) AS quality, sample.coverage, sample.samples, sample.series_id,\n"
	"         sample.ts AS ts_us\n"
	"  FROM series JOIN sample ON sample.series_id = series.id;\n"

	"DROP VIEW outcome_row;\n"
	"CREATE VIEW outcome_row AS\n"
	"  SELECT o.run_id, o.batch_id, " RFC3339("o.tick") " AS tick, " RFC3339("o.window_start") " AS window_start,\n"
	"         " RFC3339("o.window_end") " AS window_end, c.name AS calculation, id.value AS calculation_id,\n"
	"         " STATE_NAME_2(ITEM("o.states", "id.key")) " AS state,\n"
	"         " ITEM("o.durations_us", "id.key") " AS duration_us,\n"
	"         " ITEM("o.samples_read", "id.key") " AS samples_read,\n"
	"         " REASON_NAME("o.reason") " AS reason\n"
	"  FROM outcome o, json_each(o.calculation_ids) AS id LEFT JOIN calculation c ON c.id = id.value;\n"

	"DROP VIEW calculation_state;\n"
	"CREATE VIEW calculation_state AS\n"
	"  SELECT c.id, c.name, c.rule, c.labels, c.enabled,\n"
	"         CASE WHEN c.enabled = 0 THEN 'disabled' WHEN s.state IS NOT NULL THEN s.state\n"
	"              WHEN b.watermark IS NULL THEN 'new' ELSE 'ok' END AS state,\n"
	"         " RFC3339("coalesce(s.since, c.created)") " AS since,\n"
	"         " RFC3339("s.failing_since") " AS failing_since, " RFC3339("b.watermark") " AS watermark,\n"
	"         " RFC3339(NEWER("o.window_start", "s.window_start")) " AS window_start,\n"
	"         " RFC3339(NEWER("o.window_end", "s.window_end")) " AS window_end,\n"
	"         " NEWER("o.run_id", "s.run_id") " AS run_id,\n"
	"         " NEWER(ITEM("o.durations_us", "c.position"), "s.duration_us") " AS duration_us,\n"
	"         " NEWER(ITEM("o.samples_read", "c.position"), "s.samples_read") " AS samples_read,\n"
	"         s.attempts, " RFC3339("s.next_attempt") " AS next_attempt,\n"
	"         (SELECT count(*) FROM pending p WHERE p.calculation_id = c.id) AS pending,\n"
	"         (SELECT count(*) FROM pending p WHERE p.calculation_id = c.id AND p.given_up = 1) AS pending_given_up,\n"
	"         (SELECT count(*) FROM owed w WHERE w.calculation_id = c.id) AS owed,\n"
	"         CASE s.state WHEN 'waiting' THEN (SELECT name FROM calculation WHERE id = s.cause_id) END AS cause,\n"
	"         c.version AS definition_version, s.rule_version,\n"
	"         " SHOWN("s.error_type") " AS error_type, " SHOWN("s.error_message") " AS error_message,\n"
	"         " SHOWN("s.error_traceback") " AS error_traceback\n"
	"  FROM calculation c\n"
	"  LEFT JOIN batch b ON b.id = c.batch_id\n"
	"  LEFT JOIN state s ON s.calculation_id = c.id\n"
	"  LEFT JOIN outcome o ON o.id = b.last_outcome AND " ITEM("o.calculation_ids", "c.position") " = c.id\n"
	"                     AND " ITEM("o.states", "c.position") " <> 7;\n"

	"CREATE VIEW owed_named AS\n"
	"  SELECT c.name AS calculation, " REASON_NAME("w.reason") " AS reason, cause.name AS cause,\n"
	"         " RFC3339("w.after_end") " AS after_end, " RFC3339("w.until_end") " AS until_end,\n"
	"         " RFC3339("w.noted") " AS noted\n"
	"  FROM owed w JOIN calculation c ON c.id = w.calculation_id LEFT JOIN calculation cause ON cause.id = w.cause_id;\n"

	"CREATE VIEW change_named AS\n"
	"  SELECT series.name AS series, " RFC3339("n.first") " AS first, " RFC3339("n.last") " AS last, n.by_hand\n"
	"  FROM change n JOIN series ON series.id = n.series_id;\n"

	"CREATE VIEW breaker_row AS\n"
	"  SELECT rule, " RFC3339("since") " AS since, run_id, failed, computed, trials, error FROM breaker;\n"

	"CREATE VIEW rule_version_row AS\n"
	"  SELECT id, rule, version, run_id, " RFC3339("tick") " AS tick FROM rule_version;\n"

	"DROP VIEW run_row;\n"
	"CREATE VIEW run_row AS\n"
	"  SELECT id, kind, " RFC3339("tick") " AS tick, " RFC3339("started") " AS started, " RFC3339("ended") " AS ended,\n"
	"         host, process, program_version, result, error, windows, recomputed, states, newly_failed,\n"
	"         samples_read, samples_written, still_due\n"
	"  FROM run;\n";
/*
 * The third step: which window made a result, whose results are outdated, what was pruned, what batches read, how
 * much memory a calculation may take.
 */
static const char result_columns[] =
	"ALTER TABLE sample ADD COLUMN window_end INTEGER; -- of a result: of the last window that made it; NULL: measured, imported\n"
	"ALTER TABLE series ADD COLUMN results_from INTEGER; -- microseconds from a window's end to its first result, at least\n"
	"ALTER TABLE series ADD COLUMN results_to INTEGER; -- to before which its last one lies; NULL: no result was stored\n"
	"ALTER TABLE owed ADD COLUMN replace_imported INTEGER NOT NULL DEFAULT 0; -- 1: also results that somebody imported\n"
	"ALTER TABLE run ADD COLUMN kept_imported INTEGER NOT NULL DEFAULT 0; -- results not written: one was imported there\n";

static const char memory_limit[] =
	"ALTER TABLE calculation ADD COLUMN memory_limit INTEGER CHECK (memory_limit > 0); -- bytes that its rule may take; NULL: the configuration's\n";

static const char superseded[] =
	"CREATE TABLE superseded (\n"
	"  -- Results at whose time a window that ends later has one as well, which counts. When that is taken off, the one\n"
	"  -- of the last window here is back.\n"
	"  series_id INTEGER NOT NULL,\n"
	"  ts INTEGER NOT NULL,\n"
	"  window_end INTEGER NOT NULL,\n"
	"  value REAL,\n"
	"  quality INTEGER,\n"
	"  coverage REAL,\n"
	"  samples INTEGER,\n"
	"  PRIMARY KEY (series_id, ts, window_end)\n"
	") STRICT, WITHOUT ROWID;\n";

#define STATE_NAME_3(number) "CASE " number " WHEN 10 THEN 'crashed' ELSE " STATE_NAME_2(number) " END"

static const char result_views[] =
	"DROP VIEW outcome_row;\n"
	"CREATE VIEW outcome_row AS\n"
	"  SELECT o.run_id, o.batch_id, " RFC3339("o.tick") " AS tick, " RFC3339("o.window_start") " AS window_start,\n"
	"         " RFC3339("o.window_end") " AS window_end, c.name AS calculation, id.value AS calculation_id,\n"
	"         " STATE_NAME_3(ITEM("o.states", "id.key")) " AS state,\n"
	"         " ITEM("o.durations_us", "id.key") " AS duration_us,\n"
	"         " ITEM("o.samples_read", "id.key") " AS samples_read,\n"
	"         " REASON_NAME("o.reason") " AS reason\n"
	"  FROM outcome o, json_each(o.calculation_ids) AS id LEFT JOIN calculation c ON c.id = id.value;\n"
	"DROP VIEW sample_named;\n"
	"CREATE VIEW sample_named AS\n"
	"  SELECT series.name AS series, series.unit, " RFC3339("sample.ts") " AS ts, sample.value,\n"
	"         coalesce(sample.quality, 0) AS quality, sample.coverage, sample.samples,\n"
	"         " RFC3339("sample.window_end") " AS window_end, sample.series_id, sample.ts AS ts_us\n"
	"  FROM series JOIN sample ON sample.series_id = series.id;\n"
	"DROP VIEW run_row;\n"
	"CREATE VIEW run_row AS\n"
	"  SELECT id, kind, " RFC3339("tick") " AS tick, " RFC3339("started") " AS started, " RFC3339("ended") " AS ended,\n"
	"         host, process, program_version, result, error, windows, recomputed, states, newly_failed,\n"
	"         samples_read, samples_written, kept_imported, still_due\n"
	"  FROM run;\n";

static const char outdated[] =
	"CREATE TABLE outdated (\n"
	"  -- A calculation whose stored results were computed by an earlier definition or rule: `backfill --outdated`\n"
	"  -- computes them again and takes the row off.\n"
	"  calculation_id INTEGER PRIMARY KEY REFERENCES calculation (id) ON DELETE CASCADE,\n"
	"  reason TEXT NOT NULL, -- what has changed: parameters, every, rule version\n"
	"  after_end INTEGER NOT NULL, -- no window of the stored results ends (or began) earlier\n"
	"  until_end INTEGER NOT NULL, -- the last window that was settled when it was noted\n"
	"  other_windows INTEGER NOT NULL DEFAULT 0, -- 1: what windows of before made, and none of today replaces, goes\n"
	"  owed INTEGER NOT NULL DEFAULT 0, -- 1: its windows are owed to a backfill\n"
	"  noted INTEGER NOT NULL\n"
	") STRICT;\n"
	"CREATE VIEW outdated_named AS\n"
	"  SELECT c.name AS calculation, c.rule, o.reason, " RFC3339("o.after_end") " AS after_end,\n"
	"         " RFC3339("o.until_end") " AS until_end, o.other_windows, o.owed,\n"
	"         " RFC3339("o.noted") " AS noted\n"
	"  FROM outdated o JOIN calculation c ON c.id = o.calculation_id;\n";

static const char pruned[] =
	"ALTER TABLE series ADD COLUMN pruned_from INTEGER; -- time of the first sample that prune has removed; NULL: none\n"
	"ALTER TABLE series ADD COLUMN pruned_to INTEGER; -- of the last one: windows that read from ... to are left as they are\n";

/* Which batches read others, and what they read of them: after definitions were applied, and once by a migration. */
#define LP_SQLITE_SET_UPSTREAM                                                                                         \
	"WITH edge AS MATERIALIZED (SELECT DISTINCT reader.batch_id AS batch_id, writer.batch_id AS upstream,"         \
	" writer.batch_id || '|' || writer.result_time || '|' || coalesce(i.window_length, '') || '|'"                 \
	" || coalesce(i.shift, '') || '|' || coalesce(i.lookback, 0) AS reading"                                       \
	" FROM calculation_output o JOIN calculation_input i ON i.series_id = o.series_id"                             \
	" JOIN calculation writer ON writer.id = o.calculation_id"                                                     \
	" JOIN calculation reader ON reader.id = i.calculation_id"                                                     \
	" WHERE writer.enabled = 1 AND writer.batch_id <> reader.batch_id),"                                           \
	" wanted AS MATERIALIZED (SELECT batch.id AS id,"                                                              \
	" (SELECT json_group_array(upstream) FROM (SELECT DISTINCT upstream FROM edge WHERE edge.batch_id = batch.id"  \
	" ORDER BY upstream)) AS upstream,"                                                                            \
	" coalesce((SELECT group_concat(reading, ';') FROM (SELECT reading FROM edge WHERE edge.batch_id = batch.id"   \
	" ORDER BY upstream, reading)), '') AS reading FROM batch)"                                                    \
	" UPDATE batch SET upstream = wanted.upstream, reading = wanted.reading FROM wanted"                           \
	" WHERE wanted.id = batch.id AND (wanted.upstream <> batch.upstream OR wanted.reading <> batch.reading)"

/* What a batch reads of others, so that what an input reads decides what has to be there. */
static const char reading[] =
	"ALTER TABLE batch ADD COLUMN reading TEXT NOT NULL DEFAULT '';"
	" -- 'upstream|result_time|window|shift|lookback' of its inputs, parted by ;\n"
	LP_SQLITE_SET_UPSTREAM ";\n";

/* How much a batch reads: its size and how many of its windows go together follow that, and not its window alone. */
#define LENGTH(text) \
	"CAST(" text " AS INTEGER) * CASE rtrim(substr(" text ", instr(" text ", ' ') + 1), 's') WHEN 'second' THEN 1000000" \
	" WHEN 'minute' THEN 60000000 WHEN 'hour' THEN 3600000000 WHEN 'day' THEN 86400000000 WHEN 'week' THEN 604800000000" \
	" WHEN 'month' THEN 2419200000000 WHEN 'quarter' THEN 7776000000000 WHEN 'year' THEN 31536000000000 END"
static const char span[] =
	"ALTER TABLE batch ADD COLUMN span INTEGER NOT NULL DEFAULT 0;"
	" -- microseconds that a window of one of its calculations reads over all its inputs, at most\n"
	"UPDATE batch SET span = wanted.span FROM (SELECT batch_id, max(span) AS span FROM (SELECT c.batch_id AS batch_id,\n"
	"  CAST(total(" LENGTH("coalesce(i.window_length, c.window_length)") ") AS INTEGER) AS span\n"
	"  FROM calculation c LEFT JOIN calculation_input i ON i.calculation_id = c.id GROUP BY c.id) GROUP BY batch_id) AS wanted\n"
	"  WHERE wanted.batch_id = batch.id;\n";

/*
 * SQLite adds a CHECK to a table only by writing the table anew, which for samples may take hours.  So the table's text
 * is changed, as SQLite's documentation says how, after what it would refuse is gone: that is bad, and whoever read it
 * as good reads it again.  The table that comes and goes tells other connections that there is another schema.
 */
static const char qualities[] =
	"UPDATE sample SET quality = 2 WHERE quality NOT BETWEEN 0 AND 2;\n"
	"PRAGMA writable_schema = ON;\n"
	"UPDATE sqlite_schema SET sql = replace(sql, '  quality INTEGER,', '  quality INTEGER CHECK (quality BETWEEN 0 AND 2),')"
	" WHERE type = 'table' AND name = 'sample';\n"
	"CREATE TABLE another_schema (one INTEGER) STRICT;\n"
	"DROP TABLE another_schema;\n"
	"PRAGMA writable_schema = RESET;\n";
/* clang-format on */

const struct lp_sqlite_migration lp_sqlite_migrations[] = {
	{ "tables and views", (const char *const[]){ tables, views, NULL } },
	{ "coverage, changed samples, what is computed again, breakers",
	  (const char *const[]){ time_columns, changes, owed, time_views, NULL } },
	{ "results and pruning", (const char *const[]){ result_columns, superseded, result_views, outdated, pruned,
	                                                reading, span, qualities, memory_limit, NULL } },
};
const int32_t lp_sqlite_migration_count = sizeof lp_sqlite_migrations / sizeof *lp_sqlite_migrations;
