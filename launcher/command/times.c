/* See times.h. */
#include "command/times.h"

#include "model/clock.h"

bool lp_option_time(const char *option, const char *text, const struct lp_zone *zone, lp_time *t,
                    struct lp_error *error)
{
	*t = LP_TIME_NONE;
	if (text == NULL || lp_time_parse(text, zone, t, error))
		return true;
	error->exit = LP_EXIT_USAGE;
	return lp_fail_within(error, "%s", option);
}

bool lp_option_range(const char *from_text, const char *to_text, const struct lp_zone *zone, lp_time *from, lp_time *to,
                     struct lp_error *error)
{
	if (!lp_option_time("--from", from_text, zone, from, error) ||
	    !lp_option_time("--to", to_text, zone, to, error))
		return false;
	return from_text == NULL || to_text == NULL || *from < *to ||
	       lp_fail(error, LP_EXIT_USAGE, "--to has to be after --from");
}

bool lp_option_tick(const char *at, const struct lp_session *session, lp_time *tick, struct lp_error *error)
{
	lp_time current = lp_now(), wanted = current;
	if (at == NULL && !lp_service_check_clock(session, error))
		return false;
	if (at != NULL && !lp_option_time("--at", at, session->zone, &wanted, error))
		return false;
	lp_time into = wanted % LP_MINUTE;
	*tick = wanted - (into < 0 ? into + LP_MINUTE : into);
	if (at != NULL && *tick != wanted)
		lp_log(LP_LOG_INFO, "a run works for a whole minute", LP_TEXT("at", at), LP_WHEN("tick", *tick));
	if (*tick > current)
		lp_log(LP_LOG_WARNING,
		       "the minute lies ahead: windows are computed without the samples they are still to get, "
		       "and again when these are there",
		       LP_WHEN("tick", *tick));
	return true;
}
