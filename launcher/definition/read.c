/*
 * Files and directories of definitions to structs: all series first, since
 * templates match them, then the calculations.  Knows the form of a file; series.c
 * and calculation.c know that of a definition.
 */
#include "definition/internal.h"

#include "model/order.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct source {
	const char *file;
	const struct lp_yaml_node *series, *calculations; /* lists, or NULL */
};

struct sources {
	struct source *items;
	size_t count, capacity;
};

static bool is_yaml(const char *name)
{
	size_t length = strlen(name);
	return name[0] != '.' && ((length > 5 && strcmp(name + length - 5, ".yaml") == 0) ||
	                          (length > 4 && strcmp(name + length - 4, ".yml") == 0));
}

static int by_file(const void *a, const void *b)
{
	return strcmp(((const struct source *)a)->file, ((const struct source *)b)->file);
}

static void add_source(struct sources *sources, const char *file)
{
	LP_GROW(sources->items, sources->count, sources->capacity);
	sources->items[sources->count++] = (struct source){ .file = file };
}

static void add_directory(struct lp_definition_reader *reader, struct sources *sources, const char *directory)
{
	struct lp_arena *arena = &reader->definitions->arena;
	size_t before = sources->count, length = strlen(directory);
	DIR *stream = opendir(directory);
	if (stream == NULL) {
		lp_problem_add(reader->problems, directory, 0, 0, "cannot read the directory: %s", strerror(errno));
		return;
	}
	for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
		if (!is_yaml(entry->d_name))
			continue;
		char *file = lp_format_text("%s%s%s", directory, length > 0 && directory[length - 1] == '/' ? "" : "/",
		                            entry->d_name);
		add_source(sources, lp_arena_text(arena, file));
		free(file);
	}
	(void)closedir(stream);
	if (sources->count == before)
		lp_problem_add(reader->problems, directory, 0, 0, "there is no *.yaml file in this directory");
	else
		qsort(sources->items + before, sources->count - before, sizeof *sources->items, by_file);
}

static const struct lp_yaml_node *section(const struct lp_item *item, const struct lp_yaml_node *node, const char *name)
{
	if (node == NULL || node->type == LP_YAML_NULL)
		return NULL;
	if (node->type == LP_YAML_LIST)
		return node;
	lp_item_problem(item, node, "%s: expected a list (each item begins with '- '), found %s", name,
	                lp_yaml_type_name(node->type));
	return NULL;
}

static void read_file(struct lp_definition_reader *reader, struct source *source)
{
	static const struct lp_item_key keys[] = { { "series", false }, { "calculations", false } };
	const struct lp_yaml_node *values[2];
	struct lp_yaml_node *root;
	struct lp_error error = { 0 };
	uint64_t before = (uint64_t)reader->problems->count + reader->problems->left_out;
	bool good = lp_yaml_read_file(source->file, &reader->trees, &root, reader->problems, &error);
	if (strcmp(source->file, "-") == 0)
		source->file = "standard input";
	if (!good && before == (uint64_t)reader->problems->count + reader->problems->left_out)
		lp_problem_add(reader->problems, NULL, 0, 0, "%s", error.what); /* which names the file */
	/* A tree with an unknown key is still read, so that all its problems are reported at once. */
	if (root == NULL && !good)
		return;
	if (root == NULL) {
		lp_problem_add(reader->problems, source->file, 0, 0,
		               "the file is empty: expected series: and calculations:, each with a list");
		return;
	}
	struct lp_item item = { .reader = reader, .file = source->file, .node = root };
	if (!lp_item_read_keys(&item, root, "a file of definitions", keys, 2, values))
		return;
	source->series = section(&item, values[0], keys[0].name);
	source->calculations = section(&item, values[1], keys[1].name);
}

static void read_list(struct lp_definition_reader *reader, const char *file, const struct lp_yaml_node *list,
                      bool of_series)
{
	for (size_t i = 0; list != NULL && i < list->count; i++) {
		struct lp_item item = { .reader = reader, .file = file, .node = list->items[i] };
		lp_template_expand(&item, of_series, of_series ? lp_series_read : lp_calculation_read);
	}
}

