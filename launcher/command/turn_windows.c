/* See turn.h: the part about windows. */
#include "calendar/calendar.h"
#include "command/turn.h"
#include "model/order.h"
#include "schedule/schedule.h"

#include <stdlib.h>
#include <string.h>

/* How far a calculation has come, and what it will have in its new mode. */
struct lp_turn_progress {
	const struct lp_calculation *calculation; /* as it was before */
	const struct lp_zone *zone;               /* NULL: it is gone, and nothing is known of its windows */
	lp_time watermark, first_result, first_end;
	lp_time after;  /* windows that end after that are computed in the new mode */
	lp_time begins; /* in shadow: before that, its series there have nothing; LP_TIME_NONE: it never ran */
	bool misses;    /* and the live ones have something */
};

static bool is_turned(const struct lp_turn *turn, size_t i)
{
	return turn->chosen[i] && turn->stored.calculations[i].mode != turn->mode;
}

static int compare_ids(const void *a, const void *b)
{
	return lp_compare((*(const struct lp_turn_progress *const *)a)->calculation->id,
	                  (*(const struct lp_turn_progress *const *)b)->calculation->id);
}

/* Readers before those that they read. */
static int compare_ranks(const void *a, const void *b)
{
	return lp_compare((*(const struct lp_turn_progress *const *)b)->calculation->rank,
	                  (*(const struct lp_turn_progress *const *)a)->calculation->rank);
}

/* The progress of those that are concerned: turned, or in shadow and perhaps readers of these. */
struct concerned {
	struct lp_turn_progress **items;
	size_t count;
};

static bool take_progress(void *context, const struct lp_progress *progress, struct lp_error *error)
{
	const struct concerned *concerned = context;
	size_t at =
		LP_LOWER_BOUND(concerned->count, i, concerned->items[i]->calculation->id < progress->calculation_id);
	(void)error;
	if (at < concerned->count && concerned->items[at]->calculation->id == progress->calculation_id) {
		concerned->items[at]->watermark = progress->watermark;
		concerned->items[at]->first_result = progress->first_result;
		concerned->items[at]->first_end = progress->first_end;
	}
	return true;
}

static bool load_progress(struct lp_turn *turn, struct concerned *concerned, struct lp_error *error)
{
	size_t all = turn->stored.calculation_count;
	int64_t *ids = lp_allocate((all + 1) * sizeof *ids);
	struct lp_error unknown;
	turn->progress = lp_allocate((all + 1) * sizeof *turn->progress);
	concerned->items = lp_allocate((all + 1) * sizeof *concerned->items);
	for (size_t i = 0; i < all; i++) {
		const struct lp_calculation *calculation = &turn->stored.calculations[i];
		struct lp_turn_progress *progress = &turn->progress[i];
		*progress = (struct lp_turn_progress){ .calculation = calculation,
			                               .watermark = LP_TIME_NONE,
			                               .first_result = LP_TIME_NONE,
			                               .first_end = LP_TIME_NONE,
			                               .after = LP_TIME_NONE,
			                               .begins = LP_TIME_NONE };
		if (!lp_zone_find(calculation->schedule.zone, &progress->zone, &unknown))
			progress->zone = NULL;
		if (!is_turned(turn, i) && (turn->mode == LP_MODE_LIVE || calculation->mode == LP_MODE_LIVE))
			continue;
		ids[concerned->count] = calculation->id;
		concerned->items[concerned->count++] = progress;
	}
	bool ok = true;
	if (concerned->count > 0) {
		qsort(concerned->items, concerned->count, sizeof *concerned->items, compare_ids);
		ok = lp_store_each_progress(turn->store, ids, concerned->count, take_progress, concerned, error);
	}
	free(ids);
	return ok;
}

/* True if no run makes up for its windows. */
static bool is_never_made_up(const struct lp_calculation *calculation)
{
	return !calculation->enabled || calculation->schedule.missed == LP_MISSED_SKIP;
}

/*
 * Has a calculation that goes in shadow begin early enough for the next window of
 * one that reads it there. A look-back needs the result before as well.
 */
