/* Replies on their way to the client: see reply.h. */
#include "web/reply.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lp_web_reply_init(struct lp_web_reply *reply)
{
	*reply = (struct lp_web_reply){ .status = 200, .type = "text/plain; charset=utf-8" };
}

/* What a reply refers to, until libevent has sent it. */
struct referred {
	void (*sent)(void *context);
	void *context;
};

static void on_sent(const void *data, size_t size, void *context)
{
	struct referred *referred = context;
	(void)data;
	(void)size;
	referred->sent(referred->context);
	free(referred);
}

static void add_data(struct evbuffer *buffer, const struct lp_web_reply *reply)
{
	struct referred *referred = lp_allocate(sizeof *referred);
	*referred = (struct referred){ reply->sent, reply->sent_context };
	if (buffer == NULL || evbuffer_add_reference(buffer, reply->data, reply->size, on_sent, referred) != 0)
		on_sent(NULL, 0, referred);
}

static bool has_already(struct evhttp_request *request, const char *etag)
{
	const char *known = evhttp_find_header(evhttp_request_get_input_headers(request), "If-None-Match");
	return known != NULL && strstr(known, etag) != NULL;
}

void lp_web_send_reply(struct evhttp_request *request, struct lp_web_reply *reply)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct evbuffer *buffer = evbuffer_new();
	(void)evhttp_add_header(headers, "Content-Type", reply->type);
	(void)evhttp_add_header(headers, "Connection", "close");
	(void)evhttp_add_header(headers, "Cache-Control", reply->etag == NULL ? "no-store" : "no-cache");
	(void)evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	(void)evhttp_add_header(headers, "X-Frame-Options", "DENY");
	if (reply->etag != NULL)
		(void)evhttp_add_header(headers, "ETag", reply->etag);
	if (reply->retry_after > 0) {
		char seconds[16];
		snprintf(seconds, sizeof seconds, "%d", reply->retry_after);
		(void)evhttp_add_header(headers, "Retry-After", seconds);
		(void)evhttp_add_header(headers, "Refresh", seconds);
	}
	if (reply->data != NULL && reply->etag != NULL && has_already(request, reply->etag)) {
		reply->status = 304;
		reply->sent(reply->sent_context);
	} else if (reply->data != NULL) {
		add_data(buffer, reply);
	}
	if (buffer != NULL && reply->body.length > 0)
		(void)evbuffer_add(buffer, reply->body.data, reply->body.length);
	evhttp_send_reply(request, reply->status, NULL, buffer);
	if (buffer != NULL)
		evbuffer_free(buffer);
}

void lp_web_fill_error(struct lp_web_reply *reply, int status, const char *what)
{
	lp_text_free(&reply->body);
	*reply = (struct lp_web_reply){ .status = status, .type = "text/plain; charset=utf-8" };
	lp_text_addf(&reply->body, "%s\n", what);
}
