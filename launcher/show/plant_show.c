/* A plant as one JSON document: see plant.h.  Tables are lists of rows, whose columns are named once. */
#include "show/plant.h"

#include "model/embedded.h"
#include "text/json.h"

#include <string.h>

static void add_columns(struct lp_text *json, const char *const *names, size_t count)
{
	lp_json_begin(json, "columns", "[");
	for (size_t i = 0; i < count; i++)
		lp_json_add_text(json, NULL, names[i]);
	lp_json_end(json, "]");
}

#define ADD_COLUMNS(json, names) add_columns(json, names, sizeof(names) / sizeof *(names))

static const char *const run_columns[] = {
	"run",       "kind",       "tick",     "started", "ended",   "result",       "error",        "host",
	"process",   "program",    "windows",  "states",  "failing", "newly_failed", "samples_read", "samples_written",
	"still_due", "recomputed", "planning", "fetch",   "compute", "commit",
};

static void add_stage(struct lp_text *json, const struct lp_run *run, int64_t nanoseconds)
{
	if (run->planning == 0)
		lp_json_add_null(json, NULL);
	else
		lp_json_add_seconds(json, NULL, nanoseconds, 6);
}

static void add_run(struct lp_text *json, const struct lp_run *run)
{
	lp_json_new_line(json, 3);
	lp_json_begin(json, NULL, "[");
	lp_json_add_integer(json, NULL, run->id);
	lp_json_add_text(json, NULL, lp_run_kind_names[run->kind]);
	lp_plant_add_time(json, NULL, run->tick);
	lp_plant_add_time(json, NULL, run->started);
	lp_plant_add_time(json, NULL, run->ended);
	lp_json_add_text(json, NULL, run->result);
	lp_json_add_text(json, NULL, run->error);
	lp_json_add_text(json, NULL, run->host);
	lp_json_add_integer(json, NULL, run->process);
	lp_json_add_text(json, NULL, run->program_version);
	lp_json_add_integer(json, NULL, (int64_t)run->windows);
	lp_json_begin(json, NULL, "{");
	for (int state = 0; state < LP_STATE_COUNT; state++)
		if (run->states[state] > 0)
			lp_json_add_integer(json, lp_state_name((enum lp_state)state), (int64_t)run->states[state]);
	lp_json_end(json, "}");
	lp_json_add_integer(json, NULL, (int64_t)lp_run_count_failed(run));
	lp_json_add_integer(json, NULL, (int64_t)run->newly_failed);
	lp_json_add_integer(json, NULL, (int64_t)run->samples_read);
	lp_json_add_integer(json, NULL, (int64_t)run->samples_written);
	lp_json_add_integer(json, NULL, (int64_t)run->still_due);
	lp_json_add_integer(json, NULL, (int64_t)run->recomputed);
	add_stage(json, run, run->planning);
	add_stage(json, run, run->fetch);
	add_stage(json, run, run->compute);
	add_stage(json, run, run->commit);
	lp_json_end(json, "]");
}

static bool add_runs(struct lp_document *document, const struct lp_plant *plant, struct lp_error *error)
{
	struct lp_text *json = &document->text;
	lp_json_new_line(json, 1);
	lp_json_begin(json, "last_run", "{");
	ADD_COLUMNS(json, run_columns);
	lp_json_begin(json, "rows", "[");
	if (plant->has_last)
		add_run(json, &plant->last);
	lp_json_end(json, "]}");
	lp_json_new_line(json, 1);
	lp_json_begin(json, "runs", "{");
	ADD_COLUMNS(json, run_columns);
	lp_json_begin(json, "rows", "[");
	/* The oldest first, as charts have them. */
	for (size_t i = plant->run_count; i-- > 0;) {
		add_run(json, &plant->runs[i]);
		if (!lp_document_flush(document, error))
			return false;
	}
	lp_json_end(json, "]}");
	return true;
}

static const char *const calculation_columns[] = {
	"name",     "rule",          "labels",     "every",     "rank",         "mode",    "state",
	"since",    "failing_since", "window_end", "watermark", "lag",          "pending", "owed",
	"attempts", "next_attempt",  "run",        "duration",  "samples_read", "group",   "message",
	"waits",    "windows",       "failed",     "seconds",   "worst",        "inputs",  "outputs",
};

