/*
 * Conversion of units.
 *
 * Reading the database of units takes as long as starting an interpreter, and a
 * run that computes a thousand means needs one conversion.  So the build computes
 * the conversions between units that are usual in plants
 * (build/usual_conversions.c), by the function that finds the others at run time.
 *
 * Runs in any process, in any thread.
 */
#include "rules/units.h"

#include "model/memory.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct conversion {
	char *from, *to;
	double scale, offset;
	struct conversion *next;
};

/* Conversions found at run time.  The lock guards UDUNITS too. */
static struct {
	pthread_mutex_t lock;
	struct conversion *found;
} conversions = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int compare_units(const void *key, const void *item)
{
	const struct lp_usual_conversion *one = key, *other = item;
	int order = strcmp(one->from, other->from);

	return order != 0 ? order : strcmp(one->to, other->to);
}

static const struct lp_usual_conversion *find_usual(const char *from, const char *to)
{
	struct lp_usual_conversion key = { .from = from, .to = to };

	return bsearch(&key, lp_usual_conversions, lp_usual_conversion_count, sizeof key, compare_units);
}

static bool find_other(const char *from, const char *to, double *scale, double *offset, struct lp_error *error)
{
	struct conversion *known;
	bool ok = true;

	pthread_mutex_lock(&conversions.lock);
	for (known = conversions.found; known != NULL; known = known->next)
		if (strcmp(known->from, from) == 0 && strcmp(known->to, to) == 0)
			break;
	if (known == NULL && (ok = lp_unit_find(from, to, scale, offset, error))) {
		known = lp_allocate(sizeof *known);
		*known = (struct conversion){ .from = lp_copy_text(from),
			                      .to = lp_copy_text(to),
			                      .scale = *scale,
			                      .offset = *offset,
			                      .next = conversions.found };
		conversions.found = known;
	}
	if (known != NULL) {
		*scale = known->scale;
		*offset = known->offset;
	}
	pthread_mutex_unlock(&conversions.lock);
	return ok;
}

/* Finds a conversion between units as they are written, whatever quantity they have. */
static bool find_conversion(const char *from, const char *to, double *scale, double *offset, struct lp_error *error)
{
	const struct lp_usual_conversion *usual;

	*scale = 1;
	*offset = 0;
	if (strcmp(from, to) == 0)
		return true;
	usual = find_usual(from, to);
	if (usual == NULL)
		return find_other(from, to, scale, offset, error);
	*scale = usual->scale;
	*offset = usual->offset;
	return true;
}

static const char delta[] = "delta_";
enum { DELTA_LENGTH = sizeof delta - 1 };

bool lp_unit_is_difference(const char *unit)
{
	return strncmp(unit, delta, DELTA_LENGTH) == 0;
}

const char *lp_unit_stem(const char *unit)
{
	return lp_unit_is_difference(unit) ? unit + DELTA_LENGTH : unit;
}

bool lp_unit_has_zero(const char *unit)
{
	struct lp_error error = { 0 };
	char difference[LP_UNIT_TEXT_SIZE];
	double scale, offset;
	int length = snprintf(difference, sizeof difference, "%s%s", delta, unit);

	/* A text that is no unit, or longer than any unit, has no zero. */
	if (unit[0] == '\0' || lp_unit_is_difference(unit) || length >= (int)sizeof difference)
		return false;
	return find_conversion(unit, difference, &scale, &offset, &error) && offset != 0;
}

/* Copies a unit without blanks, dots and parentheses between its factors. */
static void squeeze(const char *unit, char text[LP_UNIT_TEXT_SIZE])
{
	size_t length = 0;

	for (; *unit != '\0' && length < LP_UNIT_TEXT_SIZE - 1; unit++) {
		if (strchr(" *.()", *unit) != NULL)
			continue;
		if ((unsigned char)unit[0] == 0xc2 && (unsigned char)unit[1] == 0xb7) {
			unit++; /* a middle dot */
			continue;
		}
		text[length++] = *unit;
	}
	text[length] = '\0';
}

