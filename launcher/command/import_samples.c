/* `import`: samples gathered by series, checked, and written in one transaction.  Knows nothing of CSV. */
#include "command/import.h"
#include "text/number.h"

#include "model/memory.h"
#include "model/order.h"
#include "text/utf8.h"
#include <stdlib.h>
#include <string.h>

enum { WRITE_ROWS = 20000, LOOK_UP_SINGLY = 50, SHOWN_MOST = 5 };

const char *lp_import_value_for(const struct lp_words *values, const char *key)
{
	size_t length = strlen(key);
	for (size_t i = 0; i < values->count; i++)
		if (strncmp(values->items[i], key, length) == 0 && values->items[i][length] == '=')
			return values->items[i] + length + 1;
	return NULL;
}

size_t lp_import_series_named(struct lp_import *import, const char *name)
{
	size_t index;
	if (lp_names_find(&import->names, name, &index))
		return index;
	LP_GROW(import->series, import->series_count, import->series_capacity);
	index = import->series_count++;
	import->series[index] = (struct lp_import_series){ .name = lp_arena_text(&import->arena, name) };
	lp_names_set(&import->names, import->series[index].name, index);
	return index;
}

/* Checks that the unit that was given is the one that is stored. */
static bool check_unit(const struct lp_import_series *series, const char *stored, struct lp_error *error)
{
	const char *unit = stored == NULL ? "" : stored;
	if (series->unit == NULL || strcmp(series->unit, unit) == 0)
		return true;
	lp_fail(error, LP_EXIT_DATA, "series \"%.*s\" is stored %s%.*s, not in %.*s", LP_CUT(200, series->name),
	        unit[0] == '\0' ? "without a unit" : "in ", LP_CUT(50, unit), LP_CUT(50, series->unit));
	return lp_hint(error, "Give the unit that is stored or none, and convert by a calculation (rule `convert`); "
	                      "the unit of a series is changed by `apply`.");
}

static bool take_stored(struct lp_import_series *series, const struct lp_series *stored, struct lp_error *error)
{
	if (!check_unit(series, stored->unit, error))
		return false;
	series->id = stored->id;
	series->pruned = stored->pruned;
	return true;
}

static bool visit_stored(void *context, const struct lp_series *stored, struct lp_error *error)
{
	struct lp_import *import = context;
	size_t index;
	return !lp_names_find(&import->names, stored->name, &index) ||
	       take_stored(&import->series[index], stored, error);
}

/* Finds the series that are stored; the others keep id 0. */
static bool look_up(struct lp_import *import, struct lp_error *error)
{
	size_t wanted = 0;
	for (size_t i = 0; i < import->series_count; i++)
		wanted += import->series[i].id == 0;
	/* One query for each would be slow if a server answers it. */
	if (wanted > LOOK_UP_SINGLY)
		return lp_store_each_series(import->store, NULL, visit_stored, import, error);
	for (size_t i = 0; i < import->series_count; i++) {
		struct lp_import_series *series = &import->series[i];
		struct lp_series found;
		if (series->id != 0)
			continue;
		if (!lp_store_find_series(import->store, series->name, &import->arena, &found, error) ||
		    (found.id != 0 && !take_stored(series, &found, error)))
			return false;
	}
	return true;
}

/* Makes the missing series, all at once: an archive may have a hundred thousand tags. */
static bool create_missing(struct lp_import *import, struct lp_error *error)
{
	struct lp_series *wanted = lp_allocate(import->series_count * sizeof *wanted);
	size_t count = 0;
	for (size_t i = 0; i < import->series_count; i++) {
		const struct lp_import_series *series = &import->series[i];
		if (series->id == 0) {
			wanted[count++] = (struct lp_series){ .name = series->name,
				                              .unit = series->unit == NULL ? "" : series->unit,
				                              .description = "",
				                              .attributes = "{}" };
		}
	}
	const struct lp_changes changes = { .series_created = wanted, .series_created_count = count };
	bool ok = count == 0 || (lp_store_apply(import->store, &changes, error) && look_up(import, error));
	import->created += count;
	free(wanted);
	return ok;
}

static int compare_samples(const void *left, const void *right)
{
	const struct lp_import_sample *a = left, *b = right;
	return a->time != b->time ? lp_compare(a->time, b->time) : lp_compare(a->line, b->line);
}

