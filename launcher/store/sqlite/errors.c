/*
 * From SQLite's result codes to errors that an operator can act on: one table.
 */
#include "store/sqlite/internal.h"

#include <errno.h>

struct meaning {
	int code; /* an extended code, or a primary one for all its extended ones */
	enum lp_exit exit;
	const char *why; /* NULL: SQLite's own words */
	const char *hint;
};

static const struct meaning meanings[] = {
	{ SQLITE_BUSY, LP_EXIT_TEMPORARY, "the database is locked by another program",
	  "Another program holds a transaction open; it is tried again by the next run. fuser FILE tells which." },
	{ SQLITE_LOCKED, LP_EXIT_TEMPORARY, "a table is locked", "Try again." },
	{ SQLITE_PROTOCOL, LP_EXIT_TEMPORARY, "its locks cannot be had",
	  "SQLite needs a local file system: not NFS or SMB." },
	{ SQLITE_INTERRUPT, LP_EXIT_TEMPORARY, "it was interrupted", "" },
	{ SQLITE_FULL, LP_EXIT_CANNOT_WRITE, "the disk is full",
	  "Free some space and run again: what was committed stays, the rest is done then." },
	{ SQLITE_READONLY, LP_EXIT_CANNOT_WRITE, "the file or its directory is read-only",
	  "Writing needs the file and its directory to be writable: SQLite keeps FILE-wal and FILE-shm beside it." },
	{ SQLITE_PERM, LP_EXIT_PERMISSION, "permission denied", "" },
	{ SQLITE_AUTH, LP_EXIT_PERMISSION, "permission denied", "" },
	{ SQLITE_CANTOPEN, LP_EXIT_UNAVAILABLE, "the file, or FILE-wal or FILE-shm beside it, cannot be opened",
	  "SQLite writes FILE-wal and FILE-shm beside the file, for reading too: the directory must be writable." },
	{ SQLITE_NOTADB, LP_EXIT_CONFIGURATION, "the file is not a SQLite database",
	  "Give another file: sqlite:FILE. local-processing migrate makes one that is not there yet." },
	{ SQLITE_CORRUPT, LP_EXIT_UNAVAILABLE, "the file is damaged",
	  "Restore a backup, or save what can be read with: sqlite3 FILE .recover" },
	{ SQLITE_IOERR, LP_EXIT_UNAVAILABLE, "reading or writing the file failed", "The system's log may know more." },
	{ SQLITE_NOLFS, LP_EXIT_CANNOT_WRITE, "the file system cannot hold a file this large", "" },
	{ SQLITE_CONSTRAINT, LP_EXIT_DATA, NULL, "" },
	{ SQLITE_TOOBIG, LP_EXIT_DATA, "a text is too long", "" },
};
static const struct meaning bug = { SQLITE_ERROR, LP_EXIT_INTERNAL, NULL,
	                            "Please report this. If somebody changed the schema by hand, that may be why." };

static const struct meaning *find_meaning(int code)
{
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (meanings[i].code == code)
			return &meanings[i];
	return NULL;
}

/* The system's error says more than SQLite's code. */
static enum lp_exit exit_for(const struct meaning *meaning, int error_number)
{
	if (meaning->code != SQLITE_IOERR && meaning->code != SQLITE_CANTOPEN && meaning->code != SQLITE_FULL)
		return meaning->exit;
	switch (error_number) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case EROFS:
		return LP_EXIT_CANNOT_WRITE;
	case EACCES:
	case EPERM:
		return LP_EXIT_PERMISSION;
	case EMFILE:
	case ENFILE:
		return LP_EXIT_TEMPORARY;
	default:
		return meaning->exit;
	}
}

bool lp_sqlite_fail_code(struct sqlite_store *store, int code, int error_number, const char *why,
                         struct lp_error *error, const char *doing)
{
	const struct meaning *meaning = find_meaning(code);
	const char *path = store->path;
	enum lp_exit exit_code;

	if (meaning == NULL)
		meaning = find_meaning(code & 0xff);
	if (meaning == NULL)
		meaning = &bug;
	exit_code = exit_for(meaning, error_number);
	if (meaning->why != NULL)
		why = meaning->why;
	if (meaning->code == SQLITE_BUSY)
		lp_fail(error, exit_code, "sqlite:%s: cannot %s: %s (waited %d s)", path, doing, why,
		        store->busy_seconds);
	else if (error_number != 0 && meaning != &bug && meaning->code != SQLITE_CONSTRAINT)
		lp_fail_errno(error, exit_code, error_number, "sqlite:%s: cannot %s: %s", path, doing, why);
	else
		lp_fail(error, exit_code, "sqlite:%s: cannot %s: %s", path, doing, why);
	return lp_hint(error, "%s", meaning->hint);
}

bool lp_sqlite_fail(struct sqlite_store *store, struct lp_error *error, const char *doing)
{
	int said = errno, code = sqlite3_extended_errcode(store->database), primary = code & 0xff, error_number = 0;

	/* SQLite keeps errno of most failures, not of those of a COMMIT; execute.c sets errno to 0 before each call. */
	if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_FULL) {
		error_number = sqlite3_system_errno(store->database);
		if (error_number == 0)
			error_number = said;
	}
	return lp_sqlite_fail_code(store, code, error_number, sqlite3_errmsg(store->database), error, doing);
}
