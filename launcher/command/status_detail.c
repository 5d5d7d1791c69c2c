/* `status` of one calculation: everything that is known of it, for a person at night. */
#include "command/output.h"
#include "command/status.h"

#include "model/memory.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lp_status_format_second(lp_time t, const struct lp_zone *zone, char text[40])
{
	lp_time_format(t == LP_TIME_NONE ? t : t - ((t % LP_SECOND) + LP_SECOND) % LP_SECOND, zone, text);
}

void lp_nanoseconds_format(int64_t nanoseconds, char text[24])
{
	if (nanoseconds >= 1000000000) {
		snprintf(text, 24, "%.*f s", nanoseconds >= INT64_C(10000000000) ? 0 : 1, (double)nanoseconds / 1e9);
	} else if (nanoseconds >= 1000000) {
		snprintf(text, 24, "%.*f ms", nanoseconds >= 10000000 ? 0 : 1, (double)nanoseconds / 1e6);
	} else {
		/* Stored in whole microseconds. */
		snprintf(text, 24, nanoseconds >= 1000 ? "%" PRId64 " us" : "<1 us", nanoseconds / 1000);
	}
}

const char *lp_definition_version_format(const struct lp_history *history, char text[16])
{
	if (history->definition_version == 0)
		return "unknown";
	snprintf(text, 16, "%" PRId32, history->definition_version);
	return text;
}

const char *lp_rule_version_format(const struct lp_history *history)
{
	if (history->rule_version != NULL)
		return history->rule_version;
	return history->definition_version == 0 ? "unknown" : "not called";
}

/* Prints the lines of a message or traceback, indented. */
static void print_block(const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		char *line = lp_format_text("%s%.*s\n", length > 0 ? "    " : "", (int)length, text);
		lp_print_text(stdout, line);
		free(line);
		text += length + (text[length] == '\n');
	}
}

static void print_heading(const char *heading)
{
	printf("  %-14s", heading);
}

static void print_schedule(const struct lp_schedule *schedule)
{
	char every[24], window[24], offset[24], delay[32];
	lp_span_format(schedule->every, every);
	lp_span_format(schedule->window, window);
	lp_span_format(schedule->offset, offset);
	lp_duration_format(schedule->delay, delay);

	print_heading("schedule");
	printf("every %s", every);
	if (strcmp(every, window) != 0)
		printf(", windows of %s", window);
	if (schedule->offset.count != 0)
		printf(", moved by %s", offset);
	if (schedule->delay != 0)
		printf(", computed %s after their end", delay);
	lp_print(", %s\n", schedule->zone);
}

static void print_time(const char *heading, lp_time t, const struct lp_zone *zone)
{
	char text[40];
	if (t == LP_TIME_NONE)
		return;
	lp_status_format_second(t, zone, text);
	print_heading(heading);
	puts(text);
}

static void print_last_window(const struct lp_status *status, const struct lp_zone *zone)
{
	char start[40], end[40], duration[24];
	print_heading("last window");
	if (status->window.start == LP_TIME_NONE) {
		puts("none yet");
		return;
	}
	lp_time_format(status->window.start, zone, start);
	lp_time_format(status->window.end, zone, end);
	lp_nanoseconds_format(status->duration, duration);
	printf("%s to %s\n", start, end);
	print_heading("");
	if (!lp_status_has_outcome(status)) {
		puts("its outcome is past its retention");
		return;
	}
	printf("run %" PRId64 ", %" PRIu32 " sample%s, %s in the rule\n", status->run_id, status->samples_read,
	       status->samples_read == 1 ? "" : "s", duration);
}

