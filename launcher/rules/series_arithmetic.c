/*
 * + - * / // % ** and comparisons of Series with numbers and with each other,
 * sample by sample.
 *
 * Each operation is a loop over blocks that the compiler can turn into vector
 * instructions; a number takes part as a block full of it.  Samples that are
 * missing on either side become NaN in a pass afterwards.
 *
 * Runs wherever Python does, with the GIL held.
 */
#include "rules/series.h"
#include "rules/units.h"

enum { BLOCK = 256 };

typedef void (*kernel)(double *restrict result, const double *left, const double *right, size_t count);

#define KERNEL(name_, expression_)                                                                                     \
	static void name_(double *restrict result, const double *left, const double *right, size_t count)              \
	{                                                                                                              \
		for (size_t i = 0; i < count; i++) {                                                                   \
			double a = left[i], b = right[i];                                                              \
			result[i] = (expression_);                                                                     \
		}                                                                                                      \
	}

/* These compute Python's % and //: rounded towards minus infinity, with the sign of the divisor. */
static inline double python_remainder(double a, double b)
{
	double rest = fmod(a, b);

	if (rest != 0)
		return (b < 0) != (rest < 0) ? rest + b : rest;
	return copysign(0.0, b);
}

static inline double python_floor_divide(double a, double b)
{
	double quotient = (a - python_remainder(a, b)) / b, down = floor(quotient);

	if (quotient == 0)
		return copysign(0.0, a / b);
	return quotient - down > 0.5 ? down + 1 : down;
}

/* A result that is no real number is NaN, and so missing: a division by zero, a root of a negative number. */
KERNEL(add, a + b)
KERNEL(subtract, a - b)
KERNEL(multiply, a *b)
KERNEL(divide, b == 0 ? NAN : a / b)
KERNEL(floor_divide, b == 0 ? NAN : python_floor_divide(a, b))
KERNEL(remainder_of, b == 0 ? NAN : python_remainder(a, b))
KERNEL(power, a == 0 && b < 0 ? NAN : pow(a, b))
KERNEL(less, a < b ? 1.0 : 0.0)
KERNEL(less_or_equal, a <= b ? 1.0 : 0.0)
KERNEL(equal, a == b ? 1.0 : 0.0)
KERNEL(not_equal, a != b ? 1.0 : 0.0)
KERNEL(greater, a > b ? 1.0 : 0.0)
KERNEL(greater_or_equal, a >= b ? 1.0 : 0.0)
KERNEL(absolute, fabs(a) + 0 * b)

/* The unit of the result. */
enum unit_rule {
	UNIT_KEPT,        /* that of the one Series, or the one that both have */
	UNIT_OF_FACTOR,   /* that of the Series if the other side is a number, else none */
	UNIT_OF_DIVIDEND, /* that of the Series if the right side is a number, else none */
	UNIT_NONE,
};

/* The zeros of the unit in a value of the result (struct lp_series_object). */
enum zero_rule {
	ZEROS_UNKNOWN,
	ZEROS_ADDED,
	ZEROS_SUBTRACTED,
	ZEROS_MULTIPLIED, /* by a number */
	ZEROS_DIVIDED,
	ZEROS_OF_DIFFERENCE, /* none in the absolute value of a difference, else not known */
};

struct operation {
	const char *symbol;
	kernel apply;
	enum unit_rule unit;
	enum zero_rule zeros;
	bool same_unit; /* two Series must have one unit, because they are added or compared */
};

static inline bool is_missing_at(const struct lp_column *column, size_t index)
{
	return lp_sample_is_missing(column->value[index],
	                            column->quality == NULL ? (uint8_t)LP_QUALITY_GOOD : column->quality[index]);
}

static void blank_missing(struct lp_series_object *result, struct lp_series_object *operand)
{
	if (lp_series_missing(operand) == 0)
		return;
	for (size_t i = 0; i < operand->column.count; i++)
		if (is_missing_at(&operand->column, i))
			result->column.value[i] = NAN;
}

