/*
 * How samples are found in tables of somebody else: plain data, made from the
 * configuration, used by the store. Texts belong to the arena of the list.
 */
#ifndef LP_MODEL_MAPPING_H
#define LP_MODEL_MAPPING_H

#include "model/memory.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The table of series that no calculation writes and that name no other. */
#define LP_SAMPLES_TABLE "samples"
/* The table in which results are, besides this program's own. */
#define LP_RESULTS_TABLE "results"

/* What numbers or words in a column of qualities mean. */
enum lp_codes {
	LP_CODES_OWN,    /* this program's: 0 or NULL good, 1 uncertain, else bad */
	LP_CODES_LISTED, /* what the lists say; any other is bad */
	LP_CODES_OPC_DA, /* bits 6 and 7: 3 good, 1 uncertain */
	LP_CODES_OPC_UA, /* bits 30 and 31: 0 good, 1 uncertain */
};

/* How rows that come late are followed.  Unsaid: not, and each run says so. */
enum lp_late { LP_LATE_UNSAID, LP_LATE_IGNORED, LP_LATE_TRIGGERS, LP_LATE_INGESTION };

/* Codes as SQL compares them: numbers as they are written; NULL: the code may be missing. */
struct lp_code_list {
	const char **items;
	size_t count;
	bool texts; /* some is no number: all are compared as texts */
};

struct lp_mapping {
	const char *name;            /* LP_SAMPLES_TABLE, or its name under `tables` */
	const char *database;        /* address of another database of PostgreSQL; NULL: that of the store */
	const char *table;           /* "schema.table", as SQL reads it */
	const char *query;           /* in place of a table, which is then "the query of NAME"; or NULL */
	const char *keys;            /* of a query: the type of keys */
	const char *series;          /* the column that says which series a row belongs to */
	const char *time;            /* column */
	const char *value;           /* column */
	const char *quality;         /* column, or NULL: every row is good */
	const char *time_zone;       /* of a column without zone, or NULL */
	bool repeated_hour_is_later; /* how times in that zone are read that come twice: else it has none */
	enum lp_codes codes;
	struct lp_code_list good, uncertain;
	enum lp_late late;
	/* Of LP_LATE_INGESTION: the column, how old samples may be that are followed, how far each look reaches back. */
	const char *ingestion_time;
	int64_t look_back, overlap; /* microseconds */
	bool wide;                  /* a column a series */
	/* Of `results`: columns that get what is known of a result; or NULL. */
	const char *coverage, *samples, *window_end;
};

struct lp_mappings {
	struct lp_mapping *items;
	size_t count, capacity;
	struct lp_arena arena;
};

#endif
