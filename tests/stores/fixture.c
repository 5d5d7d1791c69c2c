/* See fixture.h.  Stores of their own for tests, and texts for what is stored. */
#include "fixture.h"

#include <errno.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lp_store *store;
struct lp_arena arena;
struct lp_retry_policy policy = { .max_attempts = 3, .first_delay = LP_MINUTE, .longest_delay = LP_HOUR };

static char address[512]; /* of the store, as it is opened */
static char direct[128];  /* the same database, past any pooler */
static const char template_name[] = "lp_template";

static const char *place(void)
{
	const char *text = getenv("LP_TEST_STORE");

	/* Not an assertion of Check's: it is asked for before the first test, too. */
	if (text == NULL) {
		fprintf(stderr, "LP_TEST_STORE is not set: run tests/stores/test_postgresql or test_sqlite\n");
		exit(64);
	}
	return text;
}

bool is_postgresql(void)
{
	return strncmp(place(), "postgresql:", 11) == 0;
}

const char *store_address(void)
{
	return address;
}

static void admin(const char *format, ...) LP_PRINTF(1, 2);
static void admin(const char *format, ...)
{
	char text[512];
	va_list arguments;
	PGconn *connection = PQconnectdb("dbname=postgres");
	PGresult *result;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	PQclear(PQexec(connection, "SET client_min_messages = error"));
	result = PQexec(connection, text);
	if (PQresultStatus(result) != PGRES_COMMAND_OK) {
		fprintf(stderr, "%s: %s", text, PQerrorMessage(connection));
		exit(70);
	}
	PQclear(result);
	PQfinish(connection);
}

PGconn *connect_directly(void)
{
	PGconn *connection = PQconnectdb(direct);

	PQclear(PQexec(connection, "SET client_min_messages = error"));
	return connection;
}

const char *execute_on(PGconn *connection, const char *text)
{
	PGresult *result = PQexec(connection, text);
	ExecStatusType status = PQresultStatus(result);
	const char *value = "";

	ck_assert_msg(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY, "%s: %s",
	              text, PQerrorMessage(connection));
	if (PQntuples(result) > 0 && PQnfields(result) > 0)
		value = lp_arena_text(&arena, PQgetvalue(result, 0, 0));
	PQclear(result);
	return value;
}

const char *sql(const char *format, ...)
{
	char text[2048];
	va_list arguments;
	PGconn *connection = connect_directly();
	const char *value;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	value = execute_on(connection, text);
	PQfinish(connection);
	return value;
}

/* The statement that fits the store; both take the same arguments. */
static void elsewhere(const char *on_postgresql, const char *on_sqlite, ...)
{
	char text[512];
	va_list arguments;
	sqlite3 *database;
	char *why = NULL;

	va_start(arguments, on_sqlite);
	vsnprintf(text, sizeof text, is_postgresql() ? on_postgresql : on_sqlite, arguments);
	va_end(arguments);
	if (is_postgresql()) {
		sql("%s", text);
		return;
	}
	ck_assert_int_eq(sqlite3_open(address + strlen("sqlite:"), &database), SQLITE_OK);
	sqlite3_busy_timeout(database, 5000);
	ck_assert_msg(sqlite3_exec(database, text, NULL, NULL, &why) == SQLITE_OK, "%s: %s", text, why);
	sqlite3_close(database);
}

#define EPOCH "timestamptz 'epoch' + interval '1 microsecond' * %lld"

void insert_elsewhere(const char *series, lp_time time, double value)
{
	elsewhere("INSERT INTO local_processing.sample (series_id, ts, value) VALUES (%lld, " EPOCH ", %f)",
	          "INSERT INTO sample (series_id, ts, value) VALUES (%lld, %lld, %f)", (long long)series_id(series),
	          (long long)time, value);
}

void update_elsewhere(const char *series, lp_time from, lp_time to, double value)
{
	elsewhere("UPDATE local_processing.sample SET value = %f WHERE series_id = %lld AND ts BETWEEN " EPOCH
	          " AND " EPOCH,
	          "UPDATE sample SET value = %f WHERE series_id = %lld AND ts BETWEEN %lld AND %lld", value,
	          (long long)series_id(series), (long long)from, (long long)to);
}

