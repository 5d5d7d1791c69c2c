/* libFuzzer: any text as a time, a span, a duration, an offset; what is accepted must come back the same. */
#include "calendar/calendar.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_time(const char *text)
{
	const struct lp_zone *utc;
	lp_time t, again;
	struct lp_error error;
	char written[40];

	if (lp_zone_find("UTC", &utc, &error) && lp_time_parse(text, utc, &t, &error)) {
		lp_time_format(t, utc, written);
		bool read = lp_time_parse(written, utc, &again, &error);
		assert(read && again == t);
	}
}

static void try_lengths(const char *text)
{
	struct lp_span span, span_again;
	int64_t duration, duration_again;
	struct lp_error error;
	char written[32];

	if (lp_span_parse(text, &span, &error)) {
		lp_span_format(span, written);
		bool read = lp_span_parse(written, &span_again, &error);
		assert(read && span.count == span_again.count && span.unit == span_again.unit);
	}
	if (lp_duration_parse(text, &duration, &error)) {
		lp_duration_format(duration, written);
		bool read = lp_duration_parse(written, &duration_again, &error);
		assert(read && duration == duration_again);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	int64_t offset;

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	try_time(text);
	try_lengths(text);
	if (lp_offset_parse(text, &offset))
		assert(offset > -LP_DAY && offset < LP_DAY);
	free(text);
	return 0;
}
