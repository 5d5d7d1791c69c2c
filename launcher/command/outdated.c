/* See outdated.h. */
#include "command/outdated.h"

#include "calendar/calendar.h"
#include "command/run_report.h"
#include "command/shell.h"
#include "model/order.h"
#include "service/service.h"
#include "text/names.h"

#include <stdlib.h>
#include <string.h>

enum {
	COUNTED_MOST = 200000, /* results: all together, so that `apply` stays quick */
	COUNTED_LEAST = 100,   /* of one series */
	MOVED_MOST = 1000000,  /* by `apply`, while commits of runs wait; `backfill --outdated` moves the others */
	PAGE = 10000,
	AT_ONCE = 10000,
};

/* The results that are stored of each series, by id. */
struct stock {
	struct lp_stored *items;
	size_t count, capacity;
};

static int compare_stored(const void *a, const void *b)
{
	int64_t left = ((const struct lp_stored *)a)->series_id, right = ((const struct lp_stored *)b)->series_id;
	return lp_compare(left, right);
}

static const struct lp_stored *find_stored(const struct stock *stock, int64_t series_id)
{
	const struct lp_stored wanted = { .series_id = series_id };
	return stock->count == 0 ? NULL : bsearch(&wanted, stock->items, stock->count, sizeof wanted, compare_stored);
}

static bool keep_stored(void *context, const struct lp_stored *stored, struct lp_error *error)
{
	struct stock *stock = context;
	(void)error;
	LP_GROW(stock->items, stock->count, stock->capacity);
	stock->items[stock->count++] = *stored;
	return true;
}

/* The series that results may be in: those that a calculation wrote, or that a new one will write. */
struct places {
	int64_t *ids;
	size_t count, capacity;
	struct lp_names stored_series, wanted_outputs;
	const struct lp_definitions *stored;
};

static void add_place(struct places *places, int64_t series_id)
{
	LP_GROW(places->ids, places->count, places->capacity);
	places->ids[places->count++] = series_id;
}

static int64_t id_of(const struct places *places, const struct lp_output *output)
{
	size_t at;
	if (output->series_id != 0)
		return output->series_id;
	return lp_names_find(&places->stored_series, output->series, &at) ? places->stored->series[at].id : 0;
}

static const struct lp_calculation *writer_of(const struct lp_outdating *outdating)
{
	return outdating->before != NULL ? outdating->before : outdating->after;
}

static void add_places(struct places *places, const struct lp_calculation *calculation)
{
	for (size_t k = 0; calculation != NULL && k < calculation->output_count; k++)
		if (id_of(places, &calculation->outputs[k]) != 0)
			add_place(places, id_of(places, &calculation->outputs[k]));
}

/* Each series once. */
static void sort_places(struct places *places)
{
	size_t kept = 0;
	if (places->count > 0)
		qsort(places->ids, places->count, sizeof *places->ids, lp_compare_numbers);
	for (size_t i = 0; i < places->count; i++)
		if (kept == 0 || places->ids[kept - 1] != places->ids[i])
			places->ids[kept++] = places->ids[i];
	places->count = kept;
}

static bool read_stock(struct lp_store *store, const struct lp_outdatings *found, struct places *places,
                       struct stock *stock, uint64_t *most, struct lp_error *error)
{
	bool ok = true;
	for (size_t i = 0; i < found->count; i++) {
		const struct lp_outdating *outdating = &found->items[i];
		add_places(places, outdating->before);
		if (outdating->before == NULL || (outdating->effects & LP_EFFECT_OUTPUTS) != 0)
			add_places(places, outdating->after);
	}
	sort_places(places);
	*most = places->count == 0 ? COUNTED_MOST : COUNTED_MOST / places->count;
	*most = *most < COUNTED_LEAST ? COUNTED_LEAST : *most;
	for (size_t at = 0; at < places->count && ok; at += AT_ONCE)
		ok = lp_store_each_stored(store,
		                          &(const struct lp_stored_query){
						  .series_ids = places->ids + at,
						  .count = places->count - at < AT_ONCE ? places->count - at : AT_ONCE,
						  .most = *most },
		                          keep_stored, stock, error);
	if (stock->count > 0)
		qsort(stock->items, stock->count, sizeof *stock->items, compare_stored);
	return ok;
}

