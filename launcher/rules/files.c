/*
 * Reads the users' rules, once, at start: every interpreter process has the same
 * texts, also when a file is changed meanwhile.  It knows files
 * and names, not Python code.
 *
 * Runs in the rule server, in its only thread.
 */
#include "rules/internal.h"

#include "model/hash.h"
#include "text/utf8.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_SIZE_MOST = 8 << 20, DEPTH_MOST = 8, ABOVE_MOST = 64 };

/* Filled once, by lp_rule_files_read. */
static struct {
	struct lp_python_source *items;
	uint32_t count, capacity;
	char (*versions)[LP_VERSION_SIZE];
} sources;

const struct lp_python_source *lp_rule_files(size_t *count)
{
	*count = sources.count;
	return sources.items;
}

static int compare_sources(const void *a, const void *b)
{
	return strcmp(((const struct lp_python_source *)a)->module, ((const struct lp_python_source *)b)->module);
}

const char *lp_rule_file_version(size_t index)
{
	return sources.versions[index];
}

static bool is_identifier(const char *name, size_t length)
{
	if (length == 0 || (name[0] >= '0' && name[0] <= '9'))
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)name[i];

		/* What is beyond ASCII is left to Python's own judgement. */
		if (!(c == '_' || c >= 0x80 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')))
			return false;
	}
	return true;
}

/* NULL: nothing speaks against it. */
static const char *problem_of_name(const char *name, size_t length, bool at_top)
{
	char plain[NAME_MAX + 1];

	if (!is_identifier(name, length))
		return "Python cannot import a file of this name: use letters, digits and underscores";
	snprintf(plain, sizeof plain, "%.*s", (int)length, name);
	if (at_top && lp_frozen_has(plain))
		return "its name is that of a module of Python or of local-processing, which would be imported "
		       "instead: give the file another name";
	return NULL;
}

static void add(const char *module, const char *path, char *text, size_t size, bool is_package, const char *problem)
{
	struct lp_python_source *source;

	LP_GROW(sources.items, sources.count, sources.capacity);
	source = &sources.items[sources.count++];
	*source = (struct lp_python_source){
		.module = lp_copy_text(module),
		.path = lp_copy_text(path),
		.text = text,
		.size = size,
		.is_package = is_package,
		.problem = problem,
	};
}

