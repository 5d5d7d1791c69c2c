/*
 * The baseline before calls and the comparison after each, and the changes that
 * neither a dict nor a function of libc notes: settings of the interpreter, lists
 * that are changed in place, decimals, random numbers.
 *
 * Runs in an interpreter process, in the thread that calls rules, with the GIL
 * held.
 */
#include "python/embedding.h"
#include "python/internals_3_13.h"
#include "python/leftovers_parts.h"

#include <assert.h>
#include <string.h>

enum { LISTS_MOST = 8, DECIMALS = 3 };

/* A list that can be changed in place, and what was in it. */
struct list_baseline {
	const char *name;
	PyObject *list, *copy; /* copy: a tuple */
};

static struct {
	struct lp_internals_settings settings;
	struct list_baseline lists[LISTS_MOST];
	size_t list_count;
	PyObject *decimals[DECIMALS], *decimal_copies[DECIMALS]; /* NULL: the module decimal is not loaded */
	PyObject *random;                                        /* the instance behind random.random() and the like */
	PyObject *context;                                       /* of the call */
	struct lp_internals_heap heap;                           /* before the call */
	PyObject *collect;                                       /* gc.collect, which a rule cannot replace here */
} baseline;

/* Lists. */

static struct list_baseline *find_list(const PyObject *list)
{
	for (size_t i = 0; i < baseline.list_count; i++)
		if (baseline.lists[i].list == list)
			return &baseline.lists[i];
	return NULL;
}

static void keep_list(const char *name, PyObject *list)
{
	struct list_baseline *entry = find_list(list);

	if (list == NULL || !PyList_CheckExact(list) || (entry == NULL && baseline.list_count == LISTS_MOST))
		return;
	if (entry == NULL) {
		entry = &baseline.lists[baseline.list_count++];
		*entry = (struct list_baseline){ .name = name, .list = Py_NewRef(list) };
	}
	Py_XSETREF(entry->copy, PyList_AsTuple(list));
}

static bool list_is_same(const struct list_baseline *list)
{
	if (list->copy == NULL || PyList_GET_SIZE(list->list) != PyTuple_GET_SIZE(list->copy))
		return false;
	for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list->list); i++)
		if (PyList_GET_ITEM(list->list, i) != PyTuple_GET_ITEM(list->copy, i))
			return false;
	return true;
}

static bool lists_are_same(void)
{
	for (size_t i = 0; i < baseline.list_count; i++)
		if (!list_is_same(&baseline.lists[i]))
			return false;
	return true;
}

static void put_back_lists(struct lp_leftovers *leftovers)
{
	for (size_t i = 0; i < baseline.list_count; i++) {
		const struct list_baseline *list = &baseline.lists[i];

		if (list_is_same(list))
			continue;
		lp_leftovers_add(leftovers, "%s", list->name);
		if (list->copy == NULL || PyList_SetSlice(list->list, 0, PY_SSIZE_T_MAX, list->copy) < 0)
			leftovers->replace = true;
		PyErr_Clear();
	}
}

/* Decimals: the templates from which a new context is made. */

static void keep_decimals(PyObject *module)
{
	static const char *const names[DECIMALS] = { "DefaultContext", "BasicContext", "ExtendedContext" };

	for (int i = 0; i < DECIMALS; i++) {
		PyObject *context = PyObject_GetAttrString(module, names[i]);

		Py_XSETREF(baseline.decimal_copies[i],
		           context == NULL ? NULL : PyObject_CallMethod(context, "copy", NULL));
		Py_XSETREF(baseline.decimals[i], baseline.decimal_copies[i] == NULL ? NULL : Py_NewRef(context));
		Py_XDECREF(context);
	}
}

static bool decimals_are_same(void)
{
	for (int i = 0; i < DECIMALS; i++)
		if (baseline.decimals[i] != NULL &&
		    !lp_internals_same_decimals(baseline.decimals[i], baseline.decimal_copies[i]))
			return false;
	return true;
}

static void put_back_decimals(struct lp_leftovers *leftovers)
{
	if (decimals_are_same())
		return;
	lp_leftovers_add(leftovers, "the precision of decimals");
	for (int i = 0; i < DECIMALS; i++)
		if (baseline.decimals[i] != NULL)
			lp_internals_copy_decimals(baseline.decimals[i], baseline.decimal_copies[i]);
}

/*
 * Random numbers.  Drawing them changes their state, which is allowed.  Setting the
 * state would make the numbers of other rules predictable, so the methods that set
 * it note that.
 */

static PyCFunctionFast seed;
static PyCFunction set_state;

