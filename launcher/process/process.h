/*
 * Rules in processes of their own.
 *
 *   main process: C only                rule server: this executable,       interpreter processes
 *   worker threads, one part each  <->  started anew; CPython, the files -> forked from it, one for
 *                                       of rules, imported once             each worker thread
 *
 * The batches lie in memory that all of them map at one address: the main
 * process writes them, an interpreter process reads them there and writes what
 * comes out into an area of its own, as offsets.  The main process believes
 * nothing of what it reads there.
 *
 * This header is the door: the main process includes nothing else of this room.
 *
 * Runs in the main process: lp_rule_server_... in its main thread, lp_interpreter_...
 * in the thread of the worker whose it is.  lp_rule_server_main is the others.
 */
#ifndef LP_PROCESS_PROCESS_H
#define LP_PROCESS_PROCESS_H

#include "model/batch.h"
#include "model/rule.h"
#include "process/rights.h"
#include <stdatomic.h>

struct lp_process_options {
	const char *rules;    /* directory of the users' rules, or NULL */
	const char *tzdata;   /* directory of time zones, or NULL: the embedded ones */
	int64_t time_limit;   /* microseconds a window may take where its calculation does not say; 0: none */
	int64_t import_limit; /* microseconds that the import of a file may take; 0: 10 s */
	/* Bytes that a rule may use beyond what an idle process has where its calculation does not say; 0: no limit. */
	int64_t memory_limit;
	struct lp_rights rights;
};

/* What the processes of a server have used, those that have ended included. */
struct lp_process_usage {
	double user, system; /* seconds of CPU */
	int64_t largest;     /* bytes of the largest of them */
};

struct lp_rule_server;

/* Starts nothing.  The texts of options have to outlive it. */
struct lp_rule_server *lp_rule_server_new(const struct lp_process_options *options);
/* The memory for batches that its interpreters can read: ask for it before the server is started.  Main thread. */
bool lp_rule_server_memory(struct lp_rule_server *server, struct lp_arena_source **source,
                           struct lp_error *error) LP_MUST_CHECK;
/* Starts the process, and does not wait for it.  Main thread: the process ends with the thread that has started it. */
bool lp_rule_server_start(struct lp_rule_server *server, struct lp_error *error) LP_MUST_CHECK;
/*
 * Waits until the rules are imported.  What is wrong with them goes to problems
 * (file, line): the catalogue has the others.  A file whose import kills the
 * process, does not come to an end within 10 s or leaves a thread is one of
 * them.  catalogue lives as long as the server.  Starts the server where that
 * was not done.  *stop set: gives up.  May be NULL.
 */
bool lp_rule_server_catalogue(struct lp_rule_server *server, const volatile int *stop,
                              const struct lp_rule_catalogue **catalogue, struct lp_problems *problems,
                              struct lp_error *error) LP_MUST_CHECK;
/* Of all processes that it had and has. */
struct lp_process_usage lp_rule_server_usage(struct lp_rule_server *server);
/* Ends all of its processes, and waits for that.  Its memory and the catalogue stay. */
void lp_rule_server_stop(struct lp_rule_server *server);
/* Stops it, and gives back everything: no batch may use its memory any more. */
void lp_rule_server_free(struct lp_rule_server *server);

/* What a worker thread computes with: an interpreter process at a time. */
struct lp_interpreter;

/* Any thread, once the catalogue is there. */
bool lp_interpreter_open(struct lp_rule_server *server, struct lp_interpreter **interpreter,
                         struct lp_error *error) LP_MUST_CHECK;
/*
 * Is told of each task that has timed out or crashed, before the next one is
 * begun: it may decide those that come after it, and change their order.
 */
typedef void lp_costly_visit(void *context, struct lp_batch *batch, size_t index);
struct lp_costly {
	lp_costly_visit *visit;
	void *context;
};

/*
 * Computes the tasks from batch->computed on, in order, counting computed up as
 * outcomes are complete.  Whatever a rule does is its own outcome, and over 1.5 s
 * after its time limit.  costly may be NULL.  *stop set: begins no other task;
 * one that is still running two seconds later is ended, and stays owed.  False:
 * there are no processes to be had; what is computed by then is.
 */
bool lp_interpreter_compute(struct lp_interpreter *interpreter, struct lp_batch *batch, const struct lp_costly *costly,
                            const atomic_bool *stop, struct lp_error *error) LP_MUST_CHECK;
void lp_interpreter_close(struct lp_interpreter *interpreter);

/*
 * main() asks before it looks for a verb: whether the program was started as a
 * rule server, and then becomes one.
 */
bool lp_rule_server_was_invoked(int count, char **arguments) LP_MUST_CHECK;
_Noreturn void lp_rule_server_main(void);

#endif
