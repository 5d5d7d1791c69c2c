/*
 * Runs in the rule server and in interpreter processes, in their only thread.
 *
 * Which system calls there are: two
 * filters of seccomp, written in the kernel's BPF.  The server's is a list of
 * what may be called; an interpreter's takes a few things from that list.  The
 * kernel runs both, and what either refuses is refused.
 *
 * A filter sees the numbers in a call's arguments, never what a pointer points
 * to.  So names of files are Landlock's business; without it this list refuses
 * whatever writes to any of them.
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

/* Numbers from here on are the same on every machine, and younger than the least kernel: libc does without them. */
enum { FIRST_OPTIONAL_CALL = 424 };

/* Where a call may be made. */
enum group {
	ALWAYS,
	WRITING,    /* some files may be written to */
	TRUNCATING, /* the same, where Landlock knows of truncation */
	NETWORK,
};

struct call {
	unsigned number;
	enum group group;
};

static const struct call calls[] = {
	/* What everything does all the time. */
	{ SYS_futex, ALWAYS },
	{ SYS_read, ALWAYS },
	{ SYS_write, ALWAYS },
	{ SYS_recvmsg, ALWAYS },
	{ SYS_sendmsg, ALWAYS },
	{ SYS_madvise, ALWAYS },
	{ SYS_munmap, ALWAYS },
	{ SYS_mmap, ALWAYS },
	{ SYS_mprotect, ALWAYS },
	{ SYS_brk, ALWAYS },
	{ SYS_mremap, ALWAYS },
	{ SYS_clock_gettime, ALWAYS },
	{ SYS_rt_sigprocmask, ALWAYS },
	{ SYS_rt_sigaction, ALWAYS },
	{ SYS_rt_sigreturn, ALWAYS },
	{ SYS_close, ALWAYS },
	{ SYS_lseek, ALWAYS },
	{ SYS_fstat, ALWAYS },
	{ SYS_newfstatat, ALWAYS },
	{ SYS_statx, ALWAYS },
	{ SYS_getdents64, ALWAYS },
	{ SYS_getpid, ALWAYS },
	{ SYS_gettid, ALWAYS },
	{ SYS_getrandom, ALWAYS },
	{ SYS_exit, ALWAYS },
	{ SYS_exit_group, ALWAYS },

	/* Memory. */
	{ SYS_memfd_create, ALWAYS },
	{ SYS_msync, ALWAYS },
	{ SYS_mincore, ALWAYS },
	{ SYS_mlock, ALWAYS },
	{ SYS_munlock, ALWAYS },
	{ SYS_membarrier, ALWAYS },

	/* Descriptors. */
	{ SYS_readv, ALWAYS },
	{ SYS_writev, ALWAYS },
	{ SYS_pread64, ALWAYS },
	{ SYS_pwrite64, ALWAYS },
	{ SYS_preadv, ALWAYS },
	{ SYS_pwritev, ALWAYS },
	{ SYS_preadv2, ALWAYS },
	{ SYS_pwritev2, ALWAYS },
	{ SYS_close_range, ALWAYS },
	{ SYS_dup, ALWAYS },
	{ SYS_dup3, ALWAYS },
	{ SYS_pipe2, ALWAYS },
	{ SYS_ppoll, ALWAYS },
	{ SYS_pselect6, ALWAYS },
	{ SYS_epoll_create1, ALWAYS },
	{ SYS_epoll_ctl, ALWAYS },
	{ SYS_epoll_pwait, ALWAYS },
	{ SYS_epoll_pwait2, ALWAYS },
	{ SYS_eventfd2, ALWAYS },
	{ SYS_signalfd4, ALWAYS },
	{ SYS_timerfd_create, ALWAYS },
	{ SYS_timerfd_settime, ALWAYS },
	{ SYS_timerfd_gettime, ALWAYS },
	{ SYS_inotify_init1, ALWAYS },
	{ SYS_inotify_add_watch, ALWAYS },
	{ SYS_inotify_rm_watch, ALWAYS },
	{ SYS_sendfile, ALWAYS },
	{ SYS_splice, ALWAYS },
	{ SYS_copy_file_range, ALWAYS },
	{ SYS_fadvise64, ALWAYS },
	{ SYS_readahead, ALWAYS },
	{ SYS_fsync, ALWAYS },
	{ SYS_fdatasync, ALWAYS },
	{ SYS_sync_file_range, ALWAYS },
	{ SYS_flock, ALWAYS },
	{ SYS_ftruncate, ALWAYS }, /* of what is open for writing */
	{ SYS_fallocate, ALWAYS },

	/* Files by name, for looking. */
	{ SYS_faccessat, ALWAYS },
	{ SYS_faccessat2, ALWAYS },
	{ SYS_readlinkat, ALWAYS },
	{ SYS_getcwd, ALWAYS },
	{ SYS_chdir, ALWAYS },
	{ SYS_fchdir, ALWAYS },
	{ SYS_umask, ALWAYS },
	{ SYS_statfs, ALWAYS },
	{ SYS_fstatfs, ALWAYS },
	{ SYS_getxattr, ALWAYS },
	{ SYS_lgetxattr, ALWAYS },
	{ SYS_fgetxattr, ALWAYS },
	{ SYS_listxattr, ALWAYS },
	{ SYS_llistxattr, ALWAYS },
	{ SYS_flistxattr, ALWAYS },

	/*
	 * And for changing; owner, mode, times and attributes are in no group, since
	 * Landlock does not see to them: a rule would change those of any file.
	 */
	{ SYS_mkdirat, WRITING },
	{ SYS_unlinkat, WRITING },
	{ SYS_renameat2, WRITING },
	{ SYS_linkat, WRITING },
	{ SYS_symlinkat, WRITING },
	{ SYS_truncate, TRUNCATING },

	/* Processes, threads, time. */
	{ SYS_wait4, ALWAYS },
	{ SYS_waitid, ALWAYS },
	{ SYS_pidfd_send_signal, ALWAYS },
	{ SYS_getppid, ALWAYS },
	{ SYS_getpgid, ALWAYS },
	{ SYS_getsid, ALWAYS },
	{ SYS_getuid, ALWAYS },
	{ SYS_geteuid, ALWAYS },
	{ SYS_getgid, ALWAYS },
	{ SYS_getegid, ALWAYS },
	{ SYS_getresuid, ALWAYS },
	{ SYS_getresgid, ALWAYS },
	{ SYS_getgroups, ALWAYS },
	{ SYS_getpriority, ALWAYS },
	{ SYS_getrusage, ALWAYS },
	{ SYS_capget, ALWAYS },
	{ SYS_capset, ALWAYS }, /* nobody gets any back */
	{ SYS_set_tid_address, ALWAYS },
	{ SYS_set_robust_list, ALWAYS },
	{ SYS_get_robust_list, ALWAYS },
	{ SYS_rseq, ALWAYS },
	{ SYS_futex_waitv, ALWAYS },
	{ SYS_restart_syscall, ALWAYS },
	{ SYS_rt_sigpending, ALWAYS },
	{ SYS_rt_sigsuspend, ALWAYS },
	{ SYS_rt_sigtimedwait, ALWAYS },
	{ SYS_sigaltstack, ALWAYS },
	{ SYS_sched_yield, ALWAYS },
	{ SYS_sched_getaffinity, ALWAYS },
	{ SYS_sched_getparam, ALWAYS },
	{ SYS_sched_getscheduler, ALWAYS },
	{ SYS_sched_get_priority_max, ALWAYS },
	{ SYS_sched_get_priority_min, ALWAYS },
	{ SYS_sched_rr_get_interval, ALWAYS },
	{ SYS_getcpu, ALWAYS },
	{ SYS_clock_getres, ALWAYS },
	{ SYS_clock_nanosleep, ALWAYS },
	{ SYS_nanosleep, ALWAYS },
	{ SYS_gettimeofday, ALWAYS },
	{ SYS_times, ALWAYS },
	{ SYS_getitimer, ALWAYS },
	{ SYS_setitimer, ALWAYS },
	{ SYS_timer_create, ALWAYS },
	{ SYS_timer_settime, ALWAYS },
	{ SYS_timer_gettime, ALWAYS },
	{ SYS_timer_getoverrun, ALWAYS },
	{ SYS_timer_delete, ALWAYS },
	{ SYS_sysinfo, ALWAYS },
	{ SYS_uname, ALWAYS },
	{ SYS_seccomp, ALWAYS }, /* a further filter only takes away */
	{ SYS_landlock_create_ruleset, ALWAYS },

	/* Sockets that are there already. */
	{ SYS_recvfrom, ALWAYS },
	{ SYS_shutdown, ALWAYS },
	{ SYS_getsockopt, ALWAYS },
	{ SYS_setsockopt, ALWAYS },
	{ SYS_getsockname, ALWAYS },
	{ SYS_getpeername, ALWAYS },
	{ SYS_sendto, NETWORK }, /* else to where the socket is connected */
	{ SYS_connect, NETWORK },
	{ SYS_bind, NETWORK },
	{ SYS_listen, NETWORK },
	{ SYS_accept, NETWORK },
	{ SYS_accept4, NETWORK },
	{ SYS_recvmmsg, NETWORK },
	{ SYS_sendmmsg, NETWORK },

#ifdef __x86_64__
	/* The older forms of those above. */
	{ SYS_stat, ALWAYS },
	{ SYS_lstat, ALWAYS },
	{ SYS_access, ALWAYS },
	{ SYS_readlink, ALWAYS },
	{ SYS_getdents, ALWAYS },
	{ SYS_dup2, ALWAYS },
	{ SYS_pipe, ALWAYS },
	{ SYS_poll, ALWAYS },
	{ SYS_select, ALWAYS },
	{ SYS_epoll_create, ALWAYS },
	{ SYS_epoll_wait, ALWAYS },
	{ SYS_eventfd, ALWAYS },
	{ SYS_signalfd, ALWAYS },
	{ SYS_inotify_init, ALWAYS },
	{ SYS_mkdir, WRITING },
	{ SYS_rmdir, WRITING },
	{ SYS_unlink, WRITING },
	{ SYS_rename, WRITING },
	{ SYS_link, WRITING },
	{ SYS_symlink, WRITING },
	{ SYS_getpgrp, ALWAYS },
	{ SYS_getrlimit, ALWAYS },
	{ SYS_fork, ALWAYS },
	{ SYS_vfork, ALWAYS },
	{ SYS_alarm, ALWAYS },
	{ SYS_pause, ALWAYS },
	{ SYS_time, ALWAYS },
	{ SYS_arch_prctl, ALWAYS },
#endif
#ifdef SYS_renameat
	{ SYS_renameat, WRITING },
#endif
};

