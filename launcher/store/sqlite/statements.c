/*
 * Every statement that the store prepares, in one table.  Nothing but SQL; the
 * parameters are bound by number in the function that uses it.
 */
#include "store/sqlite/internal.h"

#define IS_GOOD        "value IS NOT NULL AND abs(value) < 9e999 AND (quality IS NULL OR quality IN (0, 1))"
#define SERIES_COLUMNS "id, name, unit, description, attributes, sample_interval, pruned_from, pruned_to"

/* An error is kept until the next one, and shown while the calculation fails or owes a window that failed. */
#define KEPT "CASE WHEN coalesce(excluded.error_type, excluded.error_message) IS NULL THEN state.error_"
#define LAST_ERRORS                                                                                                    \
	"error_type = " KEPT "type ELSE excluded.error_type END,"                                                      \
	" error_message = " KEPT "message ELSE excluded.error_message END,"                                            \
	" error_traceback = " KEPT "traceback ELSE excluded.error_traceback END"
#define OWES         "EXISTS (SELECT 1 FROM pending p WHERE p.calculation_id = c.id AND p.attempts > 0)"
#define SHOWN        "CASE WHEN s.failing_since IS NOT NULL OR " OWES " THEN s.error_"
#define SHOWN_ERRORS SHOWN "type END, " SHOWN "message END, " SHOWN "traceback END"

/* The order that calculations.c reads. */
#define CALCULATION_COLUMNS                                                                                            \
	"c.id, c.name, c.description, c.rule, c.parameters, c.labels, c.enabled, " LP_SQLITE_SCHEDULE_C                \
	", c.start, c.time_limit, c.version, c.rank, "                                                                 \
	"CASE WHEN c.enabled = 0 THEN 'disabled' WHEN s.state IS NOT NULL THEN s.state "                               \
	"WHEN b.watermark IS NULL THEN 'new' ELSE 'ok' END, "                                                          \
	"c.result_time, c.min_coverage, c.recompute_within, coalesce(b.generation, 0), c.memory_limit"
#define CALCULATION_TABLES                                                                                             \
	" FROM calculation c LEFT JOIN batch b ON b.id = c.batch_id"                                                   \
	" LEFT JOIN state s ON s.calculation_id = c.id "
#define INPUT_COLUMNS                                                                                                                      \
	"i.name, i.series_id, series.name, series.unit, series.attributes, i.lookback, series.sample_interval, i.window_length, i.shift, " \
	"series.pruned_from, series.pruned_to"
#define OUTPUT_COLUMNS "o.name, o.series_id, series.name, series.unit, series.results_from, series.results_to"

/* Of a calculation c: its rule's breaker is open, and it has not worked since. */
#define IS_STOPPED                                                                                                     \
	"(EXISTS (SELECT 1 FROM breaker x WHERE x.rule = c.rule) AND EXISTS (SELECT 1 FROM state s"                    \
	" WHERE s.calculation_id = c.id AND s.state NOT IN ('ok', 'no_data')))"
#define IS_PENDING(id) "EXISTS (SELECT 1 FROM pending p WHERE p.calculation_id = " id " AND p.given_up = 0)"
/* From inputs i of a calculation to the calculations w that write them; where these store a number. */
#define READ_OUTPUTS                                                                                                   \
	" FROM calculation_input i JOIN calculation_output o ON o.series_id = i.series_id"                             \
	" JOIN calculation w ON w.id = o.calculation_id"
#define LP_SQLITE_SPANS(table)                                                                                         \
	"(" table ".every || '|' || " table ".window_length || '|' || " table ".\"offset\" || '|')"
#define AT_END " + (w.result_time = 'end')"

/* What a window made, also by a release that did not note the window. */
#define IS_RESULT "(window_end IS NOT NULL OR samples IS NOT NULL)"
/* Noted again: what was owed of it was so by other definitions. */
#define OUTDATED_MORE                                                                                                  \
	" ON CONFLICT (calculation_id) DO UPDATE SET after_end = min(after_end, excluded.after_end),"                  \
	" until_end = max(until_end, excluded.until_end), owed = 0, noted = excluded.noted,"                           \
	" other_windows = max(other_windows, excluded.other_windows),"                                                 \
	" reason = CASE WHEN instr(', ' || reason || ', ', ', ' || excluded.reason || ', ') > 0 THEN reason"           \
	" ELSE substr(reason || ', ' || excluded.reason, 1, 1000) END"