/*
 * Computes the previous sample of the result, so that (power / 1000).integral()
 * knows as much about the time before the first sample as power.integral().
 */
static void apply_to_previous(struct lp_series_object *result, const struct operation *operation,
                              const struct lp_series_object *left, const struct lp_series_object *right, double number)
{
	const struct lp_series_object *either = left != NULL ? left : right;
	double a = left == NULL ? number : left->previous.value, b = right == NULL ? number : right->previous.value;
	lp_time later, left_end, right_end;
	double value;

	result->has_previous = false;
	if ((left != NULL && !left->has_previous) || (right != NULL && !right->has_previous))
		return;
	operation->apply(&value, &a, &b, 1);
	result->has_previous = isfinite(value) && !((left == NULL || right == NULL) && isnan(number));
	result->previous = either->previous;
	result->previous.value = value;
	if (left == NULL || right == NULL)
		return;
	if (right->previous.quality > left->previous.quality)
		result->previous.quality = right->previous.quality;
	/* At the time of the later of the two samples the earlier one must still hold. */
	later = left->previous.time > right->previous.time ? left->previous.time : right->previous.time;
	if (!lp_series_holds(left, left->previous.time, later) ||
	    !lp_series_holds(right, right->previous.time, later)) {
		result->has_previous = false;
		return;
	}
	result->previous.time = later;
	if (left->no_samples != NULL || right->no_samples != NULL)
		return;
	/* The result ceases to hold when the first of the two does. */
	left_end = left->previous.time + lp_series_hold(left->interval);
	right_end = right->previous.time + lp_series_hold(right->interval);
	result->previous.time = (left_end < right_end ? left_end : right_end) - lp_series_hold(result->interval);
}

/* Rounds away an error of rounding: 0.1 + 0.2 + 0.7 zeros are one. */
static double round_zeros(double zeros)
{
	return fabs(zeros - rint(zeros)) < 1e-9 ? rint(zeros) : zeros;
}

/*
 * Decides whether a number that is added is a difference or a reading.  x + 5 is a
 * reading as x is, so 5 is a difference.  20 - x is a difference, so 20 is a
 * reading.  Of x - 5, and of 20 and a difference, it is not known.
 */
static double choose_zeros(double if_difference, double if_reading)
{
	bool may_be_difference = if_difference == 0 || if_difference == 1;
	bool may_be_reading = if_reading == 0 || if_reading == 1;

	if (may_be_difference == may_be_reading)
		return NAN;
	return may_be_difference ? if_difference : if_reading;
}

static double zeros_with_number(enum zero_rule rule, double zeros, double number, bool number_is_left)
{
	switch (rule) {
	case ZEROS_ADDED:
		return choose_zeros(zeros, zeros + 1);
	case ZEROS_SUBTRACTED:
		return number_is_left ? choose_zeros(-zeros, 1 - zeros) : choose_zeros(zeros, zeros - 1);
	case ZEROS_MULTIPLIED:
		return round_zeros(zeros * number);
	case ZEROS_DIVIDED:
		return number_is_left ? NAN : round_zeros(zeros / number);
	case ZEROS_OF_DIFFERENCE:
		return zeros == 0 ? 0 : NAN;
	case ZEROS_UNKNOWN:
		break;
	}
	return NAN;
}

/* Returns true if the number may have converted the unit: not by averaging readings or changing the sign. */
static bool is_scaled(enum zero_rule rule, double zeros, double number)
{
	return (rule == ZEROS_MULTIPLIED || rule == ZEROS_DIVIDED) && zeros != 1 && fabs(number) != 1;
}

static double zeros_with_series(enum zero_rule rule, double left, double right)
{
	return rule == ZEROS_ADDED        ? round_zeros(left + right)
	       : rule == ZEROS_SUBTRACTED ? round_zeros(left - right)
	                                  : NAN;
}

/* Returns the unit without making an object of it; NULL: an exception is set. */
static const char *unit_text(const struct lp_series_object *series)
{
	if (series->unit != NULL)
		return PyUnicode_AsUTF8(series->unit);
	return series->input == NULL || series->input->unit == NULL ? "" : series->input->unit;
}

