/*
 * A calculation against the signature of its rule.  Knows neither files nor
 * stores: what is stored is checked by it as well as what is read.
 */
#include "definition/internal.h"

#include "calendar/calendar.h"
#include "text/json_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct check {
	const struct lp_calculation *calculation;
	const struct lp_rule *rule;
	lp_check_report *report;
	void *context;
};

static void LP_PRINTF(4, 5) report(const struct check *check, enum lp_part part, size_t index, const char *format, ...)
{
	char what[900];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	check->report(check->context, part, index, what);
}

/* A part of the rule's signature. Its names lie `stride` bytes apart, the first at `first`. */
struct signature {
	enum lp_part part;
	const char *kind;
	const void *first;
	size_t count, stride;
};

static void list_names(const struct signature *signature, char *text, size_t size)
{
	size_t length = 0;
	(void)snprintf(text, size, "none");
	for (size_t i = 0; i < signature->count && length < size; i++) {
		const char *name;
		memcpy(&name, (const char *)signature->first + i * signature->stride, sizeof name);
		length += (size_t)snprintf(text + length, size - length, "%s%s", i == 0 ? "" : ", ", name);
	}
}

static void report_unknown(const struct check *check, const struct signature *signature, size_t index, const char *name)
{
	char known[400];
	const char *nearest = signature->count == 0
	                              ? NULL
	                              : lp_nearest_of(name, signature->first, signature->count, signature->stride);
	list_names(signature, known, sizeof known);
	if (nearest != NULL)
		report(check, signature->part, index, "the rule %s has no %s \"%s\": did you mean %s?",
		       check->rule->name, signature->kind, name, nearest);
	else
		report(check, signature->part, index, "the rule %s has no %s \"%s\": there are %s", check->rule->name,
		       signature->kind, name, known);
}

static void check_inputs(const struct check *check)
{
	const struct lp_calculation *calculation = check->calculation;
	const struct lp_rule *rule = check->rule;
	const struct signature signature = { .part = LP_PART_INPUT,
		                             .kind = "input",
		                             .first = rule->inputs,
		                             .count = rule->input_count,
		                             .stride = sizeof *rule->inputs };
	bool many = false;
	for (size_t r = 0; r < rule->input_count; r++)
		many = many || rule->inputs[r].many;
	for (size_t i = 0; i < calculation->input_count; i++) {
		const char *name = calculation->inputs[i].name;
		bool found = many;
		for (size_t r = 0; r < rule->input_count && !found; r++)
			found = strcmp(rule->inputs[r].name, name) == 0;
		if (!found)
			report_unknown(check, &signature, i, name);
	}
	for (size_t r = 0; r < rule->input_count; r++) {
		bool found = rule->inputs[r].optional || rule->inputs[r].many;
		for (size_t i = 0; i < calculation->input_count && !found; i++)
			found = strcmp(rule->inputs[r].name, calculation->inputs[i].name) == 0;
		if (!found)
			report(check, LP_PART_INPUTS, 0, "the rule %s needs the input %s, which is missing", rule->name,
			       rule->inputs[r].name);
	}
}

static bool type_fits(const struct lp_rule_parameter *parameter, const struct lp_yaml_node *value)
{
	static const unsigned fitting[] = {
#define BIT(type) (1u << LP_YAML_##type)
		[LP_PARAMETER_ANY] = ~0u,        [LP_PARAMETER_BOOL] = BIT(BOOL),
		[LP_PARAMETER_INT] = BIT(INT),   [LP_PARAMETER_FLOAT] = BIT(INT) | BIT(FLOAT),
		[LP_PARAMETER_TEXT] = BIT(TEXT), [LP_PARAMETER_LIST] = BIT(LIST),
		[LP_PARAMETER_DICT] = BIT(MAP),
#undef BIT
	};
	if (value->type == LP_YAML_NULL && parameter->nullable)
		return true;
	return (fitting[parameter->type] & 1u << value->type) != 0;
}

static const char *expected_type(enum lp_parameter_type type)
{
	static const char *const names[] = {
		[LP_PARAMETER_ANY] = "any value",      [LP_PARAMETER_BOOL] = "true or false",
		[LP_PARAMETER_INT] = "a whole number", [LP_PARAMETER_FLOAT] = "a number",
		[LP_PARAMETER_TEXT] = "a text",        [LP_PARAMETER_LIST] = "a list",
		[LP_PARAMETER_DICT] = "a map of keys",
	};
	return names[type];
}

