/*
 * `local-processing python`: the embedded interpreter as python3 is, or, with
 * --worker, inside of an isolated interpreter as rules are.
 */
#include "python/embedding.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An entry of PYTHONPATH; a relative one means the directory at start. */
static PyStatus append_path(PyConfig *config, const wchar_t *entry, size_t length)
{
	char directory[4096] = "";
	wchar_t *decoded = NULL, *path;
	PyStatus status;

	if (entry[0] != L'/' && getcwd(directory, sizeof directory) != NULL)
		decoded = Py_DecodeLocale(directory, NULL);
	path = lp_allocate((length + (decoded == NULL ? 0 : wcslen(decoded)) + 2) * sizeof *path);
	if (decoded != NULL) {
		wcscpy(path, decoded);
		wcscat(path, L"/");
	}
	wcsncat(path, entry, length);
	status = PyWideStringList_Append(&config->module_search_paths, path);
	free(path);
	PyMem_RawFree(decoded);
	return status;
}

/* The search path holds what PYTHONPATH says; Python adds the script's directory itself. */
static PyStatus set_search_path(PyConfig *config)
{
	const wchar_t *entry = config->pythonpath_env;
	PyStatus status = PyStatus_Ok();

	while (entry != NULL && *entry != L'\0' && !PyStatus_Exception(status)) {
		size_t length = wcscspn(entry, L":");

		if (length > 0)
			status = append_path(config, entry, length);
		entry += length + (entry[length] == L':');
	}
	return status;
}

static int exit_with_status(PyConfig *config, PyStatus status)
{
	PyConfig_Clear(config);
	if (PyStatus_IsExit(status)) /* -h, -V and their like have printed */
		return status.exitcode;
	fprintf(stderr, "local-processing python: %s\n", status.err_msg == NULL ? "cannot start" : status.err_msg);
	return LP_EXIT_USAGE;
}

static int fail(const struct lp_error *error)
{
	fprintf(stderr, "local-processing python: %s\n", error->what);
	if (error->hint[0] != '\0')
		fprintf(stderr, "%s\n", error->hint);
	return (int)error->exit;
}

static int run_like_python(int count, char **arguments)
{
	PyPreConfig before;
	PyConfig config;
	PyStatus status;
	struct lp_error error = { 0 };

	PyPreConfig_InitPythonConfig(&before);
	before.utf8_mode = 1;
	before.coerce_c_locale = 0;
	before.configure_locale = 0; /* a locale would be read from files */
	status = Py_PreInitializeFromBytesArgs(&before, count, arguments);
	PyConfig_InitPythonConfig(&config);
	if (!PyStatus_Exception(status))
		status = PyConfig_SetString(&config, &config.program_name, L"local-processing python");
	if (!PyStatus_Exception(status))
		status = lp_runtime_configure(&config);
	if (!PyStatus_Exception(status))
		status = PyConfig_SetBytesArgv(&config, count, arguments);
	if (!PyStatus_Exception(status))
		status = PyConfig_Read(&config);
	if (!PyStatus_Exception(status))
		status = set_search_path(&config);
	if (PyStatus_Exception(status))
		return exit_with_status(&config, status);
	if (!lp_runtime_start(&config, &error) ||
	    !lp_runtime_call_hook("install_builtins", Py_NewRef(Py_None), &error)) {
		PyConfig_Clear(&config);
		return fail(&error);
	}
	PyConfig_Clear(&config);
	return Py_RunMain();
}

/* What --worker runs; filled by the main thread, run by the worker's. */
struct program {
	const char *kind, *what;
	int count;
	char **arguments;
	int exit_code;
	bool opened;
	struct lp_error error;
};

static PyObject *text_list(int count, char **texts)
{
	PyObject *list = PyList_New(count);

	for (int i = 0; list != NULL && i < count; i++) {
		PyObject *text = PyUnicode_DecodeFSDefault(texts[i]);

		if (text == NULL)
			Py_CLEAR(list);
		else
			PyList_SET_ITEM(list, i, text);
	}
	return list;
}

