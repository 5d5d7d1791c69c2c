/*
 * The page of `serve`: what `report` writes, made anew by a thread of its own when
 * somebody asks for it and a run has ended meanwhile. However many ask, one is made.
 */
#ifndef LP_COMMAND_SERVE_PAGE_H
#define LP_COMMAND_SERVE_PAGE_H

#include "command/serve_side.h"
#include "web/web.h"

struct lp_page;
/* Starts the thread. NULL: there is no other thread to be had, and no page. */
struct lp_page *lp_page_start(struct lp_side *side);
/* Says that the side was set anew: a new page may be made at once. */
void lp_page_renew(struct lp_page *page);
/*
 * Ends the thread, once nobody is answered any more; NULL is allowed. False: it hangs
 * in a statement, and was left behind.
 */
bool lp_page_stop(struct lp_page *page) LP_MUST_CHECK;
/*
 * Answers / and /api/plant; returns false for every other path. run_began: when the
 * last run began (struct lp_board).
 */
bool lp_page_answer(struct lp_page *page, int64_t run_began, const struct lp_web_request *request,
                    struct lp_web_reply *reply);

#endif
