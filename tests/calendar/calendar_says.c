/*
 * Prints what the calendar says, for scripts that know better: reads lines
 * from standard input, answers each with a line.
 *
 *   names                          every zone's name, on one line
 *   offset ZONE T                  microseconds from UTC and the abbreviation
 *   utc ZONE LOCAL                 the instant of a local time
 *   windows ZONE EVERY WINDOW OFFSET WEEK_START FROM TO
 *                                  start:end of each window with FROM < end <= TO
 *   ranges ZONE EVERY WINDOW OFFSET WEEK_START LENGTH SHIFT FROM TO
 *                                  start:end of what an input reads for each of them
 *   touched ZONE EVERY WINDOW OFFSET WEEK_START LENGTH SHIFT LOOKBACK T
 *                                  the windows that read a sample: after, until, the first one's start; or none
 *   first ZONE EVERY WINDOW OFFSET WEEK_START T
 *                                  start:end of the first window of that start
 *   shared ZONE EVERY WINDOW OFFSET WEEK_START T
 *                                  two windows from that start on that begin at one time; or none
 *   read TEXT                      a time that was written without offset, in UTC
 *
 * Spans are written without blanks: 15min, 1month.  Errors are answered "! WHY".
 */
#include "calendar/calendar.h"
#include "schedule/schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 10 };

static bool say_names(char **words, struct lp_error *error)
{
	(void)words;
	(void)error;
	for (const char *const *name = lp_zone_names(); *name != NULL; name++)
		printf("%s ", *name);
	putchar('\n');
	return true;
}

static bool say_offset(char **words, struct lp_error *error)
{
	const struct lp_zone *zone;
	const char *abbreviation;

	if (!lp_zone_find(words[1], &zone, error))
		return false;
	int64_t offset = lp_zone_offset(zone, strtoll(words[2], NULL, 10), &abbreviation);
	printf("%" PRId64 " %s\n", offset, abbreviation);
	return true;
}

static bool say_utc(char **words, struct lp_error *error)
{
	const struct lp_zone *zone;

	if (!lp_zone_find(words[1], &zone, error))
		return false;
	printf("%" PRId64 "\n", lp_zone_to_utc(zone, strtoll(words[2], NULL, 10)));
	return true;
}

/* From the five words behind the question. */
static bool read_schedule(char **words, struct lp_schedule *schedule, const struct lp_zone **zone,
                          struct lp_error *error)
{
	*schedule = (struct lp_schedule){ .week_start = atoi(words[5]) };
	snprintf(schedule->zone, sizeof schedule->zone, "%s", words[1]);
	return lp_zone_find(words[1], zone, error) && lp_span_parse(words[2], &schedule->every, error) &&
	       lp_span_parse(words[3], &schedule->window, error) && lp_span_parse(words[4], &schedule->offset, error) &&
	       lp_schedule_check(schedule, error);
}

static void say_window(const struct lp_window *window)
{
	printf("%" PRId64 ":%" PRId64 " ", window->start, window->end);
}

static bool say_windows(char **words, struct lp_error *error)
{
	const struct lp_zone *zone;
	struct lp_schedule schedule;
	struct lp_window window;

	if (!read_schedule(words, &schedule, &zone, error))
		return false;
	lp_time at = strtoll(words[6], NULL, 10), to = strtoll(words[7], NULL, 10);
	while (lp_window_ending_after(&schedule, zone, at, &window) && window.end <= to) {
		struct lp_window same;
		if (!lp_window_ending_by(&schedule, zone, window.end, &same) || same.start != window.start ||
		    same.end != window.end) {
			return lp_fail(error, LP_EXIT_INTERNAL, "ending_by and ending_after differ at %" PRId64,
			               window.end);
		}
		say_window(&window);
		at = window.end;
	}
	putchar('\n');
	return true;
}

