/* Spans, durations, times and offsets as texts; dates; zones by name and from bytes. */
#include "calendar/zone_data.h"
#include "model/embedded.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct lp_zone *zone_named(const char *name)
{
	const struct lp_zone *zone;
	struct lp_error error;

	ck_assert_msg(lp_zone_find(name, &zone, &error), "%s", error.what);
	return zone;
}

static const struct {
	const char *text, *canonical; /* canonical NULL: refused */
} spans[] = {
	{ "15 minutes", "15 minutes" },
	{ "1 minute", "1 minute" },
	{ "90s", "90 seconds" },
	{ "6h", "6 hours" },
	{ "1 Day", "1 day" },
	{ "hour", "1 hour" },
	{ "1 h 30 min", "90 minutes" },
	{ "1.5 h", "90 minutes" },
	{ "PT15M", "15 minutes" },
	{ "PT1H30M", "90 minutes" },
	{ "P1M", "1 month" },
	{ "P1D", "1 day" },
	{ "P1Y", "1 year" },
	{ "2w", "2 weeks" },
	{ "1 q", "1 quarter" },
	{ "-1 hour", "-1 hour" },
	{ "- 2 days", "-2 days" },
	{ "0 s", "0 seconds" },
	{ "0.5 min", "30 seconds" },
	{ "5m", "5 minutes" },
	{ "1000 ms", "1 second" },
	{ "  3  months ", "3 months" },
	{ "60 minutes", "60 minutes" },
	{ "2147483647 s", "2147483647 seconds" },
	{ "", NULL },
	{ "15", NULL },
	{ "15 parsecs", NULL },
	{ "5M", NULL },
	{ "1.5 days", NULL },
	{ "1 day 6 h", NULL },
	{ "P", NULL },
	{ "PT", NULL },
	{ "P1H", NULL },
	{ "PT1D", NULL },
	{ "P1M1M", NULL },
	{ "0.1 s", NULL },
	{ "1 h h", NULL },
	{ "99999999999999999 s", NULL },
	{ "2147483648 days", NULL },
	{ "1 minute\n", NULL },
	{ "1..5 h", NULL },
};

START_TEST(spans_are_read)
{
	struct lp_span span;
	struct lp_error error;
	char text[24];

	bool read = lp_span_parse(spans[_i].text, &span, &error);
	ck_assert_msg(read == (spans[_i].canonical != NULL), "%s", spans[_i].text);
	if (!read) {
		ck_assert_int_eq(error.exit, LP_EXIT_DATA);
		ck_assert_str_ne(error.hint, "");
		return;
	}
	lp_span_format(span, text);
	ck_assert_str_eq(text, spans[_i].canonical);
	struct lp_span again;
	ck_assert(lp_span_parse(text, &again, &error));
	ck_assert(again.count == span.count && again.unit == span.unit);
}
END_TEST

static const struct {
	const char *text;
	int64_t duration; /* INT64_MIN: refused */
	const char *canonical;
} durations[] = {
	{ "0", 0, "0 s" },
	{ "10 s", 10 * LP_SECOND, "10 s" },
	{ "0.5 s", LP_SECOND / 2, "500 ms" },
	{ "250 ms", LP_SECOND / 4, "250 ms" },
	{ "1500 ms", 3 * LP_SECOND / 2, "1.500 s" },
	{ "1 h 30 min", 90 * LP_MINUTE, "1 h 30 min" },
	{ "90 min", 90 * LP_MINUTE, "1 h 30 min" },
	{ "PT1H", LP_HOUR, "1 h" },
	{ "1 week", 7 * LP_DAY, "7 d" },
	{ "1 d 1 s", LP_DAY + LP_SECOND, "1 d 1 s" },
	{ "3 us", 3, "3 us" },
	{ "1.000001 s", LP_SECOND + 1, "1.000001 s" },
	{ "-5 min", -5 * LP_MINUTE, "-5 min" },
	{ "10", INT64_MIN, NULL },
	{ "1 month", INT64_MIN, NULL },
	{ "ten seconds", INT64_MIN, NULL },
	{ "999999999999999 weeks", INT64_MIN, NULL },
};

