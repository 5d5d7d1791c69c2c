/* The signals that ask a process to end: SIGTERM and SIGINT set one flag, which a run looks at. */
#ifndef LP_SERVICE_STOP_H
#define LP_SERVICE_STOP_H

/* From now on they set the flag, instead of ending the process.  A second SIGINT ends it at once. */
void lp_stop_catch_signals(void);
/* Not 0: the process is asked to end. */
extern volatile int lp_stop;

#endif
