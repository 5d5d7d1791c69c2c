/* Times that are given as options; those without an offset are local to a zone. */
#ifndef LP_COMMAND_TIMES_H
#define LP_COMMAND_TIMES_H

#include "service/service.h"

/* text NULL: LP_TIME_NONE. */
bool lp_option_time(const char *option, const char *text, const struct lp_zone *zone, lp_time *t,
                    struct lp_error *error) LP_MUST_CHECK;
/* --from and --to: both where both are given, the second behind the first. */
bool lp_option_range(const char *from_text, const char *to_text, const struct lp_zone *zone, lp_time *from, lp_time *to,
                     struct lp_error *error) LP_MUST_CHECK;
/* The whole minute of --at, or, where `at` is NULL, of now; what is strange about it is logged. */
bool lp_option_tick(const char *at, const struct lp_session *session, lp_time *tick,
                    struct lp_error *error) LP_MUST_CHECK;

#endif
