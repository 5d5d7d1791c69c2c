/* YAML from files and standard input, up to a size.  Knows nothing of YAML itself. */
#include "text/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* All of it, or why not; at most one byte more than the limit, so that a pipe without end is found out. */
static bool read_bytes(int file, const char *name, struct lp_text *bytes, struct lp_error *error)
{
	struct stat status;
	if (fstat(file, &status) != 0)
		return lp_fail_errno(error, LP_EXIT_DATA, errno, "cannot read %s", name);
	if (S_ISDIR(status.st_mode))
		return lp_fail(error, LP_EXIT_DATA, "cannot read %s: it is a directory", name);
	if (S_ISREG(status.st_mode) && status.st_size > LP_YAML_BYTES_MOST)
		return lp_fail(error, LP_EXIT_DATA, "%s has %lld MB: at most %d MB are read", name,
		               (long long)(status.st_size >> 20), (int)(LP_YAML_BYTES_MOST >> 20));
	char buffer[65536];
	while (bytes->length <= LP_YAML_BYTES_MOST) {
		ssize_t got = read(file, buffer, sizeof buffer);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return lp_fail_errno(error, LP_EXIT_DATA, errno, "cannot read %s", name);
		if (got == 0)
			return true;
		lp_text_add(bytes, buffer, (size_t)got);
	}
	return lp_fail(error, LP_EXIT_DATA, "%s has more than %d MB, the most that is read", name,
	               (int)(LP_YAML_BYTES_MOST >> 20));
}

bool lp_yaml_read_file(const char *file, struct lp_arena *arena, struct lp_yaml_node **root,
                       struct lp_problems *problems, struct lp_error *error)
{
	bool standard_input = strcmp(file, "-") == 0;
	const char *name = standard_input ? "standard input" : file;
	struct lp_text bytes = { 0 };
	*root = NULL;
	int descriptor = standard_input ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (descriptor < 0) {
		(void)lp_fail_errno(error, errno == EACCES ? LP_EXIT_PERMISSION : LP_EXIT_DATA, errno, "cannot open %s",
		                    name);
		return false;
	}
	bool read_all = read_bytes(descriptor, name, &bytes, error);
	if (!standard_input)
		(void)close(descriptor);
	bool good = read_all &&
	            lp_yaml_read(name, bytes.data == NULL ? "" : bytes.data, bytes.length, arena, root, problems);
	if (read_all && !good)
		(void)lp_fail(error, LP_EXIT_DATA, "%s cannot be used as it is", name);
	lp_text_free(&bytes);
	return good;
}
