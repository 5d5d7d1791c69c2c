/* `explain`: where a stored result comes from. */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/output.h"
#include "command/status.h"
#include "command/table.h"
#include "command/times.h"
#include "show/show.h"
#include "text/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
	struct lp_words operands;
	bool json, shadow;
};

static void print_inputs(const struct lp_explanation *why)
{
	static const struct lp_table_column headings[] = { { "  INPUT", false }, { "SERIES", false },
		                                           { "FROM", false },    { "TO", false },
		                                           { "GOOD", true },     { "MISSING", true } };
	struct lp_table *table = lp_table_new(stdout, headings, sizeof headings / sizeof *headings);
	for (size_t i = 0; i < why->calculation->input_count; i++) {
		const struct lp_explained_input *explained = &why->inputs[i];
		char from[40], to[40], present[32], missing[32];
		char *name = lp_format_text("  %s", explained->input->name);
		lp_time_format(explained->range.start, why->zone, from);
		lp_time_format(explained->range.end, why->zone, to);
		snprintf(present, sizeof present, "%" PRIu64, explained->good);
		snprintf(missing, sizeof missing, "%" PRIu64, explained->missing);
		lp_table_row(table,
		             (const char *const[]){ name, explained->input->series, from, to, present, missing });
		free(name);
	}
	lp_table_end(table);
}

static void print_history(const struct lp_explanation *why)
{
	static const struct lp_table_column headings[] = {
		{ "  COMPUTED FOR", false }, { "RUN", true },        { "WHY", false },  { "STATE", false },
		{ "SAMPLES", true },         { "DEFINITION", true }, { "RULE", false },
	};
	struct lp_table *table = lp_table_new(stdout, headings, sizeof headings / sizeof *headings);
	for (size_t i = 0; i < why->history_count; i++) {
		const struct lp_history *history = &why->history[i];
		char tick[40], shown[48], run_id[32], samples[32], definition[16];
		lp_time_format(history->tick, why->zone, tick);
		snprintf(shown, sizeof shown, "  %s", tick);
		snprintf(run_id, sizeof run_id, "%" PRId64, history->run_id);
		snprintf(samples, sizeof samples, "%" PRIu32, history->samples_read);
		lp_table_row(table, (const char *const[]){ shown, run_id, lp_reason_name(history->reason),
		                                           lp_state_name(history->state), samples,
		                                           lp_definition_version_format(history, definition),
		                                           lp_rule_version_format(history) });
	}
	lp_table_end(table);
}

static void print_pruned(const struct lp_explanation *why)
{
	char from[40], to[40];
	if (lp_begins_later(why->pruned->pruned)) {
		lp_time_format(why->pruned->pruned.end, why->zone, to);
		lp_print("  begins        %s has nothing in shadow before %s: %s\n", why->pruned->series, to,
		         why->found ? "this is left as it is" : "this is not computed");
		return;
	}
	lp_time_format(why->pruned->pruned.start, why->zone, from);
	lp_time_format(why->pruned->pruned.end - 1, why->zone, to);
	lp_print("  pruned        samples of %s from %s to %s: %s\n", why->pruned->series, from, to,
	         why->found ? "this cannot be computed again, and is left as it is"
	                    : "this cannot be computed; see `local-processing import --help`");
}

/* Prints one line, so that a message cannot look like the lines around it. */
static void print_last_error(const struct lp_status *status)
{
	fputs("  last error    ", stdout);
	lp_print_line(stdout, status->error_type);
	fputs(status->error_type[0] == '\0' ? "" : ": ", stdout);
	lp_print_line(stdout, status->error_message);
	putchar('\n');
}

static void print_sample(const struct lp_explanation *why)
{
	char time[40], number[32];
	lp_time_format(why->time, why->zone, time);
	lp_print("%s at %s%s\n", why->series.name, time, why->shadow ? ", in shadow" : "");
	if (!why->found)
		return;
	lp_number_format(why->value, number);
	lp_print("  value         %s%s%s%s\n", number, why->series.unit[0] == '\0' ? "" : " ", why->series.unit,
	         why->quality == LP_QUALITY_GOOD        ? ""
	         : why->quality == LP_QUALITY_UNCERTAIN ? ", uncertain"
	                                                : ", bad");
	if (why->samples < 0)
		return;
	printf("  computed from %d good sample%s", (int)why->samples, why->samples == 1 ? "" : "s");
	if (!isnan(why->coverage))
		printf(", coverage %.4g", why->coverage);
	putchar('\n');
}

/* Prints the calculation, and which version of its definition has computed the result, where another is in force now. */
static void print_definition(const struct lp_explanation *why)
{
	const struct lp_calculation *calculation = why->calculation;
	lp_print("  calculation   %s, ", calculation->name);
	if (why->definition_version == calculation->version)
		printf("definition version %" PRId32 "\n", calculation->version);
	else if (why->definition_version != 0)
		printf("definition version %" PRId32 ", now %" PRId32 "\n", why->definition_version,
		       calculation->version);
	else
		printf("definition version now %" PRId32 "\n", calculation->version);
}

