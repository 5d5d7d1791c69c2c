/*
 * Results set beside others: two streams in the order of series and time are
 * merged, so that memory does not grow with them. Knows no command line and
 * prints nothing.
 */
#ifndef LP_COMMAND_COMPARISON_H
#define LP_COMMAND_COMPARISON_H

#include "store/store.h"
#include "text/names.h"

/* What two results of one time are to each other. */
enum lp_likeness {
	LP_LIKE_EQUAL,      /* within the tolerance */
	LP_LIKE_DIFFERENT,  /* they are not */
	LP_LIKE_ONLY_HERE,  /* the other side has none */
	LP_LIKE_ONLY_THERE, /* this side has none */
	LP_LIKE_REPEATED,   /* the other side has one more for the same time */
	LP_LIKE_COUNT
};
extern const char *const lp_likeness_names[LP_LIKE_COUNT];

struct lp_likeness_counts {
	uint64_t of[LP_LIKE_COUNT];
};
/* True if there is nothing but equal results. */
bool lp_likeness_is_equal(const struct lp_likeness_counts *counts);

/* A series to be compared: an output of a calculation. */
struct lp_compared {
	const struct lp_calculation *calculation;
	const char *series;
	int64_t here, there; /* ids in the store; there is not used where rows of somebody else are compared with */
	struct lp_likeness_counts counts;
	bool empty; /* no result is here */
};

/* A result, and the other one. */
struct lp_compared_point {
	const struct lp_compared *of;
	enum lp_likeness likeness;
	lp_time time;
	double here, there; /* NaN: none */
	double difference;  /* relative to the larger one */
	float coverage;     /* of the one that is here; NaN: not known */
	int32_t samples;    /* the same; < 0 */
	lp_time window_end; /* the same; LP_TIME_NONE */
};

/* A group of a summary. */
struct lp_compared_group {
	const char *name; /* of a calculation or a rule, or "2026-03" */
	struct lp_likeness_counts counts;
};
struct lp_compared_groups {
	struct lp_compared_group *items; /* by name */
	size_t count, capacity;
};

enum { LP_COMPARED_WORST_MOST = 1000 };

struct lp_comparison {
	/* In: */
	struct lp_store *store;
	struct lp_store *other;      /* NULL: results of the same store are compared with */
	struct lp_other_query query; /* of rows of somebody else; its series are filled in */
	lp_time from, to;            /* LP_TIME_NONE: from the first result that is here to the last one */
	double absolute, relative;   /* equal: |a - b| <= absolute, or <= relative * the larger one */
	struct lp_compared *items;   /* sorted by this */
	size_t count;
	size_t worst_most;
	/* Called for each point that is not equal; may be NULL. */
	bool (*visit)(void *context, const struct lp_compared_point *point, struct lp_error *error);
	void *context;
	/* Out: */
	struct lp_likeness_counts counts;
	struct lp_compared_groups by_calculation, by_rule, by_month;
	struct lp_compared_point worst[LP_COMPARED_WORST_MOST]; /* the largest differences first */
	size_t worst_count;
	size_t empty; /* series without a result */
	struct lp_arena arena;
};
bool lp_comparison_run(struct lp_comparison *comparison, struct lp_error *error) LP_MUST_CHECK;
void lp_comparison_free(struct lp_comparison *comparison);

#endif
