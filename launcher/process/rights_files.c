/*
 * The files that rules can open: Landlock.  It does not check who looks at names
 * and sizes (stat), nor who changes owners, modes and times of files; the filter
 * of calls refuses the latter.
 *
 * Runs in the rule server, in its only thread.
 */
#include "process/rights_limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As in linux/landlock.h of Linux 6.12, because the headers of the build can be older than the kernel. */
enum {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIRECTORY = 1 << 3,
	REMOVE_DIRECTORY = 1 << 4,
	REMOVE_FILE = 1 << 5,
	MAKE_DIRECTORY = 1 << 7,
	MAKE_FILE = 1 << 8,
	MAKE_LINK = 1 << 12,
	REFER = 1 << 13,    /* ABI 2 */
	TRUNCATE = 1 << 14, /* ABI 3 */
	IOCTL_DEVICE = 1 << 15,

	ALL_OF_1 = (1 << 13) - 1,
	OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE,
	READ = READ_FILE | READ_DIRECTORY,
	/* No devices, sockets or FIFOs are made. */
	WRITE = READ | WRITE_FILE | TRUNCATE | REMOVE_DIRECTORY | REMOVE_FILE | MAKE_DIRECTORY | MAKE_FILE | MAKE_LINK |
	        REFER,

	BIND_AND_CONNECT = 3,             /* ABI 4 */
	ABSTRACT_SOCKETS_AND_SIGNALS = 3, /* ABI 6 */

	VERSION = 1,
	PATH_BENEATH = 1,
};

/* Files that libc reads by itself, and whose silent lack would change what a rule computes. */
static const struct {
	const char *path;
	uint64_t rights;
	bool network; /* needed only with network */
} common[] = {
	{ "/dev/null", READ_FILE | WRITE_FILE | TRUNCATE, false },
	{ "/dev/urandom", READ_FILE, false },
	{ "/etc/localtime", READ_FILE, false },
	{ "/usr/share/zoneinfo", READ, false },
	{ "/etc/resolv.conf", READ_FILE, true },
	{ "/etc/hosts", READ_FILE, true },
	{ "/etc/nsswitch.conf", READ_FILE, true },
	{ "/etc/host.conf", READ_FILE, true },
	{ "/etc/gai.conf", READ_FILE, true },
	{ "/etc/services", READ_FILE, true },
	{ "/etc/protocols", READ_FILE, true },
	/* Certificates of authorities: of Debian and its like, Fedora's, openSUSE's, Alpine's. */
	{ "/etc/ssl/certs", READ, true },
	{ "/etc/ssl/cert.pem", READ_FILE, true },
	{ "/etc/ssl/ca-bundle.pem", READ_FILE, true },
	{ "/etc/pki/tls/certs", READ, true },
	{ "/etc/pki/ca-trust/extracted", READ, true },
	{ "/usr/share/ca-certificates", READ, true },
	{ "/usr/local/share/ca-certificates", READ, true },
	{ "/var/lib/ca-certificates", READ, true },
};

struct ruleset_attributes {
	uint64_t files, network, scoped;
};

/* Packed, as in linux/landlock.h. */
struct path_attributes {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

struct ruleset {
	int descriptor;
	uint64_t files; /* the rights that the kernel knows */
};

int lp_landlock_probe(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, VERSION);

	return version > 0 ? (int)version : 0;
}

/* Lists all that this version of Landlock can limit: what is listed is refused, unless a rule of it allows it. */
static struct ruleset_attributes list_limits(const struct lp_rights *rights, int version)
{
	return (struct ruleset_attributes){
		.files = (uint64_t)ALL_OF_1 | (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0) |
		         (version >= 5 ? IOCTL_DEVICE : 0),
		.network = version >= 4 && !rights->network ? BIND_AND_CONNECT : 0,
		.scoped = version >= 6 ? ABSTRACT_SOCKETS_AND_SIGNALS : 0,
	};
}

static bool add_descriptor(const struct ruleset *ruleset, int descriptor, uint64_t rights)
{
	struct stat status;
	struct path_attributes path = { .allowed = rights & ruleset->files, .parent = descriptor };

	if (fstat(descriptor, &status) != 0)
		return false;
	if (!S_ISDIR(status.st_mode))
		path.allowed &= OF_FILES;
	return syscall(SYS_landlock_add_rule, ruleset->descriptor, PATH_BENEATH, &path, 0) == 0;
}

/* Allows these rights to a file, or to all below a directory. */
static bool add(const struct ruleset *ruleset, const char *path, uint64_t rights, struct lp_error *error)
{
	int descriptor = open(path, O_PATH | O_CLOEXEC);
	bool added = descriptor >= 0 && add_descriptor(ruleset, descriptor, rights);

	if (!added)
		lp_fail_errno(error, LP_EXIT_CONFIGURATION, errno, "cannot let rules open %s", path);
	if (descriptor >= 0)
		close(descriptor);
	return added;
}

static bool add_list(const struct ruleset *ruleset, const char *const *paths, size_t count, uint64_t rights,
                     struct lp_error *error)
{
	for (size_t i = 0; i < count; i++)
		if (!add(ruleset, paths[i], rights, error))
			return lp_fail_within(error, "rules_may");
	return true;
}

static void add_common(const struct ruleset *ruleset, bool network)
{
	struct lp_error ignored; /* few systems have all of these files */

	for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
		if (network || !common[i].network)
			(void)!add(ruleset, common[i].path, common[i].rights, &ignored);
}

static bool add_all(const struct ruleset *ruleset, const struct lp_rights *rights, const char *rules_directory,
                    const char *tzdata, struct lp_error *error)
{
	add_common(ruleset, rights->network);
	if (rules_directory != NULL && !add(ruleset, rules_directory, READ, error))
		return false;
	if (tzdata != NULL && !add(ruleset, tzdata, READ, error))
		return false;
	return add_list(ruleset, rights->read, rights->read_count, READ, error) &&
	       add_list(ruleset, rights->write, rights->write_count, WRITE, error);
}

const uint64_t lp_landlock_read = READ;

bool lp_landlock_list(const struct lp_rights *rights, int version, const char *rules_directory, const char *tzdata,
                      int *files, struct lp_error *error)
{
	struct ruleset_attributes attributes = list_limits(rights, version);
	struct ruleset ruleset = { .files = attributes.files };

	/* An older kernel does not know the last fields, and accepts zeros there. */
	ruleset.descriptor = (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
	if (ruleset.descriptor < 0)
		return lp_fail_errno(error, LP_EXIT_INTERNAL, errno, "cannot limit the files of rules");
	*files = ruleset.descriptor;
	if (add_all(&ruleset, rights, rules_directory, tzdata, error))
		return true;
	close(ruleset.descriptor);
	return false;
}

bool lp_landlock_limit(const struct lp_rights *rights, int version, const char *rules_directory, const char *tzdata,
                       struct lp_error *error)
{
	bool limited = true;
	int files;

	if (!lp_landlock_list(rights, version, rules_directory, tzdata, &files, error))
		return false;
	if (syscall(SYS_landlock_restrict_self, files, 0) != 0)
		limited = lp_fail_errno(error, LP_EXIT_INTERNAL, errno, "cannot limit the files of rules");
	close(files);
	return limited;
}
