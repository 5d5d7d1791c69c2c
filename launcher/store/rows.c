/*
 * The rows that stores keep, and how their fields become columns.  See rows.h.
 */
#include "store/rows.h"

#include "calendar/calendar.h"
#include "store/owed.h"
#include "store/settle.h"

#include <stdlib.h>
#include <string.h>

const enum lp_type lp_kind_types[LP_KIND_NUMBER] = {
	[LP_KIND_ID] = LP_TYPE_INT8,
	[LP_KIND_ID_OR_NULL] = LP_TYPE_INT8,
	[LP_KIND_INTEGER] = LP_TYPE_INT4,
	[LP_KIND_SMALL] = LP_TYPE_INT2,
	[LP_KIND_COUNT] = LP_TYPE_INT8,
	[LP_KIND_BOOL] = LP_TYPE_BOOL,
	[LP_KIND_TIME] = LP_TYPE_TIME,
	[LP_KIND_FIRST_GONE] = LP_TYPE_TIME,
	[LP_KIND_LAST_GONE] = LP_TYPE_TIME,
	[LP_KIND_MICROSECONDS] = LP_TYPE_INT8,
	[LP_KIND_SHORT_MICROSECONDS] = LP_TYPE_INT4,
	[LP_KIND_QUALITY] = LP_TYPE_INT2,
	[LP_KIND_DOUBLE] = LP_TYPE_DOUBLE,
	[LP_KIND_SHARE] = LP_TYPE_DOUBLE,
	[LP_KIND_TEXT] = LP_TYPE_TEXT,
	[LP_KIND_TEXT_OR_EMPTY] = LP_TYPE_TEXT,
	[LP_KIND_JSON] = LP_TYPE_TEXT,
	[LP_KIND_ZONE] = LP_TYPE_TEXT,
	[LP_KIND_STATE] = LP_TYPE_TEXT,
	[LP_KIND_RUN_KIND] = LP_TYPE_TEXT,
	[LP_KIND_RESULT_TIME] = LP_TYPE_TEXT,
	[LP_KIND_MISSED] = LP_TYPE_TEXT,
	[LP_KIND_SPAN] = LP_TYPE_TEXT,
	[LP_KIND_SPAN_OR_NULL] = LP_TYPE_TEXT,
	[LP_KIND_OFFSET] = LP_TYPE_TEXT,
	[LP_KIND_DELAY] = LP_TYPE_TEXT,
	[LP_KIND_LIMIT] = LP_TYPE_TEXT,
	[LP_KIND_LENGTH] = LP_TYPE_TEXT,
	[LP_KIND_WITHIN] = LP_TYPE_TEXT,
};

static const char *text_or(const char *const *field, const char *otherwise)
{
	return *field != NULL ? *field : otherwise;
}

static const char *span_text(const struct lp_span *span, char scratch[LP_ROW_SCRATCH])
{
	lp_span_format(*span, scratch);
	return scratch;
}

static const char *duration_text(int64_t duration, char scratch[LP_ROW_SCRATCH])
{
	lp_duration_format(duration, scratch);
	return scratch;
}

const char *lp_row_text(enum lp_kind kind, const void *field, char scratch[LP_ROW_SCRATCH])
{
	switch (kind) {
	case LP_KIND_TEXT:
		return text_or(field, NULL);
	case LP_KIND_TEXT_OR_EMPTY:
		return text_or(field, "");
	case LP_KIND_JSON:
		return text_or(field, "{}");
	case LP_KIND_ZONE:
		return field;
	case LP_KIND_STATE:
		return lp_state_name(*(const enum lp_state *)field);
	case LP_KIND_RUN_KIND:
		return lp_run_kind_names[*(const enum lp_run_kind *)field];
	case LP_KIND_RESULT_TIME:
		return lp_result_time_names[*(const enum lp_result_time *)field];
	case LP_KIND_MISSED:
		return lp_missed_names[*(const enum lp_missed *)field];
	case LP_KIND_SPAN_OR_NULL:
		return ((const struct lp_span *)field)->count == 0 ? NULL : span_text(field, scratch);
	case LP_KIND_SPAN:
	case LP_KIND_OFFSET:
		return span_text(field, scratch);
	case LP_KIND_DELAY:
		return duration_text(*(const int64_t *)field, scratch);
	case LP_KIND_WITHIN:
		if (*(const int64_t *)field == LP_NEVER)
			return "never";
		/* fall through */
	case LP_KIND_LIMIT:
	case LP_KIND_LENGTH:
		return *(const int64_t *)field > 0 ? duration_text(*(const int64_t *)field, scratch) : NULL;
	default:
		abort(); /* a kind that does not travel as a text: a bug in a description */
	}
}

