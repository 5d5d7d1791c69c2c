/*
 * The catalogue of rules: imports the built-in and the users' modules, and notes
 * their rules and what is wrong with them.  It calls no rule.
 *
 * Runs in the rule server, in its only thread.
 */
#include "rules/catalogue.h"

#include "rules/types.h"
#include "text/utf8.h"

#include <assert.h>
#include <stdlib.h>

const char lp_builtin_module[] = "local_processing.builtin";
static const char builtin_path[] = "app/local_processing/builtin.py";

struct failed_module {
	const char *name;
	struct lp_python_failure failure;
};

/* There is one set of rules in a process, and it lives as long as the process. */
static struct {
	struct lp_rule_catalogue rules;
	size_t capacity;
	struct failed_module *failures;
	size_t failure_count, failure_capacity;
	struct lp_arena arena;
} catalogue;

/* The module whose rules are read. */
struct module_reader {
	struct lp_problems *problems;
	const char *file, *version;
};

/* Adds the problems of a rule.  *has_problems: there are some. */
static bool add_problems(const struct module_reader *reader, PyObject *description, const struct lp_rule *rule,
                         bool *has_problems)
{
	size_t count;
	PyObject *rows = lp_description_list(description, "problems", &count);

	*has_problems = count > 0;
	for (size_t i = 0; i < count; i++) {
		const char *what = lp_description_text(PySequence_Fast_GET_ITEM(rows, i), &catalogue.arena);

		lp_problem_add(reader->problems, rule->file, rule->line, 0, "rule %s: %s", rule->name,
		               what == NULL ? "" : what);
	}
	Py_XDECREF(rows);
	return rows != NULL;
}

static const struct lp_rule *find_rule(const char *name)
{
	for (size_t i = 0; i < catalogue.rules.count; i++)
		if (strcmp(catalogue.rules.rules[i].name, name) == 0)
			return &catalogue.rules.rules[i];
	return NULL;
}

/* Adds a rule to the catalogue, or its problems to the others. */
static bool add_rule(void *context, const struct lp_rule_definition *definition)
{
	const struct module_reader *reader = context;
	struct lp_rule rule = { .name = lp_description_text(definition->name, &catalogue.arena),
		                .file = reader->file,
		                .version = reader->version };
	const struct lp_rule *other;
	bool has_problems;

	if (rule.name == NULL || !lp_description_read_line(definition->description, &rule.line) ||
	    !add_problems(reader, definition->description, &rule, &has_problems))
		return false;
	if (has_problems)
		return true;
	other = find_rule(rule.name);
	if (other != NULL) {
		/* Two names for one function are no mistake. */
		if (other->line != rule.line || strcmp(other->file, rule.file) != 0)
			lp_problem_add(reader->problems, rule.file, rule.line, 0,
			               "rule %s: there is another of this name in line %d", rule.name, other->line);
		return true;
	}
	if (!lp_description_read(definition->description, &catalogue.arena, &rule))
		return false;
	LP_GROW(catalogue.rules.rules, catalogue.rules.count, catalogue.capacity);
	catalogue.rules.rules[catalogue.rules.count++] = rule;
	return true;
}

bool lp_rules_visit(PyObject *module, const char *module_name, lp_rule_definition_visit visit, void *context)
{
	PyObject *items = PyDict_Values(PyModule_GetDict(module));
	bool builtin = strcmp(module_name, lp_builtin_module) == 0, ok = items != NULL;

	for (Py_ssize_t i = 0; ok && i < PyList_GET_SIZE(items); i++) {
		struct lp_rule_definition definition = { .function = PyList_GET_ITEM(items, i) };
		PyObject *home = NULL, *name = NULL;

		/* A rule that was imported from another module belongs to that one. */
		if (!PyFunction_Check(definition.function) ||
		    PyObject_GetOptionalAttrString(definition.function, "__rule__", &definition.description) <= 0)
			continue;
		home = PyObject_GetAttrString(definition.function, "__module__");
		name = PyObject_GetAttrString(definition.description, "name");
		ok = home != NULL && name != NULL;
		if (ok && PyUnicode_Check(home) && PyUnicode_EqualToUTF8(home, module_name)) {
			definition.name = builtin ? Py_NewRef(name) : PyUnicode_FromFormat("%s.%U", module_name, name);
			ok = definition.name != NULL && visit(context, &definition);
			Py_XDECREF(definition.name);
		}
		Py_XDECREF(home);
		Py_XDECREF(name);
		Py_DECREF(definition.description);
	}
	Py_XDECREF(items);
	return ok && !PyErr_Occurred();
}

/* Notes that a module cannot be imported. */
static void add_failure(const char *module, const struct lp_python_failure *failure)
{
	LP_GROW(catalogue.failures, catalogue.failure_count, catalogue.failure_capacity);
	catalogue.failures[catalogue.failure_count++] = (struct failed_module){ module, *failure };
}

const struct lp_python_failure *lp_catalogue_failure(const char *module)
{
	for (size_t i = 0; i < catalogue.failure_count; i++)
		if (strcmp(catalogue.failures[i].name, module) == 0)
			return &catalogue.failures[i].failure;
	return NULL;
}

static bool has_other_threads(void)
{
	return PyThreadState_Next(PyInterpreterState_ThreadHead(PyInterpreterState_Get())) != NULL;
}

