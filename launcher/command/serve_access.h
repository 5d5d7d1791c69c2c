/* Who may see what `serve` answers over HTTP. Runs in the server's thread. */
#ifndef LP_COMMAND_SERVE_ACCESS_H
#define LP_COMMAND_SERVE_ACCESS_H

#include "web/web.h"

/* Fills the reply and returns false if who asks may not see the page and its data. local: only this machine asks. */
bool lp_access_check(bool local, const struct lp_web_request *request, struct lp_web_reply *reply);

#endif
