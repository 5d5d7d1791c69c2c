/*
 * Partitions for what is about to be written.  A connection remembers which
 * there are, so that this costs nothing but the first time.
 */
#include "store/postgresql/internal.h"

#include "calendar/calendar.h"
#include "observe/log.h"

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

static bool ensure(struct pg_store *store, const char *kind, lp_time first, lp_time last, bool *made,
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
	*made = done && lp_pg_get_int4(result, 0, 0) >= 0;
	if (done && !*made)
		lp_log(LP_LOG_WARNING, "no lock for a new partition: rows go to the default one meanwhile",
		       LP_TEXT("table", kind));
	PQclear(result);
	return lp_pg_finish(store, done, error);
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

bool lp_pg_ensure_samples(struct pg_store *store, lp_time first, lp_time last, struct lp_error *error)
{
	int month = month_of(first), last_month = month_of(last);
	bool made;

	while (month <= last_month && store->sample_months[month])
		month++;
	if (month > last_month)
		return true;
	if (!ensure(store, "sample", first, last, &made, error))
		return false;
	/* Without the lock, too: not to wait for it again with each batch. */
	for (; month <= last_month; month++)
		store->sample_months[month] = true;
	return true;
}

bool lp_pg_ensure_outcomes(struct pg_store *store, lp_time tick, struct lp_error *error)
{
	lp_time day = tick - ((tick % LP_DAY) + LP_DAY) % LP_DAY;
	bool made;

	if (store->outcome_day == day)
		return true;
	if (!ensure(store, "outcome", tick, tick, &made, error))
		return false;
	store->outcome_day = day;
	return true;
}
