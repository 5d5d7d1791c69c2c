/*
 * Samples in databases of PostgreSQL, for a store that is none: read through a
 * store of their own, of which the functions that read samples can be called,
 * and lp_store_check_tables.
 */
#ifndef LP_STORE_ELSEWHERE_H
#define LP_STORE_ELSEWHERE_H

#include "store/store.h"

/* What a store knows of where the samples of a series are. */
struct lp_located {
	const char *key, *name;
	const char *table; /* that the definition names; "": none */
	bool is_result, shadow;
};

/* How the store is asked for it. */
struct lp_locator {
	/* Fills what is known of series, in their order. Texts go to the arena. */
	bool (*locate)(void *context, const int64_t *ids, size_t count, struct lp_arena *arena,
	               struct lp_located *located, struct lp_error *error);
	/* Lists the ids of all series, ascending. */
	bool (*list)(void *context, struct lp_arena *arena, int64_t **ids, size_t *count, struct lp_error *error);
	void *context;
};

/* Makes it of the mappings of these options; nothing is connected to before it is read from. */
struct lp_store *lp_elsewhere_new(const struct lp_store_options *options, const struct lp_locator *locator);
/* Finds of each series whether its samples are there. */
bool lp_elsewhere_find(struct lp_store *elsewhere, const int64_t *ids, size_t count, bool *are_there,
                       struct lp_error *error) LP_MUST_CHECK;
/* Fails if the samples of one of these series are there: nothing is written there. */
bool lp_elsewhere_lets_write(struct lp_store *elsewhere, const struct lp_series_samples *many, size_t count,
                             struct lp_error *error) LP_MUST_CHECK;
/* For a run that begins: a database that did not answer is asked again. */
void lp_elsewhere_look_again(void);

#endif
