/* `invalidate`: says by hand that samples are not what was read, so that the next run reads them again. */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/output.h"
#include "command/selection.h"

#include <inttypes.h>
#include <stdio.h>

static int run(int count, char **arguments);

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
	.run = run,
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
	bool good = lp_series_named(session->store, name, &arena, &series, error) &&
	            lp_store_each_reader(session->store, &series.id, 1, count_reader, &readers, error) &&
	            lp_store_invalidate(session->store, series.id, from, to - 1, error);
	lp_time_format(from, session->zone, first);
	lp_time_format(to, session->zone, beyond);
	if (good)
		lp_print("%s from %s to %s: noted; %" PRIu64 " calculation%s it; the next run computes what is settled "
		         "again\n",
		         name, first, beyond, readers, readers == 1 ? " reads" : "s read");
	if (good && series.pruned.start < to && from < series.pruned.end) {
		lp_time_format(series.pruned.end - 1, session->zone, beyond);
		lp_print("samples of %s up to %s were pruned: results of windows that read them are left as they are "
		         "(`import --restores-pruned` brings them back)\n",
		         name, beyond);
	}
	lp_arena_free(&arena);
	return good;
}

static int run(int count, char **arguments)
{
	struct lp_error error = { .exit = LP_EXIT_OK };
	struct lp_session session = { .store = NULL };
	struct lp_common_options common = { .config = NULL };
	const char *from_text = NULL, *to_text = NULL;
	const struct lp_option options[] = {
		{ .name = "--from", .value = "TIME", .target = &from_text },
		{ .name = "--to", .value = "TIME", .target = &to_text },
		{ .name = NULL },
	};
	lp_time from, to;
	int operands;

	if (!lp_options_parse(&lp_command_invalidate, count, arguments, options, &common, &operands, &error))
		return lp_command_fail(&lp_command_invalidate, &error);
	if (operands == 0 || from_text == NULL || to_text == NULL) {
		lp_fail(&error, LP_EXIT_USAGE, "expected a series, --from and --to");
		lp_hint(&error, "As in: local-processing invalidate p1/flow --from 2026-03-01 --to 2026-03-02.");
		return lp_command_fail(&lp_command_invalidate, &error);
	}
	bool good = lp_session_open(&common, LP_SESSION_STORE, &session, &error) &&
	            lp_option_time("--from", from_text, session.zone, &from, &error) &&
	            lp_option_time("--to", to_text, session.zone, &to, &error);
	if (good && from >= to)
		good = lp_fail(&error, LP_EXIT_USAGE, "--to has to be after --from");
	for (int i = 0; i < operands && good; i++)
		good = invalidate(&session, arguments[i], from, to, &error);
	int code = good ? LP_EXIT_OK : lp_command_fail(&lp_command_invalidate, &error);
	lp_session_close(&session);
	return code;
}
