/*
 * The rows that stores keep, and how their fields become columns.  See rows.h.
 */
#include "store/rows.h"

#include "calendar/calendar.h"

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
	[LP_KIND_MODE] = LP_TYPE_TEXT,
	[LP_KIND_SPAN] = LP_TYPE_TEXT,
	[LP_KIND_SPAN_OR_NULL] = LP_TYPE_TEXT,
	[LP_KIND_OFFSET] = LP_TYPE_TEXT,
	[LP_KIND_DELAY] = LP_TYPE_TEXT,
	[LP_KIND_LIMIT] = LP_TYPE_TEXT,
	[LP_KIND_LENGTH] = LP_TYPE_TEXT,
	[LP_KIND_WITHIN] = LP_TYPE_TEXT,
	[LP_KIND_REACH] = LP_TYPE_INT8,
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
	case LP_KIND_MODE:
		return lp_mode_names[*(const enum lp_mode *)field];
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
	case LP_KIND_FIRST_GONE:
		*(lp_time *)field = is_null ? 0 : number;
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

/* Of two names, everything but the second is the first. */
static bool is_second(const char *const names[2], const char *text)
{
	return text != NULL && strcmp(text, names[1]) == 0;
}

/* True for a field that keeps the pointer to a text. */
static bool is_pointer(enum lp_kind kind)
{
	return kind == LP_KIND_TEXT || kind == LP_KIND_TEXT_OR_EMPTY || kind == LP_KIND_JSON;
}

bool lp_row_set_text(enum lp_kind kind, void *field, const char *text, struct lp_arena *arena, struct lp_error *error)
{
	if (text != NULL && arena != NULL && is_pointer(kind))
		text = lp_arena_text(arena, text);
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
	case LP_KIND_MODE:
		*(enum lp_mode *)field = is_second(lp_mode_names, text) ? LP_MODE_SHADOW : LP_MODE_LIVE;
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
