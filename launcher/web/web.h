/*
 * A little server of HTTP: answers GET and HEAD from a thread of its own, with
 * what its owner gives it. Knows no store and no run. Nothing that a client does
 * can take more than a bounded number of descriptors and bytes: slow clients are
 * cut off, and with too many connections the oldest go.
 */
#ifndef LP_WEB_WEB_H
#define LP_WEB_WEB_H

#include "model/error.h"
#include "model/memory.h"

struct lp_web_parameters;
struct lp_web_asked;
struct lp_web_request {
	const char *path;                   /* decoded, without the query */
	const char *host;                   /* whom the client thinks it asks; NULL: it does not say */
	const char *accept, *authorization; /* of the headers; NULL: there is none */
	const struct lp_web_parameters *parameters;
	struct lp_web_asked *asked; /* for lp_web_postpone */
};
/* A parameter of the query, decoded; NULL: there is none of that name. */
const char *lp_web_parameter(const struct lp_web_request *request, const char *name);

struct lp_web_reply {
	int status;       /* 200 at first */
	const char *type; /* "text/plain; charset=utf-8" at first */
	struct lp_text body;
	/*
	 * In place of a body: bytes that stay where they are until `sent` is called, in
	 * the server's thread. etag: what a client that has them already gives back.
	 */
	const char *data, *etag;
	size_t size;
	void (*sent)(void *context);
	void *sent_context;
	int retry_after; /* seconds; 0: it is not said */
};
void lp_web_reply_init(struct lp_web_reply *reply);

/* Fills the reply. Runs in the server's thread. Returns false if there is nothing of that path. */
typedef bool lp_web_answer(void *context, const struct lp_web_request *request, struct lp_web_reply *reply);

/*
 * later.c: a reply that takes a while. Within lp_web_answer, lp_web_postpone promises
 * one, and what is in that call's reply is left alone. Each has to be sent, from
 * whichever thread: lp_web_send takes it and the reply's body, also if the client
 * or the server is gone by then.
 */
struct lp_web_later;
struct lp_web_later *lp_web_postpone(const struct lp_web_request *request);
void lp_web_send(struct lp_web_later *later, struct lp_web_reply *reply);

struct lp_web;
/*
 * Listens at ADDRESS:PORT, an address of IPv4 or, in brackets, of IPv6; port 0:
 * one that is free. Returns once connections are accepted.
 */
bool lp_web_start(const char *address, lp_web_answer *answer, void *context, struct lp_web **web,
                  struct lp_error *error) LP_MUST_CHECK;
/* Where it listens, as ADDRESS:PORT. */
const char *lp_web_address(const struct lp_web *web);
/* Ends the thread and closes all connections; NULL is allowed. */
void lp_web_stop(struct lp_web *web);

/*
 * client.c: asks such a server for a path. Returns false if nobody listens there
 * or there is no answer in time. body is a text, empty where there is none.
 */
bool lp_web_ask(const char *address, const char *path, int *status, struct lp_text *body,
                struct lp_error *error) LP_MUST_CHECK;
/* True if it is an address of the form that lp_web_start takes. */
bool lp_web_address_is_valid(const char *address);

#endif
