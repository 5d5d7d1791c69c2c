/* See mapping.h. */
#include "store/postgresql/mapping.h"

#include "store/elsewhere.h"
#include "text/utf8.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a column of a table is like. */
struct column {
	int64_t type; /* 0: there is none */
	char category;
	const char *type_name;
};

enum { COLUMNS_MOST = 5, TIMESTAMP = 1114 };

struct description {
	struct pg_store *store;
	const struct lp_mapping *mapping;
	const char *table; /* quoted */
	struct column series, time, value, quality, ingestion_time;
	struct lp_arena arena;
};

static bool fail_column(const struct description *description, const char *column, const char *what,
                        struct lp_error *error)
{
	(void)lp_fail(error, LP_EXIT_CONFIGURATION, "%s, described by %s: the column %.*s %s", description->table,
	              description->mapping->name, LP_CUT(100, column), what);
	return lp_hint(error,
	               "Change the table or what the configuration says of it; `local-processing check` looks at it.");
}

/* Columns in the order in which they are asked for. */
static bool describe(struct description *description, const char *const *names, struct column *const *columns,
                     size_t count, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(description->store);
	PGresult *result = NULL;
	bool ok;

	lp_pg_argument_text(arguments, description->mapping->table);
	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < count; i++)
		lp_pg_array_text(arguments, names[i]);
	lp_pg_array_end(arguments);
	ok = lp_pg_execute(description->store, PG_DESCRIBE_TABLE, &result, error);
	if (ok && PQntuples(result) == 0) {
		(void)lp_fail(error, LP_EXIT_CONFIGURATION, "there is no table %.*s, which %s describes",
		              LP_CUT(200, description->mapping->table), description->mapping->name);
		ok = lp_hint(error, "Its name is read as SQL does: capitals and blanks need quotes.");
	}
	for (int i = 0; ok && i < PQntuples(result); i++) {
		const char *category = lp_pg_get_text(result, i, 4, &description->arena);

		description->table = lp_pg_get_text(result, i, 0, &description->arena);
		columns[i]->type = lp_pg_get_int8(result, i, 2);
		columns[i]->type_name = lp_pg_get_text(result, i, 3, &description->arena);
		columns[i]->category = category == NULL ? '\0' : category[0];
		if (columns[i]->type == 0)
			ok = fail_column(description, names[i], "is not there", error);
	}
	PQclear(result);
	return ok;
}

static bool check_time(const struct description *description, struct lp_error *error)
{
	const struct lp_mapping *mapping = description->mapping;
	bool has_zone = description->time.type == PG_TIMESTAMPTZ;

	if (!has_zone && description->time.type != TIMESTAMP)
		return fail_column(description, mapping->time, "has no times: it must be timestamptz or timestamp",
		                   error);
	if (has_zone && mapping->time_zone != NULL)
		return fail_column(description, mapping->time, "is timestamptz, and knows its zone: take time_zone out",
		                   error);
	if (!has_zone && mapping->time_zone == NULL)
		return fail_column(description, mapping->time,
		                   "is a timestamp without zone: time_zone has to say which one is meant", error);
	return true;
}

/* Adds the column that says when a row was written, if there is one. */
static size_t add_ingestion(struct description *description, const char **names, struct column **columns, size_t count)
{
	if (description->mapping->late != LP_LATE_INGESTION)
		return count;
	names[count] = description->mapping->ingestion_time;
	columns[count] = &description->ingestion_time;
	return count + 1;
}

static bool check_ingestion(const struct description *description, struct lp_error *error)
{
	const struct lp_mapping *mapping = description->mapping;

	return mapping->late != LP_LATE_INGESTION || description->ingestion_time.type == PG_TIMESTAMPTZ ||
	       fail_column(description, mapping->ingestion_time,
	                   "does not say when a row was written: it must be timestamptz", error);
}

/* The types that are compared by an index of the column: those of one family are one. */
static char *array_of_keys(const struct column *column)
{
	static const struct {
		const char *type, *array;
	} families[] = {
		{ "smallint", "int8[]" }, { "integer", "int8[]" },           { "bigint", "int8[]" },
		{ "name", "text[]" },     { "character varying", "text[]" }, { "character", "bpchar[]" },
	};

	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		if (strcmp(families[i].type, column->type_name) == 0)
			return lp_copy_text(families[i].array);
	return lp_format_text("%s[]", column->type_name);
}

static bool make(struct description *description, enum pg_statement statement, char **source, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok = lp_pg_execute(description->store, statement, &result, error);

	if (ok)
		*source = lp_copy_text(lp_pg_get_text(result, 0, 0, &description->arena));
	PQclear(result);
	return ok;
}

