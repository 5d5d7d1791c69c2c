/*
 * Making call plans, once for each kind of calculation.
 *
 * Runs in interpreter processes, in their only thread.
 */
#include "rules/call_plan.h"

#include "model/hash.h"
#include "rules/catalogue.h"

#include <stdlib.h>

/* Hashes a text with its NUL, so that "ab", "c" and "a", "bc" differ. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	return lp_hash_add(hash, text, strlen(text) + 1);
}

static uint64_t hash_calculation(const struct lp_calculation *calculation)
{
	uint64_t hash = hash_text(LP_HASH_START, calculation->rule);

	hash = hash_text(hash, calculation->parameters);
	for (size_t i = 0; i < calculation->input_count; i++)
		hash = hash_text(hash, calculation->inputs[i].name);
	return hash;
}

static bool matches(const struct lp_call_plan *plan, const struct lp_calculation *calculation)
{
	if (plan->input_count != calculation->input_count || strcmp(plan->rule_name, calculation->rule) != 0 ||
	    strcmp(plan->parameters, calculation->parameters) != 0)
		return false;
	for (size_t i = 0; i < plan->input_count; i++)
		if (strcmp(plan->inputs[i], calculation->inputs[i].name) != 0)
			return false;
	return true;
}

static void set_error(struct lp_call_plan *plan, const char *type, const char *message, const char *traceback)
{
	/* The first error counts. */
	if (plan->error_type != NULL)
		return;
	plan->error_type = lp_copy_text(type);
	plan->error_message = lp_copy_text(message);
	plan->error_traceback = lp_copy_text(traceback);
}

/* Takes over message, which was allocated. */
static void fail_plan(struct lp_call_plan *plan, const char *type, char *message)
{
	set_error(plan, type, message, NULL);
	free(message);
}

static void free_plan(struct lp_call_plan *plan)
{
	for (size_t i = 0; i < plan->argument_count; i++) {
		Py_XDECREF(plan->arguments[i].value);
		free(plan->arguments[i].json);
	}
	for (size_t i = 0; i < plan->input_count; i++)
		free(plan->inputs[i]);
	free(plan->inputs);
	free(plan->arguments);
	Py_XDECREF(plan->keyword_names);
	free(plan->rule_name);
	free(plan->parameters);
	free(plan->error_type);
	free(plan->error_message);
	free(plan->error_traceback);
	free(plan);
}

static void free_plans(struct lp_rule_registry *registry)
{
	for (size_t i = 0; i < LP_CALL_PLAN_BUCKETS; i++) {
		while (registry->buckets[i] != NULL) {
			struct lp_call_plan *plan = registry->buckets[i];

			registry->buckets[i] = plan->next;
			free_plan(plan);
		}
	}
	registry->plan_count = 0;
	registry->last = NULL;
}

static struct lp_call_argument *add_argument(struct lp_call_plan *plan, enum lp_argument_kind kind)
{
	struct lp_call_argument *argument;

	plan->arguments = lp_reallocate(plan->arguments, plan->argument_count + 1, sizeof *plan->arguments);
	argument = &plan->arguments[plan->argument_count++];
	*argument = (struct lp_call_argument){ .kind = kind };
	return argument;
}

/* Plans a positional parameter.  entry: "window", "context" or the index of an input of the rule. */
static bool plan_positional(struct lp_call_plan *plan, PyObject *entry, PyObject *inputs, bool *used)
{
	PyObject *row, *name;
	int optional, many;
	long long lookback;

	if (PyUnicode_Check(entry)) {
		add_argument(plan, PyUnicode_CompareWithASCIIString(entry, "window") == 0 ? LP_ARGUMENT_WINDOW
		                                                                          : LP_ARGUMENT_CONTEXT);
		return true;
	}
	row = PySequence_GetItem(inputs, PyLong_AsSsize_t(entry));
	if (row == NULL || !PyArg_ParseTuple(row, "UppL", &name, &optional, &many, &lookback)) {
		Py_XDECREF(row);
		return false;
	}
	for (size_t i = 0; i < plan->input_count; i++) {
		const char *text = PyUnicode_AsUTF8(name);

		if (text != NULL && strcmp(text, plan->inputs[i]) == 0) {
			used[i] = true;
			add_argument(plan, LP_ARGUMENT_INPUT)->input = i;
			Py_DECREF(row);
			return true;
		}
	}
	if (optional)
		add_argument(plan, LP_ARGUMENT_NONE);
	else
		fail_plan(plan, "TypeError",
		          lp_format_text("the calculation has no input '%s', which rule %s needs",
		                         PyUnicode_AsUTF8(name), plan->rule_name));
	Py_DECREF(row);
	return true;
}

/* Returns true if the last of the rule's inputs is `*series: Series`. */
static bool has_variable_inputs(PyObject *inputs)
{
	Py_ssize_t count = PyList_GET_SIZE(inputs);

	return count > 0 && PyObject_IsTrue(PyTuple_GET_ITEM(PyList_GET_ITEM(inputs, count - 1), 2)) == 1;
}