const char *const lp_sqlite_texts[LP_SQL_COUNT] = {
	[LP_SQL_BEGIN] = "BEGIN IMMEDIATE",
	[LP_SQL_BEGIN_READ] = "BEGIN",
	[LP_SQL_COMMIT] = "COMMIT",
	[LP_SQL_ROLLBACK] = "ROLLBACK",

	[LP_SQL_EACH_SERIES] = "SELECT " SERIES_COLUMNS " FROM series WHERE ?1 IS NULL OR name GLOB ?1 ORDER BY name",
	[LP_SQL_FIND_SERIES] = "SELECT " SERIES_COLUMNS " FROM series WHERE name = ?1",
	[LP_SQL_ADD_SAMPLE] = "INSERT INTO sample (series_id, ts, value, quality) VALUES (?1, ?2, ?3, ?4)"
			      " ON CONFLICT DO NOTHING",
	[LP_SQL_CHANGE_SAMPLE] = "UPDATE sample SET value = ?3, quality = ?4, coverage = NULL, samples = NULL,"
				 " window_end = NULL WHERE series_id = ?1 AND ts = ?2"
				 " AND (value IS NOT ?3 OR quality IS NOT ?4 OR window_end IS NOT NULL"
				 " OR samples IS NOT NULL OR coverage IS NOT NULL)",
	[LP_SQL_PUT_SAMPLE] =
		"INSERT INTO sample (series_id, ts, value, quality, coverage, samples, window_end)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
		" ON CONFLICT (series_id, ts) DO UPDATE SET value = excluded.value, quality = excluded.quality,"
		" coverage = excluded.coverage, samples = excluded.samples, window_end = excluded.window_end"
		" WHERE (window_end <= excluded.window_end OR window_end > ?9 OR window_end IS NULL"
		" AND (?8 OR samples IS NOT NULL OR coverage IS NOT NULL))"
		" AND (value IS NOT excluded.value OR quality IS NOT excluded.quality"
		" OR coverage IS NOT excluded.coverage OR samples IS NOT excluded.samples"
		" OR window_end IS NOT excluded.window_end)",
	[LP_SQL_ADD_RESULT] = "INSERT INTO sample (series_id, ts, value, quality, coverage, samples, window_end)"
			      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
	[LP_SQL_SUPERSEDE] =
		"INSERT OR REPLACE INTO superseded (series_id, ts, value, quality, coverage, samples, window_end)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[LP_SQL_SET_ASIDE] =
		"INSERT OR REPLACE INTO superseded (series_id, ts, value, quality, coverage, samples, window_end)"
		" SELECT series_id, ts, value, quality, coverage, samples, window_end FROM sample"
		" WHERE series_id = ?1 AND ts = ?2 AND window_end < ?3 AND window_end <= ?4",
	[LP_SQL_ORIGIN] =
		"SELECT window_end, window_end IS NOT NULL OR samples IS NOT NULL OR coverage IS NOT NULL FROM sample"
		" WHERE series_id = ?1 AND ts = ?2",
	[LP_SQL_IMPORTED_OF] = "SELECT count(*) FROM (SELECT 1 FROM sample"
			       " WHERE series_id = (SELECT id FROM series WHERE name = ?1)"
			       " AND window_end IS NULL AND samples IS NULL AND coverage IS NULL LIMIT ?2)",
	[LP_SQL_RESULTS_OF] = "SELECT ts, window_end FROM sample WHERE series_id = ?1 AND ts >= ?2 AND ts <= ?3"
			      " AND window_end > ?4 AND window_end <= ?5",
	[LP_SQL_RESULTS_OF_UNKNOWN] = "SELECT ts FROM sample WHERE series_id = ?1 AND ts >= ?2 AND ts <= ?3"
				      " AND window_end IS NULL"
				      " AND (samples IS NOT NULL OR coverage IS NOT NULL)",
	[LP_SQL_DELETE_SAMPLE] = "DELETE FROM sample WHERE series_id = ?1 AND ts = ?2",
	[LP_SQL_DELETE_SUPERSEDED] = "DELETE FROM superseded WHERE series_id = ?1 AND ts >= ?2 AND ts <= ?3"
				     " AND window_end > ?4 AND window_end <= ?5",
	[LP_SQL_BRING_BACK] = "INSERT INTO sample (series_id, ts, value, quality, coverage, samples, window_end)"
			      " SELECT series_id, ts, value, quality, coverage, samples, window_end FROM superseded"
			      " WHERE series_id = ?1 AND ts = ?2 ORDER BY window_end DESC LIMIT 1",
	[LP_SQL_SUPERSEDED_NO_MORE] = "DELETE FROM superseded WHERE series_id = ?1 AND ts = ?2 AND window_end ="
				      " (SELECT window_end FROM sample WHERE series_id = ?1 AND ts = ?2)",
	[LP_SQL_WIDEN_RESULTS] = "UPDATE series SET results_from = min(coalesce(results_from, ?2), ?2),"
				 " results_to = max(coalesce(results_to, ?3), ?3) WHERE id = ?1",
	[LP_SQL_READ_SAMPLES] =
		"SELECT ts, value, quality, coverage, samples, window_end FROM sample WHERE series_id = ?1 AND ts >= ?2 AND ts < ?3"
		" ORDER BY ts LIMIT ?4",
	[LP_SQL_FETCH] =
		"SELECT ts, value, quality FROM sample WHERE series_id = ?1 AND ts >= ?2 AND ts < ?3 ORDER BY ts",
	[LP_SQL_FETCH_PREVIOUS] = "SELECT ts, value, quality FROM sample WHERE series_id = ?1 AND ts >= ?2 AND ts < ?3"
				  " AND " IS_GOOD " ORDER BY ts DESC LIMIT 1",
	[LP_SQL_FETCH_EARLIER] = "SELECT ts, value, quality FROM (SELECT ts, value, quality FROM sample"
				 " WHERE series_id = ?1 AND ts >= ?2 AND ts < ?3"
				 " AND " IS_GOOD " ORDER BY ts DESC LIMIT ?4) ORDER BY ts",

	[LP_SQL_EACH_CALCULATION] = "SELECT " CALCULATION_COLUMNS CALCULATION_TABLES "ORDER BY c.name",
	[LP_SQL_ONE_CALCULATION] = "SELECT " CALCULATION_COLUMNS CALCULATION_TABLES "WHERE c.id = ?1 AND c.enabled = 1",
	[LP_SQL_ONE_INPUTS] = "SELECT " INPUT_COLUMNS ", i.calculation_id FROM calculation_input i"
			      " JOIN series ON series.id = i.series_id WHERE i.calculation_id = ?1 ORDER BY i.position",
	[LP_SQL_ONE_OUTPUTS] =
		"SELECT " OUTPUT_COLUMNS ", o.calculation_id FROM calculation_output o"
		" JOIN series ON series.id = o.series_id WHERE o.calculation_id = ?1 ORDER BY o.position",
	[LP_SQL_BATCH_CALCULATIONS] =
		"SELECT " CALCULATION_COLUMNS CALCULATION_TABLES "WHERE c.batch_id = ?1 ORDER BY c.position, c.id",
	[LP_SQL_BATCH_INPUTS] =
		"SELECT " INPUT_COLUMNS ", i.calculation_id FROM calculation c"
		" CROSS JOIN calculation_input i ON i.calculation_id = c.id CROSS JOIN series ON series.id = i.series_id"
		" WHERE c.batch_id = ?1 ORDER BY c.position, c.id, i.position",
	[LP_SQL_BATCH_OUTPUTS] =
		"SELECT " OUTPUT_COLUMNS ", o.calculation_id FROM calculation c"
		" CROSS JOIN calculation_output o ON o.calculation_id = c.id CROSS JOIN series ON series.id = o.series_id"
		" WHERE c.batch_id = ?1 ORDER BY c.position, c.id, o.position",

	[LP_SQL_EACH_BATCH] = "SELECT id, generation, rank, size, " LP_SQLITE_SCHEDULE
			      ", start, watermark, upstream, reach, reading, span"
			      " FROM batch WHERE (?1 = -1 OR rank = ?1) ORDER BY rank, id",
	/* Behind the first half, of each rule whose breaker is open, the trial. */
	[LP_SQL_EACH_PENDING] =
		"SELECT p.calculation_id, c.rank, p.attempts, p.window_start, p.window_end, c.batch_id"
		" FROM pending p JOIN calculation c ON c.id = p.calculation_id"
		" WHERE p.given_up = 0 AND p.next_attempt <= ?1 AND c.enabled = 1"
		" AND NOT " IS_STOPPED
		" UNION ALL SELECT calculation_id, rank, attempts, window_start, window_end, batch_id"
		" FROM (SELECT p.*, c.rank, c.batch_id, row_number() OVER (PARTITION BY c.rule ORDER BY"
		" (c.id * 7919 + ?1 / 60000000 % 10007 * 104729) % 10007,"
		" p.window_start, p.window_end, p.calculation_id) AS place"
		" FROM breaker b CROSS JOIN calculation c ON c.rule = b.rule CROSS JOIN pending p ON p.calculation_id = c.id"
		" WHERE p.given_up = 0 AND c.enabled = 1 AND " IS_STOPPED ") WHERE place = 1"
		" ORDER BY 2, 4, 5, 1",

	[LP_SQL_INTERRUPT_RUNS] =
		"UPDATE run SET result = 'interrupted',"
		" error = 'killed, or its machine went down, or it lost its lock: the next run did the rest'"
		" WHERE result = 'running' AND kind = ?1",
	[LP_SQL_BEGIN_RUN] = "INSERT INTO run (tick, started, host, process, program_version, result, kind)"
			     " VALUES (?1, ?2, ?3, ?4, ?5, 'running', ?6)",
	[LP_SQL_END_RUN] = "UPDATE run SET ended = ?2, result = ?3, error = ?4, windows = ?5, states = ?6,"
			   " newly_failed = ?7, samples_read = ?8, samples_written = ?9, still_due = ?10,"
			   " recomputed = ?11, kept_imported = ?12 WHERE id = ?1 AND result = 'running'",
	[LP_SQL_EACH_RUN] =
		"SELECT id, tick, started, ended, host, process, program_version, result, error, windows,"
		" states, newly_failed, samples_read, samples_written, still_due, kind, recomputed, kept_imported FROM run"
		" ORDER BY id DESC LIMIT ?1",

	[LP_SQL_MOVE_WATERMARK] = "UPDATE batch SET watermark = ?4, last_run_id = ?5"
				  " WHERE id = ?1 AND generation = ?2 AND watermark IS ?3"
				  " AND EXISTS (SELECT 1 FROM run WHERE run.id = ?5 AND run.result = 'running')",
	[LP_SQL_READ_STATE] =
		"SELECT b.watermark, c.version, c.enabled, s.state, s.since, s.failing_since, s.window_end, s.cause_id,"
		" b.generation FROM calculation c JOIN batch b ON b.id = c.batch_id"
		" LEFT JOIN state s ON s.calculation_id = c.id WHERE c.id = ?1",
	[LP_SQL_READ_PENDING] = "SELECT attempts FROM pending WHERE calculation_id = ?1 AND window_start = ?2"
				" AND window_end = ?3 AND given_up = 0",
	[LP_SQL_PUT_STATE] =
		"INSERT INTO state (calculation_id, state, since, failing_since, run_id, window_start, window_end, attempts,"
		" next_attempt, rule_version, definition_version, duration_us, samples_read, error_type, error_message,"
		" error_traceback, cause_id)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)"
		" ON CONFLICT (calculation_id) DO UPDATE SET state = excluded.state, since = excluded.since,"
		" failing_since = excluded.failing_since, run_id = excluded.run_id, window_start = excluded.window_start,"
		" window_end = excluded.window_end, attempts = excluded.attempts, next_attempt = excluded.next_attempt,"
		" rule_version = excluded.rule_version, definition_version = excluded.definition_version,"
		" duration_us = excluded.duration_us, samples_read = excluded.samples_read, cause_id = excluded.cause_id,"
		" " LAST_ERRORS,
	[LP_SQL_PUT_PENDING] =
		"INSERT OR REPLACE INTO pending (calculation_id, window_start, window_end, reason, attempts,"
		" next_attempt, given_up) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[LP_SQL_DELETE_PENDING] =
		"DELETE FROM pending WHERE calculation_id = ?1 AND window_start = ?2 AND window_end = ?3",
	[LP_SQL_ADD_OUTCOME] = "INSERT INTO outcome (run_id, batch_id, tick, window_start, window_end, calculation_ids,"
			       " states, durations_us, samples_read, reason)"
			       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[LP_SQL_NOTE_OUTCOME] = "UPDATE batch SET last_outcome = ?2 WHERE id = ?1",

	[LP_SQL_ADD_SERIES] = "INSERT INTO series (name, unit, description, attributes, sample_interval, created)"
			      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[LP_SQL_CHANGE_SERIES] = "UPDATE series SET unit = ?2, description = ?3, attributes = ?4,"
				 " sample_interval = ?5 WHERE name = ?1",
	[LP_SQL_HAS_SAMPLES] =
		"SELECT EXISTS (SELECT 1 FROM sample WHERE series_id = (SELECT id FROM series WHERE name = ?1))",
	[LP_SQL_DELETE_SERIES_SUPERSEDED] =
		"DELETE FROM superseded WHERE series_id = (SELECT id FROM series WHERE name = ?1)",
	[LP_SQL_DELETE_SERIES] = "DELETE FROM series WHERE name = ?1",
	[LP_SQL_TOUCH_READERS] =
		"UPDATE batch SET generation = generation + 1 WHERE id IN (SELECT c.batch_id FROM calculation c"
		" WHERE c.id IN (SELECT i.calculation_id FROM calculation_input i JOIN series ON series.id = "
		"i.series_id"
		" WHERE series.name = ?1 UNION SELECT o.calculation_id FROM calculation_output o"
		" JOIN series ON series.id = o.series_id WHERE series.name = ?1))",
	[LP_SQL_ADD_CALCULATION] =
		"INSERT INTO calculation (name, description, rule, parameters, labels, enabled, " LP_SQLITE_SCHEDULE
		", start, time_limit, version, rank, created, updated, result_time, min_coverage, recompute_within,"
		" memory_limit)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?18,"
		" ?19, ?20, ?21, ?22)",
	[LP_SQL_SCHEDULE_CHANGES] =
		"SELECT id, every <> ?2 OR window_length <> ?3 OR \"offset\" <> ?4"
		" OR week_start <> ?6 OR time_zone <> ?7 FROM calculation WHERE name = ?1 AND ?5 <> '' AND ?8 <> ''",
	[LP_SQL_DROP_PENDING_BEFORE] = "DELETE FROM pending WHERE calculation_id = ?1 AND window_start < ?2",
	[LP_SQL_TRIM_OWED] = "UPDATE owed SET after_end = ?2, window_start = ?2, touched = touched + 1"
			     " WHERE calculation_id = ?1 AND after_end < ?2",
	[LP_SQL_DROP_TRIMMED] = "DELETE FROM owed WHERE calculation_id = ?1 AND until_end <= ?2",
	[LP_SQL_DROP_PENDING] = "DELETE FROM pending WHERE calculation_id = ?1",
	[LP_SQL_REOPEN_PENDING] = "UPDATE pending SET attempts = 0, given_up = 0, next_attempt = window_end"
				  " WHERE calculation_id = ?1",
	[LP_SQL_REOPEN_STATE] = "UPDATE state SET attempts = 0, next_attempt = window_end"
				" WHERE calculation_id = ?1 AND failing_since IS NOT NULL",
	[LP_SQL_CHANGE_CALCULATION] =
		"UPDATE calculation SET description = ?2, rule = ?3, parameters = ?4, labels = ?5, enabled = ?6,"
		" every = ?7, window_length = ?8, \"offset\" = ?9, delay = ?10, week_start = ?11, time_zone = ?12,"
		" missed = ?13, start = ?14, time_limit = ?15, version = ?16, rank = ?17, updated = ?18,"
		" result_time = ?19, min_coverage = ?20, recompute_within = ?21, memory_limit = ?22 WHERE name = ?1",
	[LP_SQL_CHANGE_RANK] = "UPDATE calculation SET rank = ?2 WHERE name = ?1",
	[LP_SQL_TOUCH_BATCH_OF] = "UPDATE batch SET generation = generation + 1"
				  " WHERE id = (SELECT batch_id FROM calculation WHERE name = ?1)",
	[LP_SQL_DELETE_CALCULATION] = "DELETE FROM calculation WHERE name = ?1",
	[LP_SQL_CLEAR_INPUTS] = "DELETE FROM calculation_input WHERE calculation_id = ?1",
	[LP_SQL_CLEAR_OUTPUTS] = "DELETE FROM calculation_output WHERE calculation_id = ?1",
	[LP_SQL_ADD_INPUT] =
		"INSERT INTO calculation_input (calculation_id, position, name, series_id, lookback,"
		" window_length, shift, reach) SELECT ?1, ?2, ?3, id, ?5, ?6, ?7, ?8 FROM series WHERE name = ?4",
	[LP_SQL_ADD_OUTPUT] = "INSERT INTO calculation_output (calculation_id, position, name, series_id)"
			      " SELECT ?1, ?2, ?3, id FROM series WHERE name = ?4",

	[LP_SQL_ALL_BATCHES] = "SELECT id, generation, rank, enabled, " LP_SQLITE_SCHEDULE ", start, watermark, span"
			       " FROM batch ORDER BY id",
	/* What is read at once where its own schedule is another's: that holds nobody back for long. */
	[LP_SQL_ALL_MEMBERS] =
		"WITH slower AS MATERIALIZED (SELECT id, group_concat(what, ';') AS what FROM (SELECT DISTINCT c.id AS id,"
		" " LP_SQLITE_SPANS(
			"w") " || w.delay || '|' || w.week_start || '|' || w.time_zone || '|'"
			     " || coalesce(w.start, '') || '|' || w.result_time || '|' || coalesce(i.window_length, '') || '|'"
			     " || coalesce(i.shift, '') AS what" READ_OUTPUTS " AND w.enabled = 1"
			     " JOIN calculation c ON c.id = i.calculation_id"
			     " WHERE " LP_SQLITE_SPANS("w") " <> " LP_SQLITE_SPANS(
				     "c") " OR w.delay <> c.delay"
					  " OR w.time_zone <> c.time_zone OR w.week_start <> c.week_start OR w.start IS NOT c.start"
					  " OR i.shift IS NOT NULL OR i.window_length IS NOT NULL ORDER BY 1, 2) GROUP BY id)"
					  " SELECT c.id, c.batch_id, c.position, c.rank, " LP_SQLITE_SCHEDULE_C
					  ", c.start,"
					  " b.watermark, c.enabled, s.what,"
					  " (SELECT group_concat(coalesce(i.window_length, ''), ';') FROM calculation_input i"
					  " WHERE i.calculation_id = c.id) FROM calculation c LEFT JOIN batch b ON b.id = c.batch_id"
					  " LEFT JOIN slower s ON s.id = c.id ORDER BY c.id",
	[LP_SQL_ADD_BATCH] =
		"INSERT INTO batch (rank, size, enabled, " LP_SQLITE_SCHEDULE ", start, watermark, last_run_id,"
		" last_outcome, span) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12,"
		" (SELECT last_run_id FROM batch WHERE id = ?13), (SELECT last_outcome FROM batch WHERE id = ?13), ?14",
	[LP_SQL_CHANGE_BATCH] = "UPDATE batch SET generation = ?2, size = ?3, span = ?4 WHERE id = ?1",
	[LP_SQL_DELETE_BATCH] = "DELETE FROM batch WHERE id = ?1",
	[LP_SQL_MOVE_CALCULATION] = "UPDATE calculation SET batch_id = ?2, position = ?3 WHERE id = ?1",
	[LP_SQL_SET_UPSTREAM] = LP_SQLITE_SET_UPSTREAM,

	/* Nearly always there is nothing to do: no input reads past its window's end, and none did. */
	[LP_SQL_SET_REACH] =
		"UPDATE batch SET reach = wanted.reach FROM (SELECT b.id AS id, coalesce(max(i.reach), 0) AS reach"
		" FROM batch b LEFT JOIN calculation c ON c.batch_id = b.id"
		" LEFT JOIN calculation_input i ON i.calculation_id = c.id AND i.reach > 0 GROUP BY b.id) AS wanted"
		" WHERE wanted.id = batch.id AND wanted.reach <> batch.reach"
		" AND (EXISTS (SELECT 1 FROM calculation_input WHERE reach > 0) OR batch.reach > 0)",

	[LP_SQL_LAST_OUTCOMES] = "SELECT o.run_id, o.window_start, o.window_end, o.calculation_ids, o.states,"
				 " o.durations_us, o.samples_read FROM batch b JOIN outcome o ON o.id = b.last_outcome",
	[LP_SQL_EACH_STATUS] =
		"SELECT " CALCULATION_COLUMNS ", coalesce(s.since, c.created), s.failing_since, b.watermark,"
		" s.window_start, s.window_end, s.run_id, s.duration_us, s.samples_read, s.attempts, s.next_attempt,"
		" (SELECT count(*) FROM pending p WHERE p.calculation_id = c.id),"
		" (SELECT count(*) FROM owed o WHERE o.calculation_id = c.id),"
		" s.rule_version, " SHOWN_ERRORS ", CASE WHEN s.state = 'waiting' AND c.enabled = 1"
		" THEN (SELECT cause.name FROM calculation cause WHERE cause.id = s.cause_id) END" CALCULATION_TABLES
		"WHERE (?1 IS NULL OR c.name GLOB ?1) AND (?2 IS NULL OR c.rule = ?2)"
		" AND (?3 IS NULL OR EXISTS (SELECT 1 FROM json_each(c.labels) l WHERE l.key = ?3"
		" AND (?4 IS NULL OR l.value = ?4)))"
		" AND (?5 = 0 OR c.enabled = 1 AND (s.state IN ('failed', 'timed_out', 'crashed', 'given_up')"
		" OR " OWES "))"
		" ORDER BY c.name",
	[LP_SQL_EACH_HISTORY] = "SELECT run_id, tick, window_start, window_end, calculation_ids, states, durations_us,"
				" samples_read, reason FROM outcome WHERE instr(calculation_ids, ?1) > 0"
				" AND (?2 IS NULL OR window_end > ?2) AND (?3 IS NULL OR window_end <= ?3)"
				" ORDER BY window_end DESC, id DESC",

	[LP_SQL_BECOME_OWN] = "INSERT OR IGNORE INTO own_writer (one) VALUES (1)",
	[LP_SQL_BE_OWN_NO_MORE] = "DELETE FROM own_writer",
	[LP_SQL_IS_RUNNING] = "SELECT 1 FROM run WHERE id = ?1 AND result = 'running'",
	[LP_SQL_FAIL_BATCH] =
		"INSERT INTO state (calculation_id, state, since, failing_since, run_id, attempts, definition_version,"
		" duration_us, samples_read, error_type, error_message)"
		" SELECT c.id, 'failed', ?2, ?2, coalesce(b.last_run_id, 0), 0, c.version, 0, 0, ?3, ?4"
		" FROM calculation c JOIN batch b ON b.id = c.batch_id WHERE c.batch_id = ?1 AND c.enabled = 1"
		" ON CONFLICT (calculation_id) DO UPDATE SET state = excluded.state,"
		" since = CASE WHEN state.state = excluded.state THEN state.since ELSE excluded.since END,"
		" failing_since = coalesce(state.failing_since, excluded.failing_since),"
		" error_type = excluded.error_type, error_message = excluded.error_message, error_traceback = NULL"
		" WHERE state.state <> excluded.state OR state.error_message IS NOT excluded.error_message",
	[LP_SQL_EACH_EDGE] =
		"SELECT DISTINCT r.id, r.batch_id, w.id, w.batch_id, i.series_id, r.name, w.name" READ_OUTPUTS
		" JOIN calculation r ON r.id = i.calculation_id"
		" WHERE (?1 = 0 OR r.batch_id = ?1) AND (?2 = 0 OR r.id = ?2) AND r.enabled = 1 AND w.enabled = 1"
		" AND w.id <> r.id ORDER BY r.id, w.id",
	[LP_SQL_EACH_CHANGED] = "SELECT series_id, min(first), count(*) FROM change WHERE first < ?1"
				" GROUP BY series_id ORDER BY series_id",
	[LP_SQL_NEXT_CHANGED] = "SELECT min(series_id) FROM change WHERE series_id > ?1",
	[LP_SQL_EACH_CHANGE] = "SELECT series_id, first, last, by_hand FROM change WHERE series_id BETWEEN ?1 AND ?2"
			       " AND first < ?4 AND (last >= ?3 OR by_hand = 1) ORDER BY series_id, hour, by_hand",
	[LP_SQL_COUNT_TOO_OLD] = "SELECT count(*) FROM change WHERE series_id = ?1 AND first < ?3"
				 " AND last < ?2 AND by_hand = 0",
	[LP_SQL_TAKE_CHANGES] = "DELETE FROM change",
	[LP_SQL_NOTE_CHANGE] = "INSERT INTO change (series_id, hour, by_hand, first, last)"
			       " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (series_id, hour, by_hand) DO UPDATE"
			       " SET first = min(first, excluded.first), last = max(last, excluded.last)",
	[LP_SQL_LOOKED_BACK] = "SELECT EXISTS (SELECT 1 FROM calculation_input WHERE series_id = ?1 AND lookback > 0)",
	[LP_SQL_NEXT_GOOD] = "SELECT ts FROM sample WHERE series_id = ?1 AND ts > ?2 AND ts < ?3 AND " IS_GOOD
			     " ORDER BY ts LIMIT 1",
	[LP_SQL_RISE] = "SELECT max(ts) FROM (SELECT ts, value, lag(value) OVER (ORDER BY ts) AS before"
			" FROM (SELECT ts, value FROM sample WHERE series_id = ?1 AND ts > ?2 AND ts < ?3 AND " IS_GOOD
			" ORDER BY ts LIMIT ?5)) WHERE value > ?4 * before",
	[LP_SQL_EACH_READER] =
		"SELECT c.id, " LP_SQLITE_SCHEDULE_C ", b.watermark, b.start, i.window_length, i.shift, i.lookback,"
		" c.recompute_within, EXISTS (SELECT 1 FROM calculation_output o WHERE o.series_id = ?1),"
		" g.after_end, g.until_end, c.enabled"
		" FROM calculation_input i JOIN calculation c ON c.id = i.calculation_id"
		" JOIN batch b ON b.id = c.batch_id"
		" LEFT JOIN owed g ON g.id = (SELECT id FROM owed WHERE calculation_id = c.id AND reason = 1"
		" ORDER BY until_end DESC LIMIT 1) WHERE i.series_id = ?1"
		" AND b.watermark IS NOT NULL",
	[LP_SQL_OWED_OF] =
		"SELECT id, reason, window_start, after_end, until_end, cause_id, touched, replace_imported FROM owed"
		" WHERE calculation_id = ?1",
	[LP_SQL_PUT_OWED] =
		"INSERT INTO owed (id, calculation_id, reason, window_start, after_end, until_end, cause_id, touched, noted,"
		" replace_imported) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (id) DO UPDATE"
		" SET window_start = excluded.window_start, after_end = excluded.after_end,"
		" until_end = excluded.until_end, touched = excluded.touched",
	[LP_SQL_COPY_OWED] =
		"INSERT INTO owed (calculation_id, reason, window_start, after_end, until_end, cause_id, touched, noted,"
		" replace_imported) SELECT calculation_id, reason, window_start, ?4, until_end, cause_id, touched, noted,"
		" replace_imported FROM owed WHERE id = ?1 AND after_end = ?2 AND touched = ?3 AND after_end < ?4"
		" AND until_end > ?4",
	[LP_SQL_CUT_OWED] = "UPDATE owed SET until_end = ?2 WHERE id = ?1",
	[LP_SQL_EACH_OWED] =
		"SELECT o.id, o.calculation_id, c.batch_id, c.rank, o.reason, o.after_end, o.until_end,"
		" o.touched, o.cause_id, o.replace_imported, (SELECT batch_id FROM calculation WHERE id = o.cause_id)"
		" FROM owed o JOIN calculation c ON c.id = o.calculation_id"
		" WHERE c.enabled = 1 AND (?1 = -1 OR c.rank = ?1) AND (o.reason = 7) = ?2"
		" AND (o.reason <> 5 OR NOT EXISTS (SELECT 1 FROM calculation cause WHERE cause.id = o.cause_id"
		" AND cause.enabled = 1 AND (" IS_PENDING(
			"cause.id") " OR EXISTS (SELECT 1 FROM owed t"
				    " WHERE t.calculation_id = cause.id AND t.reason = 6))))"
				    " AND (o.reason <> 6 OR NOT " IS_STOPPED ")"
				    " ORDER BY c.rank, c.batch_id, o.reason, o.after_end, o.until_end, o.calculation_id",
	[LP_SQL_CHECK_OWED] = "SELECT 1 FROM owed WHERE id = ?1 AND after_end = ?2 AND touched = ?3",
	[LP_SQL_MOVE_OWED] = "UPDATE owed SET after_end = ?2, window_start = coalesce(?3, window_start), until_end = ?4"
			     " WHERE id = ?1",
	[LP_SQL_DELETE_OWED] = "DELETE FROM owed WHERE id = ?1",
	[LP_SQL_DROP_OWED] = "DELETE FROM owed WHERE reason = ?1",
	[LP_SQL_FORGET_OWED] = "DELETE FROM owed WHERE calculation_id = ?1",
	[LP_SQL_REOPEN] =
		"UPDATE pending SET attempts = 0, given_up = 0, next_attempt = window_end WHERE calculation_id IN"
		" (SELECT id FROM calculation WHERE (?1 IS NULL OR name GLOB ?1) AND (?2 IS NULL OR rule = ?2))"
		" AND (?3 IS NULL OR window_end > ?3) AND (?4 IS NULL OR window_start < ?4)",
	/* attempts and next attempt of a state are those of its window. */
	[LP_SQL_REOPEN_STATES] =
		"UPDATE state SET attempts = 0, next_attempt = window_end WHERE failing_since IS NOT NULL"
		" AND calculation_id IN"
		" (SELECT id FROM calculation WHERE (?1 IS NULL OR name GLOB ?1) AND (?2 IS NULL OR rule = ?2))"
		" AND (?3 IS NULL OR window_end > ?3) AND (?4 IS NULL OR window_start < ?4)",
	[LP_SQL_COUNT_REOPENED] =
		"SELECT count(*), count(DISTINCT calculation_id) FROM pending WHERE calculation_id IN"
		" (SELECT id FROM calculation WHERE (?1 IS NULL OR name GLOB ?1) AND (?2 IS NULL OR rule = ?2))"
		" AND (?3 IS NULL OR window_end > ?3) AND (?4 IS NULL OR window_start < ?4)",
	[LP_SQL_STORED] =
		"SELECT (SELECT coalesce(window_end, ts) FROM sample WHERE series_id = ?1 AND " IS_RESULT
		" ORDER BY ts LIMIT 1), (SELECT coalesce(window_end, ts) FROM sample WHERE series_id = ?1"
		" AND " IS_RESULT " ORDER BY ts DESC LIMIT 1),"
		" (SELECT count(*) FROM (SELECT 1 FROM sample WHERE series_id = ?1 AND " IS_RESULT " LIMIT ?2))",
	[LP_SQL_NOTE_OUTDATED] =
		"INSERT INTO outdated (calculation_id, reason, after_end, until_end, noted, other_windows)"
		" SELECT id, ?2, ?3, until, ?5, ?6 FROM (SELECT c.id, max(coalesce(?4, b.watermark), coalesce(b.watermark, ?4))"
		" AS until FROM calculation c LEFT JOIN batch b ON b.id = c.batch_id WHERE c.name = ?1)"
		" WHERE until > ?3" OUTDATED_MORE,
	/* Their windows are the same: none ends before the first result, or begins before `start`. */
	[LP_SQL_OUTDATE_RULE] =
		"INSERT INTO outdated (calculation_id, reason, after_end, until_end, noted)"
		" SELECT id, 'rule version', coalesce(start, first), watermark, ?2 FROM"
		" (SELECT c.id, c.start, b.watermark, (SELECT min(first) FROM"
		" (SELECT (SELECT coalesce(window_end, ts) - 1 FROM sample WHERE series_id = o.series_id AND " IS_RESULT
		" ORDER BY ts LIMIT 1) AS first FROM calculation_output o WHERE o.calculation_id = c.id)) AS first"
		" FROM calculation c JOIN batch b ON b.id = c.batch_id WHERE c.rule = ?1)"
		" WHERE first IS NOT NULL AND watermark > coalesce(start, first)" OUTDATED_MORE,
	[LP_SQL_EACH_OUTDATED] =
		"SELECT c.id, c.name, c.rule, c.enabled, o.owed, o.reason, o.after_end, o.until_end, o.other_windows, o.noted"
		" FROM outdated o"
		" JOIN calculation c ON c.id = o.calculation_id ORDER BY c.name",
	[LP_SQL_OWE_OUTDATED] = "UPDATE outdated SET owed = 1 WHERE calculation_id = ?1 AND noted = ?2",
	[LP_SQL_DISOWN_OUTDATED] = "UPDATE outdated SET owed = 0 WHERE owed = 1",
	[LP_SQL_SETTLE_OUTDATED] = "DELETE FROM outdated WHERE owed = 1 AND NOT EXISTS (SELECT 1 FROM owed o"
				   " WHERE o.calculation_id = outdated.calculation_id AND o.reason = 7)",
	[LP_SQL_REMOVE_SUPERSEDED] = "DELETE FROM superseded WHERE series_id IN (SELECT series_id"
				     " FROM calculation_output WHERE calculation_id = ?1)"
				     " AND window_end > ?2 AND window_end <= ?3",
	[LP_SQL_REMOVE_RESULTS] =
		"DELETE FROM sample WHERE (series_id, ts) IN (SELECT m.series_id, m.ts FROM calculation_output o"
		" JOIN series s ON s.id = o.series_id JOIN sample m ON m.series_id = o.series_id"
		" AND m.ts >= ?2 + min(coalesce(s.results_from, 0), 0)"
		" AND m.ts <= ?3 + max(coalesce(s.results_to, 0), 0) WHERE o.calculation_id = ?1"
		" AND (m.window_end > ?2 AND m.window_end <= ?3"
		" OR m.window_end IS NULL AND m.samples IS NOT NULL AND m.ts >= ?2 AND m.ts <= ?3))",
	[LP_SQL_READ_PLACES] = "SELECT ts, window_end FROM sample WHERE series_id = ?1 AND ts > ?2"
			       " AND window_end IS NOT NULL ORDER BY ts LIMIT ?3",
	[LP_SQL_READ_PLACES_BACK] = "SELECT ts, window_end FROM sample WHERE series_id = ?1 AND ts < ?2"
				    " AND window_end IS NOT NULL ORDER BY ts DESC LIMIT ?3",
	[LP_SQL_CLEAR_PLACE] = "DELETE FROM sample WHERE series_id = ?1 AND ts = ?2 AND window_end <= ?3",
	[LP_SQL_MOVE_RESULT] =
		"UPDATE OR IGNORE sample SET ts = ?3 WHERE series_id = ?1 AND ts = ?2 AND window_end IS NOT NULL",
	[LP_SQL_ANY_ASIDE] = "SELECT EXISTS (SELECT 1 FROM pending WHERE given_up = 0)"
			     " OR EXISTS (SELECT 1 FROM owed WHERE reason IN (5, 6))",
	[LP_SQL_BLOCKERS_OF] =
		"SELECT i.series_id, p.window_start" AT_END ", p.window_end - 1" AT_END ", w.id, w.name" READ_OUTPUTS
		" JOIN pending p ON p.calculation_id = w.id WHERE i.calculation_id = ?1 AND w.enabled = 1"
		" AND p.given_up = 0 AND p.window_start" AT_END " <= ?3 AND p.window_end - 1" AT_END " >= ?2"
		" UNION ALL"
		" SELECT i.series_id, x.window_start" AT_END ", x.until_end - 1" AT_END ", coalesce(cause.id, w.id),"
		" coalesce(cause.name, w.name)" READ_OUTPUTS " JOIN owed x ON x.calculation_id = w.id"
		" LEFT JOIN calculation cause ON cause.id = x.cause_id WHERE i.calculation_id = ?1 AND w.enabled = 1"
		" AND x.reason IN (5, 6) AND x.window_start" AT_END " <= ?3 AND x.until_end - 1" AT_END " >= ?2",
	[LP_SQL_EACH_BREAKER] =
		"SELECT rule, since, run_id, failed, computed, trials, error FROM breaker ORDER BY rule",
	[LP_SQL_PUT_BREAKER] = "INSERT OR REPLACE INTO breaker (rule, since, run_id, failed, computed, trials, error)"
			       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[LP_SQL_CLOSE_BREAKER] = "DELETE FROM breaker WHERE rule = ?1",
	[LP_SQL_ADD_RULE_VERSION] = "INSERT INTO rule_version (rule, version, run_id, tick) VALUES (?1, ?2, ?3, ?4)",
	[LP_SQL_RULE_VERSION_IN] =
		"SELECT version FROM rule_version WHERE rule = ?1 AND run_id <= ?2 ORDER BY id DESC LIMIT 1",
	[LP_SQL_REOPEN_RULE] = "UPDATE pending SET attempts = 0, given_up = 0, next_attempt = window_end"
			       " WHERE given_up = 1 AND calculation_id IN (SELECT id FROM calculation WHERE rule = ?1)",
	[LP_SQL_REOPEN_RULE_STATES] =
		"UPDATE state SET attempts = 0, next_attempt = window_end WHERE state = 'given_up'"
		" AND calculation_id IN (SELECT id FROM calculation WHERE rule = ?1)",
	[LP_SQL_FORGET_CHANGES] = "DELETE FROM change WHERE series_id = (SELECT id FROM series WHERE name = ?1)",
	[LP_SQL_PROGRESS] =
		"SELECT b.watermark, f.ts, f.window_end FROM calculation c JOIN batch b ON b.id = c.batch_id"
		" LEFT JOIN sample f ON (f.series_id, f.ts) = (SELECT s.series_id, s.ts"
		" FROM calculation_output o JOIN sample s ON s.series_id = o.series_id"
		" AND s.ts = (SELECT ts FROM sample WHERE series_id = o.series_id AND samples IS NOT NULL"
		" ORDER BY ts LIMIT 1) WHERE o.calculation_id = c.id ORDER BY s.ts LIMIT 1) WHERE c.id = ?1",
	[LP_SQL_WRITER] = "SELECT calculation_id FROM calculation_output WHERE series_id = ?1",

	/* A series whose calculation is gone still has results: its oldest or its newest sample says so. */
	[LP_SQL_EACH_PRUNABLE] =
		"SELECT s.id, s.name, o.ts, o.samples IS NOT NULL"
		" OR EXISTS (SELECT 1 FROM calculation_output w WHERE w.series_id = s.id)"
		" OR (SELECT samples IS NOT NULL FROM sample WHERE series_id = s.id ORDER BY ts DESC LIMIT 1)"
		" FROM series s JOIN sample o ON o.series_id = s.id"
		" AND o.ts = (SELECT min(ts) FROM sample WHERE series_id = s.id)"
		" WHERE (?1 IS NULL OR s.name GLOB ?1) AND o.ts < ?2 ORDER BY s.id",
	[LP_SQL_FIND_LAST] = "SELECT ts FROM sample WHERE series_id = ?1 AND ts >= ?2 AND ts < ?3"
			     " AND " IS_GOOD " ORDER BY ts DESC LIMIT 1 OFFSET ?4",
	[LP_SQL_EACH_NEED] = "SELECT c.id, c.name, " LP_SQLITE_SCHEDULE_C ", b.watermark, c.start, i.window_length,"
			     " i.shift, i.lookback, c.enabled FROM calculation_input i"
			     " JOIN calculation c ON c.id = i.calculation_id LEFT JOIN batch b ON b.id = c.batch_id"
			     " WHERE i.series_id = ?1 ORDER BY c.id",
	[LP_SQL_EACH_DEBT] =
		"SELECT calculation_id, min(after_end) FROM (SELECT calculation_id, window_end - 1 AS after_end"
		" FROM pending WHERE given_up = 0 UNION ALL SELECT calculation_id, after_end FROM owed)"
		" GROUP BY calculation_id ORDER BY calculation_id",
	[LP_SQL_COUNT_SAMPLES] = "SELECT count(*) FROM (SELECT 1 FROM sample WHERE series_id = ?1 AND ts >= ?2"
				 " AND ts < ?3 LIMIT ?4)",
	[LP_SQL_NOTE_PRUNED] = "UPDATE series SET pruned_from = min(coalesce(pruned_from, ?2), ?2),"
			       " pruned_to = max(coalesce(pruned_to, ?3), ?3) WHERE id = ?1",
	[LP_SQL_TOUCH_READERS_OF] =
		"UPDATE batch SET generation = generation + 1 WHERE id IN (SELECT c.batch_id FROM calculation_input i"
		" JOIN calculation c ON c.id = i.calculation_id WHERE i.series_id = ?1)",
	[LP_SQL_RESTORE_PRUNED] = "UPDATE series SET pruned_from = ?2, pruned_to = ?3 WHERE id = ?1",
	[LP_SQL_PRUNE_SUPERSEDED] = "DELETE FROM superseded WHERE series_id = ?1 AND ts < ?2",
	[LP_SQL_PRUNE_BOUND] = "SELECT min(ts), max(ts) FROM (SELECT ts FROM sample WHERE series_id = ?1 AND ts < ?2"
			       " ORDER BY ts LIMIT ?3)",
	/* From one id to the next by the table's order: to read all samples would take hours. */
	[LP_SQL_EACH_NOBODYS] =
		"WITH RECURSIVE each (id) AS (SELECT min(series_id) FROM sample UNION ALL"
		" SELECT (SELECT min(series_id) FROM sample WHERE series_id > each.id) FROM each WHERE each.id IS NOT NULL)"
		" SELECT id FROM each WHERE id NOT IN (SELECT id FROM series)"
		" AND EXISTS (SELECT 1 FROM sample WHERE series_id = id AND ts < ?1)",
	[LP_SQL_PRUNE_SAMPLES] = "DELETE FROM sample WHERE series_id = ?1 AND ts <= ?2",
	[LP_SQL_COUNT_OUTCOMES] = "SELECT count(*) FROM outcome WHERE tick < ?1",
	[LP_SQL_PRUNE_OUTCOMES] = "DELETE FROM outcome WHERE tick < ?1",
	[LP_SQL_COUNT_RUNS] = "SELECT count(*) FROM run WHERE tick < ?1 AND result <> 'running'",
	[LP_SQL_PRUNE_RUNS] = "DELETE FROM run WHERE tick < ?1 AND result <> 'running'",
};
