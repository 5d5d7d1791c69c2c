/* Other databases that do not answer: known to all connections of this process, so that each is waited for once. */
#ifndef LP_STORE_POSTGRESQL_GONE_H
#define LP_STORE_POSTGRESQL_GONE_H

#include "model/error.h"

/* Notes that a database is gone; who notices it first logs it. */
void lp_pg_note_gone(const char *address, const struct lp_error *why);
/* Returns whether a database is gone, and then why. */
bool lp_pg_is_gone(const char *address, struct lp_error *why);
/* For a run that begins: what was gone may be back. */
void lp_pg_look_again(void);

#endif
