/*
 * Runs: the lock that lets one work at a time, their rows, and what they look
 * at first: batches and pending windows.
 */
#include "store/reading.h"
#include "store/sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/*
 * The lock is on a file of its own: SQLite's locks on the database would be
 * dropped as soon as any descriptor of it in this process is closed.  flock(2)
 * belongs to the open file, so that two stores of one process exclude each
 * other too, needs no right to write, and is gone with the process.  The file
 * stays: removing it would let two runs lock two files of one name.
 */
static int open_lock_file(const char *path)
{
	/* O_CREAT on somebody else's file is refused in sticky directories: first without. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (file < 0 && errno == ENOENT)
		file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0664);
	return file;
}

static const char *const lock_names[] = { [LP_RUN_MINUTE] = "%s-run.lock", [LP_RUN_BACKFILL] = "%s-backfill.lock" };

/*
 * Whoever asks whether a run is active (run_is_active) holds the lock for an
 * instant: a run must not give way to that.
 */
static int lock_patiently(int file)
{
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
	int code, tries = 0;

	for (;;) {
		code = flock(file, LOCK_EX | LOCK_NB);
		if (code == 0 || (errno != EINTR && (errno != EWOULDBLOCK || ++tries == 10)))
			return code;
		if (errno == EWOULDBLOCK)
			nanosleep(&pause, NULL);
	}
}

bool lp_sqlite_lock_run(struct lp_store *base, enum lp_run_kind kind, bool *acquired, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	char *path = lp_format_text(lock_names[kind], store->path);
	int file = open_lock_file(path), code;
	bool ok = true;

	*acquired = false;
	assert(store->run_lock < 0);
	if (file < 0) {
		ok = lp_fail_errno(error, errno == EACCES || errno == EPERM ? LP_EXIT_PERMISSION : LP_EXIT_CANNOT_WRITE,
		                   errno, "cannot open %s, the lock that keeps a second run away", path);
		free(path);
		return ok;
	}
	code = lock_patiently(file);
	if (code == 0) {
		store->run_lock = file;
		*acquired = true;
	} else {
		if (errno != EWOULDBLOCK)
			ok = lp_fail_errno(error, LP_EXIT_TEMPORARY, errno, "cannot lock %s", path);
		close(file);
	}
	free(path);
	return ok;
}

bool lp_sqlite_run_is_active(struct lp_store *base, enum lp_run_kind kind, bool *active, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	char *path = lp_format_text(lock_names[kind], store->path);
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	/* Without the file no run has ever been. */
	*active = false;
	free(path);
	if (file < 0)
		return errno == ENOENT ||
		       lp_fail_errno(error, LP_EXIT_TEMPORARY, errno, "cannot look at the lock of a run");
	if (flock(file, LOCK_SH | LOCK_NB) != 0)
		*active = errno == EWOULDBLOCK;
	close(file);
	return true;
}

static bool insert_run(struct lp_sqlite *store, struct lp_run *run, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_BEGIN_RUN, error);

	if (statement == NULL)
		return false;
	lp_sqlite_bind_time(statement, 1, run->tick);
	lp_sqlite_bind_time(statement, 2, run->started);
	lp_sqlite_bind_text(statement, 3, run->host);
	sqlite3_bind_int(statement, 4, run->process);
	lp_sqlite_bind_text(statement, 5, run->program_version);
	lp_sqlite_bind_text(statement, 6, lp_run_kind_names[run->kind]);
	if (!lp_sqlite_run(store, statement, NULL, error, "note the run"))
		return false;
	run->id = sqlite3_last_insert_rowid(store->database);
	return true;
}

static bool interrupt_runs(struct lp_sqlite *store, enum lp_run_kind kind, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_INTERRUPT_RUNS, error);

	if (statement == NULL)
		return false;
	lp_sqlite_bind_text(statement, 1, lp_run_kind_names[kind]);
	return lp_sqlite_run(store, statement, NULL, error, "mark runs that were killed");
}

bool lp_sqlite_begin_run(struct lp_store *base, struct lp_run *run, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	bool alone = sqlite3_get_autocommit(store->database) != 0;

	if (alone && !lp_sqlite_begin(base, error))
		return false;
	bool ok = interrupt_runs(store, run->kind, error) && insert_run(store, run, error);
	if (!alone)
		return ok;
	if (ok && lp_sqlite_commit_work(base, error))
		return true;
	lp_sqlite_rollback(base);
	return false;
}

