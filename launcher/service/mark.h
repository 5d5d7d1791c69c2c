/*
 * Whether files have changed: a number made of the names, times, sizes and inodes
 * of a configuration and of the rules. It is compared once a minute, which works
 * where nobody sends notices of changes: over a network, or where a container's
 * platform replaces links.
 */
#ifndef LP_SERVICE_MARK_H
#define LP_SERVICE_MARK_H

#include "config/config.h"
#include <stdint.h>

/* Returns the mark of the files that the configuration was read from and names. */
uint64_t lp_mark_files(const struct lp_config *config);
/* Returns a mark of which file has a name, whatever is in it; 0: none. path may be NULL. */
uint64_t lp_mark_identity(const char *path);

#endif
