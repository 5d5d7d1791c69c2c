/* See session.h. */
#include "service/session.h"

#include "model/memory.h"
#include "text/names.h"
#include <stdlib.h>

static bool set_log(const struct lp_overrides *overrides, struct lp_config *config, struct lp_error *error)
{
	size_t level = config->log_level, format = config->log_format;
	if (overrides->log_level != NULL && !lp_word_find(overrides->log_level, lp_log_levels, LP_LOG_LEVELS, &level))
		return lp_fail(error, LP_EXIT_USAGE, "--log-level %s: expected " LP_LOG_LEVEL_WORDS,
		               overrides->log_level);
	if (overrides->log_format != NULL &&
	    !lp_word_find(overrides->log_format, lp_log_formats, LP_LOG_FORMATS, &format))
		return lp_fail(error, LP_EXIT_USAGE, "--log-format %s: expected " LP_LOG_FORMAT_WORDS,
		               overrides->log_format);
	config->log_level = (enum lp_log_level)level;
	config->log_format = (enum lp_log_format)format;
	lp_log_set(config->log_format, config->log_level);
	return true;
}

static bool check_listen(const char *listen, struct lp_error *error)
{
	return listen == NULL || lp_config_can_listen(listen) ||
	       lp_fail(error, LP_EXIT_USAGE, "--listen %s: expected ADDRESS:PORT, or off", listen);
}

static void override(char **setting, const char *value)
{
	if (value == NULL)
		return;
	free(*setting);
	*setting = lp_copy_text(value);
}

static bool set_up(struct lp_session *session, struct lp_error *error)
{
	struct lp_config *config = &session->config;
	if (!set_log(session->overrides, config, error) || !check_listen(session->overrides->listen, error))
		return false;
	override(&config->store, session->overrides->store);
	override(&config->time_zone, session->overrides->time_zone);
	override(&config->listen, session->overrides->listen);
	override(&config->on_failure, session->overrides->on_failure);
	override(&config->metrics_file, session->overrides->metrics_file);
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
	/* The file's zone was checked when it was read, so this one was given as an option. */
	error->exit = LP_EXIT_USAGE;
	return lp_fail_within(error, "--time-zone %s", config->time_zone);
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
