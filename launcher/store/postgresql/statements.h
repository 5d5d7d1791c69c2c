/* The statements of this store, by name.  Their texts are statements.c's. */
#ifndef LP_STORE_POSTGRESQL_STATEMENTS_H
#define LP_STORE_POSTGRESQL_STATEMENTS_H

enum pg_statement {
	PG_HAS_SCHEMA,
	PG_SCHEMA_VERSION,
	PG_ADD_MIGRATION,
	PG_MISSING_RIGHTS,
	PG_EACH_SERIES,
	PG_FIND_SERIES,
	PG_EACH_CALCULATION,
	PG_READ_PACKED,
	PG_PACK,
	PG_SOME_CALCULATIONS,
	PG_LOCK,
	PG_TRY_LOCK,
	PG_IS_LOCKED,
	PG_ADD_SERIES,
	PG_CHANGE_SERIES,
	PG_TOUCH_SERIES_BATCHES,
	PG_LOCK_SAMPLES,
	PG_FIND_HELD_SERIES,
	PG_DELETE_SERIES,
	PG_DROP_PENDING,
	PG_TRIM_OWED,
	PG_REOPEN_PENDING,
	PG_REOPEN_STATE,
	PG_ADD_CALCULATIONS,
	PG_CHANGE_CALCULATIONS,
	PG_CHANGE_RANKS,
	PG_DELETE_CALCULATIONS,
	PG_CLEAR_INPUTS,
	PG_CLEAR_OUTPUTS,
	PG_MISSING_SERIES,
	PG_ADD_INPUTS,
	PG_ADD_OUTPUTS,
	PG_LOCK_BATCHES,
	PG_ALL_BATCHES,
	PG_ALL_MEMBERS,
	PG_ADD_BATCH,
	PG_CHANGE_BATCHES,
	PG_DELETE_BATCHES,
	PG_MOVE_CALCULATIONS,
	PG_SET_UPSTREAM,
	PG_SET_REACH,
	PG_DROP_OWED,
	PG_ENSURE_PARTITIONS,
	PG_PREPARE_PARTITIONS,
	PG_MOVE_SAMPLES,
	PG_WRITE_SAMPLES,
	PG_READ_SAMPLES,
	PG_ENTER_RUN,
	PG_BEGIN_RUN,
	PG_END_RUN,
	PG_EACH_RUN,
	PG_EACH_BATCH,
	PG_EACH_PENDING,
	PG_FETCH,
	PG_PREFER_BITMAPS,
	PG_FETCH_TOGETHER,
	PG_FETCH_TOGETHER_QUALITIES,
	PG_FETCH_PREVIOUS,
	PG_PREFER_INDEXES,
	PG_FETCH_EARLIER,
	PG_MOVE_WATERMARK,
	PG_LOCK_RUNNING,
	PG_LOCK_OWED,
	PG_MOVE_OWED,
	PG_DELETE_OWED,
	PG_TOUCH_OWED,
	PG_ADD_OWED,
	PG_CUT_OWED,
	PG_EACH_OWED,
	PG_FORGET_OWED,
	PG_EACH_CHANGED,
	PG_EACH_NOTE,
	PG_TAKE_NEWS,
	PG_COUNT_TOO_OLD,
	PG_OPEN_CHANGES,
	PG_MORE_CHANGES,
	PG_CLOSE_CHANGES,
	PG_TAKE_NOTES,
	PG_INVALIDATE,
	PG_NEXT_GOOD,
	PG_FIND_RISE,
	PG_EACH_READER,
	PG_TAKE_OFF_RESULTS,
	PG_FAIL_BATCH,
	PG_EACH_EDGE,
	PG_EACH_BLOCKER,
	PG_EACH_BREAKER,
	PG_PUT_BREAKER,
	PG_CLOSE_BREAKER,
	PG_NOTE_RULES,
	PG_RULE_VERSION,
	PG_REOPEN,
	PG_EACH_STORED,
	PG_NOTE_OUTDATED,
	PG_OUTDATE_RULES,
	PG_EACH_OUTDATED,
	PG_OWE_OUTDATED,
	PG_SETTLE_OUTDATED,
	PG_REMOVE_RESULTS,
	PG_READ_PLACES,
	PG_READ_PLACES_BACK,
	PG_TAKE_PLACES,
	PG_PUT_PLACES,
	PG_EACH_PROGRESS,
	PG_WRITER,
	PG_LOCK_RETRY,
	PG_READ_RETRY,
	PG_READ_STATES,
	PG_READ_PENDING,
	PG_ADD_RESULTS,
	PG_ADD_RESULTS_TO_PARTITION,
	PG_PUT_RESULTS,
	PG_LOCK_RESULTS,
	PG_SET_ASIDE,
	PG_PUT_SUPERSEDED,
	PG_COUNT_IMPORTED,
	PG_IMPORTED_OF,
	PG_WIDEN_RESULTS,
	PG_ADD_OUTCOMES,
	PG_PUT_STATES,
	PG_PUT_PENDING,
	PG_DELETE_PENDING,
	PG_EACH_STATUS,
	PG_EACH_HISTORY,
	PG_OUTCOME_TICKS,
	PG_DROP_PARTITION,
	PG_EACH_PRUNABLE,
	PG_FIND_LASTS,
	PG_EACH_NEED,
	PG_EACH_DEBT,
	PG_COUNT_SAMPLES,
	PG_DROP_SAMPLE_PARTITION,
	PG_LOCK_READERS,
	PG_NOTE_PRUNED,
	PG_TOUCH_READERS,
	PG_PREFER_ROWS,
	PG_PRUNE_SUPERSEDED,
	PG_PRUNE_SAMPLES,
	PG_EACH_NOBODYS,
	PG_PRUNE_NOBODYS,
	PG_RESTORE_PRUNED,
	PG_COUNT_OUTCOMES,
	PG_PRUNE_OUTCOMES,
	PG_COUNT_RUNS,
	PG_PRUNE_RUNS,
	PG_STATEMENT_COUNT
};