/* A file that can't be read is a problem of that file: the others are of use without it. */
static char *read_text(int directory, const char *name, size_t *size, const char **problem)
{
	/* Not blocking, so that a FIFO that lies there stops nobody. */
	int file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	char *text;
	size_t length = 0;

	*size = 0;
	if (file < 0 || fstat(file, &status) < 0) {
		*problem = lp_format_text("it cannot be read: %s", strerror(errno));
		if (file >= 0)
			close(file);
		return lp_allocate(1);
	}
	if (!S_ISREG(status.st_mode) || status.st_size > FILE_SIZE_MOST) {
		*problem = S_ISREG(status.st_mode) ? "it is larger than 8 MB: this is no file of rules"
		                                   : "it is not an ordinary file";
		close(file);
		return lp_allocate(1);
	}
	text = lp_allocate((size_t)status.st_size + 1);
	while (length < (size_t)status.st_size) {
		ssize_t got = read(file, text + length, (size_t)status.st_size - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			*problem = lp_format_text("it cannot be read: %s", strerror(errno));
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	close(file);
	text[length] = '\0';
	*size = length;
	return text;
}

static bool is_left_out(const char *name, bool is_directory)
{
	if (name[0] == '.')
		return true;
	if (is_directory)
		return strcmp(name, "__pycache__") == 0 || strcmp(name, "test") == 0 || strcmp(name, "tests") == 0;
	return strncmp(name, "test_", 5) == 0 || strcmp(name, "conftest.py") == 0;
}

/* Where the walk is: the directories from the root to the one that is read. */
struct above {
	const struct above *next;
	dev_t device;
	ino_t number;
};

static bool is_above(const struct above *above, const struct stat *status)
{
	for (; above != NULL; above = above->next)
		if (above->device == status->st_dev && above->number == status->st_ino)
			return true;
	return false;
}

static bool read_directory(int parent, const char *name, const char *path, const char *package, int depth,
                           const struct above *above, struct lp_error *error) LP_MUST_CHECK;

/* What cannot be shown of a name, as question marks. */
static char *shown_name(const char *name)
{
	char *shown = lp_copy_text(name);

	for (char *at = shown; !lp_utf8_is_valid(shown); at++)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	return shown;
}

static bool read_entry(int directory, const char *name, const char *path, const char *package, int depth,
                       const struct above *above, struct lp_error *error)
{
	struct stat status;
	size_t length = strlen(name);
	bool is_python = length > 3 && strcmp(name + length - 3, ".py") == 0;
	bool is_directory, read = true;
	const char *problem = NULL, *dot = package[0] == '\0' ? "" : ".";
	char *file_path, *module;

	if (fstatat(directory, name, &status, 0) < 0) {
		if (!is_python)
			return true;
		problem = lp_format_text("it cannot be read: %s", strerror(errno));
		status.st_mode = S_IFREG;
	}
	is_directory = S_ISDIR(status.st_mode);
	/* A link that leads back up has nothing that is not there under its own name, or the whole machine. */
	if (is_left_out(name, is_directory) || (!is_directory && !is_python) ||
	    (is_directory && (depth >= DEPTH_MOST || !is_identifier(name, length) || !lp_utf8_is_valid(name) ||
	                      is_above(above, &status))))
		return true;
	if (!lp_utf8_is_valid(name)) {
		char *shown = shown_name(name);

		file_path = lp_format_text("%s/%s", path, shown);
		module = lp_format_text("%s%s%.*s", package, dot, (int)length - 3, shown);
		add(module, file_path, lp_allocate(1), 0, false, "its name is not UTF-8: rename it");
		free(module);
		free(file_path);
		free(shown);
		return true;
	}
	if (is_python && !is_directory)
		length -= 3;
	if (problem == NULL)
		problem = problem_of_name(name, length, package[0] == '\0');
	file_path = lp_format_text("%s/%s", path, name);
	module = lp_format_text("%s%s%.*s", package, dot, (int)length, name);
	if (is_directory) {
		uint32_t before = sources.count;

		read = read_directory(directory, name, file_path, module, depth + 1, above, error);
		/* Without an __init__.py of its own it is a package all the same, if there are rules in it. */
		if (read && sources.count > before) {
			bool has_own = false;

			for (uint32_t i = before; i < sources.count; i++)
				has_own = has_own || strcmp(sources.items[i].module, module) == 0;
			if (!has_own)
				add(module, file_path, lp_allocate(1), 0, true, problem);
		}
	} else {
		bool is_init = length == 8 && memcmp(name, "__init__", 8) == 0;
		size_t size;
		char *text = read_text(directory, name, &size, &problem);

		if (!is_init)
			add(module, file_path, text, size, false, problem);
		else if (package[0] != '\0')
			add(package, file_path, text, size, true, problem);
	}
	free(module);
	free(file_path);
	return read;
}

static bool read_directory(int parent, const char *name, const char *path, const char *package, int depth,
                           const struct above *above, struct lp_error *error)
{
	int file = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = file < 0 ? NULL : fdopendir(file);
	struct stat status;
	bool read = true;

	if (directory == NULL) {
		lp_fail_errno(error, LP_EXIT_CONFIGURATION, errno, "cannot read the directory of the rules, %s", path);
		lp_hint(error, "The setting `rules` of the configuration, or --rules, names it.");
		if (file >= 0)
			close(file);
		return false;
	}
	if (fstat(dirfd(directory), &status) == 0) {
		const struct above here = { above, status.st_dev, status.st_ino };

		for (struct dirent *entry; read && (entry = readdir(directory)) != NULL;)
			read = read_entry(dirfd(directory), entry->d_name, path, package, depth, &here, error);
	}
	closedir(directory);
	return read;
}

/* The directories above one, from the root: how many, at most ABOVE_MOST. */
static size_t climb(const char *directory, struct above above[ABOVE_MOST])
{
	int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t count = 0;
	struct stat status;

	while (at >= 0 && count < ABOVE_MOST && fstat(at, &status) == 0 &&
	       (count == 0 || above[count - 1].device != status.st_dev || above[count - 1].number != status.st_ino)) {
		int up = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		above[count] = (struct above){ count == 0 ? NULL : &above[count - 1], status.st_dev, status.st_ino };
		count++;
		close(at);
		at = up;
	}
	if (at >= 0)
		close(at);
	return count;
}

bool lp_rule_files_read(const char *directory, struct lp_error *error)
{
	struct above above[ABOVE_MOST];
	size_t count;

	if (directory == NULL)
		return true;
	count = climb(directory, above);
	if (!read_directory(AT_FDCWD, directory, directory, "", 0, count == 0 ? NULL : &above[count - 1], error))
		return false;
	if (sources.count > 0)
		qsort(sources.items, sources.count, sizeof *sources.items, compare_sources);
	sources.versions = lp_allocate((sources.count + 1) * sizeof *sources.versions);
	for (uint32_t i = 0; i < sources.count; i++) {
		const struct lp_python_source *source = &sources.items[i];
		uint64_t hash = lp_hash_add(LP_HASH_START, source->module, strlen(source->module));

		lp_hash_write(lp_hash_add(hash, source->text, source->size), sources.versions[i]);
	}
	/* pumps.py and pumps/ want the same name. */
	for (uint32_t i = 1; i < sources.count; i++)
		if (strcmp(sources.items[i - 1].module, sources.items[i].module) == 0)
			sources.items[i].problem = sources.items[i - 1].problem =
				"another file or directory beside it is the same module to Python: rename one of them";
	return true;
}
