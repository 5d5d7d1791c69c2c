/*
 * `backfill`: computes settled windows again, beside the minute's runs. It first
 * notes in the store what is to be done, so that it can go on where it ended.
 */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/outdated.h"
#include "command/progress.h"
#include "command/run_report.h"
#include "command/selection.h"
#include "command/times.h"
#include "model/clock.h"
#include "service/service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct request {
	const char *from_text, *to_text, *rule;
	bool only, replace_imported, dry_run, resume, cancel, quiet, outdated;
	uint32_t workers;
	lp_time from, to;
	struct lp_words names;
};

struct sums {
	uint64_t calculations, windows, samples, never_ran, behind;
	uint64_t moved, removed;         /* results, of those that are outdated */
	size_t outdated, disabled, owed; /* calculations: to be done, not to be, begun by an earlier backfill */
	uint64_t pruned;                 /* of the windows: those whose samples are gone */
};

/*
 * Counts the samples that are stored of each input, from the first window to the
 * last. One query counts many inputs, but at one sample a second no more time than
 * can be counted quickly.
 */
enum { INPUTS_AT_ONCE = 1000 };
#define COUNTED_AT_ONCE (10000 * LP_DAY)

struct counter {
	struct lp_store *store;
	struct lp_count_range ranges[INPUTS_AT_ONCE];
	size_t count;
	int64_t length; /* of all of them */
	uint64_t samples;
};

static bool count_some(struct counter *counter, struct lp_error *error)
{
	uint64_t samples = 0;
	if (counter->count > 0 &&
	    !lp_store_count_samples(counter->store, counter->ranges, counter->count, 0, &samples, error))
		return false;
	counter->samples += samples;
	counter->count = 0;
	counter->length = 0;
	return true;
}

static bool count_samples(struct counter *counter, const struct lp_selected *item, const struct lp_zone *zone,
                          struct lp_error *error)
{
	const struct lp_calculation *calculation = &item->calculation;
	struct lp_window last, range, until;
	if (!lp_window_ending_by(&calculation->schedule, zone, item->windows.until_end, &last))
		return true;
	for (size_t i = 0; i < calculation->input_count; i++) {
		const struct lp_input *input = &calculation->inputs[i];
		struct lp_window first = { .end = item->windows.after_end };
		if (!lp_window_ending_after(&calculation->schedule, zone, first.end, &first) ||
		    !lp_input_range(&calculation->schedule, zone, first, input->window, input->shift, &range) ||
		    !lp_input_range(&calculation->schedule, zone, last, input->window, input->shift, &until) ||
		    range.start >= until.end)
			continue;
		counter->ranges[counter->count++] = (struct lp_count_range){ .series_id = input->series_id,
			                                                     .first = range.start,
			                                                     .beyond = until.end };
		counter->length += until.end - range.start;
		if ((counter->count == INPUTS_AT_ONCE || counter->length >= COUNTED_AT_ONCE) &&
		    !count_some(counter, error))
			return false;
	}
	return true;
}

/* counter NULL: no samples are counted. */
static bool sum_up(const struct lp_selection *selection, struct counter *counter, struct sums *sums,
                   struct lp_error *error)
{
	for (size_t i = 0; i < selection->count; i++) {
		const struct lp_selected *item = &selection->items[i];
		const struct lp_zone *zone;
		sums->never_ran += item->named && item->watermark == LP_TIME_NONE;
		sums->behind += item->outdated && item->behind;
		if (!item->selected)
			continue;
		if (!lp_zone_find(item->calculation.schedule.zone, &zone, error))
			return false;
		sums->calculations++;
		sums->windows += lp_schedule_count(&item->calculation.schedule, zone, item->windows.after_end,
		                                   item->windows.until_end);
		sums->pruned +=
			lp_schedule_pruned(&item->calculation, zone, item->windows.after_end, item->windows.until_end);
		if (counter != NULL && !count_samples(counter, item, zone, error))
			return false;
	}
	if (counter != NULL && !count_some(counter, error))
		return false;
	sums->samples = counter != NULL ? counter->samples : 0;
	return true;
}

