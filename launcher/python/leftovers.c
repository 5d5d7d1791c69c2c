/*
 * Fresh state: the look after each call, and what no dict and no function of
 * libc tells of: settings of the interpreter, lists that are changed in place,
 * decimals, random numbers.
 *
 * Runs in an interpreter process, in the thread that calls rules, GIL held.
 */
#include "python/embedding.h"
#include "python/internals_3_13.h"
#include "python/leftovers_parts.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LISTS_MOST = 8, DECIMALS = 3, NAMES_MOST = 4 };

/* A list that is changed in place, and what was in it. */
struct kept_list {
	const char *name;
	PyObject *list, *copy; /* copy: a tuple */
};

static struct {
	struct lp_internals_settings settings;
	struct kept_list lists[LISTS_MOST];
	size_t list_count;
	PyObject *decimals[DECIMALS], *decimal_copies[DECIMALS]; /* NULL: the module decimal is not loaded */
	PyObject *random;                                        /* of which random.random() and its like are methods */
	PyObject *context;                                       /* of the call */
	struct lp_internals_heap heap;                           /* before the call */
	PyObject *collect;                                       /* gc.collect, whatever becomes of that name */
} kept;

void lp_leftovers_name(struct lp_leftovers *found, const char *format, ...)
{
	size_t length = strlen(found->names), room = sizeof found->names - length;
	va_list arguments;
	int put;

	if (++found->count > NAMES_MOST) {
		if (found->count == NAMES_MOST + 1)
			snprintf(found->names + length, room, " and more");
		return;
	}
	put = snprintf(found->names + length, room, "%s", length == 0 ? "" : ", ");
	va_start(arguments, format);
	vsnprintf(found->names + length + put, room - (size_t)put, format, arguments);
	va_end(arguments);
}

PyObject *lp_loaded_module(const char *name)
{
	return PyDict_GetItemString(PyImport_GetModuleDict(), name);
}

/* Lists. */

static void keep_list(const char *name, PyObject *list)
{
	struct kept_list *kept_list = NULL;

	for (size_t i = 0; i < kept.list_count; i++)
		if (kept.lists[i].list == list)
			kept_list = &kept.lists[i];
	if (list == NULL || !PyList_CheckExact(list) || (kept_list == NULL && kept.list_count == LISTS_MOST))
		return;
	if (kept_list == NULL) {
		kept_list = &kept.lists[kept.list_count++];
		*kept_list = (struct kept_list){ .name = name, .list = Py_NewRef(list) };
	}
	Py_XSETREF(kept_list->copy, PyList_AsTuple(list));
}

static bool list_is_same(const struct kept_list *list)
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
	for (size_t i = 0; i < kept.list_count; i++)
		if (!list_is_same(&kept.lists[i]))
			return false;
	return true;
}

static void put_back_lists(struct lp_leftovers *found)
{
	for (size_t i = 0; i < kept.list_count; i++) {
		const struct kept_list *list = &kept.lists[i];

		if (list_is_same(list))
			continue;
		lp_leftovers_name(found, "%s", list->name);
		if (list->copy == NULL || PyList_SetSlice(list->list, 0, PY_SSIZE_T_MAX, list->copy) < 0)
			found->replace = true;
		PyErr_Clear();
	}
}

/* Decimals: the templates of which a new context is made. */

static void keep_decimals(PyObject *module)
{
	static const char *const names[DECIMALS] = { "DefaultContext", "BasicContext", "ExtendedContext" };

	for (int i = 0; i < DECIMALS; i++) {
		PyObject *context = PyObject_GetAttrString(module, names[i]);

		Py_XSETREF(kept.decimal_copies[i], context == NULL ? NULL : PyObject_CallMethod(context, "copy", NULL));
		Py_XSETREF(kept.decimals[i], kept.decimal_copies[i] == NULL ? NULL : Py_NewRef(context));
		Py_XDECREF(context);
	}
}

static bool decimals_are_same(void)
{
	for (int i = 0; i < DECIMALS; i++)
		if (kept.decimals[i] != NULL && !lp_internals_same_decimals(kept.decimals[i], kept.decimal_copies[i]))
			return false;
	return true;
}

static void put_back_decimals(struct lp_leftovers *found)
{
	if (decimals_are_same())
		return;
	lp_leftovers_name(found, "the precision of decimals");
	for (int i = 0; i < DECIMALS; i++)
		if (kept.decimals[i] != NULL)
			lp_internals_copy_decimals(kept.decimals[i], kept.decimal_copies[i]);
}

/*
 * Random numbers: who uses them changes their state, and may; who sets it makes
 * those of others known beforehand.  So the methods that set it tell.
 */

static PyCFunctionFast seed;
static PyCFunction set_state;

static void note_random(const PyObject *instance)
{
	if (instance == kept.random)
		atomic_fetch_or_explicit(&lp_leftovers_changed, LP_CHANGE_RANDOM, memory_order_relaxed);
}

static PyObject *noted_seed(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
	note_random(self);
	return seed(self, arguments, count);
}

static PyObject *noted_set_state(PyObject *self, PyObject *state)
{
	note_random(self);
	return set_state(self, state);
}