static void note_random(const PyObject *instance)
{
	if (instance == baseline.random)
		atomic_fetch_or_explicit(&lp_leftovers_changes, LP_CHANGE_RANDOM, memory_order_relaxed);
}

static PyObject *watched_seed(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
	note_random(self);
	return seed(self, arguments, count);
}

static PyObject *watched_set_state(PyObject *self, PyObject *state)
{
	note_random(self);
	return set_state(self, state);
}

/* Finds the method's own definition, through which every call goes. */
static PyMethodDef *find_method(PyObject *module, const char *name, int flags)
{
	PyObject *type = PyObject_GetAttrString(module, "Random");
	PyObject *method = type == NULL ? NULL : PyObject_GetAttrString(type, name);
	PyMethodDef *definition = NULL;

	if (method != NULL && Py_IS_TYPE(method, &PyMethodDescr_Type))
		definition = ((PyMethodDescrObject *)method)->d_method;
	Py_XDECREF(method);
	Py_XDECREF(type);
	return definition != NULL && definition->ml_flags == flags ? definition : NULL;
}

static void keep_random_methods(PyObject *module)
{
	PyMethodDef *seed_method = find_method(module, "seed", METH_FASTCALL);
	PyMethodDef *state_method = find_method(module, "setstate", METH_O);

	if (seed_method != NULL && seed == NULL) {
		seed = (PyCFunctionFast)(void (*)(void))seed_method->ml_meth;
		seed_method->ml_meth = (PyCFunction)(void (*)(void))watched_seed;
	}
	if (state_method != NULL && set_state == NULL) {
		set_state = state_method->ml_meth;
		state_method->ml_meth = watched_set_state;
	}
}

static void keep_random(PyObject *module)
{
	Py_XSETREF(baseline.random, PyObject_GetAttrString(module, "_inst"));
}

static void put_back_random(struct lp_leftovers *leftovers)
{
	PyObject *result = PyObject_CallMethod(baseline.random, "seed", NULL);

	lp_leftovers_add(leftovers, "the seed of random");
	if (result == NULL)
		leftovers->replace = true;
	Py_XDECREF(result);
}

/* Modules that have something of these kinds. */

static void keep_logging(PyObject *module)
{
	PyObject *root = PyObject_GetAttrString(module, "root");
	PyObject *manager = root == NULL ? NULL : PyObject_GetAttrString(root, "manager");
	PyObject *handlers = root == NULL ? NULL : PyObject_GetAttrString(root, "handlers");

	lp_modules_watch_instance(root, "logging.root");
	lp_modules_watch_instance(manager, "logging.root.manager");
	keep_list("the handlers of logging", handlers);
	Py_XDECREF(handlers);
	Py_XDECREF(manager);
	Py_XDECREF(root);
}

/* Clears the loggers' cache of levels. */
static void clear_levels(void)
{
	PyObject *logging = lp_find_module("logging");
	PyObject *root = logging == NULL ? NULL : PyObject_GetAttrString(logging, "root");
	PyObject *manager = root == NULL ? NULL : PyObject_GetAttrString(root, "manager");
	PyObject *result = manager == NULL ? NULL : PyObject_CallMethod(manager, "_clear_cache", NULL);

	Py_XDECREF(result);
	Py_XDECREF(manager);
	Py_XDECREF(root);
	PyErr_Clear();
}

/* Watches the calendar behind the functions of the module. */
static void keep_calendar(PyObject *module)
{
	PyObject *calendar = PyObject_GetAttrString(module, "c");

	lp_modules_watch_instance(calendar, "calendar.c");
	Py_XDECREF(calendar);
}

static void keep_attribute_list(PyObject *module, const char *attribute, const char *name)
{
	PyObject *list = PyObject_GetAttrString(module, attribute);

	keep_list(name, list);
	Py_XDECREF(list);
}

static void keep_warnings(PyObject *module)
{
	keep_attribute_list(module, "filters", "the filters of warnings");
}

static void keep_sys(PyObject *module)
{
	keep_attribute_list(module, "path", "sys.path");
	keep_attribute_list(module, "meta_path", "sys.meta_path");
	keep_attribute_list(module, "path_hooks", "sys.path_hooks");
}

/* Keeps what must not change in a module of the program or the standard library; it may be loaded within a call. */
static void keep_module(const char *name, PyObject *module)
{
	static const struct {
		const char *name;
		void (*keep)(PyObject *module);
	} parts[] = {
		{ "_decimal", keep_decimals },  { "_random", keep_random_methods },
		{ "_warnings", keep_warnings }, { "calendar", keep_calendar },
		{ "logging", keep_logging },    { "os", lp_leftovers_keep_environ },
		{ "random", keep_random },      { "sys", keep_sys },
	};

	if (!lp_frozen_is_shared(name))
		return;
	lp_modules_watch(module);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (strcmp(parts[i].name, name) == 0)
			parts[i].keep(module);
	PyErr_Clear();
}

