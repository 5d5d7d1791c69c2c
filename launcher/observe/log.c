/*
 * Log lines: a line is put together in memory and leaves in one write(2), so
 * that lines of several threads never mix.  Any bytes are fine: what is not
 * valid UTF-8, or would move a terminal's cursor, is written as an escape.
 */
#include "observe/observe.h"

#include "model/memory.h"
#include "text/json.h"
#include "text/number.h"
#include "text/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Written once by lp_log_set, before there are threads. */
static enum lp_log_format chosen_format = LP_LOG_FORMAT_LOGFMT;
static enum lp_log_level lowest_level = LP_LOG_INFO;

const char *const lp_log_formats[] = {
	[LP_LOG_FORMAT_AUTO] = "auto", [LP_LOG_FORMAT_LOGFMT] = "logfmt", [LP_LOG_FORMAT_JSON] = "json"
};
const char *const lp_log_levels[] = {
	[LP_LOG_DEBUG] = "debug", [LP_LOG_INFO] = "info", [LP_LOG_WARNING] = "warning", [LP_LOG_ERROR] = "error"
};

void lp_log_set(enum lp_log_format format, enum lp_log_level level)
{
	chosen_format = format == LP_LOG_FORMAT_JSON ? LP_LOG_FORMAT_JSON : LP_LOG_FORMAT_LOGFMT;
	lowest_level = level;
}

bool lp_log_enabled(enum lp_log_level level)
{
	return level >= lowest_level;
}

static bool needs_quotes(const char *text)
{
	if (*text == '\0')
		return true;
	for (const unsigned char *at = (const unsigned char *)text; *at != '\0';) {
		size_t length = lp_utf8_printable((const char *)at);
		if (length == 0 || *at == ' ' || *at == '=' || *at == '"' || *at == '\\')
			return true;
		at += length;
	}
	return false;
}

static void add_text(struct lp_text *line, const char *text, bool json)
{
	if (json || needs_quotes(text))
		lp_json_quote(line, text);
	else
		lp_text_add(line, text, strlen(text));
}

/* RFC 3339 in UTC with milliseconds.  Here and not in calendar/: rooms of one floor do not use each other. */
static void format_time(lp_time t, char text[40])
{
	if (t < LP_TIME_MIN || t > LP_TIME_MAX) {
		strcpy(text, "-");
		return;
	}
	lp_time second = t / LP_SECOND - (t % LP_SECOND < 0);
	int milliseconds = (int)((t - second * LP_SECOND) / 1000);
	time_t seconds = second;
	struct tm parts;
	gmtime_r(&seconds, &parts);
	/* strftime's own year has no leading zeros. */
	size_t length = (size_t)snprintf(text, 40, "%04u", (unsigned)(parts.tm_year + 1900) % 10000);
	length += strftime(text + length, 40 - length, "-%m-%dT%T", &parts);
	snprintf(text + length, 40 - length, ".%03dZ", milliseconds);
}

static void add_number(struct lp_text *line, double number, bool json)
{
	char text[32];
	lp_number_format(number, text);
	if (isfinite(number))
		lp_text_add(line, text, strlen(text));
	else
		add_text(line, text, json);
}

static void add_field(struct lp_text *line, const struct lp_log_field *field, bool json)
{
	char text[40];
	if (field->type == LP_LOG_FIELD_TEXT && field->value.text == NULL)
		return;
	if (json) {
		lp_text_add(line, ",", 1);
		lp_json_quote(line, field->name);
		lp_text_add(line, ":", 1);
	} else
		lp_text_addf(line, " %s=", field->name);
	switch (field->type) {
	case LP_LOG_FIELD_TEXT:
		add_text(line, field->value.text, json);
		break;
	case LP_LOG_FIELD_INT:
		lp_text_addf(line, "%" PRId64, field->value.integer);
		break;
	case LP_LOG_FIELD_FLOAT:
		add_number(line, field->value.number, json);
		break;
	case LP_LOG_FIELD_TIME:
		format_time(field->value.integer, text);
		add_text(line, text, json);
		break;
	case LP_LOG_FIELD_NANOSECONDS:
		lp_text_addf(line, "%.6f", (double)field->value.integer / 1e9);
		break;
	}
}

/* An error ends the attempt: there is no other place to report that the log cannot be written. */
static void write_line(const char *data, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, data, length);
		if (written >= 0) {
			data += written;
			length -= (size_t)written;
		} else if (errno == EAGAIN) {
			struct pollfd wait = { .fd = STDERR_FILENO, .events = POLLOUT };
			if (poll(&wait, 1, 1000) <= 0)
				return;
		} else if (errno != EINTR)
			return;
	}
}

void lp_log_fields(enum lp_log_level level, const char *message, const struct lp_log_field *fields)
{
	if (!lp_log_enabled(level))
		return;
	bool json = chosen_format == LP_LOG_FORMAT_JSON;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	char time_text[40];
	format_time(now.tv_sec * LP_SECOND + now.tv_nsec / 1000, time_text);

	struct lp_text line = { 0 };
	lp_text_addf(&line,
	             json ? "{\"time\":\"%s\",\"level\":\"%s\",\"message\":" : "time=%s level=%s message=", time_text,
	             lp_log_levels[level]);
	add_text(&line, message, json);
	for (const struct lp_log_field *field = fields; field->name != NULL; field++)
		add_field(&line, field, json);
	lp_text_add(&line, json ? "}\n" : "\n", json ? 2 : 1);
	write_line(line.data, line.length);
	lp_text_free(&line);
}
