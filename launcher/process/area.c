/*
 * Making and mapping areas.
 *
 * Runs in the main process and in the rule server.
 */
#include "process/area.h"
#include "process/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static bool map(struct lp_area *area, struct lp_error *error)
{
	void *memory = mmap(NULL, area->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, area->descriptor, 0);

	if (memory == MAP_FAILED)
		return lp_fail_errno(error, LP_EXIT_TEMPORARY, errno, "cannot map the memory for results");
	(void)madvise(memory, area->size, MADV_DONTDUMP);
	area->head = memory;
	return true;
}

bool lp_area_create(struct lp_area *area, const char *name, struct lp_error *error)
{
	struct rlimit limit;
	size_t size = LP_AREA_SIZE;

	*area = (struct lp_area){ .descriptor = -1 };
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < size)
		size = limit.rlim_cur;
	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur / 16 < size)
		size = limit.rlim_cur / 16;
	area->size = size & ~(size_t)4095;
	area->descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	/* The seals keep a process from cutting the file while another one reads it, which would end the reader by SIGBUS. */
	if (area->descriptor < 0 || area->size < LP_AREA_SIZE_LEAST ||
	    ftruncate(area->descriptor, (off_t)area->size) != 0 ||
	    fcntl(area->descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
		int number = area->size < LP_AREA_SIZE_LEAST ? EFBIG : errno;
		lp_fail_errno(error, LP_EXIT_TEMPORARY, number, "cannot have the memory for results");
		lp_hint_limit(error, number,
		              "A limit on address space or the size of files (ulimit -v, ulimit -f) may be too low.");
	} else if (map(area, error)) {
		return true;
	}
	if (area->descriptor >= 0)
		close(area->descriptor);
	area->descriptor = -1;
	return false;
}

bool lp_area_map(struct lp_area *area, int descriptor, struct lp_error *error)
{
	struct stat status;

	*area = (struct lp_area){ .descriptor = descriptor };
	if (fstat(descriptor, &status) != 0 || (size_t)status.st_size < LP_AREA_SIZE_LEAST)
		return lp_fail(error, LP_EXIT_INTERNAL,
		               "the memory for results has another size than it was made with");
	area->size = (size_t)status.st_size;
	return map(area, error);
}

void lp_area_unmap(struct lp_area *area)
{
	if (area->head != NULL)
		munmap(area->head, area->size);
	if (area->descriptor >= 0)
		close(area->descriptor);
	*area = (struct lp_area){ .descriptor = -1 };
}