static bool make_narrow(struct description *description, struct pg_mapping *made, struct lp_error *error)
{
	const struct lp_mapping *mapping = description->mapping;
	const char *names[COLUMNS_MOST] = { mapping->series, mapping->time, mapping->value, mapping->quality };
	struct column *columns[COLUMNS_MOST] = { &description->series, &description->time, &description->value,
		                                 &description->quality };
	size_t count = add_ingestion(description, names, columns, mapping->quality == NULL ? 3 : 4);
	struct lp_text quality = { 0 };
	struct pg_arguments *arguments;
	bool ok;

	if (!describe(description, names, columns, count, error) || !check_time(description, error) ||
	    !check_ingestion(description, error))
		return false;
	if (description->value.category != 'N' && description->value.category != 'B')
		return fail_column(description, mapping->value, "has no numbers", error);
	if (mapping->quality != NULL && description->quality.category != 'N' &&
	    (mapping->codes != LP_CODES_LISTED || !(mapping->good.texts || mapping->uncertain.texts)))
		return fail_column(description, mapping->quality, "has no numbers, as the codes are", error);
	if (mapping->quality == NULL) {
		lp_text_addf(&quality, "0::int2");
	} else {
		char *column = PQescapeIdentifier(lp_pg_connection(description->store), mapping->quality,
		                                  strlen(mapping->quality));

		lp_pg_add_quality(&quality, mapping, column);
		PQfreemem(column);
	}
	arguments = lp_pg_arguments(description->store);
	lp_pg_argument_text(arguments, description->table);
	lp_pg_argument_text(arguments, mapping->series);
	lp_pg_argument_text(arguments, mapping->time);
	lp_pg_argument_text(arguments, mapping->time_zone);
	lp_pg_argument_text(arguments, mapping->value);
	lp_pg_argument_text(arguments, description->value.category == 'B' ? "::int4::float8" : "::float8");
	lp_pg_argument_text(arguments, quality.data);
	ok = make(description, PG_DESCRIBE_ROWS, &made->source, error);
	if (ok)
		made->keys = array_of_keys(&description->series);
	lp_text_free(&quality);
	return ok;
}

static bool make_wide(struct description *description, struct pg_mapping *made, struct lp_error *error)
{
	const struct lp_mapping *mapping = description->mapping;
	const char *names[2] = { mapping->time };
	struct column *columns[2] = { &description->time };
	size_t count = add_ingestion(description, names, columns, 1);
	struct pg_arguments *arguments;
	PGresult *result = NULL;
	struct lp_text values = { 0 };
	bool ok;

	if (!describe(description, names, columns, count, error) || !check_time(description, error) ||
	    !check_ingestion(description, error))
		return false;
	arguments = lp_pg_arguments(description->store);
	lp_pg_argument_text(arguments, mapping->table);
	lp_pg_argument_text(arguments, mapping->time);
	ok = lp_pg_execute(description->store, PG_DESCRIBE_WIDE, &result, error);
	for (int i = 0; ok && i < PQntuples(result); i++) {
		lp_text_addf(&values, "%s%s", i == 0 ? "" : ", ", PQgetvalue(result, i, 0));
		(void)lp_names_add(&made->columns, lp_pg_get_text(result, i, 1, &made->column_names), (size_t)i, NULL);
	}
	PQclear(result);
	if (ok && values.length == 0) {
		(void)lp_fail(error, LP_EXIT_CONFIGURATION, "%s, described by %s, has no column of numbers",
		              description->table, mapping->name);
		ok = lp_hint(error, "A wide table has a column for each series.");
	}
	if (ok) {
		arguments = lp_pg_arguments(description->store);
		lp_pg_argument_text(arguments, description->table);
		lp_pg_argument_text(arguments, mapping->time);
		lp_pg_argument_text(arguments, mapping->time_zone);
		lp_pg_argument_text(arguments, values.data);
		made->keys = lp_copy_text("text[]");
		ok = make(description, PG_DESCRIBE_COLUMNS, &made->source, error);
	}
	lp_text_free(&values);
	return ok;
}