static bool fail_twice(const struct lp_import *import, const struct lp_import_series *series,
                       const struct lp_import_sample *first, const struct lp_import_sample *second,
                       struct lp_error *error)
{
	char time[40];
	lp_time_format(first->time, import->settings->zone, time);
	lp_fail(error, LP_EXIT_DATA, "%s:%d: series \"%.*s\" has %s already in line %d", import->file, second->line,
	        LP_CUT(200, series->name), time, first->line);
	int64_t local =
		first->time + (import->settings->fixed ? import->settings->offset
	                                               : lp_zone_offset(import->settings->zone, first->time, NULL));
	if (local % LP_DAY == 0 && import->settings->time_of_day == NULL)
		return lp_hint(error,
		               "If the time of day stands in a column of its own, name it: --time-of-day COLUMN, with "
		               "a --time-format for both. Else take one of the lines out: a series has one value at "
		               "a time.");
	return lp_hint(error, "A series has one value at a time: take one of the lines out.");
}

/* Takes a repeated line only once. Another line that gives the same sample is an error. */
static bool merge_repeated(struct lp_import *import, struct lp_import_series *series, struct lp_error *error)
{
	struct lp_import_sample *samples = series->samples;
	size_t kept = 1;
	for (size_t i = 1; i < series->count; i++) {
		const struct lp_import_sample *last = &samples[kept - 1];
		if (last->time != samples[i].time)
			samples[kept++] = samples[i];
		else if (last->row != samples[i].row || last->value != samples[i].value ||
		         last->quality != samples[i].quality)
			return fail_twice(import, series, last, &samples[i], error);
	}
	import->repeated += series->count - kept;
	import->held -= series->count - kept;
	series->count = kept;
	return true;
}

/* Ascending in time, and each time once. */
static bool check_series(struct lp_import *import, struct lp_import_series *series, struct lp_error *error)
{
	const struct lp_import_order *order = import->settings->long_form ? &series->order : &import->order;
	if (!lp_import_order_settle(import, order, series, error))
		return false;
	struct lp_import_sample *samples = series->samples;
	bool ordered = true;
	for (size_t i = 1; i < series->count && ordered; i++)
		ordered = samples[i - 1].time < samples[i].time;
	if (!ordered) {
		qsort(samples, series->count, sizeof *samples, compare_samples);
		if (!merge_repeated(import, series, error))
			return false;
	}
	if (series->count == 0 || !series->written || samples[0].time > series->written_to ||
	    samples[series->count - 1].time < series->written_from)
		return true;
	lp_fail(error, LP_EXIT_DATA, "%s:%d: series \"%.*s\" goes back in time", import->file, samples[0].line,
	        LP_CUT(200, series->name));
	return lp_hint(error, "A file of more than %d samples must be in the order of time: sort it, or split it.",
	               LP_IMPORT_SAMPLES_MOST);
}

/* Samples of one or many series on their way to the store, as columns. */
struct write_buffer {
	lp_time *time;
	double *value;
	uint8_t *quality;
	size_t count; /* samples */
	struct lp_series_samples *columns;
	size_t column_count;
};

static bool write_columns(struct lp_import *import, struct write_buffer *buffer, struct lp_error *error)
{
	struct lp_write_counts counts;
	if (!lp_store_write_many(import->store, buffer->columns, buffer->column_count, &counts, error))
		return false;
	import->counts.inserted += counts.inserted;
	import->counts.updated += counts.updated;
	import->counts.unchanged += counts.unchanged;
	buffer->count = buffer->column_count = 0;
	return true;
}

/* Adds samples from `start` on to a new column, as many as fit; returns their number. */
static size_t add_column(struct write_buffer *buffer, const struct lp_import_series *series, size_t start)
{
	struct lp_series_samples *column = &buffer->columns[buffer->column_count++];
	size_t place = buffer->count, count = series->count - start;
	if (count > WRITE_ROWS - place)
		count = WRITE_ROWS - place;
	*column = (struct lp_series_samples){
		.series_id = series->id,
		.samples = { .count = count, .time = buffer->time + place, .value = buffer->value + place },
	};
	for (size_t i = 0; i < count; i++) {
		const struct lp_import_sample *sample = &series->samples[start + i];
		buffer->time[place + i] = sample->time;
		buffer->value[place + i] = sample->value;
		buffer->quality[place + i] = sample->quality;
		if (sample->quality != LP_QUALITY_GOOD)
			column->samples.quality = buffer->quality + place;
	}
	buffer->count += count;
	return count;
}

