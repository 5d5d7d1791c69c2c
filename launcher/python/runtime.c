/*
 * Starting the interpreter from nothing but the executable.  Knows how CPython is
 * configured, not what runs in it.
 *
 * Runs where python.h says; lp_python_was_invoked in the main process too.
 */
#include "python/embedding.h"

#include <assert.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/*
 * The prefix that Python reports, by sysconfig for example.  Nothing is looked up
 * there, because the search path is set.
 */
#define HOME L"/usr/local"
/* Stands before the program's name in sys.executable: see make_executable_path. */
#define SPELLING "/././"

/*
 * Makes sys.executable.  A script starts Python again by `sys.executable -c ...`,
 * which is this same file with its own verbs.  So the path has a spelling that
 * nobody types, "/usr/bin/././local-processing", by which the program recognizes
 * that it is to be Python (lp_python_was_invoked).  A variable of the environment
 * would not do: a `local-processing run` that the script starts would see it too.
 */
static char *make_executable_path(void)
{
	const char *executed = (const char *)getauxval(AT_EXECFN);
	char directory[PATH_MAX] = "";
	const char *name;

	if (executed == NULL)
		executed = "local-processing";
	name = strrchr(executed, '/');
	name = name == NULL ? executed : name + 1;
	if (executed[0] != '/' && getcwd(directory, sizeof directory) == NULL)
		directory[0] = '\0';
	if (strstr(executed, SPELLING) != NULL)
		return lp_copy_text(executed);
	return lp_format_text("%s%s%.*s" SPELLING "%s", directory, executed[0] == '/' ? "" : "/",
	                      name == executed ? 0 : (int)(name - executed - 1), executed, name);
}

bool lp_python_was_invoked(int count, char **arguments)
{
	const char *name = count > 0 ? strrchr(arguments[0], '/') : NULL;
	size_t length = sizeof SPELLING - 1;

	if (name != NULL && arguments[0][0] == '/' && (size_t)(name + 1 - arguments[0]) >= length &&
	    memcmp(name + 1 - length, SPELLING, length) == 0)
		return true;
	/* The path may have been tidied on the way.  These are options with which Python starts itself; no verb has them. */
	return count > 1 && arguments[1][0] == '-' && arguments[1][1] != '\0' &&
	       strchr("bBcdEiImOPqsSuvWxX", arguments[1][1]) != NULL;
}

PyStatus lp_runtime_configure(PyConfig *config)
{
	char *executable = make_executable_path();
	PyStatus status;

	/* Without the path Python searches for itself along PATH. */
	status = PyConfig_SetBytesString(config, &config->executable, executable);
	if (!PyStatus_Exception(status))
		status = PyConfig_SetBytesString(config, &config->base_executable, executable);
	free(executable);
	/* Without a home Python searches for pyvenv.cfg and its library near the executable. */
	if (!PyStatus_Exception(status))
		status = PyConfig_SetString(config, &config->home, HOME);
	config->module_search_paths_set = 1;
	config->pathconfig_warnings = 0;
	config->site_import = 0;
	config->write_bytecode = 0;
	return status;
}

bool lp_runtime_call_hook(const char *function, PyObject *argument, struct lp_error *error)
{
	PyObject *module = PyImport_ImportModule("_embedded");
	PyObject *result = module == NULL ? NULL : PyObject_CallMethod(module, function, "(O)", argument);

	Py_XDECREF(module);
	Py_DECREF(argument);
	if (result == NULL)
		return lp_python_fail(error, "cannot prepare the Python interpreter");
	Py_DECREF(result);
	return true;
}

bool lp_runtime_start(PyConfig *config, bool for_rules, struct lp_error *error)
{
	PyStatus status;

	if (!lp_frozen_install(error))
		return false;
	status = Py_InitializeFromConfig(config);
	if (PyStatus_Exception(status))
		return lp_fail(error, LP_EXIT_INTERNAL, "cannot start the Python interpreter: %s: %s",
		               status.func == NULL ? "unknown place" : status.func,
		               status.err_msg == NULL ? "unknown reason" : status.err_msg);
	return lp_runtime_call_hook("install", PyBool_FromLong(for_rules), error);
}

/* Comes after the traceback is written. */
static void mark_traced(int number)
{
	struct lp_pulse *pulse = lp_python_options()->pulse;

	(void)number;
	if (pulse != NULL)
		atomic_store(&pulse->traced, 1);
}

/* Has a traceback written to standard error when the process crashes, or when it is asked before it is killed. */
static bool prepare_tracebacks(void)
{
	const struct sigaction after = { .sa_handler = mark_traced };
	PyObject *module = PyImport_ImportModule("faulthandler"), *result = NULL;

	if (module != NULL && (result = PyObject_CallMethod(module, "enable", "i", STDERR_FILENO)) != NULL) {
		Py_DECREF(result);
		(void)sigaction(LP_PYTHON_SIGNAL_TRACEBACK, &after, NULL);
		/* Of this thread alone, and then the handler that was there before. */
		result = PyObject_CallMethod(module, "register", "iiii", LP_PYTHON_SIGNAL_TRACEBACK, STDERR_FILENO, 0,
		                             1);
	}
	Py_XDECREF(result);
	Py_XDECREF(module);
	return result != NULL;
}

/* Seeds the module random where a file of rules has imported it, so that no two copies draw the same numbers. */
static bool seed_random(void)
{
	PyObject *module = PyDict_GetItemString(PyImport_GetModuleDict(), "random");
	PyObject *result = module == NULL ? NULL : PyObject_CallMethod(module, "seed", NULL);

	Py_XDECREF(result);
	return module == NULL || result != NULL;
}

bool lp_python_after_fork(struct lp_error *error)
{
	if (!seed_random())
		return lp_python_fail(error, "cannot seed the random numbers of rules");
	return lp_leftovers_keep(error);
}

bool lp_python_start(const struct lp_python_options *options, struct lp_error *error)
{
	PyPreConfig before;
	PyConfig config;
	PyStatus status;
	bool ok;

	assert(!Py_IsInitialized());
	lp_python_set_options(options);
	PyPreConfig_InitIsolatedConfig(&before);
	before.utf8_mode = 1;
	/* Reading a locale would open files. */
	before.configure_locale = 0;
	status = Py_PreInitialize(&before);
	if (PyStatus_Exception(status))
		return lp_fail(error, LP_EXIT_INTERNAL, "cannot start the Python interpreter: %s", status.err_msg);

	PyConfig_InitIsolatedConfig(&config);
	/* Results must not depend on the order of a set of texts, which would change from run to run. */
	config.use_hash_seed = 1;
	config.hash_seed = 0;
	config.install_signal_handlers = 0; /* the program handles signals itself */
	config.buffered_stdio = 1;
	status = lp_runtime_configure(&config);
	if (PyStatus_Exception(status)) {
		PyConfig_Clear(&config);
		return lp_fail(error, LP_EXIT_INTERNAL, "cannot configure the Python interpreter: %s", status.err_msg);
	}
	ok = lp_runtime_start(&config, true, error);
	PyConfig_Clear(&config);
	if (ok && (!prepare_tracebacks() || !lp_limit_prepare()))
		ok = lp_python_fail(error, "cannot prepare the Python interpreter");
	return ok;
}
