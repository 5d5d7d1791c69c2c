/*
 * The main process's side of the rule server and of interpreter processes: the
 * files host_*.c.  Private to process/.
 *
 * Runs in the main process: in its main thread, and in those of workers.
 */
#ifndef LP_PROCESS_HOST_H
#define LP_PROCESS_HOST_H

#include "process/area.h"
#include "process/message.h"
#include "process/process.h"
#include "process/setup.h"
#include "process/shared.h"

#include <assert.h>
#include <unistd.h>

/* The server ends with the thread that has started it, and the other processes have no server of their own. */
#define LP_ASSERT_MAIN_THREAD() assert(lp_role == LP_ROLE_MAIN && gettid() == getpid())

/* Milliseconds between two looks at a process that is waited for, and at whether the run is to stop. */
enum { LP_POLL_INTERVAL = 100 };

/* A process that runs users' code. */
struct lp_process {
	pid_t id;       /* 0: there is none */
	int descriptor; /* a pidfd: it becomes readable when the process ends */
	int socket;     /* to talk to it */
	int output;     /* file of what it has written to standard output and error */
	struct lp_area area;
	uint64_t log_position; /* up to here the lines of its area have been logged */
};
#define LP_NO_PROCESS                                                                                                  \
	(struct lp_process)                                                                                            \
	{                                                                                                              \
		.descriptor = -1, .socket = -1, .output = -1, .area = {.descriptor = -1 }                              \
	}

struct lp_rule_server {
	struct lp_process_options options;
	/* The one with the user's interpreter, which the other one owns and hands all calls on to; NULL: there is none. */
	struct lp_rule_server *other;
	bool is_other;
	const char *unusable;      /* why the user's interpreter cannot be used; NULL: it can */
	const char *description;   /* of the user's interpreter, as it says itself */
	struct lp_shared shared;   /* of the other one: unused */
	struct lp_shared *batches; /* the memory that both share */
	struct lp_setup setup;
	struct lp_arena arena; /* what setup and catalogue refer to */
	struct lp_process process;
	struct lp_rule_catalogue catalogue;
	struct lp_problems problems; /* that came with the catalogue */
	bool loaded;

	/* The lock is held around an order and its reply, and guards what follows. */
	pthread_mutex_t lock;
	struct lp_process spare; /* an interpreter process that was forked before a worker asked for it */
	uint64_t line_count;     /* lines that rules have printed in this run */
	char **warned_rules;     /* rules that have left something behind */
	size_t warned_count, warned_capacity;
	pid_t *zombies; /* processes that were killed when their worker was done, and are not reaped yet */
	size_t zombie_count, zombie_capacity;
	struct lp_process_usage usage;
};

/*
 * host_process.c: any process that runs users' code.
 */

enum lp_process_event { LP_PROCESS_SILENT, LP_PROCESS_SAYS, LP_PROCESS_ENDED };
/* Waits until there is a message of the process, or until it has ended. */
enum lp_process_event lp_process_wait(const struct lp_process *process, int milliseconds);
void lp_process_signal(const struct lp_process *process, int number);
/* Asks a process that is about to be killed to write a traceback to its output, and gives it a moment to do so. */
void lp_process_request_traceback(const struct lp_process *process);
/* Returns what the process has written as a text of the arena, or NULL where that is nothing. */
const char *lp_process_read_output(const struct lp_process *process, struct lp_arena *arena);
/* Closes everything that belongs to the process; it becomes LP_NO_PROCESS. */
void lp_process_release(struct lp_process *process);
/* Describes in words how a process has ended: "was killed by signal 11 (SIGSEGV: Segmentation fault)". */
void lp_describe_end(int status, char *text, size_t size);

/* host_deadline.c: the request to end the task or the import under way. */
struct lp_deadline {
	uint64_t sequence;   /* of the pulse: what was asked to end */
	int64_t first, last; /* when it was asked */
};
/*
 * Asks a process to end what it is at where that has taken longer than limit
 * (nanoseconds; 0: none).  *wait is lowered to the milliseconds until the next
 * look.  Returns true if the process takes no notice and has to be killed.
 */
bool lp_deadline_enforce(struct lp_deadline *deadline, const struct lp_process *process, int64_t limit, int *wait);

/*
 * host.c: what workers ask the server for.
 */

/* Waits for the server's reply, for as long as it may take.  *stop set: the run has little time. */
bool lp_rule_server_receive(struct lp_rule_server *server, struct lp_reply *reply, int *descriptors, int count,
                            const atomic_bool *stop) LP_MUST_CHECK;
/* Receives the reply to an order to fork.  A reply that does not come becomes LP_REPLY_FAILED. */
void lp_rule_server_receive_fork(struct lp_rule_server *server, struct lp_reply *reply, struct lp_process *process,
                                 const atomic_bool *stop);
/* Takes an interpreter process with this limit of memory for its life.  Its area is not mapped yet. */
bool lp_rule_server_fork(struct lp_rule_server *server, int64_t memory_limit, struct lp_process *process,
                         const atomic_bool *stop, struct lp_error *error) LP_MUST_CHECK;
/* Reaps a process that has ended or was killed.  False: the server has ended, and all processes with it. */
bool lp_rule_server_reap(struct lp_rule_server *server, pid_t process, int *status,
                         const atomic_bool *stop) LP_MUST_CHECK;
/* Leaves a killed process to be reaped when there is time for it. */
void lp_rule_server_reap_later(struct lp_rule_server *server, pid_t process);
/* Warns once for each rule that it has left something behind. */
void lp_rule_server_warn(struct lp_rule_server *server, const struct lp_calculation *calculation,
                         const char *leftovers);
/* Counts a line of a rule.  Returns true if it is to be logged. */
bool lp_rule_server_count_line(struct lp_rule_server *server);

/* Waits for the end of the server itself, and returns its status. */
int lp_rule_server_wait(const struct lp_rule_server *server);

#endif