static lp_time pruned_until(const struct lp_calculation *calculation)
{
	lp_time until = LP_TIME_NONE;
	for (size_t i = 0; i < calculation->input_count; i++) {
		struct lp_window pruned = calculation->inputs[i].pruned;
		until = pruned.start < pruned.end && pruned.end > until ? pruned.end : until;
	}
	return until;
}

/*
 * Removes the results of earlier windows that no window of today replaces: before
 * the first one, and behind the last that is over. Results whose samples may have
 * been pruned stay, because they cannot be computed again.
 */
static bool remove_rest(struct lp_store *store, const struct lp_selected *item, uint64_t *removed,
                        struct lp_error *error)
{
	const struct lp_window_range rests[] = {
		{ .after_end = item->outdated_after,
		  .until_end = item->has_own ? item->own.after_end : item->outdated_until },
		{ .after_end = item->has_own ? item->own.until_end : item->outdated_until,
		  .until_end = item->outdated_until },
	};
	lp_time kept = pruned_until(&item->calculation);
	for (size_t i = 0; i < sizeof rests / sizeof *rests && item->other_windows; i++) {
		lp_time after_end = rests[i].after_end > kept ? rests[i].after_end : kept;
		uint64_t some;
		if (after_end >= rests[i].until_end)
			continue;
		if (!lp_store_remove_results(store, item->calculation.id, after_end, rests[i].until_end, &some, error))
			return false;
		*removed += some;
	}
	return true;
}

/* Runs in the transaction that notes which of their windows are owed. */
static bool settle_outdated(struct lp_store *store, const struct lp_selection *selection, struct sums *sums,
                            struct lp_error *error)
{
	struct lp_outdated *taken = lp_reallocate(NULL, selection->count + 1, sizeof *taken);
	size_t count = 0;
	bool ok = true;
	for (size_t i = 0; i < selection->count && ok; i++) {
		const struct lp_selected *item = &selection->items[i];
		if ((!item->outdated || item->watermark == LP_TIME_NONE) && !lp_selection_covers(item))
			continue;
		if (!item->behind)
			taken[count++] = (struct lp_outdated){ .calculation_id = item->calculation.id,
				                               .noted = item->outdated_noted };
		ok = !item->outdated || remove_rest(store, item, &sums->removed, error);
	}
	ok = ok && (count == 0 || lp_store_owe_outdated(store, taken, count, error));
	free(taken);
	return ok;
}

/*
 * Moves numbers that lie at the other end of their windows. If a rule may return
 * something else, its windows have to be computed.
 */
static bool move_outdated(struct lp_store *store, const struct lp_selection *selection,
                          const struct lp_rule_catalogue *catalogue, struct sums *sums, struct lp_error *error)
{
	struct lp_outdated_move move = { .store = store, .alone = true, .most = UINT64_MAX };
	bool ok = true, complete;
	for (size_t i = 0; i < selection->count && ok; i++) {
		const struct lp_calculation *calculation = &selection->items[i].calculation;
		if (selection->items[i].moves && lp_outdated_can_move(lp_rule_find(catalogue, calculation->rule)))
			ok = lp_outdated_move(&move, calculation, calculation->outputs, calculation->output_count,
			                      &complete, error);
	}
	ok = lp_outdated_move_rest(&move, ok ? error : &(struct lp_error){ .exit = LP_EXIT_OK }) && ok;
	sums->moved = move.moved;
	return ok;
}

/* So many runs in a row may be refused, because definitions are applied, or samples pruned, while they compute. */
enum { RANGES_AT_ONCE = 10000, REFUSALS_MOST = 20 };

