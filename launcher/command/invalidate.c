/* `invalidate`: notes by hand that samples changed after they were read, so that the next run reads them again. */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/output.h"
#include "command/times.h"

#include <inttypes.h>

#define EXAMPLE "As in: local-processing invalidate p1/flow --from 2026-03-01 --to 2026-03-02."

struct request {
	const char *from, *to;
	struct lp_words series;
};

static bool count_reader(void *context, const struct lp_reader *reader, struct lp_error *error)
{
	uint64_t *readers = context;
	(void)reader;
	(void)error;
	(*readers)++;
	return true;
}

static bool invalidate(struct lp_session *session, const char *name, lp_time from, lp_time to, struct lp_error *error)
{
	struct lp_arena arena = { .first = NULL };
	struct lp_series series;
	uint64_t readers = 0;
	char first[40], beyond[40];
	bool ok = lp_find_series(session->store, name, &arena, &series, error) &&
	          lp_store_each_reader(session->store, &series.id, 1, count_reader, &readers, error) &&
	          lp_store_invalidate(session->store, series.id, from, to - 1, error);
	lp_time_format(from, session->zone, first);
	lp_time_format(to, session->zone, beyond);
	if (ok)
		lp_print("%s from %s to %s: noted; %" PRIu64 " calculation%s it; the next run computes what is settled "
		         "again\n",
		         name, first, beyond, readers, readers == 1 ? " reads" : "s read");
	if (ok && series.pruned.start < to && from < series.pruned.end) {
		lp_time_format(series.pruned.end - 1, session->zone, beyond);
		lp_print("samples of %s up to %s were pruned: results of windows that read them are left as they are "
		         "(`import --restores-pruned` brings them back)\n",
		         name, beyond);
	}
	lp_arena_free(&arena);
	return ok;
}

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	const struct request *request = data;
	(void)overrides;
	if (request->from != NULL && request->to != NULL)
		return true;
	lp_fail(error, LP_EXIT_USAGE, "expected a series, --from and --to");
	return lp_hint(error, EXAMPLE);
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	lp_time from, to;
	bool ok = lp_option_range(request->from, request->to, session->zone, &from, &to, error);
	for (size_t i = 0; i < request->series.count && ok; i++)
		ok = invalidate(session, request->series.items[i], from, to, error);
	return ok;
}

static const struct lp_option options[] = {
	{ .name = "--from", .value = "TIME", .field = offsetof(struct request, from) },
	{ .name = "--to", .value = "TIME", .field = offsetof(struct request, to) },
	{ .name = NULL },
};

const struct lp_command lp_command_invalidate = {
	.name = "invalidate",
	.summary = "have computed again what read samples of a series",
	.help = "Usage: local-processing invalidate SERIES... --from TIME --to TIME\n"
		"\n"
		"Notes that samples of the series from TIME to before TIME changed. The next run computes again\n"
		"every settled window that read them, however old, and what depends on its results. Needed only\n"
		"where the database could not note a change by itself: samples loaded with triggers off, or changed\n"
		"longer ago than `recompute_within` reaches.\n"
		"\n"
		"  --from TIME  the first time that changed\n"
		"  --to TIME    the first time that did not change any more\n"
		"\n"
		"Exits 0 when it is noted, 65 when there is no such series.\n"
		"\n"
		"Examples:\n"
		"  local-processing invalidate p1/flow --from 2026-03-01 --to 2026-03-02\n"
		"  local-processing due                            what the next run will do because of it\n",
	.options = options,
	.operands = { .least = 1,
	              .most = LP_OPERANDS_ANY,
	              .what = "a series, --from and --to",
	              .hint = EXAMPLE,
	              .field = offsetof(struct request, series) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.check = check,
	.run = run,
};
