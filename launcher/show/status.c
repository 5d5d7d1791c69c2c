/* What became of calculations and of runs, as JSON: see show.h. */
#include "show/show.h"

#include "model/clock.h"
#include "text/json.h"

struct lp_status lp_status_complete(const struct lp_status *status)
{
	struct lp_status complete = *status;
	const struct lp_schedule *schedule = &status->calculation.schedule;
	const struct lp_zone *zone;
	struct lp_window window;
	struct lp_error unknown;
	bool well = status->state == LP_STATE_OK || status->state == LP_STATE_NO_DATA;
	bool known = status->window.start != LP_TIME_NONE && status->window.end >= status->watermark;

	if (!well || known || status->watermark == LP_TIME_NONE || !lp_zone_find(schedule->zone, &zone, &unknown) ||
	    !lp_window_ending_by(schedule, zone, status->watermark, &window) || window.end != status->watermark)
		return complete;
	complete.window = window;
	complete.run_id = 0;
	complete.duration = 0;
	complete.samples_read = 0;
	complete.rule_version = NULL;
	return complete;
}

bool lp_status_has_outcome(const struct lp_status *status)
{
	return status->window.start != LP_TIME_NONE && status->run_id != 0;
}

bool lp_status_counts(const struct lp_status *status, const struct lp_status_filter *filter)
{
	return lp_state_is_failure(status->state) && (status->calculation.mode == LP_MODE_LIVE || filter->mode != NULL);
}

static void add_window(struct lp_text *json, const struct lp_window *window, const struct lp_zone *zone)
{
	if (window->start == LP_TIME_NONE) {
		lp_json_add_null(json, "window");
		return;
	}
	lp_json_begin(json, "window", "{");
	lp_json_add_time(json, "start", window->start, zone);
	lp_json_add_time(json, "end", window->end, zone);
	lp_json_end(json, "}");
}

static void add_definition(struct lp_text *json, const struct lp_calculation *calculation)
{
	char every[24], window[24];
	lp_span_format(calculation->schedule.every, every);
	lp_span_format(calculation->schedule.window, window);
	lp_json_add_text(json, "name", calculation->name);
	lp_json_add_text(json, "rule", calculation->rule);
	lp_json_add_stored(json, "labels", calculation->labels == NULL ? "{}" : calculation->labels);
	lp_json_add_text(json, "every", every);
	lp_json_add_text(json, "window_length", window);
	lp_json_add_text(json, "time_zone", calculation->schedule.zone);
	lp_json_add_bool(json, "enabled", calculation->enabled);
	lp_json_add_text(json, "mode", lp_mode_names[calculation->mode]);
	lp_json_add_integer(json, "definition_version", calculation->version);
}

static void add_outcome(struct lp_text *json, int64_t run_id, int64_t duration, uint32_t samples_read)
{
	lp_json_add_integer(json, "run", run_id);
	lp_json_add_seconds(json, "duration", duration, 9);
	lp_json_add_integer(json, "samples_read", samples_read);
}

static void add_error(struct lp_text *json, const struct lp_status *status)
{
	if (status->error_message == NULL && status->error_type == NULL) {
		lp_json_add_null(json, "error");
		return;
	}
	lp_json_begin(json, "error", "{");
	lp_json_add_text(json, "type", status->error_type);
	lp_json_add_text(json, "message", status->error_message);
	lp_json_add_text(json, "traceback", status->error_traceback);
	lp_json_end(json, "}");
}

static void add_status(struct lp_text *json, const struct lp_status *status, const char *waits,
                       const struct lp_zone *zone)
{
	add_definition(json, &status->calculation);
	lp_json_add_text(json, "state", lp_state_name(status->state));
	lp_json_add_time(json, "since", status->since, zone);
	lp_json_add_time(json, "failing_since", status->failing_since, zone);
	lp_json_add_time(json, "watermark", status->watermark, zone);
	lp_json_add_time(json, "next_attempt", status->next_attempt, zone);
	add_window(json, &status->window, zone);
	if (status->window.start != LP_TIME_NONE && !lp_status_has_outcome(status)) {
		lp_json_add_null(json, "run");
		lp_json_add_null(json, "duration");
		lp_json_add_null(json, "samples_read");
	} else {
		add_outcome(json, status->run_id, status->duration, status->samples_read);
	}
	lp_json_add_integer(json, "attempts", status->attempts);
	lp_json_add_integer(json, "pending", status->pending);
	lp_json_add_text(json, "waits", waits);
	lp_json_add_text(json, "rule_version", status->rule_version);
	add_error(json, status);
}

/* Rows of a list on their way into a document. */
struct rows {
	struct lp_document *document;
	const struct lp_zone *zone;
	const struct lp_status_filter *filter; /* of a list of calculations */
	struct lp_waits waits;
	uint64_t count, failing;
	int64_t calculation_id; /* of the last one */
};

void lp_history_add_versions(struct lp_text *json, const struct lp_history *history)
{
	if (history->definition_version == 0)
		lp_json_add_null(json, "definition_version");
	else
		lp_json_add_integer(json, "definition_version", history->definition_version);
	lp_json_add_text(json, "rule_version", history->rule_version);
}

