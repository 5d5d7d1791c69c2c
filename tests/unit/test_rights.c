/*
 * What a rule's process may do: each thing is tried in a process of its own that
 * was limited, as a rule server (S) or as an interpreter process (I), and the
 * error number is looked at.
 */
#include "process/rights_limits.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* A directory with rules/rule.py, read/data, write/old, other/secret and tz/Zone. */
static char directory[] = "/tmp/local-processing-rights-XXXXXX";
static const char *const directories[] = { "rules", "read", "write", "other", "tz" };
static const char *const files[] = { "rules/rule.py", "read/data", "write/old", "other/secret", "tz/Zone" };
/* What the test itself may have left. */
static const char *const left[] = { "write/new", "write/moved", "other/new", "rules/new" };
/* That of the test: a stranger to the processes that are limited, which their children's is not. */
static pid_t stranger;

static char *in_directory(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof paths[0], "%s/%s", directory, name);
	return path;
}

static void make_directory(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
		ck_assert_int_eq(mkdir(in_directory(directories[i]), 0700), 0);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		int file = open(in_directory(files[i]), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		ck_assert_int_ge(file, 0);
		ck_assert_int_eq(write(file, "text", 4), 4);
		close(file);
	}
}

static void remove_directory(void)
{
	for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
		(void)unlink(in_directory(left[i]));
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		(void)unlink(in_directory(files[i]));
	for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++)
		(void)rmdir(in_directory(directories[i]));
	(void)rmdir(directory);
}

/* 0 or errno, and whatever it has opened is left to the end of its process. */
static int result(long returned)
{
	return returned < 0 ? errno : 0;
}

static int try_open(const char *name, int flags)
{
	return result(open(name[0] == '/' ? name : in_directory(name), flags | O_CLOEXEC, 0600));
}

static int read_rule(void)
{
	return try_open("rules/rule.py", O_RDONLY);
}

static int list_rules(void)
{
	return try_open("rules", O_RDONLY | O_DIRECTORY);
}

static int read_zone(void)
{
	return try_open("tz/Zone", O_RDONLY);
}

static int read_passwords(void)
{
	return try_open("/etc/passwd", O_RDONLY);
}

static int read_other(void)
{
	return try_open("other/secret", O_RDONLY);
}

static int read_stranger(void)
{
	char name[64];
	(void)snprintf(name, sizeof name, "/proc/%d/environ", (int)stranger);
	return try_open(name, O_RDONLY);
}

static int read_data(void)
{
	return try_open("read/data", O_RDONLY);
}

static int write_data(void)
{
	return try_open("read/data", O_WRONLY);
}

static int truncate_data(void)
{
	return try_open("read/data", O_RDONLY | O_TRUNC);
}

static int read_written(void)
{
	return try_open("write/old", O_RDONLY);
}

static int write_old(void)
{
	return try_open("write/old", O_RDWR | O_TRUNC);
}

static int write_new(void)
{
	return try_open("write/new", O_WRONLY | O_CREAT | O_EXCL);
}

static int write_rule(void)
{
	return try_open("rules/rule.py", O_RDWR);
}

static int write_other(void)
{
	return try_open("other/new", O_WRONLY | O_CREAT);
}

static int write_nothing(void)
{
	return try_open("/dev/null", O_WRONLY | O_CREAT | O_TRUNC);
}

static int open_anew(void)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = { .flags = O_RDONLY };
	return result(syscall(SYS_openat2, AT_FDCWD, in_directory("rules/rule.py"), &how, sizeof how));
}

static int move_old(void)
{
	return result(rename(in_directory("write/old"), in_directory("write/moved")));
}

static int move_out(void)
{
	return result(rename(in_directory("write/old"), in_directory("other/new")));
}

static int link_in(void)
{
	return result(link(in_directory("rules/rule.py"), in_directory("write/new")));
}

static int remove_old(void)
{
	return result(unlink(in_directory("write/old")));
}

static int remove_rule(void)
{
	return result(unlink(in_directory("rules/rule.py")));
}

static int make_rule_directory(void)
{
	return result(mkdir(in_directory("rules/new"), 0700));
}

static int truncate_rule(void)
{
	return result(truncate(in_directory("rules/rule.py"), 0));
}

