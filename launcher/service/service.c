/* See service.h. */
#include "service/service.h"

#include "model/clock.h"
#include "model/embedded.h"
#include "service/rule_options.h"
#include "service/stop.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Logs the rules that do not load, in each run: their calculations fail until the file is mended. */
void lp_service_log_problems(const struct lp_problems *problems)
{
	for (uint32_t at = 0; at < problems->count; at++) {
		const struct lp_problem *problem = &problems->items[at];
		lp_log(LP_LOG_WARNING, "a rule does not load: its calculations fail", LP_TEXT("file", problem->file),
		       LP_INT("line", problem->line), LP_TEXT("reason", problem->what));
	}
	if (problems->left_out > 0)
		lp_log(LP_LOG_WARNING, "more rules do not load; `local-processing check` lists them",
		       LP_INT("problems", problems->left_out));
}

/* Only somebody who knows the table can say that nothing comes late, or does not matter. */
static void log_unsaid_late(const struct lp_mappings *mappings)
{
	for (size_t i = 0; i < mappings->count; i++) {
		const struct lp_mapping *mapping = &mappings->items[i];
		if (mapping->late == LP_LATE_UNSAID && strcmp(mapping->name, LP_RESULTS_TABLE) != 0)
			lp_log(LP_LOG_WARNING,
			       mapping->database != NULL || mapping->query != NULL
			               ? "rows that come late into a query or another database are not followed: `late: "
			                 "ignored` in its description says that this is meant"
			               : "rows that come late into a table are not followed: `late` in its description says "
			                 "how to (docs/tables.md), `late: ignored` says that this is meant",
			       LP_TEXT("table", mapping->table), LP_TEXT("described_by", mapping->name));
	}
}

static void make_rules(struct lp_service *service)
{
	if (service->rules != NULL)
		return;
	const struct lp_process_options options = lp_rule_options(&service->session->config);
	service->rules = lp_rule_server_new(&options);
}

bool lp_service_load(struct lp_service *service, struct lp_problems *problems, struct lp_error *error)
{
	struct lp_arena_source *memory;
	make_rules(service);
	/* Memory is asked for first: the processes that import the rules also compute with them. */
	return lp_rule_server_memory(service->rules, &memory, error) &&
	       lp_rule_server_catalogue(service->rules, &lp_stop, &service->catalogue, problems, error);
}

/*
 * Imports the rules, now that something is due. Signals are handled from here on;
 * before, ending at once could lose nothing.
 */
static bool prepare(void *context, struct lp_error *error)
{
	struct lp_service *service = context;
	struct lp_problems problems = { 0 };
	if (service->catalogue != NULL)
		return true;
	lp_stop_catch_signals();
	log_unsaid_late(&service->session->config.mappings);
	bool loaded = lp_service_load(service, &problems, error);
	lp_service_log_problems(&problems);
	lp_problems_free(&problems);
	return loaded;
}

struct outdated_count {
	const char *rule; /* NULL: of all rules */
	uint64_t calculations;
};

static bool count_outdated(void *context, const struct lp_outdated *outdated, struct lp_error *error)
{
	struct outdated_count *count = context;
	(void)error;
	count->calculations += count->rule == NULL || strcmp(outdated->rule, count->rule) == 0;
	return true;
}

bool lp_service_count_outdated(struct lp_store *store, const char *rule, uint64_t *calculations, struct lp_error *error)
{
	struct outdated_count count = { .rule = rule };
	bool ok = lp_store_each_outdated(store, count_outdated, &count, error);
	*calculations = count.calculations;
	return ok;
}

/* Stored results were computed by the version before, and stay until they are computed again on request. */
static bool log_changed_rule(void *context, const struct lp_rule_version *version, struct lp_error *error)
{
	uint64_t calculations;
	if (!lp_service_count_outdated(context, version->rule, &calculations, error))
		return false;
	if (calculations > 0)
		lp_log(LP_LOG_WARNING, "a rule is not what it was: what is stored was computed by the one before",
		       LP_TEXT("rule", version->rule), LP_TEXT("version", version->version),
		       LP_TEXT("before", version->before), LP_INT("calculations", (int64_t)calculations),
		       LP_TEXT("again", LP_OUTDATED_COMMAND));
	return true;
}

