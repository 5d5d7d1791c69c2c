/*
 * Every statement of this store, in one table.  Nothing but SQL: arguments are
 * added in the order of their numbers by the function that runs it.
 *
 * Whatever concerns many rows takes arrays.  Bounds of ts that look redundant
 * are there for the planner: it leaves out the partitions beyond them.
 */
#include "store/postgresql/statements.h"

#include "store/store.h"

/* NaN is more than infinity here. */
#define IS_GOOD "value > '-Infinity' AND value < 'Infinity' AND quality IS DISTINCT FROM 2"

#define SCHEDULE(table)                                                                                                \
	table "every, " table "window_length, " table "\"offset\", " table "delay, " table "week_start, " table        \
	      "time_zone, " table "missed"

#define SERIES_COLUMNS "id, name, unit, description, attributes::text, sample_interval, pruned_from, pruned_to"

/* The order that calculations.c reads.  Sorted once below the aggregates: an ORDER BY in each would sort ten times. */
#define CALCULATION_COLUMNS                                                                                              \
	"c.id, c.name, c.description, c.rule, c.parameters::text, c.labels::text, c.enabled, " SCHEDULE(                 \
		"c.") ", c.start, c.time_limit, c.memory_limit, c.version, c.rank,"                                      \
		      " CASE WHEN NOT c.enabled THEN 'disabled' WHEN s.state IS NOT NULL THEN s.state"                   \
		      " WHEN b.watermark IS NULL THEN 'new' ELSE 'ok' END,"                                              \
		      " c.result_time, c.min_coverage, c.recompute_within, coalesce(b.generation, 0),"                   \
		      " i.names, i.ids, i.series, i.units, i.attributes, i.lookbacks, i.intervals, i.windows, i.shifts," \
		      " i.pruned_from, i.pruned_to,"                                                                     \
		      " o.names, o.ids, o.series, o.units, o.froms, o.tos"
/* Of a calculation c: its rule's breaker is open, and it has not worked since. */
#define PG_IS_STOPPED                                                                                                  \
	"(EXISTS (SELECT FROM local_processing.breaker x WHERE x.rule = c.rule) AND EXISTS (SELECT FROM"               \
	" local_processing.state s WHERE s.calculation_id = c.id AND s.state NOT IN ('ok', 'no_data')))"
#define CALCULATION_TABLES                                                                                                  \
	" FROM local_processing.calculation c"                                                                              \
	" LEFT JOIN local_processing.batch b ON b.id = c.batch_id"                                                          \
	" LEFT JOIN local_processing.state s ON s.calculation_id = c.id"                                                    \
	" LEFT JOIN LATERAL (SELECT array_agg(z.name), array_agg(z.series_id), array_agg(z.series), array_agg(z.unit),"     \
	" array_agg(z.attributes), array_agg(z.lookback), array_agg(z.sample_interval), array_agg(z.window_length),"        \
	" array_agg(z.shift), array_agg(z.pruned_from), array_agg(z.pruned_to)"                                             \
	" FROM (SELECT x.name, x.series_id, y.name AS series, y.unit,"                                                      \
	" y.attributes::text, x.lookback, y.sample_interval, x.window_length, x.shift, y.pruned_from, y.pruned_to"          \
	" FROM local_processing.calculation_input x"                                                                        \
	" JOIN local_processing.series y ON y.id = x.series_id WHERE x.calculation_id = c.id ORDER BY x.position) z)"       \
	" i (names, ids, series, units, attributes, lookbacks, intervals, windows, shifts, pruned_from, pruned_to) ON true" \
	" LEFT JOIN LATERAL (SELECT array_agg(z.name), array_agg(z.series_id), array_agg(z.series), array_agg(z.unit),"     \
	" array_agg(coalesce(z.results_from, 0)), array_agg(coalesce(z.results_to, 0))"                                     \
	" FROM (SELECT x.name, x.series_id, y.name AS series, y.unit, y.results_from, y.results_to"                         \
	" FROM local_processing.calculation_output x"                                                                       \
	" JOIN local_processing.series y ON y.id = x.series_id WHERE x.calculation_id = c.id ORDER BY x.position) z)"       \
	" o (names, ids, series, units, froms, tos) ON true"

/* An error is kept until the next one, and shown while the calculation fails or owes a window that failed. */
#define KEPT "CASE WHEN coalesce(excluded.error_type, excluded.error_message) IS NULL THEN s.error_"
#define LAST_ERRORS                                                                                                    \
	"error_type = " KEPT "type ELSE excluded.error_type END,"                                                      \
	" error_message = " KEPT "message ELSE excluded.error_message END,"                                            \
	" error_traceback = " KEPT "traceback ELSE excluded.error_traceback END"
#define SHOWN        "CASE WHEN s.failing_since IS NOT NULL OR p.failed > 0 THEN s.error_"
#define SHOWN_ERRORS SHOWN "type END, " SHOWN "message END, " SHOWN "traceback END"

/* See together.c. The seconds of a range of times are their difference as a double, without an interval. */
#define SERIES_AND_TIME "point(series_id::float8, tstzrange_subdiff(ts, $2))"
#define VALUE           "coalesce(value, 'NaN')"
#define FETCH_TOGETHER(sample, more)                                                                                   \
	"SELECT string_agg(" sample ", '')" more " FROM local_processing.sample"                                       \
	" WHERE series_id = ANY ($1) AND ts >= $2 AND ts < $3"

#define PUT_ASIDE                                                                                                      \
	"ON CONFLICT (series_id, ts, window_end) DO UPDATE SET value = excluded.value, quality = excluded.quality,"    \
	" coverage = excluded.coverage, samples = excluded.samples"

/* Set by count_partition, before this is looked at: a statement's columns are made from left to right. */
#define ESTIMATED " coalesce(current_setting('local_processing.estimated', true), '') = 'on'"

/* What a window made, also by a release that did not note the window. */
#define IS_RESULT "(window_end IS NOT NULL OR samples IS NOT NULL)"
/* Noted again: what was owed of it was so by other definitions. */
#define OUTDATED_MORE                                                                                                  \
	" ON CONFLICT (calculation_id) DO UPDATE SET after_end = least(t.after_end, excluded.after_end),"              \
	" until_end = greatest(t.until_end, excluded.until_end), owed = false, noted = now(),"                         \
	" other_windows = t.other_windows OR excluded.other_windows,"                                                  \
	" reason = CASE WHEN strpos(', ' || t.reason || ', ', ', ' || excluded.reason || ', ') > 0 THEN t.reason"      \
	" ELSE left(t.reason || ', ' || excluded.reason, 1000) END"

/*
 * What a calculation reads of those that are computed at other times: a number,
 * the same for the same.  What is computed with it holds nobody back for long.
 */
#define READS                                                                                                          \
	"SELECT id, hashtextextended(string_agg(what, ';' ORDER BY what), 0) AS reads FROM (SELECT DISTINCT c.id,"     \
	" concat_ws('|', " SCHEDULE("w.") ", w.start, w.result_time, coalesce(i.window_length, ''),"                   \
					  " coalesce(i.shift, '')) AS what FROM local_processing.calculation_input i"  \
					  " JOIN local_processing.calculation_output o ON o.series_id = i.series_id"   \
					  " JOIN local_processing.calculation w ON w.id = o.calculation_id"            \
					  " AND w.enabled JOIN local_processing.calculation c"                         \
					  " ON c.id = i.calculation_id WHERE (w.every, w.window_length,"               \
					  " w.\"offset\", w.delay, w.week_start, w.time_zone, w.start, NULL, NULL)"    \
					  " IS DISTINCT FROM (c.every, c.window_length, c.\"offset\", c.delay,"        \
					  " c.week_start, c.time_zone, c.start, i.shift, i.window_length)) x"          \
					  " GROUP BY id"

/* The partition of a time, under one of the names that ensure_partitions gives it; a table that was detached is none. */
#define NAMED(kind, at, form)                                                                                          \
	"to_regclass('local_processing.' || " kind " || to_char(" at " AT TIME ZONE 'UTC', " form "))"
#define PARTITION_NAMED(kind, at, form)                                                                                \
	"CASE WHEN pg_partition_root(" NAMED(kind, at, form) ") = to_regclass('local_processing.' || " kind            \
							     ") THEN " NAMED(kind, at, form) " END"
#define PARTITION_AT(kind, at, fine, coarse)                                                                           \
	"coalesce(" PARTITION_NAMED(kind, at, fine) ", " PARTITION_NAMED(kind, at, coarse) ")"
/* A time in it, wherever in this one we are. */
#define NEXT_MONTH "date_trunc('month', now(), 'UTC') + interval '32 days'"
#define ARE_PREPARED                                                                                                   \
	"(" PARTITION_AT("'sample'", "now()", "'_YYYY_MM'", "'_YYYY'") " IS NOT NULL AND " PARTITION_AT(               \
		"'sample'", "(" NEXT_MONTH ")", "'_YYYY_MM'", "'_YYYY'") " IS NOT NULL)"

/*
 * The hours of series in the notes $1 that begin before $2, each with its
 * series' place in the bounds $3 and $4, which are sorted: a join could be
 * planned as a loop, since the planner knows nothing of what is in arrays.
 */
#define NOTED_HOURS                                                                                                    \
	" FROM local_processing.change t CROSS JOIN LATERAL unnest(t.series_ids, t.firsts, t.lasts)"                   \
	" r (series_id, first, last) CROSS JOIN LATERAL (SELECT width_bucket(r.series_id, $3::int8[])) b (place)"      \
	" WHERE t.id = ANY ($1::int8[]) AND r.first < $2"
#define IS_PASSED_OVER "NOT t.by_hand AND ($3::int8[])[b.place] = r.series_id AND r.last < ($4::timestamptz[])[b.place]"

#define TO_DIGITS(number) #number
#define IN_DIGITS(number) TO_DIGITS(number)

#define DEFINITION_ARRAYS                                                                                                \
	"unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::text[], $8::text[],"         \
	" $9::text[], $10::text[], $11::int2[], $12::text[], $13::text[], $14::timestamptz[], $15::text[], $16::int4[]," \
	" $17::int4[], $18::text[], $19::float8[], $20::text[], $21::int8[])"                                            \
	" r (name, description, rule, parameters, labels, enabled, " SCHEDULE(                                           \
		"") ", start, time_limit, version, rank, result_time, min_coverage, recompute_within, memory_limit)"

