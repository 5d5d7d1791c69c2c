/* See file.h. */
#include "config/file.h"

#include "model/memory.h"
#include "text/names.h"
#include "text/yaml.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A configuration is a page or two; a larger file is something else, named by mistake. */
enum { FILE_BYTES_MOST = 1 << 20 };

/* The parts of a path that stand for themselves: "log" of log.format, where inside is NULL; "format" inside "log". */
struct key_walk {
	const char *inside;
	size_t at;
	char key[64];
};

static const char *next_key(void *context)
{
	struct key_walk *walk = context;
	for (; walk->at < lp_setting_count; walk->at++) {
		const char *path = lp_settings[walk->at].path;
		const char *dot = strchr(path, '.');
		size_t outer = dot == NULL ? strlen(path) : (size_t)(dot - path);
		if (walk->inside == NULL) {
			/* Keys of a map follow each other in the table: "log" comes up once. */
			if (strncmp(walk->key, path, outer) == 0 && walk->key[outer] == '\0')
				continue;
			(void)snprintf(walk->key, sizeof walk->key, "%.*s", (int)outer, path);
			walk->at++;
			return walk->key;
		}
		if (dot != NULL && strncmp(walk->inside, path, outer) == 0 && walk->inside[outer] == '\0') {
			walk->at++;
			return dot + 1;
		}
	}
	return NULL;
}

static void unknown_key(struct lp_loader *loader, const char *inside, const struct lp_yaml_node *key)
{
	char known[512] = "", nearest[64] = "";
	size_t length = 0;
	struct key_walk walk = { .inside = inside };
	/* lp_nearest keeps the pointer it is given, and the walk's buffer is one for all: hence word by word. */
	for (const char *word = next_key(&walk); word != NULL; word = next_key(&walk)) {
		if (lp_nearest_of(key->text, &word, 1, sizeof word) != NULL && nearest[0] == '\0')
			(void)snprintf(nearest, sizeof nearest, "%s", word);
		length +=
			(size_t)snprintf(known + length, sizeof known - length, "%s%s", length == 0 ? "" : ", ", word);
		if (length >= sizeof known)
			length = sizeof known - 1;
	}
	if (nearest[0] != '\0')
		LP_LOADER_PROBLEM(loader, key, "unknown setting %s%s%s: did you mean %s?", inside == NULL ? "" : inside,
		                  inside == NULL ? "" : ".", key->text, nearest);
	else
		LP_LOADER_PROBLEM(loader, key, "unknown setting %s%s%s: there are %s", inside == NULL ? "" : inside,
		                  inside == NULL ? "" : ".", key->text, known);
}

static void read_map(struct lp_loader *loader, const char *inside, const struct lp_yaml_node *map)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct lp_yaml_node *key = map->keys[i], *node = map->items[i];
		char path[80];
		const struct lp_setting *found = NULL;
		bool is_map = false;
		int length = snprintf(path, sizeof path, "%s%s%s", inside == NULL ? "" : inside,
		                      inside == NULL ? "" : ".", key->text);
		for (size_t s = 0; s < lp_setting_count && length > 0 && (size_t)length < sizeof path; s++) {
			if (strcmp(lp_settings[s].path, path) == 0 && strchr(key->text, '.') == NULL)
				found = &lp_settings[s];
			if (inside == NULL && strncmp(lp_settings[s].path, path, (size_t)length) == 0 &&
			    lp_settings[s].path[length] == '.')
				is_map = true;
		}
		/* `python` takes a text, or a map of settings. */
		if (found != NULL && !(is_map && node->type == LP_YAML_MAP))
			lp_loader_set(loader, found, node);
		else if (is_map && node->type == LP_YAML_MAP)
			read_map(loader, key->text, node);
		else if (is_map && node->type != LP_YAML_NULL)
			LP_LOADER_PROBLEM(loader, node, "%s: expected a map of settings, found %s", key->text,
			                  lp_yaml_type_name(node->type));
		else if (!is_map)
			unknown_key(loader, inside, key);
	}
}

static char *directory_of(const char *file)
{
	char resolved[PATH_MAX];
	if (realpath(file, resolved) == NULL)
		return NULL;
	char *slash = strrchr(resolved, '/');
	if (slash == resolved)
		slash++;
	*slash = '\0';
	return lp_copy_text(resolved);
}
const char *lp_config_file_choose(const char *named)
{
	static const char *const searched[] = { LP_CONFIG_FILE_HERE, LP_CONFIG_FILE_SYSTEM };
	struct stat status;
	const char *variable = getenv("LOCAL_PROCESSING_CONFIG");
	if (named != NULL)
		return named;
	if (variable != NULL && variable[0] != '\0')
		return variable;
	for (size_t i = 0; i < sizeof searched / sizeof searched[0]; i++) {
		/* A file that is there but cannot be looked at is chosen too: reading it says why. */
		if (stat(searched[i], &status) == 0 || (errno != ENOENT && errno != ENOTDIR))
			return searched[i];
	}
	return NULL;
}

bool lp_config_file_read(struct lp_loader *loader, struct lp_arena *arena, struct lp_yaml_node **root,
                         struct lp_error *error)
{
	const char *file = loader->config->file;
	struct stat status;
	*root = NULL;
	if (stat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > FILE_BYTES_MOST)
		return lp_fail(error, LP_EXIT_CONFIGURATION, "%s has %lld bytes: no configuration has more than %d",
		               file, (long long)status.st_size, (int)FILE_BYTES_MOST);
	loader->from = (struct lp_origin){ .kind = LP_ORIGIN_FILE, .name = loader->config->file };
	loader->directory = directory_of(file);
	bool good = lp_yaml_read_file(file, arena, root, loader->problems, error);
	/* A tree with an unknown key is still read, so that all its problems are reported at once. */
	if (*root != NULL && (*root)->type != LP_YAML_MAP)
		LP_LOADER_PROBLEM(loader, *root, "expected settings (key: value), found %s",
		                  lp_yaml_type_name((*root)->type));
	else if (*root != NULL)
		read_map(loader, NULL, *root);
	free(loader->directory);
	loader->directory = NULL;
	return good;
}
