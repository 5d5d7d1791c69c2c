/* See session.h. */
#include "service/session.h"

#include <stddef.h>

/* What is given in place of the configuration's settings. */
static const struct {
	const char *setting, *option;
	size_t field; /* of struct lp_overrides */
} given[] = {
	{ "store", "--store", offsetof(struct lp_overrides, store) },
	{ "time_zone", "--time-zone", offsetof(struct lp_overrides, time_zone) },
	{ "log.format", "--log-format", offsetof(struct lp_overrides, log_format) },
	{ "log.level", "--log-level", offsetof(struct lp_overrides, log_level) },
	{ "listen", "--listen", offsetof(struct lp_overrides, listen) },
	{ "on_failure", "--on-failure", offsetof(struct lp_overrides, on_failure) },
	{ "metrics_file", "--metrics-file", offsetof(struct lp_overrides, metrics_file) },
};

static bool override(const struct lp_overrides *overrides, struct lp_config *config, struct lp_error *error)
{
	bool ok = true;
	for (size_t i = 0; ok && i < sizeof given / sizeof given[0]; i++) {
		const char *const *value = (const char *const *)((const char *)overrides + given[i].field);
		ok = lp_config_override(config, given[i].setting, given[i].option, *value, error);
	}
	return ok;
}

static bool set_up(struct lp_session *session, struct lp_error *error)
{
	struct lp_config *config = &session->config;
	bool ok = override(session->overrides, config, error);
	lp_log_set(config->log_format, config->log_level);
	if (!ok)
		return false;
	session->store_options = (struct lp_store_options){
		.address = config->store,
		.prepare = config->prepared_statements,
		.connect_timeout = config->connect_timeout,
		.statement_timeout = config->statement_timeout,
		.application_name = "local-processing",
		.mappings = &config->mappings,
	};
	lp_zone_set_directory(config->tzdata);
	if (lp_zone_find(config->time_zone, &session->zone, error))
		return true;
	/* With time zone data of the user's, the configuration's is looked up here for the first time. */
	bool given_here = session->overrides->time_zone != NULL;
	error->exit = given_here ? LP_EXIT_USAGE : LP_EXIT_CONFIGURATION;
	return lp_fail_within(error, "%s %s", given_here ? "--time-zone" : "the setting time_zone", config->time_zone);
}

bool lp_session_load(struct lp_session *session, struct lp_problems *problems, struct lp_error *error)
{
	const struct lp_overrides *overrides = session->overrides;
	struct lp_error worse;
	if (lp_config_load(overrides->config, overrides->store != NULL, &session->config, problems, error))
		return set_up(session, error);
	if (!set_up(session, &worse) && !lp_zone_find("UTC", &session->zone, &worse))
		*error = worse;
	return false;
}

bool lp_session_open_store(struct lp_session *session, struct lp_error *error)
{
	return lp_store_open(&session->store_options, &session->store, error);
}

void lp_session_close(struct lp_session *session)
{
	lp_store_close(session->store);
	lp_config_free(&session->config);
	*session = (struct lp_session){ .overrides = session->overrides };
}
