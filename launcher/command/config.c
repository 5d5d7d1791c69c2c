/* `config`: the settings as they hold, and where each comes from. */
#include "command/command.h"
#include "command/output.h"
#include "command/table.h"

#include "model/memory.h"
#include "text/json.h"
#include <stdio.h>
#include <stdlib.h>

struct request {
	const char *listen, *on_failure, *metrics_file;
	bool json, set;
};

struct view {
	const struct request *request;
	struct lp_table *table; /* NULL: JSON */
	struct lp_text *json;
};

static char *describe_origin(const struct lp_origin *origin)
{
	if (origin->kind == LP_ORIGIN_DEFAULT)
		return lp_copy_text("default");
	if (origin->kind == LP_ORIGIN_FILE)
		return lp_format_text("%s:%d", origin->name, origin->line);
	if (origin->value_file != NULL)
		return lp_format_text("%s (%s)", origin->name, origin->value_file);
	return lp_copy_text(origin->name);
}

static void add_row(struct lp_table *table, const struct lp_effective_setting *setting)
{
	char *from = describe_origin(setting->origin);
	const char *const cells[] = { setting->path, setting->text, from };
	lp_table_row(table, cells);
	free(from);
}

static void add_object(struct lp_text *json, const struct lp_effective_setting *setting)
{
	static const char *const froms[] = { [LP_ORIGIN_DEFAULT] = "default",
		                             [LP_ORIGIN_FILE] = "file",
		                             [LP_ORIGIN_VARIABLE] = "variable",
		                             [LP_ORIGIN_OPTION] = "option" };
	const struct lp_origin *origin = setting->origin;
	lp_json_begin(json, NULL, "{");
	lp_json_add_text(json, "name", setting->path);
	lp_json_add_stored(json, "value", setting->json);
	lp_json_add_text(json, "from", froms[origin->kind]);
	if (origin->kind == LP_ORIGIN_FILE) {
		lp_json_add_text(json, "file", origin->name);
		lp_json_add_integer(json, "line", origin->line);
	} else if (origin->kind != LP_ORIGIN_DEFAULT) {
		lp_json_add_text(json, froms[origin->kind], origin->name);
	}
	if (origin->value_file != NULL)
		lp_json_add_text(json, "file", origin->value_file);
	lp_json_end(json, "}");
}

static void add_setting(void *context, const struct lp_effective_setting *setting)
{
	struct view *view = context;
	if (view->request->set && setting->origin->kind == LP_ORIGIN_DEFAULT)
		return;
	if (view->table != NULL)
		add_row(view->table, setting);
	else
		add_object(view->json, setting);
}

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	const struct request *request = data;
	(void)error;
	overrides->listen = request->listen;
	overrides->on_failure = request->on_failure;
	overrides->metrics_file = request->metrics_file;
	return true;
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	static const struct lp_table_column columns[] = { { "SETTING", false }, { "VALUE", false }, { "FROM", false } };
	struct view view = { .request = data };
	struct lp_text json = { 0 };
	(void)error;
	if (view.request->json) {
		view.json = &json;
		lp_json_begin(&json, NULL, "{");
		lp_json_add_text(&json, "file", session->config.file);
		lp_json_begin(&json, "settings", "[");
		lp_config_each(&session->config, add_setting, &view);
		lp_json_end(&json, "]");
		lp_json_end(&json, "}\n");
		lp_print_built(&json);
		return true;
	}
	view.table = lp_table_new(stdout, columns, sizeof columns / sizeof columns[0]);
	lp_config_each(&session->config, add_setting, &view);
	lp_table_end(view.table);
	return true;
}

static const struct lp_option options[] = {
	{ .name = "--set", .field = offsetof(struct request, set) },
	{ .name = "--json", .field = offsetof(struct request, json) },
	{ .name = "--listen", .value = "ADDRESS:PORT", .field = offsetof(struct request, listen) },
	{ .name = "--on-failure", .value = "COMMAND", .field = offsetof(struct request, on_failure) },
	{ .name = "--metrics-file", .value = "FILE", .field = offsetof(struct request, metrics_file) },
	{ .name = NULL },
};

const struct lp_command lp_command_config = {
	.name = "config",
	.summary = "the settings as they hold, and where each comes from",
	.help = "Usage: local-processing config [--set] [--json] [OPTION...]\n"
		"\n"
		"Prints every setting, its value, and where that comes from: the default, a line of the configuration\n"
		"file, a variable of the environment, or an option.  Passwords in an address, and values that come from\n"
		"a file of a variable ..._FILE, are shown as ***.  If something is wrong, it says what, and ends with\n"
		"exit code 78; `check` looks at everything else that a run needs.\n"
		"\n"
		"  --set    without those that have their default\n"
		"  --json   as JSON\n"
		"  --listen ADDRESS:PORT, --on-failure COMMAND, --metrics-file FILE\n"
		"           options of `run` and `serve` that win over settings\n"
		"\n"
		"Examples:\n"
		"  local-processing config\n"
		"  LOCAL_PROCESSING_CATCH_UP=500 local-processing config --set\n"
		"  local-processing config --json | jq '.settings[] | select(.from == \"variable\")'\n"
		"  sudo -u processing local-processing config    what cron's user gets\n",
	.options = options,
	.operands = { .what = "config shows all settings" },
	.request_size = sizeof(struct request),
	.need = LP_NEED_CONFIGURATION,
	.check = check,
	.run = run,
};
