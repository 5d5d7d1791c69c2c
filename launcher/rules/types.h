/*
 * The state that the builtin module _local_processing keeps, and the small types
 * that rules see: Sample, Window, Context, times.  series.h has Series.
 *
 * Runs wherever Python does, with the GIL held.
 */
#ifndef LP_RULES_TYPES_H
#define LP_RULES_TYPES_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "model/batch.h"
#include <datetime.h>

struct lp_rule_state {
	PyTypeObject *series_type, *sample_type, *window_type, *context_type, *column_type, *stream_type;
	const PyDateTime_CAPI *datetime;
	PyObject *zones;         /* a dict of tzinfo by name */
	PyObject *empty;         /* the str "" */
	PyObject *empty_mapping; /* read-only */
	PyObject *parse_json;    /* local_processing._json.parse; NULL: not needed yet */
	struct lp_series_object *borrowed;
	/* The task under way. */
	const struct lp_calculation *calculation; /* windows show its time zone; NULL: there is no task */
	double coverage; /* the least share of a window for which the values that were asked for were known */
	const struct lp_quantity *quantity; /* of the rule's result, without its unit; NULL: only the rule knows it */
	struct lp_result_conversion *conversion; /* result.c: the last one to an output's unit */
};

/* Returns the state of the current interpreter's module, or NULL with an exception set. */
struct lp_rule_state *lp_rule_state(void);

static inline struct lp_rule_state *lp_state_of(PyObject *self)
{
	return PyType_GetModuleState(Py_TYPE(self));
}

/* Frees an object and the reference to its type. */
static inline void lp_object_free(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);

	PyObject_Free(self);
	Py_DECREF(type);
}

/* Notes that values were known for this share of a window only: the coverage of the result is no more. */
static inline void lp_rule_lower_coverage(struct lp_rule_state *state, double share)
{
	if (share < state->coverage)
		state->coverage = share;
}

struct lp_window_object {
	PyObject ob_base;
	struct lp_window window;
	PyObject *zone; /* a tzinfo */
};

/* values.c: Sample and Window. */
extern PyType_Spec lp_sample_spec, lp_window_spec;
PyObject *lp_sample_new(struct lp_rule_state *state, lp_time time, double value, uint8_t quality);
PyObject *lp_window_new(struct lp_rule_state *state, const struct lp_window *window, PyObject *zone);
/* Makes a Window in the zone of the task's calculation. */
PyObject *lp_window_of_task(struct lp_rule_state *state, const struct lp_window *window);

/* context.c: Context. */
extern PyType_Spec lp_context_spec;
PyObject *lp_context_new(struct lp_rule_state *state, const struct lp_batch *batch, const struct lp_task *task);

/* times.c: times as datetime, and time zones. */
PyObject *lp_datetime_new(struct lp_rule_state *state, lp_time time, PyObject *zone); /* zone NULL: UTC */
/* Returns a new reference to the zone of this name, or to that of a datetime (of an int: UTC). */
PyObject *lp_zone_get(struct lp_rule_state *state, const char *name);
PyObject *lp_zone_of_time(struct lp_rule_state *state, PyObject *time);
/* Reads an aware datetime, or an int of microseconds since 1970.  what: for messages. */
bool lp_time_from_object(struct lp_rule_state *state, PyObject *object, const char *what, lp_time *time);
/* Writes "2026-01-01T00:00:00Z", with a fraction where there is one. */
enum { LP_TIME_TEXT_SIZE = 40 };
const char *lp_time_text(lp_time time, char text[LP_TIME_TEXT_SIZE]);

/* Makes a str of a text from the store, whatever its bytes are. */
static inline PyObject *lp_text_object(const char *text)
{
	return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

/* json.c: JSON as objects; a mapping is read-only. */
PyObject *lp_json_parse(struct lp_rule_state *state, const char *json);
PyObject *lp_json_mapping(struct lp_rule_state *state, const char *json);

/* log.c: print and logging in rules. */
extern PyType_Spec lp_stream_spec;
/* Puts streams of the log in place of sys.stdout and sys.stderr. */
bool lp_rule_log_install(struct lp_rule_state *state);
/* Logs what was printed and has no end of line yet. */
void lp_rule_log_flush(struct lp_rule_state *state);
PyObject *lp_rule_log_write(PyObject *module, PyObject *arguments);
PyObject *lp_rule_log_level(PyObject *module, PyObject *unused); /* as in the module logging */

/*
 * result.c: stores what a rule returned in the task's outcome.  outputs: the tuple
 * of the names that the rule declares.  False: an exception says what is wrong.
 */
bool lp_rule_take_result(struct lp_rule_state *state, struct lp_batch *batch, struct lp_task *task, PyObject *outputs,
                         PyObject *result) LP_MUST_CHECK;
void lp_result_conversion_free(struct lp_result_conversion *conversion);

#endif
