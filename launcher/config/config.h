/*
 * The configuration: a file of YAML, variables of the environment and options, in
 * this order of growing precedence, to a struct, by one table of settings.
 */
#ifndef LP_CONFIG_CONFIG_H
#define LP_CONFIG_CONFIG_H

#include "model/calculation.h"
#include "model/error.h"
#include "model/mapping.h"
#include "model/time.h"
#include "observe/observe.h"
#include <stddef.h>

struct lp_config_list {
	char **items;
	size_t count;
};

/* Where the value of a setting comes from. */
struct lp_origin {
	enum { LP_ORIGIN_DEFAULT, LP_ORIGIN_FILE, LP_ORIGIN_VARIABLE, LP_ORIGIN_OPTION } kind;
	char *name;       /* of the configuration file, the variable or the option */
	char *value_file; /* the file that the variable NAME_FILE names: its value is a secret; or NULL */
	int line, column; /* in the configuration file */
	char *written;    /* of tables: as JSON; or NULL */
};

/* Where `serve` answers where nobody says. */
#define LP_LISTEN_USUAL "127.0.0.1:8462"

/* Durations are microseconds, sizes bytes. */
struct lp_config {
	char *file;                         /* NULL: none was found */
	char *store;                        /* address; a relative SQLite file is relative to the configuration file */
	char *rules;                        /* directory, absolute once loaded, or NULL */
	char *python;                       /* an interpreter for rules, absolute once loaded, or NULL */
	struct lp_config_list python_rules; /* modules and packages that it computes; none: all */
	char *time_zone;                    /* for times without offset and for output; "UTC" */
	char *tzdata;                       /* directory, or NULL: the binary's own */
	bool prepared_statements;
	int32_t connect_timeout, statement_timeout; /* seconds */
	int32_t workers, fetchers, committers;      /* 0: by the machine */
	int32_t catch_up;
	enum lp_mode mode; /* of new calculations */
	int64_t shadow_within;
	int32_t breaker_failures;
	int64_t recompute_within; /* 0: never */
	int32_t max_attempts;
	int64_t retry_first_delay, retry_longest_delay;
	int64_t time_limit;
	int64_t memory_limit; /* 0: by the machine */
	bool rules_network;
	struct lp_config_list rules_read, rules_write; /* directories, absolute once loaded */
	char *listen;                    /* ADDRESS:PORT, "off", or NULL: LP_LISTEN_USUAL, if it is free */
	char *on_failure;                /* a command, or NULL */
	char *token_file, *metrics_file; /* absolute once loaded, or NULL */
	enum lp_log_format log_format;
	enum lp_log_level log_level;
	int64_t retention_samples, retention_results, retention_outcomes, retention_runs; /* 0: for ever */
	struct lp_mappings mappings;                                                      /* `samples` and `tables` */
	struct lp_origin *origins; /* one a setting, in the order of their table; NULL: nothing was loaded */
	size_t origin_count;
};

/*
 * Finds and reads it: `file` if given, else $LOCAL_PROCESSING_CONFIG, else
 * ./local-processing.yaml, else /etc/local-processing/config.yaml; then the
 * variables LOCAL_PROCESSING_... of single settings.  store_given: --store was, so
 * that having no file at all is fine.  All that is wrong with the file and the
 * variables is in problems, and then the result is false with error.exit 78.
 */
bool lp_config_load(const char *file, bool store_given, struct lp_config *config, struct lp_problems *problems,
                    struct lp_error *error) LP_MUST_CHECK;
void lp_config_free(struct lp_config *config);
/*
 * Puts the value of an option ("--store") in place of a text or word that was
 * loaded; relative names stay as they are.  value NULL: it was not given.  False:
 * it cannot have that value (error.exit 64).
 */
bool lp_config_override(struct lp_config *config, const char *setting, const char *option, const char *value,
                        struct lp_error *error) LP_MUST_CHECK;
/* A setting as it holds. */
struct lp_effective_setting {
	const char *path;
	const char *text; /* its value as it would be written; "": it has none; passwords and what is secret are *** */
	const char *json; /* the same as JSON */
	const struct lp_origin *origin;
};
/* Visits all settings of a configuration that was loaded, in the order of their table. */
void lp_config_each(const struct lp_config *config,
                    void (*visit)(void *context, const struct lp_effective_setting *setting), void *context);
/* Removes from the environment what names a configuration or sets something, for who has one of its own. */
void lp_config_forget_variables(void);
/* True for what `listen` may be: an address and a port, or off. */
bool lp_config_can_listen(const char *text);
/* The table of settings as text, for `help configuration` and the documentation: name, type, default, meaning. */
void lp_config_describe(void (*line)(void *context, const char *text), void *context);

#endif
