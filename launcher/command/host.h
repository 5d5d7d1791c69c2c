/* What a static program has to settle with its host before it does anything. */
#ifndef LP_COMMAND_HOST_H
#define LP_COMMAND_HOST_H

/* First thing in main(). */
void lp_host_prepare(void);
/*
 * Keeps the numbers of standard input, output and error from being given to
 * anything else where they are closed. Python has its own way.
 */
void lp_host_hold_streams(void);

#endif
