/* See serve_inquiries.h. */
#include "command/serve_inquiries.h"

#include "model/clock.h"
#include "observe/observe.h"
#include "show/show.h"

#include <stdlib.h>
#include <string.h>

enum {
	WAITING_MOST = 32,
	AGE_MOST = 12, /* seconds: a connection lasts for 15 */
};

/* One that waits, with what it asks for; NULL: that was not given. */
struct inquiry {
	bool (*show)(const struct inquiry *inquiry, struct lp_side_store *own, struct lp_document *document,
	             struct lp_error *error);
	char *name, *from, *to;
	bool shadow;
	struct lp_web_later *later;
	int64_t since; /* monotonic */
};

struct lp_inquiries {
	pthread_t thread;
	struct lp_side *side;
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t wake;
	bool ends;
	struct inquiry waiting[WAITING_MOST]; /* a ring */
	size_t first, count;
};

static bool read_time(const char *name, const char *text, const struct lp_side_store *own, lp_time *time,
                      struct lp_error *error)
{
	struct lp_error problem;
	*time = LP_TIME_NONE;
	if (text == NULL || lp_time_parse(text, own->zone, time, &problem))
		return true;
	return lp_fail(error, LP_EXIT_USAGE, "%s=%.100s: %s", name, text, problem.what);
}

static bool show_calculation(const struct inquiry *inquiry, struct lp_side_store *own, struct lp_document *document,
                             struct lp_error *error)
{
	struct lp_calculation_query query = { .store = own->store, .zone = own->zone, .name = inquiry->name };
	if (!read_time("from", inquiry->from, own, &query.from, error) ||
	    !read_time("to", inquiry->to, own, &query.to, error))
		return false;
	if (query.from != LP_TIME_NONE && query.to != LP_TIME_NONE && query.from >= query.to)
		return lp_fail(error, LP_EXIT_USAGE, "from has to be before to");
	return lp_show_calculation(document, &query, error);
}

static bool show_explanation(const struct inquiry *inquiry, struct lp_side_store *own, struct lp_document *document,
                             struct lp_error *error)
{
	struct lp_explanation why = { .store = own->store, .zone = own->zone, .shadow = inquiry->shadow };
	bool ok = read_time("time", inquiry->from, own, &why.time, error) && lp_explain(&why, inquiry->name, error);
	if (ok)
		lp_show_explanation(&document->text, &why);
	lp_explanation_free(&why);
	return ok;
}

static void free_inquiry(struct inquiry *inquiry)
{
	free(inquiry->name);
	free(inquiry->from);
	free(inquiry->to);
}

static bool add(void *context, const char *data, size_t length, struct lp_error *error)
{
	(void)error;
	lp_text_add(context, data, length);
	return true;
}

static void fill_problem(struct lp_web_reply *reply, const struct lp_error *error)
{
	lp_text_free(&reply->body);
	lp_web_reply_init(reply);
	reply->status = error->exit == LP_EXIT_USAGE ? 400 : error->exit == LP_EXIT_DATA ? 404 : 503;
	if (reply->status == 503)
		reply->retry_after = 5;
	lp_text_addf(&reply->body, "%s\n", error->what);
	if (error->hint[0] != '\0')
		lp_text_addf(&reply->body, "%s\n", error->hint);
}

/* A connection that was lost since the last one was asked is tried anew, once. */
static void answer(struct lp_inquiries *inquiries, struct lp_side_store *own, struct inquiry *inquiry)
{
	struct lp_error error;
	struct lp_web_reply reply;
	bool ok = false, had_store = own->store != NULL;
	lp_web_reply_init(&reply);
	for (int tries = 0; !ok && tries < (had_store ? 2 : 1); tries++) {
		struct lp_document document = { .send = add, .context = &reply.body };
		lp_text_free(&reply.body);
		ok = lp_side_store_open(own, inquiries->side, &error) &&
		     lp_document_end(&document, inquiry->show(inquiry, own, &document, &error), &error);
		if (!ok && (error.exit == LP_EXIT_USAGE || error.exit == LP_EXIT_DATA))
			break;
		if (!ok)
			lp_side_store_close(own);
	}
	if (ok)
		reply.type = "application/json";
	else
		fill_problem(&reply, &error);
	if (reply.status == 503)
		lp_log(LP_LOG_WARNING, "who asks cannot be answered", LP_TEXT("error", error.what));
	lp_web_send(inquiry->later, &reply);
}

