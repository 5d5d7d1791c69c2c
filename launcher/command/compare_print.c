/* Prints a comparison: tables for people, CSV of all that is not equal, JSON. See compare.h. */
#include "command/compare.h"

#include "command/run_report.h"
#include "command/table.h"
#include "schedule/schedule.h"
#include "text/json.h"
#include "text/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS_SHOWN = 20 };

/* The window that made a point; false: it is not known. */
static bool find_window(const struct lp_compared_point *point, struct lp_window *window)
{
	const struct lp_schedule *schedule = &point->of->calculation->schedule;
	const struct lp_zone *zone;
	struct lp_error unknown;
	return point->window_end != LP_TIME_NONE && lp_zone_find(schedule->zone, &zone, &unknown) &&
	       lp_window_ending_by(schedule, zone, point->window_end, window) && window->end == point->window_end;
}

static void number_text(double number, char text[32])
{
	text[0] = '\0';
	if (!isnan(number))
		lp_number_format(number, text);
}

static void window_texts(const struct lp_compared_point *point, const struct lp_zone *zone, char start[40],
                         char end[40])
{
	struct lp_window window;
	start[0] = end[0] = '\0';
	if (!find_window(point, &window))
		return;
	lp_time_format(window.start, zone, start);
	lp_time_format(window.end, zone, end);
}

/* Adds a cell of CSV, in quotes where it needs them. */
static void add_cell(struct lp_text *csv, const char *text)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		lp_text_addf(csv, "%s", text);
		return;
	}
	lp_text_addf(csv, "\"");
	for (const char *c = text; *c != '\0'; c++)
		lp_text_addf(csv, "%s%c", *c == '"' ? "\"" : "", *c);
	lp_text_addf(csv, "\"");
}

/* Points on their way to CSV. */
struct lines {
	struct lp_document document;
	const struct lp_zone *zone;
};

static bool add_line(void *context, const struct lp_compared_point *point, struct lp_error *error)
{
	struct lines *lines = context;
	struct lp_text *csv = &lines->document.text;
	char time[40], start[40], end[40], here[32], there[32], coverage[32] = "", samples[32] = "";
	lp_time_format(point->time, lines->zone, time);
	number_text(point->here, here);
	number_text(point->there, there);
	window_texts(point, lines->zone, start, end);
	if (!isnan(point->coverage))
		snprintf(coverage, sizeof coverage, "%.4g", (double)point->coverage);
	if (point->samples >= 0)
		snprintf(samples, sizeof samples, "%d", (int)point->samples);
	add_cell(csv, point->of->calculation->name);
	lp_text_addf(csv, ",");
	add_cell(csv, point->of->series);
	lp_text_addf(csv, ",%s,%s,%s,%s,%s,%s,%s,%s\n", time, lp_likeness_names[point->likeness], here, there, coverage,
	             samples, start, end);
	return lp_document_flush(&lines->document, error);
}

static bool print_csv(struct lp_comparison *comparison, const struct lp_zone *zone, struct lp_error *error)
{
	struct lines lines = { .document = lp_output_document(), .zone = zone };
	comparison->visit = add_line;
	comparison->context = &lines;
	lp_text_addf(&lines.document.text,
	             "calculation,series,time,likeness,here,there,coverage,samples,window_start,window_end\n");
	return lp_document_end(&lines.document, lp_comparison_run(comparison, error), error);
}

/* "equal" to "equal", "missing there" to "missing_there". */
static void add_counts(struct lp_text *json, const struct lp_likeness_counts *counts)
{
	static const char *const keys[LP_LIKE_COUNT] = { "equal", "different", "missing_there", "missing_here",
		                                         "repeated_there" };
	for (int likeness = 0; likeness < LP_LIKE_COUNT; likeness++)
		lp_json_add_integer(json, keys[likeness], (int64_t)counts->of[likeness]);
}

