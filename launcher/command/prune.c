/* `prune`: deletes what is older than it has to be kept, by the configuration's retention or by given times. */
#include "command/command.h"

#include "calendar/calendar.h"
#include "model/clock.h"
#include <inttypes.h>
#include <stdio.h>

static int run(int count, char **arguments);

const struct lp_command lp_command_prune = {
	.name = "prune",
	.summary = "delete samples, outcomes and runs that are older than they are kept",
	.help = "Usage: local-processing prune [OPTION...]\n"
		"\n"
		"Deletes what is older than the configuration's `retention` says: samples by their time, outcomes\n"
		"(what became of each window) and runs by their tick. A kind without retention is kept for ever.\n"
		"States, pending windows and definitions are never deleted. For cron, once a day.\n"
		"\n"
		"  --samples-before TIME   instead of the retention: delete samples before TIME\n"
		"  --outcomes-before TIME  the same for outcomes\n"
		"  --runs-before TIME      the same for runs\n"
		"  --series GLOB           samples of these series only (* and ? over names)\n"
		"  -n, --dry-run           count, and delete nothing\n"
		"\n"
		"Where a TIME is given, only the kinds with a TIME are pruned. Whole partitions are dropped where\n"
		"all that is in them is old, which takes no time; the rest goes in small transactions.\n"
		"\n"
		"Examples:\n"
		"  local-processing prune --dry-run\n"
		"  local-processing prune --samples-before 2024-01-01 --series 'raw/*'\n",
	.run = run,
};

struct request {
	const char *samples, *outcomes, *runs, *series;
	bool dry_run;
};

/* In whole seconds: it is shown. */
static lp_time now(void)
{
	return lp_now() / LP_SECOND * LP_SECOND;
}

/* LP_TIME_NONE: this kind is kept. */
static bool limit(const char *option, const char *text, int64_t retention, bool given, const struct lp_zone *zone,
                  lp_time *before, struct lp_error *error)
{
	*before = LP_TIME_NONE;
	if (text != NULL)
		return lp_time_parse(text, zone, before, error) || lp_fail_within(error, "%s %s", option, text);
	if (!given && retention > 0)
		*before = now() - retention;
	return true;
}

static void say(const char *what, lp_time before, uint64_t count, bool dry_run, const struct lp_zone *zone)
{
	char time[40];

	if (before == LP_TIME_NONE)
		return;
	lp_time_format(before, zone, time);
	printf("%s before %s: %" PRIu64 "%s\n", what, time, count, dry_run ? " to delete" : " deleted");
}

static bool prune(struct lp_session *session, const struct request *request, struct lp_error *error)
{
	const struct lp_config *config = &session->config;
	const struct lp_zone *zone = session->zone;
	bool given = request->samples != NULL || request->outcomes != NULL || request->runs != NULL;
	struct lp_prune prune = { .series = request->series, .dry_run = request->dry_run };

	if (!limit("--samples-before", request->samples, config->retention_samples, given, zone, &prune.samples_before,
	           error) ||
	    !limit("--outcomes-before", request->outcomes, config->retention_outcomes, given, zone,
	           &prune.outcomes_before, error) ||
	    !limit("--runs-before", request->runs, config->retention_runs, given, zone, &prune.runs_before, error)) {
		error->exit = LP_EXIT_USAGE;
		return false;
	}
	if (request->series != NULL && prune.samples_before == LP_TIME_NONE)
		return lp_fail(error, LP_EXIT_USAGE,
		               "--series is about samples: give --samples-before, or a retention for samples");
	if (prune.samples_before == LP_TIME_NONE && prune.outcomes_before == LP_TIME_NONE &&
	    prune.runs_before == LP_TIME_NONE) {
		printf("nothing to do: the configuration has no retention, so everything is kept\n");
		return true;
	}
	if (!lp_store_prune(session->store, &prune, error))
		return false;
	say("samples", prune.samples_before, prune.samples, request->dry_run, zone);
	say("outcomes", prune.outcomes_before, prune.outcomes, request->dry_run, zone);
	say("runs", prune.runs_before, prune.runs, request->dry_run, zone);
	if (request->dry_run)
		puts("nothing was deleted (--dry-run)");
	return true;
}

static int run(int count, char **arguments)
{
	struct lp_error error = { .exit = LP_EXIT_OK };
	struct lp_session session = { .store = NULL };
	struct lp_common_options common = { .config = NULL };
	struct request request = { .dry_run = false };
	const struct lp_option options[] = {
		{ .name = "--samples-before", .value = "TIME", .target = &request.samples },
		{ .name = "--outcomes-before", .value = "TIME", .target = &request.outcomes },
		{ .name = "--runs-before", .value = "TIME", .target = &request.runs },
		{ .name = "--series", .value = "GLOB", .target = &request.series },
		{ .name = "--dry-run", .letter = 'n', .target = &request.dry_run },
		{ .name = NULL },
	};
	int operands, code = LP_EXIT_OK;

	if (!lp_options_parse(&lp_command_prune, count, arguments, options, &common, &operands, &error))
		return lp_command_fail(&lp_command_prune, &error);
	if (operands > 0) {
		lp_fail(&error, LP_EXIT_USAGE, "there is no operand \"%s\": retention and options say all",
		        arguments[0]);
		return lp_command_fail(&lp_command_prune, &error);
	}
	if (!lp_session_open(&common, LP_SESSION_STORE, &session, &error) || !prune(&session, &request, &error))
		code = lp_command_fail(&lp_command_prune, &error);
	lp_session_close(&session);
	return code;
}
