/* See serve_side.h. */
#include "command/serve_side.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

enum {
	STATEMENT_MOST = 10, /* seconds */
	LEAVE_AFTER = 2,     /* seconds: the process has 5 to end */
	STACK = 1 << 20,
};

void lp_side_init(struct lp_side *side)
{
	*side = (struct lp_side){ .address = NULL };
	pthread_mutex_init(&side->lock, NULL);
}

void lp_side_set(struct lp_side *side, const struct lp_session *session)
{
	const struct lp_store_options *options = &session->store_options;
	char described[512];
	lp_store_describe(options->address, described, sizeof described);
	pthread_mutex_lock(&side->lock);
	free(side->address);
	free(side->described);
	side->address = lp_copy_text(options->address);
	side->described = lp_copy_text(described);
	side->zone = session->zone;
	side->connect_timeout = options->connect_timeout;
	side->prepare = options->prepare;
	side->number++;
	pthread_mutex_unlock(&side->lock);
}

void lp_side_free(struct lp_side *side)
{
	free(side->address);
	free(side->described);
	pthread_mutex_destroy(&side->lock);
}

bool lp_side_store_open(struct lp_side_store *own, struct lp_side *side, struct lp_error *error)
{
	struct lp_store_options options = { .statement_timeout = STATEMENT_MOST,
		                            .application_name = "local-processing page" };
	pthread_mutex_lock(&side->lock);
	bool same = own->store != NULL && own->number == side->number;
	if (!same) {
		lp_side_store_close(own);
		own->number = side->number;
		own->zone = side->zone;
		own->described = lp_copy_text(side->described);
		options.connect_timeout = side->connect_timeout;
		options.prepare = side->prepare;
	}
	char *address = same ? NULL : lp_copy_text(side->address);
	pthread_mutex_unlock(&side->lock);
	options.address = address;
	bool ok = same || lp_store_open(&options, &own->store, error);
	free(address);
	return ok;
}

void lp_side_store_close(struct lp_side_store *own)
{
	lp_store_close(own->store);
	free(own->described);
	*own = (struct lp_side_store){ .store = NULL };
}

int lp_side_start_thread(pthread_t *thread, void *(*work)(void *), void *argument)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	/* Signals are the main thread's. */
	sigfillset(&all);
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setstacksize(&attributes, STACK);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int number = pthread_create(thread, &attributes, work, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attributes);
	return number;
}

bool lp_side_join_thread(pthread_t thread)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LEAVE_AFTER;
	return pthread_timedjoin_np(thread, NULL, &until) == 0;
}
