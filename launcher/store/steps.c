/* Goes through the steps of a schema.  Knows how their files are named, not what is in them. */
#include "store/steps.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "schema/postgresql/002_partitions.sql" is version 2, "partitions". */
bool lp_step_next(const char *prefix, struct lp_step *step)
{
	const char *name;
	char *rest;

	step->file = lp_embedded_next(prefix, step->file);
	if (step->file == NULL)
		return false;
	name = step->file->name + strlen(prefix);
	step->version = (int32_t)strtol(name, &rest, 10);
	assert(step->version > 0 && *rest == '_');
	snprintf(step->description, sizeof step->description, "%.*s", (int)strcspn(rest + 1, "."), rest + 1);
	for (char *at = step->description; *at != '\0'; at++)
		if (*at == '_')
			*at = ' ';
	return true;
}

int32_t lp_step_newest(const char *prefix)
{
	struct lp_step step = { .file = NULL };
	int32_t newest = 0;

	while (lp_step_next(prefix, &step))
		newest = step.version;
	assert(newest > 0);
	return newest;
}

bool lp_step_works_with(const char *prefix, int32_t present, struct lp_error *error)
{
	int32_t newest = lp_step_newest(prefix);

	if (present <= newest + 1)
		return true;
	lp_fail(error, LP_EXIT_CONFIGURATION,
	        "the schema has version %d, this program knows %d and works with %d at most", present, newest,
	        newest + 1);
	return lp_hint(error, "A newer release of local-processing made it: use that one.");
}

const char *lp_step_program_version(void)
{
	const struct lp_embedded *file = lp_embedded_find("version");

	return file != NULL ? (const char *)file->data : "unknown";
}
