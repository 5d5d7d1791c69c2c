/*
 * libFuzzer: any bytes as JSON, which a store may have from anybody. What can be
 * read has one canonical form, and what is quoted can be read.
 */
#include "text/json.h"
#include "text/json_tree.h"
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_canonical(const char *text, struct lp_arena *arena)
{
	if (lp_json_read(text, arena) == NULL)
		return;
	const char *once = lp_json_canonical(text, arena);
	assert(lp_json_read(once, arena) != NULL);
	assert(strcmp(once, lp_json_canonical(once, arena)) == 0);
}

static void try_document(const char *text, struct lp_arena *arena)
{
	struct lp_text json = { 0 };
	lp_json_begin(&json, NULL, "[");
	lp_json_add_text(&json, NULL, text);
	lp_json_end(&json, "]");
	assert(!lp_utf8_has_control(json.data));
	const struct lp_yaml_node *list = lp_json_read(json.data, arena);
	assert(list != NULL && list->count == 1);
	assert(!lp_utf8_is_valid(text) || strcmp(list->items[0]->text, text) == 0);
	lp_text_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lp_arena arena = { 0 };
	const char *text = lp_arena_copy(&arena, (const char *)data, size);
	try_canonical(text, &arena);
	try_document(text, &arena);
	lp_arena_free(&arena);
	return 0;
}
