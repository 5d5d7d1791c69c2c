/*
 * The main process's side of the rule server.  Internal to process/.
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

/* What comes with a fork. */
struct lp_fork {
	pid_t process;
	int socket, descriptor, area, words;
};

struct lp_rule_server {
	struct lp_process_options options;
	struct lp_shared shared;
	struct lp_setup setup;
	struct lp_arena arena; /* what the setup and the catalogue refer to */

	/* Of the process, while there is one. */
	pid_t process; /* 0: none */
	int descriptor, control, words;
	struct lp_area area;
	uint64_t told; /* of its printed lines */

	struct lp_rule_catalogue catalogue;
	struct lp_problems problems; /* that the catalogue was told with */
	bool loaded;

	pthread_mutex_t lock; /* around an order and its reply; and the first interpreter, and the lines */
	bool has_first;
	struct lp_fork first; /* that was forked before anybody asked */
	uint64_t lines;       /* printed by rules, in all parts of the run */
	char **warned;        /* rules that leave something behind */
	size_t warned_count, warned_capacity;
	struct lp_process_usage usage;
	pid_t *ended; /* were killed when their worker was done, and nobody has asked how they ended */
	size_t ended_count, ended_capacity;
};

/* The signal, or the deadline: what was asked of a process that runs user's code, and when. */
struct lp_deadline {
	uint64_t sequence; /* that it was asked to end */
	int64_t first, last;
};
enum lp_overtime {
	LP_OVERTIME_NONE,  /* it is within its time, or was asked to end it */
	LP_OVERTIME_SPENT, /* it did not end when asked: what is left is to kill it */
};
/*
 * A look at what a process is at.  limit: nanoseconds, 0: none.  *wait becomes
 * the milliseconds until the next look, at most what it was.
 */
enum lp_overtime lp_deadline_look(struct lp_deadline *deadline, struct lp_pulse *pulse, int process_descriptor,
                                  int64_t limit, int *wait);
/* Asks a process that will be killed where it is, and gives it a moment to say so. */
void lp_deadline_say_where(int process_descriptor, int words);
/* The last words, as a text of the arena; NULL: there are none. */
const char *lp_words_read(int words, struct lp_arena *arena);

/* How a process ended, in words: "was killed by signal 11 (SIGSEGV: Segmentation fault)". */
void lp_describe_end(int status, char *text, size_t size);

/* An interpreter process with this limit of memory for its life: from the server's reply. */
bool lp_rule_server_fork(struct lp_rule_server *server, int64_t memory_limit, struct lp_fork *fork,
                         const atomic_bool *stop, struct lp_error *error) LP_MUST_CHECK;
/* Of a process that has ended: with which status. */
bool lp_rule_server_bury(struct lp_rule_server *server, pid_t process, int *status, const atomic_bool *stop,
                         struct lp_error *error) LP_MUST_CHECK;
/* The same of one that a worker is done with, when there is time for it. */
void lp_rule_server_bury_later(struct lp_rule_server *server, pid_t process);
/* Once for each rule: it has left something behind. */
void lp_rule_server_warn(struct lp_rule_server *server, const struct lp_calculation *calculation, const char *left);
/* Whether one more line of a rule is logged. */
bool lp_rule_server_count_line(struct lp_rule_server *server);

#endif