/* Returns true if `to` is written as the unit times the time, or the unit as `to` per time. */
static bool is_product(const char *unit, const char *per, const char *to)
{
	char product[LP_UNIT_TEXT_SIZE], one[LP_UNIT_TEXT_SIZE], other[LP_UNIT_TEXT_SIZE];

	squeeze(lp_unit_over_time(unit, per, product), one);
	squeeze(to, other);
	if (strcmp(one, other) == 0)
		return true;
	(void)snprintf(product, sizeof product, "%s/%s", to, per);
	squeeze(product, one);
	squeeze(unit, other);
	return strcmp(one, other) == 0;
}

/* Makes an integral over time a plain quantity.  Returns 1 if it is in `to` already, 0 to go on, -1 with an error. */
static int integrate(struct lp_quantity *from, const char *to, char text[LP_UNIT_TEXT_SIZE], struct lp_error *error)
{
	if (strlen(from->unit) + 10 > LP_UNIT_TEXT_SIZE || strlen(to) + 10 > LP_UNIT_TEXT_SIZE) {
		lp_fail(error, LP_EXIT_DATA, "\"%s\" is no unit that is known", from->unit);
		return -1;
	}
	if (is_product(from->unit, from->per, to))
		return 1;
	if (from->zeros != 0 && lp_unit_has_zero(from->unit)) {
		lp_fail(error, LP_EXIT_DATA,
		        "the integral of readings in %s over time is no %s: %s has a zero of its own; convert the series "
		        "first, or take differences",
		        from->unit, to, from->unit);
		return -1;
	}
	*from = (struct lp_quantity){ .unit = lp_unit_over_time(from->unit, from->per, text) };
	return 0;
}

static bool convert(struct lp_quantity from, const char *to, bool stored, double *scale, double *offset,
                    struct lp_error *error)
{
	char product[LP_UNIT_TEXT_SIZE];

	*scale = 1;
	*offset = 0;
	if (lp_unit_is_difference(from.unit)) {
		from.unit = lp_unit_stem(from.unit);
		from.zeros = 0;
	}
	if (from.per != NULL) {
		int status = integrate(&from, to, product, error);

		if (status != 0)
			return status > 0;
	}
	if (!find_conversion(from.unit, lp_unit_stem(to), scale, offset, error))
		return false;
	if (lp_unit_is_difference(to)) {
		*offset = 0;
		return from.zeros == 0 || !lp_unit_has_zero(from.unit) ||
		       lp_fail(error, LP_EXIT_DATA, "cannot convert readings in %s to %s, which is for differences",
		               from.unit, to);
	}
	if (from.zeros == 0) {
		*offset = 0;
		return !stored || !lp_unit_has_zero(to) ||
		       lp_fail(error, LP_EXIT_DATA,
		               "a difference in %s is no reading in %s: a unit for differences is needed, %s%s or one "
		               "without a zero of its own (K of temperatures, bar of pressures)",
		               from.unit, to, delta, to);
	}
	return *offset == 0 || from.zeros == 1 ||
	       lp_fail(error, LP_EXIT_DATA,
	               "cannot convert %s to %s: after adding, subtracting or multiplying with numbers it is not "
	               "known whether these are readings or differences; convert first, x.to(\"%s\"), then compute",
	               from.unit, to, to);
}

bool lp_quantity_conversion(const struct lp_quantity *from, const char *to, double *scale, double *offset,
                            struct lp_error *error)
{
	return convert(*from, to, false, scale, offset, error);
}

bool lp_quantity_stored_conversion(const struct lp_quantity *from, const char *to, double *scale, double *offset,
                                   struct lp_error *error)
{
	return convert(*from, to, true, scale, offset, error);
}

bool lp_unit_conversion(const char *from, const char *to, double *scale, double *offset, struct lp_error *error)
{
	struct lp_quantity quantity = { .unit = from, .zeros = 1 };

	return convert(quantity, to, true, scale, offset, error);
}
