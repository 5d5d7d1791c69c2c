/*
 * The catalogue: the rules of the imported modules, and the modules that cannot be
 * imported.
 *
 * Runs in the rule server, in its only thread.
 */
#include "rules/catalogue.h"

#include <stdlib.h>

const char lp_builtin_module[] = "local_processing.builtin";

/* There is one set of rules in a process, and it lives as long as the process. */
static struct {
	struct lp_rule_catalogue rules;
	size_t capacity;
	struct lp_module_failure *failures;
	size_t failure_count, failure_capacity;
	struct lp_arena arena;
} catalogue;

/* Adds the problems of a rule.  *has_problems: there are some. */
static bool add_problems(const struct lp_module_source *source, PyObject *description, const struct lp_rule *rule,
                         bool *has_problems)
{
	size_t count;
	PyObject *rows = lp_description_list(description, "problems", &count);

	*has_problems = count > 0;
	for (size_t i = 0; i < count; i++) {
		const char *what = lp_description_text(PySequence_Fast_GET_ITEM(rows, i), &catalogue.arena);

		lp_problem_add(source->problems, rule->file, rule->line, 0, "rule %s: %s", rule->name,
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
	const struct lp_module_source *source = context;
	struct lp_rule rule = { .name = lp_description_text(definition->name, &catalogue.arena),
		                .file = source->file,
		                .version = source->version };
	const struct lp_rule *other;
	bool has_problems;

	if (rule.name == NULL || !lp_description_read_line(definition->description, &rule.line) ||
	    !add_problems(source, definition->description, &rule, &has_problems))
		return false;
	if (has_problems)
		return true;
	other = find_rule(rule.name);
	if (other != NULL) {
		/* Two names for one function are no mistake. */
		if (other->line != rule.line || strcmp(other->file, rule.file) != 0)
			lp_problem_add(source->problems, rule.file, rule.line, 0,
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

void lp_catalogue_add_failure(const char *module, const char *version, const struct lp_python_failure *failure)
{
	LP_GROW(catalogue.failures, catalogue.failure_count, catalogue.failure_capacity);
	catalogue.failures[catalogue.failure_count++] =
		(struct lp_module_failure){ .module = module, .version = version, .failure = *failure };
}

static const struct lp_module_failure *find_failure(const char *module, size_t length)
{
	for (size_t i = 0; i < catalogue.failure_count; i++) {
		const char *name = catalogue.failures[i].module;

		if (strncmp(name, module, length) == 0 && name[length] == '\0')
			return &catalogue.failures[i];
	}
	return NULL;
}

const struct lp_module_failure *lp_catalogue_failure(const char *module)
{
	return find_failure(module, strlen(module));
}

const struct lp_module_failure *lp_catalogue_failure_of_rule(const char *rule)
{
	const char *dot = strrchr(rule, '.');

	return dot == NULL ? NULL : find_failure(rule, (size_t)(dot - rule));
}

bool lp_catalogue_add_module(PyObject *module, const char *name, const struct lp_module_source *source)
{
	return lp_rules_visit(module, name, add_rule, (void *)(uintptr_t)source);
}

struct lp_arena *lp_catalogue_arena(void)
{
	return &catalogue.arena;
}

static int compare_names(const void *one, const void *other)
{
	return strcmp(((const struct lp_rule *)one)->name, ((const struct lp_rule *)other)->name);
}

const struct lp_rule_catalogue *lp_catalogue_sort(void)
{
	if (catalogue.rules.count > 0)
		qsort(catalogue.rules.rules, catalogue.rules.count, sizeof *catalogue.rules.rules, compare_names);
	return &catalogue.rules;
}
