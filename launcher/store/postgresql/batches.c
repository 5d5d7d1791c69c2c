/* Putting calculations into batches after definitions changed: what compose.c decides, read and written. */
#include "store/compose.h"
#include "store/postgresql/internal.h"

#include <string.h>

static bool read_batches(struct pg_store *store, struct lp_arena *arena, const struct pg_arrange *arrange,
                         struct lp_composition *composition, struct lp_error *error)
{
	PGresult *result = NULL;
	bool done;

	lp_pg_arguments(store);
	done = lp_pg_execute(store, PG_ALL_BATCHES, &result, error);
	composition->batch_count = done ? (size_t)PQntuples(result) : 0;
	composition->batches = lp_arena_zeroed(arena, composition->batch_count, sizeof *composition->batches);
	for (size_t i = 0; done && i < composition->batch_count; i++) {
		enum { AFTER_SCHEDULE = 3 + PG_SCHEDULE_COLUMNS };
		struct lp_compose_batch *batch = &composition->batches[i];
		int row = (int)i;

		batch->head.id = lp_pg_get_int8(result, row, 0);
		batch->head.generation = lp_pg_get_int8(result, row, 1);
		batch->head.rank = lp_pg_get_int4(result, row, 2);
		batch->head.start = lp_pg_get_time(result, row, AFTER_SCHEDULE);
		batch->head.watermark = lp_pg_get_time(result, row, AFTER_SCHEDULE + 1);
		batch->enabled = lp_pg_get_bool(result, row, AFTER_SCHEDULE + 2);
		batch->head.span = lp_pg_get_int8(result, row, AFTER_SCHEDULE + 3);
		for (size_t k = 0; k < arrange->shrunk_count; k++)
			batch->changed = batch->changed || arrange->shrunk[k] == batch->head.id;
		done = lp_pg_get_schedule(result, row, 3, &batch->head.schedule, error);
	}
	PQclear(result);
	return done;
}

static bool read_members(struct pg_store *store, struct lp_arena *arena, const struct pg_arrange *arrange,
                         struct lp_composition *composition, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);
	PGresult *result = NULL;
	bool done;

	lp_pg_array_begin(arguments, PG_TEXT);
	for (size_t i = 0; i < arrange->changed_count; i++)
		lp_pg_array_text(arguments, arrange->changed[i]);
	lp_pg_array_end(arguments);
	done = lp_pg_execute(store, PG_ALL_MEMBERS, &result, error);
	composition->member_count = done ? (size_t)PQntuples(result) : 0;
	composition->members = lp_arena_zeroed(arena, composition->member_count, sizeof *composition->members);
	for (size_t i = 0; done && i < composition->member_count; i++) {
		enum { AFTER_SCHEDULE = 4 + PG_SCHEDULE_COLUMNS };
		struct lp_compose_member *member = &composition->members[i];
		int row = (int)i;

		member->calculation_id = lp_pg_get_int8(result, row, 0);
		member->batch_id = lp_pg_get_int8(result, row, 1);
		member->position = lp_pg_get_int4(result, row, 2);
		member->rank = lp_pg_get_int4(result, row, 3);
		member->start = lp_pg_get_time(result, row, AFTER_SCHEDULE);
		member->watermark = lp_pg_get_time(result, row, AFTER_SCHEDULE + 1);
		member->enabled = lp_pg_get_bool(result, row, AFTER_SCHEDULE + 2);
		member->changed = lp_pg_get_bool(result, row, AFTER_SCHEDULE + 3);
		member->reads = (uint64_t)lp_pg_get_int8(result, row, AFTER_SCHEDULE + 4);
		done = lp_pg_get_schedule(result, row, 4, &member->schedule, error) &&
		       lp_compose_span(&member->schedule, lp_pg_get_text(result, row, AFTER_SCHEDULE + 5, arena),
		                       &member->span, error);
	}
	PQclear(result);
	return done;
}