void move_elsewhere(const char *series, lp_time time, lp_time to)
{
	elsewhere("UPDATE local_processing.sample SET ts = " EPOCH " WHERE series_id = %lld AND ts = " EPOCH,
	          "UPDATE sample SET ts = %lld WHERE series_id = %lld AND ts = %lld", (long long)to,
	          (long long)series_id(series), (long long)time);
}

void delete_elsewhere(const char *series, lp_time from, lp_time to)
{
	elsewhere("DELETE FROM local_processing.sample WHERE series_id = %lld AND ts BETWEEN " EPOCH " AND " EPOCH,
	          "DELETE FROM sample WHERE series_id = %lld AND ts BETWEEN %lld AND %lld",
	          (long long)series_id(series), (long long)from, (long long)to);
}

void forget_windows(const char *series)
{
	elsewhere("UPDATE local_processing.sample SET window_end = NULL WHERE series_id = %lld",
	          "UPDATE sample SET window_end = NULL WHERE series_id = %lld", (long long)series_id(series));
}

void forget_versions(void)
{
	elsewhere("UPDATE local_processing.outcome"
	          " SET definition_versions = NULL, rule_versions = NULL, which_versions = NULL",
	          "UPDATE outcome SET definition_versions = NULL, rule_versions = NULL, which_versions = NULL");
}

struct lp_store_options store_options(void)
{
	return (struct lp_store_options){ .address = address,
		                          .create = true,
		                          .prepare = getenv("LP_TEST_UNPREPARED") == NULL };
}

void no_step(void *context, int32_t version, const char *description)
{
	(void)context;
	(void)version;
	(void)description;
}

static void migrate_here(void)
{
	struct lp_store_options options = store_options();
	struct lp_migrate_options migrate = { .dry_run = false };
	struct lp_store *opened;
	struct lp_error error;

	options.any_schema = true;
	if (!lp_store_open(&options, &opened, &error) || !lp_store_migrate(opened, &migrate, no_step, NULL, &error)) {
		fprintf(stderr, "cannot prepare a store: %s\n", error.what);
		exit(70);
	}
	lp_store_close(opened);
}

void prepare_stores(void)
{
	if (!is_postgresql())
		return;
	admin("DROP DATABASE IF EXISTS %s", template_name);
	admin("CREATE DATABASE %s TEMPLATE template0 ENCODING 'UTF8'", template_name);
	snprintf(address, sizeof address, "postgresql:dbname=%s", template_name);
	migrate_here();
}

void open_store(void)
{
	static int number;
	struct lp_store_options options;
	struct lp_error error;

	lp_arena_empty(&arena);
	version_of_rules = "0123456789ab";
	number++;
	if (is_postgresql()) {
		admin("CREATE DATABASE lp_test_%d_%d TEMPLATE %s", getpid(), number, template_name);
		snprintf(direct, sizeof direct, "dbname=lp_test_%d_%d", getpid(), number);
		snprintf(address, sizeof address, "postgresql:%s %s", direct,
		         getenv("LP_TEST_STORE_OPTIONS") != NULL ? getenv("LP_TEST_STORE_OPTIONS") : "");
	} else {
		snprintf(address, sizeof address, "%s/store-%d-%d.db", place(), getpid(), number);
		migrate_here();
	}
	options = store_options();
	ck_ok(lp_store_open(&options, &store, &error), error);
}

void close_store(void)
{
	lp_store_close(store);
	store = NULL;
	if (is_postgresql())
		admin("DROP DATABASE %s (FORCE)", direct + strlen("dbname="));
	else
		unlink(address + strlen("sqlite:"));
}

struct lp_store *open_again(void)
{
	struct lp_store_options options = store_options();
	struct lp_store *opened;
	struct lp_error error;

	ck_ok(lp_store_open(&options, &opened, &error), error);
	return opened;
}

struct lp_span span(int32_t count, enum lp_unit unit)
{
	return (struct lp_span){ .count = count, .unit = unit };
}

/* The names in a comma-separated list. */
static size_t split(const char *list, const char **names, size_t most)
{
	size_t count = 0;

	while (list != NULL && *list != '\0') {
		size_t length = strcspn(list, ",");

		ck_assert(count < most);
		names[count++] = lp_arena_copy(&arena, list, length);
		list += length + (list[length] == ',');
	}
	return count;
}

