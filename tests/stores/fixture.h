/*
 * What the tests of the stores share.  A test gets a store of its own with the
 * schema in it; which store that is, the environment says: the tests are about
 * what store.h promises, so they are the same for both.
 *
 * Times in the tests are seconds after 2026-03-01T00:00:00Z, written as texts:
 * "0=1 60=2.5 120=nan 180=4b 240=5u" are five samples, one not a number, one
 * bad, one uncertain.
 */
#ifndef LP_TESTS_STORES_FIXTURE_H
#define LP_TESTS_STORES_FIXTURE_H

#include "store/store.h"

#include <check.h>
#include <libpq-fe.h>

#define BASE        INT64_C(1772323200000000)
#define AT(seconds) (BASE + (lp_time)(seconds)*LP_SECOND)

extern struct lp_store *store; /* the test's own, opened anew for each test */
extern struct lp_arena arena;  /* emptied for each test */

/*
 * Environment: LP_TEST_STORE is "sqlite:DIRECTORY" or "postgresql:" (with
 * PGHOST and the like set).  LP_TEST_STORE_OPTIONS: what the store's address
 * has besides, to reach a pooler; LP_TEST_UNPREPARED: without prepared statements.
 */
bool is_postgresql(void);
void prepare_stores(void); /* once, before the first test */
void open_store(void);     /* setup of a test */
void close_store(void);    /* teardown */
const char *store_address(void);
struct lp_store *open_again(void);                                     /* another connection to the test's store */
void no_step(void *context, int32_t version, const char *description); /* for lp_store_migrate */
/* What another program does to samples of a series, with SQL, past the door; both times included. */
void insert_elsewhere(const char *series, lp_time time, double value);
void update_elsewhere(const char *series, lp_time from, lp_time to, double value);
void move_elsewhere(const char *series, lp_time time, lp_time to);
void delete_elsewhere(const char *series, lp_time from, lp_time to);
void forget_windows(const char *series); /* its results are as of a release that did not note their windows */
void forget_versions(void);              /* the same of outcomes and versions */
/* Options for the test's store. */
struct lp_store_options store_options(void);
/* SQL that goes past the door, for what only others would do.  PostgreSQL only; returns the first value. */
const char *sql(const char *format, ...) LP_PRINTF(1, 2);
/* The same on a connection that stays: what a transaction of somebody else holds. */
PGconn *connect_directly(void);
const char *execute_on(PGconn *connection, const char *text);

/* Fails the test with the error's text. */
#define ck_ok(call, error) ck_assert_msg((call), "%s (%s)", (error).what, (error).sqlstate)
#define ck_fails(call, error, code)                                                                                    \
	do {                                                                                                           \
		ck_assert_msg(!(call), "was expected to fail");                                                        \
		ck_assert_msg((error).exit == (code), "exit %d instead of %d: %s (%s)", (error).exit, (code),          \
		              (error).what, (error).sqlstate);                                                         \
	} while (0)

/* A definition from its parts: "NAME RULE IN,IN OUT" with a schedule of one minute, to be changed before it is applied. */
struct lp_calculation *calculation(const char *name, const char *rule, const char *inputs, const char *outputs);
struct lp_span span(int32_t count, enum lp_unit unit);

void apply_changes(const struct lp_changes *changes);
void add_series(const char *names); /* comma-separated */
void add_calculation(const struct lp_calculation *one);
void change_calculation(struct lp_calculation *one); /* counts its version up */
/* So many that read a0, a1, ... and write x0, x1, ...: the series are there, the definitions still to be applied. */
void many_calculations(struct lp_calculation *many, int count);
void add_many_calculations(int count); /* the same, applied */
/* "one" reads samples of "a" at 0, 30, 60 and 120 seconds and writes "x"; "two" the mean of that, into "y". */
struct lp_calculation *add_one(const char *rule);
struct lp_calculation *add_two(void);
/* What was written into it, until the test ends; empties the text. */
const char *keep_text(struct lp_text *text);
int64_t calculation_id(const char *name);
int64_t series_id(const char *name);

void write_samples(const char *series, const char *samples, struct lp_write_counts *counts); /* counts may be NULL */
/* The samples of a series in the form above; from and to as in lp_store_read_samples. */
const char *read_samples(const char *series, lp_time from, lp_time to, uint64_t most);
const char *show_column(const struct lp_column *column);
#define ck_samples(series, expected) ck_assert_str_eq(read_samples(series, LP_TIME_NONE, LP_TIME_NONE, 0), expected)

/* Deletes the measured samples of some series (NULL: all) before a time, and results before another; how many. */
bool try_to_prune(const char *pattern, lp_time samples_before, lp_time results_before, uint64_t *samples,
                  struct lp_error *error);
uint64_t prune_samples(const char *pattern, lp_time samples_before, lp_time results_before);
/* "0 to 60": from the first to the last time that prune has removed of a series; "" for none. */
const char *pruned_of(const char *series);

/*
 * A little pipeline.  Rules: "mean" (no_data without good samples), "fail",
 * "slow" (timed out), "echo" (each good sample at its time), "held" (the last
 * good sample, or the one before the window).
 */
extern const char *version_of_rules; /* of all of them: "0123456789ab" at the beginning of each test */
struct lp_run begin_run(lp_time tick);
/* Batches whose window [from, to) is due; each of them must be the whole of what its head says. */
struct lp_batch *fetch_batch(const struct lp_batch_head *head, lp_time from, lp_time to, const struct lp_run *run);
void compute(struct lp_batch *batch);
bool commit(struct lp_batch *batch);
/* All batches with that window, one after the other; how many were accepted. */
int run_window(lp_time from, lp_time to, lp_time tick);
/* The first batch of rank 0 for a window, of a rule that fails. */
void fail_one_window(int from, int to);
/* Pending windows whose time has come, each as a batch of its own; how many were accepted. */
int run_pending(lp_time tick);

struct pendings {
	struct lp_pending items[64];
	size_t count;
};
struct pendings *read_pendings(lp_time tick); /* in the arena */

/* Owed ranges; a batch of some of them, which begin at one after_end, up to `until`, in windows of a minute. */
struct oweds {
	struct lp_owed items[64];
	size_t count;
};
struct oweds *read_owed(enum lp_run_kind kind, int32_t rank); /* in the arena */
struct lp_batch *fetch_redo(const struct lp_owed *owed, size_t count, lp_time until, const struct lp_run *run);
/* All of them that a minute's run works on, each as a batch of its own; how many were accepted. */
int run_owed(lp_time tick);

struct heads {
	struct lp_batch_head items[64];
	size_t count;
};
struct heads *read_heads(int32_t rank); /* in the arena */

extern struct lp_retry_policy policy; /* 3 attempts, 1 to 60 minutes */

/* "STATE FAILING_SINCE attempts N NEXT_ATTEMPT pending N", times in seconds, - for none. */
const char *status_of(const char *name);
struct lp_status *find_status(const char *name);
/* "END: DEFINITION RULE, ..." of the windows of a calculation: what computed it; the newest first. */
const char *versions_of(const char *name);

#endif