static int link_symbolically(void)
{
	return result(symlink("/etc/passwd", in_directory("rules/new")));
}

static int change_mode(void)
{
	return result(chmod(in_directory("rules/rule.py"), 0777));
}

static int change_owner(void)
{
	return result(chown(in_directory("rules/rule.py"), getuid(), getgid()));
}

static int change_times(void)
{
	return result(utimensat(AT_FDCWD, in_directory("rules/rule.py"), NULL, 0));
}

static int make_fifo(void)
{
	return result(mkfifo(in_directory("rules/new"), 0600));
}

static int look_at_rule(void)
{
	struct stat status;
	return result(stat(in_directory("rules/rule.py"), &status));
}

static int open_socket(void)
{
	return result(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int open_socket_6(void)
{
	return result(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static int open_local_socket(void)
{
	return result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int open_netlink(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int open_raw_socket(void)
{
	return result(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP));
}

/* A listener on a port of the kernel's choice, and a connection to it. */
static int connect_to_self(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) != 0)
		return errno;
	return result(connect(client, (struct sockaddr *)&address, size));
}

static int pair_and_message(void)
{
	int ends[2];
	char byte;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return errno;
	if (send(ends[0], "x", 1, 0) != 1)
		return errno;
	return recv(ends[1], &byte, 1, 0) == 1 ? 0 : errno;
}

static int pair_datagrams(void)
{
	int ends[2];
	return result(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends));
}

static int send_elsewhere(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
	return result(sendto(STDOUT_FILENO, "x", 1, 0, (struct sockaddr *)&address, sizeof address));
}

static int start_program(void)
{
	static char *arguments[] = { (char *)"true", NULL };
	return result(execv("/bin/true", arguments));
}

static int start_descriptor(void)
{
	static char *arguments[] = { (char *)"true", NULL };
	return result(syscall(SYS_execveat, 0, "", arguments, NULL, AT_EMPTY_PATH));
}

static int kill_stranger(void)
{
	return result(kill(stranger, 0));
}

static int kill_stranger_thread(void)
{
	return result(syscall(SYS_tgkill, stranger, stranger, 0));
}

static int kill_stranger_task(void)
{
	return result(syscall(SYS_tkill, stranger, 0));
}

static int kill_group(void)
{
	return result(kill(0, 0));
}

static int kill_all(void)
{
	return result(kill(-1, 0));
}

static int kill_by_descriptor(void)
{
	int descriptor = (int)syscall(SYS_pidfd_open, stranger, 0);
	return descriptor < 0 ? errno : result(syscall(SYS_pidfd_send_signal, descriptor, 0, NULL, 0));
}

static int signal_by_owner(void)
{
	int ends[2];
	return pipe(ends) != 0 ? errno : result(fcntl(ends[0], F_SETOWN, stranger));
}

static int kill_self(void)
{
	return kill(getpid(), 0) != 0 ? errno : raise(SIGCHLD) != 0 ? errno : 0;
}

static int trace_stranger(void)
{
	return result(ptrace(PTRACE_ATTACH, stranger, NULL, NULL));
}

static int read_memory(void)
{
	return result(syscall(SYS_process_vm_readv, stranger, NULL, 0, NULL, 0, 0));
}

static int fork_and_wait(void)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0)
		_exit(7);
	return child < 0 ? errno : waitpid(child, &status, 0) != child ? errno : WEXITSTATUS(status) == 7 ? 0 : ECHILD;
}

/* The rule server ends its interpreter processes. */
static int fork_and_kill(void)
{
	int status = 0;
	pid_t child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	int descriptor = child < 0 ? -1 : (int)syscall(SYS_pidfd_open, child, 0);
	if (descriptor < 0 || syscall(SYS_pidfd_send_signal, descriptor, SIGKILL, NULL, 0) != 0)
		return errno;
	return waitpid(child, &status, 0) != child ? errno : WTERMSIG(status) == SIGKILL ? 0 : ECHILD;
}

static int fork_old(void)
{
#ifdef SYS_vfork
	return result(syscall(SYS_fork));
#else
	return EPERM;
#endif
}

static int clone_new(void)
{
	return result(syscall(SYS_clone3, NULL, (size_t)0));
}

static int new_namespace(void)
{
	return result(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL));
}

