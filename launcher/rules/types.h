/*
 * The types that rules see, and the state that the builtin module
 * _local_processing keeps per interpreter.
 *
 * Shared by the files that make up that module and by call.c, which makes
 * the arguments of rules.  It knows neither interpreters' lives nor the store.
 *
 * Runs wherever Python does, GIL held.
 */
#ifndef LP_RULES_TYPES_H
#define LP_RULES_TYPES_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "model/batch.h"
#include <datetime.h>

/*
 * A column of samples with what is known about it.
 *
 * The memory of the column is one of three: its own (memory), part of another
 * Series that has its own (owner), or borrowed from the batch (neither).  A
 * Series that has its columns, or only its name and unit (input), from the
 * batch is in its interpreter's list of borrowed ones, and gets copies before
 * the batch goes.  Nothing of a Series changes once rules can see it, so all
 * three look alike to them.
 */
struct lp_series_object {
	PyObject ob_base;
	struct lp_column column;
	int64_t missing;  /* how many samples are missing; -1: not counted yet */
	int64_t interval; /* as of struct lp_series: how long a value holds follows from it */
	/*
	 * Of two Series whose times differ: what is to be written where its samples
	 * are wanted.  They are the moments at which one of the two has one, and
	 * tell how it went over time, but there is no counting them.  NULL: a
	 * Series whose samples are its own.
	 */
	PyObject *held;
	PyObject *owner;
	void *memory;
	struct lp_window window; /* start is LP_TIME_NONE: it has none */
	PyObject *window_object; /* NULL: not asked for yet */
	bool has_previous;       /* the last good sample before the window is known: */
	lp_time previous_time;
	double previous_value;
	uint8_t previous_quality;
	/*
	 * How many zeros of its unit are in a value: 1 in a reading, 0 in a
	 * difference, 2 in the sum of two readings; NaN: not known.
	 */
	double zeros;
	bool scaled;       /* by a number, which may have had a unit of its own */
	PyObject *origin;  /* the Series of which these are some samples (where, good, a part); NULL: none */
	PyObject *earlier; /* a Series of samples before the window, previous among them; NULL: no more are known */
	const struct lp_input *input;       /* borrowed: where name, unit and attributes come from once asked for */
	PyObject *name, *unit, *attributes; /* NULL: not asked for yet, or none */
	struct lp_series_object *borrowed_next, **borrowed_link;
};

struct lp_window_object {
	PyObject ob_base;
	struct lp_window window;
	PyObject *zone; /* a tzinfo */
};

struct lp_context_object {
	PyObject ob_base;
	PyObject *calculation, *rule, *tick, *window, *labels, *units, *attempt;
};

struct lp_rule_state {
	PyTypeObject *series_type, *sample_type, *window_type, *context_type, *column_type, *stream_type;
	const PyDateTime_CAPI *datetime;
	PyObject *zones; /* name -> tzinfo */
	PyObject *empty; /* "" */
	PyObject *empty_mapping;
	PyObject *parse_json; /* local_processing._json.parse, once needed */
	struct lp_series_object *borrowed;
	const struct lp_calculation *calculation; /* being computed, in whose zone windows show; or NULL */
	double covered; /* the least share of a window over which what was asked for knew a value; 1: all of it */
	const struct lp_quantity *quantity; /* what its rule returns, but for the unit; NULL: only its rule knows */
	struct lp_label *label;             /* result.c: how numbers are converted to an output's unit */
};

/* The state of the current interpreter's module; NULL with an exception set. */
struct lp_rule_state *lp_rule_state(void);

static inline struct lp_rule_state *lp_state_of(PyObject *self)
{
	return PyType_GetModuleState(Py_TYPE(self));
}
static inline bool lp_is_series(const struct lp_rule_state *state, const PyObject *object)
{
	return Py_TYPE(object) == state->series_type;
}

/* series.c: the life of a Series; series_type.c: its type. */
extern PyType_Spec lp_series_spec, lp_column_spec;
void lp_series_dealloc(PyObject *self);
/* A Series over a column of the batch, valid until lp_series_detach_all(). */
PyObject *lp_series_borrow(struct lp_rule_state *state, const struct lp_column *column,
                           const struct lp_column *previous, const struct lp_window *window,
                           const struct lp_input *input);
/* Gives a Series that has anything from the batch its own copy of it. */
bool lp_series_own(struct lp_series_object *series);
/* At the end of a task: every Series that somebody still holds gets its own copy of what it borrowed. */
bool lp_series_detach_all(struct lp_rule_state *state);
/* A Series with memory of its own, to be filled. */
struct lp_series_object *lp_series_allocate(struct lp_rule_state *state, size_t count, bool quality);
/* Samples [first, first + count) of another, without copying. */
struct lp_series_object *lp_series_view(struct lp_rule_state *state, struct lp_series_object *series, size_t first,
                                        size_t count);
