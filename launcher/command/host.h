/* What a static program has to settle with its host before it does anything. */
#ifndef LP_COMMAND_HOST_H
#define LP_COMMAND_HOST_H

/* First thing in main(). */
void lp_host_prepare(void);

#endif
