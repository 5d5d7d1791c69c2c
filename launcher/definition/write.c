/*
 * Definitions as YAML that reads back to the same: plain ones, templates are
 * not found again.  Knows nothing of stores.
 */
#include "definition/fields.h"
#include "definition/internal.h"

#include "calendar/calendar.h"
#include "text/json.h"
#include "text/json_tree.h"
#include "text/utf8.h"
#include <errno.h>
#include <string.h>

/* Returns true if YAML reads the text back as it is when it stands without quotes, in a flow map too. */
static bool is_plain(const char *text)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_";
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_-.+@() ";
	size_t length = strlen(text);
	struct lp_yaml_node node = { .text = text };
	lp_yaml_resolve(&node);
	return length > 0 && node.type == LP_YAML_TEXT && strchr(first, text[0]) != NULL &&
	       strspn(text, safe) == length && text[length - 1] != ' ' && strstr(text, "---") == NULL;
}

/* JSON's escapes are YAML's in double quotes; some of what JSON lets through means something else to YAML. */
static void add_text(struct lp_text *yaml, const char *text)
{
	struct lp_text quoted = { 0 };
	if (is_plain(text)) {
		lp_text_add(yaml, text, strlen(text));
		return;
	}
	lp_json_quote(&quoted, text);
	lp_text_add(&quoted, "", 1);
	for (const unsigned char *c = (const unsigned char *)quoted.data; *c != 0;) {
		size_t length = lp_utf8_length((const char *)c, 4);
		if (length == 3 && c[0] == 0xe2 && c[1] == 0x80 && (c[2] == 0xa8 || c[2] == 0xa9))
			lp_text_addf(yaml, "\\u20%02x", c[2] == 0xa8 ? 0x28U : 0x29U); /* line breaks to YAML */
		else if (length == 3 && c[0] == 0xef && c[1] == 0xbb && c[2] == 0xbf)
			lp_text_addf(yaml, "\\ufeff");
		else if (length == 3 && c[0] == 0xef && c[1] == 0xbf && c[2] >= 0xbe)
			lp_text_addf(yaml, "\\uff%02x", (unsigned)c[2] + 0x40U);
		else
			lp_text_add(yaml, (const char *)c, length == 0 ? 1 : length);
		c += length == 0 ? 1 : length;
	}
	lp_text_free(&quoted);
}

/* YAML wants a key of more than about a thousand characters announced. */
static void add_key(struct lp_text *yaml, const char *key)
{
	if (strlen(key) > 128)
		lp_text_addf(yaml, "? ");
	add_text(yaml, key);
	lp_text_addf(yaml, strlen(key) > 128 ? " : " : ": ");
}

static void add_block_key(struct lp_text *yaml, const char *key)
{
	if (strlen(key) > 128)
		lp_text_addf(yaml, "? ");
	add_text(yaml, key);
	lp_text_addf(yaml, strlen(key) > 128 ? "\n      : " : ": ");
}

static void add_value(struct lp_text *yaml, const struct lp_yaml_node *node)
{
	const struct lp_yaml_node *culprit;
	bool map = node->type == LP_YAML_MAP;
	if (node->type == LP_YAML_TEXT) {
		add_text(yaml, node->text);
	} else if (map || node->type == LP_YAML_LIST) {
		lp_text_add(yaml, map ? "{" : "[", 1);
		for (size_t i = 0; i < node->count; i++) {
			if (i > 0)
				lp_text_add(yaml, ", ", 2);
			if (map)
				add_key(yaml, node->keys[i]->text);
			add_value(yaml, node->items[i]);
		}
		lp_text_add(yaml, map ? "}" : "]", 1);
	} else if (!lp_json_write(node, yaml, &culprit)) {
		lp_text_addf(yaml, "null"); /* a store has no such number */
	}
}

static void add_json(struct lp_text *yaml, const char *json, struct lp_arena *arena)
{
	const struct lp_yaml_node *node = lp_json_read(json, arena);
	if (node != NULL)
		add_value(yaml, node);
	else
		lp_text_addf(yaml, "{}");
}

static void add_input(struct lp_text *yaml, const struct lp_input *input)
{
	if (lp_input_is_plain(input)) {
		add_text(yaml, input->series);
		return;
	}
	lp_text_addf(yaml, "{series: ");
	add_text(yaml, input->series);
	lp_text_addf(yaml, ", ");
	lp_input_format(input, yaml);
	lp_text_addf(yaml, "}");
}

static void add_inputs(struct lp_text *yaml, const struct lp_calculation *calculation)
{
	lp_text_addf(yaml, "    inputs:\n");
	for (size_t i = 0; i < calculation->input_count; i++) {
		const struct lp_input *input = &calculation->inputs[i];
		lp_text_addf(yaml, "      ");
		add_block_key(yaml, input->name);
		add_input(yaml, input);
		lp_text_addf(yaml, "\n");
	}
}

