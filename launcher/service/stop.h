/*
 * The signals that ask something of a process: SIGTERM and SIGINT to end, SIGHUP
 * to read its files anew. Each sets a flag, which runs and waits look at.
 */
#ifndef LP_SERVICE_STOP_H
#define LP_SERVICE_STOP_H

/* From now on they set the flag, instead of ending the process.  A second SIGINT ends it at once. */
void lp_stop_catch_signals(void);
/* Not 0: the process is asked to end. */
extern volatile int lp_stop;

/* From now on SIGHUP sets a flag, too. */
void lp_reload_catch_signal(void);
/* Not 0: the process is asked to read its files anew. Who does so clears it. */
extern volatile int lp_reload;

/*
 * Waits until one of the flags is set, the descriptor can be read, or so many
 * milliseconds have passed. No signal is lost between a look at the flags and the
 * beginning of the wait.
 */
void lp_stop_wait(int descriptor, int milliseconds);

#endif
