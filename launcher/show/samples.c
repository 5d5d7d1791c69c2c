/* The samples of a series as they stream from the store, as CSV or JSON: see show.h. */
#include "show/show.h"

#include "text/json.h"
#include "text/number.h"

#include <math.h>
#include <stdio.h>

const char *lp_quality_name(uint8_t quality)
{
	static const char *const names[] = {
		[LP_QUALITY_GOOD] = "good", [LP_QUALITY_UNCERTAIN] = "uncertain", [LP_QUALITY_BAD] = "bad"
	};
	return quality < sizeof names / sizeof *names ? names[quality] : "unknown";
}

void lp_format_origin(const struct lp_column *column, size_t index, const char *none, char coverage[32],
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

struct rows {
	struct lp_document *document;
	const struct lp_samples_query *query;
	uint64_t count;
};

static void add_csv(struct lp_text *csv, const struct lp_samples_query *query, const struct lp_column *column,
                    size_t index)
{
	char time[40], value[32], coverage[32], samples[32];
	lp_time_format(column->time[index], query->zone, time);
	lp_number_format(column->value[index], value);
	lp_format_origin(column, index, "", coverage, samples);
	lp_text_addf(csv, "%s,%s,%s", time, value,
	             lp_quality_name(column->quality == NULL ? LP_QUALITY_GOOD : column->quality[index]));
	if (query->results)
		lp_text_addf(csv, ",%s,%s", coverage, samples);
	lp_text_add(csv, "\n", 1);
}

static void add_json(struct lp_text *json, const struct lp_samples_query *query, const struct lp_column *column,
                     size_t index)
{
	char coverage[32], samples[32];
	lp_format_origin(column, index, "null", coverage, samples);
	lp_json_new_line(json, 2);
	lp_json_begin(json, NULL, "{");
	lp_json_add_time(json, "time", column->time[index], query->zone);
	lp_json_add_number(json, "value", column->value[index]);
	lp_json_add_text(json, "quality",
	                 lp_quality_name(column->quality == NULL ? LP_QUALITY_GOOD : column->quality[index]));
	if (query->results) {
		lp_json_add_stored(json, "coverage", coverage);
		lp_json_add_stored(json, "samples", samples);
	}
	lp_json_end(json, "}");
}

static bool add_column(void *context, const struct lp_column *column, struct lp_error *error)
{
	struct rows *rows = context;
	struct lp_text *text = &rows->document->text;
	rows->count += column->count;
	for (size_t i = 0; i < column->count; i++) {
		if (rows->query->csv)
			add_csv(text, rows->query, column, i);
		else
			add_json(text, rows->query, column, i);
		if (!lp_document_flush(rows->document, error))
			return false;
	}
	return true;
}

bool lp_show_samples(struct lp_document *document, struct lp_store *store, const struct lp_samples_query *query,
                     struct lp_error *error)
{
	struct rows rows = { .document = document, .query = query };
	struct lp_text *text = &document->text;
	if (query->csv)
		lp_text_addf(text, "time,value,quality%s\n", query->results ? ",coverage,samples" : "");
	else
		lp_json_begin(text, NULL, "[");
	bool ok = lp_store_read_samples(
		store,
		&(const struct lp_sample_query){
			.series_id = query->series->id, .from = query->from, .to = query->to, .most = query->most },
		add_column, &rows, error);
	if (!query->csv)
		lp_json_end(text, rows.count == 0 ? "]\n" : "\n]\n");
	return ok;
}