static bool say_ranges(char **words, struct lp_error *error)
{
	const struct lp_zone *zone;
	struct lp_schedule schedule;
	struct lp_span length, shift;
	struct lp_window window = { .end = strtoll(words[8], NULL, 10) }, range;

	if (!read_schedule(words, &schedule, &zone, error) || !lp_span_parse(words[6], &length, error) ||
	    !lp_span_parse(words[7], &shift, error))
		return false;
	lp_time to = strtoll(words[9], NULL, 10);
	while (lp_window_ending_after(&schedule, zone, window.end, &window) && window.end <= to) {
		if (!lp_input_range(&schedule, zone, window, length, shift, &range))
			return lp_fail(error, LP_EXIT_DATA, "no range");
		say_window(&range);
	}
	putchar('\n');
	return true;
}

static bool say_touched(char **words, struct lp_error *error)
{
	const struct lp_zone *zone;
	struct lp_schedule schedule;
	struct lp_span length, shift;
	struct lp_window_range touched;
	int64_t lookback;

	if (!read_schedule(words, &schedule, &zone, error) || !lp_span_parse(words[6], &length, error) ||
	    !lp_span_parse(words[7], &shift, error) || !lp_duration_parse(words[8], &lookback, error))
		return false;
	lp_time t = strtoll(words[9], NULL, 10);
	if (lp_schedule_affected(&schedule, zone, &(struct lp_input_extent){ length, shift, lookback }, t, t,
	                         &touched)) {
		printf("%" PRId64 " %" PRId64 " %" PRId64 "\n", touched.after_end, touched.until_end,
		       touched.window_start);
	} else {
		puts("none");
	}
	return true;
}

static bool say_first(char **words, struct lp_error *error)
{
	const struct lp_zone *zone;
	struct lp_window window;
	struct lp_batch_head head = { .watermark = LP_TIME_NONE, .start = strtoll(words[6], NULL, 10) };
	struct lp_due due = { .windows = &window };

	if (!read_schedule(words, &head.schedule, &zone, error) ||
	    !lp_schedule_due(&head, head.start + 4000 * LP_DAY, LP_TIME_MAX, 1, &due, error))
		return false;
	if (due.count > 0)
		say_window(&window);
	putchar('\n');
	return true;
}

static bool say_shared(char **words, struct lp_error *error)
{
	const struct lp_zone *zone;
	struct lp_schedule schedule;
	struct lp_window windows[2];
	lp_time never_from;

	if (!read_schedule(words, &schedule, &zone, error))
		return false;
	if (lp_windows_of_one_start(&schedule, zone, strtoll(words[6], NULL, 10), windows, &never_from)) {
		say_window(&windows[0]);
		say_window(&windows[1]);
		putchar('\n');
	} else {
		puts("none");
	}
	return true;
}

static bool say_read(char **words, struct lp_error *error)
{
	const struct lp_zone *zone;
	lp_time t;

	if (!lp_zone_find("UTC", &zone, error) || !lp_time_parse(words[1], zone, &t, error))
		return false;
	printf("%" PRId64 "\n", t);
	return true;
}

static const struct question {
	const char *word;
	int words;
	bool (*answer)(char **words, struct lp_error *error);
} questions[] = {
	{ "names", 1, say_names },     { "offset", 3, say_offset },  { "utc", 3, say_utc },
	{ "windows", 8, say_windows }, { "ranges", 10, say_ranges }, { "touched", 10, say_touched },
	{ "first", 7, say_first },     { "shared", 7, say_shared },  { "read", 2, say_read },
};

int main(int count, char **arguments)
{
	char line[512];

	lp_zone_set_directory(count > 1 ? arguments[1] : NULL);
	while (fgets(line, sizeof line, stdin) != NULL) {
		char *words[WORDS] = { NULL }, *rest = NULL;
		int found = 0;
		for (char *word = strtok_r(line, " \n", &rest); word != NULL && found < WORDS;
		     word = strtok_r(NULL, " \n", &rest))
			words[found++] = word;
		struct lp_error error = { .what = "not understood" };
		bool answered = false;
		for (size_t i = 0; found > 0 && i < sizeof questions / sizeof *questions; i++) {
			if (strcmp(words[0], questions[i].word) == 0 && found == questions[i].words) {
				answered = questions[i].answer(words, &error);
				break;
			}
		}
		if (!answered)
			printf("! %s\n", error.what);
	}
	return 0;
}
