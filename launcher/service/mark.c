/* See mark.h. */
#include "service/mark.h"

#include "model/hash.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* As deep as rules are read. */
enum { DEPTH_MOST = 8 };

static uint64_t mark(const char *name, const struct stat *status)
{
	const int64_t what[] = { (int64_t)status->st_dev, (int64_t)status->st_ino, status->st_size,
		                 status->st_mtim.tv_sec,  status->st_mtim.tv_nsec, status->st_ctim.tv_sec,
		                 status->st_ctim.tv_nsec };
	return lp_hash_add(lp_hash_text(name), what, sizeof what);
}

static uint64_t mark_file(const char *path)
{
	struct stat status;
	return path != NULL && stat(path, &status) == 0 ? mark(path, &status) : 0;
}

uint64_t lp_mark_identity(const char *path)
{
	struct stat status;
	if (path == NULL || stat(path, &status) != 0)
		return 0;
	const int64_t what[] = { (int64_t)status.st_dev, (int64_t)status.st_ino };
	return lp_hash_add(LP_HASH_START, what, sizeof what);
}

/* The order in which a directory lists its files says nothing: hence a sum. */
static uint64_t mark_directory(int parent, const char *name, int depth)
{
	int file = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth > 0 ? O_NOFOLLOW : 0));
	DIR *directory = file < 0 ? NULL : fdopendir(file);
	uint64_t sum = 0;
	if (directory == NULL) {
		if (file >= 0)
			close(file);
		return 0;
	}
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		size_t length = strlen(entry->d_name);
		struct stat status;
		if (entry->d_name[0] == '.' || fstatat(file, entry->d_name, &status, 0) != 0)
			continue;
		if (S_ISDIR(status.st_mode) && depth < DEPTH_MOST)
			sum += mark_directory(file, entry->d_name, depth + 1);
		else if (length > 3 && strcmp(entry->d_name + length - 3, ".py") == 0)
			sum += mark(entry->d_name, &status) * (uint64_t)(depth + 1);
	}
	closedir(directory);
	return sum;
}

uint64_t lp_mark_files(const struct lp_config *config)
{
	uint64_t rules = config->rules == NULL ? 0 : mark_directory(AT_FDCWD, config->rules, 0), values = 0;
	for (size_t i = 0; i < config->origin_count; i++)
		values += mark_file(config->origins[i].value_file);
	return mark_file(config->file) + mark_file(config->python) + rules + values;
}