static void decline(struct inquiry *inquiry, const char *why)
{
	struct lp_web_reply reply;
	lp_web_reply_init(&reply);
	reply.status = 503;
	reply.retry_after = 5;
	lp_text_addf(&reply.body, "%s\n", why);
	lp_web_send(inquiry->later, &reply);
	free_inquiry(inquiry);
}

static void *work(void *argument)
{
	struct lp_inquiries *inquiries = argument;
	struct lp_side_store own = { .store = NULL };
	(void)pthread_setname_np(pthread_self(), "inquiries");
	pthread_mutex_lock(&inquiries->lock);
	for (;;) {
		while (!inquiries->ends && inquiries->count == 0)
			pthread_cond_wait(&inquiries->wake, &inquiries->lock);
		if (inquiries->count == 0)
			break;
		struct inquiry inquiry = inquiries->waiting[inquiries->first];
		inquiries->first = (inquiries->first + 1) % WAITING_MOST;
		inquiries->count--;
		bool ends = inquiries->ends;
		pthread_mutex_unlock(&inquiries->lock);
		if (ends || lp_monotonic() - inquiry.since > AGE_MOST * LP_MONOTONIC_SECOND) {
			decline(&inquiry, ends ? "the program ends" : "the store is busy with what others asked");
		} else {
			answer(inquiries, &own, &inquiry);
			free_inquiry(&inquiry);
		}
		pthread_mutex_lock(&inquiries->lock);
	}
	pthread_mutex_unlock(&inquiries->lock);
	lp_side_store_close(&own);
	return NULL;
}

struct lp_inquiries *lp_inquiries_start(struct lp_side *side)
{
	struct lp_inquiries *inquiries = lp_allocate(sizeof *inquiries);
	*inquiries = (struct lp_inquiries){ .side = side };
	pthread_mutex_init(&inquiries->lock, NULL);
	pthread_cond_init(&inquiries->wake, NULL);
	if (lp_side_start_thread(&inquiries->thread, work, inquiries) == 0)
		return inquiries;
	free(inquiries);
	return NULL;
}

bool lp_inquiries_stop(struct lp_inquiries *inquiries)
{
	if (inquiries == NULL)
		return true;
	pthread_mutex_lock(&inquiries->lock);
	inquiries->ends = true;
	pthread_cond_signal(&inquiries->wake);
	pthread_mutex_unlock(&inquiries->lock);
	if (!lp_side_join_thread(inquiries->thread))
		return false;
	free(inquiries);
	return true;
}

static char *copy_parameter(const struct lp_web_request *request, const char *name)
{
	const char *value = lp_web_parameter(request, name);
	return value == NULL ? NULL : lp_copy_text(value);
}

static bool refuse(struct lp_web_reply *reply, int status, const char *why)
{
	reply->status = status;
	if (status == 503)
		reply->retry_after = 1;
	lp_text_addf(&reply->body, "%s\n", why);
	return true;
}

bool lp_inquiries_answer(struct lp_inquiries *inquiries, const struct lp_web_request *request,
                         struct lp_web_reply *reply)
{
	bool of_point = strcmp(request->path, "/api/explain") == 0;
	const char *shadow = lp_web_parameter(request, "shadow");
	if (inquiries == NULL || (!of_point && strcmp(request->path, "/api/calculation") != 0))
		return false;
	if (lp_web_parameter(request, of_point ? "series" : "name") == NULL)
		return refuse(reply, 400,
		              of_point ? "which series? /api/explain?series=NAME&time=TIME"
		                       : "which calculation? /api/calculation?name=NAME");
	if (of_point && lp_web_parameter(request, "time") == NULL)
		return refuse(reply, 400, "at which time? /api/explain?series=NAME&time=TIME");
	pthread_mutex_lock(&inquiries->lock);
	bool full = inquiries->count == WAITING_MOST;
	if (!full)
		inquiries->waiting[(inquiries->first + inquiries->count++) % WAITING_MOST] = (struct inquiry){
			.show = of_point ? show_explanation : show_calculation,
			.name = copy_parameter(request, of_point ? "series" : "name"),
			.from = copy_parameter(request, of_point ? "time" : "from"),
			.to = copy_parameter(request, "to"),
			.shadow = shadow != NULL && strcmp(shadow, "true") == 0,
			.later = lp_web_postpone(request),
			.since = lp_monotonic(),
		};
	pthread_cond_signal(&inquiries->wake);
	pthread_mutex_unlock(&inquiries->lock);
	return !full || refuse(reply, 503, "too many ask at once");
}
