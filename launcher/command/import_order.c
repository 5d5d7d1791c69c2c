/*
 * `import`: the hour of local time that comes twice, in files whose times have
 * no offset.  Which of the two a line means is told by the order of lines alone:
 *
 * - a file that goes forward in time, and back once within the hour: what stands
 *   before that is the first, what comes then the second;
 * - a file that goes back in time, the newest first, and forward once: the other
 *   way round;
 * - anything else tells nothing: it is refused.
 *
 * Equal times one after the other are such a step only in hourly data, where
 * the neighbours are an hour away; elsewhere they are a line that came twice.
 */
#include "command/import.h"

#include <stdlib.h>
#include <string.h>

static void begin_hour(struct lp_import_order *order, struct lp_import_time read, int line)
{
	LP_GROW(order->hours, order->count, order->capacity);
	order->hours[order->count++] = (struct lp_import_hour){
		.first = read.time,
		.last = read.time,
		.before = order->begun ? order->last : LP_TIME_NONE,
		.after = LP_TIME_NONE,
		.shift = read.shift,
		.first_line = line,
		.last_line = line,
	};
}

static void add_to_hour(struct lp_import_hour *hour, lp_time t, int line)
{
	if (t > hour->last) {
		hour->forward++;
		hour->forward_line = line;
	} else if (t < hour->last) {
		hour->back++;
		hour->back_line = line;
	} else {
		hour->equal++;
		hour->equal_line = line;
	}
	hour->last = t;
	hour->last_line = line;
}

void lp_import_order_note(struct lp_import_order *order, struct lp_import_time read, int line)
{
	struct lp_import_hour *hour = order->within ? &order->hours[order->count - 1] : NULL;
	bool same =
		hour != NULL && read.shift > 0 && read.time - hour->last < LP_DAY && hour->last - read.time < LP_DAY;

	if (same) {
		add_to_hour(hour, read.time, line);
	} else {
		if (hour != NULL)
			hour->after = read.time;
		if (order->begun && read.time > order->last)
			order->forward = 1;
		if (order->begun && read.time < order->last)
			order->back = 1;
		if (read.shift > 0)
			begin_hour(order, read, line);
		order->within = read.shift > 0;
	}
	order->begun = true;
	order->last = read.time;
}

/*
 * True if two equal times stand between neighbours that are as far away, in
 * elapsed time, as the two are from each other.
 */
static bool is_hourly(const struct lp_import_hour *hour, lp_time earlier, lp_time later)
{
	return hour->equal == 1 && hour->forward == 0 && hour->back == 0 && earlier != LP_TIME_NONE &&
	       later != LP_TIME_NONE && earlier == hour->first - hour->shift && later == hour->first + 2 * hour->shift;
}

/* Finds the lines of the hour that are the second time. False: it cannot be known. */
static bool find_second(const struct lp_import_order *order, const struct lp_import_hour *hour, int *from, int *to)
{
	bool may_ascend = order->back == 0 && hour->back <= 1;
	bool may_descend = order->forward == 0 && hour->forward <= 1;

	*from = hour->first_line;
	*to = hour->last_line;
	if (may_ascend == may_descend)
		return false;
	if (may_ascend) {
		*from = hour->back == 1 ? hour->back_line : hour->equal_line;
		return hour->back == 1 || is_hourly(hour, hour->before, hour->after);
	}
	*to = (hour->forward == 1 ? hour->forward_line : hour->equal_line) - 1;
	return hour->forward == 1 || is_hourly(hour, hour->after, hour->before);
}

static bool fail_hour(const struct lp_import *import, const struct lp_import_hour *hour, struct lp_error *error)
{
	const struct lp_zone *zone = import->settings->zone;
	char first[40], second[40];

	lp_time_format(hour->first, zone, first);
	lp_time_format(hour->first + hour->shift, zone, second);
	lp_fail(error, LP_EXIT_DATA,
	        "%s:%d: this local time comes twice, as %s and as %s, and the order of lines does not tell which it is",
	        import->file, hour->first_line, first, second);
	size_t length = strlen(second);
	bool has_offset = length > 6 && (second[length - 6] == '+' || second[length - 6] == '-');
	return lp_hint(
		error,
		"Clocks go back in %s. Write times with their offset; if they are in standard time all year, give "
		"it: --time-zone %s; or say for all of them which it is: --repeated-hour first (or second).",
		lp_zone_name(zone), has_offset ? second + length - 6 : "+00:00");
}

bool lp_import_order_settle(const struct lp_import *import, const struct lp_import_order *order,
                            struct lp_import_series *series, struct lp_error *error)
{
	for (size_t h = 0; h < order->count; h++) {
		const struct lp_import_hour *hour = &order->hours[h];
		int from, to;

		if (!find_second(order, hour, &from, &to))
			return fail_hour(import, hour, error);
		for (size_t i = 0; i < series->count; i++) {
			struct lp_import_sample *sample = &series->samples[i];
			if (!sample->twice || sample->line < hour->first_line || sample->line > hour->last_line)
				continue;
			sample->time += sample->line >= from && sample->line <= to ? hour->shift : 0;
			sample->twice = false;
		}
	}
	return true;
}

void lp_import_order_clear(struct lp_import_order *order)
{
	free(order->hours);
	*order = (struct lp_import_order){ 0 };
}