static bool note_rules(void *context, struct lp_store *store, const struct lp_run *run, struct lp_error *error)
{
	const struct lp_service *service = context;
	const struct lp_rule_catalogue *catalogue = service->catalogue;
	struct lp_rule_version *versions;
	bool ok;
	if (catalogue == NULL || catalogue->count == 0)
		return true;
	versions = lp_reallocate(NULL, catalogue->count, sizeof *versions);
	for (size_t i = 0; i < catalogue->count; i++)
		versions[i] = (struct lp_rule_version){ .rule = catalogue->rules[i].name,
			                                .version = catalogue->rules[i].version };
	ok = lp_store_note_rules(store, run,
	                         &(const struct lp_rule_versions){ .items = versions, .count = catalogue->count },
	                         log_changed_rule, store, error);
	free(versions);
	return ok;
}

/* Counts the rules that are not what they were at the last run. */
static bool find_changed(const struct lp_service *service, size_t *changed, struct lp_error *error)
{
	const struct lp_rule_catalogue *catalogue = service->catalogue;
	struct lp_arena arena = { 0 };
	bool ok = true;
	*changed = 0;
	for (size_t i = 0; i < catalogue->count && ok; i++) {
		const char *version;
		lp_arena_empty(&arena);
		ok = lp_store_rule_version(service->session->store, catalogue->rules[i].name, INT64_MAX, &arena,
		                           &version, error);
		*changed += ok && version != NULL && strcmp(version, catalogue->rules[i].version) != 0;
	}
	lp_arena_free(&arena);
	return ok;
}

bool lp_service_note_rules(struct lp_service *service, bool note, size_t *changed, struct lp_error *error)
{
	struct lp_store *store = service->session->store;
	struct lp_run run = lp_service_new_run(service, LP_RUN_BACKFILL, lp_now() / LP_MINUTE * LP_MINUTE);
	if (!prepare(service, error) || !find_changed(service, changed, error))
		return false;
	if (*changed == 0 || !note)
		return true;
	/* A rule's version is stored with the run from which on it holds. */
	run.started = lp_now();
	if (!lp_store_begin_run(store, &run, error) || !note_rules(service, store, &run, error))
		return false;
	run.ended = lp_now();
	run.result = "done";
	return lp_store_end_run(store, &run, error);
}

struct lp_pipeline_options lp_service_options(struct lp_service *service, uint32_t workers)
{
	const struct lp_config *config = &service->session->config;
	make_rules(service);
	return (struct lp_pipeline_options){
		.store = service->session->store_options,
		.kept = service->kept,
		.workers = workers > 0 ? (int)workers : config->workers,
		.fetchers = config->fetchers,
		.committers = config->committers,
		.catch_up = (uint32_t)config->catch_up,
		.recompute_within = config->recompute_within,
		.breaker_failures = config->breaker_failures,
		.shadow_within = config->shadow_within,
		.rules = service->rules,
		.begun = note_rules,
		.begun_context = service,
		.retry = { .max_attempts = config->max_attempts,
		           .first_delay = config->retry_first_delay,
		           .longest_delay = config->retry_longest_delay },
		.prepare = prepare,
		.prepare_context = service,
	};
}

bool lp_service_check_clock(const struct lp_session *session, struct lp_error *error)
{
	char now[40], earliest[40];
	lp_time current = lp_now();
	if (!lp_clock_is_behind(current))
		return true;
	lp_time_format(current / LP_SECOND * LP_SECOND, session->zone, now);
	lp_time_format(lp_clock_earliest(), session->zone, earliest);
	lp_fail(error, LP_EXIT_TEMPORARY, "the clock says %s, and this program was written at %s: it is not set yet",
	        now, earliest);
	return lp_hint(error, "Set the clock, or wait until an NTP client has; the next run does what is due then. "
	                      "`run --at TIME` works for another minute.");
}

struct lp_run lp_service_new_run(struct lp_service *service, enum lp_run_kind kind, lp_time tick)
{
	const struct lp_embedded *version = lp_embedded_find("version");
	assert(version != NULL);
	(void)gethostname(service->host, sizeof service->host - 1);
	return (struct lp_run){ .kind = kind,
		                .tick = tick,
		                .host = service->host,
		                .process = getpid(),
		                .program_version = (const char *)version->data };
}

void lp_service_end(struct lp_service *service)
{
	if (!service->session->left_behind)
		lp_rule_server_free(service->rules);
	else if (service->rules != NULL)
		lp_rule_server_stop(service->rules);
}
