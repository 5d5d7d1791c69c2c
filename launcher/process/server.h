/*
 * The two other processes: what they are made of.  Internal to process/.
 *
 * Runs in the rule server and in interpreter processes, in their only thread.
 */
#ifndef LP_PROCESS_SERVER_H
#define LP_PROCESS_SERVER_H

#include "process/area.h"
#include "process/message.h"
#include "process/setup.h"

#define LP_SERVER_NAME "local-processing: rule server"

/*
 * interpreter.c: in the rule server, before its rights are limited and files are
 * imported: those may take as much memory together as one rule.
 */
void lp_interpreter_prepare(int64_t memory_limit);
/* In a forked copy.  From the start on what is printed, and the pulse, are of this area. */
void lp_interpreter_start(struct lp_area *area, int64_t memory_limit);
/* Computes parts until its socket is closed. */
_Noreturn void lp_interpreter_main(int socket);

#endif
