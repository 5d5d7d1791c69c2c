/* `due`: what a run would do, and why, without doing it. */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/hold.h"
#include "command/output.h"
#include "command/report.h"
#include "command/selection.h"
#include "command/table.h"
#include "command/times.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct request {
	const char *at;
	bool json;
};

struct showing {
	struct lp_selection selection; /* for names */
	struct lp_store *store;
	struct lp_arena arena;
	const struct lp_zone *zone;
	struct lp_table *table;
	bool json;
	uint64_t lines, due, windows, later, left; /* lines: of the table; due: those that a run computes */
};

/* Who waits, where it is one, and for whom. */
static bool say_hold(struct showing *showing, const struct lp_preview_line *line, const char **name, const char **waits,
                     struct lp_error *error)
{
	struct lp_hold_names names;
	if (!lp_hold_name(showing->store, line->hold, &showing->arena, &names, error))
		return false;
	if (line->calculations == 1)
		*name = names.reader;
	*waits = lp_hold_describe(line->hold, names.writer, names.others, showing->zone, &showing->arena);
	return true;
}

static bool show(void *context, const struct lp_preview_line *line, struct lp_error *error)
{
	struct showing *showing = context;
	char from[40], to[40], windows[32], later[32], calculations[64], every[24] = "";
	const struct lp_selected *of = lp_selection_find(&showing->selection, line->calculation_id);
	const char *name = of == NULL ? NULL : of->calculation.name, *waits = NULL;
	if (line->hold != NULL && !say_hold(showing, line, &name, &waits, error))
		return false;
	if (line->problem != NULL)
		waits = line->problem;
	if (line->schedule != NULL)
		lp_span_format(line->schedule->every, every);
	if (showing->json) {
		printf("%s\n    {", showing->lines == 0 ? "" : ",");
		lp_print_json_text("reason", lp_reason_name(line->reason));
		fputs(", ", stdout);
		lp_print_json_text("calculation", name);
		fputs(", ", stdout);
		lp_print_json_text("waits", line->problem == NULL ? waits : NULL);
		fputs(", ", stdout);
		lp_print_json_text("problem", line->problem);
		printf(", \"calculations\": %" PRIu64 ", \"windows\": %" PRIu64 ", \"later\": %" PRIu64
		       ", \"left\": %" PRIu64 ", \"rank\": %" PRId32 ", ",
		       line->calculations, line->windows, line->later, line->left,
		       of == NULL ? line->rank : of->calculation.rank);
		lp_print_json_time("from", line->from, showing->zone);
		fputs(", ", stdout);
		lp_print_json_time("to", line->to, showing->zone);
		putchar('}');
	} else {
		lp_time_format(line->from, showing->zone, from);
		lp_time_format(line->to, showing->zone, to);
		lp_report_count(line->windows, windows);
		lp_report_count(line->later, later);
		snprintf(calculations, sizeof calculations, "%" PRIu64 "%s%s", line->calculations,
		         every[0] == '\0' ? "" : " of every ", every);
		char *who = lp_format_text("%s%s%s", name == NULL ? calculations : name,
		                           waits == NULL           ? ""
		                           : line->problem == NULL ? " "
		                                                   : ": ",
		                           waits == NULL ? "" : waits);
		lp_table_row(showing->table,
		             (const char *const[]){ line->problem != NULL ? "failed"
		                                    : waits != NULL       ? "waits"
		                                                          : lp_reason_name(line->reason),
		                                    windows, line->later > 0 ? later : "", from, to, who });
		free(who);
	}
	showing->lines++;
	if (line->hold != NULL || line->problem != NULL)
		return true;
	showing->due++;
	showing->windows += line->windows * line->calculations;
	showing->later += line->later * line->calculations;
	showing->left += line->left;
	return true;
}

