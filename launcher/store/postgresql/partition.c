/*
 * Makes partitions for what is about to be written. A connection remembers which
 * exist, so this costs something only the first time. The partitions of this
 * month and the next are made ahead of need. If samples were written first all
 * the same, they lie in the default partition and block others; they are moved
 * in steps, each a transaction, that give way to everybody else.
 */
#include "store/postgresql/mapping.h"

#include "calendar/calendar.h"
#include "model/clock.h"
#include "observe/observe.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	ROWS_OF_A_STEP = 5000,
	STEPS_BEFORE = 8, /* a batch is committed: at the end of the run it goes on */
	TRIES = 8,        /* when others block all that has to be moved */
	PAUSE_MS = 250    /* ... with so much between them */
};
/* There is time for the next month. */
#define TRY_AGAIN (10 * LP_MINUTE)

/* What ensure_partitions and move_samples answer. */
enum { HINDERED = -1, TO_BE_MOVED = -2 };

/*
 * Within a caller's transaction, which may be a long import, another connection
 * makes the partitions: the locks would be kept to its end, and runs would wait
 * for it. If it is rolled back, a spare partition does no harm.
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

static bool move_step(struct pg_store *store, lp_time first, lp_time last, int32_t *answer, struct lp_error *error)
{
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool ok;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, last);
	lp_pg_argument_int4(arguments, ROWS_OF_A_STEP);
	ok = lp_pg_execute(store, PG_MOVE_SAMPLES, &result, error);
	if (ok)
		*answer = lp_pg_get_int4(result, 0, 0);
	PQclear(result);
	return lp_pg_finish(store, ok, error);
}

/* Moves until nothing is left (*answer 0), so many steps are done (1) or others are in the way (HINDERED). */
static bool move_few(struct pg_store *store, lp_time first, lp_time last, int32_t *answer, struct lp_error *error)
{
	for (int step = 0; step < STEPS_BEFORE; step++) {
		if (!move_step(store, first, last, answer, error))
			return false;
		if (*answer <= 0)
			break;
	}
	return true;
}

static bool move_until(struct pg_store *store, int64_t until, int32_t *answer, struct lp_error *error)
{
	do {
		if (!move_step(store, LP_TIME_NONE, LP_TIME_NONE, answer, error))
			return false;
	} while (*answer > 0 && lp_monotonic() < until);
	return true;
}

bool lp_pg_move_samples(struct pg_store *store, int64_t most, struct lp_error *error)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };
	int64_t until = most > 0 ? lp_monotonic() + most : INT64_MAX;
	int32_t answer;

	for (int tries = 1; tries <= TRIES; tries++) {
		if (!move_until(store, until, &answer, error))
			return false;
		if (answer != HINDERED || most > 0)
			return true;
		(void)nanosleep(&pause, NULL);
	}
	lp_log(LP_LOG_WARNING, "samples stay in the default partition: somebody has been reading for long");
	return true;
}

struct asked {
	int32_t answer;
	char *name; /* the one partition that was there and holds all of it, if rows may be put there; to be freed */
	bool is_next_due; /* this month's or the next one's is not there */
};

static bool ask_for(struct pg_store *store, const char *kind, lp_time first, lp_time last, struct asked *asked,
                    struct lp_error *error)
{
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	bool ok;

	if (!lp_pg_begin(store, error))
		return false;
	arguments = lp_pg_arguments(store);
	lp_pg_argument_text(arguments, kind);
	lp_pg_argument_time(arguments, first);
	lp_pg_argument_time(arguments, last);
	ok = lp_pg_execute(store, PG_ENSURE_PARTITIONS, &result, error);
	if (ok) {
		asked->answer = lp_pg_get_int4(result, 0, 0);
		asked->name = lp_pg_is_null(result, 0, 1) ? NULL : lp_copy_text(PQgetvalue(result, 0, 1));
		asked->is_next_due = lp_pg_get_bool(result, 0, 2);
	}
	PQclear(result);
	return lp_pg_finish(store, ok, error);
}

/*
 * What a transaction has read counts as being read until its next statement, and
 * a reader of an older state blocks the move.
 */
static void put_down_snapshot(struct pg_store *store)
{
	if (store->depth > 0)
		PQclear(PQexec(store->connection, "SELECT"));
}

static bool ensure(struct pg_store *store, const char *kind, lp_time first, lp_time last, struct asked *asked,
                   struct lp_error *error)
{
	struct pg_store *own = store;
	int32_t left;

