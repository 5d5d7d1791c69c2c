/*
 * The system calls that rules may make: two filters of seccomp, written in the
 * kernel's BPF.  The rule server's filter is a list of allowed calls, and an
 * interpreter process's forbids a few of these.  The kernel runs both, and a call
 * that either refuses fails.
 *
 * A filter sees the numbers in a call's arguments, never what a pointer points
 * to.  So Landlock has to check the names of files; without Landlock this filter
 * refuses every call that writes to a file by its name.
 *
 * Runs in the rule server and in interpreter processes, in their only thread.
 */
#include "process/rights_limits.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#else
#error "rights_calls.c: the calls of this machine are not known"
#endif

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Calls from this number on are newer than the oldest kernel that is supported, so libc does without them. */
enum { FIRST_OPTIONAL_CALL = 424 };

/* A line holds as many calls as fit. */
/* clang-format off */
/* Calls that every rule may make. */
static const uint16_t always_calls[] = {
	/* Every process makes these all the time. */
	SYS_futex, SYS_read, SYS_write, SYS_recvmsg, SYS_sendmsg, SYS_madvise, SYS_munmap, SYS_mmap,
	SYS_mprotect, SYS_brk, SYS_mremap, SYS_clock_gettime, SYS_rt_sigprocmask, SYS_rt_sigaction,
	SYS_rt_sigreturn, SYS_close, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_getdents64,
	SYS_getpid, SYS_gettid, SYS_getrandom, SYS_exit, SYS_exit_group,
	/* Memory. */
	SYS_memfd_create, SYS_msync, SYS_mincore, SYS_mlock, SYS_munlock, SYS_membarrier,
	/* Descriptors.  ftruncate needs one that is open for writing. */
	SYS_readv, SYS_writev, SYS_pread64, SYS_pwrite64, SYS_preadv, SYS_pwritev, SYS_preadv2, SYS_pwritev2,
	SYS_close_range, SYS_dup, SYS_dup3, SYS_pipe2, SYS_ppoll, SYS_pselect6, SYS_epoll_create1,
	SYS_epoll_ctl, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_eventfd2, SYS_signalfd4, SYS_timerfd_create,
	SYS_timerfd_settime, SYS_timerfd_gettime, SYS_inotify_init1, SYS_inotify_add_watch,
	SYS_inotify_rm_watch, SYS_sendfile, SYS_splice, SYS_copy_file_range, SYS_fadvise64, SYS_readahead,
	SYS_fsync, SYS_fdatasync, SYS_sync_file_range, SYS_flock, SYS_ftruncate, SYS_fallocate,
	/* Looking at files by name. */
	SYS_faccessat, SYS_faccessat2, SYS_readlinkat, SYS_getcwd, SYS_chdir, SYS_fchdir, SYS_umask,
	SYS_statfs, SYS_fstatfs, SYS_getxattr, SYS_lgetxattr, SYS_fgetxattr, SYS_listxattr, SYS_llistxattr,
	SYS_flistxattr,
	/* Processes, threads, time.  capset cannot get a capability back, and a second filter only takes away. */
	SYS_wait4, SYS_waitid, SYS_pidfd_send_signal, SYS_getppid, SYS_getpgid, SYS_getsid, SYS_getuid,
	SYS_geteuid, SYS_getgid, SYS_getegid, SYS_getresuid, SYS_getresgid, SYS_getgroups, SYS_getpriority,
	SYS_getrusage, SYS_capget, SYS_capset, SYS_set_tid_address, SYS_set_robust_list, SYS_get_robust_list,
	SYS_rseq, SYS_futex_waitv, SYS_restart_syscall, SYS_rt_sigpending, SYS_rt_sigsuspend,
	SYS_rt_sigtimedwait, SYS_sigaltstack, SYS_sched_yield, SYS_sched_getaffinity, SYS_sched_getparam,
	SYS_sched_getscheduler, SYS_sched_get_priority_max, SYS_sched_get_priority_min,
	SYS_sched_rr_get_interval, SYS_getcpu, SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep,
	SYS_gettimeofday, SYS_times, SYS_getitimer, SYS_setitimer, SYS_timer_create, SYS_timer_settime,
	SYS_timer_gettime, SYS_timer_getoverrun, SYS_timer_delete, SYS_sysinfo, SYS_uname, SYS_seccomp,
	SYS_landlock_create_ruleset,
	/* Sockets that exist already. */
	SYS_recvfrom, SYS_shutdown, SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_getpeername,
#ifdef __x86_64__
	SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_getdents, SYS_dup2, SYS_pipe, SYS_poll,
	SYS_select, SYS_epoll_create, SYS_epoll_wait, SYS_eventfd, SYS_signalfd, SYS_inotify_init,
	SYS_getpgrp, SYS_getrlimit, SYS_fork, SYS_vfork, SYS_alarm, SYS_pause, SYS_time, SYS_arch_prctl,
#endif
};