bool lp_sqlite_is_running(struct lp_sqlite *store, int64_t run_id, bool *running, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_IS_RUNNING, error);
	int row;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, run_id);
	row = lp_sqlite_step(store, statement, error, "look at the run");
	*running = row == 1;
	sqlite3_reset(statement);
	return row >= 0;
}

bool lp_sqlite_hold_run(struct lp_store *base, int64_t run_id, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	bool running;

	/* The caller's transaction began IMMEDIATE: nobody else writes until it ends. */
	assert(sqlite3_get_autocommit(store->database) == 0);
	return lp_sqlite_is_running(store, run_id, &running, error) && (running || lp_run_is_over(error));
}

bool lp_sqlite_end_run(struct lp_store *base, const struct lp_run *run, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_END_RUN, error);
	struct lp_text states = { 0 };
	int64_t rows;
	bool ok;

	if (statement == NULL)
		return false;
	for (int i = 0; i < LP_STATE_COUNT; i++) {
		if (run->states[i] > 0)
			lp_text_addf(&states, "%c\"%s\":%llu", states.length == 0 ? '{' : ',',
			             lp_state_name((enum lp_state)i), (unsigned long long)run->states[i]);
	}
	lp_text_addf(&states, "%s", states.length == 0 ? "{}" : "}");
	sqlite3_bind_int64(statement, 1, run->id);
	lp_sqlite_bind_time(statement, 2, run->ended);
	lp_sqlite_bind_text(statement, 3, run->result);
	lp_sqlite_bind_text(statement, 4, run->error);
	sqlite3_bind_int64(statement, 5, (int64_t)run->windows);
	lp_sqlite_bind_text(statement, 6, states.data);
	sqlite3_bind_int64(statement, 7, (int64_t)run->newly_failed);
	sqlite3_bind_int64(statement, 8, (int64_t)run->samples_read);
	sqlite3_bind_int64(statement, 9, (int64_t)run->samples_written);
	sqlite3_bind_int64(statement, 10, (int64_t)run->still_due);
	sqlite3_bind_int64(statement, 11, (int64_t)run->recomputed);
	sqlite3_bind_int64(statement, 12, (int64_t)run->kept_imported);
	ok = lp_sqlite_run(store, statement, &rows, error, "note the end of the run");
	lp_text_free(&states);
	return ok && (rows > 0 || lp_run_is_over(error));
}

/* Of {"ok":58,"failed":2}: what end_run wrote. */
static void read_states(const char *text, uint64_t states[LP_STATE_COUNT])
{
	for (int i = 0; i < LP_STATE_COUNT; i++) {
		char key[32];
		int length = snprintf(key, sizeof key, "\"%s\":", lp_state_name((enum lp_state)i));
		const char *found = text != NULL ? strstr(text, key) : NULL;

		states[i] = found != NULL ? strtoull(found + length, NULL, 10) : 0;
	}
}

bool lp_sqlite_each_run(struct lp_store *base, uint32_t most, lp_run_visit *visit, void *context,
                        struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_RUN, error);
	int row;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, most > 0 ? (int64_t)most : -1);
	while ((row = lp_sqlite_step(store, statement, error, "read the runs")) == 1) {
		struct lp_run run = {
			.id = sqlite3_column_int64(statement, 0),
			.tick = lp_sqlite_time(statement, 1),
			.started = lp_sqlite_time(statement, 2),
			.ended = lp_sqlite_time(statement, 3),
			.host = lp_sqlite_text(statement, 4),
			.process = sqlite3_column_int(statement, 5),
			.program_version = lp_sqlite_text(statement, 6),
			.result = lp_sqlite_text(statement, 7),
			.error = lp_sqlite_text(statement, 8),
			.windows = (uint64_t)sqlite3_column_int64(statement, 9),
			.newly_failed = (uint64_t)sqlite3_column_int64(statement, 11),
			.samples_read = (uint64_t)sqlite3_column_int64(statement, 12),
			.samples_written = (uint64_t)sqlite3_column_int64(statement, 13),
			.still_due = (uint64_t)sqlite3_column_int64(statement, 14),
			.kind = lp_run_kind_parse(lp_sqlite_text(statement, 15)),
			.recomputed = (uint64_t)sqlite3_column_int64(statement, 16),
			.kept_imported = (uint64_t)sqlite3_column_int64(statement, 17),
		};
		read_states(lp_sqlite_text(statement, 10), run.states);
		if (!visit(context, &run, error)) {
			sqlite3_reset(statement);
			return false;
		}
	}
	return row == 0;
}