/*
 * A program for the kernel.  Each check of a call begins with the call's number
 * and ends with a verdict, so the number is still in the register for the next.
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

/* Both machines are little-endian. */
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

/* The next instruction, a verdict, is for the case that what was loaded is ... */
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

/* What follows, up to end_call, is for one call.  Returns where that begins. */
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

/* i386's calls and x32's have other numbers. */
static void begin_filter(struct filter *filter)
{
	load(filter, offsetof(struct seccomp_data, arch));
	when_not_equal(filter, MACHINE);
	refuse(filter, EPERM);
	load(filter, offsetof(struct seccomp_data, nr));
}

/* Landlock sees to what is opened for writing; before ABI 3 not to emptying a file that is opened for reading. */
static void check_open(struct filter *filter, long number, unsigned flags, bool by_landlock)
{
	unsigned short begin = begin_call(filter, number);

	load_argument(filter, flags);
	if (by_landlock) {
		keep_bits(filter, O_ACCMODE | O_TRUNC);
		when_equal(filter, O_RDONLY | O_TRUNC);
	} else {
		when_any_bit(filter, O_ACCMODE | O_CREAT | O_TRUNC);
	}
	refuse(filter, EPERM);
	allow(filter);
	end_call(filter, begin);
}

/* Forking and threads, but no namespace, nor a child for the process above. */
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