static bool writes(const struct lp_calculation *calculation, const char *series)
{
	for (size_t k = 0; k < calculation->output_count; k++)
		if (strcmp(calculation->outputs[k].series, series) == 0)
			return true;
	return false;
}

static void span_stored(struct lp_outdated_work *work, const struct lp_stored *stored)
{
	if (work->first_end == LP_TIME_NONE || stored->first_end < work->first_end)
		work->first_end = stored->first_end;
	if (stored->last_end > work->last_end)
		work->last_end = stored->last_end;
}

/* The calculation is to write where it did not before. */
static void look_at_new_outputs(const struct places *places, const struct stock *stock, uint64_t most,
                                struct lp_outdated_work *work, bool *more)
{
	const struct lp_calculation *before = work->outdating->before, *after = work->outdating->after;
	for (size_t k = 0; before != NULL && after != NULL && k < after->output_count; k++) {
		const struct lp_stored *stored = find_stored(stock, id_of(places, &after->outputs[k]));
		if (stored == NULL || writes(before, after->outputs[k].series))
			continue;
		work->takes_over = true;
		work->taken += stored->results;
		*more = *more || stored->results >= most;
		span_stored(work, stored);
	}
}

static void take_stock(const struct places *places, const struct stock *stock, uint64_t most,
                       struct lp_outdated_work *work, bool *more)
{
	const struct lp_outdating *outdating = work->outdating;
	const struct lp_calculation *writer = writer_of(outdating);
	for (size_t k = 0; k < writer->output_count; k++) {
		const struct lp_stored *stored = find_stored(stock, id_of(places, &writer->outputs[k]));
		bool kept = outdating->after != NULL && writes(outdating->after, writer->outputs[k].series);
		/* A series that another calculation writes from now on belongs to that one. */
		if (stored == NULL ||
		    (!kept && lp_names_find(&places->wanted_outputs, writer->outputs[k].series, NULL)))
			continue;
		*more = *more || stored->results >= most;
		work->results += stored->results;
		span_stored(work, stored);
		if (outdating->after != NULL && !kept) {
			work->left += stored->results;
			work->left_series = writer->outputs[k].series;
		}
	}
}

bool lp_outdated_can_move(const struct lp_rule *rule)
{
	return rule != NULL && rule->returns == LP_RETURNS_NUMBERS;
}

/*
 * Several windows can begin at one time: months, and days in which clocks change.
 * A single result there is taken for all of them; computing gives the others.
 */
static bool may_begin_together(const struct lp_schedule *schedule)
{
	return !lp_schedule_is_tumbling(schedule) && schedule->window.unit >= LP_UNIT_DAY;
}

/*
 * Decides what is to be done about it. Nothing is, if neither it nor the
 * calculation whose series it takes over has ever computed anything.
 */
static void decide(struct lp_outdated_work *work, const struct lp_rule_catalogue *catalogue)
{
	const struct lp_outdating *outdating = work->outdating;
	const struct lp_calculation *before = outdating->before, *after = outdating->after;
	unsigned effects = outdating->effects;
	bool began = work->results > 0 || work->takes_over ||
	             (before != NULL && before->start != LP_TIME_NONE && before->state != LP_STATE_NEW);
	if (after == NULL || effects == LP_EFFECT_NONE || !began)
		return;
	if (before != NULL && (effects & LP_EFFECT_TIMES) != 0 && (effects & LP_EFFECT_WINDOWS) == 0) {
		const struct lp_rule *rule = lp_rule_find(catalogue, before->rule);
		if (rule != NULL && rule->returns == LP_RETURNS_SERIES)
			effects &= ~(unsigned)LP_EFFECT_TIMES; /* its samples have times of their own */
		work->moves = (effects & LP_EFFECT_TIMES) != 0 && work->results > 0 && lp_outdated_can_move(rule);
	}
	work->computes = effects != LP_EFFECT_NONE &&
	                 !(work->moves && effects == LP_EFFECT_TIMES && !may_begin_together(&before->schedule));
}

/* The names of calculations whose results are outdated already. */
struct listed {
	struct lp_names names;
	struct lp_arena arena;
};

static bool add_listed(void *context, const struct lp_outdated *outdated, struct lp_error *error)
{
	struct listed *listed = context;
	(void)error;
	(void)lp_names_add(&listed->names, lp_arena_text(&listed->arena, outdated->calculation), 0, NULL);
	return true;
}

