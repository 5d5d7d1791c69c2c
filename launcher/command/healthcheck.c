/*
 * `healthcheck`: whether minutes are worked for, for whoever watches a container.
 * It asks `serve`; where there is none, the store.
 */
#include "command/command.h"
#include "model/clock.h"
#include "web/web.h"

#include <stdio.h>
#include <string.h>

struct request {
	const char *listen, *within;
	int64_t patience; /* microseconds */
};

static bool check(void *data, struct lp_overrides *overrides, struct lp_error *error)
{
	struct request *request = data;
	overrides->listen = request->listen;
	request->patience = 3 * LP_MINUTE;
	if (request->within == NULL)
		return true;
	if (!lp_duration_parse(request->within, &request->patience, error) || request->patience < LP_MINUTE)
		return lp_fail(error, LP_EXIT_USAGE,
		               "--within %s: expected a duration from a minute on, such as \"5 min\"", request->within);
	return true;
}

static bool note_begin(void *context, const struct lp_run *run, struct lp_error *error)
{
	lp_time *began = context;
	(void)error;
	if (run->kind == LP_RUN_MINUTE && run->started > *began)
		*began = run->started;
	return true;
}

static bool note_due(void *context, const struct lp_preview_line *line, struct lp_error *error)
{
	uint64_t *due = context;
	(void)error;
	if (line->hold == NULL && line->problem == NULL)
		*due += line->calculations;
	return true;
}

/* A minute in which nothing was due has no run: only if something was, a run is missed. */
static bool ask_store(struct lp_session *session, const struct request *request, struct lp_error *error)
{
	enum { NEWEST = 50 }; /* runs and backfills */
	struct lp_service service = { .session = session };
	struct lp_pipeline_options options;
	lp_time now = lp_now(), began = LP_TIME_MIN, then = (now - request->patience) / LP_MINUTE * LP_MINUTE;
	uint64_t due = 0;
	struct lp_preview preview = { .visit = note_due, .context = &due };
	if (!lp_session_open_store(session, error) ||
	    !lp_store_each_run(session->store, LP_NEWEST_RUNS(NEWEST), note_begin, &began, error))
		return false;
	if (began >= now - request->patience)
		return true;
	options = lp_service_options(&service, 0);
	bool ok = lp_preview_run(session->store, &options, then, &preview, error);
	lp_service_end(&service);
	if (!ok || due == 0)
		return ok;
	return lp_fail(error, LP_EXIT_FAILED_CALCULATIONS,
	               "no run works: windows of %llu calculations have been due for %lld minutes",
	               (unsigned long long)due, (long long)(request->patience / LP_MINUTE));
}

/* *answered is false if nobody listens there. */
static bool ask_serve(const char *address, bool *answered, struct lp_error *error)
{
	struct lp_text body = { 0 };
	int status = 0;
	*answered = lp_web_ask(address, "/healthz", &status, &body, error);
	bool ok = *answered && status == 200;
	if (*answered && !ok)
		lp_fail(error, LP_EXIT_FAILED_CALCULATIONS, "serve at %s: %.*s", address,
		        (int)strcspn(body.length == 0 ? "no word" : body.data, "\r\n"),
		        body.length == 0 ? "no word" : body.data);
	lp_text_free(&body);
	return ok;
}

static bool ask(struct lp_session *session, const struct request *request, struct lp_error *error)
{
	const char *configured = session->config.listen;
	const char *address = configured != NULL ? configured : LP_LISTEN_USUAL;
	bool answered = false;
	if (strcmp(address, "off") == 0)
		return ask_store(session, request, error);
	if (ask_serve(address, &answered, error))
		return true;
	/* Who names an address has a `serve` there; without a name there may be cron. */
	return !answered && configured == NULL && ask_store(session, request, error);
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	if (ask(session, data, error))
		return true;
	/* Whoever asks knows two answers. */
	error->exit = LP_EXIT_FAILED_CALCULATIONS;
	return false;
}

static const struct lp_option options[] = {
	{ .name = "--listen", .value = "ADDRESS:PORT", .field = offsetof(struct request, listen) },
	{ .name = "--within", .value = "DURATION", .field = offsetof(struct request, within) },
	{ .name = NULL },
};

const struct lp_command lp_command_healthcheck = {
	.name = "healthcheck",
	.summary = "exit code 0 if minutes are worked for, 1 if not",
	.help = "Usage: local-processing healthcheck [OPTION...]\n"
		"\n"
		"For whoever watches a container or a machine: exit code 0 if all is well, else 1, and standard\n"
		"error says why. It asks `serve` for /healthz. Where no address is configured and nobody listens at\n"
		"the usual one, or with `listen: off`, it asks the store: it is well if a run has begun within the\n"
		"last 3 minutes, or if nothing has been due for longer than that. Failed calculations are no\n"
		"failure here.\n"
		"\n"
		"  --listen ADDRESS:PORT  where `serve` listens, in place of the configuration's; off: asks the store\n"
		"  --within DURATION      in place of 3 minutes, when the store is asked\n"
		"\n"
		"Examples:\n"
		"  local-processing healthcheck\n"
		"  HEALTHCHECK CMD [\"/local-processing\", \"healthcheck\"]          (a line of a Dockerfile)\n",
	.options = options,
	.operands = { .what = "it looks at the runs of one store" },
	.request_size = sizeof(struct request),
	.need = LP_NEED_CONFIGURATION,
	.check = check,
	.run = run,
};
