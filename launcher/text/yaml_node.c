/* See yaml_node.h.  Knows nothing of files. */
#include "text/yaml_node.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *lp_yaml_type_name(enum lp_yaml_type type)
{
	static const char *const names[] = {
		[LP_YAML_NULL] = "nothing",      [LP_YAML_BOOL] = "true or false", [LP_YAML_INT] = "a whole number",
		[LP_YAML_FLOAT] = "a number",    [LP_YAML_TEXT] = "a text",        [LP_YAML_LIST] = "a list",
		[LP_YAML_MAP] = "a map of keys",
	};
	return names[type];
}

const struct lp_yaml_node *lp_yaml_get(const struct lp_yaml_node *map, const char *key)
{
	if (map == NULL || map->type != LP_YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->count; i++)
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	return NULL;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(const char *text)
{
	text += *text == '-' || *text == '+';
	size_t whole = count_digits(text), fraction = 0;
	text += whole;
	if (*text == '.') {
		fraction = count_digits(text + 1);
		text += 1 + fraction;
	}
	if (whole == 0 && fraction == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		size_t exponent = count_digits(text);
		if (exponent == 0)
			return false;
		text += exponent;
	}
	return *text == '\0';
}

static bool read_integer(struct lp_yaml_node *node, const char *digits, int base)
{
	char *end;
	errno = 0;
	node->value.integer = strtoll(digits, &end, base);
	if (*end != '\0' || end == digits)
		return false;
	if (errno == ERANGE) {
		/* A whole number beyond 64 bits keeps its size, not its last digits. */
		if (base != 10)
			return false;
		node->type = LP_YAML_FLOAT;
		node->value.number = strtod(digits, NULL);
		return true;
	}
	node->type = LP_YAML_INT;
	return true;
}

void lp_yaml_resolve(struct lp_yaml_node *node)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const truths[] = { "true", "True", "TRUE", NULL };
	static const char *const lies[] = { "false", "False", "FALSE", NULL };
	static const char *const infinities[] = { ".inf", ".Inf", ".INF", NULL };
	static const char *const not_numbers[] = { ".nan", ".NaN", ".NAN", NULL };
	const char *text = node->text;
	bool is_signed = *text == '-' || *text == '+';

	node->type = LP_YAML_TEXT;
	if (is_one_of(text, nulls)) {
		node->type = LP_YAML_NULL;
	} else if (is_one_of(text, truths) || is_one_of(text, lies)) {
		node->type = LP_YAML_BOOL;
		node->value.truth = is_one_of(text, truths);
	} else if (is_one_of(text + is_signed, infinities)) {
		node->type = LP_YAML_FLOAT;
		node->value.number = *text == '-' ? -(double)INFINITY : (double)INFINITY;
	} else if (is_one_of(text, not_numbers)) {
		node->type = LP_YAML_FLOAT;
		node->value.number = (double)NAN;
	} else if (text[0] == '0' && text[1] == 'o' && text[2] != '\0' &&
	           text[2 + strspn(text + 2, "01234567")] == '\0') {
		if (!read_integer(node, text + 2, 8))
			node->type = LP_YAML_TEXT;
	} else if (text[0] == '0' && text[1] == 'x' && text[2] != '\0' &&
	           text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] == '\0') {
		if (!read_integer(node, text + 2, 16))
			node->type = LP_YAML_TEXT;
	} else if (count_digits(text + is_signed) > 0 &&
	           text[(size_t)is_signed + count_digits(text + is_signed)] == '\0') {
		if (!read_integer(node, text, 10))
			node->type = LP_YAML_TEXT;
	} else if (is_float(text)) {
		node->type = LP_YAML_FLOAT;
		node->value.number = strtod(text, NULL);
	}
}