static bool note(struct lp_store *store, const struct lp_selection *selection, bool replace_imported, struct sums *sums,
                 struct lp_error *error)
{
	struct lp_owed_range *ranges = lp_reallocate(NULL, RANGES_AT_ONCE, sizeof *ranges);
	size_t count = 0;
	bool ok = lp_store_begin(store, error) && settle_outdated(store, selection, sums, error);
	for (size_t i = 0; i < selection->count && ok; i++) {
		const struct lp_selected *item = &selection->items[i];
		if (item->selected)
			ranges[count++] = (struct lp_owed_range){ .calculation_id = item->calculation.id,
				                                  .reason = LP_REASON_BACKFILL,
				                                  .window_start = item->windows.window_start,
				                                  .after_end = item->windows.after_end,
				                                  .until_end = item->windows.until_end,
				                                  .replace_imported = replace_imported };
		if (count == RANGES_AT_ONCE || (i + 1 == selection->count && count > 0)) {
			ok = lp_store_add_owed(store, ranges, count, error);
			count = 0;
		}
	}
	free(ranges);
	if (ok)
		ok = lp_store_commit_work(store, error);
	if (!ok)
		lp_store_rollback(store);
	return ok;
}

/* Windows whose samples were pruned, or are not in shadow, cannot be computed again. */
static void print_left(uint64_t count, const char *what)
{
	char windows[32];
	lp_report_count(count, windows);
	printf("%s window%s %s as %s: the samples were pruned (`import --restores-pruned` brings them back), or a "
	       "series that is read begins in shadow later\n",
	       windows, count == 1 ? "" : "s", what, count == 1 ? "it is" : "they are");
}

static void print_sums(const struct sums *sums, const struct request *request)
{
	char calculations[32], windows[32], samples[32];
	if (request->outdated && sums->outdated + sums->owed == 0) {
		puts("no results are outdated");
		return;
	}
	lp_report_count(sums->calculations, calculations);
	lp_report_count(sums->windows, windows);
	lp_report_count(sums->samples, samples);
	printf("%s calculation%s, %s window%s", calculations, sums->calculations == 1 ? "" : "s", windows,
	       sums->windows == 1 ? "" : "s");
	if (request->dry_run)
		printf(", %s sample%s to read", samples, sums->samples == 1 ? "" : "s");
	putchar('\n');
	if (sums->pruned > 0)
		print_left(sums->pruned, request->dry_run ? "would be left" : "will be left");
	if (sums->behind > 0)
		printf("%" PRIu64 " calculation%s %s results of others that end later than %s last window: "
		       "they stay outdated until runs have come to these\n",
		       sums->behind, sums->behind == 1 ? "" : "s", sums->behind == 1 ? "replaces" : "replace",
		       sums->behind == 1 ? "its" : "their");
	if (sums->never_ran > 0)
		printf("%" PRIu64 " calculation%s never ran: the next run begins with %s\n", sums->never_ran,
		       sums->never_ran == 1 ? "" : "s", sums->never_ran == 1 ? "it" : "them");
}

static void print_settled(const struct sums *sums)
{
	char count[32];
	if (sums->moved > 0) {
		lp_report_count(sums->moved, count);
		printf("%s result%s moved to the other end of their windows\n", count, sums->moved == 1 ? "" : "s");
	}
	if (sums->removed > 0) {
		lp_report_count(sums->removed, count);
		printf("%s result%s of windows that are none any more removed\n", count, sums->removed == 1 ? "" : "s");
	}
}

/* Chooses all calculations whose results are outdated; the work goes on with windows that are owed already. */
static bool choose_outdated(struct lp_session *session, const struct request *request, struct lp_service *service,
                            struct lp_selection *selection, struct sums *sums, struct lp_error *error)
{
	size_t changed;
	if (!lp_service_note_rules(service, !request->dry_run, &changed, error) ||
	    (!request->dry_run && !lp_store_settle_outdated(session->store, error)))
		return false;
	if (request->dry_run && changed > 0)
		printf("%zu rule%s changed since the last run, and what %s computed is not in this count\n", changed,
		       changed == 1 ? "" : "s", changed == 1 ? "it" : "they");
	if (!lp_selection_choose_outdated(selection, session->store, error))
		return false;
	sums->outdated = selection->named;
	sums->disabled = selection->disabled;
	sums->owed = selection->owed;
	return request->dry_run || move_outdated(session->store, selection, service->catalogue, sums, error);
}