void lp_row_set_number(enum lp_kind kind, void *field, bool is_null, int64_t number)
{
	switch (kind) {
	case LP_KIND_INTEGER:
	case LP_KIND_SMALL:
	case LP_KIND_COUNT:
		*(int32_t *)field = (int32_t)number;
		break;
	case LP_KIND_BOOL:
		*(bool *)field = number != 0;
		break;
	case LP_KIND_QUALITY:
		*(uint8_t *)field = (uint8_t)number; /* good is 0 */
		break;
	case LP_KIND_MICROSECONDS:
	case LP_KIND_SHORT_MICROSECONDS:
		*(int64_t *)field = number * 1000;
		break;
	case LP_KIND_TIME:
		*(lp_time *)field = is_null ? LP_TIME_NONE : number;
		break;
	case LP_KIND_LAST_GONE:
		*(lp_time *)field = is_null ? 0 : number + 1;
		break;
	default:
		*(int64_t *)field = number;
	}
}

static bool set_span(struct lp_span *span, const char *text, struct lp_error *error)
{
	*span = (struct lp_span){ .count = 0 };
	return text == NULL || *text == '\0' || lp_span_parse(text, span, error) ||
	       lp_fail_within(error, "the stored span \"%s\"", text);
}

static bool set_duration(int64_t *duration, const char *text, struct lp_error *error)
{
	*duration = 0;
	return text == NULL || lp_duration_parse(text, duration, error) ||
	       lp_fail_within(error, "the stored duration \"%s\"", text);
}

static bool set_zone(char *zone, const char *text, struct lp_error *error)
{
	enum { SIZE = sizeof((struct lp_schedule *)NULL)->zone };

	memset(zone, 0, SIZE);
	if (text == NULL || strlen(text) >= SIZE)
		return lp_fail(error, LP_EXIT_DATA, "the stored time zone is too long");
	memcpy(zone, text, strlen(text));
	return true;
}

static bool set_state(enum lp_state *state, const char *text, struct lp_error *error)
{
	return (text != NULL && lp_state_parse(text, state)) ||
	       lp_fail(error, LP_EXIT_DATA, "no such state: %s", text != NULL ? text : "NULL");
}

/* Of two names: what is not the second one is the first. */
static bool is_second(const char *const names[2], const char *text)
{
	return text != NULL && strcmp(text, names[1]) == 0;
}

bool lp_row_set_text(enum lp_kind kind, void *field, const char *text, struct lp_error *error)
{
	switch (kind) {
	case LP_KIND_TEXT:
		*(const char **)field = text;
		return true;
	case LP_KIND_TEXT_OR_EMPTY:
		*(const char **)field = text != NULL ? text : "";
		return true;
	case LP_KIND_JSON:
		*(const char **)field = text != NULL ? text : "{}";
		return true;
	case LP_KIND_ZONE:
		return set_zone(field, text, error);
	case LP_KIND_STATE:
		return set_state(field, text, error);
	case LP_KIND_RUN_KIND:
		*(enum lp_run_kind *)field = lp_run_kind_parse(text);
		return true;
	case LP_KIND_RESULT_TIME:
		*(enum lp_result_time *)field =
			is_second(lp_result_time_names, text) ? LP_RESULT_AT_END : LP_RESULT_AT_START;
		return true;
	case LP_KIND_MISSED:
		*(enum lp_missed *)field = is_second(lp_missed_names, text) ? LP_MISSED_SKIP : LP_MISSED_CATCH_UP;
		return true;
	case LP_KIND_SPAN:
	case LP_KIND_SPAN_OR_NULL:
	case LP_KIND_OFFSET:
		return set_span(field, text, error);
	case LP_KIND_WITHIN:
		*(int64_t *)field = LP_NEVER;
		return (text != NULL && strcmp(text, "never") == 0) || set_duration(field, text, error);
	case LP_KIND_DELAY:
	case LP_KIND_LIMIT:
	case LP_KIND_LENGTH:
		return set_duration(field, text, error);
	default:
		return lp_fail(error, LP_EXIT_INTERNAL, "a column that is no text holds one");
	}
}

