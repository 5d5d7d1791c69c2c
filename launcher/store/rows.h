/*
 * The rows that both stores keep, each described once as data: its columns in
 * their order, and how a field of a struct becomes a column.  PostgreSQL makes
 * an array of each column over many rows, SQLite binds one row at a time, and
 * both read rows back by the same description.  Knows no SQL.
 */
#ifndef LP_STORE_ROWS_H
#define LP_STORE_ROWS_H

#include "store/store.h"

#include <math.h>
#include <stddef.h>

/* What a field is, and what is stored of it. */
enum lp_kind {
	LP_KIND_ID,                 /* int64_t or uint64_t */
	LP_KIND_ID_OR_NULL,         /* the same; 0: NULL */
	LP_KIND_INTEGER,            /* int32_t, uint32_t or an enum */
	LP_KIND_SMALL,              /* the same, stored in two bytes */
	LP_KIND_COUNT,              /* uint32_t, stored in eight bytes */
	LP_KIND_BOOL,               /* bool */
	LP_KIND_TIME,               /* lp_time; LP_TIME_NONE: NULL */
	LP_KIND_FIRST_GONE,         /* lp_time, the start of what is pruned; NULL: 0 */
	LP_KIND_LAST_GONE,          /* lp_time, the end of what is pruned; stored is the time of the last sample */
	LP_KIND_MICROSECONDS,       /* int64_t nanoseconds, rounded to the nearest microsecond: here and nowhere else */
	LP_KIND_SHORT_MICROSECONDS, /* the same in four bytes: more than 35 minutes are stored as that */
	LP_KIND_QUALITY,            /* uint8_t; good: NULL */
	LP_KIND_DOUBLE,             /* double */
	LP_KIND_SHARE,              /* double, stored as a float; NaN: NULL */
	LP_KIND_TEXT,               /* const char *; NULL: NULL */
	LP_KIND_TEXT_OR_EMPTY,      /* the same, never NULL: "" */
	LP_KIND_JSON,               /* the same, an object: "{}" */
	LP_KIND_ZONE,               /* char[48], filled up with zero bytes */
	LP_KIND_STATE,              /* enum lp_state, stored as its name */
	LP_KIND_RUN_KIND,           /* enum lp_run_kind, stored as its name */
	LP_KIND_RESULT_TIME,        /* enum lp_result_time, stored as its name */
	LP_KIND_MISSED,             /* enum lp_missed, stored as its name */
	LP_KIND_MODE,               /* enum lp_mode, stored as its name */
	LP_KIND_SPAN,               /* struct lp_span, stored as the text that people write */
	LP_KIND_SPAN_OR_NULL,       /* the same; count 0: NULL */
	LP_KIND_OFFSET,             /* the same; count 0: a text that says none (SQLite: "") */
	LP_KIND_DELAY,              /* int64_t microseconds, stored as the text that people write */
	LP_KIND_LIMIT,              /* the same; 0: NULL */
	LP_KIND_LENGTH,             /* the same; 0: NULL.  SQLite: a number */
	LP_KIND_WITHIN,             /* the same; LP_NEVER: "never".  SQLite: a number, 0 too */
	LP_KIND_REACH, /* struct lp_span, a shift: microseconds that it goes past a window's end, at most */
	LP_KIND_ROW,   /* a struct with columns of its own */
	LP_KIND_NUMBER /* of kinds */
};

struct lp_row_layout;
struct lp_row_column {
	enum lp_kind kind;
	uint32_t offset;                  /* of the field in its struct */
	const struct lp_row_layout *part; /* of LP_KIND_ROW */
};
struct lp_row_layout {
	size_t column_count;
	const struct lp_row_column *columns;
};

#define LP_COLUMN(kind, row, field)                                                                                    \
	{                                                                                                              \
		kind, offsetof(row, field), NULL                                                                       \
	}
#define LP_PART(offset, layout)                                                                                        \
	{                                                                                                              \
		LP_KIND_ROW, offset, &layout                                                                           \
	}
#define LP_LAYOUT(columns)                                                                                             \
	{                                                                                                              \
		sizeof columns / sizeof *columns, columns                                                              \
	}

/* Rows of one layout, one behind the other in memory. */
struct lp_row_array {
	const void *rows;
	size_t row_size, count;
};
#define LP_ROW_ARRAY(rows, count) ((struct lp_row_array){ (rows), sizeof *(rows), (count) })

