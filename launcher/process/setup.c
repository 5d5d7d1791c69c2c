/*
 * Each message is written field by field in one process, and read in the same
 * order in the other.
 *
 * Runs in the main process and in the rule server, in the main thread of each.
 */
#include "process/setup.h"

#include "process/record.h"

#include <limits.h>

enum { COUNT_MOST = 1 << 20 };

static void write_texts(const char *const *texts, size_t count, struct lp_text *text)
{
	lp_put_number(text, (int64_t)count);
	for (size_t i = 0; i < count; i++)
		lp_put_text(text, texts[i]);
}

static const char *const *read_texts(struct lp_reader *reader, struct lp_arena *arena, size_t *count)
{
	const char **texts;

	*count = (size_t)lp_get_number(reader, 0, LP_SETUP_DIRECTORIES_MOST);
	texts = lp_arena_zeroed(arena, *count, sizeof *texts);
	for (size_t i = 0; i < *count; i++)
		texts[i] = lp_get_text(reader, arena);
	return texts;
}

void lp_setup_write(const struct lp_setup *setup, struct lp_text *text)
{
	lp_put_text(text, setup->rules);
	lp_put_text(text, setup->tzdata);
	lp_put_number(text, setup->look_ahead);
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
	struct lp_reader reader = { .at = bytes, .end = bytes + size };

	*setup = (struct lp_setup){ .rules = lp_get_text(&reader, arena) };
	setup->tzdata = lp_get_text(&reader, arena);
	setup->look_ahead = lp_get_number(&reader, 0, 1) != 0;
	setup->rights.network = lp_get_number(&reader, 0, 1) != 0;
	setup->rights.read = read_texts(&reader, arena, &setup->rights.read_count);
	setup->rights.write = read_texts(&reader, arena, &setup->rights.write_count);
	setup->memory_limit = lp_get_number(&reader, 0, INT64_MAX);
	setup->level = (enum lp_log_level)lp_get_number(&reader, LP_LOG_DEBUG, LP_LOG_ERROR);
	setup->shared_address = (uint64_t)lp_get_number(&reader, 0, INT64_MAX);
	setup->shared_size = (uint64_t)lp_get_number(&reader, 0, INT64_MAX);
	setup->skip_count = (size_t)lp_get_number(&reader, 0, LP_SETUP_SKIPS_MOST);
	for (size_t i = 0; i < setup->skip_count; i++) {
		struct lp_rule_skip *skip = &setup->skips[i];

		skip->module = lp_get_text(&reader, arena);
		skip->type = lp_get_text(&reader, arena);
		skip->reason = lp_get_text(&reader, arena);
		skip->traceback = lp_get_text(&reader, arena);
	}
	return !reader.bad;
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

/* Reads a text that must not be NULL. */
static const char *get_text(struct lp_reader *reader, struct lp_arena *arena)
{
	const char *text = lp_get_text(reader, arena);

	reader->bad = reader->bad || text == NULL;
	return text == NULL ? "" : text;
}

/* Reads a count.  Each item takes a byte at least, so a larger one makes no sense. */
static size_t get_count(struct lp_reader *reader)
{
	int64_t left = reader->end - reader->at;

	return (size_t)lp_get_number(reader, 0, left < COUNT_MOST ? left : COUNT_MOST);
}

static void read_inputs(struct lp_reader *reader, struct lp_arena *arena, struct lp_rule *rule)
{
	rule->input_count = get_count(reader);
	rule->inputs = lp_arena_zeroed(arena, rule->input_count, sizeof *rule->inputs);
	for (size_t i = 0; i < rule->input_count && !reader->bad; i++) {
		struct lp_rule_input *input = &rule->inputs[i];

		input->name = get_text(reader, arena);
		input->optional = lp_get_number(reader, 0, 1) != 0;
		input->many = lp_get_number(reader, 0, 1) != 0;
		input->lookback = lp_get_number(reader, LP_LOOKBACK_HOLD, INT64_MAX);
	}
}

static void read_parameters(struct lp_reader *reader, struct lp_arena *arena, struct lp_rule *rule)
{
	rule->parameter_count = get_count(reader);
	rule->parameters = lp_arena_zeroed(arena, rule->parameter_count, sizeof *rule->parameters);
	for (size_t i = 0; i < rule->parameter_count && !reader->bad; i++) {
		struct lp_rule_parameter *parameter = &rule->parameters[i];

		parameter->name = get_text(reader, arena);
		parameter->type = (enum lp_parameter_type)lp_get_number(reader, LP_PARAMETER_ANY, LP_PARAMETER_DICT);
		parameter->nullable = lp_get_number(reader, 0, 1) != 0;
		parameter->default_value = lp_get_text(reader, arena);
		parameter->choices = lp_get_text(reader, arena);
	}
}

static void read_rule(struct lp_reader *reader, struct lp_arena *arena, struct lp_rule *rule)
{
	rule->name = get_text(reader, arena);
	rule->summary = get_text(reader, arena);
	rule->documentation = get_text(reader, arena);
	rule->file = get_text(reader, arena);
	rule->line = (int)lp_get_number(reader, 0, INT_MAX);
	rule->version = get_text(reader, arena);
	rule->returns = (enum lp_rule_returns)lp_get_number(reader, LP_RETURNS_UNKNOWN, LP_RETURNS_SERIES);
	read_inputs(reader, arena, rule);
	read_parameters(reader, arena, rule);
	rule->output_count = get_count(reader);
	rule->outputs = lp_arena_zeroed(arena, rule->output_count, sizeof *rule->outputs);
	for (size_t i = 0; i < rule->output_count && !reader->bad; i++)
		rule->outputs[i] = get_text(reader, arena);
}

bool lp_catalogue_read(const char *bytes, size_t size, struct lp_arena *arena, struct lp_rule_catalogue *catalogue,
                       struct lp_problems *problems)
{
	struct lp_reader reader = { .at = bytes, .end = bytes + size };
	size_t count = get_count(&reader);

	catalogue->rules = lp_arena_zeroed(arena, count, sizeof *catalogue->rules);
	catalogue->count = count;
	for (size_t i = 0; i < count && !reader.bad; i++)
		read_rule(&reader, arena, &catalogue->rules[i]);
	count = get_count(&reader);
	problems->left_out += (uint32_t)lp_get_number(&reader, 0, INT32_MAX);
	for (size_t i = 0; i < count && !reader.bad; i++) {
		const char *file = lp_get_text(&reader, arena);
		int line = (int)lp_get_number(&reader, 0, INT_MAX), column = (int)lp_get_number(&reader, 0, INT_MAX);
		const char *what = get_text(&reader, arena);

		if (!reader.bad)
			lp_problem_add(problems, file, line, column, "%s", what);
	}
	return !reader.bad;
}