/* Chooses the calculations and notes what is to be done. *nothing: there is nothing to do. */
static bool choose(struct lp_session *session, const struct request *request, struct lp_service *service, bool *nothing,
                   struct lp_error *error)
{
	struct lp_selection selection = { .count = 0 };
	struct sums sums = { .calculations = 0 };
	struct counter *counter = request->dry_run ? lp_allocate(sizeof *counter) : NULL;
	if (counter != NULL)
		counter->store = session->store;
	bool ok = request->outdated ? choose_outdated(session, request, service, &selection, &sums, error)
	                            : lp_selection_choose(&selection, session->store, request->names.items,
	                                                  request->names.count, request->rule, error);
	ok = ok && lp_selection_windows(&selection, request->from, request->to, !request->only, error) &&
	     sum_up(&selection, counter, &sums, error);
	free(counter);
	*nothing = request->dry_run || sums.calculations + sums.owed == 0;
	if (ok && !request->dry_run && selection.named > 0)
		ok = note(session->store, &selection, request->replace_imported, &sums, error);
	if (ok) {
		print_sums(&sums, request);
		print_settled(&sums);
		if (selection.without_zone > 0)
			printf("%zu calculation%s left out: the time zone is gone, `local-processing status` names it\n",
			       selection.without_zone, selection.without_zone == 1 ? " is" : "s are");
	}
	if (ok && sums.disabled > 0)
		printf("%zu calculation%s with outdated results %s disabled: left as they are\n", sums.disabled,
		       sums.disabled == 1 ? "" : "s", sums.disabled == 1 ? "is" : "are");
	if (ok && request->dry_run)
		puts("nothing was computed (--dry-run)");
	lp_selection_free(&selection);
	return ok;
}

struct run_watch {
	struct lp_store *store;
	int64_t asked;
	bool active;
};

/* If the store cannot say, the backfill goes on: its own work will meet the same error. */
static bool is_minute_run_active(void *context)
{
	const int64_t ask_every = LP_MONOTONIC_SECOND / 10;
	struct run_watch *watch = context;
	struct lp_error ignored;
	if (lp_monotonic() - watch->asked < ask_every)
		return watch->active;
	watch->asked = lp_monotonic();
	return lp_store_run_is_active(watch->store, LP_RUN_MINUTE, &watch->active, &ignored) && watch->active;
}

/* Gives others time to finish: definitions are being applied, or samples pruned. */
static void pause_for_others(int times)
{
	const struct timespec pause = { .tv_nsec = 10000000L * times };
	(void)nanosleep(&pause, NULL);
}

/*
 * Runs until nothing is owed any more, or until a run settles nothing: a window
 * whose samples changed while it was computed stays owed.
 */
