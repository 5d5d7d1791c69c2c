/*
 * Internals of CPython that this program needs.  internals_3_13.c alone depends on
 * the version of CPython.
 *
 * Runs in the rule server and in interpreter processes, with the GIL held.
 */
#ifndef LP_PYTHON_INTERNALS_3_13_H
#define LP_PYTHON_INTERNALS_3_13_H

#include <Python.h>

#include <stdbool.h>
#include <stdint.h>

/* Settings of the interpreter that Python code can change without changing a dict or calling libc. */
struct lp_internals_settings {
	void *trace, *profile;                                   /* sys.settrace, sys.setprofile, of this thread */
	PyObject *monitoring[8];                                 /* names of tools */
	uint8_t events[16];                                      /* a copy of what the tools watch */
	PyObject *asyncgen_first_iteration, *asyncgen_finalizer; /* sys.set_asyncgen_hooks */
	Py_ssize_t audit_hooks;
	size_t stack_size;        /* threading.stack_size */
	uint64_t switch_interval; /* microseconds */
	int64_t warnings_version; /* counts changes of the filters of warnings */
	int recursion_limit, int_digits_most;
	int collector_enabled, collector_flags, collector_thresholds[3];
	int origin_depth; /* sys.set_coroutine_origin_tracking_depth */
	int exit_handlers, wakeup_descriptor;
	int tracemalloc;
};
void lp_internals_get_settings(struct lp_internals_settings *settings);
/* Returns true if the settings are as they were.  Each call of a rule asks, so it takes only some nanoseconds. */
bool lp_internals_settings_are_same(const struct lp_internals_settings *settings);
/*
 * Puts the settings back, but for those that belong to objects: names of tools
 * (sys.monitoring.free_tool_id), tracemalloc.
 */
void lp_internals_put_settings(const struct lp_internals_settings *settings);
/* Drops the handlers of atexit behind the first `count`, but not those for which `stays` is true.  Returns how many. */
int lp_internals_drop_exit_handlers(int count, bool (*stays)(PyObject *function));
/* Makes Python evaluate warnings.filters anew. */
void lp_internals_reset_warnings(void);
/* The counts of the collector of cycles: objects made and not freed since it last ran, and how often it ran. */
struct lp_internals_heap {
	int young, collections;
};
void lp_internals_get_heap(struct lp_internals_heap *heap);
/* Returns gc.callbacks, borrowed. */
PyObject *lp_internals_collector_callbacks(void);
/* Returns what Python calls at a signal, borrowed; NULL while the module signal is not loaded. */
PyObject *lp_internals_signal_handler(int number);
/*
 * Sets what Python calls at a signal.  handler NULL: as the module signal would
 * derive it from libc's.  False: it was that already, or the module is not loaded.
 */
bool lp_internals_set_signal_handler(int number, PyObject *handler, void (*of_libc)(int number));
/* Returns true if two objects decimal.Context compute alike.  Flags that computing sets do not count. */
bool lp_internals_same_decimals(PyObject *one, PyObject *other);
void lp_internals_copy_decimals(PyObject *to, PyObject *from);
/* Returns true if PyDict_Watch was called for the dict with this watcher. */
bool lp_internals_dict_is_watched(PyObject *dict, int watcher);

#endif
