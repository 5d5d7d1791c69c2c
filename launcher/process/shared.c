/*
 * A large stretch of addresses is reserved and given out in pieces of a power of
 * two, which come back whole.  The piece that came back last is taken next,
 * because its pages are still there.  Pages are allocated before they are written
 * to: at that time a lack of memory is an error, later it is a SIGBUS.
 *
 * Runs in the main process, in any thread; lp_shared_join in the rule server.
 */
#include "process/shared.h"
#include "process/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LEAST_SHIFT = 16 };
#define SIZE_MOST     ((size_t)64 << 30)
#define SIZE_LEAST    ((size_t)64 << 20)
#define RETURNED_FROM ((size_t)8 << 20) /* pieces from this size on give their pages back to the kernel */

/* Addresses where no sanitizer, heap, stack or library is; they are tried in turn. */
static const uintptr_t addresses[] = { UINT64_C(0x200000000000), UINT64_C(0x4000000000), UINT64_C(0x100000000000) };

/* The first bytes of a piece that is free. */
struct lp_shared_piece {
	struct lp_shared_piece *next;
};

static unsigned class_of(size_t size)
{
	unsigned shift = LEAST_SHIFT;

	while (shift < LEAST_SHIFT + LP_SHARED_CLASSES && ((size_t)1 << shift) < size)
		shift++;
	return shift - LEAST_SHIFT;
}

/* Allocates the pages of a piece that is given out for the first time, or whose pages were given back. */
static bool allocate_pages(struct lp_shared *shared, const void *memory, size_t size)
{
	off_t offset = (const char *)memory - (const char *)shared->address;
	int result;

	do
		result = fallocate(shared->descriptor, 0, offset, (off_t)size);
	while (result != 0 && errno == EINTR);
	/* A kernel that cannot do that makes each page when it is written to. */
	return result == 0 || errno == EOPNOTSUPP || errno == ENOSYS;
}

static void *take(struct lp_arena_source *source, size_t *size)
{
	struct lp_shared *shared = (struct lp_shared *)source;
	unsigned class = class_of(*size);
	size_t whole;
	void *memory = NULL;
	bool has_pages = false;

	if (class >= LP_SHARED_CLASSES)
		return NULL;
	whole = (size_t)1 << (class + LEAST_SHIFT);
	pthread_mutex_lock(&shared->lock);
	if (shared->free[class] != NULL) {
		memory = shared->free[class];
		shared->free[class] = shared->free[class]->next;
		has_pages = whole < RETURNED_FROM;
	} else if (whole <= shared->size - shared->used) {
		memory = (char *)shared->address + shared->used;
		shared->used += whole;
	}
	pthread_mutex_unlock(&shared->lock);
	if (memory != NULL && !has_pages && !allocate_pages(shared, memory, whole))
		memory = NULL; /* the piece is lost, but the caller ends the process anyway */
	*size = whole;
	return memory;
}

static void give(struct lp_arena_source *source, void *memory, size_t size)
{
	struct lp_shared *shared = (struct lp_shared *)source;
	struct lp_shared_piece *piece = memory;
	unsigned class = class_of(size);
	size_t whole = (size_t)1 << (class + LEAST_SHIFT);

	if (whole >= RETURNED_FROM)
		(void)madvise(memory, whole, MADV_REMOVE);
	pthread_mutex_lock(&shared->lock);
	piece->next = shared->free[class];
	shared->free[class] = piece;
	pthread_mutex_unlock(&shared->lock);
}

static _Noreturn void fail(struct lp_arena_source *source)
{
	static const char message[] =
		"local-processing: out of memory for a batch. What was committed stays, the next run does the rest. "
		"A limit on memory, address space or the size of files (ulimit -v, -f, the container's) may be too low.\n";

	(void)source;
	(void)!write(STDERR_FILENO, message, sizeof message - 1);
	_exit(LP_EXIT_TEMPORARY);
}

static size_t limit_size(size_t size)
{
	struct rlimit limit;

	/* This memory is a file, and a process whose file outgrows its limit gets a signal. */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < size)
		size = limit.rlim_cur;
	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur / 4 < size)
		size = limit.rlim_cur / 4;
	return size & ~((size_t)(1 << LEAST_SHIFT) - 1);
}

static void *map_somewhere(int descriptor, size_t size)
{
	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		void *wanted = (void *)addresses[i];
		void *got = mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
		                 descriptor, 0);

		if (got == wanted)
			return got;
		if (got != MAP_FAILED)
			munmap(got, size);
	}
	return NULL;
}

static bool fail_open(struct lp_error *error)
{
	int number = errno;

	lp_fail_errno(error, LP_EXIT_TEMPORARY, number, "cannot have the memory that batches are shared in");
	return lp_hint_limit(error, number,
	                     "A limit on address space or the size of files (ulimit -v, ulimit -f) may be too low: it "
	                     "needs 256 MB of each.");
}

/*
 * Opens the memory for reading: a mapping of this descriptor cannot be made
 * writable.  F_SEAL_FUTURE_WRITE would do the same, but keeps pages from being
 * given back.  Without /proc the descriptor is the writable one, and the other
 * processes could map it for writing.
 */
static int open_reader(int descriptor)
{
	char path[32];
	int reader;

	snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	return reader >= 0 ? reader : fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
}

bool lp_shared_open(struct lp_shared *shared, struct lp_error *error)
{
	size_t size = limit_size(SIZE_MOST);
	int descriptor = memfd_create("local-processing: batches", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int reader = -1;
	void *address = NULL;

	if (descriptor < 0)
		return fail_open(error);
	errno = EFBIG;
	while (size >= SIZE_LEAST) {
		if (ftruncate(descriptor, (off_t)size) == 0 && (address = map_somewhere(descriptor, size)) != NULL)
			break;
		size /= 2;
	}
	if (address == NULL) {
		fail_open(error);
		close(descriptor);
		return false;
	}
	/* The seals keep the other processes from cutting the file, which would end the main process by SIGBUS. */
	if (fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0 ||
	    (reader = open_reader(descriptor)) < 0) {
		fail_open(error);
		munmap(address, size);
		close(descriptor);
		return false;
	}
	/* A core of the process leaves out the batches. */
	(void)madvise(address, size, MADV_DONTDUMP);
	*shared = (struct lp_shared){ .source = { .take = take, .give = give, .fail = fail },
		                      .descriptor = descriptor,
		                      .reader = reader,
		                      .address = address,
		                      .size = size };
	pthread_mutex_init(&shared->lock, NULL);
	return true;
}

void lp_shared_close(struct lp_shared *shared)
{
	if (shared->address == NULL)
		return;
	munmap(shared->address, shared->size);
	close(shared->descriptor);
	close(shared->reader);
	pthread_mutex_destroy(&shared->lock);
	*shared = (struct lp_shared){ .descriptor = -1, .reader = -1 };
}

bool lp_shared_join(int descriptor, void *address, size_t size, struct lp_error *error)
{
	void *got = mmap(address, size, PROT_READ, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, descriptor, 0);

	if (got != address)
		return lp_fail_errno(error, LP_EXIT_TEMPORARY, errno, "cannot map the memory of the batches at %p",
		                     address);
	(void)madvise(got, size, MADV_DONTDUMP);
	return true;
}