static bool plan_inputs(struct lp_call_plan *plan, PyObject *layout, PyObject *inputs)
{
	bool *used = lp_allocate(plan->input_count + 1), ok = true, many = has_variable_inputs(inputs);

	for (Py_ssize_t i = 0; ok && i < PyList_GET_SIZE(layout); i++)
		ok = plan_positional(plan, PyList_GET_ITEM(layout, i), inputs, used);
	for (size_t i = 0; ok && i < plan->input_count; i++) {
		if (used[i])
			continue;
		if (many)
			add_argument(plan, LP_ARGUMENT_INPUT)->input = i;
		else
			fail_plan(plan, "TypeError",
			          lp_format_text("rule %s has no input '%s'", plan->rule_name, plan->inputs[i]));
	}
	plan->positional_count = plan->argument_count;
	free(used);
	return ok;
}

/* Finds the type of a parameter's annotation; -1: the rule has no such parameter. */
static int find_type(PyObject *parameters, PyObject *name)
{
	for (Py_ssize_t i = 0; i < PyList_GET_SIZE(parameters); i++) {
		PyObject *row = PyList_GET_ITEM(parameters, i);

		if (PyUnicode_Compare(PyTuple_GET_ITEM(row, 0), name) == 0)
			return (int)PyLong_AsLong(PyTuple_GET_ITEM(row, 1));
	}
	return -1;
}

/*
 * Plans defaults that are lists or dicts, so that each call gets fresh ones.  The
 * function's own default is one object for all calls, and would keep changes.
 */
static bool plan_defaults(struct lp_call_plan *plan, PyObject *parameters, PyObject *values, PyObject *names)
{
	for (Py_ssize_t i = 0; i < PyList_GET_SIZE(parameters); i++) {
		PyObject *row = PyList_GET_ITEM(parameters, i), *name = PyTuple_GET_ITEM(row, 0);
		PyObject *text = PyTuple_GET_ITEM(row, 3);
		const char *json = PyUnicode_Check(text) ? PyUnicode_AsUTF8(text) : "";
		int has_value = PyDict_Contains(values, name);

		if (json == NULL || has_value < 0)
			return false;
		if (has_value || (*json != '[' && *json != '{'))
			continue;
		if (PyList_Append(names, name) < 0)
			return false;
		add_argument(plan, LP_ARGUMENT_VALUE)->json = lp_copy_text(json);
	}
	return true;
}

static bool plan_parameters(struct lp_rule_registry *registry, struct lp_call_plan *plan, PyObject *parameters,
                            PyObject *names)
{
	PyObject *values = lp_json_parse(registry->state, plan->parameters), *name, *value;
	Py_ssize_t position = 0;

	if (values == NULL || !PyDict_Check(values)) {
		Py_XDECREF(values);
		if (!PyErr_Occurred())
			PyErr_SetString(PyExc_TypeError, "the parameters of a calculation must be a JSON object");
		return false;
	}
	while (PyDict_Next(values, &position, &name, &value)) {
		int type = find_type(parameters, name);
		struct lp_call_argument *argument;

		if (type < 0) {
			fail_plan(plan, "TypeError",
			          lp_format_text("rule %s has no parameter '%s'", plan->rule_name,
			                         PyUnicode_AsUTF8(name)));
			continue;
		}
		argument = add_argument(plan, LP_ARGUMENT_VALUE);
		/* A rule whose parameter is a float gets 5 as 5.0, because the two differ in Python. */
		argument->value = type == LP_PARAMETER_FLOAT && PyLong_CheckExact(value) ? PyNumber_Float(value)
		                                                                         : Py_NewRef(value);
		if (argument->value == NULL || PyList_Append(names, name) < 0)
			break;
		if (PyDict_Check(value) || PyList_Check(value)) {
			PyObject *module = PyImport_ImportModule("local_processing._json");
			PyObject *json = module == NULL ? NULL : PyObject_CallMethod(module, "write", "O", value);

			Py_XDECREF(module);
			if (json == NULL)
				break;
			argument->json = lp_copy_text(PyUnicode_AsUTF8(json));
			Py_DECREF(json);
		}
	}
	bool ok = !PyErr_Occurred() && plan_defaults(plan, parameters, values, names);
	Py_DECREF(values);
	return ok;
}

/* Plans keyword-only parameters that get the window or the context. */
static bool plan_keywords(struct lp_call_plan *plan, PyObject *keywords, PyObject *names)
{
	for (Py_ssize_t i = 0; i < PyList_GET_SIZE(keywords); i++) {
		PyObject *name, *kind;

		if (!PyArg_ParseTuple(PyList_GET_ITEM(keywords, i), "UU", &name, &kind) ||
		    PyList_Append(names, name) < 0)
			return false;
		add_argument(plan, PyUnicode_CompareWithASCIIString(kind, "window") == 0 ? LP_ARGUMENT_WINDOW
		                                                                         : LP_ARGUMENT_CONTEXT);
	}
	return true;
}