static bool add_batch(struct pg_store *store, struct lp_compose_batch *batch, struct lp_error *error)
{
	const struct lp_schedule *schedule = &batch->head.schedule;
	struct pg_arguments *arguments = lp_pg_arguments(store);
	struct pg_spans spans;
	PGresult *result = NULL;
	bool done;

	lp_pg_spans(schedule, &spans);
	lp_pg_argument_int4(arguments, batch->head.rank);
	lp_pg_argument_bool(arguments, batch->enabled);
	lp_pg_argument_int4(arguments, batch->head.size);
	lp_pg_argument_text(arguments, spans.every);
	lp_pg_argument_text(arguments, spans.window);
	lp_pg_argument_text(arguments, spans.offset);
	lp_pg_argument_text(arguments, spans.delay);
	lp_pg_argument_int4(arguments, schedule->week_start);
	lp_pg_argument_text(arguments, schedule->zone);
	lp_pg_argument_text(arguments, lp_missed_names[schedule->missed]);
	lp_pg_argument_time(arguments, batch->head.start);
	lp_pg_argument_time(arguments, batch->head.watermark);
	lp_pg_argument_int8(arguments, batch->origin);
	lp_pg_argument_int8(arguments, batch->head.span);
	done = lp_pg_execute(store, PG_ADD_BATCH, &result, error);
	if (done)
		batch->head.id = lp_pg_get_int8(result, 0, 0);
	PQclear(result);
	return done;
}

static bool change_batches(struct pg_store *store, const struct lp_composition *composition, struct lp_error *error)
{
	const struct lp_compose_batch *batches = composition->batches;
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < composition->batch_count; i++) {
		if (batches[i].changed && batches[i].members > 0)
			lp_pg_array_int8(arguments, batches[i].head.id);
	}
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < composition->batch_count; i++) {
		if (batches[i].changed && batches[i].members > 0)
			lp_pg_array_int8(arguments, batches[i].head.generation);
	}
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_INT4);
	for (size_t i = 0; i < composition->batch_count; i++) {
		if (batches[i].changed && batches[i].members > 0)
			lp_pg_array_int4(arguments, batches[i].head.size);
	}
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < composition->batch_count; i++) {
		if (batches[i].changed && batches[i].members > 0)
			lp_pg_array_int8(arguments, batches[i].head.span);
	}
	lp_pg_array_end(arguments);
	return lp_pg_execute(store, PG_CHANGE_BATCHES, NULL, error);
}

static bool move_calculations(struct pg_store *store, const struct lp_composition *composition, struct lp_error *error)
{
	const struct lp_compose_member *members = composition->members;
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < composition->member_count; i++) {
		if (members[i].moved)
			lp_pg_array_int8(arguments, members[i].calculation_id);
	}
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < composition->member_count; i++) {
		if (members[i].moved)
			lp_pg_array_int8(arguments, composition->batches[members[i].batch].head.id);
	}
	lp_pg_array_end(arguments);
	lp_pg_array_begin(arguments, PG_INT4);
	for (size_t i = 0; i < composition->member_count; i++) {
		if (members[i].moved)
			lp_pg_array_int4(arguments, members[i].position);
	}
	lp_pg_array_end(arguments);
	return lp_pg_execute(store, PG_MOVE_CALCULATIONS, NULL, error);
}

static bool delete_batches(struct pg_store *store, const struct lp_composition *composition, struct lp_error *error)
{
	struct pg_arguments *arguments = lp_pg_arguments(store);

	lp_pg_array_begin(arguments, PG_INT8);
	for (size_t i = 0; i < composition->batch_count; i++) {
		if (composition->batches[i].members == 0 && composition->batches[i].head.id != 0)
			lp_pg_array_int8(arguments, composition->batches[i].head.id);
	}
	lp_pg_array_end(arguments);
	return lp_pg_execute(store, PG_DELETE_BATCHES, NULL, error);
}

static bool write_composition(struct pg_store *store, const struct lp_composition *composition, struct lp_error *error)
{
	for (size_t i = 0; i < composition->batch_count; i++) {
		struct lp_compose_batch *batch = &composition->batches[i];

		if (batch->head.id == 0 && batch->members > 0 && !add_batch(store, batch, error))
			return false;
	}
	if (!change_batches(store, composition, error) || !move_calculations(store, composition, error) ||
	    !delete_batches(store, composition, error))
		return false;
	lp_pg_arguments(store);
	if (!lp_pg_execute(store, PG_SET_UPSTREAM, NULL, error))
		return false;
	lp_pg_arguments(store);
	return lp_pg_execute(store, PG_SET_REACH, NULL, error);
}

bool lp_pg_arrange(struct pg_store *store, const struct pg_arrange *arrange, struct lp_error *error)
{
	struct lp_composition composition = { .batch_count = 0 };
	struct lp_arena arena = { .first = NULL };
	bool done;

	done = read_batches(store, &arena, arrange, &composition, error) &&
	       read_members(store, &arena, arrange, &composition, error);
	if (done) {
		lp_compose(&composition, &arena);
		done = write_composition(store, &composition, error);
	}
	lp_arena_free(&arena);
	return done;
}