#define COLUMN(kind, row, field)                                                                                       \
	{                                                                                                              \
		kind, offsetof(row, field), NULL                                                                       \
	}
#define PART(offset, layout)                                                                                           \
	{                                                                                                              \
		LP_KIND_ROW, offset, &layout                                                                           \
	}
#define LAYOUT(columns)                                                                                                \
	{                                                                                                              \
		sizeof columns / sizeof *columns, columns                                                              \
	}

static const struct lp_row_column schedule_columns[] = {
	COLUMN(LP_KIND_SPAN, struct lp_schedule, every),       COLUMN(LP_KIND_SPAN, struct lp_schedule, window),
	COLUMN(LP_KIND_OFFSET, struct lp_schedule, offset),    COLUMN(LP_KIND_DELAY, struct lp_schedule, delay),
	COLUMN(LP_KIND_SMALL, struct lp_schedule, week_start), COLUMN(LP_KIND_ZONE, struct lp_schedule, zone),
	COLUMN(LP_KIND_MISSED, struct lp_schedule, missed),
};
const struct lp_row_layout lp_schedule_layout = LAYOUT(schedule_columns);

static const struct lp_row_column state_columns[] = {
	COLUMN(LP_KIND_ID, struct lp_state_row, calculation_id),
	COLUMN(LP_KIND_STATE, struct lp_state_row, state),
	COLUMN(LP_KIND_TIME, struct lp_state_row, since),
	COLUMN(LP_KIND_TIME, struct lp_state_row, failing_since),
	COLUMN(LP_KIND_ID, struct lp_state_row, run_id),
	COLUMN(LP_KIND_TIME, struct lp_state_row, window.start),
	COLUMN(LP_KIND_TIME, struct lp_state_row, window.end),
	COLUMN(LP_KIND_INTEGER, struct lp_state_row, attempts),
	COLUMN(LP_KIND_TIME, struct lp_state_row, next_attempt),
	COLUMN(LP_KIND_TEXT, struct lp_state_row, rule_version),
	COLUMN(LP_KIND_INTEGER, struct lp_state_row, definition_version),
	COLUMN(LP_KIND_MICROSECONDS, struct lp_state_row, duration),
	COLUMN(LP_KIND_COUNT, struct lp_state_row, samples_read),
	COLUMN(LP_KIND_TEXT, struct lp_state_row, error_type),
	COLUMN(LP_KIND_TEXT, struct lp_state_row, error_message),
	COLUMN(LP_KIND_TEXT, struct lp_state_row, error_traceback),
	COLUMN(LP_KIND_ID_OR_NULL, struct lp_state_row, cause_id),
};
const struct lp_row_layout lp_state_layout = LAYOUT(state_columns);

static const struct lp_row_column pending_key_columns[] = {
	COLUMN(LP_KIND_ID, struct lp_pending_row, calculation_id),
	COLUMN(LP_KIND_TIME, struct lp_pending_row, window.start),
	COLUMN(LP_KIND_TIME, struct lp_pending_row, window.end),
};
const struct lp_row_layout lp_pending_key_layout = LAYOUT(pending_key_columns);

static const struct lp_row_column pending_columns[] = {
	PART(0, lp_pending_key_layout),
	COLUMN(LP_KIND_TEXT, struct lp_pending_row, reason),
	COLUMN(LP_KIND_INTEGER, struct lp_pending_row, attempts),
	COLUMN(LP_KIND_TIME, struct lp_pending_row, next_attempt),
	COLUMN(LP_KIND_BOOL, struct lp_pending_row, given_up),
};
const struct lp_row_layout lp_pending_layout = LAYOUT(pending_columns);

static const struct lp_row_column reach_times_columns[] = {
	COLUMN(LP_KIND_ID, struct lp_reach, series_id),
	COLUMN(LP_KIND_TIME, struct lp_reach, first),
	COLUMN(LP_KIND_TIME, struct lp_reach, last),
};
const struct lp_row_layout lp_reach_times_layout = LAYOUT(reach_times_columns);

