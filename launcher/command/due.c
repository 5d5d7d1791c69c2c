/* `due`: what a run would do, and why, without doing it. */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/output.h"
#include "command/run_report.h"
#include "command/table.h"
#include "command/times.h"
#include "show/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct request {
	const char *at;
	bool json;
};

struct table_view {
	const struct lp_due_list *due;
	struct lp_table *table;
};

static bool add_line(void *context, const struct lp_due_line *line, struct lp_error *error)
{
	const struct table_view *view = context;
	const struct lp_preview_line *preview = line->preview;
	const char *about = preview->problem != NULL ? preview->problem : line->waits;
	char from[40], to[40], windows[32], later[32], calculations[64], every[24] = "";
	(void)error;
	if (preview->schedule != NULL)
		lp_span_format(preview->schedule->every, every);
	lp_time_format(preview->from, view->due->zone, from);
	lp_time_format(preview->to, view->due->zone, to);
	lp_report_count(preview->windows, windows);
	lp_report_count(preview->later, later);
	snprintf(calculations, sizeof calculations, "%" PRIu64 "%s%s", preview->calculations,
	         every[0] == '\0' ? "" : " of every ", every);
	char *who = lp_format_text("%s%s%s%s", line->calculation == NULL ? calculations : line->calculation,
	                           line->shadow ? ", in shadow" : "",
	                           about == NULL              ? ""
	                           : preview->problem == NULL ? " "
	                                                      : ": ",
	                           about == NULL ? "" : about);
	lp_table_row(view->table, (const char *const[]){ preview->problem != NULL ? "failed"
	                                                 : about != NULL          ? "waits"
	                                                                          : lp_reason_name(preview->reason),
	                                                 windows, preview->later > 0 ? later : "", from, to, who });
	free(who);
	return true;
}

static void print_sums(const struct lp_due_list *due)
{
	char text[40], windows[32], later[32];
	lp_time_format(due->tick, due->zone, text);
	lp_report_count(due->windows, windows);
	lp_report_count(due->later, later);
	if (due->lines > 0)
		putchar('\n');
	if (due->due > 0)
		printf("at %s: %s window%s to compute%s%s%s\n", text, windows, due->windows == 1 ? "" : "s",
		       due->later > 0 ? ", and " : "", due->later > 0 ? later : "",
		       due->later > 0 ? " by the following runs" : "");
	else
		printf("at %s nothing is due", text);
	if (due->due == 0 && due->preview.next_due != LP_TIME_NONE) {
		lp_time_format(due->preview.next_due, due->zone, text);
		printf("; next at %s", text);
	}
	if (due->due == 0)
		putchar('\n');
	if (due->left > 0)
		printf("%" PRIu64 " of them will be left as %s: the samples were pruned, or a series that is read "
		       "begins in shadow later\n",
		       due->left, due->left == 1 ? "it is" : "they are");
	if (due->preview.too_old > 0)
		printf("changes in %" PRIu64 " hour%s of series lie further back than recompute_within and are not "
		       "followed: see `local-processing invalidate --help`\n",
		       due->preview.too_old, due->preview.too_old == 1 ? "" : "s");
}

static bool print_table(struct lp_due_list *due, struct lp_error *error)
{
	static const struct lp_table_column headings[] = { { "WHY", false },  { "WINDOWS", true },
		                                           { "LATER", true }, { "FROM", false },
		                                           { "TO", false },   { "CALCULATIONS", false } };
	struct table_view view = { .due = due,
		                   .table = lp_table_new(stdout, headings, sizeof headings / sizeof *headings) };
	bool ok = lp_due_each(due, add_line, &view, error);
	lp_table_end(view.table);
	if (ok)
		print_sums(due);
	return ok;
}

static bool print(struct lp_due_list *due, bool json, struct lp_error *error)
{
	struct lp_document document = lp_output_document();
	if (!json)
		return print_table(due, error);
	return lp_document_end(&document, lp_show_due(&document, due, error), error);
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	struct lp_service service = { .session = session };
	const struct lp_pipeline_options options = lp_service_options(&service, 0);
	struct lp_due_list due = { .store = session->store, .options = &options, .zone = session->zone };
	bool ok = lp_option_tick(request->at, session, &due.tick, error) && print(&due, request->json, error);
	lp_service_end(&service);
	return ok;
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