/* Settings of the interpreter. */

static void name_settings(struct lp_leftovers *leftovers, const struct lp_internals_settings *now)
{
	const struct lp_internals_settings *was = &baseline.settings;
	const struct {
		const char *name;
		bool differs;
	} settings[] = {
		{ "the trace function", now->trace != was->trace },
		{ "the profile function", now->profile != was->profile },
		{ "a tool of sys.monitoring", memcmp(now->monitoring, was->monitoring, sizeof now->monitoring) != 0 ||
		                                      (now->trace == was->trace && now->profile == was->profile &&
		                                       memcmp(now->events, was->events, sizeof now->events) != 0) },
		{ "the hooks of asynchronous generators",
		  now->asyncgen_first_iteration != was->asyncgen_first_iteration ||
		          now->asyncgen_finalizer != was->asyncgen_finalizer },
		{ "an audit hook", now->audit_hooks != was->audit_hooks },
		{ "the stack size of threads", now->stack_size != was->stack_size },
		{ "the switch interval", now->switch_interval != was->switch_interval },
		{ "the recursion limit", now->recursion_limit != was->recursion_limit },
		{ "the most digits of an int", now->int_digits_most != was->int_digits_most },
		{ "the settings of gc", now->collector_enabled != was->collector_enabled ||
		                                now->collector_flags != was->collector_flags ||
		                                memcmp(now->collector_thresholds, was->collector_thresholds,
		                                       sizeof now->collector_thresholds) != 0 },
		{ "the origins of coroutines", now->origin_depth != was->origin_depth },
		{ "the wakeup descriptor of signals", now->wakeup_descriptor != was->wakeup_descriptor },
		{ "tracemalloc", now->tracemalloc != was->tracemalloc },
	};

	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		if (settings[i].differs)
			lp_leftovers_add(leftovers, "%s", settings[i].name);
}

/* Ends settings that belong to objects, by the module that has made them. */
static void end_tools(const struct lp_internals_settings *now)
{
	PyObject *monitoring = PySys_GetObject("monitoring"), *result;

	for (int tool = 0; tool < 8; tool++) {
		if (now->monitoring[tool] == baseline.settings.monitoring[tool])
			continue;
		result = PyObject_CallMethod(monitoring, "set_events", "ii", tool, 0);
		Py_XDECREF(result);
		result = PyObject_CallMethod(monitoring, "free_tool_id", "i", tool);
		Py_XDECREF(result);
		PyErr_Clear();
	}
	if (now->tracemalloc != baseline.settings.tracemalloc) {
		PyObject *tracemalloc = PyImport_ImportModule("_tracemalloc");

		result = tracemalloc == NULL ? NULL : PyObject_CallMethod(tracemalloc, "stop", NULL);
		Py_XDECREF(result);
		Py_XDECREF(tracemalloc);
		PyErr_Clear();
	}
}

/* Returns true for a handler that a module of the standard library has registered at its import: it stays. */
static bool is_of_watched_module(PyObject *function)
{
	if (PyMethod_Check(function))
		function = PyMethod_GET_FUNCTION(function);
	return PyCFunction_Check(function) ||
	       (PyFunction_Check(function) && lp_modules_is_watched(PyFunction_GetGlobals(function)));
}

static void put_back_settings(struct lp_leftovers *leftovers)
{
	struct lp_internals_settings now;

	if (lp_internals_settings_are_same(&baseline.settings))
		return;
	lp_internals_get_settings(&now);
	name_settings(leftovers, &now);
	if (now.exit_handlers > baseline.settings.exit_handlers &&
	    lp_internals_drop_exit_handlers(baseline.settings.exit_handlers, is_of_watched_module) > 0)
		lp_leftovers_add(leftovers, "an atexit handler");
	end_tools(&now);
	lp_internals_put_settings(&baseline.settings);
}

/* Checks the settings after everything was put back; what still differs becomes the baseline. */
static void check_settings(struct lp_leftovers *leftovers)
{
	struct lp_internals_settings now;

	lp_internals_get_settings(&now);
	baseline.settings.exit_handlers = now.exit_handlers;
	baseline.settings.warnings_version = now.warnings_version;
	if (lp_internals_settings_are_same(&baseline.settings))
		return;
	if (leftovers->count == 0)
		lp_leftovers_add(leftovers, "a setting of the interpreter");
	leftovers->replace = true;
	baseline.settings = now;
}

