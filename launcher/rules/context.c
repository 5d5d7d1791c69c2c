/*
 * Context: what a rule may know about the calculation that it computes.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/types.h"

#include <stddef.h>

struct context_object {
	PyObject ob_base;
	PyObject *calculation, *rule, *tick, *window, *labels, *units, *attempt;
};

/* Makes a read-only dict of the outputs' units by their names. */
static PyObject *make_units(const struct lp_calculation *calculation)
{
	PyObject *units = PyDict_New(), *proxy;

	for (size_t i = 0; units != NULL && i < calculation->output_count; i++) {
		const char *unit = calculation->outputs[i].unit;
		PyObject *text = lp_text_object(unit == NULL ? "" : unit);

		if (text == NULL || PyDict_SetItemString(units, calculation->outputs[i].name, text) < 0)
			Py_CLEAR(units);
		Py_XDECREF(text);
	}
	proxy = units == NULL ? NULL : PyDictProxy_New(units);
	Py_XDECREF(units);
	return proxy;
}

PyObject *lp_context_new(struct lp_rule_state *state, const struct lp_batch *batch, const struct lp_task *task)
{
	const struct lp_calculation *calculation = state->calculation;
	struct context_object *context = PyObject_New(struct context_object, state->context_type);
	bool ok;

	if (context == NULL)
		return NULL;
	memset((char *)context + sizeof(PyObject), 0, sizeof *context - sizeof(PyObject));
	ok = (context->calculation = lp_text_object(calculation->name)) != NULL;
	ok = ok && (context->rule = lp_text_object(calculation->rule)) != NULL;
	ok = ok && (context->tick = lp_datetime_new(state, batch->tick, NULL)) != NULL;
	ok = ok && (context->window = lp_window_of_task(state, &task->window)) != NULL;
	ok = ok && (context->labels = lp_json_mapping(state, calculation->labels)) != NULL;
	ok = ok && (context->units = make_units(calculation)) != NULL;
	ok = ok && (context->attempt = PyLong_FromLong(task->attempt)) != NULL;
	if (!ok)
		Py_CLEAR(context);
	return (PyObject *)context;
}

static PyObject *context_construct(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
	static const char *const names[] = {
		"calculation", "rule", "tick", "window", "labels", "units", "attempt", NULL
	};
	struct lp_rule_state *state = PyType_GetModuleState(type);
	PyObject *calculation = state->empty, *rule = state->empty, *tick = Py_None, *window = Py_None,
		 *labels = state->empty_mapping, *units = state->empty_mapping, *attempt = NULL;
	struct context_object *context;

	if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|$UUOOOOO:Context", (char **)(uintptr_t)names,
	                                 &calculation, &rule, &tick, &window, &labels, &units, &attempt))
		return NULL;
	attempt = attempt == NULL ? PyLong_FromLong(1) : Py_NewRef(attempt);
	context = attempt == NULL ? NULL : PyObject_New(struct context_object, type);
	if (context == NULL) {
		Py_XDECREF(attempt);
		return NULL;
	}
	context->calculation = Py_NewRef(calculation);
	context->rule = Py_NewRef(rule);
	context->tick = Py_NewRef(tick);
	context->window = Py_NewRef(window);
	context->labels = Py_NewRef(labels);
	context->units = Py_NewRef(units);
	context->attempt = attempt;
	return (PyObject *)context;
}

static void context_dealloc(PyObject *self)
{
	struct context_object *context = (struct context_object *)self;

	/* A field is NULL where making it failed. */
	Py_XDECREF(context->calculation);
	Py_XDECREF(context->rule);
	Py_XDECREF(context->tick);
	Py_XDECREF(context->window);
	Py_XDECREF(context->labels);
	Py_XDECREF(context->units);
	Py_XDECREF(context->attempt);
	lp_object_free(self);
}

static PyObject *context_repr(PyObject *self)
{
	struct context_object *context = (struct context_object *)self;

	return PyUnicode_FromFormat("<Context of %R, rule %R, %S>", context->calculation, context->rule,
	                            context->window);
}

#define CONTEXT_MEMBER(name_, doc_)                                                                                    \
	{                                                                                                              \
		.name = #name_, .type = Py_T_OBJECT_EX, .offset = offsetof(struct context_object, name_),              \
		.flags = Py_READONLY, .doc = (doc_)                                                                    \
	}
static PyMemberDef context_members[] = {
	CONTEXT_MEMBER(calculation, "Name of the calculation."),
	CONTEXT_MEMBER(rule, "Name of the rule."),
	CONTEXT_MEMBER(tick, "The minute that the run works for: an aware datetime, UTC."),
	CONTEXT_MEMBER(window, "The Window."),
	CONTEXT_MEMBER(labels, "The calculation's labels, a read-only mapping of str."),
	CONTEXT_MEMBER(units,
	               "Units of the output series by the outputs' names ('' where there is one without a name)."),
	CONTEXT_MEMBER(attempt, "1 at the first attempt at this window."),
	{ 0 },
};
PyDoc_STRVAR(context_doc,
             "Context(*, calculation='', rule='', tick=None, window=None, labels={}, units={}, attempt=1)\n"
             "--\n\nWhat a rule may know about the calculation that it computes.");
static PyType_Slot context_slots[] = {
	{ Py_tp_doc, (void *)(uintptr_t)context_doc },
	{ Py_tp_new, context_construct },
	{ Py_tp_dealloc, context_dealloc },
	{ Py_tp_repr, context_repr },
	{ Py_tp_members, context_members },
	{ 0 },
};
PyType_Spec lp_context_spec = {
	.name = "local_processing.Context",
	.basicsize = sizeof(struct context_object),
	.flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
	.slots = context_slots,
};
