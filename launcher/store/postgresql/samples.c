/* Samples, written and read for people: by series, in their transaction. */
#include "store/postgresql/column.h"
#include "store/postgresql/mapping.h"
#include "store/postgresql/query.h"

enum { WRITE_AT_ONCE = 20000, READ_AT_ONCE = 10000 };

/* A piece of what is to be written: from one sample of one series to before another. */
struct piece {
	const struct lp_series_samples *many;
	size_t begin_item, begin_sample; /* the first */
	size_t end_item, end_sample;     /* samples of the last item that belong to it; of those between, all do */
	lp_time first, last;             /* of all of them */
};

/* A piece as rows. */
struct sample {
	int64_t series_id;
	lp_time time;
	double value;
	uint32_t quality;
};

static const struct lp_row_column sample_columns[] = {
	LP_COLUMN(LP_KIND_ID, struct sample, series_id),
	LP_COLUMN(LP_KIND_TIME, struct sample, time),
	LP_COLUMN(LP_KIND_DOUBLE, struct sample, value),
	LP_COLUMN(LP_KIND_SMALL, struct sample, quality),
};
static const struct lp_row_layout sample_layout = LP_LAYOUT(sample_columns);

static size_t list_samples(const struct piece *piece, struct sample *samples)
{
	size_t count = 0;

	for (size_t item = piece->begin_item; item <= piece->end_item; item++) {
		const struct lp_column *column = &piece->many[item].samples;
		size_t end = item == piece->end_item ? piece->end_sample : column->count;

		for (size_t i = item == piece->begin_item ? piece->begin_sample : 0; i < end; i++)
			samples[count++] =
				(struct sample){ .series_id = piece->many[item].series_id,
				                 .time = column->time[i],
				                 .value = column->value[i],
				                 .quality = column->quality != NULL ? column->quality[i] : 0 };
	}
	return count;
}

static bool write_piece(struct pg_store *store, const struct piece *piece, struct lp_write_counts *counts,
                        struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct sample *samples;
	PGresult *result = NULL;
	bool ok;

	lp_arena_empty(&store->scratch);
	samples = lp_arena_allocate(&store->scratch, WRITE_AT_ONCE * sizeof *samples);
	lp_pg_add_columns(arguments, &sample_layout, samples, sizeof *samples, list_samples(piece, samples));
	lp_pg_argument_time(arguments, piece->first);
	lp_pg_argument_time(arguments, piece->last);
	ok = lp_pg_execute(store, PG_WRITE_SAMPLES, &result, error);
	if (ok) {
		counts->inserted += (uint64_t)lp_pg_get_int8(result, 0, 0);
		counts->updated += (uint64_t)lp_pg_get_int8(result, 0, 1);
		counts->unchanged += (uint64_t)lp_pg_get_int8(result, 0, 2);
	}
	PQclear(result);
	return ok;
}

/* As many samples from (item, sample) on as go into a statement; returns false where there are none. */
static bool take_piece(const struct lp_series_samples *many, size_t count, size_t *item, size_t *sample,
                       struct piece *piece)
{
	size_t room = WRITE_AT_ONCE;

	*piece = (struct piece){ .many = many, .first = LP_TIME_MAX, .last = LP_TIME_MIN };
	while (*item < count && room > 0) {
		const struct lp_column *column = &many[*item].samples;
		size_t left = column->count - *sample, taken = left < room ? left : room;

		if (taken > 0) {
			if (room == WRITE_AT_ONCE) {
				piece->begin_item = *item;
				piece->begin_sample = *sample;
			}
			piece->first = column->time[*sample] < piece->first ? column->time[*sample] : piece->first;
			piece->end_item = *item;
			piece->end_sample = *sample += taken;
			piece->last = column->time[*sample - 1] > piece->last ? column->time[*sample - 1] : piece->last;
			room -= taken;
		}
		if (*sample == column->count) {
			++*item;
			*sample = 0;
		}
	}
	return room < WRITE_AT_ONCE;
}

/* Nothing is written into tables of somebody else: samples would be there without what its owner adds to them. */
bool lp_pg_are_own(struct pg_store *store, const struct lp_series_samples *many, size_t count, struct lp_error *error)
{
	struct lp_arena arena = { 0 };
	int64_t *ids = lp_arena_allocate(&arena, count * sizeof *ids);
	struct pg_place *places = NULL;
	bool ok;

	for (size_t i = 0; i < count; i++)
		ids[i] = many[i].series_id;
	count = lp_pg_sort_ids(ids, count);
	ok = lp_pg_find_places(store, ids, count, &arena, &places, error);
	for (size_t i = 0; ok && places != NULL && i < count; i++) {
		if (places[i].mapping == NULL)
			continue;
		(void)lp_fail(error, LP_EXIT_DATA,
		              places[i].is_result ? "the results of %s are in %s, and a calculation writes them"
		                                  : "the samples of %s are in %s, which this program only reads",
		              places[i].name, places[i].mapping->configured->table);
		ok = lp_hint(error, "Write them there; or say `table: %s` in the definition of the series.",
		             LP_OWN_TABLE);
	}
	lp_arena_free(&arena);
	return ok;
}

