/*
 * What is stored of rules: breakers that are open, and the versions that runs
 * worked with; and what keeps calculations from being computed.  When a breaker
 * trips, and who waits, is the pipeline's business.
 */
#include "store/postgresql/internal.h"

bool lp_pg_each_blocker(struct lp_store *opened, const int64_t *ids, size_t count, lp_time from, lp_time to,
                        lp_blocker_visit *visit, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_arena arena = { .first = NULL };
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_add_ids(arguments, ids, count);
	lp_pg_argument_time(arguments, from);
	lp_pg_argument_time(arguments, to);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_EACH_BLOCKER, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++) {
		lp_arena_empty(&arena);
		struct lp_blocker blocker = {
			.calculation_id = lp_pg_get_int8(result, i, 0),
			.series_id = lp_pg_get_int8(result, i, 1),
			.first = lp_pg_get_time(result, i, 2),
			.last = lp_pg_get_time(result, i, 3),
			.cause_id = lp_pg_get_int8(result, i, 4),
			.cause = lp_pg_get_text(result, i, 5, &arena),
		};

		done = visit(context, &blocker, error);
	}
	lp_arena_free(&arena);
	PQclear(result);
	return done;
}

bool lp_pg_each_breaker(struct lp_store *opened, lp_breaker_visit *visit, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_arena arena = { .first = NULL };
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_arguments(store);
	done = lp_pg_finish(store, lp_pg_execute(store, PG_EACH_BREAKER, &result, error), error);
	for (int i = 0; done && i < PQntuples(result); i++) {
		lp_arena_empty(&arena);
		struct lp_breaker breaker = {
			.rule = lp_pg_get_text(result, i, 0, &arena),
			.since = lp_pg_get_time(result, i, 1),
			.run_id = lp_pg_get_int8(result, i, 2),
			.failed = (uint64_t)lp_pg_get_int8(result, i, 3),
			.of = (uint64_t)lp_pg_get_int8(result, i, 4),
			.trials = (uint64_t)lp_pg_get_int8(result, i, 5),
			.error = lp_pg_get_text(result, i, 6, &arena),
		};

		done = visit(context, &breaker, error);
	}
	lp_arena_free(&arena);
	PQclear(result);
	return done;
}

bool lp_pg_put_breaker(struct lp_store *opened, const struct lp_breaker *breaker, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_argument_text(arguments, breaker->rule);
	lp_pg_argument_time(arguments, breaker->since);
	lp_pg_argument_int8(arguments, breaker->run_id);
	lp_pg_argument_int8(arguments, (int64_t)breaker->failed);
	lp_pg_argument_int8(arguments, (int64_t)breaker->of);
	lp_pg_argument_int8(arguments, (int64_t)breaker->trials);
	lp_pg_argument_text(arguments, breaker->error);
	return lp_pg_finish(store, lp_pg_execute(store, PG_PUT_BREAKER, NULL, error), error);
}

bool lp_pg_close_breaker(struct lp_store *opened, const char *rule, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);

	if (!lp_pg_begin(store, error))
		return false;
	lp_pg_argument_text(lp_pg_arguments(store), rule);
	return lp_pg_finish(store, lp_pg_execute(store, PG_CLOSE_BREAKER, NULL, error), error);
}

/* Told when it is stored, so that whoever is told can ask the store. */
bool lp_pg_note_rules(struct lp_store *opened, const struct lp_run *run, const struct lp_rule_version *versions,
                      size_t count, lp_rule_version_visit *changed, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_arena arena = { .first = NULL };
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool done;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_text(arguments, versions[i].rule);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_text(arguments, versions[i].version);
	lp_pg_array_end(arguments);
	lp_pg_argument_int8(arguments, run->id);
	lp_pg_argument_time(arguments, run->tick);
	done = lp_pg_execute(store, PG_NOTE_RULES, &result, error) && lp_pg_outdate_rules(store, result, error);
	done = lp_pg_finish(store, done, error);
	for (int i = 0; done && i < PQntuples(result); i++) {
		lp_arena_empty(&arena);
		struct lp_rule_version version = {
			.rule = lp_pg_get_text(result, i, 0, &arena),
			.version = lp_pg_get_text(result, i, 1, &arena),
			.before = lp_pg_get_text(result, i, 2, &arena),
		};

		done = changed(context, &version, error);
	}
	lp_arena_free(&arena);
	PQclear(result);
	return done;
}

bool lp_pg_rule_version(struct lp_store *opened, const char *rule, int64_t run_id, struct lp_arena *arena,
                        const char **version, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool done;

	*version = NULL;
	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_argument_text(arguments, rule);
	lp_pg_argument_int8(arguments, run_id);
	done = lp_pg_execute(store, PG_RULE_VERSION, &result, error);
	if (done && PQntuples(result) > 0)
		*version = lp_pg_get_text(result, 0, 0, arena);
	PQclear(result);
	return lp_pg_finish(store, done, error);
}
