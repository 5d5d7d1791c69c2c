/* What a batch reads of others.  See reading.h. */
#include "store/reading.h"

#include "calendar/calendar.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS = 5 };

/* SQLite has whole microseconds, PostgreSQL a length with its unit. */
static bool parse_lookback(const char *text, int64_t *lookback, struct lp_error *error)
{
	char *end;

	*lookback = strtoll(text, &end, 10);
	return *end == '\0' || lp_duration_parse(text, lookback, error);
}

static bool parse_span(const char *text, struct lp_span *span, struct lp_error *error)
{
	return text[0] == '\0' || lp_span_parse(text, span, error);
}

/* The fields of one reading are cut where they stand. */
static bool parse_one(char *text, struct lp_batch_reading *reading, struct lp_error *error)
{
	char *fields[FIELDS], *rest = text;
	size_t count = 0;

	while (count < FIELDS && rest != NULL)
		fields[count++] = strsep(&rest, "|");
	if (count != FIELDS || rest != NULL)
		return lp_fail(error, LP_EXIT_DATA, "what a batch reads is stored in a form that is not known");
	*reading = (struct lp_batch_reading){
		.upstream = strtoll(fields[0], NULL, 10),
		.at_end = strcmp(fields[1], lp_result_time_names[LP_RESULT_AT_END]) == 0,
	};
	return parse_span(fields[2], &reading->window, error) && parse_span(fields[3], &reading->shift, error) &&
	       parse_lookback(fields[4], &reading->lookback, error);
}

bool lp_readings_parse(const char *text, struct lp_arena *arena, const struct lp_batch_reading **readings,
                       size_t *count, struct lp_error *error)
{
	struct lp_batch_reading *parsed;
	char *copy, *one;
	size_t most = 1;

	*count = 0;
	*readings = NULL;
	if (text == NULL || text[0] == '\0')
		return true;
	copy = lp_arena_text(arena, text);
	for (const char *at = text; *at != '\0'; at++)
		most += *at == ';';
	parsed = lp_arena_zeroed(arena, most, sizeof *parsed);
	while ((one = strsep(&copy, ";")) != NULL)
		if (!parse_one(one, &parsed[(*count)++], error))
			return false;
	*readings = parsed;
	return true;
}