static void free_listed(struct listed *listed)
{
	lp_names_free(&listed->names);
	lp_arena_free(&listed->arena);
}

static bool read_listed(struct lp_store *store, struct listed *listed, struct lp_error *error)
{
	if (lp_store_each_outdated(store, add_listed, listed, error))
		return true;
	free_listed(listed);
	return false;
}

bool lp_outdated_find(const struct lp_outdated_query *query, struct lp_outdated_works *works, struct lp_error *error)
{
	struct places places = { .stored = query->stored };
	struct listed listed = { 0 };
	struct stock stock = { 0 };
	uint64_t most;
	*works = (struct lp_outdated_works){ 0 };
	if (!read_listed(query->store, &listed, error))
		return false;
	lp_definitions_outdate(query->wanted, query->stored, query->prune, &listed.names, &works->found);
	free_listed(&listed);
	for (size_t i = 0; i < query->stored->series_count; i++)
		(void)lp_names_add(&places.stored_series, query->stored->series[i].name, i, NULL);
	for (size_t i = 0; i < query->wanted->calculation_count; i++)
		for (size_t k = 0; k < query->wanted->calculations[i].output_count; k++)
			(void)lp_names_add(&places.wanted_outputs, query->wanted->calculations[i].outputs[k].series, i,
			                   NULL);
	bool ok = read_stock(query->store, &works->found, &places, &stock, &most, error);
	works->items = lp_arena_zeroed(&works->found.arena, works->found.count, sizeof *works->items);
	for (size_t i = 0; i < works->found.count && ok; i++) {
		works->items[i] = (struct lp_outdated_work){ .outdating = &works->found.items[i],
			                                     .first_end = LP_TIME_NONE,
			                                     .last_end = LP_TIME_NONE };
		take_stock(&places, &stock, most, &works->items[i], &works->more);
		look_at_new_outputs(&places, &stock, most, &works->items[i], &works->more);
		decide(&works->items[i], query->catalogue);
	}
	lp_names_free(&places.stored_series);
	lp_names_free(&places.wanted_outputs);
	free(places.ids);
	free(stock.items);
	return ok;
}

static lp_time earlier(lp_time a, lp_time b)
{
	if (a == LP_TIME_NONE || b == LP_TIME_NONE)
		return a == LP_TIME_NONE ? b : a;
	return a < b ? a : b;
}

/*
 * Finds the time before the first stored window begins. If its zone is not known
 * any more, only the window's end is known.
 */
static lp_time first_start(const struct lp_outdated_work *work)
{
	const struct lp_calculation *writer = writer_of(work->outdating);
	const struct lp_zone *zone;
	struct lp_window window;
	struct lp_error ignored;
	if (work->first_end == LP_TIME_NONE)
		return LP_TIME_NONE;
	if (lp_zone_find(writer->schedule.zone, &zone, &ignored) &&
	    lp_window_ending_by(&writer->schedule, zone, work->first_end, &window))
		return window.start;
	return work->first_end - 1;
}

static struct lp_outdated note_of(const struct lp_outdated_work *work)
{
	const struct lp_outdating *outdating = work->outdating;
	bool other_windows =
		outdating->before == NULL || work->takes_over || (outdating->effects & LP_EFFECT_WINDOWS) != 0;
	lp_time start = outdating->before == NULL ? LP_TIME_NONE : outdating->before->start;
	return (struct lp_outdated){
		.calculation = outdating->after->name,
		.reason = outdating->reason,
		.other_windows = other_windows,
		/* Results of the same windows before `start` were left there on purpose, and stay. */
		.after_end = start != LP_TIME_NONE && !other_windows ? start : earlier(start, first_start(work)),
		/* The windows of the calculation that it replaces may end later than its own last one. */
		.until_end = outdating->before == NULL || work->takes_over ? work->last_end : LP_TIME_NONE,
	};
}

