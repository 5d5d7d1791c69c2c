/*
 * JSON arrays of whole numbers: as small as packed binary ones for what
 * outcomes hold, and every SQLite shell can take them apart with json_each.
 */
#include "store/sqlite/internal.h"

#include <stdlib.h>

void lp_sqlite_array_add(struct lp_text *text, int64_t number)
{
	char digits[24], *at = digits + sizeof digits;
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (number < 0)
		*--at = '-';
	*--at = text->length == 0 ? '[' : ',';
	lp_text_add(text, at, (size_t)(digits + sizeof digits - at));
}

void lp_sqlite_array_end(struct lp_text *text)
{
	if (text->length == 0)
		lp_text_add(text, "[", 1);
	lp_text_add(text, "]", 1);
}

void lp_sqlite_array_read(const char *text, int64_t **items, size_t *count, size_t *capacity)
{
	if (text == NULL || *text != '[')
		return;
	for (text++; *text != ']' && *text != '\0'; text += *text == ',') {
		char *end;
		long long number = strtoll(text, &end, 10);

		if (end == text)
			return;
		LP_GROW(*items, *count, *capacity);
		(*items)[(*count)++] = number;
		text = end;
	}
}
