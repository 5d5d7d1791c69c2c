/*
 * Reads a calculation's map into a struct and fills in its defaults.  Knows one
 * calculation at a time: consistency.c compares them with each other.
 */
#include "definition/internal.h"

#include "calendar/calendar.h"
#include "text/names.h"
#include "text/size.h"
#include "text/utf8.h"
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
	MEMORY_LIMIT,
	RESULT_TIME,
	MIN_COVERAGE,
	MISSED,
	RECOMPUTE_WITHIN,
	LABELS,
	ENABLED,
	MODE,
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
	[MEMORY_LIMIT] = { "memory_limit", false },
	[RESULT_TIME] = { "result_time", false },
	[MIN_COVERAGE] = { "min_coverage", false },
	[MISSED] = { "missed", false },
	[RECOMPUTE_WITHIN] = { "recompute_within", false },
	[LABELS] = { "labels", false },
	[ENABLED] = { "enabled", false },
	[MODE] = { "mode", false },
	[FOR_EACH] = { "for_each", false }, /* taken out before; here to be suggested */
};

/* Returns false if there is none, or it is wrong, which is then reported. */
static bool read_span(const struct lp_item *item, const struct lp_yaml_node *node, const char *what,
                      struct lp_span *span)
{
	struct lp_error error;
	if (node == NULL)
		return false;
	if (node->type != LP_YAML_TEXT) {
		lp_item_problem(item, node, "%s: expected a span, such as \"15 minutes\", found %s", what,
		                node->type == LP_YAML_INT ? "a number without unit" : lp_yaml_type_name(node->type));
		return false;
	}
	if (!lp_span_parse(node->text, span, &error)) {
		lp_item_problem(item, node, "%s: %s", what, error.what);
		return false;
	}
	return true;
}

/* One of some words: its number; 0, the usual one, where the node is NULL or, after telling so, none of them. */
static int read_word(const struct lp_item *item, const struct lp_yaml_node *node, const char *what,
                     const char *const words[2])
{
	if (node == NULL)
		return 0;
	size_t word;
	if (node->type == LP_YAML_TEXT && lp_word_find(node->text, words, 2, &word))
		return (int)word;
	lp_item_problem(item, node, "%s: expected %s or %s, found %s", what, words[0], words[1],
	                node->type == LP_YAML_TEXT ? node->text : lp_yaml_type_name(node->type));
	return 0;
}

static double read_share(const struct lp_item *item, const struct lp_yaml_node *node, const char *what)
{
	double share = 0;
	if (node == NULL)
		return 0;
	if (node->type == LP_YAML_INT)
		share = (double)node->value.integer;
	else if (node->type == LP_YAML_FLOAT)
		share = node->value.number;
	if ((node->type == LP_YAML_INT || node->type == LP_YAML_FLOAT) && share >= 0 && share <= 1)
		return share + 0.0; /* -0.0 would be written as -0, which is read as 0: a difference */
	bool number = node->type == LP_YAML_INT || node->type == LP_YAML_FLOAT, text = node->type == LP_YAML_TEXT;
	lp_item_problem(item, node, "%s: expected a number from 0 to 1, such as 0.8, found %s%s", what,
	                text     ? "a text: "
	                : number ? ""
	                         : lp_yaml_type_name(node->type),
	                text || number ? node->text : "");
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
	size_t day;
	if (node->type == LP_YAML_TEXT && lp_word_find(node->text, lp_weekdays, 7, &day))
		return (int32_t)day + 1;
	lp_item_problem(item, node, "week_start: expected a day from monday to sunday, found %s",
	                node->type == LP_YAML_TEXT ? node->text : lp_yaml_type_name(node->type));
	return 1;
}

