/*
 * A calculation's map to a struct, with its defaults filled in.  Knows one
 * calculation at a time: what they are to each other is together.c's business.
 */
#include "definition/internal.h"

#include "calendar/calendar.h"
#include <stdio.h>
#include <string.h>

enum {
	NAME,
	DESCRIPTION,
	RULE,
	INPUTS,
	PARAMETERS,
	OUTPUT,
	OUTPUTS,
	EVERY,
	WINDOW,
	OFFSET,
	DELAY,
	TIME_ZONE,
	WEEK_START,
	START,
	TIME_LIMIT,
	LABELS,
	ENABLED,
	FOR_EACH,
	KEYS
};

static const struct lp_item_key keys[KEYS] = {
	[NAME] = { "name", true },
	[DESCRIPTION] = { "description", false },
	[RULE] = { "rule", true },
	[INPUTS] = { "inputs", false },
	[PARAMETERS] = { "parameters", false },
	[OUTPUT] = { "output", false },
	[OUTPUTS] = { "outputs", false },
	[EVERY] = { "every", true },
	[WINDOW] = { "window", false },
	[OFFSET] = { "offset", false },
	[DELAY] = { "delay", false },
	[TIME_ZONE] = { "time_zone", false },
	[WEEK_START] = { "week_start", false },
	[START] = { "start", false },
	[TIME_LIMIT] = { "time_limit", false },
	[LABELS] = { "labels", false },
	[ENABLED] = { "enabled", false },
	[FOR_EACH] = { "for_each", false }, /* taken out before; here to be suggested */
};

