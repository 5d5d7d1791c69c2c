/* See serve_access.h. */
#include "command/serve_access.h"

#include <string.h>
/*
 * A page of another site that a browser of this machine shows could have its name
 * lead here, and read what is answered; but then the request names that site.
 */
static bool is_asked_here(const char *host)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };
	for (size_t i = 0; host != NULL && i < sizeof names / sizeof *names; i++) {
		size_t length = strlen(names[i]);
		if (strncasecmp(host, names[i], length) == 0 && (host[length] == '\0' || host[length] == ':'))
			return true;
	}
	return false;
}

static void refuse(struct lp_web_reply *reply, const char *why)
{
	reply->status = 403;
	lp_text_addf(&reply->body, "%s\n", why);
}

bool lp_access_check(bool local, const struct lp_web_request *request, struct lp_web_reply *reply)
{
	if (!local)
		refuse(reply, "the page is shown to this machine only: have `serve` listen at 127.0.0.1 or [::1]");
	else if (!is_asked_here(request->host))
		refuse(reply,
		       "the page is at localhost, 127.0.0.1 or [::1]: a proxy has to ask for it by one of these names");
	else
		return true;
	return false;
}
