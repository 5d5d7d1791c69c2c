/*
 * A rule server with an interpreter of the user's: everything that it needs is
 * written to a file in memory, and then that interpreter is executed in this
 * process.  app/your_python/ is its part: it limits itself, imports the files of
 * rules, and speaks the messages that server.c and interpreter.c speak.
 *
 * The two sides agree about structures by the table of numbers below, which the
 * compiler fills.
 *
 * Runs in the rule server, in its only thread, before any Python is started.
 */
#include "process/other.h"

#include "process/server.h"

#include "model/embedded.h"
#include "process/record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

const char lp_other_command[] = "f = open(7, 'rb', 0)\n"
				"exec(compile(f.read(int.from_bytes(f.read(8), 'little')), 'app/your_python/start.py', "
				"'exec'), {'__name__': 'your_python.start', 'bundle': f})";
_Static_assert(LP_OTHER_BUNDLE == 7, "the text above has the number of the descriptor");

#define SIZE(type_)                                                                                                    \
	{                                                                                                              \
#type_, sizeof(struct lp_##type_)                                                                      \
	}
#define OFFSET(type_, field_)                                                                                          \
	{                                                                                                              \
#type_ "." #field_, offsetof(struct lp_##type_, field_)                                                \
	}
#define NUMBER(name_)                                                                                                  \
	{                                                                                                              \
#name_, (int64_t)(name_)                                                                               \
	}
static const struct {
	const char *name;
	int64_t number;
} numbers[] = {
	SIZE(order),
	OFFSET(order, kind),
	OFFSET(order, process),
	OFFSET(order, memory_limit),
	SIZE(reply),
	OFFSET(reply, kind),
	OFFSET(reply, process),
	OFFSET(reply, status),
	OFFSET(reply, usage),
	OFFSET(reply, error_number),
	OFFSET(reply, what),
	SIZE(part),
	OFFSET(part, batch),
	OFFSET(part, first),
	OFFSET(part, count),
	OFFSET(part, number),
	SIZE(part_reply),
	OFFSET(part_reply, computed),
	OFFSET(part_reply, replace),
	OFFSET(batch, tick),
	OFFSET(batch, calculations),
	OFFSET(batch, tasks),
	SIZE(task),
	OFFSET(task, calculation),
	OFFSET(task, attempt),
	OFFSET(task, window),
	OFFSET(task, result_time),
	OFFSET(task, ranges),
	OFFSET(task, columns),
	OFFSET(task, previous),
	OFFSET(task, decided),
	SIZE(calculation),
	OFFSET(calculation, name),
	OFFSET(calculation, rule),
	OFFSET(calculation, parameters),
	OFFSET(calculation, labels),
	OFFSET(calculation, schedule.zone),
	{ "zone", sizeof((struct lp_schedule *)NULL)->zone },
	OFFSET(calculation, inputs),
	OFFSET(calculation, input_count),
	OFFSET(calculation, outputs),
	OFFSET(calculation, output_count),
	SIZE(input),
	OFFSET(input, name),
	OFFSET(input, series),
	OFFSET(input, unit),
	OFFSET(input, attributes),
	OFFSET(input, interval),
	SIZE(output),
	OFFSET(output, name),
	OFFSET(output, series),
	OFFSET(output, unit),
	SIZE(column),
	OFFSET(column, count),
	OFFSET(column, time),
	OFFSET(column, value),
	OFFSET(column, quality),
	SIZE(result),
	OFFSET(result, output),
	OFFSET(result, quality),
	OFFSET(result, time),
	OFFSET(result, value),
	OFFSET(area_head, pulse.sequence),
	OFFSET(area_head, pulse.interrupt),
	OFFSET(area_head, pulse.start),
	OFFSET(area_head, pulse.index),
	OFFSET(area_head, pulse.stop),
	OFFSET(area_head, computed),
	OFFSET(area_head, log_used),
	OFFSET(area_head, log_lost),
	OFFSET(area_head, files),
	OFFSET(area_head, catalogue),
	OFFSET(area_head, answers),
	SIZE(answer),
	OFFSET(answer, part),
	OFFSET(answer, index),
	OFFSET(answer, state),
	OFFSET(answer, samples_read),
	OFFSET(answer, duration),
	OFFSET(answer, coverage),
	OFFSET(answer, results),
	OFFSET(answer, rule_version),
	OFFSET(answer, error_type),
	OFFSET(answer, error_message),
	OFFSET(answer, error_traceback),
	OFFSET(answer, leftovers),
	OFFSET(answer, interrupted),
	SIZE(area_line),
	NUMBER(LP_AREA_LOG),
	NUMBER(LP_AREA_LOG_BEGIN),
	NUMBER(LP_AREA_DATA_BEGIN),
	NUMBER(LP_AREA_LINES_MOST),
	NUMBER(LP_AREA_TASKS),
	NUMBER(LP_AREA_ALIGNMENT),
	NUMBER(LP_RESULT_SAMPLES_MOST),
	NUMBER(LP_SERVER_CONTROL),
	NUMBER(LP_SERVER_SHARED),
	NUMBER(LP_SERVER_AREA),
	NUMBER(LP_ORDER_FORK),
	NUMBER(LP_REPLY_READY),
	NUMBER(LP_REPLY_FORKED),
	NUMBER(LP_REPLY_REAPED),
	NUMBER(LP_REPLY_FAILED),
	NUMBER(LP_STATE_OK),
	NUMBER(LP_STATE_NO_DATA),
	NUMBER(LP_STATE_FAILED),
	NUMBER(LP_EXIT_TEMPORARY),
	NUMBER(LP_EXIT_CONFIGURATION),
	NUMBER(LP_LOG_DEBUG),
	NUMBER(LP_LOG_INFO),
	NUMBER(LP_LOG_WARNING),
	NUMBER(LP_LOG_ERROR),
	NUMBER(LP_RIGHTS_SELF),
	NUMBER(SYS_landlock_add_rule),
	NUMBER(SYS_landlock_restrict_self),
	NUMBER(SYS_seccomp),
	NUMBER(SYS_capget),
	NUMBER(SYS_capset),
	NUMBER(SYS_pidfd_open),
};

