/* libFuzzer: any lines as variables of the environment, NAME=value; LOCAL_PROCESSING_ stands before each. */
#include "config/config.h"
#include "model/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VARIABLES_MOST = 64 };

/* What names a file to read is left out: what is in it is read as any value is. */
static bool names_a_file(const char *line)
{
	const char *end = strchr(line, '=');
	size_t length = end == NULL ? strlen(line) : (size_t)(end - line);
	return (length >= 5 && strncmp(line + length - 5, "_FILE", 5) == 0) || strncmp(line, "CONFIG=", 7) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *variables[VARIABLES_MOST + 1] = { NULL }, **before = environ;
	char *lines = lp_format_text("%.*s", (int)(size < 65536 ? size : 65536), (const char *)data);
	size_t count = 0;
	for (char *line = strtok(lines, "\n"); line != NULL && count < VARIABLES_MOST; line = strtok(NULL, "\n"))
		if (!names_a_file(line))
			variables[count++] = lp_format_text("LOCAL_PROCESSING_%s", line);
	struct lp_config config;
	struct lp_problems problems = { 0 };
	struct lp_error error = { 0 };
	environ = variables;
	bool good = lp_config_load(NULL, true, &config, &problems, &error);
	environ = before;
	/* What is refused is refused with a reason, and nothing else is. */
	assert(good == (problems.count == 0));
	assert(good == (error.exit == LP_EXIT_OK));
	lp_config_free(&config);
	lp_problems_free(&problems);
	for (size_t i = 0; i < count; i++)
		free(variables[i]);
	free(lines);
	return 0;
}
