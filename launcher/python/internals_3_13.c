/*
 * The one file that knows CPython's internals.  Another version of CPython
 * means another file of this kind.
 */
#define Py_BUILD_CORE 1
/* CPython's internal headers do not hold themselves to this program's warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#include <Python.h>

#include <internal/pycore_ceval.h>
#pragma GCC diagnostic pop

#include "python/internals_3_13.h"

#if PY_VERSION_HEX < 0x030d0000 || PY_VERSION_HEX >= 0x030e0000
#error "this file is for CPython 3.13: check what it uses against the version at hand"
#endif

bool lp_internals_interrupt(PyInterpreterState *interpreter, int (*function)(void *), void *argument)
{
	/*
	 * Py_AddPendingCall reaches the main interpreter only.  This one takes the
	 * queue of the interpreter given, under a mutex of its own, and wakes
	 * the thread that holds that interpreter's GIL.
	 */
	return _PyEval_AddPendingCall(interpreter, function, argument, 0) == _Py_ADD_PENDING_SUCCESS;
}
