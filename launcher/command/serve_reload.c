/*
 * New configuration and rules under `serve`: see serve.h. They are read beside
 * those in use and checked; only what is good takes their place.
 */
#include "command/serve.h"

#include "definition/definition.h"
#include "observe/observe.h"

#include <stdlib.h>
#include <string.h>

/* What is to come: a session of its own, and its rules. */
struct candidate {
	struct lp_session session;
	struct lp_service service;
	struct lp_problems problems; /* of its rules */
};

static void log_problem(const struct lp_problem *problem)
{
	lp_log(LP_LOG_WARNING, "this is why they are refused", LP_TEXT("file", problem->file),
	       LP_INT("line", problem->line), LP_TEXT("reason", problem->what));
}

static void log_all(const struct lp_problems *problems)
{
	for (uint32_t i = 0; i < problems->count; i++)
		log_problem(&problems->items[i]);
}

static bool has_file(const struct lp_problems *problems, const char *file)
{
	for (uint32_t i = 0; i < problems->count; i++)
		if (problems->items[i].file != NULL && file != NULL && strcmp(problems->items[i].file, file) == 0)
			return true;
	return false;
}

/* True if every file that does not load now did not load before either. */
static bool check_files(const struct lp_problems *before, const struct lp_problems *now)
{
	bool good = true;
	for (uint32_t i = 0; i < now->count; i++) {
		if (has_file(before, now->items[i].file))
			continue;
		log_problem(&now->items[i]);
		good = false;
	}
	return good;
}

/* True if the stored calculations fit the new rules at least as well as those in use. */
static bool check_stored(const struct lp_server *server, struct candidate *candidate, struct lp_error *error)
{
	struct lp_definitions stored = { 0 };
	struct lp_problems before = { 0 }, now = { 0 };
	if (!lp_session_open_store(&candidate->session, error))
		return false;
	bool ok = lp_definitions_load(candidate->session.store, &stored, error);
	if (ok) {
		if (server->service.catalogue != NULL)
			lp_definitions_check_rules(&stored, server->service.catalogue, &before);
		lp_definitions_check_rules(&stored, candidate->service.catalogue, &now);
		if ((uint64_t)now.count + now.left_out > (uint64_t)before.count + before.left_out) {
			log_all(&now);
			ok = lp_fail(error, LP_EXIT_DATA, "stored calculations do not fit the rules any more");
		}
	}
	lp_definitions_free(&stored);
	lp_problems_free(&before);
	lp_problems_free(&now);
	return ok;
}

static bool prepare(const struct lp_server *server, struct candidate *candidate, struct lp_error *error)
{
	struct lp_problems problems = { 0 };
	bool ok = lp_session_load(&candidate->session, &problems, error);
	log_all(&problems);
	lp_problems_free(&problems);
	candidate->service = (struct lp_service){ .session = &candidate->session, .kept = server->kept };
	if (!ok || !lp_service_load(&candidate->service, &candidate->problems, error))
		return false;
	if (!check_files(&server->problems, &candidate->problems))
		return lp_fail(error, LP_EXIT_DATA, "files of rules that loaded before do not load any more");
	return check_stored(server, candidate, error);
}

/* Log and time zones are the process's: what the candidate has set is taken back. */
static void put_back(const struct lp_session *session)
{
	lp_log_set(session->config.log_format, session->config.log_level);
	lp_zone_set_directory(session->config.tzdata);
}

static void refuse(struct lp_server *server, struct candidate *candidate, const struct lp_error *error)
{
	put_back(server->session);
	lp_log(LP_LOG_ERROR, "changed files are refused: the configuration and the rules from before stay in use",
	       LP_TEXT("error", error->what), LP_TEXT("hint", error->hint[0] == '\0' ? NULL : error->hint));
	lp_service_end(&candidate->service);
	lp_session_close(&candidate->session);
	lp_problems_free(&candidate->problems);
}

static void take(struct lp_server *server, struct candidate *candidate)
{
	struct lp_session *session = server->session;
	struct lp_error error;
	lp_serve_drop_store(server);
	lp_service_end(&server->service);
	lp_session_close(session);
	lp_problems_free(&server->problems);
	/* What refers to texts of the configuration refers to their memory, which stays where it is. */
	*session = candidate->session;
	server->service = candidate->service;
	server->service.session = session;
	server->problems = candidate->problems;
	server->store_mark = lp_mark_identity(lp_store_file(session->config.store));
	if (!lp_serve_listen(server, &error))
		lp_log(LP_LOG_ERROR, "nobody is answered any more", LP_TEXT("error", error.what));
	lp_log(LP_LOG_INFO, "changed files are in use now", LP_TEXT("configuration", session->config.file),
	       LP_INT("rules", server->service.catalogue->count));
}

void lp_serve_reload(struct lp_server *server, bool asked)
{
	uint64_t mark = lp_mark_files(&server->session->config);
	struct candidate candidate = { .session = { .overrides = server->session->overrides } };
	struct lp_error error = { 0 };
	/* What was refused is looked at again when it has changed again. */
	if (!asked && (mark == server->mark || mark == server->refused_mark))
		return;
	lp_notify_reloading();
	if (prepare(server, &candidate, &error)) {
		take(server, &candidate);
		server->mark = lp_mark_files(&server->session->config);
		server->refused_mark = 0;
	} else {
		/* Where only the store could not be asked, the next minute asks again. */
		bool later = error.exit == LP_EXIT_TEMPORARY || error.exit == LP_EXIT_UNAVAILABLE;
		refuse(server, &candidate, &error);
		server->refused_mark = later ? 0 : mark;
	}
	lp_notify("READY=1");
}
