/* `samples`: prints the samples of a series as they stream from the store. */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/output.h"
#include "command/selection.h"
#include "command/table.h"
#include "command/times.h"
#include "text/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct request {
	const char *from, *to, *format;
	struct lp_words series;
	uint32_t limit;
	enum lp_output_form form;
	bool json;
};

struct range {
	lp_time from, to;
	uint32_t limit;
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

static bool print_samples(struct lp_session *session, enum lp_output_form form, const struct range *range,
                          const struct lp_series *series, struct lp_error *error)
{
	static const struct lp_table_column headings[] = {
		{ "TIME", false }, { "VALUE", true }, { "QUALITY", false }, { "COVERAGE", true }, { "SAMPLES", true }
	};
	struct printing printing = { .zone = session->zone, .form = form };
	int64_t writer;

	if (!lp_store_writer(session->store, series->id, &writer, error))
		return false;
	printing.results = writer != 0;

	if (form == LP_OUTPUT_TABLE) {
		printing.table = lp_table_new(stdout, headings, printing.results ? 5 : 3);
	} else {
		fputs(form == LP_OUTPUT_CSV
		              ? (printing.results ? "time,value,quality,coverage,samples\n" : "time,value,quality\n")
		              : "[",
		      stdout);
	}
	bool good = lp_store_read_samples(session->store, series->id, range->from, range->to, range->limit,
	                                  print_column, &printing, error);
	if (form == LP_OUTPUT_TABLE) {
		lp_table_end(printing.table);
		if (good) {
			const char *unit = series->unit == NULL ? "" : series->unit;
			printf("%s%llu sample%s%s%s\n", printing.count == 0 ? "" : "\n",
			       (unsigned long long)printing.count, printing.count == 1 ? "" : "s",
			       unit[0] == '\0' ? "" : " in ", unit);
		}
	} else if (form == LP_OUTPUT_JSON) {
		fputs(printing.count == 0 ? "]\n" : "\n]\n", stdout);
	}
	return good;
}

static bool show(struct lp_session *session, const struct request *request, const struct range *range,
                 struct lp_error *error)
{
	struct lp_arena arena = { 0 };
	struct lp_series series;
	bool good = lp_series_named(session->store, request->series.items[0], &arena, &series, error) &&
	            print_samples(session, request->form, range, &series, error);
	lp_arena_free(&arena);
	return good;
}

/* --json is what other commands call it. */
static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	struct request *request = data;
	(void)overrides;
	if (request->json && request->format != NULL) {
		return lp_fail(error, LP_EXIT_USAGE, "--json and --format exclude each other");
	}
	return lp_output_form_parse(request->json ? "json" : request->format, &request->form, error);
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	struct range range = { .limit = request->limit };
	return lp_option_time("--from", request->from, session->zone, &range.from, error) &&
	       lp_option_time("--to", request->to, session->zone, &range.to, error) &&
	       show(session, request, &range, error);
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
