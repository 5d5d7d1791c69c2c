/*
 * Looks for imports that will fail only when a rule runs: those inside of
 * functions.  What can be imported is known to app/local_processing/_imports.py.
 *
 * Runs in the rule server, in its only thread.
 */
#include "rules/catalogue.h"

/* Returns the names of all modules of the team, which may have that of a module that Python gave up. */
static PyObject *collect_modules(const struct lp_python_source *sources, size_t count)
{
	PyObject *own = PyFrozenSet_New(NULL);

	for (size_t i = 0; own != NULL && i < count; i++) {
		PyObject *name = PyUnicode_FromString(sources[i].module);

		if (name == NULL || PySet_Add(own, name) < 0)
			Py_CLEAR(own);
		Py_XDECREF(name);
	}
	return own;
}

static bool check_file(PyObject *look, const struct lp_python_source *source, PyObject *own,
                       struct lp_problems *problems)
{
	PyObject *rows = PyObject_CallFunction(look, "y#O", source->text, (Py_ssize_t)source->size, own);
	bool ok = rows != NULL;

	for (Py_ssize_t i = 0; ok && i < PyList_GET_SIZE(rows); i++) {
		const char *reason;
		int line;

		ok = PyArg_ParseTuple(PyList_GET_ITEM(rows, i), "is", &line, &reason);
		if (ok)
			lp_problem_add(problems, source->path, line, 0, "%s", reason);
	}
	Py_XDECREF(rows);
	return ok;
}

bool lp_rule_imports_check(struct lp_problems *problems)
{
	size_t count;
	const struct lp_python_source *sources = lp_rule_files(&count);
	PyObject *module = PyImport_ImportModule("local_processing._imports");
	PyObject *look = module == NULL ? NULL : PyObject_GetAttrString(module, "absent_imports");
	PyObject *own = look == NULL ? NULL : collect_modules(sources, count);
	bool ok = own != NULL;

	for (size_t i = 0; ok && i < count; i++)
		if (!lp_other_python_has_module(&lp_rules_options()->other, sources[i].module) &&
		    lp_catalogue_failure(sources[i].module) == NULL)
			ok = check_file(look, &sources[i], own, problems);
	Py_XDECREF(module);
	Py_XDECREF(look);
	Py_XDECREF(own);
	return ok;
}
