/*
 * The order of the limits matters.  no_new_privs comes first, because it allows an
 * ordinary user the others.  Landlock's files are opened before the capabilities
 * to open them are dropped.  The filter of calls comes last, because it refuses
 * the calls that set up the others.
 *
 * Runs in the rule server and in interpreter processes; lp_rights_probe_kernel,
 * lp_rights_check and lp_rights_describe in the main process too.
 */
#include "process/rights.h"

#include "process/rights_limits.h"
#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct lp_rights_kernel lp_rights_probe_kernel(void)
{
	return (struct lp_rights_kernel){ .landlock = lp_landlock_probe(), .seccomp = lp_seccomp_probe() };
}

bool lp_rights_check(const struct lp_rights *rights, const struct lp_rights_kernel *kernel, struct lp_error *error)
{
	if (kernel->landlock > 0 || (rights->read_count == 0 && rights->write_count == 0))
		return true;
	lp_fail(error, LP_EXIT_CONFIGURATION,
	        "rules_may: the lists read and write need Landlock, which this kernel does not offer here");
	return lp_hint(error, "Linux 5.13 has it, if landlock is in /sys/kernel/security/lsm (boot parameter lsm=) and "
	                      "what runs the container lets it through. Without the lists, rules read what the "
	                      "program's user may read, and write nothing.");
}

static void add_list(struct lp_text *text, const char *const *items, size_t count, const char *none)
{
	if (count == 0)
		lp_text_addf(text, "%s", none);
	for (size_t i = 0; i < count; i++)
		lp_text_addf(text, "%s%s", i == 0 ? "" : ", ", items[i]);
}

static void describe_files(const struct lp_rights *rights, struct lp_text *text)
{
	lp_text_addf(text, "rules read their own directory%s", rights->read_count == 0 ? "" : ", ");
	add_list(text, rights->read, rights->read_count, "");
	lp_text_addf(text, "; write ");
	add_list(text, rights->write, rights->write_count, "nothing");
}

bool lp_rights_describe(const struct lp_rights *rights, const struct lp_rights_kernel *kernel, struct lp_text *text)
{
	const char *network = rights->network ? "have network" : "have no network";

	if (kernel->landlock == 0 && !kernel->seccomp) {
		lp_text_addf(text, "rules do what this user may do: there is neither Landlock nor seccomp here");
	} else if (kernel->landlock == 0) {
		lp_text_addf(text,
		             "rules read what this user may read, for there is no Landlock here (Linux 5.13 and newer "
		             "have it); write nothing; %s, start no program, signal nobody (seccomp)",
		             network);
	} else if (!kernel->seccomp) {
		describe_files(rights, text);
		lp_text_addf(text,
		             " (Landlock %d); have network, start programs and signal others as this user may, for "
		             "there is no seccomp here",
		             kernel->landlock);
	} else {
		describe_files(rights, text);
		lp_text_addf(text, "; %s, start no program, signal nobody (Landlock %d, seccomp)", network,
		             kernel->landlock);
	}
	return kernel->landlock > 0 && kernel->seccomp;
}

/*
 * Returns the capabilities that stay where the program runs as root: to open files
 * of other users, because a run as root reads rules that belong to another user.
 * Landlock says which files; without it the capability ends with the import.
 */
static uint64_t kept_capabilities(const struct lp_rights *rights, bool importing)
{
	uint64_t kept = UINT64_C(1) << CAP_DAC_READ_SEARCH;

	if (rights->write_count > 0)
		kept |= UINT64_C(1) << CAP_DAC_OVERRIDE;
	return importing || lp_landlock_probe() > 0 ? kept : 0;
}

static bool drop_capabilities(uint64_t kept, struct lp_error *error)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &head, data) != 0)
		return lp_fail_errno(error, LP_EXIT_INTERNAL, errno, "cannot read the capabilities of rules");
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (uint32_t)(kept >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &head, data) != 0)
		return lp_fail_errno(error, LP_EXIT_INTERNAL, errno, "cannot drop the capabilities of rules");
	return true;
}

/*
 * Empties the set of capabilities that an executable could get back, but for those
 * that are kept.  It fails for ordinary users, which does not matter: with
 * no_new_privs no executable gives them any.
 */
static void empty_bounding_set(uint64_t kept)
{
	for (unsigned long capability = 0; capability < 64; capability++)
		if ((kept >> capability & 1) == 0 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
			break;
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

bool lp_rights_limit_server(const struct lp_rights *rights, const char *rules_directory, const char *tzdata,
                            struct lp_error *error)
{
	struct lp_rights_kernel kernel = lp_rights_probe_kernel();

	if (!lp_rights_check(rights, &kernel, error))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return lp_fail_errno(error, LP_EXIT_INTERNAL, errno, "cannot limit the rights of rules");
	/* No other process of the user may read its memory, and it leaves no core. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (kernel.landlock > 0 && !lp_landlock_limit(rights, kernel.landlock, rules_directory, tzdata, error))
		return false;
	empty_bounding_set(0);
	if (!drop_capabilities(kept_capabilities(rights, true), error))
		return false;
	return !kernel.seccomp || lp_seccomp_limit_server(rights, kernel.landlock, error);
}

bool lp_rights_hand_over(const struct lp_rights *rights, const char *rules_directory, const char *tzdata,
                         struct lp_rights_handover *handover, struct lp_error *error)
{
	struct lp_rights_kernel kernel = lp_rights_probe_kernel();

	*handover = (struct lp_rights_handover){ .files = -1, .read = lp_landlock_read };
	if (!lp_rights_check(rights, &kernel, error))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return lp_fail_errno(error, LP_EXIT_INTERNAL, errno, "cannot limit the rights of rules");
	if (kernel.landlock > 0 &&
	    !lp_landlock_list(rights, kernel.landlock, rules_directory, tzdata, &handover->files, error))
		return false;
	empty_bounding_set(kept_capabilities(rights, true));
	if (!drop_capabilities(kept_capabilities(rights, true), error))
		return false;
	handover->capabilities = kept_capabilities(rights, false);
	if (!kernel.seccomp)
		return true;
	lp_seccomp_write_server(rights, kernel.landlock, &handover->server_filter);
	lp_seccomp_write_interpreter(rights, LP_RIGHTS_SELF, &handover->interpreter_filter);
	return true;
}

bool lp_rights_limit_interpreter(const struct lp_rights *rights, struct lp_error *error)
{
	if (!drop_capabilities(kept_capabilities(rights, false), error))
		return false;
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* Wherever the kernel has seccomp, the process has inherited the server's filter. */
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != SECCOMP_MODE_FILTER || lp_seccomp_limit_interpreter(rights, error);
}
