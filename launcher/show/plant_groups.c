/* Failures that are the same, put together: see plant.h. */
#include "show/plant.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/*
 * Adds a message without what differs from one calculation to the next: numbers
 * become #, and what stands in quotes on one line becomes "...".
 */
static void add_form(struct lp_text *form, const char *message)
{
	while (*message != '\0') {
		size_t quoted = *message == '\'' || *message == '"'
		                        ? strcspn(message + 1, message[0] == '\'' ? "'\n" : "\"\n")
		                        : 0;
		if (quoted > 0 && message[quoted + 1] == message[0]) {
			lp_text_add(form, "\"...\"", 5);
			message += quoted + 2;
		} else if (isdigit((unsigned char)*message)) {
			lp_text_add(form, "#", 1);
			while (isdigit((unsigned char)*message))
				message++;
		} else {
			lp_text_add(form, message++, 1);
		}
	}
}

struct failure {
	const char *key;
	size_t row;
};

static int compare_keys(const void *a, const void *b)
{
	const struct failure *left = a, *right = b;
	int by_key = strcmp(left->key, right->key);
	return by_key != 0 ? by_key : (left->row > right->row) - (left->row < right->row);
}

static int compare_groups(const void *a, const void *b)
{
	const struct lp_plant_group *left = a, *right = b;
	return left->count != right->count ? (left->count < right->count) - (left->count > right->count)
	                                   : strcmp(left->key, right->key);
}

static struct failure *list_failures(struct lp_plant *plant, size_t *count)
{
	struct failure *failures = lp_arena_zeroed(&plant->arena, plant->row_count, sizeof *failures);
	struct lp_text key = { 0 };
	*count = 0;
	for (size_t i = 0; i < plant->row_count; i++) {
		const struct lp_status *status = &plant->rows[i].status;
		if (status->error_type == NULL && status->error_message == NULL)
			continue;
		key.length = 0;
		lp_text_addf(&key, "%s %s\n%s\n", lp_mode_names[status->calculation.mode], status->calculation.rule,
		             status->error_type == NULL ? "" : status->error_type);
		add_form(&key, status->error_message == NULL ? "" : status->error_message);
		failures[(*count)++] = (struct failure){ lp_arena_text(&plant->arena, key.data), i };
	}
	lp_text_free(&key);
	if (*count > 0)
		qsort(failures, *count, sizeof *failures, compare_keys);
	return failures;
}

static void add_failure(struct lp_plant *plant, const struct failure *failure)
{
	const struct lp_status *status = &plant->rows[failure->row].status;
	struct lp_plant_group *group = plant->group_count == 0 ? NULL : &plant->groups[plant->group_count - 1];
	lp_time since = status->failing_since != LP_TIME_NONE ? status->failing_since : status->since;
	if (group == NULL || strcmp(group->key, failure->key) != 0) {
		group = &plant->groups[plant->group_count++];
		*group = (struct lp_plant_group){ .key = failure->key, .example = failure->row, .since = since };
	}
	group->count++;
	group->since = since < group->since ? since : group->since;
}

void lp_plant_add_groups(struct lp_plant *plant)
{
	size_t count;
	const struct failure *failures = list_failures(plant, &count);
	plant->groups = lp_arena_zeroed(&plant->arena, count, sizeof *plant->groups);
	for (size_t i = 0; i < count; i++)
		add_failure(plant, &failures[i]);
	if (plant->group_count > 0)
		qsort(plant->groups, plant->group_count, sizeof *plant->groups, compare_groups);
	for (size_t i = 0; i < plant->group_count; i++) {
		const struct failure wanted = { .key = plant->groups[i].key };
		size_t low = 0, high = count;
		while (low < high) {
			size_t middle = low + (high - low) / 2;
			if (strcmp(failures[middle].key, wanted.key) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		for (; low < count && strcmp(failures[low].key, wanted.key) == 0; low++)
			plant->rows[failures[low].row].group = (int32_t)i;
	}
}
