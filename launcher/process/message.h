/*
 * The messages between the processes, small and whole, over sockets, with
 * descriptors.  Private to process/.
 *
 * Runs in all processes, in any thread.
 */
#ifndef LP_PROCESS_MESSAGE_H
#define LP_PROCESS_MESSAGE_H

#include "model/error.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* Which of the processes this one is: functions that belong to one of them assert it. */
enum lp_role { LP_ROLE_MAIN, LP_ROLE_SERVER, LP_ROLE_INTERPRETER };
extern enum lp_role lp_role;

/* The descriptors that the rule server finds open. */
enum {
	LP_SERVER_CONTROL = 3,
	LP_SERVER_SHARED,
	LP_SERVER_AREA,
	LP_SERVER_PROGRAM, /* this executable */
	LP_SERVER_DESCRIPTORS
};

/* From the main process to the rule server. */
struct lp_order {
	enum { LP_ORDER_FORK, LP_ORDER_REAP } kind;
	pid_t process;        /* to reap: it has ended, or was killed */
	int64_t memory_limit; /* of the fork: bytes beyond what an idle process has; 0: none */
};
/* From the rule server to the main process.  A fork comes with four descriptors: socket, process, area, output. */
enum { LP_REPLY_DESCRIPTORS = 4 };
struct lp_reply {
	enum { LP_REPLY_READY, LP_REPLY_FORKED, LP_REPLY_REAPED, LP_REPLY_FAILED } kind;
	pid_t process;
	int status; /* as of waitpid */
	struct rusage usage;
	int error_number;
	char what[160]; /* of LP_REPLY_FAILED */
};

struct lp_batch;

/* From the main process to an interpreter process: compute these tasks of a batch. */
struct lp_part {
	const struct lp_batch *batch; /* in the shared memory */
	uint32_t first, count;
	uint64_t number; /* of the parts that this process is given: 1, 2, ... */
};
/* From an interpreter process to the main process: the answers of the part are in the area. */
struct lp_part_reply {
	uint32_t computed; /* index of the first task that is not; before the part's end where the area is full */
	uint32_t replace;  /* 1: the process has to be replaced */
};

/* Both transfer whole messages.  False: the other side is gone, and errno says how (0: it has closed its end). */
bool lp_send(int socket, const void *message, size_t size, const int *descriptors, int count) LP_MUST_CHECK;
bool lp_receive(int socket, void *message, size_t size, int *descriptors, int count) LP_MUST_CHECK;

#endif
