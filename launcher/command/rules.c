/*
 * `rules`: the rules that calculations can name, the built-in ones and those of
 * the configured directory, with their signatures and documentation.
 */
#include "command/command.h"
#include "command/output.h"
#include "service/service.h"

#include "process/process.h"
#include <stdio.h>
#include <string.h>

struct request {
	const char *rules;
	bool json;
	struct lp_words names;
};

static void add_separator(struct lp_text *text, bool *first)
{
	if (!*first)
		lp_text_add(text, ", ", 2);
	*first = false;
}

/* "increase(x: Series, *, modulus: float or null = null, tolerance: float = 0.0)" */
static void add_signature(struct lp_text *text, const struct lp_rule *rule)
{
	bool first = true, many = false;

	lp_text_addf(text, "%s(", rule->name);
	for (size_t i = 0; i < rule->input_count; i++) {
		const struct lp_rule_input *input = &rule->inputs[i];

		add_separator(text, &first);
		many = many || input->many;
		lp_text_addf(text, "%s%s: Series%s", input->many ? "*" : "", input->name,
		             input->optional && !input->many ? " or none" : "");
	}
	for (size_t i = 0; i < rule->parameter_count; i++) {
		const struct lp_rule_parameter *parameter = &rule->parameters[i];

		add_separator(text, &first);
		if (i == 0 && !many)
			lp_text_addf(text, "*, ");
		lp_text_addf(text, "%s: %s%s", parameter->name,
		             parameter->choices != NULL ? parameter->choices : lp_parameter_type_names[parameter->type],
		             parameter->nullable ? " or null" : "");
		if (parameter->default_value != NULL)
			lp_text_addf(text, " = %s", parameter->default_value);
	}
	lp_text_add(text, ")", 1);
	for (size_t i = 0; i < rule->output_count; i++)
		lp_text_addf(text, "%s%s", i == 0 ? " -> " : ", ", rule->outputs[i]);
}

/* "1 day", "90 seconds": in the largest unit that divides it. */
static void add_length(struct lp_text *text, int64_t length)
{
	static const struct {
		int64_t length;
		const char *name;
	} units[] = { { LP_DAY, "day" }, { LP_HOUR, "hour" }, { LP_MINUTE, "minute" }, { LP_SECOND, "second" } };
	size_t i = 0;

	while (i < 3 && length % units[i].length != 0)
		i++;
	lp_text_addf(text, "%lld %s%s", (long long)(length / units[i].length), units[i].name,
	             length / units[i].length == 1 ? "" : "s");
}

static void show_rule(const struct lp_rule *rule)
{
	struct lp_text text = { 0 };

	add_signature(&text, rule);
	lp_text_addf(&text, "\n\n%s%s", rule->documentation, rule->documentation[0] == '\0' ? "" : "\n\n");
	for (size_t i = 0; i < rule->input_count; i++) {
		if (rule->inputs[i].lookback == 0)
			continue;
		lp_text_addf(&text, "Looks back ");
		if (rule->inputs[i].lookback == LP_LOOKBACK_HOLD)
			lp_text_addf(&text, "for as long as a value holds (10 intervals of its series, or a day)");
		else
			add_length(&text, rule->inputs[i].lookback);
		lp_text_addf(&text, " before the window for the last good sample of %s.\n", rule->inputs[i].name);
	}
	lp_text_addf(&text, "%s:%d, version %s\n", rule->file, rule->line, rule->version);
	lp_print_text(stdout, text.data);
	lp_text_free(&text);
}

static void list_rules(const struct lp_rule_catalogue *catalogue)
{
	size_t width = 0;

	for (size_t i = 0; i < catalogue->count; i++) {
		size_t length = strlen(catalogue->rules[i].name);

		width = length > width ? length : width;
	}
	for (size_t i = 0; i < catalogue->count; i++) {
		const struct lp_rule *rule = &catalogue->rules[i];

		if (rule->summary[0] == '\0')
			lp_print("%s\n", rule->name);
		else
			lp_print("%-*s  %s\n", (int)width, rule->name, rule->summary);
	}
}

/*
 * Imports the rules of --rules or, without it, of the configuration's directory.
 * Without either there are the built-in ones.
 */
static bool load_rules(struct lp_session *session, const char *directory, struct lp_rule_server **server,
                       const struct lp_rule_catalogue **catalogue, struct lp_problems *problems, struct lp_error *error)
{
	struct lp_process_options options;

	if (directory == NULL && !lp_config_load(session->overrides->config, true, &session->config, problems, error))
		return false;
	options = lp_rule_options(&session->config);
	if (directory != NULL)
		options.rules = directory;
	*server = lp_rule_server_new(&options);
	return lp_rule_server_catalogue(*server, NULL, catalogue, problems, error);
}

static bool show(const struct request *request, const struct lp_rule_catalogue *catalogue, struct lp_error *error)
{
	const char *name = request->names.count > 0 ? request->names.items[0] : NULL;
	const struct lp_rule *rule = name == NULL ? NULL : lp_rule_find(catalogue, name);
	if (name != NULL && rule == NULL) {
		lp_fail(error, LP_EXIT_DATA, "there is no rule %s", name);
		return lp_hint(error, "`local-processing rules` lists them; those of a file are named FILE.FUNCTION.");
	}
	if (request->json) {
		struct lp_text json = { 0 };
		lp_show_rules(&json, rule != NULL ? rule : catalogue->rules, rule != NULL ? 1 : catalogue->count,
		              rule == NULL);
		lp_print_built(&json);
	} else if (rule != NULL)
		show_rule(rule);
	else
		list_rules(catalogue);
	return true;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	struct lp_problems problems = { 0 };
	struct lp_rule_server *server = NULL;
	const struct lp_rule_catalogue *catalogue = NULL;
	bool ok = load_rules(session, request->rules, &server, &catalogue, &problems, error);
	if (problems.count > 0)
		lp_command_print_problems(&lp_command_rules, &problems);
	ok = ok && show(request, catalogue, error) && (problems.count == 0 || lp_command_exit(error, LP_EXIT_DATA));
	lp_rule_server_free(server);
	lp_problems_free(&problems);
	return ok;
}

static const struct lp_option options[] = {
	{ .name = "--rules", .value = "DIRECTORY", .field = offsetof(struct request, rules) },
	{ .name = "--json", .field = offsetof(struct request, json) },
	{ .name = NULL },
};

const struct lp_command lp_command_rules = {
	.name = "rules",
	.summary = "list the rules, or show one with its documentation",
	.help = "Usage: local-processing rules [OPTION...] [NAME]\n"
		"\n"
		"Lists the rules that calculations can name: the built-in ones, and those of the directory of\n"
		"rules. With NAME: that rule's inputs, parameters and documentation. What is wrong with the\n"
		"rules' files goes to standard error, and makes the exit code 65; the other rules are shown.\n"
		"\n"
		"  --rules DIRECTORY   rules of this directory, in place of the configuration's\n"
		"  --json              everything about them as JSON\n"
		"\n"
		"Examples:\n"
		"  local-processing rules\n"
		"  local-processing rules increase\n"
		"  local-processing rules --rules ./rules pump.efficiency\n",
	.options = options,
	.operands = { .most = 1, .what = "one rule", .field = offsetof(struct request, names) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_OVERRIDES,
	.run = run,
};