static void add_groups(struct lp_text *json, const char *name, const char *key, const struct lp_compared_groups *groups)
{
	lp_json_begin(json, name, "[");
	for (size_t i = 0; i < groups->count; i++) {
		lp_json_new_line(json, 4);
		lp_json_begin(json, NULL, "{");
		lp_json_add_text(json, key, groups->items[i].name);
		add_counts(json, &groups->items[i].counts);
		lp_json_end(json, "}");
	}
	lp_json_end(json, groups->count == 0 ? "]" : "\n  ]");
	lp_json_new_line(json, 2);
}

static void add_inputs(struct lp_text *json, const struct lp_compared_point *point, const struct lp_zone *zone)
{
	const struct lp_calculation *calculation = point->of->calculation;
	const struct lp_zone *own;
	struct lp_window window, range;
	struct lp_error unknown;
	bool known = find_window(point, &window) && lp_zone_find(calculation->schedule.zone, &own, &unknown);
	lp_json_begin(json, "inputs", "[");
	for (size_t i = 0; i < calculation->input_count && known; i++) {
		const struct lp_input *input = &calculation->inputs[i];
		if (!lp_input_range(&calculation->schedule, own, window, input->window, input->shift, &range))
			range = window;
		lp_json_begin(json, NULL, "{");
		lp_json_add_text(json, "name", input->name);
		lp_json_add_text(json, "series", input->series);
		lp_json_add_time(json, "from", range.start, zone);
		lp_json_add_time(json, "to", range.end, zone);
		lp_json_end(json, "}");
	}
	lp_json_end(json, "]");
}

static void add_worst(struct lp_text *json, const struct lp_compared_point *point, const struct lp_zone *zone)
{
	struct lp_window window = { LP_TIME_NONE, LP_TIME_NONE };
	(void)find_window(point, &window);
	lp_json_new_line(json, 4);
	lp_json_begin(json, NULL, "{");
	lp_json_add_text(json, "calculation", point->of->calculation->name);
	lp_json_add_text(json, "series", point->of->series);
	lp_json_add_time(json, "time", point->time, zone);
	lp_json_add_number(json, "here", point->here);
	lp_json_add_number(json, "there", point->there);
	lp_json_add_number(json, "relative_difference", point->difference);
	lp_json_add_number(json, "coverage", (double)point->coverage);
	if (point->samples >= 0)
		lp_json_add_integer(json, "samples", point->samples);
	else
		lp_json_add_null(json, "samples");
	lp_json_add_time(json, "window_start", window.start, zone);
	lp_json_add_time(json, "window_end", window.end, zone);
	add_inputs(json, point, zone);
	lp_json_end(json, "}");
}

static bool print_json(struct lp_comparison *comparison, const struct lp_zone *zone, struct lp_error *error)
{
	struct lp_text json = { 0 };
	if (!lp_comparison_run(comparison, error))
		return false;
	lp_json_begin(&json, NULL, "{\n  ");
	lp_json_add_integer(&json, "series", (int64_t)comparison->count);
	lp_json_add_integer(&json, "series_without_results", (int64_t)comparison->empty);
	add_counts(&json, &comparison->counts);
	lp_json_new_line(&json, 2);
	add_groups(&json, "by_calculation", "calculation", &comparison->by_calculation);
	add_groups(&json, "by_rule", "rule", &comparison->by_rule);
	add_groups(&json, "by_month", "month", &comparison->by_month);
	lp_json_begin(&json, "worst", "[");
	for (size_t i = 0; i < comparison->worst_count; i++)
		add_worst(&json, &comparison->worst[i], zone);
	lp_json_end(&json, comparison->worst_count == 0 ? "]" : "\n  ]");
	lp_json_end(&json, "\n}\n");
	lp_print_built(&json);
	return true;
}

