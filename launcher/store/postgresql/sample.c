/* Samples, written and read for people: by series, in their transaction. */
#include "store/postgresql/column.h"
#include "store/postgresql/internal.h"

enum { WRITE_AT_ONCE = 20000, READ_AT_ONCE = 10000 };

static bool write_some(struct pg_store *store, int64_t series_id, const struct lp_column *samples, size_t begin,
                       size_t end, struct lp_write_counts *counts, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result = NULL;
	bool done;

	lp_pg_argument_int8(arguments, series_id);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = begin; i < end; i++)
		lp_pg_array_time(arguments, samples->time[i]);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_FLOAT8);
	for (size_t i = begin; i < end; i++)
		lp_pg_array_float8(arguments, samples->value[i]);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_INT2);
	for (size_t i = begin; i < end; i++)
		lp_pg_array_int2(arguments, samples->quality != NULL ? samples->quality[i] : 0);
	lp_pg_array_end(arguments);
	lp_pg_argument_time(arguments, samples->time[begin]);
	lp_pg_argument_time(arguments, samples->time[end - 1]);
	done = lp_pg_execute(store, PG_WRITE_SAMPLES, &result, error);
	if (done) {
		counts->inserted += (uint64_t)lp_pg_get_int8(result, 0, 0);
		counts->updated += (uint64_t)lp_pg_get_int8(result, 0, 1);
		counts->unchanged += (uint64_t)lp_pg_get_int8(result, 0, 2);
	}
	PQclear(result);
	return done;
}

bool lp_pg_write_samples(struct lp_store *opened, int64_t series_id, const struct lp_column *samples,
                         struct lp_write_counts *counts, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	bool done;

	*counts = (struct lp_write_counts){ .inserted = 0 };
	if (samples->count == 0)
		return true;
	if (!lp_pg_begin(store, error))
		return false;
	done = lp_pg_ensure_samples(store, samples->time[0], samples->time[samples->count - 1], error);
	for (size_t begin = 0; done && begin < samples->count; begin += WRITE_AT_ONCE) {
		size_t end = samples->count - begin < WRITE_AT_ONCE ? samples->count : begin + WRITE_AT_ONCE;

		done = write_some(store, series_id, samples, begin, end, counts, error);
	}
	return lp_pg_finish(store, done, error);
}

static bool read_some(struct pg_store *store, int64_t series_id, struct lp_window range, uint64_t most,
                      struct lp_column *column, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result = NULL;
	bool done;

	lp_pg_argument_int8(arguments, series_id);
	lp_pg_argument_time(arguments, range.start);
	lp_pg_argument_time(arguments, range.end);
	lp_pg_argument_int8(arguments, (int64_t)most);
	lp_arena_empty(&store->scratch);
	done = lp_pg_execute(store, PG_READ_SAMPLES, &result, error) &&
	       lp_pg_get_column(result, 0, 0, &store->scratch, column, error);
	PQclear(result);
	return done;
}

bool lp_pg_read_samples(struct lp_store *opened, int64_t series_id, lp_time from, lp_time to, uint64_t most,
                        lp_column_visit *visit, void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	/* Not the server's infinities: they are no times. */
	struct lp_window range = { .start = from == LP_TIME_NONE || from < LP_TIME_MIN ? LP_TIME_MIN : from,
		                   .end = to == LP_TIME_NONE || to > LP_TIME_MAX ? LP_TIME_MAX + 1 : to };
	uint64_t left = most == 0 ? UINT64_MAX : most;
	bool done = true;

	if (!lp_pg_begin(store, error))
		return false;
	while (done && left > 0 && range.start < range.end) {
		uint64_t wanted = left < READ_AT_ONCE ? left : READ_AT_ONCE;
		struct lp_column column;

		done = read_some(store, series_id, range, wanted, &column, error);
		if (!done || column.count == 0)
			break;
		range.start = column.time[column.count - 1] + 1;
		left -= column.count;
		done = visit(context, &column, error);
		if (column.count < wanted)
			break;
	}
	return lp_pg_finish(store, done, error);
}