/* Returns true if the value is one of a Literal's. 5 and 5.0 are the same number, as in Python. */
static bool is_chosen(const char *choices, const struct lp_yaml_node *value)
{
	struct lp_arena arena = { 0 };
	bool found = false;
	const struct lp_yaml_node *list = lp_json_read(choices, &arena);
	/* A list that cannot be read refuses nothing: the rule itself will. */
	if (list == NULL || list->type != LP_YAML_LIST)
		found = true;
	for (size_t i = 0; !found && i < list->count; i++) {
		const struct lp_yaml_node *choice = list->items[i];
		if (choice->type != value->type)
			continue;
		found = choice->type == LP_YAML_TEXT    ? strcmp(choice->text, value->text) == 0
		        : choice->type == LP_YAML_INT   ? choice->value.integer == value->value.integer
		        : choice->type == LP_YAML_BOOL  ? choice->value.truth == value->value.truth
		        : choice->type == LP_YAML_FLOAT ? choice->value.number == value->value.number
		                                        : choice->type == LP_YAML_NULL;
	}
	lp_arena_free(&arena);
	return found;
}

static void check_parameter(const struct check *check, const struct lp_yaml_node *parameters, size_t index)
{
	const struct lp_rule *rule = check->rule;
	const char *name = parameters->keys[index]->text;
	const struct lp_yaml_node *value = parameters->items[index];
	const struct lp_rule_parameter *parameter = NULL;
	const struct signature signature = { .part = LP_PART_PARAMETER,
		                             .kind = "parameter",
		                             .first = rule->parameters,
		                             .count = rule->parameter_count,
		                             .stride = sizeof *rule->parameters };
	for (size_t r = 0; r < rule->parameter_count && parameter == NULL; r++)
		if (strcmp(rule->parameters[r].name, name) == 0)
			parameter = &rule->parameters[r];
	if (parameter == NULL)
		report_unknown(check, &signature, index, name);
	else if (!type_fits(parameter, value))
		report(check, LP_PART_PARAMETER, index, "the parameter %s of the rule %s: expected %s%s, found %s%s%s",
		       name, rule->name, expected_type(parameter->type), parameter->nullable ? " or nothing" : "",
		       lp_yaml_type_name(value->type), value->text[0] == '\0' ? "" : ": ", value->text);
	else if (parameter->choices != NULL && !(parameter->nullable && value->type == LP_YAML_NULL) &&
	         !is_chosen(parameter->choices, value))
		report(check, LP_PART_PARAMETER, index, "the parameter %s of the rule %s: expected one of %s, found %s",
		       name, rule->name, parameter->choices, value->text);
}

static void check_parameters(const struct check *check, const struct lp_yaml_node *parameters)
{
	const struct lp_rule *rule = check->rule;
	for (size_t i = 0; i < parameters->count; i++)
		check_parameter(check, parameters, i);
	for (size_t r = 0; r < rule->parameter_count; r++) {
		if (rule->parameters[r].default_value == NULL &&
		    lp_yaml_get(parameters, rule->parameters[r].name) == NULL)
			report(check, LP_PART_PARAMETERS, 0,
			       "the rule %s needs the parameter %s (%s), which is missing", rule->name,
			       rule->parameters[r].name, expected_type(rule->parameters[r].type));
	}
}

static void check_outputs(const struct check *check)
{
	const struct lp_calculation *calculation = check->calculation;
	const struct lp_rule *rule = check->rule;
	const struct signature signature = { .part = LP_PART_OUTPUT,
		                             .kind = "output",
		                             .first = rule->outputs,
		                             .count = rule->output_count,
		                             .stride = sizeof *rule->outputs };
	char known[400];
	list_names(&signature, known, sizeof known);
	for (size_t o = 0; o < calculation->output_count; o++) {
		const char *name = calculation->outputs[o].name;
		bool found = false;
		if (name[0] == '\0' && rule->output_count == 0)
			continue;
		if (name[0] == '\0') {
			report(check, LP_PART_OUTPUT, o,
			       "the rule %s has named outputs (%s): say which goes where with outputs: {%s: SERIES}",
			       rule->name, known, rule->outputs[0]);
			continue;
		}
		if (rule->output_count == 0) {
			report(check, LP_PART_OUTPUT, o,
			       "the rule %s has one output without a name: use output: SERIES", rule->name);
			return;
		}
		for (size_t r = 0; r < rule->output_count && !found; r++)
			found = strcmp(rule->outputs[r], name) == 0;
		if (!found)
			report_unknown(check, &signature, o, name);
	}
}

