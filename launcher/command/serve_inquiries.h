/*
 * What `serve` is asked about one thing: a calculation over a time
 * (/api/calculation), a point of a series (/api/explain). A thread with a connection
 * of its own answers, one after the other, in the order in which they came.
 */
#ifndef LP_COMMAND_SERVE_INQUIRIES_H
#define LP_COMMAND_SERVE_INQUIRIES_H

#include "command/serve_side.h"
#include "web/web.h"

struct lp_inquiries;
/* Starts the thread. NULL: there is no other thread to be had, and no answer. */
struct lp_inquiries *lp_inquiries_start(struct lp_side *side);
/* Ends the thread; NULL is allowed. False: it hangs in a statement, and was left behind. */
bool lp_inquiries_stop(struct lp_inquiries *inquiries) LP_MUST_CHECK;
/* Answers, later; returns false for paths that are none of these. */
bool lp_inquiries_answer(struct lp_inquiries *inquiries, const struct lp_web_request *request,
                         struct lp_web_reply *reply);

#endif
