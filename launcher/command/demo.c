/*
 * `demo`: a plant to look at, made by the same commands that a user would type.
 *
 * Each step is a command of this program in a process of its own: what is
 * shown is what was done, and one step cannot disturb the next.
 */
#include "command/command.h"
#include "command/output.h"
#include "command/shell.h"
#include "command/station.h"

#include "model/clock.h"
#include "model/embedded.h"
#include "model/memory.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WEATHER "seattle-weather-hourly-normals.csv"
#define STATION "station.csv"

struct request {
	struct lp_words directories;
};

/* What is done once the files are there. */
static const struct step {
	const char *heading; /* NULL: goes on with the step before */
	const struct lp_command *command;
	const char *words[12];
	enum { ALL, LAST_LINE, FIRST_LINES } shown; /* of what the command prints */
} steps[] = {
	{ "Make the tables, in an SQLite file", &lp_command_migrate, { "migrate" }, ALL },
	{ "Make series and calculations as calculations.yaml says",
	  &lp_command_apply,
	  { "apply", "calculations.yaml" },
	  LAST_LINE },
	{ "Import a year of weather: local standard time, eight hours behind UTC",
	  &lp_command_import,
	  { "import", WEATHER, "--time", "date", "--time-zone", "-08:00", "--prefix", "weather/" },
	  ALL },
	{ "Import six hours of a pumping station, with gaps and a counter that began again",
	  &lp_command_import,
	  { "import", STATION },
	  ALL },
	{ "Catch up with the year: days and months of weather",
	  &lp_command_run,
	  { "run", "--at", "2010-12-31T18:00:00", "--log-level", "error", "--report" },
	  FIRST_LINES },
	{ "Run as cron would, here once an hour: minutes, quarter-hours, hours",
	  &lp_command_run,
	  { "run", "--at", "2010-12-31T19:00:00", "--log-level", "error", "--report" },
	  FIRST_LINES },
	{ NULL,
	  &lp_command_run,
	  { "run", "--at", "2010-12-31T20:00:00", "--log-level", "error", "--report" },
	  FIRST_LINES },
	{ NULL,
	  &lp_command_run,
	  { "run", "--at", "2010-12-31T21:00:00", "--log-level", "error", "--report" },
	  FIRST_LINES },
	{ NULL,
	  &lp_command_run,
	  { "run", "--at", "2010-12-31T22:00:00", "--log-level", "error", "--report" },
	  FIRST_LINES },
	{ NULL,
	  &lp_command_run,
	  { "run", "--at", "2010-12-31T23:00:00", "--log-level", "error", "--report" },
	  FIRST_LINES },
	{ "At midnight the day is complete; this time with the report",
	  &lp_command_run,
	  { "run", "--at", "2011-01-01T00:00:00", "--log-level", "error", "--report" },
	  ALL },
};

static bool make_directory(const char *path, struct lp_error *error)
{
	return mkdir(path, 0777) == 0 || errno == EEXIST ||
	       lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno, "cannot make the directory %s", path);
}

/* Makes sure that the directory is there and empty, so that nothing is overwritten. */
static bool prepare_directory(const char *path, struct lp_error *error)
{
	if (!make_directory(path, error))
		return false;
	DIR *directory = opendir(path);
	if (directory == NULL)
		return lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno, "cannot use %s", path);
	bool empty = true;
	for (struct dirent *entry; empty && (entry = readdir(directory)) != NULL;)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(directory);
	if (!empty) {
		lp_fail(error, LP_EXIT_CANNOT_WRITE, "%s is not empty", path);
		return lp_hint(error, "Name another directory: local-processing demo DIRECTORY. Or remove that one.");
	}
	return true;
}

static bool close_file(FILE *file, const char *path, bool written, struct lp_error *error)
{
	written = !ferror(file) && written;
	if (fclose(file) != 0 || !written)
		return lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno == 0 ? EIO : errno, "cannot write %s", path);
	return true;
}

/* Makes the directories on the way. */
static bool write_file(const char *directory, const char *name, const struct lp_embedded *content,
                       struct lp_error *error)
{
	char *path = lp_format_text("%s/%s", directory, name);
	bool ok = true;
	for (char *slash = path + strlen(directory) + 1; ok && (slash = strchr(slash, '/')) != NULL; slash++) {
		*slash = '\0';
		ok = make_directory(path, error);
		*slash = '/';
	}
	FILE *file = ok ? fopen(path, "we") : NULL;
	if (ok && file == NULL) {
		ok = lp_fail_errno(error, LP_EXIT_CANNOT_WRITE, errno, "cannot write %s", path);
	} else if (ok && content != NULL) {
		ok = close_file(file, path, fwrite(content->data, 1, content->size, file) == content->size, error);
	} else if (ok) {
		bool written = lp_station_write(file, error);
		ok = close_file(file, path, written, error);
	}
	free(path);
	return ok;
}

static bool write_files(const char *directory, struct lp_error *error)
{
	static const char prefix[] = "demo/";
	const struct lp_embedded *file = NULL;

	printf("Write a configuration, definitions, rules and data\n");
	while ((file = lp_embedded_next(prefix, file)) != NULL) {
		const char *name = file->name + sizeof prefix - 1;
		lp_print("    %s/%s\n", directory, name);
		if (!write_file(directory, name, file, error))
			return false;
	}
	lp_print("    %s/%s\n", directory, STATION);
	return write_file(directory, STATION, NULL, error);
}