START_TEST(durations_are_read)
{
	int64_t duration, again;
	struct lp_error error;
	char text[32];

	bool read = lp_duration_parse(durations[_i].text, &duration, &error);
	ck_assert_msg(read == (durations[_i].duration != INT64_MIN), "%s", durations[_i].text);
	if (!read) {
		ck_assert_str_ne(error.hint, "");
		return;
	}
	ck_assert_int_eq(duration, durations[_i].duration);
	lp_duration_format(duration, text);
	ck_assert_str_eq(text, durations[_i].canonical);
	ck_assert(lp_duration_parse(text, &again, &error));
	ck_assert_int_eq(again, duration);
}
END_TEST

static const struct {
	const char *text, *zone, *written; /* written: in the same zone; NULL: refused */
} times[] = {
	{ "2026-03-01T12:00:00Z", "UTC", "2026-03-01T12:00:00Z" },
	{ "2026-03-01 12:00:00+02:00", "UTC", "2026-03-01T10:00:00Z" },
	{ "2026-03-01t12:00z", "UTC", "2026-03-01T12:00:00Z" },
	{ "2026-03-01", "UTC", "2026-03-01T00:00:00Z" },
	{ "2026-03-01", "Europe/Berlin", "2026-03-01T00:00:00+01:00" },
	{ "2026-07-01 12:00", "Europe/Berlin", "2026-07-01T12:00:00+02:00" },
	{ "2026-07-01T12:00:00.25-0330", "UTC", "2026-07-01T15:30:00.250Z" },
	{ "2026-07-01T12:00:00.000001+00", "UTC", "2026-07-01T12:00:00.000001Z" },
	{ "2026-07-01T12:00:00,123456789Z", "UTC", "2026-07-01T12:00:00.123456Z" },
	{ "2026-07-01T24:00:00Z", "UTC", "2026-07-02T00:00:00Z" },
	{ "2024-02-29 00:00 +01:00", "UTC", "2024-02-28T23:00:00Z" },
	{ "0001-01-01T00:00:00Z", "UTC", "0001-01-01T00:00:00Z" },
	{ "9999-12-31T23:59:59.999999Z", "UTC", "9999-12-31T23:59:59.999999Z" },
	{ "9999-12-31T23:59:59Z", "Asia/Tokyo", "9999-12-31T23:59:59Z" },
	{ "2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T02:30:00+02:00" },
	{ "2026-03-29T02:30:00", "Europe/Berlin", "2026-03-29T03:30:00+02:00" },
	{ "2026-03-29T00:30:00Z", "Europe/London", "2026-03-29T00:30:00Z" },
	{ "1880-01-01T00:00:00Z", "Europe/Berlin", "1880-01-01T00:00:00Z" },
	{ "", "UTC", NULL },
	{ "now", "UTC", NULL },
	{ "2026-3-1", "UTC", NULL },
	{ "2026-13-01", "UTC", NULL },
	{ "2026-02-29", "UTC", NULL },
	{ "2026-00-10", "UTC", NULL },
	{ "2026-03-01T25:00", "UTC", NULL },
	{ "2026-03-01T24:00:01", "UTC", NULL },
	{ "2026-03-01T12:60", "UTC", NULL },
	{ "2016-12-31T23:59:60Z", "UTC", NULL },
	{ "2026-03-01T12", "UTC", NULL },
	{ "2026-03-01T12:00:00.", "UTC", NULL },
	{ "2026-03-01T12:00:00 CET", "UTC", NULL },
	{ "2026-03-01T12:00:00+24:00", "UTC", NULL },
	{ "2026-03-01T12:00:00Zulu", "UTC", NULL },
	{ "0001-01-01T00:00:00+01:00", "UTC", NULL },
	{ "0000-06-01", "UTC", NULL },
	{ "10000-01-01", "UTC", NULL },
};

