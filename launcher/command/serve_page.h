/*
 * The page of `serve`: what `report` writes, made anew by a thread of its own when
 * somebody asks for it and a run has ended meanwhile. That thread has a connection
 * of its own, with a short statement timeout, so that no reader holds up a run, and
 * however many ask, one is made.
 */
#ifndef LP_COMMAND_SERVE_PAGE_H
#define LP_COMMAND_SERVE_PAGE_H

#include "service/service.h"
#include "web/web.h"

struct lp_page;
/* Starts the thread. NULL: there is no other thread to be had, and no page. */
struct lp_page *lp_page_start(void);
/* Says where the store is from now on, and which zone times are shown in. */
void lp_page_set_store(struct lp_page *page, const struct lp_session *session);
/*
 * Ends the thread, once nobody is answered any more; NULL is allowed. False: it hangs
 * in a statement, and was left behind.
 */
bool lp_page_stop(struct lp_page *page) LP_MUST_CHECK;
/*
 * Answers / and /api/plant; returns false for every other path. run_began: when the
 * last run began (struct lp_board). local: only this machine reaches the server.
 */
bool lp_page_answer(struct lp_page *page, int64_t run_began, bool local, const struct lp_web_request *request,
                    struct lp_web_reply *reply);

#endif
