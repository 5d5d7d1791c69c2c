/*
 * Late rows in tables of somebody else that say when a row was written: each run
 * asks for those since the last one, and notes their hours as triggers would.
 */
#include "store/postgresql/mapping.h"

#include "observe/observe.h"
#include <stdlib.h>
#include <string.h>

/* A look: from where on, and of which samples. */
struct look {
	lp_time seen_from;
	int64_t seen_transaction;
	lp_time oldest, newest;
};

/* The arguments of statements that read late rows. */
static void add_look(struct pg_store *store, const struct look *look)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_argument_time(arguments, look->seen_from);
	lp_pg_argument_int8(arguments, look->seen_transaction);
	lp_pg_argument_time(arguments, look->oldest);
	lp_pg_argument_time(arguments, look->newest);
}

static void add_names(struct pg_store *store, const struct lp_mapping *configured)
{
	lp_pg_array_begin(&store->arguments, PG_TEXT);
	lp_pg_array_text(&store->arguments, configured->name);
	if (strcmp(configured->name, LP_SAMPLES_TABLE) == 0)
		lp_pg_array_text(&store->arguments, "");
	lp_pg_array_end(&store->arguments);
}

static bool note_hours(struct pg_store *store, const struct pg_mapping *mapping, const struct look *look,
                       struct lp_error *error)
{
	add_look(store, look);
	add_names(store, mapping->configured);
	return lp_pg_execute(store, mapping->configured->wide ? PG_MAPPED_NOTE_LATE_WIDE : PG_MAPPED_NOTE_LATE, NULL,
	                     error);
}

/* Takes where the last look began, and moves that on; seen_from is LP_TIME_NONE before the first one. */
static bool see(struct pg_store *store, const struct lp_mapping *configured, struct look *look, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result = NULL;
	bool ok;

	lp_pg_argument_text(arguments, configured->name);
	lp_pg_argument_text(arguments, configured->ingestion_time);
	lp_pg_argument_int8(arguments, configured->overlap);
	ok = lp_pg_execute(store, PG_SEE_LATE, &result, error);
	look->seen_from = ok ? lp_pg_get_time(result, 0, 0) : LP_TIME_NONE;
	look->seen_transaction = ok ? lp_pg_get_int8(result, 0, 1) : 0;
	PQclear(result);
	return ok;
}

static bool is_seen(struct pg_store *store, const struct lp_mapping *configured, struct look *look,
                    struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok, found;

	lp_pg_argument_text(lp_pg_arguments(store), configured->name);
	ok = lp_pg_execute(store, PG_IS_LATE_SEEN, &result, error);
	found = ok && PQntuples(result) > 0;
	look->seen_from = found ? lp_pg_get_time(result, 0, 0) : LP_TIME_NONE;
	look->seen_transaction = found ? lp_pg_get_int8(result, 0, 1) : 0;
	PQclear(result);
	return ok;
}

static bool is_late(struct pg_store *store, const struct look *look, bool *found, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	add_look(store, look);
	ok = lp_pg_execute(store, PG_MAPPED_IS_LATE, &result, error);
	*found |= ok && lp_pg_get_bool(result, 0, 0);
	PQclear(result);
	return ok;
}

static bool look_at(struct pg_store *store, struct pg_mapping *mapping, lp_time newest, bool take, bool *found,
                    struct lp_error *error)
{
	const struct lp_mapping *configured = mapping->configured;
	struct look look = { .newest = newest };
	bool ok;

	look.oldest = newest > LP_TIME_MIN + configured->look_back ? newest - configured->look_back : LP_TIME_MIN;
	ok = take ? see(store, configured, &look, error) : is_seen(store, configured, &look, error);
	if (!ok || look.seen_from == LP_TIME_NONE || newest == LP_TIME_NONE)
		return ok;
	return lp_pg_use_mapping(store, mapping, error) &&
	       (take ? note_hours(store, mapping, &look, error) : is_late(store, &look, found, error));
}

static bool execute(struct pg_store *store, enum pg_statement statement, struct lp_error *error)
{
	(void)lp_pg_arguments(store);
	return lp_pg_execute(store, statement, NULL, error);
}

/* A table that does not answer keeps nobody from the others; the next run asks again from where the last look was. */
static bool look_at_one(struct pg_store *store, struct pg_mapping *mapping, lp_time newest, bool take, bool *found,
                        struct lp_error *error)
{
	bool ok;

	if (!execute(store, PG_GUARD, error))
		return false;
	ok = look_at(store, mapping, newest, take, found, error);
	if (ok)
		return lp_pg_use_mapping(store, NULL, error) && execute(store, PG_UNGUARD, error);
	if (PQstatus(store->connection) != CONNECTION_OK)
		return false;
	(void)lp_pg_blame_mapping(store, error);
	lp_pg_forget_blame(store);
	lp_log(LP_LOG_WARNING, "late rows of a table cannot be looked for: the next run tries again",
	       LP_TEXT("table", mapping->configured->table), LP_TEXT("error", error->what));
	return execute(store, PG_STEP_BACK, error);
}