struct lp_calculation *calculation(const char *name, const char *rule, const char *inputs, const char *outputs)
{
	struct lp_calculation *made = lp_arena_zeroed(&arena, 1, sizeof *made);
	const char *names[16];

	*made = (struct lp_calculation){
		.name = name,
		.description = "",
		.rule = rule,
		.parameters = "{}",
		.labels = "{}",
		.enabled = true,
		.schedule = { .every = span(1, LP_UNIT_MINUTE),
		              .window = span(1, LP_UNIT_MINUTE),
		              .offset = span(0, LP_UNIT_SECOND),
		              .week_start = 1,
		              .zone = "UTC" },
		.start = LP_TIME_NONE,
		.version = 1,
	};
	made->input_count = split(inputs, names, 16);
	made->inputs = lp_arena_zeroed(&arena, made->input_count, sizeof *made->inputs);
	for (size_t i = 0; i < made->input_count; i++) {
		static const char *const parameters[] = { "x", "y", "z", "a", "b", "c" };

		made->inputs[i].name = parameters[i];
		made->inputs[i].series = names[i];
	}
	made->output_count = split(outputs, names, 16);
	made->outputs = lp_arena_zeroed(&arena, made->output_count, sizeof *made->outputs);
	for (size_t i = 0; i < made->output_count; i++) {
		made->outputs[i].name = made->output_count == 1 ? "" : names[i];
		made->outputs[i].series = names[i];
	}
	return made;
}

void apply_changes(const struct lp_changes *changes)
{
	struct lp_error error;

	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_lock_definitions(store, &error), error);
	ck_ok(lp_store_apply(store, changes, &error), error);
	ck_ok(lp_store_commit_work(store, &error), error);
}

void add_series(const char *list)
{
	const char *names[64];
	struct lp_series series[64];
	size_t count = split(list, names, 64);

	for (size_t i = 0; i < count; i++)
		series[i] = (struct lp_series){ .name = names[i], .unit = "", .description = "", .attributes = "{}" };
	apply_changes(&(struct lp_changes){ .series_created = series, .series_created_count = count });
}

void add_calculation(const struct lp_calculation *one)
{
	apply_changes(&(struct lp_changes){ .created = one, .created_count = 1 });
}

void change_calculation(struct lp_calculation *one)
{
	one->version++;
	apply_changes(&(struct lp_changes){ .updated = one, .updated_count = 1 });
}

void many_calculations(struct lp_calculation *many, int count)
{
	for (int i = 0; i < count; i++) {
		char name[16], input[16], output[16];

		snprintf(name, sizeof name, "c%d", i);
		snprintf(input, sizeof input, "a%d", i);
		snprintf(output, sizeof output, "x%d", i);
		add_series(input);
		add_series(output);
		many[i] = *calculation(lp_arena_text(&arena, name), "mean", lp_arena_text(&arena, input),
		                       lp_arena_text(&arena, output));
	}
}

void add_many_calculations(int count)
{
	struct lp_calculation *many = lp_arena_zeroed(&arena, (size_t)count, sizeof *many);

	many_calculations(many, count);
	apply_changes(&(struct lp_changes){ .created = many, .created_count = (size_t)count });
}

struct lp_calculation *add_one(const char *rule)
{
	struct lp_calculation *one = calculation("one", rule, "a", "x");

	add_series("a,x");
	write_samples("a", "0=1 30=3 60=5 120=7", NULL);
	add_calculation(one);
	return one;
}

struct lp_calculation *add_two(void)
{
	struct lp_calculation *two = calculation("two", "mean", "x", "y");

	add_series("y");
	two->rank = 1;
	add_calculation(two);
	return two;
}

const char *keep_text(struct lp_text *text)
{
	const char *kept;

	lp_text_add(text, "", 0);
	kept = lp_arena_text(&arena, text->data);
	lp_text_free(text);
	return kept;
}

int64_t calculation_id(const char *name)
{
	return find_status(name)->calculation.id;
}

int64_t series_id(const char *name)
{
	struct lp_series found;
	struct lp_error error;

	ck_ok(lp_store_find_series(store, name, &arena, &found, &error), error);
	ck_assert_msg(found.id != 0, "there is no series %s", name);
	return found.id;
}