/*
 * Calls that are allowed where some files may be written to.  Those that change
 * owners, modes, times and attributes are in no list: Landlock does not check them,
 * so a rule could change any file.
 */
static const uint16_t writing_calls[] = {
	SYS_mkdirat, SYS_unlinkat, SYS_renameat2, SYS_linkat, SYS_symlinkat,
#ifdef __x86_64__
	SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_rename, SYS_link, SYS_symlink,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
};

/* Calls that are allowed there if, besides, Landlock checks truncation. */
static const uint16_t truncating_calls[] = {
	SYS_truncate,
};

/* Calls that need network.  Without it sendto may only send to where the socket is connected. */
static const uint16_t network_calls[] = {
	SYS_sendto, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_recvmmsg, SYS_sendmmsg,
};
/* clang-format on */

/*
 * A program for the kernel, which begins with the call's number in the register.
 * The code for one call ends with a verdict, so that the number is still in the
 * register for the code behind it.
 */
struct filter {
	struct sock_filter code[1024];
	unsigned short length;
};

static void emit(struct filter *filter, unsigned code, unsigned char if_true, unsigned char if_false, uint32_t value)
{
	assert(filter->length < sizeof filter->code / sizeof filter->code[0]);
	filter->code[filter->length++] = (struct sock_filter){ (unsigned short)code, if_true, if_false, value };
}

