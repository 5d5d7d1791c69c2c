/*
 * What is known about the rules that are imported: works out once for each kind
 * of calculation what to pass to the rule's function.
 *
 * Runs in interpreter processes, in their only thread; lp_rules_load in the rule
 * server.
 */
#include "rules/call_plan.h"

#include "model/hash.h"

#include <assert.h>
#include <stdlib.h>

struct lp_loaded_rules *lp_loaded_rules;

static bool add_rule(void *context, const struct lp_found_rule *found)
{
	struct lp_loaded_rules *rules = context;
	PyObject *problems = PyObject_GetAttrString(found->description, "problems");
	PyObject *outputs = PyObject_GetAttrString(found->description, "outputs");
	const char *name = PyUnicode_AsUTF8(found->name);
	struct lp_loaded_rule rule;

	if (problems == NULL || outputs == NULL || name == NULL) {
		Py_XDECREF(problems);
		Py_XDECREF(outputs);
		return false;
	}
	assert(PyList_Check(problems) && PyTuple_Check(outputs));
	rule = (struct lp_loaded_rule){ .name = lp_copy_text(name),
		                        .function = Py_NewRef(found->function),
		                        .description = Py_NewRef(found->description),
		                        .outputs = outputs };
	if (PyList_GET_SIZE(problems) > 0) {
		const char *problem = PyUnicode_AsUTF8(PyList_GET_ITEM(problems, 0));

		rule.problem = lp_format_text("rule %s: %s", name, problem == NULL ? "" : problem);
	}
	Py_DECREF(problems);
	LP_GROW(rules->rules, rules->count, rules->capacity);
	rules->rules[rules->count++] = rule;
	return true;
}

static void add_failed(struct lp_loaded_rules *rules, const char *name, const char *version,
                       const struct lp_python_failure *failure)
{
	LP_GROW(rules->failed, rules->failed_count, rules->failed_capacity);
	rules->failed[rules->failed_count++] =
		(struct lp_failed_module){ .name = name, .version = version, .failure = *failure };
}

static void load_module(struct lp_loaded_rules *rules, const char *name, const char *version)
{
	/* What failed is not tried again. */
	const struct lp_python_failure *known = lp_catalogue_failure(name);
	size_t before = rules->count;
	PyObject *module;

	if (known != NULL) {
		add_failed(rules, name, version, known);
		return;
	}
	module = PyImport_ImportModule(name);
	if (module == NULL || !lp_rules_visit(module, name, add_rule, rules)) {
		struct lp_python_failure failure;

		lp_python_failure_take(&rules->arena, &failure);
		add_failed(rules, name, version, &failure);
	}
	Py_XDECREF(module);
	for (size_t i = before; i < rules->count; i++)
		rules->rules[i].version = version;
}

static int by_name(const void *one, const void *other)
{
	return strcmp(((const struct lp_loaded_rule *)one)->name, ((const struct lp_loaded_rule *)other)->name);
}

bool lp_rules_load(struct lp_error *error)
{
	struct lp_loaded_rules *rules = lp_allocate(sizeof *rules);
	size_t count;
	const struct lp_python_source *sources = lp_rule_files(&count);

	rules->state = lp_rule_state();
	rules->logging_name = PyUnicode_InternFromString("logging");
	if (rules->state == NULL || rules->logging_name == NULL || !lp_rule_log_install(rules->state)) {
		struct lp_python_failure failure;

		lp_python_failure_take(&rules->arena, &failure);
		lp_fail(error, LP_EXIT_INTERNAL, "cannot load the types of rules: %s: %s", failure.type,
		        failure.message);
		free(rules);
		return false;
	}
	load_module(rules, lp_builtin_module, lp_frozen_app_version());
	for (size_t i = 0; i < count; i++)
		load_module(rules, sources[i].module, lp_rule_file_version(i));
	lp_rule_log_flush(rules->state);
	qsort(rules->rules, rules->count, sizeof *rules->rules, by_name);
	lp_loaded_rules = rules;
	return true;
}

bool lp_rules_watch_logging(struct lp_loaded_rules *rules)
{
	PyObject *modules, *module, *installed;

	if (rules->logging_name == NULL)
		return false;
	modules = PyImport_GetModuleDict();
	if (PyDict_GetItemWithError(modules, rules->logging_name) == NULL) {
		PyErr_Clear();
		return false;
	}
	Py_CLEAR(rules->logging_name);
	module = PyImport_ImportModule("local_processing._logging");
	installed = module == NULL ? NULL : PyObject_CallMethod(module, "install", NULL);
	if (installed == NULL)
		PyErr_WriteUnraisable(NULL);
	Py_XDECREF(installed);
	Py_XDECREF(module);
	return true;
}

static const struct lp_loaded_rule *find_rule(const struct lp_loaded_rules *rules, const char *name)
{
	struct lp_loaded_rule key = { .name = (char *)(uintptr_t)name };

	return rules->count == 0 ? NULL : bsearch(&key, rules->rules, rules->count, sizeof *rules->rules, by_name);
}

