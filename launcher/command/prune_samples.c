/* `prune`: which samples go.  Knows kinds and needs; how they are deleted is the store's business. */
#include "command/output.h"
#include "command/prune.h"

#include "command/report.h"
#include "model/memory.h"
#include "pipeline/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

/* Counting what stays is bounded, whatever stays: so many of a series, and of all. */
enum { ASK_AT_ONCE = 10000, COUNT_AT_ONCE = 1000, COUNT_OF_EACH = 10000, COUNT_OF_ALL = 2000000, TOLD_MOST = 10 };

/* Samples of one series that were to go, and stay. */
struct held {
	struct lp_needed needed;
	struct lp_count_range range;
};

struct choosing {
	const struct lp_prune_samples *prune;
	struct lp_needs *needs; /* NULL: nobody is asked */
	struct lp_prune_series *series;
	lp_time *oldest;
	size_t count, capacity, oldest_capacity;
	struct held *held; /* once all are chosen: by calculation */
	size_t held_count, held_capacity;
	uint64_t results_left; /* series that the pattern chose and whose kind has no time */
};

static bool choose(void *context, const struct lp_prunable *prunable, struct lp_error *error)
{
	struct choosing *choosing = context;
	const struct lp_prune_samples *prune = choosing->prune;
	lp_time before = prunable->computed ? prune->results_before : prune->samples_before;
	(void)error;
	if (prunable->oldest >= before) {
		choosing->results_left += prunable->computed && before == LP_TIME_NONE && prune->pattern != NULL;
		return true;
	}
	size_t at = choosing->count;
	LP_GROW(choosing->series, at, choosing->capacity);
	LP_GROW(choosing->oldest, at, choosing->oldest_capacity);
	choosing->series[at] = (struct lp_prune_series){ .series_id = prunable->series_id, .before = before };
	choosing->oldest[at] = prunable->oldest;
	choosing->count++;
	return true;
}

/* What will still be read stays. */
static void hold_back(struct choosing *choosing, size_t at, const struct lp_needed *needed)
{
	struct lp_prune_series *series = &choosing->series[at];
	lp_time oldest = choosing->oldest[at];
	if (needed->from >= series->before)
		return;
	LP_GROW(choosing->held, choosing->held_count, choosing->held_capacity);
	choosing->held[choosing->held_count++] = (struct held){
		.needed = *needed,
		.range = { .series_id = series->series_id,
		           .first = needed->from > oldest ? needed->from : oldest,
		           .beyond = series->before },
	};
	series->before = needed->from > oldest ? needed->from : LP_TIME_NONE;
}

static bool ask_needs(struct choosing *choosing, struct lp_error *error)
{
	struct lp_needed *needed = lp_reallocate(NULL, ASK_AT_ONCE, sizeof *needed);
	bool good = true;
	for (size_t first = 0; first < choosing->count && good; first += ASK_AT_ONCE) {
		size_t count = choosing->count - first < ASK_AT_ONCE ? choosing->count - first : ASK_AT_ONCE;
		good = lp_needs_of(choosing->needs, choosing->series + first, count, needed, error);
		for (size_t at = 0; at < count && good; at++)
			hold_back(choosing, first + at, &needed[at]);
	}
	free(needed);
	return good;
}

static bool choose_all(struct choosing *choosing, struct lp_error *error)
{
	const struct lp_prune_samples *prune = choosing->prune;
	lp_time last = prune->samples_before > prune->results_before ? prune->samples_before : prune->results_before;
	return lp_store_each_prunable(prune->store, prune->pattern, last, choose, choosing, error) &&
	       (prune->even_if_needed ||
	        (lp_needs_load(prune->store, prune->now, &choosing->needs, error) && ask_needs(choosing, error)));
}

static bool count_going(const struct choosing *choosing, uint64_t *samples, struct lp_error *error)
{
	struct lp_count_range ranges[COUNT_AT_ONCE];
	size_t count = 0;
	*samples = 0;
	for (size_t at = 0; at <= choosing->count; at++) {
		uint64_t counted;
		if (at < choosing->count && choosing->series[at].before != LP_TIME_NONE)
			ranges[count++] = (struct lp_count_range){ .series_id = choosing->series[at].series_id,
				                                   .first = LP_TIME_MIN,
				                                   .beyond = choosing->series[at].before };
		if (count < (at < choosing->count ? COUNT_AT_ONCE : 1))
			continue;
		if (!lp_store_count_samples(choosing->prune->store, ranges, count, 0, &counted, error))
			return false;
		*samples += counted;
		count = 0;
	}
	return true;
}

static void say_gone(const struct lp_prune_samples *prune, const struct lp_pruned_samples *pruned)
{
	const struct {
		const char *name;
		lp_time before;
	} kinds[] = { { "samples", prune->samples_before }, { "results", prune->results_before } };
	const char *separator = "";
	char time[40];
	for (size_t at = 0; at < sizeof kinds / sizeof *kinds; at++) {
		if (kinds[at].before == LP_TIME_NONE)
			continue;
		lp_time_format(kinds[at].before, prune->zone, time);
		printf("%s%s before %s", separator, kinds[at].name, time);
		separator = ", ";
	}
	printf(": %s%llu%s\n", pruned->estimated ? "about " : "", (unsigned long long)pruned->count,
	       prune->dry_run ? " to delete" : " deleted");
}

