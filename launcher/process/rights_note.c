/*
 * A refusal reaches a rule's author as an error of Python, which cannot name the
 * reason; some errors do not even mention a permission.
 *
 * Runs in any process, in any thread.
 */
#include "process/rights.h"

#include <string.h>

static const char anything[] =
	"A rule opens files and sockets only as the setting rules_may lets it, and starts no program.";
static const char files[] = "A rule opens only the files that the setting rules_may lets it: rules_may: {read: [DIR], "
			    "write: [DIR]}.";
static const char network[] = "A rule has no network but where the setting is there: rules_may: {network: true}.";

/* The first entry that fits counts. */
static const struct {
	const char *type;    /* NULL: any */
	const char *message; /* a part of it; NULL: any */
	const char *note;
} refusals[] = {
	{ "socket.gaierror", NULL, network },
	{ NULL, "[Errno -3] Temporary failure in name resolution", network },
	{ "sqlite3.OperationalError", "unable to open database file", files },
	{ "sqlite3.OperationalError", "readonly database", files },
	{ "sqlite3.OperationalError", "disk I/O error", files },
	{ "FileNotFoundError", "No usable temporary directory", files },
	{ "PermissionError", NULL, anything },
	{ NULL, "[Errno 1] Operation not permitted", anything },
	{ NULL, "[Errno 13] Permission denied", anything },
};

bool lp_rights_explain(const char *error_type, const char *message, const char **note)
{
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		if (refusals[i].type != NULL && (error_type == NULL || strcmp(error_type, refusals[i].type) != 0))
			continue;
		if (refusals[i].message != NULL && (message == NULL || strstr(message, refusals[i].message) == NULL))
			continue;
		*note = refusals[i].note;
		return true;
	}
	return false;
}
