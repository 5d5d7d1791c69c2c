/* `migrate`: makes or upgrades the schema of the store, and grants the rights on it. */
#include "command/command.h"
#include "command/output.h"

#include <errno.h>
#include <stdio.h>

struct request {
	const char *run_role, *read_role, *triggers_to;
	bool dry_run;
};

struct progress {
	bool dry_run;
	int steps;
};

static void print_step(void *context, int32_t version, const char *description)
{
	struct progress *progress = context;

	progress->steps++;
	printf("%s version %d: %s\n", progress->dry_run ? "would make" : "making", version, description);
	fflush(stdout);
}

static void print_outcome(const struct lp_schema_state *before, const struct lp_schema_state *after,
                          const struct request *request, const struct progress *progress)
{
	if (progress->steps == 0 && after->present != before->present)
		printf("another migrate has made version %d meanwhile: nothing left to do\n", after->present);
	else if (progress->steps == 0)
		printf("the schema has version %d: nothing to do\n", after->present);
	else if (!request->dry_run)
		printf("the schema has version %d\n", after->present);
	if (request->run_role != NULL)
		printf("%s %s: apply, import, run, prune\n", request->dry_run ? "would grant" : "granted",
		       request->run_role);
	if (request->read_role != NULL)
		printf("%s %s: read\n", request->dry_run ? "would grant" : "granted", request->read_role);
	if (request->dry_run)
		puts("nothing was changed (--dry-run)");
}

/* Says whether the program that was used until now goes on working: whoever upgrades wants to know it beforehand. */
static void print_way_back(const struct lp_schema_state *before)
{
	if (before->present == before->wanted + 1)
		puts("a newer release made it, and this one works with it");
	if (before->present == 0 || before->present >= before->wanted)
		return;
	if (before->present == before->wanted - 1)
		printf("the way back: the release that made version %d works with version %d too\n", before->present,
		       before->wanted);
	else
		printf("the way back: the release that made version %d does not work with version %d, only one that makes "
		       "version %d does; make a backup before you migrate\n",
		       before->present, before->wanted, before->wanted - 1);
}

/* Writes what the owner of tables has to run; nothing where the triggers are there already. */
static bool write_triggers(const char *path, const struct lp_text *triggers, struct lp_error *error)
{
	FILE *file;
	bool written;

	if (triggers->length == 0) {
		puts("the triggers of tables are as the configuration has them: no file was written");
		return true;
	}
	file = fopen(path, "we");
	if (file == NULL)
		return lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno, "cannot write %s", path);
	written = fprintf(file,
	                  "-- Triggers that note late rows for local-processing. Run this as a role that owns the "
	                  "tables and may create\n-- functions in the schema local_processing and give them to its "
	                  "owner, such as a superuser.\nBEGIN;\n%sCOMMIT;\n",
	                  triggers->data) > 0;
	if (fclose(file) != 0 || !written)
		return lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno, "cannot write %s", path);
	lp_print("%s: triggers for the owner of the tables; a run refuses to begin until they are there. Migrate again "
	         "afterwards\n",
	         path);
	return true;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	struct lp_text triggers = { 0 };
	struct lp_migrate_options options = { .run_role = request->run_role,
		                              .read_role = request->read_role,
		                              .dry_run = request->dry_run,
		                              .triggers = request->triggers_to == NULL ? NULL : &triggers };
	struct progress progress = { .dry_run = request->dry_run };
	struct lp_schema_state before, after;
	char place[256];

	session->store_options.any_schema = true;
	session->store_options.create = !request->dry_run;
	session->store_options.pretend = request->dry_run;
	if (!lp_session_open_store(session, error) || !lp_store_schema(session->store, &before, error))
		return false;
	lp_store_describe(session->store_options.address, place, sizeof place);
	lp_print("%s (%s): ", place, lp_store_version(session->store));
	if (before.present == 0)
		printf("no schema yet, this release makes version %d\n", before.wanted);
	else
		printf("schema version %d, this release makes version %d\n", before.present, before.wanted);
	print_way_back(&before);
	fflush(stdout);
	if (!lp_store_migrate(session->store, &options, print_step, &progress, error)) {
		if (progress.steps > 0 && !request->dry_run)
			puts("nothing was changed: all of it is one transaction");
		fflush(stdout);
		return false;
	}
	if (!lp_store_schema(session->store, &after, error))
		return false;
	print_outcome(&before, &after, request, &progress);
	bool written = request->triggers_to == NULL || request->dry_run ||
	               write_triggers(request->triggers_to, &triggers, error);
	lp_text_free(&triggers);
	return written;
}

static const struct lp_option options[] = {
	{ .name = "--run-role", .value = "ROLE", .field = offsetof(struct request, run_role) },
	{ .name = "--read-role", .value = "ROLE", .field = offsetof(struct request, read_role) },
	{ .name = "--triggers-to", .value = "FILE", .field = offsetof(struct request, triggers_to) },
	{ .name = "--dry-run", .letter = 'n', .field = offsetof(struct request, dry_run) },
	{ .name = NULL },
};

const struct lp_command lp_command_migrate = {
	.name = "migrate",
	.summary = "make or upgrade the schema that everything is stored in",
	.help = "Usage: local-processing migrate [OPTION...]\n"
		"\n"
		"Makes the schema local_processing in the database, or upgrades it to what this release needs.\n"
		"Each step is said as it is done; all of them are one transaction. Doing it again changes\n"
		"nothing, and two at once are safe. The previous release keeps working on the new schema.\n"
		"On SQLite, the file is made where it is not there.\n"
		"\n"
		"  --run-role ROLE   grant ROLE what apply, import, run and prune need (PostgreSQL)\n"
		"  --read-role ROLE  grant ROLE to read everything, and to change nothing (PostgreSQL)\n"
		"  --triggers-to FILE  write the triggers of tables with `late: triggers` to FILE, for the owner of\n"
		"                    the tables to run, rather than make them (PostgreSQL)\n"
		"  -n, --dry-run     say what would be done, and do nothing\n"
		"\n"
		"Migrate as the role that is to own the schema; it needs the right to create one (CREATE on the\n"
		"database). The roles have to exist; granting again is harmless.\n"
		"\n"
		"Examples:\n"
		"  local-processing migrate\n"
		"  local-processing migrate --store postgresql://owner@db/plant --run-role lp_run --read-role grafana\n",
	.options = options,
	.operands = { .what = "it works on the whole schema" },
	.request_size = sizeof(struct request),
	.need = LP_NEED_CONFIGURATION,
	.run = run,
};
