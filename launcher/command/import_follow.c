/*
 * `import --follow`: a directory that others write to; each file of it is stored
 * once.  Runs until it is stopped, in the main thread of a process of its own.
 *
 * That a file is stored is noted in the transaction that stores its samples
 * (lp_store_note_imported_file), so that at whatever moment this process is
 * killed, or its store is lost, the next one finds both or neither.  A second
 * process waits for the note of the first, and then leaves the file to it.
 *
 * A file is whole when nothing of it (size, times, inode) has changed for as long
 * as --settle says, by this process's own clock: the clock of a server of files
 * may be another one.  It must be the same behind the last line that is read as
 * it was before the first, or nothing of it is stored.
 */
#include "command/import.h"

#include "command/output.h"
#include "model/clock.h"
#include "model/hash.h"
#include "observe/observe.h"
#include "service/service.h"
#include "text/utf8.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_PAUSE = 60, REST_FACTOR = 20 }; /* seconds until the store is tried again; of what a look takes */

/* What tells that a file is as it was. */
struct stamp {
	int64_t size, modified, changed; /* the times in nanoseconds */
	ino_t inode;
};

struct followed {
	char *name;
	struct stamp stamp;
	int64_t since; /* monotonic: the stamp is the same from then on */
	enum {
		WAITING, /* until it is whole */
		STORED,
		CHANGED, /* since it was stored; that was reported */
		REFUSED, /* it has an error; that was reported */
	} state;
	bool told;       /* that it was changed */
	bool known;      /* the store was asked about it */
	bool stored;     /* at least once; the last time with this content: */
	int64_t content; /* a hash */
};

struct following {
	struct lp_session *session;
	const struct lp_import_settings *settings;
	const struct lp_import_follow *how;
	const char *operand;
	char *source;
	struct lp_import_listing listing;
	struct followed *files; /* by name */
	size_t count;
	bool for_people; /* lines for a terminal, in place of the log */
	bool gone;       /* the directory cannot be read; that was reported */
	uint64_t stored, refused;
};

/* Whatever waits for a lock of the store does not see the flag: what is not committed is undone by the store. */
static void leave(int number)
{
	(void)number;
	_exit(LP_EXIT_OK);
}