static bool is_stopped(const struct lp_import *import, struct lp_error *error)
{
	return import->stop != NULL && *import->stop != 0 && !lp_fail(error, LP_EXIT_TEMPORARY, "stopped");
}

static bool write_held(struct lp_import *import, struct lp_error *error)
{
	struct write_buffer buffer = {
		.time = lp_allocate(WRITE_ROWS * sizeof(lp_time)),
		.value = lp_allocate(WRITE_ROWS * sizeof(double)),
		.quality = lp_allocate(WRITE_ROWS),
		.columns = lp_allocate(WRITE_ROWS * sizeof(struct lp_series_samples)),
	};
	bool written = true;
	for (size_t i = 0; i < import->series_count && written; i++) {
		const struct lp_import_series *series = &import->series[i];
		for (size_t start = 0; start < series->count && written;) {
			start += add_column(&buffer, series, start);
			written = buffer.count < WRITE_ROWS ||
			          (!is_stopped(import, error) && write_columns(import, &buffer, error));
		}
	}
	written = written && (buffer.count == 0 || write_columns(import, &buffer, error));
	free(buffer.time);
	free(buffer.value);
	free(buffer.quality);
	free(buffer.columns);
	return written;
}

static void note_written(struct lp_import *import, struct lp_import_series *series)
{
	if (series->count > 0) {
		lp_time from = series->samples[0].time, to = series->samples[series->count - 1].time;
		series->written_from = series->written && series->written_from < from ? series->written_from : from;
		series->written_to = series->written && series->written_to > to ? series->written_to : to;
		series->written = true;
		series->first = series->any && series->first < from ? series->first : from;
		series->last = series->any && series->last > to ? series->last : to;
		series->any = true;
	}
	import->held -= series->count;
	series->count = 0;
}

/* A sample of a series, in the order of lines. */
struct first_sample {
	const struct lp_import_series *series;
	const struct lp_import_sample *sample;
};

static size_t add_first(struct first_sample firsts[SHOWN_MOST], size_t count, struct first_sample added)
{
	size_t place = count;
	while (place > 0 && firsts[place - 1].sample->line > added.sample->line)
		place--;
	if (place == SHOWN_MOST)
		return count;
	count += count < SHOWN_MOST;
	memmove(firsts + place + 1, firsts + place, (count - place - 1) * sizeof *firsts);
	firsts[place] = added;
	return count;
}

/* Notes the first samples as they would be stored, for people to look at. */
static void note_shown(struct lp_import *import)
{
	struct first_sample firsts[SHOWN_MOST];
	size_t count = 0;

	for (size_t s = 0; s < import->series_count; s++) {
		const struct lp_import_series *series = &import->series[s];
		for (size_t i = 0; i < series->count; i++)
			count = add_first(firsts, count, (struct first_sample){ series, &series->samples[i] });
	}
	for (size_t i = 0; i < count; i++) {
		static const char *const qualities[] = { "", " uncertain", " bad" };
		const struct lp_import_series *series = firsts[i].series;
		char time[40], value[32];
		lp_time_format(firsts[i].sample->time, import->settings->zone, time);
		lp_number_format(firsts[i].sample->value, value);
		lp_text_addf(&import->shown, "  %s  %s  %s%s%s%s\n", series->name, time, value,
		             series->unit == NULL ? "" : " ", series->unit == NULL ? "" : series->unit,
		             qualities[firsts[i].sample->quality]);
	}
}

/* Before anything is written, so that a second process with the same file waits, and then learns of it. */
static bool claim(struct lp_import *import, struct lp_error *error)
{
	const struct lp_import_claim *claim = import->claim;
	bool noted = true;

	if (claim != NULL && !lp_store_note_imported_file(import->store, &claim->file, claim->before, &noted, error))
		return false;
	import->elsewhere = !noted;
	return noted || lp_fail(error, LP_EXIT_TEMPORARY, "%s: another process has imported it", import->file);
}

