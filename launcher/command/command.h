/*
 * The verbs of the program: a file each, all in main.c's table.  Everything
 * that is printed for people, and every exit code, is decided here.
 */
#ifndef LP_COMMAND_COMMAND_H
#define LP_COMMAND_COMMAND_H

#include "config/config.h"
#include "model/error.h"
#include "store/store.h"

struct lp_command {
	const char *name;
	const char *summary; /* a line, for the list of commands */
	const char *help;    /* usage, options and examples, as printed by --help */
	/* arguments[0] is the command's name.  Returns an exit code. */
	int (*run)(int count, char **arguments);
};

extern const struct lp_command lp_command_apply, lp_command_backfill, lp_command_check, lp_command_demo, lp_command_due,
	lp_command_explain, lp_command_export, lp_command_graph, lp_command_import, lp_command_invalidate,
	lp_command_migrate, lp_command_prune, lp_command_python, lp_command_retry, lp_command_rules, lp_command_run,
	lp_command_samples, lp_command_status, lp_command_version;

/*
 * Options, by a table: long (and sometimes short) names, one field each.
 * Every command has --help, and, where `common` is in its table, --config,
 * --store, --time-zone, --log-format and --log-level.
 */
struct lp_option {
	const char *name;  /* "--at"; NULL ends the table */
	char letter;       /* 'f' for -f, or 0 */
	const char *value; /* NULL: a flag (bool *); else what the value is, for messages: "TIME" */
	void *target;      /* bool * or const char **; where it may be given many times: struct lp_option_values * */
	bool many;
};
struct lp_option_values {
	const char **items;
	size_t count, capacity;
};
struct lp_common_options {
	const char *config, *store, *time_zone, *log_format, *log_level;
};
/*
 * Takes the options out; what is left are the operands, from arguments[0] on, *operand_count of them.
 * "--" ends options; "--name=value" works.  --help prints and exits 0.  Unknown: suggests the nearest.
 */
bool lp_options_parse(const struct lp_command *command, int count, char **arguments, const struct lp_option *options,
                      struct lp_common_options *common, int *operand_count, struct lp_error *error) LP_MUST_CHECK;

/* What nearly every command begins with: options over configuration, logs set up, zone data set. */
struct lp_session {
	struct lp_config config;
	struct lp_store_options store_options;
	struct lp_store *store;
	const struct lp_zone *zone; /* for times that people write and read */
};
enum lp_session_need { LP_SESSION_CONFIG, LP_SESSION_STORE };
bool lp_session_open(const struct lp_common_options *common, enum lp_session_need need, struct lp_session *session,
                     struct lp_error *error) LP_MUST_CHECK;
void lp_session_close(struct lp_session *session);

/* Prints "local-processing COMMAND: what" and the hint to standard error; returns the exit code. */
int lp_command_fail(const struct lp_command *command, const struct lp_error *error);
/* One line a problem: "FILE:LINE:COLUMN: what", and how many. */
void lp_command_problems(const struct lp_command *command, const struct lp_problems *problems);

/*
 * result_units.c: whether what the built-in rules return can be had in the
 * units that the outputs are declared with.  wanted NULL: of all that is stored.
 */
struct lp_definitions;
bool lp_command_check_units(const struct lp_definitions *wanted, const struct lp_definitions *stored, bool prune,
                            struct lp_problems *problems) LP_MUST_CHECK;

#endif
