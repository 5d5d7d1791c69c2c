/*
 * The catalogue of rules: imports the built-in and the users' modules and
 * writes down what the decorator `rule` found out about
 * their functions, and what is wrong with them.
 *
 * It runs no rule.
 *
 * Runs in the rule server, in its only thread.
 */
#include "rules/internal.h"
#include "rules/types.h"

#include "text/utf8.h"
#include <assert.h>
#include <stdlib.h>

const char lp_builtin_module[] = "local_processing.builtin";
static const char builtin_path[] = "app/local_processing/builtin.py";

struct lp_catalogue {
	struct lp_rule_catalogue rules;
	size_t capacity;
	/* Modules that could not be imported. */
	struct failed_module {
		const char *name;
		struct lp_python_failure failure;
	} * failed;
	size_t failed_count, failed_capacity;
	struct lp_arena arena;
};

/* There is one set of rules in a process, and it is as long-lived as that. */
static struct lp_catalogue catalogue_of_process;

/* What one module is read into. */
struct reading {
	struct lp_catalogue *catalogue;
	struct lp_problems *problems;
	const char *file, *version;
};

static const char *text_in(struct lp_catalogue *catalogue, PyObject *text)
{
	PyObject *bytes;
	const char *copy;

	if (text == NULL || text == Py_None)
		return NULL;
	bytes = PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace");
	if (bytes == NULL)
		return NULL;
	copy = lp_arena_copy(&catalogue->arena, PyBytes_AS_STRING(bytes), strlen(PyBytes_AS_STRING(bytes)));
	Py_DECREF(bytes);
	return copy;
}

/* A list of tuples of the description; *count of them. */
static PyObject *rows_of(PyObject *description, const char *name, size_t *count)
{
	PyObject *rows = PyObject_GetAttrString(description, name), *fast;

	*count = 0;
	if (rows == NULL)
		return NULL;
	fast = PySequence_Fast(rows, "a list was expected");
	Py_DECREF(rows);
	if (fast != NULL)
		*count = (size_t)PySequence_Fast_GET_SIZE(fast);
	return fast;
}

static bool read_inputs(struct lp_catalogue *catalogue, PyObject *description, struct lp_rule *rule)
{
	PyObject *rows = rows_of(description, "inputs", &rule->input_count);
	bool good = rows != NULL;

	rule->inputs = lp_arena_zeroed(&catalogue->arena, rule->input_count, sizeof *rule->inputs);
	for (size_t i = 0; good && i < rule->input_count; i++) {
		PyObject *name;
		long long lookback;
		int optional, many;

		good = PyArg_ParseTuple(PySequence_Fast_GET_ITEM(rows, i), "UppL", &name, &optional, &many, &lookback);
		if (good)
			rule->inputs[i] =
				(struct lp_rule_input){ text_in(catalogue, name), optional != 0, many != 0, lookback };
	}
	Py_XDECREF(rows);
	return good;
}

static bool read_parameters(struct lp_catalogue *catalogue, PyObject *description, struct lp_rule *rule)
{
	PyObject *rows = rows_of(description, "parameters", &rule->parameter_count);
	bool good = rows != NULL;

	rule->parameters = lp_arena_zeroed(&catalogue->arena, rule->parameter_count, sizeof *rule->parameters);
	for (size_t i = 0; good && i < rule->parameter_count; i++) {
		PyObject *name, *default_value, *choices;
		int type, nullable;

		good = PyArg_ParseTuple(PySequence_Fast_GET_ITEM(rows, i), "UipOO", &name, &type, &nullable,
		                        &default_value, &choices);
		if (good)
			rule->parameters[i] =
				(struct lp_rule_parameter){ .name = text_in(catalogue, name),
				                            .type = (enum lp_parameter_type)type,
				                            .nullable = nullable != 0,
				                            .default_value = text_in(catalogue, default_value),
				                            .choices = text_in(catalogue, choices) };
	}
	Py_XDECREF(rows);
	return good;
}

