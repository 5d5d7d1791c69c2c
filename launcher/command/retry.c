/* `retry`: opens windows that failed, so that the next run tries them again. */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/times.h"

#include <inttypes.h>
#include <stdio.h>

struct request {
	const char *rule, *from, *to;
	bool all;
	struct lp_words names;
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

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	const struct request *request = data;
	(void)overrides;
	if (request->names.count == 0 && request->rule == NULL && !request->all) {
		lp_fail(error, LP_EXIT_USAGE, "which windows? Name calculations, a --rule, or --all");
		return lp_hint(error, "`local-processing status --failed` lists what fails.");
	}
	if (request->names.count > 0 && request->all)
		return lp_fail(error, LP_EXIT_USAGE, "--all and names of calculations exclude each other");
	return true;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	struct lp_reopen filter = { .rule = request->rule }, sum = { .name = NULL };
	bool ok = lp_option_range(request->from, request->to, session->zone, &filter.from, &filter.to, error);
	if (ok && request->names.count == 0)
		ok = reopen(session->store, filter, NULL, &sum, error);
	for (size_t i = 0; i < request->names.count && ok; i++)
		ok = reopen(session->store, filter, request->names.items[i], &sum, error);
	if (ok && sum.windows == 0)
		puts("no such window is pending: nothing to open");
	else if (ok)
		printf("%" PRIu64 " window%s of %" PRIu64 " calculation%s opened: the next run tries %s again\n",
		       sum.windows, sum.windows == 1 ? "" : "s", sum.calculations, sum.calculations == 1 ? "" : "s",
		       sum.windows == 1 ? "it" : "them");
	return ok;
}

static const struct lp_option options[] = {
	{ .name = "--rule", .value = "RULE", .field = offsetof(struct request, rule) },
	{ .name = "--all", .field = offsetof(struct request, all) },
	{ .name = "--from", .value = "TIME", .field = offsetof(struct request, from) },
	{ .name = "--to", .value = "TIME", .field = offsetof(struct request, to) },
	{ .name = NULL },
};

const struct lp_command lp_command_retry = {
	.name = "retry",
	.summary = "open windows that failed or were given up",
	.help = "Usage: local-processing retry [OPTION...] [CALCULATION...]\n"
		"\n"
		"Windows that failed are tried again by themselves, less and less often, up to the configuration's\n"
		"retry.max_attempts; then they are given up. This opens them again: the next run tries them, and\n"
		"their attempts begin anew. A changed definition or rule does the same by itself.\n"
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
	.options = options,
	.operands = { .most = LP_OPERANDS_ANY,
	              .what = "names of calculations",
	              .field = offsetof(struct request, names) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.check = check,
	.run = run,
};
