/* See stop.h. */
#include "service/stop.h"

#include <signal.h>
#include <stddef.h>

/* The only thing that the handler touches. */
volatile int lp_stop;

static void on_signal(int number)
{
	(void)number;
	lp_stop = 1;
}

void lp_stop_catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	/* A second Ctrl-C ends the process: a person in front of the terminal does not have to wait five seconds. */
	action.sa_flags |= (int)SA_RESETHAND;
	sigaction(SIGINT, &action, NULL);
}
