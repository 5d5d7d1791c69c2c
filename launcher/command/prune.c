/* `prune`: deletes what is older than it has to be kept, by the configuration's retention or by given times. */
#include "command/prune.h"
#include "command/command.h"
#include "command/times.h"

#include "calendar/calendar.h"
#include "model/clock.h"
#include <inttypes.h>
#include <stdio.h>

struct request {
	const char *samples, *results, *outcomes, *runs, *series;
	bool dry_run, even_if_needed;
};

/* In whole seconds, because it is shown. */
static lp_time now(void)
{
	return lp_now() / LP_SECOND * LP_SECOND;
}

static void print_count(const char *what, lp_time before, const char *about, uint64_t count, bool dry_run,
                        const struct lp_zone *zone)
{
	char time[40];

	if (before == LP_TIME_NONE)
		return;
	lp_time_format(before, zone, time);
	printf("%s before %s: %s%" PRIu64 "%s\n", what, time, about, count, dry_run ? " to delete" : " deleted");
}

/* Sets the time before which each kind goes: as given, else by its retention; LP_TIME_NONE: it is kept. */
static bool set_limits(const struct lp_session *session, const struct request *request,
                       struct lp_prune_samples *samples, struct lp_prune *prune, struct lp_error *error)
{
	const struct lp_config *config = &session->config;
	bool given = request->samples != NULL || request->results != NULL || request->outcomes != NULL ||
	             request->runs != NULL;
	const struct {
		const char *option, *text;
		int64_t retention;
		lp_time *before;
	} kinds[] = {
		{ "--samples-before", request->samples, config->retention_samples, &samples->samples_before },
		{ "--results-before", request->results, config->retention_results, &samples->results_before },
		{ "--outcomes-before", request->outcomes, config->retention_outcomes, &prune->outcomes_before },
		{ "--runs-before", request->runs, config->retention_runs, &prune->runs_before },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!lp_option_time(kinds[i].option, kinds[i].text, session->zone, kinds[i].before, error))
			return false;
		if (!given && kinds[i].retention > 0)
			*kinds[i].before = now() - kinds[i].retention;
	}
	if (request->series != NULL && samples->samples_before == LP_TIME_NONE &&
	    samples->results_before == LP_TIME_NONE)
		return lp_fail(error, LP_EXIT_USAGE,
		               "--series is about samples and results: give --samples-before or --results-before, "
		               "or a retention for one of them");
	return true;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	const struct lp_zone *zone = session->zone;
	struct lp_prune rest = { .dry_run = request->dry_run };
	struct lp_prune_samples samples = { .store = session->store,
		                            .zone = zone,
		                            .now = lp_now(),
		                            .pattern = request->series,
		                            .dry_run = request->dry_run,
		                            .even_if_needed = request->even_if_needed };
	bool any;

	if (!set_limits(session, request, &samples, &rest, error))
		return false;
	any = samples.samples_before != LP_TIME_NONE || samples.results_before != LP_TIME_NONE;
	if (!any && rest.outcomes_before == LP_TIME_NONE && rest.runs_before == LP_TIME_NONE) {
		printf("nothing to do: the configuration has no retention, so everything is kept\n");
		return true;
	}
	if (any && !lp_prune_samples(&samples, error))
		return false;
	if (!lp_store_prune(session->store, &rest, error))
		return false;
	print_count("outcomes", rest.outcomes_before, rest.outcomes_estimated ? "about " : "", rest.outcomes,
	            request->dry_run, zone);
	print_count("runs", rest.runs_before, "", rest.runs, request->dry_run, zone);
	if (request->dry_run)
		puts("nothing was deleted (--dry-run)");
	return true;
}

static const struct lp_option options[] = {
	{ .name = "--samples-before", .value = "TIME", .field = offsetof(struct request, samples) },
	{ .name = "--results-before", .value = "TIME", .field = offsetof(struct request, results) },
	{ .name = "--outcomes-before", .value = "TIME", .field = offsetof(struct request, outcomes) },
	{ .name = "--runs-before", .value = "TIME", .field = offsetof(struct request, runs) },
	{ .name = "--series", .value = "GLOB", .field = offsetof(struct request, series) },
	{ .name = "--even-if-needed", .field = offsetof(struct request, even_if_needed) },
	{ .name = "--dry-run", .letter = 'n', .field = offsetof(struct request, dry_run) },
	{ .name = NULL },
};

const struct lp_command lp_command_prune = {
	.name = "prune",
	.summary = "delete samples, results, outcomes and runs that are older than they are kept",
	.help = "Usage: local-processing prune [OPTION...]\n"
		"\n"
		"Deletes what is older than the configuration's `retention` says: measured samples and results by\n"
		"their time, outcomes (what became of each window) and runs by their tick. A kind without retention\n"
		"is kept for ever, results unless `retention.results` is set: series that a calculation writes, or\n"
		"has written. States, pending windows and definitions are never deleted. For cron, once a day.\n"
		"\n"
		"Samples that a calculation will still read stay, and are named with it: of windows that are\n"
		"not computed yet or not over (a month's result needs its whole month), that failed or wait, or whose\n"
		"samples changed. A disabled calculation will read from where it stopped.\n"
		"\n"
		"What is pruned cannot be computed again: late samples, `backfill` and `invalidate` leave results as\n"
		"they are where the samples of their windows were pruned, and say so. `import --restores-pruned`\n"
		"brings them back.\n"
		"\n"
		"  --samples-before TIME   instead of the retention: delete measured samples before TIME\n"
		"  --results-before TIME   the same for results\n"
		"  --outcomes-before TIME  the same for outcomes\n"
		"  --runs-before TIME      the same for runs\n"
		"  --series GLOB           samples and results of these series only (* and ? over names)\n"
		"  --even-if-needed        samples too that calculations will still read: those windows get no result\n"
		"  -n, --dry-run           count, and delete nothing\n"
		"\n"
		"Where a TIME is given, only the kinds with a TIME are pruned. Whole partitions are dropped where\n"
		"all that is in them goes, which takes no time; the rest goes in small transactions.\n"
		"\n"
		"Examples:\n"
		"  local-processing prune --dry-run\n"
		"  local-processing prune --samples-before 2024-01-01 --series 'raw/*'\n"
		"  local-processing prune --results-before 2024-01-01 --series '*/1min'\n",
	.options = options,
	.operands = { .what = "retention and options say all" },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.run = run,
};
