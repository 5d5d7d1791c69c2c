/* `apply`: makes the stored definitions what the files say, in one transaction, and shows what that changes. */
#include "command/command.h"
#include "command/earlier.h"
#include "command/imported.h"
#include "command/outdated.h"
#include "command/output.h"
#include "service/service.h"

#include "calendar/calendar.h"
#include "definition/definition.h"
#include "process/process.h"
#include <stdio.h>

struct request {
	bool dry_run, prune, shadow, live;
	struct lp_words files;
	const struct lp_rule_catalogue *catalogue;
	struct lp_text description; /* of what changes; printed once that is certain */
};

static bool load_rules(struct lp_rule_server *server, const struct lp_rule_catalogue **catalogue,
                       struct lp_error *error)
{
	struct lp_problems problems = { 0 };
	bool ok = lp_rule_server_catalogue(server, NULL, catalogue, &problems, error);
	/* A rule that does not load concerns its own calculations only: they are refused because it is missing. */
	if (ok && problems.count > 0)
		lp_command_print_problems(&lp_command_apply, &problems);
	lp_problems_free(&problems);
	return ok;
}

static bool store_changes(struct lp_store *store, const struct lp_difference *difference,
                          const struct lp_outdated_works *works, const struct lp_earlier *earlier,
                          struct lp_error *error)
{
	if (!lp_store_apply(store, &difference->changes, error) ||
	    !lp_store_note_changes(store, difference->history, difference->history_count, error))
		return false;
	return lp_outdated_note(store, works, error) &&
	       lp_store_add_owed(store, earlier->ranges, earlier->count, error);
}

/* Changes the definitions. Describes what an earlier `start` makes due, and what becomes of the stored results. */
static bool change(struct lp_session *session, struct request *request, const struct lp_definitions *wanted,
                   const struct lp_definitions *stored, const struct lp_difference *difference, struct lp_error *error)
{
	const struct lp_changes *changes = &difference->changes;
	const struct lp_outdated_query query = { .store = session->store,
		                                 .wanted = wanted,
		                                 .stored = stored,
		                                 .catalogue = request->catalogue,
		                                 .prune = request->prune };
	struct lp_outdated_works works;
	struct lp_earlier earlier;
	bool ok = lp_earlier_find(session->store, stored, changes, &earlier, error);
	ok = lp_outdated_find(&query, &works, error) && ok;
	ok = ok && (request->dry_run || store_changes(session->store, difference, &works, &earlier, error));
	if (ok) {
		lp_earlier_describe(&earlier, (uint64_t)session->config.catch_up, session->zone, &request->description);
		lp_outdated_describe(&works, !request->dry_run, &request->description);
	}
	lp_outdated_free(&works);
	lp_earlier_free(&earlier);
	return ok;
}

/* Returns the mode of new calculations whose definition says none. */
static enum lp_mode new_mode(const struct lp_session *session, const struct request *request)
{
	return request->shadow ? LP_MODE_SHADOW : request->live ? LP_MODE_LIVE : session->config.mode;
}

/* Runs between begin and commit, or, for a dry run, outside of any transaction. */
static bool apply(struct lp_session *session, struct request *request, struct lp_error *error)
{
	struct lp_definitions stored, wanted;
	struct lp_difference difference;
	struct lp_problems problems = { 0 };
	if (!lp_definitions_load(session->store, &stored, error))
		return false;
	const struct lp_definition_files files = { .names = request->files.items,
		                                   .count = request->files.count,
		                                   .catalogue = request->catalogue,
		                                   .stored = &stored,
		                                   .default_zone = lp_zone_name(session->zone),
		                                   .prune = request->prune,
		                                   .new_mode = new_mode(session, request) };
	bool ok = lp_definitions_read(&files, &wanted, &problems, error);
	if (ok && !lp_command_check_units(&wanted, &stored, request->prune, &problems))
		ok = lp_fail(error, LP_EXIT_DATA, "the definitions cannot be used as they are; nothing was changed");
	if (!ok)
		lp_command_print_problems(&lp_command_apply, &problems);
	ok = ok && (!request->prune || lp_definitions_keep_data(session->store, &stored, &wanted, error));
	if (ok) {
		lp_definitions_compare(&wanted, &stored, request->prune, &difference);
		/* The description is printed later, when the difference is freed. */
		request->description = difference.description;
		difference.description = (struct lp_text){ 0 };
		ok = change(session, request, &wanted, &stored, &difference, error) &&
		     lp_imported_describe(session->store, &stored, difference.changes.created,
		                          difference.changes.created_count, &request->description, error) &&
		     lp_imported_describe(session->store, &stored, difference.changes.updated,
		                          difference.changes.updated_count, &request->description, error);
		lp_difference_free(&difference);
	}
	lp_problems_free(&problems);
	lp_definitions_free(&wanted);
	lp_definitions_free(&stored);
	return ok;
}

