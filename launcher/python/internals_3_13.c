/*
 * The one file that depends on CPython's internals: another version of CPython
 * needs another file of this kind.
 *
 * Runs in the rule server and in interpreter processes, with the GIL held.
 */
#define Py_BUILD_CORE 1
/* CPython's internal headers do not compile without these warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <Python.h>

#include <internal/pycore_ceval.h>
#include <internal/pycore_interp.h>
#include <internal/pycore_pystate.h>
#include <internal/pycore_runtime.h>
#pragma GCC diagnostic pop

#include "python/internals_3_13.h"

#include <assert.h>
#include <signal.h>
#include <string.h>

#if PY_VERSION_HEX < 0x030d0000 || PY_VERSION_HEX >= 0x030e0000
#error "this file is for CPython 3.13: check what it uses against the version at hand"
#endif

void lp_internals_get_settings(struct lp_internals_settings *settings)
{
	const PyThreadState *thread = _PyThreadState_GET();
	const PyInterpreterState *interpreter = thread->interp;

	static_assert(sizeof interpreter->monitors <= sizeof settings->events, "monitored events");
	*settings = (struct lp_internals_settings){
		.trace = (void *)thread->c_tracefunc,
		.profile = (void *)thread->c_profilefunc,
		.asyncgen_first_iteration = thread->async_gen_firstiter,
		.asyncgen_finalizer = thread->async_gen_finalizer,
		.audit_hooks = interpreter->audit_hooks == NULL ? 0 : PyList_GET_SIZE(interpreter->audit_hooks),
		.stack_size = interpreter->threads.stacksize,
		.switch_interval = interpreter->ceval.gil->interval,
		.warnings_version = interpreter->warnings.filters_version,
		.recursion_limit = interpreter->ceval.recursion_limit,
		.int_digits_most = interpreter->long_state.max_str_digits,
		.collector_enabled = interpreter->gc.enabled,
		.collector_flags = interpreter->gc.debug,
		.origin_depth = thread->coroutine_origin_tracking_depth,
		.exit_handlers = interpreter->atexit.ncallbacks,
		.wakeup_descriptor = _PyRuntime.signals.wakeup.fd,
		.tracemalloc = _PyRuntime.tracemalloc.config.tracing,
	};
	for (int i = 0; i < 3; i++)
		settings->collector_thresholds[i] = interpreter->gc.generations[i].threshold;
	memcpy(settings->monitoring, interpreter->monitoring_tool_names, sizeof settings->monitoring);
	memcpy(settings->events, &interpreter->monitors, sizeof interpreter->monitors);
}

bool lp_internals_settings_are_same(const struct lp_internals_settings *settings)
{
	const PyThreadState *thread = _PyThreadState_GET();
	const PyInterpreterState *interpreter = thread->interp;
	const struct _gc_runtime_state *collector = &interpreter->gc;
	const int *thresholds = settings->collector_thresholds;
	uintptr_t tools = 0;

	for (int i = 0; i < 8; i++)
		tools |= (uintptr_t)interpreter->monitoring_tool_names[i] ^ (uintptr_t)settings->monitoring[i];
	return tools == 0 && memcmp(settings->events, &interpreter->monitors, sizeof interpreter->monitors) == 0 &&
	       settings->trace == (void *)thread->c_tracefunc && settings->profile == (void *)thread->c_profilefunc &&
	       settings->asyncgen_first_iteration == thread->async_gen_firstiter &&
	       settings->asyncgen_finalizer == thread->async_gen_finalizer &&
	       settings->audit_hooks ==
	               (interpreter->audit_hooks == NULL ? 0 : PyList_GET_SIZE(interpreter->audit_hooks)) &&
	       settings->stack_size == interpreter->threads.stacksize &&
	       settings->switch_interval == interpreter->ceval.gil->interval &&
	       settings->warnings_version == interpreter->warnings.filters_version &&
	       settings->recursion_limit == interpreter->ceval.recursion_limit &&
	       settings->int_digits_most == interpreter->long_state.max_str_digits &&
	       settings->collector_enabled == collector->enabled && settings->collector_flags == collector->debug &&
	       thresholds[0] == collector->generations[0].threshold &&
	       thresholds[1] == collector->generations[1].threshold &&
	       thresholds[2] == collector->generations[2].threshold &&
	       settings->origin_depth == thread->coroutine_origin_tracking_depth &&
	       settings->exit_handlers == interpreter->atexit.ncallbacks &&
	       settings->wakeup_descriptor == _PyRuntime.signals.wakeup.fd &&
	       settings->tracemalloc == _PyRuntime.tracemalloc.config.tracing;
}

void lp_internals_put_settings(const struct lp_internals_settings *settings)
{
	PyThreadState *thread = _PyThreadState_GET();
	PyInterpreterState *interpreter = thread->interp;

	if ((void *)thread->c_tracefunc != settings->trace)
		PyEval_SetTrace(NULL, NULL);
	if ((void *)thread->c_profilefunc != settings->profile)
		PyEval_SetProfile(NULL, NULL);
	if (interpreter->ceval.recursion_limit != settings->recursion_limit)
		Py_SetRecursionLimit(settings->recursion_limit);
	/* There was no hook before: asyncio removes its own. */
	if (thread->async_gen_firstiter != settings->asyncgen_first_iteration)
		Py_CLEAR(thread->async_gen_firstiter);
	if (thread->async_gen_finalizer != settings->asyncgen_finalizer)
		Py_CLEAR(thread->async_gen_finalizer);
	if (interpreter->audit_hooks != NULL)
		PyList_SetSlice(interpreter->audit_hooks, settings->audit_hooks, PY_SSIZE_T_MAX, NULL);
	interpreter->threads.stacksize = settings->stack_size;
	interpreter->ceval.gil->interval = (unsigned long)settings->switch_interval;
	interpreter->long_state.max_str_digits = settings->int_digits_most;
	interpreter->gc.enabled = settings->collector_enabled;
	interpreter->gc.debug = settings->collector_flags;
	for (int i = 0; i < 3; i++)
		interpreter->gc.generations[i].threshold = settings->collector_thresholds[i];
	thread->coroutine_origin_tracking_depth = settings->origin_depth;
	for (int tool = 0; tool < 8; tool++)
		if (interpreter->monitoring_tool_names[tool] != settings->monitoring[tool])
			/* Events that are set for single functions then call nothing. */
			for (int event = 0; event < _PY_MONITORING_EVENTS; event++)
				Py_CLEAR(interpreter->monitoring_callables[tool][event]);
	_PyRuntime.signals.wakeup.fd = settings->wakeup_descriptor;
}