	*asked = (struct asked){ .name = NULL };
	if (!step_aside(&store, error) || !ask_for(store, kind, first, last, asked, error))
		return false;
	if (asked->answer == TO_BE_MOVED) {
		put_down_snapshot(own);
		if (!move_few(store, first, last, &left, error))
			return false;
		if (left == 0 && !ask_for(store, kind, first, last, asked, error))
			return false;
	}
	if (asked->answer == TO_BE_MOVED)
		lp_log(LP_LOG_INFO, "rows go to the default partition until those in it are moved",
		       LP_TEXT("table", kind));
	else if (asked->answer < 0)
		lp_log(LP_LOG_WARNING, "no lock for a new partition: rows go to the default one meanwhile",
		       LP_TEXT("table", kind));
	return true;
}

static bool prepare(struct pg_store *store, int32_t *answer, lp_time *next, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	if (!lp_pg_begin(store, error))
		return false;
	(void)lp_pg_arguments(store);
	ok = lp_pg_execute(store, PG_PREPARE_PARTITIONS, &result, error);
	if (ok) {
		*answer = lp_pg_get_int4(result, 0, 0);
		*next = lp_pg_get_time(result, 0, 1);
	}
	PQclear(result);
	return lp_pg_finish(store, ok, error);
}

bool lp_pg_prepare_partitions(struct pg_store *store, struct lp_error *error)
{
	int32_t answer, left;
	lp_time next;

	if (!prepare(store, &answer, &next, error))
		return false;
	if (answer == TO_BE_MOVED && store->depth == 0) {
		if (!move_few(store, lp_now(), next, &left, error))
			return false;
		if (left == 0 && !prepare(store, &answer, &next, error))
			return false;
	}
	store->prepared_until = lp_now() + (answer >= 0 ? LP_DAY : TRY_AGAIN);
	return true;
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
	free(store->add_results_to_partition);
	store->add_results_to_partition = NULL;
	/*
	 * The next one gets a name of its own: PgBouncer, which keeps account of
	 * names, ends a connection that prepares one twice, and does not see what
	 * DEALLOCATE takes back.
	 */
	if (store->prepared[PG_ADD_RESULTS_TO_PARTITION])
		PQclear(PQclosePrepared(store->connection, store->add_results_name));
	store->prepared[PG_ADD_RESULTS_TO_PARTITION] = false;
	snprintf(store->add_results_name, sizeof store->add_results_name, "add_results_to_partition_%u",
	         ++store->add_results_names);
}

static void remember_partition(struct pg_store *store, int month, const char *name)
{
	lp_pg_forget_partition(store);
	/* The first and the last month stand for all times before and after them, too. */
	if (name != NULL && month > 0 && month < PG_MONTHS - 1)
		store->add_results_to_partition = lp_format_text(lp_pg_format(PG_ADD_RESULTS_TO_PARTITION, "%s"), name);
	store->add_results_month = month;
}

enum pg_statement lp_pg_choose_insert(const struct pg_store *store, lp_time first, lp_time last)
{
	/* What goes into a partition by its name does not come by triggers. */
	bool here = store->add_results_to_partition != NULL && !lp_pg_mirrors(store) &&
	            month_of(first) == store->add_results_month && month_of(last) == store->add_results_month;

	return here ? PG_ADD_RESULTS_TO_PARTITION : PG_ADD_RESULTS;
}

bool lp_pg_ensure_samples(struct pg_store *store, lp_time first, lp_time last, struct lp_error *error)
{
	int month = month_of(first), last_month = month_of(last);
	struct pg_store *aside = store;
	struct asked asked;

	while (month <= last_month && store->sample_months[month])
		month++;
	if (month <= last_month) {
		if (!ensure(store, "sample", first, last, &asked, error))
			return false;
		remember_partition(store, month, asked.name);
		free(asked.name);
		/* Without the lock, too: not to wait for it again with each batch. */
		for (; month <= last_month; month++)
			store->sample_months[month] = true;
		if (!asked.is_next_due)
			store->prepared_until = lp_now() + LP_DAY;
	}
	if (lp_now() < store->prepared_until)
		return true;
	if (!step_aside(&aside, error) || !lp_pg_prepare_partitions(aside, error))
		return false;
	store->prepared_until = aside->prepared_until;
	return true;
}

bool lp_pg_ensure_outcomes(struct pg_store *store, lp_time tick, struct lp_error *error)
{
	lp_time day = tick - ((tick % LP_DAY) + LP_DAY) % LP_DAY;
	struct asked asked;

	if (store->outcome_day == day)
		return true;
	if (!ensure(store, "outcome", tick, tick, &asked, error))
		return false;
	free(asked.name);
	store->outcome_day = day;
	return true;
}
