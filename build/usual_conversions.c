/*
 * usual_conversions: prints the C table of the conversions between the units
 * that plants usually have, as launcher/python/units_library.c finds them.  The
 * build runs it; see launcher/python/units.c.
 */
#include "python/units.h"

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
enum { MOST = 200 };

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
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
	const char *units[MOST];
	size_t count = 0, found = 0;

	for (char *unit = strtok(usual, " "); unit != NULL; unit = strtok(NULL, " ")) {
		assert(count < MOST);
		units[count++] = unit;
	}
	qsort(units, count, sizeof *units, compare);
	puts("/* Made by build/usual_conversions.c. */\n#include \"python/units.h\"\n\n"
	     "const struct lp_usual_conversion lp_usual_conversions[] = {");
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < count; k++) {
			struct lp_error error;
			double scale, offset;

			if (i == k || !lp_unit_find(units[i], units[k], &scale, &offset, &error))
				continue;
			printf("\t{ ");
			print_text(units[i]);
			printf(", ");
			print_text(units[k]);
			printf(", %a, %a },\n", scale, offset);
			found++;
		}
	}
	printf("};\nconst size_t lp_usual_conversion_count = sizeof lp_usual_conversions / sizeof *lp_usual_conversions;\n");
	if (found < count) {
		fprintf(stderr, "usual_conversions: only %zu conversions between %zu units\n", found, count);
		return 1;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