static bool read_outputs(struct lp_catalogue *catalogue, PyObject *description, struct lp_rule *rule)
{
	PyObject *rows = rows_of(description, "outputs", &rule->output_count);

	if (rows == NULL)
		return false;
	rule->outputs = lp_arena_zeroed(&catalogue->arena, rule->output_count, sizeof *rule->outputs);
	for (size_t i = 0; i < rule->output_count; i++)
		rule->outputs[i] = text_in(catalogue, PySequence_Fast_GET_ITEM(rows, i));
	Py_DECREF(rows);
	return true;
}

static bool read_document(struct lp_catalogue *catalogue, PyObject *description, struct lp_rule *rule)
{
	PyObject *document = PyObject_GetAttrString(description, "document");
	const char *end;

	if (document == NULL)
		return false;
	rule->documentation = text_in(catalogue, document);
	Py_DECREF(document);
	if (rule->documentation == NULL)
		return false;
	end = strchr(rule->documentation, '\n');
	rule->summary = end == NULL ? rule->documentation
	                            : lp_arena_copy(&catalogue->arena, rule->documentation,
	                                            (size_t)(end - rule->documentation));
	return true;
}

static bool read_line(PyObject *description, struct lp_rule *rule)
{
	PyObject *line = PyObject_GetAttrString(description, "line");

	if (line == NULL)
		return false;
	rule->line = (int)PyLong_AsLong(line);
	Py_DECREF(line);
	return !PyErr_Occurred();
}

static bool read_returns(PyObject *description, struct lp_rule *rule)
{
	PyObject *returns = PyObject_GetAttrString(description, "returns");

	if (returns == NULL)
		return false;
	rule->returns = (enum lp_rule_returns)PyLong_AsLong(returns);
	Py_DECREF(returns);
	return !PyErr_Occurred();
}

static bool tell_problems(const struct reading *reading, PyObject *description, const struct lp_rule *rule, bool *any)
{
	size_t count;
	PyObject *rows = rows_of(description, "problems", &count);

	*any = count > 0;
	for (size_t i = 0; i < count; i++) {
		const char *what = text_in(reading->catalogue, PySequence_Fast_GET_ITEM(rows, i));

		lp_problem_add(reading->problems, rule->file, rule->line, 0, "rule %s: %s", rule->name,
		               what == NULL ? "" : what);
	}
	Py_XDECREF(rows);
	return rows != NULL;
}

/* A rule into the catalogue, or its problems to the others. */
static bool read_rule(void *context, const struct lp_found_rule *found)
{
	const struct reading *reading = context;
	struct lp_catalogue *catalogue = reading->catalogue;
	struct lp_rule rule = { .name = text_in(catalogue, found->name),
		                .file = reading->file,
		                .version = reading->version };
	bool wrong;

	if (rule.name == NULL || !read_line(found->description, &rule) ||
	    !tell_problems(reading, found->description, &rule, &wrong))
		return false;
	if (wrong)
		return true;
	for (size_t i = 0; i < catalogue->rules.count; i++) {
		const struct lp_rule *other = &catalogue->rules.rules[i];

		if (strcmp(other->name, rule.name) != 0)
			continue;
		/* Two names for one function are no mistake. */
		if (other->line != rule.line || strcmp(other->file, rule.file) != 0)
			lp_problem_add(reading->problems, rule.file, rule.line, 0,
			               "rule %s: there is another of this name in line %d", rule.name, other->line);
		return true;
	}
	if (!read_document(catalogue, found->description, &rule) || !read_returns(found->description, &rule) ||
	    !read_inputs(catalogue, found->description, &rule) ||
	    !read_parameters(catalogue, found->description, &rule) ||
	    !read_outputs(catalogue, found->description, &rule))
		return false;
	LP_GROW(catalogue->rules.rules, catalogue->rules.count, catalogue->capacity);
	catalogue->rules.rules[catalogue->rules.count++] = rule;
	return true;
}

