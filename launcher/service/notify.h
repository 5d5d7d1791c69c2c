/*
 * What systemd wants to know of a service (Type=notify), by its own protocol: a
 * datagram to the socket that NOTIFY_SOCKET names. Without one, nothing is sent.
 */
#ifndef LP_SERVICE_NOTIFY_H
#define LP_SERVICE_NOTIFY_H

#include <stdint.h>

/* Sends lines such as "READY=1\nSTATUS=...". That nobody listens is no error. */
void lp_notify(const char *lines);
/* The same for the beginning of a reload, which has to say when it began. */
void lp_notify_reloading(void);
/* Returns how often systemd wants to be told that this process works, in nanoseconds; 0: it does not. */
int64_t lp_notify_watchdog(void);

#endif
