/*
 * Start-up of the interpreter: from nothing but what is inside of the
 * executable.  It knows how CPython is configured, not what runs in it.
 *
 * The order matters, and each step says why it stands where it does.
 *
 * Runs where python.h says; lp_python_was_invoked in the main process too.
 */
#include "python/embedding.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/*
 * What Python believes to be its prefix.  It is asked for by sysconfig and the
 * like; nothing is looked for there, because the search path is given.
 */
#define HOME L"/usr/local"
/* Stands before the program's name in sys.executable: see executable_path. */
#define SPELLING "/././"

static struct lp_python_options options; /* set once by lp_python_start */

const struct lp_python_options *lp_python_options(void)
{
	return &options;
}

void lp_python_set_pulse(struct lp_pulse *pulse)
{
	options.pulse = pulse;
}

/*
 * sys.executable.  A script starts Python again as `sys.executable -c ...`, and
 * what it starts is this same file, which has other verbs.  So the path is
 * spelled in a way nobody types, "/usr/bin/././local-processing", and the
 * program knows itself called as Python by that spelling (lp_python_was_invoked).
 * No variable in the environment could do that: it would reach every other
 * `local-processing run` that the script starts, too.
 */
static char *executable_path(void)
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
	/* Where something has tidied the path: the options with which Python starts itself.  The program has no such. */
	return count > 1 && arguments[1][0] == '-' && arguments[1][1] != '\0' &&
	       strchr("bBcdEiImOPqsSuvWxX", arguments[1][1]) != NULL;
}

PyStatus lp_runtime_configure(PyConfig *config)
{
	char *executable = executable_path();
	PyStatus status;

	/* Without it Python walks PATH in search of itself. */
	status = PyConfig_SetBytesString(config, &config->executable, executable);
	if (!PyStatus_Exception(status))
		status = PyConfig_SetBytesString(config, &config->base_executable, executable);
	free(executable);
	/* Without it Python looks for pyvenv.cfg and for its library around the executable. */
	if (!PyStatus_Exception(status))
		status = PyConfig_SetString(config, &config->home, HOME);
	config->module_search_paths_set = 1;
	config->pathconfig_warnings = 0;
	config->site_import = 0;
	config->write_bytecode = 0;
	return status;
}

bool lp_python_fail(struct lp_error *error, const char *what)
{
	struct lp_arena arena = { 0 };
	struct lp_python_failure failure;

	lp_python_failure_take(&arena, &failure);
	lp_fail(error, LP_EXIT_INTERNAL, "%s: %s: %s", what, failure.type, failure.message);
	lp_hint(error, "This is a bug in local-processing; please report it.");
	lp_arena_free(&arena);
	return false;
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

/*
 * The last words of a process that a rule kills, or that has to be killed: where
 * it was.  To standard error, which is the process's own.
 */
static bool prepare_last_words(struct lp_error *error)
{
	PyObject *module = PyImport_ImportModule("faulthandler"), *done = NULL;

	if (module != NULL && (done = PyObject_CallMethod(module, "enable", "i", STDERR_FILENO)) != NULL) {
		Py_DECREF(done);
		done = PyObject_CallMethod(module, "register", "iiii", LP_PYTHON_SIGNAL_TRACEBACK, STDERR_FILENO, 0, 0);
	}
	Py_XDECREF(done);
	Py_XDECREF(module);
	return done != NULL || lp_python_fail(error, "cannot prepare the Python interpreter");
}

/* Where a file of rules has imported it; NULL: none has. */
static PyObject *random_module(void)
{
	PyObject *name = PyUnicode_FromString("random"), *module = name == NULL ? NULL : PyImport_GetModule(name);

	Py_XDECREF(name);
	return module;
}

bool lp_python_forked(struct lp_error *error)
{
	PyObject *random = random_module(), *seeded = NULL;

	/* Two copies must not draw the same numbers. */
	if (random != NULL)
		seeded = PyObject_CallMethod(random, "seed", NULL);
	Py_XDECREF(seeded);
	if (PyErr_Occurred())
		return lp_python_fail(error, "cannot seed the random numbers of rules");
	Py_XDECREF(random);
	return lp_leftovers_keep(error);
}

bool lp_python_start(const struct lp_python_options *given, struct lp_error *error)
{
	PyPreConfig before;
	PyConfig config;
	PyStatus status;
	bool started;

	assert(!Py_IsInitialized());
	options = *given;
	PyPreConfig_InitIsolatedConfig(&before);
	before.utf8_mode = 1;
	/* A locale would be read from files. */
	before.configure_locale = 0;
	status = Py_PreInitialize(&before);
	if (PyStatus_Exception(status))
		return lp_fail(error, LP_EXIT_INTERNAL, "cannot start the Python interpreter: %s", status.err_msg);

	PyConfig_InitIsolatedConfig(&config);
	/* Results must not depend on the order of a set of texts that changes from run to run. */
	config.use_hash_seed = 1;
	config.hash_seed = 0;
	config.install_signal_handlers = 0; /* signals are the program's own business */
	config.buffered_stdio = 1;
	status = lp_runtime_configure(&config);
	if (PyStatus_Exception(status)) {
		PyConfig_Clear(&config);
		return lp_fail(error, LP_EXIT_INTERNAL, "cannot configure the Python interpreter: %s", status.err_msg);
	}
	started = lp_runtime_start(&config, true, error) && prepare_last_words(error) && lp_limit_prepare(error);
	PyConfig_Clear(&config);
	return started;
}
