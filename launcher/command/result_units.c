/*
 * For `apply` and `check`: the units of what the built-in rules will return
 * against those that the outputs are declared with.  What cannot be converted
 * would fail window by window.
 */
#include "command/command.h"

#include "definition/definition.h"
#include "rules/rules.h"
#include "text/json_tree.h"
#include <stdlib.h>
#include <string.h>

struct unit_of {
	const char *series, *unit;
};

struct units {
	struct unit_of *items; /* sorted by series */
	size_t count;
};

static int by_series(const void *one, const void *other)
{
	return strcmp(((const struct unit_of *)one)->series, ((const struct unit_of *)other)->series);
}

static struct units units_of(const struct lp_definitions *definitions)
{
	struct units units = { .items = lp_allocate(definitions->series_count * sizeof *units.items + 1) };
	for (size_t i = 0; i < definitions->series_count; i++)
		units.items[units.count++] =
			(struct unit_of){ definitions->series[i].name, definitions->series[i].unit };
	qsort(units.items, units.count, sizeof *units.items, by_series);
	return units;
}

static const char *find_unit(const struct units *units, const char *series)
{
	struct unit_of key = { .series = series };
	const struct unit_of *found =
		units->count == 0 ? NULL : bsearch(&key, units->items, units->count, sizeof key, by_series);
	return found == NULL ? NULL : found->unit;
}

struct units_check {
	struct units wanted, stored;
	struct lp_problems *problems;
};

/* Returns the unit that a series will have: what the files say, else what is stored; "": not known. */
static const char *unit_to_be(const struct units_check *check, const char *series)
{
	const char *unit = find_unit(&check->wanted, series);
	if (unit == NULL)
		unit = find_unit(&check->stored, series);
	return unit == NULL ? "" : unit;
}

static bool is_number(const struct lp_yaml_node *node, double number)
{
	return node == NULL || (node->type == LP_YAML_INT && (double)node->value.integer == number) ||
	       (node->type == LP_YAML_FLOAT && node->value.number == number);
}

static const char *text_of(const struct lp_yaml_node *parameters, const char *name)
{
	const struct lp_yaml_node *node = lp_yaml_get(parameters, name);
	return node != NULL && node->type == LP_YAML_TEXT ? node->text : NULL;
}

/*
 * These are the built-in rules of app/local_processing/builtin.py; what they
 * return is in the unit `to_unit`, or in the output's.
 */
static bool check_convert(const struct lp_yaml_node *parameters, const char *input, const char *output,
                          struct lp_error *error)
{
	const char *from = text_of(parameters, "from_unit"), *to = text_of(parameters, "to_unit");
	bool named = from != NULL || to != NULL;
	struct lp_quantity result = { .unit = to == NULL ? output : to, .zeros = 1 };
	double scale, offset;
	from = from == NULL ? input : from;
	if ((named ||
	     (is_number(lp_yaml_get(parameters, "scale"), 1) && is_number(lp_yaml_get(parameters, "offset"), 0))) &&
	    from[0] != '\0' && result.unit[0] != '\0' && !lp_unit_conversion(from, result.unit, &scale, &offset, error))
		return false;
	return to == NULL || to[0] == '\0' || output[0] == '\0' || strcmp(to, output) == 0 ||
	       lp_quantity_stored_conversion(&result, output, &scale, &offset, error);
}

static bool check_parameters(const struct lp_calculation *calculation, const struct lp_yaml_node *parameters,
                             const char *input, const char *output, struct lp_error *error)
{
	struct lp_quantity result;
	double scale, offset;
	if (strcmp(calculation->rule, "convert") == 0)
		return check_convert(parameters, input, output, error);
	if (input[0] == '\0' || output[0] == '\0' ||
	    !lp_rule_quantity(calculation->rule, text_of(parameters, "per"), &result))
		return true;
	result.unit = input;
	if (result.per == NULL && result.zeros != 0 && strcmp(input, output) == 0)
		return true;
	return lp_quantity_stored_conversion(&result, output, &scale, &offset, error);
}

static void check_calculation(const struct units_check *check, const struct lp_calculation *calculation,
                              const struct lp_position *position)
{
	static const struct lp_yaml_node none = { .type = LP_YAML_MAP, .text = "" };
	struct lp_arena arena = { 0 };
	struct lp_error error = { 0 };
	const struct lp_yaml_node *parameters;
	const char *input, *output;
	/* Rules of users' files have a dot in their names. */
	if (strchr(calculation->rule, '.') != NULL || calculation->input_count != 1 || calculation->output_count != 1)
		return;
	input = unit_to_be(check, calculation->inputs[0].series);
	output = unit_to_be(check, calculation->outputs[0].series);
	parameters = lp_json_read(calculation->parameters, &arena);
	if (parameters == NULL || parameters->type != LP_YAML_MAP)
		parameters = &none;
	if (!check_parameters(calculation, parameters, input, output, &error))
		lp_problem_add(check->problems, position == NULL ? NULL : position->file,
		               position == NULL ? 0 : position->line, position == NULL ? 0 : position->column,
		               "calculation \"%s\": %s of %s (%s) into %s (%s): %s", calculation->name,
		               calculation->rule, calculation->inputs[0].series, input, calculation->outputs[0].series,
		               output, error.what);
	lp_arena_free(&arena);
}

static bool is_changed(const struct units_check *check, const char *series)
{
	const char *wanted = find_unit(&check->wanted, series), *stored = find_unit(&check->stored, series);
	return wanted != NULL && stored != NULL && strcmp(wanted, stored) != 0;
}

/* Checks stored calculations that no file has, where a file changes the unit of one of their series. */
static void check_others(const struct units_check *check, const struct lp_definitions *wanted,
                         const struct lp_definitions *stored)
{
	struct units names = { .items = lp_allocate(wanted->calculation_count * sizeof *names.items + 1) };
	for (size_t i = 0; i < wanted->calculation_count; i++)
		names.items[names.count++] = (struct unit_of){ wanted->calculations[i].name, "" };
	qsort(names.items, names.count, sizeof *names.items, by_series);
	for (size_t i = 0; i < stored->calculation_count; i++) {
		const struct lp_calculation *calculation = &stored->calculations[i];
		if (calculation->input_count == 1 && calculation->output_count == 1 &&
		    find_unit(&names, calculation->name) == NULL &&
		    (is_changed(check, calculation->inputs[0].series) ||
		     is_changed(check, calculation->outputs[0].series)))
			check_calculation(check, calculation, NULL);
	}
	free(names.items);
}

bool lp_command_check_units(const struct lp_definitions *wanted, const struct lp_definitions *stored, bool prune,
                            struct lp_problems *problems)
{
	static const struct lp_definitions none;
	struct units_check check = { .wanted = units_of(wanted == NULL ? &none : wanted),
		                     .stored = units_of(stored == NULL ? &none : stored),
		                     .problems = problems };
	size_t before = problems->count;
	if (wanted == NULL) {
		for (size_t i = 0; stored != NULL && i < stored->calculation_count; i++)
			check_calculation(&check, &stored->calculations[i], NULL);
	} else {
		for (size_t i = 0; i < wanted->calculation_count; i++)
			check_calculation(&check, &wanted->calculations[i], &wanted->calculation_positions[i]);
		if (stored != NULL && !prune)
			check_others(&check, wanted, stored);
	}
	free(check.wanted.items);
	free(check.stored.items);
	return problems->count == before;
}
