/*
 * Checks whose file it is and which version its schema has, and makes the next
 * one. The schema itself is in schema/NNN_*.sql. Version and owner stand in the
 * file's header (user_version, application_id), so that a look at them costs one
 * page; the table `migration` is for people.
 */
#include "model/clock.h"
#include "store/sqlite/internal.h"
#include "store/steps.h"

#include <stdio.h>
#include <time.h>

static const char prefix[] = "schema/sqlite/";

bool lp_sqlite_check_owner(struct sqlite_store *store, struct lp_error *error)
{
	int64_t owner, tables;

	if (!lp_sqlite_pragma(store, "PRAGMA application_id", &owner, error))
		return false;
	if (owner == LP_SQLITE_APPLICATION_ID)
		return true;
	if (!lp_sqlite_pragma(store, lp_sqlite_statements[LP_SQLITE_COUNT_TABLES].sql, &tables, error))
		return false;
	if (owner == 0 && tables == 0)
		return true; /* empty: no program's yet */
	lp_fail(error, LP_EXIT_CONFIGURATION,
	        "sqlite:%s: the database belongs to another program (application_id %lld, "
	        "%lld tables and views)",
	        store->path, (long long)owner, (long long)tables);
	return lp_hint(error, "Give a file of its own: sqlite:FILE. Samples of another database come in with "
	                      "local-processing import.");
}

static bool read_version(struct sqlite_store *store, int32_t *version, struct lp_error *error)
{
	int64_t value;

	if (!lp_sqlite_pragma(store, "PRAGMA user_version", &value, error))
		return false;
	*version = (int32_t)value;
	return true;
}

bool lp_sqlite_schema(struct lp_store *opened, struct lp_schema_state *state, struct lp_error *error)
{
	state->wanted = lp_step_newest(prefix);
	return read_version(lp_sqlite_store(opened), &state->present, error);
}

/*
 * Readers and a writer at the same time. The switch takes the file from a lock
 * that it already shares to an exclusive one. There SQLite answers "busy" at
 * once, because two that wait for each other would wait for ever. So the waiting
 * is done here, with nothing held.
 */
static bool write_ahead(struct sqlite_store *store, struct lp_error *error)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int64_t mode;

	for (int tries = store->busy_seconds * 100; !lp_sqlite_pragma(store, "PRAGMA journal_mode = WAL", &mode, error);
	     tries--) {
		if ((sqlite3_errcode(store->database) & 0xff) != SQLITE_BUSY || tries <= 0)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

/* Neither can be changed within a transaction. */
static bool prepare_file(struct sqlite_store *store, struct lp_error *error)
{
	/* Must come before the first page is written; prune gives pages back to the system with it. */
	return lp_sqlite_script(store, "PRAGMA auto_vacuum = INCREMENTAL", error, "prepare the file") &&
	       write_ahead(store, error);
}

static bool note_migration(struct sqlite_store *store, const struct lp_step *step, struct lp_error *error)
{
	sqlite3_stmt *statement = lp_sqlite_prepare(store, LP_SQLITE_ADD_MIGRATION, error);

	if (statement == NULL)
		return false;
	sqlite3_bind_int(statement, 1, step->version);
	lp_sqlite_bind_text(statement, 2, step->description);
	lp_sqlite_bind_time(statement, 3, lp_now());
	lp_sqlite_bind_text(statement, 4, lp_step_program_version());
	return lp_sqlite_run(store, statement, NULL, error);
}

static bool run_step(struct sqlite_store *store, const struct lp_step *step, struct lp_error *error)
{
	char mark[80];

	snprintf(mark, sizeof mark, "PRAGMA user_version = %d; PRAGMA application_id = %d", step->version,
	         LP_SQLITE_APPLICATION_ID);
	return lp_sqlite_script(store, (const char *)step->file->data, error, "upgrade the schema") &&
	       note_migration(store, step, error) && lp_sqlite_script(store, mark, error, "upgrade the schema");
}

static bool migrate_within(struct sqlite_store *store, bool dry_run, lp_migrate_step *step, void *context,
                           struct lp_error *error)
{
	struct lp_step next = { .file = NULL };
	int32_t present;

	/* Read again, now that no other connection can write: another migrate may have been faster. */
	if (!lp_sqlite_check_owner(store, error) || !read_version(store, &present, error) ||
	    !lp_step_works_with(prefix, present, error))
		return false;
	while (lp_step_next(prefix, &next)) {
		if (next.version <= present)
			continue;
		if (!dry_run && !run_step(store, &next, error))
			return false;
		step(context, next.version, next.description);
	}
	return true;
}

bool lp_sqlite_migrate(struct lp_store *opened, const struct lp_migrate_options *options, lp_migrate_step *step,
                       void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);

	if (options->run_role != NULL || options->read_role != NULL) {
		lp_fail(error, LP_EXIT_USAGE, "sqlite:%s: SQLite knows no roles to grant to", store->path);
		return lp_hint(error,
		               "Who may read or write is said by the permissions of the file and its directory.");
	}
	if (options->dry_run)
		return migrate_within(store, true, step, context, error);
	return prepare_file(store, error) && lp_sqlite_begin(store, error) &&
	       lp_sqlite_finish(store, migrate_within(store, false, step, context, error), error);
}
