/* A question to a server of ours, over a connection of its own: see web.h. */
#include "web/address.h"
#include "web/web.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE = 5, ANSWER_MOST = 1 << 20 }; /* seconds, bytes */

static bool fail(const char *address, struct lp_error *error)
{
	return lp_fail_errno(error, LP_EXIT_TEMPORARY, errno == EAGAIN ? ETIMEDOUT : errno, "nobody answers at %s",
	                     address);
}

static bool exchange(int socket, const char *path, struct lp_text *answer)
{
	char question[512], piece[4096];
	int length = snprintf(question, sizeof question, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path);
	ssize_t got;
	if (send(socket, question, (size_t)length, MSG_NOSIGNAL) != length)
		return false;
	while ((got = recv(socket, piece, sizeof piece, 0)) > 0 && answer->length < ANSWER_MOST)
		lp_text_add(answer, piece, (size_t)got);
	return got >= 0;
}

bool lp_web_ask(const char *address, const char *path, int *status, struct lp_text *body, struct lp_error *error)
{
	const struct timeval patience = { .tv_sec = PATIENCE };
	struct sockaddr_storage where;
	struct lp_text answer = { 0 };
	socklen_t length;
	if (!lp_web_address_parse(address, &where, &length))
		return lp_fail(error, LP_EXIT_CONFIGURATION, "%s is no address to listen at", address);
	int connection = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = connection >= 0 && setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
	          setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
	          connect(connection, (const struct sockaddr *)&where, length) == 0 &&
	          exchange(connection, path, &answer);
	if (!ok)
		(void)fail(address, error);
	if (connection >= 0)
		close(connection);
	/* "HTTP/1.0 200 OK", headers, an empty line. */
	const char *text = answer.length == 0 ? "" : answer.data, *end = strstr(text, "\r\n\r\n");
	if (ok && (end == NULL || sscanf(text, "HTTP/%*d.%*d %d", status) != 1))
		ok = lp_fail(error, LP_EXIT_TEMPORARY, "what answers at %s is not HTTP", address);
	if (ok)
		lp_text_add(body, end + 4, strlen(end + 4));
	lp_text_free(&answer);
	return ok;
}