static void add_outputs(struct lp_text *yaml, const struct lp_calculation *calculation)
{
	if (calculation->output_count == 1 && calculation->outputs[0].name[0] == '\0') {
		lp_text_addf(yaml, "    output: ");
		add_text(yaml, calculation->outputs[0].series);
		lp_text_addf(yaml, "\n");
		return;
	}
	lp_text_addf(yaml, "    outputs:\n");
	for (size_t o = 0; o < calculation->output_count; o++) {
		lp_text_addf(yaml, "      ");
		add_block_key(yaml, calculation->outputs[o].name);
		add_text(yaml, calculation->outputs[o].series);
		lp_text_addf(yaml, "\n");
	}
}

static void add_calculation(struct lp_text *yaml, const struct lp_calculation *calculation, struct lp_text *value,
                            struct lp_arena *arena)
{
	lp_text_addf(yaml, "  - name: ");
	add_text(yaml, calculation->name);
	lp_text_addf(yaml, "\n");
	for (size_t f = 0; f < lp_calculation_field_count; f++) {
		const struct lp_calculation_field *field = &lp_calculation_fields[f];
		value->length = 0;
		field->format(calculation, value);
		lp_text_add(value, "", 1);
		if (field->usual != NULL && strcmp(field->usual, value->data) == 0)
			continue;
		if (field->form == LP_FIELD_ITEMS) {
			if (strcmp(field->name, "inputs") == 0)
				add_inputs(yaml, calculation);
			else
				add_outputs(yaml, calculation);
			continue;
		}
		lp_text_addf(yaml, "    %s: ", field->name);
		if (field->form == LP_FIELD_JSON)
			add_json(yaml, value->data, arena);
		else if (field->form == LP_FIELD_PLAIN)
			add_text(yaml, value->data);
		else
			lp_text_add(yaml, value->data, strlen(value->data));
		lp_text_addf(yaml, "\n");
	}
}

static void add_series(struct lp_text *yaml, const struct lp_series *series, struct lp_arena *arena)
{
	lp_text_addf(yaml, "  - name: ");
	add_text(yaml, series->name);
	if (series->unit[0] != '\0') {
		lp_text_addf(yaml, "\n    unit: ");
		add_text(yaml, series->unit);
	}
	if (series->interval != 0) {
		char interval[32];
		lp_duration_format(series->interval, interval);
		lp_text_addf(yaml, "\n    interval: %s", interval);
	}
	if (series->description[0] != '\0') {
		lp_text_addf(yaml, "\n    description: ");
		add_text(yaml, series->description);
	}
	if (strcmp(series->attributes, "{}") != 0) {
		lp_text_addf(yaml, "\n    attributes: ");
		add_json(yaml, series->attributes, arena);
	}
	if (series->key[0] != '\0') {
		lp_text_addf(yaml, "\n    key: ");
		add_text(yaml, series->key);
	}
	if (series->table[0] != '\0') {
		lp_text_addf(yaml, "\n    table: ");
		add_text(yaml, series->table);
	}
	lp_text_addf(yaml, "\n");
}

static bool put(struct lp_text *yaml, FILE *output, struct lp_error *error)
{
	size_t length = yaml->length;
	yaml->length = 0;
	if (length == 0 || fwrite(yaml->data, 1, length, output) == length)
		return true;
	return lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno, "cannot write the definitions");
}

bool lp_definitions_write(const struct lp_definitions *definitions, FILE *output, struct lp_error *error)
{
	struct lp_text yaml = { 0 }, value = { 0 };
	struct lp_arena arena = { 0 };
	bool good = true;
	lp_text_addf(&yaml, "%s", definitions->series_count == 0 ? "series: []\n" : "series:\n");
	for (size_t i = 0; i < definitions->series_count && good; i++) {
		lp_arena_empty(&arena);
		add_series(&yaml, &definitions->series[i], &arena);
		good = put(&yaml, output, error);
	}
	lp_text_addf(&yaml, "%s", definitions->calculation_count == 0 ? "\ncalculations: []\n" : "\ncalculations:\n");
	for (size_t i = 0; i < definitions->calculation_count && good; i++) {
		lp_arena_empty(&arena);
		add_calculation(&yaml, &definitions->calculations[i], &value, &arena);
		good = put(&yaml, output, error);
	}
	good = good && put(&yaml, output, error);
	if (good && fflush(output) != 0)
		good = lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno, "cannot write the definitions");
	lp_text_free(&yaml);
	lp_text_free(&value);
	lp_arena_free(&arena);
	return good;
}
