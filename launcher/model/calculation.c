/* Names of states and reasons. */
#include "model/calculation.h"

#include <assert.h>
#include <string.h>

static const char *const state_names[LP_STATE_COUNT] = {
#define STATE(name, number, word, failure, meaning) [number] = (word),
#include "model/state.table"
};

static const bool state_failures[LP_STATE_COUNT] = {
#define STATE(name, number, word, failure, meaning) [number] = (failure),
#include "model/state.table"
};

static const char *const reason_names[LP_REASON_COUNT] = {
#define REASON(name, number, word, meaning) [number] = (word),
#include "model/reason.table"
};

const char *const lp_result_time_names[2] = { "start", "end" };
const char *const lp_missed_names[2] = { "catch_up", "skip" };
const char *const lp_mode_names[2] = { "live", "shadow" };

const char *lp_reason_name(enum lp_reason reason)
{
	assert(reason < LP_REASON_COUNT);
	return reason_names[reason];
}

const char *lp_state_name(enum lp_state state)
{
	assert(state < LP_STATE_COUNT);
	return state_names[state];
}

bool lp_state_parse(const char *name, enum lp_state *state)
{
	for (int i = 0; i < LP_STATE_COUNT; i++) {
		if (strcmp(name, state_names[i]) == 0) {
			*state = (enum lp_state)i;
			return true;
		}
	}
	return false;
}

bool lp_state_is_failure(enum lp_state state)
{
	assert(state < LP_STATE_COUNT);
	return state_failures[state];
}

bool lp_state_is_costly(enum lp_state state)
{
	return state == LP_STATE_TIMED_OUT || state == LP_STATE_CRASHED;
}
