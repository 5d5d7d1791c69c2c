/*
 * The parts of `import`, for its own files: what the user asked for, rows of a
 * file that become samples, and samples that are written. Samples are gathered by
 * series and checked before they are written: a file of up to
 * LP_IMPORT_SAMPLES_MOST samples is checked as a whole before the store is
 * touched. Of a longer file only that many are in memory at once, and its parts
 * must follow one another in time. The files that are named are one transaction;
 * those of a directory have one each.
 */
#ifndef LP_COMMAND_IMPORT_H
#define LP_COMMAND_IMPORT_H

#include "calendar/calendar.h"
#include "command/command.h"
#include "model/memory.h"
#include "service/service.h"
#include "store/store.h"
#include "text/encoding.h"
#include "text/names.h"
#include "text/number.h"
#include <stdio.h>

enum { LP_IMPORT_SAMPLES_MOST = 4000000 };

struct lp_import_settings {
	const char *time_column, *quality_column; /* NULL: found by name */
	const char *time_format;                  /* NULL: RFC 3339 and what is near to it */
	struct lp_words series, units;            /* "COLUMN=NAME", "COLUMN=UNIT" */
	const char *prefix;                       /* "" */
	struct lp_words missing;                  /* words for "no value", beside the usual ones */
	const char *time_of_day;                  /* the column behind the date; NULL: one column has both */
	const char *repeated_hour;                /* "first" or "second"; NULL: the order of lines tells */
	uint32_t header_line;                     /* 0: the first one */
	struct lp_number_form numbers;
	enum lp_encoding encoding;
	bool long_form, dry_run, no_quality, units_line;
	bool restores_pruned; /* what is imported is all that was pruned */
	char delimiter;       /* 0: found out */
	/* For times without an offset: a zone, or local time at a fixed distance from UTC. */
	const struct lp_zone *zone;
	bool fixed;
	int64_t offset;
};

struct lp_import_sample {
	lp_time time;
	double value;
	int line;
	uint16_t row; /* a mark of all that its line says: equal lines have equal ones */
	uint8_t quality;
	bool twice; /* its local time comes twice: this is the first; settled before it is written */
};

/* A time as it is written: local, or with its distance from UTC or the name of a zone. */
struct lp_import_written {
	int64_t local, offset;
	bool has_offset;
	bool is_midnight; /* a date alone, or 24:00: where a day begins */
	char zone[32];    /* "": none */
};

/* A time of a file in UTC; shift: how much later its local time comes again, 0: it comes once. */
struct lp_import_time {
	lp_time time;
	int64_t shift;
};

/* Consecutive lines in an hour of local time that comes twice. */
struct lp_import_hour {
	lp_time first, last, before, after; /* as if all were the first time; LP_TIME_NONE: no line there */
	int64_t shift;
	int first_line, last_line;
	int forward, back, equal; /* steps from line to line */
	int forward_line, back_line, equal_line;
};

/*
 * The order of lines of one file, or of one series of it, where hours come twice.
 * import_order.c says what follows from it.
 */
struct lp_import_order {
	bool begun, within; /* a line was there; the last one lies in the last hour */
	lp_time last;
	int forward, back; /* whether a step outside of such hours goes there */
	struct lp_import_hour *hours;
	size_t count, capacity;
};

/* A series, with the samples that were read and are not written yet. */
struct lp_import_series {
	const char *name;
	const char *unit; /* NULL: none was given */
	int64_t id;       /* 0: not looked up yet */
	struct lp_import_sample *samples;
	size_t count, capacity;
	bool written; /* parts of this file, from ... to */
	lp_time written_from, written_to;
	struct lp_import_order order; /* long form */
	struct lp_window pruned;      /* as in struct lp_series, before the import */
	bool any;                     /* samples of any file, from first to last */
	lp_time first, last;
};

/* A file that is noted in the transaction of its samples, as lp_store_note_imported_file does. */
struct lp_import_claim {
	struct lp_imported_file file;
	const int64_t *before;
};

struct lp_import {
	const struct lp_import_settings *settings;
	struct lp_store *store;
	const char *file; /* for messages */
	struct lp_import_series *series;
	size_t series_count, series_capacity;
	struct lp_import_order order; /* wide form: of the file's lines */
	struct lp_names names;        /* of the series, to their indices */
	struct lp_arena arena;
	size_t held;                         /* samples in memory */
	bool begun;                          /* a transaction is open */
	const struct lp_import_claim *claim; /* what is noted with the samples; NULL: nothing */
	bool elsewhere;                      /* another process has noted it: nothing of this is stored */
	const volatile int *stop;            /* not 0: reading ends, with an error; may be NULL */
	struct lp_write_counts counts;
	uint64_t created, missing, repeated; /* series made; cells without a number; samples given once more */
	struct lp_text shown;                /* --dry-run: the first samples as they would be stored */
	/* Series whose samples were pruned, and that get some again from this import. */
	uint64_t restored, partly, not_restored;
	const struct lp_import_series *unrestored; /* one of those that were not */
};

/* import_rows.c: reads a file and adds its samples. */
bool lp_import_read(struct lp_import *import, FILE *file, const char *name, struct lp_error *error) LP_MUST_CHECK;

/* import_time.c: a time as the file has it. */
bool lp_import_time_read(const struct lp_import_settings *settings, const char *text, struct lp_import_time *read,
                         struct lp_error *error) LP_MUST_CHECK;

