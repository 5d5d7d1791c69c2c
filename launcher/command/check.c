/*
 * `check`: looks at everything that has to be right for a run, one thing after the
 * other, so that all that is wrong is known at once.
 */
#include "command/check.h"
#include "command/command.h"
#include "command/imported.h"
#include "command/output.h"
#include "command/run_report.h"
#include "service/service.h"

#include "calendar/calendar.h"
#include "definition/definition.h"
#include "process/process.h"
#include "text/utf8.h"
#include <stdio.h>
#include <string.h>

struct request {
	struct lp_words files;
};

struct check {
	struct lp_session *session;
	struct lp_rule_server *rules;
	const struct lp_rule_catalogue *catalogue;
	struct lp_definitions stored;
	bool have_stored;
	int64_t memory_limit; /* the largest of the calculations, stored or in files; 0: none has one */
	int code;             /* of the first thing that is wrong */
};

static void report_error(struct check *check, const struct lp_error *error)
{
	(void)fflush(stdout); /* what was fine is said before what was not, in a file of both as well */
	int code = lp_command_fail(&lp_command_check, error);
	if (check->code == LP_EXIT_OK)
		check->code = code;
}

static void report_problems(struct check *check, const struct lp_problems *problems)
{
	(void)fflush(stdout);
	lp_command_print_problems(&lp_command_check, problems);
	if (check->code == LP_EXIT_OK)
		check->code = LP_EXIT_DATA;
}

static void check_store(struct check *check)
{
	struct lp_error error = { 0 };
	struct lp_schema_state schema;
	struct lp_store_options options = check->session->store_options;
	char address[512];
	lp_store_describe(options.address, address, sizeof address);
	options.any_schema = true;
	options.create = false;
	if (!lp_store_open(&options, &check->session->store, &error)) {
		report_error(check, &error);
		return;
	}
	lp_print("ok  database: %s (%s)\n", address, lp_store_version(check->session->store));
	if (!lp_store_schema(check->session->store, &schema, &error)) {
		report_error(check, &error);
		return;
	}
	if (schema.present == schema.wanted) {
		(void)printf("ok  schema: version %d\n", (int)schema.present);
	} else if (schema.present == schema.wanted + 1) {
		(void)printf("ok  schema: version %d, made by a newer release, works with this one\n",
		             (int)schema.present);
	} else if (schema.present > schema.wanted) {
		(void)lp_fail(&error, LP_EXIT_CONFIGURATION, "the schema has version %d, and this program knows %d",
		              (int)schema.present, (int)schema.wanted);
		(void)lp_hint(&error, "Use the release of local-processing that made it, or a newer one.");
	} else {
		(void)lp_fail(&error, LP_EXIT_CONFIGURATION,
		              schema.present == 0 ? "the database has no schema yet"
		                                  : "the schema is one of an older release");
		(void)lp_hint(&error, "`local-processing migrate` makes it.");
	}
	if (error.exit != LP_EXIT_OK) {
		report_error(check, &error);
		lp_store_close(check->session->store);
		check->session->store = NULL;
	}
}

static bool report_table(void *context, const struct lp_table_check *table, struct lp_error *error)
{
	struct check *check = context;
	(void)error;
	char database[256] = "";
	if (table->database != NULL)
		lp_store_describe(table->database, database, sizeof database);
	if (table->error.exit != LP_EXIT_OK)
		report_error(check, &table->error);
	else
		lp_print("%s  table %s: %s%s%s, %zu series%s%s%s\n", table->advice == NULL ? "ok" : "--", table->name,
		         table->table, table->database == NULL ? "" : " in ", database, table->series,
		         table->late_is_ignored ? ", late rows are not followed" : "",
		         table->advice == NULL ? "" : "; ", table->advice == NULL ? "" : table->advice);
	return true;
}

static void check_tables(struct check *check)
{
	struct lp_error error = { 0 };
	if (!lp_store_check_tables(check->session->store, report_table, check, &error))
		report_error(check, &error);
}

