/* `retry`: opens windows that failed, so that the next run tries them again. */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/selection.h"

#include <inttypes.h>
#include <stdio.h>

static int run(int count, char **arguments);

const struct lp_command lp_command_retry = {
	.name = "retry",
	.summary = "open windows that failed or were given up",
	.help = "Usage: local-processing retry [OPTION...] [CALCULATION...]\n"
		"\n"
		"Windows that failed are tried again by themselves, less and less often, up to the configuration's\n"
		"retry.max_attempts; then they are given up. This opens them again: the next run tries them, and\n"
		"their attempts begin anew. A changed definition does the same by itself.\n"
		"\n"
		"  --rule RULE  the calculations of this rule\n"
		"  --all        all calculations\n"
		"  --from TIME  windows that end after TIME\n"
		"  --to TIME    windows that begin before TIME\n"
		"\n"
		"CALCULATION is a name, or a pattern with * and ?. Exits 0, also when there was nothing to open.\n"
		"\n"
		"Examples:\n"
		"  local-processing retry p3/efficiency\n"
		"  local-processing retry --rule pump.efficiency --from 2026-03-01\n"
		"  local-processing retry --all\n",
	.run = run,
};

static bool reopen(struct lp_store *store, struct lp_reopen filter, const char *pattern, struct lp_reopen *sum,
                   struct lp_error *error)
{
	filter.name = pattern;
	if (!lp_store_reopen(store, &filter, error))
		return false;
	sum->windows += filter.windows;
	sum->calculations += filter.calculations;
	return true;
}

static int run(int count, char **arguments)
{
	struct lp_error error = { .exit = LP_EXIT_OK };
	struct lp_session session = { .store = NULL };
	struct lp_common_options common = { .config = NULL };
	const char *from_text = NULL, *to_text = NULL;
	struct lp_reopen filter = { .name = NULL }, sum = { .name = NULL };
	bool all = false;
	const struct lp_option options[] = {
		{ .name = "--rule", .value = "RULE", .target = &filter.rule },
		{ .name = "--all", .target = &all },
		{ .name = "--from", .value = "TIME", .target = &from_text },
		{ .name = "--to", .value = "TIME", .target = &to_text },
		{ .name = NULL },
	};
	int operands;

	if (!lp_options_parse(&lp_command_retry, count, arguments, options, &common, &operands, &error))
		return lp_command_fail(&lp_command_retry, &error);
	if (operands == 0 && filter.rule == NULL && !all) {
		lp_fail(&error, LP_EXIT_USAGE, "which windows? Name calculations, a --rule, or --all");
		lp_hint(&error, "`local-processing status --failed` lists what fails.");
		return lp_command_fail(&lp_command_retry, &error);
	}
	if (operands > 0 && all) {
		lp_fail(&error, LP_EXIT_USAGE, "--all and names of calculations exclude each other");
		return lp_command_fail(&lp_command_retry, &error);
	}
	bool good = lp_session_open(&common, LP_SESSION_STORE, &session, &error) &&
	            lp_option_time("--from", from_text, session.zone, &filter.from, &error) &&
	            lp_option_time("--to", to_text, session.zone, &filter.to, &error);
	if (good && from_text != NULL && to_text != NULL && filter.from >= filter.to)
		good = lp_fail(&error, LP_EXIT_USAGE, "--to has to be after --from");
	if (good && operands == 0)
		good = reopen(session.store, filter, NULL, &sum, &error);
	for (int i = 0; i < operands && good; i++)
		good = reopen(session.store, filter, arguments[i], &sum, &error);
	if (good && sum.windows == 0)
		puts("no such window is pending: nothing to open");
	else if (good)
		printf("%" PRIu64 " window%s of %" PRIu64 " calculation%s opened: the next run tries %s again\n",
		       sum.windows, sum.windows == 1 ? "" : "s", sum.calculations, sum.calculations == 1 ? "" : "s",
		       sum.windows == 1 ? "it" : "them");
	int code = good ? LP_EXIT_OK : lp_command_fail(&lp_command_retry, &error);
	lp_session_close(&session);
	return code;
}