/* How a kind travels. */
enum lp_type {
	LP_TYPE_BOOL,
	LP_TYPE_INT2,
	LP_TYPE_INT4,
	LP_TYPE_INT8,
	LP_TYPE_TIME,
	LP_TYPE_DOUBLE,
	LP_TYPE_TEXT,
};
extern const enum lp_type lp_kind_types[LP_KIND_NUMBER];

static inline int64_t lp_stored_microseconds(int64_t nanoseconds)
{
	return (nanoseconds + 500) / 1000;
}

/* The value of a field that travels as a bool, an integer or a time; false: NULL. */
static inline bool lp_row_number(enum lp_kind kind, const void *field, int64_t *number)
{
	switch (kind) {
	case LP_KIND_INTEGER:
	case LP_KIND_SMALL:
		*number = *(const int32_t *)field;
		return true;
	case LP_KIND_COUNT:
		*number = *(const uint32_t *)field;
		return true;
	case LP_KIND_BOOL:
		*number = *(const bool *)field;
		return true;
	case LP_KIND_QUALITY:
		*number = *(const uint8_t *)field;
		return *number != LP_QUALITY_GOOD;
	case LP_KIND_MICROSECONDS:
		*number = lp_stored_microseconds(*(const int64_t *)field);
		return true;
	case LP_KIND_SHORT_MICROSECONDS:
		*number = lp_stored_microseconds(*(const int64_t *)field);
		*number = *number > INT32_MAX ? INT32_MAX : *number;
		return true;
	case LP_KIND_REACH:
		*number =
			((const struct lp_span *)field)->count > 0 ? lp_span_limit(*(const struct lp_span *)field) : 0;
		return true;
	case LP_KIND_TIME:
		*number = *(const lp_time *)field;
		return *number != LP_TIME_NONE;
	case LP_KIND_ID_OR_NULL:
	case LP_KIND_LENGTH:
		*number = *(const int64_t *)field;
		return *number != 0;
	default:
		*number = *(const int64_t *)field;
		return true;
	}
}

/* The same of one that travels as a double. */
static inline bool lp_row_double(enum lp_kind kind, const void *field, double *number)
{
	*number = *(const double *)field;
	if (kind != LP_KIND_SHARE)
		return true;
	*number = (double)(float)*number;
	return !isnan(*number);
}

/* The same of one that travels as a text, which may be written to scratch; NULL: NULL. */
enum { LP_ROW_SCRATCH = 32 };
const char *lp_row_text(enum lp_kind kind, const void *field, char scratch[LP_ROW_SCRATCH]);

/* Fills a field from what is stored; is_null: then the number is 0. */
void lp_row_set_number(enum lp_kind kind, void *field, bool is_null, int64_t number);
/* text NULL: NULL.  A field that keeps the pointer to a text gets a copy in the arena; arena NULL: the pointer itself. */
bool lp_row_set_text(enum lp_kind kind, void *field, const char *text, struct lp_arena *arena,
                     struct lp_error *error) LP_MUST_CHECK;

/*
 * layouts.c: which columns a row has, in the order in which statements have
 * them.  A statement may have more columns behind those of a layout.
 */
extern const struct lp_row_layout lp_schedule_layout; /* struct lp_schedule */

/* What a commit writes: see settle.h and owed.h. */
extern const struct lp_row_layout lp_state_layout;           /* struct lp_state_row */
extern const struct lp_row_layout lp_pending_layout;         /* struct lp_pending_row */
extern const struct lp_row_layout lp_pending_key_layout;     /* its first columns: calculation and window */
extern const struct lp_row_layout lp_reach_layout;           /* struct lp_reach */
extern const struct lp_row_layout lp_reach_times_layout;     /* its first columns: series and times */
extern const struct lp_row_layout lp_result_layout;          /* struct lp_result_row */
extern const struct lp_row_layout lp_result_key_layout;      /* of the same: what it is known by */
extern const struct lp_row_layout lp_widened_layout;         /* struct lp_widened */
extern const struct lp_row_layout lp_outcome_layout;         /* struct lp_outcome_row */
extern const struct lp_row_layout lp_outcome_entry_layout;   /* struct lp_outcome_entry */
extern const struct lp_row_layout lp_outcome_version_layout; /* struct lp_outcome_version */
extern const struct lp_row_layout lp_owed_range_layout;      /* struct lp_owed_range */
extern const struct lp_row_layout lp_owed_row_layout;        /* struct lp_owed_row */
extern const struct lp_row_layout lp_owed_move_layout;       /* struct lp_owed_move */
extern const struct lp_row_layout lp_owed_seen_layout; /* of struct lp_owed: what says that it is as it was read */

