/*
 * `compare`: sets results beside others. This file has the command line and
 * chooses what is compared; comparison.c compares, compare_print.c prints.
 */
#include "command/compare.h"
#include "command/command.h"
#include "command/times.h"
#include "definition/definition.h"
#include "text/names.h"
#include "text/utf8.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORST_USUAL = 10 };
#define RELATIVE_USUAL 1e-9

struct request {
	const char *with, *columns, *database, *from, *to, *rule, *label, *label_value;
	struct lp_words tolerances, names;
	uint32_t worst;
	bool csv, json;
};

/* Columns of a table: what --columns says, or the configuration, or their usual names. */
struct columns {
	const char *of[3]; /* series, time, value */
};
static const char *const column_names[3] = { "series", "time", "value" };

static bool parse_tolerance(const char *text, struct lp_comparison *comparison, struct lp_error *error)
{
	char *end;
	double number = strtod(text, &end);
	bool is_number = end != text && number >= 0 && isfinite(number);
	if (is_number && *end == '\0')
		comparison->absolute = number;
	else if (is_number && strcmp(end, "%") == 0)
		comparison->relative = number / 100;
	else
		return lp_fail(error, LP_EXIT_USAGE,
		               "--tolerance %s: expected a number in the unit of the results, or a share such as 0.1%%",
		               text);
	return true;
}

/* Reads "series=tag,time=ts,value=value". The texts are cut in place. */
static bool parse_columns(char *text, struct columns *columns, struct lp_error *error)
{
	for (char *save = NULL, *part = strtok_r(text, ",", &save); part != NULL; part = strtok_r(NULL, ",", &save)) {
		char *equals = strchr(part, '=');
		size_t which;
		if (equals == NULL || equals[1] == '\0')
			return lp_fail(error, LP_EXIT_USAGE,
			               "--columns: expected series=COLUMN,time=COLUMN,value=COLUMN");
		*equals = '\0';
		if (!lp_word_find(part, column_names, 3, &which))
			return lp_fail(error, LP_EXIT_USAGE,
			               "--columns: there is no \"%s\": expected series, time and value", part);
		columns->of[which] = equals + 1;
	}
	return true;
}

/* Skips what may stand before the first word of a query: blanks, brackets, comments. */
static const char *find_word(const char *text)
{
	for (;;) {
		text += strspn(text, " \t\r\n\f\v(");
		if (strncmp(text, "--", 2) == 0) {
			text += strcspn(text, "\n");
		} else if (strncmp(text, "/*", 2) == 0) {
			const char *end = strstr(text + 2, "*/");
			text = end == NULL ? text + strlen(text) : end + 2;
		} else {
			return text;
		}
	}
}

static bool is_query(const char *text)
{
	text = find_word(text);
	return strncasecmp(text, "select", 6) == 0 || strncasecmp(text, "with", 4) == 0 ||
	       strncasecmp(text, "values", 6) == 0;
}

static const struct lp_mapping *find_mapping(const struct lp_mappings *mappings, const char *table)
{
	for (size_t i = 0; i < mappings->count; i++)
		if (!mappings->items[i].wide && mappings->items[i].query == NULL &&
		    (strcmp(mappings->items[i].name, table) == 0 || strcmp(mappings->items[i].table, table) == 0))
			return &mappings->items[i];
	return NULL;
}

/* Makes the query of a table, or takes the one that was given. */
static bool make_query(const struct lp_session *session, const struct request *request,
                       struct lp_comparison *comparison, struct lp_error *error)
{
	struct columns columns = { { column_names[0], column_names[1], column_names[2] } };
	const struct lp_mapping *mapping = find_mapping(&session->config.mappings, request->with);
	struct lp_text sql = { 0 };
	bool ok = true;
	comparison->query.zone = lp_zone_name(session->zone);
	if (is_query(request->with)) {
		size_t length = strlen(request->with);
		while (length > 0 &&
		       (request->with[length - 1] == ';' || isspace((unsigned char)request->with[length - 1])))
			length--;
		/* The end of the line ends a comment, too. */
		lp_text_addf(&sql, "(%.*s\n)", (int)length, request->with);
	} else {
		const char *table = request->with;
		if (mapping != NULL) {
			columns = (struct columns){ { mapping->series, mapping->time, mapping->value } };
			table = mapping->table;
			if (mapping->time_zone != NULL)
				comparison->query.zone = mapping->time_zone;
		}
		if (request->columns != NULL)
			ok = parse_columns(lp_arena_text(&comparison->arena, request->columns), &columns, error);
		lp_text_addf(&sql, "(SELECT %s, %s, %s FROM %s)", columns.of[0], columns.of[1], columns.of[2], table);
	}
	comparison->query.sql = lp_arena_text(&comparison->arena, sql.data);
	lp_text_free(&sql);
	return ok;
}