static void add_number(struct lp_text *text, int64_t number)
{
	lp_text_add(text, (const char *)&number, sizeof number);
}

/* Adds a text as a record does, but with any bytes in it. */
static void add_bytes(struct lp_text *text, const void *bytes, size_t size)
{
	add_number(text, (int64_t)size);
	lp_text_add(text, bytes, size);
}

static void add_text(struct lp_text *text, const char *more)
{
	struct lp_record record = { .text = text };

	lp_record_text(&record, &more);
}

void lp_other_begin(struct lp_text *text, int64_t what)
{
	static const char *const trees[] = { "your_python/", "local_processing/" };
	const struct lp_embedded *file = lp_embedded_find("your_python/start.py");

	add_bytes(text, file->data, file->size);
	for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
		for (file = NULL; (file = lp_embedded_next(trees[i], file)) != NULL;) {
			add_text(text, file->name);
			add_bytes(text, file->data, file->size);
		}
	}
	add_text(text, NULL);
	add_number(text, what);
}

static void add_numbers(struct lp_text *text)
{
	add_number(text, sizeof numbers / sizeof *numbers);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		add_text(text, numbers[i].name);
		add_number(text, numbers[i].number);
	}
	add_number(text, LP_PYTHON_SIGNAL_INTERRUPT);
	add_number(text, LP_PYTHON_SIGNAL_TRACEBACK);
}

/* Adds the files of rules: all, since those of this interpreter may import others. */
static void add_rules(struct lp_text *text, const struct lp_setup *setup)
{
	size_t count;
	const struct lp_python_source *sources = lp_rule_files(&count);

	add_number(text, (int64_t)count);
	for (size_t i = 0; i < count; i++) {
		add_text(text, sources[i].module);
		add_text(text, sources[i].path);
		add_bytes(text, sources[i].text, sources[i].size);
		add_number(text, sources[i].is_package);
		add_text(text, sources[i].problem);
		add_text(text, lp_rule_file_version(i));
		add_number(text, lp_other_python_has_module(&setup->other, sources[i].module));
	}
	add_number(text, (int64_t)setup->skip_count);
	for (size_t i = 0; i < setup->skip_count; i++) {
		add_text(text, setup->skips[i].module);
		add_text(text, setup->skips[i].type);
		add_text(text, setup->skips[i].reason);
		add_text(text, setup->skips[i].traceback);
	}
}

/*
 * Adds where the constants of this executable lie: the program's structures point
 * to some of them ("UTC"), which have the same addresses in each process of it.
 */
static void add_constants(struct lp_text *text)
{
	const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	unsigned long count = headers == NULL ? 0 : getauxval(AT_PHNUM);
	int64_t segments = 0;

	for (unsigned long i = 0; i < count; i++)
		segments += headers[i].p_type == PT_LOAD && (headers[i].p_flags & PF_W) == 0;
	add_number(text, segments);
	for (unsigned long i = 0; i < count; i++) {
		if (headers[i].p_type != PT_LOAD || (headers[i].p_flags & PF_W) != 0)
			continue;
		add_number(text, (int64_t)headers[i].p_vaddr);
		add_number(text, (int64_t)headers[i].p_filesz);
		add_number(text, (int64_t)headers[i].p_offset);
	}
	add_number(text, LP_SERVER_PROGRAM);
}