/* all: also groups of which all are equal. */
static void print_groups(const char *heading, const struct lp_compared_groups *groups, bool all)
{
	const struct lp_table_column headings[] = { { heading, false },       { "EQUAL", true },
		                                    { "DIFFERENT", true },    { "MISSING THERE", true },
		                                    { "MISSING HERE", true }, { "REPEATED THERE", true } };
	struct lp_table *table = lp_table_new(stdout, headings, sizeof headings / sizeof *headings);
	size_t shown = 0, more = 0;
	for (size_t i = 0; i < groups->count; i++) {
		const struct lp_compared_group *group = &groups->items[i];
		char numbers[LP_LIKE_COUNT][32];
		const char *cells[LP_LIKE_COUNT + 1] = { group->name };
		if (!all && lp_likeness_is_equal(&group->counts))
			continue;
		if (shown == GROUPS_SHOWN) {
			more++;
			continue;
		}
		for (int likeness = 0; likeness < LP_LIKE_COUNT; likeness++) {
			lp_report_count(group->counts.of[likeness], numbers[likeness]);
			cells[likeness + 1] = group->counts.of[likeness] == 0 ? "" : numbers[likeness];
		}
		lp_table_row(table, cells);
		shown++;
	}
	lp_table_end(table);
	if (more > 0)
		printf("and %zu more: --json has all\n", more);
	if (shown > 0)
		putchar('\n');
}

static void print_worst(const struct lp_comparison *comparison, const struct lp_zone *zone)
{
	if (comparison->worst_count > 0)
		puts("The largest differences:");
	for (size_t i = 0; i < comparison->worst_count; i++) {
		const struct lp_compared_point *point = &comparison->worst[i];
		const struct lp_calculation *calculation = point->of->calculation;
		char time[40], start[40], end[40], here[32], there[32];
		lp_time_format(point->time, zone, time);
		number_text(point->here, here);
		number_text(point->there, there);
		window_texts(point, zone, start, end);
		lp_print("  %s at %s (calculation %s)\n", point->of->series, time, calculation->name);
		printf("    %s here, %s there: %.4g %%", here, there, 100 * point->difference);
		if (point->samples >= 0)
			printf("; of %d samples", (int)point->samples);
		if (!isnan(point->coverage))
			printf(", coverage %.4g", (double)point->coverage);
		if (start[0] != '\0')
			printf("; window %s to %s", start, end);
		fputs("\n    reads ", stdout);
		for (size_t k = 0; k < calculation->input_count; k++)
			lp_print("%s%s: %s", k == 0 ? "" : ", ", calculation->inputs[k].name,
			         calculation->inputs[k].series);
		putchar('\n');
	}
	if (comparison->worst_count > 0)
		putchar('\n');
}

static bool print_table(struct lp_comparison *comparison, const struct lp_zone *zone, struct lp_error *error)
{
	if (!lp_comparison_run(comparison, error))
		return false;
	const struct lp_likeness_counts *counts = &comparison->counts;
	bool equal = lp_likeness_is_equal(counts);
	print_groups("MONTH", &comparison->by_month, true);
	if (!equal) {
		print_groups("RULE", &comparison->by_rule, false);
		print_groups("CALCULATION", &comparison->by_calculation, false);
	}
	print_worst(comparison, zone);
	printf("%zu series: ", comparison->count);
	for (int likeness = 0; likeness < LP_LIKE_COUNT; likeness++) {
		char number[32];
		lp_report_count(counts->of[likeness], number);
		if (likeness <= LP_LIKE_DIFFERENT || counts->of[likeness] > 0)
			printf("%s%s %s", likeness == 0 ? "" : ", ", number, lp_likeness_names[likeness]);
	}
	if (comparison->empty > 0)
		printf("; %zu without any result here", comparison->empty);
	putchar('\n');
	return true;
}

bool lp_compare_print(struct lp_comparison *comparison, enum lp_output_form form, const struct lp_zone *zone,
                      struct lp_error *error)
{
	switch (form) {
	case LP_OUTPUT_CSV:
		return print_csv(comparison, zone, error);
	case LP_OUTPUT_JSON:
		return print_json(comparison, zone, error);
	default:
		return print_table(comparison, zone, error);
	}
}
