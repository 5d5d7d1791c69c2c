/*
 * Finds embedded files by name.  It knows the order of the table, nothing of
 * what is in the files.
 */
#include "model/embedded.h"

#include <string.h>

/* The first row whose name is not below the wanted one; the table's end if there is none. */
static size_t lower_bound(const char *name)
{
	size_t low = 0, high = lp_embedded_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(lp_embedded_table[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct lp_embedded *row_with_prefix(size_t index, const char *prefix)
{
	if (index >= lp_embedded_count || strncmp(lp_embedded_table[index].name, prefix, strlen(prefix)) != 0)
		return NULL;
	return &lp_embedded_table[index];
}

const struct lp_embedded *lp_embedded_find(const char *name)
{
	size_t index = lower_bound(name);

	if (index < lp_embedded_count && strcmp(lp_embedded_table[index].name, name) == 0)
		return &lp_embedded_table[index];
	return NULL;
}

const struct lp_embedded *lp_embedded_next(const char *prefix, const struct lp_embedded *previous)
{
	/* Names with a common prefix stand together, because the table is sorted. */
	size_t index = previous == NULL ? lower_bound(prefix) : (size_t)(previous - lp_embedded_table) + 1;

	return row_with_prefix(index, prefix);
}
