/*
 * print() and logging in rules: lines of the program's log that name their
 * calculation and window.
 *
 * These streams replace sys.stdout and sys.stderr.  They cut into lines what is
 * written; a line without an end is logged when the rule returns.
 * app/local_processing/_logging.py sends the module logging here.
 *
 * Runs in the rule server and in interpreter processes, in their only thread.
 */
#include "rules/types.h"

#include "observe/observe.h"
#include "rules/internal.h"
#include "text/utf8.h"

/* Bytes of a printed line that are logged, and of a record of logging, which may have a traceback. */
enum { LINE_MOST = 8192, RECORD_MOST = 65536 };

struct stream_object {
	PyObject ob_base;
	struct lp_text line; /* what was written since the last end of line */
	bool cut;
	enum lp_log_level level;
	const char *name;
};

/* Converts a level of the module logging. */
static enum lp_log_level convert_level(long level)
{
	return level >= 40 ? LP_LOG_ERROR : level >= 30 ? LP_LOG_WARNING : level >= 20 ? LP_LOG_INFO : LP_LOG_DEBUG;
}

static void write_line(enum lp_log_level level, const char *source, const char *logger, const char *text)
{
	if (!lp_log_enabled(level))
		return;
	if (lp_rules_options()->log != NULL)
		lp_rules_options()->log(level, source, logger, text);
	else
		lp_log(level, text, LP_TEXT("from", source), LP_TEXT("logger", logger));
}

static void stream_flush(struct stream_object *stream)
{
	if (stream->line.length > 0)
		write_line(stream->level, stream->name, NULL, stream->line.data);
	stream->line.length = 0;
	if (stream->line.data != NULL)
		stream->line.data[0] = '\0';
	stream->cut = false;
}

/* Adds a text with each NUL, which would end it, as \x00. */
static void add_escaped(struct lp_text *line, const char *data, size_t length)
{
	const char *end = data + length, *nul;

	while ((nul = memchr(data, '\0', (size_t)(end - data))) != NULL) {
		lp_text_add(line, data, (size_t)(nul - data));
		lp_text_add(line, "\\x00", 4);
		data = nul + 1;
	}
	lp_text_add(line, data, (size_t)(end - data));
}

static void stream_add(struct stream_object *stream, const char *text, size_t length)
{
	size_t room = LINE_MOST > stream->line.length ? LINE_MOST - stream->line.length : 0;

	if (stream->cut)
		return;
	if (length > room) {
		add_escaped(&stream->line, text, lp_utf8_cut(text, room));
		lp_text_add(&stream->line, " ... (cut)", strlen(" ... (cut)"));
		stream->cut = true;
		return;
	}
	add_escaped(&stream->line, text, length);
}

static PyObject *stream_write(PyObject *self, PyObject *text)
{
	struct stream_object *stream = (struct stream_object *)self;
	PyObject *bytes;

	if (!PyUnicode_Check(text)) {
		PyErr_Format(PyExc_TypeError, "write() argument must be str, not %s", Py_TYPE(text)->tp_name);
		return NULL;
	}
	/* Lone surrogates, which file names can have, must not make print() fail. */
	bytes = PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace");
	if (bytes == NULL)
		return NULL;
	const char *rest = PyBytes_AS_STRING(bytes), *end = rest + PyBytes_GET_SIZE(bytes), *newline;

	while ((newline = memchr(rest, '\n', (size_t)(end - rest))) != NULL) {
		stream_add(stream, rest, (size_t)(newline - rest));
		stream_flush(stream);
		rest = newline + 1;
	}
	stream_add(stream, rest, (size_t)(end - rest));
	Py_DECREF(bytes);
	return PyLong_FromSsize_t(PyUnicode_GET_LENGTH(text));
}

static PyObject *stream_flush_method(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	/* Whole lines are logged already; the beginning of a line waits for its end. */
	Py_RETURN_NONE;
}

static PyObject *stream_false(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	Py_RETURN_FALSE;
}

static PyObject *stream_true(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	Py_RETURN_TRUE;
}

static PyObject *stream_text(PyObject *self, void *text)
{
	(void)self;
	return PyUnicode_FromString(text);
}

static void stream_dealloc(PyObject *self)
{
	lp_text_free(&((struct stream_object *)self)->line);
	lp_object_free(self);
}

static PyMethodDef stream_methods[] = {
	{ "write", stream_write, METH_O, NULL },
	{ "flush", stream_flush_method, METH_NOARGS, NULL },
	{ "isatty", stream_false, METH_NOARGS, NULL },
	{ "readable", stream_false, METH_NOARGS, NULL },
	{ "seekable", stream_false, METH_NOARGS, NULL },
	{ "writable", stream_true, METH_NOARGS, NULL },
	{ 0 },
};
static PyGetSetDef stream_properties[] = {
	{ "encoding", stream_text, NULL, NULL, (void *)(uintptr_t) "utf-8" },
	{ "errors", stream_text, NULL, NULL, (void *)(uintptr_t) "backslashreplace" },
	{ 0 },
};
static PyType_Slot stream_slots[] = {
	{ Py_tp_dealloc, stream_dealloc },
	{ Py_tp_methods, stream_methods },
	{ Py_tp_getset, stream_properties },
	{ 0 },
};
PyType_Spec lp_stream_spec = {
	.name = "_local_processing.Stream",
	.basicsize = sizeof(struct stream_object),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
	.slots = stream_slots,
};

static bool install(struct lp_rule_state *state, const char *name, enum lp_log_level level)
{
	struct stream_object *stream = PyObject_New(struct stream_object, state->stream_type);
	bool ok;

	if (stream == NULL)
		return false;
	stream->line = (struct lp_text){ 0 };
	stream->cut = false;
	stream->level = level;
	stream->name = name;
	ok = PySys_SetObject(name, (PyObject *)stream) == 0;
	Py_DECREF(stream);
	return ok;
}

bool lp_rule_log_install(struct lp_rule_state *state)
{
	return install(state, "stdout", LP_LOG_INFO) && install(state, "stderr", LP_LOG_WARNING);
}

void lp_rule_log_flush(struct lp_rule_state *state)
{
	static const char *const names[] = { "stdout", "stderr" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		PyObject *stream = PySys_GetObject(names[i]);

		if (stream != NULL && Py_TYPE(stream) == state->stream_type)
			stream_flush((struct stream_object *)stream);
	}
}

PyObject *lp_rule_log_write(PyObject *module, PyObject *arguments)
{
	PyObject *text, *bytes;
	struct lp_text line = { 0 };
	const char *logger;
	long level;

	(void)module;
	if (!PyArg_ParseTuple(arguments, "lsU:log", &level, &logger, &text))
		return NULL;
	bytes = PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace");
	if (bytes == NULL)
		return NULL;
	size_t length = (size_t)PyBytes_GET_SIZE(bytes);
	if (length > RECORD_MOST)
		length = lp_utf8_cut(PyBytes_AS_STRING(bytes), RECORD_MOST);
	add_escaped(&line, PyBytes_AS_STRING(bytes), length);
	Py_DECREF(bytes);
	write_line(convert_level(level), "logging", logger, line.data == NULL ? "" : line.data);
	lp_text_free(&line);
	Py_RETURN_NONE;
}

PyObject *lp_rule_log_level(PyObject *module, PyObject *unused)
{
	(void)module;
	(void)unused;
	return PyLong_FromLong(lp_log_enabled(LP_LOG_DEBUG)     ? 10
	                       : lp_log_enabled(LP_LOG_INFO)    ? 20
	                       : lp_log_enabled(LP_LOG_WARNING) ? 30
	                                                        : 40);
}
