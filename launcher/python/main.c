/*
 * `local-processing python`: the embedded interpreter in the place of python3.
 *
 * Runs in the process that was started as Python, in its main thread.
 */
#include "python/embedding.h"

#include <stdlib.h>
#include <unistd.h>

/* Appends an entry of PYTHONPATH; a relative one is meant from the present directory. */
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

/* Sets the search path to PYTHONPATH; Python itself adds the script's directory. */
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
	if (PyStatus_IsExit(status)) /* after -h, -V and the like */
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

int lp_python_main(int count, char **arguments)
{
	PyPreConfig before;
	PyConfig config;
	PyStatus status;
	struct lp_error error = { 0 };

	PyPreConfig_InitPythonConfig(&before);
	before.utf8_mode = 1;
	before.coerce_c_locale = 0;
	before.configure_locale = 0; /* reading a locale would open files */
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
	if (!lp_runtime_start(&config, false, &error) ||
	    !lp_runtime_call_hook("install_builtins", Py_NewRef(Py_None), &error)) {
		PyConfig_Clear(&config);
		return fail(&error);
	}
	PyConfig_Clear(&config);
	return Py_RunMain();
}
