/*
 * What a store implements: one struct of callbacks per store.  store.c looks at
 * the address, picks one and forwards; nobody else includes this.
 * The meaning of each is told in store.h, at the function of the same name.
 */
#ifndef LP_STORE_BACKEND_H
#define LP_STORE_BACKEND_H

#include "store/store.h"

struct lp_store_backend {
	const char *name;
	bool (*open)(const struct lp_store_options *options, struct lp_store **store, struct lp_error *error);
	void (*close)(struct lp_store *store);
	const char *(*version)(const struct lp_store *store);
	bool (*schema)(struct lp_store *, struct lp_schema_state *, struct lp_error *);
	bool (*migrate)(struct lp_store *, const struct lp_migrate_options *, lp_migrate_step *, void *,
	                struct lp_error *);
	bool (*begin)(struct lp_store *, struct lp_error *);
	bool (*commit_work)(struct lp_store *, struct lp_error *);
	void (*rollback)(struct lp_store *);
	bool (*each_series)(struct lp_store *, const char *, lp_series_visit *, void *, struct lp_error *);
	bool (*find_series)(struct lp_store *, const char *, struct lp_arena *, struct lp_series *, struct lp_error *);
	bool (*each_calculation)(struct lp_store *, lp_calculation_visit *, void *, struct lp_error *);
	bool (*lock_definitions)(struct lp_store *, struct lp_error *);
	bool (*apply)(struct lp_store *, const struct lp_changes *, struct lp_error *);
	bool (*write_samples)(struct lp_store *, int64_t, const struct lp_column *, struct lp_write_counts *,
	                      struct lp_error *);
	/* Optional: without it, write_samples is called for each. */
	bool (*write_many)(struct lp_store *, const struct lp_series_samples *, size_t, struct lp_write_counts *,
	                   struct lp_error *);
	bool (*read_samples)(struct lp_store *, int64_t, lp_time, lp_time, uint64_t, lp_column_visit *, void *,
	                     struct lp_error *);
	bool (*lock_run)(struct lp_store *, enum lp_run_kind, bool *, struct lp_error *);
	bool (*run_is_active)(struct lp_store *, enum lp_run_kind, bool *, struct lp_error *);
	bool (*begin_run)(struct lp_store *, struct lp_run *, struct lp_error *);
	bool (*hold_run)(struct lp_store *, int64_t, struct lp_error *);
	bool (*end_run)(struct lp_store *, const struct lp_run *, struct lp_error *);
	bool (*each_batch)(struct lp_store *, int32_t, lp_batch_visit *, void *, struct lp_error *);
	bool (*each_pending)(struct lp_store *, lp_time, lp_pending_visit *, void *, struct lp_error *);
	bool (*fail_batch)(struct lp_store *, int64_t, lp_time, const char *, const char *, struct lp_error *);
	bool (*each_edge)(struct lp_store *, int64_t, int64_t, lp_edge_visit *, void *, struct lp_error *);
	bool (*each_changed)(struct lp_store *, lp_time, lp_changed_visit *, void *, struct lp_error *);
	bool (*each_change)(struct lp_store *, struct lp_change_query *, lp_change_visit *, void *, struct lp_error *);
	bool (*find_next_good)(struct lp_store *, struct lp_change *, size_t, lp_time, struct lp_error *);
	bool (*find_rise)(struct lp_store *, const struct lp_rise_query *, lp_time *, struct lp_error *);
	bool (*invalidate)(struct lp_store *, int64_t, lp_time, lp_time, struct lp_error *);
	bool (*each_reader)(struct lp_store *, const int64_t *, size_t, lp_reader_visit *, void *, struct lp_error *);
	bool (*add_owed)(struct lp_store *, const struct lp_owed_range *, size_t, struct lp_error *);
	bool (*cut_owed)(struct lp_store *, const struct lp_owed *, size_t, lp_time, bool *, struct lp_error *);
	bool (*each_owed)(struct lp_store *, enum lp_run_kind, int32_t, lp_owed_visit *, void *, struct lp_error *);
	bool (*drop_owed)(struct lp_store *, enum lp_reason, uint64_t *, struct lp_error *);
	bool (*each_progress)(struct lp_store *, const int64_t *, size_t, lp_progress_visit *, void *,
	                      struct lp_error *);
	bool (*each_blocker)(struct lp_store *, const int64_t *, size_t, lp_time, lp_time, lp_blocker_visit *, void *,
	                     struct lp_error *);
	bool (*each_breaker)(struct lp_store *, lp_breaker_visit *, void *, struct lp_error *);
	bool (*put_breaker)(struct lp_store *, const struct lp_breaker *, struct lp_error *);
	bool (*close_breaker)(struct lp_store *, const char *, struct lp_error *);
	bool (*note_rules)(struct lp_store *, const struct lp_run *, const struct lp_rule_version *, size_t,
	                   lp_rule_version_visit *, void *, struct lp_error *);
	bool (*rule_version)(struct lp_store *, const char *, int64_t, struct lp_arena *, const char **,
	                     struct lp_error *);
	bool (*reopen)(struct lp_store *, struct lp_reopen *, struct lp_error *);
	bool (*each_stored)(struct lp_store *, const int64_t *, size_t, uint64_t, lp_stored_visit *, void *,
	                    struct lp_error *);
	bool (*note_outdated)(struct lp_store *, const struct lp_outdated *, size_t, struct lp_error *);
	bool (*each_outdated)(struct lp_store *, lp_outdated_visit *, void *, struct lp_error *);
	bool (*owe_outdated)(struct lp_store *, const struct lp_outdated *, size_t, struct lp_error *);
	bool (*settle_outdated)(struct lp_store *, struct lp_error *);
	bool (*remove_results)(struct lp_store *, int64_t, lp_time, lp_time, uint64_t *, struct lp_error *);
	bool (*read_places)(struct lp_store *, int64_t, lp_time, bool, struct lp_result_place *, size_t, size_t *,
	                    struct lp_error *);
	bool (*move_results)(struct lp_store *, const struct lp_result_place *, size_t, struct lp_error *);
	bool (*writer)(struct lp_store *, int64_t, int64_t *, struct lp_error *);
	bool (*count_imported)(struct lp_store *, const char *const *, size_t, struct lp_imported *, struct lp_error *);
	bool (*read_batch)(struct lp_store *, struct lp_batch *, struct lp_error *);
	bool (*read_calculations)(struct lp_store *, const int64_t *, size_t, struct lp_batch *, struct lp_error *);
	bool (*fetch)(struct lp_store *, struct lp_batch *, struct lp_share *, struct lp_error *);
	bool (*commit_batch)(struct lp_store *, struct lp_batch *, const struct lp_retry_policy *, bool *,
	                     struct lp_error *);
	bool (*each_status)(struct lp_store *, const struct lp_status_filter *, lp_status_visit *, void *,
	                    struct lp_error *);
	bool (*each_history)(struct lp_store *, const struct lp_history_query *, lp_history_visit *, void *,
	                     struct lp_error *);
	bool (*note_changes)(struct lp_store *, const struct lp_definition_change *, size_t, struct lp_error *);
	bool (*each_definition_change)(struct lp_store *, const char *, lp_definition_change_visit *, void *,
	                               struct lp_error *);
	bool (*each_run)(struct lp_store *, uint32_t, lp_run_visit *, void *, struct lp_error *);
	bool (*prune)(struct lp_store *, struct lp_prune *, struct lp_error *);
	bool (*each_prunable)(struct lp_store *, const char *, lp_time, lp_prunable_visit *, void *, struct lp_error *);
	bool (*prune_samples)(struct lp_store *, const struct lp_prune_series *, size_t, bool, lp_time,
	                      struct lp_pruned_samples *, struct lp_error *);
	bool (*restore_pruned)(struct lp_store *, int64_t, struct lp_window, struct lp_error *);
	bool (*count_samples)(struct lp_store *, const struct lp_count_range *, size_t, uint64_t, uint64_t *,
	                      struct lp_error *);
	bool (*find_lasts)(struct lp_store *, struct lp_last *, size_t, struct lp_error *);
	bool (*each_need)(struct lp_store *, const int64_t *, size_t, lp_need_visit *, void *, struct lp_error *);
	bool (*each_debt)(struct lp_store *, lp_debt_visit *, void *, struct lp_error *);
};

/* The error of a run that is not running any more; returns false. */
bool lp_run_is_over(struct lp_error *error);
/* That of a series which is to be deleted and has samples; returns false. */
bool lp_series_is_held(const char *name, struct lp_error *error);

/* Every store's struct begins with this. */
struct lp_store {
	const struct lp_store_backend *backend;
};

extern const struct lp_store_backend lp_store_postgresql; /* store/postgresql/ */
extern const struct lp_store_backend lp_store_sqlite;     /* store/sqlite/ */

#endif
