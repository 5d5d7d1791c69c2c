/* See mapping.h. One table of keys feeds reading, checks and documentation. */
#include "config/mapping.h"

#include "calendar/calendar.h"
#include "store/store.h"
#include "text/names.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { QUERY, TYPE, ADDRESS, TABLE, COLUMN, ZONE, CODES, MARK, LATE, HOUR };

static const struct key {
	const char *name;
	enum kind kind;
	size_t field;
	const char *usual;
	const char *meaning;
} keys[] = {
#define FIELD(name) offsetof(struct lp_mapping, name)
	{ "table", TABLE, FIELD(table), NULL,
	  "schema and name, as SQL reads them: public.readings, \"My Schema\".\"Log\"" },
	{ "query", QUERY, FIELD(query), NULL,
	  "in place of `table`: SQL that gets arrays of keys ($1), starts ($2) and ends ($3) of ranges, and gives the columns "
	  "series, time, value and quality (docs/tables.md)" },
	{ "keys", TYPE, FIELD(keys), "text", "of `query`: the type of the keys in $1, such as bigint" },
	{ "database", ADDRESS, FIELD(database), NULL,
	  "the PostgreSQL database that has the table, where that is not `store`: an address as there; it is only read" },
	{ "series", COLUMN, FIELD(series), "series",
	  "column that says which series a row belongs to: numbers, texts or UUIDs, compared with the key of the series" },
	{ "time", COLUMN, FIELD(time), "time",
	  "column of times, of the type timestamptz; or timestamp, with `time_zone`" },
	{ "value", COLUMN, FIELD(value), "value", "column of values: numbers or booleans; NULL and NaN are missing" },
	{ "quality", COLUMN, FIELD(quality), NULL, "column of quality codes; without it every row is good" },
	{ "good", CODES, FIELD(good), NULL,
	  "codes that are good, such as [192, 0]; opc_da or opc_ua: as OPC has them; without it: 0 or NULL good, 1 "
	  "uncertain, others bad" },
	{ "uncertain", CODES, FIELD(uncertain), NULL, "codes that are used like good ones; any other is bad" },
	{ "time_zone", ZONE, FIELD(time_zone), NULL, "zone of times in a column of the type timestamp" },
	{ "repeated_hour", HOUR, FIELD(repeated_hour_is_later), NULL,
	  "later: in the hour that a night has twice, every time is the second of the two (winter time); a `time_zone` whose "
	  "clocks change needs this word, because the column cannot tell" },
	{ "wide", MARK, FIELD(wide), "false",
	  "true: the table has a column for each series, called like its key; `series`, `value` and `quality` are not "
	  "for it" },
	{ "late", LATE, FIELD(late), NULL,
	  "triggers: rows that are written, changed or deleted later are noted by triggers that `migrate` makes; "
	  "{ingestion_time: COLUMN, look_back: 7 days, overlap: 5 minutes}: each run asks for rows that were written since "
	  "the last one, by the column that says when; ignored: they are not followed; without it they are not followed "
	  "either, and each run warns" },
	{ "coverage", COLUMN, FIELD(coverage), NULL, "of `results`: column that gets the coverage, 0 to 1" },
	{ "samples", COLUMN, FIELD(samples), NULL, "of `results`: column that gets the number of good samples" },
	{ "window_end", COLUMN, FIELD(window_end), NULL, "of `results`: column that gets the end of the window" },
#undef FIELD
};
enum { KEYS = sizeof keys / sizeof keys[0] };

static const char *const kind_names[] = {
	[QUERY] = "query",         [TYPE] = "type",          [ADDRESS] = "address",
	[TABLE] = "table",         [COLUMN] = "column",      [ZONE] = "time zone",
	[CODES] = "list of codes", [MARK] = "true or false", [LATE] = "triggers, ingestion_time or ignored",
	[HOUR] = "later",
};

struct reading {
	const struct lp_mapping_reader *reader;
	const char *path; /* "samples", "tables.archive" */
	struct lp_mapping *mapping;
};

static void LP_PRINTF(3, 4)
	problem(const struct reading *reading, const struct lp_yaml_node *at, const char *format, ...)
{
	struct lp_text text = { 0 };
	va_list arguments;
	char *what;
	va_start(arguments, format);
	int length = vasprintf(&what, format, arguments);
	va_end(arguments);
	lp_text_addf(&text, "%s%s", reading->path, length < 0 ? " is wrong" : what);
	if (length >= 0)
		free(what);
	reading->reader->problem(reading->reader->context, at, text.data);
	lp_text_free(&text);
}