/* Runs in the child, and never returns. */
static _Noreturn void run_command(const char *directory, const struct step *step, int output)
{
	char *arguments[sizeof step->words / sizeof *step->words + 1] = { NULL };
	struct lp_overrides none = { 0 };
	int count = 0;

	for (; step->words[count] != NULL; count++)
		arguments[count] = lp_copy_text(step->words[count]);
	/* The directory has its own configuration: the user's must not replace it. */
	lp_config_forget_variables();
	if (chdir(directory) != 0 || dup2(output, STDOUT_FILENO) < 0)
		_exit(LP_EXIT_INTERNAL);
	close(output);
	int code = lp_command_call(step->command, &none, count, arguments);
	fflush(NULL);
	_exit(code);
}

/* Of a report, this many lines are shown: that of the run and that of its calculations. */
enum { FIRST_LINES_SHOWN = 2 };

/* Shows what the command prints, indented. */
static void show_output(int input, const struct step *step)
{
	char *line = NULL;
	size_t size = 0;
	struct lp_text last = { 0 };
	int shown = 0;
	FILE *file = fdopen(input, "r");
	assert(file != NULL);
	while (getline(&line, &size, file) > 0) {
		if (step->shown == LAST_LINE) {
			last.length = 0;
			lp_text_add(&last, line, strlen(line));
		} else if (step->shown == ALL || (shown < FIRST_LINES_SHOWN && line[0] != '\n')) {
			printf("%s%s", line[0] == '\n' ? "" : "    ", line);
			fflush(stdout);
			shown++;
		}
	}
	if (last.length > 0)
		printf("    %s", last.data);
	fclose(file);
	free(line);
	lp_text_free(&last);
}

static void show_step(const struct step *step)
{
	if (step->heading != NULL)
		printf("\n%s\n", step->heading);
	fputs("  $ local-processing", stdout);
	for (const char *const *word = step->words; *word != NULL; word++)
		printf(" %s", *word);
	putchar('\n');
	fflush(stdout);
}

static bool run_step(const char *directory, const struct step *step, struct lp_error *error)
{
	int ends[2], status;

	show_step(step);
	if (pipe(ends) != 0)
		return lp_fail_errno(error, LP_EXIT_INTERNAL, errno, "cannot make a pipe");
	pid_t child = fork();
	if (child < 0)
		return lp_fail_errno(error, LP_EXIT_TEMPORARY, errno, "cannot start a process");
	if (child == 0) {
		close(ends[0]);
		run_command(directory, step, ends[1]);
	}
	close(ends[1]);
	show_output(ends[0], step);
	while (waitpid(child, &status, 0) < 0)
		assert(errno == EINTR);
	if (WIFSIGNALED(status)) {
		return lp_fail(error, LP_EXIT_INTERNAL, "`%s` was killed by signal %d", step->words[0],
		               WTERMSIG(status));
	}
	if (WEXITSTATUS(status) != 0) {
		lp_fail(error, (enum lp_exit)WEXITSTATUS(status), "`%s` ended with exit code %d: its message is above",
		        step->words[0], WEXITSTATUS(status));
		return lp_hint(error, "What was made until then is in %s.", directory);
	}
	return true;
}

/* Behind ./ a name that begins with a dash is no option. */
static void print_change_directory(const char *directory)
{
	char *word = lp_shell_word(directory);
	lp_print("  cd %s%s\n", directory[0] == '-' ? "./" : "", word);
	free(word);
}

static void print_next_steps(const char *directory, double seconds)
{
	printf("\n"
	       "Done in %.1f s. One calculation fails on purpose, as things do in plants, and disturbs no other.\n"
	       "Try next:\n"
	       "\n",
	       seconds);
	print_change_directory(directory);
	printf("  local-processing status                        what became of each calculation\n"
	       "  local-processing status p3/efficiency          the one that fails: why, with traceback and history\n"
	       "  local-processing samples p1/energy/15min       results, straight over the counter that began again\n"
	       "\n"
	       "README.txt there says how to repair it, and how to go on from here.\n");
}

static bool run(struct lp_session *session, void *data, struct lp_error *error)
{
	const struct lp_words *directories = &((const struct request *)data)->directories;
	const char *directory = directories->count == 1 ? directories->items[0] : "./local-processing-demo";
	int64_t started = lp_monotonic();
	bool ok = prepare_directory(directory, error) && write_files(directory, error);
	(void)session;
	for (size_t i = 0; ok && i < sizeof steps / sizeof *steps; i++)
		ok = run_step(directory, &steps[i], error);
	if (ok)
		print_next_steps(directory, (double)(lp_monotonic() - started) / (double)LP_MONOTONIC_SECOND);
	return ok;
}

const struct lp_command lp_command_demo = {
	.name = "demo",
	.summary = "make a small plant to try everything on",
	.help = "Usage: local-processing demo [DIRECTORY]\n"
		"\n"
		"Makes a directory (./local-processing-demo if none is named) with a configuration, definitions of\n"
		"calculations, rules in Python to look at and to change, a year of hourly weather and six hours of a\n"
		"pumping station; stores the samples in an SQLite file there, runs what cron would run, and reports.\n"
		"It takes a few seconds, needs no server, and touches nothing outside of that directory.\n"
		"\n"
		"Examples:\n"
		"  local-processing demo                 into ./local-processing-demo\n"
		"  local-processing demo /tmp/plant      somewhere else\n"
		"\n"
		"Exits 73 when the directory is not empty or cannot be written.\n",
	.operands = { .most = 1, .what = "one directory", .field = offsetof(struct request, directories) },
	.request_size = sizeof(struct request),
	.run = run,
};
