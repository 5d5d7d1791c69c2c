/*
 * usual_conversions: prints the C table of the conversions between the units
 * that plants usually have, as launcher/rules/units_library.c finds them.  The
 * build runs it; see launcher/rules/units.c.
 */
#include "rules/units.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char usual[] = "W kW MW GW VA kVA MVA var kvar Mvar "
		      "J kJ MJ GJ Wh kWh MWh GWh VAh kVAh varh kvarh "
		      "degC \xc2\xb0\x43 K degF "
		      "Pa hPa kPa MPa bar mbar barg bar(g) bara psi mH2O mWS "
		      "m3/h m\xc2\xb3/h m3/s m3/d l/s l/min l/h Nm3/h "
		      "m3 m\xc2\xb3 l L hl ml "
		      "kg g mg t kg/s kg/h t/h t/d "
		      "mm cm m km m/s km/h m2 ha km2 "
		      "s min h d Hz kHz rpm "
		      "A mA kA V mV kV "
		      "uS/cm \xc2\xb5S/cm mS/m S/m W/m2 W/m\xc2\xb2 kW/m2 kWh/m2 "
		      "kWh/m3 kJ/l mg/l g/m3 1 %";
enum { UNITS_MOST = 200, ROWS_MOST = 20000 };

static struct lp_usual_conversion rows[ROWS_MOST];
static size_t row_count;

static int compare(const void *a, const void *b)
{
	const struct lp_usual_conversion *one = a, *other = b;
	int order = strcmp(one->from, other->from);

	return order != 0 ? order : strcmp(one->to, other->to);
}

static bool add(const char *from, const char *to)
{
	struct lp_usual_conversion *row = &rows[row_count];
	struct lp_error error;

	assert(row_count < ROWS_MOST);
	if (!lp_unit_find(from, to, &row->scale, &row->offset, &error))
		return false;
	row->from = strdup(from);
	row->to = strdup(to);
	row_count++;
	return true;
}

/* Of a unit to all others, and of its integrals over time; and what its zero is. */
static void add_all(const char *unit, const char *const *units, size_t count)
{
	static const char *const times[] = { "s", "min", "h", "d" };
	char text[LP_UNIT_TEXT_SIZE];

	for (size_t k = 0; k < count; k++)
		if (unit != units[k])
			(void)add(unit, units[k]);
	(void)snprintf(text, sizeof text, "delta_%s", unit);
	if (!add(unit, text) || rows[row_count - 1].offset != 0)
		return;
	for (size_t t = 0; t < sizeof times / sizeof *times; t++)
		for (size_t k = 0; k < count; k++)
			(void)add(lp_unit_over_time(unit, times[t], text), units[k]);
}

static void print_text(const char *text)
{
	/* Octal, which ends after three digits: a hexadecimal escape would take letters behind it. */
	for (putchar('"'); *text != '\0'; text++)
		(unsigned char)*text < 0x80 ? printf("%c", *text) : printf("\\%03o", (unsigned char)*text);
	putchar('"');
}

int main(void)
{
	const char *units[UNITS_MOST];
	size_t count = 0;

	for (char *unit = strtok(usual, " "); unit != NULL; unit = strtok(NULL, " ")) {
		assert(count < UNITS_MOST);
		units[count++] = unit;
	}
	for (size_t i = 0; i < count; i++)
		add_all(units[i], units, count);
	qsort(rows, row_count, sizeof *rows, compare);
	puts("/* Made by build/usual_conversions.c. */\n#include \"rules/units.h\"\n\n"
	     "const struct lp_usual_conversion lp_usual_conversions[] = {");
	for (size_t i = 0; i < row_count; i++) {
		printf("\t{ ");
		print_text(rows[i].from);
		printf(", ");
		print_text(rows[i].to);
		printf(", %a, %a },\n", rows[i].scale, rows[i].offset);
	}
	printf("};\nconst size_t lp_usual_conversion_count = sizeof lp_usual_conversions / sizeof *lp_usual_conversions;\n");
	if (row_count < count) {
		fprintf(stderr, "usual_conversions: only %zu conversions between %zu units\n", row_count, count);
		return 1;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
