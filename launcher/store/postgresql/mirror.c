/*
 * Results in a table of somebody else. Triggers of `sample` put there what is
 * written here, whoever writes it: commits, backfills, what takes results off. So
 * a store without such a table pays nothing. `migrate` makes them of the
 * configuration, and notes of which; a run refuses to begin with another one.
 */
#include "store/postgresql/mapping.h"

#include <stdlib.h>
#include <string.h>

static struct pg_mapping *mapping_of_results(const struct pg_store *store)
{
	for (size_t i = 0; i < store->mapping_count; i++)
		if (strcmp(store->mappings[i].configured->name, LP_RESULTS_TABLE) == 0)
			return &store->mappings[i];
	return NULL;
}

bool lp_pg_mirrors(const struct pg_store *store)
{
	return mapping_of_results(store) != NULL;
}

const struct lp_mapping *lp_pg_results_table(const struct pg_store *store)
{
	const struct pg_mapping *mapping = mapping_of_results(store);

	return mapping == NULL ? NULL : mapping->configured;
}

/* Codes of good, uncertain and bad results, as SQL has them. */
static void codes_of(const struct lp_mapping *mapping, const char *codes[3])
{
	static const char *const known[][3] = {
		[LP_CODES_OWN] = { "NULL", "1", "2" },
		[LP_CODES_OPC_DA] = { "192", "64", "0" },
		[LP_CODES_OPC_UA] = { "0", "1073741824", "-2147483648" },
	};

	if (mapping->codes != LP_CODES_LISTED) {
		memcpy(codes, known[mapping->codes], sizeof known[mapping->codes]);
		return;
	}
	codes[0] = mapping->good.items[0];
	codes[1] = mapping->uncertain.count > 0 ? mapping->uncertain.items[0] : codes[0];
	codes[2] = NULL;
}

/* A text inside of another one that stands in quotes. */
static void add_quoted(struct lp_text *text, const char *inner)
{
	for (const char *c = inner; *c != '\0'; c++)
		lp_text_addf(text, *c == '\'' ? "''" : "%c", *c);
}

static void add_code(struct pg_store *store, struct lp_text *value, const char *code, bool texts)
{
	char *literal = code == NULL || !texts ? NULL : PQescapeLiteral(store->connection, code, strlen(code));

	lp_text_addf(value, "%s", code == NULL ? "NULL" : literal == NULL ? code : literal);
	PQfreemem(literal);
}

static void add_quality(struct pg_store *store, struct lp_text *value, const struct lp_mapping *mapping)
{
	const char *codes[3];

	codes_of(mapping, codes);
	lp_text_addf(value, "CASE n.quality");
	for (int i = 1; i < 3; i++) {
		lp_text_addf(value, " WHEN %d THEN ", i);
		add_code(store, value, codes[i], mapping->good.texts);
	}
	lp_text_addf(value, " ELSE ");
	add_code(store, value, codes[0], mapping->good.texts);
	lp_text_addf(value, " END");
}

/* The texts that the function is made of. */
struct parts {
	struct lp_text table, series, time, time_value, sets, columns, values;
};

static void add_column(struct pg_store *store, struct parts *parts, const char *column, const char *value, bool set)
{
	char *name = PQescapeIdentifier(store->connection, column, strlen(column));

	if (parts->columns.length > 0) {
		lp_text_addf(&parts->columns, ", ");
		lp_text_addf(&parts->values, ", ");
	}
	add_quoted(&parts->columns, name);
	add_quoted(&parts->values, value);
	if (set) {
		lp_text_addf(&parts->sets, parts->sets.length > 0 ? ", " : "");
		add_quoted(&parts->sets, name);
		lp_text_addf(&parts->sets, " = ");
		add_quoted(&parts->sets, value);
	}
	PQfreemem(name);
}

static void add_name(struct pg_store *store, struct lp_text *text, const char *name)
{
	char *quoted = PQescapeIdentifier(store->connection, name, strlen(name));

	add_quoted(text, quoted);
	PQfreemem(quoted);
}

static void fill(struct pg_store *store, const struct lp_mapping *mapping, struct parts *parts)
{
	const struct {
		const char *column, *value;
	} more[] = {
		{ mapping->coverage, "n.coverage" },
		{ mapping->samples, "n.samples" },
		{ mapping->window_end, "n.window_end" },
	};
	struct lp_text quality = { 0 };

	add_quoted(&parts->table, mapping->table);
	add_name(store, &parts->series, mapping->series);
	add_name(store, &parts->time, mapping->time);
	lp_text_addf(&parts->time_value, "r.ts");
	if (mapping->time_zone != NULL) {
		char *zone = PQescapeLiteral(store->connection, mapping->time_zone, strlen(mapping->time_zone));

		lp_text_addf(&parts->time_value, " AT TIME ZONE ");
		add_quoted(&parts->time_value, zone);
		PQfreemem(zone);
	}
	add_column(store, parts, mapping->series, "n.key", false);
	add_column(store, parts, mapping->time, "n.time", false);
	add_column(store, parts, mapping->value, "n.value", true);
	if (mapping->quality != NULL) {
		add_quality(store, &quality, mapping);
		add_column(store, parts, mapping->quality, quality.data, true);
	}
	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		if (more[i].column != NULL)
			add_column(store, parts, more[i].column, more[i].value, true);
	lp_text_free(&quality);
}