static bool work(struct lp_session *session, const struct request *request, struct lp_service *service,
                 struct lp_error *error)
{
	struct run_watch watch = { .store = session->store };
	struct lp_pipeline_options options = lp_service_options(service, request->workers);
	struct lp_progress_line progress = { .quiet = request->quiet, .to_end = true };
	uint64_t windows = 0, failed = 0, written = 0, kept = 0, left = 0;
	bool ok = true, more = true;
	int refusals = 0;
	lp_progress_line_begin(&progress, &options);
	options.pause = is_minute_run_active;
	options.pause_context = &watch;
	options.shadow_within = 0;
	while (ok && more && lp_stop == 0) {
		struct lp_run_timing timing;
		struct lp_run done = lp_service_new_run(service, LP_RUN_BACKFILL, lp_now() / LP_MINUTE * LP_MINUTE);
		ok = lp_run(session->store, &options, &lp_stop, &done, &timing, error);
		session->left_behind = timing.left_behind > 0;
		windows += done.windows;
		failed += lp_run_count_failed(&done);
		written += done.samples_written;
		kept += done.kept_imported;
		left += timing.left;
		refusals = timing.refused > 0 ? refusals + 1 : 0;
		more = done.id != 0 && done.still_due > 0 &&
		       (done.windows + timing.left > 0 || (refusals > 0 && refusals < REFUSALS_MOST));
		if (ok && more && refusals > 0)
			pause_for_others(refusals);
		if (ok && !more && refusals > 0 && lp_stop == 0)
			ok = lp_fail(error, LP_EXIT_TEMPORARY,
			             "%" PRIu64 " windows were computed in vain, again and again: definitions are "
			             "applied, or samples are pruned",
			             done.still_due);
		/* The rules are imported: a second run does not prepare anything. */
		options.prepare = NULL;
	}
	lp_progress_line_end(&progress);
	char computed[32], samples[32], wrong[32];
	lp_report_count(windows, computed);
	lp_report_count(written, samples);
	lp_report_count(failed, wrong);
	printf("%s window%s computed, %s failed; %s sample%s changed\n", computed, windows == 1 ? "" : "s", wrong,
	       samples, written == 1 ? "" : "s");
	if (kept > 0) {
		lp_report_count(kept, samples);
		printf("%s result%s kept, because somebody had imported %s: --replace-imported writes over %s\n",
		       samples, kept == 1 ? "" : "s", kept == 1 ? "it" : "them", kept == 1 ? "it" : "them");
	}
	if (left > 0)
		print_left(left, left == 1 ? "was left" : "were left");
	if (failed > 0)
		puts("what failed is tried again by the runs; `local-processing status --failed` tells why");
	if (!ok && error->exit == LP_EXIT_TEMPORARY)
		lp_hint(error, "What is computed is stored; `local-processing backfill --resume` does the rest.");
	return ok;
}

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	const struct request *request = data;
	bool chosen = request->names.count > 0 || request->from_text != NULL || request->to_text != NULL ||
	              request->rule != NULL;
	(void)overrides;
	if (request->resume && request->cancel)
		return lp_fail(error, LP_EXIT_USAGE, "--resume and --cancel exclude each other");
	if (request->resume || request->cancel) {
		if (!chosen && !request->replace_imported && !request->dry_run && !request->outdated)
			return true;
		return lp_fail(error, LP_EXIT_USAGE,
		               "%s is about what is left of an earlier backfill: nothing can be chosen",
		               request->resume ? "--resume" : "--cancel");
	}
	if (request->outdated) {
		if (!chosen)
			return true;
		return lp_fail(error, LP_EXIT_USAGE, "--outdated is about all that is outdated: nothing can be chosen");
	}
	if (request->from_text != NULL && request->to_text != NULL)
		return true;
	lp_fail(error, LP_EXIT_USAGE, "expected --from and --to: which windows are to be computed again");
	return lp_hint(error, "What that would be, --dry-run tells.");
}

static bool cancel(struct lp_session *session, struct lp_error *error)
{
	uint64_t dropped;
	if (!lp_store_drop_owed(session->store, LP_REASON_BACKFILL, &dropped, error))
		return false;
	if (dropped == 0)
		puts("there is nothing left of a backfill");
	else
		printf("forgotten: what was left for %" PRIu64 " calculation%s\n", dropped, dropped == 1 ? "" : "s");
	return true;
}

static bool backfill(struct lp_session *session, struct request *request, struct lp_service *service,
                     struct lp_error *error)
{
	bool acquired, nothing = false;
	if (!lp_option_range(request->from_text, request->to_text, session->zone, &request->from, &request->to, error))
		return false;
	if (request->dry_run)
		return choose(session, request, service, &nothing, error);
	if (!request->cancel && !lp_service_check_clock(session, error))
		return false;
	if (!lp_store_lock_run(session->store, LP_RUN_BACKFILL, &acquired, error))
		return false;
	if (!acquired) {
		lp_fail(error, LP_EXIT_TEMPORARY, "another backfill is working on this store");
		return lp_hint(error, "Try again when it is done: `local-processing status --runs` shows it.");
	}
	if (request->cancel)
		return cancel(session, error);
	if (!request->resume && !choose(session, request, service, &nothing, error))
		return false;
	bool ok = nothing || work(session, request, service, error);
	return ok && lp_store_settle_outdated(session->store, error);
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	struct request *request = data;
	struct lp_service service = { .session = session };
	bool ok = backfill(session, request, &service, error);
	lp_service_end(&service);
	return ok;
}