static bool add_window_row(void *context, const struct lp_history *history, struct lp_error *error)
{
	struct rows *rows = context;
	struct lp_text *json = &rows->document->text;
	rows->count++;
	lp_json_new_line(json, 4);
	lp_json_begin(json, NULL, "{");
	add_window(json, &history->window, rows->zone);
	lp_json_add_text(json, "state", lp_state_name(history->state));
	lp_json_add_time(json, "tick", history->tick, rows->zone);
	add_outcome(json, history->run_id, history->duration, history->samples_read);
	lp_history_add_versions(json, history);
	lp_json_end(json, "}");
	return lp_document_flush(rows->document, error);
}

struct lp_history_query lp_newest_history(int64_t calculation_id, uint32_t most)
{
	return (struct lp_history_query){
		.calculation_id = calculation_id, .from = LP_TIME_NONE, .to = LP_TIME_NONE, .most = most
	};
}

static bool add_history(struct lp_document *document, struct lp_store *store, const struct lp_history_query *query,
                        const struct lp_zone *zone, struct lp_error *error)
{
	struct rows rows = { .document = document, .zone = zone };
	lp_json_begin(&document->text, "history", "[");
	bool ok = lp_store_each_history(store, query, add_window_row, &rows, error);
	lp_json_end(&document->text, rows.count == 0 ? "]" : "\n  ]");
	return ok;
}

/* Its object stays open: a history may follow. */
static bool add_status_row(void *context, const struct lp_status *stored, struct lp_error *error)
{
	struct rows *rows = context;
	struct lp_text *json = &rows->document->text;
	const struct lp_status status = lp_status_complete(stored);
	if (rows->count++ > 0)
		lp_json_end(json, "}");
	lp_json_new_line(json, 2);
	lp_json_begin(json, NULL, "{");
	add_status(json, &status, lp_waits_reason(&rows->waits, status.calculation.id), rows->zone);
	rows->failing += lp_status_counts(&status, rows->filter);
	rows->calculation_id = status.calculation.id;
	return lp_document_flush(rows->document, error);
}

bool lp_show_status(struct lp_document *document, struct lp_store *store, const struct lp_status_query *query,
                    uint64_t *failing, struct lp_error *error)
{
	struct rows rows = { .document = document, .zone = query->zone, .filter = &query->filter };
	lp_json_begin(&document->text, NULL, "[");
	bool ok = lp_waits_find(store, lp_now(), query->zone, &rows.waits, error) &&
	          lp_store_each_status(store, &query->filter, add_status_row, &rows, error);
	lp_waits_free(&rows.waits);
	if (ok && query->history > 0 && rows.count == 1) {
		const struct lp_history_query history = lp_newest_history(rows.calculation_id, query->history);
		ok = add_history(document, store, &history, query->zone, error);
	}
	lp_json_end(&document->text, rows.count == 0 ? "]\n" : "}\n]\n");
	*failing = rows.failing;
	return ok;
}

/* Seconds of each stage, summed over its threads; null where that is not known. */
static void add_stages(struct lp_text *json, const struct lp_run *run)
{
	if (run->planning == 0) {
		lp_json_add_null(json, "seconds");
		return;
	}
	lp_json_begin(json, "seconds", "{");
	lp_json_add_seconds(json, "planning", run->planning, 6);
	lp_json_add_seconds(json, "fetch", run->fetch, 6);
	lp_json_add_seconds(json, "compute", run->compute, 6);
	lp_json_add_seconds(json, "commit", run->commit, 6);
	lp_json_end(json, "}");
}

static bool add_run_row(void *context, const struct lp_run *run, struct lp_error *error)
{
	struct rows *rows = context;
	struct lp_text *json = &rows->document->text;
	rows->count++;
	lp_json_new_line(json, 2);
	lp_json_begin(json, NULL, "{");
	lp_json_add_integer(json, "run", run->id);
	lp_json_add_time(json, "tick", run->tick, rows->zone);
	lp_json_add_time(json, "started", run->started, rows->zone);
	lp_json_add_time(json, "ended", run->ended, rows->zone);
	lp_json_add_text(json, "result", run->result);
	lp_json_add_text(json, "error", run->error);
	lp_json_add_text(json, "host", run->host);
	lp_json_add_text(json, "program_version", run->program_version);
	lp_json_add_integer(json, "process", run->process);
	lp_json_add_integer(json, "windows", (int64_t)run->windows);
	lp_json_begin(json, "states", "{");
	for (int state = 0; state < LP_STATE_COUNT; state++)
		if (run->states[state] > 0)
			lp_json_add_integer(json, lp_state_name((enum lp_state)state), (int64_t)run->states[state]);
	lp_json_end(json, "}");
	lp_json_add_integer(json, "samples_read", (int64_t)run->samples_read);
	lp_json_add_integer(json, "samples_written", (int64_t)run->samples_written);
	lp_json_add_integer(json, "kept_imported", (int64_t)run->kept_imported);
	lp_json_add_integer(json, "still_due", (int64_t)run->still_due);
	add_stages(json, run);
	lp_json_end(json, "}");
	return lp_document_flush(rows->document, error);
}

bool lp_show_runs(struct lp_document *document, struct lp_store *store, uint32_t most, const struct lp_zone *zone,
                  struct lp_error *error)
{
	struct rows rows = { .document = document, .zone = zone };
	lp_json_begin(&document->text, NULL, "[");
	bool ok = lp_store_each_run(store, LP_NEWEST_RUNS(most), add_run_row, &rows, error);
	lp_json_end(&document->text, rows.count == 0 ? "]\n" : "\n]\n");
	return ok;
}
