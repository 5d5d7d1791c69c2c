/*
 * Conversion of units by UDUNITS-2, with its database inside the executable.
 *
 * Neither the library nor this file is made for threads.  The database is read for
 * the first conversion.  The library reads its XML files by open(), read() and
 * close(); the build renames these in the library, and here they read from memory.
 *
 * Runs in any process, in one thread at a time.
 */
#include "rules/units.h"

#include "model/embedded.h"
#include "model/memory.h"
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <udunits2.h>

/* Take the places of open, read and close in the library. */
int lp_units_open(const char *path, int flags, ...);
ssize_t lp_units_read(int file, void *buffer, size_t size);
int lp_units_close(int file);

/* Files are open at the same time because one imports the other. */
enum { OPEN_MOST = 8 };

static struct {
	ut_system *system;
	struct {
		const struct lp_embedded *file;
		size_t position;
	} open[OPEN_MOST];
} units;

int lp_units_open(const char *path, int flags, ...)
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

ssize_t lp_units_read(int file, void *buffer, size_t size)
{
	size_t rest = units.open[file].file->size - units.open[file].position, length = rest < size ? rest : size;

	memcpy(buffer, units.open[file].file->data + units.open[file].position, length);
	units.open[file].position += length;
	return (ssize_t)length;
}

int lp_units_close(int file)
{
	units.open[file].file = NULL;
	return 0;
}

/*
 * Units that plants use and UDUNITS does not have.  They take prefixes (kWh, Mvar)
 * and stand within others (kWh/m3).  UDUNITS has degC, m3/h, l/s, hPa, kW, mm, %,
 * t/h, psi and all of the SI.
 */
static const struct {
	const char *symbol, *meaning;
} additions[] = {
	{ "Wh", "W h" },
	{ "VA", "W" },
	{ "VAh", "W h" },
	{ "var", "W" },
	{ "VAr", "W" },
	{ "varh", "W h" },
	{ "VArh", "W h" },
	{ "Wp", "W" },
	{ "Ah", "A h" },
	{ "cbm", "m3" },
	{ "kn", "knot" },
	{ "bara", "bar" },
	{ "barg", "bar @ 1.01325" },
	{ "psia", "psi" },
	{ "psig", "psi @ 14.695948775513" },
	{ "mH2O", "9806.65 Pa" },
	{ "mWS", "9806.65 Pa" },
	{ "mWC", "9806.65 Pa" },
};

/* Spellings that are replaced, because no symbol of UDUNITS can hold their characters, or it means another unit. */
static const struct {
	const char *text, *unit;
} spellings[] = {
	{ "bar(a)", "bara" },
	{ "bar(g)", "barg" },
	{ "mbar(a)", "mbara" },
	{ "mbar(g)", "mbarg" },
	/* A revolution is counted as one, not as radians. */
	{ "rpm", "min-1" },
	/* Volumes of gas at norm conditions convert into each other as m3 do. */
	{ "Nm3", "m3" },
	{ "Nm\xc2\xb3", "m3" },
	{ "Nm^3", "m3" },
};

static ut_unit *parse(const char *text)
{
	struct lp_text plain = { 0 };
	bool begins = true;
	ut_unit *unit;

	while (*text != '\0') {
		size_t i = 0;

		while (i < sizeof spellings / sizeof *spellings &&
		       !(begins && strncmp(text, spellings[i].text, strlen(spellings[i].text)) == 0))
			i++;
		if (i < sizeof spellings / sizeof *spellings) {
			lp_text_add(&plain, spellings[i].unit, strlen(spellings[i].unit));
			text += strlen(spellings[i].text);
			begins = false;
		} else {
			begins = !isalnum((unsigned char)*text) && (unsigned char)*text < 0x80;
			lp_text_add(&plain, text++, 1);
		}
	}
	lp_text_add(&plain, "", 0);
	unit = ut_parse(units.system, ut_trim(plain.data, UT_UTF8), UT_UTF8);
	lp_text_free(&plain);
	return unit;
}

static bool load(struct lp_error *error)
{
	if (units.system != NULL)
		return true;
	ut_set_error_message_handler(ut_ignore);
	units.system = ut_read_xml("units/udunits2.xml");
	if (units.system == NULL)
		return lp_fail(error, LP_EXIT_INTERNAL,
		               "the built-in database of units can't be read (UDUNITS status %d)",
		               (int)ut_get_status());
	for (size_t i = 0; i < sizeof additions / sizeof *additions; i++) {
		ut_unit *unit = ut_parse(units.system, additions[i].meaning, UT_ASCII);

		assert(unit != NULL);
		ut_map_symbol_to_unit(additions[i].symbol, UT_ASCII, unit);
		ut_free(unit);
	}
	return true;
}

/*
 * Removes the library's rounding errors: it computes 999.9999999999998 litres to a
 * cubic metre.  A short decimal number within that error is the true factor.
 */
static double remove_rounding(double number, int digits, double error)
{
	char text[40];
	double decimal;

	snprintf(text, sizeof text, "%.*g", digits, number);
	decimal = strtod(text, NULL);
	return fabs(decimal - number) <= error * fabs(number) ? decimal : number;
}

const char *lp_unit_over_time(const char *unit, const char *per, char text[LP_UNIT_TEXT_SIZE])
{
	bool plain = strpbrk(unit, " */^.()-%") == NULL;

	(void)snprintf(text, LP_UNIT_TEXT_SIZE, plain ? "%s %s" : "(%s) %s", unit, per);
	return text;
}

bool lp_unit_find(const char *from, const char *to, double *scale, double *offset, struct lp_error *error)
{
	ut_unit *source, *target = NULL;
	cv_converter *converter = NULL;
	bool ok = false;
	double at_1000;

	if (!load(error))
		return false;
	source = parse(from);
	if (source == NULL) {
		lp_fail(error, LP_EXIT_DATA, "\"%s\" is no unit that is known", from);
		goto done;
	}
	/* Multiplying by the dimensionless one keeps the unit and removes its zero. */
	if (strncmp(to, "delta_", 6) == 0 && strcmp(to + 6, from) == 0)
		target = ut_multiply(source, ut_get_dimensionless_unit_one(units.system));
	else
		target = parse(to);
	if (target == NULL) {
		lp_fail(error, LP_EXIT_DATA, "\"%s\" is no unit that is known", to);
		goto done;
	}
	if (!ut_are_convertible(source, target)) {
		lp_fail(error, LP_EXIT_DATA, "cannot convert %s to %s: different quantities",
		        from[0] == '\0' ? "no unit" : from, to[0] == '\0' ? "no unit" : to);
		goto done;
	}
	converter = ut_get_converter(source, target);
	if (converter == NULL) {
		lp_fail(error, LP_EXIT_DATA, "cannot convert %s to %s", from, to);
		goto done;
	}
	*offset = cv_convert_double(converter, 0.0);
	*scale = (cv_convert_double(converter, 1e6) - *offset) / 1e6;
	/* A logarithmic unit has no scale and offset. */
	at_1000 = cv_convert_double(converter, 1000.0);
	if (!isfinite(*scale) || !isfinite(*offset) ||
	    fabs(at_1000 - (*scale * 1000.0 + *offset)) > 1e-9 * (fabs(at_1000) + fabs(*offset))) {
		lp_fail(error, LP_EXIT_DATA, "cannot convert %s to %s: it is no scale and offset", from, to);
		goto done;
	}
	*scale = remove_rounding(*scale, 14, 5e-16);
	*offset = remove_rounding(*offset, 13, 1e-14);
	ok = true;
done:
	cv_free(converter);
	ut_free(source);
	ut_free(target);
	return ok;
}
