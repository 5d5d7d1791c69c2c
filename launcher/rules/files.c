/*
 * Reads the users' files of rules, once, at start: all interpreter processes have
 * the same texts, even when a file changes meanwhile.  Knows files and names, not
 * Python code.
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

enum { FILE_SIZE_MOST = 8 << 20, DEPTH_MOST = 8, ANCESTORS_MOST = 64 };

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

		/* Python itself judges characters beyond ASCII. */
		if (!(c == '_' || c >= 0x80 || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')))
			return false;
	}
	return true;
}

/* Says why Python cannot import a module of this name; NULL: it can. */
static const char *check_name(const char *name, size_t length, bool at_top)
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

static void add_source(const char *module, const char *path, char *text, size_t size, bool is_package,
                       const char *problem)
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

/* Reads a file.  One that cannot be read has a problem of its own, and the others are read all the same. */
static char *read_text(int directory, const char *name, size_t *size, const char **problem)
{
	/* Not blocking, so that a FIFO in the directory does not stop the program. */
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

static bool is_ignored(const char *name, bool is_directory)
{
	if (name[0] == '.')
		return true;
	if (is_directory)
		return strcmp(name, "__pycache__") == 0 || strcmp(name, "test") == 0 || strcmp(name, "tests") == 0;
	return strncmp(name, "test_", 5) == 0 || strcmp(name, "conftest.py") == 0;
}

/* A directory that is read, or one above it. */
struct ancestor {
	const struct ancestor *next; /* the one above it; NULL: it is the root */
	dev_t device;
	ino_t number;
};

static bool is_ancestor(const struct ancestor *ancestor, const struct stat *status)
{
	for (; ancestor != NULL; ancestor = ancestor->next)
		if (ancestor->device == status->st_dev && ancestor->number == status->st_ino)
			return true;
	return false;
}

/* A directory as Python will see it. */
struct package {
	const char *path, *name; /* name "": the top directory */
	int depth;
	const struct ancestor *ancestors;
};

static bool read_directory(int parent, const char *name, const struct package *package,
                           struct lp_error *error) LP_MUST_CHECK;

/* Copies a name, with question marks for what is not UTF-8. */
static char *copy_printable(const char *name)
{
	char *copy = lp_copy_text(name);

	for (char *at = copy; !lp_utf8_is_valid(copy); at++)
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	return copy;
}

static char *join_module(const struct package *package, const char *name, size_t length)
{
	return lp_format_text("%s%s%.*s", package->name, package->name[0] == '\0' ? "" : ".", (int)length, name);
}

/* Reads a directory inside of a package.  With rules in it, it is a package even without an __init__.py. */
static bool read_package(int directory, const char *name, const struct package *above, const char *problem,
                         struct lp_error *error)
{
	char *path = lp_format_text("%s/%s", above->path, name), *module = join_module(above, name, strlen(name));
	const struct package package = {
		.path = path, .name = module, .depth = above->depth + 1, .ancestors = above->ancestors
	};
	uint32_t before = sources.count;
	bool has_init = false, ok = read_directory(directory, name, &package, error);

	for (uint32_t i = before; i < sources.count; i++)
		has_init = has_init || strcmp(sources.items[i].module, module) == 0;
	if (ok && sources.count > before && !has_init)
		add_source(module, path, lp_allocate(1), 0, true, problem);
	free(module);
	free(path);
	return ok;
}

static void read_file(int directory, const char *name, const struct package *package, const char *problem)
{
	size_t length = strlen(name) - strlen(".py"), size;
	char *path = lp_format_text("%s/%s", package->path, name), *module = join_module(package, name, length);
	char *text = read_text(directory, name, &size, &problem);

	if (strcmp(name, "__init__.py") != 0)
		add_source(module, path, text, size, false, problem);
	else if (package->name[0] != '\0')
		add_source(package->name, path, text, size, true, problem);
	free(module);
	free(path);
}

/* Adds a file that cannot be a module because its name is not UTF-8. */
static void refuse_name(const char *name, const struct package *package)
{
	char *printable = copy_printable(name), *path = lp_format_text("%s/%s", package->path, printable);
	char *module = join_module(package, printable, strlen(name) - strlen(".py"));

	add_source(module, path, lp_allocate(1), 0, false, "its name is not UTF-8: rename it");
	free(module);
	free(path);
	free(printable);
}

static bool read_entry(int directory, const char *name, const struct package *package, struct lp_error *error)
{
	struct stat status;
	size_t length = strlen(name);
	bool is_python = length > 3 && strcmp(name + length - 3, ".py") == 0, at_top = package->name[0] == '\0';
	const char *problem = NULL;

	if (fstatat(directory, name, &status, 0) < 0) {
		if (!is_python)
			return true;
		problem = lp_format_text("it cannot be read: %s", strerror(errno));
		status.st_mode = S_IFREG;
	}
	if (S_ISDIR(status.st_mode)) {
		/* A link to a directory above would lead through the same files again, or through the whole machine. */
		if (is_ignored(name, true) || package->depth >= DEPTH_MOST || !is_identifier(name, length) ||
		    !lp_utf8_is_valid(name) || is_ancestor(package->ancestors, &status))
			return true;
		return read_package(directory, name, package, check_name(name, length, at_top), error);
	}
	if (is_ignored(name, false) || !is_python)
		return true;
	if (!lp_utf8_is_valid(name))
		refuse_name(name, package);
	else
		read_file(directory, name, package, problem == NULL ? check_name(name, length - 3, at_top) : problem);
	return true;
}

static bool read_directory(int parent, const char *name, const struct package *package, struct lp_error *error)
{
	int file = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = file < 0 ? NULL : fdopendir(file);
	struct stat status;
	bool ok = true;

	if (directory == NULL) {
		lp_fail_errno(error, LP_EXIT_CONFIGURATION, errno, "cannot read the directory of the rules, %s",
		              package->path);
		lp_hint(error, "The setting `rules` of the configuration, or --rules, names it.");
		if (file >= 0)
			close(file);
		return false;
	}
	if (fstat(dirfd(directory), &status) == 0) {
		const struct ancestor self = { package->ancestors, status.st_dev, status.st_ino };
		struct package here = *package;

		here.ancestors = &self;
		for (struct dirent *entry; ok && (entry = readdir(directory)) != NULL;)
			ok = read_entry(dirfd(directory), entry->d_name, &here, error);
	}
	closedir(directory);
	return ok;
}

/* Finds a directory and those above it, up to the root, at most ANCESTORS_MOST.  Returns how many. */
static size_t find_ancestors(const char *directory, struct ancestor ancestors[ANCESTORS_MOST])
{
	int i = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t count = 0;
	struct stat status;

	while (i >= 0 && count < ANCESTORS_MOST && fstat(i, &status) == 0 &&
	       (count == 0 || ancestors[count - 1].device != status.st_dev ||
	        ancestors[count - 1].number != status.st_ino)) {
		int up = openat(i, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		ancestors[count] =
			(struct ancestor){ count == 0 ? NULL : &ancestors[count - 1], status.st_dev, status.st_ino };
		count++;
		close(i);
		i = up;
	}
	if (i >= 0)
		close(i);
	return count;
}

bool lp_rule_files_read(const char *directory, struct lp_error *error)
{
	struct ancestor ancestors[ANCESTORS_MOST];
	struct package top = { .path = directory, .name = "" };
	size_t count;

	if (directory == NULL)
		return true;
	count = find_ancestors(directory, ancestors);
	top.ancestors = count == 0 ? NULL : &ancestors[count - 1];
	if (!read_directory(AT_FDCWD, directory, &top, error))
		return false;
	if (sources.count > 0)
		qsort(sources.items, sources.count, sizeof *sources.items, compare_sources);
	sources.versions = lp_allocate((sources.count + 1) * sizeof *sources.versions);
	for (uint32_t i = 0; i < sources.count; i++) {
		const struct lp_python_source *source = &sources.items[i];
		uint64_t hash = lp_hash_add(LP_HASH_START, source->module, strlen(source->module));

		lp_hash_write(lp_hash_add(hash, source->text, source->size), sources.versions[i]);
	}
	/* A file pumps.py and a directory pumps/ would be the same module. */
	for (uint32_t i = 1; i < sources.count; i++)
		if (strcmp(sources.items[i - 1].module, sources.items[i].module) == 0)
			sources.items[i].problem = sources.items[i - 1].problem =
				"another file or directory beside it is the same module to Python: rename one of them";
	return true;
}
