/* Rules with their signatures and documentation, as JSON: see show.h. */
#include "show/show.h"

#include "text/json.h"

const char *const lp_parameter_type_names[] = {
	[LP_PARAMETER_ANY] = "any",     [LP_PARAMETER_BOOL] = "bool", [LP_PARAMETER_INT] = "int",
	[LP_PARAMETER_FLOAT] = "float", [LP_PARAMETER_TEXT] = "text", [LP_PARAMETER_LIST] = "list",
	[LP_PARAMETER_DICT] = "dict",
};

static void add_input(struct lp_text *json, const struct lp_rule_input *input)
{
	lp_json_begin(json, NULL, "{");
	lp_json_add_text(json, "name", input->name);
	lp_json_add_bool(json, "optional", input->optional);
	lp_json_add_bool(json, "many", input->many);
	if (input->lookback == LP_LOOKBACK_HOLD) {
		lp_json_add_null(json, "lookback_seconds");
		lp_json_add_text(json, "lookback", "hold");
	} else {
		lp_json_add_integer(json, "lookback_seconds", input->lookback / LP_SECOND);
	}
	lp_json_end(json, "}");
}

static void add_parameter(struct lp_text *json, const struct lp_rule_parameter *parameter)
{
	lp_json_begin(json, NULL, "{");
	lp_json_add_text(json, "name", parameter->name);
	lp_json_add_text(json, "type", lp_parameter_type_names[parameter->type]);
	lp_json_add_bool(json, "nullable", parameter->nullable);
	lp_json_add_bool(json, "required", parameter->default_value == NULL);
	if (parameter->default_value != NULL)
		lp_json_add_stored(json, "default", parameter->default_value);
	if (parameter->choices != NULL)
		lp_json_add_stored(json, "choices", parameter->choices);
	lp_json_end(json, "}");
}

static void add_rule(struct lp_text *json, const struct lp_rule *rule)
{
	lp_json_begin(json, NULL, "{");
	lp_json_add_text(json, "name", rule->name);
	lp_json_add_text(json, "summary", rule->summary);
	lp_json_add_text(json, "documentation", rule->documentation);
	lp_json_add_text(json, "file", rule->file);
	lp_json_add_integer(json, "line", rule->line);
	lp_json_add_text(json, "version", rule->version);
	lp_json_begin(json, "inputs", "[");
	for (size_t i = 0; i < rule->input_count; i++)
		add_input(json, &rule->inputs[i]);
	lp_json_end(json, "]");
	lp_json_begin(json, "parameters", "[");
	for (size_t i = 0; i < rule->parameter_count; i++)
		add_parameter(json, &rule->parameters[i]);
	lp_json_end(json, "]");
	lp_json_begin(json, "outputs", "[");
	for (size_t i = 0; i < rule->output_count; i++)
		lp_json_add_text(json, NULL, rule->outputs[i]);
	lp_json_end(json, "]}");
}

void lp_show_rules(struct lp_text *json, const struct lp_rule *rules, size_t count, bool list)
{
	if (list)
		lp_json_begin(json, NULL, "[");
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			lp_json_new_line(json, 1);
		add_rule(json, &rules[i]);
	}
	lp_json_end(json, list ? "]\n" : "\n");
}
