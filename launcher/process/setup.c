/*
 * Written in one process and read in the other, field by field in the same order.
 *
 * Runs in the main process and in the rule server, in the main thread of each.
 */
#include "process/setup.h"

#include <limits.h>

enum { MANY = 1 << 20 };

static void write_texts(const char *const *texts, size_t count, struct lp_text *text)
{
	lp_put_number(text, (int64_t)count);
	for (size_t i = 0; i < count; i++)
		lp_put_text(text, texts[i]);
}

static const char *const *read_texts(struct lp_reading *reading, struct lp_arena *arena, size_t *count)
{
	const char **texts;

	*count = (size_t)lp_get_number(reading, 0, LP_SETUP_DIRECTORIES_MOST);
	texts = lp_arena_zeroed(arena, *count, sizeof *texts);
	for (size_t i = 0; i < *count; i++)
		texts[i] = lp_get_text(reading, arena);
	return texts;
}

void lp_setup_write(const struct lp_setup *setup, struct lp_text *text)
{
	lp_put_text(text, setup->rules);
	lp_put_text(text, setup->tzdata);
	lp_put_number(text, setup->rights.network);
	write_texts(setup->rights.read, setup->rights.read_count, text);
	write_texts(setup->rights.write, setup->rights.write_count, text);
	lp_put_number(text, setup->memory_limit);
	lp_put_number(text, setup->level);
	lp_put_number(text, (int64_t)setup->shared_address);
	lp_put_number(text, (int64_t)setup->shared_size);
	lp_put_number(text, (int64_t)setup->skip_count);
	for (size_t i = 0; i < setup->skip_count; i++) {
		lp_put_text(text, setup->skips[i].module);
		lp_put_text(text, setup->skips[i].type);
		lp_put_text(text, setup->skips[i].reason);
		lp_put_text(text, setup->skips[i].traceback);
	}
}

bool lp_setup_read(const char *bytes, size_t size, struct lp_arena *arena, struct lp_setup *setup)
{
	struct lp_reading reading = { .at = bytes, .end = bytes + size };

	*setup = (struct lp_setup){ .rules = lp_get_text(&reading, arena) };
	setup->tzdata = lp_get_text(&reading, arena);
	setup->rights.network = lp_get_number(&reading, 0, 1) != 0;
	setup->rights.read = read_texts(&reading, arena, &setup->rights.read_count);
	setup->rights.write = read_texts(&reading, arena, &setup->rights.write_count);
	setup->memory_limit = lp_get_number(&reading, 0, INT64_MAX);
	setup->level = (enum lp_log_level)lp_get_number(&reading, LP_LOG_DEBUG, LP_LOG_ERROR);
	setup->shared_address = (uint64_t)lp_get_number(&reading, 0, INT64_MAX);
	setup->shared_size = (uint64_t)lp_get_number(&reading, 0, INT64_MAX);
	setup->skip_count = (size_t)lp_get_number(&reading, 0, LP_SETUP_SKIPS_MOST);
	for (size_t i = 0; i < setup->skip_count; i++) {
		struct lp_rule_skip *skip = &setup->skips[i];

		skip->module = lp_get_text(&reading, arena);
		skip->type = lp_get_text(&reading, arena);
		skip->reason = lp_get_text(&reading, arena);
		skip->traceback = lp_get_text(&reading, arena);
	}
	return !reading.bad;
}

static void write_rule(const struct lp_rule *rule, struct lp_text *text)
{
	lp_put_text(text, rule->name);
	lp_put_text(text, rule->summary);
	lp_put_text(text, rule->documentation);
	lp_put_text(text, rule->file);
	lp_put_number(text, rule->line);
	lp_put_text(text, rule->version);
	lp_put_number(text, rule->returns);
	lp_put_number(text, (int64_t)rule->input_count);
	for (size_t i = 0; i < rule->input_count; i++) {
		lp_put_text(text, rule->inputs[i].name);
		lp_put_number(text, rule->inputs[i].optional);
		lp_put_number(text, rule->inputs[i].many);
		lp_put_number(text, rule->inputs[i].lookback);
	}
	lp_put_number(text, (int64_t)rule->parameter_count);
	for (size_t i = 0; i < rule->parameter_count; i++) {
		lp_put_text(text, rule->parameters[i].name);
		lp_put_number(text, rule->parameters[i].type);
		lp_put_number(text, rule->parameters[i].nullable);
		lp_put_text(text, rule->parameters[i].default_value);
		lp_put_text(text, rule->parameters[i].choices);
	}
	lp_put_number(text, (int64_t)rule->output_count);
	for (size_t i = 0; i < rule->output_count; i++)
		lp_put_text(text, rule->outputs[i]);
}

