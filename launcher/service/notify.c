/* See notify.h. */
#include "service/notify.h"

#include "model/clock.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void lp_notify(const char *lines)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = path == NULL ? 0 : strlen(path);
	if (length < 2 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(address.sun_path, path, length);
	/* An abstract name begins with NUL, which the variable cannot have. */
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (descriptor < 0)
		return;
	(void)sendto(descriptor, lines, strlen(lines), MSG_NOSIGNAL, (const struct sockaddr *)&address,
	             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
	close(descriptor);
}

void lp_notify_reloading(void)
{
	char lines[64];
	snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)lp_monotonic() / 1000);
	lp_notify(lines);
}

int64_t lp_notify_watchdog(void)
{
	const char *interval = getenv("WATCHDOG_USEC"), *process = getenv("WATCHDOG_PID");
	if (interval == NULL || (process != NULL && strtoll(process, NULL, 10) != getpid()))
		return 0;
	/* Twice in the time that systemd waits, as it advises. */
	long long microseconds = strtoll(interval, NULL, 10);
	return microseconds > 0 ? microseconds * 500 : 0;
}
