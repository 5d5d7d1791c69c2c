/*
 * What went wrong, and the exit code that it ends in.
 *
 * A function that can fail returns bool, is marked LP_MUST_CHECK and fills a
 * struct lp_error of its caller. The error travels up unchanged and is printed
 * once, at the top (command/). It is a plain value without allocation, so that
 * running out of memory can be reported as well.
 */
#ifndef LP_MODEL_ERROR_H
#define LP_MODEL_ERROR_H

#include <stdbool.h>
#include <stdint.h>

#define LP_MUST_CHECK              __attribute__((warn_unused_result))
#define LP_PRINTF(format_, first_) __attribute__((format(printf, format_, first_)))

/* The exit codes of the program: sysexits(3), and 1 for what was asked about. */
enum lp_exit {
	LP_EXIT_OK = 0,
	LP_EXIT_FAILED_CALCULATIONS = 1, /* only with --fail-on; also what `compare` finds is not equal */
	LP_EXIT_USAGE = 64,              /* the command line */
	LP_EXIT_DATA = 65,               /* definitions, rules, CSV files */
	LP_EXIT_UNAVAILABLE = 69,        /* the database refuses for good: no such host, no such database */
	LP_EXIT_INTERNAL = 70,           /* a bug: please report it */
	LP_EXIT_CANNOT_WRITE = 73,       /* a file, or a read-only or full database */
	LP_EXIT_TEMPORARY = 75,          /* a later try can help: connection lost, database starting, locked */
	LP_EXIT_PERMISSION = 77,         /* password, role or file permissions */
	LP_EXIT_CONFIGURATION = 78,      /* configuration file or settings, missing or newer schema */
};

struct lp_error {
	enum lp_exit exit; /* the exit code if no caller handles it; LP_EXIT_OK: no error */
	int error_number;  /* errno, or 0 */
	char sqlstate[6];  /* SQLSTATE of the database, or "" */
	char what[768];    /* what was being done, to what, and why it failed: "cannot open FILE: no such file" */
	char hint[384];    /* what to do about it, as a sentence, or "" */
};

/* Fills error, and cuts texts between characters. Returns false, so that callers can `return lp_fail(...)`. */
bool lp_fail(struct lp_error *error, enum lp_exit exit, const char *format, ...) LP_PRINTF(3, 4);
/* The same, with the text of errno appended (": No such file or directory") and errno kept. */
bool lp_fail_errno(struct lp_error *error, enum lp_exit exit, int error_number, const char *format, ...)
	LP_PRINTF(4, 5);
/* Adds what to do about the error. Returns false. */
bool lp_hint(struct lp_error *error, const char *format, ...) LP_PRINTF(2, 3);
/* Puts "CONTEXT: " before the message, for callers who know what it was for. Returns false. */
bool lp_fail_within(struct lp_error *error, const char *format, ...) LP_PRINTF(2, 3);

/*
 * Many errors at once: of a file, of a set of definitions, of `check`. line and
 * column count from 1; 0: unknown.
 */
struct lp_problem {
	char *file; /* NULL: none */
	int line, column;
	char *what; /* what is wrong and what was expected */
};

struct lp_problems {
	struct lp_problem *items;
	uint32_t count, capacity;
	uint32_t left_out; /* found after the first LP_PROBLEMS_MOST */
};
enum { LP_PROBLEMS_MOST = 200 };

void lp_problem_add(struct lp_problems *problems, const char *file, int line, int column, const char *format, ...)
	LP_PRINTF(5, 6);
void lp_problems_free(struct lp_problems *problems);

#endif
