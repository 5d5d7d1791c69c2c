/*
 * The last words of a process that a rule has killed: which calculation the
 * thread was on.  Everything here runs in a signal handler, on the alternate
 * stack, with memory in an unknown state: write(2) and arithmetic only.
 */
#include "python/embedding.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { STACK_SIZE = 64 << 10, TEXT_SIZE = 1024 };

struct words {
	char data[TEXT_SIZE];
	size_t length;
};

static void say(struct words *words, const char *text)
{
	while (*text != '\0' && words->length < TEXT_SIZE)
		words->data[words->length++] = *text++;
}

static void say_number(struct words *words, int64_t number, int digits)
{
	char reversed[24];
	int length = 0;

	while (number > 0 || length < digits) {
		reversed[length++] = (char)('0' + number % 10);
		number /= 10;
	}
	while (length > 0 && words->length < TEXT_SIZE)
		words->data[words->length++] = reversed[--length];
}

/* As 2026-01-31T12:00:00Z; windows begin and end at whole seconds.  Days to dates: Howard Hinnant's civil_from_days. */
static void say_time(struct words *words, lp_time time)
{
	int64_t seconds = time / LP_SECOND - (time % LP_SECOND < 0);
	int64_t days = seconds / 86400 - (seconds % 86400 < 0), of_day = seconds - days * 86400;
	int64_t shifted = days + 719468, era = shifted / 146097;
	int64_t of_era = shifted - era * 146097;
	int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * of_year + 2) / 153;

	say_number(words, year_of_era + era * 400 + (month >= 10), 4);
	say(words, "-");
	say_number(words, month < 10 ? month + 3 : month - 9, 2);
	say(words, "-");
	say_number(words, of_year - (153 * month + 2) / 5 + 1, 2);
	say(words, "T");
	say_number(words, of_day / 3600, 2);
	say(words, ":");
	say_number(words, of_day / 60 % 60, 2);
	say(words, ":");
	say_number(words, of_day % 60, 2);
	say(words, "Z");
}

static void die(int number)
{
	struct lp_python_worker *worker = lp_worker_current();
	struct words words = { .length = 0 };
	struct sigaction action = { .sa_handler = SIG_DFL };
	const char *name = sigabbrev_np(number);

	say(&words, "local-processing: the process is killed by signal SIG");
	say(&words, name == NULL ? "?" : name);
	if (worker != NULL && worker->magic == LP_PYTHON_WORKER_MAGIC && worker->batch != NULL &&
	    worker->task != NULL) {
		say(&words, " in the calculation \"");
		say(&words, worker->batch->calculations[worker->task->calculation].name);
		say(&words, "\", window from ");
		say_time(&words, worker->task->window.start);
		say(&words, " to ");
		say_time(&words, worker->task->window.end);
	} else {
		say(&words,
		    worker != NULL ? " in a thread that computes, between calculations" : " outside of any rule");
	}
	say(&words, "\n");
	(void)!write(STDERR_FILENO, words.data, words.length);

	/* The signal takes its course: a core file, and the parent's notice. */
	sigaction(number, &action, NULL);
	raise(number);
}

void lp_crash_stack(void)
{
	stack_t stack;

	/* AddressSanitizer has given the thread one, and wants that one back. */
	if (sigaltstack(NULL, &stack) == 0 && (stack.ss_flags & SS_DISABLE) == 0)
		return;
	/* As long as its thread, which is as long as the process. */
	stack = (stack_t){ .ss_sp = lp_allocate(STACK_SIZE), .ss_size = STACK_SIZE };
	sigaltstack(&stack, NULL);
}

void lp_crash_install(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	struct sigaction action = { .sa_handler = die, .sa_flags = SA_ONSTACK };

	sigfillset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaction(signals[i], &action, NULL);
	lp_crash_stack();
}
