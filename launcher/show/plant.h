/*
 * A plant as a page shows it: every calculation with its state, what it cost in a
 * period and whom it reads, the runs of that period, and failures that are the
 * same.  Gathered in memory once; the room's own.
 */
#ifndef LP_SHOW_PLANT_H
#define LP_SHOW_PLANT_H

#include "show/show.h"

/* What is kept, at most; what is left out is counted and told. */
enum {
	LP_PLANT_ROWS_MOST = 20000,      /* calculations that do not fail, and as many that do */
	LP_PLANT_RUNS_MOST = 1500,       /* a day of minutes, and some backfills */
	LP_PLANT_MESSAGE_MOST = 1000,    /* bytes of a message */
	LP_PLANT_SERIES_MOST = 25000,    /* samples read for one chart */
	LP_PLANT_SAMPLES_MOST = 2000000, /* for all charts together */
};

struct lp_plant_row {
	struct lp_status status; /* texts in the arena */
	const char *waits;
	int64_t lag;   /* microseconds that it is behind; 0: it is not; < 0: not known */
	int32_t rule;  /* among the plant's */
	int32_t label; /* its set of labels among the plant's */
	int32_t group; /* among the failures; -1: it does not fail */
	/* In the period: windows, those of them that failed, nanoseconds, those of the longest. */
	uint64_t windows, failed;
	int64_t spent, worst;
	const struct lp_input *inputs;
	const struct lp_output *outputs;
	size_t input_count, output_count;
	const char *parameters, *description;
	bool detailed;
};

struct lp_plant_rule {
	const char *name;
	uint64_t calculations, windows, failed, samples_read;
	int64_t spent, worst;
};

/* Calculations that fail in the same way: the rule, the type, and the message but for numbers and what is in quotes. */
struct lp_plant_group {
	const char *key;
	size_t example; /* a row */
	uint64_t count;
	lp_time since; /* of the one that has failed for longest */
};

struct lp_plant_series {
	const char *name;
	int64_t id;
};

/* A past window of a calculation that is shown in detail. */
enum { LP_PLANT_HISTORY_MOST = 60 };
struct lp_plant_past {
	int64_t id;
	struct lp_history items[LP_PLANT_HISTORY_MOST]; /* the newest are kept, in a ring */
	size_t next, count;
};

struct lp_plant {
	const struct lp_plant_query *query;
	struct lp_arena arena;
	lp_time now, tick;   /* tick: of the newest run of a minute that is stored; LP_TIME_NONE: there was none */
	lp_time from, to;    /* the period */
	struct lp_run *runs; /* newest first */
	size_t run_count, run_capacity;
	uint64_t runs_of_period;
	struct lp_run last; /* the newest of a minute */
	bool has_last;
	struct lp_plant_row *rows; /* by name */
	size_t row_count, row_capacity;
	/* Of those that are live; what is in shadow counts by itself. */
	uint64_t states[LP_STATE_COUNT], failing;
	uint64_t calculations, shadow, shadow_failing; /* calculations: of both */
	struct lp_plant_rule *rules;
	size_t rule_count, rule_capacity;
	const char **labels;
	size_t label_count, label_capacity;
	struct lp_plant_group *groups;
	size_t group_count;
	struct lp_plant_series *series; /* that inputs and outputs have, by name; one in shadow has its name too */
	size_t series_count;
	struct lp_plant_past *past; /* by id */
	size_t past_count;
	size_t *by_id; /* rows in the order of their ids */
	bool is_exact; /* charts are of the period; else they go back some windows at least */
};

/* How many samples may still be read: of one series, and of all. */
struct lp_plant_left {
	uint64_t series, all;
};

bool lp_plant_read(struct lp_plant *plant, const struct lp_plant_query *query, struct lp_error *error) LP_MUST_CHECK;
/* Reads one calculation, which is shown in detail, with its past windows; of runs the newest alone. */
bool lp_plant_read_one(struct lp_plant *plant, const struct lp_plant_query *query, const char *name,
                       struct lp_error *error) LP_MUST_CHECK;
void lp_plant_free(struct lp_plant *plant);
/* plant_rows.c: finds rows by id, once they are indexed. */
void lp_plant_index_rows(struct lp_plant *plant);
/* The row of a calculation; NULL: it has none. */
struct lp_plant_row *lp_plant_row_of(const struct lp_plant *plant, int64_t id);

/* plant_choice.c: marks what is shown in detail: what a name is given of, then the most interesting. */
bool lp_plant_choose_details(struct lp_plant *plant, struct lp_error *error) LP_MUST_CHECK;

/* plant_costs.c: goes through the outcomes of the period; details are marked by then. */
bool lp_plant_add_costs(struct lp_plant *plant, struct lp_error *error) LP_MUST_CHECK;
struct lp_plant_past *lp_plant_past_of(const struct lp_plant *plant, int64_t id);
/* plant_groups.c: puts failures that are the same together, the largest group first. */
void lp_plant_add_groups(struct lp_plant *plant);

/* plant_detail.c: adds one calculation that is shown in detail, the members of an object. */
bool lp_plant_show_detail(struct lp_document *document, const struct lp_plant *plant, const struct lp_plant_row *row,
                          struct lp_plant_left *left, struct lp_error *error) LP_MUST_CHECK;
/* plant_chart.c: adds a series over time. */
struct lp_plant_chart {
	const char *series, *unit, *role; /* "input", "output" */
	int64_t series_id, step;          /* step: microseconds from one sample to the next, at most; 0: not known */
	struct lp_window range;
};
bool lp_plant_show_chart(struct lp_document *document, const struct lp_plant *plant, const struct lp_plant_chart *chart,
                         struct lp_plant_left *left, struct lp_error *error) LP_MUST_CHECK;
/* The place of a series among those of the plant. */
size_t lp_plant_series_at(const struct lp_plant *plant, const char *name, int64_t id);
/* Adds milliseconds since 1970; LP_TIME_NONE: null. */
void lp_plant_add_time(struct lp_text *json, const char *name, lp_time time);

#endif