static bool note_all(struct lp_store *store, const struct lp_outdated_works *works, struct lp_error *error)
{
	struct lp_outdated *notes = lp_reallocate(NULL, AT_ONCE, sizeof *notes);
	size_t count = 0;
	bool ok = true;
	for (size_t i = 0; i < works->found.count && ok; i++) {
		if (works->items[i].computes)
			notes[count++] = note_of(&works->items[i]);
		if (count == AT_ONCE || (i + 1 == works->found.count && count > 0)) {
			ok = lp_store_note_outdated(store, notes, count, error);
			count = 0;
		}
	}
	free(notes);
	return ok;
}

bool lp_outdated_note(struct lp_store *store, const struct lp_outdated_works *works, struct lp_error *error)
{
	struct lp_outdated_move move = { .store = store, .most = MOVED_MOST };
	bool ok = true;
	for (size_t i = 0; i < works->found.count && ok; i++) {
		struct lp_outdated_work *work = &works->items[i];
		const struct lp_calculation *before = work->outdating->before;
		bool complete;
		if (!work->moves)
			continue;
		ok = lp_outdated_move(&move, work->outdating->after, before->outputs, before->output_count, &complete,
		                      error);
		/* These are enough for now: a backfill moves the others. */
		work->computes = work->computes || !complete;
		work->moves = complete;
	}
	ok = lp_outdated_move_rest(&move, ok ? error : &(struct lp_error){ .exit = LP_EXIT_OK }) && ok;
	return ok && note_all(store, works, error);
}

/*
 * Finds the time where a result belongs that lies at the other end of its window.
 * False: this one does not lie there.
 */
static bool find_target(const struct lp_calculation *calculation, const struct lp_zone *zone,
                        struct lp_result_place *place)
{
	struct lp_window window;
	bool at_end = calculation->result_time == LP_RESULT_AT_END;
	if (!lp_window_ending_by(&calculation->schedule, zone, place->window_end, &window) ||
	    window.end != place->window_end || place->time != (at_end ? window.start : window.end))
		return false;
	place->to = at_end ? window.end : window.start;
	return true;
}

static bool flush(struct lp_outdated_move *move, struct lp_error *error)
{
	bool ok = !move->alone || lp_store_begin(move->store, error);
	ok = ok && lp_store_move_results(move->store, move->places, move->count, error);
	move->count = 0;
	if (!move->alone)
		return ok;
	ok = ok && lp_store_commit_work(move->store, error);
	if (!ok)
		lp_store_rollback(move->store);
	return ok;
}

/* The results of one series, page by page. */
struct move_walk {
	const struct lp_calculation *calculation;
	const struct lp_zone *zone;
	int64_t series_id;
	lp_time beyond;      /* where the last page ended */
	bool more, complete; /* there is another page; none had to be left */
};

/* Results that move to a later time go last one first, so that none is put where another still lies. */
static bool move_page(struct lp_outdated_move *move, struct move_walk *walk, struct lp_error *error)
{
	struct lp_result_place *places = move->places + move->count;
	bool later = walk->calculation->result_time == LP_RESULT_AT_END;
	size_t count, chosen = 0;
	if (!lp_store_read_places(
		    move->store,
		    &(const struct lp_place_query){
			    .series_id = walk->series_id, .beyond = walk->beyond, .backwards = later, .most = PAGE },
		    places, &count, error))
		return false;
	walk->more = count == PAGE;
	walk->beyond = count > 0 ? places[count - 1].time : walk->beyond;
	for (size_t i = 0; i < count; i++)
		if (find_target(walk->calculation, walk->zone, &places[i]))
			places[chosen++] = places[i];
	if (move->moved + chosen > move->most) {
		walk->more = false;
		walk->complete = false;
		return true;
	}
	move->moved += chosen;
	move->count += chosen;
	return move->count < PAGE || flush(move, error);
}

bool lp_outdated_move(struct lp_outdated_move *move, const struct lp_calculation *calculation,
                      const struct lp_output *outputs, size_t output_count, bool *complete, struct lp_error *error)
{
	struct move_walk walk = { .calculation = calculation, .complete = true };
	struct lp_error ignored;
	bool ok = true;
	/* Without its zone its windows are not known: the result stays as it is. */
	if (!lp_zone_find(calculation->schedule.zone, &walk.zone, &ignored)) {
		*complete = false;
		return true;
	}
	if (move->places == NULL)
		move->places = lp_reallocate(NULL, (size_t)2 * PAGE, sizeof *move->places);
	for (size_t i = 0; i < output_count && ok && walk.complete; i++) {
		walk.series_id = outputs[i].series_id;
		walk.beyond = LP_TIME_NONE;
		walk.more = true;
		while (ok && walk.more)
			ok = move_page(move, &walk, error);
	}
	*complete = walk.complete;
	return ok || lp_fail_within(error, "calculation %s", calculation->name);
}