static void add_series_numbers(struct lp_text *json, const struct lp_plant *plant, const struct lp_plant_row *row,
                               bool inputs)
{
	size_t count = inputs ? row->input_count : row->output_count;
	lp_json_begin(json, NULL, "[");
	for (size_t i = 0; i < count; i++) {
		size_t at = inputs ? lp_plant_series_at(plant, row->inputs[i].series, row->inputs[i].series_id)
		                   : lp_plant_series_at(plant, row->outputs[i].series, row->outputs[i].series_id);
		lp_json_add_integer(json, NULL, (int64_t)at);
	}
	lp_json_end(json, "]");
}

static void add_count_or_null(struct lp_text *json, bool known, int64_t count)
{
	if (known)
		lp_json_add_integer(json, NULL, count);
	else
		lp_json_add_null(json, NULL);
}

static void add_seconds_or_null(struct lp_text *json, bool known, int64_t nanoseconds)
{
	if (known)
		lp_json_add_seconds(json, NULL, nanoseconds, 6);
	else
		lp_json_add_null(json, NULL);
}

/* A message that is that of its group is told there. */
static const char *own_message(const struct lp_plant *plant, const struct lp_plant_row *row)
{
	const char *message = row->status.error_message;
	if (row->group < 0 || message == NULL)
		return message;
	const char *example = plant->rows[plant->groups[row->group].example].status.error_message;
	return example != NULL && strcmp(example, message) == 0 ? NULL : message;
}

static void add_calculation(struct lp_text *json, const struct lp_plant *plant, const struct lp_plant_row *row)
{
	const struct lp_status *status = &row->status;
	const struct lp_calculation *calculation = &status->calculation;
	bool known = lp_status_has_outcome(status);
	char every[24];
	lp_span_format(calculation->schedule.every, every);
	lp_json_new_line(json, 3);
	lp_json_begin(json, NULL, "[");
	lp_json_add_text(json, NULL, calculation->name);
	lp_json_add_integer(json, NULL, row->rule);
	lp_json_add_integer(json, NULL, row->label);
	lp_json_add_text(json, NULL, every);
	lp_json_add_integer(json, NULL, calculation->rank);
	lp_json_add_text(json, NULL, lp_mode_names[calculation->mode]);
	lp_json_add_text(json, NULL, lp_state_name(status->state));
	lp_plant_add_time(json, NULL, status->since);
	lp_plant_add_time(json, NULL, status->failing_since);
	lp_plant_add_time(json, NULL, status->window.start == LP_TIME_NONE ? LP_TIME_NONE : status->window.end);
	lp_plant_add_time(json, NULL, status->watermark);
	add_seconds_or_null(json, row->lag >= 0, row->lag * 1000);
	lp_json_add_integer(json, NULL, status->pending);
	lp_json_add_integer(json, NULL, status->owed);
	lp_json_add_integer(json, NULL, status->attempts);
	lp_plant_add_time(json, NULL, status->next_attempt);
	add_count_or_null(json, known, status->run_id);
	add_seconds_or_null(json, known, status->duration);
	add_count_or_null(json, known, status->samples_read);
	add_count_or_null(json, row->group >= 0, row->group);
	lp_json_add_text(json, NULL, own_message(plant, row));
	lp_json_add_text(json, NULL, status->cause != NULL ? status->cause : row->waits);
	lp_json_add_integer(json, NULL, (int64_t)row->windows);
	lp_json_add_integer(json, NULL, (int64_t)row->failed);
	lp_json_add_seconds(json, NULL, row->spent, 6);
	lp_json_add_seconds(json, NULL, row->worst, 6);
	add_series_numbers(json, plant, row, true);
	add_series_numbers(json, plant, row, false);
	lp_json_end(json, "]");
}

