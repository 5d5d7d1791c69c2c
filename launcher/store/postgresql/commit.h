/*
 * A commit in progress, shared by claim.c, which decides whether the batch is
 * still wanted, and commit.c, which writes it.
 */
#ifndef LP_STORE_POSTGRESQL_COMMIT_H
#define LP_STORE_POSTGRESQL_COMMIT_H

#include "store/owed.h"
#include "store/postgresql/internal.h"
#include "store/settle.h"

struct pg_commit {
	struct pg_store *store;
	struct lp_batch *batch;
	const struct lp_retry_policy *policy;
	lp_time first, last;              /* of all possible results; first > last: there are none */
	struct lp_settle_known *known;    /* one per calculation */
	bool *owed;                       /* one per task of a retry or recompute batch, else NULL */
	const struct lp_owed_move *moves; /* of a recompute batch: one per range */
	int64_t outcome_id;               /* of the last window; 0 in a retry batch */
	struct lp_settlement settled;
	uint64_t written, kept_imported;
};

/*
 * Within the commit's transaction: true if what the batch was planned from is
 * unchanged for at least one of its tasks. Then it is locked until the end, and
 * known, owed, moves and outcome_id are filled.
 */
bool lp_pg_claim(struct pg_commit *committing, bool *accepted, struct lp_error *error) LP_MUST_CHECK;

#endif
