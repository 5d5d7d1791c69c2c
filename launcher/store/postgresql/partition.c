/*
 * Partitions for what is about to be written.  A connection remembers which
 * there are, so that this costs nothing but the first time.
 */
#include "store/postgresql/internal.h"

#include "calendar/calendar.h"
#include "observe/log.h"

#include <stdlib.h>

/*
 * Inside of somebody's transaction, which may be a long import, another
 * connection makes them: the locks would be kept to its end, and runs would
 * wait for it.  A partition too many, when it is rolled back, harms nobody.
 */
static bool step_aside(struct pg_store **store, struct lp_error *error)
{
	struct lp_store *opened;

	if ((*store)->depth == 0)
		return true;
	if ((*store)->aside == NULL) {
		struct lp_store_options options = lp_pg_options(*store);

		if (!lp_pg_open(&options, &opened, error))
			return false;
		(*store)->aside = lp_pg_store(opened);
	}
	*store = (*store)->aside;
	return true;
}

/* *name, where it is asked for: the one partition that was there and holds all of it, if rows may be put there; to be freed. */
static bool ensure(struct pg_store *store, const char *kind, lp_time first, lp_time last, char **name,
                   struct lp_error *error)
{
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool done;

	if (!step_aside(&store, error) || !lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_argument_text(arguments, kind);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, last);
	done = lp_pg_execute(store, PG_ENSURE_PARTITIONS, &result, error);
	if (done && lp_pg_get_int4(result, 0, 0) < 0)
		lp_log(LP_LOG_WARNING, "no lock for a new partition: rows go to the default one meanwhile",
		       LP_TEXT("table", kind));
	done = lp_pg_finish(store, done, error);
	if (done && name != NULL)
		*name = lp_pg_is_null(result, 0, 1) ? NULL : lp_copy_text(PQgetvalue(result, 0, 1));
	PQclear(result);
	return done;
}

static int month_of(lp_time time)
{
	struct lp_civil civil;

	lp_civil_from_local(time, &civil);
	if (civil.year < PG_FIRST_YEAR)
		return 0;
	if (civil.year > PG_LAST_YEAR)
		return PG_MONTHS - 1;
	return (civil.year - PG_FIRST_YEAR) * 12 + civil.month - 1;
}

void lp_pg_forget_partition(struct pg_store *store)
{
	free(store->add_results_here);
	store->add_results_here = NULL;
	/* The next one will be prepared under the same name. */
	if (store->prepared[PG_ADD_RESULTS_HERE])
		PQclear(PQexec(store->connection, "DEALLOCATE add_results_here"));
	store->prepared[PG_ADD_RESULTS_HERE] = false;
}

static void remember_partition(struct pg_store *store, int month, const char *name)
{
	lp_pg_forget_partition(store);
	/* The first and the last month stand for all times before and after them, too. */
	if (name != NULL && month > 0 && month < PG_MONTHS - 1)
		store->add_results_here = lp_format_text(PG_ADD_RESULTS_TO("%s"), name);
	store->add_results_month = month;
}

enum pg_statement lp_pg_way_to_add(const struct pg_store *store, lp_time first, lp_time last)
{
	bool here = store->add_results_here != NULL && month_of(first) == store->add_results_month &&
	            month_of(last) == store->add_results_month;

	return here ? PG_ADD_RESULTS_HERE : PG_ADD_RESULTS;
}

bool lp_pg_ensure_samples(struct pg_store *store, lp_time first, lp_time last, struct lp_error *error)
{
	int month = month_of(first), last_month = month_of(last);
	char *name;

	while (month <= last_month && store->sample_months[month])
		month++;
	if (month > last_month)
		return true;
	if (!ensure(store, "sample", first, last, &name, error))
		return false;
	remember_partition(store, month, name);
	free(name);
	/* Without the lock, too: not to wait for it again with each batch. */
	for (; month <= last_month; month++)
		store->sample_months[month] = true;
	return true;
}

bool lp_pg_ensure_outcomes(struct pg_store *store, lp_time tick, struct lp_error *error)
{
	lp_time day = tick - ((tick % LP_DAY) + LP_DAY) % LP_DAY;

	if (store->outcome_day == day)
		return true;
	if (!ensure(store, "outcome", tick, tick, NULL, error))
		return false;
	store->outcome_day = day;
	return true;
}
