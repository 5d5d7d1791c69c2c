/*
 * libFuzzer: any bytes as a file of definitions.  What is accepted must be
 * written as YAML that is accepted again and makes no difference.
 */
#include "definition/definition.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lp_rule_input x_input[] = { { .name = "x", .lookback = LP_MINUTE } };
static struct lp_rule_input many_inputs[] = { { .name = "series", .many = true } };
static struct lp_rule_parameter parameters[] = {
	{ .name = "factor", .type = LP_PARAMETER_FLOAT, .nullable = true, .default_value = "1" },
	{ .name = "mode", .type = LP_PARAMETER_TEXT, .default_value = "\"a\"", .choices = "[\"a\",\"b\"]" },
	{ .name = "any", .type = LP_PARAMETER_ANY, .default_value = "null" },
};
static const char *outputs[] = { "mean", "spread" };
static struct lp_rule rules[] = {
	{ .name = "mean", .inputs = x_input, .input_count = 1, .parameters = parameters, .parameter_count = 3 },
	{ .name = "spread", .inputs = x_input, .input_count = 1, .outputs = outputs, .output_count = 2 },
	{ .name = "sum", .inputs = many_inputs, .input_count = 1 },
};
static const struct lp_rule_catalogue catalogue = { .rules = rules, .count = 3 };

static bool read_bytes(const char *data, size_t size, struct lp_definitions *definitions)
{
	struct lp_problems problems = { 0 };
	struct lp_error error = { 0 };
	char path[64];
	const char *file = path;
	const struct lp_definition_files files = {
		.names = &file, .count = 1, .catalogue = &catalogue, .default_zone = "UTC"
	};
	int descriptor = memfd_create("definitions", MFD_CLOEXEC);
	assert(descriptor >= 0);
	ssize_t written = write(descriptor, data, size);
	assert(written == (ssize_t)size);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
	bool good = lp_definitions_read(&files, definitions, &problems, &error);
	assert(good == (problems.count == 0));
	lp_problems_free(&problems);
	(void)close(descriptor);
	return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lp_definitions definitions, again;
	if (read_bytes((const char *)data, size, &definitions)) {
		struct lp_error error = { 0 };
		struct lp_difference difference;
		char *yaml = NULL;
		size_t length = 0;
		FILE *stream = open_memstream(&yaml, &length);
		bool good = lp_definitions_write(&definitions, stream, &error);
		assert(good);
		(void)fclose(stream);
		good = read_bytes(yaml, length, &again);
		assert(good);
		lp_definitions_compare(&again, &definitions, true, &difference);
		assert(difference.unchanged == definitions.series_count + definitions.calculation_count);
		assert(difference.changes.ranked_count == 0 && difference.changes.deleted_count == 0);
		lp_difference_free(&difference);
		lp_definitions_free(&again);
		free(yaml);
	}
	lp_definitions_free(&definitions);
	return 0;
}