/* Returns true if two texts name one unit: degC and °C, kWh and kW h. */
static bool is_same_unit(const char *one, const char *other)
{
	struct lp_error error = { 0 };
	double scale, offset;

	return strcmp(one, other) == 0 ||
	       (one[0] != '\0' && other[0] != '\0' && lp_unit_conversion(one, other, &scale, &offset, &error) &&
	        scale == 1 && offset == 0);
}

/*
 * Finds the unit that both have: *unit stays NULL where it is simply the left
 * one's, and is "" where they have none in common.  A unit and that of its
 * differences are one, and the result has the unit.
 */
static bool find_common_unit(struct lp_rule_state *state, struct lp_series_object *left, struct lp_series_object *right,
                             PyObject **unit)
{
	const char *one = unit_text(left), *other = one == NULL ? NULL : unit_text(right);

	*unit = NULL;
	if (one == NULL || other == NULL)
		return false;
	if (strcmp(one, other) == 0)
		return true;
	if (!is_same_unit(lp_unit_stem(one), lp_unit_stem(other)))
		*unit = Py_NewRef(state->empty);
	else
		*unit = lp_series_unit(lp_unit_is_difference(one) ? right : left);
	return *unit != NULL;
}

static bool describe_result(struct lp_rule_state *state, struct lp_series_object *result, enum unit_rule rule,
                            struct lp_series_object *left, struct lp_series_object *right)
{
	struct lp_series_object *either = left != NULL ? left : right;
	bool keep = rule == UNIT_KEPT || (rule == UNIT_OF_FACTOR && (left == NULL || right == NULL)) ||
	            (rule == UNIT_OF_DIVIDEND && right == NULL);
	PyObject *unit = NULL;

	if (!keep)
		unit = Py_NewRef(state->empty);
	else if (left != NULL && right != NULL && !find_common_unit(state, left, right, &unit))
		return false;
	lp_series_describe(state, result, either);
	Py_CLEAR(result->earlier);
	/* The result of two Series holds as long as both do. */
	if (left != NULL && right != NULL && lp_series_hold(right->interval) < lp_series_hold(left->interval))
		result->interval = right->interval;
	Py_XSETREF(result->name, Py_NewRef(state->empty));
	Py_XSETREF(result->attributes, Py_NewRef(state->empty_mapping));
	if (unit != NULL)
		Py_XSETREF(result->unit, unit);
	return true;
}

static PyObject *operate_with_number(struct lp_rule_state *state, const struct operation *operation,
                                     struct lp_series_object *series, double number, bool number_is_left)
{
	const struct lp_column *column = &series->column;
	struct lp_series_object *result = lp_series_allocate(state, column->count, column->quality != NULL);
	double block[BLOCK];

	if (result == NULL)
		return NULL;
	for (size_t i = 0; i < BLOCK; i++)
		block[i] = number;
	for (size_t i = 0; i < column->count; i += BLOCK) {
		size_t count = column->count - i < BLOCK ? column->count - i : BLOCK;
		const double *values = column->value + i;

		operation->apply(result->column.value + i, number_is_left ? block : values,
		                 number_is_left ? values : block, count);
	}
	if (isnan(number))
		for (size_t i = 0; i < column->count; i++)
			result->column.value[i] = NAN;
	if (column->count > 0) {
		memcpy(result->column.time, column->time, column->count * sizeof *column->time);
		if (column->quality != NULL)
			memcpy(result->column.quality, column->quality, column->count);
	}
	blank_missing(result, series);
	if (!describe_result(state, result, operation->unit, number_is_left ? NULL : series,
	                     number_is_left ? series : NULL)) {
		Py_DECREF(result);
		return NULL;
	}
	result->zeros = zeros_with_number(operation->zeros, series->zeros, number, number_is_left);
	result->scaled = result->zeros != 1 && (series->scaled || is_scaled(operation->zeros, result->zeros, number));
	apply_to_previous(result, operation, number_is_left ? NULL : series, number_is_left ? series : NULL, number);
	if (series->earlier != NULL) {
		result->earlier = operate_with_number(state, operation, (struct lp_series_object *)series->earlier,
		                                      number, number_is_left);
		if (result->earlier == NULL)
			Py_CLEAR(result);
	}
	return (PyObject *)result;
}