static void check_rules(struct check *check)
{
	struct lp_error error = { 0 };
	struct lp_problems problems = { 0 };
	const struct lp_config *config = &check->session->config;
	struct lp_process_options options = lp_rule_options(config);
	options.look_ahead = true;
	check->rules = lp_rule_server_new(&options);
	if (!lp_rule_server_catalogue(check->rules, NULL, &check->catalogue, &problems, &error)) {
		check->catalogue = NULL;
		report_error(check, &error);
	} else if (problems.count > 0) {
		report_problems(check, &problems);
	} else {
		lp_print("ok  rules: %zu, %s%s\n", check->catalogue->count,
		         config->rules == NULL ? "all built in" : "with those of ",
		         config->rules == NULL ? "" : config->rules);
	}
	if (check->catalogue != NULL && lp_rule_server_other(check->rules) != NULL)
		lp_print("ok  python: %s\n", lp_rule_server_other(check->rules));
	lp_problems_free(&problems);
}

static void check_rights(struct check *check)
{
	struct lp_error error = { 0 };
	if (!lp_check_rights(&check->session->config, &error))
		report_error(check, &error);
}

static void note_memory(struct check *check, const struct lp_definitions *definitions)
{
	for (size_t at = 0; at < definitions->calculation_count; at++) {
		const struct lp_calculation *calculation = &definitions->calculations[at];
		if (calculation->enabled && calculation->memory_limit > check->memory_limit)
			check->memory_limit = calculation->memory_limit;
	}
}

/* Time zones come and go with `tzdata`. One that is gone is reported once, with the first calculation that has it. */
static void check_zones(struct check *check, struct lp_problems *problems)
{
	const char *last_zone = "";
	for (size_t at = 0; at < check->stored.calculation_count; at++) {
		const struct lp_calculation *calculation = &check->stored.calculations[at];
		const struct lp_zone *zone;
		struct lp_error error = { 0 };
		if (strcmp(calculation->schedule.zone, last_zone) == 0 ||
		    lp_zone_find(calculation->schedule.zone, &zone, &error))
			continue;
		last_zone = calculation->schedule.zone;
		lp_problem_add(problems, NULL, 0, 0, "calculation %.*s: %.*s", LP_CUT(300, calculation->name),
		               LP_CUT(300, error.what));
	}
}

static void check_stored(struct check *check)
{
	struct lp_error error = { 0 };
	struct lp_problems problems = { 0 };
	if (!lp_definitions_load(check->session->store, &check->stored, &error)) {
		report_error(check, &error);
		return;
	}
	check->have_stored = true;
	note_memory(check, &check->stored);
	if (check->catalogue != NULL)
		lp_definitions_check_rules(&check->stored, check->catalogue, &problems);
	check_zones(check, &problems);
	if (!lp_command_check_units(NULL, &check->stored, false, &problems) || problems.count > 0)
		report_problems(check, &problems);
	else
		(void)printf("ok  stored definitions: %zu series, %zu calculation%s\n", check->stored.series_count,
		             check->stored.calculation_count, check->stored.calculation_count == 1 ? "" : "s");
	lp_problems_free(&problems);
}

/* Outdated results are no error, but people may have forgotten them. */
static void check_results(struct check *check)
{
	struct lp_error error = { 0 };
	uint64_t count = 0;
	char calculations[32];
	if (!lp_service_count_outdated(check->session->store, NULL, &count, &error)) {
		report_error(check, &error);
		return;
	}
	lp_report_count(count, calculations);
	if (count == 0)
		(void)puts("ok  stored results: none is outdated");
	else
		(void)printf(
			"--  stored results: those of %s calculation%s were computed by earlier definitions or rules; "
			"`%s` computes them again\n",
			calculations, count == 1 ? "" : "s", LP_OUTDATED_COMMAND);
}

