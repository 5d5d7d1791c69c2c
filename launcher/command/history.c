/* `history`: who changed a calculation when, and which versions of its rule runs have worked with. */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/output.h"
#include "command/table.h"
#include "show/show.h"
#include "text/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
	struct lp_words names;
	bool json;
};

struct table_view {
	struct lp_table *table;
	const struct lp_zone *zone;
	uint64_t count;
};

static bool add_row(void *context, const struct lp_definition_change *change, struct lp_error *error)
{
	struct table_view *view = context;
	bool is_own = strcmp(change->kind, "calculation") == 0;
	char time[40], version[24] = "";
	(void)error;
	lp_time_format(change->changed, view->zone, time);
	if (change->version != 0)
		snprintf(version, sizeof version, "%" PRId64, change->version);
	char *what = is_own ? lp_copy_text("definition") : lp_format_text("%s %s", change->kind, change->name);
	lp_table_row(view->table, (const char *const[]){ time, change->role != NULL ? change->role : "a run", what,
	                                                 version, change->change });
	free(what);
	view->count++;
	return true;
}

static bool print_table(struct lp_session *session, const char *calculation, struct lp_error *error)
{
	static const struct lp_table_column headings[] = {
		{ "WHEN", false }, { "WHO", false }, { "WHAT", false }, { "VERSION", true }, { "CHANGE", false }
	};
	struct table_view view = { .table = lp_table_new(stdout, headings, 5), .zone = session->zone };
	bool ok = lp_store_each_definition_change(session->store, calculation, add_row, &view, error);
	lp_table_end(view.table);
	if (ok && view.count == 0)
		lp_print(
			"%s has no history: it was applied by a release that kept none, and no run has worked with its "
			"rule\n",
			calculation);
	return ok;
}

static bool count(void *context, const struct lp_definition_change *change, struct lp_error *error)
{
	(void)change;
	(void)error;
	++*(uint64_t *)context;
	return true;
}

struct search {
	const char *name;
	bool found;
};

static bool compare_name(void *context, const struct lp_status *status, struct lp_error *error)
{
	struct search *search = context;
	(void)error;
	search->found = search->found || strcmp(status->calculation.name, search->name) == 0;
	return true;
}

/* One that was deleted has a history, too. */
static bool check_name(struct lp_store *store, const char *name, struct lp_error *error)
{
	const struct lp_status_filter filter = { .name = name };
	struct search search = { .name = name };
	uint64_t changes = 0;
	if (!lp_store_each_definition_change(store, name, count, &changes, error))
		return false;
	if (changes > 0)
		return true;
	if (!lp_store_each_status(store, &filter, compare_name, &search, error))
		return false;
	if (search.found)
		return true;
	lp_fail(error, LP_EXIT_DATA, "there is no calculation \"%.*s\"", LP_CUT(300, name));
	return lp_hint(error, "`local-processing status` lists all.");
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	const char *calculation = request->names.items[0];
	struct lp_document document = lp_output_document();
	if (!check_name(session->store, calculation, error))
		return false;
	if (!request->json)
		return print_table(session, calculation, error);
	return lp_document_end(&document, lp_show_history(&document, session->store, calculation, session->zone, error),
	                       error);
}

static const struct lp_option options[] = {
	{ .name = "--json", .field = offsetof(struct request, json) },
	{ .name = NULL },
};

const struct lp_command lp_command_history = {
	.name = "history",
	.summary = "who changed a calculation when, and how",
	.help = "Usage: local-processing history [OPTION...] CALCULATION\n"
		"\n"
		"Lists, oldest first, what `apply`, `promote` and `demote` have changed in a calculation, and in the series\n"
		"that it reads and writes today, with the database role that did it (SQLite: the user of the\n"
		"system), and from which run on its rule had which version. It is kept when the calculation is\n"
		"deleted.\n"
		"\n"
		"  --json  as JSON\n"
		"\n"
		"Examples:\n"
		"  local-processing history p3/efficiency\n"
		"  local-processing history p3/efficiency --json\n",
	.options = options,
	.operands = { .least = 1,
	              .most = 1,
	              .what = "the name of a calculation",
	              .field = offsetof(struct request, names) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.run = run,
};
