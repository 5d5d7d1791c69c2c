/*
 * Time zones: where their data comes from, the cache that keeps them, and the
 * two questions asked of them.
 *
 * The cache is a list that only grows at its head, so that it is read without
 * a lock by every thread.
 */
#include "calendar/zone_data.h"

#include "model/embedded.h"
#include "model/memory.h"
#include "model/order.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MOST = 1 << 20, DIRECTORY_DEPTH_MOST = 4 };

static struct lp_zone_type utc_type = { 0, "UTC" };
static const struct lp_zone utc = {
	.name = "UTC", .fixed = true, .repeat = INT64_MAX, .type_count = 1, .types = &utc_type
};

/* All that there is of state: loaded zones, and whence they are loaded. */
static _Atomic(struct lp_zone *) loaded;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;
static char *directory;
static const char *const *known_names; /* under loading */

void lp_zone_set_directory(const char *path)
{
	free(directory);
	directory = lp_copy_text(path);
}

/* Letters, digits, '_', '+', '-' and '/' between parts: nothing that could leave the directory. */
static bool name_is_sound(const char *name)
{
	size_t length = strlen(name);
	if (length == 0 || length >= sizeof utc.name || name[0] == '/' || name[length - 1] == '/' ||
	    strstr(name, "//") != NULL)
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == length;
}

/* Appends "PATH/NAME"s of TZif files to names, PATH being relative to the directory. */
struct name_list {
	char **names;
	size_t count, capacity;
};

