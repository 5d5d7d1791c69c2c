/*
 * A schedule as columns: spans as the texts people write.  Knows no table.
 */
#include "calendar/calendar.h"
#include "store/sqlite/internal.h"

#include <stdio.h>
#include <string.h>

bool lp_sqlite_read_schedule(sqlite3_stmt *statement, int column, struct lp_schedule *schedule, struct lp_error *error)
{
	const char *offset = lp_sqlite_text_or_empty(statement, column + 2);

	/* Zeroed as a whole: compose compares schedules, and a zone's unused bytes must not differ. */
	memset(schedule, 0, sizeof *schedule);
	schedule->week_start = sqlite3_column_int(statement, column + 4);
	snprintf(schedule->zone, sizeof schedule->zone, "%s", lp_sqlite_text_or_empty(statement, column + 5));
	schedule->missed = strcmp(lp_sqlite_text_or_empty(statement, column + 6), lp_missed_names[LP_MISSED_SKIP]) == 0
	                           ? LP_MISSED_SKIP
	                           : LP_MISSED_CATCH_UP;
	return lp_span_parse(lp_sqlite_text_or_empty(statement, column), &schedule->every, error) &&
	       lp_span_parse(lp_sqlite_text_or_empty(statement, column + 1), &schedule->window, error) &&
	       (*offset == '\0' || lp_span_parse(offset, &schedule->offset, error)) &&
	       lp_duration_parse(lp_sqlite_text_or_empty(statement, column + 3), &schedule->delay, error);
}

bool lp_sqlite_span(sqlite3_stmt *statement, int column, struct lp_span *span, struct lp_error *error)
{
	const char *text = lp_sqlite_text(statement, column);

	*span = (struct lp_span){ 0 };
	return text == NULL || lp_span_parse(text, span, error);
}

void lp_sqlite_bind_span(sqlite3_stmt *statement, int index, struct lp_span span)
{
	char text[32];

	if (span.count == 0) {
		sqlite3_bind_null(statement, index);
		return;
	}
	lp_span_format(span, text);
	sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
}

void lp_sqlite_bind_schedule(sqlite3_stmt *statement, int index, const struct lp_schedule *schedule)
{
	char text[32];

	lp_span_format(schedule->every, text);
	sqlite3_bind_text(statement, index, text, -1, SQLITE_TRANSIENT);
	lp_span_format(schedule->window, text);
	sqlite3_bind_text(statement, index + 1, text, -1, SQLITE_TRANSIENT);
	/* Without an offset the unit means nothing. */
	if (schedule->offset.count != 0)
		lp_span_format(schedule->offset, text);
	else
		text[0] = '\0';
	sqlite3_bind_text(statement, index + 2, text, -1, SQLITE_TRANSIENT);
	lp_duration_format(schedule->delay, text);
	sqlite3_bind_text(statement, index + 3, text, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int(statement, index + 4, schedule->week_start);
	sqlite3_bind_text(statement, index + 5, schedule->zone, -1, SQLITE_TRANSIENT);
	sqlite3_bind_text(statement, index + 6, lp_missed_names[schedule->missed], -1, SQLITE_STATIC);
}
