/*
 * Reading the description that the decorator `rule` has made of a function:
 * app/local_processing/_rule.py, class Rule.
 *
 * Runs in the rule server, in its only thread.
 */
#include "rules/catalogue.h"

const char *lp_description_text(PyObject *text, struct lp_arena *arena)
{
	PyObject *bytes;
	const char *copy;

	if (text == NULL || text == Py_None)
		return NULL;
	bytes = PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace");
	if (bytes == NULL)
		return NULL;
	copy = lp_arena_copy(arena, PyBytes_AS_STRING(bytes), strlen(PyBytes_AS_STRING(bytes)));
	Py_DECREF(bytes);
	return copy;
}

PyObject *lp_description_list(PyObject *description, const char *name, size_t *count)
{
	PyObject *list = PyObject_GetAttrString(description, name), *fast;

	*count = 0;
	if (list == NULL)
		return NULL;
	fast = PySequence_Fast(list, "a list was expected");
	Py_DECREF(list);
	if (fast != NULL)
		*count = (size_t)PySequence_Fast_GET_SIZE(fast);
	return fast;
}

static bool read_inputs(PyObject *description, struct lp_arena *arena, struct lp_rule *rule)
{
	PyObject *rows = lp_description_list(description, "inputs", &rule->input_count);
	bool ok = rows != NULL;

	rule->inputs = lp_arena_zeroed(arena, rule->input_count, sizeof *rule->inputs);
	for (size_t i = 0; ok && i < rule->input_count; i++) {
		PyObject *name;
		long long lookback;
		int optional, many;

		ok = PyArg_ParseTuple(PySequence_Fast_GET_ITEM(rows, i), "UppL", &name, &optional, &many, &lookback);
		if (ok)
			rule->inputs[i] = (struct lp_rule_input){ .name = lp_description_text(name, arena),
				                                  .optional = optional != 0,
				                                  .many = many != 0,
				                                  .lookback = lookback };
	}
	Py_XDECREF(rows);
	return ok;
}

static bool read_parameters(PyObject *description, struct lp_arena *arena, struct lp_rule *rule)
{
	PyObject *rows = lp_description_list(description, "parameters", &rule->parameter_count);
	bool ok = rows != NULL;

	rule->parameters = lp_arena_zeroed(arena, rule->parameter_count, sizeof *rule->parameters);
	for (size_t i = 0; ok && i < rule->parameter_count; i++) {
		PyObject *name, *default_value, *choices;
		int type, nullable;

		ok = PyArg_ParseTuple(PySequence_Fast_GET_ITEM(rows, i), "UipOO", &name, &type, &nullable,
		                      &default_value, &choices);
		if (ok)
			rule->parameters[i] =
				(struct lp_rule_parameter){ .name = lp_description_text(name, arena),
				                            .type = (enum lp_parameter_type)type,
				                            .nullable = nullable != 0,
				                            .default_value = lp_description_text(default_value, arena),
				                            .choices = lp_description_text(choices, arena) };
	}
	Py_XDECREF(rows);
	return ok;
}

static bool read_outputs(PyObject *description, struct lp_arena *arena, struct lp_rule *rule)
{
	PyObject *rows = lp_description_list(description, "outputs", &rule->output_count);

	if (rows == NULL)
		return false;
	rule->outputs = lp_arena_zeroed(arena, rule->output_count, sizeof *rule->outputs);
	for (size_t i = 0; i < rule->output_count; i++)
		rule->outputs[i] = lp_description_text(PySequence_Fast_GET_ITEM(rows, i), arena);
	Py_DECREF(rows);
	return true;
}

static bool read_document(PyObject *description, struct lp_arena *arena, struct lp_rule *rule)
{
	PyObject *document = PyObject_GetAttrString(description, "document");

	rule->documentation = lp_description_text(document, arena);
	Py_XDECREF(document);
	if (rule->documentation == NULL)
		return false;
	rule->summary = lp_arena_copy(arena, rule->documentation, strcspn(rule->documentation, "\n"));
	return true;
}

static bool read_number(PyObject *description, const char *name, int *number)
{
	PyObject *object = PyObject_GetAttrString(description, name);

	if (object == NULL)
		return false;
	*number = (int)PyLong_AsLong(object);
	Py_DECREF(object);
	return !PyErr_Occurred();
}

bool lp_description_read_line(PyObject *description, int *line)
{
	return read_number(description, "line", line);
}

bool lp_description_read(PyObject *description, struct lp_arena *arena, struct lp_rule *rule)
{
	int returns;
	bool ok = read_document(description, arena, rule);

	ok = ok && read_number(description, "returns", &returns);
	ok = ok && read_inputs(description, arena, rule);
	ok = ok && read_parameters(description, arena, rule);
	ok = ok && read_outputs(description, arena, rule);
	if (ok)
		rule->returns = (enum lp_rule_returns)returns;
	return ok;
}