static bool is_tzif(int parent, const char *entry)
{
	char magic[4];
	int file = openat(parent, entry, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return false;
	bool is = read(file, magic, sizeof magic) == (ssize_t)sizeof magic && memcmp(magic, "TZif", 4) == 0;
	close(file);
	return is;
}

static void collect(struct name_list *list, int descriptor, const char *prefix, int depth)
{
	DIR *folder = fdopendir(descriptor);
	if (folder == NULL) {
		close(descriptor);
		return;
	}
	struct dirent *entry;
	while ((entry = readdir(folder)) != NULL) {
		char *name = lp_format_text("%s%s", prefix, entry->d_name);
		/* posix/ and right/ are the same zones once more. */
		bool wanted = name_is_sound(name) && strcmp(name, "posix") != 0 && strcmp(name, "right") != 0;
		int inner = wanted && depth < DIRECTORY_DEPTH_MOST
		                    ? openat(dirfd(folder), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
		                    : -1;
		if (inner >= 0) {
			char *inner_prefix = lp_format_text("%s/", name);
			collect(list, inner, inner_prefix, depth + 1);
			free(inner_prefix);
		} else if (wanted && is_tzif(dirfd(folder), entry->d_name)) {
			LP_GROW(list->names, list->count, list->capacity);
			list->names[list->count++] = name;
			continue;
		}
		free(name);
	}
	closedir(folder);
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static const char *const *list_names(void)
{
	static const char prefix[] = "zoneinfo/";
	struct name_list list = { 0 };

	if (directory != NULL) {
		int descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (descriptor >= 0)
			collect(&list, descriptor, "", 0);
	} else {
		const struct lp_embedded *file = NULL;
		while ((file = lp_embedded_next(prefix, file)) != NULL) {
			LP_GROW(list.names, list.count, list.capacity);
			list.names[list.count++] = lp_copy_text(file->name + sizeof prefix - 1);
		}
	}
	if (list.count > 0)
		qsort(list.names, list.count, sizeof *list.names, compare_names);
	LP_GROW(list.names, list.count, list.capacity);
	list.names[list.count] = NULL;
	return (const char *const *)list.names;
}

const char *const *lp_zone_names(void)
{
	pthread_mutex_lock(&loading);
	if (known_names == NULL)
		known_names = list_names();
	const char *const *names = known_names;
	pthread_mutex_unlock(&loading);
	return names;
}

const char *lp_zone_release(void)
{
	static char release[32];
	static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;

	if (directory == NULL) {
		const struct lp_embedded *version = lp_embedded_find("zoneinfo-version");
		return version == NULL ? "unknown" : (const char *)version->data;
	}
	pthread_mutex_lock(&reading);
	if (release[0] == '\0') {
		/* tzdata.zi begins "# version 2026a". */
		char *path = lp_format_text("%s/tzdata.zi", directory);
		FILE *file = fopen(path, "re");
		if (file == NULL || fscanf(file, "# version %31[A-Za-z0-9-]", release) != 1)
			snprintf(release, sizeof release, "unknown");
		if (file != NULL)
			fclose(file);
		free(path);
	}
	pthread_mutex_unlock(&reading);
	return release;
}

/* "berlin" and "EUROPE/BERLIN" mean Europe/Berlin, "new york" America/New_York. */
static const char *suggest(const char *wrong)
{
	char wanted[sizeof utc.name];
	size_t length = strnlen(wrong, sizeof wanted - 1);
	for (size_t i = 0; i < length; i++)
		wanted[i] = wrong[i] == ' ' ? '_' : wrong[i];
	wanted[length] = '\0';
	for (const char *const *name = lp_zone_names(); *name != NULL; name++) {
		const char *city = strrchr(*name, '/');
		if (strcasecmp(*name, wanted) == 0 || (city != NULL && strcasecmp(city + 1, wanted) == 0))
			return *name;
	}
	return NULL;
}

static bool fail_unknown(const char *name, struct lp_error *error)
{
	int64_t offset;

	lp_fail(error, LP_EXIT_DATA, "there is no time zone \"%s\"", name);
	const char *similar = suggest(name);
	if (similar != NULL)
		return lp_hint(error, "Did you mean %s?", similar);
	if (lp_offset_parse(name, &offset) && offset % LP_HOUR == 0) {
		/* The names under Etc/ count westwards. */
		return lp_hint(error, "The zone that is always at %s is named Etc/GMT%+d.", name,
		               (int)(-offset / LP_HOUR));
	}
	if (*lp_zone_names() == NULL)
		return lp_hint(error, "No time zone data is found in %s.",
		               directory == NULL ? "this program" : directory);
	return lp_hint(error, "Names are those of the IANA time zone database, such as Europe/Berlin or UTC.");
}

static bool read_file(const char *name, unsigned char **data, size_t *size, struct lp_error *error)
{
	char *path = lp_format_text("%s/%s", directory, name);
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	bool done = false;

	if (file < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		fail_unknown(name, error);
	} else if (file < 0 || fstat(file, &status) != 0) {
		lp_fail_errno(error, LP_EXIT_DATA, errno, "cannot read time zone %s from %s", name, path);
	} else if (!S_ISREG(status.st_mode) || status.st_size > FILE_BYTES_MOST) {
		lp_fail(error, LP_EXIT_DATA, "cannot read time zone %s: %s is not a file of at most 1 MiB", name, path);
	} else {
		*size = (size_t)status.st_size;
		*data = lp_allocate(*size);
		ssize_t got = read(file, *data, *size);
		if (got == (ssize_t)*size) {
			done = true;
		} else {
			lp_fail_errno(error, LP_EXIT_DATA, got < 0 ? errno : EIO, "cannot read time zone %s from %s",
			              name, path);
			free(*data);
		}
	}
	if (file >= 0)
		close(file);
	free(path);
	return done;
}

static bool load(const char *name, struct lp_zone **zone, struct lp_error *error)
{
	if (directory != NULL) {
		unsigned char *data = NULL;
		size_t size = 0;
		if (!read_file(name, &data, &size, error))
			return false;
		bool read = lp_tzif_read(name, data, size, zone, error);
		free(data);
		return read;
	}
	char path[sizeof "zoneinfo/" + sizeof utc.name];
	snprintf(path, sizeof path, "zoneinfo/%s", name);
	const struct lp_embedded *file = lp_embedded_find(path);
	if (file == NULL)
		return fail_unknown(name, error);
	return lp_tzif_read(name, file->data, file->size, zone, error);
}

static const struct lp_zone *find_loaded(const char *name)
{
	for (const struct lp_zone *zone = atomic_load_explicit(&loaded, memory_order_acquire); zone != NULL;
	     zone = zone->next)
		if (strcmp(zone->name, name) == 0)
			return zone;
	return NULL;
}

bool lp_zone_find(const char *name, const struct lp_zone **zone, struct lp_error *error)
{
	/* UTC needs no data. */
	*zone = strcmp(name, "UTC") == 0 ? &utc : find_loaded(name);
	if (*zone != NULL)
		return true;
	if (!name_is_sound(name))
		return fail_unknown(name, error);
	struct lp_zone *made = NULL;
	if (!load(name, &made, error))
		return false;
	pthread_mutex_lock(&loading);
	*zone = find_loaded(name);
	if (*zone == NULL) {
		made->next = atomic_load_explicit(&loaded, memory_order_relaxed);
		atomic_store_explicit(&loaded, made, memory_order_release);
		*zone = made;
		made = NULL;
	}
	pthread_mutex_unlock(&loading);
	/* Another thread may have been faster. */
	lp_zone_free(made);
	return true;
}

const char *lp_zone_name(const struct lp_zone *zone)
{
	return zone->name;
}

/* The type that holds at t, and how long: until *end (INT64_MAX: for ever). */
static const struct lp_zone_type *type_at(const struct lp_zone *zone, lp_time t, lp_time *end)
{
	int64_t moved = 0;
	if (t >= zone->repeat) {
		moved = ((t - zone->repeat) / LP_CYCLE + 1) * LP_CYCLE;
		t -= moved;
	}
	size_t passed = LP_LOWER_BOUND(zone->transition_count, i, zone->transitions[i] <= t);
	*end = passed < zone->transition_count ? zone->transitions[passed] + moved : INT64_MAX;
	return &zone->types[passed == 0 ? zone->first_type : zone->after[passed - 1]];
}

int64_t lp_zone_offset(const struct lp_zone *zone, lp_time t, const char **abbreviation)
{
	lp_time end;
	const struct lp_zone_type *type = zone->fixed ? &zone->types[zone->first_type] : type_at(zone, t, &end);
	if (abbreviation != NULL)
		*abbreviation = type->abbreviation;
	return type->offset;
}

lp_time lp_zone_next_change(const struct lp_zone *zone, lp_time t)
{
	lp_time end = INT64_MAX;
	if (!zone->fixed)
		(void)type_at(zone, t, &end);
	return end;
}

lp_time lp_zone_to_utc(const struct lp_zone *zone, int64_t local)
{
	if (zone->fixed)
		return local - zone->types[zone->first_type].offset;
	/* From a time surely before it, stretch by stretch: the first in which the local time lies. */
	lp_time begin = local - LP_ZONE_OFFSET_MOST, end;
	int64_t offset = type_at(zone, begin, &end)->offset;
	while (local - offset >= end) {
		begin = end;
		int64_t before = offset;
		offset = type_at(zone, begin, &end)->offset;
		if (local - offset < begin) {
			/* Clocks went past it: the old offset moves it on by the gap. */
			return local - before;
		}
	}
	return local - offset;
}
