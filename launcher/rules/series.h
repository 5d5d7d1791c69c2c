/*
 * Series, the samples of an input as a rule sees them, for the files series*.c
 * that make up the type, and for those that make or store a Series.
 *
 * Runs wherever Python does, with the GIL held.
 */
#ifndef LP_RULES_SERIES_H
#define LP_RULES_SERIES_H

#include "rules/types.h"

struct lp_series_sample {
	lp_time time;
	double value;
	uint8_t quality;
};

/*
 * A column of samples with what is known about it.
 *
 * The memory of the column is one of three: its own (memory), part of another
 * Series that has its own (owner), or borrowed from the batch (neither).  A
 * Series that borrows its columns, or only its name and unit (input), stands in
 * the list of borrowed ones, and gets copies before the batch is freed.  Nothing
 * of a Series changes once rules can see it, so all three look alike to them.
 */
struct lp_series_object {
	PyObject ob_base;
	struct lp_column column;
	int64_t missing;  /* number of missing samples; -1: not counted yet */
	int64_t interval; /* as of struct lp_series: how long a value holds follows from it */
	/*
	 * Set for a Series that is made of two whose times differ.  Its column has the
	 * moments at which either of them has a sample: they say how the value went
	 * over time, and are no samples to be counted, added or stored.  This is the
	 * message for a rule that asks for samples.
	 */
	PyObject *no_samples;
	PyObject *owner;
	void *memory;
	struct lp_window window; /* start is LP_TIME_NONE: it has none */
	PyObject *window_object; /* NULL: not asked for yet */
	bool has_previous;       /* the last good sample before the window is known: */
	struct lp_series_sample previous;
	/*
	 * How many zeros of its unit are in a value: 1 in a reading, 0 in a
	 * difference, 2 in the sum of two readings; NaN: not known.
	 */
	double zeros;
	bool scaled;       /* it was multiplied by a number, which may have had a unit of its own */
	PyObject *origin;  /* the Series of which these are some samples (where, good, a part); NULL: none */
	PyObject *earlier; /* a Series of samples before the window, previous among them; NULL: no more are known */
	const struct lp_input *input;       /* borrowed: where name, unit and attributes come from once asked for */
	PyObject *name, *unit, *attributes; /* NULL: not asked for yet, or none */
	struct lp_series_object *borrowed_next, **borrowed_link;
};

static inline bool lp_is_series(const struct lp_rule_state *state, const PyObject *object)
{
	return Py_TYPE(object) == state->series_type;
}

/* series.c: the life of a Series, and what describes it. */
void lp_series_dealloc(PyObject *self);
/* Makes a Series over a column of the batch, valid until lp_series_own_all(). */
PyObject *lp_series_borrow(struct lp_rule_state *state, const struct lp_column *column,
                           const struct lp_column *previous, const struct lp_window *window,
                           const struct lp_input *input);
/* Gives a Series its own copy of everything that it borrows from the batch. */
bool lp_series_own(struct lp_series_object *series);
/* Does that at the end of a task with each Series that the rule has kept. */
bool lp_series_own_all(struct lp_rule_state *state);
/* Makes a Series with memory of its own, to be filled. */
struct lp_series_object *lp_series_allocate(struct lp_rule_state *state, size_t count, bool quality);
/* Makes a Series of the samples [first, first + count) of another, without copying them. */
struct lp_series_object *lp_series_view(struct lp_rule_state *state, struct lp_series_object *series, size_t first,
                                        size_t count);