/* The module of a rule's name, "plant.pumps" of "plant.pumps.efficiency", if its import failed. */
static const struct lp_failed_module *find_failed(const struct lp_loaded_rules *rules, const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < rules->failed_count; i++) {
		const char *module = rules->failed[i].name;

		if (strlen(module) == (size_t)(dot - name) && strncmp(module, name, (size_t)(dot - name)) == 0)
			return &rules->failed[i];
	}
	return NULL;
}

/* With its end, so that two texts are not another two with the border elsewhere. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	return lp_hash_add(hash, text, strlen(text) + 1);
}

static uint64_t hash_of(const struct lp_calculation *calculation)
{
	uint64_t hash = hash_text(LP_HASH_START, calculation->rule);

	hash = hash_text(hash, calculation->parameters);
	for (size_t i = 0; i < calculation->input_count; i++)
		hash = hash_text(hash, calculation->inputs[i].name);
	return hash;
}

static bool suits(const struct lp_call_plan *plan, const struct lp_calculation *calculation)
{
	if (plan->input_count != calculation->input_count || strcmp(plan->rule_name, calculation->rule) != 0 ||
	    strcmp(plan->parameters, calculation->parameters) != 0)
		return false;
	for (size_t i = 0; i < plan->input_count; i++) {
		if (strcmp(plan->inputs[i], calculation->inputs[i].name) != 0)
			return false;
	}
	return true;
}

static void set_error(struct lp_call_plan *plan, const char *type, const char *message, const char *traceback)
{
	/* The first is what the user has to see first. */
	if (plan->error_type != NULL)
		return;
	plan->error_type = lp_copy_text(type);
	plan->error_message = lp_copy_text(message);
	plan->error_traceback = lp_copy_text(traceback);
}

/* message is given up. */
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

static void forget_plans(struct lp_loaded_rules *rules)
{
	for (size_t i = 0; i < LP_CALL_PLAN_BUCKETS; i++) {
		while (rules->buckets[i] != NULL) {
			struct lp_call_plan *plan = rules->buckets[i];

			rules->buckets[i] = plan->next;
			free_plan(plan);
		}
	}
	rules->plan_count = 0;
	rules->last = NULL;
}

static struct lp_call_argument *add_argument(struct lp_call_plan *plan, enum lp_argument_kind kind)
{
	struct lp_call_argument *argument;

	plan->arguments = lp_reallocate(plan->arguments, plan->argument_count + 1, sizeof *plan->arguments);
	argument = &plan->arguments[plan->argument_count++];
	*argument = (struct lp_call_argument){ .kind = kind };
	return argument;
}

/* One positional parameter: "window", "context" or the index of an input of the rule. */
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

/* Whether the last of the rule's inputs is `*series: Series`. */
static bool takes_many(PyObject *inputs)
{
	Py_ssize_t count = PyList_GET_SIZE(inputs);

	return count > 0 && PyObject_IsTrue(PyTuple_GET_ITEM(PyList_GET_ITEM(inputs, count - 1), 2)) == 1;
}

