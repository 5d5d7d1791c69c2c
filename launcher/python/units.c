/*
 * Conversion of units by UDUNITS-2, with its database inside the executable.
 *
 * The library is not made for threads: one lock is around all of it.  It is
 * loaded when the first conversion is asked for.  It reads its XML files with
 * open(), read() and close(); the build gives these three other names in the
 * library, and here they read from memory.
 */
#include "python/rule_types.h"

#include "model/embedded.h"
#include "model/memory.h"
#include <errno.h>
#include <pthread.h>
#include <udunits2.h>

/* What the library calls in place of the functions of these names. */
int lp_units_open(const char *path, int flags, ...);
ssize_t lp_units_read(int file, void *buffer, size_t size);
int lp_units_close(int file);

/* Files are open one inside the other, by <import>: the lock is held meanwhile. */
enum { OPEN_MOST = 8 };

struct conversion {
	char *from, *to;
	double scale, offset;
	struct conversion *next;
};

/* All under the lock. */
static struct {
	pthread_mutex_t lock;
	ut_system *system;
	struct conversion *conversions;
	struct {
		const struct lp_embedded *file;
		size_t position;
	} open[OPEN_MOST];
} units = { .lock = PTHREAD_MUTEX_INITIALIZER };

int
lp_units_open(const char *path, int flags, ...)
{
	(void)flags;
	for (int i = 0; i < OPEN_MOST; i++) {
		if (units.open[i].file != NULL)
			continue;
		units.open[i].file = lp_embedded_find(path);
		units.open[i].position = 0;
		if (units.open[i].file != NULL)
			return i;
		errno = ENOENT;
		return -1;
	}
	errno = EMFILE;
	return -1;
}

ssize_t
lp_units_read(int file, void *buffer, size_t size)
{
	size_t rest = units.open[file].file->size - units.open[file].position, length = rest < size ? rest : size;

	memcpy(buffer, units.open[file].file->data + units.open[file].position, length);
	units.open[file].position += length;
	return (ssize_t)length;
}

int
lp_units_close(int file)
{
	units.open[file].file = NULL;
	return 0;
}

/*
 * Spellings that are customary in plants and that UDUNITS reads otherwise or
 * not at all.  It has kWh, degC, m3/h, l/s, hPa, kW, mm, % and all SI units
 * with their prefixes by itself.
 */
static const struct {
	const char *customary, *udunits;
} spellings[] = {
	{ "Nm3", "m3" },             /* a gas volume at norm conditions: its ratio to Nm3/h is what is asked for */
	{ "Nm3/h", "m3/h" },
	{ "Nm³", "m3" },
	{ "Nm³/h", "m3/h" },
	{ "bar(a)", "bar" },
	{ "bara", "bar" },
	{ "bar(g)", "bar @ 1.01325" },
	{ "barg", "bar @ 1.01325" },
	{ "mWS", "mH2O" },
	{ "mWC", "mH2O" },
	{ "cbm", "m3" },
	{ "Wh", "W h" },
	{ "kWh", "kW h" },
	{ "MWh", "MW h" },
	{ "GWh", "GW h" },
	{ "kvarh", "kVAr h" },
	{ "var", "W" },
	{ "kvar", "kW" },
	{ "kVA", "kW" },
	{ "rpm", "1/min" },
	{ "m3/d", "m3/day" },
	{ "ML/d", "Ml/day" },
};

static ut_unit *
parse(const char *text)
{
	char *copy = lp_copy_text(text);
	ut_unit *unit;

	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
		if (strcmp(text, spellings[i].customary) == 0) {
			free(copy);
			copy = lp_copy_text(spellings[i].udunits);
			break;
		}
	}
	unit = ut_parse(units.system, ut_trim(copy, UT_UTF8), UT_UTF8);
	free(copy);
	return unit;
}

static bool
load(struct lp_error *error)
{
	if (units.system != NULL)
		return true;
	ut_set_error_message_handler(ut_ignore);
	units.system = ut_read_xml("units/udunits2.xml");
	if (units.system == NULL)
		return lp_fail(error, LP_EXIT_INTERNAL, "the built-in database of units can't be read (UDUNITS status %d)",
		               (int)ut_get_status());
	return true;
}

static bool
find(const char *from, const char *to, double *scale, double *offset, struct lp_error *error)
{
	ut_unit *source, *target = NULL;
	cv_converter *converter = NULL;
	bool good = false;

	if (!load(error))
		return false;
	source = parse(from);
	if (source == NULL) {
		lp_fail(error, LP_EXIT_DATA, "\"%s\" is no unit that is known", from);
		goto done;
	}
	target = parse(to);
	if (target == NULL) {
		lp_fail(error, LP_EXIT_DATA, "\"%s\" is no unit that is known", to);
		goto done;
	}
	if (!ut_are_convertible(source, target)) {
		lp_fail(error, LP_EXIT_DATA, "cannot convert %s to %s: different quantities", from, to);
		goto done;
	}
	converter = ut_get_converter(source, target);
	if (converter == NULL) {
		lp_fail(error, LP_EXIT_DATA, "cannot convert %s to %s", from, to);
		goto done;
	}
	*offset = cv_convert_double(converter, 0.0);
	*scale = cv_convert_double(converter, 1.0) - *offset;
	/* A logarithmic unit is no straight line. */
	double at_1000 = cv_convert_double(converter, 1000.0);

	if (!isfinite(*scale) || !isfinite(*offset) ||
	    fabs(at_1000 - (*scale * 1000.0 + *offset)) > 1e-9 * (fabs(at_1000) + fabs(*offset))) {
		lp_fail(error, LP_EXIT_DATA, "cannot convert %s to %s: it is no scale and offset", from, to);
		goto done;
	}
	good = true;
done:
	cv_free(converter);
	ut_free(source);
	ut_free(target);
	return good;
}

bool
lp_unit_conversion(const char *from, const char *to, double *scale, double *offset, struct lp_error *error)
{
	struct conversion *known;
	bool good = true;

	*scale = 1;
	*offset = 0;
	if (strcmp(from, to) == 0)
		return true;
	pthread_mutex_lock(&units.lock);
	for (known = units.conversions; known != NULL; known = known->next) {
		if (strcmp(known->from, from) == 0 && strcmp(known->to, to) == 0)
			break;
	}
	if (known == NULL && (good = find(from, to, scale, offset, error))) {
		known = lp_allocate(sizeof *known);
		*known = (struct conversion){ lp_copy_text(from), lp_copy_text(to), *scale, *offset, units.conversions };
		units.conversions = known;
	}
	if (known != NULL) {
		*scale = known->scale;
		*offset = known->offset;
	}
	pthread_mutex_unlock(&units.lock);
	return good;
}
