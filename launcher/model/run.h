/* A run: one execution for one tick, as it is stored and reported. */
#ifndef LP_MODEL_RUN_H
#define LP_MODEL_RUN_H

#include "model/calculation.h"

/* Only one run of each kind works on a store at a time. */
enum lp_run_kind { LP_RUN_MINUTE, LP_RUN_BACKFILL };
extern const char *const lp_run_kind_names[2]; /* "run", "backfill" */
enum lp_run_kind lp_run_kind_parse(const char *name);

struct lp_run {
	int64_t id;
	enum lp_run_kind kind;
	lp_time tick;
	lp_time started, ended; /* wall clock; ended LP_TIME_NONE: still running */
	const char *host;
	int32_t process;
	const char *program_version;
	const char *result; /* "running", "done", "interrupted", "database error" */
	const char *error;  /* message of the error that ended it early, or NULL */
	uint64_t windows;   /* calculations times windows computed */
	uint64_t states[LP_STATE_COUNT];
	uint64_t newly_failed; /* calculations that were not failing before this run */
	uint64_t samples_read, samples_written;
	uint64_t still_due;     /* windows left to the next runs by the catch-up limit */
	uint64_t recomputed;    /* windows that had been settled before */
	uint64_t kept_imported; /* results that were not written, because one was imported */
	/*
	 * Nanoseconds: finding what is due, and each stage, summed over its threads. All
	 * 0: not known, because it has not ended, or a release that kept none has run.
	 */
	int64_t planning, fetch, compute, commit;
};

#endif