/* The method's own definition, which all who call it go through. */
static PyMethodDef *method_of(PyObject *module, const char *name, int flags)
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
	PyMethodDef *of_seed = method_of(module, "seed", METH_FASTCALL);
	PyMethodDef *of_set_state = method_of(module, "setstate", METH_O);

	if (of_seed != NULL && seed == NULL) {
		seed = (PyCFunctionFast)(void (*)(void))of_seed->ml_meth;
		of_seed->ml_meth = (PyCFunction)(void (*)(void))noted_seed;
	}
	if (of_set_state != NULL && set_state == NULL) {
		set_state = of_set_state->ml_meth;
		of_set_state->ml_meth = noted_set_state;
	}
}

static void keep_random(PyObject *module)
{
	Py_XSETREF(kept.random, PyObject_GetAttrString(module, "_inst"));
}

static void put_back_random(struct lp_leftovers *found)
{
	PyObject *done = PyObject_CallMethod(kept.random, "seed", NULL);

	lp_leftovers_name(found, "the seed of random");
	if (done == NULL)
		found->replace = true;
	Py_XDECREF(done);
}

/* Modules with something of this kind. */

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

/* Loggers remember what they were told to show. */
static void forget_levels(void)
{
	PyObject *logging = lp_loaded_module("logging");
	PyObject *root = logging == NULL ? NULL : PyObject_GetAttrString(logging, "root");
	PyObject *manager = root == NULL ? NULL : PyObject_GetAttrString(root, "manager");
	PyObject *done = manager == NULL ? NULL : PyObject_CallMethod(manager, "_clear_cache", NULL);

	Py_XDECREF(done);
	Py_XDECREF(manager);
	Py_XDECREF(root);
	PyErr_Clear();
}

/* The calendar that the module's functions ask. */
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

void lp_leftovers_add_module(const char *name, PyObject *module)
{
	static const struct {
		const char *name;
		void (*keep)(PyObject *module);
	} parts[] = {
		{ "_decimal", keep_decimals },  { "_random", keep_random_methods },
		{ "_warnings", keep_warnings }, { "calendar", keep_calendar },
		{ "logging", keep_logging },    { "os", lp_process_keep_environ },
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

static void name_settings(struct lp_leftovers *found, const struct lp_internals_settings *now)
{
	const struct lp_internals_settings *was = &kept.settings;
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
		  now->first_iterated != was->first_iterated || now->finalized != was->finalized },
		{ "an audit hook", now->audit_hooks != was->audit_hooks },
		{ "the stack size of threads", now->stack_size != was->stack_size },
		{ "the switch interval", now->switch_interval != was->switch_interval },
		{ "the recursion limit", now->recursion_limit != was->recursion_limit },
		{ "the most digits of an int", now->most_digits != was->most_digits },
		{ "the settings of gc", now->collects != was->collects ||
		                                now->collector_flags != was->collector_flags ||
		                                memcmp(now->collector_thresholds, was->collector_thresholds,
		                                       sizeof now->collector_thresholds) != 0 },
		{ "the origins of coroutines", now->origin_depth != was->origin_depth },
		{ "the wakeup descriptor of signals", now->wakeup_descriptor != was->wakeup_descriptor },
		{ "tracemalloc", now->traces_memory != was->traces_memory },
	};

	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		if (settings[i].differs)
			lp_leftovers_name(found, "%s", settings[i].name);
}

/* What has objects behind it is ended by the module that began it. */
static void end_tools(const struct lp_internals_settings *now)
{
	PyObject *monitoring = PySys_GetObject("monitoring"), *done;

	for (int tool = 0; tool < 8; tool++) {
		if (now->monitoring[tool] == kept.settings.monitoring[tool])
			continue;
		done = PyObject_CallMethod(monitoring, "set_events", "ii", tool, 0);
		Py_XDECREF(done);
		done = PyObject_CallMethod(monitoring, "free_tool_id", "i", tool);
		Py_XDECREF(done);
		PyErr_Clear();
	}
	if (now->traces_memory != kept.settings.traces_memory) {
		PyObject *tracemalloc = PyImport_ImportModule("_tracemalloc");

		done = tracemalloc == NULL ? NULL : PyObject_CallMethod(tracemalloc, "stop", NULL);
		Py_XDECREF(done);
		Py_XDECREF(tracemalloc);
		PyErr_Clear();
	}
}

/* What a module of the standard library asks for at its import stays. */
static bool is_of_a_watched_module(PyObject *function)
{
	if (PyMethod_Check(function))
		function = PyMethod_GET_FUNCTION(function);
	return PyCFunction_Check(function) ||
	       (PyFunction_Check(function) && lp_modules_is_watched(PyFunction_GetGlobals(function)));
}

static void put_back_settings(struct lp_leftovers *found)
{
	struct lp_internals_settings now;

	if (lp_internals_settings_are(&kept.settings))
		return;
	lp_internals_settings(&now);
	name_settings(found, &now);
	if (now.exit_handlers > kept.settings.exit_handlers &&
	    lp_internals_drop_exit_handlers(kept.settings.exit_handlers, is_of_a_watched_module) > 0)
		lp_leftovers_name(found, "an atexit handler");
	end_tools(&now);
	lp_internals_put_settings(&kept.settings);
}