/* Copies window, previous sample, name, unit and attributes from another Series. */
void lp_series_describe(struct lp_rule_state *state, struct lp_series_object *series, struct lp_series_object *like);
/* Takes over the reference to the samples before the window: the last good one becomes the previous one. */
void lp_series_take_earlier(struct lp_series_object *series, PyObject *earlier);
/* Notes that these are some samples of another Series: all times of that one count when they are joined with a third. */
static inline void lp_series_set_origin(struct lp_series_object *series, struct lp_series_object *whole)
{
	Py_XSETREF(series->origin, Py_NewRef(whole->origin != NULL ? whole->origin : (PyObject *)whole));
}
int64_t lp_series_missing(struct lp_series_object *series);
/* These return new references. */
PyObject *lp_series_name(struct lp_series_object *series);
PyObject *lp_series_unit(struct lp_series_object *series);
/* Returns the unit as rules see it: "delta_degC" of a difference, "" of neither reading nor difference. */
PyObject *lp_series_shown_unit(struct lp_series_object *series);
PyObject *lp_series_attributes(struct lp_series_object *series);
PyObject *lp_series_window(struct lp_series_object *series); /* or None */
static inline uint8_t lp_series_quality(const struct lp_series_object *series, size_t index)
{
	return series->column.quality == NULL ? (uint8_t)LP_QUALITY_GOOD : series->column.quality[index];
}

static inline struct lp_series_sample lp_series_sample(const struct lp_series_object *series, size_t index)
{
	return (struct lp_series_sample){ .time = series->column.time[index],
		                          .value = series->column.value[index],
		                          .quality = lp_series_quality(series, index) };
}

/* Copies a sample of another Series; this one was allocated with quality where that one has it. */
static inline void lp_series_copy_sample(struct lp_series_object *series, size_t index,
                                         const struct lp_series_object *from, size_t from_index)
{
	series->column.time[index] = from->column.time[from_index];
	series->column.value[index] = from->column.value[from_index];
	if (series->column.quality != NULL)
		series->column.quality[index] = from->column.quality[from_index];
}

/* series_type.c: the type as Python sees it, and the type of its columns. */
extern PyType_Spec lp_series_spec, lp_column_spec;

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
/* Makes values * scale + offset, in another unit. */
PyObject *lp_series_scale(struct lp_series_object *series, double scale, double offset, PyObject *unit);

/* series_join.c: two Series by their times. */
/*
 * Returns true if two Series can be joined at the times that both have, because
 * their times are the same but for a few lost samples.  The lost ones lower the
 * coverage.
 */
bool lp_series_can_join(struct lp_rule_state *state, const struct lp_series_object *one,
                        const struct lp_series_object *other);
/* Makes the message that says how their times differ and what to write; operation: "+", between the names in it. */
PyObject *lp_series_describe_difference(struct lp_series_object *one, struct lp_series_object *other,
                                        const char *operation);
/* Returns true if the Series has samples, to be counted, added or stored.  False: an exception is set. */
bool lp_series_has_samples(const struct lp_series_object *series) LP_MUST_CHECK;
bool lp_series_same_times(const struct lp_column *one, const struct lp_column *other);
/* Returns true if the value of time `last` still holds at `time`. */
bool lp_series_holds(const struct lp_series_object *series, lp_time last, lp_time time);
/* Makes of each a Series at all times that either has, and at those where a value ceases to hold.  New references. */
bool lp_series_hold_both(struct lp_rule_state *state, struct lp_series_object *left, struct lp_series_object *right,
                         PyObject *both[2]) LP_MUST_CHECK;
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

/* series_time.c: one number of many samples, where time counts. */
PyObject *lp_series_integral(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *lp_series_time_weighted_mean(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);
PyObject *lp_series_difference(PyObject *self, PyObject *unused);

/* series_counter.c: what a counter counted. */
PyObject *lp_series_increase(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names);

/* A sum that keeps what rounding takes away. */
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

/* keywords.c: keyword arguments of methods: one of some words (choices), or a number that None leaves as it is. */
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

/* series_reduce.c: the good values of a Series: its own columns where none is missing, else a copy. */
struct lp_good_values {
	const lp_time *time; /* NULL: not asked for */
	const double *value;
	size_t count;
	void *copy;
};
bool lp_good_values_take(struct lp_series_object *series, bool times, struct lp_good_values *good) LP_MUST_CHECK;
static inline void lp_good_values_release(struct lp_good_values *good)
{
	PyMem_Free(good->copy);
}

#endif