void write_samples(const char *series, const char *samples, struct lp_write_counts *counts)
{
	lp_time times[256];
	double values[256];
	uint8_t qualities[256];
	struct lp_column column = { .count = 0, .time = times, .value = values, .quality = qualities };
	struct lp_write_counts ignored;
	struct lp_error error;

	while (*samples != '\0') {
		char *end;

		times[column.count] = AT(strtol(samples, &end, 10));
		ck_assert_int_eq(*end, '=');
		values[column.count] = strtod(end + 1, &end);
		qualities[column.count] = *end == 'b'   ? LP_QUALITY_BAD
		                          : *end == 'u' ? LP_QUALITY_UNCERTAIN
		                                        : LP_QUALITY_GOOD;
		end += *end == 'b' || *end == 'u';
		samples = end + (*end == ' ');
		column.count++;
	}
	ck_ok(lp_store_begin(store, &error), error);
	ck_ok(lp_store_write_samples(store, series_id(series), &column, counts != NULL ? counts : &ignored, &error),
	      error);
	ck_ok(lp_store_commit_work(store, &error), error);
}

static bool show(void *context, const struct lp_column *column, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	for (size_t i = 0; i < column->count; i++) {
		uint8_t quality = column->quality != NULL ? column->quality[i] : LP_QUALITY_GOOD;
		lp_time time = column->time[i] - BASE;

		if (time % LP_SECOND == 0)
			lp_text_addf(text, "%s%lld=", text->length > 0 ? " " : "", (long long)(time / LP_SECOND));
		else
			lp_text_addf(text, "%s%.6f=", text->length > 0 ? " " : "", (double)time / 1e6);
		if (isfinite(column->value[i]))
			lp_text_addf(text, "%.12g", column->value[i]);
		else
			lp_text_addf(text, "nan"); /* a missing one, whatever kind */
		lp_text_addf(text, "%s", quality == LP_QUALITY_BAD ? "b" : quality == LP_QUALITY_UNCERTAIN ? "u" : "");
	}
	return true;
}

static const char *keep(struct lp_text *text)
{
	const char *kept = lp_arena_copy(&arena, text->data != NULL ? text->data : "", text->length);

	lp_text_free(text);
	return kept;
}

const char *show_column(const struct lp_column *column)
{
	struct lp_text text = { .length = 0 };
	struct lp_error error;

	ck_assert(show(&text, column, &error));
	return keep(&text);
}

const char *read_samples(const char *series, lp_time from, lp_time to, uint64_t most)
{
	struct lp_text text = { .length = 0 };
	struct lp_error error;

	ck_ok(lp_store_read_samples(store,
	                            &(const struct lp_sample_query){
					    .series_id = series_id(series), .from = from, .to = to, .most = most },
	                            show, &text, &error),
	      error);
	return keep(&text);
}

static bool take_head(void *context, const struct lp_batch_head *head, struct lp_error *error)
{
	struct heads *heads = context;
	int64_t *upstream = lp_arena_zeroed(&arena, head->upstream_count, sizeof *upstream);

	(void)error;
	ck_assert(heads->count < 64);
	if (head->size == 0)
		return true; /* disabled */
	for (size_t i = 0; i < head->upstream_count; i++)
		upstream[i] = head->upstream[i];
	heads->items[heads->count] = *head;
	heads->items[heads->count++].upstream = upstream;
	return true;
}

struct heads *read_heads(int32_t rank)
{
	struct heads *heads = lp_arena_zeroed(&arena, 1, sizeof *heads);
	struct lp_error error;

	ck_ok(lp_store_each_batch(store, rank, take_head, heads, &error), error);
	return heads;
}

struct finding {
	const char *name;
	struct lp_status *found;
};

static bool take_status(void *context, const struct lp_status *status, struct lp_error *error)
{
	struct finding *finding = context;

	(void)error;
	if (strcmp(status->calculation.name, finding->name) != 0)
		return true;
	finding->found = lp_arena_zeroed(&arena, 1, sizeof *finding->found);
	*finding->found = *status;
	finding->found->error_type = lp_arena_text(&arena, status->error_type);
	finding->found->error_message = lp_arena_text(&arena, status->error_message);
	finding->found->error_traceback = lp_arena_text(&arena, status->error_traceback);
	finding->found->rule_version = lp_arena_text(&arena, status->rule_version);
	finding->found->cause = lp_arena_text(&arena, status->cause);
	return true;
}