static void free_parts(struct parts *parts)
{
	lp_text_free(&parts->table);
	lp_text_free(&parts->series);
	lp_text_free(&parts->time);
	lp_text_free(&parts->time_value);
	lp_text_free(&parts->sets);
	lp_text_free(&parts->columns);
	lp_text_free(&parts->values);
}

/* The statement that makes the function, of which the type of keys is known once the table was looked at. */
static char *function_of(struct pg_store *store, const struct pg_mapping *mapping)
{
	struct parts parts = { .table = { 0 } };
	char *type = lp_format_text("%.*s", (int)(strlen(mapping->keys) - strlen("[]")), mapping->keys), *sql;

	fill(store, mapping->configured, &parts);
	sql = lp_format_text(lp_pg_format(PG_CREATE_MIRROR, "%1$s %2$s %3$s %4$s %5$s %6$s %7$s %8$s"),
	                     parts.table.data, parts.series.data, type, parts.time.data, parts.time_value.data,
	                     parts.sets.data, parts.columns.data, parts.values.data);
	free_parts(&parts);
	free(type);
	return sql;
}

static bool execute(struct pg_store *store, enum pg_statement statement, struct lp_error *error)
{
	return lp_pg_command(store, lp_pg_statements[statement].sql, lp_pg_statements[statement].doing, error);
}

/* What was made, as it is noted with the function. */
static char *digest_of(const char *function)
{
	return lp_format_text("made of the configuration: %016llx", (unsigned long long)lp_pg_digest(function));
}

static bool make(struct pg_store *store, const char *function, struct lp_error *error)
{
	char *digest = digest_of(function);
	char *literal = PQescapeLiteral(store->connection, digest, strlen(digest));
	char *note = lp_format_text(lp_pg_format(PG_NOTE_MIRROR, "%1$s"), literal);
	bool ok = lp_pg_command(store, function, lp_pg_statements[PG_CREATE_MIRROR].doing, error) &&
	          execute(store, PG_MIRROR_INSERTS, error) && execute(store, PG_MIRROR_UPDATES, error) &&
	          execute(store, PG_MIRROR_DELETES, error) &&
	          lp_pg_command(store, note, lp_pg_statements[PG_NOTE_MIRROR].doing, error);

	free(note);
	PQfreemem(literal);
	free(digest);
	return ok;
}

/* What the function should be noted with; NULL: there should be none. */
static bool wanted(struct pg_store *store, char **function, struct lp_error *error)
{
	struct pg_mapping *mapping = mapping_of_results(store);

	*function = NULL;
	if (mapping == NULL)
		return true;
	if (!lp_pg_use_mapping(store, mapping, error))
		return false;
	*function = function_of(store, mapping);
	store->mapping = NULL;
	return true;
}

static bool is_made(struct pg_store *store, const char *function, bool *made, struct lp_error *error)
{
	char *digest = function == NULL ? NULL : digest_of(function);
	PGresult *result = NULL;
	bool ok;

	(void)lp_pg_arguments(store);
	ok = lp_pg_execute(store, PG_FIND_MIRROR, &result, error);
	if (ok)
		*made = lp_pg_is_null(result, 0, 0) ? digest == NULL
		                                    : digest != NULL && strcmp(PQgetvalue(result, 0, 0), digest) == 0;
	PQclear(result);
	free(digest);
	return ok;
}

bool lp_pg_make_mirror(struct pg_store *store, bool *changed, struct lp_error *error)
{
	char *function;
	bool made, ok = wanted(store, &function, error) && is_made(store, function, &made, error);

	*changed = ok && !made;
	if (*changed)
		ok = execute(store, PG_DROP_MIRROR, error) && (function == NULL || make(store, function, error));
	free(function);
	return ok;
}

bool lp_pg_fail_mirror(const struct pg_store *store, struct lp_error *error)
{
	(void)lp_fail(error, LP_EXIT_CONFIGURATION,
	              lp_pg_mirrors(store)
	                      ? "the database does not put results into the table that `results` describes"
	                      : "the database puts results into a table of which the configuration says nothing");
	return lp_hint(error, "`local-processing migrate` makes it as the configuration has it.");
}

bool lp_pg_check_mirror(struct pg_store *store, struct lp_error *error)
{
	char *function;
	bool made = false, ok = wanted(store, &function, error) && is_made(store, function, &made, error);

	free(function);
	return ok && (made || lp_pg_fail_mirror(store, error));
}