static bool plan_inputs(struct lp_call_plan *plan, PyObject *layout, PyObject *inputs)
{
	bool *used = lp_allocate(plan->input_count + 1), good = true, many = takes_many(inputs);

	for (Py_ssize_t i = 0; good && i < PyList_GET_SIZE(layout); i++)
		good = plan_positional(plan, PyList_GET_ITEM(layout, i), inputs, used);
	for (size_t i = 0; good && i < plan->input_count; i++) {
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
	return good;
}

/* The type that a parameter's annotation asks for; -1: the rule has no such parameter. */
static int type_of_parameter(PyObject *parameters, PyObject *name)
{
	for (Py_ssize_t i = 0; i < PyList_GET_SIZE(parameters); i++) {
		PyObject *row = PyList_GET_ITEM(parameters, i);

		if (PyUnicode_Compare(PyTuple_GET_ITEM(row, 0), name) == 0)
			return (int)PyLong_AsLong(PyTuple_GET_ITEM(row, 1));
	}
	return -1;
}

/*
 * Defaults that are lists or dicts are given as well, fresh in each call: the
 * function's own would be one object for all calls, and keep what they put in.
 */
static bool plan_defaults(struct lp_call_plan *plan, PyObject *parameters, PyObject *values, PyObject *names)
{
	for (Py_ssize_t i = 0; i < PyList_GET_SIZE(parameters); i++) {
		PyObject *row = PyList_GET_ITEM(parameters, i), *name = PyTuple_GET_ITEM(row, 0);
		PyObject *written = PyTuple_GET_ITEM(row, 3);
		const char *json = PyUnicode_Check(written) ? PyUnicode_AsUTF8(written) : "";
		int given = PyDict_Contains(values, name);

		if (json == NULL || given < 0)
			return false;
		if (given || (*json != '[' && *json != '{'))
			continue;
		if (PyList_Append(names, name) < 0)
			return false;
		add_argument(plan, LP_ARGUMENT_VALUE)->json = lp_copy_text(json);
	}
	return true;
}

static bool plan_parameters(struct lp_loaded_rules *rules, struct lp_call_plan *plan, PyObject *parameters,
                            PyObject *names)
{
	PyObject *values = lp_json_parse(rules->state, plan->parameters), *name, *value;
	Py_ssize_t position = 0;

	if (values == NULL || !PyDict_Check(values)) {
		Py_XDECREF(values);
		if (!PyErr_Occurred())
			PyErr_SetString(PyExc_TypeError, "the parameters of a calculation must be a JSON object");
		return false;
	}
	while (PyDict_Next(values, &position, &name, &value)) {
		int type = type_of_parameter(parameters, name);
		struct lp_call_argument *argument;

		if (type < 0) {
			fail_plan(plan, "TypeError",
			          lp_format_text("rule %s has no parameter '%s'", plan->rule_name,
			                         PyUnicode_AsUTF8(name)));
			continue;
		}
		argument = add_argument(plan, LP_ARGUMENT_VALUE);
		/* 5 for a float is 5.0: a rule may ask it for as_integer_ratio() or divide by it as floats do. */
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
	bool good = !PyErr_Occurred() && plan_defaults(plan, parameters, values, names);
	Py_DECREF(values);
	return good;
}

/* Keyword-only parameters that get the window or the context. */
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

static PyObject *list_of(PyObject *description, const char *name)
{
	PyObject *list = PyObject_GetAttrString(description, name);

	if (list != NULL && !PyList_Check(list)) {
		Py_DECREF(list);
		PyErr_Format(PyExc_TypeError, "%s of a rule must be a list", name);
		return NULL;
	}
	return list;
}

static bool plan_arguments(struct lp_loaded_rules *rules, struct lp_call_plan *plan)
{
	PyObject *description = plan->rule->description, *layout = list_of(description, "layout"),
		 *inputs = list_of(description, "inputs"), *parameters = list_of(description, "parameters"),
		 *keywords = list_of(description, "keywords"), *names = PyList_New(0);
	bool good = layout != NULL && inputs != NULL && parameters != NULL && keywords != NULL && names != NULL &&
	            plan_inputs(plan, layout, inputs) && plan_parameters(rules, plan, parameters, names) &&
	            plan_keywords(plan, keywords, names);

	if (good && PyList_GET_SIZE(names) > 0) {
		plan->keyword_names = PyList_AsTuple(names);
		good = plan->keyword_names != NULL;
	}
	Py_XDECREF(layout);
	Py_XDECREF(inputs);
	Py_XDECREF(parameters);
	Py_XDECREF(keywords);
	Py_XDECREF(names);
	return good;
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

static struct lp_call_plan *make_plan(struct lp_loaded_rules *rules, const struct lp_calculation *calculation,
                                      uint64_t hash)
{
	struct lp_call_plan *plan = lp_allocate(sizeof *plan);
	const struct lp_failed_module *failed;

	plan->hash = hash;
	plan->rule_name = lp_copy_text(calculation->rule);
	plan->parameters = lp_copy_text(calculation->parameters);
	plan->input_count = calculation->input_count;
	plan->inputs = lp_allocate((plan->input_count + 1) * sizeof *plan->inputs);
	for (size_t i = 0; i < plan->input_count; i++)
		plan->inputs[i] = lp_copy_text(calculation->inputs[i].name);
	plan->rule = find_rule(rules, calculation->rule);
	if (plan->rule == NULL && (failed = find_failed(rules, calculation->rule)) != NULL) {
		plan->version = failed->version;
		set_error(plan, failed->failure.type, failed->failure.message, failed->failure.traceback);
	} else if (plan->rule == NULL) {
		fail_plan(plan, "LookupError", lp_format_text("there is no rule %s", calculation->rule));
	} else if (plan->rule->problem != NULL) {
		set_error(plan, "TypeError", plan->rule->problem, NULL);
	} else if (!plan_arguments(rules, plan)) {
		struct lp_python_failure failure;
		struct lp_arena arena = { 0 };

		lp_python_failure_take(&arena, &failure);
		set_error(plan, failure.type, failure.message, failure.traceback);
		lp_arena_free(&arena);
		/* A time limit or a lack of memory may have struck here: the next task tries anew. */
		plan->hash = ~hash;
	}
	if (plan->rule != NULL) {
		plan->version = plan->rule->version;
		plan_quantity(plan);
	}
	return plan;
}

const struct lp_call_plan *lp_call_plan_for(struct lp_loaded_rules *rules, const struct lp_calculation *calculation)
{
	struct lp_call_plan **bucket, *plan;
	uint64_t hash;

	if (rules->last != NULL && suits(rules->last, calculation))
		return rules->last;
	hash = hash_of(calculation);
	bucket = &rules->buckets[hash % LP_CALL_PLAN_BUCKETS];
	for (plan = *bucket; plan != NULL; plan = plan->next) {
		if (plan->hash == hash && suits(plan, calculation))
			break;
	}
	if (plan == NULL) {
		if (rules->plan_count == LP_CALL_PLANS_MOST)
			forget_plans(rules);
		rules->plan_count++;
		plan = make_plan(rules, calculation, hash);
		plan->next = *bucket;
		*bucket = plan;
	}
	rules->last = plan->hash == hash ? plan : NULL;
	return plan;
}
