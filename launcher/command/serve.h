/*
 * What the files of `serve` share. serve.c has the verb and its clock,
 * serve_run.c one minute, serve_reload.c what happens when files have changed.
 *
 * All of it runs in the main thread. Between two runs there is no other thread of
 * a run, so that everything may be exchanged there.
 */
#ifndef LP_COMMAND_SERVE_H
#define LP_COMMAND_SERVE_H

#include "command/figures.h"
#include "command/on_failure.h"
#include "command/serve_board.h"
#include "command/serve_inquiries.h"
#include "command/serve_page.h"
#include "service/service.h"

struct lp_server {
	struct lp_board board;          /* what the thread of HTTP may see */
	struct lp_side side;            /* of the threads that read the store for who asks */
	struct lp_page *page;           /* NULL: there is none */
	struct lp_inquiries *inquiries; /* NULL: as above */
	struct lp_web *web;             /* NULL: nobody is answered */
	bool local;                     /* it listens to this machine alone */
	struct lp_session *session;     /* the present one; a reload replaces what is in it */
	struct lp_service service;      /* with the rules of the present session */
	struct lp_kept_stores *kept;
	struct lp_figures figures;
	bool file_told;              /* that the file cannot be written */
	struct lp_call call;         /* of that command */
	uint32_t workers;            /* of the command line; 0: the configuration's */
	uint64_t mark, refused_mark; /* of the files in use, and of those that were refused; 0: none were */
	uint64_t store_mark;         /* of the file of the store, if it is one */
	struct lp_problems problems; /* of the rules in use */
	enum lp_exit trouble;        /* the kind of what keeps runs from working, which was told; LP_EXIT_OK: nothing */
	int64_t trouble_since;       /* monotonic */
	int64_t try_again_at;        /* monotonic: the next try after trouble; 0: there is none */
	int64_t watchdog, watchdog_fed; /* how often systemd wants to hear of this process; when it last did */
	int64_t run_began;              /* monotonic, of the run under way or the last one */
	int64_t run_took;               /* nanoseconds, of the last one */
	bool long_run_told;
};

/* serve_run.c */

/* Opens the store if it is not open. */
bool lp_serve_open_store(struct lp_server *server, struct lp_error *error) LP_MUST_CHECK;
/* Closes everything that is connected to the store. */
void lp_serve_drop_store(struct lp_server *server);
/* Imports the rules, for the first time or for a server that has ended. */
bool lp_serve_load_rules(struct lp_server *server, struct lp_error *error) LP_MUST_CHECK;
/* Does the run of a minute. What goes wrong is told and tried again. */
void lp_serve_run(struct lp_server *server, lp_time tick);
/* Tells what keeps runs from working, if it was not told already. */
void lp_serve_tell_trouble(struct lp_server *server, const struct lp_error *error);
/* Says to whoever watches this process that it works. */
void lp_serve_beat(struct lp_server *server);

/* serve_figures.c: gives out the figures, after a run and at the beginning. */
void lp_serve_publish(struct lp_server *server);

/* serve_listen.c: listens where the configuration or the command line says; does nothing if it does already. */
bool lp_serve_listen(struct lp_server *server, struct lp_error *error) LP_MUST_CHECK;

/* serve_reload.c: reads configuration and rules anew if their files have changed, or asked is true. */
void lp_serve_reload(struct lp_server *server, bool asked);

#endif