bool lp_rules_visit(PyObject *module, const char *module_name, lp_rule_visit visit, void *context)
{
	PyObject *items = PyDict_Values(PyModule_GetDict(module));
	bool builtin = strcmp(module_name, lp_builtin_module) == 0, good = items != NULL;

	for (Py_ssize_t i = 0; good && i < PyList_GET_SIZE(items); i++) {
		struct lp_found_rule found = { .function = PyList_GET_ITEM(items, i) };
		PyObject *home = NULL, *name = NULL;

		/* A rule imported from another module is a rule of that one. */
		if (!PyFunction_Check(found.function) ||
		    PyObject_GetOptionalAttrString(found.function, "__rule__", &found.description) <= 0)
			continue;
		home = PyObject_GetAttrString(found.function, "__module__");
		name = PyObject_GetAttrString(found.description, "name");
		good = home != NULL && name != NULL;
		if (good && PyUnicode_Check(home) && PyUnicode_EqualToUTF8(home, module_name)) {
			found.name = builtin ? Py_NewRef(name) : PyUnicode_FromFormat("%s.%U", module_name, name);
			good = found.name != NULL && visit(context, &found);
			Py_XDECREF(found.name);
		}
		Py_XDECREF(home);
		Py_XDECREF(name);
		Py_DECREF(found.description);
	}
	Py_XDECREF(items);
	return good && !PyErr_Occurred();
}

static void remember_failure(struct lp_catalogue *catalogue, const char *name, const struct lp_python_failure *failure)
{
	LP_GROW(catalogue->failed, catalogue->failed_count, catalogue->failed_capacity);
	catalogue->failed[catalogue->failed_count++] = (struct failed_module){ name, *failure };
}

const struct lp_python_failure *lp_catalogue_failure(const char *module)
{
	for (size_t i = 0; i < catalogue_of_process.failed_count; i++) {
		if (strcmp(catalogue_of_process.failed[i].name, module) == 0)
			return &catalogue_of_process.failed[i].failure;
	}
	return NULL;
}

static bool has_other_threads(void)
{
	return PyThreadState_Next(PyInterpreterState_ThreadHead(PyInterpreterState_Get())) != NULL;
}

/* What a file changes for all of the program, while it is imported, is put back: it is to be done in the rule. */
static PyObject *import_apart(const char *name, const char *file)
{
	PyObject *module, *exception;
	const char *left;
	bool decimals, replace;

	if (!lp_leftovers_enter())
		return NULL;
	module = PyImport_ImportModule(name);
	exception = PyErr_GetRaisedException();
	decimals = lp_leftovers_decimals_are_set();
	lp_leftovers_leave();
	left = lp_leftovers_put_back(&replace);
	PyErr_SetRaisedException(exception);
	if (module != NULL && decimals) {
		Py_CLEAR(module);
		PyErr_SetString(PyExc_ImportError,
		                "it changes the context of decimals for all rules: do that in the rule, "
		                "with decimal.localcontext()");
	}
	if (left != NULL) {
		char text[512];

		snprintf(text, sizeof text, "what a file of rules changes while it is imported is put back: %.*s: %.*s",
		         LP_CUT(200, file), LP_CUT(200, left));
		if (lp_rules_options()->log != NULL)
			lp_rules_options()->log(LP_LOG_WARNING, "local-processing", NULL, text);
	}
	return module;
}

/* False: it has left a thread.  index: of the file, for the pulse. */
static bool read_module(struct lp_catalogue *catalogue, const char *name, const char *file, const char *version,
                        uint32_t index, struct lp_problems *problems)
{
	struct reading reading = { catalogue, problems, file, version };
	struct lp_python_failure failure;
	PyObject *module;
	const char *where;
	bool good;

	lp_limit_begin(index, NULL);
	module = import_apart(name, file);
	good = module != NULL && lp_rules_visit(module, name, read_rule, &reading);
	Py_XDECREF(module);
	if (!good)
		lp_python_failure_take(&catalogue->arena, &failure);
	if (has_other_threads())
		return false;
	if (lp_limit_end(&where)) {
		failure.type = "TimeLimit";
		failure.message = "still being imported after its time limit";
		good = false;
	}
	if (!good) {
		remember_failure(catalogue, name, &failure);
		lp_problem_add(problems, failure.file != NULL ? failure.file : file,
		               failure.file != NULL ? failure.line : 0, failure.file != NULL ? failure.column : 0,
		               "%s%s%s", failure.type, failure.message[0] == '\0' ? "" : ": ", failure.message);
	}
	return true;
}

