/* `graph`: which calculation reads whose results, as text, Mermaid or DOT. */
#include "command/command.h"
#include "command/output.h"
#include "text/names.h"
#include "text/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum format { TEXT, MERMAID, DOT };

struct request {
	struct lp_words names;
	const char *format_name;
	enum format format;
};

struct edge {
	const char *series;
	size_t node;
};

struct node {
	const char *name, *rule;
	int32_t rank;
	const char **inputs, **outputs;
	size_t input_count, output_count;
	bool up, down; /* what is shown depends on it; it depends on what is shown */
};

struct graph {
	struct lp_arena arena;
	struct node *nodes; /* by rank, name */
	size_t count, capacity;
	struct edge *writers; /* by series */
	size_t writer_count;
};

static bool add(void *context, const struct lp_calculation *calculation, struct lp_error *error)
{
	struct graph *graph = context;
	struct node *node;
	(void)error;
	LP_GROW(graph->nodes, graph->count, graph->capacity);
	node = &graph->nodes[graph->count++];
	*node = (struct node){ .name = lp_arena_text(&graph->arena, calculation->name),
		               .rule = lp_arena_text(&graph->arena, calculation->rule),
		               .rank = calculation->rank,
		               .inputs = lp_arena_zeroed(&graph->arena, calculation->input_count, sizeof(char *)),
		               .outputs = lp_arena_zeroed(&graph->arena, calculation->output_count, sizeof(char *)),
		               .input_count = calculation->input_count,
		               .output_count = calculation->output_count };
	for (size_t i = 0; i < node->input_count; i++)
		node->inputs[i] = lp_arena_text(&graph->arena, calculation->inputs[i].series);
	for (size_t i = 0; i < node->output_count; i++)
		node->outputs[i] = lp_arena_text(&graph->arena, calculation->outputs[i].series);
	return true;
}

static int compare_nodes(const void *a, const void *b)
{
	const struct node *left = a, *right = b;
	return left->rank != right->rank ? (left->rank < right->rank ? -1 : 1) : strcmp(left->name, right->name);
}

static int compare_edges(const void *a, const void *b)
{
	return strcmp(((const struct edge *)a)->series, ((const struct edge *)b)->series);
}

static void arrange(struct graph *graph)
{
	size_t outputs = 0;
	if (graph->count > 0)
		qsort(graph->nodes, graph->count, sizeof *graph->nodes, compare_nodes);
	for (size_t i = 0; i < graph->count; i++)
		outputs += graph->nodes[i].output_count;
	graph->writers = lp_arena_zeroed(&graph->arena, outputs, sizeof *graph->writers);
	for (size_t i = 0; i < graph->count; i++)
		for (size_t k = 0; k < graph->nodes[i].output_count; k++)
			graph->writers[graph->writer_count++] =
				(struct edge){ .series = graph->nodes[i].outputs[k], .node = i };
	if (outputs > 0)
		qsort(graph->writers, outputs, sizeof *graph->writers, compare_edges);
}

static struct node *writer_of(const struct graph *graph, const char *series)
{
	struct edge wanted = { .series = series };
	const struct edge *found = graph->writer_count == 0 ? NULL
	                                                    : bsearch(&wanted, graph->writers, graph->writer_count,
	                                                              sizeof wanted, compare_edges);
	return found == NULL ? NULL : &graph->nodes[found->node];
}

static bool is_named(const struct node *node, const char *name)
{
	bool named = strcmp(node->name, name) == 0;
	for (size_t i = 0; i < node->output_count; i++)
		named = named || strcmp(node->outputs[i], name) == 0;
	for (size_t i = 0; i < node->input_count; i++)
		named = named || strcmp(node->inputs[i], name) == 0;
	return named;
}

/* Ranks ascend along the edges, so that one pass down and one pass up suffice. */
static bool choose(struct graph *graph, const struct lp_words *names, struct lp_error *error)
{
	size_t count = names->count;
	for (size_t k = 0; k < count; k++) {
		bool found = false;
		for (size_t i = 0; i < graph->count; i++) {
			bool named = is_named(&graph->nodes[i], names->items[k]);
			found = found || named;
			graph->nodes[i].up = graph->nodes[i].up || named;
			graph->nodes[i].down = graph->nodes[i].down || named;
		}
		if (!found)
			return lp_fail(error, LP_EXIT_DATA, "no calculation is called \"%.*s\", or reads or writes it",
			               LP_CUT(300, names->items[k]));
	}
	for (size_t i = 0; i < graph->count; i++) {
		struct node *node = &graph->nodes[i];
		for (size_t k = 0; k < node->input_count; k++) {
			const struct node *writer = writer_of(graph, node->inputs[k]);
			node->down = node->down || count == 0 || (writer != NULL && writer->down);
		}
		node->down = node->down || count == 0;
	}
	for (size_t i = graph->count; i-- > 0;) {
		const struct node *node = &graph->nodes[i];
		for (size_t k = 0; k < node->input_count && node->up; k++) {
			struct node *writer = writer_of(graph, node->inputs[k]);
			if (writer != NULL)
				writer->up = true;
		}
	}
	return true;
}

static bool is_shown(const struct node *node)
{
	return node->up || node->down;
}