struct lp_status *find_status(const char *name)
{
	struct finding finding = { .name = name };
	struct lp_status_filter filter = { .failed = false };
	struct lp_error error;

	ck_ok(lp_store_each_status(store, &filter, take_status, &finding, &error), error);
	ck_assert_msg(finding.found != NULL, "there is no calculation %s", name);
	return finding.found;
}

static void show_time(struct lp_text *text, lp_time time)
{
	if (time == LP_TIME_NONE)
		lp_text_addf(text, " -");
	else
		lp_text_addf(text, " %lld", (long long)((time - BASE) / LP_SECOND));
}

const char *status_of(const char *name)
{
	const struct lp_status *status = find_status(name);
	struct lp_text text = { .length = 0 };

	lp_text_addf(&text, "%s", lp_state_name(status->state));
	show_time(&text, status->failing_since);
	lp_text_addf(&text, " attempts %d", status->attempts);
	show_time(&text, status->next_attempt);
	lp_text_addf(&text, " pending %u", status->pending);
	return keep(&text);
}

struct pruning {
	struct lp_prune_series items[64];
	size_t count;
	lp_time samples_before, results_before;
};

static bool choose_prunable(void *context, const struct lp_prunable *prunable, struct lp_error *error)
{
	struct pruning *pruning = context;
	lp_time before = prunable->computed ? pruning->results_before : pruning->samples_before;

	(void)error;
	ck_assert_uint_lt(pruning->count, 64);
	pruning->items[pruning->count++] = (struct lp_prune_series){ prunable->series_id, before };
	return true;
}

bool try_to_prune(const char *pattern, lp_time samples_before, lp_time results_before, uint64_t *samples,
                  struct lp_error *error)
{
	struct pruning pruning = { .samples_before = samples_before, .results_before = results_before };
	lp_time last = samples_before > results_before ? samples_before : results_before;

	struct lp_pruned_samples pruned = { .count = 0 };
	bool done = lp_store_each_prunable(store, pattern, last, choose_prunable, &pruning, error) &&
	            lp_store_prune_samples(store,
	                                   &(const struct lp_prune_order){ .series = pruning.items,
	                                                                   .count = pruning.count,
	                                                                   .every = pattern == NULL,
	                                                                   .orphans_before = samples_before },
	                                   &pruned, error);

	*samples = pruned.count;
	return done;
}

uint64_t prune_samples(const char *pattern, lp_time samples_before, lp_time results_before)
{
	struct lp_error error;
	uint64_t samples;

	ck_ok(try_to_prune(pattern, samples_before, results_before, &samples, &error), error);
	return samples;
}

const char *pruned_of(const char *name)
{
	struct lp_series series;
	struct lp_error error;
	char *text = lp_arena_allocate(&arena, 64);

	ck_ok(lp_store_find_series(store, name, &arena, &series, &error), error);
	*text = '\0';
	if (series.pruned.start < series.pruned.end)
		snprintf(text, 64, "%lld to %lld", (long long)((series.pruned.start - BASE) / LP_SECOND),
		         (long long)((series.pruned.end - 1 - BASE) / LP_SECOND));
	return text;
}

static bool take_versions(void *context, const struct lp_history *history, struct lp_error *error)
{
	struct lp_text *text = context;

	(void)error;
	lp_text_addf(text, "%s%lld: %d %s", text->length > 0 ? ", " : "",
	             (long long)((history->window.end - BASE) / LP_SECOND), (int)history->definition_version,
	             history->rule_version == NULL ? "-" : history->rule_version);
	return true;
}

const char *versions_of(const char *name)
{
	struct lp_history_query query = { .calculation_id = calculation_id(name),
		                          .from = LP_TIME_NONE,
		                          .to = LP_TIME_NONE };
	struct lp_text text = { .length = 0 };
	struct lp_error error;

	ck_ok(lp_store_each_history(store, &query, take_versions, &text, &error), error);
	return keep_text(&text);
}