struct pg_statement_text {
	const char *name;  /* as a prepared statement */
	const char *doing; /* for messages: "cannot ..." */
	const char *sql;
};
extern const struct pg_statement_text lp_pg_statements[PG_STATEMENT_COUNT];

#define PG_ADD_RESULTS_TO(table)                                                                                       \
	"INSERT INTO " table " (series_id, ts, value, quality, coverage, samples, window_end)"                         \
	" SELECT * FROM unnest($1::int8[], $2::timestamptz[], $3::float8[], $4::int2[], $5::float8[], $6::int4[],"     \
	" $7::timestamptz[])"
/*
 * The same into one partition, by its name (see struct pg_store), as long as
 * it is one: a table that was detached gets nothing.  By way of a row of
 * pg_class, since the server takes the answer of pg_partition_root for a
 * constant where it can.
 */
#define PG_ADD_RESULTS_WHILE_PARTITION(table)                                                                          \
	PG_ADD_RESULTS_TO(table)                                                                                       \
	" WHERE (SELECT pg_partition_root(oid) FROM pg_class WHERE oid = '" table "'::regclass)"                       \
	" = 'local_processing.sample'::regclass"

/* Keys of advisory locks: a database has one set of them, so the first number is this program's. */
#define PG_LOCK_CLASS "1819307120"
enum pg_lock {
	PG_LOCK_SCHEMA = 1,
	PG_LOCK_DEFINITIONS = 2,
	PG_LOCK_RUN = 3,
	PG_LOCK_PARTITIONS = 4,
	PG_LOCK_BACKFILL = 5,
	PG_LOCK_PRUNE = 7, /* taken by drop_partition and drop_sample_partition */
	PG_LOCK_BEGIN = 6  /* of runs that begin: each sees the one before, also where a lock was lost */
};

#endif
