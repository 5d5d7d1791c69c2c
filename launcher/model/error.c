/* Errors as values, and lists of problems. Formats texts; decides nothing about them. */
#include "model/error.h"

#include "model/memory.h"
#include "text/utf8.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Cuts a text that was cut at its size to whole characters. */
static void trim_to_character(char *text, size_t length)
{
	text[lp_utf8_cut(text, length)] = '\0';
}

static void format_into(char *target, size_t size, const char *format, va_list arguments)
{
	int length = vsnprintf(target, size, format, arguments);
	if (length >= 0 && (size_t)length >= size)
		trim_to_character(target, size - 1);
}

bool lp_fail(struct lp_error *error, enum lp_exit exit, const char *format, ...)
{
	*error = (struct lp_error){ .exit = exit };
	va_list arguments;
	va_start(arguments, format);
	format_into(error->what, sizeof error->what, format, arguments);
	va_end(arguments);
	return false;
}

bool lp_fail_errno(struct lp_error *error, enum lp_exit exit, int error_number, const char *format, ...)
{
	*error = (struct lp_error){ .exit = exit, .error_number = error_number };
	va_list arguments;
	va_start(arguments, format);
	format_into(error->what, sizeof error->what, format, arguments);
	va_end(arguments);
	char reason[128];
	/* The GNU strerror_r: threads may fail at the same time, and would share strerror's buffer. */
	const char *text = strerror_r(error_number, reason, sizeof reason);
	size_t length = strlen(error->what);
	int added = snprintf(error->what + length, sizeof error->what - length, ": %s", text);
	if (added >= 0 && (size_t)added >= sizeof error->what - length)
		trim_to_character(error->what, sizeof error->what - 1);
	return false;
}

bool lp_hint(struct lp_error *error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	format_into(error->hint, sizeof error->hint, format, arguments);
	va_end(arguments);
	return false;
}

bool lp_fail_within(struct lp_error *error, const char *format, ...)
{
	char inner[sizeof error->what];
	memcpy(inner, error->what, sizeof inner);
	va_list arguments;
	va_start(arguments, format);
	format_into(error->what, sizeof error->what, format, arguments);
	va_end(arguments);
	size_t length = strlen(error->what);
	int added = snprintf(error->what + length, sizeof error->what - length, ": %s", inner);
	if (added >= 0 && (size_t)added >= sizeof error->what - length)
		trim_to_character(error->what, sizeof error->what - 1);
	return false;
}

void lp_problem_add(struct lp_problems *problems, const char *file, int line, int column, const char *format, ...)
{
	if (problems->count == LP_PROBLEMS_MOST) {
		problems->left_out++;
		return;
	}
	char what[2048];
	va_list arguments;
	va_start(arguments, format);
	format_into(what, sizeof what, format, arguments);
	va_end(arguments);
	LP_GROW(problems->items, problems->count, problems->capacity);
	problems->items[problems->count++] = (struct lp_problem){
		.file = lp_copy_text(file), .line = line, .column = column, .what = lp_copy_text(what)
	};
}

void lp_problems_free(struct lp_problems *problems)
{
	for (uint32_t i = 0; i < problems->count; i++) {
		free(problems->items[i].file);
		free(problems->items[i].what);
	}
	free(problems->items);
	*problems = (struct lp_problems){ 0 };
}
