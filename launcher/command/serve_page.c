/* See serve_page.h. */
#include "command/serve_page.h"

#include "model/clock.h"
#include "observe/observe.h"
#include "show/show.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	STATEMENT_MOST = 10, /* seconds */
	FRESH = 5,           /* seconds in which it is not made again, whatever happens */
	OLD = 60,            /* seconds after which it is made again without a run */
	DETAILS = 50,
	LEAVE_AFTER = 2, /* seconds: the process has 5 to end */
	STACK = 1 << 20,
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
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	bool ends, wanted;
	char *address, *described;
	const struct lp_zone *zone;
	int connect_timeout;
	bool prepare;
	uint64_t store_number;   /* counts the stores that were set */
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

/* What the thread works with, copied out of what others may change. */
struct work {
	struct lp_store *store;
	uint64_t store_number;
	char *address, *described;
	const struct lp_zone *zone;
	int connect_timeout;
	bool prepare;
	int64_t run_began;
};

static void close_store(struct work *work)
{
	lp_store_close(work->store);
	work->store = NULL;
}

static bool make(struct work *work, struct shot *shot, struct lp_error *error)
{
	const struct lp_store_options options = {
		.address = work->address,
		.prepare = work->prepare,
		.connect_timeout = work->connect_timeout,
		.statement_timeout = STATEMENT_MOST,
		.application_name = "local-processing page",
	};
	if (work->store == NULL && !lp_store_open(&options, &work->store, error))
		return false;
	const struct lp_plant_query query = {
		.store = work->store,
		.zone = work->zone,
		.described = work->described,
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

/* Takes over what was set meanwhile; the page's lock is held. */
static void take_settings(struct lp_page *page, struct work *work)
{
	work->run_began = page->run_began;
	if (work->store_number == page->store_number)
		return;
	close_store(work);
	free(work->address);
	free(work->described);
	work->store_number = page->store_number;
	work->address = lp_copy_text(page->address);
	work->described = lp_copy_text(page->described);
	work->zone = page->zone;
	work->connect_timeout = page->connect_timeout;
	work->prepare = page->prepare;
}

static void make_one(struct lp_page *page, struct work *work)
{
	struct shot *shot = lp_allocate(sizeof *shot), *before = NULL;
	struct lp_error error;
	*shot = (struct shot){ .run_began = work->run_began, .holders = 1 };
	bool ok = make(work, shot, &error);
	shot->made = lp_monotonic();
	/* No other page of this process or of one before has it. */
	snprintf(shot->etag, sizeof shot->etag, "\"%llx-%llx\"", (unsigned long long)lp_now(),
	         (unsigned long long)shot->made);
	if (!ok) {
		close_store(work);
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
	struct work work = { .store = NULL };
	(void)pthread_setname_np(pthread_self(), "page");
	for (;;) {
		pthread_mutex_lock(&page->lock);
		while (!page->ends && !(page->wanted && page->address != NULL))
			pthread_cond_wait(&page->wake, &page->lock);
		bool ends = page->ends;
		take_settings(page, &work);
		pthread_mutex_unlock(&page->lock);
		if (ends)
			break;
		make_one(page, &work);
	}
	close_store(&work);
	free(work.address);
	free(work.described);
	return NULL;
}

struct lp_page *lp_page_start(void)
{
	struct lp_page *page = lp_allocate(sizeof *page);
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_mutex_init(&page->lock, NULL);
	pthread_cond_init(&page->wake, NULL);
	/* Signals are the main thread's. */
	sigfillset(&all);
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setstacksize(&attributes, STACK);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int number = pthread_create(&page->thread, &attributes, work_on, page);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attributes);
	if (number == 0)
		return page;
	free(page);
	return NULL;
}

void lp_page_set_store(struct lp_page *page, const struct lp_session *session)
{
	const struct lp_store_options *options = &session->store_options;
	char described[512];
	if (page == NULL)
		return;
	lp_store_describe(options->address, described, sizeof described);
	pthread_mutex_lock(&page->lock);
	free(page->address);
	free(page->described);
	page->address = lp_copy_text(options->address);
	page->described = lp_copy_text(described);
	page->zone = session->zone;
	page->connect_timeout = options->connect_timeout;
	page->prepare = options->prepare;
	page->store_number++;
	page->tried = 0;
	pthread_mutex_unlock(&page->lock);
}

bool lp_page_stop(struct lp_page *page)
{
	struct timespec until;
	if (page == NULL)
		return true;
	pthread_mutex_lock(&page->lock);
	page->ends = true;
	pthread_cond_signal(&page->wake);
	pthread_mutex_unlock(&page->lock);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LEAVE_AFTER;
	if (pthread_timedjoin_np(page->thread, NULL, &until) != 0)
		return false;
	release(page, page->shot);
	free(page->address);
	free(page->described);
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

/*
 * A page of another site that a browser of this machine shows could have its name
 * lead here, and read what is answered; but then the request names that site.
 */
static bool is_asked_here(const char *host)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
	for (size_t i = 0; host != NULL && i < sizeof names / sizeof *names; i++) {
		size_t length = strlen(names[i]);
		if (strncasecmp(host, names[i], length) == 0 && (host[length] == '\0' || host[length] == ':'))
			return true;
	}
	return false;
}

static void refuse(struct lp_web_reply *reply, const char *why)
{
	reply->status = 403;
	lp_text_addf(&reply->body, "%s\n", why);
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

bool lp_page_answer(struct lp_page *page, int64_t run_began, bool local, const struct lp_web_request *request,
                    struct lp_web_reply *reply)
{
	bool data = strcmp(request->path, "/api/plant") == 0;
	if (page == NULL || (!data && strcmp(request->path, "/") != 0))
		return false;
	if (!local) {
		refuse(reply, "the page is shown to this machine only: have `serve` listen at 127.0.0.1 or [::1]");
		return true;
	}
	if (!is_asked_here(request->host)) {
		refuse(reply,
		       "the page is at localhost, 127.0.0.1 or [::1]: a proxy has to ask for it by one of these names");
		return true;
	}
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
