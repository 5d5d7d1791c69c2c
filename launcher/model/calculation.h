/*
 * A calculation: rule + inputs + parameters + outputs + schedule.
 * Texts belong to whoever made the struct, usually an arena.
 */
#ifndef LP_MODEL_CALCULATION_H
#define LP_MODEL_CALCULATION_H

#include "model/series.h"

struct lp_input {
	const char *name; /* the parameter of the rule's function */
	int64_t series_id;
	const char *series; /* name of the series */
	const char *unit;
	const char *attributes;  /* JSON, as in struct lp_series */
	int64_t interval;        /* of the series: see struct lp_series */
	struct lp_window pruned; /* of the series: see struct lp_series */
	int64_t lookback;        /* microseconds before its range in which the last sample is fetched too; 0: none */
	/*
	 * What of the series is read for a window: that window moved by shift, or
	 * `window` up to where it then ends, on the calendar of the schedule's zone.
	 */
	struct lp_span window; /* count 0: the calculation's window */
	struct lp_span shift;  /* -1 week: the same hours of last week; 24 hours: of a forecast; count 0: none */
};

/*
 * An input that looks back so far is a meter's: what it counted while it was
 * silent for months is in no window otherwise.  A reading of it may be wrong (a
 * device that boots answers 0), and only what it showed before it fell tells;
 * so where the range has a rise to more than LP_METER_RISE times the value
 * before, up to LP_METER_SAMPLES good samples before the range are fetched, not
 * the last one alone.  Rules that count: see lp_series_increase().
 */
#define LP_METER_LOOKBACK (400 * LP_DAY)
#define LP_METER_RISE     8.9 /* from below a tenth of what it showed back to nine tenths, and a bit less */
enum { LP_METER_SAMPLES = 1000 };
/* Whether more samples before the range are needed than the one that is known. */
bool lp_input_needs_earlier(const struct lp_input *input, const struct lp_column *column,
                            const struct lp_column *previous);
/*
 * How far back the sample before the range is looked for, once the range is
 * known: one whose samples are all missing ends the search after a day, so that
 * a sensor that reports nothing but NaN for a year is not gone through each minute.
 */
int64_t lp_input_lookback(const struct lp_input *input, const struct lp_column *column);

/* Microseconds that what it reads comes past the end of the window, at most. */
int64_t lp_input_reach(const struct lp_input *input);

struct lp_output {
	const char *name; /* "" where the rule returns one thing */
	int64_t series_id;
	const char *series;
	const char *unit;
	/*
	 * Where the results of a window lie in time: from its end + results_from to
	 * before its end + results_to, all that were ever stored in the series.
	 * Both 0: none is known.
	 */
	int64_t results_from, results_to;
};

/* Where a calculation stands.  Stored as these numbers in outcomes, as words everywhere else. */
enum lp_state {
#define STATE(name, number, word, failure, meaning) LP_STATE_##name = (number),
#include "model/state.table"
	LP_STATE_COUNT
};

const char *lp_state_name(enum lp_state state); /* "no_data" */
bool lp_state_parse(const char *name, enum lp_state *state);
bool lp_state_is_failure(enum lp_state state); /* people are to be told */
bool lp_state_is_costly(enum lp_state state);  /* timed out or crashed: it has cost a process */

/* Why a window is computed.  Stored as these numbers in outcomes and owed ranges. */
enum lp_reason {
#define REASON(name, number, word, meaning) LP_REASON_##name = (number),
#include "model/reason.table"
	LP_REASON_COUNT
};
const char *lp_reason_name(enum lp_reason reason); /* "catch-up", "late samples" */

/* At which end of its window a number is stored. */
enum lp_result_time { LP_RESULT_AT_START, LP_RESULT_AT_END };
extern const char *const lp_result_time_names[2]; /* "start", "end" */
extern const char *const lp_missed_names[2];      /* "catch_up", "skip" */

/* The least and the most that a memory_limit can be, in the configuration and of a calculation: bytes. */
#define LP_MEMORY_LIMIT_LEAST INT64_C(16000000)
#define LP_MEMORY_LIMIT_MOST  INT64_C(1000000000000)

struct lp_calculation {
	int64_t id; /* 0: not stored yet */
	const char *name;
	const char *description;
	const char *rule;       /* "mean", "pump.efficiency" */
	const char *parameters; /* JSON object, canonical */
	const char *labels;     /* JSON object of texts, canonical */
	bool enabled;
	struct lp_schedule schedule;
	lp_time start;        /* windows before it are not computed; LP_TIME_NONE: from the first run on */
	int64_t time_limit;   /* microseconds a window may take; 0: the configuration's */
	int64_t memory_limit; /* bytes beyond what an idle process has; 0: the configuration's */
	enum lp_result_time result_time;
	double min_coverage; /* 0 to 1: below it a window is no_data and the rule is not called; 0: no limit */
	/* Windows that ended so many microseconds before the tick follow changes of their samples; 0: the configuration's. */
	int64_t recompute_within;
#define LP_NEVER INT64_C(-1)
	struct lp_input *inputs;
	size_t input_count;
	struct lp_output *outputs;
	size_t output_count;
	int32_t version; /* of the definition; from 1, one more at each change */
	int32_t rank;    /* 0: reads no other calculation's output; else 1 + the highest rank it reads */

	/* As stored; not part of the definition. */
	enum lp_state state; /* that of the last window computed */
	int64_t generation;  /* of its batch, when it was read: see struct lp_batch_head */
};

#endif
