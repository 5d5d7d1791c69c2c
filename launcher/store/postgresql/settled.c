/* Writing what was settled: rows of `state` and of `pending`, an array a column. */
#include "store/postgresql/internal.h"
#include "store/settle.h"

/* Columns of one type over all rows: ARRAY(arguments, PG_INT8, rows, count, lp_pg_array_int8, field) */
#define ARRAY(arguments, type, rows, count, add, field)                                                                \
	do {                                                                                                           \
		lp_pg_array_begin(arguments, type);                                                                    \
		for (size_t row_ = 0; row_ < (count); row_++)                                                          \
			add(arguments, (rows)[row_].field);                                                            \
		lp_pg_array_end(arguments);                                                                            \
	} while (0)

static bool put_states(struct pg_store *store, const struct lp_settlement *settled, struct lp_error *error)
{
	const struct lp_state_row *rows = settled->states;
	size_t count = settled->state_count;
	struct pg_arguments *arguments = lp_pg_arguments(store);

	if (count == 0)
		return true;
	ARRAY(arguments, PG_INT8, rows, count, lp_pg_array_int8, calculation_id);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_text(arguments, lp_state_name(rows[i].state));
	lp_pg_array_end(arguments);
	ARRAY(arguments, PG_TIMESTAMPTZ, rows, count, lp_pg_array_time, since);
	ARRAY(arguments, PG_TIMESTAMPTZ, rows, count, lp_pg_array_time, failing_since);
	ARRAY(arguments, PG_INT8, rows, count, lp_pg_array_int8, run_id);
	ARRAY(arguments, PG_TIMESTAMPTZ, rows, count, lp_pg_array_time, window.start);
	ARRAY(arguments, PG_TIMESTAMPTZ, rows, count, lp_pg_array_time, window.end);
	ARRAY(arguments, PG_INT4, rows, count, lp_pg_array_int4, attempts);
	ARRAY(arguments, PG_TIMESTAMPTZ, rows, count, lp_pg_array_time, next_attempt);
	ARRAY(arguments, PG_TEXT, rows, count, lp_pg_array_text, rule_version);
	ARRAY(arguments, PG_INT4, rows, count, lp_pg_array_int4, definition_version);
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_int8(arguments, lp_stored_duration(rows[i].duration));
	lp_pg_array_end(arguments);
	ARRAY(arguments, PG_INT8, rows, count, lp_pg_array_int8, samples_read);
	ARRAY(arguments, PG_TEXT, rows, count, lp_pg_array_text, error_type);
	ARRAY(arguments, PG_TEXT, rows, count, lp_pg_array_text, error_message);
	ARRAY(arguments, PG_TEXT, rows, count, lp_pg_array_text, error_traceback);
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < count; i++) {
		if (rows[i].cause_id == 0)
			lp_pg_array_null(arguments);
		else
			lp_pg_array_int8(arguments, rows[i].cause_id);
	}
	lp_pg_array_end(arguments);
	return lp_pg_execute(store, PG_PUT_STATES, NULL, error);
}

static bool put_pending(struct pg_store *store, const struct lp_settlement *settled, struct lp_error *error)
{
	const struct lp_pending_row *rows = settled->pending;
	size_t count = settled->pending_count;
	struct pg_arguments *arguments = lp_pg_arguments(store);

	if (count == 0)
		return true;
	ARRAY(arguments, PG_INT8, rows, count, lp_pg_array_int8, calculation_id);
	ARRAY(arguments, PG_TIMESTAMPTZ, rows, count, lp_pg_array_time, window.start);
	ARRAY(arguments, PG_TIMESTAMPTZ, rows, count, lp_pg_array_time, window.end);
	ARRAY(arguments, PG_TEXT, rows, count, lp_pg_array_text, reason);
	ARRAY(arguments, PG_INT4, rows, count, lp_pg_array_int4, attempts);
	ARRAY(arguments, PG_TIMESTAMPTZ, rows, count, lp_pg_array_time, next_attempt);
	ARRAY(arguments, PG_BOOL, rows, count, lp_pg_array_bool, given_up);
	return lp_pg_execute(store, PG_PUT_PENDING, NULL, error);
}

static bool delete_pending(struct pg_store *store, const struct lp_settlement *settled, struct lp_error *error)
{
	const struct lp_pending_row *rows = settled->done;
	size_t count = settled->done_count;
	struct pg_arguments *arguments = lp_pg_arguments(store);

	if (count == 0)
		return true;
	ARRAY(arguments, PG_INT8, rows, count, lp_pg_array_int8, calculation_id);
	ARRAY(arguments, PG_TIMESTAMPTZ, rows, count, lp_pg_array_time, window.start);
	ARRAY(arguments, PG_TIMESTAMPTZ, rows, count, lp_pg_array_time, window.end);
	return lp_pg_execute(store, PG_DELETE_PENDING, NULL, error);
}

bool lp_pg_put_settled(struct pg_store *store, const struct lp_settlement *settled, struct lp_error *error)
{
	return put_states(store, settled, error) && put_pending(store, settled, error) &&
	       delete_pending(store, settled, error);
}