/* Imports a module and puts back what its file has changed for the whole process: a rule has to do that itself. */
static PyObject *import_module(const char *name, const char *file)
{
	PyObject *module, *exception;
	const char *leftovers;
	bool decimals, replace;

	if (!lp_leftovers_enter())
		return NULL;
	module = PyImport_ImportModule(name);
	exception = PyErr_GetRaisedException();
	decimals = lp_leftovers_decimals_are_set();
	lp_leftovers_leave();
	leftovers = lp_leftovers_put_back(&replace);
	PyErr_SetRaisedException(exception);
	if (module != NULL && decimals) {
		Py_CLEAR(module);
		PyErr_SetString(PyExc_ImportError,
		                "it changes the context of decimals for all rules: do that in the rule, "
		                "with decimal.localcontext()");
	}
	if (leftovers != NULL) {
		char text[512];

		snprintf(text, sizeof text, "what a file of rules changes while it is imported is put back: %.*s: %.*s",
		         LP_CUT(200, file), LP_CUT(200, leftovers));
		if (lp_rules_options()->log != NULL)
			lp_rules_options()->log(LP_LOG_WARNING, "local-processing", NULL, text);
	}
	return module;
}

/* Imports a module and adds its rules.  index: for the pulse.  False: it has left a thread. */
static bool read_module(const char *name, const char *file, const char *version, uint32_t index,
                        struct lp_problems *problems)
{
	struct module_reader reader = { .problems = problems, .file = file, .version = version };
	struct lp_python_failure failure = { .traceback = "" };
	PyObject *module;
	const char *where;
	bool ok;

	lp_limit_begin(index, NULL);
	module = import_module(name, file);
	ok = module != NULL && lp_rules_visit(module, name, add_rule, &reader);
	Py_XDECREF(module);
	if (!ok)
		lp_python_failure_take(&catalogue.arena, &failure);
	if (has_other_threads())
		return false;
	if (lp_limit_end(&where)) {
		failure.type = "TimeLimit";
		failure.message = "still being imported after its time limit";
		ok = false;
	}
	if (!ok) {
		add_failure(name, &failure);
		lp_problem_add(problems, failure.file != NULL ? failure.file : file,
		               failure.file != NULL ? failure.line : 0, failure.file != NULL ? failure.column : 0,
		               "%s%s%s", failure.type, failure.message[0] == '\0' ? "" : ": ", failure.message);
	}
	return true;
}

/* Refuses a file that cannot be a module: its name is another module's, or it cannot be read. */
static void refuse_module(const struct lp_python_source *source, struct lp_problems *problems)
{
	struct lp_python_failure failure = { .type = "ImportError", .message = source->problem, .traceback = "" };

	add_failure(source->module, &failure);
	lp_problem_add(problems, source->path, 0, 0, "%s", source->problem);
}

/* Finds what an earlier start has noticed about a file; NULL: nothing. */
static const struct lp_rule_skip *find_skip(const char *module)
{
	const struct lp_rules_options *options = lp_rules_options();

	for (size_t i = 0; i < options->skip_count; i++)
		if (strcmp(options->skips[i].module, module) == 0)
			return &options->skips[i];
	return NULL;
}

static void skip_module(const struct lp_python_source *source, const struct lp_rule_skip *skip,
                        struct lp_problems *problems)
{
	struct lp_python_failure failure = { .type = skip->type,
		                             .message = skip->reason,
		                             .traceback = skip->traceback == NULL ? "" : skip->traceback };

	add_failure(source->module, &failure);
	lp_problem_add(problems, source->path, 0, 0, "%s: %s", skip->type, skip->reason);
}

const char *lp_rules_module(uint32_t index)
{
	size_t count;
	const struct lp_python_source *sources = lp_rule_files(&count);

	return index == 0 ? lp_builtin_module : index <= count ? sources[index - 1].module : NULL;
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(((const struct lp_rule *)one)->name, ((const struct lp_rule *)other)->name);
}

static bool read_all(struct lp_problems *problems, struct lp_error *error)
{
	size_t count;
	const struct lp_python_source *sources = lp_rule_files(&count);
	bool ok = read_module(lp_builtin_module, builtin_path, lp_frozen_app_version(), 0, problems);

	for (size_t i = 0; i < count && ok; i++) {
		const struct lp_rule_skip *skip = find_skip(sources[i].module);

		if (sources[i].problem != NULL)
			refuse_module(&sources[i], problems);
		else if (skip != NULL)
			skip_module(&sources[i], skip, problems);
		else
			ok = read_module(sources[i].module, sources[i].path, lp_rule_file_version(i), (uint32_t)i + 1,
			                 problems);
	}
	return ok ||
	       lp_fail(error, LP_EXIT_DATA, "its import leaves a thread: start threads in the rule, or do without");
}

bool lp_rules_import(const struct lp_rule_catalogue **result, struct lp_problems *problems, struct lp_error *error)
{
	struct lp_rule_state *state;
	bool ok;

	assert(Py_IsInitialized());
	state = lp_rule_state();
	*result = &catalogue.rules;
	/* The log gets what files print. */
	if (state == NULL || !lp_rule_log_install(state))
		return lp_python_fail(error, "cannot load the types of rules");
	/* At import nothing is garbage, so a collection would only cost time. */
	PyGC_Disable();
	ok = lp_leftovers_keep(error) && read_all(problems, error);
	if (ok && lp_rules_options()->look_ahead && !lp_rule_imports_check(problems))
		ok = lp_python_fail(error, "cannot look through the imports of rules");
	PyGC_Enable();
	lp_rule_log_flush(state);
	if (catalogue.rules.count > 0)
		qsort(catalogue.rules.rules, catalogue.rules.count, sizeof *catalogue.rules.rules, compare_names);
	return ok;
}
