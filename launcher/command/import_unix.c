/* `import`: times that are counts since 1970, in UTC. */
#include "command/import.h"

#include <stdlib.h>
#include <string.h>

const char *lp_import_take_decimals(const char *at, int32_t *microseconds)
{
	*microseconds = 0;
	if ((*at != '.' && *at != ',') || at[1] < '0' || at[1] > '9')
		return at;
	int32_t weight = 100000;
	for (at++; *at >= '0' && *at <= '9'; at++, weight /= 10)
		*microseconds += (*at - '0') * weight;
	return at;
}

const struct lp_import_unix lp_import_unix[] = {
	{ "unix", 1 },
	{ "unix-ms", 1000 },
	{ "unix-us", 1000000 },
	{ "unix-ns", 1000000000 },
};
const size_t lp_import_unix_count = sizeof lp_import_unix / sizeof *lp_import_unix;

const struct lp_import_unix *lp_import_unix_find(const char *format)
{
	for (size_t i = 0; i < lp_import_unix_count; i++)
		if (format != NULL && strcmp(lp_import_unix[i].name, format) == 0)
			return &lp_import_unix[i];
	return NULL;
}

bool lp_import_unix_parse(const struct lp_import_unix *form, const char *text, lp_time *time)
{
	bool negative = *text == '-';
	const char *digits = text + negative;
	char *end;
	int32_t decimals;

	int64_t count = strtoll(digits, &end, 10);
	int64_t seconds = count / form->per_second, rest = count % form->per_second;
	if (*digits < '0' || *digits > '9' || count == INT64_MAX || seconds > LP_TIME_MAX / LP_SECOND + 1)
		return false;
	const char *behind = lp_import_take_decimals(end, &decimals);
	*time = seconds * LP_SECOND + rest * LP_SECOND / form->per_second + decimals / form->per_second;
	*time = negative ? -*time : *time;
	return *behind == '\0';
}
