/*
 * What noting changes of samples costs whoever writes into an SQLite store: a
 * million rows with the triggers, without them, and as the program's own
 * (bypassed), one after the other in turns; the medians are printed.
 *
 *   bench_sqlite_notes DIRECTORY [ROUNDS]
 *
 * Two writers: a collector that writes a sample of each of 10,000 series in a
 * transaction a minute, and an import of 100 series of 10,000 samples each.
 */
#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BASE INT64_C(1772323200000000)

enum { ROWS = 1000000, COLLECTED = 10000, IMPORTED = 100, ROUNDS_MOST = 99 };
enum mode { WITH, WITHOUT, OWN, MODES };
static const char *const mode_names[MODES] = { "with triggers", "without", "bypassed" };

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void say_step(void *context, int32_t version, const char *description)
{
	(void)context;
	(void)version;
	(void)description;
}

static void make(const char *path)
{
	char *address = lp_format_text("sqlite:%s", path);
	struct lp_store_options options = { .address = address, .create = true, .any_schema = true };
	struct lp_migrate_options migrate = { .dry_run = false };
	struct lp_store *store;
	struct lp_error error;

	unlink(path);
	if (!lp_store_open(&options, &store, &error) || !lp_store_migrate(store, &migrate, say_step, NULL, &error)) {
		fprintf(stderr, "%s\n", error.what);
		exit(70);
	}
	lp_store_close(store);
	free(address);
}

static void run(sqlite3 *database, const char *sql)
{
	char *why = NULL;

	if (sqlite3_exec(database, sql, NULL, NULL, &why) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sql, why);
		exit(70);
	}
}

static int64_t ask(sqlite3 *database, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value;

	sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
	sqlite3_step(statement);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static void insert(sqlite3_stmt *statement, int64_t series, int64_t time, int row)
{
	sqlite3_bind_int64(statement, 1, series);
	sqlite3_bind_int64(statement, 2, time);
	sqlite3_bind_double(statement, 3, row * 0.37);
	if (sqlite3_step(statement) != SQLITE_DONE)
		exit(70);
	sqlite3_reset(statement);
}

/* Seconds that the writer took. */
static double write_rows(sqlite3 *database, enum mode mode, bool collect, double *bytes)
{
	sqlite3_stmt *statement;
	double spent = 0;
	int width = collect ? COLLECTED : ROWS / IMPORTED;

	if (mode == WITHOUT)
		run(database, "DROP TRIGGER sample_added; DROP TRIGGER sample_changed; DROP TRIGGER sample_deleted");
	sqlite3_prepare_v2(database, "INSERT INTO sample (series_id, ts, value) VALUES (?1, ?2, ?3)", -1, &statement,
	                   NULL);
	for (int first = 0; first < ROWS; first += width) {
		double start = now();

		run(database, "BEGIN IMMEDIATE");
		if (mode == OWN)
			run(database, "INSERT OR IGNORE INTO own_writer (one) VALUES (1)");
		for (int i = 0; i < width; i++)
			if (collect)
				insert(statement, i + 1, BASE + first / width * LP_MINUTE, i);
			else
				insert(statement, first / width + 1, BASE + i * LP_MINUTE, i);
		if (mode == OWN)
			run(database, "DELETE FROM own_writer");
		run(database, "COMMIT");
		spent += now() - start;
		/* As a run does, each minute. */
		if (collect)
			run(database, "DELETE FROM change");
	}
	sqlite3_finalize(statement);
	*bytes = (double)ask(database, "SELECT sum(pgsize) FROM dbstat WHERE name = 'sample'") / ROWS;
	return spent;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

int main(int count, char **arguments)
{
	static double seconds[2][MODES][ROUNDS_MOST];
	double bytes = 0;
	int rounds = count > 2 ? atoi(arguments[2]) : 5;
	char *path;

	if (count < 2 || rounds < 1 || rounds > ROUNDS_MOST) {
		fprintf(stderr, "bench_sqlite_notes DIRECTORY [ROUNDS]\n");
		return 64;
	}
	path = lp_format_text("%s/notes.db", arguments[1]);
	for (int round = 0; round < rounds; round++) {
		for (int collect = 0; collect < 2; collect++) {
			for (int mode = 0; mode < MODES; mode++) {
				sqlite3 *database;

				make(path);
				sqlite3_open(path, &database);
				run(database, "PRAGMA synchronous = FULL; PRAGMA cache_size = -32768");
				seconds[collect][mode][round] =
					write_rows(database, (enum mode)mode, collect != 0, &bytes);
				sqlite3_close(database);
			}
		}
	}
	unlink(path);
	for (int collect = 1; collect >= 0; collect--) {
		printf("%s:\n", collect ? "a sample of each of 10,000 series a transaction"
		                        : "10,000 samples of a series a transaction");
		for (int mode = 0; mode < MODES; mode++) {
			qsort(seconds[collect][mode], (size_t)rounds, sizeof(double), compare);
			printf("  %-14s %6.2f us a row (%.2f to %.2f)\n", mode_names[mode],
			       seconds[collect][mode][rounds / 2] * 1e6 / ROWS, seconds[collect][mode][0] * 1e6 / ROWS,
			       seconds[collect][mode][rounds - 1] * 1e6 / ROWS);
		}
	}
	printf("%.1f bytes a sample\n", bytes);
	return 0;
}
