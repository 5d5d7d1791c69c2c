/* See serve_page.h. */
#include "command/serve_page.h"

#include "model/clock.h"
#include "observe/observe.h"
#include "show/show.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FRESH = 5, /* seconds in which it is not made again, whatever happens */
	OLD = 60,  /* seconds after which it is made again without a run */
	DETAILS = 50,
};

/* A page that is made, in the hands of whoever shows or sends it. */
struct shot {
	struct lp_text html;
	size_t data_from, data_to; /* the JSON in it */
	char etag[48];
	int64_t made, run_began; /* monotonic; of the board */
	int holders;
};

struct lp_page {
	pthread_t thread;
	struct lp_side *side;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	bool ends, wanted;
	int64_t run_began;       /* of who asked last */
	struct shot *shot;       /* the newest; NULL: none yet */
	int64_t tried;           /* monotonic; 0: never */
	struct lp_error problem; /* why the last try failed; exit LP_EXIT_OK: it did not */
};

static void release(struct lp_page *page, struct shot *shot)
{
	if (shot == NULL)
		return;
	pthread_mutex_lock(&page->lock);
	bool last = --shot->holders == 0;
	pthread_mutex_unlock(&page->lock);
	if (!last)
		return;
	lp_text_free(&shot->html);
	free(shot);
}

static bool add(void *context, const char *data, size_t length, struct lp_error *error)
{
	(void)error;
	lp_text_add(context, data, length);
	return true;
}

static bool make(struct lp_page *page, struct lp_side_store *own, struct shot *shot, struct lp_error *error)
{
	if (!lp_side_store_open(own, page->side, error))
		return false;
	const struct lp_plant_query query = {
		.store = own->store,
		.zone = own->zone,
		.described = own->described,
		.from = LP_TIME_NONE,
		.to = LP_TIME_NONE,
		.details = DETAILS,
	};
	struct lp_document document = { .send = add, .context = &shot->html };
	if (!lp_show_page(&document, &query, error))
		return false;
	lp_page_place(&shot->html, &shot->data_from, &shot->data_to);
	return true;
}

static void make_one(struct lp_page *page, struct lp_side_store *own, int64_t run_began)
{
	struct shot *shot = lp_allocate(sizeof *shot), *before = NULL;
	struct lp_error error;
	*shot = (struct shot){ .run_began = run_began, .holders = 1 };
	bool ok = make(page, own, shot, &error);
	shot->made = lp_monotonic();
	/* No other page of this process or of one before has it. */
	snprintf(shot->etag, sizeof shot->etag, "\"%llx-%llx\"", (unsigned long long)lp_now(),
	         (unsigned long long)shot->made);
	if (!ok) {
		lp_side_store_close(own);
		lp_log(LP_LOG_WARNING, "the page cannot be made", LP_TEXT("error", error.what));
	}
	pthread_mutex_lock(&page->lock);
	page->tried = shot->made;
	page->wanted = false;
	page->problem = ok ? (struct lp_error){ .exit = LP_EXIT_OK } : error;
	if (ok) {
		before = page->shot;
		page->shot = shot;
	} else {
		before = shot;
	}
	pthread_mutex_unlock(&page->lock);
	release(page, before);
}

static void *work_on(void *argument)
{
	struct lp_page *page = argument;
	struct lp_side_store own = { .store = NULL };
	(void)pthread_setname_np(pthread_self(), "page");
	for (;;) {
		pthread_mutex_lock(&page->lock);
		while (!page->ends && !page->wanted)
			pthread_cond_wait(&page->wake, &page->lock);
		bool ends = page->ends;
		int64_t run_began = page->run_began;
		pthread_mutex_unlock(&page->lock);
		if (ends)
			break;
		make_one(page, &own, run_began);
	}
	lp_side_store_close(&own);
	return NULL;
}

struct lp_page *lp_page_start(struct lp_side *side)
{
	struct lp_page *page = lp_allocate(sizeof *page);
	*page = (struct lp_page){ .side = side };
	pthread_mutex_init(&page->lock, NULL);
	pthread_cond_init(&page->wake, NULL);
	if (lp_side_start_thread(&page->thread, work_on, page) == 0)
		return page;
	free(page);
	return NULL;
}

void lp_page_renew(struct lp_page *page)
{
	if (page == NULL)
		return;
	pthread_mutex_lock(&page->lock);
	page->tried = 0;
	pthread_mutex_unlock(&page->lock);
}

bool lp_page_stop(struct lp_page *page)
{
	if (page == NULL)
		return true;
	pthread_mutex_lock(&page->lock);
	page->ends = true;
	pthread_cond_signal(&page->wake);
	pthread_mutex_unlock(&page->lock);
	if (!lp_side_join_thread(page->thread))
		return false;
	release(page, page->shot);
	free(page);
	return true;
}

/* Asks for a new one if a run has begun since the newest was made, or that is old; the lock is held. */
static void want(struct lp_page *page, int64_t run_began)
{
	int64_t now = lp_monotonic();
	const struct shot *shot = page->shot;
	bool stale = shot == NULL || shot->run_began != run_began || now - shot->made > OLD * LP_MONOTONIC_SECOND;
	page->run_began = run_began;
	if (page->wanted || !stale || (page->tried != 0 && now - page->tried < FRESH * LP_MONOTONIC_SECOND))
		return;
	page->wanted = true;
	pthread_cond_signal(&page->wake);
}

/* What a reply holds on to until it is sent. */
struct sending {
	struct lp_page *page;
	struct shot *shot;
};

static void sent(void *context)
{
	struct sending *sending = context;
	release(sending->page, sending->shot);
	free(sending);
}

static void say_not_yet(struct lp_web_reply *reply, const struct lp_error *problem)
{
	reply->status = 503;
	reply->retry_after = 1;
	if (problem->exit == LP_EXIT_OK)
		lp_text_addf(&reply->body, "the page is being made\n");
	else
		lp_text_addf(&reply->body, "the page cannot be made: %s\n", problem->what);
}

bool lp_page_answer(struct lp_page *page, int64_t run_began, const struct lp_web_request *request,
                    struct lp_web_reply *reply)
{
	bool data = strcmp(request->path, "/api/plant") == 0;
	if (page == NULL || (!data && strcmp(request->path, "/") != 0))
		return false;
	pthread_mutex_lock(&page->lock);
	want(page, run_began);
	struct shot *shot = page->shot;
	if (shot == NULL)
		say_not_yet(reply, &page->problem);
	else
		shot->holders++;
	pthread_mutex_unlock(&page->lock);
	if (shot == NULL)
		return true;
	struct sending *sending = lp_allocate(sizeof *sending);
	*sending = (struct sending){ page, shot };
	reply->type = data ? "application/json" : "text/html; charset=utf-8";
	reply->data = shot->html.data + (data ? shot->data_from : 0);
	reply->size = data ? shot->data_to - shot->data_from : shot->html.length;
	reply->etag = shot->etag;
	reply->sent = sent;
	reply->sent_context = sending;
	return true;
}