/* What `apply` writes, and what is read of definitions. */
extern const struct lp_row_layout lp_series_definition_layout; /* struct lp_series */
extern const struct lp_row_layout lp_series_layout;            /* struct lp_series */
extern const struct lp_row_layout lp_definition_layout;        /* struct lp_calculation */
extern const struct lp_row_layout lp_calculation_layout;       /* struct lp_calculation */
extern const struct lp_row_layout lp_input_layout;             /* struct lp_input */
extern const struct lp_row_layout lp_input_definition_layout;  /* struct lp_input */
extern const struct lp_row_layout lp_output_layout;            /* struct lp_output */
extern const struct lp_row_layout lp_output_definition_layout; /* struct lp_output */
extern const struct lp_row_layout lp_compose_batch_layout;     /* struct lp_compose_batch */
extern const struct lp_row_layout lp_new_batch_layout;         /* struct lp_compose_batch */
extern const struct lp_row_layout lp_changed_batch_layout;     /* struct lp_batch_head */
extern const struct lp_row_layout lp_compose_member_layout;    /* struct lp_compose_member */
extern const struct lp_row_layout lp_moved_member_layout;      /* struct lp_compose_member */

/* What runs plan from. */
extern const struct lp_row_layout lp_head_layout;           /* struct lp_batch_head */
extern const struct lp_row_layout lp_pending_window_layout; /* struct lp_pending */
extern const struct lp_row_layout lp_owed_layout;           /* struct lp_owed */
extern const struct lp_row_layout lp_progress_layout;       /* struct lp_progress */
extern const struct lp_row_layout lp_edge_layout;           /* struct lp_edge */
extern const struct lp_row_layout lp_changed_layout;        /* struct lp_changed */
extern const struct lp_row_layout lp_change_layout;         /* struct lp_change */
extern const struct lp_row_layout lp_change_bound_layout;   /* struct lp_change_bound */
extern const struct lp_row_layout lp_change_end_layout;     /* struct lp_change */
extern const struct lp_row_layout lp_reader_layout;         /* struct lp_reader */
extern const struct lp_row_layout lp_need_layout;           /* struct lp_need */
extern const struct lp_row_layout lp_debt_layout;           /* struct lp_debt */
extern const struct lp_row_layout lp_blocker_layout;        /* struct lp_blocker */

/* What people see, and what is kept of rules, results and runs. */
extern const struct lp_row_layout lp_definition_change_note_layout; /* what is written of the next */
extern const struct lp_row_layout lp_definition_change_layout;      /* struct lp_definition_change */
extern const struct lp_row_layout lp_breaker_layout;                /* struct lp_breaker */
extern const struct lp_row_layout lp_imported_file_layout;          /* struct lp_imported_file */
extern const struct lp_row_layout lp_changed_rule_version_layout;   /* struct lp_rule_version */
extern const struct lp_row_layout lp_rule_version_layout;           /* struct lp_rule_version */
extern const struct lp_row_layout lp_stored_layout;                 /* struct lp_stored */
extern const struct lp_row_layout lp_outdated_layout;               /* struct lp_outdated */
extern const struct lp_row_layout lp_outdated_note_layout;          /* struct lp_outdated */
extern const struct lp_row_layout lp_outdated_key_layout;           /* struct lp_outdated */
extern const struct lp_row_layout lp_place_layout;                  /* struct lp_result_place */
extern const struct lp_row_layout lp_place_move_layout;             /* struct lp_result_place */
extern const struct lp_row_layout lp_prunable_layout;               /* struct lp_prunable */
extern const struct lp_row_layout lp_last_layout;                   /* struct lp_last */
extern const struct lp_row_layout lp_count_range_layout;            /* struct lp_count_range */
extern const struct lp_row_layout lp_new_run_layout;                /* struct lp_run */
extern const struct lp_row_layout lp_ended_run_layout;              /* struct lp_run */
extern const struct lp_row_layout lp_run_layout;                    /* struct lp_run */
extern const struct lp_row_layout lp_outcomes_layout;               /* struct lp_outcomes */
extern const struct lp_row_layout lp_arrear_layout;                 /* struct lp_arrear */
extern const struct lp_row_layout lp_status_since_layout;           /* struct lp_status */
extern const struct lp_row_layout lp_status_window_layout;          /* struct lp_status */
extern const struct lp_row_layout lp_status_rest_layout;            /* struct lp_status */

#endif