/* Only these values of an argument. */
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
	check_values(filter, SYS_prctl, 0, options, sizeof options / sizeof options[0]);
}

/* Terminals can be given input, disks and networks be set up; what isatty and sockets ask for is none of that. */
static void check_ioctl(struct filter *filter)
{
	static const uint32_t requests[] = { TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX };

	check_values(filter, SYS_ioctl, 1, requests, sizeof requests / sizeof requests[0]);
}

/* A descriptor can signal its owner, and a lease holds up others. */
static void check_fcntl(struct filter *filter)
{
	static const uint32_t refused[] = { F_SETOWN, F_SETOWN_EX, F_SETSIG, F_SETLEASE, F_NOTIFY };
	unsigned short begin = begin_call(filter, SYS_fcntl);

	load_argument(filter, 1);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		when_equal(filter, refused[i]);
		refuse(filter, EPERM);
	}
	allow(filter);
	end_call(filter, begin);
}

/* Pairs are connected to each other alone; but a datagram of AF_UNIX can name another address. */
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

/* Not AF_UNIX: behind such a socket are other programs of this machine, which may do what rules may not. */
static void check_socket(struct filter *filter, bool network)
{
	static const uint32_t families[] = { AF_INET, AF_INET6 };

	check_values(filter, SYS_socket, 0, families, network ? sizeof families / sizeof families[0] : 0);
}

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

