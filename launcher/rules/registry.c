/*
 * The registry: imports the modules of rules and keeps their functions.
 *
 * Runs in the rule server, in its only thread; what plans ask for in interpreter
 * processes.
 */
#include "rules/registry.h"

#include "rules/catalogue.h"

#include <assert.h>
#include <stdlib.h>

struct lp_rule_registry *lp_rule_registry;

static bool add_rule(void *context, const struct lp_rule_definition *definition)
{
	struct lp_rule_registry *registry = context;
	PyObject *problems = PyObject_GetAttrString(definition->description, "problems");
	PyObject *call = PyObject_GetAttrString(definition->description, "call");
	PyObject *outputs = PyObject_GetAttrString(definition->description, "outputs");
	const char *name = PyUnicode_AsUTF8(definition->name);
	struct lp_rule_entry rule;

	if (problems == NULL || call == NULL || outputs == NULL || name == NULL) {
		Py_XDECREF(problems);
		Py_XDECREF(call);
		Py_XDECREF(outputs);
		return false;
	}
	assert(PyList_Check(problems) && PyTuple_Check(outputs));
	rule = (struct lp_rule_entry){ .name = lp_copy_text(name),
		                       .function = Py_NewRef(call != Py_None ? call : definition->function),
		                       .description = Py_NewRef(definition->description),
		                       .outputs = outputs };
	if (PyList_GET_SIZE(problems) > 0) {
		const char *problem = PyUnicode_AsUTF8(PyList_GET_ITEM(problems, 0));

		rule.problem = lp_format_text("rule %s: %s", name, problem == NULL ? "" : problem);
	}
	Py_DECREF(problems);
	Py_DECREF(call);
	LP_GROW(registry->rules, registry->count, registry->capacity);
	registry->rules[registry->count++] = rule;
	return true;
}

static void load_module(struct lp_rule_registry *registry, const char *name, const char *version)
{
	size_t before = registry->count;
	PyObject *module;

	/* A module that failed is not tried again. */
	if (lp_catalogue_failure(name) != NULL)
		return;
	module = PyImport_ImportModule(name);
	if (module == NULL || !lp_rules_visit(module, name, add_rule, registry)) {
		struct lp_python_failure failure;

		lp_python_failure_take(lp_catalogue_arena(), &failure);
		lp_catalogue_add_failure(name, version, &failure);
	}
	Py_XDECREF(module);
	for (size_t i = before; i < registry->count; i++)
		registry->rules[i].version = version;
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(((const struct lp_rule_entry *)one)->name, ((const struct lp_rule_entry *)other)->name);
}

bool lp_rules_load(struct lp_error *error)
{
	struct lp_rule_registry *registry = lp_allocate(sizeof *registry);
	size_t count;
	const struct lp_python_source *sources = lp_rule_files(&count);

	registry->state = lp_rule_state();
	registry->logging_name = PyUnicode_InternFromString("logging");
	if (registry->state == NULL || registry->logging_name == NULL || !lp_rule_log_install(registry->state)) {
		free(registry);
		return lp_python_fail(error, "cannot load the types of rules");
	}
	load_module(registry, lp_builtin_module, lp_frozen_app_version());
	for (size_t i = 0; i < count; i++)
		load_module(registry, sources[i].module, lp_rule_file_version(i));
	lp_rule_log_flush(registry->state);
	qsort(registry->rules, registry->count, sizeof *registry->rules, compare_names);
	lp_rule_registry = registry;
	return true;
}

const struct lp_rule_entry *lp_registry_find(const struct lp_rule_registry *registry, const char *name)
{
	struct lp_rule_entry key = { .name = (char *)(uintptr_t)name };

	return registry->count == 0
	               ? NULL
	               : bsearch(&key, registry->rules, registry->count, sizeof *registry->rules, compare_names);
}

bool lp_registry_watch_logging(struct lp_rule_registry *registry)
{
	PyObject *modules, *module, *installed;

	if (registry->logging_name == NULL)
		return false;
	modules = PyImport_GetModuleDict();
	if (PyDict_GetItemWithError(modules, registry->logging_name) == NULL) {
		PyErr_Clear();
		return false;
	}
	Py_CLEAR(registry->logging_name);
	module = PyImport_ImportModule("local_processing._logging");
	installed = module == NULL ? NULL : PyObject_CallMethod(module, "install", NULL);
	if (installed == NULL)
		PyErr_WriteUnraisable(NULL);
	Py_XDECREF(installed);
	Py_XDECREF(module);
	return true;
}