static void on_signal(int number)
{
	(void)number;
	lp_stop = 1;
	alarm(1);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct sigaction left = { .sa_handler = leave };

	sigemptyset(&action.sa_mask);
	sigemptyset(&left.sa_mask);
	sigaction(SIGALRM, &left, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static void rest(int64_t nanoseconds)
{
	const struct timespec pause = { .tv_sec = nanoseconds / LP_MONOTONIC_SECOND,
		                        .tv_nsec = nanoseconds % LP_MONOTONIC_SECOND };
	if (lp_stop == 0)
		nanosleep(&pause, NULL);
}

static char *path_of(const struct following *following, const struct followed *file)
{
	return lp_format_text("%s/%s", following->listing.directory, file->name);
}

static struct stamp stamp_of(const struct stat *found)
{
	return (struct stamp){
		.size = found->st_size,
		.modified = found->st_mtim.tv_sec * LP_MONOTONIC_SECOND + found->st_mtim.tv_nsec,
		.changed = found->st_ctim.tv_sec * LP_MONOTONIC_SECOND + found->st_ctim.tv_nsec,
		.inode = found->st_ino,
	};
}

static bool is_same(const struct stamp *a, const struct stamp *b)
{
	return a->size == b->size && a->modified == b->modified && a->changed == b->changed && a->inode == b->inode;
}

/* As the store keeps it. */
static lp_time modified_of(const struct stamp *stamp)
{
	return stamp->modified / 1000;
}

/* What is wrong with a file, or has become of it: a line for people, or for the log. */
static void tell_wrong(const struct following *following, const struct followed *file, enum lp_log_level level,
                       const char *message, const struct lp_error *error)
{
	char *path = path_of(following, file);

	if (following->for_people) {
		char *text = lp_format_text("%s: %s\n%s%s%s%s%s", path, message, error->what,
		                            error->what[0] != '\0' ? "\n" : "", error->hint[0] != '\0' ? "  " : "",
		                            error->hint, error->hint[0] != '\0' ? "\n" : "");
		lp_print_text(stderr, text);
		free(text);
	} else {
		lp_log(level, message, LP_TEXT("file", path),
		       LP_TEXT("error", error->what[0] != '\0' ? error->what : NULL),
		       LP_TEXT("hint", error->hint[0] != '\0' ? error->hint : NULL));
	}
	free(path);
}

static void tell_changed(const struct following *following, const struct followed *file)
{
	struct lp_error hint = { 0 };
	lp_hint(&hint, "`import` of that file, or --again, stores it as it is now.");
	tell_wrong(following, file, LP_LOG_WARNING, "a file was changed after it was stored: it is left", &hint);
}

static void tell_stored(const struct following *following, const struct followed *file, const struct lp_import *import,
                        const struct lp_text *alike, int64_t took)
{
	const struct lp_write_counts *counts = &import->counts;

	if (following->for_people) {
		lp_print("%s: ", import->file);
		lp_import_print_report(import, alike);
		return;
	}
	lp_log(LP_LOG_INFO, file->stored ? "a file is stored again" : "a file is stored", LP_TEXT("file", import->file),
	       LP_INT("series", import->series_count), LP_INT("created", import->created),
	       LP_INT("inserted", counts->inserted), LP_INT("updated", counts->updated),
	       LP_INT("unchanged", counts->unchanged), LP_INT("missing", import->missing), LP_TOOK("took", took));
	if (alike->length > 0)
		lp_log(LP_LOG_WARNING, "names of series differ by capital letters alone",
		       LP_TEXT("series", alike->data));
}

/* A hash of all that the file has; the file stands at its beginning again. */
static bool hash_file(FILE *file, const char *path, int64_t *content, struct lp_error *error)
{
	unsigned char bytes[65536];
	uint64_t hash = LP_HASH_START;
	size_t count;

	while (lp_stop == 0 && (count = fread(bytes, 1, sizeof bytes, file)) > 0)
		hash = lp_hash_add(hash, bytes, count);
	if (ferror(file))
		return lp_fail_errno(error, LP_EXIT_DATA, errno, "cannot read %s", path);
	if (lp_stop != 0)
		return lp_fail(error, LP_EXIT_TEMPORARY, "stopped");
	rewind(file);
	*content = (int64_t)hash;
	return true;
}

static bool take_record(void *context, const struct lp_imported_file *record, struct lp_error *error)
{
	struct followed *file = context;

	(void)error;
	file->stored = true;
	file->content = record->content;
	if (record->size == file->stamp.size && record->modified == modified_of(&file->stamp))
		file->state = STORED;
	return true;
}

static bool look_up(struct following *following, struct followed *file, struct lp_error *error)
{
	file->known = lp_store_each_imported_file(following->session->store, following->source, file->name, take_record,
	                                          file, error);
	return file->known;
}

static int compare_files(const void *name, const void *file)
{
	return strcmp(name, ((const struct followed *)file)->name);
}

static bool take_any_record(void *context, const struct lp_imported_file *record, struct lp_error *error)
{
	struct following *following = context;
	struct followed *file = following->count == 0 ? NULL
	                                              : bsearch(record->name, following->files, following->count,
	                                                        sizeof *file, compare_files);
	return file == NULL || take_record(file, record, error);
}

/* Of all that are there when it begins, in one go. */
static bool look_up_all(struct following *following, struct lp_error *error)
{
	bool ok = lp_store_each_imported_file(following->session->store, following->source, NULL, take_any_record,
	                                      following, error);
	for (size_t i = 0; i < following->count; i++)
		following->files[i].known = ok;
	return ok;
}

/* The same bytes with another time, or in another place: nothing but that is to be noted. */
static bool note_touched(struct following *following, struct followed *file, const struct lp_import_claim *claim,
                         struct lp_error *error)
{
	struct lp_store *store = following->session->store;
	bool noted;

	if (!lp_store_begin(store, error))
		return false;
	if (!lp_store_note_imported_file(store, &claim->file, claim->before, &noted, error) ||
	    !lp_store_commit_work(store, error)) {
		lp_store_rollback(store);
		return false;
	}
	file->known = noted;
	file->state = noted ? STORED : WAITING;
	return true;
}

/* Whether the open file is the one that has settled.  Where it is not, it begins to wait again. */
static bool is_settled(struct followed *file, FILE *open)
{
	struct stat found;
	struct stamp stamp;

	if (fstat(fileno(open), &found) == 0) {
		stamp = stamp_of(&found);
		if (is_same(&stamp, &file->stamp))
			return true;
		file->stamp = stamp;
	}
	file->since = lp_monotonic();
	file->state = WAITING;
	return false;
}

/* Reads and stores an open file. *again: it was changed meanwhile, or another process stored it. */
static bool store_file(struct following *following, struct followed *file, FILE *open,
                       const struct lp_import_claim *claim, bool *again, struct lp_error *error)
{
	struct lp_import import = {
		.settings = following->settings, .store = following->session->store, .claim = claim, .stop = &lp_stop
	};
	char *path = path_of(following, file);
	int64_t began = lp_monotonic();
	struct lp_text alike = { 0 };
	bool ok = lp_import_read(&import, open, path, error);

	*again = import.elsewhere || (!is_settled(file, open) && lp_stop == 0);
	if (import.elsewhere)
		file->known = false;
	ok = lp_import_finish(&import, ok && !*again, &alike, error);
	if (ok)
		tell_stored(following, file, &import, &alike, lp_monotonic() - began);
	lp_text_free(&alike);
	lp_import_free(&import);
	free(path);
	return ok || *again;
}

static bool take_open(struct following *following, struct followed *file, FILE *open, const char *path,
                      struct lp_error *error)
{
	struct lp_import_claim claim = {
		.file = { .source = following->source,
		          .name = file->name,
		          .size = file->stamp.size,
		          .modified = modified_of(&file->stamp),
		          .imported = lp_now() },
		.before = file->stored ? &file->content : NULL,
	};
	bool again = false;

	if (!hash_file(open, path, &claim.file.content, error))
		return false;
	if (file->stored && claim.file.content == file->content)
		return note_touched(following, file, &claim, error);
	if (file->stored && !following->how->again) {
		file->state = CHANGED;
		file->told = true;
		tell_changed(following, file);
		return true;
	}
	if (!store_file(following, file, open, &claim, &again, error))
		return false;
	if (again)
		return true;
	file->stored = true;
	file->content = claim.file.content;
	file->state = STORED;
	following->stored++;
	return true;
}

static bool take_file(struct following *following, struct followed *file, struct lp_error *error)
{
	if (!lp_utf8_is_valid(file->name) || lp_utf8_has_control(file->name))
		return lp_fail(error, LP_EXIT_DATA, "%s/%s: the file's name is not UTF-8, or has control characters",
		               following->listing.directory, file->name);
	if (!file->known && !look_up(following, file, error))
		return false;
	if (file->state != WAITING)
		return true;
	/* Reported once: a file that grows all the time is not news. */
	if (file->told) {
		file->state = CHANGED;
		return true;
	}
	char *path = path_of(following, file);
	FILE *open = lp_import_open(path, error);
	bool ok = open != NULL && (!is_settled(file, open) || take_open(following, file, open, path, error));
	/* It was taken away since it was seen. */
	if (open == NULL && error->error_number == ENOENT)
		ok = true;
	if (open != NULL)
		fclose(open);
	free(path);
	return ok;
}

/* What is there now takes the place of what was: files that are gone are forgotten here, not in the store. */
static void merge(struct following *following)
{
	struct lp_import_listing *listing = &following->listing;
	struct followed *now = lp_reallocate(NULL, listing->count + 1, sizeof *now);
	size_t before = 0;

	for (size_t i = 0; i < listing->count; i++) {
		int order = 1;
		for (; before < following->count; before++) {
			order = strcmp(following->files[before].name, listing->names[i]);
			if (order >= 0)
				break;
			free(following->files[before].name);
		}
		if (before < following->count && order == 0) {
			now[i] = following->files[before++];
		} else {
			now[i] = (struct followed){ .name = listing->names[i] };
			listing->names[i] = NULL;
		}
	}
	for (; before < following->count; before++)
		free(following->files[before].name);
	free(following->files);
	following->files = now;
	following->count = listing->count;
}

static void look_at(const struct following *following, struct followed *file)
{
	struct stat found;
	char *path = path_of(following, file);

	if (stat(path, &found) == 0) {
		struct stamp stamp = stamp_of(&found);
		if (!is_same(&stamp, &file->stamp)) {
			file->stamp = stamp;
			file->since = lp_monotonic();
			file->state = WAITING;
		}
	}
	free(path);
}

/* A directory may be away for a while, with the server that has it. */
static bool look(struct following *following, struct lp_error *error)
{
	if (!lp_import_list(&following->listing, following->operand, error))
		return false;
	merge(following);
	for (size_t i = 0; i < following->count; i++)
		look_at(following, &following->files[i]);
	return true;
}

static void tell_gone(struct following *following, bool gone, const struct lp_error *error)
{
	if (gone && !following->gone)
		lp_log(LP_LOG_WARNING, "the directory cannot be read: it is tried again",
		       LP_TEXT("error", error->what));
	if (!gone && following->gone)
		lp_log(LP_LOG_INFO, "the directory is there again", LP_TEXT("directory", following->listing.directory));
	following->gone = gone;
}

/* Takes what is whole.  False: the store does not work. */
static bool take_settled(struct following *following, struct lp_error *error)
{
	for (size_t i = 0; i < following->count && lp_stop == 0; i++) {
		struct followed *file = &following->files[i];

		if (file->state != WAITING || lp_monotonic() - file->since < following->how->settle * 1000)
			continue;
		if (take_file(following, file, error))
			continue;
		if (!lp_import_is_of_file(error))
			return lp_stop != 0;
		tell_wrong(following, file, LP_LOG_ERROR, "a file is refused: it is left", error);
		file->state = REFUSED;
		following->refused++;
		*error = (struct lp_error){ 0 };
	}
	return true;
}

/* Until the store is back, or this is stopped; false: there is something wrong with it that waiting does not mend. */
static bool reconnect(struct following *following, struct lp_error *error)
{
	struct lp_session *session = following->session;
	int64_t pause = 1;

	do {
		if (error->exit != LP_EXIT_TEMPORARY && error->exit != LP_EXIT_UNAVAILABLE)
			return false;
		lp_log(LP_LOG_WARNING, "the store does not work: it is tried again", LP_TEXT("error", error->what),
		       LP_INT("seconds", pause));
		lp_store_close(session->store);
		session->store = NULL;
		rest(pause * LP_MONOTONIC_SECOND);
		pause = pause * 2 < LONGEST_PAUSE ? pause * 2 : LONGEST_PAUSE;
	} while (lp_stop == 0 && !lp_session_open_store(session, error));
	/* Whether what was being committed is stored, only the store can tell. */
	for (size_t i = 0; i < following->count; i++)
		following->files[i].known = following->files[i].known && following->files[i].state != WAITING;
	return true;
}

static bool follow(struct following *following, struct lp_error *error)
{
	while (lp_stop == 0) {
		int64_t began = lp_monotonic(), took;
		bool seen = look(following, error);

		tell_gone(following, !seen, error);
		took = lp_monotonic() - began;
		if (seen && !take_settled(following, error) && !reconnect(following, error))
			return false;
		fflush(stdout);
		rest(took * REST_FACTOR > LP_MONOTONIC_SECOND ? took * REST_FACTOR : LP_MONOTONIC_SECOND);
	}
	return true;
}

/* The directory's path, whatever it was called by. */
static bool find_source(struct following *following, struct lp_error *error)
{
	if (following->how->source != NULL) {
		following->source = lp_copy_text(following->how->source);
		return true;
	}
	following->source = realpath(following->listing.directory, NULL);
	if (following->source == NULL)
		return lp_fail_errno(error, LP_EXIT_DATA, errno, "cannot find %s", following->listing.directory);
	return lp_utf8_is_valid(following->source) ||
	       lp_fail(error, LP_EXIT_DATA, "%s: the directory's path is not UTF-8: name it with --source",
	               following->source);
}

static bool begin(struct following *following, struct lp_error *error)
{
	uint64_t known = 0;

	if (!lp_import_is_directory(following->operand))
		return lp_fail(error, LP_EXIT_USAGE, "--follow %s: there is no such directory", following->operand);
	if (!look(following, error) || !find_source(following, error) || !look_up_all(following, error))
		return false;
	for (size_t i = 0; i < following->count; i++)
		known += following->files[i].stored;
	lp_log(LP_LOG_INFO, "following a directory", LP_TEXT("directory", following->listing.directory),
	       LP_TEXT("source", following->source), LP_INT("files", following->count), LP_INT("stored_before", known),
	       LP_INT("passed_over", following->listing.passed_over));
	return true;
}

bool lp_import_follow(struct lp_session *session, const struct lp_import_settings *settings,
                      const struct lp_import_follow *how, const char *operand, struct lp_error *error)
{
	struct following following = {
		.session = session,
		.settings = settings,
		.how = how,
		.operand = operand,
		.for_people = lp_is_terminal(stdout),
	};

	catch_signals();
	bool ok = begin(&following, error) && follow(&following, error);
	if (ok)
		lp_log(LP_LOG_INFO, "stopped", LP_INT("stored", following.stored),
		       LP_INT("refused", following.refused));
	for (size_t i = 0; i < following.count; i++)
		free(following.files[i].name);
	free(following.files);
	free(following.source);
	lp_import_listing_free(&following.listing);
	return ok;
}
