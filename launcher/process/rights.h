/*
 * The rights of rules: what their code may do to the machine.
 *
 * The rule server limits itself before it imports the first file of a user, and
 * each interpreter process limits itself further before the first rule runs.
 * Neither can be undone, and forked processes inherit it.  The kernel has three
 * means:
 *
 *   Landlock (5.13)  limits the files that can be opened for reading and writing
 *   seccomp          limits the system calls to those that Python's standard
 *                    library needs, so that a call of a later kernel is refused
 *                    until a developer has looked at it
 *   capabilities     are dropped, where the program runs as root
 *
 * A refused call fails by EPERM (by EACCES where Landlock refuses), which is
 * mostly Python's PermissionError.  A call that is newer than the oldest kernel
 * fails by ENOSYS, so that libc tries its older form.
 *
 * Runs in the rule server and in interpreter processes; the questions about the
 * kernel in the main process too.
 */
#ifndef LP_PROCESS_RIGHTS_H
#define LP_PROCESS_RIGHTS_H

#include "model/error.h"
#include "model/memory.h"
#include <stddef.h>
#include <stdint.h>

/* The setting rules_may.  All zero are the fewest rights, which is the default. */
struct lp_rights {
	bool network;            /* sockets of IPv4 and IPv6 */
	const char *const *read; /* directories or files, besides those of the rules */
	size_t read_count;
	const char *const *write; /* directories, which rules can read too */
	size_t write_count;
};

/* The means of this kernel. */
struct lp_rights_kernel {
	int landlock; /* its ABI; 0: none */
	bool seccomp;
};

/* Asks the kernel what it has, and limits nothing.  Any process that is not limited yet. */
struct lp_rights_kernel lp_rights_probe_kernel(void);
/* Checks that the kernel can enforce these rights.  False: it cannot, and error says what to do. */
bool lp_rights_check(const struct lp_rights *rights, const struct lp_rights_kernel *kernel,
                     struct lp_error *error) LP_MUST_CHECK;
/* Describes in a line what rules may do here.  False: they may do more than rules_may says, and the line says why. */
bool lp_rights_describe(const struct lp_rights *rights, const struct lp_rights_kernel *kernel, struct lp_text *text);

/*
 * Limits the rule server, before it imports any file of a user and while it has
 * one thread.  It can still fork interpreter processes, talk to them and end
 * them, but it cannot signal the process that started it.  Without Landlock rules
 * can read what the user of the program may read, and write nothing; without
 * seccomp only the files are limited.  rules_directory and tzdata can be NULL.
 */
bool lp_rights_limit_server(const struct lp_rights *rights, const char *rules_directory, const char *tzdata,
                            struct lp_error *error) LP_MUST_CHECK;
/*
 * Limits an interpreter process further: it starts no process, signals none, and
 * has no memory that its limit does not count.  After its RLIMIT_DATA is set and
 * its memory is mapped.
 */
bool lp_rights_limit_interpreter(const struct lp_rights *rights, struct lp_error *error) LP_MUST_CHECK;

/* What an interpreter of the user's needs to limit itself in the same way, once it has started. */
struct lp_rights_handover {
	int files;             /* a ruleset of Landlock, to which it adds its own files; -1: there is no Landlock */
	uint64_t read;         /* the rights to these */
	uint64_t capabilities; /* that an interpreter process keeps */
	/* Filters of seccomp for a server and for an interpreter process; empty: there is no seccomp. */
	struct lp_text server_filter, interpreter_filter;
};
/* In the filter, in the place of the number of the process that it is for. */
#define LP_RIGHTS_SELF 0x5ee1f1d
/* Limits the process as far as it can be before another program is executed in it. */
bool lp_rights_hand_over(const struct lp_rights *rights, const char *rules_directory, const char *tzdata,
                         struct lp_rights_handover *handover, struct lp_error *error) LP_MUST_CHECK;

/*
 * Returns true if a failure looks like a refusal; *note is then a sentence that
 * names the setting.  error_type is as in states ("socket.gaierror"); both texts
 * can be NULL.
 */
bool lp_rights_explain(const char *error_type, const char *message, const char **note);

#endif
