/*
 * `apply`: makes what is stored like the files of definitions say, in one
 * transaction, and shows what that changes.
 */
#include "command/affected.h"
#include "command/command.h"

#include "calendar/calendar.h"
#include "config/names.h"
#include "definition/definition.h"
#include "definition/fields.h"
#include "python/python.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int run(int count, char **arguments);

const struct lp_command lp_command_apply = {
	.name = "apply",
	.summary = "make series and calculations as files of definitions say",
	.help = "Usage: local-processing apply [OPTION...] FILE|DIRECTORY|-...\n"
		"\n"
		"Reads series and calculations from YAML files (of a directory: its *.yaml and *.yml; -: standard\n"
		"input), compares them with what is stored, shows the differences and makes them, in one\n"
		"transaction. Where anything is wrong, everything that is wrong is shown and nothing is changed.\n"
		"\n"
		"  -n, --dry-run  only show the differences\n"
		"  --prune        also delete calculations that are in none of the files, and series that no\n"
		"                 calculation uses any more and that hold no samples; without it they are left\n"
		"                 alone\n"
		"\n"
		"Exits 0 when it is done, 65 when the definitions are wrong.\n"
		"\n"
		"Examples:\n"
		"  local-processing apply --dry-run calculations.yaml\n"
		"  local-processing apply definitions/\n"
		"  local-processing export | local-processing apply --dry-run --prune -\n",
	.run = run,
};

struct request {
	bool dry_run, prune;
	const char *const *files;
	size_t file_count;
	const struct lp_rule_catalogue *catalogue;
	struct lp_text description; /* of what changes; printed once that is certain */
};

static bool load_rules(const struct lp_session *session, const struct lp_rule_catalogue **catalogue,
                       struct lp_error *error)
{
	struct lp_python_options options = { .rules = session->config.rules, .time_limit = session->config.time_limit };
	struct lp_problems problems = { 0 };
	if (!lp_python_start(&options, error))
		return false;
	bool good = lp_python_catalogue(catalogue, &problems, error);
	/* A rule that does not load is trouble for its own calculations only: those are refused for want of it. */
	if (good && problems.count > 0)
		lp_command_problems(&lp_command_apply, &problems);
	lp_problems_free(&problems);
	return good;
}

/* Whether a changed calculation gives other results than the one that is stored. */
static bool computes_otherwise(const struct lp_calculation *old, const struct lp_calculation *calculation)
{
	struct lp_text before = { 0 }, after = { 0 };
	bool differs = false;
	for (size_t f = 0; f < lp_calculation_field_count && !differs; f++) {
		const struct lp_calculation_field *field = &lp_calculation_fields[f];
		if (!field->computes)
			continue;
		before.length = after.length = 0;
		field->format(old, &before);
		field->format(calculation, &after);
		differs = before.length != after.length ||
		          (before.length > 0 && memcmp(before.data, after.data, before.length) != 0);
	}
	lp_text_free(&before);
	lp_text_free(&after);
	return differs;
}

/* Those that compute otherwise from now on, into others. */
static size_t find_others(const struct lp_definitions *stored, const struct lp_changes *changes,
                          const struct lp_calculation **others)
{
	struct lp_names names = { 0 };
	size_t count = 0, at;
	for (size_t i = 0; i < stored->calculation_count && changes->updated_count > 0; i++)
		(void)lp_names_add(&names, stored->calculations[i].name, i, NULL);
	for (size_t i = 0; i < changes->updated_count; i++)
		if (lp_names_find(&names, changes->updated[i].name, &at) &&
		    computes_otherwise(&stored->calculations[at], &changes->updated[i]))
			others[count++] = &changes->updated[i];
	lp_names_free(&names);
	return count;
}

/* As operands of a command: few by their names, many by what these begin with. */
static void choose_by_name(const struct lp_calculation *const *calculations, size_t count, char text[160])
{
	enum { NAMED_MOST = 3 };
	size_t common = strlen(calculations[0]->name), length = 0;
	for (size_t i = 1; i < count; i++) {
		size_t same = 0;
		while (same < common && calculations[i]->name[same] == calculations[0]->name[same])
			same++;
		common = same;
	}
	text[0] = '\0';
	for (size_t i = 0; i < count && count <= NAMED_MOST && length < 160; i++)
		length += (size_t)snprintf(text + length, 160 - length, "%s'%s'", i == 0 ? "" : " ",
		                           calculations[i]->name);
	if (count > NAMED_MOST || length >= 160)
		snprintf(text, 160, "'%.*s*'", (int)(common < 150 ? common : 150), calculations[0]->name);
}

