/* `samples`: prints the samples of a series as they stream from the store. */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/output.h"
#include "command/table.h"
#include "command/times.h"
#include "show/show.h"

#include <inttypes.h>
#include <stdio.h>

struct request {
	const char *from, *to, *format;
	struct lp_words series;
	uint32_t limit;
	enum lp_output_form form;
	bool json, shadow;
};

struct table_view {
	const struct lp_samples_query *query;
	struct lp_table *table;
	uint64_t count;
};

static bool add_column(void *context, const struct lp_column *column, struct lp_error *error)
{
	struct table_view *view = context;
	for (size_t i = 0; i < column->count; i++) {
		char time[40], number[32], coverage[32], samples[32];
		uint8_t quality = column->quality == NULL ? LP_QUALITY_GOOD : column->quality[i];
		lp_time_format(column->time[i], view->query->zone, time);
		/* A person needs no more digits; CSV and JSON have all of them. */
		snprintf(number, sizeof number, "%.10g", column->value[i]);
		lp_format_origin(column, i, "", coverage, samples);
		if (view->query->results && !lp_column_is_computed(column, i))
			snprintf(samples, sizeof samples, "imported");
		lp_table_row(view->table,
		             (const char *const[]){ time, number, lp_quality_name(quality), coverage, samples });
	}
	view->count += column->count;
	return !ferror(stdout) || lp_output_finish(error);
}

static bool print_table(struct lp_store *store, const struct lp_samples_query *query, struct lp_error *error)
{
	static const struct lp_table_column headings[] = {
		{ "TIME", false }, { "VALUE", true }, { "QUALITY", false }, { "COVERAGE", true }, { "SAMPLES", true }
	};
	struct table_view view = { .query = query, .table = lp_table_new(stdout, headings, query->results ? 5 : 3) };
	const char *unit = query->series->unit == NULL ? "" : query->series->unit;
	bool ok = lp_store_read_samples(
		store,
		&(const struct lp_sample_query){
			.series_id = query->series->id, .from = query->from, .to = query->to, .most = query->most },
		add_column, &view, error);
	lp_table_end(view.table);
	if (ok)
		printf("%s%" PRIu64 " sample%s%s%s\n", view.count == 0 ? "" : "\n", view.count,
		       view.count == 1 ? "" : "s", unit[0] == '\0' ? "" : " in ", unit);
	return ok;
}

static bool print_samples(struct lp_store *store, const struct lp_samples_query *query, enum lp_output_form form,
                          struct lp_error *error)
{
	struct lp_document document = lp_output_document();
	if (form == LP_OUTPUT_TABLE)
		return print_table(store, query, error);
	return lp_document_end(&document, lp_show_samples(&document, store, query, error), error);
}

/* --json is the name that the other commands have for it. */
static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	struct request *request = data;
	(void)overrides;
	if (request->json && request->format != NULL)
		return lp_fail(error, LP_EXIT_USAGE, "--json and --format exclude each other");
	return lp_output_form_parse(request->json ? "json" : request->format, &request->form, error);
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	struct lp_arena arena = { 0 };
	struct lp_series series;
	struct lp_samples_query query = {
		.series = &series, .most = request->limit, .zone = session->zone, .csv = request->form == LP_OUTPUT_CSV
	};
	int64_t writer;
	bool ok = lp_option_time("--from", request->from, session->zone, &query.from, error) &&
	          lp_option_time("--to", request->to, session->zone, &query.to, error);
	ok = ok && lp_find_series(session->store, request->series.items[0], &arena, &series, error) &&
	     (!request->shadow || lp_series_in_shadow(&series, error));
	ok = ok && lp_store_writer(session->store, series.id, &writer, error);
	query.results = ok && (writer != 0 || request->shadow);
	ok = ok && print_samples(session->store, &query, request->form, error);
	lp_arena_free(&arena);
	return ok;
}

static const struct lp_option options[] = {
	{ .name = "--from", .value = "TIME", .field = offsetof(struct request, from) },
	{ .name = "--to", .value = "TIME", .field = offsetof(struct request, to) },
	{ .name = "--limit",
	  .letter = 'n',
	  .value = "N",
	  .form = LP_OPTION_COUNT,
	  .field = offsetof(struct request, limit) },
	{ .name = "--format", .value = "FORMAT", .field = offsetof(struct request, format) },
	{ .name = "--shadow", .field = offsetof(struct request, shadow) },
	{ .name = "--json", .field = offsetof(struct request, json) },
	{ .name = NULL },
};

const struct lp_command lp_command_samples = {
	.name = "samples",
	.summary = "print the samples of a series",
	.help = "Usage: local-processing samples [OPTION...] SERIES\n"
		"\n"
		"Prints the samples of a series in the order of time: a table on a terminal, CSV anywhere else.\n"
		"\n"
		"  --from TIME      the first time wanted\n"
		"  --to TIME        the first time no longer wanted\n"
		"  -n, --limit N    at most N samples, the oldest ones\n"
		"  --format FORMAT  table, csv or json (a list of objects)\n"
		"  --shadow         the results that its calculation has made in shadow\n"
		"  --json           as --format json\n"
		"\n"
		"Times are RFC 3339 (2026-03-01T12:00:00Z, 2026-03-01T13:00:00+01:00), or without offset local\n"
		"to --time-zone; what is printed is local to it too. A missing value is nan (null in JSON).\n"
		"Results have, besides, the number of good samples that they were computed from, and the share of\n"
		"those expected that this is (coverage, 0 to 1). Those without were imported into the series of a\n"
		"calculation, which does not write over them.\n"
		"\n"
		"Exits 0 when it is done, 65 when there is no such series.\n"
		"\n"
		"Examples:\n"
		"  local-processing samples p1/flow --from 2026-03-01 --to 2026-03-02\n"
		"  local-processing samples p1/flow --time-zone Europe/Berlin --format csv > flow.csv\n",
	.options = options,
	.operands = { .least = 1,
	              .most = 1,
	              .what = "the name of one series",
	              .hint = "Names with blanks go in quotes. All names: local-processing export.",
	              .field = offsetof(struct request, series) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.check = check,
	.run = run,
};
