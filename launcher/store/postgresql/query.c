/* See query.h. */
#include "store/postgresql/query.h"
#include "store/postgresql/doubles.h"

#include "calendar/calendar.h"
#include "text/utf8.h"

/* What is asked for of a series: ranges that do not touch, and what came of them. */
struct asked {
	const char *key;
	const struct lp_window *windows;
	size_t count;
	struct lp_column column;
	lp_time doubtful;
};

struct asking {
	struct pg_store *store;
	struct lp_arena *arena;
	struct asked *series;
	size_t count;
	struct lp_window *windows; /* of all series */
	size_t window_count;
	struct lp_names keys;
};

/* Ranges of one series that touch or overlap are asked for as one. */
static void plan(struct asking *asking, const struct pg_range *ranges, size_t count)
{
	asking->series = lp_arena_zeroed(asking->arena, count, sizeof *asking->series);
	asking->windows = lp_arena_allocate(asking->arena, count * sizeof *asking->windows);
	for (size_t i = 0; i < count; i++) {
		const struct pg_range *range = &ranges[i];
		struct lp_window *last = asking->windows + asking->window_count - 1;

		if (i == 0 || range->series_id != range[-1].series_id) {
			asking->series[asking->count] =
				(struct asked){ .key = range->key, .windows = last + 1, .doubtful = LP_TIME_NONE };
			(void)lp_names_add(&asking->keys, range->key, asking->count++, NULL);
		} else if (range->range.start <= last->end) {
			last->end = range->range.end > last->end ? range->range.end : last->end;
			continue;
		}
		asking->windows[asking->window_count++] = range->range;
		asking->series[asking->count - 1].count++;
	}
}

static void add_arguments(const struct asking *asking)
{
	struct pg_arguments *arguments = lp_pg_arguments(asking->store);
	const char **keys = lp_arena_allocate(asking->arena, asking->window_count * sizeof *keys);
	size_t at = 0;

	for (size_t i = 0; i < asking->count; i++)
		for (size_t k = 0; k < asking->series[i].count; k++)
			keys[at++] = asking->series[i].key;
	lp_pg_argument_written(arguments, asking->store->mapping->keys_type, keys, asking->window_count);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < asking->window_count; i++)
		lp_pg_array_time(arguments, asking->windows[i].start);
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < asking->window_count; i++)
		lp_pg_array_time(arguments, asking->windows[i].end);
	lp_pg_array_end(arguments);
}

static bool fail_row(const char *key, lp_time at, struct lp_error *error)
{
	const struct lp_zone *utc;
	struct lp_error ignored;
	char time[40] = "?";

	if (lp_zone_find("UTC", &utc, &ignored))
		lp_time_format(at, utc, time);
	(void)lp_fail(error, LP_EXIT_DATA, "it gives a row of \"%.*s\" at %s, which was not asked for",
	              LP_CUT(100, key), time);
	return lp_hint(error, "A row belongs to an element of the arrays: its key, from its start on, before its end.");
}

/* Both are sorted. */
static bool check_times(const struct asked *asked, struct lp_error *error)
{
	const struct lp_column *column = &asked->column;

	for (size_t i = 0, w = 0; i < column->count; i++) {
		lp_time at = column->time[i];

		if (at == LP_TIME_NONE)
			return lp_fail(error, LP_EXIT_DATA, "it gives a row of \"%.*s\" without a time",
			               LP_CUT(100, asked->key));
		while (w < asked->count && asked->windows[w].end <= at)
			w++;
		if (w == asked->count || at < asked->windows[w].start)
			return fail_row(asked->key, at, error);
	}
	return true;
}

static bool take(const struct asking *asking, const PGresult *row, struct lp_error *error)
{
	const char *key = lp_pg_get_text(row, 0, 0, asking->arena);
	struct asked *asked;
	size_t at;

	if (key == NULL)
		return lp_fail(error, LP_EXIT_DATA, "it gives a row without a series");
	if (!lp_names_find(&asking->keys, key, &at)) {
		(void)lp_fail(error, LP_EXIT_DATA, "it gives a row of the series \"%.*s\", which was not asked for",
		              LP_CUT(100, key));
		return lp_hint(error, "The column series has the keys that $1 has, written alike.");
	}
	asked = &asking->series[at];
	if (!lp_pg_get_column(row, 0, 1, asking->arena, &asked->column, error) || !check_times(asked, error))
		return false;
	if (!lp_pg_drop_doubles(&asked->column, &asked->doubtful))
		asked->column.count = 0;
	return true;
}

bool lp_pg_ask_query(struct pg_store *store, struct lp_arena *arena, struct pg_range *ranges, size_t count,
                     struct lp_error *error)
{
	struct asking asking = { .store = store, .arena = arena };
	struct pg_rows rows;
	bool ok;

	plan(&asking, ranges, count);
	add_arguments(&asking);
	lp_pg_stream(store, PG_MAPPED_ASK_QUERY, &rows, error);
	while (lp_pg_next(&rows, NULL, NULL))
		rows.ok = take(&asking, rows.result, error);
	ok = lp_pg_end(&rows);
	for (size_t i = 0, s = 0; ok && i < count; i++) {
		s += i > 0 && ranges[i].series_id != ranges[i - 1].series_id;
		ranges[i].column = lp_pg_slice(&asking.series[s].column, ranges[i].range);
		ranges[i].doubtful = asking.series[s].doubtful;
	}
	lp_names_free(&asking.keys);
	return ok;
}

static uint8_t quality_of(const struct lp_column *column, size_t i)
{
	return column->quality == NULL ? LP_QUALITY_GOOD : column->quality[i];
}

void lp_pg_keep_last(struct lp_column *column, size_t most, struct lp_arena *arena)
{
	size_t good = 0, first = column->count;
	struct lp_column kept = { .count = 0 };

	while (first > 0 && good < most) {
		first--;
		good += !lp_sample_is_missing(column->value[first], quality_of(column, first));
	}
	if (good > 0) {
		kept.time = lp_arena_allocate(arena, good * sizeof *kept.time);
		kept.value = lp_arena_allocate(arena, good * sizeof *kept.value);
		kept.quality = column->quality == NULL ? NULL : lp_arena_allocate(arena, good);
	}
	for (size_t i = first; i < column->count; i++) {
		if (lp_sample_is_missing(column->value[i], quality_of(column, i)))
			continue;
		kept.time[kept.count] = column->time[i];
		kept.value[kept.count] = column->value[i];
		if (kept.quality != NULL)
			kept.quality[kept.count] = column->quality[i];
		kept.count++;
	}
	*column = kept;
}
