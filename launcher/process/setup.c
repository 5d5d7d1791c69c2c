/*
 * Each message is a record, whose fields stand here once.
 *
 * Runs in the main process and in the rule server, in the main thread of each.
 */
#include "process/setup.h"

#include "process/record.h"

#include <limits.h>

static void record_texts(struct lp_record *record, const char *const **directories, size_t *count)
{
	const char **items = lp_record_items(record, (void *)(uintptr_t)*directories, count, sizeof *items);

	record->bad = record->bad || *count > LP_SETUP_TEXTS_MOST;
	for (size_t i = 0; i < *count && !record->bad; i++)
		lp_record_text(record, &items[i]);
	*directories = items;
}

static void record_setup(struct lp_record *record, struct lp_setup *setup)
{
	lp_record_text(record, &setup->rules);
	lp_record_text(record, &setup->tzdata);
	LP_RECORD_NUMBER(record, setup->rights.network, 0, 1);
	record_texts(record, &setup->rights.read, &setup->rights.read_count);
	record_texts(record, &setup->rights.write, &setup->rights.write_count);
	LP_RECORD_NUMBER(record, setup->look_ahead, 0, 1);
	lp_record_text(record, &setup->other.interpreter);
	record_texts(record, &setup->other.modules, &setup->other.module_count);
	LP_RECORD_NUMBER(record, setup->is_other, 0, 1);
	LP_RECORD_NUMBER(record, setup->memory_limit, 0, INT64_MAX);
	LP_RECORD_NUMBER(record, setup->level, LP_LOG_DEBUG, LP_LOG_ERROR);
	LP_RECORD_NUMBER(record, setup->shared_address, 0, INT64_MAX);
	LP_RECORD_NUMBER(record, setup->shared_size, 0, INT64_MAX);
	LP_RECORD_NUMBER(record, setup->skip_count, 0, LP_SETUP_SKIPS_MOST);
	for (size_t i = 0; i < setup->skip_count; i++) {
		struct lp_rule_skip *skip = &setup->skips[i];

		lp_record_text(record, &skip->module);
		lp_record_text(record, &skip->type);
		lp_record_text(record, &skip->reason);
		lp_record_text(record, &skip->traceback);
	}
}

void lp_setup_write(const struct lp_setup *setup, struct lp_text *text)
{
	struct lp_record record = { .text = text };
	struct lp_setup copy = *setup;

	record_setup(&record, &copy);
}

bool lp_setup_read(const char *bytes, size_t size, struct lp_arena *arena, struct lp_setup *setup)
{
	struct lp_record record = { .at = bytes, .end = bytes + size, .arena = arena };

	*setup = (struct lp_setup){ 0 };
	record_setup(&record, setup);
	return !record.bad;
}

static void record_input(struct lp_record *record, struct lp_rule_input *input)
{
	lp_record_required_text(record, &input->name);
	LP_RECORD_NUMBER(record, input->optional, 0, 1);
	LP_RECORD_NUMBER(record, input->many, 0, 1);
	LP_RECORD_NUMBER(record, input->lookback, LP_LOOKBACK_HOLD, INT64_MAX);
}

static void record_parameter(struct lp_record *record, struct lp_rule_parameter *parameter)
{
	lp_record_required_text(record, &parameter->name);
	LP_RECORD_NUMBER(record, parameter->type, LP_PARAMETER_ANY, LP_PARAMETER_DICT);
	LP_RECORD_NUMBER(record, parameter->nullable, 0, 1);
	lp_record_text(record, &parameter->default_value);
	lp_record_text(record, &parameter->choices);
}

static void record_rule(struct lp_record *record, struct lp_rule *rule)
{
	lp_record_required_text(record, &rule->name);
	lp_record_required_text(record, &rule->summary);
	lp_record_required_text(record, &rule->documentation);
	lp_record_required_text(record, &rule->file);
	LP_RECORD_NUMBER(record, rule->line, 0, INT_MAX);
	lp_record_required_text(record, &rule->version);
	LP_RECORD_NUMBER(record, rule->returns, LP_RETURNS_UNKNOWN, LP_RETURNS_SERIES);
	rule->inputs = lp_record_items(record, rule->inputs, &rule->input_count, sizeof *rule->inputs);
	for (size_t i = 0; i < rule->input_count && !record->bad; i++)
		record_input(record, &rule->inputs[i]);
	rule->parameters = lp_record_items(record, rule->parameters, &rule->parameter_count, sizeof *rule->parameters);
	for (size_t i = 0; i < rule->parameter_count && !record->bad; i++)
		record_parameter(record, &rule->parameters[i]);
	rule->outputs = lp_record_items(record, rule->outputs, &rule->output_count, sizeof *rule->outputs);
	for (size_t i = 0; i < rule->output_count && !record->bad; i++)
		lp_record_required_text(record, &rule->outputs[i]);
}

static void record_rules(struct lp_record *record, struct lp_rule_catalogue *catalogue)
{
	catalogue->rules = lp_record_items(record, catalogue->rules, &catalogue->count, sizeof *catalogue->rules);
	for (size_t i = 0; i < catalogue->count && !record->bad; i++)
		record_rule(record, &catalogue->rules[i]);
}

static void record_problems(struct lp_record *record, struct lp_problems *problems)
{
	bool writing = record->text != NULL;
	size_t count = writing ? problems->count : 0;
	uint32_t left_out = writing ? problems->left_out : 0;

	(void)lp_record_items(record, problems->items, &count, 0);
	LP_RECORD_NUMBER(record, left_out, 0, INT32_MAX);
	for (size_t i = 0; i < count && !record->bad; i++) {
		const struct lp_problem problem = writing ? problems->items[i] : (struct lp_problem){ 0 };
		const char *file = problem.file, *what = problem.what;
		int line = problem.line, column = problem.column;

		lp_record_text(record, &file);
		LP_RECORD_NUMBER(record, line, 0, INT_MAX);
		LP_RECORD_NUMBER(record, column, 0, INT_MAX);
		lp_record_required_text(record, &what);
		if (!writing && !record->bad)
			lp_problem_add(problems, file, line, column, "%s", what);
	}
	if (!writing)
		problems->left_out += left_out;
}

void lp_catalogue_write(const struct lp_rule_catalogue *catalogue, struct lp_problems *problems, struct lp_text *text)
{
	const char *description = NULL;
	struct lp_record record = { .text = text };
	struct lp_rule_catalogue copy = *catalogue;

	record_rules(&record, &copy);
	record_problems(&record, problems);
	lp_record_text(&record, &description);
}

bool lp_catalogue_read(const char *bytes, size_t size, struct lp_arena *arena, struct lp_rule_catalogue *catalogue,
                       struct lp_problems *problems, const char **description)
{
	struct lp_record record = { .at = bytes, .end = bytes + size, .arena = arena };

	*catalogue = (struct lp_rule_catalogue){ 0 };
	record_rules(&record, catalogue);
	record_problems(&record, problems);
	lp_record_text(&record, description);
	return !record.bad;
}
