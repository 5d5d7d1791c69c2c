/* `prune`: which samples are deleted. Knows kinds and needs; the store knows how they are deleted. */
#include "command/output.h"
#include "command/prune.h"

#include "command/run_report.h"
#include "model/memory.h"
#include "pipeline/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

/* Counting is bounded, however much stays: by samples of a series, and of all. */
enum { ASK_AT_ONCE = 10000, COUNT_AT_ONCE = 1000, COUNT_OF_EACH = 10000, COUNT_OF_ALL = 2000000, SHOWN_MOST = 10 };

/* Samples of one series that are old enough to go, and stay. */
struct kept {
	struct lp_needed needed;
	struct lp_count_range range;
};

struct choice {
	const struct lp_prune_samples *prune;
	struct lp_needs *needs; /* NULL: samples go even if they are needed */
	struct lp_prune_series *series;
	lp_time *oldest;
	size_t count, capacity, oldest_capacity;
	struct kept *kept; /* by calculation, once all are chosen */
	size_t kept_count, kept_capacity;
	uint64_t results_left; /* series that the pattern chose and whose kind has no time */
};

static bool choose(void *context, const struct lp_prunable *prunable, struct lp_error *error)
{
	struct choice *choice = context;
	const struct lp_prune_samples *prune = choice->prune;
	lp_time before = prunable->computed ? prune->results_before : prune->samples_before;
	(void)error;
	if (prunable->oldest >= before) {
		choice->results_left += prunable->computed && before == LP_TIME_NONE && prune->pattern != NULL;
		return true;
	}
	size_t at = choice->count;
	LP_GROW(choice->series, at, choice->capacity);
	LP_GROW(choice->oldest, at, choice->oldest_capacity);
	choice->series[at] = (struct lp_prune_series){ .series_id = prunable->series_id, .before = before };
	choice->oldest[at] = prunable->oldest;
	choice->count++;
	return true;
}

/* Keeps the samples of a series that a calculation will still read. */
static void keep_needed(struct choice *choice, size_t at, const struct lp_needed *needed)
{
	struct lp_prune_series *series = &choice->series[at];
	lp_time oldest = choice->oldest[at];
	if (needed->from >= series->before)
		return;
	LP_GROW(choice->kept, choice->kept_count, choice->kept_capacity);
	choice->kept[choice->kept_count++] = (struct kept){
		.needed = *needed,
		.range = { .series_id = series->series_id,
		           .first = needed->from > oldest ? needed->from : oldest,
		           .beyond = series->before },
	};
	series->before = needed->from > oldest ? needed->from : LP_TIME_NONE;
}

static bool ask_needs(struct choice *choice, struct lp_error *error)
{
	struct lp_needed *needed = lp_reallocate(NULL, ASK_AT_ONCE, sizeof *needed);
	bool ok = true;
	for (size_t first = 0; first < choice->count && ok; first += ASK_AT_ONCE) {
		size_t count = choice->count - first < ASK_AT_ONCE ? choice->count - first : ASK_AT_ONCE;
		ok = lp_needs_of(choice->needs, choice->series + first, count, needed, error);
		for (size_t at = 0; at < count && ok; at++)
			keep_needed(choice, first + at, &needed[at]);
	}
	free(needed);
	return ok;
}

static bool choose_all(struct choice *choice, struct lp_error *error)
{
	const struct lp_prune_samples *prune = choice->prune;
	lp_time last = prune->samples_before > prune->results_before ? prune->samples_before : prune->results_before;
	return lp_store_each_prunable(prune->store, prune->pattern, last, choose, choice, error) &&
	       (prune->even_if_needed ||
	        (lp_needs_load(prune->store, prune->now, &choice->needs, error) && ask_needs(choice, error)));
}

static bool count_pruned(const struct choice *choice, uint64_t *samples, struct lp_error *error)
{
	struct lp_count_range ranges[COUNT_AT_ONCE];
	size_t count = 0;
	*samples = 0;
	for (size_t at = 0; at <= choice->count; at++) {
		uint64_t counted;
		if (at < choice->count && choice->series[at].before != LP_TIME_NONE)
			ranges[count++] = (struct lp_count_range){ .series_id = choice->series[at].series_id,
				                                   .first = LP_TIME_MIN,
				                                   .beyond = choice->series[at].before };
		if (count < (at < choice->count ? COUNT_AT_ONCE : 1))
			continue;
		if (!lp_store_count_samples(choice->prune->store, ranges, count, 0, &counted, error))
			return false;
		*samples += counted;
		count = 0;
	}
	return true;
}

static void print_pruned(const struct lp_prune_samples *prune, const struct lp_pruned_samples *pruned)
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

