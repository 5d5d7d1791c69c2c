/*
 * What an interpreter of the user's is given: texts and numbers in a file in
 * memory, open under a fixed number, and what reads it.  Private to process/.
 *
 * Runs in the process that becomes the interpreter.
 */
#ifndef LP_PROCESS_OTHER_H
#define LP_PROCESS_OTHER_H

#include "model/error.h"
#include "model/memory.h"
#include "process/message.h"

/* The descriptors that it finds open, besides those of every rule server. */
enum { LP_OTHER_BUNDLE = LP_SERVER_DESCRIPTORS, LP_OTHER_UNITS, LP_OTHER_FILES, LP_OTHER_FREE };
/* What it is to be: the first number of the bundle. */
enum { LP_OTHER_SERVER, LP_OTHER_SCRIPT };
/* What `python -c` is given: it runs app/your_python/start.py from the bundle. */
extern const char lp_other_command[];

/* Checks that there is a file that can be executed. */
bool lp_other_check(const char *interpreter, struct lp_error *error) LP_MUST_CHECK;
/* Begins a bundle with the Python of this program, and what it is to be. */
void lp_other_begin(struct lp_text *bundle, int64_t what);
/* Gives a descriptor its number, and leaves it open for the program that is executed. */
bool lp_other_place(int descriptor, int number, struct lp_error *error) LP_MUST_CHECK;
/* Writes the bundle to its descriptor. */
bool lp_other_write(const struct lp_text *bundle, struct lp_error *error) LP_MUST_CHECK;

#endif
