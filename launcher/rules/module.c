/*
 * The builtin module _local_processing: makes the types of rules, and keeps their
 * state.  Rules import local_processing, which names the public ones.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/internal.h"
#include "rules/series.h"
#include "rules/units.h"

static PyObject *unit_conversion(PyObject *module, PyObject *arguments)
{
	struct lp_error error = { 0 };
	const char *from, *to;
	double scale, offset;

	(void)module;
	if (!PyArg_ParseTuple(arguments, "ss:unit_conversion", &from, &to))
		return NULL;
	if (!lp_unit_conversion(from, to, &scale, &offset, &error)) {
		PyErr_SetString(PyExc_ValueError, error.what);
		return NULL;
	}
	return Py_BuildValue("(dd)", scale, offset);
}

/* Only the built-in rule `convert` needs this, so it is no method of Series. */
static PyObject *scaled(PyObject *module, PyObject *arguments)
{
	struct lp_rule_state *state = PyModule_GetState(module);
	PyObject *series, *unit;
	double scale, offset;

	if (!PyArg_ParseTuple(arguments, "O!ddU:scaled", state->series_type, &series, &scale, &offset, &unit))
		return NULL;
	return lp_series_scale((struct lp_series_object *)series, scale, offset, unit);
}

static PyMethodDef functions[] = {
	{ "unit_conversion", unit_conversion, METH_VARARGS,
	  "unit_conversion($module, from_unit, to_unit, /)\n--\n\nScale and offset: to = from * scale + offset." },
	{ "scaled", scaled, METH_VARARGS,
	  "scaled($module, series, scale, offset, unit, /)\n--\n\nseries * scale + offset, in unit." },
	{ "log", lp_rule_log_write, METH_VARARGS,
	  "log($module, level, logger, text, /)\n--\n\nWrites a log line; level as in the module logging." },
	{ "log_level", lp_rule_log_level, METH_NOARGS,
	  "log_level($module, /)\n--\n\nThe least level that is shown; as in the module logging." },
	{ 0 },
};

static bool add_type(PyObject *module, PyType_Spec *spec, PyTypeObject *base, PyTypeObject **type)
{
	*type = (PyTypeObject *)PyType_FromModuleAndSpec(module, spec, (PyObject *)base);
	return *type != NULL && PyModule_AddType(module, *type) == 0;
}

static int execute(PyObject *module)
{
	struct lp_rule_state *state = PyModule_GetState(module);
	const struct {
		PyType_Spec *spec;
		PyTypeObject *base, **type;
	} types[] = {
		{ &lp_series_spec, NULL, &state->series_type }, { &lp_sample_spec, &PyTuple_Type, &state->sample_type },
		{ &lp_window_spec, NULL, &state->window_type }, { &lp_context_spec, NULL, &state->context_type },
		{ &lp_column_spec, NULL, &state->column_type }, { &lp_stream_spec, NULL, &state->stream_type },
	};
	PyObject *dict;

	state->datetime = PyCapsule_Import(PyDateTime_CAPSULE_NAME, 0);
	state->zones = PyDict_New();
	state->empty = PyUnicode_InternFromString("");
	dict = PyDict_New();
	state->empty_mapping = dict == NULL ? NULL : PyDictProxy_New(dict);
	Py_XDECREF(dict);
	if (state->datetime == NULL || state->zones == NULL || state->empty == NULL || state->empty_mapping == NULL)
		return -1;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (!add_type(module, types[i].spec, types[i].base, types[i].type))
			return -1;
	return 0;
}

/* Does something with each object that the state holds. */
#define EACH_OBJECT(do_, state_)                                                                                       \
	do_((state_)->series_type);                                                                                    \
	do_((state_)->sample_type);                                                                                    \
	do_((state_)->window_type);                                                                                    \
	do_((state_)->context_type);                                                                                   \
	do_((state_)->column_type);                                                                                    \
	do_((state_)->stream_type);                                                                                    \
	do_((state_)->zones);                                                                                          \
	do_((state_)->parse_json);                                                                                     \
	do_((state_)->empty);                                                                                          \
	do_((state_)->empty_mapping)

static int traverse(PyObject *module, visitproc visit, void *arg)
{
	struct lp_rule_state *state = PyModule_GetState(module);

	EACH_OBJECT(Py_VISIT, state);
	return 0;
}

static int clear(PyObject *module)
{
	struct lp_rule_state *state = PyModule_GetState(module);

	EACH_OBJECT(Py_CLEAR, state);
	lp_result_conversion_free(state->conversion);
	state->conversion = NULL;
	return 0;
}

static PyModuleDef_Slot slots[] = {
	{ Py_mod_exec, (void *)execute },
	{ Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED },
	{ 0 },
};
static struct PyModuleDef definition = {
	.m_base = PyModuleDef_HEAD_INIT,
	.m_name = "_local_processing",
	.m_doc = "The types that rules see; import local_processing instead.",
	.m_size = sizeof(struct lp_rule_state),
	.m_methods = functions,
	.m_slots = slots,
	.m_traverse = traverse,
	.m_clear = clear,
};

PyObject *lp_rules_make_module(void)
{
	return PyModuleDef_Init(&definition);
}

struct lp_rule_state *lp_rule_state(void)
{
	PyObject *module = PyImport_ImportModule("_local_processing");
	struct lp_rule_state *state = module == NULL ? NULL : PyModule_GetState(module);

	/* sys.modules keeps the module for as long as the interpreter lives. */
	Py_XDECREF(module);
	return state;
}
