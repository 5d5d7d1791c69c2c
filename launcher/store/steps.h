/* The steps that make a store's schema: files NNN_name.sql that travel in the executable. */
#ifndef LP_STORE_STEPS_H
#define LP_STORE_STEPS_H

#include "model/embedded.h"
#include "model/error.h"

#include <stdbool.h>
#include <stdint.h>

struct lp_step {
	const struct lp_embedded *file; /* its data is the SQL; NULL: before the first one */
	int32_t version;
	char description[64];
};

/* Goes on to the next step below a prefix such as "schema/sqlite/", from version 1 on; false: there is none. */
bool lp_step_next(const char *prefix, struct lp_step *step);
int32_t lp_step_newest(const char *prefix);
/* Fails, with what to do, if a release later than the next one has made the schema. */
bool lp_step_works_with(const char *prefix, int32_t present, struct lp_error *error) LP_MUST_CHECK;
/* What is noted with a step that was made. */
const char *lp_step_program_version(void);

#endif