static void begin_for(struct lp_turn_progress *writer, const struct lp_turn_progress *reader,
                      const struct lp_input *input)
{
	const struct lp_schedule *schedule = &reader->calculation->schedule;
	struct lp_window window, range, before;
	if (reader->zone == NULL || reader->after == LP_TIME_NONE ||
	    !lp_window_ending_after(schedule, reader->zone, reader->after, &window) ||
	    !lp_input_range(schedule, reader->zone, window, input->window, input->shift, &range))
		return;
	lp_time after = range.start - (writer->calculation->result_time == LP_RESULT_AT_END ? 1 : 0);
	if (input->lookback > 0 && lp_window_ending_by(&writer->calculation->schedule, writer->zone, after, &before))
		after = before.end - 1;
	/* What it never had live is not missed in shadow. */
	if (after < writer->first_end - 1)
		after = writer->first_end - 1;
	if (after < writer->after)
		writer->after = after;
}

/* Works out where those that go in shadow begin there, given where their readers do. */
static void find_beginnings(struct lp_turn *turn, struct concerned *concerned)
{
	if (concerned->count > 0)
		qsort(concerned->items, concerned->count, sizeof *concerned->items, compare_ranks);
	for (size_t i = 0; i < turn->stored.calculation_count; i++) {
		struct lp_turn_progress *progress = &turn->progress[i];
		bool sooner = is_turned(turn, i) && turn->from != LP_TIME_NONE && turn->from < progress->watermark;
		progress->after = sooner ? turn->from : progress->watermark;
		/* One that never ran begins at its start. */
		if (progress->watermark == LP_TIME_NONE)
			progress->after = progress->calculation->start;
	}
	for (size_t i = 0; i < concerned->count; i++) {
		struct lp_turn_progress *progress = concerned->items[i];
		size_t writer;
		if (progress->zone == NULL || progress->after == LP_TIME_NONE)
			continue;
		for (size_t k = 0; k < progress->calculation->input_count; k++) {
			const struct lp_input *input = &progress->calculation->inputs[k];
			if (lp_names_find(&turn->writers, input->series, &writer) && is_turned(turn, writer) &&
			    turn->progress[writer].zone != NULL && turn->progress[writer].first_end != LP_TIME_NONE)
				begin_for(&turn->progress[writer], progress, input);
		}
	}
}

/* Moves a beginning behind the windows that read for an input what is not there. */
static void begin_behind(struct lp_turn_progress *progress, const struct lp_input *input, struct lp_window missing)
{
	const struct lp_input_extent extent = { .window = input->window, .shift = input->shift };
	struct lp_window_range affected;
	if (missing.start < missing.end &&
	    lp_schedule_affected(&progress->calculation->schedule, progress->zone, &extent, missing.start,
	                         missing.end - 1, &affected) &&
	    affected.until_end > progress->after)
		progress->after = affected.until_end;
}

/*
 * Windows that cannot be computed in shadow have no result there: their samples
 * were pruned, or lie before the beginning of what is read.
 */
static void begin_with_samples(const struct lp_turn *turn, struct lp_turn_progress *progress)
{
	const struct lp_calculation *calculation = progress->calculation;
	size_t writer;
	for (size_t k = 0; k < calculation->input_count; k++) {
		const struct lp_input *input = &calculation->inputs[k];
		begin_behind(progress, input, input->pruned);
		if (lp_names_find(&turn->writers, input->series, &writer) && turn->progress[writer].misses)
			begin_behind(progress, input,
			             (struct lp_window){ LP_SERIES_BEGINS, turn->progress[writer].begins });
	}
	if (is_never_made_up(calculation) || progress->after > progress->watermark)
		progress->after = progress->watermark;
}

static bool take_any(void *context, const struct lp_column *column, struct lp_error *error)
{
	bool *any = context;
	(void)error;
	*any = *any || column->count > 0;
	return true;
}

/*
 * Finds the time before which the series in shadow has nothing of what is live,
 * and whether anything is: results, or what others have put there. What they have
 * put into a table of theirs is not looked for.
 */
static bool find_missing(const struct lp_turn *turn, struct lp_turn_progress *progress, struct lp_error *error)
{
	const struct lp_calculation *calculation = progress->calculation;
	struct lp_window first;
	progress->begins = progress->after + 1;
	if (calculation->result_time == LP_RESULT_AT_START &&
	    lp_window_ending_after(&calculation->schedule, progress->zone, progress->after, &first))
		progress->begins = first.start;
	progress->misses =
		turn->mirrored || (progress->first_result != LP_TIME_NONE && progress->first_result < progress->begins);
	for (size_t o = 0; o < calculation->output_count && !progress->misses; o++) {
		const struct lp_sample_query query = { .series_id = calculation->outputs[o].series_id,
			                               .from = LP_TIME_NONE,
			                               .to = progress->begins,
			                               .most = 1 };
		if (!lp_store_read_samples(turn->store, &query, take_any, &progress->misses, error))
			return false;
	}
	return true;
}