/* The order of problems is that of the files as they were given, then that of the lines. */
struct sorting {
	const struct sources *sources;
	const struct lp_problem *problems;
};

static size_t file_order(const struct sources *sources, const char *file)
{
	for (size_t i = 0; file != NULL && i < sources->count; i++)
		if (strcmp(sources->items[i].file, file) == 0)
			return i;
	return sources->count;
}

static int by_place(const void *a, const void *b, void *context)
{
	const struct sorting *sorting = context;
	size_t i = *(const size_t *)a, j = *(const size_t *)b;
	const struct lp_problem *one = &sorting->problems[i], *other = &sorting->problems[j];
	size_t one_file = file_order(sorting->sources, one->file),
	       other_file = file_order(sorting->sources, other->file);
	if (one_file != other_file)
		return lp_compare((int64_t)one_file, (int64_t)other_file);
	if (one->line != other->line)
		return lp_compare(one->line, other->line);
	if (one->column != other->column)
		return lp_compare(one->column, other->column);
	return lp_compare((int64_t)i, (int64_t)j);
}

static void sort_problems(const struct sources *sources, struct lp_problems *problems)
{
	if (problems->count < 2)
		return;
	struct lp_problem *found = lp_reallocate(NULL, problems->count, sizeof *found);
	size_t *order = lp_reallocate(NULL, problems->count, sizeof *order);
	memcpy(found, problems->items, problems->count * sizeof *found);
	for (size_t i = 0; i < problems->count; i++)
		order[i] = i;
	struct sorting sorting = { .sources = sources, .problems = found };
	qsort_r(order, problems->count, sizeof *order, by_place, &sorting);
	for (size_t i = 0; i < problems->count; i++)
		problems->items[i] = found[order[i]];
	free(order);
	free(found);
}

static void read_all(struct lp_definition_reader *reader, struct sources *sources)
{
	const struct lp_definition_files *files = reader->files;
	struct stat status;
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->names[i], "-") != 0 && stat(files->names[i], &status) == 0 && S_ISDIR(status.st_mode))
			add_directory(reader, sources, files->names[i]);
		else
			add_source(sources, lp_arena_text(&reader->definitions->arena, files->names[i]));
	for (size_t i = 0; files->stored != NULL && i < files->stored->series_count; i++)
		(void)lp_names_add(&reader->stored_series, files->stored->series[i].name, i, NULL);
	for (size_t i = 0; i < sources->count; i++)
		read_file(reader, &sources->items[i]);
	for (size_t i = 0; i < sources->count; i++)
		read_list(reader, sources->items[i].file, sources->items[i].series, true);
	for (size_t i = 0; i < sources->count; i++)
		read_list(reader, sources->items[i].file, sources->items[i].calculations, false);
	lp_consistency_check(reader);
}

bool lp_definitions_read(const struct lp_definition_files *files, struct lp_definitions *definitions,
                         struct lp_problems *problems, struct lp_error *error)
{
	struct lp_definition_reader reader = { .files = files, .definitions = definitions, .problems = problems };
	struct sources sources = { 0 };
	uint64_t before = (uint64_t)problems->count + problems->left_out;
	*definitions = (struct lp_definitions){ 0 };
	read_all(&reader, &sources);
	bool good = before == (uint64_t)problems->count + problems->left_out;
	sort_problems(&sources, problems);
	free(sources.items);
	free(reader.candidates);
	free(reader.template_problems);
	lp_names_free(&reader.series_names);
	lp_names_free(&reader.calculation_names);
	lp_names_free(&reader.stored_series);
	lp_arena_free(&reader.trees);
	lp_arena_free(&reader.expansion);
	if (good)
		return true;
	return lp_fail(error, LP_EXIT_DATA, "the definitions cannot be used as they are; nothing was changed");
}
