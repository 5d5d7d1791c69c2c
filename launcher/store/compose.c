/*
 * Puts calculations together into batches.  See compose.h.
 */
#include "store/compose.h"

#include "calendar/calendar.h"
#include "model/hash.h"
#include "model/order.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE SIZE_MAX

/* Keys are compared number by number, schedules as bytes: a zone's unused ones are zero. */
enum { KEY_NUMBERS = 7 };
struct key {
	int64_t numbers[KEY_NUMBERS];
	const struct lp_schedule *schedule;
};
static_assert(sizeof(struct lp_schedule) == 3 * sizeof(struct lp_span) + sizeof(int64_t) + sizeof(int32_t) +
                                                    sizeof(enum lp_missed) + sizeof((struct lp_schedule *)NULL)->zone,
              "there are no gaps between the fields of a schedule");

/*
 * Returns about how much a window of a calculation reads. 0: no more than its
 * window is long, or so little that it could be one of a full batch; n: up to 2
 * to the nth times that. A calculation that reads a year each minute would make
 * the batch small for those that read the minute. Calculations that only fit
 * into the smallest batches are not distinguished further.
 */
static int64_t ordinary_span(const struct lp_schedule *schedule)
{
	int64_t window = lp_span_about(schedule->window), full = LP_BATCH_SAMPLES / LP_BATCH_SIZE * LP_SECOND;

	return window > full ? window : full;
}

static size_t size_of_bulk(const struct lp_schedule *schedule, int64_t bulk)
{
	return lp_batch_size(ordinary_span(schedule) << bulk);
}

static int64_t find_bulk(const struct lp_schedule *schedule, int64_t span)
{
	int64_t ordinary = ordinary_span(schedule), bulk = 0;

	while (span > ordinary << bulk && size_of_bulk(schedule, bulk) > LP_BATCH_SIZE_LEAST)
		bulk++;
	return bulk;
}

static struct key key_of_member(const struct lp_compose_member *member)
{
	return (struct key){
		.numbers = { member->enabled ? 0 : 1, member->rank, member->start, member->watermark,
		             (int64_t)member->reads, find_bulk(&member->schedule, member->span), member->shadow },
		.schedule = &member->schedule,
	};
}

static struct key key_of_batch(const struct lp_compose_batch *batch)
{
	return (struct key){
		.numbers = { batch->enabled ? 0 : 1, batch->head.rank, batch->head.start, batch->head.watermark,
		             (int64_t)batch->reads, batch->bulk, batch->head.shadow },
		.schedule = &batch->head.schedule,
	};
}

static int compare_keys(const struct key *a, const struct key *b)
{
	for (size_t i = 0; i < KEY_NUMBERS; i++)
		if (a->numbers[i] != b->numbers[i])
			return a->numbers[i] < b->numbers[i] ? -1 : 1;
	return memcmp(a->schedule, b->schedule, sizeof *a->schedule);
}

/* By key, then by calculation. */
static int compare_members(const void *a, const void *b)
{
	const struct lp_compose_member *left = *(struct lp_compose_member *const *)a;
	const struct lp_compose_member *right = *(struct lp_compose_member *const *)b;
	struct key left_key = key_of_member(left), right_key = key_of_member(right);
	int order = compare_keys(&left_key, &right_key);

	return order != 0 ? order : lp_compare(left->calculation_id, right->calculation_id);
}

static int compare_batches_by_id(const void *a, const void *b)
{
	return lp_compare(((const struct lp_compose_batch *)a)->head.id, ((const struct lp_compose_batch *)b)->head.id);
}

static struct lp_compose_batch *find_batch(struct lp_compose_batch *batches, size_t count, int64_t id)
{
	struct lp_compose_batch wanted = { .head.id = id };

	return id == 0 ? NULL : bsearch(&wanted, batches, count, sizeof *batches, compare_batches_by_id);
}

/* Returns how many calculations the batch holds. */
static size_t room(const struct lp_compose_batch *batch)
{
	return size_of_bulk(&batch->head.schedule, batch->bulk);
}

/*
 * A batch reads what its first calculation reads: if the schedule of something
 * that all of them read changed, they stay where they are. How much it reads is
 * decided by the calculation that reads least, so one that begins to read much
 * leaves.
 */