static bool open_other(const struct lp_session *session, const struct request *request, struct lp_store **other,
                       struct lp_error *error)
{
	struct lp_store_options options = session->store_options;
	const struct lp_mapping *mapping;
	*other = NULL;
	if (request->with == NULL)
		return true;
	mapping = find_mapping(&session->config.mappings, request->with);
	if (mapping != NULL && mapping->database != NULL)
		options.address = mapping->database;
	if (request->database != NULL)
		options.address = request->database;
	options.any_schema = true;
	options.mappings = NULL;
	if (lp_store_file(options.address) != NULL) {
		lp_fail(error, LP_EXIT_USAGE, "--with reads a table or a query of PostgreSQL, and the store is a file");
		return lp_hint(error, "Say where it is: --database postgresql://HOST/DATABASE.");
	}
	return lp_store_open(&options, other, error);
}

struct choice {
	struct lp_names names;
	struct lp_arena arena;
	size_t found;
};

static bool take_name(void *context, const struct lp_status *status, struct lp_error *error)
{
	struct choice *choice = context;
	(void)error;
	choice->found++;
	(void)lp_names_add(&choice->names, lp_arena_text(&choice->arena, status->calculation.name), 0, NULL);
	return true;
}

static bool choose_pattern(struct lp_store *store, const struct request *request, const char *pattern,
                           struct choice *choice, struct lp_error *error)
{
	struct lp_status_filter filter = { .name = pattern,
		                           .rule = request->rule,
		                           .label_name = request->label,
		                           .label_value = request->label_value,
		                           .mode = pattern == NULL ? lp_mode_names[LP_MODE_SHADOW] : NULL };
	choice->found = 0;
	if (!lp_store_each_status(store, &filter, take_name, choice, error))
		return false;
	if (choice->found > 0)
		return true;
	if (pattern != NULL)
		lp_fail(error, LP_EXIT_DATA, "there is no calculation \"%.*s\"%s", LP_CUT(300, pattern),
		        request->rule != NULL || request->label != NULL ? " with that rule and label" : "");
	else
		lp_fail(error, LP_EXIT_DATA, "no calculation%s is in shadow",
		        request->rule != NULL || request->label != NULL ? " with that rule and label" : "");
	return lp_hint(error, "`local-processing status` lists all; those that are live are compared by their names.");
}

static bool choose(struct lp_store *store, const struct request *request, struct choice *choice, struct lp_error *error)
{
	bool ok = request->names.count > 0 || choose_pattern(store, request, NULL, choice, error);
	for (size_t i = 0; i < request->names.count && ok; i++)
		ok = choose_pattern(store, request, request->names.items[i], choice, error);
	return ok;
}

/* Adds an output of a calculation: the results in shadow, or, where it is live and others are elsewhere, the live ones. */
static bool add_output(struct lp_comparison *comparison, const struct lp_series *series,
                       const struct lp_calculation *calculation, struct lp_error *error)
{
	bool live = calculation->mode == LP_MODE_LIVE && comparison->other != NULL;
	struct lp_compared *item = &comparison->items[comparison->count++];
	*item = (struct lp_compared){ .calculation = calculation,
		                      .series = series->name,
		                      .here = live ? series->id : series->shadow_id,
		                      .there = series->id };
	if (item->here != 0)
		return true;
	lp_fail(error, LP_EXIT_DATA, "there is nothing in shadow of the calculation \"%.*s\"",
	        LP_CUT(300, calculation->name));
	return lp_hint(error, "It is live, and never was in shadow: --with says what its results are compared with.");
}

