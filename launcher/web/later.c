/* See later.h and web.h. */
#include "web/later.h"

#include "web/reply.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct lp_web_later {
	struct lp_web_box *box;
	struct evhttp_request *request; /* the server's thread alone looks at it */
	struct lp_web_reply reply;      /* once it is there */
	bool is_there;
	struct lp_web_later *next;
};

struct lp_web_box {
	pthread_mutex_t lock; /* guards what follows */
	int descriptor;
	struct lp_web_later *first; /* that are promised, and that are there */
	size_t holders;             /* the server, and each that is promised */
	bool is_closed;
};

struct lp_web_box *lp_web_box_new(void)
{
	struct lp_web_box *box = lp_allocate(sizeof *box);
	*box = (struct lp_web_box){ .descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .holders = 1 };
	pthread_mutex_init(&box->lock, NULL);
	return box;
}

int lp_web_box_descriptor(const struct lp_web_box *box)
{
	return box->descriptor;
}

/* Lets go of the box; its lock is held, and given back. */
static void leave(struct lp_web_box *box)
{
	bool is_last = --box->holders == 0;
	pthread_mutex_unlock(&box->lock);
	if (!is_last)
		return;
	if (box->descriptor >= 0)
		close(box->descriptor);
	pthread_mutex_destroy(&box->lock);
	free(box);
}

static void free_reply(struct lp_web_reply *reply)
{
	lp_text_free(&reply->body);
	if (reply->sent != NULL)
		reply->sent(reply->sent_context);
}

struct lp_web_later *lp_web_postpone(const struct lp_web_request *request)
{
	struct lp_web_box *box = request->asked->box;
	struct lp_web_later *later = lp_allocate(sizeof *later);
	request->asked->postponed = true;
	pthread_mutex_lock(&box->lock);
	*later = (struct lp_web_later){ .box = box, .request = request->asked->request, .next = box->first };
	box->first = later;
	box->holders++;
	pthread_mutex_unlock(&box->lock);
	return later;
}

void lp_web_send(struct lp_web_later *later, struct lp_web_reply *reply)
{
	struct lp_web_box *box = later->box;
	const uint64_t one = 1;
	pthread_mutex_lock(&box->lock);
	if (box->is_closed) {
		free_reply(reply);
		free(later);
	} else {
		later->reply = *reply;
		later->is_there = true;
		(void)!write(box->descriptor, &one, sizeof one);
	}
	leave(box);
}

/* Takes one that is there out of the box. */
static struct lp_web_later *take(struct lp_web_box *box)
{
	pthread_mutex_lock(&box->lock);
	struct lp_web_later **at = &box->first;
	while (*at != NULL && !(*at)->is_there)
		at = &(*at)->next;
	struct lp_web_later *later = *at;
	if (later != NULL)
		*at = later->next;
	pthread_mutex_unlock(&box->lock);
	return later;
}

void lp_web_box_empty(struct lp_web_box *box)
{
	uint64_t count;
	(void)!read(box->descriptor, &count, sizeof count);
	for (struct lp_web_later *later = take(box); later != NULL; later = take(box)) {
		/* libevent takes the request, and frees it if the client is gone. */
		lp_web_send_reply(later->request, &later->reply);
		lp_text_free(&later->reply.body);
		free(later);
	}
}

void lp_web_box_close(struct lp_web_box *box)
{
	pthread_mutex_lock(&box->lock);
	box->is_closed = true;
	for (struct lp_web_later *later = box->first, *next; later != NULL; later = next) {
		next = later->next;
		/* One whose client is gone belongs to no connection, with which it would be freed. */
		if (evhttp_request_get_connection(later->request) == NULL)
			evhttp_request_free(later->request);
		if (!later->is_there)
			continue;
		free_reply(&later->reply);
		free(later);
	}
	box->first = NULL;
	leave(box);
}
