/*
 * Conversion of units, for rules in any thread.
 *
 * To read the database of units takes as long as to start an interpreter, and a
 * run that computes a thousand means needs one conversion out of it.  So those
 * between the units that plants usually have are computed when the program is
 * built (build/usual_conversions.c), by the same function that finds the others.
 */
#include "python/units.h"

#include "model/memory.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct conversion {
	char *from, *to;
	double scale, offset;
	struct conversion *next;
};

/* Those that were asked for and are not usual; UDUNITS, too, is under the lock. */
static struct {
	pthread_mutex_t lock;
	struct conversion *found;
} conversions = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int compare(const void *key, const void *item)
{
	const struct lp_usual_conversion *one = key, *other = item;
	int order = strcmp(one->from, other->from);

	return order != 0 ? order : strcmp(one->to, other->to);
}

static const struct lp_usual_conversion *find_usual(const char *from, const char *to)
{
	struct lp_usual_conversion key = { .from = from, .to = to };

	return bsearch(&key, lp_usual_conversions, lp_usual_conversion_count, sizeof key, compare);
}

static bool find_other(const char *from, const char *to, double *scale, double *offset, struct lp_error *error)
{
	struct conversion *known;
	bool good = true;

	pthread_mutex_lock(&conversions.lock);
	for (known = conversions.found; known != NULL; known = known->next) {
		if (strcmp(known->from, from) == 0 && strcmp(known->to, to) == 0)
			break;
	}
	if (known == NULL && (good = lp_unit_find(from, to, scale, offset, error))) {
		known = lp_allocate(sizeof *known);
		*known =
			(struct conversion){ lp_copy_text(from), lp_copy_text(to), *scale, *offset, conversions.found };
		conversions.found = known;
	}
	if (known != NULL) {
		*scale = known->scale;
		*offset = known->offset;
	}
	pthread_mutex_unlock(&conversions.lock);
	return good;
}

bool lp_unit_conversion(const char *from, const char *to, double *scale, double *offset, struct lp_error *error)
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
