/* `status --json`: states, windows and runs as JSON objects. */
#include "command/status.h"

#include "command/output.h"
#include <inttypes.h>
#include <stdio.h>

static void print_window(const struct lp_window *window, const struct lp_zone *zone)
{
	fputs("\"window\": ", stdout);
	if (window->start == LP_TIME_NONE) {
		fputs("null", stdout);
		return;
	}
	putchar('{');
	lp_print_json_time("start", window->start, zone);
	fputs(", ", stdout);
	lp_print_json_time("end", window->end, zone);
	putchar('}');
}

static void print_definition(const struct lp_calculation *calculation)
{
	char every[24], window[24];
	lp_span_format(calculation->schedule.every, every);
	lp_span_format(calculation->schedule.window, window);

	putchar('{');
	lp_print_json_text("name", calculation->name);
	fputs(", ", stdout);
	lp_print_json_text("rule", calculation->rule);
	fputs(", \"labels\": ", stdout);
	lp_print_json(calculation->labels == NULL ? "{}" : calculation->labels);
	fputs(", ", stdout);
	lp_print_json_text("every", every);
	fputs(", ", stdout);
	lp_print_json_text("window_length", window);
	fputs(", ", stdout);
	lp_print_json_text("time_zone", calculation->schedule.zone);
	printf(", \"enabled\": %s, \"definition_version\": %" PRId32, calculation->enabled ? "true" : "false",
	       calculation->version);
}

static void print_error(const struct lp_status *status)
{
	if (status->error_message == NULL && status->error_type == NULL) {
		fputs(", \"error\": null", stdout);
		return;
	}
	fputs(", \"error\": {", stdout);
	lp_print_json_text("type", status->error_type);
	fputs(", ", stdout);
	lp_print_json_text("message", status->error_message);
	fputs(", ", stdout);
	lp_print_json_text("traceback", status->error_traceback);
	putchar('}');
}

void lp_status_print_json(const struct lp_status *status, const char *held, const struct lp_zone *zone)
{
	const struct {
		const char *name;
		lp_time value;
	} times[] = { { "since", status->since },
		      { "failing_since", status->failing_since },
		      { "watermark", status->watermark },
		      { "next_attempt", status->next_attempt } };

	print_definition(&status->calculation);
	fputs(", ", stdout);
	lp_print_json_text("state", lp_state_name(status->state));
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		fputs(", ", stdout);
		lp_print_json_time(times[i].name, times[i].value, zone);
	}
	fputs(", ", stdout);
	print_window(&status->window, zone);
	if (status->window.start != LP_TIME_NONE && !lp_status_has_outcome(status))
		fputs(", \"run\": null, \"duration\": null, \"samples_read\": null", stdout);
	else
		printf(", \"run\": %" PRId64 ", \"duration\": %.9f, \"samples_read\": %" PRIu32, status->run_id,
		       (double)status->duration / 1e9, status->samples_read);
	printf(", \"attempts\": %" PRId32 ", \"pending\": %" PRIu32 ", ", status->attempts, status->pending);
	lp_print_json_text("waits", held);
	fputs(", ", stdout);
	lp_print_json_text("rule_version", status->rule_version);
	print_error(status);
}

void lp_status_print_json_history(const struct lp_history *history, const struct lp_zone *zone)
{
	putchar('{');
	print_window(&history->window, zone);
	fputs(", ", stdout);
	lp_print_json_text("state", lp_state_name(history->state));
	fputs(", ", stdout);
	lp_print_json_time("tick", history->tick, zone);
	printf(", \"run\": %" PRId64 ", \"duration\": %.9f, \"samples_read\": %" PRIu32 "}", history->run_id,
	       (double)history->duration / 1e9, history->samples_read);
}

void lp_status_print_json_run(const struct lp_run *run, const struct lp_zone *zone)
{
	printf("{\"run\": %" PRId64 ", ", run->id);
	lp_print_json_time("tick", run->tick, zone);
	fputs(", ", stdout);
	lp_print_json_time("started", run->started, zone);
	fputs(", ", stdout);
	lp_print_json_time("ended", run->ended, zone);
	fputs(", ", stdout);
	lp_print_json_text("result", run->result);
	fputs(", ", stdout);
	lp_print_json_text("error", run->error);
	fputs(", ", stdout);
	lp_print_json_text("host", run->host);
	fputs(", ", stdout);
	lp_print_json_text("program_version", run->program_version);
	printf(", \"process\": %" PRId32 ", \"windows\": %" PRIu64 ", \"states\": {", run->process, run->windows);
	bool first = true;
	for (int state = 0; state < LP_STATE_COUNT; state++) {
		if (run->states[state] > 0) {
			printf("%s\"%s\": %" PRIu64, first ? "" : ", ", lp_state_name((enum lp_state)state),
			       run->states[state]);
			first = false;
		}
	}
	printf("}, \"samples_read\": %" PRIu64 ", \"samples_written\": %" PRIu64 ", \"kept_imported\": %" PRIu64
	       ", \"still_due\": %" PRIu64 "}",
	       run->samples_read, run->samples_written, run->kept_imported, run->still_due);
}
