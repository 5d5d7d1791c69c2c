/*
 * Two Series by their times: which of them can be joined sample by sample, and
 * what a Series holds at the times of others.
 *
 * Two Series of one raster, of which a few samples are lost, are joined at the
 * times that both have.  For other Series those times are mere chance: a limit
 * that is stored when it changes, two meters that do not tick together.  There
 * each value holds until the next sample, and the result is known over time, but
 * has no samples: their number would say how often a tariff changed.  A rule that
 * wants samples calls at().
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/series.h"

#include "model/order.h"
#include <stdlib.h>

bool lp_series_same_times(const struct lp_column *one, const struct lp_column *other)
{
	return one->count == other->count && (one->time == other->time || one->count == 0 ||
	                                      memcmp(one->time, other->time, one->count * sizeof *one->time) == 0);
}

/* Returns the Series of which this one has some samples, or the Series itself. */
static const struct lp_series_object *whole_of(const struct lp_series_object *series)
{
	return series->origin == NULL ? series : (const struct lp_series_object *)(const void *)series->origin;
}

static bool lies_on_raster(const struct lp_column *column, lp_time first, int64_t step)
{
	for (size_t i = 0; i < column->count; i++)
		if ((column->time[i] - first) % step != 0)
			return false;
	return true;
}

/* Finds the least distance between two times that either has; 0: there are no two. */
static int64_t find_step(const struct lp_column *one, const struct lp_column *other)
{
	int64_t step = INT64_MAX;
	lp_time last = LP_TIME_NONE;

	for (size_t i = 0, j = 0; i < one->count || j < other->count;) {
		bool is_one = j == other->count || (i < one->count && one->time[i] <= other->time[j]);
		lp_time time = is_one ? one->time[i++] : other->time[j++];

		if (last != LP_TIME_NONE && time != last && time - last < step)
			step = time - last;
		last = time;
	}
	return step == INT64_MAX ? 0 : step;
}

/* Returns true for three quarters of a raster's times: so many tell it from a value that is stored when it changes. */
static bool fills_raster(const struct lp_column *column, int64_t slots)
{
	return (int64_t)column->count >= slots - slots / 4;
}

static bool share_raster(const struct lp_series_object *one, const struct lp_series_object *other)
{
	const struct lp_column *a = &one->column, *b = &other->column;
	lp_time first, last;
	int64_t step;

	/* Without samples there is nothing to join. */
	if (a->count == 0 || b->count == 0) {
		if (one->interval > 0 && one->interval == other->interval)
			return true;
		return a->count == 0 ? !one->has_previous : !other->has_previous;
	}
	first = a->time[0] < b->time[0] ? a->time[0] : b->time[0];
	last = a->time[a->count - 1] > b->time[b->count - 1] ? a->time[a->count - 1] : b->time[b->count - 1];
	if (one->interval > 0 && other->interval > 0)
		return one->interval == other->interval && lies_on_raster(a, first, one->interval) &&
		       lies_on_raster(b, first, one->interval);
	step = find_step(a, b);
	return step > 0 && lies_on_raster(a, first, step) && lies_on_raster(b, first, step) &&
	       fills_raster(a, (last - first) / step + 1) && fills_raster(b, (last - first) / step + 1);
}

static size_t count_common(const struct lp_column *one, const struct lp_column *other)
{
	size_t common = 0;

	for (size_t i = 0, j = 0; i < one->count && j < other->count;) {
		common += one->time[i] == other->time[j];
		if (one->time[i] <= other->time[j])
			i++;
		else
			j++;
	}
	return common;
}

bool lp_series_can_join(struct lp_rule_state *state, const struct lp_series_object *one,
                        const struct lp_series_object *other)
{
	const struct lp_column *a = &whole_of(one)->column, *b = &whole_of(other)->column;
	size_t common, all;

	if (lp_series_same_times(&one->column, &other->column) || lp_series_same_times(a, b))
		return true;
	/* No moment of a Series without samples may be left out. */
	if (one->no_samples != NULL || other->no_samples != NULL)
		return false;
	common = count_common(a, b);
	all = a->count + b->count - common;
	/* Two Series of one logger are written at the same times, however irregular these are. */
	if (common < all - all / 4 && !share_raster(whole_of(one), whole_of(other)))
		return false;
	/* A sample that one of them lacks is missing in the result. */
	lp_rule_lower_coverage(state, (double)common / (double)all);
	return true;
}

