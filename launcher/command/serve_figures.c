/* The figures that `serve` gives out: see serve.h. */
#include "command/serve.h"

#include "observe/observe.h"

static void write_file(struct lp_server *server, const char *path)
{
	struct lp_error error;
	bool written = lp_figures_write_file(&server->figures, &server->service, path, &error);
	if (!written && !server->file_told)
		lp_log(LP_LOG_WARNING, "there are no new figures, until the file can be written",
		       LP_TEXT("error", error.what));
	server->file_told = !written;
}

void lp_serve_publish(struct lp_server *server)
{
	const char *path = server->session->config.metrics_file;
	struct lp_text plain = { 0 }, open = { 0 };
	if (server->session->store != NULL && (path != NULL || lp_board_is_watched(&server->board)))
		lp_figures_read_store(&server->figures, server->session->store);
	else
		server->figures.has_store = false;
	lp_figures_write(&server->figures, &server->service, false, &plain);
	lp_figures_write(&server->figures, &server->service, true, &open);
	lp_board_set_metrics(&server->board, plain, open);
	if (path != NULL)
		write_file(server, path);
}