/* Prints where it comes from, and its calculation.  False: there is nothing more to print. */
static bool print_origin(const struct lp_explanation *why)
{
	const struct lp_calculation *calculation = why->calculation;
	bool imported = lp_explanation_is_imported(why);
	if (why->batch == NULL) {
		puts(why->computed ? "  origin        computed, by a calculation that is not there any more"
		     : why->found  ? "  origin        measured: no calculation writes this series"
		                   : "  no sample     and no calculation writes this series");
		if (why->series.shadow_id != 0 && !why->shadow)
			puts("  in shadow     a calculation writes it, or has: `local-processing explain --shadow`");
		return false;
	}
	if (imported)
		puts("  origin        imported: no calculation computed it, and none writes over it but\n"
		     "                `local-processing backfill --replace-imported`");
	if (calculation == NULL) {
		puts("  calculation   disabled: no run computes it");
		return false;
	}
	if (!why->found)
		lp_print("  no result     %s\n", lp_explanation_of_none(why));
	print_definition(why);
	return !imported;
}

static void print_calculation(const struct lp_explanation *why)
{
	const struct lp_calculation *calculation = why->calculation;
	lp_print("  rule          %s%s%s\n", calculation->rule, why->rule_version == NULL ? "" : ", version ",
	         why->rule_version == NULL ? "" : why->rule_version);
	if (strcmp(calculation->parameters, "{}") != 0) {
		fputs("  parameters    ", stdout);
		lp_print_json(calculation->parameters);
		putchar('\n');
	}
	if (why->has_status && why->status.cause != NULL)
		lp_print("  waits for     %s, which failed\n", why->status.cause);
	if (why->has_status && why->status.error_message[0] != '\0')
		print_last_error(&why->status);
	if (why->has_status && why->status.owed > 0)
		puts("  owed          some of its windows are to be computed again: see `local-processing due`");
	if (why->pruned != NULL)
		print_pruned(why);
}

static void print_window(const struct lp_explanation *why)
{
	char from[40], to[40];
	if (!why->has_window && why->window_end != LP_TIME_NONE) {
		lp_time_format(why->window_end, why->zone, to);
		printf("  window        to %s, of an earlier schedule: there is no such window now\n", to);
	}
	if (!why->has_window)
		return;
	lp_time_format(why->window.start, why->zone, from);
	lp_time_format(why->window.end, why->zone, to);
	printf("  window        %s to %s\n\n", from, to);
	if (why->calculation->input_count > 0)
		print_inputs(why);
	if (why->history_count > 0)
		putchar('\n');
	print_history(why);
}

static void print(const struct lp_explanation *why)
{
	print_sample(why);
	if (!print_origin(why))
		return;
	print_calculation(why);
	print_window(why);
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	struct lp_explanation why = { .store = session->store, .zone = session->zone, .shadow = request->shadow };
	bool ok = lp_option_time("TIME", request->operands.items[1], session->zone, &why.time, error) &&
	          lp_explain(&why, request->operands.items[0], error);
	if (ok && request->json) {
		struct lp_text json = { 0 };
		lp_show_explanation(&json, &why);
		lp_print_built(&json);
	} else if (ok) {
		print(&why);
	}
	lp_explanation_free(&why);
	return ok;
}

static const struct lp_option options[] = {
	{ .name = "--shadow", .field = offsetof(struct request, shadow) },
	{ .name = "--json", .field = offsetof(struct request, json) },
	{ .name = NULL },
};

const struct lp_command lp_command_explain = {
	.name = "explain",
	.summary = "where a result comes from: calculation, rule, inputs, runs",
	.help = "Usage: local-processing explain [OPTION...] SERIES TIME\n"
		"\n"
		"Tells of the result that a series has at a time: the calculation that writes it, the version of its\n"
		"rule, what it read and how complete that was, and when and why its window was computed. Where there\n"
		"is no such result, it tells why, as far as that is known. Of one that somebody imported it tells that.\n"
		"\n"
		"  --shadow  the result that its calculation has made in shadow\n"
		"  --json    as JSON\n"
		"\n"
		"Exits 0 when it is told, 65 when there is no such series.\n"
		"\n"
		"Examples:\n"
		"  local-processing explain p1/energy/day 2026-03-01\n"
		"  local-processing explain p1/flow/1min 2026-03-01T12:00:00Z --json\n",
	.options = options,
	.operands = { .least = 2,
	              .most = 2,
	              .what = "a series and a time",
	              .hint = "As in: local-processing explain p1/energy/day 2026-03-01.",
	              .field = offsetof(struct request, operands) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.run = run,
};