static bool apply_within(struct lp_session *session, struct request *request, struct lp_error *error)
{
	if (request->dry_run)
		return apply(session, request, error);
	bool ok = lp_store_begin(session->store, error) && lp_store_lock_definitions(session->store, error);
	ok = ok && apply(session, request, error) && lp_store_commit_work(session->store, error);
	if (!ok)
		lp_store_rollback(session->store);
	return ok;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	struct request *request = data;
	const struct lp_process_options rules = lp_rule_options(&session->config);
	struct lp_rule_server *server = lp_rule_server_new(&rules);
	bool ok = load_rules(server, &request->catalogue, error);
	/* The catalogue stays; the process that imported the rules is not needed any more. */
	lp_rule_server_stop(server);
	ok = ok && apply_within(session, request, error);
	if (ok)
		lp_print("%s%s", request->description.data,
		         request->dry_run ? "nothing was changed (--dry-run)\n" : "");
	lp_text_free(&request->description);
	lp_rule_server_free(server);
	return ok;
}

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	const struct request *request = data;
	(void)overrides;
	return !(request->shadow && request->live) ||
	       lp_fail(error, LP_EXIT_USAGE, "--shadow and --live exclude each other");
}

static const struct lp_option options[] = {
	{ .name = "--dry-run", .letter = 'n', .field = offsetof(struct request, dry_run) },
	{ .name = "--prune", .field = offsetof(struct request, prune) },
	{ .name = "--shadow", .field = offsetof(struct request, shadow) },
	{ .name = "--live", .field = offsetof(struct request, live) },
	{ .name = NULL },
};

const struct lp_command lp_command_apply = {
	.name = "apply",
	.summary = "make series and calculations as files of definitions say",
	.help = "Usage: local-processing apply [OPTION...] FILE|DIRECTORY|-...\n"
		"\n"
		"Reads series and calculations from YAML files (of a directory: its *.yaml and *.yml; -: standard\n"
		"input), compares them with what is stored, shows the differences and makes them, in one\n"
		"transaction. Where anything is wrong, everything that is wrong is shown and nothing is changed.\n"
		"Last it says what becomes of stored results: those that the definitions of before have computed\n"
		"stay until `backfill --outdated` computes them again; where `result_time` alone is another one,\n"
		"numbers are moved at once.\n"
		"\n"
		"  -n, --dry-run  only show the differences\n"
		"  --prune        also delete calculations that are in none of the files, and series that no\n"
		"                 calculation uses any more and that hold no samples; without it they are left\n"
		"                 alone\n"
		"  --shadow       new calculations are in shadow, --live: live, whatever the configuration's `mode`\n"
		"                 says; a definition that says its own `mode` has that. In shadow, results go to\n"
		"                 series of their own. One that is stored stays in its mode: promote and demote\n"
		"                 change it\n"
		"\n"
		"Exits 0 when it is done, 65 when the definitions are wrong.\n"
		"\n"
		"Examples:\n"
		"  local-processing apply --dry-run calculations.yaml\n"
		"  local-processing apply definitions/\n"
		"  local-processing apply --shadow new.yaml\n"
		"  local-processing export | local-processing apply --dry-run --prune -\n",
	.options = options,
	.operands = { .least = 1,
	              .most = LP_OPERANDS_ANY,
	              .what = "files or directories, or - for standard input",
	              .field = offsetof(struct request, files) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.check = check,
	.run = run,
};