static bool add_outputs(struct lp_comparison *comparison, const struct lp_definitions *stored,
                        const struct choice *choice, struct lp_error *error)
{
	struct lp_names series = { 0 };
	size_t most = 0, at;
	bool ok = true;
	for (size_t i = 0; i < stored->series_count; i++)
		(void)lp_names_add(&series, stored->series[i].name, i, NULL);
	for (size_t i = 0; i < stored->calculation_count; i++)
		most += stored->calculations[i].output_count;
	comparison->items = lp_arena_zeroed(&comparison->arena, most, sizeof *comparison->items);
	for (size_t i = 0; i < stored->calculation_count; i++) {
		const struct lp_calculation *calculation = &stored->calculations[i];
		if (!lp_names_find(&choice->names, calculation->name, NULL))
			continue;
		for (size_t o = 0; o < calculation->output_count && ok; o++)
			if (lp_names_find(&series, calculation->outputs[o].series, &at))
				ok = add_output(comparison, &stored->series[at], calculation, error);
	}
	lp_names_free(&series);
	return ok;
}

static bool compare(struct lp_session *session, const struct request *request, struct lp_comparison *comparison,
                    struct lp_error *error)
{
	const enum lp_output_form form = request->json  ? LP_OUTPUT_JSON
	                                 : request->csv ? LP_OUTPUT_CSV
	                                                : LP_OUTPUT_TABLE;
	struct lp_definitions stored;
	struct choice choice = { .found = 0 };
	if (!lp_definitions_load(session->store, &stored, error))
		return false;
	bool ok = choose(session->store, request, &choice, error) && add_outputs(comparison, &stored, &choice, error) &&
	          lp_compare_print(comparison, form, session->zone, error);
	lp_names_free(&choice.names);
	lp_arena_free(&choice.arena);
	lp_definitions_free(&stored);
	return ok;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	struct lp_comparison *comparison = lp_allocate(sizeof *comparison);
	*comparison = (struct lp_comparison){ .store = session->store,
		                              .relative = RELATIVE_USUAL,
		                              .worst_most = request->worst > 0 ? request->worst : WORST_USUAL };
	bool ok = lp_option_range(request->from, request->to, session->zone, &comparison->from, &comparison->to, error);
	for (size_t i = 0; i < request->tolerances.count && ok; i++)
		ok = parse_tolerance(request->tolerances.items[i], comparison, error);
	ok = ok && (request->with == NULL || make_query(session, request, comparison, error)) &&
	     open_other(session, request, &comparison->other, error);
	ok = ok && compare(session, request, comparison, error);
	bool equal = ok && comparison->empty == 0 && lp_likeness_is_equal(&comparison->counts);
	lp_store_close(comparison->other);
	lp_comparison_free(comparison);
	free(comparison);
	return ok && (equal || lp_command_exit(error, LP_EXIT_FAILED_CALCULATIONS));
}

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	struct request *request = data;
	(void)overrides;
	if (request->csv && request->json)
		return lp_fail(error, LP_EXIT_USAGE, "--csv and --json exclude each other");
	if (request->with != NULL && *find_word(request->with) == '\0')
		return lp_fail(error, LP_EXIT_USAGE, "--with: expected a table, or a query");
	if (request->with == NULL && (request->columns != NULL || request->database != NULL))
		return lp_fail(error, LP_EXIT_USAGE, "--columns and --database are about --with");
	if (request->with != NULL && request->columns != NULL && is_query(request->with))
		return lp_fail(error, LP_EXIT_USAGE,
		               "--columns is about a table: a query gives series, time and value");
	if (request->worst > LP_COMPARED_WORST_MOST)
		return lp_fail(error, LP_EXIT_USAGE, "--worst %u: at most %d; --csv has all", (unsigned)request->worst,
		               LP_COMPARED_WORST_MOST);
	if (request->label != NULL) {
		char *equals = strchr(request->label, '=');
		if (equals == NULL || equals == request->label)
			return lp_fail(error, LP_EXIT_USAGE, "--label %s: expected NAME=VALUE", request->label);
		*equals = '\0';
		request->label_value = equals + 1;
	}
	return true;
}