static void add_setup(struct lp_text *text, const struct lp_setup *setup, const struct lp_rights_handover *handover)
{
	add_text(text, setup->rules);
	add_text(text, setup->other.interpreter);
	add_number(text, setup->look_ahead);
	add_number(text, setup->memory_limit);
	add_number(text, setup->level);
	add_number(text, (int64_t)setup->shared_address);
	add_number(text, (int64_t)setup->shared_size);
	add_number(text, handover->files >= 0 ? LP_OTHER_FILES : -1);
	add_number(text, (int64_t)handover->read);
	add_number(text, (int64_t)handover->capabilities);
	add_bytes(text, handover->server_filter.data, handover->server_filter.length);
	add_bytes(text, handover->interpreter_filter.data, handover->interpreter_filter.length);
	add_number(text, LP_OTHER_UNITS);
	add_constants(text);
}

bool lp_other_check(const char *interpreter, struct lp_error *error)
{
	struct stat status;

	errno = 0;
	if (stat(interpreter, &status) != 0) {
		lp_fail_errno(error, LP_EXIT_CONFIGURATION, errno, "cannot find the interpreter");
		return lp_hint(error, "An image FROM scratch has no interpreter but the built-in one.");
	}
	if (!S_ISREG(status.st_mode))
		return lp_fail(error, LP_EXIT_CONFIGURATION,
		               "this is no file, and a Python is expected, such as /opt/venv/bin/python3");
	return access(interpreter, X_OK) == 0 ||
	       lp_fail_errno(error, LP_EXIT_CONFIGURATION, errno, "cannot execute the interpreter");
}

bool lp_other_place(int descriptor, int number, struct lp_error *error)
{
	if (descriptor == number ? fcntl(descriptor, F_SETFD, 0) == 0 : dup2(descriptor, number) == number)
		return true;
	return lp_fail_errno(error, LP_EXIT_TEMPORARY, errno, "cannot hand over the rules to the interpreter");
}

bool lp_other_write(const struct lp_text *bundle, struct lp_error *error)
{
	int file = memfd_create("local-processing: rules", MFD_CLOEXEC);
	size_t written = 0;

	while (file >= 0 && written < bundle->length) {
		ssize_t more = write(file, bundle->data + written, bundle->length - written);

		if (more < 0 && errno != EINTR)
			break;
		written += more > 0 ? (size_t)more : 0;
	}
	if (file < 0 || written < bundle->length || lseek(file, 0, SEEK_SET) != 0)
		return lp_fail_errno(error, LP_EXIT_TEMPORARY, errno, "cannot have the memory for the files of rules");
	return lp_other_place(file, LP_OTHER_BUNDLE, error);
}

/*
 * Takes nothing from the environment of the program.  The workers are as many as
 * there are cores, so each library computes in one thread: more would only be in
 * each other's way.
 */
static void execute(const struct lp_setup *setup, struct lp_error *error)
{
	const char *interpreter = setup->other.interpreter;
	const char *const environment[] = {
		"PYTHONHASHSEED=0",
		"LC_ALL=C.UTF-8",
		"OPENBLAS_NUM_THREADS=1",
		"OMP_NUM_THREADS=1",
		"MKL_NUM_THREADS=1",
		"BLIS_NUM_THREADS=1",
		"NUMEXPR_NUM_THREADS=1",
		setup->tzdata == NULL ? NULL : lp_format_text("PYTHONTZPATH=%s", setup->tzdata),
		NULL,
	};
	/* No site-packages of the user's, and no bytecode: nothing can be written. */
	const char *const arguments[] = { interpreter, "-s", "-B", "-X", "utf8", "-c", lp_other_command, NULL };

	execve(interpreter, (char *const *)(uintptr_t)arguments, (char *const *)(uintptr_t)environment);
	lp_fail_errno(error, LP_EXIT_CONFIGURATION, errno, "cannot execute the interpreter");
}

/* Gives the descriptors their numbers, once all of them have moved away from these. */
static bool place_all(int units, int files, struct lp_error *error)
{
	units = fcntl(units, F_DUPFD_CLOEXEC, LP_OTHER_FREE);
	if (files >= 0)
		files = fcntl(files, F_DUPFD_CLOEXEC, LP_OTHER_FREE);
	return lp_other_place(units, LP_OTHER_UNITS, error) &&
	       (files < 0 || lp_other_place(files, LP_OTHER_FILES, error));
}

void lp_other_python_become(const struct lp_setup *setup, struct lp_error *error)
{
	const char *interpreter = setup->other.interpreter;
	struct lp_rights_handover handover;
	struct lp_text text = { 0 };
	int units;

	if (!lp_other_check(interpreter, error) || !lp_rule_files_read(setup->rules, error))
		return;
	if (!lp_unit_helper_start(&setup->rights, &units, error) ||
	    !lp_rights_hand_over(&setup->rights, setup->rules, setup->tzdata, &handover, error))
		return;
	lp_other_begin(&text, LP_OTHER_SERVER);
	add_numbers(&text);
	add_rules(&text, setup);
	add_setup(&text, setup, &handover);
	if (place_all(units, handover.files, error) && lp_other_write(&text, error))
		execute(setup, error);
}