/* Makes a Series of the samples whose times the other has too. */
static struct lp_series_object *select_common_times(struct lp_rule_state *state, struct lp_series_object *series,
                                                    const struct lp_column *other)
{
	const struct lp_column *column = &series->column;
	struct lp_series_object *common = lp_series_allocate(
		state, column->count < other->count ? column->count : other->count, column->quality != NULL);
	size_t count = 0;

	if (common == NULL)
		return NULL;
	for (size_t i = 0, j = 0; i < column->count && j < other->count;) {
		if (column->time[i] < other->time[j]) {
			i++;
		} else if (column->time[i] > other->time[j]) {
			j++;
		} else {
			lp_series_copy_sample(common, count++, series, i++);
			j++;
		}
	}
	common->column.count = count;
	if (count != column->count)
		lp_series_set_origin(common, series);
	lp_series_describe(state, common, series);
	return common;
}

/* Refuses to add or compare values of one quantity in different units.  False: an exception is set. */
static bool check_units(const struct operation *operation, struct lp_series_object *left,
                        struct lp_series_object *right)
{
	const char *a = unit_text(left), *b = a == NULL ? NULL : unit_text(right);
	struct lp_error error = { 0 };
	double scale, offset;

	if (a == NULL || b == NULL)
		return false;
	/* A Series that was multiplied by a number may have been converted by it. */
	if (strcmp(a, b) == 0 || a[0] == '\0' || b[0] == '\0' || left->scaled || right->scaled ||
	    strcmp(lp_unit_stem(a), lp_unit_stem(b)) == 0 ||
	    !lp_unit_conversion(lp_unit_stem(a), lp_unit_stem(b), &scale, &offset, &error) ||
	    (scale == 1 && offset == 0))
		return true;
	PyErr_Format(PyExc_ValueError,
	             "%s of a Series in %s and one in %s: convert one of them first, a %s b.to(\"%s\")",
	             operation->symbol, a, b, operation->symbol, a);
	return false;
}

static PyObject *operate_with_series(struct lp_rule_state *state, const struct operation *operation,
                                     struct lp_series_object *left, struct lp_series_object *right);

/* Computes at each time that either has, with the value that the other holds then. */
static PyObject *operate_over_time(struct lp_rule_state *state, const struct operation *operation,
                                   struct lp_series_object *left, struct lp_series_object *right)
{
	PyObject *text = left->no_samples != NULL    ? Py_NewRef(left->no_samples)
	                 : right->no_samples != NULL ? Py_NewRef(right->no_samples)
	                                             : lp_series_describe_difference(left, right, operation->symbol);
	PyObject *both[2], *result = NULL;

	if (text == NULL)
		return NULL;
	if (left->window.start != right->window.start ||
	    (left->window.start != LP_TIME_NONE && left->window.end != right->window.end)) {
		PyErr_Format(
			PyExc_ValueError,
			"%s of two Series whose times differ, and their windows too: what one holds in the other's "
			"window is not known; compare numbers, or give both one window (between(), or window= of one "
			"that the rule makes)",
			operation->symbol);
	} else if (lp_series_hold_both(state, left, right, both)) {
		result = operate_with_series(state, operation, (struct lp_series_object *)both[0],
		                             (struct lp_series_object *)both[1]);
		Py_DECREF(both[0]);
		Py_DECREF(both[1]);
	}
	if (result != NULL)
		Py_XSETREF(((struct lp_series_object *)result)->no_samples, Py_NewRef(text));
	Py_DECREF(text);
	return result;
}

static PyObject *operate_with_series(struct lp_rule_state *state, const struct operation *operation,
                                     struct lp_series_object *left, struct lp_series_object *right)
{
	struct lp_series_object *a = NULL, *b = NULL, *result = NULL;
	bool quality;

