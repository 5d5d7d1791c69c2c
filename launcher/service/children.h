/*
 * Children that are nobody's: a process that is the first of a container, or a
 * subreaper, inherits the children of processes that have ended, and has to take
 * note of their end.
 */
#ifndef LP_SERVICE_CHILDREN_H
#define LP_SERVICE_CHILDREN_H

#include <sys/types.h>

/* Reaps those that have ended, but for one that somebody else waits for; own 0: there is none. */
void lp_children_reap(pid_t own);

#endif
