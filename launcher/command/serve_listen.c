/* Where `serve` answers HTTP: see serve.h. */
#include "command/serve.h"

#include "command/serve_access.h"
#include "observe/observe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Runs in the thread of HTTP: of the server, only what does not change while that listens. */
static bool answer(void *context, const struct lp_web_request *request, struct lp_web_reply *reply)
{
	struct lp_server *server = context;
	if (lp_board_answer(&server->board, request, reply))
		return true;
	if (!lp_access_check(server->local, request, reply))
		return true;
	return lp_page_answer(server->page, lp_board_last_run(&server->board), request, reply) ||
	       lp_inquiries_answer(server->inquiries, request, reply);
}

static bool is_local(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]:", 6) == 0;
}

enum { TOKEN_MOST = 1024 };

static bool read_token(struct lp_server *server, const char *address, struct lp_error *error)
{
	const char *path = server->session->config.token_file;
	char token[TOKEN_MOST + 1];
	size_t length = 0;
	if (path != NULL) {
		FILE *file = fopen(path, "re");
		if (file == NULL)
			return lp_fail_errno(error, LP_EXIT_CONFIGURATION, errno, "cannot read the token in %s", path);
		length = fread(token, 1, TOKEN_MOST, file);
		(void)fclose(file);
		while (length > 0 && strchr(" \t\r\n", token[length - 1]) != NULL)
			length--;
		if (length == 0)
			return lp_fail(error, LP_EXIT_CONFIGURATION, "%s has no token in it", path);
	}
	token[length] = '\0';
	lp_board_set_token(&server->board, path == NULL ? NULL : lp_copy_text(token), !is_local(address));
	return true;
}

bool lp_serve_listen(struct lp_server *server, struct lp_error *error)
{
	const struct lp_config *config = &server->session->config;
	bool asked = config->listen != NULL;
	const char *wanted = asked ? config->listen : LP_LISTEN_USUAL;
	lp_side_set(&server->side, server->session);
	lp_page_renew(server->page);
	if (!read_token(server, wanted, error))
		return false;
	lp_board_set_patience(&server->board, config->statement_timeout, config->connect_timeout);
	if (server->web != NULL && strcmp(lp_web_address(server->web), wanted) == 0)
		return true;
	lp_web_stop(server->web);
	server->web = NULL;
	if (strcmp(wanted, "off") == 0)
		return true;
	server->local = is_local(wanted);
	if (server->page == NULL)
		server->page = lp_page_start(&server->side);
	if (server->inquiries == NULL)
		server->inquiries = lp_inquiries_start(&server->side);
	if (lp_web_start(wanted, answer, server, &server->web, error)) {
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