void lp_catalogue_write(const struct lp_rule_catalogue *catalogue, const struct lp_problems *problems,
                        struct lp_text *text)
{
	lp_put_number(text, (int64_t)catalogue->count);
	for (size_t i = 0; i < catalogue->count; i++)
		write_rule(&catalogue->rules[i], text);
	lp_put_number(text, problems->count);
	lp_put_number(text, problems->left_out);
	for (uint32_t i = 0; i < problems->count; i++) {
		lp_put_text(text, problems->items[i].file);
		lp_put_number(text, problems->items[i].line);
		lp_put_number(text, problems->items[i].column);
		lp_put_text(text, problems->items[i].what);
	}
}

/* What has to be there, also where the other side has gone mad. */
static const char *some_text(struct lp_reading *reading, struct lp_arena *arena)
{
	const char *text = lp_get_text(reading, arena);

	reading->bad = reading->bad || text == NULL;
	return text == NULL ? "" : text;
}

static size_t count_of(struct lp_reading *reading)
{
	int64_t left = reading->end - reading->at;

	return (size_t)lp_get_number(reading, 0, left < MANY ? left : MANY);
}

static void read_inputs(struct lp_reading *reading, struct lp_arena *arena, struct lp_rule *rule)
{
	rule->input_count = count_of(reading);
	rule->inputs = lp_arena_zeroed(arena, rule->input_count, sizeof *rule->inputs);
	for (size_t i = 0; i < rule->input_count && !reading->bad; i++) {
		struct lp_rule_input *input = &rule->inputs[i];

		input->name = some_text(reading, arena);
		input->optional = lp_get_number(reading, 0, 1) != 0;
		input->many = lp_get_number(reading, 0, 1) != 0;
		input->lookback = lp_get_number(reading, LP_LOOKBACK_HOLD, INT64_MAX);
	}
}

static void read_parameters(struct lp_reading *reading, struct lp_arena *arena, struct lp_rule *rule)
{
	rule->parameter_count = count_of(reading);
	rule->parameters = lp_arena_zeroed(arena, rule->parameter_count, sizeof *rule->parameters);
	for (size_t i = 0; i < rule->parameter_count && !reading->bad; i++) {
		struct lp_rule_parameter *parameter = &rule->parameters[i];

		parameter->name = some_text(reading, arena);
		parameter->type = (enum lp_parameter_type)lp_get_number(reading, LP_PARAMETER_ANY, LP_PARAMETER_DICT);
		parameter->nullable = lp_get_number(reading, 0, 1) != 0;
		parameter->default_value = lp_get_text(reading, arena);
		parameter->choices = lp_get_text(reading, arena);
	}
}

static void read_rule(struct lp_reading *reading, struct lp_arena *arena, struct lp_rule *rule)
{
	rule->name = some_text(reading, arena);
	rule->summary = some_text(reading, arena);
	rule->documentation = some_text(reading, arena);
	rule->file = some_text(reading, arena);
	rule->line = (int)lp_get_number(reading, 0, INT_MAX);
	rule->version = some_text(reading, arena);
	rule->returns = (enum lp_rule_returns)lp_get_number(reading, LP_RETURNS_UNKNOWN, LP_RETURNS_SERIES);
	read_inputs(reading, arena, rule);
	read_parameters(reading, arena, rule);
	rule->output_count = count_of(reading);
	rule->outputs = lp_arena_zeroed(arena, rule->output_count, sizeof *rule->outputs);
	for (size_t i = 0; i < rule->output_count && !reading->bad; i++)
		rule->outputs[i] = some_text(reading, arena);
}

bool lp_catalogue_read(const char *bytes, size_t size, struct lp_arena *arena, struct lp_rule_catalogue *catalogue,
                       struct lp_problems *problems)
{
	struct lp_reading reading = { .at = bytes, .end = bytes + size };
	size_t count = count_of(&reading);

	catalogue->rules = lp_arena_zeroed(arena, count, sizeof *catalogue->rules);
	catalogue->count = count;
	for (size_t i = 0; i < count && !reading.bad; i++)
		read_rule(&reading, arena, &catalogue->rules[i]);
	count = count_of(&reading);
	problems->left_out += (uint32_t)lp_get_number(&reading, 0, INT32_MAX);
	for (size_t i = 0; i < count && !reading.bad; i++) {
		const char *file = lp_get_text(&reading, arena);
		int line = (int)lp_get_number(&reading, 0, INT_MAX), column = (int)lp_get_number(&reading, 0, INT_MAX);
		const char *what = some_text(&reading, arena);

		if (!reading.bad)
			lp_problem_add(problems, file, line, column, "%s", what);
	}
	return !reading.bad;
}
