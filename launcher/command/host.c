/*
 * What a static program has to settle with its host: how names are looked up, and
 * who its user is. This file knows glibc, and nothing of the program.
 */
#include "command/host.h"

#include <fcntl.h>
#include <nss.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * A host's /etc/nsswitch.conf may name modules (sss, ldap, mymachines) that
 * glibc would load into this static program, built against another glibc.
 * What is built in is enough, and in an empty root it is all there is.
 */
static void pin_name_services(void)
{
	static const struct {
		const char *database, *services;
	} pins[] = {
		{ "hosts", "files dns" }, { "passwd", "files" },   { "group", "files" },
		{ "shadow", "files" },    { "services", "files" }, { "protocols", "files" },
		{ "networks", "files" },  { "netgroup", "files" }, { "initgroups", "files" },
	};

	for (size_t i = 0; i < sizeof pins / sizeof *pins; i++)
		__nss_configure_lookup(pins[i].database, pins[i].services);
}

/*
 * If a caller has closed one of the three, the next socket or database file would
 * get its number, and what is printed would go there. They are opened for reading
 * only, so that a write still fails.
 */
void lp_host_hold_streams(void)
{
	for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
		if (fcntl(stream, F_GETFD) == -1 && open("/dev/null", O_RDONLY) == -1)
			(void)open("/", O_RDONLY | O_DIRECTORY); /* an empty root */
}

void lp_host_prepare(void)
{
	const char *user;

	pin_name_services();
	/*
	 * If no user is given, libpq asks the system for the name, and gives up where a
	 * container's uid has no entry. The environment's USER serves then. The address,
	 * PGUSER and a service file go before it.
	 */
	user = getenv("USER");
	if (user != NULL && user[0] != '\0' && getpwuid(geteuid()) == NULL)
		setenv("PGUSER", user, 0);
}
