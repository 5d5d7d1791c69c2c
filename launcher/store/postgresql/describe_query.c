/* Looks at a query of somebody else: which columns it gives, and of which types. */
#include "store/postgresql/mapping.h"

#include "text/utf8.h"
#include <stdlib.h>
#include <string.h>

enum { SERIES, TIME, VALUE, QUALITY, COLUMNS };
static const char *const column_names[COLUMNS] = { "series", "time", "value", "quality" };

enum { PARAMETERS = 3, TIMESTAMPTZ_ARRAY = 1185 };

struct query {
	struct pg_store *store;
	const struct lp_mapping *mapping;
	Oid keys_type;
	Oid types[COLUMNS]; /* 0: it does not give it */
};

static bool fail_query(const struct query *query, struct lp_error *error, const char *format, const char *what)
{
	char *text = lp_format_text(format, what);

	(void)lp_fail(error, LP_EXIT_CONFIGURATION, "%s %s", query->mapping->table, text);
	free(text);
	return lp_hint(error,
	               "It gets $1 %s[] (keys), $2 and $3 timestamptz[] (from, to), and gives the columns series, "
	               "time, value and, if it has one, quality.",
	               query->mapping->keys);
}

static bool find_keys_type(struct query *query, struct lp_error *error)
{
	PGresult *result = NULL;
	bool ok;

	lp_pg_argument_text(lp_pg_arguments(query->store), query->mapping->keys);
	ok = lp_pg_execute(query->store, PG_DESCRIBE_KEYS, &result, error);
	if (ok)
		query->keys_type = (Oid)lp_pg_get_int8(result, 0, 0);
	PQclear(result);
	return ok && (query->keys_type != 0 ||
	              fail_query(query, error, "is to get keys of the type %s, which the database does not know",
	                         query->mapping->keys));
}

/* What is wrong with the query is no fault of this program's schema. */
static bool fail_server(const struct query *query, const PGresult *result, struct lp_error *error)
{
	lp_pg_fail(lp_pg_connection(query->store), result, "look at the query", error);
	if (strncmp(error->sqlstate, "42", 2) != 0 || strcmp(error->sqlstate, "42501") == 0)
		return false;
	error->exit = LP_EXIT_CONFIGURATION;
	return lp_hint(error, "It gets $1 %s[] (keys), $2 and $3 timestamptz[] (from, to); names need their schema.",
	               query->mapping->keys);
}

static bool take_columns(struct query *query, const PGresult *described, struct lp_error *error)
{
	if (PQnparams(described) > PARAMETERS)
		return fail_query(query, error, "has more parameters than %s", "three");
	if (PQnfields(described) == 0)
		return fail_query(query, error, "gives no %s", "rows");
	for (int i = 0; i < PQnfields(described); i++) {
		size_t column;

		if (!lp_word_find(PQfname(described, i), column_names, COLUMNS, &column))
			return fail_query(query, error, "gives a column \"%s\", which is none of those that are read",
			                  PQfname(described, i));
		if (query->types[column] != 0)
			return fail_query(query, error, "gives the column %s twice", column_names[column]);
		query->types[column] = PQftype(described, i);
	}
	for (int c = 0; c < QUALITY; c++)
		if (query->types[c] == 0)
			return fail_query(query, error, "does not give the column %s", column_names[c]);
	return true;
}

/* Without running it. */
static bool describe(struct query *query, struct lp_error *error)
{
	const Oid types[PARAMETERS] = { query->keys_type, TIMESTAMPTZ_ARRAY, TIMESTAMPTZ_ARRAY };
	PGconn *connection = lp_pg_connection(query->store);
	PGresult *result = PQprepare(connection, "", query->mapping->query, PARAMETERS, types);
	bool ok = PQresultStatus(result) == PGRES_COMMAND_OK;

	if (ok) {
		PQclear(result);
		result = PQdescribePrepared(connection, "");
		ok = PQresultStatus(result) == PGRES_COMMAND_OK;
	}
	ok = ok ? take_columns(query, result, error) : fail_server(query, result, error);
	PQclear(result);
	return ok;
}

static bool has_codes(const struct lp_mapping *mapping, char category)
{
	return category == 'N' ||
	       (mapping->codes == LP_CODES_LISTED && (mapping->good.texts || mapping->uncertain.texts));
}

static bool check_types(const struct query *query, char *value_category, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(query->store);
	bool has_quality = query->types[QUALITY] != 0, ok;
	PGresult *result = NULL;

	lp_pg_array_begin(arguments, PG_INT8);
	for (int c = 0; c < QUALITY + has_quality; c++)
		lp_pg_array_int8(arguments, query->types[c]);
	lp_pg_array_end(arguments);
	ok = lp_pg_execute(query->store, PG_DESCRIBE_TYPES, &result, error);
	if (ok && query->types[TIME] != PG_TIMESTAMPTZ)
		ok = fail_query(query, error, "gives a time that is %s, and not timestamptz",
		                PQgetvalue(result, TIME, 1));
	if (ok) {
		*value_category = PQgetvalue(result, VALUE, 0)[0];
		if (*value_category != 'N' && *value_category != 'B')
			ok = fail_query(query, error, "gives a value that is %s, and no number",
			                PQgetvalue(result, VALUE, 1));
	}
	if (ok && has_quality && !has_codes(query->mapping, PQgetvalue(result, QUALITY, 0)[0]))
		ok = fail_query(query, error, "gives a quality that is %s, and no number, as the codes are",
		                PQgetvalue(result, QUALITY, 1));
	PQclear(result);
	return ok && (has_quality || query->mapping->codes == LP_CODES_OWN ||
	              fail_query(query, error, "does not give the column %s, of which `good` says what its codes mean",
	                         column_names[QUALITY]));
}

bool lp_pg_make_query(struct pg_store *store, struct pg_mapping *mapping, struct lp_error *error)
{
	struct query query = { .store = store, .mapping = mapping->configured };
	struct lp_text quality = { 0 };
	char value_category;

	if (!find_keys_type(&query, error) || !describe(&query, error) || !check_types(&query, &value_category, error))
		return false;
	if (query.types[QUALITY] == 0)
		lp_text_addf(&quality, "0::int2");
	else
		lp_pg_add_quality(&quality, mapping->configured, "q.quality");
	/* Behind a comment at the end of the query a line begins. */
	mapping->source = lp_format_text(
		"(SELECT q.series AS series_id, q.time AS ts, q.value%s AS value, %s AS quality FROM (%s\n) q)",
		value_category == 'B' ? "::int4::float8" : "::float8", quality.data, mapping->configured->query);
	mapping->keys = lp_format_text("%s[]", mapping->configured->keys);
	mapping->keys_type = query.keys_type;
	lp_text_free(&quality);
	return true;
}
