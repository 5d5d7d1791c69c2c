/* What this program needs of CPython that is not public; what differs between versions of CPython is in internals_3_13.c. */
#ifndef LP_PYTHON_INTERNALS_3_13_H
#define LP_PYTHON_INTERNALS_3_13_H

#include <Python.h>

#include <stdbool.h>

/*
 * Has the thread that runs this interpreter call function(argument) between
 * two bytecodes.  From any thread, no GIL needed.  False: too many are waiting.
 */
bool lp_internals_interrupt(PyInterpreterState *interpreter, int (*function)(void *), void *argument);

#endif