/* Those that are to be live are computed again from the first window on that has a result in shadow. */
static void begin_with_first(struct lp_turn *turn, struct concerned *concerned)
{
	for (size_t i = 0; i < concerned->count; i++) {
		struct lp_turn_progress *progress = concerned->items[i];
		if (progress->first_end == LP_TIME_NONE || is_never_made_up(progress->calculation))
			progress->after = progress->watermark;
		else
			progress->after = turn->from > progress->first_end - 1 ? turn->from : progress->first_end - 1;
	}
}

static void add_windows(struct lp_turn *turn, const struct lp_turn_progress *progress)
{
	const struct lp_schedule *schedule = &progress->calculation->schedule;
	struct lp_window first;
	struct lp_owed_range range = { .calculation_id = progress->calculation->id,
		                       .reason = LP_REASON_CATCH_UP,
		                       .until_end = progress->watermark };
	if (!lp_window_ending_after(schedule, progress->zone, progress->after, &first) || first.end > range.until_end)
		return;
	range.window_start = first.start;
	range.after_end = first.end - 1;
	turn->windows += lp_schedule_count(schedule, progress->zone, range.after_end, range.until_end);
	turn->again[turn->again_count++] = range;
}

/*
 * What was computed in one mode is not in the series of the other. Windows that
 * read across the moment of the turn would find half of it there, so it is
 * computed again, and its readers wait for that as for windows that were missed.
 */
bool lp_turn_find_windows(struct lp_turn *turn, struct lp_error *error)
{
	struct concerned concerned = { .count = 0 };
	bool ok = load_progress(turn, &concerned, error);
	turn->again = lp_allocate((turn->count + 1) * sizeof *turn->again);
	if (ok && turn->mode == LP_MODE_SHADOW)
		find_beginnings(turn, &concerned);
	else if (ok)
		begin_with_first(turn, &concerned);
	/* Those in shadow now from the lowest rank on: what one misses its readers miss. */
	for (size_t i = concerned.count; i > 0 && ok; i--) {
		struct lp_turn_progress *progress = concerned.items[i - 1];
		if (!is_turned(turn, (size_t)(progress - turn->progress)) || progress->zone == NULL ||
		    progress->watermark == LP_TIME_NONE)
			continue;
		if (turn->mode == LP_MODE_SHADOW) {
			begin_with_samples(turn, progress);
			ok = find_missing(turn, progress, error);
		}
		add_windows(turn, progress);
	}
	free(concerned.items);
	return ok;
}

/* Notes where the series of a calculation begin. */
static bool note_beginning(struct lp_turn *turn, const struct lp_turn_progress *progress, const struct lp_names *names,
                           const struct lp_definitions *now, struct lp_error *error)
{
	const struct lp_calculation *calculation = progress->calculation;
	struct lp_window missing = { LP_SERIES_BEGINS, progress->misses ? progress->begins : LP_SERIES_BEGINS };
	bool ok = true;
	size_t at;
	for (size_t o = 0; o < calculation->output_count && ok; o++)
		if (lp_names_find(names, calculation->outputs[o].series, &at))
			ok = lp_store_restore_pruned(turn->store, now->series[at].shadow_id, missing, error);
	return ok;
}

bool lp_turn_note_beginnings(struct lp_turn *turn, struct lp_error *error)
{
	struct lp_definitions now;
	struct lp_names names = { 0 };
	if (turn->mode == LP_MODE_LIVE)
		return true;
	/* The series in shadow are there since the turn was applied. */
	if (!lp_definitions_load(turn->store, &now, error))
		return false;
	for (size_t i = 0; i < now.series_count; i++)
		(void)lp_names_add(&names, now.series[i].name, i, NULL);
	bool ok = true;
	for (size_t i = 0; i < turn->stored.calculation_count && ok; i++)
		if (is_turned(turn, i) && turn->progress[i].begins != LP_TIME_NONE)
			ok = note_beginning(turn, &turn->progress[i], &names, &now, error);
	lp_names_free(&names);
	lp_definitions_free(&now);
	return ok;
}

void lp_turn_free(struct lp_turn *turn)
{
	lp_text_free(&turn->description);
	lp_names_free(&turn->by_name);
	lp_names_free(&turn->writers);
	free(turn->chosen);
	free(turn->turned);
	free(turn->progress);
	free(turn->notes);
	free(turn->again);
	lp_definitions_free(&turn->stored);
}
