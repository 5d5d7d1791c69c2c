/*
 * Opens and closes a file, tells every reason against it apart, and sets up a
 * connection. Knows no table.
 */
#include "store/sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_SECONDS = 10 };

/*
 * Set for every connection.
 * synchronous FULL: a commit survives a loss of power, for one fsync a batch.
 * secure_delete off: Debian's SQLite overwrites what it deletes, which prune
 * would pay for.  temp_store: an image FROM scratch has no /tmp.
 * journal_size_limit: the -wal file shrinks again after a large import.
 */
static const char settings[] = "PRAGMA foreign_keys = ON;"
			       "PRAGMA synchronous = FULL;"
			       "PRAGMA cache_size = -32768;"
			       "PRAGMA temp_store = MEMORY;"
			       "PRAGMA secure_delete = OFF;"
			       "PRAGMA wal_autocheckpoint = 4000;"
			       "PRAGMA journal_size_limit = 67108864;";

static const char prefix[] = "sqlite:";

/* Checks the directory of a file that has to be made: SQLite would report only that it cannot read the file. */
static bool check_directory(const char *path, struct lp_error *error)
{
	char *directory = lp_copy_text(path); /* has a slash: it is absolute, or begins with ./ */
	bool ok;

	*(strrchr(directory, '/') + 1) = '\0';
	ok = faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0;
	if (!ok) {
		lp_fail_errno(error, errno == EACCES ? LP_EXIT_PERMISSION : LP_EXIT_CANNOT_WRITE, errno,
		              "sqlite:%s: cannot make a file in %s", path, directory);
		lp_hint(error, "The directory has to be there, and writable for user %u.", (unsigned)geteuid());
	}
	free(directory);
	return ok;
}

/* Checks what can be said about the file before SQLite opens it. */
static bool check_file(const char *path, bool create, struct lp_error *error)
{
	struct stat status;

	if (stat(path, &status) != 0) {
		if (errno == ENOENT && create)
			return check_directory(path, error);
		if (errno == ENOENT) {
			lp_fail(error, LP_EXIT_CONFIGURATION, "sqlite:%s: there is no such file", path);
			return lp_hint(error,
			               "local-processing migrate makes it, empty; local-processing demo makes one "
			               "with data to look at.");
		}
		if (errno != EACCES)
			return lp_fail_errno(error, LP_EXIT_CONFIGURATION, errno, "sqlite:%s", path);
		lp_fail_errno(error, LP_EXIT_PERMISSION, errno, "sqlite:%s: cannot reach the file", path);
		return lp_hint(error, "This is user %u: a directory on the way does not let it through.",
		               (unsigned)geteuid());
	}
	if (S_ISDIR(status.st_mode)) {
		lp_fail(error, LP_EXIT_CONFIGURATION, "sqlite:%s: this is a directory, not a database file", path);
		return lp_hint(error, "Name a file in it, such as sqlite:%s/local-processing.db", path);
	}
	if (!S_ISREG(status.st_mode))
		return lp_fail(error, LP_EXIT_CONFIGURATION, "sqlite:%s: this is not a regular file", path);
	if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0) {
		lp_fail_errno(error, LP_EXIT_PERMISSION, errno, "sqlite:%s: cannot read the file", path);
		return lp_hint(error, "It belongs to user %u and group %u; this is user %u.", (unsigned)status.st_uid,
		               (unsigned)status.st_gid, (unsigned)geteuid());
	}
	return true;
}

/*
 * SQLite counts its memory under one lock that all connections would wait for,
 * each time they ask for some.  Nobody here looks at the count.  Where a rule's
 * Python was first with SQLite, it stays.
 */
static void count_no_memory(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static bool open_database(struct sqlite_store *store, const char *path, const struct lp_store_options *options,
                          struct lp_error *error)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (options->create ? SQLITE_OPEN_CREATE : 0);
	bool imagined = options->pretend && access(path, F_OK) != 0;
	(void)pthread_once(&once, count_no_memory);
	int code = sqlite3_open_v2(imagined ? ":memory:" : path, &store->database, flags, NULL), keep = 1;

	store->path = lp_copy_text(path);
	if (code != SQLITE_OK) {
		int error_number = store->database != NULL ? sqlite3_system_errno(store->database) : 0;
		return lp_sqlite_fail_code(store, code, error_number, sqlite3_errstr(code), error, "open the database");
	}
	const char *resolved = sqlite3_db_filename(store->database, "main");
	if (resolved != NULL && *resolved != '\0') {
		free(store->path);
		store->path = lp_copy_text(resolved);
	}
	sqlite3_extended_result_codes(store->database, 1);
	sqlite3_busy_timeout(store->database, store->busy_seconds * 1000);
	/*
	 * FILE-wal and FILE-shm stay, empty: a user who may not write the directory can
	 * read the database only with them.
	 */
	sqlite3_file_control(store->database, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	return lp_sqlite_script(store, settings, error, "open the database");
}

bool lp_sqlite_open(const struct lp_store_options *options, struct lp_store **opened, struct lp_error *error)
{
	const char *file = options->address;
	struct sqlite_store *store;
	char *path;
	bool ok;

	if (strncmp(file, prefix, sizeof prefix - 1) == 0)
		file += sizeof prefix - 1;
	if (*file == '\0') {
		lp_fail(error, LP_EXIT_CONFIGURATION, "sqlite: names no file");
		return lp_hint(error, "Write sqlite:FILE, for example sqlite:/var/lib/local-processing/plant.db");
	}
	/* SQLite takes ":memory:" and "file:..." for something else than a file's name. */
	path = lp_format_text("%s%s", *file == '/' ? "" : "./", file);
	if (!check_file(path, options->create || options->pretend, error)) {
		free(path);
		return false;
	}
	store = lp_allocate(sizeof *store);
	store->magic = LP_SQLITE_MAGIC;
	store->run_lock = -1;
	store->busy_seconds = options->statement_timeout > 0 ? options->statement_timeout : BUSY_SECONDS;
	ok = open_database(store, path, options, error) && lp_sqlite_check_owner(store, error);
	free(path);
	if (!ok) {
		lp_sqlite_close(&store->store);
		return false;
	}
	lp_sqlite_open_elsewhere(store, options);
	*opened = &store->store;
	return true;
}

void lp_sqlite_close(struct lp_store *opened)
{
	struct sqlite_store *store;

	if (opened == NULL)
		return;
	store = lp_sqlite_store(opened);
	for (size_t i = 0; i < LP_SQLITE_STATEMENT_COUNT; i++)
		sqlite3_finalize(store->statements[i]);
	lp_sqlite_close_elsewhere(store);
	sqlite3_close_v2(store->database);
	if (store->run_lock >= 0)
		close(store->run_lock); /* the lock goes with it */
	free(store->path);
	free(store->samples.time);
	free(store->samples.value);
	free(store->samples.quality);
	free(store->samples.coverage);
	free(store->samples.samples);
	free(store->samples.window_end);
	lp_text_free(&store->text);
	store->magic = 0;
	free(store);
}

const char *lp_sqlite_version(const struct lp_store *opened)
{
	(void)opened; /* the library is the server */
	return "sqlite " SQLITE_VERSION;
}
