/*
 * Importing the built-in and the users' modules into the catalogue.
 *
 * Runs in the rule server, in its only thread.
 */
#include "rules/catalogue.h"

#include "rules/types.h"
#include "text/utf8.h"

#include <assert.h>

static const char builtin_path[] = "app/local_processing/builtin.py";

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
	const struct lp_module_source source = { .file = file, .version = version, .problems = problems };
	struct lp_python_failure failure = { .traceback = "" };
	PyObject *module;
	const char *calls;
	bool ok;

	lp_limit_begin(index, NULL);
	module = import_module(name, file);
	ok = module != NULL && lp_catalogue_add_module(module, name, &source);
	Py_XDECREF(module);
	if (!ok)
		lp_python_failure_take(lp_catalogue_arena(), &failure);
	if (has_other_threads())
		return false;
	if (lp_limit_end(&calls)) {
		failure.type = "TimeLimit";
		failure.message = "still being imported after its time limit";
		ok = false;
	}
	if (!ok) {
		lp_catalogue_add_failure(name, version, &failure);
		lp_problem_add(problems, failure.file != NULL ? failure.file : file,
		               failure.file != NULL ? failure.line : 0, failure.file != NULL ? failure.column : 0,
		               "%s%s%s", failure.type, failure.message[0] == '\0' ? "" : ": ", failure.message);
	}
	return true;
}

/* Refuses a file that cannot be a module: its name is another module's, or it cannot be read. */
static void refuse_module(const struct lp_python_source *source, const char *version, struct lp_problems *problems)
{
	struct lp_python_failure failure = { .type = "ImportError", .message = source->problem, .traceback = "" };

	lp_catalogue_add_failure(source->module, version, &failure);
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

static void skip_module(const struct lp_python_source *source, const char *version, const struct lp_rule_skip *skip,
                        struct lp_problems *problems)
{
	struct lp_python_failure failure = { .type = skip->type,
		                             .message = skip->reason,
		                             .traceback = skip->traceback == NULL ? "" : skip->traceback };

	lp_catalogue_add_failure(source->module, version, &failure);
	lp_problem_add(problems, source->path, 0, 0, "%s: %s", skip->type, skip->reason);
}

const char *lp_rules_module(uint32_t index)
{
	size_t count;
	const struct lp_python_source *sources = lp_rule_files(&count);

	return index == 0 ? lp_builtin_module : index <= count ? sources[index - 1].module : NULL;
}

static bool read_all(struct lp_problems *problems, struct lp_error *error)
{
	size_t count;
	const struct lp_python_source *sources = lp_rule_files(&count);
	bool ok = read_module(lp_builtin_module, builtin_path, lp_frozen_app_version(), 0, problems);

	for (size_t i = 0; i < count && ok; i++) {
		const struct lp_rule_skip *skip = find_skip(sources[i].module);
		const char *version = lp_rule_file_version(i);

		if (lp_other_python_has_module(&lp_rules_options()->other, sources[i].module))
			continue;
		if (sources[i].problem != NULL)
			refuse_module(&sources[i], version, problems);
		else if (skip != NULL)
			skip_module(&sources[i], version, skip, problems);
		else
			ok = read_module(sources[i].module, sources[i].path, version, (uint32_t)i + 1, problems);
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
	*result = lp_catalogue_sort();
	return ok;
}