void lp_internals_get_heap(struct lp_internals_heap *heap)
{
	const struct _gc_runtime_state *collector = &_PyInterpreterState_GET()->gc;

	heap->young = collector->generations[0].count;
	heap->collections = collector->generations[1].count;
}

int lp_internals_drop_exit_handlers(int count, bool (*stays)(PyObject *function))
{
	struct atexit_state *state = &_PyInterpreterState_GET()->atexit;
	int drop_count = 0, keep_count = count;

	for (int i = count; i < state->ncallbacks; i++) {
		atexit_py_callback *callback = state->callbacks[i];

		/* NULL: it was unregistered. */
		if (callback == NULL)
			continue;
		if (stays(callback->func)) {
			state->callbacks[i] = NULL;
			state->callbacks[keep_count++] = callback;
			continue;
		}
		state->callbacks[i] = NULL;
		Py_DECREF(callback->func);
		Py_DECREF(callback->args);
		Py_XDECREF(callback->kwargs);
		PyMem_Free(callback);
		drop_count++;
	}
	if (state->ncallbacks > keep_count)
		state->ncallbacks = keep_count;
	return drop_count;
}

void lp_internals_reset_warnings(void)
{
	_PyInterpreterState_GET()->warnings.filters_version++;
}

PyObject *lp_internals_collector_callbacks(void)
{
	return _PyInterpreterState_GET()->gc.callbacks;
}

PyObject *lp_internals_signal_handler(int number)
{
	return _PyRuntime.signals.handlers[number].func;
}

bool lp_internals_set_signal_handler(int number, PyObject *handler, void (*of_libc)(int number))
{
	PyObject *old = _PyRuntime.signals.handlers[number].func;

	if (handler == NULL)
		handler = of_libc == SIG_DFL   ? _PyRuntime.signals.default_handler
		          : of_libc == SIG_IGN ? _PyRuntime.signals.ignore_handler
		                               : Py_None;
	if (old == NULL || old == handler)
		return false;
	_PyRuntime.signals.handlers[number].func = Py_NewRef(handler);
	Py_DECREF(old);
	return true;
}

/* As in Modules/_decimal/_decimal.c, with mpd_context_t of libmpdec in it. */
struct decimal_context {
	PyObject ob_base;
	Py_ssize_t precision, exponent_most, exponent_least;
	uint32_t traps, status, new_trap;
	int rounding, clamp, correct;
	PyObject *traps_object, *flags_object;
	int capitals;
};

bool lp_internals_same_decimals(PyObject *one, PyObject *other)
{
	const struct decimal_context *a = (struct decimal_context *)one, *b = (struct decimal_context *)other;

	return a->precision == b->precision && a->exponent_most == b->exponent_most &&
	       a->exponent_least == b->exponent_least && a->traps == b->traps && a->rounding == b->rounding &&
	       a->clamp == b->clamp && a->correct == b->correct && a->capitals == b->capitals;
}

void lp_internals_copy_decimals(PyObject *to, PyObject *from)
{
	struct decimal_context *a = (struct decimal_context *)to, *b = (struct decimal_context *)from;

	assert(Py_TYPE(to) == Py_TYPE(from) && (size_t)Py_TYPE(to)->tp_basicsize >= sizeof *a);
	a->precision = b->precision;
	a->exponent_most = b->exponent_most;
	a->exponent_least = b->exponent_least;
	a->traps = b->traps;
	a->rounding = b->rounding;
	a->clamp = b->clamp;
	a->correct = b->correct;
	a->capitals = b->capitals;
}

bool lp_internals_dict_is_watched(PyObject *dict, int watcher)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	return (((PyDictObject *)dict)->ma_version_tag >> watcher & 1) != 0;
#pragma GCC diagnostic pop
}
