/*
 * What every piece of work begins with: the configuration, with what its caller
 * gives in place of it; log and time zone; the store.
 */
#ifndef LP_SERVICE_SESSION_H
#define LP_SERVICE_SESSION_H

#include "calendar/calendar.h"
#include "config/config.h"
#include "store/store.h"

/* In place of the configuration's settings; NULL: theirs. */
struct lp_overrides {
	const char *config, *store, *time_zone, *log_format, *log_level;
	const char *listen, *on_failure, *metrics_file;
};

struct lp_session {
	const struct lp_overrides *overrides;
	struct lp_config config;
	struct lp_store_options store_options;
	struct lp_store *store;     /* NULL: not open */
	const struct lp_zone *zone; /* for times that people write and read */
	/*
	 * Threads that did not end in time still use it: nothing of it may be freed, and the
	 * process leaves by _exit.
	 */
	bool left_behind;
};

/*
 * Reads the configuration and sets up log and time zone. problems: all that is
 * wrong with the file. If only the file is wrong (error->exit 78), what is right
 * in it is used, and the session can be used as far as that goes.
 */
bool lp_session_load(struct lp_session *session, struct lp_problems *problems, struct lp_error *error) LP_MUST_CHECK;
bool lp_session_open_store(struct lp_session *session, struct lp_error *error) LP_MUST_CHECK;
void lp_session_close(struct lp_session *session);

#endif