static bool add_calculations(struct lp_document *document, const struct lp_plant *plant, struct lp_error *error)
{
	struct lp_text *json = &document->text;
	lp_json_new_line(json, 1);
	lp_json_begin(json, "calculations", "{");
	ADD_COLUMNS(json, calculation_columns);
	lp_json_begin(json, "rows", "[");
	for (size_t i = 0; i < plant->row_count; i++) {
		add_calculation(json, plant, &plant->rows[i]);
		if (!lp_document_flush(document, error))
			return false;
	}
	lp_json_end(json, "]}");
	lp_json_new_line(json, 1);
	lp_json_begin(json, "series", "[");
	for (size_t i = 0; i < plant->series_count; i++) {
		lp_json_add_text(json, NULL, plant->series[i].name);
		if (!lp_document_flush(document, error))
			return false;
	}
	lp_json_end(json, "]");
	lp_json_new_line(json, 1);
	lp_json_begin(json, "labels", "[");
	for (size_t i = 0; i < plant->label_count; i++)
		lp_json_add_stored(json, NULL, plant->labels[i]);
	lp_json_end(json, "]");
	return lp_document_flush(document, error);
}

static const char *const rule_columns[] = { "name",    "calculations", "windows",     "failed",
	                                    "seconds", "worst",        "samples_read" };

static void add_rules(struct lp_text *json, const struct lp_plant *plant)
{
	lp_json_new_line(json, 1);
	lp_json_begin(json, "rules", "{");
	ADD_COLUMNS(json, rule_columns);
	lp_json_begin(json, "rows", "[");
	for (size_t i = 0; i < plant->rule_count; i++) {
		const struct lp_plant_rule *rule = &plant->rules[i];
		lp_json_new_line(json, 3);
		lp_json_begin(json, NULL, "[");
		lp_json_add_text(json, NULL, rule->name);
		lp_json_add_integer(json, NULL, (int64_t)rule->calculations);
		lp_json_add_integer(json, NULL, (int64_t)rule->windows);
		lp_json_add_integer(json, NULL, (int64_t)rule->failed);
		lp_json_add_seconds(json, NULL, rule->spent, 6);
		lp_json_add_seconds(json, NULL, rule->worst, 6);
		lp_json_add_integer(json, NULL, (int64_t)rule->samples_read);
		lp_json_end(json, "]");
	}
	lp_json_end(json, "]}");
}

/* Tracebacks are long, and a plant may fail in ten thousand ways: the largest groups have theirs. */
enum { GROUPS_WITH_TRACEBACK = 200 };

static bool add_groups(struct lp_document *document, const struct lp_plant *plant, struct lp_error *error)
{
	struct lp_text *json = &document->text;
	lp_json_new_line(json, 1);
	lp_json_begin(json, "failures", "[");
	for (size_t i = 0; i < plant->group_count; i++) {
		const struct lp_plant_group *group = &plant->groups[i];
		const struct lp_status *example = &plant->rows[group->example].status;
		lp_json_new_line(json, 3);
		lp_json_begin(json, NULL, "{");
		lp_json_add_text(json, "rule", example->calculation.rule);
		lp_json_add_text(json, "mode", lp_mode_names[example->calculation.mode]);
		lp_json_add_text(json, "type", example->error_type);
		lp_json_add_text(json, "message", example->error_message);
		lp_json_add_text(json, "example", example->calculation.name);
		lp_json_add_text(json, "traceback", i < GROUPS_WITH_TRACEBACK ? example->error_traceback : NULL);
		lp_json_add_integer(json, "calculations", (int64_t)group->count);
		lp_plant_add_time(json, "since", group->since);
		lp_json_end(json, "}");
		if (!lp_document_flush(document, error))
			return false;
	}
	lp_json_end(json, "]");
	return true;
}

static bool add_breaker(void *context, const struct lp_breaker *breaker, struct lp_error *error)
{
	struct lp_text *json = context;
	(void)error;
	lp_json_begin(json, NULL, "{");
	lp_json_add_text(json, "rule", breaker->rule);
	lp_plant_add_time(json, "since", breaker->since);
	lp_json_add_integer(json, "failed", (int64_t)breaker->failed);
	lp_json_add_integer(json, "of", (int64_t)breaker->of);
	lp_json_add_integer(json, "trials", (int64_t)breaker->trials);
	lp_json_add_text(json, "error", breaker->error);
	lp_json_end(json, "}");
	return true;
}

