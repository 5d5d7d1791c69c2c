/* `import`: files in one transaction, and what is said of it. */
#include "command/import.h"

#include "command/output.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

FILE *lp_import_open(const char *path, struct lp_error *error)
{
	FILE *file = fopen(path, "re");
	if (file == NULL)
		lp_fail_errno(error, errno == EACCES ? LP_EXIT_PERMISSION : LP_EXIT_DATA, errno, "cannot open %s",
		              path);
	return file;
}

static bool read_file(struct lp_import *import, const char *path, struct lp_error *error)
{
	if (strcmp(path, "-") == 0)
		return lp_import_read(import, stdin, "standard input", error);
	FILE *file = lp_import_open(path, error);
	if (file == NULL)
		return false;
	bool ok = lp_import_read(import, file, path, error);
	fclose(file);
	return ok;
}

/* In the long form it is known only at the end whether each --unit was about something. */
static bool check_units_used(const struct lp_import *import, struct lp_error *error)
{
	const struct lp_words *units = &import->settings->units;
	for (size_t i = 0; i < units->count && import->settings->long_form; i++) {
		const char *equals = strchr(units->items[i], '=');
		size_t length = (size_t)(equals - units->items[i]);
		bool used = false;
		for (size_t s = 0; s < import->series_count && !used; s++) {
			used = strlen(import->series[s].name) == length &&
			       strncmp(import->series[s].name, units->items[i], length) == 0;
		}
		if (!used)
			return lp_fail(error, LP_EXIT_DATA, "--unit %s: no line is about that series", units->items[i]);
	}
	return true;
}

static void print_restored(uint64_t count, const char *how)
{
	if (count > 0)
		printf("\n%" PRIu64 " series: what was pruned is there again%s", count, how);
}

static void print_pruned(const struct lp_import *import)
{
	const struct lp_import_series *one = import->unrestored;
	char to[40], last[40];
	print_restored(import->restored, "");
	print_restored(import->partly, " from the first sample imported on");
	if (import->not_restored == 0)
		return;
	lp_time_format(one->pruned.end - 1, import->settings->zone, to);
	lp_time_format(one->last, import->settings->zone, last);
	lp_print("\n%" PRIu64 " series (%s) had samples up to %s pruned: ", import->not_restored, one->name, to);
	if (import->settings->restores_pruned) {
		printf("these reach to %s only, so results that read further are left as they are", last);
	} else {
		fputs("results that read these are left as they are; if they are all of them, import them with "
		      "--restores-pruned",
		      stdout);
	}
}

void lp_import_print_report(const struct lp_import *import, const struct lp_text *alike)
{
	if (import->shown.length > 0)
		lp_print("the first samples as they would be stored:\n%s", import->shown.data);
	printf("%zu series (%" PRIu64 " new): %" PRIu64 " inserted, %" PRIu64 " updated, %" PRIu64 " unchanged",
	       import->series_count, import->created, import->counts.inserted, import->counts.updated,
	       import->counts.unchanged);
	if (import->missing > 0)
		printf("; %" PRIu64 " cell%s without a number", import->missing, import->missing == 1 ? "" : "s");
	if (import->repeated > 0)
		printf("; %" PRIu64 " given twice", import->repeated);
	print_pruned(import);
	fputs(import->settings->dry_run ? "\nnothing was stored (--dry-run)\n" : "\n", stdout);
	lp_print_text(stdout, alike->length > 0 ? alike->data : "");
}

bool lp_import_finish(struct lp_import *import, bool ok, struct lp_text *alike, struct lp_error *error)
{
	ok = ok && lp_import_restore(import, error) && lp_import_find_similar(import, alike, error);
	if (ok && !import->settings->dry_run) {
		ok = lp_store_commit_work(import->store, error);
		import->begun = !ok;
	}
	if (import->begun)
		lp_store_rollback(import->store);
	import->begun = false;
	return ok;
}

bool lp_import_one(struct lp_import *import, FILE *file, const char *name, struct lp_error *error)
{
	struct lp_text alike = { 0 };
	bool ok = lp_import_finish(import, lp_import_read(import, file, name, error), &alike, error);
	if (ok) {
		lp_print("%s: ", name);
		lp_import_print_report(import, &alike);
	}
	lp_text_free(&alike);
	return ok;
}

bool lp_import_all(struct lp_session *session, const struct lp_import_settings *settings, const struct lp_words *files,
                   struct lp_error *error)
{
	struct lp_import import = { .settings = settings, .store = session->store };
	struct lp_text alike = { 0 };
	bool ok = true;
	for (size_t i = 0; i < files->count && ok; i++)
		ok = read_file(&import, files->items[i], error);
	ok = lp_import_finish(&import, ok && check_units_used(&import, error), &alike, error);
	if (ok)
		lp_import_print_report(&import, &alike);
	lp_text_free(&alike);
	lp_import_free(&import);
	return ok;
}
