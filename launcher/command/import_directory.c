/* `import`: the files of a directory, in the order of their names, each a transaction of its own. */
#include "command/import.h"

#include "command/output.h"
#include "text/glob.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

bool lp_import_is_directory(const char *operand)
{
	struct stat found;

	if (stat(operand, &found) == 0)
		return S_ISDIR(found.st_mode);
	return strpbrk(operand, "*?") != NULL;
}

/* "logs/2026-*.csv" is a pattern in a directory. */
static bool part_operand(struct lp_import_listing *listing, const char *operand, struct lp_error *error)
{
	struct stat found;
	const char *slash = strrchr(operand, '/');

	if (listing->directory != NULL)
		return true;
	if (stat(operand, &found) == 0 || strpbrk(operand, "*?") == NULL) {
		listing->directory = lp_copy_text(operand);
		return true;
	}
	if (slash != NULL && strcspn(operand, "*?") < (size_t)(slash - operand)) {
		lp_fail(error, LP_EXIT_USAGE, "%s: a pattern is of the names of files, not of directories", operand);
		return lp_hint(error, "Name each directory.");
	}
	listing->directory = slash == NULL ? lp_copy_text(".") : lp_copy_text(operand);
	if (slash != NULL)
		listing->directory[slash == operand ? 1 : slash - operand] = '\0';
	listing->pattern = lp_copy_text(slash == NULL ? operand : slash + 1);
	return true;
}

static bool fits(const struct lp_import_listing *listing, const char *name)
{
	size_t length = strlen(name);

	if (listing->pattern != NULL)
		return lp_glob(listing->pattern, name, NULL);
	return length > 4 && strcasecmp(name + length - 4, ".csv") == 0;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void empty(struct lp_import_listing *listing)
{
	for (size_t i = 0; i < listing->count; i++)
		free(listing->names[i]);
	listing->count = listing->passed_over = 0;
}

bool lp_import_list(struct lp_import_listing *listing, const char *operand, struct lp_error *error)
{
	struct dirent *entry;
	struct stat found;

	empty(listing);
	if (!part_operand(listing, operand, error))
		return false;
	DIR *directory = opendir(listing->directory);
	if (directory == NULL)
		return lp_fail_errno(error, errno == EACCES ? LP_EXIT_PERMISSION : LP_EXIT_DATA, errno,
		                     "cannot open %s", listing->directory);
	while (errno = 0, (entry = readdir(directory)) != NULL) {
		/* What is written under a hidden name is not there yet. */
		if (entry->d_name[0] == '.' || fstatat(dirfd(directory), entry->d_name, &found, 0) != 0 ||
		    !S_ISREG(found.st_mode))
			continue;
		if (!fits(listing, entry->d_name)) {
			listing->passed_over++;
			continue;
		}
		LP_GROW(listing->names, listing->count, listing->capacity);
		listing->names[listing->count++] = lp_copy_text(entry->d_name);
	}
	int failed = errno;
	closedir(directory);
	if (listing->count > 1)
		qsort(listing->names, listing->count, sizeof *listing->names, compare_names);
	return failed == 0 || lp_fail_errno(error, LP_EXIT_DATA, failed, "cannot read %s", listing->directory);
}

void lp_import_listing_free(struct lp_import_listing *listing)
{
	empty(listing);
	free(listing->names);
	free(listing->directory);
	free(listing->pattern);
	*listing = (struct lp_import_listing){ 0 };
}

bool lp_import_is_of_file(const struct lp_error *error)
{
	return error->exit == LP_EXIT_DATA ||
	       (error->exit == LP_EXIT_PERMISSION && error->error_number != 0 && error->sqlstate[0] == '\0');
}

/* What became of many files. */
struct tally {
	uint64_t stored, failed, passed_over;
	enum lp_exit exit;     /* of the first that failed */
	struct lp_text causes; /* a line each, and its hint */
};

static bool import_file(struct lp_session *session, const struct lp_import_settings *settings, const char *path,
                        struct lp_error *error)
{
	struct lp_import import = { .settings = settings, .store = session->store };
	bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdin : lp_import_open(path, error);
	bool ok = file != NULL && lp_import_one(&import, file, standard ? "standard input" : path, error);

	if (file != NULL && !standard)
		fclose(file);
	lp_import_free(&import);
	return ok;
}

/* False: nothing more can be stored. */
static bool try_file(struct lp_session *session, const struct lp_import_settings *settings, const char *path,
                     struct tally *tally, struct lp_error *error)
{
	if (import_file(session, settings, path, error)) {
		tally->stored++;
		return true;
	}
	if (!lp_import_is_of_file(error))
		return false;
	tally->exit = tally->failed++ == 0 ? error->exit : tally->exit;
	lp_text_addf(&tally->causes, "%s\n", error->what);
	if (error->hint[0] != '\0')
		lp_text_addf(&tally->causes, "  %s\n", error->hint);
	*error = (struct lp_error){ 0 };
	return true;
}

static bool try_operand(struct lp_session *session, const struct lp_import_settings *settings, const char *operand,
                        struct tally *tally, struct lp_error *error)
{
	struct lp_import_listing listing = { 0 };
	bool ok = true;

	if (!lp_import_is_directory(operand))
		return try_file(session, settings, operand, tally, error);
	ok = lp_import_list(&listing, operand, error);
	if (ok && listing.count == 0) {
		ok = lp_fail(error, LP_EXIT_DATA, "there is no file %s in %s",
		             listing.pattern != NULL ? listing.pattern : "*.csv", listing.directory);
		lp_hint(error, "Files with other names are found by a pattern: '%s/*.txt'.", listing.directory);
	}
	for (size_t i = 0; i < listing.count && ok; i++) {
		char *path = lp_format_text("%s/%s", listing.directory, listing.names[i]);
		ok = try_file(session, settings, path, tally, error);
		free(path);
	}
	tally->passed_over += listing.passed_over;
	lp_import_listing_free(&listing);
	return ok;
}

bool lp_import_each(struct lp_session *session, const struct lp_import_settings *settings,
                    const struct lp_words *operands, struct lp_error *error)
{
	struct tally tally = { 0 };
	bool ok = !settings->restores_pruned ||
	          lp_fail(error, LP_EXIT_USAGE, "--restores-pruned is about all files together: name them one by one");

	for (size_t i = 0; i < operands->count && ok; i++)
		ok = try_operand(session, settings, operands->items[i], &tally, error);
	uint64_t all = tally.stored + tally.failed;
	if (all > 0)
		printf("%" PRIu64 " of %" PRIu64 " files %s%s\n", tally.stored, all,
		       settings->dry_run ? "are right" : "are stored", ok ? "" : "; the others were not tried");
	if (tally.passed_over > 0)
		printf("%" PRIu64 " with other names passed over\n", tally.passed_over);
	fflush(stdout);
	if (tally.causes.length > 0)
		lp_print_text(stderr, tally.causes.data);
	lp_text_free(&tally.causes);
	if (!ok || tally.failed == 0)
		return ok;
	return lp_fail(error, tally.exit, "%" PRIu64 " of %" PRIu64 " files are wrong; nothing of them is stored",
	               tally.failed, all);
}