static int compare_held(const void *a, const void *b)
{
	const struct held *left = a, *right = b;
	if (left->needed.calculation_id != right->needed.calculation_id)
		return left->needed.calculation_id < right->needed.calculation_id ? -1 : 1;
	return (left->range.first > right->range.first) - (left->range.first < right->range.first);
}

/* Samples in the ranges of some held series; *all false: there are more than are counted. */
static bool count_held(const struct choosing *choosing, size_t first, size_t count, uint64_t *samples, bool *all,
                       struct lp_error *error)
{
	struct lp_count_range ranges[COUNT_AT_ONCE];
	*samples = 0;
	*all = true;
	for (size_t at = 0; at < count; at += COUNT_AT_ONCE) {
		size_t part = count - at < COUNT_AT_ONCE ? count - at : COUNT_AT_ONCE;
		uint64_t counted;
		if (*samples >= COUNT_OF_ALL) {
			*all = false;
			return true;
		}
		for (size_t k = 0; k < part; k++)
			ranges[k] = choosing->held[first + at + k].range;
		if (!lp_store_count_samples(choosing->prune->store, ranges, part, COUNT_OF_EACH, &counted, error))
			return false;
		*samples += counted;
		*all = *all && (counted < COUNT_OF_EACH);
	}
	return true;
}

static void say_why(const struct lp_prune_samples *prune, const struct lp_needed *needed)
{
	char start[40], end[40];
	lp_time_format(needed->window.start, prune->zone, start);
	lp_time_format(needed->window.end, prune->zone, end);
	if (needed->reason == LP_NEED_SCHEDULE)
		printf("; its schedule cannot be followed here: see `local-processing check`\n");
	else if (!needed->enabled)
		printf(" once it is enabled again, for its window %s to %s\n", start, end);
	else if (needed->reason == LP_NEED_OWED)
		printf(" for its window %s to %s, which is to be computed again\n", start, end);
	else
		printf(" for its window %s to %s, which is not computed yet\n", start, end);
}

/* Of one calculation, which holds them all back. */
static bool say_held(const struct choosing *choosing, size_t first, size_t count, struct lp_error *error)
{
	const struct held *oldest = &choosing->held[first];
	char samples[32], series[32], from[40];
	uint64_t counted;
	bool all;
	if (!count_held(choosing, first, count, &counted, &all, error))
		return false;
	lp_report_count(counted, samples);
	lp_report_count(count, series);
	lp_time_format(oldest->range.first, choosing->prune->zone, from);
	lp_print("kept: %s%s sample%s of %s series, from %s on: %s reads them", all ? "" : "at least ", samples,
	         counted == 1 ? "" : "s", series, from, oldest->needed.calculation);
	say_why(choosing->prune, &oldest->needed);
	return true;
}

/* Those that one calculation holds back, as they stand together. */
struct group {
	size_t first, count;
	lp_time oldest;
};

static int compare_groups(const void *a, const void *b)
{
	lp_time left = ((const struct group *)a)->oldest, right = ((const struct group *)b)->oldest;
	return (left > right) - (left < right);
}

static size_t group_held(const struct choosing *choosing, struct group *groups)
{
	size_t count = 0;
	if (choosing->held_count > 0)
		qsort(choosing->held, choosing->held_count, sizeof *choosing->held, compare_held);
	for (size_t at = 0; at < choosing->held_count; at++) {
		const struct held *held = &choosing->held[at];
		if (at == 0 || held[-1].needed.calculation_id != held->needed.calculation_id)
			groups[count++] = (struct group){ .first = at, .oldest = held->range.first };
		groups[count - 1].count++;
	}
	if (count > 0)
		qsort(groups, count, sizeof *groups, compare_groups);
	return count;
}

/* The oldest first. */
static bool say_all_held(struct choosing *choosing, struct lp_error *error)
{
	struct group *groups = lp_reallocate(NULL, choosing->held_count + 1, sizeof *groups);
	size_t count = group_held(choosing, groups), told = count < TOLD_MOST ? count : TOLD_MOST, series = 0;
	bool good = true;
	for (size_t at = 0; at < told && good; at++)
		good = say_held(choosing, groups[at].first, groups[at].count, error);
	for (size_t at = told; at < count; at++)
		series += groups[at].count;
	if (good && count > told)
		printf("kept: samples of %zu more series, which %zu more calculation%s will still read\n", series,
		       count - told, count - told == 1 ? "" : "s");
	free(groups);
	return good;
}

static bool prune_chosen(struct choosing *choosing, struct lp_error *error)
{
	const struct lp_prune_samples *prune = choosing->prune;
	struct lp_pruned_samples pruned = { .count = 0 };
	if (!(prune->dry_run ? count_going(choosing, &pruned.count, error)
	                     : lp_store_prune_samples(prune->store, choosing->series, choosing->count,
	                                              prune->pattern == NULL, prune->samples_before, &pruned, error)))
		return false;
	say_gone(prune, &pruned);
	if (choosing->results_left > 0)
		printf("kept: the results of %llu series that calculations write: --results-before is about them\n",
		       (unsigned long long)choosing->results_left);
	return say_all_held(choosing, error);
}

bool lp_prune_samples(const struct lp_prune_samples *prune, struct lp_error *error)
{
	struct choosing choosing = { .prune = prune };
	bool good = choose_all(&choosing, error) && prune_chosen(&choosing, error);
	lp_needs_free(choosing.needs);
	free(choosing.series);
	free(choosing.oldest);
	free(choosing.held);
	return good;
}
