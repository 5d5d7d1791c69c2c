/*
 * The names of a call's leftovers, as a text for a sentence.
 *
 * Runs where leftovers.h says.
 */
#include "python/embedding.h"
#include "python/leftovers_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAMES_MOST = 4 };

void lp_leftovers_add(struct lp_leftovers *leftovers, const char *format, ...)
{
	size_t length = strlen(leftovers->names), room = sizeof leftovers->names - length;
	va_list arguments;
	int put;

	if (++leftovers->count > NAMES_MOST) {
		if (leftovers->count == NAMES_MOST + 1)
			snprintf(leftovers->names + length, room, " and more");
		return;
	}
	put = snprintf(leftovers->names + length, room, "%s", length == 0 ? "" : ", ");
	va_start(arguments, format);
	vsnprintf(leftovers->names + length + put, room - (size_t)put, format, arguments);
	va_end(arguments);
}

PyObject *lp_find_module(const char *name)
{
	return PyDict_GetItemString(PyImport_GetModuleDict(), name);
}
