/*
 * What the processes say to each other: small messages over a socket, with
 * descriptors, and longer ones made of numbers and texts.  Internal to process/.
 *
 * Runs in all processes, in any thread.
 */
#ifndef LP_PROCESS_MESSAGE_H
#define LP_PROCESS_MESSAGE_H

#include "model/memory.h"
#include <sys/resource.h>
#include <sys/types.h>

/* Which of the processes this is: what may run in one of them only asserts it. */
enum lp_role { LP_ROLE_MAIN, LP_ROLE_SERVER, LP_ROLE_INTERPRETER };
extern enum lp_role lp_role;

/* Descriptors that the rule server finds open. */
enum { LP_SERVER_CONTROL = 3, LP_SERVER_SHARED = 4, LP_SERVER_AREA = 5 };

/* Main process to rule server. */
struct lp_order {
	enum { LP_ORDER_FORK, LP_ORDER_BURY } kind;
	pid_t process;        /* to be buried: it has ended */
	int64_t memory_limit; /* of the fork: bytes beyond what an idle process has; 0: none */
};
/* And back.  A fork comes with four descriptors: socket, process, area, last words. */
enum { LP_REPLY_DESCRIPTORS = 4 };
struct lp_reply {
	enum { LP_REPLY_READY, LP_REPLY_FORKED, LP_REPLY_BURIED, LP_REPLY_FAILED } kind;
	pid_t process;
	int status; /* as of waitpid */
	struct rusage usage;
	int error_number;
	char what[160]; /* of LP_REPLY_FAILED */
};

/* Main process to interpreter: compute these tasks of a batch. */
struct lp_part {
	const struct lp_batch *batch; /* in the shared memory */
	uint32_t first, count;
	uint64_t number; /* of the parts that this process is given: 1, 2, ... */
};
/* And back: what is in the area is all. */
struct lp_part_done {
	uint32_t computed; /* up to here; less than were asked for: the area is full, or: */
	uint32_t replace;  /* the process wants to be replaced */
};

/* Whole messages.  False: the other side is gone, errno says how (0: it has closed). */
bool lp_send(int socket, const void *message, size_t size, const int *descriptors, int count) LP_MUST_CHECK;
bool lp_receive(int socket, void *message, size_t size, int *descriptors, int count) LP_MUST_CHECK;

/* Numbers and texts one after the other. */
void lp_put_number(struct lp_text *text, int64_t number);
void lp_put_text(struct lp_text *text, const char *value); /* NULL stays NULL */

/* Reads them again.  `bad` is set at the first that makes no sense, and then all are 0 and "". */
struct lp_reading {
	const char *at, *end;
	bool bad;
};
int64_t lp_get_number(struct lp_reading *reading, int64_t least, int64_t most);
/* A copy in the arena: UTF-8.  NULL where it was. */
const char *lp_get_text(struct lp_reading *reading, struct lp_arena *arena);

#endif
