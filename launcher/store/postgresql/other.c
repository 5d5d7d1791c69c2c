/*
 * Results of somebody else. The query is theirs, so it is sent as one statement,
 * in a transaction that cannot write.
 */
#include "store/postgresql/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds a name as an element of an array that is written as text. */
static void add_element(struct lp_text *array, const char *name)
{
	lp_text_add(array, array->length == 1 ? "\"" : ",\"", array->length == 1 ? 1 : 2);
	for (const char *c = name; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\')
			lp_text_add(array, "\\", 1);
		lp_text_add(array, c, 1);
	}
	lp_text_add(array, "\"", 1);
}

static bool prepare(struct pg_store *store, const struct lp_other_query *query, struct lp_error *error)
{
	lp_pg_argument_text(lp_pg_arguments(store), query->zone);
	return lp_pg_execute(store, PG_PREPARE_OTHER, NULL, error);
}

/* Writes a time as the number of its microseconds; NULL: there is none. */
static const char *time_text(lp_time time, char text[24])
{
	if (time == LP_TIME_NONE)
		return NULL;
	snprintf(text, 24, "%" PRId64, time);
	return text;
}

/* What is wrong with the query is no fault of this program's schema. */
static void blame_query(struct lp_error *error)
{
	bool writes = strcmp(error->sqlstate, "25006") == 0;
	/* Syntax and names, values that are not what they should be, what the server cannot do within a query. */
	bool is_wrong = (strncmp(error->sqlstate, "42", 2) == 0 && strcmp(error->sqlstate, "42501") != 0) ||
	                strncmp(error->sqlstate, "22", 2) == 0 || strncmp(error->sqlstate, "0A", 2) == 0;
	if (!writes && !is_wrong)
		return;
	error->exit = LP_EXIT_DATA;
	lp_hint(error, writes ? "The query is read in a transaction that cannot write."
	                      : "They are a table, or a query that gives a series, a time and a value.");
}

bool lp_pg_open_other(struct lp_store *opened, const struct lp_other_query *query, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct lp_text names = { .length = 0 };
	char from[24], to[24];
	char *sql;
	bool ok;

	assert(store->depth == 1);
	if (!prepare(store, query, error))
		return false;
	lp_text_add(&names, "{", 1);
	for (size_t i = 0; i < query->count; i++)
		add_element(&names, query->series[i]);
	lp_text_add(&names, "}", 1);
	sql = lp_format_text(lp_pg_format(PG_OPEN_OTHER, "%s"), query->sql);
	const char *const values[] = { names.data, time_text(query->from, from), time_text(query->to, to) };
	PGresult *result = PQexecParams(store->connection, sql, 3, NULL, values, NULL, NULL, 0);
	ok = PQresultStatus(result) == PGRES_COMMAND_OK;
	if (!ok) {
		lp_pg_fail(store->connection, result, "read the results to compare with", error);
		blame_query(error);
	}
	PQclear(result);
	free(sql);
	lp_text_free(&names);
	return ok;
}

static const struct lp_row_column other_columns[] = {
	{ LP_KIND_TEXT_OR_EMPTY, offsetof(struct lp_other_row, series), NULL },
	{ LP_KIND_TIME, offsetof(struct lp_other_row, time), NULL },
	{ LP_KIND_DOUBLE, offsetof(struct lp_other_row, value), NULL },
};
static const struct lp_row_layout other_layout = { sizeof other_columns / sizeof *other_columns, other_columns };

bool lp_pg_more_other(struct lp_store *opened, struct lp_other_row *rows, size_t *count, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	struct pg_rows read;

	*count = 0;
	lp_arena_empty(&store->scratch);
	(void)lp_pg_arguments(store);
	lp_pg_read(store, PG_MORE_OTHER, &read, error);
	read.arena = &store->scratch;
	while (lp_pg_next(&read, &other_layout, &rows[*count]))
		++*count;
	bool ok = lp_pg_end(&read);
	if (!ok)
		blame_query(error);
	return ok;
}
