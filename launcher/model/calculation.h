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
	const char *attributes; /* JSON, as in struct lp_series */
	int64_t lookback;       /* microseconds before the window in which the last sample is fetched too; 0: none */
};

struct lp_output {
	const char *name; /* "" where the rule returns one thing */
	int64_t series_id;
	const char *series;
	const char *unit;
};

/* Where a calculation stands.  Stored as these numbers in outcomes, as these words everywhere else. */
enum lp_state {
	LP_STATE_NEW = 0, /* no window computed yet */
	LP_STATE_OK = 1,
	LP_STATE_NO_DATA = 2,     /* the rule returned None */
	LP_STATE_FAILED = 3,      /* the rule raised, or returned what cannot be stored */
	LP_STATE_TIMED_OUT = 4,   /* the rule was still running at its time limit */
	LP_STATE_GIVEN_UP = 5,    /* the last attempt at a window failed as well */
	LP_STATE_DISABLED = 6,    /* by a person */
	LP_STATE_INTERRUPTED = 7, /* the run ended before it came to it; the next one does it */
	LP_STATE_COUNT
};

const char *lp_state_name(enum lp_state state); /* "no_data" */
bool lp_state_parse(const char *name, enum lp_state *state);
/* Whether people are to be told: failed, timed_out, given_up. */
bool lp_state_is_failure(enum lp_state state);

struct lp_calculation {
	int64_t id; /* 0: not stored yet */
	const char *name;
	const char *description;
	const char *rule;       /* "mean", "pump.efficiency" */
	const char *parameters; /* JSON object, canonical */
	const char *labels;     /* JSON object of texts, canonical */
	bool enabled;
	struct lp_schedule schedule;
	lp_time start;      /* windows before it are not computed; LP_TIME_NONE: from the first run on */
	int64_t time_limit; /* microseconds a window may take; 0: the configuration's */
	struct lp_input *inputs;
	size_t input_count;
	struct lp_output *outputs;
	size_t output_count;
	int32_t version; /* of the definition; from 1, one more at each change */
	int32_t rank;    /* 0: reads no other calculation's output; else 1 + the highest rank it reads */

	/* As stored; not part of the definition. */
	enum lp_state state; /* that of the last window computed */
};

#endif
