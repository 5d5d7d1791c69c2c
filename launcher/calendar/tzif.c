/*
 * The TZif reader (RFC 8536, versions 2 to 4): bytes to a struct lp_zone.
 * The bytes may come from a directory of the user's, so nothing in them is
 * trusted.  Does no input or output.
 *
 * The footer's rule is written out as transitions for a little more than 400
 * years; the calendar repeats after that, so that one search serves all times.
 */
#include "calendar/zone_data.h"

#include "model/memory.h"
#include "model/order.h"
#include <stdlib.h>
#include <string.h>

enum { TYPES_MOST = 256, TRANSITIONS_MOST = 100000, CHANGES_MOST = 2 * (LP_CYCLE_YEARS + 4) };

struct reader {
	const unsigned char *data;
	size_t size, at;
};

/* The next `count` bytes, or NULL where the data ends before. */
static const unsigned char *take(struct reader *reader, size_t count)
{
	if (count > reader->size - reader->at)
		return NULL;
	const unsigned char *bytes = reader->data + reader->at;
	reader->at += count;
	return bytes;
}

static uint32_t decode_32(const unsigned char *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int64_t decode_64(const unsigned char *bytes)
{
	return (int64_t)((uint64_t)decode_32(bytes) << 32 | decode_32(bytes + 4));
}

struct header {
	char version;
	size_t is_ut, is_standard, leaps, transitions, types, characters;
};

static const char *take_header(struct reader *reader, struct header *header)
{
	const unsigned char *bytes = take(reader, 44);
	if (bytes == NULL || memcmp(bytes, "TZif", 4) != 0)
		return "it does not begin as TZif data does";
	header->version = (char)bytes[4];
	header->is_ut = decode_32(bytes + 20);
	header->is_standard = decode_32(bytes + 24);
	header->leaps = decode_32(bytes + 28);
	header->transitions = decode_32(bytes + 32);
	header->types = decode_32(bytes + 36);
	header->characters = decode_32(bytes + 40);
	return NULL;
}

static size_t body_size(const struct header *header, size_t time_size)
{
	return header->transitions * (time_size + 1) + header->types * 6 + header->characters +
	       header->leaps * (time_size + 4) + header->is_standard + header->is_ut;
}

/* Times are cut far outside of the years that are used: "the big bang" of some files does not fit microseconds. */
static lp_time from_seconds(int64_t seconds)
{
	const int64_t most = LP_TIME_MAX / LP_SECOND * 2;

	if (seconds > most)
		seconds = most;
	else if (seconds < -most)
		seconds = -most;
	return seconds * LP_SECOND;
}

static const char *take_types(struct lp_zone *zone, const struct header *header, const unsigned char *types,
                              const unsigned char *characters)
{
	/* Two more types and names, for the footer. */
	zone->types = lp_allocate((header->types + 2) * sizeof *zone->types);
	zone->abbreviations = lp_allocate(header->characters + 32);
	memcpy(zone->abbreviations, characters, header->characters);
	for (size_t i = 0; i < header->types; i++) {
		int64_t offset = (int32_t)decode_32(types + 6 * i) * LP_SECOND;
		size_t name = types[6 * i + 5];
		if (offset < -LP_ZONE_OFFSET_MOST || offset > LP_ZONE_OFFSET_MOST)
			return "an offset from UTC is above 26 hours";
		if (name >= header->characters || memchr(characters + name, '\0', header->characters - name) == NULL)
			return "an abbreviation lies outside of its table";
		zone->types[i] = (struct lp_zone_type){ offset, zone->abbreviations + name };
	}
	zone->type_count = header->types;
	return NULL;
}

static const char *take_body(struct reader *reader, const struct header *header, struct lp_zone *zone)
{
	if (header->leaps != 0)
		return "it counts leap seconds (a \"right\" zone), which samples do not";
	if (header->types == 0 || header->types > TYPES_MOST || header->transitions > TRANSITIONS_MOST)
		return "its counts are out of range";
	const unsigned char *times = take(reader, header->transitions * 8);
	const unsigned char *indices = times == NULL ? NULL : take(reader, header->transitions);
	const unsigned char *types = indices == NULL ? NULL : take(reader, header->types * 6);
	const unsigned char *characters = types == NULL ? NULL : take(reader, header->characters);
	if (characters == NULL || take(reader, header->is_standard + header->is_ut) == NULL)
		return "it is cut short";
	const char *wrong = take_types(zone, header, types, characters);
	if (wrong != NULL)
		return wrong;

	/* Room for what the footer adds. */
	size_t room = header->transitions + CHANGES_MOST;
	zone->transitions = lp_allocate(room * sizeof *zone->transitions);
	zone->after = lp_allocate(room * sizeof *zone->after);
	for (size_t i = 0; i < header->transitions; i++) {
		if (i > 0 && decode_64(times + 8 * i) <= decode_64(times + 8 * (i - 1)))
			return "its transitions are not ascending";
		if (indices[i] >= header->types)
			return "a transition leads to a type that is not there";
		zone->transitions[i] = from_seconds(decode_64(times + 8 * i));
		zone->after[i] = indices[i];
	}
	zone->transition_count = header->transitions;
	return NULL;
}

static uint16_t add_type(struct lp_zone *zone, int64_t offset, char *room, const char name[16])
{
	memcpy(room, name, 16);
	zone->types[zone->type_count] = (struct lp_zone_type){ offset, room };
	return (uint16_t)zone->type_count++;
}

struct change {
	lp_time at;
	uint16_t type;
	bool to_summer;
};

/* At one instant summer time wins: where it never ends, each year's end is the next one's beginning. */
static int compare_changes(const void *left, const void *right)
{
	const struct change *a = left, *b = right;
	return a->at != b->at ? lp_compare(a->at, b->at) : (int)a->to_summer - (int)b->to_summer;
}

static void append_change(struct lp_zone *zone, const struct change *change, lp_time last_listed)
{
	size_t count = zone->transition_count;
	if (change->at <= last_listed)
		return;
	if (count > 0 && zone->transitions[count - 1] == change->at) {
		zone->after[count - 1] = change->type;
		return;
	}
	zone->transitions[count] = change->at;
	zone->after[count] = change->type;
	zone->transition_count++;
}

static void write_out_rule(struct lp_zone *zone, const struct lp_posix_rule *rule, uint16_t standard, uint16_t summer)
{
	lp_time last_listed = INT64_MIN;
	int32_t first_year = -1;
	if (zone->transition_count > 0) {
		struct lp_civil civil;
		last_listed = zone->transitions[zone->transition_count - 1];
		lp_civil_from_local(last_listed, &civil);
		first_year = civil.year;
	}

	struct change changes[CHANGES_MOST];
	size_t count = 0;
	for (int32_t year = first_year - 1; year <= first_year + LP_CYCLE_YEARS + 2; year++) {
		lp_time to_summer, to_standard;
		lp_posix_rule_year(rule, year, &to_summer, &to_standard);
		changes[count++] = (struct change){ to_summer, summer, true };
		changes[count++] = (struct change){ to_standard, standard, false };
	}
	qsort(changes, count, sizeof *changes, compare_changes);
	for (size_t i = 0; i < count; i++)
		append_change(zone, &changes[i], last_listed);
	zone->repeat = lp_days_from_date(first_year + LP_CYCLE_YEARS + 1, 1, 1) * LP_DAY;
}

/* "\n" RULE "\n"; the rule may be empty: then the last transition's type stays. */
static const char *take_footer(struct reader *reader, size_t characters, struct lp_zone *zone)
{
	const unsigned char *start = take(reader, 1);
	if (start == NULL || *start != '\n')
		return "its footer is missing";
	const unsigned char *text = reader->data + reader->at;
	const unsigned char *end = memchr(text, '\n', reader->size - reader->at);
	if (end == NULL)
		return "its footer is cut short";
	if (end == text)
		return NULL;
	struct lp_posix_rule rule;
	if (!lp_posix_rule_parse((const char *)text, (size_t)(end - text), &rule))
		return "the rule in its footer is not understood";
	char *room = zone->abbreviations + characters;
	uint16_t standard = add_type(zone, rule.standard_offset, room, rule.standard_name);
	if (rule.has_summer) {
		uint16_t summer = add_type(zone, rule.summer_offset, room + 16, rule.summer_name);
		if (zone->transition_count == 0)
			zone->first_type = standard;
		write_out_rule(zone, &rule, standard, summer);
	} else if (zone->transition_count == 0) {
		zone->first_type = standard;
	} else {
		zone->after[zone->transition_count - 1] = standard;
	}
	return NULL;
}

static const char *read_zone(struct reader *reader, struct lp_zone *zone)
{
	struct header header;
	const char *wrong = take_header(reader, &header);
	if (wrong != NULL)
		return wrong;
	if (header.version < '2')
		return "it is of version 1, which ends in 2037 (zic of the year 2007 and later writes version 2)";
	/* The first body repeats the second one in 32 bits. */
	if (take(reader, body_size(&header, 4)) == NULL)
		return "it is cut short";
	wrong = take_header(reader, &header);
	if (wrong == NULL)
		wrong = take_body(reader, &header, zone);
	if (wrong == NULL)
		wrong = take_footer(reader, header.characters, zone);
	return wrong;
}

static void find_offsets(struct lp_zone *zone)
{
	zone->offset_least = zone->offset_most = zone->types[zone->first_type].offset;
	for (size_t i = 0; !zone->fixed && i < zone->type_count; i++) {
		int64_t offset = zone->types[i].offset;
		zone->offset_least = offset < zone->offset_least ? offset : zone->offset_least;
		zone->offset_most = offset > zone->offset_most ? offset : zone->offset_most;
	}
}

bool lp_tzif_read(const char *name, const unsigned char *data, size_t size, struct lp_zone **zone,
                  struct lp_error *error)
{
	struct reader reader = { data, size, 0 };
	struct lp_zone *made = lp_allocate(sizeof *made);
	made->repeat = INT64_MAX;
	size_t length = strnlen(name, sizeof made->name - 1);
	memcpy(made->name, name, length);
	made->name[length] = '\0';

	const char *wrong = read_zone(&reader, made);
	if (wrong != NULL) {
		lp_zone_free(made);
		return lp_fail(error, LP_EXIT_DATA, "time zone %s: cannot use its data: %s", name, wrong);
	}
	made->fixed = made->transition_count == 0;
	find_offsets(made);
	*zone = made;
	return true;
}

void lp_zone_free(struct lp_zone *zone)
{
	if (zone == NULL)
		return;
	free(zone->transitions);
	free(zone->after);
	free(zone->types);
	free(zone->abbreviations);
	free(zone);
}