static PyObject *get_list(PyObject *description, const char *name)
{
	PyObject *list = PyObject_GetAttrString(description, name);

	if (list == NULL || PyList_Check(list))
		return list;
	Py_DECREF(list);
	PyErr_Format(PyExc_TypeError, "%s of a rule must be a list", name);
	return NULL;
}

static bool plan_arguments(struct lp_rule_registry *registry, struct lp_call_plan *plan)
{
	static const char *const names[] = { "layout", "inputs", "parameters", "keywords" };
	enum { LAYOUT, INPUTS, PARAMETERS, KEYWORDS, LISTS };
	PyObject *lists[LISTS], *keyword_names = PyList_New(0);
	bool ok = keyword_names != NULL;

	for (size_t i = 0; i < LISTS; i++) {
		lists[i] = ok ? get_list(plan->rule->description, names[i]) : NULL;
		ok = lists[i] != NULL;
	}
	ok = ok && plan_inputs(plan, lists[LAYOUT], lists[INPUTS]);
	ok = ok && plan_parameters(registry, plan, lists[PARAMETERS], keyword_names);
	ok = ok && plan_keywords(plan, lists[KEYWORDS], keyword_names);
	if (ok && PyList_GET_SIZE(keyword_names) > 0) {
		plan->keyword_names = PyList_AsTuple(keyword_names);
		ok = plan->keyword_names != NULL;
	}
	for (size_t i = 0; i < LISTS; i++)
		Py_XDECREF(lists[i]);
	Py_XDECREF(keyword_names);
	return ok;
}

static void plan_quantity(struct lp_call_plan *plan)
{
	const char *per = NULL;

	for (Py_ssize_t i = 0; plan->keyword_names != NULL && i < PyTuple_GET_SIZE(plan->keyword_names); i++) {
		PyObject *value = plan->arguments[plan->positional_count + (size_t)i].value;

		if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(plan->keyword_names, i), "per") == 0 &&
		    value != NULL && PyUnicode_Check(value))
			per = PyUnicode_AsUTF8(value);
	}
	plan->has_quantity = lp_rule_quantity(plan->rule_name, per, &plan->quantity);
}

static struct lp_call_plan *make_plan(struct lp_rule_registry *registry, const struct lp_calculation *calculation,
                                      uint64_t hash)
{
	struct lp_call_plan *plan = lp_allocate(sizeof *plan);
	const struct lp_module_failure *failed;

	plan->hash = hash;
	plan->rule_name = lp_copy_text(calculation->rule);
	plan->parameters = lp_copy_text(calculation->parameters);
	plan->input_count = calculation->input_count;
	plan->inputs = lp_allocate((plan->input_count + 1) * sizeof *plan->inputs);
	for (size_t i = 0; i < plan->input_count; i++)
		plan->inputs[i] = lp_copy_text(calculation->inputs[i].name);
	plan->rule = lp_registry_find(registry, calculation->rule);
	if (plan->rule == NULL && (failed = lp_catalogue_failure_of_rule(calculation->rule)) != NULL) {
		plan->version = failed->version;
		set_error(plan, failed->failure.type, failed->failure.message, failed->failure.traceback);
	} else if (plan->rule == NULL) {
		fail_plan(plan, "LookupError", lp_format_text("there is no rule %s", calculation->rule));
	} else if (plan->rule->problem != NULL) {
		set_error(plan, "TypeError", plan->rule->problem, NULL);
	} else if (!plan_arguments(registry, plan)) {
		struct lp_python_failure failure;
		struct lp_arena arena = { 0 };

		lp_python_failure_take(&arena, &failure);
		set_error(plan, failure.type, failure.message, failure.traceback);
		lp_arena_free(&arena);
		/* The reason may be a time limit or a lack of memory: with another hash the next task makes a new plan. */
		plan->hash = ~hash;
	}
	if (plan->rule != NULL) {
		plan->version = plan->rule->version;
		plan_quantity(plan);
	}
	return plan;
}

const struct lp_call_plan *lp_call_plan_find(struct lp_rule_registry *registry,
                                             const struct lp_calculation *calculation)
{
	struct lp_call_plan **bucket, *plan;
	uint64_t hash;

	if (registry->last != NULL && matches(registry->last, calculation))
		return registry->last;
	hash = hash_calculation(calculation);
	bucket = &registry->buckets[hash % LP_CALL_PLAN_BUCKETS];
	for (plan = *bucket; plan != NULL; plan = plan->next)
		if (plan->hash == hash && matches(plan, calculation))
			break;
	if (plan == NULL) {
		if (registry->plan_count == LP_CALL_PLANS_MOST)
			free_plans(registry);
		registry->plan_count++;
		plan = make_plan(registry, calculation, hash);
		plan->next = *bucket;
		*bucket = plan;
	}
	registry->last = plan->hash == hash ? plan : NULL;
	return plan;
}