const struct pg_statement_text lp_pg_statements[PG_STATEMENT_COUNT] = {
	[PG_HAS_SCHEMA] = { "has_schema", "look for the schema local_processing",
	                    "SELECT to_regclass('local_processing.migration') IS NOT NULL,"
	                    " to_regnamespace('local_processing') IS NOT NULL, current_setting('server_encoding'),"
	                    " current_database()::text, (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace"
	                    " WHERE nspname = 'local_processing')" },
	[PG_SCHEMA_VERSION] = { "schema_version", "read the schema's version",
	                        "SELECT coalesce(max(version), 0) FROM local_processing.migration" },
	[PG_ADD_MIGRATION] = { "add_migration", "note a migration",
	                       "INSERT INTO local_processing.migration (version, description, program_version)"
	                       " VALUES ($1, $2, $3)" },
	/* Of a role that reads ($2: runs). Partitions are written to through their tables; nobody calls triggers. */
	[PG_MISSING_RIGHTS] = { "missing_rights", "look at the rights of a role",
	                        "SELECT string_agg(what, ', ' ORDER BY kind, what), (SELECT pg_get_userbyid(nspowner)::text"
	                        " FROM pg_namespace WHERE nspname = 'local_processing') FROM (SELECT 0 AS kind,"
	                        " 'the schema' AS what WHERE NOT has_schema_privilege($1, 'local_processing', 'USAGE')"
	                        " UNION ALL SELECT 1, relname::text FROM pg_class"
	                        " WHERE relnamespace = 'local_processing'::regnamespace AND relkind IN ('r', 'p', 'v')"
	                        " AND NOT relispartition AND NOT (has_table_privilege($1, oid, 'SELECT')"
	                        " AND (NOT $2 OR relname = 'migration' OR has_table_privilege($1, oid, 'INSERT')"
	                        " AND has_table_privilege($1, oid, 'UPDATE') AND has_table_privilege($1, oid, 'DELETE')))"
	                        " UNION ALL SELECT 2, relname::text FROM pg_class"
	                        " WHERE relnamespace = 'local_processing'::regnamespace AND $2"
	                        " AND CASE WHEN relkind = 'S' THEN NOT has_sequence_privilege($1, oid, 'USAGE') END"
	                        " UNION ALL SELECT 3, proname || '()' FROM pg_proc"
	                        " WHERE pronamespace = 'local_processing'::regnamespace"
	                        " AND (proname IN ('state_name', 'reason_name', 'last_outcomes') OR $2 AND proname IN"
	                        " ('ensure_partitions', 'move_samples', 'drop_partition', 'drop_sample_partition',"
	                        " 'pack_batch', 'set_upstream')) AND NOT has_function_privilege($1, oid, 'EXECUTE')) r" },

	[PG_EACH_SERIES] = { "each_series", "read the series",
	                     "SELECT " SERIES_COLUMNS " FROM local_processing.series"
	                     " WHERE $1::text IS NULL OR name LIKE $1 ORDER BY name COLLATE \"C\"" },
	[PG_FIND_SERIES] = { "find_series", "look for a series",
	                     "SELECT " SERIES_COLUMNS " FROM local_processing.series"
	                     " WHERE name = $1" },
	[PG_EACH_CALCULATION] = { "each_calculation", "read the calculations",
	                          "SELECT " CALCULATION_COLUMNS CALCULATION_TABLES " ORDER BY c.name COLLATE \"C\"" },
	[PG_READ_PACKED] = { "read_packed", "read the calculations of a batch",
	                     "SELECT contents, results_from, results_to, pruned_from, pruned_to, memory_limits"
	                     " FROM local_processing.batch_definition"
	                     " WHERE batch_id = $1 AND generation = $2" },
	/* The batch is locked first, as by an apply that takes it away, and its definitions with it. */
	[PG_PACK] = { "pack", "pack the calculations of a batch",
	              "SELECT local_processing.pack_batch(b.id, $2) FROM"
	              " (SELECT id FROM local_processing.batch WHERE id = $1 FOR KEY SHARE) b" },
	[PG_SOME_CALCULATIONS] = { "some_calculations", "read calculations",
	                           "SELECT " CALCULATION_COLUMNS CALCULATION_TABLES
	                           " WHERE c.id = ANY ($1) AND c.enabled ORDER BY c.id" },

	[PG_LOCK] = { "lock", "wait for a lock", "SELECT pg_advisory_xact_lock(" PG_LOCK_CLASS ", $1)" },
	[PG_TRY_LOCK] = { "try_lock", "take a lock", "SELECT pg_try_advisory_xact_lock(" PG_LOCK_CLASS ", $1)" },
	/* Looked at, not taken for a moment: the run that wants it just then would find it taken. */
	[PG_IS_LOCKED] = { "is_locked", "look at a lock",
	                   "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted"
	                   " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
	                   " AND classid = " PG_LOCK_CLASS " AND objid = $1::int4::oid AND objsubid = 2)" },
	[PG_ADD_SERIES] = { "add_series", "add series",
	                    "INSERT INTO local_processing.series (name, unit, description, attributes, sample_interval)"
	                    " SELECT name, unit, description, attributes::json, sample_interval"
	                    " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])"
	                    " r (name, unit, description, attributes, sample_interval)" },
	[PG_CHANGE_SERIES] = { "change_series", "change series",
	                       "UPDATE local_processing.series s"
	                       " SET unit = r.unit, description = r.description, attributes = r.attributes::json,"
	                       " sample_interval = r.sample_interval"
	                       " FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])"
	                       " r (name, unit, description, attributes, sample_interval) WHERE s.name = r.name" },
	[PG_TOUCH_SERIES_BATCHES] = { "touch_series_batches", "mark the batches of changed series",
	                              "UPDATE local_processing.batch SET generation = generation + 1 WHERE id IN (SELECT c.batch_id"
	                              " FROM local_processing.series s"
	                              " JOIN (SELECT calculation_id, series_id FROM local_processing.calculation_input"
	                              " UNION SELECT calculation_id, series_id FROM local_processing.calculation_output) u"
	                              " ON u.series_id = s.id JOIN local_processing.calculation c ON c.id = u.calculation_id"
	                              " WHERE s.name = ANY ($1))" },
	/* So that nobody adds one between the look for them and the end of the series. */
	[PG_LOCK_SAMPLES] = { "lock_samples", "wait for who writes samples",
	                      "LOCK TABLE local_processing.sample IN SHARE MODE" },
	[PG_FIND_HELD_SERIES] = { "find_held_series", "look for samples of series to be deleted",
	                          "SELECT s.name FROM local_processing.series s WHERE s.name = ANY ($1) AND EXISTS"
	                          " (SELECT FROM local_processing.sample WHERE series_id = s.id) ORDER BY s.name LIMIT 1" },
	[PG_DELETE_SERIES] = { "delete_series", "delete series",
	                       "WITH superseded AS (DELETE FROM local_processing.superseded WHERE series_id = ANY"
	                       " (ARRAY(SELECT id FROM local_processing.series WHERE name = ANY ($1))))"
	                       " DELETE FROM local_processing.series WHERE name = ANY ($1)" },
	[PG_DROP_PENDING] = { "drop_pending", "drop the pending windows of changed schedules",
	                      "DELETE FROM local_processing.pending p USING local_processing.calculation c, " DEFINITION_ARRAYS
	                      " WHERE c.name = r.name AND p.calculation_id = c.id AND (p.window_start < r.start"
	                      " OR (c.every, c.window_length, c.\"offset\", c.week_start, c.time_zone)"
	                      " IS DISTINCT FROM (r.every, r.window_length, r.\"offset\", r.week_start, r.time_zone))" },
	[PG_TRIM_OWED] = { "trim_owed", "forget the owed windows before a later start",
	                   "UPDATE local_processing.owed p SET after_end = r.start, window_start = r.start, touched = touched + 1"
	                   " FROM local_processing.calculation c, " DEFINITION_ARRAYS
	                   " WHERE c.name = r.name AND p.calculation_id = c.id AND p.after_end < r.start AND p.until_end > r.start" },
	[PG_REOPEN_PENDING] = { "reopen_pending", "open pending windows again",
	                        "UPDATE local_processing.pending p"
	                        " SET attempts = 0, given_up = false, next_attempt = window_end"
	                        " FROM local_processing.calculation c"
	                        " WHERE c.id = p.calculation_id AND c.name = ANY ($1)" },
	[PG_REOPEN_STATE] = { "reopen_state", "open failed states again",
	                      "UPDATE local_processing.state s SET attempts = 0, next_attempt = window_end"
	                      " FROM local_processing.calculation c WHERE c.id = s.calculation_id"
	                      " AND c.name = ANY ($1) AND s.failing_since IS NOT NULL" },
	[PG_ADD_CALCULATIONS] = { "add_calculations", "add calculations",
	                          "INSERT INTO local_processing.calculation (name, description, rule, parameters, labels, enabled,"
	                          " " SCHEDULE(
					  "") ", start, time_limit, version, rank, result_time, min_coverage, recompute_within, memory_limit)"
	                                      " SELECT name, description, rule, parameters::json, labels::json, enabled, " SCHEDULE(
						      "") ", start, time_limit, version, rank, result_time, min_coverage, recompute_within, memory_limit FROM " DEFINITION_ARRAYS },
	[PG_CHANGE_CALCULATIONS] = { "change_calculations", "change calculations",
	                             "UPDATE local_processing.calculation c SET description = r.description, rule = r.rule,"
	                             " parameters = r.parameters::json, labels = r.labels::json, enabled = r.enabled, every = r.every,"
	                             " window_length = r.window_length, \"offset\" = r.\"offset\", delay = r.delay,"
	                             " week_start = r.week_start, time_zone = r.time_zone, start = r.start, time_limit = r.time_limit,"
	                             " version = r.version, rank = r.rank, missed = r.missed, result_time = r.result_time,"
	                             " min_coverage = r.min_coverage, recompute_within = r.recompute_within, memory_limit = r.memory_limit,"
	                             " updated = now() FROM " DEFINITION_ARRAYS " WHERE c.name = r.name" },
	[PG_CHANGE_RANKS] = { "change_ranks", "change ranks",
	                      "UPDATE local_processing.calculation c SET rank = r.rank"
	                      " FROM unnest($1::text[], $2::int4[]) r (name, rank) WHERE c.name = r.name" },
	[PG_DELETE_CALCULATIONS] = { "delete_calculations", "delete calculations",
	                             "DELETE FROM local_processing.calculation WHERE name = ANY ($1)"
	                             " RETURNING batch_id" },
	[PG_CLEAR_INPUTS] = { "clear_inputs", "replace inputs",
	                      "DELETE FROM local_processing.calculation_input i USING local_processing.calculation c"
	                      " WHERE c.id = i.calculation_id AND c.name = ANY ($1)" },
	[PG_CLEAR_OUTPUTS] = { "clear_outputs", "replace outputs",
	                       "DELETE FROM local_processing.calculation_output o USING local_processing.calculation c"
	                       " WHERE c.id = o.calculation_id AND c.name = ANY ($1)" },
	[PG_MISSING_SERIES] = { "missing_series", "look for series",
	                        "SELECT r.name FROM unnest($1::text[]) r (name) WHERE NOT EXISTS"
	                        " (SELECT FROM local_processing.series s WHERE s.name = r.name) LIMIT 1" },
	[PG_ADD_INPUTS] = { "add_inputs", "add inputs",
	                    "INSERT INTO local_processing.calculation_input"
	                    " (calculation_id, position, name, series_id, lookback, window_length, shift, reach)"
	                    " SELECT c.id, r.position, r.name, s.id, r.lookback, r.window_length, r.shift, r.reach"
	                    " FROM unnest($1::text[], $2::int4[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],"
	                    " $8::int8[]) r (calculation, position, name, series, lookback, window_length, shift, reach)"
	                    " JOIN local_processing.calculation c ON c.name = r.calculation"
	                    " JOIN local_processing.series s ON s.name = r.series" },
	[PG_ADD_OUTPUTS] = { "add_outputs", "add outputs",
	                     "INSERT INTO local_processing.calculation_output (calculation_id, position, name, series_id)"
	                     " SELECT c.id, r.position, r.name, s.id"
	                     " FROM unnest($1::text[], $2::int4[], $3::text[], $4::text[])"
	                     " r (calculation, position, name, series)"
	                     " JOIN local_processing.calculation c ON c.name = r.calculation"
	                     " JOIN local_processing.series s ON s.name = r.series" },

	[PG_LOCK_BATCHES] = { "lock_batches", "lock the batches",
	                      "SELECT FROM local_processing.batch ORDER BY id FOR UPDATE" },
	[PG_ALL_BATCHES] = { "all_batches", "read the batches",
	                     "SELECT id, generation, rank, " SCHEDULE("") ", start, watermark, enabled, span"
	                                                                  " FROM local_processing.batch ORDER BY id" },
	[PG_ALL_MEMBERS] = { "all_members", "read what is in the batches",
	                     "SELECT c.id, c.batch_id, c.position, c.rank, " SCHEDULE(
				     "c.") ", c.start, b.watermark,"
	                                   " c.enabled, c.name = ANY ($1), coalesce(s.reads, 0), i.windows"
	                                   " FROM local_processing.calculation c"
	                                   " LEFT JOIN local_processing.batch b ON b.id = c.batch_id"
	                                   " LEFT JOIN (" READS ") s ON s.id = c.id"
	                                   " LEFT JOIN (SELECT calculation_id, string_agg(coalesce(window_length, ''), ';')"
	                                   " FROM local_processing.calculation_input GROUP BY 1) i (id, windows)"
	                                   " ON i.id = c.id ORDER BY c.id" },
	[PG_ADD_BATCH] = { "add_batch", "add a batch",
	                   "INSERT INTO local_processing.batch (rank, enabled, size, " SCHEDULE(
				   "") ", start, watermark,"
	                               " last_run_id, last_outcome, last_tick, span)"
	                               " SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
	                               " o.last_run_id, o.last_outcome, o.last_tick, $14"
	                               " FROM (SELECT) one LEFT JOIN local_processing.batch o ON o.id = $13 RETURNING id" },
	[PG_CHANGE_BATCHES] = { "change_batches", "change batches",
	                        "UPDATE local_processing.batch b SET generation = r.generation, size = r.size, span = r.span"
	                        " FROM unnest($1::int8[], $2::int8[], $3::int4[], $4::int8[]) r (id, generation, size, span)"
	                        " WHERE b.id = r.id" },
	[PG_DELETE_BATCHES] = { "delete_batches", "delete batches",
	                        "DELETE FROM local_processing.batch WHERE id = ANY ($1)" },
	[PG_MOVE_CALCULATIONS] = { "move_calculations", "move calculations to their batches",
	                           "UPDATE local_processing.calculation c SET batch_id = r.batch_id, position = r.position"
	                           " FROM unnest($1::int8[], $2::int8[], $3::int4[]) r (id, batch_id, position)"
	                           " WHERE c.id = r.id" },
	[PG_SET_UPSTREAM] = { "set_upstream", "find which batches read others",
	                      "SELECT local_processing.set_upstream()" },

	/* Nearly always there is nothing to do: no input reads past its window's end, and none did. */
	[PG_SET_REACH] = { "set_reach", "find how far batches read",
	                   "UPDATE local_processing.batch b SET reach = u.reach FROM (SELECT x.id, coalesce(max(i.reach), 0)"
	                   " FROM local_processing.batch x LEFT JOIN local_processing.calculation c ON c.batch_id = x.id"
	                   " LEFT JOIN local_processing.calculation_input i ON i.calculation_id = c.id AND i.reach > 0"
	                   " GROUP BY x.id) u (id, reach) WHERE u.id = b.id AND u.reach <> b.reach"
	                   " AND (b.reach > 0 OR EXISTS (SELECT FROM local_processing.calculation_input WHERE reach > 0))" },
	[PG_DROP_OWED] = { "drop_owed_of_schedules", "drop the owed windows of changed schedules",
	                   "DELETE FROM local_processing.owed p USING local_processing.calculation c, " DEFINITION_ARRAYS
	                   " WHERE c.name = r.name AND p.calculation_id = c.id"
	                   " AND (p.until_end <= r.start OR (c.every, c.window_length, c.\"offset\", c.week_start, c.time_zone)"
	                   " IS DISTINCT FROM (r.every, r.window_length, r.\"offset\", r.week_start, r.time_zone))" },

	/*
	 * Nearly always the partition is there, under the name that the function gives it:
	 * to look it up by that costs a hundredth of calling the function.
	 */
	[PG_ENSURE_PARTITIONS] = { "ensure_partitions", "make partitions",
	                           "SELECT CASE WHEN n.name IS NOT NULL THEN 0 ELSE local_processing.ensure_partitions($1, $2, $3) END,"
	                           " CASE WHEN has_table_privilege(n.name, 'INSERT') THEN n.name::text END,"
	                           " $1 = 'sample' AND NOT " ARE_PREPARED " FROM (SELECT CASE"
	                           " WHEN date_trunc(k.unit, $2, 'UTC') = date_trunc(k.unit, $3, 'UTC') THEN " PARTITION_AT(
					   "$1", "$2", "k.fine",
					   "k.coarse") " END"
	                                               " FROM (VALUES ('sample', 'month', '_YYYY_MM', '_YYYY'),"
	                                               " ('outcome', 'day', '_YYYY_MM_DD', '_YYYY_MM')) k (kind, unit, fine, coarse)"
	                                               " WHERE k.kind = $1) n (name)" },
	[PG_PREPARE_PARTITIONS] = { "prepare_partitions", "make partitions",
	                            "SELECT CASE WHEN " ARE_PREPARED " THEN 0 ELSE local_processing.ensure_partitions("
	                            "'sample', now(), " NEXT_MONTH ") END, " NEXT_MONTH },
	[PG_MOVE_SAMPLES] = { "move_samples", "move samples out of the default partition",
	                      "SELECT local_processing.move_samples($1, $2, $3)" },
	/* A result that is written over is none any more. What is there already is read first: an upsert would lock and dirty every row that stays as it is. */
	[PG_WRITE_SAMPLES] = { "write_samples", "write samples",
	                       "WITH known AS (SELECT n.series_id, n.ts, n.value, n.quality, s.series_id IS NOT NULL AS stored,"
	                       " (s.value, coalesce(s.quality, 0)) IS DISTINCT FROM (n.value, n.quality)"
	                       " OR s.window_end IS NOT NULL OR s.samples IS NOT NULL OR s.coverage IS NOT NULL AS differs"
	                       " FROM unnest($1::int8[], $2::timestamptz[], $3::float8[], $4::int2[]) n (series_id, ts, value, quality)"
	                       " LEFT JOIN local_processing.sample s ON s.series_id = n.series_id AND s.ts = n.ts"
	                       " AND s.ts >= $5 AND s.ts <= $6),"
	                       " written AS (INSERT INTO local_processing.sample (series_id, ts, value, quality)"
	                       " SELECT series_id, ts, value, nullif(quality, 0) FROM known WHERE differs OR NOT stored"
	                       " ON CONFLICT (series_id, ts) DO UPDATE SET value = excluded.value, quality = excluded.quality,"
	                       " coverage = NULL, samples = NULL, window_end = NULL)"
	                       " SELECT count(*) FILTER (WHERE NOT stored), count(*) FILTER (WHERE stored AND differs),"
	                       " count(*) FILTER (WHERE stored AND NOT differs) FROM known" },
	[PG_READ_SAMPLES] = { "read_samples", "read samples",
	                      "SELECT array_agg(s.ts), array_agg(s.value),"
	                      " CASE WHEN count(nullif(s.quality, 0)) > 0 THEN array_agg(s.quality) END,"
	                      " CASE WHEN count(s.samples) > 0 THEN array_agg(s.coverage::float8) END,"
	                      " CASE WHEN count(s.samples) > 0 THEN array_agg(coalesce(s.samples, -1)) END,"
	                      " CASE WHEN count(s.window_end) > 0 THEN array_agg(s.window_end) END"
	                      " FROM (SELECT ts, value, quality, coverage, samples, window_end FROM local_processing.sample"
	                      " WHERE series_id = $1 AND ts >= $2 AND ts < $3 ORDER BY ts LIMIT $4) s" },

	/*
	 * Fetchers wait for this commit, which does not have to wait for the disk: all of the run comes behind it in
	 * the log, and should it be lost, the changes that it took are there again.
	 */
	[PG_ENTER_RUN] = { "enter_run", "wait for another run to begin",
	                   "SELECT pg_advisory_xact_lock(" PG_LOCK_CLASS
	                   ", $1), set_config('synchronous_commit', 'off', true)" },
	[PG_BEGIN_RUN] = { "begin_run", "note the run",
	                   "WITH left_over AS (UPDATE local_processing.run SET result = 'interrupted',"
	                   " error = 'killed, or its machine went down, or it lost its lock: the next run did the rest'"
	                   " WHERE result = 'running' AND kind = $6)"
	                   " INSERT INTO local_processing.run (tick, started, host, process, program_version, result, kind)"
	                   " VALUES ($1, $2, $3, $4, $5, 'running', $6) RETURNING id" },
	[PG_END_RUN] = { "end_run", "note the end of the run",
	                 "UPDATE local_processing.run SET ended = $2, result = $3, error = $4, windows = $5,"
	                 " states = $6::text::json, newly_failed = $7, samples_read = $8, samples_written = $9,"
	                 " still_due = $10, recomputed = $11, kept_imported = $12 WHERE id = $1 AND result = 'running'"
	                 " RETURNING EXISTS (SELECT FROM local_processing.moving)" },
	[PG_EACH_RUN] = { "each_run", "read the runs",
	                  "SELECT id, tick, started, ended, host, process, program_version, result, error, windows,"
	                  " ARRAY(SELECT coalesce((states ->> local_processing.state_name(n))::bigint, 0)"
	                  " FROM generate_series(0, 9) n ORDER BY n),"
	                  " newly_failed, samples_read, samples_written, still_due, kind, recomputed, kept_imported"
	                  " FROM local_processing.run ORDER BY id DESC LIMIT $1" },
	[PG_EACH_BATCH] = { "each_batch", "read the batches",
	                    "SELECT id, generation, rank, size, " SCHEDULE(
				    "") ", start, watermark, upstream, reach, reading, span"
	                                " FROM local_processing.batch WHERE ($1 = -1 OR rank = $1) ORDER BY rank, id" },
	[PG_EACH_PENDING] = { "each_pending", "read the pending windows",
	                      "SELECT p.calculation_id, c.rank, p.attempts, p.window_start, p.window_end, c.batch_id"
	                      " FROM local_processing.pending p"
	                      " JOIN local_processing.calculation c ON c.id = p.calculation_id"
	                      " WHERE NOT p.given_up AND p.next_attempt <= $1 AND c.enabled"
	                      " AND NOT " PG_IS_STOPPED
	                      " UNION ALL SELECT t.* FROM local_processing.breaker b CROSS JOIN LATERAL"
	                      " (SELECT p.calculation_id, c.rank, p.attempts, p.window_start, p.window_end, c.batch_id"
	                      " FROM local_processing.calculation c JOIN local_processing.pending p ON p.calculation_id = c.id"
	                      " WHERE c.rule = b.rule AND c.enabled AND NOT p.given_up AND " PG_IS_STOPPED
	                      " ORDER BY (c.id * 7919 + (extract(epoch FROM $1)::int8 / 60 % 10007) * 104729) % 10007,"
	                      " p.window_start, p.window_end, p.calculation_id LIMIT 1) t"
	                      " ORDER BY 2, 4, 5, 1" },
	[PG_FETCH] = { "fetch", "fetch samples",
	               "SELECT r.n, a.ts, a.value, a.quality"
	               " FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY"
	               " r (series_id, first, beyond, n)"
	               " CROSS JOIN LATERAL (SELECT array_agg(s.ts), array_agg(s.value),"
	               " CASE WHEN count(nullif(s.quality, 0)) > 0 THEN array_agg(s.quality) END"
	               " FROM local_processing.sample s WHERE s.series_id = r.series_id"
	               " AND s.ts >= r.first AND s.ts < r.beyond AND s.ts >= $4 AND s.ts < $5) a (ts, value, quality)"
	               " WHERE a.ts IS NOT NULL" },
	/* In which the planner has no say: what the last minutes wrote, and that it was never vacuumed, its figures do not tell. */
	[PG_PREFER_BITMAPS] = { "prefer_bitmaps", "fetch samples",
	                        "SELECT set_config('enable_indexscan', 'off', true),"
	                        " set_config('enable_indexonlyscan', 'off', true), set_config('enable_seqscan', 'off', true)" },
	[PG_FETCH_TOGETHER] = { "fetch_together", "fetch samples",
	                        FETCH_TOGETHER("circle_send(circle(" SERIES_AND_TIME ", " VALUE "))",
	                                       ", max(quality)") },
	[PG_FETCH_TOGETHER_QUALITIES] = { "fetch_together_qualities", "fetch samples and their qualities",
	                                  FETCH_TOGETHER("lseg_send(lseg(" SERIES_AND_TIME ", point(" VALUE
	                                                 ", coalesce(quality, 0))))",
	                                                 "") },
	[PG_FETCH_PREVIOUS] = { "fetch_previous", "fetch the samples before the windows",
	                        "SELECT r.n, s.ts, s.value, s.quality"
	                        " FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY"
	                        " r (series_id, first, beyond, n)"
	                        " CROSS JOIN LATERAL (SELECT ts, value, quality FROM local_processing.sample"
	                        " WHERE series_id = r.series_id AND ts >= r.first AND ts < r.beyond"
	                        " AND ts >= $4 AND ts < $5 AND " IS_GOOD " ORDER BY ts DESC LIMIT 1) s" },
	/* After PG_PREFER_BITMAPS, which would read and sort all that is before a window. */
	[PG_PREFER_INDEXES] = { "prefer_indexes", "fetch the samples before the windows",
	                        "SELECT set_config('enable_indexscan', 'on', true),"
	                        " set_config('enable_indexonlyscan', 'on', true), set_config('enable_seqscan', 'on', true)" },
	[PG_FETCH_EARLIER] = { "fetch_earlier", "fetch more samples before the windows",
	                       "SELECT r.n, a.ts, a.value, a.quality"
	                       " FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY"
	                       " r (series_id, first, beyond, n)"
	                       " CROSS JOIN LATERAL (SELECT array_agg(s.ts), array_agg(s.value),"
	                       " CASE WHEN count(nullif(s.quality, 0)) > 0 THEN array_agg(s.quality) END"
	                       " FROM (SELECT ts, value, quality FROM local_processing.sample"
	                       " WHERE series_id = r.series_id AND ts >= r.first AND ts < r.beyond"
	                       " AND ts >= $4 AND ts < $5 AND " IS_GOOD
	                       " ORDER BY ts DESC LIMIT $6) s) a (ts, value, quality)"
	                       " WHERE a.ts IS NOT NULL" },

	[PG_MOVE_WATERMARK] = { "move_watermark", "move the batch's watermark",
	                        "WITH running AS (SELECT FROM local_processing.run WHERE id = $5 AND result = 'running' FOR SHARE)"
	                        " UPDATE local_processing.batch SET watermark = $4, last_run_id = $5, last_tick = $6,"
	                        " last_outcome = nextval('local_processing.outcome_id_seq')"
	                        " WHERE id = $1 AND generation = $2 AND watermark IS NOT DISTINCT FROM $3"
	                        " AND EXISTS (SELECT FROM running)"
	                        " RETURNING last_outcome, set_config('local_processing.noted', $7, true)" },
	/* begin_run waits for whoever holds this: what it reads afterwards, no abandoned run changes. */
	[PG_LOCK_RUNNING] = { "lock_running", "look at the run",
	                      "SELECT FROM local_processing.run WHERE id = $1 AND result = 'running' FOR SHARE" },
	[PG_LOCK_OWED] = { "lock_owed", "read the owed windows of a batch",
	                   "SELECT r.n FROM unnest($1::int8[], $2::timestamptz[], $3::int8[]) WITH ORDINALITY"
	                   " r (id, after_end, touched, n) JOIN local_processing.owed o ON o.id = r.id"
	                   " AND o.after_end = r.after_end AND o.touched = r.touched ORDER BY r.n FOR UPDATE OF o" },
	[PG_MOVE_OWED] = { "move_owed", "move on the owed windows of a batch",
	                   "UPDATE local_processing.owed o SET after_end = r.after_end,"
	                   " window_start = coalesce(r.window_start, o.window_start), until_end = r.until_end"
	                   " FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[])"
	                   " r (id, after_end, window_start, until_end)"
	                   " WHERE o.id = r.id" },
	[PG_DELETE_OWED] = { "delete_owed", "take off owed windows",
	                     "DELETE FROM local_processing.owed WHERE id = ANY ($1)" },
	[PG_TOUCH_OWED] = { "touch_owed", "note owed windows",
	                    "UPDATE local_processing.owed o SET touched = touched + 1"
	                    " FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[]) r (id, after_end, until_end)"
	                    " WHERE o.calculation_id = r.id AND o.after_end < r.until_end AND o.until_end > r.after_end" },
	[PG_ADD_OWED] = { "add_owed", "note owed windows",
	                  "WITH new AS MATERIALIZED (SELECT * FROM unnest($1::int8[], $2::int2[], $3::int8[], $4::timestamptz[],"
	                  " $5::timestamptz[], $6::timestamptz[], $7::bool[])"
	                  " r (calculation_id, reason, cause_id, window_start, after_end, until_end, replace_imported)),"
	                  " old AS (DELETE FROM local_processing.owed o USING new n WHERE o.calculation_id = n.calculation_id"
	                  " AND o.reason = n.reason AND o.cause_id = n.cause_id AND o.after_end <= n.until_end"
	                  " AND o.until_end >= n.after_end AND o.replace_imported = n.replace_imported RETURNING o.calculation_id,"
	                  " o.reason, o.cause_id, o.window_start, o.after_end, o.until_end, o.replace_imported),"
	                  " piece AS (SELECT * FROM new UNION ALL SELECT * FROM old),"
	                  " marked AS (SELECT *, (after_end <= max(until_end) OVER"
	                  " (PARTITION BY calculation_id, reason, cause_id, replace_imported"
	                  " ORDER BY after_end, until_end ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) IS NOT TRUE AS begins"
	                  " FROM piece),"
	                  " island AS (SELECT *, count(*) FILTER (WHERE begins) OVER"
	                  " (PARTITION BY calculation_id, reason, cause_id, replace_imported"
	                  " ORDER BY after_end, until_end) AS number FROM marked)"
	                  " INSERT INTO local_processing.owed"
	                  " (calculation_id, reason, cause_id, window_start, after_end, until_end, replace_imported)"
	                  " SELECT calculation_id, reason, cause_id, min(window_start), min(after_end), max(until_end), replace_imported"
	                  " FROM island GROUP BY calculation_id, reason, cause_id, replace_imported, number" },
	[PG_CUT_OWED] = { "cut_owed", "cut owed windows",
	                  "WITH cut AS (UPDATE local_processing.owed o SET until_end = $4"
	                  " FROM (SELECT w.* FROM unnest($1::int8[], $2::timestamptz[], $3::int8[]) r (id, after_end, touched)"
	                  " JOIN local_processing.owed w ON w.id = r.id AND w.after_end = r.after_end"
	                  " AND w.touched = r.touched AND w.after_end < $4 AND w.until_end > $4 FOR UPDATE OF w) w"
	                  " WHERE o.id = w.id RETURNING w.*)"
	                  " INSERT INTO local_processing.owed"
	                  " (calculation_id, reason, cause_id, window_start, after_end, until_end, touched, replace_imported)"
	                  " SELECT calculation_id, reason, cause_id, window_start, $4, until_end, touched, replace_imported"
	                  " FROM cut" },
	[PG_EACH_OWED] = { "each_owed", "read the owed windows",
	                   "SELECT o.id, o.calculation_id, c.batch_id, c.rank, o.reason, o.after_end, o.until_end, o.touched,"
	                   " o.cause_id, o.replace_imported,"
	                   " coalesce((SELECT batch_id FROM local_processing.calculation WHERE id = o.cause_id), 0)"
	                   " FROM local_processing.owed o"
	                   " JOIN local_processing.calculation c ON c.id = o.calculation_id"
	                   " WHERE c.enabled AND ($1 = -1 OR c.rank = $1) AND (o.reason = 7) = $2"
	                   " AND (o.reason <> 5 OR NOT EXISTS (SELECT FROM local_processing.calculation x WHERE x.id = o.cause_id"
	                   " AND x.enabled AND (EXISTS (SELECT FROM local_processing.pending p WHERE p.calculation_id = x.id"
	                   " AND NOT p.given_up) OR EXISTS (SELECT FROM local_processing.owed t"
	                   " WHERE t.calculation_id = x.id AND t.reason = 6))))"
	                   " AND (o.reason <> 6 OR NOT " PG_IS_STOPPED ")"
	                   " ORDER BY c.rank, c.batch_id, o.reason, o.after_end, o.until_end, o.calculation_id" },
	[PG_FORGET_OWED] = { "forget_owed", "forget owed windows",
	                     "WITH again AS (UPDATE local_processing.outdated SET owed = false WHERE owed AND $1 = 7)"
	                     " DELETE FROM local_processing.owed WHERE reason = $1" },
	[PG_EACH_CHANGED] = { "each_changed", "read which series have changed",
	                      "SELECT r.series_id, min(r.first), count(*) FROM local_processing.change t"
	                      " CROSS JOIN LATERAL unnest(t.series_ids, t.firsts) r (series_id, first)"
	                      " WHERE t.first < $1 AND r.first < $1 GROUP BY r.series_id ORDER BY r.series_id" },
	[PG_EACH_NOTE] = { "each_note", "read the changes of samples",
	                   "SELECT id FROM local_processing.change WHERE first < $1" },
	/* What nobody has read yet ($1 is NULL: anything) is forgotten at once. A row that comes in later stays for the next run. */
	[PG_TAKE_NEWS] = { "take_news", "take the changes of samples",
	                   "WITH news AS (DELETE FROM local_processing.change WHERE (first < $1) IS NOT TRUE)"
	                   " SELECT id FROM local_processing.change WHERE first < $1" },
	[PG_COUNT_TOO_OLD] = { "count_too_old", "count changes of samples",
	                       "SELECT count(*)" NOTED_HOURS " AND " IS_PASSED_OVER
	                       " AND ($4::timestamptz[])[b.place] < $5" },
	[PG_OPEN_CHANGES] = { "open_changes", "read the changes of samples",
	                      "DECLARE changes NO SCROLL CURSOR FOR SELECT r.series_id, r.first, r.last, t.by_hand" NOTED_HOURS
	                      " AND (" IS_PASSED_OVER ") IS NOT TRUE ORDER BY r.series_id, r.first" },
	[PG_MORE_CHANGES] = { "more_changes", "read the changes of samples",
	                      "FETCH FORWARD " IN_DIGITS(LP_CHANGES_AT_ONCE) " FROM changes" },
	[PG_CLOSE_CHANGES] = { "close_changes", "read the changes of samples", "CLOSE changes" },
	[PG_TAKE_NOTES] = { "take_notes", "take the changes of samples",
	                    "DELETE FROM local_processing.change WHERE id = ANY ($1)" },
	[PG_INVALIDATE] = { "invalidate", "note that samples are to be read again",
	                    "INSERT INTO local_processing.change (series_ids, firsts, lasts, first, last, by_hand)"
	                    " VALUES (ARRAY[$1::int8], ARRAY[$2::timestamptz], ARRAY[$3::timestamptz], $2, $3, true)" },
	[PG_NEXT_GOOD] = { "next_good", "look for the next good samples",
	                   "SELECT r.n, s.ts FROM unnest($1::int8[], $2::timestamptz[]) WITH ORDINALITY r (series_id, last, n)"
	                   " CROSS JOIN LATERAL (SELECT ts FROM local_processing.sample WHERE series_id = r.series_id"
	                   " AND ts > r.last AND ts > $3 AND ts < $4 AND " IS_GOOD " ORDER BY ts LIMIT 1) s"
	                   " WHERE r.series_id IN (SELECT series_id FROM local_processing.calculation_input"
	                   " WHERE lookback IS NOT NULL)" },
	[PG_FIND_RISE] = { "find_rise", "look for rises",
	                   "SELECT max(ts) FROM (SELECT ts, value, lag(value) OVER (ORDER BY ts) AS before"
	                   " FROM (SELECT ts, value FROM local_processing.sample WHERE series_id = $1"
	                   " AND ts > $2 AND ts < $3 AND " IS_GOOD
	                   " ORDER BY ts LIMIT $5) s) v WHERE value > ($4::float8[])[1] * before" },
	[PG_EACH_READER] = { "each_reader", "read who reads series",
	                     "SELECT c.id, i.series_id, " SCHEDULE(
				     "c.") ", b.watermark, b.start, i.window_length, i.shift, i.lookback,"
	                                   " c.recompute_within, EXISTS (SELECT FROM local_processing.calculation_output o"
	                                   " WHERE o.series_id = i.series_id), g.after_end, g.until_end, c.enabled"
	                                   " FROM local_processing.calculation_input i"
	                                   " JOIN local_processing.calculation c ON c.id = i.calculation_id"
	                                   " JOIN local_processing.batch b ON b.id = c.batch_id"
	                                   " LEFT JOIN LATERAL (SELECT after_end, until_end FROM local_processing.owed"
	                                   " WHERE calculation_id = c.id AND reason = 1 ORDER BY until_end DESC LIMIT 1) g ON true"
	                                   " WHERE i.series_id = ANY ($1)"
	                                   " AND b.watermark IS NOT NULL ORDER BY i.series_id, c.id" },
	/*
	 * NOT IN, which is hashed whatever the planner believes to be in the arrays. What is back is of windows that
	 * were not computed here.
	 */
	[PG_TAKE_OFF_RESULTS] = { "take_off_results", "take off results that are none any more",
	                          "WITH r AS MATERIALIZED (SELECT * FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[],"
	                          " $4::timestamptz[], $5::timestamptz[]) r (series_id, first, last, after_end, until_end)),"
	                          " made AS MATERIALIZED (SELECT * FROM unnest($8::int8[], $9::timestamptz[], $10::timestamptz[])"
	                          " k (series_id, ts, window_end)),"
	                          " gone AS (DELETE FROM local_processing.sample s USING r WHERE s.series_id = r.series_id"
	                          " AND s.ts >= r.first AND s.ts <= r.last AND s.ts >= $6 AND s.ts <= $7"
	                          " AND CASE WHEN r.until_end IS NOT NULL THEN s.window_end > r.after_end"
	                          " AND s.window_end <= r.until_end AND (s.series_id, s.ts, s.window_end) NOT IN"
	                          " (SELECT series_id, ts, window_end FROM made)"
	                          " ELSE s.window_end IS NULL AND (s.samples IS NOT NULL OR s.coverage IS NOT NULL)"
	                          " AND (s.series_id, s.ts) NOT IN (SELECT series_id, ts FROM made) END"
	                          " RETURNING s.series_id, s.ts),"
	                          " unmade AS (DELETE FROM local_processing.superseded d USING r WHERE d.series_id = r.series_id"
	                          " AND d.ts >= r.first AND d.ts <= r.last"
	                          " AND d.window_end > r.after_end AND d.window_end <= r.until_end),"
	                          " back AS (DELETE FROM local_processing.superseded d USING (SELECT DISTINCT ON (g.series_id, g.ts)"
	                          " p.series_id, p.ts, p.window_end FROM gone g JOIN local_processing.superseded p"
	                          " ON p.series_id = g.series_id AND p.ts = g.ts WHERE NOT EXISTS (SELECT FROM r"
	                          " WHERE r.series_id = p.series_id AND p.window_end > r.after_end AND p.window_end <= r.until_end)"
	                          " ORDER BY g.series_id, g.ts, p.window_end DESC) b WHERE d.series_id = b.series_id"
	                          " AND d.ts = b.ts AND d.window_end = b.window_end RETURNING d.*),"
	                          " stored AS (INSERT INTO local_processing.sample"
	                          " (series_id, ts, value, quality, coverage, samples, window_end)"
	                          " SELECT series_id, ts, value, quality, coverage, samples, window_end FROM back)"
	                          " SELECT count(*) FROM gone" },
	[PG_FAIL_BATCH] = { "fail_batch", "note that a batch cannot be scheduled",
	                    "INSERT INTO local_processing.state AS s (calculation_id, state, since, failing_since, run_id,"
	                    " attempts, definition_version, duration_us, samples_read, error_type, error_message)"
	                    " SELECT c.id, 'failed', $2, $2, coalesce(b.last_run_id, 0), 0, c.version, 0, 0, $3, $4"
	                    " FROM local_processing.calculation c JOIN local_processing.batch b ON b.id = c.batch_id"
	                    " WHERE c.batch_id = $1 AND c.enabled ON CONFLICT (calculation_id) DO UPDATE"
	                    " SET state = excluded.state,"
	                    " since = CASE WHEN s.state = excluded.state THEN s.since ELSE excluded.since END,"
	                    " failing_since = coalesce(s.failing_since, excluded.failing_since),"
	                    " error_type = excluded.error_type, error_message = excluded.error_message, error_traceback = NULL"
	                    " WHERE (s.state, s.error_message) IS DISTINCT FROM (excluded.state, excluded.error_message)" },
	[PG_EACH_EDGE] = { "each_edge", "read who reads whom",
	                   "SELECT DISTINCT r.id, r.batch_id, w.id, w.batch_id, i.series_id, r.name, w.name"
	                   " FROM local_processing.calculation r"
	                   " JOIN local_processing.calculation_input i ON i.calculation_id = r.id"
	                   " JOIN local_processing.calculation_output o ON o.series_id = i.series_id"
	                   " JOIN local_processing.calculation w ON w.id = o.calculation_id AND w.enabled AND w.id <> r.id"
	                   " WHERE ($1 = 0 OR r.batch_id = $1) AND ($2 = 0 OR r.id = $2) AND r.enabled ORDER BY r.id, w.id" },
	[PG_EACH_BLOCKER] = { "each_blocker", "read what calculations wait for",
	                      "WITH reading AS (SELECT i.calculation_id AS reader, i.series_id, w.id, w.name,"
	                      " CASE w.result_time WHEN 'end' THEN interval '1 microsecond' ELSE interval '0' END AS later"
	                      " FROM local_processing.calculation_input i"
	                      " JOIN local_processing.calculation_output o ON o.series_id = i.series_id"
	                      " JOIN local_processing.calculation w ON w.id = o.calculation_id"
	                      " WHERE i.calculation_id = ANY ($1) AND w.enabled"
	                      " AND (EXISTS (SELECT FROM local_processing.pending WHERE NOT given_up)"
	                      " OR EXISTS (SELECT FROM local_processing.owed WHERE reason IN (5, 6)))),"
	                      " blocker AS (SELECT r.reader, r.series_id, p.window_start + r.later AS first,"
	                      " p.window_end - interval '1 microsecond' + r.later AS last, r.id AS cause_id, r.name AS cause"
	                      " FROM reading r JOIN local_processing.pending p ON p.calculation_id = r.id AND NOT p.given_up"
	                      " UNION ALL SELECT r.reader, r.series_id, x.window_start + r.later,"
	                      " x.until_end - interval '1 microsecond' + r.later, coalesce(c.id, r.id), coalesce(c.name, r.name)"
	                      " FROM reading r JOIN local_processing.owed x ON x.calculation_id = r.id AND x.reason IN (5, 6)"
	                      " LEFT JOIN local_processing.calculation c ON c.id = x.cause_id)"
	                      " SELECT reader, series_id, first, last, cause_id, cause FROM blocker"
	                      " WHERE first <= $3 AND last >= $2 ORDER BY reader, series_id, first" },
	[PG_EACH_BREAKER] = { "each_breaker", "read the breakers",
	                      "SELECT rule, since, run_id, failed, computed, trials, error"
	                      " FROM local_processing.breaker ORDER BY rule COLLATE \"C\"" },
	[PG_PUT_BREAKER] = { "put_breaker", "note the breaker of a rule",
	                     "INSERT INTO local_processing.breaker (rule, since, run_id, failed, computed, trials, error)"
	                     " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (rule) DO UPDATE SET since = excluded.since,"
	                     " run_id = excluded.run_id, failed = excluded.failed, computed = excluded.computed,"
	                     " trials = excluded.trials, error = excluded.error" },
	[PG_CLOSE_BREAKER] = { "close_breaker", "close the breaker of a rule",
	                       "DELETE FROM local_processing.breaker WHERE rule = $1" },
	[PG_NOTE_RULES] = { "note_rules", "note the versions of rules",
	                    "WITH running AS (SELECT FROM local_processing.run WHERE id = $3 AND result = 'running' FOR SHARE),"
	                    " now AS (SELECT r.rule, r.version, (SELECT v.version FROM local_processing.rule_version v"
	                    " WHERE v.rule = r.rule ORDER BY v.id DESC LIMIT 1) AS before"
	                    " FROM unnest($1::text[], $2::text[]) r (rule, version) WHERE EXISTS (SELECT FROM running)),"
	                    " added AS (INSERT INTO local_processing.rule_version (rule, version, run_id, tick)"
	                    " SELECT rule, version, $3, $4 FROM now WHERE version IS DISTINCT FROM before),"
	                    " changed AS MATERIALIZED (SELECT * FROM now WHERE before <> version),"
	                    " states AS (UPDATE local_processing.state s SET attempts = 0, next_attempt = window_end"
	                    " FROM local_processing.calculation c JOIN changed h ON h.rule = c.rule"
	                    " WHERE s.calculation_id = c.id AND s.state = 'given_up'),"
	                    " opened AS (UPDATE local_processing.pending p SET attempts = 0, given_up = false,"
	                    " next_attempt = window_end FROM local_processing.calculation c JOIN changed h ON h.rule = c.rule"
	                    " WHERE p.calculation_id = c.id AND p.given_up)"
	                    " SELECT rule, version, before FROM changed ORDER BY rule COLLATE \"C\"" },
	[PG_RULE_VERSION] = { "rule_version", "read the versions of rules",
	                      "SELECT version FROM local_processing.rule_version WHERE rule = $1 AND run_id <= $2"
	                      " ORDER BY id DESC LIMIT 1" },
	[PG_REOPEN] = { "reopen", "open pending windows again",
	                "WITH opened AS (UPDATE local_processing.pending p"
	                " SET attempts = 0, given_up = false, next_attempt = window_end FROM local_processing.calculation c"
	                " WHERE c.id = p.calculation_id AND ($1::text IS NULL OR c.name LIKE $1)"
	                " AND ($2::text IS NULL OR c.rule = $2) AND ($3::timestamptz IS NULL OR p.window_end > $3)"
	                " AND ($4::timestamptz IS NULL OR p.window_start < $4) RETURNING p.calculation_id),"
	                /* attempts and next attempt of a state are those of its window. */
	                " states AS (UPDATE local_processing.state s SET attempts = 0, next_attempt = window_end"
	                " FROM local_processing.calculation c WHERE c.id = s.calculation_id AND s.failing_since IS NOT NULL"
	                " AND ($1::text IS NULL OR c.name LIKE $1) AND ($2::text IS NULL OR c.rule = $2)"
	                " AND ($3::timestamptz IS NULL OR s.window_end > $3)"
	                " AND ($4::timestamptz IS NULL OR s.window_start < $4))"
	                " SELECT count(*), count(DISTINCT calculation_id) FROM opened" },
	[PG_EACH_STORED] = { "each_stored", "look for results",
	                     "SELECT r.id, f.e, l.e, n.n FROM unnest($1::int8[]) r (id)"
	                     " CROSS JOIN LATERAL (SELECT coalesce(window_end, ts) FROM local_processing.sample"
	                     " WHERE series_id = r.id AND " IS_RESULT " ORDER BY ts LIMIT 1) f (e)"
	                     " CROSS JOIN LATERAL (SELECT coalesce(window_end, ts) FROM local_processing.sample"
	                     " WHERE series_id = r.id AND " IS_RESULT " ORDER BY ts DESC LIMIT 1) l (e)"
	                     " CROSS JOIN LATERAL (SELECT count(*) FROM (SELECT FROM local_processing.sample"
	                     " WHERE series_id = r.id AND " IS_RESULT " LIMIT $2) few) n (n)" },
	[PG_NOTE_OUTDATED] = { "note_outdated", "note outdated results",
	                       "INSERT INTO local_processing.outdated AS t"
	                       " (calculation_id, reason, after_end, until_end, other_windows)"
	                       " SELECT c.id, r.reason, r.after_end, greatest(r.until_end, b.watermark), r.other_windows"
	                       " FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::bool[])"
	                       " r (name, reason, after_end, until_end, other_windows)"
	                       " JOIN local_processing.calculation c ON c.name = r.name"
	                       " LEFT JOIN local_processing.batch b ON b.id = c.batch_id"
	                       " WHERE greatest(r.until_end, b.watermark) > r.after_end" OUTDATED_MORE },
	/* Their windows are the same: none ends before the first result, or begins before `start`. */
	[PG_OUTDATE_RULES] = { "outdate_rules", "note outdated results",
	                       "INSERT INTO local_processing.outdated AS t (calculation_id, reason, after_end, until_end)"
	                       " SELECT c.id, 'rule version', coalesce(c.start, f.first), b.watermark"
	                       " FROM local_processing.calculation c JOIN local_processing.batch b ON b.id = c.batch_id"
	                       " CROSS JOIN LATERAL (SELECT min(x.first) FROM local_processing.calculation_output o"
	                       " CROSS JOIN LATERAL (SELECT coalesce(window_end, ts) - interval '1 microsecond' AS first"
	                       " FROM local_processing.sample WHERE series_id = o.series_id AND " IS_RESULT
	                       " ORDER BY ts LIMIT 1) x WHERE o.calculation_id = c.id) f (first)"
	                       " WHERE c.rule = ANY ($1) AND f.first IS NOT NULL"
	                       " AND b.watermark > coalesce(c.start, f.first)" OUTDATED_MORE },
	[PG_EACH_OUTDATED] = { "each_outdated", "read whose results are outdated",
	                       "SELECT c.id, c.name, c.rule, c.enabled, o.owed, o.reason, o.after_end, o.until_end,"
	                       " o.other_windows, o.noted"
	                       " FROM local_processing.outdated o"
	                       " JOIN local_processing.calculation c ON c.id = o.calculation_id ORDER BY c.name COLLATE \"C\"" },
	[PG_OWE_OUTDATED] = { "owe_outdated", "note what is owed of outdated results",
	                      "UPDATE local_processing.outdated o SET owed = true"
	                      " FROM unnest($1::int8[], $2::timestamptz[]) r (id, noted)"
	                      " WHERE o.calculation_id = r.id AND o.noted = r.noted" },
	[PG_SETTLE_OUTDATED] = { "settle_outdated", "take off what is outdated no more",
	                         "DELETE FROM local_processing.outdated t WHERE t.owed AND NOT EXISTS"
	                         " (SELECT FROM local_processing.owed o WHERE o.calculation_id = t.calculation_id"
	                         " AND o.reason = 7)" },
	[PG_REMOVE_RESULTS] = { "remove_results", "remove results of windows that are none any more",
	                        "WITH room AS MATERIALIZED (SELECT o.series_id,"
	                        " $2::timestamptz + least(s.results_from, 0) * interval '1 microsecond' AS first,"
	                        " $3::timestamptz + greatest(s.results_to, 0) * interval '1 microsecond' AS last"
	                        " FROM local_processing.calculation_output o JOIN local_processing.series s ON s.id = o.series_id"
	                        " WHERE o.calculation_id = $1),"
	                        " hidden AS (DELETE FROM local_processing.superseded u USING room r"
	                        " WHERE u.series_id = r.series_id AND u.window_end > $2 AND u.window_end <= $3)"
	                        " DELETE FROM local_processing.sample s USING room r"
	                        " WHERE s.series_id = r.series_id AND s.ts >= r.first AND s.ts <= r.last"
	                        " AND (s.window_end > $2 AND s.window_end <= $3"
	                        " OR s.window_end IS NULL AND s.samples IS NOT NULL AND s.ts >= $2 AND s.ts <= $3)" },
	[PG_READ_PLACES] = { "read_places", "read results",
	                     "SELECT ts, window_end FROM local_processing.sample WHERE series_id = $1"
	                     " AND ts > $2 AND window_end IS NOT NULL ORDER BY ts LIMIT $3" },
	[PG_READ_PLACES_BACK] = { "read_places_back", "read results",
	                          "SELECT ts, window_end FROM local_processing.sample WHERE series_id = $1"
	                          " AND ts < $2 AND window_end IS NOT NULL ORDER BY ts DESC LIMIT $3" },
	[PG_TAKE_PLACES] = { "take_places", "move results",
	                     "DELETE FROM local_processing.sample s"
	                     " USING unnest($1::int8[], $2::timestamptz[], $3::timestamptz[]) r (series_id, ts, target)"
	                     " WHERE s.series_id = r.series_id AND s.ts = r.ts AND s.ts >= $4 AND s.ts <= $5"
	                     " AND s.window_end IS NOT NULL"
	                     " RETURNING s.series_id, r.target, s.value, s.quality, s.coverage::float8, s.samples, s.window_end" },
	[PG_PUT_PLACES] = { "put_places", "move results",
	                    "INSERT INTO local_processing.sample AS s"
	                    " (series_id, ts, value, quality, coverage, samples, window_end)"
	                    " SELECT * FROM unnest($1::int8[], $2::timestamptz[], $3::float8[], $4::int2[], $5::float8[],"
	                    " $6::int4[], $7::timestamptz[]) ON CONFLICT (series_id, ts) DO UPDATE"
	                    " SET value = excluded.value, quality = excluded.quality, coverage = excluded.coverage,"
	                    " samples = excluded.samples, window_end = excluded.window_end"
	                    " WHERE s.window_end < excluded.window_end" },
	[PG_EACH_PROGRESS] = { "each_progress", "look how far calculations have come",
	                       "SELECT c.id, b.watermark, f.ts, f.window_end FROM local_processing.calculation c"
	                       " JOIN local_processing.batch b ON b.id = c.batch_id LEFT JOIN LATERAL (SELECT l.ts, l.window_end"
	                       " FROM local_processing.calculation_output o CROSS JOIN LATERAL (SELECT s.ts, s.window_end"
	                       " FROM local_processing.sample s WHERE s.series_id = o.series_id AND s.samples IS NOT NULL"
	                       " ORDER BY s.ts LIMIT 1) l WHERE o.calculation_id = c.id ORDER BY l.ts LIMIT 1) f ON true"
	                       " WHERE c.id = ANY ($1)" },
	[PG_WRITER] = { "writer", "look for who writes a series",
	                "SELECT calculation_id FROM local_processing.calculation_output WHERE series_id = $1" },
	/* A commit of the batch that moves its watermark has to wait, or is waited for; so has apply. */
	[PG_LOCK_RETRY] = { "lock_retry", "lock the batches of what is tried again",
	                    "SELECT FROM local_processing.batch WHERE id IN (SELECT batch_id"
	                    " FROM local_processing.calculation WHERE id = ANY ($1)) ORDER BY id FOR SHARE" },
	/* Not with the lock: what it had waited for would not be seen here. */
	[PG_READ_RETRY] = { "read_retry", "read what is tried again",
	                    "SELECT r.n, c.version, c.enabled, b.watermark, o.froms, o.tos, b.generation"
	                    " FROM unnest($1::int8[]) WITH ORDINALITY r (id, n)"
	                    " JOIN local_processing.calculation c ON c.id = r.id"
	                    " JOIN local_processing.batch b ON b.id = c.batch_id CROSS JOIN LATERAL"
	                    " (SELECT array_agg(z.results_from), array_agg(z.results_to)"
	                    " FROM (SELECT coalesce(y.results_from, 0) AS results_from, coalesce(y.results_to, 0) AS results_to"
	                    " FROM local_processing.calculation_output x JOIN local_processing.series y ON y.id = x.series_id"
	                    " WHERE x.calculation_id = c.id ORDER BY x.position) z) o (froms, tos)" },
	[PG_READ_STATES] = { "read_states", "read the states of a batch",
	                     "SELECT r.n, s.state, s.since, s.failing_since, s.window_end, s.cause_id"
	                     " FROM unnest($1::int8[]) WITH ORDINALITY r (id, n)"
	                     " JOIN local_processing.state s ON s.calculation_id = r.id" },
	[PG_READ_PENDING] = { "read_pending", "read the pending windows that were tried again",
	                      "SELECT r.n, p.attempts"
	                      " FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY"
	                      " r (id, window_start, window_end, n)"
	                      " JOIN local_processing.pending p ON p.calculation_id = r.id"
	                      " AND p.window_start = r.window_start AND p.window_end = r.window_end"
	                      " WHERE NOT p.given_up ORDER BY r.n FOR UPDATE OF p" },
	[PG_ADD_RESULTS] = { "add_results", "store results", PG_ADD_RESULTS_TO("local_processing.sample") },
	/* The connection knows its text and its name. */
	[PG_ADD_RESULTS_TO_PARTITION] = { "", "store results", "" },
	[PG_PUT_RESULTS] = { "put_results", "store results",
	                     "INSERT INTO local_processing.sample AS s (series_id, ts, value, quality, coverage, samples, window_end)"
	                     " SELECT * FROM unnest($1::int8[], $2::timestamptz[], $3::float8[], $4::int2[], $5::float8[],"
	                     " $6::int4[], $7::timestamptz[]) ON CONFLICT (series_id, ts) DO UPDATE"
	                     " SET value = excluded.value, quality = excluded.quality, coverage = excluded.coverage,"
	                     " samples = excluded.samples, window_end = excluded.window_end"
	                     " WHERE (s.window_end <= excluded.window_end OR s.window_end > $9 OR s.window_end IS NULL"
	                     " AND ($8 OR s.samples IS NOT NULL OR s.coverage IS NOT NULL)) AND (s.value, coalesce(s.quality, 0), s.coverage, s.samples, s.window_end) IS DISTINCT FROM"
	                     " (excluded.value, coalesce(excluded.quality, 0), excluded.coverage, excluded.samples, excluded.window_end)" },
	[PG_LOCK_RESULTS] = { "lock_results", "wait for who writes the same series",
	                      "SELECT FROM local_processing.series WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE" },
	[PG_SET_ASIDE] = { "set_aside", "keep results of earlier windows",
	                   "WITH n AS MATERIALIZED (SELECT * FROM unnest($1::int8[], $2::timestamptz[], $3::float8[], $4::int2[],"
	                   " $5::float8[], $6::int4[], $7::timestamptz[])"
	                   " n (series_id, ts, value, quality, coverage, samples, window_end)),"
	                   " met AS MATERIALIZED (SELECT s.series_id, s.ts, s.window_end, s.value, s.quality, s.coverage,"
	                   " s.samples, n.window_end AS of_new FROM n JOIN local_processing.sample s ON s.series_id = n.series_id"
	                   " AND s.ts = n.ts AND s.ts >= $8 AND s.ts <= $9 WHERE s.window_end <> n.window_end AND s.window_end <= $10)"
	                   " INSERT INTO local_processing.superseded (series_id, ts, window_end, value, quality, coverage, samples)"
	                   " SELECT series_id, ts, window_end, value, quality, coverage, samples FROM met"
	                   " WHERE window_end < of_new"
	                   " UNION ALL SELECT n.series_id, n.ts, n.window_end, n.value, n.quality, n.coverage, n.samples"
	                   " FROM met m JOIN n ON n.series_id = m.series_id AND n.ts = m.ts WHERE m.window_end > m.of_new " PUT_ASIDE },
	[PG_PUT_SUPERSEDED] = { "put_superseded", "keep results of earlier windows",
	                        "INSERT INTO local_processing.superseded (series_id, ts, value, quality, coverage, samples, window_end)"
	                        " SELECT * FROM unnest($1::int8[], $2::timestamptz[], $3::float8[], $4::int2[], $5::float8[],"
	                        " $6::int4[], $7::timestamptz[]) " PUT_ASIDE },
	[PG_IMPORTED_OF] = { "imported_of", "count imported samples",
	                     "SELECT coalesce(sum(n), 0)::int8, count(nullif(n, 0)) FROM (SELECT (SELECT count(*)"
	                     " FROM (SELECT FROM local_processing.sample WHERE series_id = s.id AND window_end IS NULL"
	                     " AND samples IS NULL AND coverage IS NULL LIMIT $2) x) AS n"
	                     " FROM local_processing.series s WHERE s.name = ANY ($1)) c" },
	[PG_COUNT_IMPORTED] = { "count_imported", "look for imported results",
	                        "SELECT count(*) FROM unnest($1::int8[], $2::timestamptz[]) n (series_id, ts)"
	                        " JOIN local_processing.sample s ON s.series_id = n.series_id AND s.ts = n.ts"
	                        " AND s.ts >= $3 AND s.ts <= $4"
	                        " WHERE s.window_end IS NULL AND s.samples IS NULL AND s.coverage IS NULL" },
	/* In the order of id, as others lock them. The packed definitions have the old ones. */
	[PG_WIDEN_RESULTS] = { "widen_results", "note where results lie",
	                       "WITH wider AS MATERIALIZED (SELECT s.id, r.first, r.beyond"
	                       " FROM unnest($1::int8[], $2::int8[], $3::int8[]) r (id, first, beyond)"
	                       " JOIN local_processing.series s ON s.id = r.id ORDER BY s.id FOR NO KEY UPDATE OF s),"
	                       " packed AS (DELETE FROM local_processing.batch_definition WHERE batch_id IN (SELECT c.batch_id"
	                       " FROM local_processing.calculation_output o"
	                       " JOIN local_processing.calculation c ON c.id = o.calculation_id WHERE o.series_id = ANY ($1)))"
	                       " UPDATE local_processing.series s SET results_from = least(s.results_from, w.first),"
	                       " results_to = greatest(s.results_to, w.beyond) FROM wider w WHERE s.id = w.id"
	                       " AND ((s.results_from <= w.first AND s.results_to >= w.beyond) IS NOT TRUE)" },
	[PG_ADD_OUTCOMES] = { "add_outcomes", "store outcomes",
	                      "INSERT INTO local_processing.outcome (id, run_id, batch_id, tick, window_start, window_end,"
	                      " calculation_ids, states, durations_us, samples_read, reason)"
	                      " SELECT coalesce(r.id, nextval('local_processing.outcome_id_seq')), $1, $2, $3,"
	                      " r.window_start, r.window_end, ($8::int8[])[r.first:r.last], ($9::int2[])[r.first:r.last],"
	                      " ($10::int4[])[r.first:r.last], ($11::int4[])[r.first:r.last], $13"
	                      " FROM unnest($4::int8[], $5::timestamptz[], $6::timestamptz[], $7::int4[], $12::int4[])"
	                      " r (id, window_start, window_end, first, last)" },
	[PG_PUT_STATES] = { "put_states", "store states",
	                    "INSERT INTO local_processing.state AS s (calculation_id, state, since, failing_since, run_id,"
	                    " window_start, window_end, attempts, next_attempt, rule_version, definition_version, duration_us,"
	                    " samples_read, error_type, error_message, error_traceback, cause_id)"
	                    " SELECT * FROM unnest($1::int8[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::int8[],"
	                    " $6::timestamptz[], $7::timestamptz[], $8::int4[], $9::timestamptz[], $10::text[], $11::int4[],"
	                    " $12::int8[], $13::int8[], $14::text[], $15::text[], $16::text[], $17::int8[])"
	                    " ON CONFLICT (calculation_id) DO UPDATE SET state = excluded.state, since = excluded.since,"
	                    " failing_since = excluded.failing_since, run_id = excluded.run_id,"
	                    " window_start = excluded.window_start, window_end = excluded.window_end,"
	                    " attempts = excluded.attempts, next_attempt = excluded.next_attempt,"
	                    " rule_version = excluded.rule_version, definition_version = excluded.definition_version,"
	                    " duration_us = excluded.duration_us, samples_read = excluded.samples_read,"
	                    " cause_id = excluded.cause_id, " LAST_ERRORS },
	[PG_PUT_PENDING] = { "put_pending", "store pending windows",
	                     "INSERT INTO local_processing.pending (calculation_id, window_start, window_end, reason,"
	                     " attempts, next_attempt, given_up)"
	                     " SELECT * FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::text[],"
	                     " $5::int4[], $6::timestamptz[], $7::bool[])"
	                     " ON CONFLICT (calculation_id, window_start, window_end) DO UPDATE"
	                     " SET reason = excluded.reason, attempts = excluded.attempts,"
	                     " next_attempt = excluded.next_attempt, given_up = excluded.given_up" },
	[PG_DELETE_PENDING] = { "delete_pending", "take off pending windows",
	                        "DELETE FROM local_processing.pending p"
	                        " USING unnest($1::int8[], $2::timestamptz[], $3::timestamptz[])"
	                        " r (id, window_start, window_end) WHERE p.calculation_id = r.id"
	                        " AND p.window_start = r.window_start AND p.window_end = r.window_end" },

	[PG_EACH_STATUS] = { "each_status", "read the states",
	                     "SELECT " CALCULATION_COLUMNS
	                     ", coalesce(s.since, c.created), s.failing_since, b.watermark,"
	                     " l.window_start, l.window_end, l.run_id, l.duration_us, l.samples_read,"
	                     " s.window_start, s.window_end, s.run_id, s.duration_us, s.samples_read,"
	                     " s.attempts, s.next_attempt, coalesce(p.windows, 0),"
	                     " (SELECT count(*) FROM local_processing.owed w WHERE w.calculation_id = c.id), s.rule_version, " SHOWN_ERRORS
	                     ", CASE s.state WHEN 'waiting' THEN (SELECT x.name FROM local_processing.calculation x"
	                     " WHERE x.id = s.cause_id) END" CALCULATION_TABLES
	                     " LEFT JOIN local_processing.last_outcomes() l ON l.batch_id = c.batch_id"
	                     " AND l.calculation_id = c.id AND l.state <> 7"
	                     " LEFT JOIN (SELECT calculation_id, count(*) AS windows, count(*) FILTER (WHERE attempts > 0) AS failed"
	                     " FROM local_processing.pending GROUP BY calculation_id) p ON p.calculation_id = c.id"
	                     " WHERE ($1::text IS NULL OR c.name LIKE $1) AND ($2::text IS NULL OR c.rule = $2)"
	                     " AND ($3::text IS NULL OR CASE WHEN $4::text IS NULL THEN (c.labels ->> $3) IS NOT NULL"
	                     " ELSE c.labels ->> $3 = $4 END)"
	                     " AND (NOT $5 OR c.enabled AND (s.state IN ('failed', 'timed_out', 'crashed', 'given_up') OR p.failed > 0))"
	                     " ORDER BY c.name COLLATE \"C\"" },
	[PG_EACH_HISTORY] = { "each_history", "read the history of a calculation",
	                      "SELECT o.run_id, o.tick, o.window_start, o.window_end, o.states[o.at],"
	                      " o.durations_us[o.at], o.samples_read[o.at], o.reason, o.id"
	                      " FROM (SELECT *, array_position(calculation_ids, $1) AS at"
	                      " FROM local_processing.outcome WHERE tick >= $2 AND tick < $3"
	                      " AND ($4::timestamptz IS NULL OR window_end > $4)"
	                      " AND ($5::timestamptz IS NULL OR window_end <= $5) AND $1 = ANY (calculation_ids)) o"
	                      " ORDER BY o.window_end DESC, o.id DESC LIMIT $6" },
	[PG_OUTCOME_TICKS] = { "outcome_ticks", "read the history of a calculation",
	                       "SELECT (SELECT tick FROM local_processing.outcome ORDER BY tick LIMIT 1),"
	                       " (SELECT tick FROM local_processing.outcome ORDER BY tick DESC LIMIT 1)" },

	[PG_DROP_PARTITION] = { "drop_partition", "drop an old partition",
	                        "SELECT local_processing.drop_partition($1, $2)," ESTIMATED },
	/* A series whose calculation is gone still has results: its oldest or its newest sample says so. */
	[PG_EACH_PRUNABLE] = { "each_prunable", "look for old samples",
	                       "SELECT s.id, s.name, o.ts, o.samples IS NOT NULL OR EXISTS (SELECT"
	                       " FROM local_processing.calculation_output w WHERE w.series_id = s.id)"
	                       " OR (SELECT samples IS NOT NULL FROM local_processing.sample"
	                       " WHERE series_id = s.id ORDER BY ts DESC LIMIT 1)"
	                       " FROM local_processing.series s CROSS JOIN LATERAL (SELECT ts, samples"
	                       " FROM local_processing.sample WHERE series_id = s.id AND ts < $2 ORDER BY ts LIMIT 1) o"
	                       " WHERE $1::text IS NULL OR s.name LIKE $1 ORDER BY s.id" },
	[PG_FIND_LASTS] = { "find_lasts", "look for the last samples",
	                    "SELECT (SELECT ts FROM local_processing.sample WHERE series_id = r.id AND ts >= r.first"
	                    " AND ts < r.beyond AND ts >= $5 AND ts < $6 AND value > '-Infinity' AND value < 'Infinity'"
	                    " AND quality IS DISTINCT FROM 2 ORDER BY ts DESC OFFSET r.number - 1 LIMIT 1)"
	                    " FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::int4[]) WITH ORDINALITY"
	                    " r (id, first, beyond, number, n) ORDER BY r.n" },
	[PG_EACH_NEED] = { "each_need", "read who reads series",
	                   "SELECT i.series_id, c.id, c.name, " SCHEDULE(
				   "c.") ", b.watermark, c.start, i.window_length, i.shift, i.lookback, c.enabled"
	                                 " FROM local_processing.calculation_input i"
	                                 " JOIN local_processing.calculation c ON c.id = i.calculation_id"
	                                 " LEFT JOIN local_processing.batch b ON b.id = c.batch_id"
	                                 " WHERE i.series_id = ANY ($1) ORDER BY i.series_id, c.id" },
	[PG_EACH_DEBT] = { "each_debt", "read what is owed",
	                   "SELECT calculation_id, min(after_end) FROM (SELECT calculation_id,"
	                   " window_end - interval '1 microsecond' AS after_end FROM local_processing.pending"
	                   " WHERE NOT given_up UNION ALL SELECT calculation_id, after_end FROM local_processing.owed) d"
	                   " GROUP BY calculation_id ORDER BY calculation_id" },
	/* At most so many of each series. */
	[PG_COUNT_SAMPLES] = { "count_samples", "count samples",
	                       "SELECT coalesce(sum(c.samples), 0)::int8"
	                       " FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[]) r (id, first, beyond)"
	                       " CROSS JOIN LATERAL (SELECT count(*) AS samples FROM (SELECT FROM local_processing.sample"
	                       " WHERE series_id = r.id AND ts >= r.first AND ts < r.beyond AND ts >= $4 AND ts < $5"
	                       " LIMIT $6) few) c" },
	[PG_DROP_SAMPLE_PARTITION] = { "drop_sample_partition", "drop an old partition",
	                               "SELECT upper_end, row_count," ESTIMATED
	                               " FROM local_processing.drop_sample_partition($1, $2, $3)" },
	/* A commit holds its batch before it writes: one that read what is about to go waits, and is refused. */
	[PG_LOCK_READERS] = { "lock_readers", "lock the batches that read series",
	                      "SELECT FROM local_processing.batch WHERE id IN (SELECT c.batch_id"
	                      " FROM local_processing.calculation_input i JOIN local_processing.calculation c"
	                      " ON c.id = i.calculation_id WHERE i.series_id = ANY ($1)) ORDER BY id FOR UPDATE" },
	[PG_NOTE_PRUNED] = { "note_pruned", "note how far series are pruned",
	                     "WITH gone AS MATERIALIZED (SELECT r.id, f.ts AS first, l.ts AS last"
	                     " FROM unnest($1::int8[], $2::timestamptz[]) r (id, before)"
	                     " CROSS JOIN LATERAL (SELECT ts FROM local_processing.sample WHERE series_id = r.id"
	                     " AND ts < r.before AND ts < $3 ORDER BY ts LIMIT 1) f"
	                     " CROSS JOIN LATERAL (SELECT ts FROM local_processing.sample WHERE series_id = r.id"
	                     " AND ts < r.before AND ts < $3 ORDER BY ts DESC LIMIT 1) l)"
	                     " UPDATE local_processing.series s SET pruned_from = least(s.pruned_from, g.first),"
	                     " pruned_to = greatest(s.pruned_to, g.last) FROM gone g WHERE s.id = g.id"
	                     " RETURNING s.id, g.last" },
	[PG_TOUCH_READERS] = { "touch_readers", "mark the batches of pruned series",
	                       "UPDATE local_processing.batch SET generation = generation + 1 WHERE id IN (SELECT c.batch_id"
	                       " FROM local_processing.calculation_input i JOIN local_processing.calculation c"
	                       " ON c.id = i.calculation_id WHERE i.series_id = ANY ($1))" },
	/* A statement of their own: the next one is planned by them.  A scan for each thousand series would read all each time. */
	[PG_PREFER_ROWS] = { "prefer_rows", "delete old samples",
	                     "SELECT set_config('local_processing.noted', 'off', true),"
	                     " set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),"
	                     " set_config('enable_seqscan', 'off', true)" },
	[PG_PRUNE_SUPERSEDED] = { "prune_superseded", "delete old superseded results",
	                          "DELETE FROM local_processing.superseded s"
	                          " USING unnest($1::int8[], $2::timestamptz[]) r (id, before)"
	                          " WHERE s.series_id = r.id AND s.ts < r.before" },
	/* From the first one that was noted to the last, both included: not what came before them since; so many of each series. */
	[PG_PRUNE_SAMPLES] = { "prune_samples", "delete old samples",
	                       "WITH bound AS MATERIALIZED (SELECT r.id, p.pruned_from AS first,"
	                       " coalesce((SELECT ts FROM local_processing.sample WHERE series_id = r.id"
	                       " AND ts >= p.pruned_from AND ts <= r.last AND ts <= $3 ORDER BY ts OFFSET $4 LIMIT 1),"
	                       " r.last + interval '1 microsecond') AS before"
	                       " FROM unnest($1::int8[], $2::timestamptz[]) r (id, last)"
	                       " JOIN local_processing.series p ON p.id = r.id)"
	                       " DELETE FROM local_processing.sample s USING bound b"
	                       " WHERE s.series_id = b.id AND s.ts >= b.first AND s.ts < b.before AND s.ts <= $3" },
	/* They are between the ids of two series that follow one another: from one to the next, by the index. */
	[PG_EACH_NOBODYS] = { "each_nobodys", "look for samples of no series",
	                      "WITH RECURSIVE nobody (id, before) AS (SELECT (SELECT series_id FROM local_processing.sample"
	                      " WHERE series_id > g.after AND series_id < g.before AND ts < $1 ORDER BY series_id LIMIT 1),"
	                      " g.before FROM (SELECT coalesce(lag(s.id) OVER (ORDER BY s.id), -9223372036854775808) AS after,"
	                      " coalesce(s.id, 9223372036854775807) AS before FROM (SELECT id FROM local_processing.series"
	                      " UNION ALL SELECT NULL) s) g WHERE g.before - 1 > g.after UNION ALL SELECT (SELECT series_id"
	                      " FROM local_processing.sample WHERE series_id > n.id AND series_id < n.before AND ts < $1"
	                      " ORDER BY series_id LIMIT 1), n.before FROM nobody n WHERE n.id IS NOT NULL)"
	                      " SELECT id FROM nobody WHERE id IS NOT NULL" },
	[PG_PRUNE_NOBODYS] = { "prune_nobodys", "delete old samples of no series",
	                       "DELETE FROM local_processing.sample s USING (SELECT series_id, ts FROM local_processing.sample"
	                       " WHERE series_id = ANY ($1) AND ts < $2 LIMIT $3) o"
	                       " WHERE s.series_id = o.series_id AND s.ts = o.ts AND s.ts < $2" },
	[PG_RESTORE_PRUNED] = { "restore_pruned", "take back how far a series was pruned",
	                        "UPDATE local_processing.series SET pruned_from = $2, pruned_to = $3 WHERE id = $1" },
	[PG_COUNT_OUTCOMES] = { "count_outcomes", "count old outcomes",
	                        "SELECT count(*) FROM local_processing.outcome WHERE tick < $1" },
	[PG_PRUNE_OUTCOMES] = { "prune_outcomes", "delete old outcomes",
	                        "DELETE FROM local_processing.outcome WHERE tick < $1" },
	[PG_COUNT_RUNS] = { "count_runs", "count old runs",
	                    "SELECT count(*) FROM local_processing.run WHERE tick < $1 AND result <> 'running'" },
	[PG_PRUNE_RUNS] = { "prune_runs", "delete old runs",
	                    "DELETE FROM local_processing.run WHERE tick < $1 AND result <> 'running'" },
};