bool lp_outdated_move_rest(struct lp_outdated_move *move, struct lp_error *error)
{
	bool ok = move->count == 0 || flush(move, error);
	free(move->places);
	move->places = NULL;
	return ok;
}

/* A line of the description: results, and the calculations that they belong to. */
struct line {
	uint64_t results, calculations;
};

static void count_in(struct line *line, uint64_t results)
{
	line->results += results;
	line->calculations++;
}

static void add_line(struct lp_text *text, const char *what, const struct line *line, bool more)
{
	char results[32], calculations[32];
	if (line->calculations == 0)
		return;
	lp_report_count(line->results, results);
	lp_report_count(line->calculations, calculations);
	lp_text_addf(text, "%s: %s%s stored result%s of %s calculation%s\n", what, more ? "at least " : "", results,
	             line->results == 1 ? "" : "s", calculations, line->calculations == 1 ? "" : "s");
}

static bool starts_behind_results(const struct lp_outdated_work *work)
{
	const struct lp_calculation *after = work->outdating->after;
	return after != NULL && work->outdating->before != NULL && after->start != LP_TIME_NONE &&
	       work->first_end != LP_TIME_NONE && (work->outdating->effects & LP_EFFECT_WINDOWS) == 0 &&
	       first_start(work) < after->start &&
	       (work->outdating->before->start == LP_TIME_NONE || work->outdating->before->start < after->start);
}

void lp_outdated_describe(const struct lp_outdated_works *works, bool done, struct lp_text *text)
{
	struct line deleted = { 0 }, disabled = { 0 }, left = { 0 }, earlier_ones = { 0 }, moved = { 0 };
	struct line values = { 0 }, windows = { 0 };
	const char *left_series = NULL;
	for (size_t i = 0; i < works->found.count; i++) {
		const struct lp_outdated_work *work = &works->items[i];
		const struct lp_outdating *outdating = work->outdating;
		if (outdating->after == NULL && work->results > 0)
			count_in(&deleted, work->results);
		if (outdating->after == NULL)
			continue;
		if (outdating->before != NULL && outdating->before->enabled && !outdating->after->enabled &&
		    work->results > 0)
			count_in(&disabled, work->results);
		if (work->left > 0) {
			count_in(&left, work->left);
			/* `prune` takes patterns: it would delete more than one series. */
			if (strpbrk(work->left_series, "*?") == NULL)
				left_series = work->left_series;
		}
		if (starts_behind_results(work))
			count_in(&earlier_ones, work->results);
		if (work->moves)
			count_in(&moved, work->results);
		if (work->computes)
			count_in(outdating->before == NULL || work->takes_over ||
			                         (outdating->effects & LP_EFFECT_WINDOWS) != 0
			                 ? &windows
			                 : &values,
			         work->results + work->taken);
	}
	bool more = works->more;
	add_line(text, "left, of calculations that are deleted", &deleted, more);
	add_line(text, "left, of calculations that are disabled", &disabled, more);
	add_line(text, "left, in series that are written no more", &left, more);
	if (left_series != NULL) {
		lp_text_addf(text, "  (to delete them: local-processing prune --results-before TIME --series ");
		lp_shell_add(text, left_series);
		lp_text_addf(text, ")\n");
	}
	add_line(text, "left where they begin before `start`, of", &earlier_ones, more);
	add_line(text,
	         done ? "moved to the other end of their windows" : "to be moved to the other end of their windows",
	         &moved, more);
	add_line(text, "of windows that the schedule of today does not have", &windows, more);
	add_line(text, "computed by the definitions of before", &values, more);
	if (values.calculations + windows.calculations > 0)
		lp_text_addf(text, "to compute %s again:\n  %s\n",
		             values.results + windows.results == 1 ? "it" : "them", LP_OUTDATED_COMMAND);
}

void lp_outdated_free(struct lp_outdated_works *works)
{
	lp_outdatings_free(&works->found);
	*works = (struct lp_outdated_works){ 0 };
}
