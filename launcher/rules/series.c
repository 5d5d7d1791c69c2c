/*
 * The life of a Series (borrowed, own or shared memory), and what describes it.
 * series_type.c has the type as Python sees it.  Neither calculates.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/series.h"
#include "rules/units.h"

#include <stddef.h>

/* Takes a Series out of the list of borrowed ones. */
static void unlink_borrowed(struct lp_series_object *series)
{
	if (series->borrowed_link == NULL)
		return;
	*series->borrowed_link = series->borrowed_next;
	if (series->borrowed_next != NULL)
		series->borrowed_next->borrowed_link = series->borrowed_link;
	series->borrowed_link = NULL;
	series->borrowed_next = NULL;
}

static void link_borrowed(struct lp_rule_state *state, struct lp_series_object *series)
{
	series->borrowed_next = state->borrowed;
	series->borrowed_link = &state->borrowed;
	if (series->borrowed_next != NULL)
		series->borrowed_next->borrowed_link = &series->borrowed_next;
	state->borrowed = series;
}

static bool has_borrowed_columns(const struct lp_series_object *series)
{
	return series->memory == NULL && series->owner == NULL;
}

static struct lp_series_object *new_series(struct lp_rule_state *state)
{
	struct lp_series_object *series = PyObject_New(struct lp_series_object, state->series_type);

	if (series == NULL)
		return NULL;
	memset((char *)series + sizeof(PyObject), 0, sizeof *series - sizeof(PyObject));
	series->missing = -1;
	series->zeros = 1;
	series->window.start = LP_TIME_NONE;
	return series;
}

/* Allocates one block for the three columns, the widest first. */
static void *allocate_columns(struct lp_column *column, size_t count, bool quality)
{
	char *memory;

	if (count > (size_t)PY_SSIZE_T_MAX / 32) {
		PyErr_NoMemory();
		return NULL;
	}
	memory = PyMem_Malloc(count * (sizeof *column->time + sizeof *column->value + (quality ? 1 : 0)) + 1);
	if (memory == NULL) {
		PyErr_NoMemory();
		return NULL;
	}
	column->count = count;
	column->time = (lp_time *)(void *)memory;
	column->value = (double *)(void *)(memory + count * sizeof *column->time);
	column->quality = quality ? (uint8_t *)memory + count * (sizeof *column->time + sizeof *column->value) : NULL;
	return memory;
}

struct lp_series_object *lp_series_allocate(struct lp_rule_state *state, size_t count, bool quality)
{
	struct lp_series_object *series = new_series(state);

	if (series == NULL)
		return NULL;
	series->memory = allocate_columns(&series->column, count, quality);
	if (series->memory == NULL)
		Py_CLEAR(series);
	return series;
}

PyObject *lp_series_borrow(struct lp_rule_state *state, const struct lp_column *column,
                           const struct lp_column *previous, const struct lp_window *window,
                           const struct lp_input *input)
{
	struct lp_series_object *series = new_series(state);

	if (series == NULL)
		return NULL;
	series->column = *column;
	series->window = *window;
	series->input = input;
	series->interval = input == NULL ? 0 : input->interval;
	if (input != NULL && input->unit != NULL && lp_unit_is_difference(input->unit))
		series->zeros = 0;
	link_borrowed(state, series);
	if (previous != NULL && previous->count > 0) {
		size_t last = previous->count - 1;

		series->has_previous = true;
		series->previous.time = previous->time[last];
		series->previous.value = previous->value[last];
		series->previous.quality =
			previous->quality == NULL ? (uint8_t)LP_QUALITY_GOOD : previous->quality[last];
		if (last > 0) {
			static const struct lp_window none = { LP_TIME_NONE, LP_TIME_NONE };

			series->earlier = lp_series_borrow(state, previous, NULL, &none, input);
			if (series->earlier == NULL)
				Py_CLEAR(series);
		}
	}
	return (PyObject *)series;
}

bool lp_series_own(struct lp_series_object *series)
{
	PyObject *name = lp_series_name(series), *unit = lp_series_unit(series),
		 *attributes = lp_series_attributes(series), *window = lp_series_window(series);
	bool ok = name != NULL && unit != NULL && attributes != NULL && window != NULL;

	/* The Series itself keeps a reference to what the getters made. */
	Py_XDECREF(name);
	Py_XDECREF(unit);
	Py_XDECREF(attributes);
	Py_XDECREF(window);
	if (!ok)
		return false;
	if (has_borrowed_columns(series)) {
		struct lp_column borrowed = series->column, *own = &series->column;

		series->memory = allocate_columns(own, borrowed.count, borrowed.quality != NULL);
		if (series->memory == NULL)
			return false;
		if (borrowed.count > 0) {
			memcpy(own->time, borrowed.time, borrowed.count * sizeof *borrowed.time);
			memcpy(own->value, borrowed.value, borrowed.count * sizeof *borrowed.value);
			if (borrowed.quality != NULL)
				memcpy(own->quality, borrowed.quality, borrowed.count);
		}
	}
	series->input = NULL;
	unlink_borrowed(series);
	return true;
}