/* Window, previous sample, name, unit and attributes of another. */
void lp_series_describe(struct lp_rule_state *state, struct lp_series_object *series, struct lp_series_object *like);
/* What came before, given up to it: its last good sample is the previous one. */
void lp_series_take_earlier(struct lp_series_object *series, PyObject *earlier);
/* Some samples of another: joined with a third by the times of all that the other has. */
static inline void lp_series_set_origin(struct lp_series_object *series, struct lp_series_object *whole)
{
	Py_XSETREF(series->origin, Py_NewRef(whole->origin != NULL ? whole->origin : (PyObject *)whole));
}
int64_t lp_series_missing(struct lp_series_object *series);
PyObject *lp_series_name(struct lp_series_object *series); /* new references */
PyObject *lp_series_unit(struct lp_series_object *series);
/* The unit as rules see it: "delta_degC" of a difference, "" where it is neither reading nor difference. */
PyObject *lp_series_shown_unit(struct lp_series_object *series);
PyObject *lp_series_attributes(struct lp_series_object *series);
PyObject *lp_series_window(struct lp_series_object *series); /* or None */
static inline uint8_t lp_series_quality(const struct lp_series_object *series, size_t index)
{
	return series->column.quality == NULL ? (uint8_t)LP_QUALITY_GOOD : series->column.quality[index];
}

/* series_new.c: Series(times, values, ...). */
PyObject *lp_series_construct(PyTypeObject *type, PyObject *arguments, PyObject *keywords);

/* series_arithmetic.c: + - * / // % ** and comparisons, sample by sample. */
PyObject *lp_series_add(PyObject *left, PyObject *right);
PyObject *lp_series_subtract(PyObject *left, PyObject *right);
PyObject *lp_series_multiply(PyObject *left, PyObject *right);
PyObject *lp_series_divide(PyObject *left, PyObject *right);
PyObject *lp_series_floor_divide(PyObject *left, PyObject *right);
PyObject *lp_series_remainder(PyObject *left, PyObject *right);
PyObject *lp_series_power(PyObject *left, PyObject *right, PyObject *modulus);
PyObject *lp_series_negative(PyObject *self);
PyObject *lp_series_positive(PyObject *self);
PyObject *lp_series_absolute(PyObject *self);
PyObject *lp_series_compare(PyObject *left, PyObject *right, int operation);
/* values * scale + offset, in another unit. */
PyObject *lp_series_scale(struct lp_series_object *series, double scale, double offset, PyObject *unit);

/* series_join.c: two Series by their times. */
/*
 * Whether the samples at the times that both have are all that there is to join:
 * their times are the same, or but for a few lost samples.  These are noted.
 */
bool lp_series_is_joinable(struct lp_rule_state *state, const struct lp_series_object *one,
                           const struct lp_series_object *other);
/* What the rule asked for was known for this share only: the coverage of its result is no more than that. */
void lp_series_note_covered(struct lp_rule_state *state, double share);
/* How they differ, and what to write; operation: "+", between the names in that. */
PyObject *lp_series_difference_text(struct lp_series_object *one, struct lp_series_object *other,
                                    const char *operation);
/* Whether the Series has samples of its own, to be counted, added or stored.  False: an exception is set. */
bool lp_series_has_samples(const struct lp_series_object *series) LP_MUST_CHECK;
bool lp_series_same_times(const struct lp_column *one, const struct lp_column *other);
/* Whether what was last known at `last` still holds at `time`. */
bool lp_series_holds(const struct lp_series_object *series, lp_time last, lp_time time);
/* Each at all times that either has, and at those from which one of them holds nothing any more.  New references. */
bool lp_series_hold_both(struct lp_rule_state *state, struct lp_series_object *left, struct lp_series_object *right,
                         PyObject *held[2]) LP_MUST_CHECK;
