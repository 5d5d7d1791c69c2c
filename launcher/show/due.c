/* What a run for a tick would do, line by line, and as JSON: see show.h. */
#include "show/show.h"

#include "model/order.h"
#include "text/json.h"

#include <stdlib.h>

/* The calculations by id: a line names one by that. */
struct named {
	int64_t id;
	const char *name;
	int32_t rank;
	enum lp_mode mode;
};

struct names {
	struct lp_arena arena;
	struct named *items;
	size_t count, capacity;
};

static bool add_name(void *context, const struct lp_calculation *calculation, struct lp_error *error)
{
	struct names *names = context;
	(void)error;
	LP_GROW(names->items, names->count, names->capacity);
	names->items[names->count++] = (struct named){ .id = calculation->id,
		                                       .name = lp_arena_text(&names->arena, calculation->name),
		                                       .rank = calculation->rank,
		                                       .mode = calculation->mode };
	return true;
}

static int compare_names(const void *a, const void *b)
{
	int64_t left = ((const struct named *)a)->id, right = ((const struct named *)b)->id;
	return lp_compare(left, right);
}

static const struct named *find_name(const struct names *names, int64_t id)
{
	const struct named wanted = { .id = id };
	return names->count == 0 ? NULL : bsearch(&wanted, names->items, names->count, sizeof wanted, compare_names);
}

/* The first calculation by name of a batch that waits, and the writer that it waits for. */
struct hold_names {
	const struct lp_hold *hold;
	struct lp_arena *arena;
	const char *reader, *writer;
	int64_t writer_id;
	bool others; /* there are more writers */
};

static bool add_edge(void *context, const struct lp_edge *edge, struct lp_error *error)
{
	struct hold_names *names = context;
	(void)error;
	if (edge->writer_batch != names->hold->upstream)
		return true;
	if (names->writer == NULL) {
		names->reader = lp_arena_text(names->arena, edge->reader);
		names->writer = lp_arena_text(names->arena, edge->writer);
		names->writer_id = edge->writer_id;
	}
	names->others = names->others || edge->writer_id != names->writer_id;
	return true;
}

/* A preview on its way to a visitor. */
struct walk {
	struct lp_due_list *due;
	struct names names;
	lp_due_visit *visit;
	void *context;
};

/* Says who waits, where it is one, and for whom. */
static bool describe_hold(struct walk *walk, struct lp_due_line *line, struct lp_error *error)
{
	const struct lp_hold *hold = line->preview->hold;
	struct hold_names names = { .hold = hold, .arena = &walk->names.arena };
	if (!lp_store_each_edge(walk->due->store, hold->batch_id, 0, add_edge, &names, error))
		return false;
	if (line->preview->calculations == 1)
		line->calculation = names.reader;
	/* There is none where the definitions changed meanwhile. */
	line->waits = lp_hold_describe(hold, names.writer == NULL ? "another calculation" : names.writer, names.others,
	                               walk->due->zone, &walk->names.arena);
	return true;
}

static bool take_preview(void *context, const struct lp_preview_line *preview, struct lp_error *error)
{
	struct walk *walk = context;
	struct lp_due_list *due = walk->due;
	const struct named *named = find_name(&walk->names, preview->calculation_id);
	struct lp_due_line line = { .preview = preview,
		                    .calculation = named == NULL ? NULL : named->name,
		                    .rank = named == NULL ? preview->rank : named->rank,
		                    .shadow = named == NULL ? preview->shadow : named->mode == LP_MODE_SHADOW };
	if ((preview->hold != NULL && !describe_hold(walk, &line, error)) || !walk->visit(walk->context, &line, error))
		return false;
	due->lines++;
	if (preview->hold != NULL || preview->problem != NULL)
		return true;
	due->due++;
	due->windows += preview->windows * preview->calculations;
	due->later += preview->later * preview->calculations;
	due->left += preview->left;
	return true;
}

bool lp_due_each(struct lp_due_list *due, lp_due_visit *visit, void *context, struct lp_error *error)
{
	struct walk walk = { .due = due, .visit = visit, .context = context };
	due->preview = (struct lp_preview){ .visit = take_preview, .context = &walk, .next_due = LP_TIME_NONE };
	bool ok = lp_store_each_calculation(due->store, add_name, &walk.names, error);
	if (ok && walk.names.count > 0)
		qsort(walk.names.items, walk.names.count, sizeof *walk.names.items, compare_names);
	ok = ok && lp_preview_run(due->store, due->options, due->tick, &due->preview, error);
	free(walk.names.items);
	lp_arena_free(&walk.names.arena);
	return ok;
}

struct row {
	struct lp_document *document;
	const struct lp_zone *zone;
};

static bool add_row(void *context, const struct lp_due_line *line, struct lp_error *error)
{
	const struct row *row = context;
	const struct lp_preview_line *preview = line->preview;
	struct lp_text *json = &row->document->text;
	lp_json_new_line(json, 4);
	lp_json_begin(json, NULL, "{");
	lp_json_add_text(json, "reason", lp_reason_name(preview->reason));
	lp_json_add_text(json, "calculation", line->calculation);
	lp_json_add_text(json, "waits", line->waits);
	lp_json_add_text(json, "problem", preview->problem);
	lp_json_add_integer(json, "calculations", (int64_t)preview->calculations);
	lp_json_add_integer(json, "windows", (int64_t)preview->windows);
	lp_json_add_integer(json, "later", (int64_t)preview->later);
	lp_json_add_integer(json, "left", (int64_t)preview->left);
	lp_json_add_integer(json, "rank", line->rank);
	lp_json_add_text(json, "mode", lp_mode_names[line->shadow ? LP_MODE_SHADOW : LP_MODE_LIVE]);
	lp_json_add_time(json, "from", preview->from, row->zone);
	lp_json_add_time(json, "to", preview->to, row->zone);
	lp_json_end(json, "}");
	return lp_document_flush(row->document, error);
}

bool lp_show_due(struct lp_document *document, struct lp_due_list *due, struct lp_error *error)
{
	struct row row = { .document = document, .zone = due->zone };
	struct lp_text *json = &document->text;
	lp_json_begin(json, NULL, "{\n  ");
	lp_json_begin(json, "due", "[");
	if (!lp_due_each(due, add_row, &row, error))
		return false;
	lp_json_end(json, due->lines == 0 ? "]" : "\n  ]");
	lp_json_new_line(json, 2);
	lp_json_add_time(json, "tick", due->tick, due->zone);
	lp_json_add_time(json, "next_due", due->preview.next_due, due->zone);
	lp_json_add_integer(json, "windows", (int64_t)due->windows);
	lp_json_add_integer(json, "later", (int64_t)due->later);
	lp_json_add_integer(json, "changes_too_old", (int64_t)due->preview.too_old);
	lp_json_end(json, "\n}\n");
	return true;
}