static int compare_kept(const void *a, const void *b)
{
	const struct kept *left = a, *right = b;
	if (left->needed.calculation_id != right->needed.calculation_id)
		return left->needed.calculation_id < right->needed.calculation_id ? -1 : 1;
	return (left->range.first > right->range.first) - (left->range.first < right->range.first);
}

/* Counts the samples in the ranges of some kept series; *all false: there are more than are counted. */
static bool count_kept(const struct choice *choice, size_t first, size_t count, uint64_t *samples, bool *all,
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
			ranges[k] = choice->kept[first + at + k].range;
		if (!lp_store_count_samples(choice->prune->store, ranges, part, COUNT_OF_EACH, &counted, error))
			return false;
		*samples += counted;
		*all = *all && (counted < COUNT_OF_EACH);
	}
	return true;
}

static void print_reason(const struct lp_prune_samples *prune, const struct lp_needed *needed)
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

/* Prints what one calculation will still read. */
static bool print_kept_by(const struct choice *choice, size_t first, size_t count, struct lp_error *error)
{
	const struct kept *oldest = &choice->kept[first];
	char samples[32], series[32], from[40];
	uint64_t counted;
	bool all;
	if (!count_kept(choice, first, count, &counted, &all, error))
		return false;
	lp_report_count(counted, samples);
	lp_report_count(count, series);
	lp_time_format(oldest->range.first, choice->prune->zone, from);
	lp_print("kept: %s%s sample%s of %s series, from %s on: %s reads them", all ? "" : "at least ", samples,
	         counted == 1 ? "" : "s", series, from, oldest->needed.calculation);
	print_reason(choice->prune, &oldest->needed);
	return true;
}

/* The series that one calculation will still read: they stand one behind the other. */
struct group {
	size_t first, count;
	lp_time oldest;
};

static int compare_groups(const void *a, const void *b)
{
	lp_time left = ((const struct group *)a)->oldest, right = ((const struct group *)b)->oldest;
	return (left > right) - (left < right);
}

static size_t group_kept(const struct choice *choice, struct group *groups)
{
	size_t count = 0;
	if (choice->kept_count > 0)
		qsort(choice->kept, choice->kept_count, sizeof *choice->kept, compare_kept);
	for (size_t at = 0; at < choice->kept_count; at++) {
		const struct kept *kept = &choice->kept[at];
		if (at == 0 || kept[-1].needed.calculation_id != kept->needed.calculation_id)
			groups[count++] = (struct group){ .first = at, .oldest = kept->range.first };
		groups[count - 1].count++;
	}
	if (count > 0)
		qsort(groups, count, sizeof *groups, compare_groups);
	return count;
}

/* Prints the calculations that will read the oldest samples first. */
static bool print_kept(struct choice *choice, struct lp_error *error)
{
	struct group *groups = lp_reallocate(NULL, choice->kept_count + 1, sizeof *groups);
	size_t count = group_kept(choice, groups), shown = count < SHOWN_MOST ? count : SHOWN_MOST, series = 0;
	bool ok = true;
	for (size_t at = 0; at < shown && ok; at++)
		ok = print_kept_by(choice, groups[at].first, groups[at].count, error);
	for (size_t at = shown; at < count; at++)
		series += groups[at].count;
	if (ok && count > shown)
		printf("kept: samples of %zu more series, which %zu more calculation%s will still read\n", series,
		       count - shown, count - shown == 1 ? "" : "s");
	free(groups);
	return ok;
}

static bool prune_chosen(struct choice *choice, struct lp_error *error)
{
	const struct lp_prune_samples *prune = choice->prune;
	struct lp_pruned_samples pruned = { .count = 0 };
	if (!(prune->dry_run ? count_pruned(choice, &pruned.count, error)
	                     : lp_store_prune_samples(
				       prune->store,
				       &(const struct lp_prune_order){ .series = choice->series,
	                                                               .count = choice->count,
	                                                               .every = prune->pattern == NULL,
	                                                               .orphans_before = prune->samples_before },
				       &pruned, error)))
		return false;
	print_pruned(prune, &pruned);
	if (choice->results_left > 0)
		printf("kept: the results of %llu series that calculations write: --results-before is about them\n",
		       (unsigned long long)choice->results_left);
	return print_kept(choice, error);
}

bool lp_prune_samples(const struct lp_prune_samples *prune, struct lp_error *error)
{
	struct choice choice = { .prune = prune };
	bool ok = choose_all(&choice, error) && prune_chosen(&choice, error);
	lp_needs_free(choice.needs);
	free(choice.series);
	free(choice.oldest);
	free(choice.kept);
	return ok;
}