PyObject *lp_series_describe_difference(struct lp_series_object *one, struct lp_series_object *other,
                                        const char *operation)
{
	PyObject *name = lp_series_name(one), *other_name = lp_series_name(other), *text = NULL;

	if (name != NULL && other_name != NULL)
		text = PyUnicode_FromFormat(
			"%s of two Series, a%s%U%s and b%s%U%s, whose times differ (a has %zu samples, b %zu, at times that "
			"both have %zu), is known over time, for time_weighted_mean() and integral(), and has no samples of "
			"its own. Where these are wanted, write a %s b.at(a), or a.at(a, b) %s b.at(a, b). If samples are "
			"lost of two series that are measured at the same times, declare the interval of both",
			operation, PyUnicode_GET_LENGTH(name) > 0 ? " = '" : "", name,
			PyUnicode_GET_LENGTH(name) > 0 ? "'" : "", PyUnicode_GET_LENGTH(other_name) > 0 ? " = '" : "",
			other_name, PyUnicode_GET_LENGTH(other_name) > 0 ? "'" : "", one->column.count,
			other->column.count, count_common(&one->column, &other->column), operation, operation);
	Py_XDECREF(name);
	Py_XDECREF(other_name);
	return text;
}

bool lp_series_has_samples(const struct lp_series_object *series)
{
	if (series->no_samples == NULL)
		return true;
	PyErr_SetObject(PyExc_ValueError, series->no_samples);
	return false;
}

/* A value does not hold for ever: a dead sensor is no steady one. */
bool lp_series_holds(const struct lp_series_object *series, lp_time last, lp_time time)
{
	return series->no_samples != NULL || time - last <= lp_series_hold(series->interval);
}

/* A walk through the good samples of a Series, from the one before its window on. */
struct walk {
	const struct lp_series_object *series;
	int64_t hold; /* microseconds that a value holds; negative: as lp_series_holds() says */
	size_t next;
	bool known;
	struct lp_series_sample last;
};

static struct walk walk_begin(const struct lp_series_object *series, int64_t hold)
{
	return (struct walk){ .series = series, .hold = hold, .known = series->has_previous, .last = series->previous };
}

/* Goes to the last good sample at or before time; times must ascend.  False: the value at that time is not known. */
static bool walk_to(struct walk *walk, lp_time time)
{
	const struct lp_column *column = &walk->series->column;

	for (; walk->next < column->count && column->time[walk->next] <= time; walk->next++) {
		uint8_t quality = lp_series_quality(walk->series, walk->next);

		if (lp_sample_is_missing(column->value[walk->next], quality)) {
			/* Without samples the value is unknown from there on; otherwise just a sample is missing. */
			walk->known = walk->known && walk->series->no_samples == NULL;
			continue;
		}
		walk->known = true;
		walk->last.time = column->time[walk->next];
		walk->last.value = column->value[walk->next];
		walk->last.quality = quality;
	}
	if (!walk->known || walk->last.time > time)
		return false;
	return walk->hold < 0 ? lp_series_holds(walk->series, walk->last.time, time)
	                      : time - walk->last.time <= walk->hold;
}

/* Collects the times that any of some Series has, ascending. */
static lp_time *merge_times(PyObject *const *others, Py_ssize_t other_count, size_t *count)
{
	size_t most = 0, length = 0;
	lp_time *times;

	for (Py_ssize_t i = 0; i < other_count; i++)
		most += ((struct lp_series_object *)others[i])->column.count;
	times = PyMem_Malloc(most * sizeof *times + 1);
	if (times == NULL) {
		PyErr_NoMemory();
		return NULL;
	}
	for (Py_ssize_t i = 0; i < other_count; i++) {
		const struct lp_column *column = &((struct lp_series_object *)others[i])->column;

		if (column->count > 0)
			memcpy(times + length, column->time, column->count * sizeof *times);
		length += column->count;
	}
	*count = length;
	if (other_count == 1 || length == 0)
		return times;
	qsort(times, length, sizeof *times, lp_compare_numbers);
	*count = 1;
	for (size_t i = 1; i < length; i++)
		if (times[i] != times[*count - 1])
			times[(*count)++] = times[i];
	return times;
}

/* Sets the previous sample: the value at the last time before the window at which any of them has a sample. */
static void set_previous(struct lp_series_object *result, struct walk walk, PyObject *const *others, Py_ssize_t count,
                         lp_time first)
{
	lp_time before = result->window.start != LP_TIME_NONE ? result->window.start : first, time = LP_TIME_NONE;

	result->has_previous = false;
	if (before == LP_TIME_NONE)
		return;
	for (Py_ssize_t i = 0; i < count; i++) {
		const struct lp_series_object *other = (struct lp_series_object *)others[i];

		if (other->has_previous && other->previous.time < before && other->previous.time > time)
			time = other->previous.time;
	}
	(void)walk_to(&walk, before - 1);
	if (!walk.known || walk.last.time >= before)
		return;
	time = time > walk.last.time ? time : walk.last.time;
	if (!walk_to(&walk, time))
		return;
	result->has_previous = true;
	result->previous = walk.last;
	result->previous.time = time;
}

/* Finds the least interval: of all Series whose times are used, the one sampled most often decides. */
static int64_t find_least_interval(PyObject *const *others, Py_ssize_t count)
{
	int64_t least = 0;

	for (Py_ssize_t i = 0; i < count; i++) {
		int64_t interval = ((struct lp_series_object *)others[i])->interval;

		if (interval > 0 && (least == 0 || interval < least))
			least = interval;
	}
	return least;
}

