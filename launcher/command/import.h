/*
 * The parts of `import`, for its own files: what the user asked for, the rows
 * of a file on their way to samples, and samples on their way to the store.
 *
 * Samples are gathered a series at a time and checked before they are written:
 * a file of up to LP_IMPORT_SAMPLES_MOST samples is checked as a whole before
 * the store is touched.  Of a longer one so many are in memory at once; its
 * parts must then follow one another in time.  Everything is one transaction.
 */
#ifndef LP_COMMAND_IMPORT_H
#define LP_COMMAND_IMPORT_H

#include "calendar/calendar.h"
#include "command/command.h"
#include "config/names.h"
#include "store/store.h"
#include <stdio.h>

enum { LP_IMPORT_SAMPLES_MOST = 4000000 };

struct lp_import_settings {
	const char *time_column, *quality_column; /* NULL: found by name */
	const char *time_format;                  /* NULL: RFC 3339 and what is near to it */
	struct lp_option_values series, units;    /* "COLUMN=NAME", "COLUMN=UNIT" */
	const char *prefix;                       /* "" */
	bool long_form, decimal_comma, dry_run;
	bool restores_pruned; /* what is imported is all that was pruned */
	char delimiter;       /* 0: found out */
	/* For times without an offset: a zone, or local time at a fixed distance from UTC. */
	const struct lp_zone *zone;
	bool fixed;
	int64_t offset;
};

struct lp_import_sample {
	lp_time time;
	double value;
	int line;
	uint8_t quality;
};

/* A series, and what was read for it and is not written yet. */
struct lp_import_series {
	const char *name;
	const char *unit; /* NULL: none was given */
	int64_t id;       /* 0: not looked up yet */
	struct lp_import_sample *samples;
	size_t count, capacity;
	bool written; /* parts of this file, from ... to */
	lp_time written_from, written_to;
	struct lp_window pruned; /* as in struct lp_series, before the import */
	bool any;                /* samples of any file, from first to last */
	lp_time first, last;
};

struct lp_import {
	const struct lp_import_settings *settings;
	struct lp_store *store;
	const char *file; /* for messages */
	struct lp_import_series *series;
	size_t series_count, series_capacity;
	struct lp_names names; /* of the series, to their indices */
	struct lp_arena arena;
	size_t held; /* samples in memory */
	bool begun;  /* a transaction is open */
	struct lp_write_counts counts;
	uint64_t created, missing; /* series made; cells without a number */
	/* Series whose samples were pruned, and that have some again here. */
	uint64_t restored, partly, not_restored;
	const struct lp_import_series *unrestored; /* one of those that were not */
};

/* import_rows.c: reads a file and adds its samples. */
bool lp_import_read(struct lp_import *import, FILE *file, const char *name, struct lp_error *error) LP_MUST_CHECK;

/* import_time.c: a time as the file has it. */
bool lp_import_time(const struct lp_import_settings *settings, const char *text, lp_time *t,
                    struct lp_error *error) LP_MUST_CHECK;

/* import_samples.c */
/* The index of the series of that name, added if it is new. */
size_t lp_import_series_named(struct lp_import *import, const char *name);
bool lp_import_add(struct lp_import *import, size_t series, struct lp_import_sample sample,
                   struct lp_error *error) LP_MUST_CHECK;
/* The file is at its end: writes what is held, and lets the next file be about any time again. */
bool lp_import_end_file(struct lp_import *import, struct lp_error *error) LP_MUST_CHECK;
/* All files are written: what of the series was pruned and is here again, where that was said. */
bool lp_import_restore(struct lp_import *import, struct lp_error *error) LP_MUST_CHECK;
void lp_import_free(struct lp_import *import);

/* The value of "KEY=VALUE" in values for that key, or NULL. */
const char *lp_import_value_for(const struct lp_option_values *values, const char *key);

#endif