static void *field_of(const struct reading *reading, const struct key *key)
{
	return (char *)reading->mapping + key->field;
}

static const char *found(const struct lp_yaml_node *node)
{
	return node->type == LP_YAML_LIST || node->type == LP_YAML_MAP || node->type == LP_YAML_NULL
	               ? lp_yaml_type_name(node->type)
	               : node->text;
}

static void set_text(const struct reading *reading, const struct key *key, const struct lp_yaml_node *node)
{
	const struct lp_zone *zone;
	struct lp_error error;
	if (node->type != LP_YAML_TEXT || node->text[0] == '\0') {
		problem(reading, node, ".%s: expected %s%s, found %s", key->name,
		        key->kind == QUERY ? "a " : "the name of a ", kind_names[key->kind], found(node));
		return;
	}
	/* Where tables are looked for without one differs from role to role. */
	if (key->kind == TABLE && strchr(node->text, '.') == NULL)
		problem(reading, node, ".%s: expected a schema and a table, such as public.%s", key->name, node->text);
	else if (key->kind == ZONE && !lp_zone_find(node->text, &zone, &error))
		problem(reading, node, ".%s: %s", key->name, error.what);
	*(const char **)field_of(reading, key) = lp_arena_text(reading->reader->arena, node->text);
}

/* Neither this nor what is told of it shows the address: it may have a password. */
static void set_address(const struct reading *reading, const struct key *key, const struct lp_yaml_node *node)
{
	if (node->type != LP_YAML_TEXT || node->text[0] == '\0')
		problem(reading, node, ".%s: expected an address, such as postgresql://HOST/DATABASE, found %s",
		        key->name, found(node));
	else if (!lp_store_is_database(node->text))
		problem(reading, node,
		        ".%s: expected the address of a PostgreSQL database, such as postgresql://HOST/DATABASE",
		        key->name);
	else
		*(const char **)field_of(reading, key) = lp_arena_text(reading->reader->arena, node->text);
}

static void add_code(const struct reading *reading, const struct key *key, const struct lp_yaml_node *node)
{
	struct lp_code_list *list = field_of(reading, key);
	if (node->type != LP_YAML_INT && node->type != LP_YAML_TEXT && node->type != LP_YAML_NULL) {
		problem(reading, node, ".%s: expected a code (a whole number, a text or null), found %s", key->name,
		        found(node));
		return;
	}
	list->texts |= node->type == LP_YAML_TEXT;
	list->items[list->count++] =
		node->type == LP_YAML_NULL ? NULL : lp_arena_text(reading->reader->arena, node->text);
}

static void set_codes(const struct reading *reading, const struct key *key, const struct lp_yaml_node *node)
{
	static const char *const words[] = { "opc_da", "opc_ua" };
	struct lp_code_list *list = field_of(reading, key);
	size_t word;
	bool is_good = list == &reading->mapping->good;
	if (is_good && node->type == LP_YAML_TEXT && lp_word_find(node->text, words, 2, &word)) {
		reading->mapping->codes = word == 0 ? LP_CODES_OPC_DA : LP_CODES_OPC_UA;
		return;
	}
	if (node->type != LP_YAML_LIST || node->count == 0) {
		problem(reading, node, ".%s: expected a list of codes%s, found %s", key->name,
		        is_good ? ", opc_da or opc_ua" : "", found(node));
		return;
	}
	reading->mapping->codes = LP_CODES_LISTED;
	list->items = lp_arena_zeroed(reading->reader->arena, node->count, sizeof *list->items);
	for (size_t i = 0; i < node->count; i++)
		add_code(reading, key, node->items[i]);
}

static const struct lp_yaml_node *late_key(const struct lp_yaml_node *map, const char *name, const char **known,
                                           size_t *count)
{
	known[(*count)++] = name;
	return lp_yaml_get(map, name);
}

static void set_late_duration(const struct reading *reading, const char *name, const struct lp_yaml_node *node,
                              int64_t *duration)
{
	struct lp_error error;
	if (node == NULL)
		return;
	if (node->type != LP_YAML_TEXT || !lp_duration_parse(node->text, duration, &error) || *duration <= 0)
		problem(reading, node, ".late.%s: expected a duration, such as \"10 minutes\", found %s", name,
		        found(node));
}