bool lp_series_own_all(struct lp_rule_state *state)
{
	bool ok = true;

	/*
	 * The arguments of the call are freed, so the rule has kept every Series that
	 * is still in the list.  One that cannot be copied for lack of memory becomes
	 * empty, because the next batch may take the memory that it borrows.
	 */
	while (state->borrowed != NULL) {
		/* A reference, because copying attributes runs Python code, which may drop the rule's own. */
		struct lp_series_object *series = (struct lp_series_object *)Py_NewRef(state->borrowed);

		if (!lp_series_own(series)) {
			ok = false;
			if (has_borrowed_columns(series)) {
				series->column = (struct lp_column){ 0 };
				series->missing = 0;
			}
			series->input = NULL;
			unlink_borrowed(series);
		}
		Py_DECREF(series);
	}
	return ok;
}

struct lp_series_object *lp_series_view(struct lp_rule_state *state, struct lp_series_object *series, size_t first,
                                        size_t count)
{
	struct lp_series_object *view = new_series(state);

	if (view == NULL)
		return NULL;
	view->column.count = count;
	view->column.time = series->column.time + first;
	view->column.value = series->column.value + first;
	view->column.quality = series->column.quality == NULL ? NULL : series->column.quality + first;
	if (series->missing == 0)
		view->missing = 0;
	if (!has_borrowed_columns(series))
		view->owner = Py_NewRef(series->owner != NULL ? series->owner : (PyObject *)series);
	if (count != series->column.count)
		lp_series_set_origin(view, series);
	lp_series_describe(state, view, series);
	return view;
}

void lp_series_describe(struct lp_rule_state *state, struct lp_series_object *series, struct lp_series_object *like)
{
	series->window = like->window;
	series->interval = like->interval;
	series->has_previous = like->has_previous;
	series->previous = like->previous;
	series->zeros = like->zeros;
	series->scaled = like->scaled;
	if (series->no_samples == NULL)
		series->no_samples = Py_XNewRef(like->no_samples);
	if (series->origin == NULL)
		series->origin = Py_XNewRef(like->origin);
	series->earlier = Py_XNewRef(like->earlier);
	series->name = Py_XNewRef(like->name);
	series->unit = Py_XNewRef(like->unit);
	series->attributes = Py_XNewRef(like->attributes);
	series->window_object = Py_XNewRef(like->window_object);
	series->input = like->input;
	if (series->input != NULL)
		link_borrowed(state, series);
}

void lp_series_take_earlier(struct lp_series_object *series, PyObject *earlier)
{
	const struct lp_series_object *before = (struct lp_series_object *)earlier;

	series->has_previous = false;
	for (size_t i = before->column.count; i-- > 0 && !series->has_previous;) {
		series->previous = lp_series_sample(before, i);
		series->has_previous = !lp_sample_is_missing(series->previous.value, series->previous.quality);
	}
	Py_XSETREF(series->earlier, earlier);
}

int64_t lp_series_missing(struct lp_series_object *series)
{
	const struct lp_column *column = &series->column;
	int64_t missing = 0;

	if (series->missing >= 0)
		return series->missing;
	if (column->quality == NULL)
		for (size_t i = 0; i < column->count; i++)
			missing += !isfinite(column->value[i]);
	else
		for (size_t i = 0; i < column->count; i++)
			missing += !isfinite(column->value[i]) | (column->quality[i] == LP_QUALITY_BAD);
	series->missing = missing;
	return missing;
}

void lp_series_dealloc(PyObject *self)
{
	struct lp_series_object *series = (struct lp_series_object *)self;

	unlink_borrowed(series);
	Py_XDECREF(series->owner);
	Py_XDECREF(series->origin);
	Py_XDECREF(series->no_samples);
	Py_XDECREF(series->earlier);
	Py_XDECREF(series->window_object);
	Py_XDECREF(series->name);
	Py_XDECREF(series->unit);
	Py_XDECREF(series->attributes);
	PyMem_Free(series->memory);
	lp_object_free(self);
}

PyObject *lp_series_name(struct lp_series_object *series)
{
	if (series->name == NULL &&
	    (series->name = lp_text_object(series->input == NULL ? "" : series->input->series)) == NULL)
		return NULL;
	return Py_NewRef(series->name);
}

PyObject *lp_series_unit(struct lp_series_object *series)
{
	if (series->unit == NULL &&
	    (series->unit = lp_text_object(series->input == NULL ? "" : series->input->unit)) == NULL)
		return NULL;
	return Py_NewRef(series->unit);
}

PyObject *lp_series_shown_unit(struct lp_series_object *series)
{
	PyObject *unit = lp_series_unit(series);
	const char *text = unit == NULL || series->zeros == 1 ? NULL : PyUnicode_AsUTF8(unit);

	/* Readings and differences are alike in a unit whose zero is nothing. */
	if (text == NULL || !lp_unit_has_zero(text))
		return unit;
	Py_SETREF(unit, series->zeros == 0 ? PyUnicode_FromFormat("delta_%U", unit) : PyUnicode_FromString(""));
	return unit;
}

PyObject *lp_series_attributes(struct lp_series_object *series)
{
	if (series->attributes == NULL) {
		const char *json = series->input == NULL ? NULL : series->input->attributes;

		series->attributes = lp_json_mapping(lp_state_of((PyObject *)series), json == NULL ? "{}" : json);
		if (series->attributes == NULL)
			return NULL;
	}
	return Py_NewRef(series->attributes);
}

PyObject *lp_series_window(struct lp_series_object *series)
{
	if (series->window_object == NULL && series->window.start != LP_TIME_NONE) {
		series->window_object = lp_window_of_task(lp_state_of((PyObject *)series), &series->window);
		if (series->window_object == NULL)
			return NULL;
	}
	return Py_NewRef(series->window_object == NULL ? Py_None : series->window_object);
}