/* The call. */

bool lp_leftovers_enter(void)
{
	assert(baseline.context == NULL);
	lp_internals_get_heap(&baseline.heap);
	baseline.context = PyContext_New();
	if (baseline.context != NULL && PyContext_Enter(baseline.context) < 0)
		Py_CLEAR(baseline.context);
	return baseline.context != NULL;
}

void lp_leftovers_leave(void)
{
	PyObject *error = PyErr_GetRaisedException();

	/* It fails where the rule has entered another context and not left it. */
	if (PyContext_Exit(baseline.context) < 0) {
		PyErr_Clear();
		atomic_fetch_or_explicit(&lp_leftovers_changes, LP_CHANGE_CONTEXT, memory_order_relaxed);
	}
	Py_CLEAR(baseline.context);
	PyErr_SetRaisedException(error);
}

void lp_leftovers_end_cycles(void)
{
	struct lp_internals_heap heap;
	PyObject *result;

	lp_internals_get_heap(&heap);
	if (heap.young == baseline.heap.young && heap.collections == baseline.heap.collections)
		return;
	/* New objects are in the youngest generation, unless the collector has run since the call began. */
	result = PyObject_CallFunction(baseline.collect, "i", heap.collections == baseline.heap.collections ? 0 : 2);
	if (result == NULL)
		PyErr_Clear();
	Py_XDECREF(result);
}

bool lp_leftovers_freeze(struct lp_error *error)
{
	PyObject *collector = PyImport_ImportModule("gc");
	PyObject *frozen = collector == NULL ? NULL : PyObject_CallMethod(collector, "freeze", NULL);

	Py_XSETREF(baseline.collect, frozen == NULL ? NULL : PyObject_GetAttrString(collector, "collect"));
	Py_XDECREF(frozen);
	Py_XDECREF(collector);
	return baseline.collect != NULL || lp_python_fail(error, "cannot prepare the collector of cycles");
}

bool lp_leftovers_decimals_are_set(void)
{
	PyObject *decimal = baseline.decimals[0] == NULL ? NULL : lp_find_module("_decimal");
	PyObject *context = decimal == NULL ? NULL : PyObject_CallMethod(decimal, "getcontext", NULL);
	bool is_set = context != NULL && Py_TYPE(context) == Py_TYPE(baseline.decimals[0]) &&
	              !lp_internals_same_decimals(context, baseline.decimal_copies[0]);

	Py_XDECREF(context);
	PyErr_Clear();
	return is_set;
}

bool lp_leftovers_keep(struct lp_error *error)
{
	keep_list("gc.callbacks", lp_internals_collector_callbacks());
	lp_leftovers_keep_process();
	if (!lp_modules_keep(keep_module, error))
		return false;
	lp_internals_get_settings(&baseline.settings);
	atomic_store_explicit(&lp_leftovers_changes, 0, memory_order_relaxed);
	lp_libc_record.watching = true;
	return true;
}

static void put_back_all(struct lp_leftovers *leftovers)
{
	unsigned changes;

	if ((atomic_load(&lp_leftovers_changes) & LP_CHANGE_THREADS) != 0)
		lp_leftovers_check_threads(leftovers);
	/* Changes that are made here are not noted. */
	lp_libc_record.watching = false;
	changes = atomic_exchange(&lp_leftovers_changes, 0);
	if ((changes & LP_CHANGE_CONTEXT) != 0) {
		lp_leftovers_add(leftovers, "a context of contextvars");
		leftovers->replace = true;
	}
	if ((changes & LP_CHANGE_RANDOM) != 0)
		put_back_random(leftovers);
	put_back_settings(leftovers);
	put_back_lists(leftovers);
	put_back_decimals(leftovers);
	lp_leftovers_put_back_process(leftovers, changes);
	lp_modules_put_back(leftovers);
	if (leftovers->count > 0) {
		lp_internals_reset_warnings();
		clear_levels();
	}
	check_settings(leftovers);
	PyErr_Clear();
	atomic_store(&lp_leftovers_changes, 0);
	lp_libc_record.watching = true;
}

const char *lp_leftovers_put_back(bool *replace)
{
	static struct lp_leftovers leftovers;

	assert(!PyErr_Occurred());
	if (atomic_load_explicit(&lp_leftovers_changes, memory_order_relaxed) == 0 &&
	    lp_internals_settings_are_same(&baseline.settings) && lists_are_same() && decimals_are_same())
		return NULL;
	leftovers = (struct lp_leftovers){ 0 };
	put_back_all(&leftovers);
	if (leftovers.replace)
		*replace = true;
	return leftovers.count > 0 ? leftovers.names : NULL;
}
