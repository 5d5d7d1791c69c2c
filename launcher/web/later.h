/*
 * Replies that take a while, between the threads that make them and the server's.
 * The room's own: others see lp_web_postpone and lp_web_send.
 */
#ifndef LP_WEB_LATER_H
#define LP_WEB_LATER_H

#include "web/web.h"

#include <event2/http.h>

/* Where such replies are put until the server's thread takes them. */
struct lp_web_box;
struct lp_web_box *lp_web_box_new(void);
/* Becomes readable when there are some; -1: there is no descriptor to be had. */
int lp_web_box_descriptor(const struct lp_web_box *box);
/* Sends what there is; runs in the server's thread. */
void lp_web_box_empty(struct lp_web_box *box);
/*
 * No request is there any more from now on: to be called before their connections
 * are freed, in place of the server's thread. The box goes when nobody holds it.
 */
void lp_web_box_close(struct lp_web_box *box);

/* What lp_web_request.asked points to. */
struct lp_web_asked {
	struct lp_web_box *box;
	struct evhttp_request *request;
	bool postponed;
};

#endif
