/* See stop.h. */
#include "service/stop.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

/* The only things that the handlers touch. */
volatile int lp_stop, lp_reload;

static void on_signal(int number)
{
	(void)number;
	lp_stop = 1;
}

static void on_hangup(int number)
{
	(void)number;
	lp_reload = 1;
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

void lp_reload_catch_signal(void)
{
	struct sigaction action = { .sa_handler = on_hangup, .sa_flags = SA_RESTART };
	sigemptyset(&action.sa_mask);
	sigaction(SIGHUP, &action, NULL);
}

void lp_stop_wait(int descriptor, int milliseconds)
{
	struct pollfd wanted = { .fd = descriptor, .events = POLLIN };
	const struct timespec limit = { .tv_sec = milliseconds / 1000,
		                        .tv_nsec = (long)(milliseconds % 1000) * 1000000 };
	sigset_t ours, before;
	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, &before);
	if (lp_stop == 0 && lp_reload == 0)
		(void)ppoll(&wanted, 1, &limit, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}
