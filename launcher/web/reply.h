/* Hands replies to libevent, with the headers that all of them have. Runs in the server's thread. */
#ifndef LP_WEB_REPLY_H
#define LP_WEB_REPLY_H

#include "web/web.h"

#include <event2/http.h>

/* Makes it a text of one line, in place of what it was. */
void lp_web_fill_error(struct lp_web_reply *reply, int status, const char *what);
/* Sends it. What it refers to is given back in time; its body stays the caller's. */
void lp_web_send_reply(struct evhttp_request *request, struct lp_web_reply *reply);

#endif