	if (operation->same_unit && !check_units(operation, left, right))
		return NULL;
	if (lp_series_same_times(&left->column, &right->column)) {
		a = (struct lp_series_object *)Py_NewRef(left);
		b = (struct lp_series_object *)Py_NewRef(right);
	} else if (!lp_series_can_join(state, left, right)) {
		return operate_over_time(state, operation, left, right);
	} else {
		a = select_common_times(state, left, &right->column);
		b = a == NULL ? NULL : select_common_times(state, right, &left->column);
	}
	if (a == NULL || b == NULL)
		goto done;
	quality = a->column.quality != NULL || b->column.quality != NULL;
	result = lp_series_allocate(state, a->column.count, quality);
	if (result == NULL)
		goto done;
	operation->apply(result->column.value, a->column.value, b->column.value, a->column.count);
	for (size_t i = 0; i < a->column.count; i++)
		result->column.time[i] = a->column.time[i];
	for (size_t i = 0; quality && i < a->column.count; i++) {
		uint8_t one = lp_series_quality(a, i), other = lp_series_quality(b, i);

		result->column.quality[i] = one > other ? one : other;
	}
	blank_missing(result, a);
	blank_missing(result, b);
	if (!describe_result(state, result, operation->unit, a, b)) {
		Py_CLEAR(result);
		goto done;
	}
	result->zeros = zeros_with_series(operation->zeros, a->zeros, b->zeros);
	result->scaled = a->scaled || b->scaled;
	if (result->no_samples == NULL)
		result->no_samples = Py_XNewRef(b->no_samples);
	apply_to_previous(result, operation, a, b, 0);
done:
	Py_XDECREF(a);
	Py_XDECREF(b);
	return (PyObject *)result;
}

/* Returns 1 if the object is a number, 0 if it is none, -1 with an exception set. */
static int get_number(PyObject *object, double *number)
{
	if (!PyFloat_Check(object) && !PyLong_Check(object) &&
	    (Py_TYPE(object)->tp_as_number == NULL || Py_TYPE(object)->tp_as_number->nb_float == NULL))
		return 0;
	*number = PyFloat_AsDouble(object);
	return *number == -1.0 && PyErr_Occurred() ? -1 : 1;
}

/* Computes an operation of which one side is a Series, and the other any object. */
static PyObject *operate(const struct operation *operation, PyObject *left, PyObject *right)
{
	/* The state, with the type Series, is known only from a Series; this function is in no other type. */
	bool left_is_series = Py_TYPE(left)->tp_dealloc == lp_series_dealloc;
	struct lp_rule_state *state = lp_state_of(left_is_series ? left : right);
	PyObject *other = left_is_series ? right : left;
	double number;

	if (left_is_series && lp_is_series(state, right))
		return operate_with_series(state, operation, (struct lp_series_object *)left,
		                           (struct lp_series_object *)right);
	switch (get_number(other, &number)) {
	case 1:
		return operate_with_number(state, operation, (struct lp_series_object *)(left_is_series ? left : right),
		                           number, !left_is_series);
	case 0:
		Py_RETURN_NOTIMPLEMENTED;
	default:
		return NULL;
	}
}

#define OPERATOR(name_, symbol_, kernel_, unit_, zeros_, same_unit_)                                                   \
	PyObject *lp_series_##name_(PyObject *left, PyObject *right)                                                   \
	{                                                                                                              \
		static const struct operation operation = {                                                            \
			.symbol = symbol_, .apply = kernel_, .unit = unit_, .zeros = zeros_, .same_unit = same_unit_   \
		};                                                                                                     \
		return operate(&operation, left, right);                                                               \
	}
