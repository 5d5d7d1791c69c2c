/* What a static program has to settle with its host before it does anything. */
#ifndef LP_COMMAND_HOST_H
#define LP_COMMAND_HOST_H

/* First thing in main(). */
void lp_host_prepare(void);
/* Nothing else gets the numbers of standard input, output and error where these are closed.  Python has its own way. */
void lp_host_hold_streams(void);

#endif