static void set_reads(struct lp_composition *composition, size_t stored, bool *known)
{
	for (size_t i = 0; i < composition->member_count; i++) {
		const struct lp_compose_member *member = &composition->members[i];
		struct lp_compose_batch *batch = find_batch(composition->batches, stored, member->batch_id);

		if (batch == NULL)
			continue;
		int64_t bulk = find_bulk(&member->schedule, member->span);
		bool first = !known[batch - composition->batches];
		known[batch - composition->batches] = true;
		batch->reads = first ? member->reads : batch->reads;
		batch->bulk = first || bulk < batch->bulk ? bulk : batch->bulk;
	}
}

/* Decides which calculations stay where they are, and which have to find a place. */
static void keep_what_fits(struct lp_composition *composition, size_t stored)
{
	for (size_t i = 0; i < composition->member_count; i++) {
		struct lp_compose_member *member = &composition->members[i];
		struct lp_compose_batch *batch = find_batch(composition->batches, stored, member->batch_id);

		member->batch = NOWHERE;
		if (batch == NULL)
			continue;
		struct key own = key_of_member(member), common = key_of_batch(batch);
		if (compare_keys(&own, &common) == 0 && batch->members < room(batch)) {
			member->batch = (size_t)(batch - composition->batches);
			batch->members++;
			batch->changed = batch->changed || member->changed;
		} else {
			batch->changed = true;
		}
	}
}

/* The calculations of one key, and the batches that have some of them. */
struct group {
	struct lp_compose_member **members;
	size_t member_count;
	size_t *batches; /* indices, ascending: by id */
	size_t batch_count;
};

static int compare_indices(const void *a, const void *b)
{
	size_t left = *(const size_t *)a, right = *(const size_t *)b;

	return (left > right) - (left < right);
}

/* Dissolves batches that are less than half full, except for the first of them. */
static void loosen_small_batches(struct lp_compose_batch *batches, struct group *group)
{
	size_t kept = 0;
	bool small_one_kept = false;

	for (size_t i = 0; i < group->batch_count; i++) {
		struct lp_compose_batch *batch = &batches[group->batches[i]];
		bool small = batch->members < room(batch) / 2;

		if (small && small_one_kept) {
			batch->members = 0;
			batch->changed = true;
			continue;
		}
		small_one_kept = small_one_kept || small;
		group->batches[kept++] = group->batches[i];
	}
	group->batch_count = kept;
	for (size_t i = 0; i < group->member_count; i++) {
		struct lp_compose_member *member = group->members[i];
		if (member->batch != NOWHERE && batches[member->batch].members == 0)
			member->batch = NOWHERE;
	}
}

/* Places the calculations that have no place yet: into batches that have room, then into new ones. */
static void place_group(struct lp_composition *composition, struct group *group)
{
	size_t next = 0, place = NOWHERE;

	for (size_t i = 0; i < group->member_count; i++) {
		struct lp_compose_member *member = group->members[i];
		struct lp_compose_batch *batch;

		if (member->batch != NOWHERE)
			continue;
		while (place == NOWHERE || composition->batches[place].members >= room(&composition->batches[place])) {
			if (next < group->batch_count) {
				place = group->batches[next++];
				continue;
			}
			place = composition->batch_count++;
			composition->batches[place] = (struct lp_compose_batch){
				.head = { .rank = member->rank,
				          .schedule = member->schedule,
				          .start = member->start,
				          .watermark = member->watermark,
				          .shadow = member->shadow },
				.enabled = member->enabled,
				.reads = member->reads,
				.bulk = find_bulk(&member->schedule, member->span),
				.origin = member->batch_id,
			};
		}
		batch = &composition->batches[place];
		batch->members++;
		batch->changed = true;
		if (batch->origin != member->batch_id)
			batch->origin = 0;
		member->batch = place;
	}
}

/* Sets how much a window of one of the batch's calculations reads, at most. */
static void measure_batches(struct lp_composition *composition, int64_t *spans)
{
	for (size_t i = 0; i < composition->member_count; i++) {
		const struct lp_compose_member *member = &composition->members[i];

		if (member->span > spans[member->batch])
			spans[member->batch] = member->span;
	}
	for (size_t i = 0; i < composition->batch_count; i++) {
		struct lp_compose_batch *batch = &composition->batches[i];

		batch->changed = batch->changed || batch->head.span != spans[i];
		batch->head.span = spans[i];
	}
}