START_TEST(times_are_read_and_written)
{
	const struct lp_zone *zone = zone_named(times[_i].zone);
	lp_time t, again;
	struct lp_error error;
	char text[40];

	bool read = lp_time_parse(times[_i].text, zone, &t, &error);
	ck_assert_msg(read == (times[_i].written != NULL), "%s", times[_i].text);
	if (!read) {
		ck_assert_int_eq(error.exit, LP_EXIT_DATA);
		return;
	}
	lp_time_format(t, zone, text);
	ck_assert_str_eq(text, times[_i].written);
	ck_assert(lp_time_parse(text, zone, &again, &error));
	ck_assert_int_eq(again, t);
}
END_TEST

START_TEST(no_time_is_a_dash)
{
	char text[40];

	lp_time_format(LP_TIME_NONE, zone_named("UTC"), text);
	ck_assert_str_eq(text, "-");
}
END_TEST

static const struct {
	const char *text;
	int64_t minutes; /* INT64_MIN: not of that form */
} offsets[] = {
	{ "+01:00", 60 },        { "-0800", -480 },
	{ "+05:45", 345 },       { "UTC+1", 60 },
	{ "GMT-03:30", -210 },   { "-08", -480 },
	{ "UTC", INT64_MIN },    { "+1", INT64_MIN },
	{ "1:00", INT64_MIN },   { "+25:00", INT64_MIN },
	{ "+01:60", INT64_MIN }, { "+01:0", INT64_MIN },
	{ "", INT64_MIN },       { "Europe/Berlin", INT64_MIN },
};

START_TEST(offsets_are_read)
{
	int64_t offset;

	bool read = lp_offset_parse(offsets[_i].text, &offset);
	ck_assert_msg(read == (offsets[_i].minutes != INT64_MIN), "%s", offsets[_i].text);
	if (read)
		ck_assert_int_eq(offset, offsets[_i].minutes * LP_MINUTE);
}
END_TEST

START_TEST(dates_go_both_ways)
{
	struct lp_civil civil;
	int64_t expected = LP_TIME_MIN;

	/* Every day of ten thousand years follows the one before. */
	int32_t year = 1, month = 1, day = 1;
	for (; expected < LP_TIME_MAX; expected += LP_DAY) {
		lp_civil_from_local(expected + LP_DAY - 1, &civil);
		/* A ck_assert for each of millions would take a minute. */
		if (civil.year != year || civil.month != month || civil.day != day || civil.hour != 23 ||
		    civil.minute != 59 || civil.second != 59 || civil.microsecond != 999999 ||
		    lp_civil_to_local(&civil) != expected + LP_DAY - 1)
			ck_abort_msg("%d-%d-%d became %d-%d-%d", year, month, day, civil.year, civil.month, civil.day);
		if (++day > lp_days_in_month(year, month)) {
			day = 1;
			month = month % 12 + 1;
			year += month == 1;
		}
	}
	civil = (struct lp_civil){ .year = 2026, .month = 14, .day = 0, .hour = 25, .minute = -1 };
	ck_assert_int_eq(lp_civil_to_local(&civil), lp_civil_to_local(&(struct lp_civil){ 2027, 2, 1, 0, 59, 0, 0 }));
}
END_TEST

static const struct {
	const char *name, *hint;
} wrong_zones[] = {
	{ "Europe/Atlantis", "Names are those of the IANA" },
	{ "../../etc/passwd", "Names" },
	{ "/etc/passwd", "Names" },
	{ "berlin", "Did you mean Europe/Berlin?" },
	{ "new york", "America/New_York" },
	{ "", "Names" },
	{ "Europe/", "Names" },
	{ "Europe//Berlin", "Names" },
	{ "+01:00", "Etc/GMT-1" },
	{ "Europe", "Names" },
	{ "Europe/Berlin/x", "Names" },
	{ "a.b", "Names" },
};

START_TEST(unknown_zones_are_refused)
{
	const struct lp_zone *zone;
	struct lp_error error;

	/* "Europe" is a directory where the zones are the system's. */
	ck_assert(!lp_zone_find(wrong_zones[_i].name, &zone, &error));
	ck_assert_int_eq(error.exit, LP_EXIT_DATA);
	ck_assert_msg(strstr(error.hint, wrong_zones[_i].hint) != NULL || strcmp(wrong_zones[_i].name, "Europe") == 0,
	              "%s: %s %s", wrong_zones[_i].name, error.what, error.hint);
}
END_TEST