/* A file that can't be a module: its name is taken, or it can't be read. */
static void refuse_module(struct lp_catalogue *catalogue, const struct lp_python_source *source,
                          struct lp_problems *problems)
{
	struct lp_python_failure failure = { .type = "ImportError", .message = source->problem, .traceback = "" };

	remember_failure(catalogue, source->module, &failure);
	lp_problem_add(problems, source->path, 0, 0, "%s", source->problem);
}

/* What the start before this one has found out about a file; NULL: nothing. */
static const struct lp_rule_skip *find_skip(const char *module)
{
	const struct lp_rules_options *options = lp_rules_options();

	for (size_t i = 0; i < options->skip_count; i++) {
		if (strcmp(options->skips[i].module, module) == 0)
			return &options->skips[i];
	}
	return NULL;
}

static void skip_module(struct lp_catalogue *catalogue, const struct lp_python_source *source,
                        const struct lp_rule_skip *skip, struct lp_problems *problems)
{
	struct lp_python_failure failure = { .type = skip->type,
		                             .message = skip->reason,
		                             .traceback = skip->traceback == NULL ? "" : skip->traceback };

	remember_failure(catalogue, source->module, &failure);
	lp_problem_add(problems, source->path, 0, 0, "%s: %s", skip->type, skip->reason);
}

const char *lp_rules_module(uint32_t index)
{
	size_t count;
	const struct lp_python_source *sources = lp_rule_files(&count);

	return index == 0 ? lp_builtin_module : index <= count ? sources[index - 1].module : NULL;
}

static int by_name(const void *one, const void *other)
{
	return strcmp(((const struct lp_rule *)one)->name, ((const struct lp_rule *)other)->name);
}

/* Collected are only what files leave behind: at their import nothing is garbage. */
static bool read_all(struct lp_catalogue *catalogue, struct lp_problems *problems, struct lp_error *error)
{
	size_t count;
	const struct lp_python_source *sources = lp_rule_files(&count);
	bool good = read_module(catalogue, lp_builtin_module, builtin_path, lp_frozen_app_version(), 0, problems);

	for (size_t i = 0; i < count && good; i++) {
		const struct lp_rule_skip *skip = find_skip(sources[i].module);

		if (sources[i].problem != NULL)
			refuse_module(catalogue, &sources[i], problems);
		else if (skip != NULL)
			skip_module(catalogue, &sources[i], skip, problems);
		else
			good = read_module(catalogue, sources[i].module, sources[i].path, lp_rule_file_version(i),
			                   (uint32_t)i + 1, problems);
	}
	return good ||
	       lp_fail(error, LP_EXIT_DATA, "its import leaves a thread: start threads in the rule, or do without");
}

bool lp_rules_import(const struct lp_rule_catalogue **result, struct lp_problems *problems, struct lp_error *error)
{
	struct lp_catalogue *catalogue = &catalogue_of_process;
	struct lp_rule_state *state;
	bool good;

	assert(Py_IsInitialized());
	state = lp_rule_state();
	*result = &catalogue->rules;
	/* What files print goes to the log. */
	if (state == NULL || !lp_rule_log_install(state))
		return lp_python_fail(error, "cannot load the types of rules");
	PyGC_Disable();
	good = lp_leftovers_keep(error) && read_all(catalogue, problems, error);
	if (good && lp_rules_options()->look_ahead && !lp_rule_imports_check(problems))
		good = lp_python_fail(error, "cannot look through the imports of rules");
	PyGC_Enable();
	lp_rule_log_flush(state);
	if (catalogue->rules.count > 0)
		qsort(catalogue->rules.rules, catalogue->rules.count, sizeof *catalogue->rules.rules, by_name);
	return good;
}