static const struct lp_option options[] = {
	{ .name = "--with", .value = "TABLE|QUERY", .field = offsetof(struct request, with) },
	{ .name = "--columns", .value = "COLUMNS", .field = offsetof(struct request, columns) },
	{ .name = "--database", .value = "ADDRESS", .field = offsetof(struct request, database) },
	{ .name = "--tolerance",
	  .value = "NUMBER|SHARE",
	  .form = LP_OPTION_TEXTS,
	  .field = offsetof(struct request, tolerances) },
	{ .name = "--from", .value = "TIME", .field = offsetof(struct request, from) },
	{ .name = "--to", .value = "TIME", .field = offsetof(struct request, to) },
	{ .name = "--rule", .value = "RULE", .field = offsetof(struct request, rule) },
	{ .name = "--label", .value = "NAME=VALUE", .field = offsetof(struct request, label) },
	{ .name = "--worst", .value = "N", .form = LP_OPTION_COUNT, .field = offsetof(struct request, worst) },
	{ .name = "--csv", .field = offsetof(struct request, csv) },
	{ .name = "--json", .field = offsetof(struct request, json) },
	{ .name = NULL },
};

const struct lp_command lp_command_compare = {
	.name = "compare",
	.summary = "set results in shadow beside those that are there",
	.help = "Usage: local-processing compare [OPTION...] [CALCULATION...]\n"
		"\n"
		"Sets the results of calculations beside others of the same series and time: results in shadow beside\n"
		"the live series of the same name, or, with --with, beside a table or a query of PostgreSQL. Says how\n"
		"many are equal, different, or missing on one side, by calculation, rule and month (in the zone of the\n"
		"calculation), and shows the largest differences. Changes nothing.\n"
		"\n"
		"  --with TABLE        the results are in this table; one that the configuration describes is taken as\n"
		"                      that says, also by its name there\n"
		"  --with QUERY        a query that gives series, time and value (it begins with SELECT, WITH or VALUES)\n"
		"  --columns COLUMNS   of a table: series=COLUMN,time=COLUMN,value=COLUMN, where they have other names\n"
		"  --database ADDRESS  where the table is, if not in the store's database\n"
		"  --tolerance NUMBER  equal is what differs by no more than that, in the unit of the results (0)\n"
		"  --tolerance SHARE%  or by no more than that share of the larger of the two (0.0000001%); both may\n"
		"                      be given\n"
		"  --from TIME         the first time; without it that of the first result that is here, series by series\n"
		"  --to TIME           the first time no longer wanted; without it behind the last result that is here\n"
		"  --rule RULE         those of this rule\n"
		"  --label NAME=VALUE  those with this label\n"
		"  --worst N           so many of the largest differences (10)\n"
		"  --csv               each result that is not equal, as CSV\n"
		"  --json              the summaries and the largest differences as JSON\n"
		"\n"
		"CALCULATION is a name, or a pattern with * and ?; none: all that are in shadow. One that is live is\n"
		"compared by its live results with --with, without it by those that it has made in shadow before. NaN,\n"
		"NULL and bad samples are no results.\n"
		"\n"
		"Exits 0 when all are equal, 1 when any is not or a series has no result here, 65 when there is no such\n"
		"calculation.\n"
		"\n"
		"Examples:\n"
		"  local-processing compare\n"
		"  local-processing compare 'p1/*' --from 2026-03-01 --tolerance 0.01 --tolerance 0.1%\n"
		"  local-processing compare --with public.results --columns series=tag,time=ts,value=value\n"
		"  local-processing compare --with \"SELECT 'p'||pump, ts, eff FROM old.efficiency\" --json\n",
	.options = options,
	.operands = { .most = LP_OPERANDS_ANY,
	              .what = "names of calculations",
	              .field = offsetof(struct request, names) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.check = check,
	.run = run,
};
