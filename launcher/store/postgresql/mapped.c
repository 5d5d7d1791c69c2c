/* The mappings of a connection, and the statements that are made for each: see mapping.h. */
#include "store/postgresql/gone.h"
#include "store/postgresql/mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lp_pg_add_mappings(struct pg_store *store, const struct lp_mappings *mappings)
{
	store->mappings_configured = mappings;
	store->mapping_count = mappings == NULL ? 0 : mappings->count;
	store->mappings = lp_allocate((store->mapping_count + 1) * sizeof *store->mappings);
	for (size_t i = 0; i < store->mapping_count; i++)
		store->mappings[i] = (struct pg_mapping){ .configured = &mappings->items[i],
			                                  .number = (int)i,
			                                  .habit = { .sample_rate = 1 } };
}

void lp_pg_forget_mapping(struct pg_mapping *mapping)
{
	for (size_t i = 0; i < PG_STATEMENT_COUNT; i++) {
		free(mapping->sql[i]);
		mapping->sql[i] = NULL;
		mapping->prepared[i] = false;
	}
	lp_names_free(&mapping->columns);
	mapping->columns = (struct lp_names){ .count = 0 };
	lp_arena_free(&mapping->column_names);
	free(mapping->source);
	free(mapping->keys);
	free(mapping->written);
	mapping->source = mapping->keys = mapping->written = NULL;
}

void lp_pg_free_mappings(struct pg_store *store)
{
	for (size_t i = 0; i < store->mapping_count; i++)
		lp_pg_forget_mapping(&store->mappings[i]);
	free(store->mappings);
}

static void add_column(struct pg_store *store, struct lp_text *text, const char *column)
{
	char *name = PQescapeIdentifier(store->connection, column, strlen(column));

	lp_text_addf(text, "t.%s", name);
	PQfreemem(name);
}

void lp_pg_add_row_key(struct pg_store *store, const struct pg_mapping *mapping, struct lp_text *text)
{
	bool is_numeric = strcmp(mapping->keys, "numeric[]") == 0;

	lp_text_addf(text, is_numeric ? "trim_scale(" : "");
	add_column(store, text, mapping->configured->series);
	lp_text_addf(text, is_numeric ? ")::text" : "::text");
}

void lp_pg_add_row_time(struct pg_store *store, const struct lp_mapping *configured, struct lp_text *text)
{
	char *literal;

	lp_text_addf(text, "(");
	add_column(store, text, configured->time);
	if (configured->time_zone != NULL) {
		lp_text_addf(text, " AT TIME ZONE ");
		literal = PQescapeLiteral(store->connection, configured->time_zone, strlen(configured->time_zone));
		lp_text_addf(text, "%s", literal);
		PQfreemem(literal);
	}
	lp_text_addf(text, ")");
}

bool lp_pg_reads_written(enum pg_statement statement)
{
	return statement == PG_MAPPED_IS_LATE || statement == PG_MAPPED_NOTE_LATE ||
	       statement == PG_MAPPED_NOTE_LATE_WIDE;
}

char *lp_pg_written_rows(struct pg_store *store, const struct pg_mapping *mapping, const char *ingestion_time)
{
	const struct lp_mapping *configured = mapping->configured;
	char *column = PQescapeIdentifier(store->connection, ingestion_time, strlen(ingestion_time));
	struct lp_text rows = { 0 };

	lp_text_addf(&rows, "(SELECT ");
	if (!configured->wide) {
		lp_pg_add_row_key(store, mapping, &rows);
		lp_text_addf(&rows, " AS key, ");
	}
	lp_pg_add_row_time(store, configured, &rows);
	lp_text_addf(&rows, " AS ts, t.%s AS written, t.xmin AS row_version FROM %s t)", column, configured->table);
	PQfreemem(column);
	return rows.data;
}

bool lp_pg_is_mapped(enum pg_statement statement)
{
	return strncmp(lp_pg_statements[statement].name, "mapped_", 7) == 0;
}

const char *lp_pg_mapped_sql(struct pg_mapping *mapping, enum pg_statement statement)
{
	if (mapping->sql[statement] == NULL)
		mapping->sql[statement] =
			lp_pg_reads_written(statement)
				? lp_format_text(lp_pg_format(statement, "%1$s"), mapping->written)
				: lp_format_text(lp_pg_format(statement, "%1$s %2$s"), mapping->keys, mapping->source);
	return mapping->sql[statement];
}

const char *lp_pg_mapped_name(struct pg_mapping *mapping, enum pg_statement statement)
{
	snprintf(mapping->prepared_name, sizeof mapping->prepared_name, "%s_%d_%u", lp_pg_statements[statement].name,
	         mapping->number, mapping->made);
	return mapping->prepared_name;
}

void lp_pg_forget_prepared(struct pg_store *store)
{
	struct pg_database *database = store->mapping == NULL ? NULL : store->mapping->database;

	memset(database == NULL ? store->prepared : database->prepared, 0, sizeof store->prepared);
	for (size_t i = 0; i < store->mapping_count; i++)
		if (store->mappings[i].database == database)
			memset(store->mappings[i].prepared, 0, sizeof store->mappings[i].prepared);
}

/* Blames all mappings of a database that is gone: each of them would find it out anew. */
static void blame_gone(struct pg_store *store)
{
	for (size_t i = 0; i < store->mapping_count; i++) {
		struct pg_mapping *mapping = &store->mappings[i];

		if (mapping->database != NULL && lp_pg_is_gone(mapping->database->address, &mapping->error))
			mapping->broken = true;
	}
}

bool lp_pg_blame_mapping(struct pg_store *store, const struct lp_error *error)
{
	struct pg_mapping *mapping = store->mapping;

	if (mapping == NULL || mapping->broken ||
	    (mapping->database == NULL && PQstatus(store->connection) != CONNECTION_OK))
		return false;
	mapping->broken = true;
	mapping->error = *error;
	lp_pg_forget_mapping(mapping);
	if (mapping->database != NULL) {
		if (PQstatus(mapping->database->connection) != CONNECTION_OK)
			lp_pg_note_gone(mapping->database->address, error);
		blame_gone(store);
	}
	return true;
}

void lp_pg_forget_blame(struct pg_store *store)
{
	for (size_t i = 0; i < store->mapping_count; i++)
		store->mappings[i].broken = false;
	store->mapping = NULL;
	blame_gone(store);
}

void lp_pg_add_mapping_names(struct pg_store *store, struct pg_arguments *arguments)
{
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < store->mapping_count; i++)
		lp_pg_array_text(arguments, store->mappings[i].configured->name);
	lp_pg_array_end(arguments);
}

bool lp_pg_has_column(const struct pg_mapping *mapping, const char *name)
{
	return lp_names_find(&mapping->columns, name, NULL);
}

uint64_t lp_pg_digest(const char *text)
{
	uint64_t digest = UINT64_C(0xcbf29ce484222325);

	for (const char *c = text; *c != '\0'; c++)
		digest = (digest ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	return digest;
}