static bool is_one_of(const char *name, const char *const *known, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return false;
}

/* A way that has something to say of itself: a map. */
static void set_late_map(const struct reading *reading, const struct lp_yaml_node *map)
{
	struct lp_mapping *mapping = reading->mapping;
	const char *known[4];
	size_t count = 0;
	const struct lp_yaml_node *column = late_key(map, "ingestion_time", known, &count);
	mapping->look_back = 7 * LP_DAY;
	mapping->overlap = 5 * LP_MINUTE;
	set_late_duration(reading, "look_back", late_key(map, "look_back", known, &count), &mapping->look_back);
	set_late_duration(reading, "overlap", late_key(map, "overlap", known, &count), &mapping->overlap);
	for (size_t i = 0; i < map->count; i++)
		if (!is_one_of(map->keys[i]->text, known, count))
			problem(reading, map->keys[i],
			        ".late: unknown setting %s: there are ingestion_time, look_back, overlap",
			        map->keys[i]->text);
	if (column == NULL || column->type != LP_YAML_TEXT || column->text[0] == '\0') {
		problem(reading, map, ".late.ingestion_time: expected the name of a column");
		return;
	}
	mapping->late = LP_LATE_INGESTION;
	mapping->ingestion_time = lp_arena_text(reading->reader->arena, column->text);
}

static void set_late(const struct reading *reading, const struct key *key, const struct lp_yaml_node *node)
{
	static const char *const lates[] = { "ignored", "triggers" };
	size_t word;
	if (node->type == LP_YAML_MAP)
		set_late_map(reading, node);
	else if (node->type == LP_YAML_TEXT && lp_word_find(node->text, lates, 2, &word))
		*(enum lp_late *)field_of(reading, key) = word == 0 ? LP_LATE_IGNORED : LP_LATE_TRIGGERS;
	else
		problem(reading, node, ".%s: expected triggers, {ingestion_time: COLUMN} or ignored, found %s",
		        key->name, found(node));
}

static void set_key(const struct reading *reading, const struct key *key, const struct lp_yaml_node *node)
{
	switch (key->kind) {
	case ADDRESS:
		set_address(reading, key, node);
		return;
	case QUERY:
	case TYPE:
	case TABLE:
	case COLUMN:
	case ZONE:
		set_text(reading, key, node);
		return;
	case CODES:
		set_codes(reading, key, node);
		return;
	case LATE:
		set_late(reading, key, node);
		return;
	case HOUR:
		if (node->type == LP_YAML_TEXT && strcmp(node->text, "later") == 0)
			reading->mapping->repeated_hour_is_later = true;
		else
			problem(reading, node, ".%s: expected later, found %s", key->name, found(node));
		return;
	case MARK:
		if (node->type == LP_YAML_BOOL)
			*(bool *)field_of(reading, key) = node->value.truth;
		else
			problem(reading, node, ".%s: expected true or false, found %s", key->name, found(node));
	}
}

static void unknown_key(const struct reading *reading, const struct lp_yaml_node *key)
{
	const char *nearest = lp_nearest_of(key->text, &keys[0].name, KEYS, sizeof keys[0]);
	struct lp_text known = { 0 };
	for (int i = 0; i < KEYS; i++)
		lp_text_addf(&known, "%s%s", i == 0 ? "" : ", ", keys[i].name);
	if (nearest != NULL)
		problem(reading, key, ": unknown setting %s: did you mean %s?", key->text, nearest);
	else
		problem(reading, key, ": unknown setting %s: there are %s", key->text, known.data);
	lp_text_free(&known);
}

/* Returns true if the zone sets its clocks back in these years, so that local times come twice. */
static bool repeats_hours(const char *name)
{
	const lp_time first = 946684800 * LP_SECOND, last = 2145916800 * LP_SECOND; /* 2000 to 2038 */
	const struct lp_zone *zone;
	struct lp_error error;
	if (!lp_zone_find(name, &zone, &error))
		return false;
	for (lp_time t = first; t < last; t += 30 * LP_DAY)
		if (lp_zone_offset(zone, t, NULL) > lp_zone_offset(zone, t + 30 * LP_DAY, NULL))
			return true;
	return false;
}