static void report_files(struct check *check, const struct lp_definitions *definitions)
{
	struct lp_text text = { 0 };
	struct lp_error error = { 0 };
	note_memory(check, definitions);
	(void)printf("ok  files: %zu series, %zu calculation%s\n", definitions->series_count,
	             definitions->calculation_count, definitions->calculation_count == 1 ? "" : "s");
	if (check->have_stored &&
	    !lp_imported_describe(check->session->store, &check->stored, definitions->calculations,
	                          definitions->calculation_count, &text, &error))
		report_error(check, &error);
	else if (text.length > 0)
		lp_print("    %s", text.data);
	lp_text_free(&text);
}

static void check_files(struct check *check, const struct lp_words *names)
{
	struct lp_error error = { 0 };
	struct lp_problems problems = { 0 };
	struct lp_definitions definitions;
	/* Without the database one cannot tell whether an input's series exists; everything else can be checked. */
	const struct lp_definitions *stored = check->have_stored ? &check->stored : NULL;
	const struct lp_definition_files files = { .names = names->items,
		                                   .count = names->count,
		                                   .catalogue = check->catalogue,
		                                   .stored = stored,
		                                   .default_zone = lp_zone_name(check->session->zone) };
	if (lp_definitions_read(&files, &definitions, &problems, &error) &&
	    lp_command_check_units(&definitions, stored, false, &problems))
		report_files(check, &definitions);
	else
		report_problems(check, &problems);
	lp_definitions_free(&definitions);
	lp_problems_free(&problems);
}

/* If only the file is wrong, database, rules and definitions are checked as well. */
static bool check_configuration(struct check *check, struct lp_error *error)
{
	struct lp_problems problems = { 0 };
	const char *file;
	bool loaded = lp_session_load(check->session, &problems, error);
	lp_command_print_problems(NULL, &problems);
	lp_problems_free(&problems);
	if (!loaded && error->exit != LP_EXIT_CONFIGURATION)
		return false;
	file = check->session->config.file;
	if (loaded)
		lp_print("ok  configuration: %s\n", file == NULL ? "no file, --store says where" : file);
	else
		report_error(check, error);
	return true;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	struct check check = { .session = session };
	if (!check_configuration(&check, error))
		return false;
	if (session->store_options.address != NULL)
		check_store(&check);
	if (session->zone != NULL)
		check_rules(&check);
	check_rights(&check);
	if (session->store != NULL) {
		check_tables(&check);
		check_stored(&check);
		check_results(&check);
	}
	if (request->files.count > 0 && session->zone != NULL)
		check_files(&check, &request->files);
	lp_check_memory(&session->config, check.memory_limit);
	lp_definitions_free(&check.stored);
	lp_rule_server_free(check.rules);
	return check.code == LP_EXIT_OK || lp_command_exit(error, (enum lp_exit)check.code);
}

const struct lp_command lp_command_check = {
	.name = "check",
	.summary = "look at configuration, database, rules and definitions, and say all that is wrong",
	.help = "Usage: local-processing check [FILE|DIRECTORY|-...]\n"
		"\n"
		"Looks at the configuration, the connection to the database, its schema, the rules, what they may do\n"
		"and take on this machine, and the calculations that are stored, and, where files of definitions are\n"
		"named, at these as apply would.\n"
		"Tables of your own that the configuration describes are looked at too: their columns, types, rights,\n"
		"the keys of series, and the index that is missing.\n"
		"Changes nothing. A line for what is fine goes to standard output, what is wrong to standard error.\n"
		"\n"
		"Exits 0 when all is fine, else with the code of the first thing that is not: 78 configuration or\n"
		"schema, 69, 75 or 77 database, 65 rules or definitions.\n"
		"\n"
		"Examples:\n"
		"  local-processing check\n"
		"  local-processing check definitions/\n"
		"  local-processing check --store postgresql:\n",
	.operands = { .most = LP_OPERANDS_ANY,
	              .what = "files or directories",
	              .field = offsetof(struct request, files) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_OVERRIDES,
	.run = run,
};
