/*
 * Tests as text: a file of cases, each with a name and parts, so that what goes
 * in and what is expected can be read without reading C.
 *
 *     === name of the case
 *     --- part
 *     lines of the part
 */
#ifndef LP_TEST_CASES_H
#define LP_TEST_CASES_H

#include "model/memory.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASE_PARTS_MOST = 8 };

struct test_case {
	char *name;
	struct {
		char *name;
		struct lp_text text;
	} parts[CASE_PARTS_MOST];
	size_t count;
};

struct test_cases {
	struct test_case *items;
	size_t count, capacity;
};

/* Blank lines before the next case are for the eye. */
static inline void end_part(struct test_case *one)
{
	struct lp_text *text = one == NULL || one->count == 0 ? NULL : &one->parts[one->count - 1].text;
	while (text != NULL && text->length > 0 && text->data[text->length - 1] == '\n' &&
	       (text->length == 1 || text->data[text->length - 2] == '\n'))
		text->data[--text->length] = '\0';
}

static inline struct test_cases read_cases(const char *file)
{
	struct test_cases cases = { 0 };
	char path[512], line[4096];
	(void)snprintf(path, sizeof path, "%s/%s", LP_CASES, file);
	FILE *stream = fopen(path, "r");
	ck_assert_msg(stream != NULL, "cannot open %s", path);
	while (fgets(line, sizeof line, stream) != NULL) {
		struct test_case *last = cases.count == 0 ? NULL : &cases.items[cases.count - 1];
		if (strncmp(line, "=== ", 4) == 0) {
			end_part(last);
			LP_GROW(cases.items, cases.count, cases.capacity);
			line[strcspn(line, "\n")] = '\0';
			cases.items[cases.count++] = (struct test_case){ .name = lp_copy_text(line + 4) };
		} else if (last != NULL && strncmp(line, "--- ", 4) == 0) {
			ck_assert_uint_lt(last->count, CASE_PARTS_MOST);
			line[strcspn(line, "\n")] = '\0';
			last->parts[last->count].name = lp_copy_text(line + 4);
			lp_text_add(&last->parts[last->count++].text, "", 0);
		} else if (last != NULL && last->count > 0) {
			lp_text_add(&last->parts[last->count - 1].text, line, strlen(line));
		}
	}
	(void)fclose(stream);
	if (cases.count > 0)
		end_part(&cases.items[cases.count - 1]);
	ck_assert_uint_gt(cases.count, 0);
	return cases;
}

/* The text of a part; NULL: the case has none of that name. */
static inline const char *case_part(const struct test_case *one, const char *name)
{
	for (size_t i = 0; i < one->count; i++)
		if (strcmp(one->parts[i].name, name) == 0)
			return one->parts[i].text.data == NULL ? "" : one->parts[i].text.data;
	return NULL;
}

static inline const char *needed_part(const struct test_case *one, const char *name)
{
	const char *text = case_part(one, name);
	ck_assert_msg(text != NULL, "%s: no part %s", one->name, name);
	return text;
}

/* "LINE:COLUMN: what", a line each. */
static inline void add_problems(struct lp_text *text, const struct lp_problems *problems)
{
	for (uint32_t i = 0; i < problems->count; i++)
		lp_text_addf(text, "%d:%d: %s\n", problems->items[i].line, problems->items[i].column,
		             problems->items[i].what);
}

/* Every case is looked at before the test fails: several are often wrong for one reason. */
static inline void compare_case(struct lp_text *failures, const struct test_case *one, const struct lp_text *got)
{
	const char *data = got->data == NULL ? "" : got->data, *expected = needed_part(one, "expect");
	if (strcmp(data, expected) != 0)
		lp_text_addf(failures, "\n=== %s\nexpected:\n%sgot:\n%s", one->name, expected, data);
}

/* Check's own messages have a limit that these can pass. */
static inline void check_failures(struct lp_text *failures)
{
	if (failures->length > 0)
		(void)fputs(failures->data, stderr);
	ck_assert_msg(failures->length == 0, "cases failed, see above");
	lp_text_free(failures);
}

static inline void free_cases(struct test_cases *cases)
{
	for (size_t c = 0; c < cases->count; c++) {
		free(cases->items[c].name);
		for (size_t p = 0; p < cases->items[c].count; p++) {
			free(cases->items[c].parts[p].name);
			lp_text_free(&cases->items[c].parts[p].text);
		}
	}
	free(cases->items);
}

#endif