static void check_zone(const struct reading *reading, const struct lp_yaml_node *map)
{
	const struct lp_mapping *mapping = reading->mapping;
	if (mapping->time_zone == NULL && mapping->repeated_hour_is_later)
		problem(reading, map, ".repeated_hour is of times in a time_zone");
	else if (mapping->time_zone != NULL && !mapping->repeated_hour_is_later && repeats_hours(mapping->time_zone))
		problem(reading, map,
		        ".time_zone: in %s an hour comes twice when clocks are set back, and a time without offset does "
		        "not say which is meant. Use a column of the type timestamptz, or times in UTC; `repeated_hour: "
		        "later` takes every such time for the second of the two",
		        mapping->time_zone);
}

/* The query itself says what the other keys say of a table. */
static void check_query(const struct reading *reading, const struct lp_yaml_node *map)
{
	static const char *const of_tables[] = { "table",   "series", "time",      "value",
		                                 "quality", "wide",   "time_zone", "repeated_hour" };
	const struct lp_mapping *mapping = reading->mapping;
	if (mapping->query == NULL) {
		if (lp_yaml_get(map, "keys") != NULL)
			problem(reading, map, ".keys: only a query has it");
		return;
	}
	for (size_t i = 0; i < sizeof of_tables / sizeof *of_tables; i++)
		if (lp_yaml_get(map, of_tables[i]) != NULL)
			problem(reading, map,
			        ".%s is of a table: a query gives the columns series, time, value and quality",
			        of_tables[i]);
	if (strcmp(mapping->name, LP_RESULTS_TABLE) == 0)
		problem(reading, map, ".query: results need a table");
	if (mapping->late == LP_LATE_TRIGGERS)
		problem(reading, map, ".late: triggers cannot note rows of a query; say `late: ignored`");
	if (mapping->late == LP_LATE_INGESTION)
		problem(reading, map, ".late: an ingestion time is a column of a table; say `late: ignored`");
}

/* Reports keys that are of no use beside each other. */
static void check_together(const struct reading *reading, const struct lp_yaml_node *map)
{
	static const char *const narrow[] = { "series", "value", "quality", "good", "uncertain" };
	static const char *const of_results[] = { "coverage", "samples", "window_end" };
	const struct lp_mapping *mapping = reading->mapping;
	bool is_results = strcmp(mapping->name, LP_RESULTS_TABLE) == 0;
	for (size_t i = 0; !is_results && i < sizeof of_results / sizeof *of_results; i++)
		if (lp_yaml_get(map, of_results[i]) != NULL)
			problem(reading, map, ".%s: only results have it", of_results[i]);
	if (is_results && mapping->database != NULL)
		problem(reading, map,
		        ".database: results are stored in one transaction with what is known of them, in `store`");
	if (mapping->late == LP_LATE_INGESTION && mapping->database != NULL)
		problem(reading, map, ".late: an ingestion time is followed in `store` alone; say `late: ignored`");
	if (mapping->late == LP_LATE_TRIGGERS && mapping->database != NULL)
		problem(reading, map,
		        ".late: nothing is made in another database, so triggers cannot note rows there; say `late: ignored`");
	if (mapping->late == LP_LATE_TRIGGERS && (mapping->wide || is_results))
		problem(reading, map, ".late: rows of %s are not noted by triggers",
		        is_results ? "results" : "a wide table");
	if (mapping->late == LP_LATE_INGESTION && is_results)
		problem(reading, map, ".late: rows of results are this program's own");
	if (is_results && mapping->wide)
		problem(reading, map, ".wide: results need a row each");
	for (size_t i = 0; mapping->wide && i < sizeof narrow / sizeof *narrow; i++)
		if (lp_yaml_get(map, narrow[i]) != NULL)
			problem(reading, map, ".%s: a wide table has a column for each series, and none for this",
			        narrow[i]);
	check_query(reading, map);
	if (mapping->table == NULL && lp_yaml_get(map, "table") == NULL && lp_yaml_get(map, "query") == NULL)
		problem(reading, map, ".table is missing: which table is it?");
	if (mapping->quality == NULL && mapping->codes != LP_CODES_OWN && !mapping->wide && mapping->query == NULL)
		problem(reading, map, ".good and .uncertain say what codes mean: .quality has to name their column");
	if (mapping->good.count == 0 && mapping->uncertain.count > 0)
		problem(reading, map, ".uncertain needs .good beside it");
	if (mapping->codes != LP_CODES_LISTED && mapping->uncertain.count > 0)
		problem(reading, map, ".uncertain: OPC's codes say it themselves");
}