bool lp_pg_use_mapping(struct pg_store *store, struct pg_mapping *mapping, struct lp_error *error)
{
	struct description description = { .store = store };
	struct pg_arguments saved = store->arguments;
	bool ok;

	store->mapping = mapping;
	if (mapping == NULL)
		return true;
	if (mapping->database != NULL && !lp_pg_enter_database(store, mapping->database, error))
		return false;
	if (mapping->source != NULL)
		return true;
	/* Arguments of the caller stay as they are. */
	store->arguments = (struct pg_arguments){ .data = NULL };
	description.mapping = mapping->configured;
	mapping->made++;
	ok = mapping->configured->query != NULL ? lp_pg_make_query(store, mapping, error)
	     : mapping->configured->wide        ? make_wide(&description, mapping, error)
	                                        : make_narrow(&description, mapping, error);
	if (ok && mapping->configured->late == LP_LATE_INGESTION)
		mapping->written = lp_pg_written_rows(store, mapping, mapping->configured->ingestion_time);
	if (!ok)
		lp_pg_forget_mapping(mapping);
	free(store->arguments.data);
	store->arguments = saved;
	lp_arena_free(&description.arena);
	return ok;
}

bool lp_pg_no_such_table(const char *series, const char *table, struct lp_error *error)
{
	(void)lp_fail(error, LP_EXIT_CONFIGURATION,
	              "the series \"%.*s\" names the table \"%.*s\", which the configuration does not have",
	              LP_CUT(200, series), LP_CUT(100, table));
	return lp_hint(error,
	               "Describe it under `tables`, or apply a definition without it; \"%s\" is this program's own.",
	               LP_OWN_TABLE);
}

static struct pg_mapping *mapping_named(struct pg_store *store, const char *name)
{
	for (size_t i = 0; i < store->mapping_count; i++)
		if (strcmp(store->mappings[i].configured->name, name) == 0)
			return &store->mappings[i];
	return NULL;
}

/* Results are in the table of results, if there is one; those in shadow are in this program's own alone. */
static bool choose(struct pg_store *store, struct pg_place *place, const char *table, bool shadow,
                   struct lp_error *error)
{
	if (place->is_result) {
		place->mapping = shadow ? NULL : mapping_named(store, LP_RESULTS_TABLE);
		return true;
	}
	if (strcmp(table, LP_OWN_TABLE) == 0)
		return true;
	place->mapping = mapping_named(store, table[0] == '\0' ? LP_SAMPLES_TABLE : table);
	return place->mapping != NULL || table[0] == '\0' || lp_pg_no_such_table(place->name, table, error);
}

static bool ask_for_places(struct pg_store *store, const int64_t *ids, size_t count, struct lp_arena *arena,
                           struct pg_place *places, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	store->mapping = NULL;
	lp_pg_add_ids(lp_pg_arguments(store), ids, count);
	ok = lp_pg_execute(store, PG_FIND_PLACES, &result, error);
	for (int i = 0; ok && i < PQntuples(result); i++) {
		struct pg_place *place = &places[lp_pg_get_int8(result, i, 4) - 1];

		place->key = lp_pg_get_text(result, i, 0, arena);
		place->name = lp_pg_get_text(result, i, 2, arena);
		place->is_result = lp_pg_get_bool(result, i, 3);
		ok = choose(store, place, lp_pg_get_text(result, i, 1, arena), lp_pg_get_bool(result, i, 5), error);
	}
	PQclear(result);
	return ok;
}

/* The same, where another store knows them. */
static bool ask_locator(struct pg_store *store, const int64_t *ids, size_t count, struct lp_arena *arena,
                        struct pg_place *places, struct lp_error *error)
{
	struct lp_located *located = lp_arena_zeroed(arena, count, sizeof *located);
	bool ok = store->locator->locate(store->locator->context, ids, count, arena, located, error);

	for (size_t i = 0; ok && i < count; i++) {
		places[i].key = located[i].key;
		places[i].name = located[i].name;
		places[i].is_result = located[i].is_result;
		ok = choose(store, &places[i], located[i].table, located[i].shadow, error);
	}
	return ok;
}

bool lp_pg_find_places(struct pg_store *store, const int64_t *ids, size_t count, struct lp_arena *arena,
                       struct pg_place **places, struct lp_error *error)
{
	*places = NULL;
	if (store->mapping_count == 0 || count == 0)
		return true;
	*places = lp_arena_zeroed(arena, count, sizeof **places);
	for (size_t i = 0; i < count; i++)
		(*places)[i].series_id = ids[i];
	return (store->locator == NULL ? ask_for_places : ask_locator)(store, ids, count, arena, *places, error);
}

size_t lp_pg_sort_ids(int64_t *ids, size_t count)
{
	size_t kept = 0;

	if (count > 0)
		qsort(ids, count, sizeof *ids, lp_compare_numbers);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || ids[kept - 1] != ids[i])
			ids[kept++] = ids[i];
	return kept;
}

const struct pg_place *lp_pg_place_of(const struct pg_place *places, size_t count, int64_t series_id)
{
	size_t at = LP_LOWER_BOUND(count, i, places[i].series_id < series_id);

	return at < count && places[at].series_id == series_id ? &places[at] : NULL;
}
