/* The columns of a schedule: spans as the texts that people write. */
#include "store/postgresql/internal.h"

#include "calendar/calendar.h"

#include <stdio.h>
#include <string.h>

void lp_pg_spans(const struct lp_schedule *schedule, struct pg_spans *spans)
{
	lp_span_format(schedule->every, spans->every);
	lp_span_format(schedule->window, spans->window);
	lp_span_format(schedule->offset, spans->offset);
	lp_duration_format(schedule->delay, spans->delay);
}

static bool get_short_text(const PGresult *result, int row, int column, char *text, size_t size)
{
	size_t length = (size_t)PQgetlength(result, row, column);

	if (length >= size)
		return false;
	memcpy(text, PQgetvalue(result, row, column), length);
	text[length] = '\0';
	return true;
}

/* "0 hours" is not a span that people may write for `every`, so an offset of none is read apart. */
static bool get_span(const PGresult *result, int row, int column, struct lp_span *span, struct lp_error *error)
{
	char text[64];

	if (!get_short_text(result, row, column, text, sizeof text))
		return lp_fail(error, LP_EXIT_DATA, "the stored %s is too long", PQfname(result, column));
	return lp_span_parse(text, span, error) ||
	       lp_fail_within(error, "the stored %s \"%s\"", PQfname(result, column), text);
}

bool lp_pg_parse_duration(const char *text, int64_t *duration, struct lp_error *error)
{
	*duration = 0;
	return text == NULL || lp_duration_parse(text, duration, error) ||
	       lp_fail_within(error, "the stored duration \"%s\"", text);
}

bool lp_pg_parse_span(const char *text, struct lp_span *span, struct lp_error *error)
{
	*span = (struct lp_span){ .count = 0 };
	return text == NULL || lp_span_parse(text, span, error) ||
	       lp_fail_within(error, "the stored span \"%s\"", text);
}

bool lp_pg_parse_within(const char *text, int64_t *within, struct lp_error *error)
{
	*within = LP_NEVER;
	return (text != NULL && strcmp(text, "never") == 0) || lp_pg_parse_duration(text, within, error);
}

bool lp_pg_get_schedule(const PGresult *result, int row, int column, struct lp_schedule *schedule,
                        struct lp_error *error)
{
	char delay[64], missed[16];

	*schedule = (struct lp_schedule){ .week_start = lp_pg_get_int4(result, row, column + 4) };
	if (!get_span(result, row, column, &schedule->every, error) ||
	    !get_span(result, row, column + 1, &schedule->window, error) ||
	    !get_span(result, row, column + 2, &schedule->offset, error))
		return false;
	if (!get_short_text(result, row, column + 3, delay, sizeof delay) ||
	    !get_short_text(result, row, column + 5, schedule->zone, sizeof schedule->zone))
		return lp_fail(error, LP_EXIT_DATA, "a stored delay or time zone is too long");
	if (get_short_text(result, row, column + 6, missed, sizeof missed) &&
	    strcmp(missed, lp_missed_names[LP_MISSED_SKIP]) == 0)
		schedule->missed = LP_MISSED_SKIP;
	return lp_pg_parse_duration(delay, &schedule->delay, error);
}