/* After all is put back: what may differ is what counts from now on. */
static void take_settings(struct lp_leftovers *found)
{
	struct lp_internals_settings now;

	lp_internals_settings(&now);
	kept.settings.exit_handlers = now.exit_handlers;
	kept.settings.warnings_version = now.warnings_version;
	if (lp_internals_settings_are(&kept.settings))
		return;
	if (found->count == 0)
		lp_leftovers_name(found, "a setting of the interpreter");
	found->replace = true;
	kept.settings = now;
}

/* The call. */

bool lp_leftovers_enter(void)
{
	assert(kept.context == NULL);
	lp_internals_heap(&kept.heap);
	kept.context = PyContext_New();
	if (kept.context != NULL && PyContext_Enter(kept.context) < 0)
		Py_CLEAR(kept.context);
	return kept.context != NULL;
}

void lp_leftovers_leave(void)
{
	PyObject *error = PyErr_GetRaisedException();

	/* False where somebody has entered another one and is still in it. */
	if (PyContext_Exit(kept.context) < 0) {
		PyErr_Clear();
		atomic_fetch_or_explicit(&lp_leftovers_changed, LP_CHANGE_CONTEXT, memory_order_relaxed);
	}
	Py_CLEAR(kept.context);
	PyErr_SetRaisedException(error);
}

void lp_leftovers_end_cycles(void)
{
	struct lp_internals_heap heap;
	PyObject *done;

	lp_internals_heap(&heap);
	if (heap.young == kept.heap.young && heap.looked == kept.heap.looked)
		return;
	/* What is new is young, but where the collector has looked at it meanwhile. */
	done = PyObject_CallFunction(kept.collect, "i", heap.looked == kept.heap.looked ? 0 : 2);
	if (done == NULL)
		PyErr_Clear();
	Py_XDECREF(done);
}

bool lp_leftovers_freeze(struct lp_error *error)
{
	PyObject *collector = PyImport_ImportModule("gc");
	PyObject *frozen = collector == NULL ? NULL : PyObject_CallMethod(collector, "freeze", NULL);

	Py_XSETREF(kept.collect, frozen == NULL ? NULL : PyObject_GetAttrString(collector, "collect"));
	Py_XDECREF(frozen);
	Py_XDECREF(collector);
	return kept.collect != NULL || lp_python_fail(error, "cannot prepare the collector of cycles");
}

bool lp_leftovers_decimals_are_set(void)
{
	PyObject *decimal = kept.decimals[0] == NULL ? NULL : lp_loaded_module("_decimal");
	PyObject *context = decimal == NULL ? NULL : PyObject_CallMethod(decimal, "getcontext", NULL);
	bool set = context != NULL && Py_TYPE(context) == Py_TYPE(kept.decimals[0]) &&
	           !lp_internals_same_decimals(context, kept.decimal_copies[0]);

	Py_XDECREF(context);
	PyErr_Clear();
	return set;
}

bool lp_leftovers_keep(struct lp_error *error)
{
	keep_list("gc.callbacks", lp_internals_collector_callbacks());
	lp_process_keep();
	if (!lp_modules_keep(error))
		return false;
	lp_internals_settings(&kept.settings);
	atomic_store_explicit(&lp_leftovers_changed, 0, memory_order_relaxed);
	lp_libc_record.watching = true;
	return true;
}

static void put_back_all(struct lp_leftovers *found)
{
	unsigned changed;

	if ((atomic_load(&lp_leftovers_changed) & LP_CHANGE_THREADS) != 0)
		lp_process_look_at_threads(found);
	/* What is done here is not to be noticed. */
	lp_libc_record.watching = false;
	changed = atomic_exchange(&lp_leftovers_changed, 0);
	if ((changed & LP_CHANGE_CONTEXT) != 0) {
		lp_leftovers_name(found, "a context of contextvars");
		found->replace = true;
	}
	if ((changed & LP_CHANGE_RANDOM) != 0)
		put_back_random(found);
	put_back_settings(found);
	put_back_lists(found);
	put_back_decimals(found);
	lp_process_put_back(found, changed);
	lp_modules_put_back(found);
	if (found->count > 0) {
		lp_internals_warnings_changed();
		forget_levels();
	}
	take_settings(found);
	PyErr_Clear();
	atomic_store(&lp_leftovers_changed, 0);
	lp_libc_record.watching = true;
}

const char *lp_leftovers_put_back(bool *replace)
{
	static struct lp_leftovers found;

	assert(!PyErr_Occurred());
	if (atomic_load_explicit(&lp_leftovers_changed, memory_order_relaxed) == 0 &&
	    lp_internals_settings_are(&kept.settings) && lists_are_same() && decimals_are_same())
		return NULL;
	found = (struct lp_leftovers){ 0 };
	put_back_all(&found);
	if (found.replace)
		*replace = true;
	return found.count > 0 ? found.names : NULL;
}