static void add_left_out(struct lp_text *json, const char *what, uint64_t shown, uint64_t of)
{
	if (shown >= of)
		return;
	lp_json_begin(json, NULL, "{");
	lp_json_add_text(json, "what", what);
	lp_json_add_integer(json, "shown", (int64_t)shown);
	lp_json_add_integer(json, "of", (int64_t)of);
	lp_json_end(json, "}");
}

static void add_head(struct lp_text *json, const struct lp_plant *plant)
{
	const struct lp_plant_query *query = plant->query;
	const struct lp_embedded *version = lp_embedded_find("version");
	lp_json_add_text(json, "program", version == NULL ? NULL : (const char *)version->data);
	lp_json_add_text(json, "store", query->described);
	lp_json_add_text(json, "zone", lp_zone_name(query->zone));
	lp_plant_add_time(json, "made", plant->now);
	lp_plant_add_time(json, "tick", plant->tick);
	lp_plant_add_time(json, "from", plant->from);
	lp_plant_add_time(json, "to", plant->to);
}

static void add_states(struct lp_text *json, const struct lp_plant *plant)
{
	lp_json_new_line(json, 1);
	lp_json_begin(json, "states", "{");
	for (int state = 0; state < LP_STATE_COUNT; state++)
		if (plant->states[state] > 0)
			lp_json_add_integer(json, lp_state_name((enum lp_state)state), (int64_t)plant->states[state]);
	lp_json_end(json, "}");
	lp_json_add_integer(json, "failing", (int64_t)plant->failing);
	lp_json_add_integer(json, "shadow", (int64_t)plant->shadow);
	lp_json_add_integer(json, "shadow_failing", (int64_t)plant->shadow_failing);
}

static bool add_details(struct lp_document *document, const struct lp_plant *plant, uint64_t *charts,
                        struct lp_error *error)
{
	struct lp_text *json = &document->text;
	struct lp_plant_left left = { .series = LP_PLANT_SERIES_MOST, .all = LP_PLANT_SAMPLES_MOST };
	*charts = 0;
	lp_json_new_line(json, 1);
	lp_json_begin(json, "details", "[");
	for (size_t i = 0; i < plant->row_count; i++) {
		if (!plant->rows[i].detailed)
			continue;
		lp_json_new_line(json, 3);
		lp_json_begin(json, NULL, "{");
		if (!lp_plant_show_detail(document, plant, &plant->rows[i], &left, error))
			return false;
		lp_json_end(json, "}");
		if (!lp_document_flush(document, error))
			return false;
		*charts += left.all > 0;
	}
	lp_json_end(json, "]");
	return true;
}

static bool show(struct lp_document *document, const struct lp_plant *plant, struct lp_error *error)
{
	struct lp_text *json = &document->text;
	uint64_t charts;
	lp_json_begin(json, NULL, "{\n ");
	add_head(json, plant);
	add_states(json, plant);
	if (!add_runs(document, plant, error) || !add_calculations(document, plant, error))
		return false;
	add_rules(json, plant);
	if (!add_groups(document, plant, error))
		return false;
	lp_json_new_line(json, 1);
	lp_json_begin(json, "breakers", "[");
	if (!lp_store_each_breaker(plant->query->store, add_breaker, json, error))
		return false;
	lp_json_end(json, "]");
	if (!add_details(document, plant, &charts, error))
		return false;
	lp_json_new_line(json, 1);
	lp_json_begin(json, "left_out", "[");
	add_left_out(json, "runs of the period, the newest ones", plant->run_count, plant->runs_of_period);
	add_left_out(json, "calculations", plant->row_count, plant->calculations);
	add_left_out(json, "calculations in detail", plant->past_count, plant->calculations);
	add_left_out(json, "of these, with charts", charts, plant->past_count);
	add_left_out(json, "groups of failures with a traceback", GROUPS_WITH_TRACEBACK, plant->group_count);
	lp_json_end(json, "]\n}\n");
	return true;
}

bool lp_show_plant(struct lp_document *document, const struct lp_plant_query *query, struct lp_error *error)
{
	struct lp_plant plant;
	bool ok = lp_plant_read(&plant, query, error) && show(document, &plant, error);
	lp_plant_free(&plant);
	return ok;
}
