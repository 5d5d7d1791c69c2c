/* The history of a calculation's definition, as JSON: see show.h. */
#include "show/show.h"

#include "text/json.h"

struct changes {
	struct lp_document *document;
	const struct lp_zone *zone;
};

static bool add_change(void *context, const struct lp_definition_change *change, struct lp_error *error)
{
	const struct changes *changes = context;
	struct lp_text *json = &changes->document->text;
	lp_json_new_line(json, 4);
	lp_json_begin(json, NULL, "{");
	lp_json_add_time(json, "changed", change->changed, changes->zone);
	lp_json_add_text(json, "role", change->role);
	lp_json_add_text(json, "kind", change->kind);
	lp_json_add_text(json, "name", change->name);
	if (change->version == 0)
		lp_json_add_null(json, "version");
	else
		lp_json_add_integer(json, "version", change->version);
	lp_json_add_text(json, "change", change->change);
	lp_json_add_text(json, "program_version", change->program_version);
	lp_json_end(json, "}");
	return lp_document_flush(changes->document, error);
}

bool lp_show_history(struct lp_document *document, struct lp_store *store, const char *calculation,
                     const struct lp_zone *zone, struct lp_error *error)
{
	struct changes changes = { .document = document, .zone = zone };
	lp_json_begin(&document->text, NULL, "{\n  ");
	lp_json_add_text(&document->text, "calculation", calculation);
	lp_json_new_line(&document->text, 2);
	lp_json_begin(&document->text, "history", "[");
	if (!lp_store_each_definition_change(store, calculation, add_change, &changes, error))
		return false;
	lp_json_end(&document->text, "\n  ]\n}\n");
	return true;
}
