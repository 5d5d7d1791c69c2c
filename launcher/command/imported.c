/* Samples in series that become a calculation's outputs.  See imported.h. */
#include "command/imported.h"

#include "command/run_report.h"
#include "text/names.h"

#include <stdlib.h>

static void add_outputs(struct lp_names *names, const struct lp_calculation *calculations, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < calculations[i].output_count; k++)
			(void)lp_names_add(names, calculations[i].outputs[k].series, i, NULL);
}

static void add_line(struct lp_text *text, const struct lp_imported *imported)
{
	bool all = imported->samples < LP_IMPORTED_MOST;
	char samples[32], series[32];

	lp_report_count(imported->samples, samples);
	lp_report_count(imported->series, series);
	lp_text_addf(
		text,
		"imported or measured: %s%s sample%s of %s series that %s the output of a calculation now; no run writes"
		" over %s (see `backfill --replace-imported`)\n",
		all ? "" : "at least ", samples, imported->samples == 1 ? "" : "s", series,
		imported->series == 1 ? "is" : "are", imported->samples == 1 ? "it" : "them");
}

bool lp_imported_describe(struct lp_store *store, const struct lp_definitions *stored,
                          const struct lp_calculation *calculations, size_t count, struct lp_text *text,
                          struct lp_error *error)
{
	struct lp_names written = { 0 };
	struct lp_imported imported = { 0 };
	const char **series = NULL;
	size_t series_count = 0, capacity = 0, at;
	bool ok = true;

	add_outputs(&written, stored->calculations, stored->calculation_count);
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < calculations[i].output_count; k++) {
			const char *name = calculations[i].outputs[k].series;

			if (lp_names_find(&written, name, &at))
				continue;
			LP_GROW(series, series_count, capacity);
			series[series_count++] = name;
		}
	}
	if (series_count > 0)
		ok = lp_store_count_imported(store, series, series_count, &imported, error);
	if (ok && imported.samples > 0)
		add_line(text, &imported);
	free(series);
	lp_names_free(&written);
	return ok;
}
