/*
 * The server: libevent's, in a thread that it is alone in. What libevent does not
 * limit by itself, the number of connections and how long one may last, is kept
 * here.
 */
#include "web/web.h"

#include "model/clock.h"
#include "observe/observe.h"
#include "web/address.h"
#include "web/later.h"
#include "web/reply.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
	CONNECTIONS_MOST = 128,
	OF_OPEN_FILES = 4,   /* connections have this part of the files that may be open: runs need some too */
	EVICTED = 4,         /* this part of the connections go, the oldest, where there are too many */
	HEADERS_MOST = 8192, /* bytes of a request's first line and headers */
	SILENT_MOST = 10,    /* seconds without a byte */
	LIFE_MOST = 15,      /* seconds that a connection has for its request and the answer */
	BACKLOG = 128,
	STACK = 256 << 10,
};
/* Microseconds between two looks at the connections, and after some were cut off. */
enum { LOOK_EVERY = 1000000, LOOK_SOON = 20000 };

/*
 * A connection, for as long as it is referred to here. libevent frees it when it is
 * done with it, which shows in that nothing is called for it any more.
 */
struct connection {
	struct bufferevent *stream;
	int64_t since; /* monotonic */
};

struct lp_web {
	pthread_t thread;
	struct event_base *base;
	struct evhttp *http;
	struct evconnlistener *listener;
	struct event *look, *end, *later;
	int end_descriptor;     /* becomes readable when the thread is to end */
	struct lp_web_box *box; /* of replies that took a while */
	struct connection connections[CONNECTIONS_MOST];
	size_t count, most; /* connections; most is at least EVICTED */
	lp_web_answer *answer;
	void *context;
	char address[LP_WEB_ADDRESS_SIZE];
};

static bool is_gone(struct bufferevent *stream)
{
	bufferevent_data_cb read, write;
	bufferevent_event_cb event;
	void *argument;
	bufferevent_getcb(stream, &read, &write, &event, &argument);
	return read == NULL && write == NULL && event == NULL;
}

static void forget_gone(struct lp_web *web)
{
	size_t kept = 0;
	for (size_t i = 0; i < web->count; i++)
		if (is_gone(web->connections[i].stream))
			(void)bufferevent_decref(web->connections[i].stream);
		else
			web->connections[kept++] = web->connections[i];
	web->count = kept;
}

/* The other end of the stream notices, and libevent closes it. */
static void cut(const struct connection *connection)
{
	evutil_socket_t descriptor = bufferevent_getfd(connection->stream);
	if (descriptor >= 0)
		(void)shutdown(descriptor, SHUT_RDWR);
}

static void look_in(struct lp_web *web, int microseconds)
{
	const struct timeval when = { .tv_sec = microseconds / 1000000, .tv_usec = microseconds % 1000000 };
	(void)event_add(web->look, &when);
}

/* Connections are in the order in which they came. */
static void look(evutil_socket_t descriptor, short what, void *context)
{
	struct lp_web *web = context;
	int64_t oldest = lp_monotonic() - LIFE_MOST * LP_MONOTONIC_SECOND;
	(void)descriptor;
	(void)what;
	forget_gone(web);
	for (size_t i = 0; i < web->count && web->connections[i].since < oldest; i++)
		cut(&web->connections[i]);
	if (web->count < web->most) {
		(void)evconnlistener_enable(web->listener);
		look_in(web, LOOK_EVERY);
		return;
	}
	for (size_t i = 0; i < web->most / EVICTED; i++)
		cut(&web->connections[i]);
	look_in(web, LOOK_SOON);
}

static struct bufferevent *open_stream(struct event_base *base, void *context)
{
	struct lp_web *web = context;
	struct bufferevent *stream = bufferevent_socket_new(base, -1, 0);
	forget_gone(web);
	if (stream == NULL || web->count == web->most)
		return stream;
	bufferevent_incref(stream);
	web->connections[web->count++] = (struct connection){ .stream = stream, .since = lp_monotonic() };
	/* No more until some of these are gone. */
	if (web->count == web->most) {
		(void)evconnlistener_disable(web->listener);
		look_in(web, LOOK_SOON);
	}
	return stream;
}

/* The server whose thread this is. */
static _Thread_local struct lp_web *own;

/*
 * There is no descriptor for another connection, for instance.  The context of a
 * listener that evhttp has taken is evhttp's.
 */