START_TEST(names_are_sorted)
{
	const char *const *names = lp_zone_names();
	size_t count = 0;

	for (; names[count] != NULL; count++) {
		ck_assert(count == 0 || strcmp(names[count - 1], names[count]) < 0);
		ck_assert(strncmp(names[count], "posix/", 6) != 0 && strncmp(names[count], "right/", 6) != 0);
	}
	ck_assert_uint_gt(count, 400);
	ck_assert_str_ne(lp_zone_release(), "unknown");
}
END_TEST

START_TEST(one_zone_is_one_pointer)
{
	const char *abbreviation;
	const struct lp_zone *berlin = zone_named("Europe/Berlin");

	ck_assert_ptr_eq(berlin, zone_named("Europe/Berlin"));
	ck_assert_str_eq(lp_zone_name(berlin), "Europe/Berlin");
	ck_assert_int_eq(lp_zone_offset(berlin, 0, &abbreviation), LP_HOUR);
	ck_assert_str_eq(abbreviation, "CET");
	ck_assert_int_eq(lp_zone_offset(zone_named("UTC"), INT64_MAX, &abbreviation), 0);
	ck_assert_str_eq(abbreviation, "UTC");
}
END_TEST

static void *find_many(void *context)
{
	const char *const *names = lp_zone_names();
	const struct lp_zone **found = context;

	for (size_t i = 0; i < 100; i++)
		found[i] = zone_named(names[i]);
	return NULL;
}

START_TEST(threads_share_zones)
{
	enum { THREADS = 8 };
	static const struct lp_zone *found[THREADS][100];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, find_many, found[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_mem_eq(found[i], found[0], sizeof found[0]);
	}
}
END_TEST

/* A valid file of one type, one transition and a footer, to be spoilt. */
struct tzif {
	unsigned char bytes[256];
	size_t size;
};

static void add(struct tzif *file, const void *bytes, size_t size)
{
	memcpy(file->bytes + file->size, bytes, size);
	file->size += size;
}