PyObject *lp_series_at(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* series_methods.c: the table of methods, and those that make another Series. */
extern PyMethodDef lp_series_methods[];

/* series_reduce.c: one number of many samples. */
PyObject *lp_series_count(PyObject *self, PyObject *unused);
PyObject *lp_series_sum(PyObject *self, PyObject *unused);
PyObject *lp_series_mean(PyObject *self, PyObject *unused);
PyObject *lp_series_minimum(PyObject *self, PyObject *unused);
PyObject *lp_series_maximum(PyObject *self, PyObject *unused);
PyObject *lp_series_first(PyObject *self, PyObject *unused);
PyObject *lp_series_last(PyObject *self, PyObject *unused);
PyObject *lp_series_any(PyObject *self, PyObject *unused);
PyObject *lp_series_all(PyObject *self, PyObject *unused);
PyObject *lp_series_median(PyObject *self, PyObject *unused);
PyObject *lp_series_deviation(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* series_time.c: the same with time in it. */
PyObject *lp_series_integral(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *lp_series_time_weighted_mean(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *lp_series_difference(PyObject *self, PyObject *unused);

/* series_counter.c */
PyObject *lp_series_increase(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* A sum that does not lose what the rounding takes away. */
struct lp_exact_sum {
	double sum, lost;
};
static inline void lp_exact_add(struct lp_exact_sum *exact, double value)
{
	double total = exact->sum + value, part = total - exact->sum;

	exact->lost += (exact->sum - (total - part)) + (value - part);
	exact->sum = total;
}
static inline double lp_exact_value(const struct lp_exact_sum *exact)
{
	return exact->sum + exact->lost;
}

/* Keyword arguments of these methods: one of some words (choices), or a number that None leaves as it is. */
struct lp_keyword {
	const char *name; /* NULL ends the table */
	const char *const *choices;
	const char *choices_text; /* for messages */
};
union lp_keyword_value {
	int choice;
	double number;
};
bool lp_keywords_parse(const char *method, const struct lp_keyword *keywords, union lp_keyword_value *values,
                       PyObject *const *arguments, Py_ssize_t count, PyObject *names) LP_MUST_CHECK;

/* The good values of a Series, one after the other: its own columns where none is missing, else a copy. */
struct lp_good {
	const lp_time *time;
	const double *value;
	size_t count;
	void *copy;
};
bool lp_good_take(struct lp_series_object *series, bool times, struct lp_good *good) LP_MUST_CHECK;
static inline void lp_good_release(struct lp_good *good)
{
	PyMem_Free(good->copy);
}

/* values.c: Sample, Window, Context and times. */
extern PyType_Spec lp_sample_spec, lp_window_spec, lp_context_spec;
PyObject *lp_sample_new(struct lp_rule_state *state, lp_time time, double value, uint8_t quality);
PyObject *lp_window_new(struct lp_rule_state *state, const struct lp_window *window, PyObject *zone);
PyObject *lp_datetime_new(struct lp_rule_state *state, lp_time time, PyObject *zone); /* zone NULL: UTC */
PyObject *lp_zone_get(struct lp_rule_state *state, const char *name);                 /* new reference */
PyObject *lp_zone_of(struct lp_rule_state *state, PyObject *time); /* that of a datetime; UTC for an int */
/* From an aware datetime, or an int of microseconds since 1970.  what is for messages. */
bool lp_time_from(struct lp_rule_state *state, PyObject *object, const char *what, lp_time *time);
/* "2026-01-01T00:00:00Z", with a fraction where there is one. */
enum { LP_TIME_TEXT_SIZE = 40 };
const char *lp_time_text(lp_time time, char text[LP_TIME_TEXT_SIZE]);
/* A str of what the store says, whatever bytes that are. */
static inline PyObject *lp_text_object(const char *text)
{
	return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}
/* A read-only mapping of a JSON object. */
PyObject *lp_json_mapping(struct lp_rule_state *state, const char *json);
PyObject *lp_json_parse(struct lp_rule_state *state, const char *json);

/* log.c: print and logging in rules. */
extern PyType_Spec lp_stream_spec;
/* Puts the streams in place of sys.stdout and sys.stderr of this interpreter. */
bool lp_rule_log_install(struct lp_rule_state *state);
/* Writes what a rule printed without ending its line. */
void lp_rule_log_flush(struct lp_rule_state *state);
PyObject *lp_rule_log_write(PyObject *module, PyObject *arguments);
PyObject *lp_rule_log_level(PyObject *module, PyObject *unused); /* as in the module logging */

/* catalogue.c: what the decorator `rule` left on the functions of a module. */
struct lp_found_rule {
	PyObject *function;
	PyObject *description; /* app/local_processing/_rule.py: Rule */
	PyObject *name;        /* with its module, but for the built-in ones */
};
typedef bool (*lp_rule_visit)(void *context, const struct lp_found_rule *found);
extern const char lp_builtin_module[];
/* Calls visit for each rule that is defined in an imported module.  False: an exception is set. */
bool lp_rules_visit(PyObject *module, const char *module_name, lp_rule_visit visit, void *context) LP_MUST_CHECK;

/* What the import of a module failed with; NULL: it did not. */
struct lp_python_failure;
const struct lp_python_failure *lp_catalogue_failure(const char *module);

/*
 * result.c: what a rule returned, into the task's outcome.  declared: the tuple of its outputs' names.
 * False: an exception is set that says what is wrong.
 */
void lp_label_free(struct lp_label *label);
bool lp_rule_result(struct lp_rule_state *state, struct lp_batch *batch, struct lp_task *task, PyObject *declared,
                    PyObject *result) LP_MUST_CHECK;

#endif