static const struct lp_row_column reach_columns[] = {
	PART(0, lp_reach_times_layout),
	COLUMN(LP_KIND_TIME, struct lp_reach, after_end),
	COLUMN(LP_KIND_TIME, struct lp_reach, until_end),
};
const struct lp_row_layout lp_reach_layout = LAYOUT(reach_columns);

static const struct lp_row_column result_columns[] = {
	COLUMN(LP_KIND_ID, struct lp_result_row, series_id),    COLUMN(LP_KIND_TIME, struct lp_result_row, time),
	COLUMN(LP_KIND_DOUBLE, struct lp_result_row, value),    COLUMN(LP_KIND_QUALITY, struct lp_result_row, quality),
	COLUMN(LP_KIND_SHARE, struct lp_result_row, coverage),  COLUMN(LP_KIND_INTEGER, struct lp_result_row, samples),
	COLUMN(LP_KIND_TIME, struct lp_result_row, window_end),
};
const struct lp_row_layout lp_result_layout = LAYOUT(result_columns);

static const struct lp_row_column result_key_columns[] = {
	COLUMN(LP_KIND_ID, struct lp_result_row, series_id),
	COLUMN(LP_KIND_TIME, struct lp_result_row, time),
	COLUMN(LP_KIND_TIME, struct lp_result_row, window_end),
};
const struct lp_row_layout lp_result_key_layout = LAYOUT(result_key_columns);

static const struct lp_row_column widened_columns[] = {
	COLUMN(LP_KIND_ID, struct lp_widened, series_id),
	COLUMN(LP_KIND_ID, struct lp_widened, from),
	COLUMN(LP_KIND_ID, struct lp_widened, to),
};
const struct lp_row_layout lp_widened_layout = LAYOUT(widened_columns);

static const struct lp_row_column outcome_columns[] = {
	COLUMN(LP_KIND_ID_OR_NULL, struct lp_outcome_row, id),
	COLUMN(LP_KIND_TIME, struct lp_outcome_row, window.start),
	COLUMN(LP_KIND_TIME, struct lp_outcome_row, window.end),
	COLUMN(LP_KIND_INTEGER, struct lp_outcome_row, first),
};
const struct lp_row_layout lp_outcome_layout = LAYOUT(outcome_columns);

static const struct lp_row_column outcome_entry_columns[] = {
	COLUMN(LP_KIND_ID, struct lp_outcome_entry, calculation_id),
	COLUMN(LP_KIND_SMALL, struct lp_outcome_entry, state),
	COLUMN(LP_KIND_SHORT_MICROSECONDS, struct lp_outcome_entry, duration),
	COLUMN(LP_KIND_INTEGER, struct lp_outcome_entry, samples_read),
};
const struct lp_row_layout lp_outcome_entry_layout = LAYOUT(outcome_entry_columns);

static const struct lp_row_column owed_range_columns[] = {
	COLUMN(LP_KIND_ID, struct lp_owed_range, calculation_id),
	COLUMN(LP_KIND_SMALL, struct lp_owed_range, reason),
	COLUMN(LP_KIND_ID, struct lp_owed_range, cause_id),
	COLUMN(LP_KIND_TIME, struct lp_owed_range, window_start),
	COLUMN(LP_KIND_TIME, struct lp_owed_range, after_end),
	COLUMN(LP_KIND_TIME, struct lp_owed_range, until_end),
	COLUMN(LP_KIND_BOOL, struct lp_owed_range, replace_imported),
};
const struct lp_row_layout lp_owed_range_layout = LAYOUT(owed_range_columns);

static const struct lp_row_column owed_move_columns[] = {
	COLUMN(LP_KIND_ID, struct lp_owed_move, id),
	COLUMN(LP_KIND_TIME, struct lp_owed_move, after_end),
	COLUMN(LP_KIND_TIME, struct lp_owed_move, window_start),
	COLUMN(LP_KIND_TIME, struct lp_owed_move, until_end),
};
const struct lp_row_layout lp_owed_move_layout = LAYOUT(owed_move_columns);

static const struct lp_row_column owed_seen_columns[] = {
	COLUMN(LP_KIND_ID, struct lp_owed, id),
	COLUMN(LP_KIND_TIME, struct lp_owed, after_end),
	COLUMN(LP_KIND_ID, struct lp_owed, touched),
};
const struct lp_row_layout lp_owed_seen_layout = LAYOUT(owed_seen_columns);