static void end(const struct showing *showing, lp_time tick, const struct lp_preview *look)
{
	char text[40], windows[32], later[32];
	if (showing->json) {
		printf("%s],\n  ", showing->lines == 0 ? "" : "\n  ");
		lp_print_json_time("tick", tick, showing->zone);
		fputs(", ", stdout);
		lp_print_json_time("next_due", look->next_due, showing->zone);
		printf(", \"windows\": %" PRIu64 ", \"later\": %" PRIu64 ", \"changes_too_old\": %" PRIu64 "\n}\n",
		       showing->windows, showing->later, look->too_old);
		return;
	}
	lp_time_format(tick, showing->zone, text);
	lp_report_count(showing->windows, windows);
	lp_report_count(showing->later, later);
	if (showing->lines > 0)
		putchar('\n');
	if (showing->due > 0)
		printf("at %s: %s window%s to compute%s%s%s\n", text, windows, showing->windows == 1 ? "" : "s",
		       showing->later > 0 ? ", and " : "", showing->later > 0 ? later : "",
		       showing->later > 0 ? " by the following runs" : "");
	else
		printf("at %s nothing is due", text);
	if (showing->due == 0 && look->next_due != LP_TIME_NONE) {
		lp_time_format(look->next_due, showing->zone, text);
		printf("; next at %s", text);
	}
	if (showing->due == 0)
		putchar('\n');
	if (showing->left > 0)
		printf("%" PRIu64 " of them will be left as %s: the samples were pruned\n", showing->left,
		       showing->left == 1 ? "it is" : "they are");
	if (look->too_old > 0)
		printf("changes in %" PRIu64 " hour%s of series lie further back than recompute_within and are not "
		       "followed: see `local-processing invalidate --help`\n",
		       look->too_old, look->too_old == 1 ? "" : "s");
}

static bool look(struct lp_session *session, lp_time tick, bool json, struct lp_error *error)
{
	static const struct lp_table_column headings[] = { { "WHY", false },  { "WINDOWS", true },
		                                           { "LATER", true }, { "FROM", false },
		                                           { "TO", false },   { "CALCULATIONS", false } };
	struct lp_service service = { .session = session };
	const struct lp_pipeline_options options = lp_service_options(&service, 0);
	struct showing showing = { .store = session->store, .zone = session->zone, .json = json };
	struct lp_preview found = { .next_due = LP_TIME_NONE };
	bool good = lp_selection_choose(&showing.selection, session->store, NULL, 0, NULL, error);
	/* No calculation at all is no error here: then nothing is due. */
	good = good || showing.selection.count == 0;
	if (json)
		fputs("{\n  \"due\": [", stdout);
	else
		showing.table = lp_table_new(stdout, headings, sizeof headings / sizeof *headings);
	good = good && lp_preview_run(session->store, &options, tick, show, &showing, &found, error);
	if (!json)
		lp_table_end(showing.table);
	if (good)
		end(&showing, tick, &found);
	lp_selection_free(&showing.selection);
	lp_arena_free(&showing.arena);
	lp_service_end(&service);
	return good;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	lp_time tick;
	return lp_option_tick(request->at, session, &tick, error) && look(session, tick, request->json, error);
}

static const struct lp_option options[] = {
	{ .name = "--at", .value = "TIME", .field = offsetof(struct request, at) },
	{ .name = "--json", .field = offsetof(struct request, json) },
	{ .name = NULL },
};

const struct lp_command lp_command_due = {
	.name = "due",
	.summary = "what a run would do now, and why",
	.help = "Usage: local-processing due [OPTION...]\n"
		"\n"
		"Lists the windows that a run would compute, in the order in which it would, and why; and those\n"
		"that are over and have to wait, with what they wait for.\n"
		"Nothing is computed and nothing is changed. What follows from results that the run itself changes\n"
		"is not known yet.\n"
		"\n"
		"  --at TIME  for this minute, in place of the current one\n"
		"  --json     as JSON\n"
		"\n"
		"Why a window is computed:\n"
#define REASON(name, number, word, meaning) "  " word ": " meaning "\n"
#include "model/reason.table"
		"\n"
		"Examples:\n"
		"  local-processing due\n"
		"  local-processing due --at 2026-03-01T12:00:00Z --json\n",
	.options = options,
	.operands = { .what = "it is about everything that is due" },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.run = run,
};
