/*
 * Python exceptions as texts, for the database and for people.  This succeeds with
 * any exception: with a __str__ that raises, lone surrogates, NUL, without memory,
 * at the recursion limit.
 *
 * Runs in the rule server and in interpreter processes, in their only thread.
 */
#include "python/embedding.h"
#include "text/utf8.h"

#include <assert.h>
#include <string.h>

/*
 * A batch can have a thousand failures, and a message can show all samples of a
 * window, so longer texts lose their middle: a traceback says where at its
 * beginning and what at its end.
 */
enum { TEXT_MOST = 1 << 14 };

static size_t count_nul(const char *data, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += data[i] == '\0';
	return count;
}

/* Writes a text with NUL as \x00, because no database takes a NUL. */
static char *write_escaped(char *to, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\0') {
			memcpy(to, "\\x00", 4);
			to += 4;
		} else {
			*to++ = data[i];
		}
	}
	return to;
}

/* Copies a str into the arena as UTF-8, surrogates as escapes.  Returns NULL where that fails; no exception is set. */
static const char *copy_text(struct lp_arena *arena, PyObject *text)
{
	PyObject *bytes;
	const char *data;
	char *copy, *to, gap[64] = "";
	size_t size, head, tail;

	if (text == NULL || !PyUnicode_Check(text)) {
		PyErr_Clear();
		return NULL;
	}
	bytes = PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace");
	if (bytes == NULL) {
		PyErr_Clear();
		return NULL;
	}
	data = PyBytes_AS_STRING(bytes);
	size = (size_t)PyBytes_GET_SIZE(bytes);
	while (size > 0 && data[size - 1] == '\n')
		size--;
	head = tail = size;
	if (size > TEXT_MOST) {
		head = lp_utf8_cut(data, TEXT_MOST / 2);
		tail = lp_utf8_cut(data, size - TEXT_MOST / 2);
		snprintf(gap, sizeof gap, "\n... (%zu bytes are left out) ...\n", tail - head);
	}
	copy = lp_arena_allocate(arena, head + size - tail + sizeof gap +
	                                        3 * (count_nul(data, head) + count_nul(data + tail, size - tail)));
	to = write_escaped(copy, data, head);
	to = stpcpy(to, gap);
	to = write_escaped(to, data + tail, size - tail);
	*to = '\0';
	Py_DECREF(bytes);
	return copy;
}

/* Copies the name of the type: "ZeroDivisionError", "pumps.PumpError". */
static const char *copy_type(struct lp_arena *arena, PyObject *exception)
{
	PyObject *type = (PyObject *)Py_TYPE(exception);
	PyObject *module = PyObject_GetAttrString(type, "__module__");
	PyObject *name = PyObject_GetAttrString(type, "__qualname__");
	PyObject *full = NULL;
	const char *text;

	if (module != NULL && name != NULL && PyUnicode_Check(module) && PyUnicode_Check(name)) {
		if (PyUnicode_CompareWithASCIIString(module, "builtins") == 0 ||
		    PyUnicode_CompareWithASCIIString(module, "__main__") == 0)
			full = Py_NewRef(name);
		else
			full = PyUnicode_FromFormat("%U.%U", module, name);
	}
	text = copy_text(arena, full);
	Py_XDECREF(full);
	Py_XDECREF(name);
	Py_XDECREF(module);
	/* A copy, because the type may be freed with its exception. */
	return text != NULL ? text : lp_arena_text(arena, Py_TYPE(exception)->tp_name);
}

static PyObject *format_exception(PyObject *exception)
{
	PyObject *module = PyImport_ImportModule("traceback");
	PyObject *lines = module == NULL ? NULL : PyObject_CallMethod(module, "format_exception", "O", exception);
	PyObject *empty = lines == NULL ? NULL : PyUnicode_FromString("");
	PyObject *joined = empty == NULL ? NULL : PyUnicode_Join(empty, lines);

	Py_XDECREF(empty);
	Py_XDECREF(lines);
	Py_XDECREF(module);
	return joined;
}

