/*
 * Sizes of memory, as people write and read them: kB, MB, GB are
 * powers of 1,000, KiB, MiB, GiB of 1,024.
 */
#include "text/size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	int64_t bytes;
} units[] = {
	{ "kB", 1000 },
	{ "KB", 1000 },
	{ "MB", 1000000 },
	{ "GB", 1000000000 },
	{ "TB", 1000000000000 },
	{ "KiB", INT64_C(1) << 10 },
	{ "MiB", INT64_C(1) << 20 },
	{ "GiB", INT64_C(1) << 30 },
	{ "TiB", INT64_C(1) << 40 },
};

bool lp_size_parse(const char *text, int64_t *size)
{
	size_t digits = strspn(text, "0123456789");
	size_t number = digits + (text[digits] == '.' ? 1 + strspn(text + digits + 1, "0123456789") : 0);
	const char *unit = text + number + (text[number] == ' ' ? 1 : 0);

	/* A double holds this many digits exactly. */
	if (digits == 0 || number > 15 || number == digits + 1)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		double bytes = strtod(text, NULL) * (double)units[i].bytes;
		if (strcmp(unit, units[i].name) != 0)
			continue;
		/* A decimal is seldom a double: of one that means a whole byte the nearest is meant. */
		*size = bytes < 1e18 ? (int64_t)(bytes + 0.5) : 0;
		return *size > 0;
	}
	return false;
}

void lp_size_format(int64_t size, char text[32])
{
	static const struct {
		const char *name;
		int64_t bytes;
	} shown[] = { { "TB", 1000000000000 }, { "GB", 1000000000 }, { "MB", 1000000 }, { "kB", 1000 } };
	size_t unit = 0;

	while (unit < 3 && size < shown[unit].bytes)
		unit++;
	int64_t tenths = size / (shown[unit].bytes / 10);
	if (tenths % 10 == 0)
		(void)snprintf(text, 32, "%lld %s", (long long)(tenths / 10), shown[unit].name);
	else
		(void)snprintf(text, 32, "%lld.%d %s", (long long)(tenths / 10), (int)(tenths % 10), shown[unit].name);
}

void lp_size_write(int64_t size, char text[32])
{
	int64_t read, whole = 1;

	lp_size_format(size, text);
	if (lp_size_parse(text, &read) && read == size)
		return;
	(void)snprintf(text, 32, "%lld.%03lld kB", (long long)(size / 1000), (long long)(size % 1000));
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (units[i].bytes <= whole || size % units[i].bytes != 0)
			continue;
		whole = units[i].bytes;
		(void)snprintf(text, 32, "%lld %s", (long long)(size / whole), units[i].name);
	}
}
