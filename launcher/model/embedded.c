/*
 * Finds embedded files by name. Knows the order of the table, not the contents.
 */
#include "model/embedded.h"

#include "model/memory.h"
#include "model/order.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Returns the index of the first row whose name is not below the wanted one; the table's size if there is none. */
static size_t lower_bound(const char *name)
{
	return LP_LOWER_BOUND(lp_embedded_count, i, strcmp(lp_embedded_table[i].name, name) < 0);
}

/* Any thread may be the first to ask for a file. */
static const struct lp_embedded *inflated(struct lp_embedded *file)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&lock);
	if (file->deflated > 0) {
		unsigned char *data = lp_allocate(file->size + 1);
		uLongf size = file->size;

		/* The program file is damaged, and no result of it can be trusted. */
		if (uncompress(data, &size, file->data, file->deflated) != Z_OK || size != file->size)
			abort();
		file->data = data;
		file->deflated = 0;
	}
	pthread_mutex_unlock(&lock);
	return file;
}

static const struct lp_embedded *row_with_prefix(size_t index, const char *prefix)
{
	if (index >= lp_embedded_count || strncmp(lp_embedded_table[index].name, prefix, strlen(prefix)) != 0)
		return NULL;
	return inflated(&lp_embedded_table[index]);
}

const struct lp_embedded *lp_embedded_find(const char *name)
{
	size_t index = lower_bound(name);

	if (index < lp_embedded_count && strcmp(lp_embedded_table[index].name, name) == 0)
		return inflated(&lp_embedded_table[index]);
	return NULL;
}

const struct lp_embedded *lp_embedded_next(const char *prefix, const struct lp_embedded *previous)
{
	/* Names with a common prefix are adjacent, because the table is sorted. */
	size_t index = previous == NULL ? lower_bound(prefix) : (size_t)(previous - lp_embedded_table) + 1;

	return row_with_prefix(index, prefix);
}