static int get_number(PyObject *object, const char *name)
{
	PyObject *value = PyObject_GetAttrString(object, name);
	long number = value != NULL && PyLong_Check(value) ? PyLong_AsLong(value) : 0;

	Py_XDECREF(value);
	PyErr_Clear();
	return number > 0 && number < INT32_MAX ? (int)number : 0;
}

/* Finds the place of a syntax error. */
static void locate_syntax_error(struct lp_arena *arena, PyObject *exception, struct lp_python_failure *failure)
{
	PyObject *file = PyObject_GetAttrString(exception, "filename");
	PyObject *message = PyObject_GetAttrString(exception, "msg");

	failure->file = copy_text(arena, file);
	failure->line = get_number(exception, "lineno");
	failure->column = get_number(exception, "offset");
	/* Its str() would repeat file and line. */
	if (message != NULL && PyUnicode_Check(message))
		failure->message = copy_text(arena, message);
	PyErr_Clear();
	Py_XDECREF(message);
	Py_XDECREF(file);
}

/* Finds the innermost frame in one of the sources. */
static void locate_traceback(struct lp_arena *arena, PyObject *exception, struct lp_python_failure *failure)
{
	PyObject *traceback = PyException_GetTraceback(exception);

	while (traceback != NULL && PyTraceBack_Check(traceback)) {
		PyTracebackObject *row = (PyTracebackObject *)traceback;
		PyCodeObject *code = PyFrame_GetCode(row->tb_frame);
		const char *path = PyUnicode_AsUTF8(code->co_filename);

		if (path == NULL) {
			PyErr_Clear();
		} else if (lp_source_find_path(path) != NULL) {
			failure->file = lp_arena_text(arena, path);
			failure->line = get_number(traceback, "tb_lineno");
		}
		Py_DECREF(code);
		Py_SETREF(traceback, Py_XNewRef((PyObject *)row->tb_next));
	}
	Py_XDECREF(traceback);
}

void lp_python_failure_take(struct lp_arena *arena, struct lp_python_failure *failure)
{
	PyObject *exception = PyErr_GetRaisedException();
	PyObject *text;

	*failure = (struct lp_python_failure){ 0 };
	assert(exception != NULL);
	/* The rule has ended, so its time limit must not interrupt what follows. */
	lp_limit_defer();

	failure->type = copy_type(arena, exception);
	text = PyObject_Str(exception);
	failure->message = copy_text(arena, text);
	Py_XDECREF(text);
	if (failure->message == NULL)
		failure->message = "(its text cannot be shown: making it failed as well)";
	if (PyErr_GivenExceptionMatches(exception, PyExc_SyntaxError))
		locate_syntax_error(arena, exception, failure);
	else
		locate_traceback(arena, exception, failure);
	if (failure->message == NULL)
		failure->message = "";

	text = format_exception(exception);
	failure->traceback = copy_text(arena, text);
	Py_XDECREF(text);
	if (failure->traceback == NULL) {
		size_t room = strlen(failure->type) + strlen(failure->message) + 3;
		char *line = lp_arena_allocate(arena, room);

		snprintf(line, room, "%s: %s", failure->type, failure->message);
		failure->traceback = line;
	}
	Py_DECREF(exception);
	/* A finaliser may have raised an exception, which has no handler. */
	PyErr_Clear();
}

void lp_python_fail_outcome(struct lp_arena *arena, struct lp_outcome *outcome)
{
	struct lp_python_failure failure;

	lp_python_failure_take(arena, &failure);
	outcome->state = LP_STATE_FAILED;
	outcome->error_type = failure.type;
	outcome->error_message = failure.message;
	outcome->error_traceback = failure.traceback;
}

bool lp_python_fail(struct lp_error *error, const char *what)
{
	struct lp_arena arena = { 0 };
	struct lp_python_failure failure;

	lp_python_failure_take(&arena, &failure);
	lp_fail(error, LP_EXIT_INTERNAL, "%s: %s: %s", what, failure.type, failure.message);
	lp_hint(error, "This is a bug in local-processing; please report it.");
	lp_arena_free(&arena);
	return false;
}