/* Checks all series before it writes the first. */
static bool flush(struct lp_import *import, struct lp_error *error)
{
	for (size_t i = 0; i < import->series_count; i++)
		if (!check_series(import, &import->series[i], error))
			return false;
	if (import->settings->dry_run && import->shown.length == 0)
		note_shown(import);
	if (!import->begun) {
		if (!lp_store_begin(import->store, error))
			return false;
		import->begun = true;
		/* Series may be made, which must not happen while definitions are applied. */
		if (!lp_store_lock_definitions(import->store, error) || !claim(import, error))
			return false;
	}
	if (!look_up(import, error) || !create_missing(import, error) || !write_held(import, error))
		return false;
	for (size_t i = 0; i < import->series_count; i++)
		note_written(import, &import->series[i]);
	return true;
}

bool lp_import_add(struct lp_import *import, size_t index, struct lp_import_sample sample, struct lp_error *error)
{
	struct lp_import_series *series = &import->series[index];
	LP_GROW(series->samples, series->count, series->capacity);
	series->samples[series->count++] = sample;
	if (is_stopped(import, error))
		return false;
	/* Within an hour that comes twice, the lines behind it are needed to know which of the two a time is. */
	return ++import->held < LP_IMPORT_SAMPLES_MOST || sample.twice || flush(import, error);
}

/* A name in small letters, those of ASCII. */
static const char *lower(struct lp_arena *arena, const char *name)
{
	char *copy = lp_arena_copy(arena, name, strlen(name));
	for (char *c = copy; *c != '\0'; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
	return copy;
}

struct alike {
	struct lp_import *import;
	struct lp_names names; /* in small letters, to the indices of the series */
	struct lp_text *lines;
	int count;
};

static bool visit_alike(void *context, const struct lp_series *stored, struct lp_error *error)
{
	struct alike *alike = context;
	struct lp_arena arena = { 0 };
	size_t index;

	(void)error;
	if (lp_names_find(&alike->names, lower(&arena, stored->name), &index) && alike->count < SHOWN_MOST &&
	    strcmp(alike->import->series[index].name, stored->name) != 0) {
		lp_text_addf(alike->lines,
		             "series \"%s\" and \"%s\" are two: their names differ by capital letters alone\n",
		             alike->import->series[index].name, stored->name);
		alike->count++;
	}
	lp_arena_free(&arena);
	return true;
}

bool lp_import_find_similar(struct lp_import *import, struct lp_text *lines, struct lp_error *error)
{
	struct alike alike = { .import = import, .lines = lines };

	/* Series that were there before were checked when they were made. */
	if (import->created == 0)
		return true;
	for (size_t i = 0; i < import->series_count; i++)
		lp_names_set(&alike.names, lower(&import->arena, import->series[i].name), i);
	bool ok = lp_store_each_series(import->store, NULL, visit_alike, &alike, error);
	lp_names_free(&alike.names);
	return ok;
}

bool lp_import_end_file(struct lp_import *import, struct lp_error *error)
{
	if (!flush(import, error))
		return false;
	for (size_t i = 0; i < import->series_count; i++) {
		import->series[i].written = false;
		lp_import_order_clear(&import->series[i].order);
	}
	lp_import_order_clear(&import->order);
	return true;
}

/*
 * Notes what is restored. What lies before the first imported sample stays pruned;
 * so does all of it if the import does not reach the last pruned sample, because a
 * gap in the middle could be one that was measured.
 */
static bool restore(struct lp_import *import, const struct lp_import_series *series, struct lp_error *error)
{
	struct lp_window left = { .start = series->pruned.start, .end = series->first };
	bool reaches = series->last >= series->pruned.end - 1;
	if (!import->settings->restores_pruned || !reaches) {
		import->unrestored = import->not_restored++ == 0 ? series : import->unrestored;
		return true;
	}
	if (left.start < left.end)
		import->partly++;
	else
		import->restored++;
	return lp_store_restore_pruned(import->store, series->id, left, error);
}

bool lp_import_restore(struct lp_import *import, struct lp_error *error)
{
	for (size_t i = 0; i < import->series_count; i++) {
		const struct lp_import_series *series = &import->series[i];
		bool again = series->any && series->pruned.start < series->pruned.end &&
		             series->first < series->pruned.end && series->last >= series->pruned.start;
		if (again && !restore(import, series, error))
			return false;
	}
	return true;
}

void lp_import_free(struct lp_import *import)
{
	for (size_t i = 0; i < import->series_count; i++) {
		free(import->series[i].samples);
		lp_import_order_clear(&import->series[i].order);
	}
	lp_import_order_clear(&import->order);
	lp_text_free(&import->shown);
	free(import->series);
	lp_names_free(&import->names);
	lp_arena_free(&import->arena);
}