/*
 * Numbers that are stored at the starts of their windows, where two of these can
 * begin at one time: one would take the other's place.  Whether a rule gives
 * numbers is known when it has run; its annotation can say that it does not.
 */
static void check_starts(const struct check *check)
{
	const struct lp_calculation *calculation = check->calculation;
	const struct lp_schedule *schedule = &calculation->schedule;
	const struct lp_zone *zone;
	struct lp_window windows[2];
	struct lp_error error;
	lp_time never_from;
	char every[24], window[24], ends[2][40], start[40], since[40], other[100] = "";
	if (check->rule->returns == LP_RETURNS_SERIES || calculation->result_time == LP_RESULT_AT_END ||
	    !lp_schedule_check(schedule, &error) || !lp_zone_find(schedule->zone, &zone, &error) ||
	    !lp_windows_of_one_start(schedule, zone, calculation->start, windows, &never_from))
		return;
	lp_span_format(schedule->every, every);
	lp_span_format(schedule->window, window);
	lp_time_format(windows[0].end, zone, ends[0]);
	lp_time_format(windows[1].end, zone, ends[1]);
	lp_time_format(windows[0].start, zone, start);
	if (never_from != LP_TIME_NONE) {
		lp_time_format(never_from, zone, since);
		(void)snprintf(other, sizeof other, ", or a start from %s on, when clocks change no more", since);
	}
	report(check, LP_PART_RESULT_TIME, 0,
	       "result_time: windows of %s each %s can begin at one time, and one of two numbers there would be lost: "
	       "those to %s and to %s begin at %s. Write result_time: end%s",
	       window, every, ends[0], ends[1], start, other);
}

void lp_check_rule(const struct lp_calculation *calculation, const struct lp_yaml_node *parameters,
                   const struct lp_rule_catalogue *catalogue, lp_check_report *report_to, void *context)
{
	struct check check = { .calculation = calculation, .report = report_to, .context = context };
	check.rule = lp_rule_find(catalogue, calculation->rule);
	if (check.rule != NULL) {
		check_inputs(&check);
		check_parameters(&check, parameters);
		check_outputs(&check);
		check_starts(&check);
		return;
	}
	const char *nearest = catalogue->count == 0 ? NULL
	                                            : lp_nearest_of(calculation->rule, &catalogue->rules[0].name,
	                                                            catalogue->count, sizeof *catalogue->rules);
	if (nearest != NULL)
		report(&check, LP_PART_RULE, 0, "there is no rule \"%s\": did you mean %s?", calculation->rule,
		       nearest);
	else
		report(&check, LP_PART_RULE, 0,
		       "there is no rule \"%s\": `local-processing rules` lists all that there are", calculation->rule);
}

struct stored_report {
	struct lp_problems *problems;
	const struct lp_calculation *calculation;
};

static void report_stored(void *context, enum lp_part part, size_t index, const char *what)
{
	const struct stored_report *stored = context;
	(void)part;
	(void)index;
	lp_problem_add(stored->problems, NULL, 0, 0, "calculation \"%s\": %s", stored->calculation->name, what);
}

void lp_definitions_check_rules(const struct lp_definitions *stored, const struct lp_rule_catalogue *catalogue,
                                struct lp_problems *problems)
{
	static const struct lp_yaml_node none = { .type = LP_YAML_MAP, .text = "" };
	struct lp_arena arena = { 0 };
	for (size_t i = 0; i < stored->calculation_count; i++) {
		const struct lp_calculation *calculation = &stored->calculations[i];
		struct stored_report context = { .problems = problems, .calculation = calculation };
		struct lp_error error;
		/* What one release took, the next may refuse. */
		if (!lp_schedule_check(&calculation->schedule, &error))
			lp_problem_add(problems, NULL, 0, 0, "calculation \"%s\": %s%s%s", calculation->name,
			               error.what, error.hint[0] == '\0' ? "" : ". ", error.hint);
		lp_arena_empty(&arena);
		const struct lp_yaml_node *parameters = lp_json_read(calculation->parameters, &arena);
		if (parameters == NULL || parameters->type != LP_YAML_MAP)
			parameters = &none;
		lp_check_rule(calculation, parameters, catalogue, report_stored, &context);
	}
	lp_arena_free(&arena);
}