/* Neither the process that has started the server nor groups: interpreter processes are whom it may signal. */
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
	/* Limits of its own, not of others. */
	check_values(filter, SYS_prlimit64, 0, &(uint32_t){ 0 }, 1);
	if (!rights->network)
		check_null(filter, SYS_sendto, 4);
	check_server_signals(filter);
}

static bool is_allowed(enum group group, const struct lp_rights *rights, int landlock)
{
	switch (group) {
	case ALWAYS:
		return true;
	case WRITING:
		return rights->write_count > 0;
	case TRUNCATING:
		return rights->write_count > 0 && landlock >= 3;
	case NETWORK:
		return rights->network;
	}
	return false;
}

static bool install(struct filter *filter, struct lp_error *error)
{
	struct sock_fprog program = { .len = filter->length, .filter = filter->code };

	/*
	 * Before Linux 5.16 a filter slows the process down by what is done against one
	 * kind of speculation, unless it says that nothing in the process is secret.
	 */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) == 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0)
		return true;
	return lp_fail_errno(error, LP_EXIT_INTERNAL, errno, "cannot limit the system calls of rules");
}

bool lp_seccomp_is_there(void)
{
	/* With nothing to read the filter from, it fails: otherwise where there is seccomp and where not. */
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != 0 && errno == EFAULT;
}

enum { CALLS = sizeof calls / sizeof calls[0] };

/* Numbers that follow each other, all of them allowed. */
struct range {
	uint32_t first, last;
};

static int compare_numbers(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static size_t find_ranges(const struct lp_rights *rights, int landlock, struct range ranges[CALLS])
{
	uint32_t numbers[CALLS];
	size_t count = 0, range_count = 0;

	for (size_t i = 0; i < CALLS; i++) {
		if (is_allowed(calls[i].group, rights, landlock))
			numbers[count++] = calls[i].number;
	}
	qsort(numbers, count, sizeof numbers[0], compare_numbers);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && numbers[i] == numbers[i - 1] + 1)
			ranges[range_count - 1].last = numbers[i];
		else
			ranges[range_count++] = (struct range){ numbers[i], numbers[i] };
	}
	return range_count;
}

/*
 * Halves the ranges until one is left: the kernel runs a filter for every number
 * there is when it is installed, and one before Linux 5.11 at every call.
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

bool lp_seccomp_limit_server(const struct lp_rights *rights, int landlock, struct lp_error *error)
{
	struct filter filter = { .length = 0 };
	struct range ranges[CALLS];
	size_t count = find_ranges(rights, landlock, ranges);

	begin_filter(&filter);
	check_server_calls(&filter, rights, landlock);
	search_ranges(&filter, ranges, count);
	return install(&filter, error);
}

/*
 * What the limit of a process's memory does not count: shared memory that no
 * file is behind, and what the kernel takes for a stack.
 */
static void check_mmap(struct filter *filter, bool writing)
{
	unsigned short begin = begin_call(filter, SYS_mmap);

	load_argument(filter, 3);
	when_any_bit(filter, MAP_GROWSDOWN);
	refuse(filter, EPERM);
	keep_bits(filter, MAP_SHARED | MAP_ANONYMOUS); /* MAP_SHARED_VALIDATE has the bit too */
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

static void check_no_change(struct filter *filter)
{
	static const uint32_t refused[] = { PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER };
	unsigned short begin = begin_call(filter, SYS_prctl);

	load_argument(filter, 0);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		when_equal(filter, refused[i]);
		refuse(filter, EPERM);
	}
	allow(filter);
	end_call(filter, begin);
}

bool lp_seccomp_limit_interpreter(const struct lp_rights *rights, struct lp_error *error)
{
	struct filter filter = { .length = 0 };
	pid_t self = getpid();

	begin_filter(&filter);
	check_mmap(&filter, rights->write_count > 0); /* SQLite shares what it has of an index */
	check_threads_only(&filter);
	check_no_change(&filter);
	check_null(&filter, SYS_prlimit64, 2);
	check_self(&filter, SYS_kill, self);
	check_self(&filter, SYS_tgkill, self);
	check_self(&filter, SYS_rt_sigqueueinfo, self);
	check_self(&filter, SYS_rt_tgsigqueueinfo, self);
	refuse_call(&filter, SYS_pidfd_send_signal, EPERM);
	refuse_call(&filter, SYS_memfd_create, EPERM);
	refuse_call(&filter, SYS_seccomp, EPERM);
#ifdef __x86_64__
	refuse_call(&filter, SYS_fork, EPERM);
	refuse_call(&filter, SYS_vfork, EPERM);
#endif
	allow(&filter);
	return install(&filter, error);
}