bool lp_pg_look_for_late(struct lp_store *opened, lp_time newest, bool take, bool *found, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	bool ok = true, looks = false;

	*found = false;
	for (size_t i = 0; i < store->mapping_count; i++)
		looks |= store->mappings[i].configured->late == LP_LATE_INGESTION;
	if (!looks)
		return true;
	if (!lp_pg_begin(store, error))
		return false;
	for (size_t i = 0; ok && i < store->mapping_count; i++)
		if (store->mappings[i].configured->late == LP_LATE_INGESTION)
			ok = look_at_one(store, &store->mappings[i], newest, take, found, error);
	return lp_pg_finish(store, ok, error);
}

bool lp_pg_check_written(struct pg_store *store, struct pg_mapping *mapping, int64_t large, struct lp_text *advice,
                         struct lp_error *error)
{
	const struct lp_mapping *configured = mapping->configured;
	/* Of no samples: that it can be asked is enough. */
	const struct look none = { .oldest = LP_TIME_NONE, .newest = LP_TIME_NONE, .seen_from = LP_TIME_NONE };
	PGresult *result = NULL;
	bool ok, found = false;

	if (configured->late != LP_LATE_INGESTION)
		return true;
	if (!lp_pg_use_mapping(store, mapping, error) || !is_late(store, &none, &found, error))
		return false;
	lp_pg_argument_text(lp_pg_arguments(store), configured->table);
	lp_pg_argument_text(&store->arguments, configured->ingestion_time);
	lp_pg_argument_int8(&store->arguments, large);
	ok = lp_pg_execute(store, PG_FIND_UNINDEXED, &result, error);
	if (ok && lp_pg_get_int8(result, 0, 0) > 0)
		lp_text_addf(advice, "%s is read to its end for late rows: CREATE INDEX ON %s (\"%s\");",
		             configured->table, configured->table, configured->ingestion_time);
	PQclear(result);
	return ok;
}

/* Notes what came since the last run, of a table whose triggers note rows from now on. */
static bool note_rest(struct pg_store *store, struct pg_mapping *mapping, const char *ingestion_time,
                      const struct look *look, struct lp_error *error)
{
	bool ok;

	if (!execute(store, PG_GUARD, error))
		return false;
	ok = lp_pg_use_mapping(store, mapping, error);
	if (ok) {
		mapping->written = lp_pg_written_rows(store, mapping, ingestion_time);
		ok = note_hours(store, mapping, look, error);
	}
	store->mapping = NULL;
	lp_pg_forget_mapping(mapping);
	if (ok)
		return execute(store, PG_UNGUARD, error);
	if (PQstatus(store->connection) != CONNECTION_OK)
		return false;
	lp_log(LP_LOG_WARNING, "rows that came since the last run are not followed: `invalidate` follows them",
	       LP_TEXT("table", mapping->configured->table), LP_TEXT("error", error->what));
	return execute(store, PG_STEP_BACK, error);
}

static bool settle(struct pg_store *store, struct pg_mapping *mapping, struct lp_error *error)
{
	const struct lp_mapping *configured = mapping->configured;
	struct look look = { .oldest = LP_TIME_MIN, .newest = LP_TIME_MAX };
	PGresult *result = NULL;
	bool ok, found;

	if (configured->late != LP_LATE_INGESTION && configured->late != LP_LATE_TRIGGERS)
		return true;
	lp_pg_argument_text(lp_pg_arguments(store), configured->name);
	ok = lp_pg_execute(store, PG_IS_LATE_SEEN, &result, error);
	found = ok && PQntuples(result) > 0;
	if (found) {
		look.seen_from = lp_pg_get_time(result, 0, 0);
		look.seen_transaction = lp_pg_get_int8(result, 0, 1);
	}
	if (found && configured->late == LP_LATE_TRIGGERS)
		ok = note_rest(store, mapping, lp_pg_get_text(result, 0, 2, &store->scratch), &look, error);
	PQclear(result);
	return ok && (found || configured->late == LP_LATE_TRIGGERS || see(store, configured, &look, error));
}

bool lp_pg_settle_written(struct pg_store *store, struct lp_error *error)
{
	bool ok = true;

	for (size_t i = 0; ok && i < store->mapping_count; i++)
		ok = settle(store, &store->mappings[i], error);
	if (!ok)
		return false;
	lp_pg_array_begin(lp_pg_arguments(store), PG_TEXT);
	for (size_t i = 0; i < store->mapping_count; i++)
		if (store->mappings[i].configured->late == LP_LATE_INGESTION)
			lp_pg_array_text(&store->arguments, store->mappings[i].configured->name);
	lp_pg_array_end(&store->arguments);
	return lp_pg_execute(store, PG_FORGET_SEEN, NULL, error);
}