static const struct lp_option options[] = {
	{ .name = "--from", .value = "TIME", .field = offsetof(struct request, from_text) },
	{ .name = "--to", .value = "TIME", .field = offsetof(struct request, to_text) },
	{ .name = "--rule", .value = "RULE", .field = offsetof(struct request, rule) },
	{ .name = "--outdated", .field = offsetof(struct request, outdated) },
	{ .name = "--only", .field = offsetof(struct request, only) },
	{ .name = "--replace-imported", .field = offsetof(struct request, replace_imported) },
	{ .name = "--dry-run", .letter = 'n', .field = offsetof(struct request, dry_run) },
	{ .name = "--resume", .field = offsetof(struct request, resume) },
	{ .name = "--cancel", .field = offsetof(struct request, cancel) },
	{ .name = "--workers", .value = "N", .form = LP_OPTION_COUNT, .field = offsetof(struct request, workers) },
	{ .name = "--quiet", .letter = 'q', .field = offsetof(struct request, quiet) },
	{ .name = NULL },
};

const struct lp_command lp_command_backfill = {
	.name = "backfill",
	.summary = "compute settled windows again: a changed rule, corrected history",
	.help = "Usage: local-processing backfill [OPTION...] [CALCULATION...] --from TIME --to TIME\n"
		"       local-processing backfill --outdated [--only] [--dry-run]\n"
		"       local-processing backfill --resume | --cancel\n"
		"\n"
		"Computes again, with the rules and definitions of today, every window that overlaps the time given,\n"
		"of the calculations named and of all that depend on them, in the order of their dependencies.\n"
		"Results are rewritten where they differ. It works beside the minute's runs and steps aside while\n"
		"one is working. What is left of it is kept in the store: after Ctrl-C, or a crash, --resume goes on.\n"
		"Windows that no run has come to yet are left to the runs. Results that somebody imported are kept.\n"
		"\n"
		"  --from TIME    windows that end after TIME\n"
		"  --to TIME      windows that begin before TIME\n"
		"  --rule RULE    the calculations of this rule\n"
		"  --outdated     what was computed by definitions or rules that have been changed since, all of it\n"
		"                 and nothing else: `apply`, `run`, `check` and `status` say whether there is any.\n"
		"                 Results of windows that a changed schedule does not have any more are removed\n"
		"  --only         without what depends on them (what reads a result that changed is left to\n"
		"                 the next run)\n"
		"  --replace-imported\n"
		"                 write over results that somebody imported, where one is computed\n"
		"  -n, --dry-run  say how many windows and samples, and do nothing\n"
		"  --resume       go on with what is left of an earlier one\n"
		"  --cancel       forget what is left of an earlier one\n"
		"  --workers N    threads that compute\n"
		"  -q, --quiet    no progress on a terminal\n"
		"\n"
		"CALCULATION is a name, or a pattern with * and ?; none: all. Exits 0 when everything was computed\n"
		"(windows that fail are tried again by the runs), 75 when it was stopped or another one is working.\n"
		"\n"
		"Examples:\n"
		"  local-processing backfill 'pump/*' --from 2026-01-01 --to 2026-02-01 --dry-run\n"
		"  local-processing backfill --rule pump.efficiency --from 2025-01-01 --to 2026-01-01\n"
		"  local-processing backfill --outdated --dry-run\n"
		"  local-processing backfill --resume\n",
	.options = options,
	.operands = { .most = LP_OPERANDS_ANY,
	              .what = "names of calculations",
	              .field = offsetof(struct request, names) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.check = check,
	.run = run,
};