static void print_error(const struct lp_status *status)
{
	if (status->error_message == NULL && status->error_type == NULL)
		return;
	const char *type = status->error_type == NULL ? "" : status->error_type;
	const char *message = status->error_message == NULL ? "" : status->error_message;
	print_heading("error");
	lp_print_line(stdout, type);
	if (strchr(message, '\n') == NULL) {
		fputs(type[0] != '\0' && message[0] != '\0' ? ": " : "", stdout);
		lp_print("%s\n", message);
	} else {
		fputs(type[0] != '\0' ? ":\n" : "\n", stdout);
		print_block(message);
	}
	if (status->error_traceback != NULL && status->error_traceback[0] != '\0') {
		putchar('\n');
		print_block(status->error_traceback);
	}
}

void lp_status_print_detail(const struct lp_status *status, const char *waits, const struct lp_zone *zone)
{
	const struct lp_calculation *calculation = &status->calculation;

	lp_print("%s\n", calculation->name);
	print_heading("rule");
	lp_print("%s%s%s\n", calculation->rule, status->rule_version == NULL ? "" : ", version ",
	         status->rule_version == NULL ? "" : status->rule_version);
	print_schedule(&calculation->schedule);
	print_heading("definition");
	printf("version %" PRId32 "%s%s\n", calculation->version, calculation->enabled ? "" : ", disabled",
	       calculation->mode == LP_MODE_SHADOW ? ", in shadow" : "");
	if (calculation->labels != NULL && strcmp(calculation->labels, "{}") != 0) {
		print_heading("labels");
		lp_print_json(calculation->labels);
		putchar('\n');
	}
	print_heading("state");
	printf("%s\n", lp_state_name(status->state));
	print_time("since", status->since, zone);
	print_time("failing since", status->failing_since, zone);
	print_last_window(status, zone);
	print_time("settled until", status->watermark, zone);
	if (waits != NULL) {
		print_heading("next window");
		lp_print("%s\n", waits);
	}
	if (status->cause != NULL) {
		print_heading("waits for");
		lp_print("%s, which failed\n", status->cause);
	}
	if (status->pending > 0) {
		print_heading("owed");
		printf("%" PRIu32 " window%s; the last one was tried %" PRId32 " time%s\n", status->pending,
		       status->pending == 1 ? "" : "s", status->attempts, status->attempts == 1 ? "" : "s");
		print_time("next attempt", status->next_attempt, zone);
	}
	if (status->owed > 0) {
		print_heading(status->pending > 0 ? "" : "owed");
		puts("windows that were missed, or are to be computed again: `local-processing due` lists them");
	}
	print_error(status);
}

void lp_status_print_definition(const struct lp_calculation *definition)
{
	putchar('\n');
	if (definition->description != NULL && definition->description[0] != '\0') {
		print_heading("description");
		/* A description may have several lines: they stay below each other. */
		for (const char *at = definition->description; *at != '\0';) {
			size_t length = strcspn(at, "\n");
			lp_print("%.*s", (int)length, at);
			at += length;
			if (*at == '\n' && *++at != '\0') {
				putchar('\n');
				print_heading("");
			}
		}
		putchar('\n');
	}
	for (size_t i = 0; i < definition->input_count; i++) {
		const struct lp_input *input = &definition->inputs[i];
		const char *unit = input->unit == NULL ? "" : input->unit;
		print_heading(i == 0 ? "inputs" : "");
		lp_print("%s: %s%s%s%s\n", input->name, input->series, unit[0] == '\0' ? "" : " (", unit,
		         unit[0] == '\0' ? "" : ")");
	}
	if (definition->parameters != NULL && strcmp(definition->parameters, "{}") != 0) {
		print_heading("parameters");
		lp_print_json(definition->parameters);
		putchar('\n');
	}
	for (size_t i = 0; i < definition->output_count; i++) {
		const struct lp_output *output = &definition->outputs[i];
		const char *unit = output->unit == NULL ? "" : output->unit;
		print_heading(i == 0 ? "outputs" : "");
		lp_print("%s%s%s%s%s%s\n", output->name, output->name[0] == '\0' ? "" : ": ", output->series,
		         unit[0] == '\0' ? "" : " (", unit, unit[0] == '\0' ? "" : ")");
	}
}