OPERATOR(add, "+", add, UNIT_KEPT, ZEROS_ADDED, true)
OPERATOR(subtract, "-", subtract, UNIT_KEPT, ZEROS_SUBTRACTED, true)
OPERATOR(multiply, "*", multiply, UNIT_OF_FACTOR, ZEROS_MULTIPLIED, false)
OPERATOR(divide, "/", divide, UNIT_OF_DIVIDEND, ZEROS_DIVIDED, false)
OPERATOR(floor_divide, "//", floor_divide, UNIT_NONE, ZEROS_UNKNOWN, false)
OPERATOR(remainder, "%", remainder_of, UNIT_KEPT, ZEROS_UNKNOWN, true)

PyObject *lp_series_power(PyObject *left, PyObject *right, PyObject *modulus)
{
	static const struct operation operation = { .symbol = "**", .apply = power, .unit = UNIT_NONE };

	if (modulus != Py_None) {
		PyErr_SetString(PyExc_TypeError, "pow() of a Series takes no modulus");
		return NULL;
	}
	return operate(&operation, left, right);
}

#define COMPARISON(symbol_, kernel_)                                                                                   \
	{                                                                                                              \
		.symbol = (symbol_), .apply = (kernel_), .unit = UNIT_NONE, .same_unit = true                          \
	}
PyObject *lp_series_compare(PyObject *left, PyObject *right, int code)
{
	static const struct operation operations[] = {
		[Py_LT] = COMPARISON("<", less),    [Py_LE] = COMPARISON("<=", less_or_equal),
		[Py_EQ] = COMPARISON("==", equal),  [Py_NE] = COMPARISON("!=", not_equal),
		[Py_GT] = COMPARISON(">", greater), [Py_GE] = COMPARISON(">=", greater_or_equal),
	};

	return operate(&operations[code], left, right);
}

PyObject *lp_series_negative(PyObject *self)
{
	static const struct operation operation = {
		.symbol = "*", .apply = multiply, .unit = UNIT_KEPT, .zeros = ZEROS_MULTIPLIED
	};

	return operate_with_number(lp_state_of(self), &operation, (struct lp_series_object *)self, -1.0, false);
}

PyObject *lp_series_positive(PyObject *self)
{
	return Py_NewRef(self);
}

PyObject *lp_series_absolute(PyObject *self)
{
	static const struct operation operation = {
		.symbol = "abs", .apply = absolute, .unit = UNIT_KEPT, .zeros = ZEROS_OF_DIFFERENCE
	};

	return operate_with_number(lp_state_of(self), &operation, (struct lp_series_object *)self, 0.0, false);
}

PyObject *lp_series_scale(struct lp_series_object *series, double scale, double offset, PyObject *unit)
{
	static const struct operation times = { .symbol = "*", .apply = multiply, .unit = UNIT_KEPT },
				      by = { .symbol = "/", .apply = divide, .unit = UNIT_KEPT },
				      plus = { .symbol = "+", .apply = add, .unit = UNIT_KEPT };
	struct lp_rule_state *state = lp_state_of((PyObject *)series);
	const char *text = PyUnicode_AsUTF8(unit);
	double divisor = lp_unit_divisor(scale);
	PyObject *result = text == NULL ? NULL
	                                : operate_with_number(state, divisor != 0 ? &by : &times, series,
	                                                      divisor != 0 ? divisor : scale, false);

	if (result != NULL && offset != 0)
		Py_SETREF(result, operate_with_number(state, &plus, (struct lp_series_object *)result, offset, false));
	if (result != NULL) {
		struct lp_series_object *scaled = (struct lp_series_object *)result;

		/* The result is the same quantity in another unit. */
		Py_XSETREF(scaled->name, Py_XNewRef(series->name));
		Py_XSETREF(scaled->attributes, Py_XNewRef(series->attributes));
		Py_XSETREF(scaled->unit, Py_NewRef(unit));
		scaled->zeros = lp_unit_is_difference(text) ? 0 : series->zeros;
		scaled->scaled = false;
		/* A value that became infinite or NaN is one more that is missing. */
		if (lp_series_missing(scaled) > lp_series_missing(series)) {
			Py_CLEAR(result);
			PyErr_Format(PyExc_OverflowError, "in %U values are beyond the range of a float", unit);
		}
	}
	return result;
}
