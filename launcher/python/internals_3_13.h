/*
 * What this program needs of CPython that is not public; what differs between
 * versions of CPython is in internals_3_13.c.
 *
 * Runs in the rule server and in interpreter processes, GIL held.
 */
#ifndef LP_PYTHON_INTERNALS_3_13_H
#define LP_PYTHON_INTERNALS_3_13_H

#include <Python.h>

#include <stdbool.h>
#include <stdint.h>

/* Settings of the interpreter that Python code can change and that no dict or libc function tells of. */
struct lp_internals_settings {
	void *trace, *profile;   /* sys.settrace, sys.setprofile, of this thread */
	PyObject *monitoring[8]; /* names of tools, and a copy of the events that they watch */
	uint8_t events[16];
	PyObject *first_iterated, *finalized; /* sys.set_asyncgen_hooks */
	Py_ssize_t audit_hooks;
	size_t stack_size;        /* threading.stack_size */
	uint64_t switch_interval; /* microseconds */
	int64_t warnings_version; /* counts changes of the filters */
	int recursion_limit, most_digits;
	int collects, collector_flags, collector_thresholds[3];
	int origin_depth; /* sys.set_coroutine_origin_tracking_depth */
	int exit_handlers, wakeup_descriptor;
	int traces_memory;
};
void lp_internals_settings(struct lp_internals_settings *settings);
/* Whether they are so now.  After each call of a rule: looks at them where they are, which takes some nanoseconds. */
bool lp_internals_settings_are(const struct lp_internals_settings *settings);
/*
 * Makes the settings what they were, but for those that have objects behind
 * them: names of tools (sys.monitoring.free_tool_id), tracemalloc.
 */
void lp_internals_put_settings(const struct lp_internals_settings *settings);
/*
 * Drops the handlers that atexit was given after the first `count`, but for
 * those that `stays` says yes to.  Returns how many were dropped.
 */
int lp_internals_drop_exit_handlers(int count, bool (*stays)(PyObject *function));
/* Whoever has looked at warnings.filters looks again. */
void lp_internals_warnings_changed(void);
/*
 * What the collector of cycles has counted: objects that were made and not freed
 * again since it last looked, and how often it looked.
 */
struct lp_internals_heap {
	int young, looked;
};
void lp_internals_heap(struct lp_internals_heap *heap);
/* gc.callbacks. */
PyObject *lp_internals_collector_callbacks(void);
/* What Python calls at a signal, borrowed; NULL where the module signal has not been loaded. */
PyObject *lp_internals_signal_handler(int number);
/*
 * handler NULL: what the module signal would have found there, by libc's
 * handler.  False: there was no other, or the module has not been loaded.
 */
bool lp_internals_set_signal_handler(int number, PyObject *handler, void (*of_libc)(int number));
/* Two of the class decimal.Context: whether they compute alike.  Flags that computing sets do not count. */
bool lp_internals_same_decimals(PyObject *one, PyObject *other);
void lp_internals_copy_decimals(PyObject *to, PyObject *from);
/* Whether PyDict_Watch was called for it with this watcher. */
bool lp_internals_dict_is_watched(PyObject *dict, int watcher);

#endif
