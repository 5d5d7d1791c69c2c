/* What commands that show data have in common. */
#include "command/output.h"

#include "model/memory.h"
#include "text/json.h"
#include "text/names.h"
#include "text/utf8.h"
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool lp_is_terminal(FILE *file)
{
	return isatty(fileno(file)) == 1;
}

bool lp_output_form_parse(const char *name, enum lp_output_form *form, struct lp_error *error)
{
	static const char *const names[] = {
		[LP_OUTPUT_TABLE] = "table", [LP_OUTPUT_CSV] = "csv", [LP_OUTPUT_JSON] = "json"
	};

	if (name == NULL) {
		*form = lp_is_terminal(stdout) ? LP_OUTPUT_TABLE : LP_OUTPUT_CSV;
		return true;
	}
	size_t found;
	if (lp_word_find(name, names, sizeof names / sizeof *names, &found)) {
		*form = (enum lp_output_form)found;
		return true;
	}
	return lp_fail(error, LP_EXIT_USAGE, "--format %s: expected table, csv or json", name);
}

/* Asks the pipe itself: the errno of the write that failed may be lost by now. */
bool lp_output_is_abandoned(void)
{
	struct pollfd output = { .fd = STDOUT_FILENO, .events = POLLOUT };
	return poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

bool lp_output_finish(struct lp_error *error)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		return lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno == 0 ? EIO : errno,
		                     "cannot write to standard output");
	}
	return true;
}

static void print_safely(FILE *output, const char *text, bool one_line)
{
	while (*text != '\0') {
		size_t length = lp_utf8_printable(text);
		if (length > 0)
			(void)fwrite(text, 1, length, output);
		else if (one_line)
			fputc(' ', output);
		else
			fputc(*text == '\n' || *text == '\t' ? *text : '?', output);
		text += length > 0 ? length : lp_utf8_control(text) == 2 ? 2 : 1;
	}
}

void lp_print_text(FILE *output, const char *text)
{
	print_safely(output, text, false);
}

void lp_print_line(FILE *output, const char *text)
{
	print_safely(output, text, true);
}

void lp_print(const char *format, ...)
{
	va_list arguments;
	char *text;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) >= 0) {
		lp_print_text(stdout, text);
		free(text);
	}
	va_end(arguments);
}

void lp_print_built(struct lp_text *text)
{
	(void)fwrite(text->data, 1, text->length, stdout);
	lp_text_free(text);
}

void lp_print_json(const char *json)
{
	struct lp_text text = { 0 };
	lp_json_add_stored(&text, NULL, json);
	lp_print_built(&text);
}

static bool send(void *context, const char *data, size_t length, struct lp_error *error)
{
	(void)context;
	return fwrite(data, 1, length, stdout) == length || lp_output_finish(error);
}

struct lp_document lp_output_document(void)
{
	return (struct lp_document){ .send = send };
}