/* Numbers the members of changed batches anew, by calculation; members are sorted like that. */
static void number_members(struct lp_composition *composition, struct lp_compose_member **sorted, int32_t *counters)
{
	for (size_t i = 0; i < composition->member_count; i++) {
		struct lp_compose_member *member = sorted[i];
		const struct lp_compose_batch *batch = &composition->batches[member->batch];
		int32_t position = counters[member->batch]++;

		member->moved = batch->head.id == 0 || batch->head.id != member->batch_id ||
		                (batch->changed && position != member->position);
		if (member->moved)
			member->position = position;
	}
	for (size_t i = 0; i < composition->batch_count; i++) {
		struct lp_compose_batch *batch = &composition->batches[i];

		batch->head.size = batch->enabled ? (int32_t)batch->members : 0;
		if (batch->members == 0)
			batch->changed = true;
		if (batch->changed)
			batch->head.generation++;
	}
}

static size_t count_groups(struct lp_compose_member **sorted, size_t count)
{
	size_t groups = 0;

	for (size_t i = 0; i < count; i++) {
		if (i > 0) {
			struct key before = key_of_member(sorted[i - 1]), own = key_of_member(sorted[i]);
			if (compare_keys(&before, &own) == 0)
				continue;
		}
		groups++;
	}
	return groups;
}

/* Returns the group that begins at sorted[first]. */
static struct group take_group(struct lp_compose_member **sorted, size_t first, size_t count, size_t *indices,
                               bool *listed)
{
	struct group group = { .members = sorted + first, .batches = indices };
	struct key common = key_of_member(sorted[first]);

	for (size_t i = first; i < count; i++) {
		struct key own = key_of_member(sorted[i]);
		size_t place = sorted[i]->batch;

		if (compare_keys(&common, &own) != 0)
			break;
		group.member_count++;
		if (place != NOWHERE && !listed[place]) {
			listed[place] = true;
			indices[group.batch_count++] = place;
		}
	}
	qsort(indices, group.batch_count, sizeof *indices, compare_indices);
	return group;
}

uint64_t lp_compose_reads(const char *text)
{
	return text == NULL || text[0] == '\0' ? 0 : lp_hash_text(text);
}

bool lp_compose_span(const struct lp_schedule *schedule, const char *windows, int64_t *span, struct lp_error *error)
{
	const char *at = windows != NULL ? windows : "";

	*span = 0;
	for (;;) {
		struct lp_span window = schedule->window;
		size_t length = strcspn(at, ";");
		char text[64];

		snprintf(text, sizeof text, "%.*s", (int)length, at);
		if (length > 0 && !lp_span_parse(text, &window, error))
			return lp_fail_within(error, "the stored window of an input");
		if (__builtin_add_overflow(*span, lp_span_about(window), span))
			*span = INT64_MAX;
		if (at[length] == '\0')
			return true;
		at += length + 1;
	}
}

void lp_compose(struct lp_composition *composition, struct lp_arena *arena)
{
	size_t stored = composition->batch_count, count = composition->member_count, capacity;
	struct lp_compose_member **sorted = lp_arena_zeroed(arena, count, sizeof *sorted);
	size_t *indices = lp_arena_zeroed(arena, stored, sizeof *indices);
	bool *listed = lp_arena_zeroed(arena, stored, sizeof *listed);
	struct lp_compose_batch *batches;

	for (size_t i = 0; i < count; i++)
		sorted[i] = &composition->members[i];
	qsort(sorted, count, sizeof(struct lp_compose_member *), compare_members);
	capacity = stored + count_groups(sorted, count) + count / LP_BATCH_SIZE_LEAST;
	batches = lp_arena_zeroed(arena, capacity, sizeof *batches);
	if (stored > 0)
		memcpy(batches, composition->batches, stored * sizeof *batches);
	qsort(batches, stored, sizeof *batches, compare_batches_by_id);
	composition->batches = batches;

	set_reads(composition, stored, lp_arena_zeroed(arena, stored, sizeof(bool)));
	keep_what_fits(composition, stored);
	for (size_t first = 0; first < count;) {
		struct group group = take_group(sorted, first, count, indices, listed);

		loosen_small_batches(batches, &group);
		place_group(composition, &group);
		first += group.member_count;
	}
	assert(composition->batch_count <= capacity);
	measure_batches(composition, lp_arena_zeroed(arena, composition->batch_count, sizeof(int64_t)));
	number_members(composition, sorted, lp_arena_zeroed(arena, composition->batch_count, sizeof(int32_t)));
}
