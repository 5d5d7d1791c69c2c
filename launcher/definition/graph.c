/*
 * The graph of calculations and their inputs: gives each calculation the rank in
 * which a run computes it, and finds the cycles whose members have none.  Knows nothing but names of series.
 */
#include "definition/internal.h"

#include <stdlib.h>

/* Edges as one array: those of node i are targets[first[i]] to targets[first[i + 1] - 1]. */
struct edges {
	size_t *first, *targets;
};

static size_t each_edge(const struct lp_calculation *const *calculations, size_t count, const struct lp_names *writers,
                        struct edges *reads, size_t *read_by_count)
{
	size_t edges = 0;
	for (size_t i = 0; i < count; i++) {
		reads->first[i] = edges;
		for (size_t k = 0; k < calculations[i]->input_count; k++) {
			size_t writer;
			if (!lp_names_find(writers, calculations[i]->inputs[k].series, &writer))
				continue;
			reads->targets[edges++] = writer;
			read_by_count[writer]++;
		}
	}
	reads->first[count] = edges;
	return edges;
}

static void turn_round(const struct edges *reads, size_t count, const size_t *read_by_count, struct edges *read_by)
{
	size_t *next = lp_allocate(count * sizeof *next);
	read_by->first[0] = 0;
	for (size_t i = 0; i < count; i++) {
		next[i] = read_by->first[i];
		read_by->first[i + 1] = read_by->first[i] + read_by_count[i];
	}
	for (size_t i = 0; i < count; i++)
		for (size_t e = reads->first[i]; e < reads->first[i + 1]; e++)
			read_by->targets[next[reads->targets[e]]++] = i;
	free(next);
}

/*
 * Each calculation that is left waits for a cycle, or is in one.  A walk from it
 * along its inputs ends in a cycle, or where an earlier walk has been.
 */
static void find_cycles(const struct edges *reads, const size_t *waiting_for, size_t count, lp_graph_cycle *visit,
                        void *context)
{
	size_t *walk_of = lp_allocate(count * sizeof *walk_of), *path = lp_allocate(count * sizeof *path);
	for (size_t start = 0; start < count; start++) {
		size_t at = start, length = 0;
		if (waiting_for[start] == 0 || walk_of[start] != 0)
			continue;
		while (walk_of[at] == 0) {
			walk_of[at] = start + 1;
			path[length++] = at;
			for (size_t e = reads->first[at]; e < reads->first[at + 1]; e++) {
				if (waiting_for[reads->targets[e]] > 0) {
					at = reads->targets[e];
					break;
				}
			}
		}
		size_t begin = 0;
		while (walk_of[at] == start + 1 && path[begin] != at)
			begin++;
		if (walk_of[at] == start + 1)
			visit(context, path + begin, length - begin);
	}
	free(walk_of);
	free(path);
}

void lp_graph_rank(const struct lp_calculation *const *calculations, size_t count, int32_t *ranks,
                   lp_graph_cycle *visit, void *context)
{
	struct lp_names writers = { 0 };
	size_t inputs = 0;
	for (size_t i = 0; i < count; i++) {
		ranks[i] = 0;
		inputs += calculations[i]->input_count;
		for (size_t o = 0; o < calculations[i]->output_count; o++)
			(void)lp_names_add(&writers, calculations[i]->outputs[o].series, i, NULL);
	}
	struct edges reads = { lp_allocate((count + 1) * sizeof(size_t)), lp_allocate(inputs * sizeof(size_t)) };
	struct edges read_by = { lp_allocate((count + 1) * sizeof(size_t)), lp_allocate(inputs * sizeof(size_t)) };
	size_t *read_by_count = lp_allocate(count * sizeof *read_by_count);
	size_t *waiting_for = lp_allocate(count * sizeof *waiting_for), *ready = lp_allocate(count * sizeof *ready);
	size_t ready_count = 0;

	(void)each_edge(calculations, count, &writers, &reads, read_by_count);
	turn_round(&reads, count, read_by_count, &read_by);
	for (size_t i = 0; i < count; i++) {
		waiting_for[i] = reads.first[i + 1] - reads.first[i];
		if (waiting_for[i] == 0)
			ready[ready_count++] = i;
	}
	for (size_t r = 0; r < ready_count; r++) {
		for (size_t e = read_by.first[ready[r]]; e < read_by.first[ready[r] + 1]; e++) {
			size_t reader = read_by.targets[e];
			if (ranks[reader] < ranks[ready[r]] + 1)
				ranks[reader] = ranks[ready[r]] + 1;
			if (--waiting_for[reader] == 0)
				ready[ready_count++] = reader;
		}
	}
	if (ready_count < count && visit != NULL)
		find_cycles(&reads, waiting_for, count, visit, context);

	lp_names_free(&writers);
	free(reads.first);
	free(reads.targets);
	free(read_by.first);
	free(read_by.targets);
	free(read_by_count);
	free(waiting_for);
	free(ready);
}