static bool read_schedule(const struct lp_item *item, const struct lp_yaml_node *const *nodes,
                          struct lp_schedule *schedule, const struct lp_zone **zone)
{
	struct lp_error error;
	const char *name = nodes[TIME_ZONE] == NULL ? item->reader->files->default_zone
	                                            : lp_item_read_text(item, nodes[TIME_ZONE], keys[TIME_ZONE].name);
	bool good = read_span(item, nodes[EVERY], keys[EVERY].name, &schedule->every);
	schedule->window = schedule->every;
	good = (nodes[WINDOW] == NULL || read_span(item, nodes[WINDOW], keys[WINDOW].name, &schedule->window)) && good;
	good = (nodes[OFFSET] == NULL || read_span(item, nodes[OFFSET], keys[OFFSET].name, &schedule->offset)) && good;
	if (schedule->offset.count == 0)
		schedule->offset = (struct lp_span){ 0 }; /* no hours and no days are the same */
	schedule->delay = lp_item_read_duration(item, nodes[DELAY], keys[DELAY].name, 0);
	schedule->week_start = read_week_start(item, nodes[WEEK_START]);
	schedule->missed = (enum lp_missed)read_word(item, nodes[MISSED], keys[MISSED].name, lp_missed_names);
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
		lp_item_problem(item, nodes[WINDOW] != NULL ? nodes[WINDOW] : nodes[EVERY], "%s%s%s", error.what,
		                error.hint[0] == '\0' ? "" : ". ", error.hint);
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

/* So far before the tick changes of samples are followed; 0: as the configuration says. */
static int64_t read_recompute_within(const struct lp_item *item, const struct lp_yaml_node *node)
{
	if (node != NULL && node->type == LP_YAML_TEXT && strcmp(node->text, "never") == 0)
		return LP_NEVER;
	int64_t within = lp_item_read_duration(item, node, keys[RECOMPUTE_WITHIN].name, 0);
	return node != NULL && within == 0 ? LP_NEVER : within;
}

static int64_t read_memory_limit(const struct lp_item *item, const struct lp_yaml_node *node)
{
	char least[32], most[32];
	int64_t size;
	if (node == NULL)
		return 0;
	if (node->type != LP_YAML_TEXT || !lp_size_parse(node->text, &size)) {
		bool number = node->type == LP_YAML_INT || node->type == LP_YAML_FLOAT;
		lp_item_problem(item, node, "memory_limit: expected a size, such as \"512 MB\", found %s",
		                node->type == LP_YAML_TEXT ? node->text
		                : number                   ? "a number without unit"
		                                           : lp_yaml_type_name(node->type));
		return 0;
	}
	if (size >= LP_MEMORY_LIMIT_LEAST && size <= LP_MEMORY_LIMIT_MOST)
		return size;
	lp_size_format(LP_MEMORY_LIMIT_LEAST, least);
	lp_size_format(LP_MEMORY_LIMIT_MOST, most);
	lp_item_problem(item, node, "memory_limit: %s is outside of what is possible: %s to %s", node->text, least,
	                most);
	return 0;
}

/* A series' name, or {series: NAME, ...}: the values of the other keys, which stand behind `series` in full. */
enum { SERIES_KEYS_MOST = 4 };
static const char *read_series(const struct lp_item *item, const struct lp_yaml_node *node, const char *what,
                               const struct lp_item_key *full, size_t count, const struct lp_yaml_node **others)
{
	const struct lp_yaml_node *values[SERIES_KEYS_MOST] = { NULL };
	for (size_t i = 1; i < count; i++)
		others[i - 1] = NULL;
	if (node->type != LP_YAML_MAP)
		return lp_item_read_name(item, node, what);
	if (!lp_item_read_keys(item, node, what, full, count, values))
		return "";
	for (size_t i = 1; i < count; i++)
		others[i - 1] = values[i];
	return lp_item_read_name(item, values[0], what);
}

enum { YEARS_MOST = 100 };

/* The calendar moves nothing further than that. */
static bool is_too_long(struct lp_span span)
{
	static const int64_t most[] = {
		[LP_UNIT_SECOND] = INT64_C(86400) * 366 * YEARS_MOST,
		[LP_UNIT_MINUTE] = INT64_C(1440) * 366 * YEARS_MOST,
		[LP_UNIT_HOUR] = INT64_C(24) * 366 * YEARS_MOST,
		[LP_UNIT_DAY] = INT64_C(366) * YEARS_MOST,
		[LP_UNIT_WEEK] = INT64_C(366) * YEARS_MOST / 7,
		[LP_UNIT_MONTH] = INT64_C(12) * YEARS_MOST,
		[LP_UNIT_QUARTER] = INT64_C(4) * YEARS_MOST,
		[LP_UNIT_YEAR] = YEARS_MOST,
	};
	return span.count > most[span.unit] || span.count < -most[span.unit];
}

/* Its own window and shift, which with `lookback` say what is read of the series. */
static void read_range(const struct lp_item *item, const struct lp_yaml_node *window, const struct lp_yaml_node *shift,
                       struct lp_input *input)
{
	if (read_span(item, window, "window", &input->window) &&
	    (input->window.count <= 0 || is_too_long(input->window))) {
		lp_item_problem(item, window, "window: %s is not between nothing and %d years", window->text,
		                YEARS_MOST);
		input->window = (struct lp_span){ 0 };
	}
	if (read_span(item, shift, "shift", &input->shift)) {
		bool too_long = is_too_long(input->shift);
		if (too_long)
			lp_item_problem(item, shift, "shift: %s is more than %d years", shift->text, YEARS_MOST);
		if (too_long || input->shift.count == 0)
			input->shift = (struct lp_span){ 0 }; /* no hours and no days are the same */
	}
}

static void read_inputs(const struct lp_item *item, const struct lp_yaml_node *node, struct lp_calculation *calculation)
{
	struct lp_arena *arena = &item->reader->definitions->arena;
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
		static const struct lp_item_key full[] = {
			{ "series", true }, { "lookback", false }, { "window", false }, { "shift", false }
		};
		const struct lp_yaml_node *others[SERIES_KEYS_MOST - 1];
		char what[96];
		(void)snprintf(what, sizeof what, "input %.*s", LP_CUT(64, node->keys[i]->text));
		struct lp_input *input = &calculation->inputs[i];
		input->name = lp_item_read_name(item, node->keys[i], "input");
		input->series = read_series(item, node->items[i], what, full, SERIES_KEYS_MOST, others);
		input->unit = "";
		input->attributes = "{}";
		input->lookback = lp_item_read_duration(item, others[0], "lookback", 0);
		read_range(item, others[1], others[2], input);
	}
}

