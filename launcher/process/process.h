/*
 * Rules run in processes of their own.
 *
 *   main process: C only                rule server: this executable,       interpreter processes
 *   worker threads, one part each  <->  started anew; CPython, the files -> forked from it, one for
 *                                       of rules, imported once             each worker thread
 *
 * The batches lie in memory that all of them map at one address.  The main
 * process writes them; an interpreter process reads them there, and writes its
 * answers into an area of its own, as offsets.  The main process checks
 * everything that it reads from such an area.
 *
 * This header is the door: the main process includes nothing else of this room
 * but rights.h and machine.h.
 *
 * Runs in the main process: lp_rule_server_... in its main thread, lp_interpreter_...
 * in the thread of its worker.  lp_rule_server_main is the other two processes.
 */
#ifndef LP_PROCESS_PROCESS_H
#define LP_PROCESS_PROCESS_H

#include "model/batch.h"
#include "model/rule.h"
#include "process/machine.h"
#include "process/rights.h"
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/types.h>

struct lp_process_options {
	const char *rules;    /* directory of the users' rules, or NULL */
	const char *tzdata;   /* directory of time zones, or NULL: the embedded ones */
	bool look_ahead;      /* also finds imports inside of functions that will fail */
	int64_t import_limit; /* microseconds that the import of a file may take; 0: 10 s */
	/* For calculations that have no limit of their own: microseconds for a window; 0: none. */
	int64_t time_limit;
	/* And bytes that a rule may use beyond what an idle process has; 0: no limit. */
	int64_t memory_limit;
	struct lp_rights rights;
	struct lp_other_python other;
};

/* The resources that all processes of a server have used, including those that have ended. */
struct lp_process_usage {
	double user, system; /* seconds of CPU */
};
static inline void lp_usage_add(struct lp_process_usage *usage, const struct rusage *more)
{
	usage->user += (double)more->ru_utime.tv_sec + (double)more->ru_utime.tv_usec / 1e6;
	usage->system += (double)more->ru_stime.tv_sec + (double)more->ru_stime.tv_usec / 1e6;
}

struct lp_rule_server;

/*
 * Makes a server whose processes are not started yet: one with the built-in
 * interpreter, and one with the user's own where the options name one.  The texts
 * of options have to outlive it.
 */
struct lp_rule_server *lp_rule_server_new(const struct lp_process_options *options);
/* Gives the memory for batches that interpreter processes can read.  Main thread, before the process is started. */
bool lp_rule_server_memory(struct lp_rule_server *server, struct lp_arena_source **source,
                           struct lp_error *error) LP_MUST_CHECK;
/*
 * Starts the process unless it runs, and does not wait for it.  A run begins with
 * it.  Main thread: the process ends with the thread that started it.
 */
bool lp_rule_server_start(struct lp_rule_server *server, struct lp_error *error) LP_MUST_CHECK;
/* The numbers of its processes, which it reaps itself: of the built-in interpreter, of the user's; 0: not started. */
enum { LP_RULE_SERVER_PROCESSES = 2 };
void lp_rule_server_processes(const struct lp_rule_server *server, pid_t processes[LP_RULE_SERVER_PROCESSES]);
/* True if a process was started and has ended by itself: somebody or the kernel has killed it. */
bool lp_rule_server_has_ended(const struct lp_rule_server *server);
/*
 * Waits until the rules are imported, and starts the process where that was not
 * done.  The rules that cannot be used go to problems, by file and line; the
 * catalogue has the others, and lives as long as the server.  A file whose import
 * kills the process, exceeds its time limit or leaves a thread is a problem too.
 * So is an interpreter of the user's that cannot be used: its calculations fail.
 * Gives up once *stop is set; stop may be NULL.
 */
bool lp_rule_server_catalogue(struct lp_rule_server *server, const volatile int *stop,
                              const struct lp_rule_catalogue **catalogue, struct lp_problems *problems,
                              struct lp_error *error) LP_MUST_CHECK;
/*
 * Tells which interpreter of the user's there is: "/usr/bin/python3: CPython 3.11.2, numpy 1.24.2".  NULL: none, or it
 * cannot be used.  Once the catalogue is there.
 */
const char *lp_rule_server_other(const struct lp_rule_server *server);
/* Tells what all processes of the server have used until now. */
struct lp_process_usage lp_rule_server_usage(struct lp_rule_server *server);
/* Ends the server's processes and waits for their end.  Its memory and the catalogue stay. */
void lp_rule_server_stop(struct lp_rule_server *server);
/* Stops the server and gives back everything: no batch may use its memory any more. */
void lp_rule_server_free(struct lp_rule_server *server);

/* A worker's interpreter: it has one interpreter process at a time. */
struct lp_interpreter;

/* Makes an interpreter, in any thread, once the catalogue is there.  Its process is forked when a task needs it. */
bool lp_interpreter_open(struct lp_rule_server *server, struct lp_interpreter **interpreter,
                         struct lp_error *error) LP_MUST_CHECK;
/*
 * Is called with each task that has timed out or crashed, before the next one
 * begins.  It may decide the tasks that come after this one, and reorder them.
 */
typedef void lp_costly_visit(void *context, struct lp_batch *batch, size_t index);
struct lp_costly_visitor {
	lp_costly_visit *visit;
	void *context;
};

/*
 * Computes the tasks from batch->computed on, in order, and counts computed up as
 * outcomes are complete.  A rule can spoil only its own outcome, and is ended at
 * the latest 1.5 s after its time limit.  Once *stop is set no task begins; a task
 * that still runs two seconds later is ended, and stays owed.  costly may be NULL.
 * False: no process can be started; what was computed by then is valid.
 */
bool lp_interpreter_compute(struct lp_interpreter *interpreter, struct lp_batch *batch,
                            const struct lp_costly_visitor *costly, const atomic_bool *stop,
                            struct lp_error *error) LP_MUST_CHECK;
void lp_interpreter_close(struct lp_interpreter *interpreter);

/*
 * Becomes an interpreter of the user's with these words, which are those of
 * python3, in which `local_processing` can be imported.  Returns only where that
 * fails.  Main thread, while it is the only one.
 */
bool lp_other_python_run(const char *interpreter, char *const *words, struct lp_error *error) LP_MUST_CHECK;

/*
 * Returns true if the program was started as a rule server.  main() asks before
 * it looks for a verb, and then calls lp_rule_server_main.
 */
bool lp_rule_server_was_invoked(int count, char **arguments) LP_MUST_CHECK;
_Noreturn void lp_rule_server_main(void);

#endif
