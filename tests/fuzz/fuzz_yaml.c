/* libFuzzer: any bytes as YAML; what can be read must be written as JSON and come back the same. */
#include "text/json_tree.h"
#include "text/yaml.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lp_arena arena = { 0 };
	struct lp_problems problems = { 0 };
	struct lp_yaml_node *root;
	struct lp_text json = { 0 };
	const struct lp_yaml_node *culprit;
	bool good = lp_yaml_read("fuzz", (const char *)data, size, &arena, &root, &problems);
	/* What is refused is refused with a reason, and nothing else is. */
	assert(good == (problems.count == 0));
	if (root != NULL && lp_json_write(root, &json, &culprit)) {
		const struct lp_yaml_node *again = lp_json_read(json.data, &arena);
		assert(again != NULL);
		assert(strcmp(json.data, lp_json_canonical(json.data, &arena)) == 0);
	}
	lp_text_free(&json);
	lp_problems_free(&problems);
	lp_arena_free(&arena);
	return 0;
}
