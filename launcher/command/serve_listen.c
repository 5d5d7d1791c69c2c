/* Where `serve` answers HTTP: see serve.h. */
#include "command/serve.h"

#include "observe/observe.h"

#include <string.h>

bool lp_serve_listen(struct lp_server *server, struct lp_error *error)
{
	const struct lp_config *config = &server->session->config;
	const char *wanted = server->listen != NULL ? server->listen : config->listen;
	bool asked = wanted != NULL;
	lp_board_set_patience(&server->board, config->statement_timeout, config->connect_timeout);
	if (!asked)
		wanted = LP_LISTEN_USUAL;
	if (server->web != NULL && strcmp(lp_web_address(server->web), wanted) == 0)
		return true;
	lp_web_stop(server->web);
	server->web = NULL;
	if (strcmp(wanted, "off") == 0)
		return true;
	if (lp_web_start(wanted, lp_board_answer, &server->board, &server->web, error)) {
		lp_log(LP_LOG_INFO, "listening", LP_TEXT("address", lp_web_address(server->web)));
		return true;
	}
	if (asked)
		return false;
	/* Another `serve` of this machine, perhaps, for another store. */
	lp_log(LP_LOG_WARNING,
	       "nobody is answered: the usual address is taken, and the setting `listen` names no other",
	       LP_TEXT("error", error->what));
	return true;
}
