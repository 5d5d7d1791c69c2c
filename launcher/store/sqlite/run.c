/*
 * Runs: the lock that lets one work at a time, and their rows.
 */
#include "store/sqlite/internal.h"

#include "store/elsewhere.h"

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
	/* O_CREAT on another user's file is refused in sticky directories, so try without it first. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (file < 0 && errno == ENOENT)
		file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0664);
	return file;
}

static const char *const lock_names[] = { [LP_RUN_MINUTE] = "%s-run.lock", [LP_RUN_BACKFILL] = "%s-backfill.lock" };

enum { ASKED_MOST = 2000 };

/*
 * A caller of run_is_active shares the lock for an instant; a run must not give
 * way to that, however long the machine lets that caller wait.  So a lock that
 * can still be shared is tried again: only a run does not share it.
 */
static int lock_patiently(int file)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	for (int tries = 0;; tries++) {
		if (flock(file, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || tries == ASKED_MOST || flock(file, LOCK_SH | LOCK_NB) != 0)
			return -1;
		flock(file, LOCK_UN);
		nanosleep(&pause, NULL);
	}
}

bool lp_sqlite_lock_run(struct lp_store *opened, enum lp_run_kind kind, bool *acquired, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
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

void lp_sqlite_unlock_run(struct lp_store *opened)
{
	struct sqlite_store *store = lp_sqlite_store(opened);

	if (store->run_lock >= 0)
		close(store->run_lock);
	store->run_lock = -1;
}

bool lp_sqlite_run_is_active(struct lp_store *opened, enum lp_run_kind kind, bool *active, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
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

static bool insert_run(struct sqlite_store *store, struct lp_run *run, struct lp_error *error)
{
	if (!lp_sqlite_write(store, LP_SQLITE_BEGIN_RUN, &lp_new_run_layout, run, error))
		return false;
	run->id = sqlite3_last_insert_rowid(store->database);
	return true;
}

static bool interrupt_runs(struct sqlite_store *store, enum lp_run_kind kind, struct lp_error *error)
{
	return lp_sqlite_run_named(store, LP_SQLITE_INTERRUPT_RUNS, lp_run_kind_names[kind], NULL, error);
}

bool lp_sqlite_begin_run(struct lp_store *opened, struct lp_run *run, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);

	lp_elsewhere_look_again();
	return lp_sqlite_begin(store, error) &&
	       lp_sqlite_finish(store, interrupt_runs(store, run->kind, error) && insert_run(store, run, error), error);
}

bool lp_sqlite_is_running(struct sqlite_store *store, int64_t run_id, bool *running, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_IS_RUNNING, error);
	int64_t one;
	int row;

	if (statement == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, run_id);
	row = lp_sqlite_first(store, statement, &one, error);
	*running = row == 1;
	return row >= 0;
}

bool lp_sqlite_hold_run(struct lp_store *opened, int64_t run_id, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	bool running;

	/* The caller's transaction began IMMEDIATE, so no other connection writes until it ends. */
	assert(store->depth > 0);
	return lp_sqlite_is_running(store, run_id, &running, error) && (running || lp_run_is_over(error));
}

bool lp_sqlite_end_run(struct lp_store *opened, const struct lp_run *run, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_END_RUN, error);
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
	lp_sqlite_bind_text(statement, lp_sqlite_bind(statement, 1, &lp_ended_run_layout, run), states.data);
	ok = lp_sqlite_run(store, statement, &rows, error);
	lp_text_free(&states);
	return ok && (rows > 0 || lp_run_is_over(error));
}

/* Reads {"ok":58,"failed":2}, as end_run wrote it. */
static void read_states(const char *text, uint64_t states[LP_STATE_COUNT])
{
	for (int i = 0; i < LP_STATE_COUNT; i++) {
		char key[32];
		int length = snprintf(key, sizeof key, "\"%s\":", lp_state_name((enum lp_state)i));
		const char *found = text != NULL ? strstr(text, key) : NULL;

		states[i] = found != NULL ? strtoull(found + length, NULL, 10) : 0;
	}
}

bool lp_sqlite_each_run(struct lp_store *opened, const struct lp_run_query *query, lp_run_visit *visit, void *context,
                        struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_rows rows = lp_sqlite_read(store, LP_SQLITE_EACH_RUN, error);
	sqlite3_stmt *statement = rows.statement;
	struct lp_run run;

	sqlite3_bind_int64(statement, 1, query->id);
	lp_sqlite_bind_time(statement, 2, query->from);
	lp_sqlite_bind_time(statement, 3, query->to);
	sqlite3_bind_int64(statement, 4, query->most > 0 ? (int64_t)query->most : -1);
	while (lp_sqlite_next(&rows, &lp_run_layout, &run)) {
		read_states(lp_sqlite_text(statement, rows.column), run.states);
		rows.ok = visit(context, &run, error);
	}
	return lp_sqlite_end(&rows);
}