bool lp_sqlite_each_batch(struct lp_store *base, int32_t rank, lp_batch_visit *visit, void *context,
                          struct lp_error *error)
{
	const int after = 4 + LP_SQLITE_SCHEDULE_COLUMNS;
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_BATCH, error);
	int64_t *upstream = NULL;
	size_t upstream_capacity = 0;
	struct lp_arena arena = { .first = NULL };
	int row;

	if (statement == NULL)
		return false;
	sqlite3_bind_int(statement, 1, rank);
	while ((row = lp_sqlite_step(store, statement, error, "read the batches")) == 1) {
		struct lp_batch_head head = {
			.id = sqlite3_column_int64(statement, 0),
			.generation = sqlite3_column_int64(statement, 1),
			.rank = sqlite3_column_int(statement, 2),
			.size = sqlite3_column_int(statement, 3),
			.start = lp_sqlite_time(statement, after),
			.watermark = lp_sqlite_time(statement, after + 1),
			.reach = sqlite3_column_int64(statement, after + 3),
			.span = sqlite3_column_int64(statement, after + 5),
		};
		lp_sqlite_array_read(lp_sqlite_text(statement, after + 2), &upstream, &head.upstream_count,
		                     &upstream_capacity);
		head.upstream = upstream;
		lp_arena_empty(&arena);
		if (!lp_sqlite_read_schedule(statement, 4, &head.schedule, error) ||
		    !lp_readings_parse(lp_sqlite_text(statement, after + 4), &arena, &head.readings,
		                       &head.reading_count, error)) {
			lp_fail_within(error, "schedule of batch %lld", (long long)head.id);
			row = -1;
		} else if (!visit(context, &head, error)) {
			row = -1;
		}
		if (row < 0) {
			sqlite3_reset(statement);
			break;
		}
	}
	free(upstream);
	lp_arena_free(&arena);
	return row == 0;
}

bool lp_sqlite_each_pending(struct lp_store *base, lp_time tick, lp_pending_visit *visit, void *context,
                            struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_PENDING, error);
	int row;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, tick);
	while ((row = lp_sqlite_step(store, statement, error, "read the pending windows")) == 1) {
		struct lp_pending pending = {
			.calculation_id = sqlite3_column_int64(statement, 0),
			.rank = sqlite3_column_int(statement, 1),
			.attempts = sqlite3_column_int(statement, 2),
			.window = { sqlite3_column_int64(statement, 3), sqlite3_column_int64(statement, 4) },
			.batch_id = sqlite3_column_int64(statement, 5),
		};
		if (!visit(context, &pending, error)) {
			sqlite3_reset(statement);
			return false;
		}
	}
	return row == 0;
}

bool lp_sqlite_fail_batch(struct lp_store *base, int64_t batch_id, lp_time tick, const char *error_type,
                          const char *error_message, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_FAIL_BATCH, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, batch_id);
	lp_sqlite_bind_time(statement, 2, tick);
	lp_sqlite_bind_text(statement, 3, error_type);
	lp_sqlite_bind_text(statement, 4, error_message);
	return lp_sqlite_run(store, statement, NULL, error, "note that a batch cannot be scheduled");
}

bool lp_sqlite_each_edge(struct lp_store *base, int64_t batch_id, int64_t calculation_id, lp_edge_visit *visit,
                         void *context, struct lp_error *error)
{
	struct lp_sqlite *store = lp_sqlite_of(base);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQL_EACH_EDGE, error);
	int row;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, batch_id);
	sqlite3_bind_int64(statement, 2, calculation_id);
	while ((row = lp_sqlite_step(store, statement, error, "read who reads whom")) == 1) {
		struct lp_edge edge = {
			.reader_id = sqlite3_column_int64(statement, 0),
			.reader_batch = sqlite3_column_int64(statement, 1),
			.writer_id = sqlite3_column_int64(statement, 2),
			.writer_batch = sqlite3_column_int64(statement, 3),
			.series_id = sqlite3_column_int64(statement, 4),
			.reader = lp_sqlite_text_or_empty(statement, 5),
			.writer = lp_sqlite_text_or_empty(statement, 6),
		};

		if (!visit(context, &edge, error)) {
			sqlite3_reset(statement);
			return false;
		}
	}
	return row == 0;
}