static int run_program(const struct program *program)
{
	PyObject *module = PyImport_ImportModule("_embedded");
	PyObject *what = PyUnicode_DecodeFSDefault(program->what);
	PyObject *arguments = text_list(program->count, program->arguments);
	PyObject *code = NULL;
	int exit_code = LP_EXIT_INTERNAL;

	if (module != NULL && what != NULL && arguments != NULL)
		code = PyObject_CallMethod(module, "run", "sOO", program->kind, what, arguments);
	if (code != NULL)
		exit_code = (int)PyLong_AsLong(code);
	if (PyErr_Occurred())
		PyErr_Print();
	Py_XDECREF(code);
	Py_XDECREF(arguments);
	Py_XDECREF(what);
	Py_XDECREF(module);
	return exit_code;
}

static void *worker_thread(void *context)
{
	struct program *program = context;
	struct lp_python_worker *worker;

	program->opened = lp_python_worker_open(&worker, &program->error);
	if (program->opened) {
		PyEval_RestoreThread(worker->thread);
		program->exit_code = run_program(program);
		(void)PyEval_SaveThread();
	}
	return NULL;
}

static char *read_standard_input(void)
{
	struct lp_text text = { 0 };
	char part[8192];
	size_t length;

	while ((length = fread(part, 1, sizeof part, stdin)) > 0)
		lp_text_add(&text, part, length);
	return text.data == NULL ? lp_copy_text("") : text.data;
}

static const char worker_usage[] =
	"usage: local-processing python --worker [-c CODE | -m MODULE | FILE | -] [ARGUMENT ...]\n"
	"Runs it inside of an isolated interpreter, as rules are: with an own GIL, without threads and processes,\n"
	"and with what rules are refused.\n";

/* False: the usage has been printed. */
static bool parse_worker_arguments(int count, char **arguments, struct program *program)
{
	const char *first = count > 0 ? arguments[0] : "-";
	int used = 1;

	if (strcmp(first, "-c") == 0 || strcmp(first, "-m") == 0) {
		if (count < 2) {
			fprintf(stderr, "local-processing python: %s needs an argument\n%s", first, worker_usage);
			return false;
		}
		program->kind = first[1] == 'c' ? "command" : "module";
		program->what = arguments[1];
		used = 2;
	} else if (strcmp(first, "-") == 0) {
		program->kind = "command";
		program->what = read_standard_input();
		used = count > 0;
	} else if (first[0] == '-') {
		fprintf(stderr, "local-processing python: --worker does not know the option %s\n%s", first,
		        worker_usage);
		return false;
	} else {
		program->kind = "script";
		program->what = first;
	}
	program->arguments = arguments + used;
	program->count = count - used;
	return true;
}

static int run_in_worker(int count, char **arguments)
{
	struct program program = { .kind = NULL };
	const struct lp_python_options options = { .rules = NULL };
	pthread_attr_t attributes;
	pthread_t thread;
	int failed;

	if (!parse_worker_arguments(count, arguments, &program))
		return LP_EXIT_USAGE;
	if (!lp_python_start(&options, &program.error))
		return fail(&program.error);
	lp_python_release();
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, LP_PYTHON_STACK);
	failed = pthread_create(&thread, &attributes, worker_thread, &program);
	if (failed != 0) {
		lp_fail_errno(&program.error, LP_EXIT_INTERNAL, failed, "cannot start a thread");
		return fail(&program.error);
	}
	pthread_join(thread, NULL);
	if (!program.opened)
		return fail(&program.error);
	return program.exit_code;
}

int lp_python_main(int count, char **arguments)
{
	if (count > 1 && strcmp(arguments[1], "--worker") == 0)
		return run_in_worker(count - 2, arguments + 2);
	return run_like_python(count, arguments);
}