/* What is stored was computed by the definitions of before: it stays, and people may want it otherwise. */
static bool tell_affected(struct lp_session *session, struct request *request, const struct lp_definitions *stored,
                          const struct lp_changes *changes, struct lp_error *error)
{
	const struct lp_calculation **others =
		lp_reallocate(NULL, changes->updated_count + 1, sizeof(const struct lp_calculation *));
	struct lp_affected affected = { 0 };
	size_t count = find_others(stored, changes, others);
	bool good = lp_affected_find(session->store, others, count, &affected, error);
	if (good && affected.calculations > 0) {
		char what[192], choice[160], command[320];
		choose_by_name(others, count, choice);
		lp_affected_describe(&affected, session->zone, what);
		lp_affected_command(&affected, choice, session->zone, command);
		lp_text_addf(&request->description,
		             "computed by the definitions of before: %s; to compute %s again:\n  %s\n", what,
		             affected.windows == 1 ? "it" : "them", command);
		lp_text_add(&request->description, "", 1);
		request->description.length--;
	}
	free(others);
	return good;
}

/* Between begin and commit, or for a dry run outside of any transaction. */
static bool apply(struct lp_session *session, struct request *request, struct lp_error *error)
{
	struct lp_definitions stored, wanted;
	struct lp_difference difference;
	struct lp_problems problems = { 0 };
	if (!lp_definitions_load(session->store, &stored, error))
		return false;
	bool good = lp_definitions_read(request->files, request->file_count, request->catalogue, &stored,
	                                lp_zone_name(session->zone), request->prune, &wanted, &problems, error);
	if (good && !lp_command_check_units(&wanted, &stored, request->prune, &problems))
		good = lp_fail(error, LP_EXIT_DATA, "the definitions cannot be used as they are; nothing was changed");
	if (!good)
		lp_command_problems(&lp_command_apply, &problems);
	good = good && (!request->prune || lp_definitions_keep_data(session->store, &stored, &wanted, error));
	if (good) {
		lp_definitions_compare(&wanted, &stored, request->prune, &difference);
		/* Its lines outlive what they were made from. */
		request->description = difference.description;
		difference.description = (struct lp_text){ 0 };
		good = tell_affected(session, request, &stored, &difference.changes, error) &&
		       (request->dry_run || lp_store_apply(session->store, &difference.changes, error));
		lp_difference_free(&difference);
	}
	lp_problems_free(&problems);
	lp_definitions_free(&wanted);
	lp_definitions_free(&stored);
	return good;
}

static bool apply_within(struct lp_session *session, struct request *request, struct lp_error *error)
{
	if (request->dry_run)
		return apply(session, request, error);
	bool good = lp_store_begin(session->store, error) && lp_store_lock_definitions(session->store, error) &&
	            apply(session, request, error) && lp_store_commit_work(session->store, error);
	if (!good)
		lp_store_rollback(session->store);
	return good;
}

static int run(int count, char **arguments)
{
	struct lp_error error = { 0 };
	struct lp_session session = { 0 };
	struct lp_common_options common = { 0 };
	struct request request = { 0 };
	const struct lp_option options[] = {
		{ .name = "--dry-run", .letter = 'n', .target = &request.dry_run },
		{ .name = "--prune", .target = &request.prune },
		{ 0 },
	};
	int operands;
	if (!lp_options_parse(&lp_command_apply, count, arguments, options, &common, &operands, &error))
		return lp_command_fail(&lp_command_apply, &error);
	if (operands == 0) {
		(void)lp_fail(&error, LP_EXIT_USAGE,
		              "which files? Name at least one file or directory, or - for standard input");
		return lp_command_fail(&lp_command_apply, &error);
	}
	request.files = (const char *const *)arguments;
	request.file_count = (size_t)operands;
	if (!lp_session_open(&common, LP_SESSION_STORE, &session, &error))
		return lp_command_fail(&lp_command_apply, &error);
	bool good = load_rules(&session, &request.catalogue, &error) && apply_within(&session, &request, &error);
	if (good)
		(void)printf("%s%s", request.description.data,
		             request.dry_run ? "nothing was changed (--dry-run)\n" : "");
	int code = good ? LP_EXIT_OK : lp_command_fail(&lp_command_apply, &error);
	lp_text_free(&request.description);
	lp_session_close(&session);
	return code;
}