bool lp_pg_write_many(struct lp_store *opened, const struct lp_series_samples *many, size_t count,
                      struct lp_write_counts *counts, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	size_t item = 0, sample = 0;
	struct piece piece;
	bool ok = true;

	*counts = (struct lp_write_counts){ .inserted = 0 };
	if (!lp_pg_begin(store, error))
		return false;
	ok = lp_pg_are_own(store, many, count, error);
	while (ok && take_piece(many, count, &item, &sample, &piece)) {
		ok = lp_pg_ensure_samples(store, piece.first, piece.last, error) &&
		     write_piece(store, &piece, counts, error);
	}
	return lp_pg_finish(store, ok, error);
}

static bool read_some(struct pg_store *store, const struct pg_place *place, struct lp_window range, uint64_t most,
                      struct lp_column *column, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result = NULL;
	bool ok;

	if (!lp_pg_use_mapping(store, place->mapping, error))
		return false;
	if (place->mapping != NULL) {
		lp_pg_array_begin(arguments, PG_TEXT);
		lp_pg_array_text(arguments, place->key);
		lp_pg_array_end(arguments);
	} else {
		lp_pg_argument_int8(arguments, place->series_id);
	}
	lp_pg_argument_time(arguments, range.start);
	lp_pg_argument_time(arguments, range.end);
	lp_pg_argument_int8(arguments, (int64_t)most);
	lp_arena_empty(&store->scratch);
	ok = lp_pg_execute(store, place->mapping != NULL ? PG_MAPPED_READ_SAMPLES : PG_READ_SAMPLES, &result, error) &&
	     lp_pg_get_column(result, 0, 0, &store->scratch, column, error) &&
	     lp_pg_get_coverage(result, 0, 3, &store->scratch, column, error);
	store->mapping = NULL;
	PQclear(result);
	return ok;
}

/* A query is asked once: what it gives has no order that a second one could go on from. */
static bool read_query(struct pg_store *store, const struct pg_place *place, struct lp_window window,
                       struct lp_column *column, struct lp_error *error)
{
	struct pg_range range = { .series_id = place->series_id, .key = place->key, .range = window };

	lp_arena_empty(&store->scratch);
	if (!lp_pg_use_mapping(store, place->mapping, error) ||
	    !lp_pg_ask_query(store, &store->scratch, &range, 1, error)) {
		if (store->mapping->database->begun)
			(void)lp_fail_within(error, "%s", place->mapping->configured->table);
		return false;
	}
	store->mapping = NULL;
	*column = range.column;
	return range.doubtful == LP_TIME_NONE ||
	       lp_fail(error, LP_EXIT_DATA, "%s gives several rows of one time, and they differ",
	               place->mapping->configured->table);
}

static bool visit_parts(const struct lp_column *column, uint64_t most, lp_column_visit *visit, void *context,
                        struct lp_error *error)
{
	size_t count = most > 0 && most < column->count ? (size_t)most : column->count;

	for (size_t first = 0; first < count; first += READ_AT_ONCE) {
		struct lp_column part = { .count = count - first < READ_AT_ONCE ? count - first : READ_AT_ONCE,
			                  .time = column->time + first,
			                  .value = column->value + first,
			                  .quality = column->quality == NULL ? NULL : column->quality + first };

		if (!visit(context, &part, error))
			return false;
	}
	return true;
}

bool lp_pg_read_samples(struct lp_store *opened, const struct lp_sample_query *query, lp_column_visit *visit,
                        void *context, struct lp_error *error)
{
	struct pg_store *store = lp_pg_store(opened);
	/* Not the server's infinities: they are no times. */
	struct lp_window range = {
		.start = query->from == LP_TIME_NONE || query->from < LP_TIME_MIN ? LP_TIME_MIN : query->from,
		.end = query->to == LP_TIME_NONE || query->to > LP_TIME_MAX ? LP_TIME_MAX + 1 : query->to
	};
	uint64_t left = query->most == 0 ? UINT64_MAX : query->most;
	struct pg_place own = { .series_id = query->series_id }, *place = NULL;
	struct lp_arena arena = { 0 };
	bool ok;

	if (!lp_pg_begin(store, error))
		return false;
	ok = lp_pg_find_places(store, &query->series_id, 1, &arena, &place, error);
	/* Of a result more is known here. */
	place = place == NULL || place->is_result ? &own : place;
	if (ok && place->mapping != NULL && place->mapping->configured->query != NULL) {
		struct lp_column all;

		ok = read_query(store, place, range, &all, error) &&
		     visit_parts(&all, query->most, visit, context, error);
		left = 0;
	}
	while (ok && left > 0 && range.start < range.end) {
		uint64_t wanted = left < READ_AT_ONCE ? left : READ_AT_ONCE;
		struct lp_column column;

		ok = read_some(store, place, range, wanted, &column, error);
		if (!ok || column.count == 0)
			break;
		range.start = column.time[column.count - 1] + 1;
		left -= column.count;
		ok = visit(context, &column, error);
		if (column.count < wanted)
			break;
	}
	lp_arena_free(&arena);
	return lp_pg_finish(store, ok, error);
}
