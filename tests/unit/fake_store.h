/*
 * A store in memory, for tests of the pipeline: what the real ones promise
 * (store.h), and failures on demand.  Defines the functions of store.h that a run
 * uses, so that the linker takes these.
 *
 * Batch b has `size` calculations with the ids b * 1000, b * 1000 + 1, ...; each
 * reads a series that has its id, of which there is one sample per window, whose
 * value is that of fake_value().
 */
#ifndef LP_TESTS_FAKE_STORE_H
#define LP_TESTS_FAKE_STORE_H

#include "store/store.h"
#include <pthread.h>

enum { FAKE_BATCHES_MOST = 16, FAKE_PENDING_MOST = 40000, FAKE_RESULTS_MOST = 40000 };

struct fake_batch {
	struct lp_batch_head head;
	int64_t upstream[4];
	struct lp_batch_reading readings[4];
	const char *rule;       /* of every calculation but the first */
	const char *first_rule; /* of the first */
	enum lp_state state[LP_BATCH_SIZE];
	bool in_flight; /* fetched and not committed: never twice */
	bool refuse;
	lp_time left_after, left_until; /* windows that were left for later, of all its calculations; both 0: none */
};

struct fake_result {
	int64_t calculation;
	struct lp_window window;
	double value;
	enum lp_state state;
	size_t commit; /* the how manieth commit it was in */
};

struct fake {
	pthread_mutex_t lock;
	struct fake_batch batches[FAKE_BATCHES_MOST];
	size_t batch_count;
	struct lp_pending pending[FAKE_PENDING_MOST];
	lp_time next_attempt[FAKE_PENDING_MOST];
	size_t pending_count;
	struct fake_result results[FAKE_RESULTS_MOST]; /* one per calculation and window that succeeded */
	size_t result_count;
	size_t commits;
	int64_t time_limit; /* of every calculation; 0: none of its own */

	/* Failures on demand: the n-th call fails, from 1; 0: none. */
	int opens, fail_open_from, fail_open_to;
	int fetches, fail_fetch; /* of shares of a batch */
	int commit_calls, fail_commit;
	int runs_begun, runs_ended;
	int begun_within;    /* the transaction */
	int locks;           /* tries to take the lock of a run */
	int unlocks;         /* times it was given back */
	bool held_by_other;  /* the lock */
	bool another_began;  /* a run, since the lock was lost */
	lp_time done_before; /* another run moved every watermark here just before the lock was taken; 0: none did */
	char last_result[32];
};

extern struct fake fake;

void fake_reset(void);
/* Minute schedules in UTC; start in minutes after T0 or -1; upstream: ids, ended by 0. */
struct fake_batch *fake_add(int64_t id, int32_t rank, int32_t size, const char *rule, int start,
                            const int64_t *upstream);
double fake_value(int64_t calculation, struct lp_window window);

#endif