static int leave_namespace(void)
{
	return result(unshare(CLONE_NEWUSER));
}

static void *answer(void *context)
{
	return context;
}

static int start_thread(void)
{
	pthread_t thread;
	void *answered = NULL;
	int number = pthread_create(&thread, NULL, answer, &answered);
	if (number != 0)
		return number;
	number = pthread_join(thread, &answered);
	return number != 0 ? number : answered == &answered ? 0 : ECHILD;
}

static int map(int protection, int flags)
{
	void *memory = mmap(NULL, 4096, protection, flags, -1, 0);
	return memory == MAP_FAILED ? errno : 0;
}

static int map_shared(void)
{
	return map(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
}

static int map_shared_for_later(void)
{
	return map(PROT_NONE, MAP_SHARED | MAP_ANONYMOUS);
}

static int map_stack(void)
{
	return map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN);
}

static int map_private(void)
{
	return map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
}

static int map_file(const char *name, int flags, int protection)
{
	int file = open(in_directory(name), flags | O_CLOEXEC);
	void *memory = mmap(NULL, 4, protection, MAP_SHARED, file, 0);
	return memory == MAP_FAILED ? errno : 0;
}

static int map_rule(void)
{
	return map_file("rules/rule.py", O_RDONLY, PROT_READ);
}

static int map_rule_for_writing(void)
{
	return map_file("rules/rule.py", O_RDONLY, PROT_READ | PROT_WRITE);
}

static int map_written(void)
{
	return map_file("write/old", O_RDWR, PROT_READ | PROT_WRITE);
}

static int make_memory_file(void)
{
	return result(memfd_create("test", MFD_CLOEXEC));
}

static int share_memory(void)
{
	return result(syscall(SYS_shmget, 0 /* IPC_PRIVATE */, (size_t)4096, 0600));
}

static int set_limit(void)
{
	struct rlimit limit;
	return getrlimit(RLIMIT_DATA, &limit) != 0 ? errno : result(setrlimit(RLIMIT_DATA, &limit));
}

static int see_limit(void)
{
	struct rlimit limit;
	return result(getrlimit(RLIMIT_DATA, &limit));
}

static int limit_stranger(void)
{
	struct rlimit limit = { 1, 1 };
	return result(prlimit(stranger, RLIMIT_NPROC, NULL, &limit));
}