static bool parse_at(struct lp_rule_state *state, PyObject *const *arguments, Py_ssize_t count, PyObject *names,
                     int64_t *hold)
{
	static const struct lp_keyword keywords[] = { { "hold", NULL, NULL }, { 0 } };
	union lp_keyword_value value = { .number = -INFINITY };

	if (count == 0) {
		PyErr_SetString(PyExc_TypeError, "at() takes the Series at whose times the values are wanted");
		return false;
	}
	for (Py_ssize_t i = 0; i < count; i++) {
		if (!lp_is_series(state, arguments[i])) {
			PyErr_Format(PyExc_TypeError, "at() takes Series, not %s", Py_TYPE(arguments[i])->tp_name);
			return false;
		}
	}
	if (!lp_keywords_parse("at", keywords, &value, arguments + count, 0, names))
		return false;
	if (value.number != -INFINITY && !(value.number >= 0)) {
		PyErr_SetString(PyExc_ValueError, "at(): hold must be a number of seconds, 0 or more, or None");
		return false;
	}
	*hold = value.number < 0 ? -1 : value.number > 1e12 ? INT64_MAX : (int64_t)rint(value.number * 1e6);
	return true;
}

PyObject *lp_series_at(PyObject *self, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
	struct lp_rule_state *state = lp_state_of(self);
	struct lp_series_object *series = (struct lp_series_object *)self, *first, *result;
	struct walk walk;
	size_t time_count, known = 0;
	lp_time *times;
	int64_t hold;

	if (!parse_at(state, arguments, count, names, &hold))
		return NULL;
	times = merge_times(arguments, count, &time_count);
	result = times == NULL ? NULL : lp_series_allocate(state, time_count, true);
	if (result == NULL) {
		PyMem_Free(times);
		return NULL;
	}
	walk = walk_begin(series, hold);
	for (size_t i = 0; i < time_count; i++) {
		bool holds = walk_to(&walk, times[i]);

		known += holds;
		result->column.time[i] = times[i];
		result->column.value[i] = holds ? walk.last.value : NAN;
		result->column.quality[i] = holds ? walk.last.quality : (uint8_t)LP_QUALITY_GOOD;
	}
	if (time_count > 0)
		lp_rule_lower_coverage(state, (double)known / (double)time_count);
	first = (struct lp_series_object *)arguments[0];
	lp_series_describe(state, result, series);
	result->window = first->window;
	Py_CLEAR(result->origin);
	Py_CLEAR(result->no_samples);
	Py_CLEAR(result->earlier);
	Py_XSETREF(result->window_object, Py_XNewRef(first->window_object));
	result->interval = find_least_interval(arguments, count);
	set_previous(result, walk_begin(series, hold), arguments, count, time_count > 0 ? times[0] : LP_TIME_NONE);
	PyMem_Free(times);
	return (PyObject *)result;
}

/* Finds the moments at which a value of the Series ceases to hold, because it is too old. */
static PyObject *find_ends(struct lp_rule_state *state, const struct lp_series_object *series)
{
	const struct lp_column *column = &series->column;
	struct lp_series_object *ends = lp_series_allocate(state, column->count + 1, false);
	bool window = series->window.start != LP_TIME_NONE, known = series->has_previous;
	int64_t hold = lp_series_hold(series->interval);
	lp_time last = series->previous.time;
	size_t count = 0;

	if (ends == NULL)
		return NULL;
	for (size_t i = 0; series->no_samples == NULL && i <= column->count; i++) {
		lp_time next = i < column->count ? column->time[i] : series->window.end;

		if (i == column->count ? !window : lp_sample_is_missing(column->value[i], lp_series_quality(series, i)))
			continue;
		if (known && next - last > hold) {
			lp_time end = last + hold + 1;

			end = window && end < series->window.start ? series->window.start : end;
			ends->column.value[count] = NAN;
			ends->column.time[count] = end;
			count += end < next;
		}
		known = true;
		last = next;
	}
	ends->column.count = count;
	return (PyObject *)ends;
}

bool lp_series_hold_both(struct lp_rule_state *state, struct lp_series_object *left, struct lp_series_object *right,
                         PyObject *both[2])
{
	PyObject *others[] = { (PyObject *)left, (PyObject *)right, find_ends(state, left), find_ends(state, right) };
	double coverage = state->coverage;

	both[0] = both[1] = NULL;
	if (others[2] != NULL && others[3] != NULL) {
		both[0] = lp_series_at(others[0], others, 4, NULL);
		both[1] = both[0] == NULL ? NULL : lp_series_at(others[1], others, 4, NULL);
	}
	Py_XDECREF(others[2]);
	Py_XDECREF(others[3]);
	/* lp_series_at() has counted known moments; here the known time counts, once the rule asks for it. */
	state->coverage = coverage;
	if (both[1] != NULL)
		return true;
	Py_CLEAR(both[0]);
	return false;
}
