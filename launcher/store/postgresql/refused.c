/*
 * What the table of results refused. Its triggers have listed it (mirror.sql):
 * the calculations whose results these are fail, and the rest of the batch is
 * committed by the next try.
 */
#include "store/postgresql/mapping.h"

#include <stdlib.h>
#include <string.h>

bool lp_pg_is_refusal(const struct lp_error *error)
{
	return strcmp(error->sqlstate, "LP001") == 0;
}

struct refusal {
	const struct lp_mapping *table;
	int64_t series_id;
	bool known; /* the window that the result is of */
	lp_time window_end;
	const char *why;
};

/* "SERIES WINDOW_END WHY", with "-" for a window that is not known. */
static void read_refusal(char *line, struct refusal *refusal)
{
	char *rest = line;

	refusal->series_id = strtoll(rest, &rest, 10);
	refusal->known = strncmp(rest, " - ", 3) != 0;
	refusal->window_end = LP_TIME_NONE;
	if (refusal->known)
		refusal->window_end = strtoll(rest, &rest, 10);
	else
		rest += strlen(" -");
	refusal->why = rest + (*rest == ' ');
}

static bool writes(const struct lp_calculation *calculation, int64_t series_id)
{
	for (size_t i = 0; i < calculation->output_count; i++)
		if (calculation->outputs[i].series_id == series_id)
			return true;
	return false;
}

/* Only the windows that were computed again may take results off. */
static bool is_refused(const struct lp_batch *batch, const struct lp_task *task, const struct refusal *refusal)
{
	const struct lp_outcome *outcome = &task->outcome;

	if (outcome->state != LP_STATE_OK && outcome->state != LP_STATE_NO_DATA)
		return false;
	if (outcome->result_count == 0 && batch->kind == LP_BATCH_FORWARD)
		return false;
	return writes(&batch->calculations[task->calculation], refusal->series_id) &&
	       (!refusal->known || refusal->window_end == task->window.end);
}

/* Lets the tasks fail whose results these are; returns how many. */
static size_t refuse(struct lp_batch *batch, const struct refusal *refusal)
{
	size_t computed = atomic_load(&batch->computed), count = 0;
	struct lp_text text = { 0 };

	for (size_t i = 0; i < computed; i++) {
		struct lp_task *task = &batch->tasks[i];

		if (!is_refused(batch, task, refusal))
			continue;
		if (count++ == 0)
			lp_text_addf(&text, "%s takes no such result: %s", refusal->table->table, refusal->why);
		task->blameless = true;
		task->outcome.state = LP_STATE_FAILED;
		task->outcome.result_count = 0;
		task->outcome.error_type = "ResultsRefused";
		task->outcome.error_message = lp_arena_copy(&batch->arena, text.data, text.length);
		task->outcome.error_traceback = NULL;
	}
	lp_text_free(&text);
	return count;
}

bool lp_pg_leave_refused(struct pg_store *store, struct lp_batch *batch)
{
	struct refusal refusal = { .table = lp_pg_results_table(store) };
	size_t count = 0;

	if (refusal.table == NULL || store->own_detail == NULL)
		return false;
	for (char *rest = store->own_detail, *line; (line = strsep(&rest, "\n")) != NULL;) {
		size_t found;

		read_refusal(line, &refusal);
		found = refuse(batch, &refusal);
		/* A result of an earlier window is refused its end, for which this batch has no other to blame. */
		refusal.known = false;
		count += found > 0 ? found : refuse(batch, &refusal);
	}
	return count > 0;
}
