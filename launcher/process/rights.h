/*
 * What the code of a rule may do to the machine it runs on.
 *
 * The rule server limits itself before the first file of a user is imported, and
 * each interpreter process once more before the first rule runs.  Neither can be
 * taken back, and what is forked inherits it.  Three things of the kernel do it:
 *
 *   Landlock (5.13)  which files can be opened, for reading and for writing
 *   seccomp          which system calls there are at all: a list of those that
 *                    Python's standard library needs, so that a call of a later
 *                    kernel is refused until somebody has looked at it
 *   capabilities     dropped, for where the program runs as root
 *
 * What is refused is EPERM (EACCES where Landlock does it): mostly Python's
 * PermissionError.  A call that libc tries in its newest form first is ENOSYS.
 *
 * Runs in the rule server and in interpreter processes; the questions about the
 * kernel in the main process too.
 */
#ifndef LP_PROCESS_RIGHTS_H
#define LP_PROCESS_RIGHTS_H

#include "model/error.h"
#include "model/memory.h"
#include <stddef.h>

/* The setting rules_may.  All zero: the least, which is the default. */
struct lp_rights {
	bool network;            /* sockets of IPv4 and IPv6 */
	const char *const *read; /* directories or files, besides those of the rules */
	size_t read_count;
	const char *const *write; /* directories, which can be read too */
	size_t write_count;
};

/* What this kernel has to hold a rule back. */
struct lp_rights_kernel {
	int landlock; /* its ABI; 0: none */
	bool seccomp;
};

/* Asks the kernel, and limits nothing.  Any process that is not limited yet. */
struct lp_rights_kernel lp_rights_of_kernel(void);
/* False: these rights need what the kernel lacks, and error says what to do. */
bool lp_rights_possible(const struct lp_rights *rights, const struct lp_rights_kernel *kernel,
                        struct lp_error *error) LP_MUST_CHECK;
/* For people, a line: what rules may do here.  False: something is not held back, and the line says why. */
bool lp_rights_describe(const struct lp_rights *rights, const struct lp_rights_kernel *kernel, struct lp_text *text);

/*
 * Rule server, before any file of a user is imported, while it has one thread.
 * It keeps what it needs to fork interpreter processes, to talk with them and to
 * end them; it cannot signal the process that has started it.  Without Landlock
 * and without lists everything can be read that the user of the program may
 * read, and nothing be written; without seccomp the rest is not held back.
 * rules_directory and tzdata can be NULL.
 */
bool lp_rights_limit_server(const struct lp_rights *rights, const char *rules_directory, const char *tzdata,
                            struct lp_error *error) LP_MUST_CHECK;
/*
 * Interpreter process, forked from a rule server that is limited, after its own
 * limits (RLIMIT_DATA) are set and its memory is mapped: no other process, no
 * signal to one, no memory that its limit does not count.
 */
bool lp_rights_limit_interpreter(const struct lp_rights *rights, struct lp_error *error) LP_MUST_CHECK;

/*
 * Whether a failure looks like a refusal: then *note is a sentence that names
 * the setting.  Pure.  error_type as states have it ("socket.gaierror"); either
 * can be NULL.
 */
bool lp_rights_note(const char *error_type, const char *message, const char **note);

#endif
