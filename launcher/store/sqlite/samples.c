/* Samples, written and read for people: by series, in their transaction. */
#include "store/sqlite/internal.h"

enum { COLUMN_MOST = 10000 };

/* SQLite makes NULL of a NaN by itself: what is stored is NULL. */
static void bind_sample(sqlite3_stmt *statement, int64_t series_id, lp_time time, double value, uint8_t quality)
{
	sqlite3_bind_int64(statement, 1, series_id);
	sqlite3_bind_int64(statement, 2, time);
	sqlite3_bind_double(statement, 3, value);
	if (quality == LP_QUALITY_GOOD)
		sqlite3_bind_null(statement, 4);
	else
		sqlite3_bind_int(statement, 4, quality);
}

/*
 * For a column with many samples this function notes the changed hours itself:
 * three times as fast as a trigger for each sample.
 */
enum { NOTED_FROM = 32 };

struct noting {
	bool wanted;
	int64_t series_id, hour;
	lp_time first, last;
	bool any;
};

static bool note_hour(struct sqlite_store *store, struct noting *noting, struct lp_error *error)
{
	bool any = noting->any;

	noting->any = false;
	return !any || lp_sqlite_note_change(store, noting->series_id, noting->first, noting->last, false, error);
}

static bool note_sample(struct sqlite_store *store, struct noting *noting, lp_time time, struct lp_error *error)
{
	int64_t hour = lp_sqlite_hour(time);

	if (!noting->wanted)
		return true;
	if (noting->any && hour != noting->hour && !note_hour(store, noting, error))
		return false;
	if (!noting->any) {
		noting->any = true;
		noting->hour = hour;
		noting->first = noting->last = time;
	}
	noting->first = time < noting->first ? time : noting->first;
	noting->last = time > noting->last ? time : noting->last;
	return true;
}

/* 1: inserted, 2: updated, 0: it is there as it is; -1: error. */
static int write_sample(struct sqlite_store *store, int64_t series_id, lp_time time, double value, uint8_t quality,
                        struct lp_error *error)
{
	static const enum sqlite_statement ways[] = { LP_SQLITE_ADD_SAMPLE, LP_SQLITE_CHANGE_SAMPLE };

	for (int i = 0; i < 2; i++) {
		sqlite3_stmt *statement = lp_sqlite_prepare(store, ways[i], error);
		int64_t rows;

		if (statement == NULL)
			return -1;
		bind_sample(statement, series_id, time, value, quality);
		if (!lp_sqlite_run(store, statement, &rows, error))
			return -1;
		if (rows > 0)
			return i + 1;
	}
	return 0;
}

static bool write_column(struct sqlite_store *store, int64_t series_id, const struct lp_column *samples,
                         struct lp_write_counts *counts, struct lp_error *error)
{
	struct noting noting = { .wanted = samples->count >= NOTED_FROM, .series_id = series_id };
	uint64_t done[3] = { 0 };

	if (noting.wanted && !lp_sqlite_be_own(store, true, error))
		return false;
	for (size_t i = 0; i < samples->count; i++) {
		uint8_t quality = samples->quality != NULL ? samples->quality[i] : LP_QUALITY_GOOD;
		int way = write_sample(store, series_id, samples->time[i], samples->value[i], quality, error);

		if (way < 0 || (way > 0 && !note_sample(store, &noting, samples->time[i], error)))
			return false;
		done[way]++;
	}
	counts->unchanged += done[0];
	counts->inserted += done[1];
	counts->updated += done[2];
	return note_hour(store, &noting, error) && (!noting.wanted || lp_sqlite_be_own(store, false, error));
}

bool lp_sqlite_write_many(struct lp_store *opened, const struct lp_series_samples *many, size_t count,
                          struct lp_write_counts *counts, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);

	*counts = (struct lp_write_counts){ .inserted = 0 };
	if (!lp_sqlite_lets_write(store, many, count, error))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!write_column(store, many[i].series_id, &many[i].samples, counts, error))
			return false;
	return true;
}

void lp_sqlite_grow_samples(struct sqlite_samples *rows)
{
	rows->capacity = rows->capacity == 0 ? 1024 : rows->capacity * 2;
	rows->time = lp_reallocate(rows->time, rows->capacity, sizeof *rows->time);
	rows->value = lp_reallocate(rows->value, rows->capacity, sizeof *rows->value);
	rows->quality = lp_reallocate(rows->quality, rows->capacity, sizeof *rows->quality);
	rows->coverage = lp_reallocate(rows->coverage, rows->capacity, sizeof *rows->coverage);
	rows->samples = lp_reallocate(rows->samples, rows->capacity, sizeof *rows->samples);
	rows->window_end = lp_reallocate(rows->window_end, rows->capacity, sizeof *rows->window_end);
}

static void take_row_with_coverage(struct sqlite_samples *rows, sqlite3_stmt *statement)
{
	lp_sqlite_take_sample(rows, statement);
	size_t i = rows->count - 1;
	bool result = sqlite3_column_type(statement, 4) != SQLITE_NULL;
	bool covered = sqlite3_column_type(statement, 3) != SQLITE_NULL;
	rows->coverage[i] = covered ? (float)sqlite3_column_double(statement, 3) : NAN;
	rows->samples[i] = result ? sqlite3_column_int(statement, 4) : -1;
	rows->window_end[i] = lp_sqlite_time(statement, 5);
	rows->any_coverage |= result || covered;
}

void lp_sqlite_empty_samples(struct sqlite_samples *rows)
{
	rows->count = 0;
	rows->any_quality = rows->any_coverage = false;
}

bool lp_sqlite_read_samples(struct lp_store *opened, const struct lp_sample_query *query, lp_column_visit *visit,
                            void *context, struct lp_error *error)
{
	struct sqlite_store *store = lp_sqlite_store(opened);
	struct sqlite_samples *rows = &store->samples;
	sqlite3_stmt *statement;
	bool elsewhere;
	int row;

	if (!lp_sqlite_is_elsewhere(store, query->series_id, &elsewhere, error))
		return false;
	if (elsewhere)
		return lp_store_read_samples(store->elsewhere, query, visit, context, error);
	if ((statement = lp_sqlite_prepare(store, LP_SQLITE_READ_SAMPLES, error)) == NULL)
		return false;
	sqlite3_bind_int64(statement, 1, query->series_id);
	sqlite3_bind_int64(statement, 2, query->from); /* LP_TIME_NONE is before every time */
	sqlite3_bind_int64(statement, 3, query->to != LP_TIME_NONE ? query->to : INT64_MAX);
	sqlite3_bind_int64(statement, 4, query->most > 0 && query->most < INT64_MAX ? (int64_t)query->most : -1);
	lp_sqlite_empty_samples(rows);
	do {
		row = lp_sqlite_step(store, statement, error);
		if (row == 1)
			take_row_with_coverage(rows, statement);
		if (rows->count == COLUMN_MOST || (row == 0 && rows->count > 0)) {
			struct lp_column column = { .count = rows->count,
				                    .time = rows->time,
				                    .value = rows->value,
				                    .quality = rows->any_quality ? rows->quality : NULL,
				                    .coverage = rows->any_coverage ? rows->coverage : NULL,
				                    .samples = rows->any_coverage ? rows->samples : NULL,
				                    .window_end = rows->any_coverage ? rows->window_end : NULL };
			if (!visit(context, &column, error)) {
				sqlite3_reset(statement);
				return false;
			}
			lp_sqlite_empty_samples(rows);
		}
	} while (row == 1);
	return row == 0;
}