/* import_readings.c: hints which options read a cell that was refused; false: none that is known. */
bool lp_import_hint_number(const struct lp_import_settings *settings, const char *text, struct lp_error *error);
bool lp_import_hint_time(const struct lp_import_settings *settings, const char *text, struct lp_error *error);

/* import_unix.c: counts since 1970 in UTC: --time-format unix, unix-ms, ...; from the coarsest to the finest. */
struct lp_import_unix {
	const char *name;
	int64_t per_second;
};
extern const struct lp_import_unix lp_import_unix[];
extern const size_t lp_import_unix_count;
const struct lp_import_unix *lp_import_unix_find(const char *format); /* NULL: it is none of them */
bool lp_import_unix_parse(const struct lp_import_unix *form, const char *text, lp_time *time);
/* Measured values are most likely from these years: 1980 to 2099. */
#define LP_IMPORT_LIKELY_FROM (INT64_C(315532800) * LP_SECOND)
#define LP_IMPORT_LIKELY_TO   (INT64_C(4102444800) * LP_SECOND)
/* Reads decimals of a second at `at`, if any, as microseconds, and cuts off the rest; returns what follows them. */
const char *lp_import_take_decimals(const char *at, int32_t *microseconds);

/* import_format.c: --time-format. */
extern const char lp_import_format_hint[];
bool lp_import_format_check(const char *format, struct lp_error *error) LP_MUST_CHECK;
bool lp_import_format_parse(const char *format, const char *text, struct lp_import_written *written);

/* import_order.c: which of two a local time is. */
void lp_import_order_note(struct lp_import_order *order, struct lp_import_time read, int line);
/* Moves samples to the second time if the order of lines shows that they belong there; fails if it does not show it. */
bool lp_import_order_settle(const struct lp_import *import, const struct lp_import_order *order,
                            struct lp_import_series *series, struct lp_error *error) LP_MUST_CHECK;
void lp_import_order_clear(struct lp_import_order *order);

/* import_samples.c */
/* Returns the index of the series of that name; a new one is added. */
size_t lp_import_series_named(struct lp_import *import, const char *name);
bool lp_import_add(struct lp_import *import, size_t series, struct lp_import_sample sample,
                   struct lp_error *error) LP_MUST_CHECK;
/* Adds lines about stored series whose names differ from those of the import by capital letters alone. */
bool lp_import_find_similar(struct lp_import *import, struct lp_text *lines, struct lp_error *error) LP_MUST_CHECK;
/* Ends a file: writes the samples that are gathered, and lets the next file be about any time again. */
bool lp_import_end_file(struct lp_import *import, struct lp_error *error) LP_MUST_CHECK;
/* After all files: notes which pruned samples are there again, if --restores-pruned was given. */
bool lp_import_restore(struct lp_import *import, struct lp_error *error) LP_MUST_CHECK;
void lp_import_free(struct lp_import *import);

/* import_files.c */
FILE *lp_import_open(const char *path, struct lp_error *error); /* NULL: it cannot be */
/* Ends the transaction: commits where all went well so far.  alike: as lp_import_find_similar. */
bool lp_import_finish(struct lp_import *import, bool ok, struct lp_text *alike, struct lp_error *error) LP_MUST_CHECK;
/* What was stored, on standard output. */
void lp_import_print_report(const struct lp_import *import, const struct lp_text *alike);
/* A file in a transaction of its own, and what is said of it, behind its name. */
bool lp_import_one(struct lp_import *import, FILE *file, const char *name, struct lp_error *error) LP_MUST_CHECK;
/* All files in one transaction. */
bool lp_import_all(struct lp_session *session, const struct lp_import_settings *settings, const struct lp_words *files,
                   struct lp_error *error) LP_MUST_CHECK;

/* import_directory.c: files of a directory, each on its own. */
/* A directory, or a pattern of names in one; not a file that is there. */
bool lp_import_is_directory(const char *operand);
struct lp_import_listing {
	char *directory, *pattern; /* pattern NULL: *.csv, in any capitals */
	char **names;              /* by their bytes */
	size_t count, capacity;
	size_t passed_over; /* files with other names; hidden ones do not count */
};
/* Regular files that are there now.  The listing may be used again; names that are taken out of it are set to NULL. */
bool lp_import_list(struct lp_import_listing *listing, const char *operand, struct lp_error *error) LP_MUST_CHECK;
void lp_import_listing_free(struct lp_import_listing *listing);
/* True if it is the file's fault: others can be stored all the same. */
bool lp_import_is_of_file(const struct lp_error *error);
bool lp_import_each(struct lp_session *session, const struct lp_import_settings *settings,
                    const struct lp_words *operands, struct lp_error *error) LP_MUST_CHECK;

/* import_follow.c: a directory that others write to. */
enum { LP_IMPORT_SETTLE_SECONDS = 10 };
struct lp_import_follow {
	bool wanted, again;
	const char *source; /* NULL: the directory's path */
	int64_t settle;     /* microseconds */
};
bool lp_import_follow(struct lp_session *session, const struct lp_import_settings *settings,
                      const struct lp_import_follow *follow, const char *operand, struct lp_error *error) LP_MUST_CHECK;

/* Returns the value of "KEY=VALUE" in values for that key, or NULL. */
const char *lp_import_value_for(const struct lp_words *values, const char *key);

#endif
