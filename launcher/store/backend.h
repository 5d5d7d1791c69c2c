/*
 * What a store implements: one struct of callbacks per store. store.c looks at
 * the address, picks one and forwards; no other room includes this. store.h says
 * what each callback does, at the function of the same name.
 */
#ifndef LP_STORE_BACKEND_H
#define LP_STORE_BACKEND_H

#include "store/store.h"

/*
 * Every field is required but `settings`.  A store belongs to one thread at a
 * time, which calls all of its callbacks; several stores work at the same time.
 */
struct lp_store_backend {
	/* What its addresses begin with; the last one is NULL. */
	const char *const *prefixes;
	bool settings;   /* an address may be key=value pairs as well */
	bool is_file;    /* what follows the prefix is a file's name */
	bool one_writer; /* transactions that write wait for each other: see lp_store_has_one_writer */

	/* Called by the thread that the store will belong to. Does not check the schema's version: the door does. */
	bool (*open)(const struct lp_store_options *options, struct lp_store **store, struct lp_error *error);
	void (*close)(struct lp_store *store);
	/* Called by any thread. */
	const char *(*version)(const struct lp_store *store);
	/* Called by main threads, around what a person or the beginning of a run writes. */
	bool (*begin)(struct lp_store *store, struct lp_error *error);
	bool (*commit_work)(struct lp_store *store, struct lp_error *error);
	void (*rollback)(struct lp_store *store);
	void (*unlock_run)(struct lp_store *store);
#define CALLBACK(name, parameters, arguments) bool(*name) parameters;
#include "store/callbacks.table"
};

/* Fills the error of a run that is no longer running; returns false. */
bool lp_run_is_over(struct lp_error *error);
/* Fills the error of a series that is to be deleted and has samples; returns false. */
bool lp_series_is_held(const char *name, struct lp_error *error);

/* Returns the backend that an address names; NULL: none. */
const struct lp_store_backend *lp_store_backend_of(const char *address);

/* Every store's struct begins with this. */
struct lp_store {
	const struct lp_store_backend *backend;
};

extern const struct lp_store_backend lp_store_postgresql; /* store/postgresql/ */
extern const struct lp_store_backend lp_store_sqlite;     /* store/sqlite/ */

#endif