static void read_output(const struct lp_item *item, const char *name, const struct lp_yaml_node *node,
                        struct lp_output *output)
{
	static const struct lp_item_key full[] = { { "series", true }, { "unit", false } };
	const struct lp_yaml_node *unit;
	output->name = name;
	output->series = read_series(item, node, "output", full, 2, &unit);
	output->unit = unit == NULL ? "" : lp_item_read_line(item, unit, "unit");
}

static void read_outputs(const struct lp_item *item, const struct lp_yaml_node *const *nodes,
                         struct lp_calculation *calculation)
{
	struct lp_arena *arena = &item->reader->definitions->arena;
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
			read_output(item, lp_item_read_name(item, many->keys[i], "output"), many->items[i],
			            &calculation->outputs[i]);
	}
}

struct rule_report {
	const struct lp_item *item;
	const struct lp_yaml_node *const *nodes;
	const struct lp_calculation *calculation;
};

/* Returns the place of the part that does not fit the rule, as near as it is known. */
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
	case LP_PART_RESULT_TIME:
		node = nodes[RESULT_TIME] != NULL ? nodes[RESULT_TIME] : nodes[WINDOW];
		break;
	}
	lp_item_problem(report->item, node == NULL ? nodes[RULE] : node, "%s", what);
}

static void check_rule(const struct lp_item *item, const struct lp_yaml_node *const *nodes,
                       struct lp_calculation *calculation)
{
	static const struct lp_yaml_node none = { .type = LP_YAML_MAP, .text = "" };
	const struct lp_rule_catalogue *catalogue = item->reader->files->catalogue;
	const struct lp_yaml_node *parameters = nodes[PARAMETERS];
	if (catalogue == NULL || nodes[RULE] == NULL || calculation->rule[0] == '\0')
		return;
	if (parameters == NULL || parameters->type != LP_YAML_MAP)
		parameters = &none;
	struct rule_report report = { .item = item, .nodes = nodes, .calculation = calculation };
	lp_check_rule(calculation, parameters, catalogue, report_rule, &report);
}

void lp_calculation_read(const struct lp_item *item)
{
	const struct lp_yaml_node *nodes[KEYS];
	struct lp_definition_reader *reader = item->reader;
	const struct lp_zone *zone;
	size_t earlier;
	if (!lp_item_read_keys(item, item->node, "a calculation", keys, KEYS, nodes))
		return;
	struct lp_calculation calculation = {
		.name = lp_item_read_name(item, nodes[NAME], keys[NAME].name),
		.description = lp_item_read_text(item, nodes[DESCRIPTION], keys[DESCRIPTION].name),
		.rule = lp_item_read_name(item, nodes[RULE], keys[RULE].name),
		.parameters = lp_item_read_json(item, nodes[PARAMETERS], LP_MAP_PARAMETERS),
		.labels = lp_item_read_json(item, nodes[LABELS], LP_MAP_LABELS),
		.enabled = read_flag(item, nodes[ENABLED], keys[ENABLED].name, true),
		.mode = nodes[MODE] == NULL
		                ? reader->files->new_mode
		                : (enum lp_mode)read_word(item, nodes[MODE], keys[MODE].name, lp_mode_names),
		.says_mode = nodes[MODE] != NULL,
		.time_limit = lp_item_read_duration(item, nodes[TIME_LIMIT], keys[TIME_LIMIT].name, 1),
		.memory_limit = read_memory_limit(item, nodes[MEMORY_LIMIT]),
		.result_time = (enum lp_result_time)read_word(item, nodes[RESULT_TIME], keys[RESULT_TIME].name,
		                                              lp_result_time_names),
		.min_coverage = read_share(item, nodes[MIN_COVERAGE], keys[MIN_COVERAGE].name),
		.recompute_within = read_recompute_within(item, nodes[RECOMPUTE_WITHIN]),
		.version = 1,
	};
	(void)read_schedule(item, nodes, &calculation.schedule,
	                    &zone); /* what is wrong is reported, and the rest is still checked */
	calculation.start = read_start(item, nodes[START], zone);
	read_inputs(item, nodes[INPUTS], &calculation);
	read_outputs(item, nodes, &calculation);
	check_rule(item, nodes, &calculation);
	if (calculation.name[0] == '\0' || item->broken)
		return;
	if (!lp_names_add(&reader->calculation_names, calculation.name, reader->definitions->calculation_count,
	                  &earlier)) {
		const struct lp_position *position = &reader->definitions->calculation_positions[earlier];
		lp_item_problem(item, nodes[NAME], "the calculation \"%s\" is there already: %s, line %d",
		                calculation.name, position->file, position->line);
		return;
	}
	lp_definitions_add_calculation(reader->definitions, &calculation,
	                               &(struct lp_position){ item->file, item->node->line, item->node->column });
}