static struct tzif make_tzif(const char *footer)
{
	/* Version, reserved, then the counts: UT, standard, leap, transitions, types, characters. */
	static const unsigned char empty[44] = { 'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 1 };
	static const unsigned char full[44] = { 'T', 'Z', 'i', 'f', '2', [35] = 1, [39] = 2, [43] = 8 };
	static const unsigned char transition[9] = { 0, 0, 0, 0, 0, 0, 0, 10, 1 };
	static const unsigned char types[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0x0e, 0x10, 0, 4 };
	struct tzif file = { .size = 0 };

	add(&file, empty, sizeof empty);
	add(&file, "\0\0\0\0\0\0\0", 7);
	add(&file, full, sizeof full);
	add(&file, transition, sizeof transition);
	add(&file, types, sizeof types);
	add(&file, "LMT\0ONE\0", 8);
	add(&file, "\n", 1);
	add(&file, footer, strlen(footer));
	add(&file, "\n", 1);
	return file;
}

START_TEST(sound_bytes_make_a_zone)
{
	struct tzif file = make_tzif("<+01>-1");
	struct lp_zone *zone;
	struct lp_error error;
	const char *abbreviation;

	ck_assert_msg(lp_tzif_read("Test", file.bytes, file.size, &zone, &error), "%s", error.what);
	ck_assert_int_eq(lp_zone_offset(zone, 9 * LP_SECOND, NULL), 0);
	ck_assert_int_eq(lp_zone_offset(zone, 10 * LP_SECOND, &abbreviation), LP_HOUR);
	ck_assert_str_eq(abbreviation, "+01");
	/* Without a footer the last type stays. */
	lp_zone_free(zone);
	file = make_tzif("");
	ck_assert(lp_tzif_read("Test", file.bytes, file.size, &zone, &error));
	ck_assert_int_eq(lp_zone_offset(zone, LP_TIME_MAX, &abbreviation), LP_HOUR);
	ck_assert_str_eq(abbreviation, "ONE");
	lp_zone_free(zone);
}
END_TEST

START_TEST(every_cut_of_a_file_is_refused)
{
	struct tzif file = make_tzif("CET-1CEST,M3.5.0,M10.5.0/3");
	struct lp_zone *zone;
	struct lp_error error;

	for (size_t size = 0; size < file.size; size++) {
		/* A copy of exactly that size: the sanitizer sees a read behind it. */
		unsigned char *copy = malloc(size + (size == 0));
		memcpy(copy, file.bytes, size);
		ck_assert_msg(!lp_tzif_read("Test", copy, size, &zone, &error), "%zu bytes", size);
		ck_assert_ptr_nonnull(strstr(error.what, "time zone Test: cannot use its data"));
		free(copy);
	}
}
END_TEST

/* One byte changed, and what is said about it. Positions: 51 second header, 95 transition, 104 types, 116 names. */
static const struct {
	size_t position;
	unsigned char byte;
	const char *says;
} spoilt[] = {
	{ 0, 'X', "does not begin" },
	{ 4, 0, "version 1" },
	{ 51, 'X', "does not begin" },
	{ 51 + 31, 1, "leap" },
	{ 51 + 36, 255, "out of range" },
	{ 51 + 39, 0, "out of range" },
	{ 51 + 32, 255, "out of range" },
	{ 95 + 8, 9, "not there" },
	{ 104, 0x7f, "26 hours" },
	{ 104 + 5, 8, "abbreviation" },
	{ 116 + 7, 'X', "abbreviation" },
	{ 124, 'X', "footer" },
	{ 125, '1', "rule" },
};

START_TEST(spoilt_bytes_are_refused)
{
	struct tzif file = make_tzif("CET-1CEST,M3.5.0,M10.5.0/3");
	struct lp_zone *zone;
	struct lp_error error;

	file.bytes[spoilt[_i].position] = spoilt[_i].byte;
	ck_assert(!lp_tzif_read("Test", file.bytes, file.size, &zone, &error));
	ck_assert_msg(strstr(error.what, spoilt[_i].says) != NULL, "%s", error.what);
}
END_TEST

static const struct {
	const char *rule;
	bool valid;
	const char *to_summer, *to_standard; /* in 2026, UTC */
} rules[] = {
	{ "UTC0", true, NULL, NULL },
	{ "CET-1CEST,M3.5.0,M10.5.0/3", true, "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z" },
	{ "EST5EDT,M3.2.0,M11.1.0", true, "2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z" },
	{ "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", true, "2026-10-03T15:30:00Z", "2026-04-04T15:00:00Z" },
	{ "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", true, "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z" },
	{ "IST-2IDT,M3.4.4/26,M10.5.0", true, "2026-03-27T00:00:00Z", "2026-10-24T23:00:00Z" },
	{ "AAA0BBB,J60,J300/0", true, "2026-03-01T02:00:00Z", "2026-10-26T23:00:00Z" },
	{ "AAA0BBB,59,299/0", true, "2026-03-01T02:00:00Z", "2026-10-26T23:00:00Z" },
	{ "", false, NULL, NULL },
	{ "CE-1", false, NULL, NULL },
	{ "CET", false, NULL, NULL },
	{ "CET-1CEST", false, NULL, NULL },
	{ "CET-1CEST,M3.5.0", false, NULL, NULL },
	{ "CET-1CEST,M13.5.0,M10.5.0", false, NULL, NULL },
	{ "CET-1CEST,M3.6.0,M10.5.0", false, NULL, NULL },
	{ "CET-1CEST,M3.5.7,M10.5.0", false, NULL, NULL },
	{ "CET-1CEST,J0,J300", false, NULL, NULL },
	{ "CET-1CEST,M3.5.0/168,M10.5.0", false, NULL, NULL },
	{ "CET-25", false, NULL, NULL },
	{ "<CET-1", false, NULL, NULL },
	{ "CET-1CEST,M3.5.0,M10.5.0 ", false, NULL, NULL },
};

START_TEST(posix_rules)
{
	struct lp_posix_rule rule;
	lp_time to_summer, to_standard;
	char text[40];

	bool valid = lp_posix_rule_parse(rules[_i].rule, strlen(rules[_i].rule), &rule);
	ck_assert_msg(valid == rules[_i].valid, "%s", rules[_i].rule);
	if (rules[_i].to_summer != NULL) {
		lp_posix_rule_year(&rule, 2026, &to_summer, &to_standard);
		lp_time_format(to_summer, zone_named("UTC"), text);
		ck_assert_str_eq(text, rules[_i].to_summer);
		lp_time_format(to_standard, zone_named("UTC"), text);
		ck_assert_str_eq(text, rules[_i].to_standard);
	}
}
END_TEST

START_TEST(summer_time_that_never_ends)
{
	struct tzif file = make_tzif("XXX3EDT4,0/0,J365/23");
	struct lp_zone *zone;
	struct lp_error error;
	const char *abbreviation;

	ck_assert(lp_tzif_read("Test", file.bytes, file.size, &zone, &error));
	for (lp_time t = 2 * 366 * LP_DAY; t < LP_TIME_MAX; t += 97 * LP_DAY + 11 * LP_HOUR)
		if (lp_zone_offset(zone, t, &abbreviation) != -4 * LP_HOUR || strcmp(abbreviation, "EDT") != 0 ||
		    lp_zone_to_utc(zone, t) != t + 4 * LP_HOUR)
			ck_abort_msg("%s at %lld", abbreviation, (long long)t);
	lp_zone_free(zone);
}
END_TEST

START_TEST(a_directory_of_the_user)
{
	char directory[] = "/tmp/calendar-XXXXXX", path[64];
	struct tzif file = make_tzif("<+01>-1");
	const struct lp_zone *zone;
	struct lp_error error;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	lp_zone_set_directory(directory);
	snprintf(path, sizeof path, "%s/Plant", directory);
	FILE *output = fopen(path, "w");
	fwrite(file.bytes, 1, file.size, output);
	fclose(output);
	ck_assert(lp_zone_find("Plant", &zone, &error));
	ck_assert_int_eq(lp_zone_offset(zone, LP_DAY, NULL), LP_HOUR);
	ck_assert_str_eq(lp_zone_names()[0], "Plant");
	ck_assert_ptr_null(lp_zone_names()[1]);
	ck_assert_str_eq(lp_zone_release(), "unknown");
	ck_assert(lp_zone_find("UTC", &zone, &error));
	ck_assert(!lp_zone_find("Europe/Berlin", &zone, &error));
	unlink(path);
	rmdir(directory);
}
END_TEST

#define TABLE(test, table) tcase_add_loop_test(tcase, test, 0, sizeof(table) / sizeof *(table))

static Suite *make_suite(void)
{
	Suite *suite = suite_create("calendar_text");
	TCase *tcase = tcase_create("texts");

	tcase_set_timeout(tcase, 100);
	TABLE(spans_are_read, spans);
	TABLE(durations_are_read, durations);
	TABLE(times_are_read_and_written, times);
	tcase_add_test(tcase, no_time_is_a_dash);
	TABLE(offsets_are_read, offsets);
	tcase_add_test(tcase, dates_go_both_ways);
	suite_add_tcase(suite, tcase);

	tcase = tcase_create("zones");
	tcase_set_timeout(tcase, 100);
	TABLE(unknown_zones_are_refused, wrong_zones);
	tcase_add_test(tcase, names_are_sorted);
	tcase_add_test(tcase, one_zone_is_one_pointer);
	tcase_add_test(tcase, threads_share_zones);
	tcase_add_test(tcase, sound_bytes_make_a_zone);
	tcase_add_test(tcase, every_cut_of_a_file_is_refused);
	TABLE(spoilt_bytes_are_refused, spoilt);
	TABLE(posix_rules, rules);
	tcase_add_test(tcase, summer_time_that_never_ends);
	tcase_add_test(tcase, a_directory_of_the_user);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	/* A build without embedded data still has the system's. */
	lp_zone_set_directory(lp_embedded_find("zoneinfo/Europe/Berlin") == NULL ? "/usr/share/zoneinfo" : NULL);
	SRunner *runner = srunner_create(make_suite());
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