static void rest(struct evconnlistener *listener, void *context)
{
	(void)context;
	(void)evconnlistener_disable(listener);
	look_in(own, LOOK_EVERY);
}

const char *lp_web_parameter(const struct lp_web_request *request, const char *name)
{
	return evhttp_find_header((const struct evkeyvalq *)request->parameters, name);
}

/* Fills the reply, or has it follow later. */
static void answer_request(struct lp_web *web, const struct lp_web_request *asked, enum evhttp_cmd_type method,
                           struct lp_web_reply *reply)
{
	if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
		(void)evhttp_add_header(evhttp_request_get_output_headers(asked->asked->request), "Allow", "GET, HEAD");
		lp_web_fill_error(reply, 405, "only GET and HEAD are answered");
	} else if (asked->parameters == NULL) {
		lp_web_fill_error(reply, 400, "what follows the ? is no list of NAME=VALUE with & between them");
	} else if (asked->path == NULL || !web->answer(web->context, asked, reply)) {
		lp_web_fill_error(reply, 404, "there is nothing of that name");
	}
}

static void on_request(struct evhttp_request *request, void *context)
{
	struct lp_web *web = context;
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *encoded = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri);
	char *path = evhttp_uridecode(encoded == NULL || *encoded == '\0' ? "/" : encoded, 0, NULL);
	struct evkeyvalq parameters = { 0 };
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	struct lp_web_asked where = { web->box, request, false };
	bool understood = evhttp_parse_query_str(query == NULL ? "" : query, &parameters) == 0;
	const struct lp_web_request asked = {
		.path = path,
		.host = evhttp_find_header(headers, "Host"),
		.accept = evhttp_find_header(headers, "Accept"),
		.authorization = evhttp_find_header(headers, "Authorization"),
		.parameters = understood ? (const struct lp_web_parameters *)&parameters : NULL,
		.asked = &where,
	};
	struct lp_web_reply reply;
	lp_web_reply_init(&reply);
	answer_request(web, &asked, evhttp_request_get_command(request), &reply);
	if (!where.postponed)
		lp_web_send_reply(request, &reply);
	lp_text_free(&reply.body);
	evhttp_clear_headers(&parameters);
	free(path);
}

static void on_later(evutil_socket_t descriptor, short what, void *context)
{
	struct lp_web *web = context;
	(void)descriptor;
	(void)what;
	lp_web_box_empty(web->box);
}

static void on_end(evutil_socket_t descriptor, short what, void *context)
{
	struct lp_web *web = context;
	(void)descriptor;
	(void)what;
	(void)event_base_loopbreak(web->base);
}

static void *serve(void *argument)
{
	struct lp_web *web = argument;
	own = web;
	(void)pthread_setname_np(pthread_self(), "web");
	(void)event_base_dispatch(web->base);
	return NULL;
}

static void log_of_libevent(int severity, const char *message)
{
	lp_log(severity >= EVENT_LOG_ERR ? LP_LOG_WARNING : LP_LOG_DEBUG, "the server of HTTP says",
	       LP_TEXT("what", message));
}

/* Returns a descriptor that listens, or -1. */
static int listen_at(const struct sockaddr_storage *address, socklen_t length)
{
	const int on = 1;
	int descriptor = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (descriptor < 0)
		return -1;
	(void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (address->ss_family == AF_INET6)
		(void)setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	if (bind(descriptor, (const struct sockaddr *)address, length) == 0 && listen(descriptor, BACKLOG) == 0)
		return descriptor;
	int number = errno;
	close(descriptor);
	errno = number;
	return -1;
}

static size_t count_connections_most(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= (rlim_t)CONNECTIONS_MOST * OF_OPEN_FILES)
		return CONNECTIONS_MOST;
	return files.rlim_cur < (rlim_t)EVICTED * OF_OPEN_FILES ? EVICTED : (size_t)files.rlim_cur / OF_OPEN_FILES;
}

static void find_address(struct lp_web *web, int descriptor)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof address;
	(void)getsockname(descriptor, (struct sockaddr *)&address, &length);
	lp_web_address_format(&address, web->address);
}

