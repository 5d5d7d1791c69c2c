/* `samples`: prints the samples of a series as they stream from the store. */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/output.h"
#include "command/selection.h"
#include "command/table.h"
#include "text/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int run(int count, char **arguments);

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
	.run = run,
};

struct request {
	const char *from_text, *to_text, *limit_text, *format;
	const char *series;
	lp_time from, to;
	uint32_t limit;
	enum lp_output_form form;
	bool json;
};

struct printing {
	const struct lp_zone *zone;
	enum lp_output_form form;
	struct lp_table *table;
	bool results; /* a calculation writes the series */
	uint64_t count;
};

static const char *quality_name(uint8_t quality)
{
	static const char *const names[] = {
		[LP_QUALITY_GOOD] = "good", [LP_QUALITY_UNCERTAIN] = "uncertain", [LP_QUALITY_BAD] = "bad"
	};
	return quality < sizeof names / sizeof *names ? names[quality] : "unknown";
}

/* What a result was computed from; two empty texts for a measured sample. */
static void format_origin(const struct lp_column *column, size_t index, const char *none, char coverage[32],
                          char samples[32])
{
	snprintf(coverage, 32, "%s", none);
	snprintf(samples, 32, "%s", none);
	if (column->samples == NULL || column->samples[index] < 0)
		return;
	snprintf(samples, 32, "%d", (int)column->samples[index]);
	if (!isnan(column->coverage[index]))
		snprintf(coverage, 32, "%.4g", (double)column->coverage[index]);
}

static void print_sample(struct printing *printing, const struct lp_column *column, size_t index)
{
	char time[40], number[32], coverage[32], samples[32];
	double value = column->value[index];
	uint8_t quality = column->quality == NULL ? LP_QUALITY_GOOD : column->quality[index];
	lp_time_format(column->time[index], printing->zone, time);
	lp_number_format(value, number);
	format_origin(column, index, printing->form == LP_OUTPUT_JSON ? "null" : "", coverage, samples);
	if (printing->form == LP_OUTPUT_TABLE && printing->results && !lp_column_is_computed(column, index))
		snprintf(samples, sizeof samples, "imported");
	switch (printing->form) {
	case LP_OUTPUT_TABLE:
		/* What a person can take in; CSV and JSON have every digit. */
		snprintf(number, sizeof number, "%.10g", value);
		lp_table_row(printing->table,
		             (const char *const[]){ time, number, quality_name(quality), coverage, samples });
		break;
	case LP_OUTPUT_CSV:
		printf("%s,%s,%s", time, number, quality_name(quality));
		if (printing->results)
			printf(",%s,%s", coverage, samples);
		putchar('\n');
		break;
	case LP_OUTPUT_JSON:
		printf("%s\n  {\"time\": \"%s\", \"value\": %s, \"quality\": \"%s\"", printing->count == 0 ? "" : ",",
		       time, isfinite(value) ? number : "null", quality_name(quality));
		if (printing->results)
			printf(", \"coverage\": %s, \"samples\": %s", coverage, samples);
		putchar('}');
		break;
	}
	printing->count++;
}

static bool print_column(void *context, const struct lp_column *samples, struct lp_error *error)
{
	struct printing *printing = context;
	for (size_t i = 0; i < samples->count; i++) {
		print_sample(printing, samples, i);
	}
	return !ferror(stdout) || lp_output_finish(error);
}

static bool print_samples(struct lp_session *session, const struct request *request, const struct lp_series *series,
                          struct lp_error *error)
{
	static const struct lp_table_column headings[] = {
		{ "TIME", false }, { "VALUE", true }, { "QUALITY", false }, { "COVERAGE", true }, { "SAMPLES", true }
	};
	struct printing printing = { .zone = session->zone, .form = request->form };
	int64_t writer;

	if (!lp_store_writer(session->store, series->id, &writer, error))
		return false;
	printing.results = writer != 0;

	if (request->form == LP_OUTPUT_TABLE) {
		printing.table = lp_table_new(stdout, headings, printing.results ? 5 : 3);
	} else {
		fputs(request->form == LP_OUTPUT_CSV
		              ? (printing.results ? "time,value,quality,coverage,samples\n" : "time,value,quality\n")
		              : "[",
		      stdout);
	}
	bool good = lp_store_read_samples(session->store, series->id, request->from, request->to, request->limit,
	                                  print_column, &printing, error);
	if (request->form == LP_OUTPUT_TABLE) {
		lp_table_end(printing.table);
		if (good) {
			const char *unit = series->unit == NULL ? "" : series->unit;
			printf("%s%llu sample%s%s%s\n", printing.count == 0 ? "" : "\n",
			       (unsigned long long)printing.count, printing.count == 1 ? "" : "s",
			       unit[0] == '\0' ? "" : " in ", unit);
		}
	} else if (request->form == LP_OUTPUT_JSON) {
		fputs(printing.count == 0 ? "]\n" : "\n]\n", stdout);
	}
	return good && lp_output_finish(error);
}

static bool show(struct lp_session *session, const struct request *request, struct lp_error *error)
{
	struct lp_arena arena = { 0 };
	struct lp_series series;
	bool good = lp_series_named(session->store, request->series, &arena, &series, error) &&
	            print_samples(session, request, &series, error);
	lp_arena_free(&arena);
	return good;
}

/* --json is what other commands call it. */
static bool choose_form(struct request *request, struct lp_error *error)
{
	if (request->json && request->format != NULL) {
		return lp_fail(error, LP_EXIT_USAGE, "--json and --format exclude each other");
	}
	return lp_output_form_parse(request->json ? "json" : request->format, &request->form, error);
}

static int run(int count, char **arguments)
{
	struct lp_error error = { 0 };
	struct lp_common_options common = { 0 };
	struct lp_session session = { 0 };
	struct request request = { 0 };
	const struct lp_option options[] = {
		{ .name = "--from", .value = "TIME", .target = &request.from_text },
		{ .name = "--to", .value = "TIME", .target = &request.to_text },
		{ .name = "--limit", .letter = 'n', .value = "N", .target = &request.limit_text },
		{ .name = "--format", .value = "FORMAT", .target = &request.format },
		{ .name = "--json", .target = &request.json },
		{ 0 },
	};
	int operands;

	if (!lp_options_parse(&lp_command_samples, count, arguments, options, &common, &operands, &error) ||
	    !choose_form(&request, &error) ||
	    (request.limit_text != NULL && !lp_count_parse("--limit", request.limit_text, 1, &request.limit, &error))) {
		return lp_command_fail(&lp_command_samples, &error);
	}
	if (operands != 1) {
		lp_fail(&error, LP_EXIT_USAGE, "expected the name of one series, got %d", operands);
		lp_hint(&error, "Names with blanks go in quotes. All names: local-processing export.");
		return lp_command_fail(&lp_command_samples, &error);
	}
	request.series = arguments[0];
	if (!lp_session_open(&common, LP_SESSION_STORE, &session, &error)) {
		return lp_command_fail(&lp_command_samples, &error);
	}
	bool good = lp_option_time("--from", request.from_text, session.zone, &request.from, &error) &&
	            lp_option_time("--to", request.to_text, session.zone, &request.to, &error) &&
	            show(&session, &request, &error);
	int code = good ? LP_EXIT_OK : lp_command_fail(&lp_command_samples, &error);
	lp_session_close(&session);
	return code;
}