static int be_dumpable(void)
{
	return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int is_dumpable(void)
{
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

static int set_death_signal(void)
{
	return result(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
}

static int be_traced_by_all(void)
{
	return result(prctl(PR_SET_PTRACER, -1L, 0, 0, 0));
}

static int push_input(void)
{
	return result(ioctl(STDIN_FILENO, TIOCSTI, "x"));
}

static int be_other_user(void)
{
	/* Not libc's, which asks all threads: a sanitizer has one. */
	return result(syscall(SYS_setuid, 65534));
}

static int be_nicer(void)
{
	return result(setpriority(PRIO_PROCESS, (id_t)stranger, 19));
}

static int set_clock(void)
{
	return result(clock_settime(CLOCK_REALTIME, &(struct timespec){ .tv_sec = 1 }));
}

static int set_name(void)
{
	return result(sethostname("x", 1));
}

static int use_ring(void)
{
	return result(syscall(SYS_io_uring_setup, 1, NULL));
}

static int use_events(void)
{
	return result(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
}

static int use_bpf(void)
{
	return result(syscall(SYS_bpf, 0, NULL, 0));
}

static int use_keys(void)
{
	return result(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
}

static int use_faults(void)
{
	return result(syscall(SYS_userfaultfd, 0));
}

static int mount_something(void)
{
	return result(syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL));
}

static int call_unknown(void)
{
	return result(syscall(1000));
}

#ifdef __x86_64__
/* getpid(), as a 32-bit program calls it and as one of x32 does. */
static int call_as_i386(void)
{
	long returned;
	__asm__ volatile("int $0x80" : "=a"(returned) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
	return returned < 0 ? (int)-returned : 0;
}

static int call_as_x32(void)
{
	return result(syscall(0x40000000 + SYS_getpid));
}
#endif

/* The bits of capabilities that are left, as far as an exit status can say. */
static int powers_that_are_left(void)
{
	int count = 0;
	uint32_t head[2] = { 0x20080522, 0 }, data[6] = { 0 };
	if (syscall(SYS_capget, head, data) != 0)
		return errno;
	for (int i = 0; i < 6; i++)
		count += __builtin_popcount(data[i] & ~(uint32_t)(i < 3 ? 1 << 2 : 0)); /* CAP_DAC_READ_SEARCH */
	return count;
}

enum where { SERVER = 1, INTERPRETER = 2, BOTH = 3 };
/* Needs of a try: else it is skipped. */
enum need { NOTHING, LANDLOCK, I386 };

static const struct
try {
	const char *name;
	int (*call)(void);
	enum where where;
	int expected; /* errno */
	enum need need;
}
by_default[] = {
	{ "read a rule", read_rule, BOTH, 0, NOTHING },
	{ "list the rules", list_rules, BOTH, 0, NOTHING },
	{ "look at a rule", look_at_rule, BOTH, 0, NOTHING },
	{ "read a time zone", read_zone, BOTH, 0, NOTHING },
	{ "read /etc/passwd", read_passwords, BOTH, EACCES, LANDLOCK },
	{ "read another file", read_other, BOTH, EACCES, LANDLOCK },
	{ "read another's environment", read_stranger, BOTH, EACCES, LANDLOCK },
	{ "open with openat2", open_anew, BOTH, ENOSYS, NOTHING },
	{ "write a rule", write_rule, BOTH, EACCES, LANDLOCK },
	{ "write another file", write_other, BOTH, EACCES, LANDLOCK },
	{ "write to /dev/null", write_nothing, BOTH, 0, LANDLOCK },
	{ "empty a file by reading", truncate_data, BOTH, EPERM, NOTHING },
	{ "rename", move_old, BOTH, EPERM, NOTHING },
	{ "unlink", remove_rule, BOTH, EPERM, NOTHING },
	{ "mkdir", make_rule_directory, BOTH, EPERM, NOTHING },
	{ "truncate", truncate_rule, BOTH, EPERM, NOTHING },
	{ "link", link_in, BOTH, EPERM, NOTHING },
	{ "symlink", link_symbolically, BOTH, EPERM, NOTHING },
	{ "chmod", change_mode, BOTH, EPERM, NOTHING },
	{ "chown", change_owner, BOTH, EPERM, NOTHING },
	{ "utimensat", change_times, BOTH, EPERM, NOTHING },
	{ "mkfifo", make_fifo, BOTH, EPERM, NOTHING },
	{ "socket", open_socket, BOTH, EPERM, NOTHING },
	{ "socket of IPv6", open_socket_6, BOTH, EPERM, NOTHING },
	{ "socket of this machine", open_local_socket, BOTH, EPERM, NOTHING },
	{ "socket to the kernel", open_netlink, BOTH, EPERM, NOTHING },
	{ "a pair of sockets", pair_and_message, BOTH, 0, NOTHING },
	{ "a pair of datagrams", pair_datagrams, BOTH, EPERM, NOTHING },
	{ "send to an address", send_elsewhere, BOTH, EPERM, NOTHING },
	{ "execve", start_program, BOTH, EPERM, NOTHING },
	{ "execveat", start_descriptor, BOTH, EPERM, NOTHING },
	{ "kill the parent", kill_stranger, BOTH, EPERM, NOTHING },
	{ "kill the parent's thread", kill_stranger_thread, BOTH, EPERM, NOTHING },
	{ "tkill", kill_stranger_task, BOTH, EPERM, NOTHING },
	{ "kill the group", kill_group, BOTH, EPERM, NOTHING },
	{ "kill everybody", kill_all, BOTH, EPERM, NOTHING },
	{ "kill by descriptor", kill_by_descriptor, BOTH, EPERM, NOTHING },
	{ "signal as a descriptor's owner", signal_by_owner, BOTH, EPERM, NOTHING },
	{ "signal oneself", kill_self, BOTH, 0, NOTHING },
	{ "ptrace", trace_stranger, BOTH, EPERM, NOTHING },
	{ "process_vm_readv", read_memory, BOTH, EPERM, NOTHING },
	{ "fork", fork_and_wait, SERVER, 0, NOTHING },
	{ "fork and kill", fork_and_kill, SERVER, 0, NOTHING },
	{ "fork", fork_and_wait, INTERPRETER, EPERM, NOTHING },
	{ "the old fork", fork_old, INTERPRETER, EPERM, NOTHING },
	{ "clone3", clone_new, BOTH, ENOSYS, NOTHING },
	{ "a new namespace", new_namespace, BOTH, EPERM, NOTHING },
	{ "unshare", leave_namespace, BOTH, EPERM, NOTHING },
	{ "a thread", start_thread, BOTH, 0, NOTHING },
	{ "shared memory", map_shared, SERVER, 0, NOTHING },
	{ "shared memory", map_shared, INTERPRETER, EPERM, NOTHING },
	{ "shared memory for later", map_shared_for_later, INTERPRETER, EPERM, NOTHING },
	{ "a stack that grows", map_stack, INTERPRETER, EPERM, NOTHING },
	{ "memory", map_private, BOTH, 0, NOTHING },
	{ "map a file", map_rule, BOTH, 0, NOTHING },
	{ "map a file for writing", map_rule_for_writing, INTERPRETER, EPERM, NOTHING },
	{ "memfd_create", make_memory_file, SERVER, 0, NOTHING },
	{ "memfd_create", make_memory_file, INTERPRETER, EPERM, NOTHING },
	{ "shmget", share_memory, BOTH, EPERM, NOTHING },
	{ "setrlimit", set_limit, SERVER, 0, NOTHING },
	{ "setrlimit", set_limit, INTERPRETER, EPERM, NOTHING },
	{ "getrlimit", see_limit, BOTH, 0, NOTHING },
	{ "limits of another", limit_stranger, BOTH, EPERM, NOTHING },
	{ "be dumpable", be_dumpable, INTERPRETER, EPERM, NOTHING },
	{ "whether it is dumpable", is_dumpable, BOTH, 0, NOTHING },
	{ "the parent-death signal", set_death_signal, SERVER, 0, NOTHING },
	{ "the parent-death signal", set_death_signal, INTERPRETER, EPERM, NOTHING },
	{ "be traced", be_traced_by_all, BOTH, EPERM, NOTHING },
	{ "push input", push_input, BOTH, EPERM, NOTHING },
	{ "setuid", be_other_user, BOTH, EPERM, NOTHING },
	{ "setpriority", be_nicer, BOTH, EPERM, NOTHING },
	{ "clock_settime", set_clock, BOTH, EPERM, NOTHING },
	{ "sethostname", set_name, BOTH, EPERM, NOTHING },
	{ "io_uring", use_ring, BOTH, ENOSYS, NOTHING },
	{ "perf_event_open", use_events, BOTH, EPERM, NOTHING },
	{ "bpf", use_bpf, BOTH, EPERM, NOTHING },
	{ "keyctl", use_keys, BOTH, EPERM, NOTHING },
	{ "userfaultfd", use_faults, BOTH, EPERM, NOTHING },
	{ "mount", mount_something, BOTH, EPERM, NOTHING },
	{ "a call of a later kernel", call_unknown, BOTH, ENOSYS, NOTHING },
#ifdef __x86_64__
	{ "a call of i386", call_as_i386, BOTH, EPERM, I386 },
	{ "a call of x32", call_as_x32, BOTH, ENOSYS, NOTHING },
#endif
	{ "the powers of root", powers_that_are_left, BOTH, 0, NOTHING },
};

/* The filter by itself. */
static const struct try without_landlock[] = {
	{ "read a rule", read_rule, SERVER, 0, NOTHING },
	{ "read /etc/passwd", read_passwords, SERVER, 0, NOTHING },
	{ "write a rule", write_rule, SERVER, EPERM, NOTHING },
	{ "write what may be read", write_data, SERVER, EPERM, NOTHING },
	{ "empty a file by reading", truncate_data, SERVER, EPERM, NOTHING },
	{ "write another file", write_other, SERVER, EPERM, NOTHING },
	{ "write anew", write_new, SERVER, EPERM, NOTHING },
	{ "open with openat2", open_anew, SERVER, ENOSYS, NOTHING },
	{ "unlink", remove_rule, SERVER, EPERM, NOTHING },
	{ "kill the parent", kill_stranger, SERVER, EPERM, NOTHING },
	{ "kill by descriptor", kill_by_descriptor, SERVER, EPERM, NOTHING },
};

static const struct try with_network[] = {
	{ "a connection", connect_to_self, BOTH, 0, NOTHING },
	{ "socket of IPv6", open_socket_6, BOTH, 0, NOTHING },
	{ "socket of this machine", open_local_socket, BOTH, EPERM, NOTHING },
	{ "socket to the kernel", open_netlink, BOTH, EPERM, NOTHING },
	{ "a raw socket", open_raw_socket, BOTH, EPERM, NOTHING },
	{ "execve", start_program, BOTH, EPERM, NOTHING },
	{ "write a rule", write_rule, BOTH, EACCES, LANDLOCK },
};

static const struct try with_lists[] = {
	{ "read a rule", read_rule, BOTH, 0, NOTHING },
	{ "write a rule", write_rule, BOTH, EACCES, NOTHING },
	{ "remove a rule", remove_rule, BOTH, EACCES, NOTHING },
	{ "read what may be read", read_data, BOTH, 0, NOTHING },
	{ "write what may be read", write_data, BOTH, EACCES, NOTHING },
	{ "empty what may be read", truncate_data, BOTH, EPERM, NOTHING },
	{ "read what may be written", read_written, BOTH, 0, NOTHING },
	{ "write over", write_old, BOTH, 0, NOTHING },
	{ "write anew", write_new, BOTH, 0, NOTHING },
	{ "rename", move_old, BOTH, 0, NOTHING },
	{ "rename out of it", move_out, BOTH, EACCES, NOTHING },
	{ "link a rule into it", link_in, BOTH, EXDEV, NOTHING },
	{ "unlink", remove_old, BOTH, 0, NOTHING },
	{ "read another file", read_other, BOTH, EACCES, NOTHING },
	{ "write another file", write_other, BOTH, EACCES, NOTHING },
	{ "chmod", change_mode, BOTH, EPERM, NOTHING },
	{ "map a file for writing", map_written, BOTH, 0, NOTHING },
	{ "map a rule for writing", map_rule_for_writing, BOTH, EACCES, NOTHING },
	{ "shared memory", map_shared, INTERPRETER, EPERM, NOTHING },
	{ "socket", open_socket, BOTH, EPERM, NOTHING },
};

enum { NOT_LIMITED = 255 };

static bool limit_fully(const struct lp_rights *rights, struct lp_error *error)
{
	return lp_rights_limit_server(rights, in_directory("rules"), in_directory("tz"), error);
}

static bool limit_calls(const struct lp_rights *rights, struct lp_error *error)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && lp_seccomp_limit_server(rights, 0, error);
}

/* How the processes of this test are limited. */
static bool (*limit_server)(const struct lp_rights *, struct lp_error *) = limit_fully;

/* In a process of its own, limited; its exit status is what came of it. */
static _Noreturn void limit_and_try(const struct lp_rights *rights, const struct try *one, bool in_interpreter)
{
	struct lp_error error = { 0 };
	int status = 0;

	/* Lists are relative here: each try has another directory. */
	if (chdir(directory) != 0 || !limit_server(rights, &error)) {
		fprintf(stderr, "%s\n", error.what);
		_exit(NOT_LIMITED);
	}
	if (!in_interpreter)
		_exit(one->call());
	pid_t interpreter = fork();
	if (interpreter == 0) {
		if (lp_rights_limit_interpreter(rights, &error))
			_exit(one->call());
		fprintf(stderr, "%s\n", error.what);
		_exit(NOT_LIMITED);
	}
	_exit(waitpid(interpreter, &status, 0) == interpreter && WIFEXITED(status) ? WEXITSTATUS(status) : NOT_LIMITED);
}

static unsigned run_try(const struct lp_rights *rights, const struct try *one, bool in_interpreter)
{
	int status = 0;
	pid_t server;

	make_directory();
	server = fork();
	if (server == 0)
		limit_and_try(rights, one, in_interpreter);
	ck_assert_int_eq(waitpid(server, &status, 0), server);
	remove_directory();
	memcpy(strrchr(directory, '-'), "-XXXXXX", 7);
	if (WIFEXITED(status) && WEXITSTATUS(status) == one->expected)
		return 0;
	fprintf(stderr, "%s, in %s: %s %s, expected %s\n", one->name,
	        in_interpreter ? "an interpreter process" : "the rule server", WIFEXITED(status) ? "status" : "signal",
	        WIFEXITED(status) ? strerrorname_np(WEXITSTATUS(status)) : strsignal(WTERMSIG(status)),
	        strerrorname_np(one->expected));
	return 1;
}

/* Some kernels have no calls of 32-bit programs: it is a segmentation fault then. */
static bool has_i386(void)
{
	int status = 0;
#ifdef __x86_64__
	pid_t child = fork();
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL); /* which a sanitizer reports */
		_exit(call_as_i386());
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
#endif
	return WIFEXITED(status);
}

static bool has(const struct lp_rights_kernel *kernel, const struct try *one)
{
	if (one->need == LANDLOCK && kernel->landlock == 0)
		printf("SKIP %s: this kernel has no Landlock\n", one->name);
	else if (one->need == I386 && !has_i386())
		printf("SKIP %s: this kernel has no 32-bit calls\n", one->name);
	else
		return true;
	return false;
}

static void run_tries(const struct lp_rights *rights, const struct try *tries, size_t count)
{
	struct lp_rights_kernel kernel = lp_rights_probe_kernel();
	unsigned wrong = 0;

	stranger = getpid();
	if (!kernel.seccomp) {
		printf("SKIP: this kernel has no seccomp\n");
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (!has(&kernel, &tries[i]))
			continue;
		if (tries[i].where & SERVER)
			wrong += run_try(rights, &tries[i], false);
		if (tries[i].where & INTERPRETER)
			wrong += run_try(rights, &tries[i], true);
	}
	ck_assert_uint_eq(wrong, 0);
}
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

START_TEST(the_least_is_the_default)
{
	run_tries(&(struct lp_rights){ .network = false }, by_default, COUNT(by_default));
}
END_TEST

START_TEST(without_landlock_nothing_is_written)
{
	limit_server = limit_calls;
	run_tries(&(struct lp_rights){ .network = false }, without_landlock, COUNT(without_landlock));
}
END_TEST

START_TEST(network_is_sockets_and_nothing_else)
{
	run_tries(&(struct lp_rights){ .network = true }, with_network, COUNT(with_network));
}
END_TEST

START_TEST(lists_are_of_directories)
{
	static const char *const read[] = { "read" }, *const write[] = { "write" };
	const struct lp_rights rights = { .read = read, .read_count = 1, .write = write, .write_count = 1 };

	if (lp_rights_probe_kernel().landlock < 2) {
		printf("SKIP: this kernel has no Landlock that lets files be renamed\n");
		return;
	}
	run_tries(&rights, with_lists, COUNT(with_lists));
}
END_TEST

START_TEST(lists_need_landlock)
{
	static const char *const read[] = { "/srv" };
	const struct lp_rights rights = { .read = read, .read_count = 1 };
	const struct lp_rights_kernel without = { .seccomp = true }, with = { .landlock = 1, .seccomp = true };
	struct lp_error error = { 0 };

	ck_assert(lp_rights_check(&rights, &with, &error));
	ck_assert(!lp_rights_check(&rights, &without, &error));
	ck_assert_int_eq(error.exit, LP_EXIT_CONFIGURATION);
	ck_assert_ptr_nonnull(strstr(error.what, "rules_may"));
	ck_assert_ptr_nonnull(strstr(error.hint, "5.13"));
	ck_assert(lp_rights_check(&(struct lp_rights){ .network = true }, &without, &error));
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_an_error)
{
	static const char *const read[] = { "/no/such/directory" };
	const struct lp_rights rights = { .read = read, .read_count = 1 };
	int status = 0;
	pid_t server;

	if (lp_rights_probe_kernel().landlock == 0) {
		printf("SKIP: this kernel has no Landlock\n");
		return;
	}
	server = fork();
	if (server == 0) {
		struct lp_error error = { 0 };
		bool limited = lp_rights_limit_server(&rights, NULL, NULL, &error);
		_exit(!limited && error.exit == LP_EXIT_CONFIGURATION && error.error_number == ENOENT &&
		                      strncmp(error.what, "rules_may: ", 11) == 0 &&
		                      strstr(error.what, "/no/such/directory") != NULL
		              ? 0
		              : 1);
	}
	ck_assert_int_eq(waitpid(server, &status, 0), server);
	ck_assert_int_eq(status, 0);
}
END_TEST

static const struct {
	struct lp_rights_kernel kernel;
	bool network;
	size_t read_count, write_count;
	const char *expected;
} descriptions[] = {
	{ { 7, true },
	  false,
	  0,
	  0,
	  "rules read their own directory; write nothing; have no network, start no program, signal nobody (Landlock 7, "
	  "seccomp)" },
	{ { 1, true },
	  true,
	  2,
	  1,
	  "rules read their own directory, /a, /b; write /c; have network, start no program, signal nobody (Landlock 1, "
	  "seccomp)" },
	{ { 0, true },
	  false,
	  0,
	  0,
	  "rules read what this user may read, for there is no Landlock here (Linux 5.13 and newer have it); write "
	  "nothing; have no network, start no program, signal nobody (seccomp)" },
	{ { 3, false },
	  false,
	  0,
	  0,
	  "rules read their own directory; write nothing (Landlock 3); have network, start programs and signal others as "
	  "this user may, for there is no seccomp here" },
	{ { 0, false }, false, 0, 0, "rules do what this user may do: there is neither Landlock nor seccomp here" },
};

START_TEST(what_a_kernel_gives_is_said)
{
	static const char *const read[] = { "/a", "/b" }, *const write[] = { "/c" };
	const struct lp_rights rights = { .network = descriptions[_i].network,
		                          .read = read,
		                          .read_count = descriptions[_i].read_count,
		                          .write = write,
		                          .write_count = descriptions[_i].write_count };
	struct lp_text text = { 0 };

	bool all = lp_rights_describe(&rights, &descriptions[_i].kernel, &text);
	ck_assert_str_eq(text.data, descriptions[_i].expected);
	ck_assert_int_eq(all, descriptions[_i].kernel.landlock > 0 && descriptions[_i].kernel.seccomp);
	lp_text_free(&text);
}
END_TEST

static const struct {
	const char *type, *message;
	const char *names; /* what the note has in it; NULL: there is none */
} notes[] = {
	{ "PermissionError", "[Errno 1] Operation not permitted", "rules_may" },
	{ "PermissionError", "[Errno 13] Permission denied: '/etc/passwd'", "rules_may" },
	{ "OSError", "[Errno 1] Operation not permitted", "rules_may" },
	{ "urllib.error.URLError", "<urlopen error [Errno 1] Operation not permitted>", "rules_may" },
	{ "socket.gaierror", "[Errno -3] Temporary failure in name resolution", "network: true" },
	{ "urllib.error.URLError", "<urlopen error [Errno -3] Temporary failure in name resolution>", "network: true" },
	{ "sqlite3.OperationalError", "unable to open database file", "read: [DIR]" },
	{ "sqlite3.OperationalError", "no such table: x", NULL },
	{ "FileNotFoundError", "[Errno 2] No usable temporary directory found in ['/tmp']", "write: [DIR]" },
	{ "FileNotFoundError", "[Errno 2] No such file or directory: 'x'", NULL },
	{ "OSError", "[Errno 12] Cannot allocate memory", NULL },
	{ "ValueError", NULL, NULL },
	{ NULL, NULL, NULL },
};

START_TEST(a_refusal_names_the_setting)
{
	const char *note = NULL;
	bool found = lp_rights_explain(notes[_i].type, notes[_i].message, &note);

	ck_assert_int_eq(found, notes[_i].names != NULL);
	if (found)
		ck_assert_ptr_nonnull(strstr(note, notes[_i].names));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rights");
	TCase *tests = tcase_create("rights");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, the_least_is_the_default);
	tcase_add_test(tests, without_landlock_nothing_is_written);
	tcase_add_test(tests, network_is_sockets_and_nothing_else);
	tcase_add_test(tests, lists_are_of_directories);
	tcase_add_test(tests, lists_need_landlock);
	tcase_add_test(tests, a_directory_that_is_not_there_is_an_error);
	tcase_add_loop_test(tests, what_a_kernel_gives_is_said, 0, (int)COUNT(descriptions));
	tcase_add_loop_test(tests, a_refusal_names_the_setting, 0, (int)COUNT(notes));
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
