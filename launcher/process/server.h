/*
 * The rule server and its interpreter processes.  Private to process/.
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
 * interpreter.c: limits the memory of the rule server, so that the files that it
 * imports take together no more than one rule may.  Before its rights are limited.
 */
void lp_interpreter_prepare(int64_t memory_limit);
/* Turns a forked copy of the server into an interpreter process, with this area for its pulse and lines. */
void lp_interpreter_start(struct lp_area *area, int64_t memory_limit);
/* Computes parts until the socket is closed. */
_Noreturn void lp_interpreter_main(int socket);

/*
 * other.c: turns the rule server, before it starts Python, into the interpreter of
 * the user's.  Returns only where that fails.
 */
void lp_other_python_become(const struct lp_setup *setup, struct lp_error *error);
/* other_units.c: starts the process that converts units for an interpreter of the user's.  *socket: to ask it. */
/* Runs in the process that becomes the interpreter. */
bool lp_unit_helper_start(const struct lp_rights *rights, int *socket, struct lp_error *error) LP_MUST_CHECK;

#endif