static void print_list(const char *label, const char *const *series, size_t count)
{
	for (size_t i = 0; i < count; i++)
		lp_print("%s%s", i == 0 ? label : ", ", series[i]);
}

static void print_text(const struct graph *graph)
{
	int32_t rank = -1;
	for (size_t i = 0; i < graph->count; i++) {
		const struct node *node = &graph->nodes[i];
		if (!is_shown(node))
			continue;
		if (node->rank != rank) {
			printf("%s%s %d%s\n", rank < 0 ? "" : "\n", "rank", (int)node->rank,
			       node->rank == 0 ? ": reads what is measured" : "");
			rank = node->rank;
		}
		lp_print("  %s (%s)", node->name, node->rule);
		print_list(": ", node->inputs, node->input_count);
		print_list(" -> ", node->outputs, node->output_count);
		putchar('\n');
	}
	if (rank < 0)
		puts("there are no calculations");
}

/*
 * Prints a label in double quotes, which both languages have. Mermaid has no
 * backslashes: what could end a label, or begins something in HTML or Markdown,
 * becomes an entity.
 */
static void print_label(const char *text, bool mermaid)
{
	const char *special = mermaid ? "\"#<>&`" : "\"\\";
	putchar('"');
	while (*text != '\0') {
		size_t plain = strcspn(text, special);
		lp_print("%.*s", (int)plain, text);
		text += plain;
		if (*text != '\0')
			printf(mermaid ? "#%d;" : "\\%c", *text++);
	}
	putchar('"');
}

/* Nodes have numbers, and their names stand in labels: a name may have any character. */
static void print_drawn(const struct graph *graph, bool mermaid)
{
	size_t measured = 0;
	puts(mermaid ? "flowchart LR" : "digraph calculations {\n  rankdir=LR;");
	for (size_t i = 0; i < graph->count; i++) {
		const struct node *node = &graph->nodes[i];
		if (!is_shown(node))
			continue;
		printf(mermaid ? "  c%zu[" : "  c%zu [shape=box, label=", i);
		print_label(node->name, mermaid);
		puts(mermaid ? "]" : "];");
		for (size_t k = 0; k < node->input_count; k++) {
			const struct node *writer = writer_of(graph, node->inputs[k]);
			if (writer == NULL) {
				printf(mermaid ? "  s%zu([" : "  s%zu [shape=oval, label=", measured);
				print_label(node->inputs[k], mermaid);
				printf(mermaid ? "]) --> c%zu\n" : "];\n", i);
				if (!mermaid)
					printf("  s%zu -> c%zu;\n", measured, i);
				measured++;
				continue;
			}
			printf(mermaid ? "  c%zu -- " : "  c%zu -> ", (size_t)(writer - graph->nodes));
			if (mermaid) {
				print_label(node->inputs[k], true);
				printf(" --> c%zu\n", i);
			} else {
				printf("c%zu [label=", i);
				print_label(node->inputs[k], false);
				puts("];");
			}
		}
	}
	if (!mermaid)
		puts("}");
}

static bool parse_format(const char *name, enum format *format, struct lp_error *error)
{
	static const char *const names[] = { [TEXT] = "text", [MERMAID] = "mermaid", [DOT] = "dot" };
	*format = TEXT;
	size_t found;
	if (name != NULL && lp_word_find(name, names, sizeof names / sizeof *names, &found)) {
		*format = (enum format)found;
		return true;
	}
	return name == NULL || lp_fail(error, LP_EXIT_USAGE, "--format %s: expected text, mermaid or dot", name);
}

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	struct request *request = data;
	(void)overrides;
	return parse_format(request->format_name, &request->format, error);
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct request *request = data;
	struct graph graph = { .count = 0 };
	bool ok = lp_store_each_calculation(session->store, add, &graph, error);
	if (ok) {
		arrange(&graph);
		ok = choose(&graph, &request->names, error);
	}
	if (ok && request->format == TEXT)
		print_text(&graph);
	else if (ok)
		print_drawn(&graph, request->format == MERMAID);
	free(graph.nodes);
	lp_arena_free(&graph.arena);
	return ok;
}

static const struct lp_option options[] = {
	{ .name = "--format", .value = "FORMAT", .field = offsetof(struct request, format_name) },
	{ .name = NULL },
};

const struct lp_command lp_command_graph = {
	.name = "graph",
	.summary = "print which calculations read which series",
	.help = "Usage: local-processing graph [OPTION...] [SERIES|CALCULATION...]\n"
		"\n"
		"Prints the dependencies: each calculation with the series it reads and writes, those first that\n"
		"read no other's results. With names only what these depend on and what depends on them.\n"
		"\n"
		"  --format FORMAT  text, mermaid (for Markdown), or dot (for Graphviz)\n"
		"\n"
		"Examples:\n"
		"  local-processing graph\n"
		"  local-processing graph p1/energy --format mermaid\n"
		"  local-processing graph --format dot | dot -Tsvg > plant.svg\n",
	.options = options,
	.operands = { .most = LP_OPERANDS_ANY,
	              .what = "series or calculations",
	              .field = offsetof(struct request, names) },
	.request_size = sizeof(struct request),
	.need = LP_NEED_STORE,
	.check = check,
	.run = run,
};
