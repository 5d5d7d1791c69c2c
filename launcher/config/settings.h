/*
 * The table of settings: what each is called, what it may be, and which field of
 * struct lp_config it fills.  Reading, defaults, documentation and checks come
 * from it.
 */
#ifndef LP_CONFIG_SETTINGS_H
#define LP_CONFIG_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

enum lp_setting_kind {
	LP_SETTING_ADDRESS,
	LP_SETTING_DIRECTORY,
	LP_SETTING_FILE_NAME,
	LP_SETTING_ZONE,
	LP_SETTING_FLAG,
	LP_SETTING_NUMBER,
	LP_SETTING_SECONDS,
	LP_SETTING_DURATION,
	LP_SETTING_RETENTION,
	LP_SETTING_FORMAT,
	LP_SETTING_LEVEL,
	LP_SETTING_MODE,
	LP_SETTING_SIZE,
	LP_SETTING_DIRECTORIES,
	LP_SETTING_TABLE,
	LP_SETTING_TABLES,
	LP_SETTING_LISTEN,
	LP_SETTING_COMMAND,
	LP_SETTING_MODULES,
	LP_SETTING_NEW_FILE
};

struct lp_setting {
	const char *path; /* "log.format" is the key format in the map log */
	enum lp_setting_kind kind;
	size_t field;
	const char *usual; /* the default, as it would be written; NULL: none */
	int64_t least, most;
	const char *meaning;
};

extern const struct lp_setting lp_settings[];
extern const size_t lp_setting_count;

/* NULL: there is none of that path. */
const struct lp_setting *lp_setting_find(const char *path);
/* Returns what is expected of a kind, for messages: "a whole number". */
const char *lp_setting_expected(enum lp_setting_kind kind);
void lp_setting_format_limit(enum lp_setting_kind kind, int64_t limit, char text[32]);

#endif