/* libevent ends the program where it cannot open what it needs for itself. */
static bool can_open_more(int descriptor)
{
	enum { OF_LIBEVENT = 6 };
	int opened[OF_LIBEVENT], count = 0, number;
	while (count < OF_LIBEVENT && (opened[count] = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)) >= 0)
		count++;
	number = errno;
	for (int i = 0; i < count; i++)
		close(opened[i]);
	errno = number;
	return count == OF_LIBEVENT;
}

static bool make_events(struct lp_web *web, int descriptor)
{
	web->box = lp_web_box_new();
	web->end_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!can_open_more(descriptor))
		return false;
	web->base = event_base_new();
	web->http = web->base == NULL ? NULL : evhttp_new(web->base);
	web->listener = web->http == NULL
	                        ? NULL
	                        : evconnlistener_new(web->base, NULL, web,
	                                             LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, descriptor);
	if (web->listener == NULL || web->end_descriptor < 0 || lp_web_box_descriptor(web->box) < 0)
		return false;
	web->look = event_new(web->base, -1, 0, look, web);
	web->end = event_new(web->base, web->end_descriptor, EV_READ, on_end, web);
	web->later = event_new(web->base, lp_web_box_descriptor(web->box), EV_READ | EV_PERSIST, on_later, web);
	if (web->look == NULL || web->end == NULL || web->later == NULL || event_add(web->end, NULL) != 0 ||
	    event_add(web->later, NULL) != 0 || evhttp_bind_listener(web->http, web->listener) == NULL)
		return false;
	evconnlistener_set_error_cb(web->listener, rest);
	look_in(web, LOOK_EVERY);
	evhttp_set_allowed_methods(web->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
	                                              EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH);
	evhttp_set_max_headers_size(web->http, HEADERS_MOST);
	evhttp_set_max_body_size(web->http, 0);
	evhttp_set_timeout(web->http, SILENT_MOST);
	evhttp_set_bevcb(web->http, open_stream, web);
	evhttp_set_gencb(web->http, on_request, web);
	return true;
}

/* Signals are the main thread's. */
static int start_thread(struct lp_web *web)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	sigfillset(&all);
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setstacksize(&attributes, STACK);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int result = pthread_create(&web->thread, &attributes, serve, web);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attributes);
	return result;
}

static void release(struct lp_web *web)
{
	for (size_t i = 0; i < web->count; i++)
		(void)bufferevent_decref(web->connections[i].stream);
	if (web->look != NULL)
		event_free(web->look);
	if (web->end != NULL)
		event_free(web->end);
	if (web->later != NULL)
		event_free(web->later);
	lp_web_box_close(web->box);
	/* It has the listener. */
	if (web->http != NULL)
		evhttp_free(web->http);
	if (web->base != NULL)
		event_base_free(web->base);
	if (web->end_descriptor >= 0)
		close(web->end_descriptor);
	free(web);
}

bool lp_web_start(const char *address, lp_web_answer *answer, void *context, struct lp_web **started,
                  struct lp_error *error)
{
	struct sockaddr_storage where;
	socklen_t length;
	if (!lp_web_address_parse(address, &where, &length)) {
		lp_fail(error, LP_EXIT_CONFIGURATION, "%s is no address to listen at", address);
		return lp_hint(error, "Write an address and a port, such as 127.0.0.1:8462 or [::1]:8462, or off.");
	}
	int descriptor = listen_at(&where, length);
	if (descriptor < 0)
		return lp_fail_errno(error, errno == EACCES ? LP_EXIT_PERMISSION : LP_EXIT_UNAVAILABLE, errno,
		                     "cannot listen at %s", address);
	struct lp_web *web = lp_allocate(sizeof *web);
	web->answer = answer;
	web->context = context;
	web->most = count_connections_most();
	find_address(web, descriptor);
	event_set_log_callback(log_of_libevent);
	int number = make_events(web, descriptor) ? start_thread(web) : errno == EMFILE ? EMFILE : ENOMEM;
	if (web->listener == NULL)
		close(descriptor);
	if (number != 0) {
		release(web);
		return lp_fail_errno(error, LP_EXIT_TEMPORARY, number, "cannot answer at %s", address);
	}
	*started = web;
	return true;
}

const char *lp_web_address(const struct lp_web *web)
{
	return web->address;
}

void lp_web_stop(struct lp_web *web)
{
	const uint64_t one = 1;
	if (web == NULL)
		return;
	(void)!write(web->end_descriptor, &one, sizeof one);
	(void)pthread_join(web->thread, NULL);
	release(web);
}
