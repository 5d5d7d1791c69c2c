/*
 * A calculation: rule, inputs, parameters, outputs and schedule. Texts belong to
 * the maker of the struct, usually an arena.
 */
#ifndef LP_MODEL_CALCULATION_H
#define LP_MODEL_CALCULATION_H

#include "model/series.h"

struct lp_input {
	const char *name; /* a parameter of the rule's function */
	int64_t series_id;
	const char *series; /* name of the series */
	const char *unit;
	const char *attributes;  /* JSON, as in struct lp_series */
	int64_t interval;        /* of the series: see struct lp_series */
	struct lp_window pruned; /* of the series: see struct lp_series */
	/* microseconds before its range in which the last sample is fetched as well; 0: none */
	int64_t lookback;
	/*
	 * What is read of the series for a window: the window moved by shift; or, with
	 * `window`, that length up to where the moved one ends. On the calendar of the
	 * schedule's zone.
	 */
	struct lp_span window; /* count 0: the calculation's window */
	struct lp_span shift;  /* -1 week: the same hours of last week; 24 hours: a forecast; count 0: none */
};

/*
 * An input that looks back this far belongs to a meter: what it counted during
 * months of silence is in no window otherwise. One of its readings may be wrong
 * (a device that boots answers 0), and only an earlier reading shows that. So if
 * the range has a rise to more than LP_METER_RISE times the value before, up to
 * LP_METER_SAMPLES good samples before the range are fetched, not only the last.
 * For rules that count; see lp_series_increase().
 */
#define LP_METER_LOOKBACK (400 * LP_DAY)
#define LP_METER_RISE     8.9 /* from below a tenth of the reading back to nine tenths, and a bit less */
enum { LP_METER_SAMPLES = 1000 };
/* True if more samples before the range are needed than the one that is known. */
bool lp_input_needs_earlier(const struct lp_input *input, const struct lp_column *column,
                            const struct lp_column *previous);
/*
 * Returns how far back the sample before the range is searched, once the range
 * is known. If that has only missing samples, the search ends after a day;
 * otherwise a sensor that reports NaN for a year would be searched through every
 * minute.
 */
int64_t lp_input_lookback(const struct lp_input *input, const struct lp_column *column);

struct lp_output {
	const char *name; /* "" if the rule returns one thing */
	int64_t series_id;
	const char *series;
	const char *unit;
	/*
	 * Where the results of a window lie: from its end + results_from to before its
	 * end + results_to, for all that were ever stored in the series. Both 0:
	 * unknown.
	 */
	int64_t results_from, results_to;
};

/* The state of a calculation. Outcomes store the number, everything else the word. */
enum lp_state {
#define STATE(name, number, word, failure, meaning) LP_STATE_##name = (number),
#include "model/state.table"
	LP_STATE_COUNT
};

const char *lp_state_name(enum lp_state state); /* "no_data" */
bool lp_state_parse(const char *name, enum lp_state *state);
bool lp_state_is_failure(enum lp_state state); /* it is reported to people */
bool lp_state_is_costly(enum lp_state state);  /* timed out or crashed: it has cost a process */

/* Why a window is computed. Outcomes and owed ranges store the number. */
enum lp_reason {
#define REASON(name, number, word, meaning) LP_REASON_##name = (number),
#include "model/reason.table"
	LP_REASON_COUNT
};
const char *lp_reason_name(enum lp_reason reason); /* "catch-up", "late samples" */

/* The end of a window at which a number is stored. */
enum lp_result_time { LP_RESULT_AT_START, LP_RESULT_AT_END };
extern const char *const lp_result_time_names[2]; /* "start", "end" */
extern const char *const lp_missed_names[2];      /* "catch_up", "skip" */

/*
 * Whether people have taken over what a calculation computes. The results of one
 * in shadow go to series of their own, of the same names, which only others in
 * shadow read.
 */
enum lp_mode { LP_MODE_LIVE, LP_MODE_SHADOW };
extern const char *const lp_mode_names[2]; /* "live", "shadow" */

/* The range of memory_limit in bytes, in the configuration and of a calculation. */
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
	enum lp_mode mode;   /* stored beside the definition: `apply` says that of a new one, and leaves it then */
	bool says_mode;      /* of a file: it does, and `mode` is not the default for new ones */
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
	enum lp_state state; /* of the last window that was computed */
	int64_t generation;  /* of its batch when it was read: see struct lp_batch_head */
};

#endif