/* It is put into a statement: nothing ends it there. */
static const char *trim_query(struct lp_arena *arena, const char *query)
{
	size_t length = strlen(query);
	char *text = lp_format_text("%s", query);
	const char *trimmed;
	while (length > 0 && strchr("; \t\r\n", text[length - 1]) != NULL)
		text[--length] = '\0';
	trimmed = lp_arena_text(arena, text);
	free(text);
	return trimmed;
}

void lp_mapping_read(const struct lp_mapping_reader *reader, const char *name, const struct lp_yaml_node *map,
                     struct lp_mapping *mapping)
{
	bool is_usual = strcmp(name, LP_SAMPLES_TABLE) == 0 || strcmp(name, LP_RESULTS_TABLE) == 0;
	char *path = lp_format_text("%s%s", is_usual ? "" : "tables.", name);
	struct reading reading = { .reader = reader, .path = lp_arena_text(reader->arena, path), .mapping = mapping };
	free(path);
	*mapping = (struct lp_mapping){ .name = lp_arena_text(reader->arena, name) };
	if (map->type != LP_YAML_MAP) {
		problem(&reading, map, ": expected a map that describes a table, found %s", found(map));
		return;
	}
	for (int k = 0; k < KEYS; k++)
		if ((keys[k].kind == COLUMN || keys[k].kind == TYPE) && keys[k].usual != NULL)
			*(const char **)field_of(&reading, &keys[k]) = keys[k].usual;
	for (size_t i = 0; i < map->count; i++) {
		int at = 0;
		while (at < KEYS && strcmp(keys[at].name, map->keys[i]->text) != 0)
			at++;
		if (at == KEYS)
			unknown_key(&reading, map->keys[i]);
		else
			set_key(&reading, &keys[at], map->items[i]);
	}
	if (mapping->query != NULL) {
		char *called = lp_format_text("the query of %s", name);
		mapping->query = trim_query(reader->arena, mapping->query);
		mapping->table = lp_arena_text(reader->arena, called);
		free(called);
	}
	check_together(&reading, map);
	check_zone(&reading, map);
}

static struct lp_yaml_node *mask_address(struct lp_arena *arena, const struct lp_yaml_node *address)
{
	struct lp_yaml_node *masked = lp_arena_zeroed(arena, 1, sizeof *masked);
	char described[512] = "***";
	if (address->type == LP_YAML_TEXT)
		lp_store_describe(address->text, described, sizeof described);
	*masked = (struct lp_yaml_node){ .type = LP_YAML_TEXT,
		                         .line = address->line,
		                         .column = address->column,
		                         .text = lp_arena_text(arena, described) };
	return masked;
}

static struct lp_yaml_node *mask_map(struct lp_arena *arena, const struct lp_yaml_node *map)
{
	struct lp_yaml_node *masked = lp_arena_zeroed(arena, 1, sizeof *masked);
	*masked = *map;
	masked->items = lp_arena_zeroed(arena, map->count, sizeof *masked->items);
	for (size_t i = 0; i < map->count; i++)
		masked->items[i] = strcmp(map->keys[i]->text, "database") == 0 && map->items[i]->type != LP_YAML_MAP
		                           ? mask_address(arena, map->items[i])
		                           : map->items[i];
	return masked;
}

const struct lp_yaml_node *lp_mapping_mask(struct lp_arena *arena, const struct lp_yaml_node *map)
{
	struct lp_yaml_node *masked;
	if (map->type != LP_YAML_MAP)
		return map;
	masked = mask_map(arena, map);
	for (size_t i = 0; i < map->count; i++)
		if (map->items[i]->type == LP_YAML_MAP)
			masked->items[i] = mask_map(arena, map->items[i]);
	return masked;
}

void lp_mapping_describe(void (*line)(void *context, const char *text), void *context)
{
	for (int k = 0; k < KEYS; k++) {
		char *text = lp_format_text("    %s (%s; %s%s): %s", keys[k].name, kind_names[keys[k].kind],
		                            keys[k].usual == NULL ? "no default" : "default ",
		                            keys[k].usual == NULL ? "" : keys[k].usual, keys[k].meaning);
		line(context, text);
		free(text);
	}
}
