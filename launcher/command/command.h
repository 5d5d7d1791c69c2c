/*
 * The verbs of the program: a file and a struct lp_command each, all in the
 * table of commands.c.  A verb says what its command line is and what it needs;
 * dispatch.c parses, opens, runs, closes and reports, for all of them.
 *
 * Everything that is printed for people, and every exit code, is decided here.
 */
#ifndef LP_COMMAND_COMMAND_H
#define LP_COMMAND_COMMAND_H

#include "config/config.h"
#include "model/error.h"
#include "service/service.h"
#include "store/store.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Words of a command line. */
struct lp_words {
	const char **items;
	size_t count, capacity;
};

/* An option, and the field of the request that it is put into. */
struct lp_option {
	const char *name;  /* "--at"; NULL ends the table */
	char letter;       /* 'f' for -f, or 0 */
	const char *value; /* NULL: a flag (bool); else what the value is, for messages: "TIME" */
	enum {
		LP_OPTION_TEXT,  /* const char * */
		LP_OPTION_TEXTS, /* struct lp_words: it may be given many times */
		LP_OPTION_COUNT, /* uint32_t: a whole number from 1 on; 0 is what was not given */
	} form;
	size_t field; /* offsetof */
};

/* What a verb takes besides options. */
struct lp_operands {
	size_t least, most; /* most 0: none is taken; LP_OPERANDS_ANY: as many as there are */
	const char *what;   /* "expected WHAT, got 2"; where none is taken: why, "there is no operand "x": WHAT" */
	const char *hint;   /* NULL: none; where no operand is taken, the one that was given follows it */
	size_t field;       /* a struct lp_words of the request */
};
#define LP_OPERANDS_ANY SIZE_MAX

/* What is opened for a verb before it runs.  All but the first take the options that verbs share. */
enum lp_command_need {
	LP_NEED_NOTHING,
	LP_NEED_OVERRIDES, /* the options that verbs share: it opens by itself what it can */
	LP_NEED_CONFIGURATION,
	LP_NEED_STORE,
};

struct lp_command {
	const char *name;
	const char *summary; /* a line, for the list of commands */
	const char *help;    /* usage, options and examples, as printed by --help */
	const struct lp_option *options;
	struct lp_operands operands;
	size_t request_size; /* of what options and operands are put into; zeroed before; 0: there is none */
	enum lp_command_need need;
	/* Looks at the request before anything is opened, for errors of usage; may be NULL. */
	bool (*check)(void *request, struct lp_overrides *overrides, struct lp_error *error);
	/* Does the work.  The session is open as far as `need` says, and closed afterwards. */
	bool (*run)(struct lp_session *session, void *request, struct lp_error *error);
	/* In place of all that: takes its words as they are, and returns the exit code. */
	int (*main)(int count, char **arguments);
};

extern const struct lp_command lp_command_apply, lp_command_backfill, lp_command_check, lp_command_compare,
	lp_command_config, lp_command_demo, lp_command_demote, lp_command_due, lp_command_explain, lp_command_export,
	lp_command_graph, lp_command_healthcheck, lp_command_history, lp_command_help, lp_command_import,
	lp_command_invalidate, lp_command_migrate, lp_command_promote, lp_command_prune, lp_command_python,
	lp_command_report, lp_command_retry, lp_command_rules, lp_command_run, lp_command_samples, lp_command_serve,
	lp_command_status, lp_command_version;

/* commands.c: all of them, in the order in which a newcomer meets them, under headings. */
struct lp_command_entry {
	const char *heading; /* NULL: that of the one before */
	const struct lp_command *command;
};
extern const struct lp_command_entry lp_commands[];
extern const size_t lp_command_count;
/* NULL: there is none of that name; error says which is the nearest. */
const struct lp_command *lp_command_find(const char *name, struct lp_error *error);
void lp_command_print_list(FILE *output);
void lp_command_print_help(const struct lp_command *command);

/* dispatch.c: does what the words behind the verb's name say; returns the exit code. */
int lp_command_call(const struct lp_command *command, struct lp_overrides *overrides, int count, char **arguments);
/*
 * Prints "local-processing COMMAND: what" and the hint to standard error; returns
 * the exit code.  An error without text is silent.  command NULL: the program itself.
 */
int lp_command_fail(const struct lp_command *command, const struct lp_error *error);
/* Ends a verb that has said all there is to say with this exit code.  Returns false. */
bool lp_command_exit(struct lp_error *error, enum lp_exit exit);
/* Prints a line for each problem, "FILE:LINE:COLUMN: what", and, with a command, how many there are. */
void lp_command_print_problems(const struct lp_command *command, const struct lp_problems *problems);

/*
 * options.c: takes options out of words; what is left are the operands.  "--"
 * ends options, "--name=value" works, and an unknown one is answered with the nearest.
 */
struct lp_command_line {
	int count;
	char **words;
	struct lp_overrides *overrides;
	bool help, version; /* --help, and before the verb --version: nothing else is to be done */
};
/* The options before the verb; line->words then begins with the verb, if there is one. */
bool lp_options_parse_leading(struct lp_command_line *line, struct lp_error *error) LP_MUST_CHECK;
/* The words behind the verb, into the request. */
bool lp_options_parse(const struct lp_command *command, struct lp_command_line *line, void *request,
                      struct lp_error *error) LP_MUST_CHECK;
void lp_options_free(const struct lp_command *command, void *request);
/* The options that verbs share, and their help. */
extern const struct lp_option lp_shared_options[];
extern const char lp_shared_help[];

/*
 * result_units.c: whether what the built-in rules return can be had in the
 * units that the outputs are declared with.  wanted NULL: of all that is stored.
 */
struct lp_definitions;
bool lp_command_check_units(const struct lp_definitions *wanted, const struct lp_definitions *stored, bool prune,
                            struct lp_problems *problems) LP_MUST_CHECK;

#endif
