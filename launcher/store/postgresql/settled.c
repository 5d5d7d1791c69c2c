/* Writing what was settled: rows of `state` and of `pending`. */
#include "store/postgresql/internal.h"
#include "store/settle.h"

static bool put_states(struct pg_store *store, const struct lp_settlement *settled, struct lp_error *error)
{
	if (settled->state_count == 0)
		return true;
	lp_pg_add_columns(lp_pg_arguments(store), &lp_state_layout, settled->states, sizeof *settled->states,
	                  settled->state_count);
	return lp_pg_execute(store, PG_PUT_STATES, NULL, error);
}

static bool put_pending(struct pg_store *store, const struct lp_settlement *settled, struct lp_error *error)
{
	if (settled->pending_count == 0)
		return true;
	lp_pg_add_columns(lp_pg_arguments(store), &lp_pending_layout, settled->pending, sizeof *settled->pending,
	                  settled->pending_count);
	return lp_pg_execute(store, PG_PUT_PENDING, NULL, error);
}

static bool delete_pending(struct pg_store *store, const struct lp_settlement *settled, struct lp_error *error)
{
	if (settled->done_count == 0)
		return true;
	lp_pg_add_columns(lp_pg_arguments(store), &lp_pending_key_layout, settled->done, sizeof *settled->done,
	                  settled->done_count);
	return lp_pg_execute(store, PG_DELETE_PENDING, NULL, error);
}

bool lp_pg_put_settled(struct pg_store *store, const struct lp_settlement *settled, struct lp_error *error)
{
	return put_states(store, settled, error) && put_pending(store, settled, error) &&
	       delete_pending(store, settled, error);
}