static const char *const week_days[] = { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" };

/* False: there is none, or it is wrong, which was told. */
static bool read_span(const struct lp_item *item, const struct lp_yaml_node *const *nodes, int key,
                      struct lp_span *span)
{
	const struct lp_yaml_node *node = nodes[key];
	struct lp_error error;
	if (node == NULL)
		return false;
	if (node->type != LP_YAML_TEXT) {
		lp_item_problem(item, node, "%s: expected a span, such as \"15 minutes\", found %s", keys[key].name,
		                node->type == LP_YAML_INT ? "a number without unit" : lp_yaml_type_name(node->type));
		return false;
	}
	if (!lp_span_parse(node->text, span, &error)) {
		lp_item_problem(item, node, "%s: %s", keys[key].name, error.what);
		return false;
	}
	return true;
}

static int64_t read_duration(const struct lp_item *item, const struct lp_yaml_node *node, const char *what,
                             int64_t least)
{
	struct lp_error error;
	int64_t duration;
	if (node == NULL)
		return 0;
	if (node->type == LP_YAML_INT && node->value.integer == 0 && least == 0)
		return 0;
	if (node->type != LP_YAML_TEXT)
		lp_item_problem(item, node, "%s: expected a duration, such as \"10 s\", found %s", what,
		                node->type == LP_YAML_INT ? "a number without unit" : lp_yaml_type_name(node->type));
	else if (!lp_duration_parse(node->text, &duration, &error))
		lp_item_problem(item, node, "%s: %s", what, error.what);
	else if (duration < least)
		lp_item_problem(item, node, "%s: %s is too short: %s", what, node->text,
		                least == 0 ? "it cannot be negative" : "it has to be more than nothing");
	else
		return duration;
	return 0;
}

static bool read_flag(const struct lp_item *item, const struct lp_yaml_node *node, const char *what, bool usual)
{
	if (node == NULL)
		return usual;
	if (node->type != LP_YAML_BOOL)
		lp_item_problem(item, node, "%s: expected true or false, found %s", what,
		                node->type == LP_YAML_TEXT ? node->text : lp_yaml_type_name(node->type));
	return node->type == LP_YAML_BOOL ? node->value.truth : usual;
}

static int32_t read_week_start(const struct lp_item *item, const struct lp_yaml_node *node)
{
	if (node == NULL)
		return 1;
	for (int32_t day = 0; day < 7 && node->type == LP_YAML_TEXT; day++) {
		if (strcmp(node->text, week_days[day]) == 0)
			return day + 1;
	}
	lp_item_problem(item, node, "week_start: expected a day from monday to sunday, found %s",
	                node->type == LP_YAML_TEXT ? node->text : lp_yaml_type_name(node->type));
	return 1;
}

static bool read_schedule(const struct lp_item *item, const struct lp_yaml_node *const *nodes,
                          struct lp_schedule *schedule, const struct lp_zone **zone)
{
	struct lp_error error;
	const char *name = nodes[TIME_ZONE] == NULL ? item->reading->default_zone
	                                            : lp_item_text(item, nodes[TIME_ZONE], keys[TIME_ZONE].name);
	bool good = read_span(item, nodes, EVERY, &schedule->every);
	schedule->window = schedule->every;
	good = (nodes[WINDOW] == NULL || read_span(item, nodes, WINDOW, &schedule->window)) && good;
	good = (nodes[OFFSET] == NULL || read_span(item, nodes, OFFSET, &schedule->offset)) && good;
	if (schedule->offset.count == 0)
		schedule->offset = (struct lp_span){ 0 }; /* no hours and no days are the same */
	schedule->delay = read_duration(item, nodes[DELAY], keys[DELAY].name, 0);
	schedule->week_start = read_week_start(item, nodes[WEEK_START]);
	*zone = NULL;
	if (name[0] == '\0' || strlen(name) >= sizeof schedule->zone || !lp_zone_find(name, zone, &error)) {
		if (name[0] == '\0' || strlen(name) >= sizeof schedule->zone)
			lp_item_problem(item, nodes[TIME_ZONE] == NULL ? item->node : nodes[TIME_ZONE],
			                "time_zone: there is no time zone \"%s\"", name);
		else
			lp_item_problem(item, nodes[TIME_ZONE] == NULL ? item->node : nodes[TIME_ZONE],
			                "time_zone: %s%s%s", error.what, error.hint[0] == '\0' ? "" : ". ", error.hint);
		return false;
	}
	(void)snprintf(schedule->zone, sizeof schedule->zone, "%s", name);
	if (good && !lp_schedule_check(schedule, &error)) {
		lp_item_problem(item, nodes[WINDOW] != NULL ? nodes[WINDOW] : nodes[EVERY], "%s", error.what);
		return false;
	}
	return good;
}

static lp_time read_start(const struct lp_item *item, const struct lp_yaml_node *node, const struct lp_zone *zone)
{
	struct lp_error error;
	lp_time start = LP_TIME_NONE;
	if (node == NULL || node->type == LP_YAML_NULL)
		return LP_TIME_NONE;
	if (node->type != LP_YAML_TEXT)
		lp_item_problem(item, node,
		                "start: expected a time, such as 2026-01-01 or 2026-01-01T06:00:00Z, found %s",
		                lp_yaml_type_name(node->type));
	else if ((zone != NULL || lp_zone_find("UTC", &zone, &error)) &&
	         !lp_time_parse(node->text, zone, &start, &error))
		lp_item_problem(item, node, "start: %s", error.what);
	return start;
}

/* A series' name, or {series: NAME, SECOND: …} whose second value goes to *second. */
static const char *read_series(const struct lp_item *item, const struct lp_yaml_node *node, const char *what,
                               const char *second_name, const struct lp_yaml_node **second)
{
	*second = NULL;
	if (node->type != LP_YAML_MAP)
		return lp_item_name(item, node, what);
	const struct lp_item_key full[] = { { "series", true }, { second_name, false } };
	const struct lp_yaml_node *values[2];
	if (!lp_item_keys(item, node, what, full, 2, values))
		return "";
	*second = values[1];
	return lp_item_name(item, values[0], what);
}

static void read_inputs(const struct lp_item *item, const struct lp_yaml_node *node, struct lp_calculation *calculation)
{
	struct lp_arena *arena = &item->reading->definitions->arena;
	if (node == NULL || node->type == LP_YAML_NULL)
		return;
	if (node->type != LP_YAML_MAP) {
		lp_item_problem(
			item, node,
			"inputs: expected the rule's inputs with their series, such as {x: plant/power}, found %s",
			lp_yaml_type_name(node->type));
		return;
	}
	calculation->inputs = lp_arena_zeroed(arena, node->count, sizeof *calculation->inputs);
	calculation->input_count = node->count;
	for (size_t i = 0; i < node->count; i++) {
		const struct lp_yaml_node *lookback;
		char what[96];
		(void)snprintf(what, sizeof what, "input %.64s", node->keys[i]->text);
		struct lp_input *input = &calculation->inputs[i];
		input->name = lp_item_name(item, node->keys[i], "input");
		input->series = read_series(item, node->items[i], what, "lookback", &lookback);
		input->unit = "";
		input->attributes = "{}";
		input->lookback = read_duration(item, lookback, "lookback", 0);
	}
}

static void read_output(const struct lp_item *item, const char *name, const struct lp_yaml_node *node,
                        struct lp_output *output)
{
	const struct lp_yaml_node *unit;
	output->name = name;
	output->series = read_series(item, node, "output", "unit", &unit);
	output->unit = unit == NULL ? "" : lp_item_line(item, unit, "unit");
}

static void read_outputs(const struct lp_item *item, const struct lp_yaml_node *const *nodes,
                         struct lp_calculation *calculation)
{
	struct lp_arena *arena = &item->reading->definitions->arena;
	const struct lp_yaml_node *one = nodes[OUTPUT], *many = nodes[OUTPUTS];
	if (one != NULL && many != NULL) {
		lp_item_problem(item, many, "output and outputs exclude each other");
	} else if (one == NULL && many == NULL) {
		lp_item_problem(item, item->node, "a calculation: the key output (or outputs) is missing");
	} else if (one != NULL) {
		calculation->outputs = lp_arena_zeroed(arena, 1, sizeof *calculation->outputs);
		calculation->output_count = 1;
		read_output(item, "", one, calculation->outputs);
	} else if (many->type != LP_YAML_MAP || many->count == 0) {
		lp_item_problem(
			item, many,
			"outputs: expected the rule's outputs with their series, such as {mean: plant/mean}, found %s",
			many->type == LP_YAML_MAP ? "none" : lp_yaml_type_name(many->type));
	} else {
		calculation->outputs = lp_arena_zeroed(arena, many->count, sizeof *calculation->outputs);
		calculation->output_count = many->count;
		for (size_t i = 0; i < many->count; i++)
			read_output(item, lp_item_name(item, many->keys[i], "output"), many->items[i],
			            &calculation->outputs[i]);
	}
}

struct rule_report {
	const struct lp_item *item;
	const struct lp_yaml_node *const *nodes;
	const struct lp_calculation *calculation;
};

/* The place of what does not fit the rule, as near as it can be told. */
static void report_rule(void *context, enum lp_part part, size_t index, const char *what)
{
	const struct rule_report *report = context;
	const struct lp_yaml_node *const *nodes = report->nodes;
	const struct lp_yaml_node *node = NULL;
	switch (part) {
	case LP_PART_RULE:
		break;
	case LP_PART_INPUTS:
		node = nodes[INPUTS];
		break;
	case LP_PART_INPUT:
		node = nodes[INPUTS]->keys[index];
		break;
	case LP_PART_PARAMETERS:
		node = nodes[PARAMETERS];
		break;
	case LP_PART_PARAMETER:
		node = nodes[PARAMETERS]->items[index];
		break;
	case LP_PART_OUTPUT:
		node = nodes[OUTPUT] != NULL ? nodes[OUTPUT] : nodes[OUTPUTS]->keys[index];
		break;
	}
	lp_item_problem(report->item, node == NULL ? nodes[RULE] : node, "%s", what);
}

/* The rule's own look-back where the definition asks for less: what is stored is what is fetched. */
static void fill_lookback(struct lp_calculation *calculation, const struct lp_rule *rule)
{
	for (size_t i = 0; i < calculation->input_count; i++) {
		int64_t wanted = 0;
		for (size_t r = 0; r < rule->input_count; r++) {
			if (strcmp(rule->inputs[r].name, calculation->inputs[i].name) == 0) {
				wanted = rule->inputs[r].lookback;
				break;
			}
			if (rule->inputs[r].many)
				wanted = rule->inputs[r].lookback;
		}
		if (calculation->inputs[i].lookback < wanted)
			calculation->inputs[i].lookback = wanted;
	}
}

static void check_rule(const struct lp_item *item, const struct lp_yaml_node *const *nodes,
                       struct lp_calculation *calculation)
{
	static const struct lp_yaml_node none = { .type = LP_YAML_MAP, .text = "" };
	const struct lp_rule_catalogue *catalogue = item->reading->catalogue;
	const struct lp_yaml_node *parameters = nodes[PARAMETERS];
	if (catalogue == NULL || nodes[RULE] == NULL || calculation->rule[0] == '\0')
		return;
	if (parameters == NULL || parameters->type != LP_YAML_MAP)
		parameters = &none;
	struct rule_report report = { .item = item, .nodes = nodes, .calculation = calculation };
	lp_check_rule(calculation, parameters, catalogue, report_rule, &report);
	const struct lp_rule *rule = lp_rule_find(catalogue, calculation->rule);
	if (rule != NULL)
		fill_lookback(calculation, rule);
}

void lp_calculation_read(const struct lp_item *item)
{
	const struct lp_yaml_node *nodes[KEYS];
	struct lp_reading *reading = item->reading;
	const struct lp_zone *zone;
	size_t earlier;
	if (!lp_item_keys(item, item->node, "a calculation", keys, KEYS, nodes))
		return;
	struct lp_calculation calculation = {
		.name = lp_item_name(item, nodes[NAME], keys[NAME].name),
		.description = lp_item_text(item, nodes[DESCRIPTION], keys[DESCRIPTION].name),
		.rule = lp_item_name(item, nodes[RULE], keys[RULE].name),
		.parameters = lp_item_json(item, nodes[PARAMETERS], LP_MAP_PARAMETERS),
		.labels = lp_item_json(item, nodes[LABELS], LP_MAP_LABELS),
		.enabled = read_flag(item, nodes[ENABLED], keys[ENABLED].name, true),
		.time_limit = read_duration(item, nodes[TIME_LIMIT], keys[TIME_LIMIT].name, 1),
		.version = 1,
	};
	(void)read_schedule(item, nodes, &calculation.schedule,
	                    &zone); /* what is wrong was told; all else is still looked at */
	calculation.start = read_start(item, nodes[START], zone);
	read_inputs(item, nodes[INPUTS], &calculation);
	read_outputs(item, nodes, &calculation);
	check_rule(item, nodes, &calculation);
	if (calculation.name[0] == '\0' || item->broken)
		return;
	if (!lp_names_add(&reading->calculation_names, calculation.name, reading->definitions->calculation_count,
	                  &earlier)) {
		const struct lp_position *position = &reading->definitions->calculation_positions[earlier];
		lp_item_problem(item, nodes[NAME], "the calculation \"%s\" is there already: %s, line %d",
		                calculation.name, position->file, position->line);
		return;
	}
	lp_definitions_add_calculation(reading->definitions, &calculation,
	                               &(struct lp_position){ item->file, item->node->line, item->node->column });
}