static void load(struct filter *filter, size_t offset)
{
	emit(filter, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

/* Loads the lower half of an argument: both machines are little-endian. */
static void load_argument(struct filter *filter, unsigned index)
{
	load(filter, offsetof(struct seccomp_data, args) + 8 * (size_t)index);
}

static void load_upper_half(struct filter *filter, unsigned index)
{
	load(filter, offsetof(struct seccomp_data, args) + 8 * (size_t)index + 4);
}

static void allow(struct filter *filter)
{
	emit(filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW);
}

static void refuse(struct filter *filter, int error_number)
{
	emit(filter, BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | (uint32_t)error_number);
}

/* Makes the next instruction, a verdict, hold only for this value in the register; the next three do alike. */
static void when_equal(struct filter *filter, uint32_t value)
{
	emit(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, value);
}

static void when_not_equal(struct filter *filter, uint32_t value)
{
	emit(filter, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, value);
}

static void when_at_least(struct filter *filter, uint32_t value)
{
	emit(filter, BPF_JMP | BPF_JGE | BPF_K, 0, 1, value);
}

static void when_any_bit(struct filter *filter, uint32_t bits)
{
	emit(filter, BPF_JMP | BPF_JSET | BPF_K, 0, 1, bits);
}

static void keep_bits(struct filter *filter, uint32_t bits)
{
	emit(filter, BPF_ALU | BPF_AND | BPF_K, 0, 0, bits);
}

/* Begins the code for one call, up to end_call.  Returns where it begins. */
static unsigned short begin_call(struct filter *filter, long number)
{
	emit(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, (uint32_t)number);
	return filter->length;
}

static void end_call(struct filter *filter, unsigned short begin)
{
	assert(filter->length - begin < 256);
	filter->code[begin - 1].jf = (unsigned char)(filter->length - begin);
}

static void refuse_call(struct filter *filter, long number, int error_number)
{
	when_equal(filter, (uint32_t)number);
	refuse(filter, error_number);
}

/* Refuses calls of another machine, because those of i386 and x32 have other numbers. */
static void begin_filter(struct filter *filter)
{
	load(filter, offsetof(struct seccomp_data, arch));
	when_not_equal(filter, MACHINE);
	refuse(filter, EPERM);
	load(filter, offsetof(struct seccomp_data, nr));
}

/*
 * Refuses to write to files, as far as Landlock does not: before its ABI 3 it lets
 * a file be emptied that is opened for reading.
 */
static void check_open(struct filter *filter, long number, unsigned flags, bool has_landlock)
{
	unsigned short begin = begin_call(filter, number);

	load_argument(filter, flags);
	if (has_landlock) {
		keep_bits(filter, O_ACCMODE | O_TRUNC);
		when_equal(filter, O_RDONLY | O_TRUNC);
	} else {
		when_any_bit(filter, O_ACCMODE | O_CREAT | O_TRUNC);
	}
	refuse(filter, EPERM);
	allow(filter);
	end_call(filter, begin);
}

/* Allows processes and threads, but no namespaces, and no child of the parent process. */
static void check_clone(struct filter *filter)
{
	unsigned short begin = begin_call(filter, SYS_clone);

	load_argument(filter, 0);
	when_any_bit(filter, CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
	                             CLONE_NEWPID | CLONE_NEWNET | CLONE_PARENT | CLONE_PTRACE | CLONE_UNTRACED);
	refuse(filter, EPERM);
	allow(filter);
	end_call(filter, begin);
}

/* Allows a call only with these values of an argument. */
static void check_values(struct filter *filter, long number, unsigned argument, const uint32_t *values, size_t count)
{
	unsigned short begin = begin_call(filter, number);

	load_argument(filter, argument);
	for (size_t i = 0; i < count; i++) {
		when_equal(filter, values[i]);
		allow(filter);
	}
	refuse(filter, EPERM);
	end_call(filter, begin);
}

static void check_prctl(struct filter *filter)
{
	static const uint32_t options[] = {
		PR_SET_PDEATHSIG,
		PR_GET_PDEATHSIG,
		PR_SET_DUMPABLE,
		PR_GET_DUMPABLE,
		PR_SET_NAME,
		PR_GET_NAME,
		PR_GET_SECCOMP,
		PR_CAPBSET_READ,
		PR_SET_TIMERSLACK,
		PR_GET_TIMERSLACK,
		PR_GET_NO_NEW_PRIVS,
		PR_SET_NO_NEW_PRIVS,
		PR_GET_TID_ADDRESS,
		PR_SET_THP_DISABLE,
		PR_GET_THP_DISABLE,
		PR_SET_CHILD_SUBREAPER,
		PR_GET_CHILD_SUBREAPER,
		0x53564d41 /* PR_SET_VMA: names for mappings */,
	};
	check_values(filter, SYS_prctl, 0, options, COUNT(options));
}

/* Allows what isatty and sockets ask for; other requests could type into a terminal or set up disks and networks. */
static void check_ioctl(struct filter *filter)
{
	static const uint32_t requests[] = { TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX };

	check_values(filter, SYS_ioctl, 1, requests, COUNT(requests));
}

/* Allows a call but with these values of an argument. */
static void refuse_values(struct filter *filter, long number, unsigned argument, const uint32_t *values, size_t count)
{
	unsigned short begin = begin_call(filter, number);

	load_argument(filter, argument);
	for (size_t i = 0; i < count; i++) {
		when_equal(filter, values[i]);
		refuse(filter, EPERM);
	}
	allow(filter);
	end_call(filter, begin);
}

/* Refuses what makes a descriptor signal another process, and leases, which hold up other processes. */
static void check_fcntl(struct filter *filter)
{
	static const uint32_t refused[] = { F_SETOWN, F_SETOWN_EX, F_SETSIG, F_SETLEASE, F_NOTIFY };

	refuse_values(filter, SYS_fcntl, 1, refused, COUNT(refused));
}

/* Allows pairs, which are connected only to each other, but of AF_UNIX no datagrams, which can name another address. */
static void check_socketpair(struct filter *filter)
{
	unsigned short begin = begin_call(filter, SYS_socketpair);

	load_argument(filter, 0);
	when_not_equal(filter, AF_UNIX);
	refuse(filter, EPERM);
	load_argument(filter, 1);
	keep_bits(filter, (uint32_t) ~(SOCK_CLOEXEC | SOCK_NONBLOCK));
	when_equal(filter, SOCK_STREAM);
	allow(filter);
	when_equal(filter, SOCK_SEQPACKET);
	allow(filter);
	refuse(filter, EPERM);
	end_call(filter, begin);
}

/* Refuses AF_UNIX: programs of this machine listen there that may do more than a rule may. */
static void check_socket(struct filter *filter, bool network)
{
	static const uint32_t families[] = { AF_INET, AF_INET6 };

	check_values(filter, SYS_socket, 0, families, network ? COUNT(families) : 0);
}

/* Allows a call only with a null pointer. */
static void check_null(struct filter *filter, long number, unsigned argument)
{
	unsigned short begin = begin_call(filter, number);

	load_argument(filter, argument);
	when_not_equal(filter, 0);
	refuse(filter, EPERM);
	load_upper_half(filter, argument);
	when_not_equal(filter, 0);
	refuse(filter, EPERM);
	allow(filter);
	end_call(filter, begin);
}

/* Refuses the parent process and process groups: the server may signal its interpreter processes. */
static void check_others(struct filter *filter, long number, pid_t parent)
{
	unsigned short begin = begin_call(filter, number);

	load_argument(filter, 0);
	when_equal(filter, (uint32_t)parent);
	refuse(filter, EPERM);
	when_equal(filter, 0);
	refuse(filter, EPERM);
	when_at_least(filter, UINT32_C(1) << 31);
	refuse(filter, EPERM);
	allow(filter);
	end_call(filter, begin);
}

static void check_self(struct filter *filter, long number, pid_t self)
{
	check_values(filter, number, 0, &(uint32_t){ (uint32_t)self }, 1);
}

static void check_server_signals(struct filter *filter)
{
	pid_t parent = getppid();

	check_others(filter, SYS_kill, parent);
	check_others(filter, SYS_tgkill, parent);
	check_others(filter, SYS_rt_sigqueueinfo, parent);
	check_others(filter, SYS_rt_tgsigqueueinfo, parent);
	check_others(filter, SYS_pidfd_open, parent);
}

static void check_server_calls(struct filter *filter, const struct lp_rights *rights, int landlock)
{
#ifdef SYS_open
	check_open(filter, SYS_open, 1, landlock > 0);
#endif
	check_open(filter, SYS_openat, 2, landlock > 0);
	check_clone(filter);
	check_prctl(filter);
	check_ioctl(filter);
	check_fcntl(filter);
	check_socketpair(filter);
	check_socket(filter, rights->network);
	/* The process's own limits only. */
	check_values(filter, SYS_prlimit64, 0, &(uint32_t){ 0 }, 1);
	if (!rights->network)
		check_null(filter, SYS_sendto, 4);
	check_server_signals(filter);
}

static bool install(struct filter *filter, struct lp_error *error)
{
	struct sock_fprog program = { .len = filter->length, .filter = filter->code };

	/*
	 * Before Linux 5.16 a filter without this flag slows the process down, because
	 * the kernel then guards it against one kind of speculation.
	 */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		return true;
	return lp_fail_errno(error, LP_EXIT_INTERNAL, errno, "cannot limit the system calls of rules");
}

bool lp_seccomp_probe(void)
{
	/* Without a filter this fails by EFAULT where there is seccomp, and by EINVAL where there is none. */
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != 0 && errno == EFAULT;
}

enum { CALLS = COUNT(always_calls) + COUNT(writing_calls) + COUNT(truncating_calls) + COUNT(network_calls) };

/* Consecutive numbers of calls that are all allowed. */
struct range {
	uint32_t first, last;
};

static int compare_numbers(const void *a, const void *b)
{
	uint16_t left = *(const uint16_t *)a, right = *(const uint16_t *)b;

	return (left > right) - (left < right);
}

static size_t find_ranges(const struct lp_rights *rights, int landlock, struct range ranges[CALLS])
{
	const struct {
		const uint16_t *calls;
		size_t count;
		bool allowed;
	} lists[] = {
		{ always_calls, COUNT(always_calls), true },
		{ writing_calls, COUNT(writing_calls), rights->write_count > 0 },
		{ truncating_calls, COUNT(truncating_calls), rights->write_count > 0 && landlock >= 3 },
		{ network_calls, COUNT(network_calls), rights->network },
	};
	uint16_t numbers[CALLS];
	size_t count = 0, range_count = 0;

	for (size_t i = 0; i < COUNT(lists); i++) {
		if (!lists[i].allowed)
			continue;
		memcpy(numbers + count, lists[i].calls, lists[i].count * sizeof numbers[0]);
		count += lists[i].count;
	}
	qsort(numbers, count, sizeof numbers[0], compare_numbers);
	for (size_t i = 0; i < count; i++)
		if (i > 0 && numbers[i] == numbers[i - 1] + 1)
			ranges[range_count - 1].last = numbers[i];
		else
			ranges[range_count++] = (struct range){ numbers[i], numbers[i] };
	return range_count;
}

/*
 * Emits a binary search, because the kernel runs the filter for every number when
 * it is installed, and before Linux 5.11 at every call.
 */
static void search_ranges(struct filter *filter, const struct range *ranges, size_t count)
{
	unsigned short jump;

	if (count > 1) {
		emit(filter, BPF_JMP | BPF_JGE | BPF_K, 0, 1, ranges[count / 2].first);
		jump = filter->length;
		emit(filter, BPF_JMP | BPF_JA, 0, 0, 0);
		search_ranges(filter, ranges, count / 2);
		filter->code[jump].k = (uint32_t)(filter->length - jump - 1);
		search_ranges(filter, ranges + count / 2, count - count / 2);
		return;
	}
	emit(filter, BPF_JMP | BPF_JGE | BPF_K, 0, 2, ranges[0].first);
	emit(filter, BPF_JMP | BPF_JGT | BPF_K, 1, 0, ranges[0].last);
	allow(filter);
	when_at_least(filter, FIRST_OPTIONAL_CALL);
	refuse(filter, ENOSYS);
	refuse(filter, EPERM);
}

static void build_server(struct filter *filter, const struct lp_rights *rights, int landlock)
{
	struct range ranges[CALLS];
	size_t count = find_ranges(rights, landlock, ranges);

	begin_filter(filter);
	check_server_calls(filter, rights, landlock);
	search_ranges(filter, ranges, count);
}

bool lp_seccomp_limit_server(const struct lp_rights *rights, int landlock, struct lp_error *error)
{
	struct filter filter = { .length = 0 };

	build_server(&filter, rights, landlock);
	return install(&filter, error);
}

static void write_filter(const struct filter *filter, struct lp_text *text)
{
	lp_text_add(text, (const char *)filter->code, filter->length * sizeof filter->code[0]);
}

void lp_seccomp_write_server(const struct lp_rights *rights, int landlock, struct lp_text *text)
{
	struct filter filter = { .length = 0 };

	build_server(&filter, rights, landlock);
	write_filter(&filter, text);
}

/*
 * Refuses memory that the process's limit does not count: shared memory without a
 * file, and what the kernel takes for a stack.
 */
static void check_mmap(struct filter *filter, bool writing)
{
	unsigned short begin = begin_call(filter, SYS_mmap);

	load_argument(filter, 3);
	when_any_bit(filter, MAP_GROWSDOWN);
	refuse(filter, EPERM);
	keep_bits(filter, MAP_SHARED | MAP_ANONYMOUS); /* MAP_SHARED_VALIDATE has that bit too */
	when_equal(filter, MAP_SHARED | MAP_ANONYMOUS);
	refuse(filter, EPERM);
	if (!writing) {
		when_not_equal(filter, MAP_SHARED);
		allow(filter);
		load_argument(filter, 2);
		when_any_bit(filter, PROT_WRITE);
		refuse(filter, EPERM);
	}
	allow(filter);
	end_call(filter, begin);
}

static void check_threads_only(struct filter *filter)
{
	unsigned short begin = begin_call(filter, SYS_clone);

	load_argument(filter, 0);
	when_any_bit(filter, CLONE_THREAD);
	allow(filter);
	refuse(filter, EPERM);
	end_call(filter, begin);
}

static void check_settings(struct filter *filter)
{
	static const uint32_t refused[] = { PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER };

	refuse_values(filter, SYS_prctl, 0, refused, COUNT(refused));
}

static void build_interpreter(struct filter *filter, const struct lp_rights *rights, pid_t self)
{
	begin_filter(filter);
	check_mmap(filter, rights->write_count > 0); /* SQLite maps the index of its log */
	check_threads_only(filter);
	check_settings(filter);
	check_null(filter, SYS_prlimit64, 2);
	check_self(filter, SYS_kill, self);
	check_self(filter, SYS_tgkill, self);
	check_self(filter, SYS_rt_sigqueueinfo, self);
	check_self(filter, SYS_rt_tgsigqueueinfo, self);
	refuse_call(filter, SYS_pidfd_send_signal, EPERM);
	refuse_call(filter, SYS_memfd_create, EPERM);
	refuse_call(filter, SYS_seccomp, EPERM);
#ifdef __x86_64__
	refuse_call(filter, SYS_fork, EPERM);
	refuse_call(filter, SYS_vfork, EPERM);
#endif
	allow(filter);
}

bool lp_seccomp_limit_interpreter(const struct lp_rights *rights, struct lp_error *error)
{
	struct filter filter = { .length = 0 };

	build_interpreter(&filter, rights, getpid());
	return install(&filter, error);
}

void lp_seccomp_write_interpreter(const struct lp_rights *rights, pid_t self, struct lp_text *text)
{
	struct filter filter = { .length = 0 };

	build_interpreter(&filter, rights, self);
	write_filter(&filter, text);
}
