/*
 * Children that are nobody's: a process that is the first of a container, or a
 * subreaper, inherits the children of processes that have ended, and has to take
 * note of their end.
 */
#ifndef LP_SERVICE_CHILDREN_H
#define LP_SERVICE_CHILDREN_H

#include <stddef.h>
#include <sys/types.h>

/* Reaps those that have ended, but for those that somebody else waits for. */
void lp_children_reap(const pid_t *own, size_t count);

#endif
