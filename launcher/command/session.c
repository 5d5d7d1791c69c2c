/*
 * What nearly every command begins with: options over configuration, logs and
 * time zone set up, the store opened; and how commands print what went wrong.
 */
#include "calendar/calendar.h"
#include "command/command.h"
#include "command/output.h"
#include "model/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_problems(const struct lp_problems *problems)
{
	for (uint32_t i = 0; i < problems->count; i++) {
		const struct lp_problem *problem = &problems->items[i];
		if (problem->file != NULL) {
			lp_print_text(stderr, problem->file);
			fputc(':', stderr);
			if (problem->line > 0) {
				fprintf(stderr, "%d:", problem->line);
			}
			if (problem->line > 0 && problem->column > 0) {
				fprintf(stderr, "%d:", problem->column);
			}
			fputc(' ', stderr);
		}
		lp_print_text(stderr, problem->what);
		fputc('\n', stderr);
	}
	if (problems->left_out > 0) {
		fprintf(stderr, "... and %u more\n", problems->left_out);
	}
}

void lp_command_problems(const struct lp_command *command, const struct lp_problems *problems)
{
	uint64_t count = (uint64_t)problems->count + problems->left_out;
	print_problems(problems);
	fprintf(stderr, "local-processing %s: %llu problem%s\n", command->name, (unsigned long long)count,
	        count == 1 ? "" : "s");
}

int lp_command_fail(const struct lp_command *command, const struct lp_error *error)
{
	if (error->exit == LP_EXIT_CANNOT_WRITE && ferror(stdout) != 0 && lp_output_is_abandoned()) {
		return LP_EXIT_OK;
	}
	fprintf(stderr, "local-processing %s: ", command->name);
	lp_print_text(stderr, error->what);
	fputc('\n', stderr);
	if (error->hint[0] != '\0') {
		lp_print_text(stderr, error->hint);
		fputc('\n', stderr);
	}
	return (int)error->exit;
}

static bool apply_log_options(const struct lp_common_options *common, struct lp_config *config, struct lp_error *error)
{
	static const char *const levels[] = { "debug", "info", "warning", "error" };
	static const char *const formats[] = { "auto", "logfmt", "json" };
	if (common->log_level != NULL) {
		size_t level = 0;
		while (level < 4 && strcmp(common->log_level, levels[level]) != 0) {
			level++;
		}
		if (level == 4) {
			return lp_fail(error, LP_EXIT_USAGE, "--log-level %s: expected debug, info, warning or error",
			               common->log_level);
		}
		config->log_level = (enum lp_log_level)level;
	}
	if (common->log_format != NULL) {
		size_t format = 0;
		while (format < 3 && strcmp(common->log_format, formats[format]) != 0) {
			format++;
		}
		if (format == 3) {
			return lp_fail(error, LP_EXIT_USAGE, "--log-format %s: expected auto, logfmt or json",
			               common->log_format);
		}
		config->log_format = (enum lp_log_format)format;
	}
	lp_log_set(config->log_format, config->log_level);
	return true;
}

static bool open_configured(const struct lp_common_options *common, enum lp_session_need need,
                            struct lp_session *session, struct lp_error *error)
{
	struct lp_config *config = &session->config;
	if (!apply_log_options(common, config, error)) {
		return false;
	}
	if (common->store != NULL) {
		free(config->store);
		config->store = lp_copy_text(common->store);
	}
	if (common->time_zone != NULL) {
		free(config->time_zone);
		config->time_zone = lp_copy_text(common->time_zone);
	}
	lp_zone_set_directory(config->tzdata);
	if (!lp_zone_find(config->time_zone, &session->zone, error)) {
		/* A zone of the file's was checked when it was read: this one was given as an option. */
		error->exit = LP_EXIT_USAGE;
		return lp_fail_within(error, "--time-zone %s", config->time_zone);
	}
	session->store_options = (struct lp_store_options){
		.address = config->store,
		.prepare = config->prepared_statements,
		.connect_timeout = config->connect_timeout,
		.statement_timeout = config->statement_timeout,
		.application_name = "local-processing",
	};
	return need == LP_SESSION_CONFIG || lp_store_open(&session->store_options, &session->store, error);
}

bool lp_session_open(const struct lp_common_options *common, enum lp_session_need need, struct lp_session *session,
                     struct lp_error *error)
{
	*session = (struct lp_session){ 0 };
	struct lp_problems problems = { 0 };
	bool loaded = lp_config_load(common->config, common->store != NULL, &session->config, &problems, error);
	print_problems(&problems);
	lp_problems_free(&problems);
	if (!loaded) {
		return false;
	}
	if (!open_configured(common, need, session, error)) {
		lp_session_close(session);
		return false;
	}
	return true;
}

void lp_session_close(struct lp_session *session)
{
	lp_store_close(session->store);
	lp_config_free(&session->config);
	*session = (struct lp_session){ 0 };
}
